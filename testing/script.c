/*
 * envoi - test kit: a peer that says and expects what a script says
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/xml.h>

#include "inside.h"

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
	envoi_test_script_fn *call;
	void *user;
};

enum {
	MOST_STEPS = 256,
	LETTERS = 26,
};

struct envoi_test_script {
	struct envoi_test_script *next; /* of a world; NULL: the last, or owned by a test */
	char domain[256]; /* of a world: whose connections it takes */
	struct envoi_world *world; /* NULL: of a test's own context */
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

/* In a world, the allocations of the kit do not fail. */
static void enter(struct envoi_test_script *script)
{
	if (script->world != NULL) {
		testing_spare(script->world);
	}
}

static void leave(struct envoi_test_script *script)
{
	if (script->world != NULL) {
		testing_unspare(script->world);
	}
}

/* --- comparing --- */

static bool is_letter(const char *text)
{
	return text[0] == '$' && text[1] >= 'a' && text[1] <= 'z';
}

static bool text_matches(struct envoi_test_script *script, const char *expected, const char *got)
{
	if (strcmp(expected, "*") == 0) {
		return true;
	}
	if (!is_letter(expected) || expected[2] != '\0') {
		return strcmp(expected, got) == 0;
	}
	char **letter = &script->letters[expected[1] - 'a'];
	envoi_free(script->context, *letter);
	*letter = envoi_strndup(script->context, got, strlen(got));
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

static bool attrs_match(struct envoi_test_script *script, const struct envoi_element *expected,
	const struct envoi_element *got)
{
	size_t position = 0;
	const char *ns, *name, *value;
	while (envoi_element_next_attr(expected, &position, &ns, &name, &value)) {
		const char *other = envoi_element_attr_ns(got, ns, name);
		if (other == NULL || !text_matches(script, value, other)) {
			return false;
		}
	}
	return count_attrs(expected) == count_attrs(got);
}

static bool matches(struct envoi_test_script *script, const struct envoi_element *expected,
	const struct envoi_element *got)
{
	if (!envoi_element_is(got, envoi_element_ns(expected), envoi_element_name(expected)) ||
		!attrs_match(script, expected, got) ||
		!text_matches(script, envoi_element_text(expected), envoi_element_text(got))) {
		return false;
	}
	const struct envoi_element *a = envoi_element_first(expected),
				   *b = envoi_element_first(got);
	while (a != NULL && b != NULL && matches(script, a, b)) {
		a = envoi_element_next(a);
		b = envoi_element_next(b);
	}
	return a == NULL && b == NULL;
}

static bool item_matches(struct envoi_test_script *script, const struct envoi_xml_item *expected,
	const struct envoi_xml_item *got)
{
	if (expected->kind != got->kind) {
		return false;
	}
	return expected->kind == ENVOI_XML_END || matches(script, expected->element, got->element);
}

static void print_item(struct envoi_test_script *script, const struct envoi_xml_item *item,
	char *line, size_t size)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, script->context, 0);
	if (item->kind == ENVOI_XML_END) {
		snprintf(line, size, "the closing tag");
	} else if (envoi_xml_write(&xml, item->element, "jabber:client") == ENVOI_OK) {
		snprintf(line, size, "%.*s", (int)envoi_buffer_len(&xml), envoi_buffer_data(&xml));
	}
	envoi_buffer_finish(&xml);
}

/* --- running --- */

static void note_problem(struct envoi_test_script *script, const char *format, ...)
	ENVOI_PRINTF(2, 3);

static void note_problem(struct envoi_test_script *script, const char *format, ...)
{
	if (script->problem[0] == '\0') {
		va_list args;
		va_start(args, format);
		vsnprintf(script->problem, sizeof(script->problem), format, args);
		va_end(args);
	}
}

static void renew(struct envoi_test_script *script, struct envoi_xml_parser **parser)
{
	envoi_xml_parser_free(*parser);
	*parser = NULL;
	if (envoi_xml_parser_new(parser, script->context, NULL) < 0) {
		note_problem(script, "no memory");
	}
}

/* @return whether the step is done */
static bool expect(struct envoi_test_script *script, const struct step *step)
{
	struct envoi_xml_item got;
	int r = envoi_xml_parser_next(script->received, &got);
	if (r == ENVOI_AGAIN) {
		return false;
	}
	if (r < 0) {
		note_problem(script, "step %zu of the script: what came is no XML", script->at + 1);
		return false;
	}
	if (!item_matches(script, &step->item, &got)) {
		char expected_text[900] = "", got_text[900] = "";
		print_item(script, &step->item, expected_text, sizeof(expected_text));
		print_item(script, &got, got_text, sizeof(got_text));
		note_problem(script, "step %zu of the script: expected %s\ngot %s", script->at + 1,
			expected_text, got_text);
	}
	envoi_element_unref(got.element);
	return true;
}

static void send_replaced(struct envoi_test_script *script, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "$");
		const char *letter = NULL;
		if (len == 0 && is_letter(text)) {
			letter = script->letters[text[1] - 'a'];
		}
		len = len == 0 ? 1 : len;
		int r = letter != NULL ? envoi_memory_end_send(script->end, letter, strlen(letter))
				       : envoi_memory_end_send(script->end, text, len);
		if (r < 0) {
			return; /* the other side has gone: the script shows by not being done */
		}
		text += letter != NULL ? 2 : len;
	}
}

/* @return whether the step is done */
static bool run_step(struct envoi_test_script *script, const struct step *step)
{
	switch (step->kind) {
	case STEP_SEND:
		send_replaced(script, step->text);
		return true;
	case STEP_SEND_BYTES:
		return envoi_memory_end_send(script->end, step->text, step->len) == ENVOI_OK;
	case STEP_EXPECT:
		return expect(script, step);
	case STEP_RESTART:
		renew(script, &script->received);
		return true;
	case STEP_SHUT_DOWN:
		envoi_memory_end_shut_down(script->end);
		return true;
	case STEP_CALL:
		leave(script);
		step->call(step->user);
		enter(script);
		return true;
	}
	return false;
}

static void run(struct envoi_test_script *script)
{
	if (script->is_running || !script->is_started) {
		return;
	}
	script->is_running = true;
	while (script->at < script->step_count && script->problem[0] == '\0' &&
		run_step(script, &script->steps[script->at])) {
		script->at++;
	}
	script->is_running = false;
}

static void on_changed(void *user, struct envoi_memory_end *end)
{
	struct envoi_test_script *script = user;
	struct envoi_buffer *received = envoi_memory_end_received(end);
	enter(script);
	size_t len = envoi_buffer_len(received);
	if (len > 0) {
		const char *data = envoi_buffer_data(received);
		if (envoi_buffer_append(&script->heard, data, len) < 0) {
			note_problem(script, "no memory");
		}
		envoi_xml_parser_feed(script->received, data, len);
		envoi_buffer_consume(received, len);
	}
	run(script);
	leave(script);
}

/* --- the script --- */

static struct step *add_step(struct envoi_test_script *script, enum step_kind kind)
{
	testing_check(script->step_count < MOST_STEPS ? ENVOI_OK : ENVOI_ERR_FULL, "a script");
	struct step *step = &script->steps[script->step_count++];
	step->kind = kind;
	return step;
}

static char *copy(struct envoi_test_script *script, const void *data, size_t len)
{
	enter(script);
	char *text = envoi_strndup(script->context, data, len);
	leave(script);
	testing_check(text == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK, "a script");
	return text;
}

static struct envoi_test_script *script_new(
	struct envoi_context *context, struct envoi_world *world)
{
	struct envoi_test_script *script = testing_alloc(sizeof(*script));
	script->context = context;
	script->world = world;
	envoi_buffer_init(&script->heard, context, 0);
	enter(script);
	renew(script, &script->expected);
	renew(script, &script->received);
	leave(script);
	return script;
}

static void attach(struct envoi_test_script *script, struct envoi_memory_pair *pair,
	enum envoi_memory_side side)
{
	testing_check(
		envoi_memory_end_new(&script->end, pair, side, on_changed, script), "a script");
}

struct envoi_test_script *envoi_test_script_new(
	struct envoi_context *context, struct envoi_memory_pair *pair, enum envoi_memory_side side)
{
	struct envoi_test_script *script = script_new(context, NULL);
	attach(script, pair, side);
	return script;
}

void envoi_test_script_free(struct envoi_test_script *script)
{
	if (script == NULL) {
		return;
	}
	for (size_t i = 0; i < script->step_count; i++) {
		envoi_element_unref(script->steps[i].item.element);
		envoi_free(script->context, script->steps[i].text);
	}
	for (size_t i = 0; i < LETTERS; i++) {
		envoi_free(script->context, script->letters[i]);
	}
	envoi_xml_parser_free(script->expected);
	envoi_xml_parser_free(script->received);
	envoi_memory_end_free(script->end);
	envoi_buffer_finish(&script->heard);
	free(script);
}

void envoi_test_script_sends(struct envoi_test_script *script, const char *text)
{
	add_step(script, STEP_SEND)->text = copy(script, text, strlen(text));
}

void envoi_test_script_sends_bytes(struct envoi_test_script *script, const void *data, size_t len)
{
	struct step *step = add_step(script, STEP_SEND_BYTES);
	step->text = copy(script, data, len);
	step->len = len;
}

/* @return whether there was an item */
static bool expect_next(struct envoi_test_script *script)
{
	struct envoi_xml_item item = {.element = NULL};
	enter(script);
	int r = envoi_xml_parser_next(script->expected, &item);
	leave(script);
	if (r == ENVOI_AGAIN) {
		return false;
	}
	testing_check(r, "what a script expects");
	add_step(script, STEP_EXPECT)->item = item;
	return true;
}

void envoi_test_script_expects(struct envoi_test_script *script, const char *xml)
{
	size_t before = script->step_count;
	enter(script);
	envoi_xml_parser_feed(script->expected, xml, strlen(xml));
	leave(script);
	while (expect_next(script)) {
	}
	testing_check(script->step_count > before ? ENVOI_OK : ENVOI_ERR_INVALID,
		"a script expects a part of an element");
}

void envoi_test_script_restarts(struct envoi_test_script *script)
{
	add_step(script, STEP_RESTART);
	enter(script);
	renew(script, &script->expected);
	leave(script);
}

void envoi_test_script_shuts_down(struct envoi_test_script *script)
{
	add_step(script, STEP_SHUT_DOWN);
}

void envoi_test_script_calls(
	struct envoi_test_script *script, envoi_test_script_fn *call, void *user)
{
	struct step *step = add_step(script, STEP_CALL);
	step->call = call;
	step->user = user;
}

void envoi_test_script_start(struct envoi_test_script *script)
{
	enter(script);
	script->is_started = true;
	run(script);
	leave(script);
}

/* --- what has come of it --- */

const char *envoi_test_script_heard(struct envoi_test_script *script)
{
	char *end;
	enter(script);
	testing_check(envoi_buffer_reserve(&script->heard, 1, &end), "a script");
	leave(script);
	*end = '\0';
	return envoi_buffer_data(&script->heard);
}

bool envoi_test_script_is_done(const struct envoi_test_script *script)
{
	return script->at == script->step_count && script->problem[0] == '\0';
}

bool envoi_test_script_is_over(const struct envoi_test_script *script)
{
	return script->end != NULL && envoi_memory_end_is_over(script->end);
}

static void look_beyond(struct envoi_test_script *script)
{
	struct envoi_xml_item item;
	if (envoi_xml_parser_next(script->received, &item) == ENVOI_OK) {
		char text[900] = "";
		print_item(script, &item, text, sizeof(text));
		envoi_element_unref(item.element);
		note_problem(script, "beyond what was expected: %s", text);
	}
}

const char *envoi_test_script_problem(struct envoi_test_script *script)
{
	enter(script);
	if (script->problem[0] == '\0' && script->at == script->step_count) {
		look_beyond(script);
	}
	leave(script);
	if (envoi_test_script_is_done(script)) {
		return NULL;
	}
	note_problem(script, "step %zu of %zu is not done; so far came: %.1800s", script->at + 1,
		script->step_count, envoi_test_script_heard(script));
	return script->problem;
}

/* --- of a world --- */

struct envoi_test_script *envoi_world_script(struct envoi_world *world, const char *domain)
{
	struct envoi_test_script *script = script_new(world->context, world);
	struct envoi_test_script **link = &world->scripts;
	snprintf(script->domain, sizeof(script->domain), "%s", domain);
	while (*link != NULL) {
		link = &(*link)->next;
	}
	*link = script;
	return script;
}

bool testing_script_accept(
	struct envoi_world *world, struct envoi_memory_pair *pair, const char *domain)
{
	struct envoi_test_script *script = world->scripts;
	while (script != NULL && (script->end != NULL || strcmp(script->domain, domain) != 0)) {
		script = script->next;
	}
	if (script != NULL) {
		attach(script, pair, ENVOI_MEMORY_B);
		envoi_test_script_start(script);
	}
	return script != NULL;
}

void testing_scripts_free(struct envoi_world *world)
{
	while (world->scripts != NULL) {
		struct envoi_test_script *script = world->scripts;
		world->scripts = script->next;
		envoi_test_script_free(script);
	}
}
