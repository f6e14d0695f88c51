/*
 * envoi - the dialog with a SOCKS 5 proxy (RFC 1928), with user and password (RFC 1929)
 * SPDX-License-Identifier: MIT
 *
 * Each message waits for the answer to the one before: some proxies read one message at a time, and
 * drop what was sent ahead.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#include "net/host_names.h"
#include "transport/proxy/proxy.h"

enum {
	VERSION = 5,
	PASSWORD_VERSION = 1, /* RFC 1929, section 2 */
	METHOD_NONE = 0,
	METHOD_PASSWORD = 2,
	COMMAND_CONNECT = 1,
	ADDRESS_IPV4 = 1,
	ADDRESS_NAME = 3,
	ADDRESS_IPV6 = 4,
	LONGEST = 255, /* of a name, user or password: a length is one byte */
	ANSWER_BYTES = 4 + 1 + LONGEST + 2, /* the longest: section 6 */
};

enum step {
	STEP_METHOD,
	STEP_PASSWORD,
	STEP_CONNECT,
};

struct socks {
	struct envoi__proxy_dialog base;
	struct envoi_context *context; /* a reference */
	enum step step;
	char host[LONGEST + 1];
	uint16_t port;
	bool has_password;
	char user[LONGEST + 1], password[LONGEST + 1];
	unsigned char answer[ANSWER_BYTES]; /* that is read */
	size_t answer_len;
};

static struct socks *socks_of(struct envoi__proxy_dialog *dialog)
{
	return ENVOI_CONTAINER_OF(dialog, struct socks, base);
}

static int fail(struct socks *socks, int code, const char *text)
{
	snprintf(socks->base.text, sizeof(socks->base.text), "the SOCKS proxy %s", text);
	return code;
}

/* --- what is sent --- */

static int append_byte(struct envoi_buffer *out, unsigned int byte)
{
	const unsigned char bytes[] = {(unsigned char)byte};
	return envoi_buffer_append(out, bytes, sizeof(bytes));
}

static int append_text(struct envoi_buffer *out, const char *text)
{
	int r = append_byte(out, (unsigned int)strlen(text));
	return r < 0 ? r : envoi_buffer_append_text(out, text);
}

/* RFC 1928, section 3. */
static int socks_begin(struct envoi__proxy_dialog *dialog, struct envoi_buffer *out)
{
	const unsigned char methods[] = {VERSION, 2, METHOD_NONE, METHOD_PASSWORD};
	const unsigned char method[] = {VERSION, 1, METHOD_NONE};
	return socks_of(dialog)->has_password ? envoi_buffer_append(out, methods, sizeof(methods))
					      : envoi_buffer_append(out, method, sizeof(method));
}

static int append_password(struct socks *socks, struct envoi_buffer *out)
{
	int r = append_byte(out, PASSWORD_VERSION);
	r = r < 0 ? r : append_text(out, socks->user);
	return r < 0 ? r : append_text(out, socks->password);
}

static int append_host(struct socks *socks, struct envoi_buffer *out)
{
	unsigned char bytes[16];
	int family = envoi__parse_address(socks->host, bytes);
	if (family == 0) {
		int r = append_byte(out, ADDRESS_NAME);
		return r < 0 ? r : append_text(out, socks->host);
	}
	int r = append_byte(out, family == AF_INET ? ADDRESS_IPV4 : ADDRESS_IPV6);
	return r < 0 ? r : envoi_buffer_append(out, bytes, family == AF_INET ? 4 : 16);
}

/* RFC 1928, section 4. */
static int append_request(struct socks *socks, struct envoi_buffer *out)
{
	const unsigned char head[] = {VERSION, COMMAND_CONNECT, 0};
	int r = envoi_buffer_append(out, head, sizeof(head));
	r = r < 0 ? r : append_host(socks, out);
	r = r < 0 ? r : append_byte(out, socks->port >> 8);
	return r < 0 ? r : append_byte(out, socks->port & 0xff);
}

/* --- what is read --- */

static int request(struct socks *socks, struct envoi_buffer *out)
{
	socks->step = STEP_CONNECT;
	int r = append_request(socks, out);
	return r < 0 ? r : ENVOI_AGAIN;
}

static int read_method(struct socks *socks, struct envoi_buffer *out)
{
	unsigned char method = socks->answer[1];
	if (socks->answer[0] != VERSION) {
		return fail(socks, ENVOI_ERR_PROTOCOL, "does not speak SOCKS 5");
	}
	if (method == METHOD_NONE) {
		return request(socks, out);
	}
	if (method == METHOD_PASSWORD && socks->has_password) {
		socks->step = STEP_PASSWORD;
		int r = append_password(socks, out);
		return r < 0 ? r : ENVOI_AGAIN;
	}
	if (method == 0xff) {
		return fail(socks, ENVOI_ERR_UNREACHABLE,
			socks->has_password ? "accepts neither a password nor none"
					    : "wants user and password");
	}
	return fail(socks, ENVOI_ERR_PROTOCOL, "selected a method that was not offered");
}

static int read_password(struct socks *socks, struct envoi_buffer *out)
{
	if (socks->answer[0] != PASSWORD_VERSION) {
		return fail(socks, ENVOI_ERR_PROTOCOL, "answered the password in another version");
	}
	return socks->answer[1] == 0
		? request(socks, out)
		: fail(socks, ENVOI_ERR_UNREACHABLE, "refused user or password");
}

/* RFC 1928, section 6. */
static const char *reply_text(unsigned char reply)
{
	static const char *const texts[] = {"", "failed", "does not allow this connection",
		"cannot reach the network", "cannot reach the host", "was refused the connection",
		"waited too long for the host", "does not know the command",
		"does not know the type of the address"};
	return reply < sizeof(texts) / sizeof(texts[0]) ? texts[reply]
							: "refused for an unknown reason";
}

static int read_connected(struct socks *socks)
{
	if (socks->answer[0] != VERSION || socks->answer[2] != 0) {
		return fail(socks, ENVOI_ERR_PROTOCOL, "sent a malformed answer");
	}
	unsigned char reply = socks->answer[1];
	return reply == 0 ? ENVOI_OK : fail(socks, ENVOI_ERR_UNREACHABLE, reply_text(reply));
}

/* @return the bytes of the whole answer, or fewer while it is not known yet; 0: malformed */
static size_t answer_size(const struct socks *socks)
{
	if (socks->step != STEP_CONNECT) {
		return 2;
	}
	if (socks->answer_len < 5) {
		return 5;
	}
	switch (socks->answer[3]) {
	case ADDRESS_IPV4:
		return 4 + 4 + 2;
	case ADDRESS_IPV6:
		return 4 + 16 + 2;
	case ADDRESS_NAME:
		return 4 + 1 + (size_t)socks->answer[4] + 2;
	default:
		return 0;
	}
}

static int read_answer(struct socks *socks, struct envoi_buffer *out)
{
	enum step step = socks->step;
	socks->answer_len = 0;
	switch (step) {
	case STEP_METHOD:
		return read_method(socks, out);
	case STEP_PASSWORD:
		return read_password(socks, out);
	case STEP_CONNECT:
		break;
	}
	return read_connected(socks);
}

/* A refusal may have no address: it is read as soon as its reply is known. */
static bool is_refusal(const struct socks *socks)
{
	return socks->step == STEP_CONNECT && socks->answer_len >= 2 &&
		socks->answer[0] == VERSION && socks->answer[1] != 0;
}

static int socks_read(struct envoi__proxy_dialog *dialog, const char *data, size_t len,
	size_t *ret_used, struct envoi_buffer *out)
{
	struct socks *socks = socks_of(dialog);
	int r = ENVOI_AGAIN;
	*ret_used = 0;
	while (r == ENVOI_AGAIN && *ret_used < len) {
		socks->answer[socks->answer_len++] = (unsigned char)data[(*ret_used)++];
		if (is_refusal(socks)) {
			return fail(socks, ENVOI_ERR_UNREACHABLE, reply_text(socks->answer[1]));
		}
		size_t size = answer_size(socks);
		if (size == 0) {
			return fail(socks, ENVOI_ERR_PROTOCOL, "sent a malformed answer");
		}
		r = socks->answer_len == size && !(socks->step == STEP_CONNECT && size == 5)
			? read_answer(socks, out)
			: ENVOI_AGAIN;
	}
	return r;
}

/* --- life --- */

static void socks_destroy(struct envoi__proxy_dialog *dialog)
{
	struct socks *socks = socks_of(dialog);
	struct envoi_context *context = socks->context;
	explicit_bzero(socks, sizeof(*socks));
	envoi_free(context, socks);
	envoi_context_unref(context);
}

static const struct envoi__proxy_dialog_impl socks_impl = {
	.begin = socks_begin,
	.read = socks_read,
	.destroy = socks_destroy,
};

/* RFC 1929, section 2: 1 to 255 bytes. */
static bool fits(const char *text)
{
	return text != NULL && text[0] != '\0' && strlen(text) <= LONGEST;
}

int envoi__proxy_socks_new(struct envoi__proxy_dialog **ret_dialog, struct envoi_context *context,
	const struct envoi__proxy_options *options)
{
	bool has_password = options->user != NULL || options->password != NULL;
	if (!fits(options->host) ||
		(has_password && (!fits(options->user) || !fits(options->password)))) {
		return ENVOI_ERR_INVALID;
	}
	struct socks *socks = envoi_alloc_zeroed(context, sizeof(*socks));
	if (socks == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	socks->base.impl = &socks_impl;
	socks->context = envoi_context_ref(context);
	socks->port = options->port;
	socks->has_password = has_password;
	memcpy(socks->host, options->host, strlen(options->host) + 1);
	if (has_password) {
		memcpy(socks->user, options->user, strlen(options->user) + 1);
		memcpy(socks->password, options->password, strlen(options->password) + 1);
	}
	*ret_dialog = &socks->base;
	return ENVOI_OK;
}
