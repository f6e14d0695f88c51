/*
 * envoi - router: what rows match beside a payload's name: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/payload.h>

#include "router_fixture.h"
#include "stanzas.h"

/** A row, what it is tried with, and the id of the element that it is called with. */
struct match {
	struct envoi_stanza_row row;
	const char *xml;
	const char *id; /* "": without element or id; NULL: it is not called */
};

static const char *id_seen;

static void note_element(struct probe *probe, struct envoi_delivery *in)
{
	(void)probe;
	id_seen = envoi_element_attr(envoi_delivery_element(in), "id");
	id_seen = id_seen == NULL ? "" : id_seen;
}

static void assert_match(struct router_fixture *f, const struct match *match)
{
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0] = match->row;
	probe.rows[0].handle = probe_on_stanza;
	probe.act = note_element;
	probe_add(&probe);
	struct envoi_stanza *stanza = stanza_from_text(f->context, match->xml);
	forget_text(&f->asked);
	id_seen = NULL;
	envoi__router_route(&f->router, stanza, true);
	bool is_called = written_text(&f->asked)[0] != '\0';
	if (is_called != (match->id != NULL) || (is_called && strcmp(id_seen, match->id) != 0)) {
		fail_msg("%s: %s", match->xml, is_called ? id_seen : "not called");
	}
	envoi_stanza_unref(stanza);
	probe_remove(&probe);
	assert_int_equal(f->router.rows.bucket_count, 0);
	assert_int_equal(f->router.rows.namespace_count, 0);
}

#define NESTED \
	"<message type='chat'><a xmlns='urn:x' id='1'/><a xmlns='urn:x' id='2'>" \
	"<b id='3'><c xmlns='urn:y' id='4'/></b></a><unknown-name xmlns='urn:z' " \
	"id='5'/></message>"

static void rows_match_by_namespace_depth_and_path(void **state)
{
	static const struct match matches[] = {
		{{.kind = ENVOI_MESSAGE, .ns = "urn:x"}, NESTED, "1"},
		{{.kind = ENVOI_MESSAGE, .ns = "urn:z"}, NESTED, "5"},
		{{.kind = ENVOI_MESSAGE, .ns = "urn:y"}, NESTED, NULL},
		{{.kind = ENVOI_MESSAGE, .ns = "urn:y", .depth = 3}, NESTED, "4"},
		{{.kind = ENVOI_MESSAGE, .ns = "urn:y", .depth = 2}, NESTED, NULL},
		{{.kind = ENVOI_MESSAGE, .ns = "urn:x", .depth = 1}, NESTED, "1"},
		{{.kind = ENVOI_MESSAGE, .ns = "urn:x", .depth = 2}, NESTED, "3"},
		{{.kind = ENVOI_MESSAGE, .ns = "urn:x", .name = "b", .depth = 2}, NESTED, "3"},
		{{.kind = ENVOI_MESSAGE, .ns = "urn:x", .name = "c", .depth = 2}, NESTED, NULL},
		{{.kind = ENVOI_MESSAGE, .ns = "urn:x", .name = "a", .depth = 2}, NESTED, NULL},
		{{.kind = ENVOI_MESSAGE, .name = "b", .depth = 2}, NESTED, NULL},
		{{.kind = ENVOI_MESSAGE, .name = "b", .depth = 2},
			"<message><a xmlns='urn:x'><b xmlns='jabber:client' "
			"id='1'/></a></message>",
			"1"},
		{{.kind = ENVOI_MESSAGE, .path = "message/{urn:x}a"}, NESTED, "1"},
		{{.kind = ENVOI_MESSAGE, .path = "message/{urn:x}a/b"}, NESTED, "3"},
		{{.kind = ENVOI_MESSAGE, .path = "message/{urn:x}a@id='2'"}, NESTED, "2"},
		{{.kind = ENVOI_MESSAGE, .path = "message/{urn:x}a@id='3'"}, NESTED, NULL},
		{{.kind = ENVOI_MESSAGE, .path = "message/{*}c"}, NESTED, NULL},
		{{.kind = ENVOI_MESSAGE, .path = "message/*/*/{*}c"}, NESTED, "4"},
		{{.kind = ENVOI_MESSAGE, .path = "message/{urn:z}*"}, NESTED, "5"},
		{{.kind = ENVOI_MESSAGE, .path = "message/{*}unknown-name"}, NESTED, "5"},
		{{.kind = ENVOI_MESSAGE, .path = "message@type='chat'"}, NESTED, ""},
		{{.kind = ENVOI_MESSAGE, .path = "message@type='normal'"}, NESTED, NULL},
		{{.kind = ENVOI_MESSAGE, .path = "message@id"}, NESTED, NULL},
		{{.kind = ENVOI_PRESENCE, .path = "presence/{urn:x}a"}, NESTED, NULL},
		{{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_NORMAL, .path = "message/{urn:x}a"},
			NESTED, NULL},
		{{.kind = ENVOI_IQ_GET, .ns = "urn:xmpp:time"}, get_time, ""},
		{{.kind = ENVOI_IQ_GET, .path = "iq/{urn:xmpp:time}time"}, get_time, ""},
		{{.kind = ENVOI_IQ_SET, .path = "iq/{urn:xmpp:time}time"}, get_time, NULL},
		{{.kind = ENVOI_IQ_GET, .path = "iq@from='a@b/c'"}, get_time, "1"},
	};
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		assert_match(*state, &matches[i]);
	}
}

/* Rows of all forms are in one sequence, and a handler with several that match is called once. */
static void rows_of_all_forms_are_called_in_one_sequence(void **state)
{
	struct router_fixture *f = *state;
	struct probe probes[5];
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_MESSAGE, .path = "message/{urn:x}a/b"},
		{.kind = ENVOI_MESSAGE, .ns = "urn:x", .priority = 1},
		{.kind = ENVOI_MESSAGE, .ns = "urn:x", .name = "a"},
		{.kind = ENVOI_MESSAGE},
		{.kind = ENVOI_MESSAGE, .path = "message/*/*", .priority = 2},
	};
	for (size_t i = 0; i < 5; i++) {
		probe_init(&probes[i], f, (char)('a' + i));
		probes[i].rows[0] = rows[i];
		probes[i].rows[1] = rows[(i + 1) % 5];
		probes[i].rows[1].priority = -1;
		probes[i].rows[0].handle = probes[i].rows[1].handle = probe_on_stanza;
		probe_add(&probes[i]);
	}
	route(f, NESTED);
	assert_string_equal(written_text(&f->asked), "ebacd");
	for (size_t i = 0; i < 5; i++) {
		probe_remove(&probes[i]);
	}
}

/* --- functions --- */

static bool is_matching;
static void (*act_in_match)(struct probe *probe);

static bool matches(struct envoi_handler *self, const struct envoi_delivery *in)
{
	struct probe *probe = ENVOI_CONTAINER_OF(self, struct probe, base);
	write_text(&probe->f->asked, "?");
	note_element(probe, (struct envoi_delivery *)(uintptr_t)in);
	if (act_in_match != NULL) {
		act_in_match(probe);
	}
	return is_matching;
}

static void probe_with_function(struct probe *probe, struct router_fixture *f)
{
	probe_init(probe, f, 'p');
	probe->rows[0].kind = ENVOI_MESSAGE;
	probe->rows[0].path = "message/{urn:x}a/b";
	probe->rows[0].matches = matches;
	probe_add(probe);
}

static void a_function_is_asked_last(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	probe_with_function(&probe, f);
	act_in_match = NULL;
	is_matching = true;
	route(f, NESTED);
	assert_string_equal(written_text(&f->asked), "?p");
	route(f, "<message><a xmlns='urn:x'/></message>");
	assert_string_equal(written_text(&f->asked), "");
	is_matching = false;
	route(f, NESTED);
	assert_string_equal(written_text(&f->asked), "?");
	probe_remove(&probe);
}

static void act_remove(struct probe *probe)
{
	probe_remove(probe);
}

static void act_close(struct probe *probe)
{
	envoi__router_close(&probe->f->router);
	probe_remove(probe);
}

static void a_handler_removed_by_its_own_function_is_not_called(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	is_matching = true;
	act_in_match = act_remove;
	probe_with_function(&probe, f);
	route(f, NESTED);
	assert_string_equal(written_text(&f->asked), "?");
	act_in_match = act_close;
	probe_with_function(&probe, f);
	route(f, NESTED);
	assert_string_equal(written_text(&f->asked), "?");
	act_in_match = NULL;
}

/* --- a table that is freed --- */

static void act_free_other(struct probe *probe, struct envoi_delivery *in)
{
	(void)in;
	probe_remove(probe->other);
	memset(probe->other, 0x80, sizeof(*probe->other)); /* as a priority, the lowest */
}

static void a_table_that_was_freed_is_not_read(void **state)
{
	struct router_fixture *f = *state;
	struct probe first, removed, next, last;
	probe_init(&first, f, 'f');
	probe_init(&removed, f, 'r');
	probe_init(&next, f, 'n');
	probe_init(&last, f, 'l');
	first.rows[0].kind = removed.rows[0].kind = ENVOI_MESSAGE;
	next.rows[0].kind = last.rows[0].kind = ENVOI_MESSAGE;
	first.rows[0].priority = 2;
	removed.rows[0].priority = 1;
	last.rows[0].priority = -1;
	last.rows[0].ns = "urn:x"; /* in another bucket: the next of both is compared */
	last.rows[0].name = "a";
	first.act = act_free_other;
	first.other = &removed;
	probe_add(&first);
	probe_add(&removed);
	probe_add(&next);
	probe_add(&last);
	route(f, NESTED);
	assert_string_equal(written_text(&f->asked), "fnl");
	probe_remove(&first);
	probe_remove(&next);
	probe_remove(&last);
}

/* --- once --- */

static void a_row_may_be_called_once(void **state)
{
	struct router_fixture *f = *state;
	struct probe once, always;
	probe_init(&once, f, 'o');
	probe_init(&always, f, 'a');
	once.rows[0].kind = once.rows[1].kind = ENVOI_MESSAGE;
	once.rows[0].once = true;
	once.rows[1].type = ENVOI_TYPE_CHAT;
	always.rows[0].kind = ENVOI_MESSAGE;
	probe_add(&once);
	probe_add(&always);
	once.returns = ENVOI_DECLINED;
	route(f, "<message/>");
	assert_string_equal(written_text(&f->asked), "oa");
	once.returns = ENVOI_ERR_SYSTEM; /* a failure is a call */
	route(f, "<message/>");
	assert_string_equal(written_text(&f->asked), "oa");
	once.returns = ENVOI_OK;
	route(f, "<message/>");
	assert_string_equal(written_text(&f->asked), "a");
	route(f, "<message type='chat'/>"); /* by its other row */
	assert_string_equal(written_text(&f->asked), "oa");
	probe_remove(&once);
	probe_add(&once);
	route(f, "<message/>");
	assert_string_equal(written_text(&f->asked), "ao");
	probe_remove(&once);
	probe_remove(&always);
}

static void act_route(struct probe *probe, struct envoi_delivery *in)
{
	(void)in;
	probe->act = NULL;
	struct envoi_stanza *stanza = stanza_from_text(probe->f->context, "<message/>");
	envoi__router_route(&probe->f->router, stanza, true);
	envoi_stanza_unref(stanza);
}

/* A stanza that is routed inside the only call does not make a second one. */
static void once_holds_inside_the_call(void **state)
{
	struct router_fixture *f = *state;
	struct probe once;
	probe_init(&once, f, 'o');
	once.rows[0].kind = ENVOI_MESSAGE;
	once.rows[0].once = true;
	once.act = act_route;
	probe_add(&once);
	route(f, "<message/>");
	assert_string_equal(written_text(&f->asked), "o");
	probe_remove(&once);
}

/* --- cost --- */

static uint64_t rows_visited_for(struct router_fixture *f, const char *xml)
{
	uint64_t before = f->router.rows_visited;
	route(f, xml);
	return f->router.rows_visited - before;
}

/* Rows that fix a namespace are visited for stanzas with that payload only, whatever their form. */
static void rows_of_absent_payloads_are_not_visited(void **state)
{
	struct router_fixture *f = *state;
	enum {
		COUNT = 300
	};
	static struct probe probes[COUNT];
	static char namespaces[COUNT][16], paths[COUNT][32];
	for (size_t i = 0; i < COUNT; i++) {
		struct envoi_stanza_row *row = &probes[i].rows[0];
		snprintf(namespaces[i], sizeof(namespaces[i]), "urn:%zu", i);
		snprintf(paths[i], sizeof(paths[i]), "message/{urn:%zu}a/b", i);
		probe_init(&probes[i], f, 'p');
		row->kind = ENVOI_MESSAGE;
		row->path = i % 3 == 0 ? paths[i] : NULL;
		row->ns = i % 3 == 0 ? NULL : namespaces[i];
		row->name = i % 3 == 1 ? "a" : NULL;
		probe_add(&probes[i]);
	}
	assert_int_equal(
		rows_visited_for(f, "<message><a xmlns='urn:never'><b/></a></message>"), 0);
	assert_int_equal(rows_visited_for(f, "<message><a xmlns='urn:3'><b/></a></message>"), 1);
	assert_string_equal(written_text(&f->asked), "p");
	assert_int_equal(rows_visited_for(f, "<message><a xmlns='urn:4'/></message>"), 1);
	assert_int_equal(rows_visited_for(f, "<message><a xmlns='urn:5'/></message>"), 1);
	for (size_t i = 0; i < COUNT; i++) {
		probe_remove(&probes[i]);
	}
}

/* A path that names a payload alone is not tried: it is found as a name is. */
static void a_path_that_is_a_name_costs_what_a_name_costs(void **state)
{
	struct router_fixture *f = *state;
	static const struct {
		const char *path;
		bool is_name;
	} cases[] = {
		{"message/{urn:x}a", true},
		{"message/{urn:x}*", true},
		{"message/body", true},
		{"*/{urn:x}a", true},
		{"message/{*}a", false},
		{"message/*", false},
		{"message", false},
		{"message/{urn:x}a@b", false},
		{"message@id/{urn:x}a", false},
		{"message/{urn:x}a/b", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe probe;
		probe_init(&probe, f, 'p');
		probe.rows[0].kind = ENVOI_MESSAGE;
		probe.rows[0].path = cases[i].path;
		probe_add(&probe);
		assert_int_equal(probe.member->rows[0].is_plain, cases[i].is_name);
		assert_int_equal(probe.member->rows[0].path == NULL, cases[i].is_name);
		probe_remove(&probe);
	}
}

/* --- memory --- */

static void a_row_is_added_whole_or_not_at_all(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	int r = ENVOI_ERR_NOMEM;
	for (size_t n = 1; r != ENVOI_OK; n++) {
		char ns[24];
		snprintf(ns, sizeof(ns), "urn:new:%zu", n);
		probe_init(&probe, f, 'p');
		for (size_t i = 0; i < 4; i++) {
			probe.rows[i].kind = ENVOI_MESSAGE;
		}
		probe.rows[0].path = "message/{urn:x}a/b@c='d'";
		probe.rows[1].ns = ns;
		probe.rows[2].ns = ns;
		probe.rows[2].depth = 4;
		probe.rows[3].ns = ns;
		probe.rows[3].name = "new-name";
		f->allocator.fail_at = f->allocator.calls + n;
		r = envoi__router_add(&f->router, &probe.member, &probe.base);
		f->allocator.fail_at = 0;
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		assert_true(r == ENVOI_OK || f->router.rows.bucket_count == 0);
		assert_true(n < 100);
	}
	probe_remove(&probe);
	assert_int_equal(f->router.rows.bucket_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, router_setup, router_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_match_by_namespace_depth_and_path),
		TEST(rows_of_all_forms_are_called_in_one_sequence),
		TEST(a_function_is_asked_last),
		TEST(a_handler_removed_by_its_own_function_is_not_called),
		TEST(a_table_that_was_freed_is_not_read),
		TEST(a_row_may_be_called_once),
		TEST(once_holds_inside_the_call),
		TEST(rows_of_absent_payloads_are_not_visited),
		TEST(a_path_that_is_a_name_costs_what_a_name_costs),
		TEST(a_row_is_added_whole_or_not_at_all),
	};
	return cmocka_run_group_tests_name("router/matching", tests, NULL, NULL);
}
