/*
 * envoi - reading HTTP/1.1 messages from bytes (RFC 9112)
 * SPDX-License-Identifier: MIT
 */
#include "http/http_reader.h"

#include <string.h>
#include <strings.h>

#include <envoi/context.h>
#include <envoi/error.h>

#include "http/http_inflate.h"
#include "http/http_machine.h"

enum {
	CODING_BYTES =
		8, /* of a transfer coding for a byte of a body: "1 CR LF x CR LF", and more */
};

static int on_body(void *user, const char *data, size_t len);

int envoi__http_reader_init(struct envoi__http_reader *reader, struct envoi_context *context,
	bool is_response, const struct envoi__http_limits *limits)
{
	*reader = (struct envoi__http_reader){
		.context = context,
		.is_response = is_response,
		.limits = *limits,
	};
	envoi_buffer_init(&reader->head.fields, context, 0);
	envoi_buffer_init(&reader->raw, context, limits->head_bytes);
	envoi_buffer_init(&reader->body, context, limits->body_bytes);
	reader->machine = envoi__http_machine_new(context, is_response, on_body, reader);
	return reader->machine != NULL ? ENVOI_OK : ENVOI_ERR_NOMEM;
}

static void drop_head(struct envoi__http_reader *reader)
{
	envoi_buffer_truncate(&reader->head.fields, 0);
	envoi_free(reader->context, reader->head_text);
	reader->head_text = NULL;
	reader->head_len = 0;
}

void envoi__http_reader_finish(struct envoi__http_reader *reader)
{
	if (reader->context == NULL) {
		return;
	}
	drop_head(reader);
	envoi_buffer_finish(&reader->head.fields);
	envoi_buffer_finish(&reader->raw);
	envoi_buffer_wipe(&reader->body);
	envoi__http_inflate_free(reader->inflate);
	envoi__http_machine_free(reader->machine);
	*reader = (struct envoi__http_reader){.context = NULL};
}

size_t envoi__http_reader_memory(const struct envoi__http_reader *reader)
{
	return reader->raw.capacity + reader->head_len + reader->head.fields.capacity +
		reader->body.capacity + envoi__http_inflate_memory(reader->inflate);
}

void envoi__http_reader_next(struct envoi__http_reader *reader, enum envoi__http_asked asked)
{
	drop_head(reader);
	envoi_buffer_finish(&reader->raw);
	envoi_buffer_wipe(&reader->body);
	envoi__http_inflate_free(reader->inflate);
	reader->inflate = NULL;
	reader->scan = (struct envoi__http_scan){.len = 0};
	reader->asked = asked;
	reader->step = ENVOI__HTTP_IN_HEAD;
	reader->is_complete = reader->has_begun = reader->has_head = reader->keeps_alive = false;
	reader->head_used = reader->body_used = reader->body_len = 0;
}

static int fail(struct envoi__http_reader *reader, int code, const char *text)
{
	reader->failure = code;
	reader->text = code == ENVOI_ERR_NOMEM ? envoi_error_text(code) : text;
	return code;
}

/* --- the body --- */

static int append_plain(struct envoi__http_reader *reader, const char *data, size_t len)
{
	int r = envoi_buffer_append(&reader->body, data, len);
	return r == ENVOI_ERR_FULL ? ENVOI_ERR_LIMIT : r;
}

static int on_body(void *user, const char *data, size_t len)
{
	struct envoi__http_reader *reader = user;
	reader->body_len += len;
	if (reader->body_len > reader->limits.body_bytes) {
		return ENVOI_ERR_LIMIT;
	}
	return reader->inflate != NULL
		? envoi__http_inflate_read(reader->inflate, &reader->body, data, len)
		: append_plain(reader, data, len);
}

/* Extensions of chunks and trailers are not kept, but may not go on for ever either. */
static bool codes_too_much(const struct envoi__http_reader *reader)
{
	size_t coding = reader->body_used - reader->body_len;
	return coding / CODING_BYTES > reader->body_len + reader->limits.head_bytes / CODING_BYTES;
}

static int end_body(struct envoi__http_reader *reader)
{
	if (reader->inflate != NULL && !envoi__http_inflate_has_ended(reader->inflate)) {
		return fail(reader, ENVOI_ERR_PROTOCOL, "the compressed body is cut off");
	}
	reader->is_complete = true;
	return ENVOI_OK;
}

static int fail_in_body(struct envoi__http_reader *reader, int code)
{
	return fail(reader, code,
		code == ENVOI_ERR_LIMIT ? "the body is larger than the limit"
					: "the body is malformed");
}

static int read_body(
	struct envoi__http_reader *reader, const char *data, size_t len, size_t *ret_used)
{
	int r = envoi__http_machine_read(reader->machine, data, len, ret_used);
	reader->body_used += *ret_used;
	if (r < 0) {
		return fail_in_body(reader, r);
	}
	if (codes_too_much(reader)) {
		return fail(reader, ENVOI_ERR_LIMIT,
			"extensions or trailers of the body are larger "
			"than the limit");
	}
	return r == ENVOI_END ? end_body(reader) : ENVOI_OK;
}

/* --- the head --- */

/* RFC 9110, section 8.4. */
static int prepare_decoding(struct envoi__http_reader *reader)
{
	const char *coding = envoi__http_head_value(&reader->head, "Content-Encoding");
	if (reader->framing != ENVOI__HTTP_WITH_BODY || coding == NULL ||
		strcasecmp(coding, "identity") == 0) {
		return ENVOI_OK;
	}
	bool is_gzip = strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "x-gzip") == 0;
	bool is_one = envoi__http_head_count(&reader->head, "Content-Encoding") == 1;
	if (!is_gzip || !is_one || !envoi__http_can_inflate()) {
		return fail(reader, ENVOI_ERR_PROTOCOL,
			"the body is compressed in another way "
			"than was requested");
	}
	reader->inflate = envoi__http_inflate_new(reader->context);
	return reader->inflate != NULL ? ENVOI_OK : fail(reader, ENVOI_ERR_NOMEM, "");
}

/* RFC 9112, section 9.3. A body without a length ends with the connection (section 6.3). */
static bool keeps_alive(const struct envoi__http_reader *reader)
{
	const struct envoi__http_head *head = &reader->head;
	bool is_endless = reader->is_response && reader->framing == ENVOI__HTTP_WITH_BODY &&
		envoi__http_head_value(head, "Content-Length") == NULL &&
		envoi__http_head_value(head, "Transfer-Encoding") == NULL;
	bool is_asked_for = head->minor == 1 ||
		envoi__http_head_lists(head, "Connection", "keep-alive");
	return !is_endless && is_asked_for && !envoi__http_head_lists(head, "Connection", "close");
}

static int interpret_head(struct envoi__http_reader *reader)
{
	const char *raw = envoi_buffer_data(&reader->raw);
	size_t len = envoi_buffer_len(&reader->raw);
	drop_head(reader);
	reader->head_text = envoi_strndup(reader->context, raw, len);
	if (reader->head_text == NULL) {
		return fail(reader, ENVOI_ERR_NOMEM, "");
	}
	reader->head_len = len;
	int r = envoi__http_head_read(&reader->head, reader->is_response, reader->head_text, len);
	if (r < 0) {
		return fail(reader, r,
			r == ENVOI_ERR_LIMIT ? "the head has too many fields"
					     : "the head is malformed");
	}
	reader->has_head = true;
	const char *text = "";
	r = envoi__http_framing(
		&reader->head, reader->asked, reader->limits.body_bytes, &reader->framing, &text);
	return r < 0 ? fail(reader, r, text) : ENVOI_OK;
}

/* The parser reads the head as it was sent; it may not come to another end of the message. */
static int feed_head(struct envoi__http_reader *reader)
{
	size_t len = envoi_buffer_len(&reader->raw), used;
	bool has_body = reader->framing == ENVOI__HTTP_WITH_BODY;
	envoi__http_machine_begin(reader->machine, has_body);
	int r = envoi__http_machine_read(
		reader->machine, envoi_buffer_data(&reader->raw), len, &used);
	if (r < 0 || used != len || (r == ENVOI_AGAIN && !has_body)) {
		return fail(reader, r < 0 ? r : ENVOI_ERR_PROTOCOL, "the head is malformed");
	}
	return r == ENVOI_END ? end_body(reader) : ENVOI_OK;
}

/* @param[out] ret_event  MORE after an interim response: the next head follows */
static int end_head(struct envoi__http_reader *reader, enum envoi__http_event *ret_event)
{
	int r = interpret_head(reader);
	bool is_interim = r == ENVOI_OK && reader->framing == ENVOI__HTTP_INTERIM;
	if (r == ENVOI_OK && !is_interim) {
		r = feed_head(reader);
		reader->keeps_alive = keeps_alive(reader);
		reader->step = ENVOI__HTTP_HEAD_READ;
		*ret_event = ENVOI__HTTP_HEAD;
	}
	envoi_buffer_finish(&reader->raw);
	reader->scan = (struct envoi__http_scan){.len = 0};
	return r;
}

static int read_head(struct envoi__http_reader *reader, const char *data, size_t len,
	size_t *ret_used, enum envoi__http_event *ret_event)
{
	int r = envoi__http_scan(&reader->scan, reader->is_response, data, len, ret_used);
	if (r < 0) {
		return fail(reader, r,
			reader->is_response && reader->scan.len < strlen("HTTP/1.")
				? "the peer does not speak HTTP/1"
				: "the head is malformed");
	}
	reader->head_used += *ret_used;
	if (reader->head_used > reader->limits.head_bytes) {
		return fail(reader, ENVOI_ERR_LIMIT, "the head is larger than the limit");
	}
	int append = envoi_buffer_append(&reader->raw, data, *ret_used);
	if (append < 0) {
		return fail(reader, ENVOI_ERR_NOMEM, "");
	}
	return r == ENVOI_OK ? end_head(reader, ret_event) : ENVOI_OK;
}

/* --- the message --- */

/* @return whether nothing is left to read of the message */
static bool is_done(const struct envoi__http_reader *reader)
{
	return reader->step == ENVOI__HTTP_DONE || reader->is_complete ||
		(reader->step == ENVOI__HTTP_HEAD_READ && reader->framing == ENVOI__HTTP_IS_TUNNEL);
}

static enum envoi__http_event finish_message(struct envoi__http_reader *reader)
{
	reader->step = ENVOI__HTTP_DONE;
	return reader->framing == ENVOI__HTTP_IS_TUNNEL ? ENVOI__HTTP_TUNNEL : ENVOI__HTTP_COMPLETE;
}

/* Not before: the head of a response is of use without its body. */
static int begin_body(struct envoi__http_reader *reader)
{
	if (reader->step != ENVOI__HTTP_HEAD_READ) {
		return ENVOI_OK;
	}
	reader->step = ENVOI__HTTP_IN_BODY;
	return prepare_decoding(reader);
}

/* One piece of one step. */
static int read_step(struct envoi__http_reader *reader, const char *data, size_t len,
	size_t *ret_used, enum envoi__http_event *ret_event)
{
	*ret_used = 0;
	if (reader->step == ENVOI__HTTP_IN_HEAD) {
		return read_head(reader, data, len, ret_used, ret_event);
	}
	int r = is_done(reader) ? ENVOI_OK : begin_body(reader);
	if (r == ENVOI_OK && !is_done(reader)) {
		r = read_body(reader, data, len, ret_used);
	}
	if (r == ENVOI_OK && is_done(reader)) {
		*ret_event = finish_message(reader);
	}
	return r;
}

int envoi__http_reader_read(struct envoi__http_reader *reader, const char *data, size_t len,
	size_t *ret_used, enum envoi__http_event *ret_event)
{
	int r = reader->failure;
	*ret_used = 0;
	*ret_event = ENVOI__HTTP_MORE;
	reader->has_begun |= len > 0;
	while (r == ENVOI_OK && *ret_event == ENVOI__HTTP_MORE) {
		size_t used = 0;
		if (*ret_used == len && !(reader->step != ENVOI__HTTP_IN_HEAD && is_done(reader))) {
			break;
		}
		r = read_step(reader, data + *ret_used, len - *ret_used, &used, ret_event);
		*ret_used += used;
	}
	return r;
}

int envoi__http_reader_end(struct envoi__http_reader *reader)
{
	if (reader->failure < 0) {
		return reader->failure;
	}
	if (!reader->has_begun) {
		return ENVOI_AGAIN;
	}
	if (reader->step == ENVOI__HTTP_IN_HEAD ||
		(!is_done(reader) && envoi__http_machine_end(reader->machine) < 0)) {
		return fail(
			reader, ENVOI_ERR_DISCONNECTED, "the connection ended within a message");
	}
	int r = is_done(reader) ? ENVOI_OK : begin_body(reader);
	r = r < 0 ? r : end_body(reader);
	reader->step = r == ENVOI_OK ? ENVOI__HTTP_DONE : reader->step;
	return r;
}
