/*
 * envoi - xmpp: URIs and IRIs: reading (RFC 5122)
 * SPDX-License-Identifier: MIT
 */
#include "jid/uri_inside.h"

#include <string.h>

#include <unistr.h>

#include <envoi/values.h>

/* Against the grammar, but common: XEPs write names of nodes and addresses like that. */
#define LENIENT_VALUE_MARKS ":/@"

struct span {
	const char *text;
	size_t len;
};

/* @return what is left of @p rest up to one of the marks, which goes, too; @p ret_mark NUL: none */
static struct span cut(struct span *rest, const char *marks, char *ret_mark)
{
	struct span piece = {rest->text, 0};
	while (piece.len < rest->len &&
		(rest->text[piece.len] == '\0' || strchr(marks, rest->text[piece.len]) == NULL)) {
		piece.len++;
	}
	size_t gone = piece.len + (piece.len < rest->len);
	*ret_mark = piece.len < rest->len ? rest->text[piece.len] : '\0';
	rest->text += gone;
	rest->len -= gone;
	return piece;
}

/*
 * Undo percent-encoding. IRIs may have characters beyond ASCII as they are (RFC 3987); the result
 * must be UTF-8 in either case.
 */
static int decode(
	const char **ret_text, struct envoi_uri *uri, struct span piece, const char *marks)
{
	char *text = envoi__arena_alloc(&uri->arena, piece.len + 1);
	size_t len = 0;
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < piece.len; i++) {
		char c = piece.text[i];
		if (c == '%') {
			if (piece.len - i < 3 || envoi_hex_decode(&c, piece.text + i + 1, 2) < 0) {
				return ENVOI_ERR_INVALID;
			}
			i += 2;
		} else if ((unsigned char)c < 0x80 && !envoi__uri_is_allowed(c, marks)) {
			return ENVOI_ERR_INVALID;
		}
		if (c == '\0') {
			return ENVOI_ERR_INVALID;
		}
		text[len++] = c;
	}
	text[len] = '\0';
	*ret_text = text;
	return u8_check((const uint8_t *)text, len) == NULL ? ENVOI_OK : ENVOI_ERR_INVALID;
}

static int decode_host(const char **ret_text, struct envoi_uri *uri, struct span piece)
{
	if (piece.len > 0 && piece.text[0] == '[') {
		char *text = envoi__arena_strndup(&uri->arena, piece.text, piece.len);
		*ret_text = text;
		return text == NULL                 ? ENVOI_ERR_NOMEM
			: strlen(text) != piece.len ? ENVOI_ERR_INVALID
						    : ENVOI_OK;
	}
	int r = decode(ret_text, uri, piece, ENVOI__URI_HOST_MARKS);
	bool has_encoded_bracket = r == ENVOI_OK && **ret_text == '[';
	return has_encoded_bracket ? ENVOI_ERR_INVALID : r;
}

/* [ nodeid "@" ] host, with or without a resource that was cut off behind it */
static int make_jid(struct envoi_jid **ret_jid, struct envoi_uri *uri, struct span piece,
	const struct span *resid)
{
	const char *local = NULL, *domain, *resource = NULL;
	char mark;
	int r = ENVOI_OK;
	struct span node = cut(&piece, "@", &mark);
	if (mark == '@') {
		r = decode(&local, uri, node, ENVOI__URI_NODE_MARKS);
	} else {
		piece = node;
	}
	if (r == ENVOI_OK) {
		r = decode_host(&domain, uri, piece);
	}
	if (r == ENVOI_OK && resid != NULL) {
		r = decode(&resource, uri, *resid, ENVOI__URI_RESOURCE_MARKS);
	}
	return r < 0 ? r : envoi_jid_from_parts(ret_jid, uri->context, local, domain, resource);
}

/* pathxmpp */
static int parse_path(struct envoi_uri *uri, struct span path)
{
	char mark;
	struct span bare = cut(&path, "/", &mark);
	return make_jid(&uri->jid, uri, bare, mark == '/' ? &path : NULL);
}

/* hierxmpp: "//" authxmpp [ "/" pathxmpp ], or pathxmpp alone */
static int parse_hierarchy(struct envoi_uri *uri, struct span path)
{
	char mark;
	if (path.len < 2 || memcmp(path.text, "//", 2) != 0) {
		return parse_path(uri, path);
	}
	path.text += 2;
	path.len -= 2;
	struct span authority = cut(&path, "/", &mark);
	int r = make_jid(&uri->account, uri, authority, NULL);
	if (r == ENVOI_OK && envoi_jid_local(uri->account) == NULL) {
		return ENVOI_ERR_INVALID;
	}
	return r < 0 || mark != '/' ? r : parse_path(uri, path);
}

/* key "=" value */
static int parse_pair(struct envoi_uri *uri, struct span pair)
{
	const char *name, *value;
	char mark;
	struct span key = cut(&pair, "=", &mark);
	if (mark != '=') {
		return ENVOI_ERR_INVALID;
	}
	int r = decode(&name, uri, key, ENVOI__URI_QUERY_MARKS);
	if (r == ENVOI_OK) {
		r = decode(&value, uri, pair, LENIENT_VALUE_MARKS);
	}
	return r < 0 ? r : envoi__uri_append(uri, name, value);
}

/* querytype *( ";" key "=" value ) */
static int parse_query(struct envoi_uri *uri, struct span query)
{
	char mark;
	struct span type = cut(&query, ";", &mark);
	int r = decode(&uri->action, uri, type, ENVOI__URI_QUERY_MARKS);
	while (r == ENVOI_OK && mark == ';') {
		struct span pair = cut(&query, ";", &mark);
		r = parse_pair(uri, pair);
	}
	return r;
}

static bool take_scheme(struct span *text)
{
	static const char scheme[] = "xmpp:";
	size_t len = strlen(scheme);
	if (text->len < len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		char c = text->text[i];
		if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != scheme[i]) {
			return false;
		}
	}
	text->text += len;
	text->len -= len;
	return true;
}

static bool is_within(ucs4_t c, ucs4_t first, ucs4_t last)
{
	return c >= first && c <= last;
}

/* RFC 3987, section 2.2, ucschar; without those that turn the direction of text (section 4.1) */
static bool is_ucschar(ucs4_t c)
{
	if (c > 0xffff) {
		return (c & 0xffff) < 0xfffe && c < 0xf0000 && !is_within(c, 0xe0000, 0xe0fff);
	}
	return (is_within(c, 0xa0, 0xd7ff) || is_within(c, 0xf900, 0xfdcf) ||
		       is_within(c, 0xfdf0, 0xffef)) &&
		c != 0x200e && c != 0x200f && !is_within(c, 0x202a, 0x202e);
}

/* What an IRI may have as it is beyond ASCII. */
static bool has_good_characters(struct span text)
{
	const uint8_t *at = (const uint8_t *)text.text, *end = at + text.len;
	if (u8_check(at, text.len) != NULL) {
		return false;
	}
	while (at < end) {
		ucs4_t c;
		at += u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		if (c >= 0x80 && !is_ucschar(c)) {
			return false;
		}
	}
	return true;
}

static int parse(struct envoi_uri *uri, struct span text)
{
	char mark;
	if (text.len > ENVOI_URI_MAX || !take_scheme(&text) || !has_good_characters(text)) {
		return ENVOI_ERR_INVALID;
	}
	struct span before_fragment = cut(&text, "#", &mark);
	int r = mark == '#' ? decode(&uri->fragment, uri, text, ENVOI__URI_FRAGMENT_MARKS)
			    : ENVOI_OK;
	if (r < 0) {
		return r;
	}
	struct span path = cut(&before_fragment, "?", &mark);
	r = parse_hierarchy(uri, path);
	return r < 0 || mark != '?' ? r : parse_query(uri, before_fragment);
}

int envoi_uri_parse(
	struct envoi_uri **ret_uri, struct envoi_context *context, const char *text, size_t len)
{
	struct envoi_uri *uri;
	int r = envoi__uri_make(&uri, context);
	if (r < 0) {
		return r;
	}
	r = parse(uri, (struct span){text, len});
	if (r < 0) {
		envoi_uri_free(uri);
		return r;
	}
	*ret_uri = uri;
	return ENVOI_OK;
}
