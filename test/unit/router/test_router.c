/*
 * envoi - router: which handlers are called: tests
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

/* --- sequence --- */

static void rows_of_all_payloads_are_called_by_priority_and_then_by_age(void **state)
{
	struct router_fixture *f = *state;
	struct probe probes[5];
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_MESSAGE, .ns = "urn:a", .name = "a"},
		{.kind = ENVOI_MESSAGE},
		{.kind = ENVOI_MESSAGE, .ns = "urn:b", .name = "b", .priority = 5},
		{.kind = ENVOI_MESSAGE, .priority = -1},
		{.kind = ENVOI_MESSAGE, .name = "body"},
	};
	for (size_t i = 0; i < 5; i++) {
		probe_init(&probes[i], f, (char)('a' + i));
		probes[i].rows[0] = rows[i];
		probes[i].rows[0].handle = probe_on_stanza;
		probe_add(&probes[i]);
	}
	route(f, "<message><body>x</body><a xmlns='urn:a'/><b xmlns='urn:b'/></message>");
	assert_string_equal(written_text(&f->asked), "cabed");
	route(f, "<message><b xmlns='urn:a'/><a xmlns='urn:a'/><a xmlns='urn:a'/></message>");
	assert_string_equal(written_text(&f->asked), "abd");
	route(f, "<presence><a xmlns='urn:a'/></presence>");
	assert_string_equal(written_text(&f->asked), "");
	for (size_t i = 0; i < 5; i++) {
		probe_remove(&probes[i]);
	}
	assert_int_equal(f->router.rows.bucket_count, 0);
}

static void a_handler_is_called_once_by_its_first_matching_row(void **state)
{
	struct router_fixture *f = *state;
	struct probe both, last;
	probe_init(&both, f, 'b');
	probe_init(&last, f, 'l');
	both.rows[0].kind = both.rows[1].kind = both.rows[2].kind = ENVOI_MESSAGE;
	both.rows[1].name = "body";
	both.rows[2].type = ENVOI_TYPE_CHAT;
	last.rows[0].kind = ENVOI_MESSAGE;
	both.returns = ENVOI_DECLINED;
	probe_add(&both);
	probe_add(&last);
	route(f, "<message type='chat'><body>x</body></message>");
	assert_string_equal(written_text(&f->asked), "bl");
	both.returns = ENVOI_STOP;
	route(f, "<message type='chat'><body>x</body></message>");
	assert_string_equal(written_text(&f->asked), "b");
	probe_remove(&both);
	probe_remove(&last);
}

static void a_row_without_type_never_sees_errors(void **state)
{
	struct router_fixture *f = *state;
	struct probe probes[6];
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_MESSAGE},
		{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_NORMAL},
		{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_ERROR},
		{.kind = ENVOI_PRESENCE},
		{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_AVAILABLE},
		{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_ERROR},
	};
	for (size_t i = 0; i < 6; i++) {
		probe_init(&probes[i], f, (char)('a' + i));
		probes[i].rows[0] = rows[i];
		probes[i].rows[0].handle = probe_on_stanza;
		probe_add(&probes[i]);
	}
	static const struct {
		const char *xml, *asked;
	} cases[] = {
		{"<message/>", "ab"},
		{"<message type='normal'/>", "ab"},
		{"<message type='what'/>", "ab"},
		{"<message type='chat'/>", "a"},
		{"<message type='error'/>", "c"},
		{"<presence/>", "de"},
		{"<presence type='unavailable'/>", "d"},
		{"<presence type='what'/>", "d"},
		{"<presence type='error'/>", "f"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		route(f, cases[i].xml);
		assert_string_equal(written_text(&f->asked), cases[i].asked);
	}
	assert_int_equal(f->sent_count, 0);
	for (size_t i = 0; i < 6; i++) {
		probe_remove(&probes[i]);
	}
}

static void before_login_only_rows_that_say_so_are_called(void **state)
{
	struct router_fixture *f = *state;
	struct probe early, late;
	probe_init(&early, f, 'e');
	probe_init(&late, f, 'l');
	early.rows[0].kind = late.rows[0].kind = ENVOI_IQ_GET;
	early.rows[0].before_login = true;
	early.returns = ENVOI_DECLINED;
	probe_add(&early);
	probe_add(&late);
	route_as(f, get_time, false);
	assert_string_equal(written_text(&f->asked), "e");
	assert_sent_error(f, "service-unavailable");
	route(f, get_time);
	assert_string_equal(written_text(&f->asked), "el");
	probe_remove(&early);
	probe_remove(&late);
}

static void the_cost_of_a_stanza_does_not_grow_with_the_number_of_handlers(void **state)
{
	enum {
		MANY = 5000
	};
	struct router_fixture *f = *state;
	struct probe *probes = calloc(MANY, sizeof(*probes));
	char(*names)[16] = calloc(MANY, sizeof(*names));
	uint64_t visited[2];
	assert_non_null(probes);
	assert_non_null(names);
	for (size_t i = 0; i < MANY; i++) {
		probe_init(&probes[i], f, 'p');
		snprintf(names[i], sizeof(names[i]), "name%zu", i);
		probes[i].rows[0].kind = ENVOI_IQ_GET;
		probes[i].rows[0].ns = "urn:many";
		probes[i].rows[0].name = names[i];
		probe_add(&probes[i]);
		if (i == 4 || i == MANY - 1) {
			uint64_t before = f->router.rows_visited;
			route(f, "<iq type='get' id='1' from='a@b'><name3 xmlns='urn:many'/></iq>");
			assert_string_equal(written_text(&f->asked), "p");
			visited[i == 4 ? 0 : 1] = f->router.rows_visited - before;
		}
	}
	assert_int_equal(visited[0], 1);
	assert_int_equal(visited[1], 1);
	size_t longest = 0;
	for (size_t i = 0; i < f->router.rows.slot_count; i++) {
		size_t len = 0;
		const struct envoi__row_bucket *bucket = f->router.rows.slots[i];
		for (; bucket != NULL; bucket = bucket->next) {
			len++;
		}
		longest = len > longest ? len : longest;
	}
	assert_true(longest <= 12);
	for (size_t i = 0; i < MANY; i++) {
		probe_remove(&probes[i]);
	}
	free(names);
	free(probes);
}

static void payloads_of_one_name_cost_one_visit_of_a_row(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_MESSAGE;
	probe.rows[0].ns = "urn:x";
	probe.rows[0].name = "x";
	probe_add(&probe);
	uint64_t before = f->router.rows_visited;
	route(f, "<message><x xmlns='urn:x'/><x xmlns='urn:x'/><x xmlns='urn:x'/></message>");
	assert_string_equal(written_text(&f->asked), "p");
	assert_int_equal(f->router.rows_visited - before, 1);
	probe_remove(&probe);
}

enum {
	MANY = 100
};

/* As many handlers as payloads. @param xml  receives a message with all payloads
 * @param order  receives the letters in the order of the calls */
static void setup_many(struct router_fixture *f, struct probe probes[MANY], char names[MANY][16],
	struct envoi_buffer *xml, char order[MANY + 1])
{
	write_text(xml, "<message>");
	for (size_t i = 0; i < MANY; i++) {
		probe_init(&probes[i], f, (char)(' ' + i % 90));
		snprintf(names[i], sizeof(names[i]), "n%zu", i);
		probes[i].rows[0].kind = ENVOI_MESSAGE;
		probes[i].rows[0].ns = "urn:many";
		probes[i].rows[0].name = names[i];
		probes[i].rows[0].priority = (int)(i % 7);
		probe_add(&probes[i]);
		write_text(xml, "<%s xmlns='urn:many'/>", names[i]);
	}
	write_text(xml, "</message>");
	size_t len = 0;
	for (size_t priority = 7; priority-- > 0;) {
		for (size_t i = priority; i < MANY; i += 7) {
			order[len++] = probes[i].letter;
		}
	}
	order[len] = '\0';
}

static void a_stanza_with_very_many_payloads_is_delivered_in_order(void **state)
{
	struct router_fixture *f = *state;
	struct probe probes[MANY];
	char names[MANY][16], order[MANY + 1];
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, f->other, 0);
	setup_many(f, probes, names, &xml, order);
	route(f, written_text(&xml));
	assert_string_equal(written_text(&f->asked), order);
	size_t failures = 0;
	while (route_without_memory(f, written_text(&xml), failures + 1)) {
		failures++;
		assert_string_equal(written_text(&f->asked), "");
		assert_string_equal(written_text(&f->unhandled), "message: out of memory\n");
		forget_all(f);
	}
	assert_int_equal(failures, 2); /* room for 64 rows, then for 256 */
	assert_string_equal(written_text(&f->asked), order);
	for (size_t i = 0; i < MANY; i++) {
		probe_remove(&probes[i]);
	}
	envoi_buffer_finish(&xml);
}

/* --- changes while a stanza is on its way --- */

static void act_remove_other(struct probe *probe, struct envoi_delivery *in)
{
	(void)in;
	if (probe->other->member != NULL) {
		probe_remove(probe->other);
	}
}

static void act_add_other(struct probe *probe, struct envoi_delivery *in)
{
	(void)in;
	if (probe->other->member == NULL) {
		probe->code = envoi__router_add(
			&probe->f->router, &probe->other->member, &probe->other->base);
	}
}

/* Three handlers in every order of adding; one of them removes another or itself, or adds a
 * fourth. What is removed is not asked any more, what is added is asked from the next stanza on. */
static void changes_while_a_stanza_is_on_its_way_follow_the_documented_table(void **state)
{
	static const char *const orders[] = {"abc", "acb", "bac", "bca", "cab", "cba"};
	struct router_fixture *f = *state;
	for (size_t order = 0; order < 6; order++) {
		for (int actor = 0; actor < 3; actor++) {
			for (int victim = 0; victim < 4; victim++) {
				struct probe probes[4];
				char first[5] = "", second[5] = "";
				for (int i = 0; i < 4; i++) {
					probe_init(&probes[i], f, (char)('a' + i));
					probes[i].rows[0].kind = ENVOI_MESSAGE;
				}
				bool is_removed = false;
				for (const char *at = orders[order]; *at != '\0'; at++) {
					int i = *at - 'a';
					probe_add(&probes[i]);
					if (!(i == victim && is_removed)) {
						strncat(first, at, 1);
					}
					is_removed = is_removed || i == actor;
					if (i != victim) {
						strncat(second, at, 1);
					}
				}
				if (victim == 3) {
					strcat(second, "d");
				}
				probes[actor].act = victim == 3 ? act_add_other : act_remove_other;
				probes[actor].other = &probes[victim];
				route(f, "<message/>");
				assert_string_equal(written_text(&f->asked), first);
				route(f, "<message/>");
				assert_string_equal(written_text(&f->asked), second);
				for (int i = 0; i < 4; i++) {
					probe_remove(&probes[i]);
				}
				assert_int_equal(f->router.rows.bucket_count, 0);
			}
		}
	}
}

static void act_close(struct probe *probe, struct envoi_delivery *in)
{
	(void)in;
	envoi__router_close(&probe->f->router);
}

static void a_closed_router_calls_no_handler_and_sends_no_answer(void **state)
{
	struct router_fixture *f = *state;
	struct probe first, second;
	probe_init(&first, f, 'f');
	probe_init(&second, f, 's');
	first.rows[0].kind = second.rows[0].kind = ENVOI_IQ_GET;
	first.act = act_close;
	first.returns = ENVOI_DECLINED;
	probe_add(&first);
	probe_add(&second);
	route(f, get_time);
	assert_string_equal(written_text(&f->asked), "f");
	route(f, get_time);
	assert_string_equal(written_text(&f->asked), "");
	assert_int_equal(f->sent_count, 0);
	probe_remove(&first);
	probe_remove(&second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, router_setup, router_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_of_all_payloads_are_called_by_priority_and_then_by_age),
		TEST(a_handler_is_called_once_by_its_first_matching_row),
		TEST(a_row_without_type_never_sees_errors),
		TEST(before_login_only_rows_that_say_so_are_called),
		TEST(the_cost_of_a_stanza_does_not_grow_with_the_number_of_handlers),
		TEST(payloads_of_one_name_cost_one_visit_of_a_row),
		TEST(a_stanza_with_very_many_payloads_is_delivered_in_order),
		TEST(changes_while_a_stanza_is_on_its_way_follow_the_documented_table),
		TEST(a_closed_router_calls_no_handler_and_sends_no_answer),
	};
	return cmocka_run_group_tests_name("router/router", tests, NULL, NULL);
}
