/*
 * envoi - requests and their answers: tests
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

#include "router/requests.h"
#include "stanzas.h"
#include "test_allocator.h"

enum {
	LIMIT = 100000,
	TIMEOUT_MS = 30000,
};

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi__event_queue queue;
	struct envoi__requests requests;
	struct envoi_jid *own;
	struct envoi_buffer ended; /* a line for each */
	unsigned int ended_count;
	int last_code;
	struct envoi_request *to_cancel;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(test_allocator_context(&f->context, &f->allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&f->own, f->context, "me@example.org/here"), ENVOI_OK);
	envoi__event_queue_init(&f->queue, f->loop);
	envoi__requests_init(&f->requests, f->context, &f->queue, LIMIT, TIMEOUT_MS);
	envoi_buffer_init(&f->ended, f->context, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi__requests_end_all(&f->requests, ENVOI_ERR_CANCELED);
	envoi__event_queue_flush(&f->queue);
	envoi__requests_finish(&f->requests);
	envoi__event_queue_finish(&f->queue);
	envoi_buffer_finish(&f->ended);
	envoi_jid_unref(f->own);
	envoi_context_unref(f->context);
	size_t live = f->allocator.live;
	free(f);
	return live != 0;
}

static void run_for(struct fixture *f, uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, duration_ms), ENVOI_OK);
}

static void run(struct fixture *f)
{
	run_for(f, 0);
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct fixture *f = user;
	f->ended_count++;
	f->last_code = envoi_answer_code(answer);
	if (f->ended_count < 100) {
		write_text(&f->ended, "%s %s\n", envoi_error_name(f->last_code),
			envoi_answer_text(answer));
	}
	envoi_request_cancel(f->to_cancel);
	f->to_cancel = NULL;
}

static struct envoi_request *ask(struct fixture *f, const char *to, uint64_t timeout_ms,
	const struct envoi_payload_type *type)
{
	struct envoi_request *request;
	struct envoi_jid *asked = NULL;
	if (to != NULL) {
		assert_int_equal(envoi_jid_from_text(&asked, f->context, to), ENVOI_OK);
	}
	struct envoi__request_options options = {
		.asked = asked,
		.expected = type,
		.timeout_ms = timeout_ms,
		.done = on_answer,
		.user = f,
	};
	assert_int_equal(envoi__requests_add(&f->requests, &request, &options), ENVOI_OK);
	assert_int_equal(envoi__request_release(request, ENVOI_OK), ENVOI_OK);
	envoi_jid_unref(asked);
	return request;
}

static bool answer_with(struct fixture *f, const struct envoi_request *request, const char *type,
	const char *from, const char *content)
{
	char xml[1000];
	snprintf(xml, sizeof(xml), "<iq type='%s' id='%s'%s%s%s>%s</iq>", type,
		envoi__request_id(request), from == NULL ? "" : " from='", from == NULL ? "" : from,
		from == NULL ? "" : "'", content);
	struct envoi_stanza *stanza = stanza_from_text(f->context, xml);
	bool r = envoi__requests_answer(&f->requests, stanza, f->own);
	envoi_stanza_unref(stanza);
	return r;
}

/* --- the sender of an answer (RFC 6120, sections 8.1.2.1, 8.2.3; field: stanza forging) --- */

static const char *const addresses[] = {
	NULL, "example.org", "me@example.org", "me@example.org/here", "me@example.org/there",
	"you@example.org", "you@example.org/there", "conference.example.org",
	"example.org/resource", "other.example", "you@other.example/here",
	"ME@EXAMPLE.ORG/here", /* the same as own, in other letters */
	"@", /* not an address */
};

enum {
	ADDRESSES = sizeof(addresses) / sizeof(addresses[0]),
};

/* Rows: address of the request. Columns: sender of the answer. */
static const char *const allowed[ADDRESSES] = {
	/*                          none d me here there y yt c d/r o yo ME @ */
	/* none         */ "1111000000010",
	/* own domain   */ "1100000000000",
	/* own bare     */ "1010000000000",
	/* own full     */ "0001000000010",
	/* own, there   */ "0000100000000",
	/* you          */ "0000010000000",
	/* you/there    */ "0000001000000",
	/* conference   */ "0000000100000",
	/* domain/res   */ "0000000010000",
	/* other domain */ "0000000001000",
	/* you@other    */ "0000000000100",
	/* ME           */ "0001000000010",
	/* no address   */ NULL,
};

static void an_answer_counts_only_from_the_address_of_the_request(void **state)
{
	static const char *const types[] = {"result", "error"};
	struct fixture *f = *state;
	for (size_t asked = 0; asked < ADDRESSES - 1; asked++) {
		for (size_t from = 0; from < ADDRESSES; from++) {
			for (size_t type = 0; type < 2; type++) {
				struct envoi_request *request = ask(f, addresses[asked], 0, NULL);
				uint64_t ignored = f->requests.ignored;
				unsigned int ended = f->ended_count;
				bool counts = allowed[asked][from] == '1';
				bool taken = answer_with(
					f, request, types[type], addresses[from], "");
				run(f);
				if (taken != counts || f->ended_count != ended + counts ||
					f->requests.ignored != ignored + !counts ||
					f->requests.count != !counts) {
					print_error("asked %s, answer from %s\n", addresses[asked],
						addresses[from]);
					fail();
				}
				envoi__requests_end_all(&f->requests, ENVOI_ERR_CANCELED);
				run(f);
			}
		}
	}
}

static void without_an_own_address_no_alias_counts(void **state)
{
	struct fixture *f = *state;
	envoi_jid_unref(f->own);
	f->own = NULL;
	struct envoi_request *request = ask(f, NULL, 0, NULL);
	assert_false(answer_with(f, request, "result", "example.org", ""));
	assert_true(answer_with(f, request, "result", NULL, ""));
	request = ask(f, "example.org", 0, NULL);
	assert_false(answer_with(f, request, "result", NULL, ""));
	assert_true(answer_with(f, request, "result", "Example.Org", ""));
}

static void other_types_are_no_answers(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *request = ask(f, "a@b", 0, NULL);
	assert_false(answer_with(f, request, "get", "a@b", "<x xmlns='urn:x'/>"));
	assert_false(answer_with(f, request, "set", "a@b", "<x xmlns='urn:x'/>"));
	assert_int_equal(f->requests.count, 1);
	assert_true(answer_with(f, request, "result", "a@b", ""));
}

static void a_forged_answer_changes_nothing_for_the_right_one(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *request = ask(f, "a@b", 0, NULL);
	for (int i = 0; i < 1000; i++) {
		assert_false(answer_with(f, request, "error", "evil@b", "<error/>"));
	}
	assert_true(answer_with(f, request, "result", "A@B", ""));
	run(f);
	assert_string_equal(written_text(&f->ended), "ENVOI_OK success\n");
	assert_int_equal(f->requests.ignored, 1000);
}

static void ids_do_not_repeat_and_have_no_part_that_does(void **state)
{
	enum {
		MANY = 10000
	};
	struct fixture *f = *state;
	static unsigned int seen[ENVOI_ID_SIZE][128];
	for (int i = 0; i < MANY; i++) {
		struct envoi_request *request = ask(f, NULL, 0, NULL);
		const char *id = envoi__request_id(request);
		assert_int_equal(strlen(id), ENVOI_ID_SIZE - 1);
		for (size_t at = 0; at < ENVOI_ID_SIZE - 1; at++) {
			seen[at][(unsigned char)id[at]]++;
		}
	}
	assert_int_equal(f->requests.by_id.count, MANY); /* no two are equal */
	for (size_t at = 0; at < ENVOI_ID_SIZE - 2; at++) {
		for (int c = 0; c < 128; c++) {
			assert_true(seen[at][c] < MANY / 20);
		}
	}
}

/* --- exactly once --- */

static void callbacks_come_from_the_loop(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *request = ask(f, "a@b", 0, NULL);
	envoi_request_cancel(request);
	envoi_request_cancel(request);
	assert_int_equal(f->ended_count, 0);
	run(f);
	assert_string_equal(written_text(&f->ended), "ENVOI_ERR_CANCELED canceled\n");
	request = ask(f, "a@b", 0, NULL);
	assert_true(answer_with(f, request, "result", "a@b", ""));
	assert_false(answer_with(f, request, "result", "a@b", ""));
	envoi_request_cancel(request);
	assert_int_equal(f->ended_count, 1);
	run(f);
	assert_int_equal(f->ended_count, 2);
	assert_int_equal(f->last_code, ENVOI_OK);
}

static void timeouts_come_in_their_order(void **state)
{
	struct fixture *f = *state;
	static const uint64_t delays[] = {500, 100, 300, 100, 200, 0, 400};
	for (size_t i = 0; i < 7; i++) {
		ask(f, "a@b", delays[i], NULL);
	}
	static const unsigned int ended_at[] = {0, 2, 3, 4, 5, 6};
	for (size_t i = 1; i < 6; i++) {
		run_for(f, 99);
		assert_int_equal(f->ended_count, ended_at[i - 1]);
		run_for(f, 1);
		assert_int_equal(f->ended_count, ended_at[i]);
		assert_int_equal(f->last_code, ENVOI_ERR_TIMEOUT);
	}
	run_for(f, TIMEOUT_MS - 501);
	assert_int_equal(f->ended_count, 6);
	run_for(f, 1);
	assert_int_equal(f->ended_count, 7);
}

/* The second is due first, and takes the first place of the heap. */
static void a_later_request_may_time_out_earlier(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *late = ask(f, "a@b", 1000, NULL);
	ask(f, "a@b", 10, NULL);
	run_for(f, 10);
	assert_int_equal(f->ended_count, 1);
	assert_true(envoi_timer_is_started(&f->requests.timer));
	envoi_request_cancel(late);
	assert_false(envoi_timer_is_started(&f->requests.timer)); /* nothing is left on the loop */
	run(f);
	assert_int_equal(f->ended_count, 2);
}

static void the_second_of_two_may_time_out_first(void **state)
{
	struct fixture *f = *state;
	ask(f, "a@b", 500, NULL);
	ask(f, "a@b", 100, NULL);
	run_for(f, 100);
	assert_int_equal(f->ended_count, 1);
	run_for(f, 400);
	assert_int_equal(f->ended_count, 2);
	assert_false(envoi_timer_is_started(&f->requests.timer));
}

static void spared_requests_time_out_when_they_would_have(void **state)
{
	struct fixture *f = *state;
	static const uint64_t delays[] = {50, 300, 20, 200, 100, 400, 450};
	for (size_t i = 0; i < 7; i++) {
		uint64_t number = envoi__request_number(ask(f, "a@b", delays[i], NULL));
		if (delays[i] % 100 == 0) {
			envoi__requests_spare(&f->requests, number);
		}
	}
	envoi__requests_end_all(&f->requests, ENVOI_ERR_DISCONNECTED);
	run(f);
	assert_int_equal(f->ended_count, 3);
	assert_int_equal(f->last_code, ENVOI_ERR_DISCONNECTED);
	for (unsigned int i = 4; i <= 7; i++) {
		run_for(f, 99);
		assert_int_equal(f->ended_count, i - 1);
		run_for(f, 1);
		assert_int_equal(f->ended_count, i);
		assert_int_equal(f->last_code, ENVOI_ERR_TIMEOUT);
	}
	assert_int_equal(f->requests.count, 0);
}

static void requests_are_spared_once(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *request = ask(f, "a@b", 100, NULL);
	envoi__requests_spare(&f->requests, envoi__request_number(request));
	envoi__requests_end_all(&f->requests, ENVOI_ERR_DISCONNECTED);
	run(f);
	assert_int_equal(f->ended_count, 0);
	envoi__requests_end_all(&f->requests, ENVOI_ERR_DISCONNECTED);
	run(f);
	assert_int_equal(f->ended_count, 1);
	assert_false(envoi_timer_is_started(&f->requests.timer));
}

static void no_timer_is_left_of_a_cancelled_request(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *request = ask(f, "a@b", 500, NULL);
	assert_true(envoi_timer_is_started(&f->requests.timer));
	envoi_request_cancel(request);
	assert_false(envoi_timer_is_started(&f->requests.timer));
}

static void an_answer_after_the_timeout_is_ignored(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *request = ask(f, "a@b", 10, NULL);
	char id[ENVOI_ID_SIZE], xml[200];
	strcpy(id, envoi__request_id(request));
	run_for(f, 20);
	assert_int_equal(f->ended_count, 1);
	snprintf(xml, sizeof(xml), "<iq type='result' from='a@b' id='%s'/>", id);
	struct envoi_stanza *stanza = stanza_from_text(f->context, xml);
	assert_false(envoi__requests_answer(&f->requests, stanza, f->own));
	envoi_stanza_unref(stanza);
	run(f);
	assert_int_equal(f->ended_count, 1);
	assert_int_equal(f->requests.ignored, 1);
}

static void a_hundred_thousand_requests_to_a_silent_peer_leave_nothing(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < LIMIT; i++) {
		ask(f, "a@b", 1 + (uint64_t)(i * 7919 % 60000), NULL);
	}
	struct envoi_request *request;
	struct envoi__request_options options = {.done = on_answer, .user = f};
	assert_int_equal(envoi__requests_add(&f->requests, &request, &options), ENVOI_ERR_FULL);
	run_for(f, 60000);
	assert_int_equal(f->ended_count, LIMIT);
	assert_int_equal(f->last_code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(f->requests.count, 0);
	assert_int_equal(f->requests.by_id.count, 0);
	assert_false(envoi_timer_is_started(&f->requests.timer));
}

static void a_callback_may_cancel_another_request(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *first = ask(f, "a@b", 0, NULL);
	f->to_cancel = ask(f, "a@b", 0, NULL);
	assert_true(answer_with(f, first, "result", "a@b", ""));
	run(f);
	run(f);
	assert_string_equal(
		written_text(&f->ended), "ENVOI_OK success\nENVOI_ERR_CANCELED canceled\n");
}

static void a_request_that_was_not_sent_has_no_callback(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *request;
	struct envoi__request_options options = {.done = on_answer, .user = f};
	assert_int_equal(envoi__requests_add(&f->requests, &request, &options), ENVOI_OK);
	assert_int_equal(envoi__request_release(request, ENVOI_ERR_FULL), ENVOI_ERR_FULL);
	assert_int_equal(f->requests.count, 0);
	assert_int_equal(envoi__requests_add(&f->requests, &request, &options), ENVOI_OK);
	envoi__requests_end_all(&f->requests, ENVOI_ERR_CANCELED);
	assert_int_equal(envoi__request_release(request, ENVOI_OK), ENVOI_ERR_STATE);
	run(f);
	assert_int_equal(f->ended_count, 0);
}

/* --- without memory --- */

/* Each allocation fails in turn, then none does. */
static struct envoi_request *ask_without_memory(struct fixture *f, struct envoi_jid *asked)
{
	struct envoi__request_options options = {.asked = asked, .done = on_answer, .user = f};
	struct envoi_request *request;
	size_t count = f->requests.count;
	int r = ENVOI_ERR_NOMEM;
	for (size_t n = 1; r != ENVOI_OK; n++) {
		f->allocator.fail_at = f->allocator.calls + n;
		r = envoi__requests_add(&f->requests, &request, &options);
		f->allocator.fail_at = 0;
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		assert_int_equal(f->requests.count, count + (r == ENVOI_OK));
	}
	assert_int_equal(envoi__request_release(request, ENVOI_OK), ENVOI_OK);
	return request;
}

static void a_request_without_memory_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct envoi_request *requests[100];
	struct envoi_jid *asked;
	assert_int_equal(envoi_jid_from_text(&asked, f->context, "a@b"), ENVOI_OK);
	for (size_t i = 0; i < 100; i++) {
		requests[i] = ask_without_memory(f, asked);
	}
	envoi_jid_unref(asked);
	for (size_t i = 0; i < 100; i += 2) { /* by id, and by number */
		assert_true(answer_with(f, requests[i], "result", "a@b", ""));
		envoi__requests_end(
			&f->requests, envoi__request_number(requests[i + 1]), ENVOI_ERR_CANCELED);
	}
	run(f);
	assert_int_equal(f->ended_count, 100);
	assert_int_equal(f->requests.count, 0);
}

/* --- what came --- */

struct weather {
	int64_t celsius;
	char *place;
};

static const struct envoi_field weather_fields[] = {
	ENVOI_ATTR_INT(struct weather, celsius, "celsius", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct weather, place, "place", 0, .max_bytes = 4),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type weather_type = ENVOI_PAYLOAD_TYPE(
	struct weather, "urn:example:weather", "report", weather_fields);

static void results_are_decoded_before_the_callback(void **state)
{
	static const struct {
		const char *type, *content, *ended;
	} cases[] = {
		{"result", "<report xmlns='urn:example:weather' celsius='7'/>",
			"ENVOI_OK success\n"},
		{"result", "", "ENVOI_ERR_PROTOCOL the answer has no report\n"},
		{"result", "<report xmlns='urn:else' celsius='7'/>",
			"ENVOI_ERR_PROTOCOL the answer has no report\n"},
		{"error",
			"<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
			"</error>",
			"ENVOI_ERR_STANZA gone\n"},
		{"error",
			"<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
			"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Moved.</text></error>",
			"ENVOI_ERR_STANZA Moved.\n"},
		{"error", "", "ENVOI_ERR_STANZA undefined-condition\n"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envoi_request *request = ask(f, "a@b", 0, &weather_type);
		assert_true(answer_with(f, request, cases[i].type, "a@b", cases[i].content));
		forget_text(&f->ended);
		run(f);
		assert_string_equal(written_text(&f->ended), cases[i].ended);
	}
}

static void a_result_with_a_bad_payload_names_the_place(void **state)
{
	static const struct {
		const char *content, *place;
	} cases[] = {
		{"<report xmlns='urn:example:weather' celsius='hot'/>", "celsius"},
		{"<report xmlns='urn:example:weather' celsius='7' place='Bergen'/>", "place"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envoi_request *request = ask(f, "a@b", 0, &weather_type);
		assert_true(answer_with(f, request, "result", "a@b", cases[i].content));
		forget_text(&f->ended);
		run(f);
		assert_int_equal(f->last_code, ENVOI_ERR_PROTOCOL);
		assert_non_null(strstr(written_text(&f->ended), cases[i].place));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_counts_only_from_the_address_of_the_request),
		TEST(without_an_own_address_no_alias_counts),
		TEST(other_types_are_no_answers),
		TEST(a_forged_answer_changes_nothing_for_the_right_one),
		TEST(ids_do_not_repeat_and_have_no_part_that_does),
		TEST(callbacks_come_from_the_loop),
		TEST(timeouts_come_in_their_order),
		TEST(a_later_request_may_time_out_earlier),
		TEST(the_second_of_two_may_time_out_first),
		TEST(spared_requests_time_out_when_they_would_have),
		TEST(requests_are_spared_once),
		TEST(no_timer_is_left_of_a_cancelled_request),
		TEST(an_answer_after_the_timeout_is_ignored),
		TEST(a_hundred_thousand_requests_to_a_silent_peer_leave_nothing),
		TEST(a_callback_may_cancel_another_request),
		TEST(a_request_that_was_not_sent_has_no_callback),
		TEST(a_request_without_memory_changes_nothing),
		TEST(results_are_decoded_before_the_callback),
		TEST(a_result_with_a_bad_payload_names_the_place),
	};
	return cmocka_run_group_tests_name("router/requests", tests, NULL, NULL);
}
