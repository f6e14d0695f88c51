/*
 * envoi - preparation of addresses
 * SPDX-License-Identifier: MIT
 */
#include "jid/prepare.h"

#include <stdbool.h>
#include <string.h>

#include <envoi/error.h>

enum {
	LABEL_MAX = 63, /* RFC 1035, section 2.3.4 */
	NAME_MAX_BYTES = 253,
};

enum byte_class {
	IN_LOCAL = 1,
	IN_DOMAIN = 2,
	IN_RESOURCE = 4,
	NOT_ASCII = 8,
};

static unsigned int class_of(unsigned char c)
{
	if (c >= 0x80) {
		return NOT_ASCII;
	}
	if (c < ' ' || c == 0x7f) {
		return 0;
	}
	bool is_letter_or_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		(c >= 'A' && c <= 'Z');
	/* RFC 7622, section 3.3.1 */
	bool is_excluded = c == ' ' || memchr("\"&'/:<>@", c, 8) != NULL;
	return IN_RESOURCE | (is_excluded ? 0 : IN_LOCAL) |
		(is_letter_or_digit || c == '-' || c == '.' ? IN_DOMAIN : 0);
}

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

/* @return whether each byte is of a class in @p wanted */
static int check_bytes(const struct envoi__span *part, unsigned int wanted)
{
	if (part->text == NULL) {
		return ENVOI_OK;
	}
	if (part->len == 0 || part->len > ENVOI__JID_PART_MAX) {
		return ENVOI_ERR_INVALID;
	}
	for (size_t i = 0; i < part->len; i++) {
		if ((class_of((unsigned char)part->text[i]) & wanted) == 0) {
			return ENVOI_ERR_INVALID;
		}
	}
	return ENVOI_OK;
}

static int check_labels(const struct envoi__span *domain)
{
	size_t label = 0;
	for (size_t i = 0; i <= domain->len; i++) {
		if (i < domain->len && domain->text[i] != '.') {
			label++;
			continue;
		}
		if (label == 0 || label > LABEL_MAX || domain->text[i - 1] == '-' ||
			domain->text[i - label] == '-') {
			return ENVOI_ERR_INVALID;
		}
		label = 0;
	}
	return domain->len > NAME_MAX_BYTES ? ENVOI_ERR_INVALID : ENVOI_OK;
}

int envoi__jid_prepare(struct envoi__jid_parts *parts, char *room, const char **ret_reason)
{
	(void)room;
	*ret_reason = "not an address";
	if (parts->domain.len > 1 && parts->domain.text[parts->domain.len - 1] == '.') {
		parts->domain.len--;
	}
	int r = check_bytes(&parts->domain, IN_DOMAIN);
	if (r == ENVOI_OK) {
		r = check_labels(&parts->domain);
	}
	if (r == ENVOI_OK) {
		r = check_bytes(&parts->local, IN_LOCAL);
	}
	return r < 0 ? r : check_bytes(&parts->resource, IN_RESOURCE);
}
