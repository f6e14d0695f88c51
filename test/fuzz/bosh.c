/*
 * envoi - fuzz target: BOSH against a server that answers anything
 * SPDX-License-Identifier: MIT
 *
 * Input: steps of a byte that chooses the step and the link, a byte for its size, and bytes: an
 * answer with a body, bytes as they are, a cut, time, an element that is sent, the end. The memory
 * is bounded, the transport reports its end once at most, and all is freed.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "bosh_fixture.h"

enum {
	MOST_STEPS = 64,
	MOST_MEMORY = 4 << 20,
	RECENT_LINKS = 4,
};

struct input {
	const uint8_t *data;
	size_t len;
};

static uint8_t take_byte(struct input *input)
{
	if (input->len == 0) {
		return 0;
	}
	input->len--;
	return *input->data++;
}

static void respond(struct bosh_fixture *f, struct envoi_memory_end *end, const char *status,
	const void *data, size_t len)
{
	struct envoi_buffer text;
	envoi_buffer_init(&text, f->context, 0);
	EXPECT(envoi_buffer_printf(&text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status,
		       len) == ENVOI_OK);
	EXPECT(envoi_buffer_append(&text, data, len) == ENVOI_OK);
	(void)!envoi_memory_end_send(end, envoi_buffer_data(&text), envoi_buffer_len(&text));
	envoi_buffer_finish(&text);
}

/* The beginning of a body that is one. */
static void respond_with(
	struct bosh_fixture *f, struct envoi_memory_end *end, const void *data, size_t len)
{
	static const char begin[] = "<body xmlns='http://jabber.org/protocol/httpbind' sid='s' ";
	char text[sizeof(begin) + 256];
	memcpy(text, begin, sizeof(begin) - 1);
	memcpy(text + sizeof(begin) - 1, data, len);
	respond(f, end, "200 OK", text, sizeof(begin) - 1 + len);
}

static void act(struct bosh_fixture *f, struct input *input)
{
	static const char *const statuses[] = {"502 x", "403 x", "200 OK", "301 x"};
	uint8_t step = take_byte(input), size = take_byte(input);
	size_t len = size < input->len ? size : input->len;
	const uint8_t *data = input->data;
	int recent = step / 8 % RECENT_LINKS;
	struct envoi_memory_end *end = f->ends[f->links > recent ? f->links - 1 - recent : 0];
	if (step % 8 < 4) {
		input->data += len;
		input->len -= len;
	}
	switch (step % 8) {
	case 0:
		respond_with(f, end, data, len);
		break;
	case 1:
		respond(f, end, statuses[step / 32 % 4], data, len);
		break;
	case 2:
		(void)!envoi_memory_end_send(end, data, len);
		break;
	case 3:
		(void)!f->transport->impl->send_element(
			f->transport, "<a xmlns='urn:x'/>", strlen("<a xmlns='urn:x'/>"));
		break;
	case 4:
		envoi_memory_pair_cut(envoi_memory_end_pair(end));
		break;
	case 5:
		bosh_run(f, size * (uint64_t)BOSH_SECOND);
		break;
	case 6:
		f->restarts_at_element = size % 2 == 1;
		f->closes_at_end = size % 3 == 1;
		break;
	default:
		f->transport->impl->close(f->transport, size);
	}
	bosh_run(f, 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input input = {.data = data, .len = len};
	void *state = NULL;
	bosh_setup(&state);
	struct bosh_fixture *f = state;
	bosh_start(f);
	for (int i = 0; i < MOST_STEPS && input.len > 0; i++) {
		act(f, &input);
	}
	bosh_run(f, 100 * (uint64_t)BOSH_SECOND);
	EXPECT(f->closes <= 1);
	EXPECT(f->allocator.most_bytes < MOST_MEMORY);
	bosh_teardown(&state);
	return 0;
}
