/*
 * envoi - fuzz target: HTTP/1.1 messages
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte of options, a byte for the size of pieces, messages. The results are the same in
 * one piece and in many, no limit is exceeded, and a head that was accepted is written and read as
 * the same one. Private headers: HTTP has no public ones.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "http/http_reader.h"
#include "http/http_url.h"
#include "http/http_writer.h"

enum {
	HEAD_BYTES = 512,
	BODY_BYTES = 512,
	MOST_MESSAGES = 50,
};

static const struct envoi__http_limits limits = {
	.head_bytes = HEAD_BYTES, .body_bytes = BODY_BYTES};

struct reading {
	struct envoi__http_reader reader;
	enum envoi__http_asked asked;
	struct envoi_buffer log;
	unsigned int messages;
	bool is_over;
};

static void check_head(struct reading *reading)
{
	const struct envoi__http_head *head = &reading->reader.head;
	struct envoi_buffer out;
	struct envoi__http_head again = {.status = 0};
	const void *data = envoi_buffer_data(&head->fields);
	const struct envoi__http_field *fields = data;
	size_t count = envoi_buffer_len(&head->fields) / sizeof(*fields);
	envoi_buffer_init(&out, reading->log.context, 0);
	envoi_buffer_init(&again.fields, reading->log.context, 0);
	int r = head->status != 0 ? envoi__http_write_status(&out, head->status, head->reason)
				  : envoi__http_write_request(&out, head->method, head->target);
	EXPECT(r == ENVOI_OK);
	for (size_t i = 0; i < count; i++) {
		EXPECT(envoi__http_write_field(&out, fields[i].name, fields[i].value) == ENVOI_OK);
		EXPECT(envoi__http_head_count(head, fields[i].name) > 0);
	}
	EXPECT(envoi__http_write_end(&out) == ENVOI_OK);
	EXPECT(envoi__http_head_read(&again, head->status != 0, out.data, envoi_buffer_len(&out)) ==
		ENVOI_OK);
	EXPECT(again.status == head->status);
	EXPECT(envoi_buffer_len(&again.fields) == envoi_buffer_len(&head->fields));
	envoi_buffer_finish(&again.fields);
	envoi_buffer_finish(&out);
}

static void note_event(struct reading *reading, enum envoi__http_event event)
{
	struct envoi__http_reader *reader = &reading->reader;
	if (event == ENVOI__HTTP_HEAD) {
		check_head(reading);
		EXPECT(envoi_buffer_printf(&reading->log, "head %d\n", reader->head.status) ==
			ENVOI_OK);
	} else if (event == ENVOI__HTTP_COMPLETE) {
		EXPECT(envoi_buffer_len(&reader->body) <= BODY_BYTES);
		EXPECT(envoi_buffer_append(&reading->log, envoi_buffer_data(&reader->body),
			       envoi_buffer_len(&reader->body)) == ENVOI_OK);
		envoi__http_reader_next(reader, reading->asked);
		reading->is_over = ++reading->messages == MOST_MESSAGES;
	} else if (event == ENVOI__HTTP_TUNNEL) {
		reading->is_over = true;
	}
}

static size_t read_piece(struct reading *reading, const char *data, size_t len)
{
	size_t at = 0, used;
	enum envoi__http_event event = ENVOI__HTTP_HEAD;
	while (!reading->is_over && (at < len || event != ENVOI__HTTP_MORE)) {
		int r = envoi__http_reader_read(
			&reading->reader, data + at, len - at, &used, &event);
		EXPECT(used <= len - at);
		at += used;
		if (r < 0) {
			EXPECT(r == ENVOI_ERR_PROTOCOL || r == ENVOI_ERR_LIMIT);
			EXPECT(reading->reader.text != NULL);
			EXPECT(envoi_buffer_printf(&reading->log, "failure %d\n", r) == ENVOI_OK);
			reading->is_over = true;
		} else {
			note_event(reading, event);
			event = event == ENVOI__HTTP_COMPLETE ? ENVOI__HTTP_MORE : event;
		}
	}
	return at;
}

static void read_all(struct reading *reading, struct envoi_context *context, bool is_response,
	const char *data, size_t len, size_t piece)
{
	size_t at = 0;
	envoi_buffer_init(&reading->log, context, 0);
	EXPECT(envoi__http_reader_init(&reading->reader, context, is_response, &limits) ==
		ENVOI_OK);
	envoi__http_reader_next(&reading->reader, reading->asked);
	while (!reading->is_over && at < len) {
		size_t next = len - at < piece ? len - at : piece;
		size_t used = read_piece(reading, data + at, next);
		EXPECT(reading->is_over || used == next);
		at += used;
	}
	if (!reading->is_over) {
		int r = envoi__http_reader_end(&reading->reader);
		EXPECT(envoi_buffer_printf(&reading->log, "end %d at %zu\n", r, at) == ENVOI_OK);
	}
	envoi__http_reader_finish(&reading->reader);
}

static void read_url(const char *data, size_t len)
{
	char text[512];
	struct envoi__http_url url;
	char authority[ENVOI__HTTP_AUTHORITY_SIZE];
	snprintf(text, sizeof(text), "wss://%.*s", (int)(len < 500 ? len : 500), data);
	if (envoi__http_url_read(&url, text) == ENVOI_OK) {
		EXPECT(url.host[0] != '\0' && url.port > 0 && url.target[0] == '/');
		EXPECT(envoi__http_is_target(url.target, strlen(url.target)));
		envoi__http_url_authority(authority, &url);
		EXPECT(envoi__http_is_target(authority, strlen(authority)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {.data = data, .len = size};
	uint8_t options = fuzz_byte(&input);
	size_t piece = 1u + fuzz_byte(&input) % 32u;
	const char *bytes = (const char *)input.data;
	struct envoi_context *context = fuzz_context();
	struct reading whole = {.asked = (enum envoi__http_asked)(options / 2 % 4)};
	struct reading pieces = whole;
	read_all(&whole, context, options % 2 == 0, bytes, input.len, input.len + 1);
	read_all(&pieces, context, options % 2 == 0, bytes, input.len, piece);
	EXPECT(fuzz_same(&whole.log, &pieces.log));
	envoi_buffer_finish(&whole.log);
	envoi_buffer_finish(&pieces.log);
	read_url(bytes, input.len);
	envoi_context_unref(context);
	return 0;
}
