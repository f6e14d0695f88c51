/*
 * envoi - fuzz target: WebSocket frames
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte of options, a byte for the size of pieces, bytes of a peer. The elements, the
 * answers and the failure are the same in one piece and in many, and an element that is written is
 * read by the other side. Private headers: frames are below the public interface.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "http/http_url.h"
#include "transport/bytestream/framing.h"
#include "websocket_framing.h"

enum {
	MOST_BYTES = 2048,
};

struct reading {
	struct envoi__framing *framing;
	struct envoi_xml_parser *parser;
	struct envoi_buffer log, answers;
	size_t items;
	bool is_over, is_upgraded;
};

static int fill_random(void *user, void *bytes, size_t len)
{
	(void)user;
	memset(bytes, 0x5a, len);
	return 0;
}

static void on_upgraded(void *user)
{
	struct reading *reading = user;
	reading->is_upgraded = true;
}

static void init(struct reading *reading, struct envoi_context *context, uint8_t options)
{
	static const char root[] =
		"<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS "'>";
	struct envoi_xml_item item;
	struct envoi__http_url url;
	const struct envoi__websocket_upgrade upgrade = {
		.url = &url, .head_bytes = 512, .upgraded = on_upgraded, .user = reading};
	bool is_client = options % 2 == 0, has_handshake = is_client && options / 2 % 2 == 1;
	*reading = (struct reading){.items = 0};
	envoi_buffer_init(&reading->log, context, 0);
	envoi_buffer_init(&reading->answers, context, 0);
	EXPECT(envoi__http_url_read(&url, "wss://example.org/xmpp") == ENVOI_OK);
	EXPECT(envoi__websocket_framing_new(&reading->framing, context,
		       is_client ? ENVOI_INITIATOR : ENVOI_RECEIVER,
		       has_handshake ? &upgrade : NULL) == ENVOI_OK);
	reading->framing->most_bytes = MOST_BYTES;
	EXPECT(envoi_xml_parser_new(&reading->parser, context, NULL) == ENVOI_OK);
	EXPECT(envoi_xml_parser_feed(reading->parser, root, strlen(root)) == ENVOI_OK);
	EXPECT(envoi_xml_parser_next(reading->parser, &item) == ENVOI_OK);
	envoi_element_unref(item.element);
	EXPECT(reading->framing->impl->begin(reading->framing, &reading->answers) == ENVOI_OK);
	envoi_buffer_finish(&reading->answers);
}

static void finish(struct reading *reading)
{
	reading->framing->impl->destroy(reading->framing);
	envoi_xml_parser_free(reading->parser);
	envoi_buffer_finish(&reading->log);
	envoi_buffer_finish(&reading->answers);
}

static void note_item(struct reading *reading, struct envoi_xml_item *item)
{
	reading->items++;
	if (item->element != NULL) {
		fuzz_describe(&reading->log, item->element);
		envoi_element_unref(item->element);
	}
	EXPECT(envoi_buffer_printf(&reading->log, " %d\n", (int)item->kind) == ENVOI_OK);
}

/* As a byte stream does. */
static int next_item(struct reading *reading, struct envoi_xml_item *item)
{
	int r = envoi_xml_parser_next(reading->parser, item);
	while (r == ENVOI_AGAIN) {
		bool was_upgraded = reading->is_upgraded;
		int fed = reading->framing->impl->next(
			reading->framing, reading->parser, reading->items);
		if (fed != ENVOI_OK && reading->is_upgraded == was_upgraded) {
			return fed;
		}
		r = envoi_xml_parser_next(reading->parser, item);
	}
	return r;
}

static void read_piece(struct reading *reading, const char *data, size_t len)
{
	struct envoi_xml_item item;
	int r = ENVOI_OK;
	EXPECT(reading->framing->impl->received(reading->framing, data, len) == ENVOI_OK);
	while (r == ENVOI_OK) {
		r = next_item(reading, &item);
		if (r == ENVOI_OK) {
			note_item(reading, &item);
		}
	}
	EXPECT(r >= 0 || r == ENVOI_ERR_PROTOCOL || r == ENVOI_ERR_LIMIT || r == ENVOI_ERR_XML);
	reading->is_over = r < 0 || r == ENVOI_END;
	if (reading->is_over) {
		EXPECT(envoi_buffer_printf(&reading->log, "end %d\n", r) == ENVOI_OK);
	}
}

static void read_all(struct reading *reading, const char *data, size_t len, size_t piece)
{
	const struct envoi__framing_impl *impl = reading->framing->impl;
	for (size_t at = 0; at < len && !reading->is_over; at += piece) {
		read_piece(reading, data + at, len - at < piece ? len - at : piece);
	}
	if (reading->framing->is_ready) {
		EXPECT(impl->answer(reading->framing, &reading->answers, 0) == ENVOI_OK);
	}
	EXPECT(impl->goodbye(reading->framing, &reading->answers, ENVOI_OK) == ENVOI_OK);
}

/* What one side writes the other reads. */
static void exchange(struct envoi_context *context, const char *data, size_t len)
{
	struct reading to;
	struct envoi__framing *from;
	struct envoi_buffer out, text;
	envoi_buffer_init(&out, context, 0);
	envoi_buffer_init(&text, context, 0);
	init(&to, context, 1);
	to.framing->most_bytes = SIZE_MAX;
	EXPECT(envoi__websocket_framing_new(&from, context, ENVOI_INITIATOR, NULL) == ENVOI_OK);
	EXPECT(envoi_buffer_append_text(&text, "<a>") == ENVOI_OK);
	for (size_t i = 0; i < len; i++) {
		EXPECT(envoi_buffer_append(&text, &"abcdefgh"[data[i] % 8u], 1) == ENVOI_OK);
	}
	EXPECT(envoi_buffer_append_text(&text, "</a>") == ENVOI_OK);
	EXPECT(from->impl->element(from, &out, envoi_buffer_data(&text), envoi_buffer_len(&text)) ==
		ENVOI_OK);
	EXPECT(envoi_buffer_len(&out) == from->impl->size(from, envoi_buffer_len(&text)));
	read_piece(&to, envoi_buffer_data(&out), envoi_buffer_len(&out));
	EXPECT(to.items == 1 && !to.is_over);
	from->impl->destroy(from);
	finish(&to);
	envoi_buffer_finish(&out);
	envoi_buffer_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct envoi_context_options context_options = {.random = fill_random};
	struct fuzz_input input = {.data = data, .len = size};
	uint8_t options = fuzz_byte(&input);
	size_t piece = 1u + fuzz_byte(&input) % 16u;
	const char *bytes = (const char *)input.data;
	struct envoi_context *context;
	struct reading whole, pieces;
	EXPECT(envoi_context_new(&context, &context_options) == ENVOI_OK);
	init(&whole, context, options);
	init(&pieces, context, options);
	read_all(&whole, bytes, input.len, input.len + 1);
	read_all(&pieces, bytes, input.len, piece);
	EXPECT(fuzz_same(&whole.log, &pieces.log));
	EXPECT(fuzz_same(&whole.answers, &pieces.answers));
	finish(&whole);
	finish(&pieces);
	exchange(context, bytes, input.len);
	envoi_context_unref(context);
	return 0;
}
