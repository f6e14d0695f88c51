/*
 * envoi - the XML declaration
 * SPDX-License-Identifier: MIT
 */
#include "xml/declaration.h"

#include <string.h>
#include <strings.h>

#include "xml/chars.h"

struct cursor {
	const char *at, *end;
};

static bool skip_space(struct cursor *c)
{
	const char *from = c->at;
	while (c->at < c->end && envoi__xml_is_space(*c->at)) {
		c->at++;
	}
	return c->at > from;
}

static bool skip(struct cursor *c, const char *word)
{
	size_t len = strlen(word);
	if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len) != 0) {
		return false;
	}
	c->at += len;
	return true;
}

/* Eq and a quoted value */
static bool take_value(struct cursor *c, const char **ret_value, size_t *ret_len)
{
	skip_space(c);
	if (!skip(c, "=")) {
		return false;
	}
	skip_space(c);
	if (c->at == c->end || (*c->at != '"' && *c->at != '\'')) {
		return false;
	}
	char quote = *c->at++;
	const char *close = memchr(c->at, quote, (size_t)(c->end - c->at));
	if (close == NULL) {
		return false;
	}
	*ret_value = c->at;
	*ret_len = (size_t)(close - c->at);
	c->at = close + 1;
	return true;
}

static bool is(const char *value, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(value, word, len) == 0;
}

static struct envoi__xml_error malformed(const char *text)
{
	return (struct envoi__xml_error){ENVOI_ERR_XML, ENVOI_STREAM_NOT_WELL_FORMED, text};
}

struct envoi__xml_error envoi__xml_declaration_check(const char *data, size_t len)
{
	struct cursor c = {data, data + len};
	const char *value;
	size_t value_len;
	if (!skip(&c, "<?xml") || !skip_space(&c) || !skip(&c, "version") ||
		!take_value(&c, &value, &value_len)) {
		return malformed("malformed XML declaration");
	}
	if (!is(value, value_len, "1.0")) { /* RFC 6120, section 11.4 */
		return malformed("XML version is not 1.0");
	}
	bool has_space = skip_space(&c);
	if (has_space && skip(&c, "encoding")) {
		if (!take_value(&c, &value, &value_len)) {
			return malformed("malformed XML declaration");
		}
		if (value_len != 5 || strncasecmp(value, "UTF-8", 5) != 0) { /* section 11.6 */
			return (struct envoi__xml_error){ENVOI_ERR_XML,
				ENVOI_STREAM_UNSUPPORTED_ENCODING, "encoding is not UTF-8"};
		}
		has_space = skip_space(&c);
	}
	if (has_space && skip(&c, "standalone")) {
		if (!take_value(&c, &value, &value_len) ||
			!(is(value, value_len, "yes") || is(value, value_len, "no"))) {
			return malformed("malformed XML declaration");
		}
		skip_space(&c);
	}
	return skip(&c, "?>") && c.at == c.end ? (struct envoi__xml_error){0}
					       : malformed("malformed XML declaration");
}
