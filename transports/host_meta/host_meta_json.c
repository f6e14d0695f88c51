/*
 * envoi - host-meta: the links of a JRD document, which is JSON (RFC 8259)
 * SPDX-License-Identifier: MIT
 */
#include "host_meta_links.h"

#include <stdint.h>
#include <string.h>

#include <envoi/error.h>

enum {
	MOST_DEPTH = 16,
};

struct json {
	const char *at, *end;
	unsigned int depth;
	struct host_meta_links *links;
};

/* A string's value; texts that do not fit are "". */
struct text {
	char *to;
	size_t size, len;
	bool is_lost;
};

static void skip_space(struct json *json)
{
	while (json->at < json->end && memchr(" \t\r\n", *json->at, 4) != NULL) {
		json->at++;
	}
}

/* @return whether the next character is @p c, which is read */
static bool take(struct json *json, char c)
{
	skip_space(json);
	if (json->at == json->end || *json->at != c) {
		return false;
	}
	json->at++;
	return true;
}

/* --- strings --- */

static void put(struct text *text, char c)
{
	if (text->len + 1 < text->size && c != '\0') {
		text->to[text->len++] = c;
	} else {
		text->is_lost = true;
	}
}

static bool read_hex(struct json *json, unsigned int *ret_code)
{
	unsigned int code = 0;
	for (int i = 0; i < 4; i++, json->at++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *digit = json->at < json->end ? memchr(digits, *json->at, 32) : NULL;
		if (digit == NULL) {
			return false;
		}
		code = code * 16 + (unsigned int)(digit - digits) % 16;
	}
	*ret_code = code;
	return true;
}

/* Of the basic plane without surrogates: URLs and relations are ASCII. */
static bool read_unicode(struct json *json, struct text *text)
{
	unsigned int code;
	if (!read_hex(json, &code)) {
		return false;
	}
	put(text, code < 0x80 ? (char)code : '\0');
	return true;
}

static bool read_escape(struct json *json, struct text *text)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	if (json->at == json->end) {
		return false;
	}
	char c = *json->at++;
	const char *name = memchr(names, c, sizeof(names) - 1);
	if (name != NULL) {
		put(text, values[name - names]);
		return true;
	}
	return c == 'u' && read_unicode(json, text);
}

static bool read_string(struct json *json, char *to, size_t size)
{
	struct text text = {.to = to, .size = size};
	bool is_good = take(json, '"');
	while (is_good && json->at < json->end && *json->at != '"') {
		unsigned char c = (unsigned char)*json->at++;
		if (c == '\\') {
			is_good = read_escape(json, &text);
		} else {
			is_good = c >= 0x20;
			put(&text, (char)c);
		}
	}
	to[text.is_lost ? 0 : text.len] = '\0';
	return is_good && take(json, '"');
}

/* --- values --- */

/* A member whose value is read. @return false: malformed */
typedef bool member_fn(struct json *json, const char *name, void *user);

static bool skip_value(struct json *json);

static bool read_object(struct json *json, member_fn *member, void *user)
{
	char name[16];
	bool goes_on = !take(json, '}');
	while (goes_on) {
		if (!read_string(json, name, sizeof(name)) || !take(json, ':') ||
			!member(json, name, user)) {
			return false;
		}
		goes_on = take(json, ',');
		if (!goes_on && !take(json, '}')) {
			return false;
		}
	}
	return true;
}

static bool read_array(struct json *json, bool (*value)(struct json *json))
{
	bool goes_on = !take(json, ']');
	while (goes_on) {
		if (!value(json)) {
			return false;
		}
		goes_on = take(json, ',');
		if (!goes_on && !take(json, ']')) {
			return false;
		}
	}
	return true;
}

static bool skip_member(struct json *json, const char *name, void *user)
{
	(void)name;
	(void)user;
	return skip_value(json);
}

/* A number, true, false or null: of the letters that these have. */
static bool skip_word(struct json *json)
{
	static const char letters[] = "0123456789+-.eEtrufalsn";
	const char *start = json->at;
	while (json->at < json->end && memchr(letters, *json->at, sizeof(letters) - 1) != NULL) {
		json->at++;
	}
	return json->at > start;
}

static bool skip_value(struct json *json)
{
	char text[1];
	bool is_good = false;
	if (++json->depth > MOST_DEPTH) {
		return false;
	}
	skip_space(json);
	if (json->at < json->end && *json->at == '"') {
		is_good = read_string(json, text, sizeof(text));
	} else if (take(json, '{')) {
		is_good = read_object(json, skip_member, NULL);
	} else if (take(json, '[')) {
		is_good = read_array(json, skip_value);
	} else {
		is_good = skip_word(json);
	}
	json->depth--;
	return is_good;
}

/* --- links --- */

struct link {
	char rel[64], url[HOST_META_URL_SIZE];
};

static bool is_string(struct json *json)
{
	skip_space(json);
	return json->at < json->end && *json->at == '"';
}

static bool read_link_member(struct json *json, const char *name, void *user)
{
	struct link *link = user;
	if (is_string(json) && strcmp(name, "rel") == 0) {
		return read_string(json, link->rel, sizeof(link->rel));
	}
	if (is_string(json) && strcmp(name, "href") == 0) {
		return read_string(json, link->url, sizeof(link->url));
	}
	return skip_value(json);
}

static bool read_link(struct json *json)
{
	struct link link = {.rel = ""};
	if (!take(json, '{')) {
		return skip_value(json);
	}
	bool is_good = read_object(json, read_link_member, &link);
	if (is_good) {
		envoi__host_meta_add(json->links, link.rel, link.url);
	}
	return is_good;
}

static bool read_member(struct json *json, const char *name, void *user)
{
	(void)user;
	return strcmp(name, "links") == 0 && take(json, '[') ? read_array(json, read_link)
							     : skip_value(json);
}

int envoi__host_meta_read_json(struct host_meta_links *links, const char *data, size_t len)
{
	struct json json = {.at = data, .end = data + len, .links = links};
	bool is_good = take(&json, '{') && read_object(&json, read_member, NULL);
	skip_space(&json);
	return is_good && json.at == json.end ? ENVOI_OK : ENVOI_ERR_PROTOCOL;
}
