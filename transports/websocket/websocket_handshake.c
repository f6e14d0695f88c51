/*
 * envoi - XMPP over WebSocket: the change from HTTP (RFC 6455, section 4)
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include "websocket_handshake.h"

#include <gnutls/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <envoi/context.h>
#include <envoi/error.h>
#include <envoi/values.h>

#include "base/failure.h"
#include "http/http_head.h"
#include "http/http_url.h"
#include "http/http_writer.h"

enum {
	KEY_BYTES = 16,
	SHA1_BYTES = 20,
	ACCEPT_SIZE = 29, /* a SHA-1 in base64, and a NUL */
};

int envoi__websocket_key(struct envoi_context *context, char key[ENVOI__WEBSOCKET_KEY_SIZE])
{
	unsigned char bytes[KEY_BYTES];
	int r = envoi_context_random(context, bytes, sizeof(bytes));
	if (r == ENVOI_OK) {
		envoi_base64_encode(key, bytes, sizeof(bytes));
	}
	return r;
}

static int write_fields(
	struct envoi_buffer *out, const struct envoi__http_url *url, const char *key)
{
	char host[ENVOI__HTTP_AUTHORITY_SIZE];
	const char *const fields[][2] = {
		{"Host", envoi__http_url_authority(host, url)},
		{"Connection", "Upgrade"},
		{"Upgrade", "websocket"},
		{"Sec-WebSocket-Version", "13"},
		{"Sec-WebSocket-Key", key},
		{"Sec-WebSocket-Protocol", "xmpp"},
	};
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < sizeof(fields) / sizeof(fields[0]); i++) {
		r = envoi__http_write_field(out, fields[i][0], fields[i][1]);
	}
	return r;
}

int envoi__websocket_request(
	struct envoi_buffer *out, const struct envoi__http_url *url, const char *key)
{
	size_t before = envoi_buffer_len(out);
	int r = envoi__http_write_request(out, "GET", url->target);
	r = r < 0 ? r : write_fields(out, url, key);
	r = r < 0 ? r : envoi__http_write_end(out);
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}

/* RFC 6455, section 4.2.2, step 5.4. */
static bool make_accept(char accept[ACCEPT_SIZE], const char *key)
{
	char text[ENVOI__WEBSOCKET_KEY_SIZE + 40];
	unsigned char digest[SHA1_BYTES];
	int len = snprintf(text, sizeof(text), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
	if (gnutls_hash_fast(GNUTLS_DIG_SHA1, text, (size_t)len, digest) < 0) {
		return false;
	}
	envoi_base64_encode(accept, digest, sizeof(digest));
	return true;
}

static bool is_accepted(const char *accept, const char *key)
{
	char expected[ACCEPT_SIZE];
	return make_accept(expected, key) && strcmp(accept, expected) == 0;
}

static const char *value_of(const struct envoi__http_head *head, const char *name)
{
	const char *value = envoi__http_head_value(head, name);
	return value != NULL ? value : "";
}

/* @return the reason to refuse; NULL: none */
static const char *find_error(const struct envoi__http_head *head, const char *key)
{
	if (strcasecmp(value_of(head, "Upgrade"), "websocket") != 0 ||
		!envoi__http_head_lists(head, "Connection", "Upgrade")) {
		return "the server changes to another protocol";
	}
	if (envoi__http_head_count(head, "Sec-WebSocket-Accept") != 1 ||
		!is_accepted(value_of(head, "Sec-WebSocket-Accept"), key)) {
		return "the server did not accept this request for WebSocket";
	}
	if (envoi__http_head_value(head, "Sec-WebSocket-Extensions") != NULL) {
		return "the server uses an extension of WebSocket that was not requested";
	}
	if (envoi__http_head_count(head, "Sec-WebSocket-Protocol") != 1 ||
		strcmp(value_of(head, "Sec-WebSocket-Protocol"), "xmpp") != 0) {
		return "the server does not speak XMPP over this WebSocket";
	}
	return NULL;
}

static const char *redirect_of(const struct envoi__http_head *head)
{
	return head->status >= 300 && head->status < 400 ? value_of(head, "Location") : "";
}

int envoi__websocket_check_response(
	const struct envoi__http_head *head, const char *key, char text[ENVOI__WEBSOCKET_TEXT_SIZE])
{
	char reason[ENVOI__WEBSOCKET_TEXT_SIZE];
	if (head->status != 101) {
		const char *location = redirect_of(head);
		snprintf(reason, sizeof(reason), "the server answered \"%d %.40s\"%s%.60s",
			head->status, head->reason,
			location[0] != '\0' ? " and names " : ", not with WebSocket", location);
		envoi__failure_put(text, ENVOI__WEBSOCKET_TEXT_SIZE, reason);
		return envoi__http_is_temporary(head->status) ? ENVOI_ERR_UNREACHABLE
							      : ENVOI_ERR_PROTOCOL;
	}
	const char *error = find_error(head, key);
	if (error != NULL) {
		envoi__failure_put(text, ENVOI__WEBSOCKET_TEXT_SIZE, error);
	}
	return error != NULL ? ENVOI_ERR_PROTOCOL : ENVOI_OK;
}

/* --- a receiver --- */

static bool is_key(const char *key)
{
	unsigned char bytes[KEY_BYTES + 2];
	size_t len = strlen(key), got;
	return len == ENVOI__WEBSOCKET_KEY_SIZE - 1 &&
		envoi_base64_decode(bytes, &got, key, len) == ENVOI_OK && got == KEY_BYTES;
}

int envoi__websocket_check_request(const struct envoi__http_head *head)
{
	bool is_upgrade = envoi__http_head_lists(head, "Upgrade", "websocket") &&
		envoi__http_head_lists(head, "Connection", "Upgrade");
	bool has_version = strcmp(value_of(head, "Sec-WebSocket-Version"), "13") == 0 &&
		envoi__http_head_count(head, "Sec-WebSocket-Version") == 1;
	if (!is_upgrade || !has_version) {
		return 426;
	}
	bool is_valid = strcmp(head->method, "GET") == 0 && head->minor == 1 &&
		envoi__http_head_count(head, "Sec-WebSocket-Key") == 1 &&
		is_key(value_of(head, "Sec-WebSocket-Key")) &&
		envoi__http_head_lists(head, "Sec-WebSocket-Protocol", "xmpp");
	return is_valid ? 101 : 400;
}

int envoi__websocket_response(struct envoi_buffer *out, const struct envoi__http_head *head)
{
	char accept[ACCEPT_SIZE];
	if (!make_accept(accept, value_of(head, "Sec-WebSocket-Key"))) {
		return ENVOI_ERR_SYSTEM;
	}
	int r = envoi__http_write_status(out, 101, "Switching Protocols");
	r = r < 0 ? r : envoi__http_write_field(out, "Connection", "Upgrade");
	r = r < 0 ? r : envoi__http_write_field(out, "Upgrade", "websocket");
	r = r < 0 ? r : envoi__http_write_field(out, "Sec-WebSocket-Accept", accept);
	r = r < 0 ? r : envoi__http_write_field(out, "Sec-WebSocket-Protocol", "xmpp");
	return r < 0 ? r : envoi__http_write_end(out);
}
