/*
 * envoi - Entity Time: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/entity_time.h>

#include "test_allocator.h"
#include "wire.h"

/* XEP-0202, examples 1 and 2 */
static const char question[] =
	"<iq type='get' from='romeo@montague.net/orchard' to='me@example.org/here' id='time_1'>"
	"<time xmlns='urn:xmpp:time'/></iq>";
static const int64_t example_ms = INT64_C(1166551115000); /* 2006-12-19T17:58:35Z */

#define ANSWER(zone, utc) \
	"<iq type='result' to='romeo@montague.net/orchard' from='me@example.org/here' " \
	"id='time_1'><time xmlns='urn:xmpp:time'><tzo>" zone "</tzo><utc>" utc \
	"</utc></time></iq>"

struct fixture {
	struct wire wire;
	int64_t now_ms;
};

static int64_t wall_clock(void *user)
{
	return ((struct fixture *)user)->now_ms;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->now_ms = example_ms;
	wire_init(&f->wire,
		&(struct envoi_context_options){.wall_clock = wall_clock, .wall_clock_user = f});
	wire_go_online(&f->wire);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	wire_finish(&f->wire);
	free(f);
	return 0;
}

static void attach(struct fixture *f, int zone_minutes)
{
	struct envoi_handler *handler;
	assert_int_equal(
		envoi_entity_time_handler_new(&handler, f->wire.context, zone_minutes), ENVOI_OK);
	wire_add(&f->wire, handler);
}

/* --- answering --- */

static void without_a_handler_no_time_is_sent(void **state)
{
	struct fixture *f = *state;
	assert_non_null(strstr(wire_talk(&f->wire, question), "service-unavailable"));
	attach(f, 0);
	wire_remove(&f->wire);
	assert_non_null(strstr(wire_talk(&f->wire, question), "service-unavailable"));
}

static void the_time_of_the_contexts_clock_is_sent(void **state)
{
	struct fixture *f = *state;
	attach(f, -360);
	assert_string_equal(
		wire_talk(&f->wire, question), ANSWER("-06:00", "2006-12-19T17:58:35Z"));
	f->now_ms += 86400000 + 5;
	assert_string_equal(
		wire_talk(&f->wire, question), ANSWER("-06:00", "2006-12-20T17:58:35.005Z"));
}

static void the_zone_can_be_changed(void **state)
{
	struct fixture *f = *state;
	attach(f, 0);
	assert_string_equal(wire_talk(&f->wire, question), ANSWER("Z", "2006-12-19T17:58:35Z"));
	assert_int_equal(envoi_entity_time_set_zone(f->wire.added, 345), ENVOI_OK);
	assert_string_equal(
		wire_talk(&f->wire, question), ANSWER("+05:45", "2006-12-19T17:58:35Z"));
	assert_int_equal(envoi_entity_time_set_zone(f->wire.added, 841), ENVOI_ERR_INVALID);
	assert_string_equal(
		wire_talk(&f->wire, question), ANSWER("+05:45", "2006-12-19T17:58:35Z"));
}

static void zones_reach_fourteen_hours(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_entity_time_handler_new(&f->wire.added, f->wire.context, 841),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_entity_time_handler_new(&f->wire.added, f->wire.context, -841),
		ENVOI_ERR_INVALID);
	assert_null(f->wire.added);
	attach(f, 840);
	assert_string_equal(
		wire_talk(&f->wire, question), ANSWER("+14:00", "2006-12-19T17:58:35Z"));
	assert_int_equal(envoi_entity_time_set_zone(f->wire.added, -840), ENVOI_OK);
	assert_string_equal(
		wire_talk(&f->wire, question), ANSWER("-14:00", "2006-12-19T17:58:35Z"));
}

/* A year of five digits has no form in XEP-0082. */
static void a_clock_beyond_all_dates_is_an_error_of_this_side(void **state)
{
	struct fixture *f = *state;
	attach(f, 0);
	f->now_ms = INT64_MAX;
	const char *heard = wire_talk(&f->wire, question);
	assert_non_null(strstr(heard, "type='error'"));
	assert_non_null(strstr(heard, "internal-server-error"));
}

static void only_a_get_is_a_question(void **state)
{
	struct fixture *f = *state;
	attach(f, 0);
	assert_non_null(strstr(wire_talk(&f->wire,
				       "<iq type='set' from='a@b/c' id='t'>"
				       "<time xmlns='urn:xmpp:time'/></iq>"),
		"service-unavailable"));
	assert_non_null(strstr(wire_talk(&f->wire,
				       "<iq type='get' from='a@b/c' id='t'>"
				       "<query xmlns='jabber:iq:time'/></iq>"),
		"service-unavailable"));
	assert_non_null(strstr(wire_talk(&f->wire,
				       "<iq type='get' from='a@b/c' id='t'>"
				       "<time xmlns='urn:xmpp:time'><tzo>x</tzo></time></iq>"),
		"<tzo>Z</tzo>"));
}

/* --- asking --- */

#define TIME(content) "<time xmlns='urn:xmpp:time'>" content "</time>"
#define UTC "<utc>2006-12-19T17:58:35Z</utc>"

struct seen {
	int code;
	struct envoi_entity_time time;
};

static void on_time(void *user, const struct envoi_answer *answer)
{
	struct seen *seen = user;
	const struct envoi_entity_time *time = envoi_answer_payload(answer);
	seen->code = envoi_answer_code(answer);
	if (time != NULL) {
		seen->time = *time;
	}
}

/* The request is answered with @p content in the result. */
static struct seen ask(struct wire *wire, const char *content)
{
	struct seen seen = {.code = 1};
	assert_int_equal(
		envoi_entity_time_get(wire->session, "a@b/c", 0, on_time, &seen, NULL), ENVOI_OK);
	const char *request = wire_answer(wire, "a@b/c", content);
	assert_non_null(strstr(request, "<time xmlns='urn:xmpp:time'/>"));
	return seen;
}

static void an_answer_is_decoded(void **state)
{
	struct fixture *f = *state;
	struct seen seen = ask(&f->wire, TIME("<tzo>-06:00</tzo>" UTC));
	assert_int_equal(seen.code, ENVOI_OK);
	assert_int_equal(seen.time.zone_minutes, -360);
	assert_true(seen.time.utc_ms == example_ms);
}

static void a_malformed_answer_is_an_error(void **state)
{
	struct fixture *f = *state;
	static const char *const malformed[] = {
		"",
		"<time xmlns='urn:xmpp:time'/>",
		TIME("<tzo>Z</tzo>"),
		TIME(UTC),
		TIME("<tzo/>" UTC),
		TIME("<tzo>+14:01</tzo>" UTC),
		TIME("<tzo>Z</tzo><utc>20061219T17:58:35</utc>"),
		TIME("<tzo>Z</tzo><tzo>Z</tzo>" UTC),
		"<time xmlns='urn:other'><tzo>Z</tzo><utc>2006-12-19T17:58:35Z</utc></time>",
	};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		if (ask(&f->wire, malformed[i]).code != ENVOI_ERR_PROTOCOL) {
			fail_msg("%s", malformed[i]);
		}
	}
}

static void a_request_without_address_is_for_the_server(void **state)
{
	struct wire *wire = &((struct fixture *)*state)->wire;
	struct seen seen = {.code = 1};
	assert_int_equal(
		envoi_entity_time_get(wire->session, NULL, 1000, on_time, &seen, NULL), ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), " to='example.org'"));
	wire_run(wire, 999);
	assert_int_equal(seen.code, 1);
	wire_run(wire, 1);
	assert_int_equal(seen.code, ENVOI_ERR_TIMEOUT);
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	int r = ENVOI_ERR_NOMEM;
	for (size_t k = 2; r == ENVOI_ERR_NOMEM; k++) {
		struct test_allocator allocator = {.fail_at = k};
		struct envoi_context *context;
		struct envoi_handler *handler = NULL;
		assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
		r = envoi_entity_time_handler_new(&handler, context, 60);
		envoi_handler_destroy(handler);
		envoi_context_unref(context);
		assert_int_equal(allocator.live, 0);
	}
	assert_int_equal(r, ENVOI_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_handler_no_time_is_sent),
		TEST(the_time_of_the_contexts_clock_is_sent),
		TEST(the_zone_can_be_changed),
		TEST(zones_reach_fourteen_hours),
		TEST(a_clock_beyond_all_dates_is_an_error_of_this_side),
		TEST(only_a_get_is_a_question),
		TEST(an_answer_is_decoded),
		TEST(a_malformed_answer_is_an_error),
		TEST(a_request_without_address_is_for_the_server),
		cmocka_unit_test(a_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("ext/entity_time", tests, NULL, NULL);
}
