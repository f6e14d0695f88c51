/*
 * envoi - deliveries: tests of answers, promises and payloads
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

/* --- exactly one answer --- */

static void what_an_iq_handler_returns_decides_the_answer(void **state)
{
	static const struct {
		int returns;
		const char *condition; /* NULL: an empty result */
	} cases[] = {
		{ENVOI_OK, NULL},
		{ENVOI_STOP, NULL},
		{ENVOI_DECLINED, "service-unavailable"},
		{ENVOI_ERR_INVALID, "internal-server-error"},
		{ENVOI_ERR_SYSTEM, "internal-server-error"},
		{ENVOI_ERR_NOMEM, "resource-constraint"},
		{ENVOI_ERR_FULL, "resource-constraint"},
		{ENVOI_ERR_XML, "bad-request"},
		{ENVOI_ERR_PROTOCOL, "bad-request"},
		{ENVOI_ERR_LIMIT, "bad-request"},
	};
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_IQ_GET;
	probe_add(&probe);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		forget_all(f);
		probe.returns = cases[i].returns;
		route(f, get_time);
		if (cases[i].condition != NULL) {
			assert_sent_error(f, cases[i].condition);
		} else {
			assert_int_equal(f->sent_count, 1);
			assert_non_null(strstr(written_text(&f->sent), "type='result'"));
		}
	}
	assert_string_equal(written_text(&f->unhandled), "");
	probe_remove(&probe);
}

static void a_failing_handler_of_a_message_is_reported_and_the_next_is_called(void **state)
{
	struct router_fixture *f = *state;
	struct probe bad, good;
	probe_init(&bad, f, 'b');
	probe_init(&good, f, 'g');
	bad.rows[0].kind = good.rows[0].kind = ENVOI_MESSAGE;
	bad.returns = ENVOI_ERR_PROTOCOL;
	probe_add(&bad);
	probe_add(&good);
	route(f, "<message from='a@b/c'><body>x</body></message>");
	assert_string_equal(written_text(&f->asked), "bg");
	assert_int_equal(f->sent_count, 0);
	assert_memory_equal(written_text(&f->unhandled), "message: ", 9);
	probe_remove(&bad);
	probe_remove(&good);
}

static void requests_without_exactly_one_payload_are_bad(void **state)
{
	static const char *const cases[] = {
		"<iq type='get' id='1' from='a@b/c'/>",
		"<iq type='set' id='1' from='a@b/c'>text</iq>",
		"<iq type='get' id='1' from='a@b/c'><x xmlns='urn:x'/><y xmlns='urn:y'/></iq>",
	};
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_IQ_GET;
	probe.rows[1].kind = ENVOI_IQ_SET;
	probe_add(&probe);
	for (size_t i = 0; i < 3; i++) {
		forget_all(f);
		route(f, cases[i]);
		assert_sent_error(f, "bad-request");
		assert_string_equal(written_text(&f->asked), "");
	}
	probe_remove(&probe);
}

static void an_iq_without_id_is_reported_and_one_without_type_is_answered(void **state)
{
	struct router_fixture *f = *state;
	struct envoi_element *element = element_from_text(
		f->context, "<iq type='get'><x xmlns='urn:x'/></iq>");
	envoi__router_refuse(&f->router, element);
	envoi_element_unref(element);
	assert_int_equal(f->sent_count, 0);
	assert_memory_equal(written_text(&f->unhandled), "-: ", 3);
	element = element_from_text(f->context,
		"<iq id='1' from='a@b/c' to='me@x/y' type='&apos;/&gt;'><x xmlns='urn:x'/></iq>");
	envoi__router_refuse(&f->router, element);
	envoi_element_unref(element);
	assert_sent_error(f, "bad-request");
	assert_non_null(strstr(written_text(&f->sent), "from='me@x/y'"));
}

static void results_and_errors_are_never_answered(void **state)
{
	struct router_fixture *f = *state;
	route(f, "<iq type='result' id='1' from='a@b/c'/>");
	route(f, "<iq type='error' id='1' from='a@b/c'><error/></iq>");
	assert_int_equal(f->sent_count, 0);
}

static const struct envoi_payload_type time_type = ENVOI_PAYLOAD_EMPTY("urn:xmpp:time", "time");

static void act_reply_twice(struct probe *probe, struct envoi_delivery *in)
{
	probe->code = envoi_reply_result(in, &time_type, NULL);
	if (probe->code == ENVOI_OK &&
		(envoi_reply_result(in, NULL, NULL) != ENVOI_ERR_STATE ||
			envoi_reply_error(in, ENVOI_GONE, NULL) != ENVOI_ERR_STATE ||
			envoi_reply(in, envoi_iq_result_new(envoi_delivery_stanza(in))) !=
				ENVOI_ERR_STATE ||
			envoi_delivery_defer(in, &probe->promise) != ENVOI_ERR_STATE)) {
		probe->code = ENVOI_ERR_SYSTEM;
	}
}

static void a_request_is_answered_once_however_often_its_handler_tries(void **state)
{
	static const int returns[] = {
		ENVOI_OK, ENVOI_STOP, ENVOI_DECLINED, ENVOI_ERR_NOMEM, ENVOI_ERR_PROTOCOL};
	struct router_fixture *f = *state;
	struct probe probe, next;
	probe_init(&probe, f, 'p');
	probe_init(&next, f, 'n');
	probe.rows[0].kind = next.rows[0].kind = ENVOI_IQ_GET;
	probe.act = act_reply_twice;
	probe_add(&probe);
	probe_add(&next);
	for (size_t i = 0; i < sizeof(returns) / sizeof(returns[0]); i++) {
		forget_all(f);
		probe.returns = returns[i];
		route(f, get_time);
		assert_int_equal(probe.code, ENVOI_OK);
		assert_int_equal(f->sent_count, 1);
		assert_string_equal(written_text(&f->asked), "p");
		assert_string_equal(written_text(&f->sent),
			"<iq type='result' to='a@b/c' from='me@x/y' id='1'>"
			"<time xmlns='urn:xmpp:time'/></iq>\n");
	}
	probe_remove(&probe);
	probe_remove(&next);
}

static void act_reply_payload(struct probe *probe, struct envoi_delivery *in)
{
	probe->code = envoi_reply(in, stanza_from_text(probe->f->context, probe->payload));
}

static void a_stanza_that_does_not_answer_the_request_is_refused(void **state)
{
	static const char *const cases[] = {
		"<iq type='result' id='2' to='a@b/c'/>",
		"<iq type='result' id='1' to='a@b/d'/>",
		"<iq type='error' id='1'/>",
		"<iq type='get' id='1' to='a@b/c'><time xmlns='urn:xmpp:time'/></iq>",
		"<message type='error' id='1' to='a@b/c'/>",
	};
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_IQ_GET;
	probe.act = act_reply_payload;
	probe_add(&probe);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		forget_all(f);
		probe.payload = cases[i];
		route(f, get_time);
		assert_int_equal(probe.code, ENVOI_ERR_INVALID);
		assert_string_equal(written_text(&f->sent),
			"<iq type='result' to='a@b/c' from='me@x/y' id='1'/>\n");
	}
	probe_remove(&probe);
}

static void a_stanza_that_answers_the_request_is_sent(void **state)
{
	static const char answer[] = "<iq type='result' id='1' to='a@b/c'><x xmlns='urn:x'/></iq>";
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_IQ_GET;
	probe.act = act_reply_payload;
	probe.payload = answer;
	probe_add(&probe);
	route(f, get_time);
	assert_int_equal(probe.code, ENVOI_OK);
	assert_int_equal(f->sent_count, 1);
	assert_non_null(strstr(written_text(&f->sent), "<x xmlns='urn:x'/>"));
	probe_remove(&probe);
}

static void act_change_epoch(struct probe *probe, struct envoi_delivery *in)
{
	probe->f->epoch++;
	probe->code = envoi_reply_error(in, ENVOI_GONE, NULL);
}

static void a_request_is_not_answered_after_its_epoch(void **state)
{
	static const int returns[] = {ENVOI_OK, ENVOI_DECLINED, ENVOI_ERR_INVALID};
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_IQ_GET;
	probe.act = act_change_epoch;
	probe_add(&probe);
	for (size_t i = 0; i < sizeof(returns) / sizeof(returns[0]); i++) {
		probe.returns = returns[i];
		route(f, get_time);
		assert_string_equal(written_text(&f->asked), "p");
		assert_int_equal(probe.code, ENVOI_ERR_STATE);
		assert_int_equal(f->sent_count + f->dropped_count, 0);
	}
	probe_remove(&probe);
}

static void automatic_answers_are_dropped_when_there_is_no_room(void **state)
{
	struct router_fixture *f = *state;
	f->is_full = true;
	for (int i = 0; i < 1000; i++) {
		route(f, get_time);
	}
	assert_int_equal(f->sent_count, 0);
	assert_int_equal(f->dropped_count, 1000);
}

/* --- promises --- */

static void act_defer(struct probe *probe, struct envoi_delivery *in)
{
	probe->code = envoi_delivery_defer(in, &probe->promise);
}

static void setup_deferring(struct probe *probe, struct router_fixture *f)
{
	probe_init(probe, f, 'p');
	probe->rows[0].kind = ENVOI_IQ_GET;
	probe->rows[1].kind = ENVOI_MESSAGE;
	probe->act = act_defer;
	probe_add(probe);
}

static void a_promise_is_ended_by_each_of_its_ways(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	setup_deferring(&probe, f);
	for (int way = 0; way < 6; way++) {
		forget_all(f);
		route(f, get_time);
		assert_int_equal(probe.code, ENVOI_OK);
		assert_int_equal(f->sent_count, 0);
		assert_int_equal(f->router.deferred, 1);
		const struct envoi_stanza *request = envoi_promise_stanza(probe.promise);
		switch (way) {
		case 0:
			assert_int_equal(
				envoi_promise_result(probe.promise, &time_type, NULL), ENVOI_OK);
			break;
		case 1:
			assert_int_equal(
				envoi_promise_error(probe.promise, ENVOI_GONE, "no"), ENVOI_OK);
			assert_sent_error(f, "gone");
			break;
		case 2:
			assert_int_equal(
				envoi_promise_reply(probe.promise, envoi_iq_result_new(request)),
				ENVOI_OK);
			break;
		case 3:
			assert_int_equal(envoi_promise_reply(probe.promise,
						 envoi_stanza_error_new(request, ENVOI_GONE, NULL)),
				ENVOI_OK);
			assert_sent_error(f, "gone");
			break;
		case 4:
			envoi_promise_drop(probe.promise);
			assert_sent_error(f, "internal-server-error");
			break;
		default:
			assert_int_equal(envoi_promise_reply(probe.promise, NULL), ENVOI_ERR_NOMEM);
			assert_sent_error(f, "resource-constraint");
			break;
		}
		assert_int_equal(f->sent_count, 1);
		assert_int_equal(f->router.deferred, 0);
	}
	probe_remove(&probe);
}

static void the_result_of_a_promise_that_cannot_be_sent_is_an_error(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	setup_deferring(&probe, f);
	route(f, get_time);
	f->is_full = true;
	assert_int_equal(envoi_promise_result(probe.promise, NULL, NULL), ENVOI_ERR_FULL);
	assert_int_equal(f->sent_count, 0);
	assert_int_equal(f->dropped_count, 0);
	probe_remove(&probe);
}

static void too_many_promises_are_refused_with_resource_constraint(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	struct envoi_promise *promises[3];
	setup_deferring(&probe, f);
	for (size_t i = 0; i < 3; i++) {
		route(f, get_time);
		promises[i] = probe.promise;
	}
	assert_int_equal(f->sent_count, 0);
	probe.returns = ENVOI_ERR_FULL;
	route(f, get_time);
	assert_int_equal(probe.code, ENVOI_ERR_FULL);
	assert_sent_error(f, "resource-constraint");
	for (size_t i = 0; i < 3; i++) {
		envoi_promise_drop(promises[i]);
	}
	assert_int_equal(f->sent_count, 4);
	probe_remove(&probe);
}

static void a_deferred_request_goes_to_no_other_handler(void **state)
{
	static const int returns[] = {ENVOI_OK, ENVOI_STOP, ENVOI_DECLINED};
	struct router_fixture *f = *state;
	struct probe probe, next;
	setup_deferring(&probe, f);
	probe_init(&next, f, 'n');
	next.rows[0].kind = ENVOI_IQ_GET;
	probe_add(&next);
	for (size_t i = 0; i < sizeof(returns) / sizeof(returns[0]); i++) {
		forget_all(f);
		probe.returns = returns[i];
		route(f, get_time);
		assert_string_equal(written_text(&f->asked), "p");
		assert_int_equal(f->sent_count, 0);
		assert_int_equal(envoi_promise_result(probe.promise, NULL, NULL), ENVOI_OK);
	}
	probe_remove(&probe);
	probe_remove(&next);
}

static void only_requests_can_be_deferred(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	setup_deferring(&probe, f);
	route(f, "<message from='a@b/c'/>");
	assert_int_equal(probe.code, ENVOI_ERR_INVALID);
	probe_remove(&probe);
}

static void a_handler_that_fails_after_deferring_is_answered_for(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	setup_deferring(&probe, f);
	probe.returns = ENVOI_ERR_NOMEM;
	route(f, get_time);
	assert_sent_error(f, "resource-constraint");
	assert_int_equal(f->router.deferred, 0);
	assert_int_equal(envoi_promise_result(probe.promise, NULL, NULL), ENVOI_ERR_STATE);
	assert_int_equal(f->sent_count, 1);
	probe_remove(&probe);
}

static void act_defer_and_end(struct probe *probe, struct envoi_delivery *in)
{
	act_defer(probe, in);
	envoi_promise_result(probe->promise, NULL, NULL);
	if (envoi_reply_result(in, NULL, NULL) != ENVOI_ERR_STATE) {
		probe->code = ENVOI_ERR_SYSTEM;
	}
}

static void a_promise_may_end_before_its_handler_returns(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	setup_deferring(&probe, f);
	probe.act = act_defer_and_end;
	probe.returns = ENVOI_ERR_NOMEM;
	route(f, get_time);
	assert_int_equal(probe.code, ENVOI_OK);
	assert_int_equal(f->sent_count, 1);
	probe_remove(&probe);
}

static void promises_outlive_their_router_and_do_nothing(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	setup_deferring(&probe, f);
	route(f, get_time);
	struct envoi_promise *promises[2] = {probe.promise, NULL};
	route(f, get_time);
	promises[1] = probe.promise;
	envoi__router_close(&f->router);
	assert_int_equal(f->router.deferred, 0);
	probe_remove(&probe);
	envoi_promise_drop(promises[0]);
	assert_int_equal(envoi_promise_reply(promises[1],
				 envoi_iq_result_new(envoi_promise_stanza(promises[1]))),
		ENVOI_ERR_STATE);
	envoi_promise_drop(NULL);
	assert_int_equal(f->sent_count, 0);
}

/* --- payloads --- */

struct weather {
	int64_t celsius;
};

struct place {
	const char *name;
};

static const struct envoi_field weather_fields[] = {
	ENVOI_ATTR_INT(struct weather, celsius, "celsius", ENVOI_REQUIRED, .min = -100, .max = 100),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type weather_type = ENVOI_PAYLOAD_TYPE(
	struct weather, "urn:example:weather", "report", weather_fields);

static void act_look(struct probe *probe, struct envoi_delivery *in)
{
	const struct weather *weather = envoi_delivery_payload(in, &weather_type);
	probe->payload = weather;
	probe->code = weather == NULL ? -1 : (int)weather->celsius;
	if (envoi_delivery_payload(in, &time_type) != NULL ||
		!envoi_element_is(envoi_delivery_element(in), "urn:example:weather", "report")) {
		probe->code = -1000;
	}
}

static void setup_typed(struct probe probes[3], struct router_fixture *f)
{
	for (int i = 0; i < 3; i++) {
		probe_init(&probes[i], f, (char)('a' + i));
		probes[i].rows[0].kind = ENVOI_MESSAGE;
		probes[i].rows[1].kind = ENVOI_IQ_SET;
		if (i < 2) {
			probes[i].rows[0].payload = probes[i].rows[1].payload = &weather_type;
			probes[i].act = act_look;
		}
		probes[i].returns = ENVOI_DECLINED;
		probe_add(&probes[i]);
	}
}

static void payloads_are_decoded_once_before_their_handlers_run(void **state)
{
	struct router_fixture *f = *state;
	struct probe probes[3];
	setup_typed(probes, f);
	route(f, "<message><report xmlns='urn:example:weather' celsius='-3'/></message>");
	assert_string_equal(written_text(&f->asked), "abc");
	assert_int_equal(probes[0].code, -3);
	assert_non_null(probes[0].payload);
	assert_ptr_equal(probes[0].payload, probes[1].payload);
	for (int i = 0; i < 3; i++) {
		probe_remove(&probes[i]);
	}
}

static void a_malformed_payload_of_a_request_is_answered_without_its_handler(void **state)
{
	struct router_fixture *f = *state;
	struct probe probes[3];
	setup_typed(probes, f);
	route(f,
		"<iq type='set' id='1' from='a@b/c'>"
		"<report xmlns='urn:example:weather' celsius='101'/></iq>");
	assert_string_equal(written_text(&f->asked), "");
	assert_sent_error(f, "bad-request");
	assert_non_null(strstr(written_text(&f->sent), "celsius"));
	for (int i = 0; i < 3; i++) {
		probe_remove(&probes[i]);
	}
}

static void a_malformed_payload_of_a_message_is_reported_once_and_others_are_called(void **state)
{
	struct router_fixture *f = *state;
	struct probe probes[3];
	setup_typed(probes, f);
	route(f, "<message><report xmlns='urn:example:weather'/></message>");
	assert_string_equal(written_text(&f->asked), "c");
	assert_int_equal(f->sent_count, 0);
	const char *line = written_text(&f->unhandled);
	assert_non_null(strstr(line, "celsius"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	for (int i = 0; i < 3; i++) {
		probe_remove(&probes[i]);
	}
}

static void a_payload_over_a_limit_is_a_bad_request(void **state)
{
	static const struct envoi_field fields[] = {
		ENVOI_ATTR_TEXT(struct place, name, "name", ENVOI_REQUIRED, .max_bytes = 3),
		ENVOI_FIELDS_END,
	};
	static const struct envoi_payload_type type = ENVOI_PAYLOAD_TYPE(
		struct place, "urn:example:place", "place", fields);
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_IQ_SET;
	probe.rows[0].payload = &type;
	probe_add(&probe);
	route(f,
		"<iq type='set' id='1' from='a@b/c'>"
		"<place xmlns='urn:example:place' name='Oslo'/></iq>");
	assert_string_equal(written_text(&f->asked), "");
	assert_sent_error(f, "bad-request");
	assert_non_null(strstr(written_text(&f->sent), "name"));
	probe_remove(&probe);
}

/* --- memory --- */

static void act_reply_weather(struct probe *probe, struct envoi_delivery *in)
{
	const struct weather *weather = envoi_delivery_payload(in, &weather_type);
	probe->code = weather->celsius == 7 ? envoi_reply_result(in, &weather_type, weather) : -1;
	probe->returns = probe->code;
}

static void each_allocation_of_a_request_may_fail(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_IQ_GET;
	probe.rows[0].payload = &weather_type;
	probe.act = act_reply_weather;
	probe_add(&probe);
	const char *xml = "<iq type='get' id='1' from='a@b/c'>"
			  "<report xmlns='urn:example:weather' celsius='7'/></iq>";
	size_t n = 1;
	bool failed = true;
	for (; failed; n++) {
		forget_all(f);
		probe.code = ENVOI_ERR_NOMEM;
		failed = route_without_memory(f, xml, n);
		if (probe.code == ENVOI_OK) {
			assert_non_null(strstr(written_text(&f->sent), "type='result'"));
		} else {
			assert_int_equal(probe.code, ENVOI_ERR_NOMEM);
			assert_sent_error(f, "resource-constraint");
		}
	}
	assert_true(n > 2);
	assert_int_equal(probe.code, ENVOI_OK);
	probe_remove(&probe);
}

static void act_end_promise(struct probe *probe, struct envoi_delivery *in)
{
	static const struct weather weather = {.celsius = 7};
	probe->code = envoi_delivery_defer(in, &probe->promise);
	if (probe->code == ENVOI_OK) {
		probe->code = envoi_promise_result(probe->promise, probe->payload, &weather);
	}
	probe->returns = probe->code;
}

static void each_allocation_of_a_promise_may_fail(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_IQ_GET;
	probe.act = act_end_promise;
	probe_add(&probe);
	for (size_t i = 0; i < 2; i++) {
		probe.payload = i == 0 ? NULL : &weather_type;
		bool failed = true;
		for (size_t n = 1; failed; n++) {
			forget_all(f);
			failed = route_without_memory(f, get_time, n);
			assert_int_equal(f->router.deferred, 0);
			if (probe.code == ENVOI_OK) {
				assert_non_null(strstr(written_text(&f->sent), "type='result'"));
			} else {
				assert_int_equal(probe.code, ENVOI_ERR_NOMEM);
				assert_sent_error(f, "resource-constraint");
			}
		}
		assert_int_equal(probe.code, ENVOI_OK);
	}
	probe_remove(&probe);
}

static void a_malformed_iq_is_refused_without_memory_too(void **state)
{
	struct router_fixture *f = *state;
	struct envoi_element *element = element_from_text(
		f->context, "<iq id='1' from='a@b/c' to='me@x/y' type='what'/>");
	for (size_t n = 1; f->sent_count == 0; n++) {
		f->dropped_count = 0;
		f->allocator.fail_at = f->allocator.calls + n;
		envoi__router_refuse(&f->router, element);
		f->allocator.fail_at = 0;
		assert_int_equal(f->dropped_count + f->sent_count, 1);
	}
	assert_sent_error(f, "bad-request");
	envoi_element_unref(element);
}

/* --- answering messages --- */

static void act_reply_text(struct probe *probe, struct envoi_delivery *in)
{
	probe->code = envoi_reply_text(in, "pong");
}

static void a_text_is_answered_in_kind(void **state)
{
	static const struct {
		const char *xml, *reply;
	} cases[] = {
		{"<message type='chat' from='A@B/c' to='x@y' id='7'><thread>t</thread></message>",
			"<message type='chat' to='a@b/c'><body>pong</body><thread>t</thread>"
			"</message>\n"},
		{"<message from='a@b'/>", "<message to='a@b'><body>pong</body></message>\n"},
		{"<message type='groupchat' from='room@b/nick'/>",
			"<message type='groupchat' to='room@b'><body>pong</body></message>\n"},
		{"<message type='error' from='a@b'/>", NULL},
		{"<message type='chat'/>", NULL},
		{"<presence from='a@b'/>", NULL},
	};
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = probe.rows[1].kind = ENVOI_MESSAGE;
	probe.rows[1].type = ENVOI_TYPE_ERROR;
	probe.rows[2].kind = ENVOI_PRESENCE;
	probe.act = act_reply_text;
	probe_add(&probe);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		forget_all(f);
		route(f, cases[i].xml);
		assert_int_equal(probe.code, cases[i].reply == NULL ? ENVOI_ERR_INVALID : ENVOI_OK);
		assert_string_equal(
			written_text(&f->sent), cases[i].reply == NULL ? "" : cases[i].reply);
	}
	probe_remove(&probe);
}

static void act_reply_error(struct probe *probe, struct envoi_delivery *in)
{
	probe->code = envoi_reply_error(in, ENVOI_FORBIDDEN, "no");
}

static void a_message_can_be_answered_with_an_error_but_an_error_not(void **state)
{
	struct router_fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = probe.rows[1].kind = ENVOI_MESSAGE;
	probe.rows[1].type = ENVOI_TYPE_ERROR;
	probe.act = act_reply_error;
	probe_add(&probe);
	route(f, "<message from='a@b/c' id='1'/>");
	assert_sent_error(f, "forbidden");
	route(f, "<message from='a@b/c' id='1' type='error'/>");
	assert_int_equal(probe.code, ENVOI_ERR_INVALID);
	assert_int_equal(f->sent_count, 1);
	probe_remove(&probe);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, router_setup, router_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_an_iq_handler_returns_decides_the_answer),
		TEST(a_failing_handler_of_a_message_is_reported_and_the_next_is_called),
		TEST(requests_without_exactly_one_payload_are_bad),
		TEST(an_iq_without_id_is_reported_and_one_without_type_is_answered),
		TEST(results_and_errors_are_never_answered),
		TEST(a_request_is_answered_once_however_often_its_handler_tries),
		TEST(a_stanza_that_does_not_answer_the_request_is_refused),
		TEST(a_stanza_that_answers_the_request_is_sent),
		TEST(a_request_is_not_answered_after_its_epoch),
		TEST(automatic_answers_are_dropped_when_there_is_no_room),
		TEST(a_promise_is_ended_by_each_of_its_ways),
		TEST(the_result_of_a_promise_that_cannot_be_sent_is_an_error),
		TEST(too_many_promises_are_refused_with_resource_constraint),
		TEST(a_deferred_request_goes_to_no_other_handler),
		TEST(only_requests_can_be_deferred),
		TEST(a_handler_that_fails_after_deferring_is_answered_for),
		TEST(a_promise_may_end_before_its_handler_returns),
		TEST(promises_outlive_their_router_and_do_nothing),
		TEST(payloads_are_decoded_once_before_their_handlers_run),
		TEST(a_malformed_payload_of_a_request_is_answered_without_its_handler),
		TEST(a_malformed_payload_of_a_message_is_reported_once_and_others_are_called),
		TEST(a_payload_over_a_limit_is_a_bad_request),
		TEST(each_allocation_of_a_request_may_fail),
		TEST(each_allocation_of_a_promise_may_fail),
		TEST(a_malformed_iq_is_refused_without_memory_too),
		TEST(a_text_is_answered_in_kind),
		TEST(a_message_can_be_answered_with_an_error_but_an_error_not),
	};
	return cmocka_run_group_tests_name("router/delivery", tests, NULL, NULL);
}
