/*
 * envoi - PRECIS: comparable text in many scripts
 * SPDX-License-Identifier: MIT
 */
#include "jid/precis.h"

#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <envoi/context.h>

#include "base/context.h"
#include "jid/codepoint.h"

enum {
	APPLICATIONS = 4, /* the first and three more: RFC 8264, section 7 */
	IDEOGRAPHIC_SPACE = 0x3000,
	CAPITAL_SIGMA = 0x3a3,
	SMALL_SIGMA = 0x3c3,
	CHEROKEE_A = 0x13a0,
	CHEROKEE_YE = 0x13f0,
	SMALL_CHEROKEE_YE = 0x13f8,
	SMALL_CHEROKEE_MV = 0x13fd,
	SMALL_CHEROKEE_A = 0xab70,
	SMALL_CHEROKEE_LAST = 0xabbf,
};

void envoi__precis_init(struct envoi__precis *precis, const char *text, size_t len)
{
	precis->text = (const uint8_t *)text;
	precis->len = len;
	precis->allocated = NULL;
	precis->changed = precis->has_used_rooms = false;
}

static void drop_text(struct envoi__precis *precis)
{
	if (precis->allocated != NULL) {
		envoi__wipe(precis->allocated, precis->len);
		free(precis->allocated);
		precis->allocated = NULL;
	}
}

void envoi__precis_finish(struct envoi__precis *precis)
{
	if (precis->has_used_rooms) {
		envoi__wipe(precis->rooms, sizeof(precis->rooms));
	}
	drop_text(precis);
}

static uint8_t *other_room(struct envoi__precis *precis)
{
	precis->has_used_rooms = true;
	return precis->rooms[precis->text == precis->rooms[0]];
}

/*
 * @param result  in other_room(), or from malloc (libunistring's way); NULL: no memory, for nothing
 *                else can fail on valid UTF-8
 */
static int replace(struct envoi__precis *precis, uint8_t *result, size_t len)
{
	if (result == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	bool is_same = len == precis->len && memcmp(result, precis->text, len) == 0;
	precis->changed |= !is_same;
	uint8_t *room = other_room(precis);
	if (is_same) {
		if (result != room) {
			free(result);
		}
		return ENVOI_OK;
	}
	drop_text(precis);
	precis->text = result;
	precis->len = len;
	precis->allocated = result != room ? result : NULL;
	return ENVOI_OK;
}

/* Room to write at most as many bytes as there are now. */
static uint8_t *shrinking_room(struct envoi__precis *precis)
{
	return precis->len <= ENVOI__PRECIS_ROOM ? other_room(precis) : malloc(precis->len);
}

/* What one character becomes: nothing longer than it was. */
typedef ucs4_t map_fn(ucs4_t c);

static int map_each(struct envoi__precis *precis, map_fn *map)
{
	const uint8_t *at = precis->text, *end = precis->text + precis->len;
	ucs4_t c = 0;
	while (at < end) { /* most often there is nothing to do */
		int bytes = u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		if (map(c) != c) {
			break;
		}
		at += bytes;
	}
	if (at == end) {
		return ENVOI_OK;
	}
	uint8_t *result = shrinking_room(precis);
	if (result == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	size_t len = (size_t)(at - precis->text);
	memcpy(result, precis->text, len);
	while (at < end) {
		at += u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		len += (size_t)u8_uctomb(result + len, map(c), (ptrdiff_t)(precis->len - len));
	}
	return replace(precis, result, len);
}

/* Unicode has wide and narrow decompositions in these ranges only, each of one character. */
static ucs4_t width_of(ucs4_t c)
{
	ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
	int tag;
	if (c != IDEOGRAPHIC_SPACE && (c < 0xff01 || c > 0xffee)) {
		return c;
	}
	int count = uc_decomposition(c, &tag, parts);
	return count == 1 && (tag == UC_DECOMP_WIDE || tag == UC_DECOMP_NARROW) ? parts[0] : c;
}

static ucs4_t space_of(ucs4_t c)
{
	return c > ' ' && uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Zs) ? ' ' : c;
}

static ucs4_t sigma_of(ucs4_t c)
{
	return c == CAPITAL_SIGMA ? SMALL_SIGMA : c;
}

int envoi__precis_map_sigma(struct envoi__precis *precis)
{
	return map_each(precis, sigma_of);
}

static ucs4_t cherokee_of(ucs4_t c)
{
	if (c >= SMALL_CHEROKEE_A && c <= SMALL_CHEROKEE_LAST) {
		return c - SMALL_CHEROKEE_A + CHEROKEE_A;
	}
	return c >= SMALL_CHEROKEE_YE && c <= SMALL_CHEROKEE_MV
		? c - SMALL_CHEROKEE_YE + CHEROKEE_YE
		: c;
}

int envoi__precis_map_cherokee(struct envoi__precis *precis)
{
	return map_each(precis, cherokee_of);
}

int envoi__precis_map_width(struct envoi__precis *precis)
{
	return map_each(precis, width_of);
}

static int normalize(struct envoi__precis *precis, uninorm_t form)
{
	size_t len = ENVOI__PRECIS_ROOM;
	uint8_t *result = u8_normalize(form, precis->text, precis->len, other_room(precis), &len);
	return replace(precis, result, len);
}

int envoi__precis_compose(struct envoi__precis *precis)
{
	return envoi__is_composed(precis->text, precis->len) ? ENVOI_OK
							     : normalize(precis, UNINORM_NFC);
}

/* The mappings that depend on context are of characters that change without context, too. */
static bool is_lower(const uint8_t *text, size_t len)
{
	const uint8_t *at = text, *end = text + len;
	while (at < end) {
		ucs4_t c;
		at += u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		if (uc_tolower(c) != c) {
			return false;
		}
	}
	return true;
}

int envoi__precis_map_case(struct envoi__precis *precis)
{
	if (is_lower(precis->text, precis->len)) {
		return ENVOI_OK;
	}
	size_t len = ENVOI__PRECIS_ROOM;
	uint8_t *result = u8_tolower(
		precis->text, precis->len, NULL, NULL, other_room(precis), &len);
	return replace(precis, result, len);
}

/* RFC 8266, section 2.1: no blanks at either end, one between words */
static int collapse_spaces(struct envoi__precis *precis)
{
	uint8_t *result = shrinking_room(precis);
	size_t len = 0;
	if (result == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < precis->len; i++) {
		if (precis->text[i] != ' ' || (len > 0 && result[len - 1] != ' ')) {
			result[len++] = precis->text[i];
		}
	}
	if (len > 0 && result[len - 1] == ' ') {
		len--;
	}
	return replace(precis, result, len);
}

/* RFC 8265, sections 3.3.1 and 3.4.1 */
static int apply_username(struct envoi__precis *precis, bool maps_case)
{
	int r = envoi__precis_map_width(precis);
	if (r == ENVOI_OK && maps_case) {
		r = envoi__precis_map_case(precis);
	}
	return r < 0 ? r : envoi__precis_compose(precis);
}

/* RFC 8265, section 4.2.2 */
static int apply_opaque(struct envoi__precis *precis)
{
	int r = map_each(precis, space_of);
	return r < 0 ? r : envoi__precis_compose(precis);
}

/* RFC 8266, sections 2.3 and 2.4 */
static int apply_nickname(struct envoi__precis *precis, bool maps_case)
{
	int r = map_each(precis, space_of);
	if (r == ENVOI_OK) {
		r = collapse_spaces(precis);
	}
	if (r == ENVOI_OK && maps_case && precis->len > 0) {
		r = envoi__precis_map_case(precis);
	}
	return r < 0 || precis->len == 0 ? r : normalize(precis, UNINORM_NFKC);
}

static int apply(struct envoi__precis *precis, enum envoi_precis_profile profile)
{
	precis->changed = false;
	switch (profile) {
	case ENVOI_PRECIS_USERNAME_CASE_MAPPED:
		return apply_username(precis, true);
	case ENVOI_PRECIS_USERNAME_CASE_PRESERVED:
		return apply_username(precis, false);
	case ENVOI_PRECIS_OPAQUE_STRING:
		return apply_opaque(precis);
	case ENVOI_PRECIS_NICKNAME:
		return apply_nickname(precis, false);
	case ENVOI_PRECIS_NICKNAME_COMPARED:
		return apply_nickname(precis, true);
	}
	return ENVOI_ERR_INVALID;
}

static bool is_username(enum envoi_precis_profile profile)
{
	return profile == ENVOI_PRECIS_USERNAME_CASE_MAPPED ||
		profile == ENVOI_PRECIS_USERNAME_CASE_PRESERVED;
}

static enum envoi_precis_problem check_input(const struct envoi__precis *precis)
{
	if (precis->len == 0) {
		return ENVOI_PRECIS_EMPTY;
	}
	if (precis->len > ENVOI_PRECIS_MAX) {
		return ENVOI_PRECIS_TOO_LONG;
	}
	return u8_check(precis->text, precis->len) == NULL ? ENVOI_PRECIS_FINE
							   : ENVOI_PRECIS_NOT_UTF8;
}

static enum envoi_precis_problem check_result(
	const struct envoi__precis *precis, enum envoi_precis_profile profile)
{
	if (precis->len == 0) {
		return ENVOI_PRECIS_EMPTY;
	}
	if (precis->changed) {
		return ENVOI_PRECIS_UNSTABLE;
	}
	if (is_username(profile) && !envoi__check_direction(precis->text, precis->len)) {
		return ENVOI_PRECIS_DIRECTION;
	}
	return envoi__check_characters(precis->text, precis->len, !is_username(profile));
}

int envoi__precis_enforce(struct envoi__precis *precis, enum envoi_precis_profile profile,
	enum envoi_precis_problem *ret_problem)
{
	*ret_problem = check_input(precis);
	if (*ret_problem != ENVOI_PRECIS_FINE) {
		return ENVOI_ERR_INVALID;
	}
	precis->changed = true;
	for (int i = 0; i < APPLICATIONS && precis->changed && precis->len > 0; i++) {
		int r = apply(precis, profile);
		if (r < 0) {
			return r;
		}
	}
	*ret_problem = check_result(precis, profile);
	return *ret_problem == ENVOI_PRECIS_FINE ? ENVOI_OK : ENVOI_ERR_INVALID;
}

int envoi_precis_enforce(char **ret_text, size_t *ret_len, struct envoi_context *context,
	enum envoi_precis_profile profile, const char *text, size_t len,
	enum envoi_precis_problem *ret_problem)
{
	struct envoi__precis precis;
	enum envoi_precis_problem problem = ENVOI_PRECIS_FINE;
	envoi__precis_init(&precis, text != NULL ? text : "", text != NULL ? len : 0);
	int r = envoi__precis_enforce(&precis, profile, &problem);
	if (ret_problem != NULL) {
		*ret_problem = problem;
	}
	if (r == ENVOI_OK) {
		char *copy = envoi_strndup(context, (const char *)precis.text, precis.len);
		r = copy == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
		if (r == ENVOI_OK) {
			*ret_text = copy;
		}
		if (r == ENVOI_OK && ret_len != NULL) {
			*ret_len = precis.len;
		}
	}
	envoi__precis_finish(&precis);
	return r;
}

int envoi_precis_compare(
	enum envoi_precis_profile profile, const char *a, const char *b, bool *ret_equal)
{
	struct envoi__precis of_a, of_b;
	enum envoi_precis_problem problem;
	if (a == NULL || b == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (profile == ENVOI_PRECIS_NICKNAME) {
		profile = ENVOI_PRECIS_NICKNAME_COMPARED;
	}
	envoi__precis_init(&of_a, a, strlen(a));
	envoi__precis_init(&of_b, b, strlen(b));
	int r = envoi__precis_enforce(&of_a, profile, &problem);
	if (r == ENVOI_OK) {
		r = envoi__precis_enforce(&of_b, profile, &problem);
	}
	if (r == ENVOI_OK) {
		*ret_equal = of_a.len == of_b.len && memcmp(of_a.text, of_b.text, of_a.len) == 0;
	}
	envoi__precis_finish(&of_a);
	envoi__precis_finish(&of_b);
	return r;
}

const char *envoi_precis_problem_text(enum envoi_precis_problem problem)
{
	static const char *const texts[] = {
		[ENVOI_PRECIS_FINE] = "is fine",
		[ENVOI_PRECIS_EMPTY] = "is empty",
		[ENVOI_PRECIS_TOO_LONG] = "is too long",
		[ENVOI_PRECIS_NOT_UTF8] = "is not UTF-8",
		[ENVOI_PRECIS_DISALLOWED] = "has a character that is not allowed",
		[ENVOI_PRECIS_UNASSIGNED] = "has a character unknown to Unicode",
		[ENVOI_PRECIS_CONTEXT] =
			"has a character that is not allowed beside its neighbours",
		[ENVOI_PRECIS_DIRECTION] = "mixes right-to-left and left-to-right",
		[ENVOI_PRECIS_UNSTABLE] = "has no stable form",
	};
	size_t i = (size_t)problem;
	return i < sizeof(texts) / sizeof(texts[0]) ? texts[i] : "is wrong";
}
