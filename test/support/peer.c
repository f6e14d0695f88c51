/*
 * envoi - a scripted peer
 * SPDX-License-Identifier: MIT
 */
#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/xml.h>

enum step_kind {
	STEP_SEND,
	STEP_SEND_BYTES,
	STEP_EXPECT,
	STEP_RESTART,
	STEP_SHUT_DOWN,
	STEP_CALL,
};

struct step {
	enum step_kind kind;
	struct envoi_xml_item item; /* of EXPECT */
	char *text; /* of SEND */
	size_t len;
	void (*call)(void *user);
	void *user;
};

enum {
	MOST_STEPS = 256,
	LETTERS = 26,
};

struct peer {
	struct envoi_context *context;
	struct envoi_memory_end *end;
	struct envoi_xml_parser *expected, *received;
	struct envoi_buffer heard;
	struct step steps[MOST_STEPS];
	size_t step_count, at;
	char *letters[LETTERS];
	bool is_running, is_started;
	char problem[2048]; /* the first */
};

/* --- comparing --- */

static bool is_letter(const char *text)
{
	return text[0] == '$' && text[1] >= 'a' && text[1] <= 'z';
}

static bool text_matches(struct peer *peer, const char *expected, const char *got)
{
	if (strcmp(expected, "*") == 0) {
		return true;
	}
	if (!is_letter(expected) || expected[2] != '\0') {
		return strcmp(expected, got) == 0;
	}
	char **letter = &peer->letters[expected[1] - 'a'];
	envoi_free(peer->context, *letter);
	*letter = envoi_strndup(peer->context, got, strlen(got));
	return true;
}

static size_t count_attrs(const struct envoi_element *element)
{
	size_t position = 0, count = 0;
	const char *ns, *name, *value;
	while (envoi_element_next_attr(element, &position, &ns, &name, &value)) {
		count++;
	}
	return count;
}

static bool attrs_match(
	struct peer *peer, const struct envoi_element *expected, const struct envoi_element *got)
{
	size_t position = 0;
	const char *ns, *name, *value;
	while (envoi_element_next_attr(expected, &position, &ns, &name, &value)) {
		const char *other = envoi_element_attr_ns(got, ns, name);
		if (other == NULL || !text_matches(peer, value, other)) {
			return false;
		}
	}
	return count_attrs(expected) == count_attrs(got);
}

static bool matches(
	struct peer *peer, const struct envoi_element *expected, const struct envoi_element *got)
{
	if (!envoi_element_is(got, envoi_element_ns(expected), envoi_element_name(expected)) ||
		!attrs_match(peer, expected, got) ||
		!text_matches(peer, envoi_element_text(expected), envoi_element_text(got))) {
		return false;
	}
	const struct envoi_element *a = envoi_element_first(expected),
				   *b = envoi_element_first(got);
	while (a != NULL && b != NULL && matches(peer, a, b)) {
		a = envoi_element_next(a);
		b = envoi_element_next(b);
	}
	return a == NULL && b == NULL;
}

static bool item_matches(
	struct peer *peer, const struct envoi_xml_item *expected, const struct envoi_xml_item *got)
{
	if (expected->kind != got->kind) {
		return false;
	}
	return expected->kind == ENVOI_XML_END || matches(peer, expected->element, got->element);
}

static void print_item(
	struct peer *peer, const struct envoi_xml_item *item, char *line, size_t size)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, peer->context, 0);
	if (item->kind == ENVOI_XML_END) {
		snprintf(line, size, "the closing tag");
	} else if (envoi_xml_write(&xml, item->element, "jabber:client") == ENVOI_OK) {
		snprintf(line, size, "%.*s", (int)envoi_buffer_len(&xml), envoi_buffer_data(&xml));
	}
	envoi_buffer_finish(&xml);
}

/* --- running --- */

static void note_problem(struct peer *peer, const char *format, ...) ENVOI_PRINTF(2, 3);

static void note_problem(struct peer *peer, const char *format, ...)
{
	if (peer->problem[0] == '\0') {
		va_list args;
		va_start(args, format);
		vsnprintf(peer->problem, sizeof(peer->problem), format, args);
		va_end(args);
	}
}

static void renew(struct peer *peer, struct envoi_xml_parser **parser)
{
	envoi_xml_parser_free(*parser);
	*parser = NULL;
	if (envoi_xml_parser_new(parser, peer->context, NULL) < 0) {
		note_problem(peer, "no memory");
	}
}

/* @return whether the step is done */
static bool expect(struct peer *peer, const struct step *step)
{
	struct envoi_xml_item got;
	int r = envoi_xml_parser_next(peer->received, &got);
	if (r == ENVOI_AGAIN) {
		return false;
	}
	if (r < 0) {
		note_problem(peer, "step %zu: what came is no XML", peer->at);
		return false;
	}
	if (!item_matches(peer, &step->item, &got)) {
		char expected_text[900] = "", got_text[900] = "";
		print_item(peer, &step->item, expected_text, sizeof(expected_text));
		print_item(peer, &got, got_text, sizeof(got_text));
		note_problem(
			peer, "step %zu: expected %s\ngot %s", peer->at, expected_text, got_text);
	}
	envoi_element_unref(got.element);
	return true;
}

static void send_replaced(struct peer *peer, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "$");
		const char *letter = NULL;
		if (len == 0 && is_letter(text)) {
			letter = peer->letters[text[1] - 'a'];
		}
		len = len == 0 ? 1 : len;
		int r = letter != NULL ? envoi_memory_end_send(peer->end, letter, strlen(letter))
				       : envoi_memory_end_send(peer->end, text, len);
		if (r < 0) {
			return; /* the other side has gone: the script shows by not being done */
		}
		text += letter != NULL ? 2 : len;
	}
}

/* @return whether the step is done */
static bool run_step(struct peer *peer, const struct step *step)
{
	switch (step->kind) {
	case STEP_SEND:
		send_replaced(peer, step->text);
		return true;
	case STEP_SEND_BYTES:
		return envoi_memory_end_send(peer->end, step->text, step->len) == ENVOI_OK;
	case STEP_EXPECT:
		return expect(peer, step);
	case STEP_RESTART:
		renew(peer, &peer->received);
		return true;
	case STEP_SHUT_DOWN:
		envoi_memory_end_shut_down(peer->end);
		return true;
	case STEP_CALL:
		step->call(step->user);
		return true;
	}
	return false;
}

static void run(struct peer *peer)
{
	if (peer->is_running || !peer->is_started) {
		return;
	}
	peer->is_running = true;
	while (peer->at < peer->step_count && peer->problem[0] == '\0' &&
		run_step(peer, &peer->steps[peer->at])) {
		peer->at++;
	}
	peer->is_running = false;
}

static void on_changed(void *user, struct envoi_memory_end *end)
{
	struct peer *peer = user;
	struct envoi_buffer *received = envoi_memory_end_received(end);
	size_t len = envoi_buffer_len(received);
	if (len > 0) {
		const char *data = envoi_buffer_data(received);
		if (envoi_buffer_append(&peer->heard, data, len) < 0) {
			note_problem(peer, "no memory");
		}
		envoi_xml_parser_feed(peer->received, data, len);
		envoi_buffer_consume(received, len);
	}
	run(peer);
}

/* --- the script --- */

static struct step *add_step(struct peer *peer, enum step_kind kind)
{
	assert_true(peer->step_count < MOST_STEPS);
	struct step *step = &peer->steps[peer->step_count++];
	step->kind = kind;
	return step;
}

struct peer *peer_new(
	struct envoi_context *context, struct envoi_memory_pair *pair, enum envoi_memory_side side)
{
	struct peer *peer = envoi_alloc_zeroed(context, sizeof(*peer));
	assert_non_null(peer);
	peer->context = context;
	envoi_buffer_init(&peer->heard, context, 0);
	assert_int_equal(envoi_memory_end_new(&peer->end, pair, side, on_changed, peer), ENVOI_OK);
	renew(peer, &peer->expected);
	renew(peer, &peer->received);
	return peer;
}

void peer_free(struct peer *peer)
{
	if (peer == NULL) {
		return;
	}
	for (size_t i = 0; i < peer->step_count; i++) {
		envoi_element_unref(peer->steps[i].item.element);
		envoi_free(peer->context, peer->steps[i].text);
	}
	for (size_t i = 0; i < LETTERS; i++) {
		envoi_free(peer->context, peer->letters[i]);
	}
	envoi_xml_parser_free(peer->expected);
	envoi_xml_parser_free(peer->received);
	envoi_memory_end_free(peer->end);
	envoi_buffer_finish(&peer->heard);
	envoi_free(peer->context, peer);
}

void peer_sends(struct peer *peer, const char *text)
{
	struct step *step = add_step(peer, STEP_SEND);
	step->text = envoi_strndup(peer->context, text, strlen(text));
	assert_non_null(step->text);
}

void peer_sends_bytes(struct peer *peer, const void *data, size_t len)
{
	struct step *step = add_step(peer, STEP_SEND_BYTES);
	step->text = envoi_strndup(peer->context, data, len);
	step->len = len;
	assert_non_null(step->text);
}

void peer_expects(struct peer *peer, const char *xml)
{
	size_t before = peer->step_count;
	envoi_xml_parser_feed(peer->expected, xml, strlen(xml));
	for (;;) {
		struct envoi_xml_item item = {.element = NULL};
		int r = envoi_xml_parser_next(peer->expected, &item);
		if (r == ENVOI_AGAIN) {
			break;
		}
		if (r < 0) {
			print_error("no XML is expected: %s\n", xml);
			fail();
		}
		add_step(peer, STEP_EXPECT)->item = item;
	}
	assert_true(peer->step_count > before);
}

void peer_restarts(struct peer *peer)
{
	add_step(peer, STEP_RESTART);
	renew(peer, &peer->expected);
}

void peer_shuts_down(struct peer *peer)
{
	add_step(peer, STEP_SHUT_DOWN);
}

void peer_calls(struct peer *peer, void (*call)(void *user), void *user)
{
	struct step *step = add_step(peer, STEP_CALL);
	step->call = call;
	step->user = user;
}

void peer_start(struct peer *peer)
{
	peer->is_started = true;
	run(peer);
}

const char *peer_heard(struct peer *peer)
{
	char *end;
	assert_int_equal(envoi_buffer_reserve(&peer->heard, 1, &end), ENVOI_OK);
	*end = '\0';
	return envoi_buffer_data(&peer->heard);
}

bool peer_is_done(const struct peer *peer)
{
	return peer->at == peer->step_count && peer->problem[0] == '\0';
}

bool peer_is_over(const struct peer *peer)
{
	return envoi_memory_end_is_over(peer->end);
}

void peer_assert_done(struct peer *peer)
{
	struct envoi_xml_item item;
	if (peer->problem[0] == '\0' && envoi_xml_parser_next(peer->received, &item) == ENVOI_OK) {
		char text[900] = "";
		print_item(peer, &item, text, sizeof(text));
		envoi_element_unref(item.element);
		note_problem(peer, "beyond what was expected: %s", text);
	}
	if (!peer_is_done(peer)) {
		print_error("the peer is at step %zu of %zu: %s\nit heard: %s\n", peer->at,
			peer->step_count, peer->problem, peer_heard(peer));
		fail();
	}
}
