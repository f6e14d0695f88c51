/*
 * envoi - domainparts of addresses: IDNA2008 and address literals
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include <idn2.h>
#include <unistr.h>

#include "jid/precis.h"
#include "jid/prepare.h"

enum {
	LABEL_MAX = 63, /* RFC 1035, section 2.3.4 */
	DOMAIN_MAX = 253,
	ULABEL_ROOM = 512, /* 63 characters need less */
};

static const char too_long[] = "is too long";
static const char bad_label[] = "has a label that is not allowed";

/* Two forms that are built label by label. */
struct forms {
	char *unicode, *ascii;
	size_t unicode_len, ascii_len;
};

static int explain(int code, const char **ret_what)
{
	switch (code) {
	case IDN2_OK:
		return ENVOI_OK;
	case IDN2_MALLOC:
		return ENVOI_ERR_NOMEM;
	case IDN2_TOO_BIG_LABEL:
	case IDN2_TOO_BIG_DOMAIN:
	case IDN2_PUNYCODE_BIG_OUTPUT:
		*ret_what = "has a label that is too long";
		break;
	case IDN2_DISALLOWED:
		*ret_what = "has a character that is not allowed";
		break;
	case IDN2_UNASSIGNED:
		*ret_what = "has a character that is not known in domain names";
		break;
	case IDN2_CONTEXTJ:
	case IDN2_CONTEXTJ_NO_RULE:
	case IDN2_CONTEXTO:
	case IDN2_CONTEXTO_NO_RULE:
		*ret_what = "has a character that is not allowed beside its neighbours";
		break;
	case IDN2_BIDI:
		*ret_what = "mixes right-to-left and left-to-right";
		break;
	default:
		*ret_what = bad_label;
		break;
	}
	return ENVOI_ERR_INVALID;
}

static int append(
	struct forms *forms, const char *unicode, const char *ascii, const char **ret_what)
{
	size_t unicode_len = strlen(unicode), ascii_len = strlen(ascii);
	if (forms->ascii_len + ascii_len > DOMAIN_MAX ||
		forms->unicode_len + unicode_len > ENVOI__JID_PART_MAX) {
		*ret_what = too_long;
		return ENVOI_ERR_INVALID;
	}
	memcpy(forms->unicode + forms->unicode_len, unicode, unicode_len);
	memcpy(forms->ascii + forms->ascii_len, ascii, ascii_len);
	forms->unicode_len += unicode_len;
	forms->ascii_len += ascii_len;
	return ENVOI_OK;
}

/* RFC 5890, section 2.3.1: a label of letters, digits and hyphens that is not reserved */
static bool is_nr_ldh(const char *label)
{
	size_t len = strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return label[len] == '\0' && label[0] != '-' && label[len - 1] != '-' &&
		!(len > 3 && label[2] == '-' && label[3] == '-');
}

static bool is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80) {
		text++;
	}
	return *text == '\0';
}

/*
 * The checks of a registry (RFC 5891, section 4.2), which are those of a look-up (section 5.4) and
 * the contextual rules of all characters. With @p wanted its A-label must be that.
 */
static int append_ulabel(
	struct forms *forms, const char *label, const char *wanted, const char **ret_what)
{
	uint8_t *ascii = NULL;
	int r = explain(idn2_register_u8((const uint8_t *)label, NULL, &ascii, 0), ret_what);
	if (r == ENVOI_OK && wanted != NULL && strcmp((const char *)ascii, wanted) != 0) {
		*ret_what = bad_label;
		r = ENVOI_ERR_INVALID;
	}
	if (r == ENVOI_OK) {
		r = append(forms, label, (const char *)ascii, ret_what);
	}
	idn2_free(ascii);
	return r;
}

/*
 * RFC 7622, section 3.2.2: the mappings of width and case, and composition (RFC 5895, section 2).
 * Of Cherokee, whose small letters are younger than its capitals, IDNA2008 allows the capitals:
 * case folding, which RFC 5892, section 2.2, goes by, leads to them.
 */
static int map(struct envoi__precis *precis)
{
	int r = envoi__precis_map_width(precis);
	if (r == ENVOI_OK) {
		r = envoi__precis_map_sigma(precis);
	}
	if (r == ENVOI_OK) {
		r = envoi__precis_map_case(precis);
	}
	if (r == ENVOI_OK) {
		r = envoi__precis_map_cherokee(precis);
	}
	return r == ENVOI_OK ? envoi__precis_compose(precis) : r;
}

/* What IDNA2008 allows is mapped to itself, as far as the two libraries know the same Unicode. */
static int check_is_mapped(const char *label, const char **ret_what)
{
	struct envoi__precis precis;
	size_t len = strlen(label);
	envoi__precis_init(&precis, label, len);
	int r = map(&precis);
	if (r == ENVOI_OK && (precis.len != len || memcmp(precis.text, label, len) != 0)) {
		*ret_what = bad_label;
		r = ENVOI_ERR_INVALID;
	}
	envoi__precis_finish(&precis);
	return r;
}

/* RFC 7622, section 3.2.1: A-labels are converted to U-labels. */
static int append_alabel(struct forms *forms, const char *label, const char **ret_what)
{
	char *unicode = NULL;
	int r = explain(idn2_to_unicode_8z8z(label, &unicode, 0), ret_what);
	if (r == ENVOI_OK && is_ascii(unicode)) {
		*ret_what = bad_label;
		r = ENVOI_ERR_INVALID;
	}
	if (r == ENVOI_OK) {
		r = append_ulabel(forms, unicode, label, ret_what);
	}
	if (r == ENVOI_OK) {
		r = check_is_mapped(unicode, ret_what);
	}
	idn2_free(unicode);
	return r;
}

/* @p label in lower case and composed */
static int append_label(struct forms *forms, const uint8_t *text, size_t len, const char **ret_what)
{
	char label[ULABEL_ROOM];
	if (len >= sizeof(label)) {
		*ret_what = "has a label that is too long";
		return ENVOI_ERR_INVALID;
	}
	memcpy(label, text, len);
	label[len] = '\0';
	if (len == 0 || strlen(label) != len) {
		*ret_what = len == 0 ? "has an empty label" : bad_label;
		return ENVOI_ERR_INVALID;
	}
	if (!is_ascii(label)) {
		return append_ulabel(forms, label, NULL, ret_what);
	}
	if (strncmp(label, "xn--", 4) == 0) {
		return append_alabel(forms, label, ret_what);
	}
	if (len > LABEL_MAX || !is_nr_ldh(label)) {
		*ret_what = len > LABEL_MAX ? "has a label that is too long" : bad_label;
		return ENVOI_ERR_INVALID;
	}
	return append(forms, label, label, ret_what);
}

static int append_labels(
	struct forms *forms, const uint8_t *text, size_t len, const char **ret_what)
{
	for (;;) {
		const uint8_t *dot = memchr(text, '.', len);
		size_t label_len = dot != NULL ? (size_t)(dot - text) : len;
		int r = append_label(forms, text, label_len, ret_what);
		if (r < 0 || dot == NULL) {
			return r;
		}
		r = append(forms, ".", ".", ret_what);
		if (r < 0) {
			return r;
		}
		len -= label_len + 1;
		text = dot + 1;
	}
}

static int map_and_append(
	struct forms *forms, const struct envoi__span *domain, const char **ret_what)
{
	struct envoi__precis precis;
	envoi__precis_init(&precis, domain->text, domain->len);
	int r = map(&precis);
	if (r == ENVOI_OK) {
		r = append_labels(forms, precis.text, precis.len, ret_what);
	}
	envoi__precis_finish(&precis);
	return r;
}

/* RFC 3986, section 3.2.2; in the form of RFC 5952 */
static int prepare_literal(struct envoi__span *domain, char *room, const char **ret_what)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t len = domain->len < 2 ? 0 : domain->len - 2;
	*ret_what = "is not an IPv6 address in brackets";
	if (domain->text[domain->len - 1] != ']' || len >= sizeof(text) ||
		memchr(domain->text, '\0', domain->len) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(text, domain->text + 1, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, &address) != 1) {
		return ENVOI_ERR_INVALID;
	}
	room[0] = '[';
	inet_ntop(AF_INET6, &address, room + 1, INET6_ADDRSTRLEN);
	domain->text = room;
	domain->len = strlen(room);
	room[domain->len++] = ']';
	return ENVOI_OK;
}

int envoi__jid_prepare_domain(
	struct envoi__span *domain, struct envoi__span *ascii, char *room, const char **ret_what)
{
	struct forms forms = {.unicode = room, .ascii = room + ENVOI__JID_PART_MAX + 1};
	enum envoi_precis_problem problem = ENVOI_PRECIS_FINE;
	if (domain->len == 0) {
		problem = ENVOI_PRECIS_EMPTY;
	} else if (domain->len > ENVOI__JID_RAW_MAX) {
		problem = ENVOI_PRECIS_TOO_LONG;
	} else if (u8_check((const uint8_t *)domain->text, domain->len) != NULL) {
		problem = ENVOI_PRECIS_NOT_UTF8;
	}
	if (problem != ENVOI_PRECIS_FINE) {
		*ret_what = envoi_precis_problem_text(problem);
		return ENVOI_ERR_INVALID;
	}
	if (domain->text[0] == '[') {
		return prepare_literal(domain, room, ret_what);
	}
	int r = map_and_append(&forms, domain, ret_what);
	if (r < 0) {
		return r;
	}
	*domain = (struct envoi__span){forms.unicode, forms.unicode_len};
	if (forms.ascii_len != forms.unicode_len ||
		memcmp(forms.ascii, forms.unicode, forms.ascii_len) != 0) {
		*ascii = (struct envoi__span){forms.ascii, forms.ascii_len};
	}
	return ENVOI_OK;
}
