/*
 * envoi - xmpp: URIs and IRIs (RFC 5122)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <unistr.h>

#include <envoi/context.h>
#include <envoi/uri.h>
#include <envoi/values.h>

#include "base/arena.h"

struct parameter {
	const char *name, *value;
};

struct envoi_uri {
	struct envoi_context *context;
	struct envoi__arena arena; /* of all text */
	struct envoi_jid *jid, *account;
	const char *action, *fragment;
	struct parameter *parameters;
	size_t count, capacity;
};

/* What each place allows beside letters, digits, "-", ".", "_", "~" and percent-encoding. */
static const char node_marks[] = "!$()*+,;=";
static const char host_marks[] = "!$&'()*+,;="; /* RFC 3986, section 3.2.2, and literals apart */
static const char resource_marks[] = "!$&'()*+,:;=";
static const char query_marks[] = "";
/* Against the grammar, but common: XEPs write names of nodes and addresses like that. */
static const char lenient_value_marks[] = ":/@";
static const char fragment_marks[] = "!$&'()*+,;=:@/?"; /* RFC 3986, section 3.5 */

struct span {
	const char *text;
	size_t len;
};

static bool is_allowed(char c, const char *marks)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c != '\0' && (strchr("-._~", c) != NULL || strchr(marks, c) != NULL));
}

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
		} else if ((unsigned char)c < 0x80 && !is_allowed(c, marks)) {
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
	int r = decode(ret_text, uri, piece, host_marks);
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
		r = decode(&local, uri, node, node_marks);
	} else {
		piece = node;
	}
	if (r == ENVOI_OK) {
		r = decode_host(&domain, uri, piece);
	}
	if (r == ENVOI_OK && resid != NULL) {
		r = decode(&resource, uri, *resid, resource_marks);
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

static int append(struct envoi_uri *uri, const char *name, const char *value)
{
	if (uri->count == uri->capacity) {
		size_t capacity = uri->capacity == 0 ? 8 : uri->capacity * 2;
		struct parameter *parameters = envoi_realloc(
			uri->context, uri->parameters, capacity * sizeof(*parameters));
		if (parameters == NULL) {
			return ENVOI_ERR_NOMEM;
		}
		uri->parameters = parameters;
		uri->capacity = capacity;
	}
	uri->parameters[uri->count++] = (struct parameter){name, value};
	return ENVOI_OK;
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
	int r = decode(&name, uri, key, query_marks);
	if (r == ENVOI_OK) {
		r = decode(&value, uri, pair, lenient_value_marks);
	}
	return r < 0 ? r : append(uri, name, value);
}

/* querytype *( ";" key "=" value ) */
static int parse_query(struct envoi_uri *uri, struct span query)
{
	char mark;
	struct span type = cut(&query, ";", &mark);
	int r = decode(&uri->action, uri, type, query_marks);
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
	int r = mark == '#' ? decode(&uri->fragment, uri, text, fragment_marks) : ENVOI_OK;
	if (r < 0) {
		return r;
	}
	struct span path = cut(&before_fragment, "?", &mark);
	r = parse_hierarchy(uri, path);
	return r < 0 || mark != '?' ? r : parse_query(uri, before_fragment);
}

static int make(struct envoi_uri **ret_uri, struct envoi_context *context)
{
	struct envoi_uri *uri = envoi_alloc_zeroed(context, sizeof(*uri));
	if (uri == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	uri->context = envoi_context_ref(context);
	envoi__arena_init(&uri->arena, context);
	*ret_uri = uri;
	return ENVOI_OK;
}

int envoi_uri_parse(
	struct envoi_uri **ret_uri, struct envoi_context *context, const char *text, size_t len)
{
	struct envoi_uri *uri;
	int r = make(&uri, context);
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

int envoi_uri_new(
	struct envoi_uri **ret_uri, struct envoi_context *context, const struct envoi_jid *jid)
{
	if (jid == NULL) {
		return ENVOI_ERR_INVALID;
	}
	int r = make(ret_uri, context);
	if (r == ENVOI_OK) {
		(*ret_uri)->jid = envoi_jid_ref(jid);
	}
	return r;
}

void envoi_uri_free(struct envoi_uri *uri)
{
	if (uri == NULL) {
		return;
	}
	struct envoi_context *context = uri->context;
	envoi_jid_unref(uri->jid);
	envoi_jid_unref(uri->account);
	envoi_free(context, uri->parameters);
	envoi__arena_finish(&uri->arena);
	envoi_free(context, uri);
	envoi_context_unref(context);
}

const struct envoi_jid *envoi_uri_jid(const struct envoi_uri *uri)
{
	return uri->jid;
}

const struct envoi_jid *envoi_uri_account(const struct envoi_uri *uri)
{
	return uri->account;
}

const char *envoi_uri_action(const struct envoi_uri *uri)
{
	return uri->action;
}

const char *envoi_uri_fragment(const struct envoi_uri *uri)
{
	return uri->fragment;
}

bool envoi_uri_next_parameter(const struct envoi_uri *uri, size_t *position, const char **ret_name,
	const char **ret_value)
{
	if (*position >= uri->count) {
		return false;
	}
	*ret_name = uri->parameters[*position].name;
	*ret_value = uri->parameters[*position].value;
	(*position)++;
	return true;
}

const char *envoi_uri_parameter(const struct envoi_uri *uri, const char *name)
{
	for (size_t i = 0; name != NULL && i < uri->count; i++) {
		if (strcmp(uri->parameters[i].name, name) == 0) {
			return uri->parameters[i].value;
		}
	}
	return NULL;
}

static int copy(const char **ret_text, struct envoi_uri *uri, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);
	if (text == NULL || u8_check((const uint8_t *)text, len) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	char *its = envoi__arena_strndup(&uri->arena, text, len);
	if (its == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*ret_text = its;
	return ENVOI_OK;
}

int envoi_uri_set_account(struct envoi_uri *uri, const struct envoi_jid *account)
{
	if (!envoi_jid_is_bare(account) || envoi_jid_local(account) == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_jid *old = uri->account;
	uri->account = envoi_jid_ref(account);
	envoi_jid_unref(old);
	return ENVOI_OK;
}

int envoi_uri_set_action(struct envoi_uri *uri, const char *action)
{
	return copy(&uri->action, uri, action);
}

int envoi_uri_set_fragment(struct envoi_uri *uri, const char *fragment)
{
	return copy(&uri->fragment, uri, fragment);
}

int envoi_uri_add_parameter(struct envoi_uri *uri, const char *name, const char *value)
{
	const char *its_name, *its_value;
	int r = copy(&its_name, uri, name);
	if (r == ENVOI_OK) {
		r = copy(&its_value, uri, value);
	}
	if (r == ENVOI_OK) {
		r = append(uri, its_name, its_value);
	}
	if (r == ENVOI_OK && uri->action == NULL) {
		uri->action = "";
	}
	return r;
}

static int encode(struct envoi_buffer *out, const char *text, const char *marks)
{
	int r = ENVOI_OK;
	for (; *text != '\0' && r == ENVOI_OK; text++) {
		r = is_allowed(*text, marks)
			? envoi_buffer_append(out, text, 1)
			: envoi_buffer_printf(out, "%%%02X", (unsigned int)(unsigned char)*text);
	}
	return r;
}

static int write_marked(
	struct envoi_buffer *out, const char *mark, const char *text, const char *marks)
{
	int r = envoi_buffer_append_text(out, mark);
	return r < 0 ? r : encode(out, text, marks);
}

static int write_jid(struct envoi_buffer *out, const struct envoi_jid *jid)
{
	const char *local = envoi_jid_local(jid), *domain = envoi_jid_domain(jid);
	const char *resource = envoi_jid_resource(jid);
	int r = ENVOI_OK;
	if (local != NULL) {
		r = encode(out, local, node_marks);
	}
	if (r == ENVOI_OK && local != NULL) {
		r = envoi_buffer_append_text(out, "@");
	}
	if (r == ENVOI_OK) {
		r = domain[0] == '[' ? envoi_buffer_append_text(out, domain)
				     : encode(out, domain, host_marks);
	}
	return r < 0 || resource == NULL ? r : write_marked(out, "/", resource, resource_marks);
}

static int write_query(struct envoi_buffer *out, const struct envoi_uri *uri)
{
	int r = write_marked(out, "?", uri->action, query_marks);
	for (size_t i = 0; i < uri->count && r == ENVOI_OK; i++) {
		r = write_marked(out, ";", uri->parameters[i].name, query_marks);
		if (r == ENVOI_OK) {
			r = write_marked(out, "=", uri->parameters[i].value, query_marks);
		}
	}
	return r;
}

static int write_all(struct envoi_buffer *out, const struct envoi_uri *uri)
{
	int r = envoi_buffer_append_text(out, uri->account != NULL ? "xmpp://" : "xmpp:");
	if (r == ENVOI_OK && uri->account != NULL) {
		r = write_jid(out, uri->account);
	}
	if (r == ENVOI_OK && uri->account != NULL && uri->jid != NULL) {
		r = envoi_buffer_append_text(out, "/");
	}
	if (r == ENVOI_OK && uri->jid != NULL) {
		r = write_jid(out, uri->jid);
	}
	if (r == ENVOI_OK && uri->action != NULL) {
		r = write_query(out, uri);
	}
	return r < 0 || uri->fragment == NULL
		? r
		: write_marked(out, "#", uri->fragment, fragment_marks);
}

int envoi_uri_write(struct envoi_buffer *out, const struct envoi_uri *uri)
{
	size_t before = envoi_buffer_len(out);
	int r = write_all(out, uri);
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}
