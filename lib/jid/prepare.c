/*
 * envoi - preparation of addresses
 * SPDX-License-Identifier: MIT
 */
#include "jid/prepare.h"

#include <string.h>

#include "jid/precis.h"

enum byte_class {
	IN_LOCAL = 1,
	IN_DOMAIN = 2,
	IN_RESOURCE = 4,
	NOT_UPPER_CASE = 8,
};

#define R (IN_RESOURCE | NOT_UPPER_CASE) /* blank, and what RFC 7622, section 3.3.1, excludes */
#define L (R | IN_LOCAL) /* most punctuation */
#define D (L | IN_DOMAIN) /* small letters, digits, hyphen and dot */
#define U (IN_RESOURCE | IN_LOCAL | IN_DOMAIN)
static const unsigned char classes[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* controls */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* controls */
	R, L, R, L, L, L, R, R, L, L, L, L, L, D, D, R, /*  !"#$%&'()*+,-./ */
	D, D, D, D, D, D, D, D, D, D, R, L, R, L, R, L, /* 0123456789:;<=>? */
	R, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, /* @ABCDEFGHIJKLMNO */
	U, U, U, U, U, U, U, U, U, U, U, L, L, L, L, L, /* PQRSTUVWXYZ[\]^_ */
	L, D, D, D, D, D, D, D, D, D, D, D, D, D, D, D, /* `abcdefghijklmno */
	D, D, D, D, D, D, D, D, D, D, D, L, L, L, L, 0, /* pqrstuvwxyz{|}~ and DEL */
};
#undef L
#undef D
#undef U
#undef R

void envoi__jid_split(struct envoi__jid_parts *parts, const char *text, size_t len)
{
	*parts = (struct envoi__jid_parts){0};
	const char *slash = memchr(text, '/', len);
	if (slash != NULL) {
		parts->resource.text = slash + 1;
		parts->resource.len = len - (size_t)(slash + 1 - text);
		len = (size_t)(slash - text);
	}
	const char *at = memchr(text, '@', len);
	if (at != NULL) {
		parts->local.text = text;
		parts->local.len = (size_t)(at - text);
		len -= parts->local.len + 1;
		text = at + 1;
	}
	parts->domain.text = text;
	parts->domain.len = len;
}

/* @return the classes that all its bytes are of */
static unsigned int classes_of(const struct envoi__span *part)
{
	const unsigned char *at = (const unsigned char *)part->text;
	size_t left = part->len;
	unsigned int all = IN_LOCAL | IN_DOMAIN | IN_RESOURCE | NOT_UPPER_CASE;
	for (; left >= 4; left -= 4, at += 4) {
		all &= classes[at[0]] & classes[at[1]] & classes[at[2]] & classes[at[3]];
	}
	for (; left > 0; left--, at++) {
		all &= classes[*at];
	}
	return all;
}

static bool has_good_len(const struct envoi__span *part)
{
	return part->len > 0 && part->len <= ENVOI__JID_PART_MAX;
}

/* NR-LDH labels (RFC 5890, section 2.3.1); xn-- labels are for the slow way. */
static bool has_good_labels(const struct envoi__span *domain)
{
	const char *label = domain->text, *end = domain->text + domain->len;
	if (domain->len > 253) {
		return false;
	}
	for (;;) {
		const char *dot = memchr(label, '.', (size_t)(end - label));
		size_t len = (size_t)((dot != NULL ? dot : end) - label);
		if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-' ||
			(len > 3 && label[2] == '-' && label[3] == '-')) {
			return false;
		}
		if (dot == NULL) {
			return true;
		}
		label = dot + 1;
	}
}

/* RFC 7622, section 3.2: a final dot goes before anything else is done. */
static void strip_final_dot(struct envoi__span *domain)
{
	if (domain->len > 0 && domain->text[domain->len - 1] == '.') {
		domain->len--;
	}
}

bool envoi__jid_prepare_ascii_resource(const struct envoi__span *resource)
{
	return resource->text == NULL ||
		(has_good_len(resource) && (classes_of(resource) & IN_RESOURCE) != 0);
}

static bool prepare_ascii_local(const struct envoi__span *local, bool *needs_lower)
{
	if (local->text == NULL) {
		return true;
	}
	unsigned int all = classes_of(local);
	*needs_lower |= (all & NOT_UPPER_CASE) == 0;
	return has_good_len(local) && (all & IN_LOCAL) != 0;
}

static bool prepare_ascii_domain(const struct envoi__span *domain, bool *needs_lower)
{
	unsigned int all = classes_of(domain);
	*needs_lower |= (all & NOT_UPPER_CASE) == 0;
	return (all & IN_DOMAIN) != 0 && has_good_labels(domain);
}

bool envoi__jid_prepare_ascii(struct envoi__jid_parts *parts)
{
	strip_final_dot(&parts->domain);
	return prepare_ascii_local(&parts->local, &parts->needs_lower) &&
		prepare_ascii_domain(&parts->domain, &parts->needs_lower) &&
		envoi__jid_prepare_ascii_resource(&parts->resource);
}

static bool has_excluded(const struct envoi__precis *precis)
{
	for (size_t i = 0; i < precis->len; i++) {
		if (precis->text[i] < 0x80 && (classes[precis->text[i]] & IN_LOCAL) == 0) {
			return true;
		}
	}
	return false;
}

/* Of a localpart or resourcepart. */
static int enforce(struct envoi__span *part, enum envoi_precis_profile profile, char *room,
	const char **ret_what)
{
	enum envoi_precis_problem problem = ENVOI_PRECIS_FINE;
	struct envoi__precis precis;
	if (part->len > ENVOI__JID_RAW_MAX) {
		*ret_what = envoi_precis_problem_text(ENVOI_PRECIS_TOO_LONG);
		return ENVOI_ERR_INVALID;
	}
	envoi__precis_init(&precis, part->text, part->len);
	int r = envoi__precis_enforce(&precis, profile, &problem);
	if (r == ENVOI_OK && precis.len > ENVOI__JID_PART_MAX) {
		problem = ENVOI_PRECIS_TOO_LONG;
	} else if (r == ENVOI_OK && profile == ENVOI_PRECIS_USERNAME_CASE_MAPPED &&
		has_excluded(&precis)) {
		problem = ENVOI_PRECIS_DISALLOWED;
	}
	if (problem != ENVOI_PRECIS_FINE) {
		*ret_what = envoi_precis_problem_text(problem);
		r = ENVOI_ERR_INVALID;
	}
	if (r == ENVOI_OK) {
		part->text = memcpy(room, precis.text, precis.len);
		part->len = precis.len;
	}
	envoi__precis_finish(&precis);
	return r;
}

int envoi__jid_prepare_resource(
	struct envoi__span *resource, char *room, struct envoi__jid_reason *ret_reason)
{
	ret_reason->part = "resourcepart";
	return envoi__jid_prepare_ascii_resource(resource)
		? ENVOI_OK
		: enforce(resource, ENVOI_PRECIS_OPAQUE_STRING, room, &ret_reason->what);
}

static int prepare_local(struct envoi__jid_parts *parts, char *room, const char **ret_what)
{
	return prepare_ascii_local(&parts->local, &parts->needs_lower)
		? ENVOI_OK
		: enforce(&parts->local, ENVOI_PRECIS_USERNAME_CASE_MAPPED, room, ret_what);
}

static int prepare_domain(struct envoi__jid_parts *parts, char *room, const char **ret_what)
{
	return prepare_ascii_domain(&parts->domain, &parts->needs_lower)
		? ENVOI_OK
		: envoi__jid_prepare_domain(&parts->domain, &parts->ascii, room, ret_what);
}

int envoi__jid_prepare(
	struct envoi__jid_parts *parts, char *room, struct envoi__jid_reason *ret_reason)
{
	enum {
		PART_ROOM = ENVOI__JID_PART_MAX + 1,
	};
	ret_reason->part = "localpart";
	int r = prepare_local(parts, room, &ret_reason->what);
	if (r == ENVOI_OK) {
		ret_reason->part = "domainpart";
		r = prepare_domain(parts, room + PART_ROOM, &ret_reason->what);
	}
	return r < 0
		? r
		: envoi__jid_prepare_resource(&parts->resource, room + 3 * PART_ROOM, ret_reason);
}
