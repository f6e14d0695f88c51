/*
 * envoi - router: tests
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

#include "router/router.h"
#include "stanzas.h"

struct fixture {
	struct envoi__router_host host;
	struct envoi_context *context;
	struct envoi__router router;
	struct envoi_buffer sent, unhandled, asked;
	bool is_full;
	unsigned int sent_count, dropped_count;
};

static int host_send(
	struct envoi__router_host *host, struct envoi_stanza *stanza, bool is_automatic)
{
	struct fixture *f = ENVOI_CONTAINER_OF(host, struct fixture, host);
	int r = stanza == NULL ? ENVOI_ERR_NOMEM : f->is_full ? ENVOI_ERR_FULL : ENVOI_OK;
	if (r == ENVOI_OK) {
		write_line(&f->sent, envoi_stanza_element(stanza));
		f->sent_count++;
	} else if (is_automatic) {
		f->dropped_count++;
	}
	envoi_stanza_unref(stanza);
	return r;
}

static void host_unhandled(
	struct envoi__router_host *host, struct envoi_stanza *stanza, const char *text)
{
	struct fixture *f = ENVOI_CONTAINER_OF(host, struct fixture, host);
	write_text(&f->unhandled, "%s: %s\n",
		stanza == NULL ? "-" : envoi_element_name(envoi_stanza_element(stanza)), text);
}

static struct envoi_stream *host_stream(struct envoi__router_host *host)
{
	(void)host;
	return NULL;
}

static const struct envoi__router_host_impl host_impl = {
	.send = host_send,
	.unhandled = host_unhandled,
	.stream = host_stream,
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	f->host.impl = &host_impl;
	envoi__router_init(&f->router, f->context, &f->host, NULL, 3);
	envoi_buffer_init(&f->sent, f->context, 0);
	envoi_buffer_init(&f->unhandled, f->context, 0);
	envoi_buffer_init(&f->asked, f->context, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi__router_close(&f->router);
	envoi__router_finish(&f->router);
	envoi_buffer_finish(&f->sent);
	envoi_buffer_finish(&f->unhandled);
	envoi_buffer_finish(&f->asked);
	envoi_context_unref(f->context);
	free(f);
	return 0;
}

/** A handler that writes its letter down, does what it is told, and returns what it is told. */
struct probe {
	struct envoi_handler base;
	struct envoi_handler_impl impl;
	struct envoi_stanza_row rows[6];
	struct envoi__member *member;
	struct fixture *f;
	char letter;
	int returns;
	void (*act)(struct probe *probe, struct envoi_delivery *in);
	struct probe *other;
	struct envoi_promise *promise;
	const void *payload;
	int code;
};

static int on_stanza(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct probe *probe = ENVOI_CONTAINER_OF(self, struct probe, base);
	write_text(&probe->f->asked, "%c", probe->letter);
	if (probe->act != NULL) {
		probe->act(probe, in);
	}
	return probe->returns;
}

static void probe_init(struct probe *probe, struct fixture *f, char letter)
{
	*probe = (struct probe){.f = f, .letter = letter};
	probe->impl.stanzas = probe->rows;
	probe->base.impl = &probe->impl;
	for (size_t i = 0; i + 1 < sizeof(probe->rows) / sizeof(probe->rows[0]); i++) {
		probe->rows[i].handle = on_stanza;
	}
}

static void probe_add(struct probe *probe)
{
	assert_int_equal(
		envoi__router_add(&probe->f->router, &probe->member, &probe->base), ENVOI_OK);
}

static void probe_remove(struct probe *probe)
{
	envoi__router_remove(&probe->f->router, probe->member);
	probe->member = NULL;
}

static void route_as(struct fixture *f, const char *xml, bool is_logged_in)
{
	struct envoi_stanza *stanza = stanza_from_text(f->context, xml);
	forget_text(&f->asked);
	envoi__router_route(&f->router, stanza, is_logged_in);
	envoi_stanza_unref(stanza);
}

static void route(struct fixture *f, const char *xml)
{
	route_as(f, xml, true);
}

static const char get_time[] = "<iq type='get' id='1' from='a@b/c' to='me@x/y'>"
			       "<time xmlns='urn:xmpp:time'/></iq>";

static void assert_sent_error(struct fixture *f, const char *condition)
{
	char expected[200];
	snprintf(expected, sizeof(expected), "<%s xmlns=", condition);
	assert_int_equal(f->sent_count, 1);
	assert_non_null(strstr(written_text(&f->sent), "type='error'"));
	assert_non_null(strstr(written_text(&f->sent), "to='a@b/c'"));
	assert_non_null(strstr(written_text(&f->sent), "id='1'"));
	assert_non_null(strstr(written_text(&f->sent), expected));
}

static void forget_all(struct fixture *f)
{
	forget_text(&f->sent);
	forget_text(&f->unhandled);
	f->sent_count = f->dropped_count = 0;
}

/* --- sequence --- */

static void rows_are_asked_by_priority_and_then_by_age_whatever_payload_they_name(void **state)
{
	struct fixture *f = *state;
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
		probes[i].rows[0].handle = on_stanza;
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

static void a_handler_is_asked_once_by_the_first_of_its_rows_that_fits(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
		probes[i].rows[0].handle = on_stanza;
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

static void before_login_only_rows_that_say_so_are_asked(void **state)
{
	struct fixture *f = *state;
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

static void a_row_that_breaks_its_contract_is_refused(void **state)
{
	struct fixture *f = *state;
	static const struct envoi_payload_type nameless = ENVOI_PAYLOAD_EMPTY(NULL, "x");
	const struct envoi_stanza_row bad[] = {
		{.kind = ENVOI_IQ_RESULT, .handle = on_stanza},
		{.kind = ENVOI_IQ_ERROR, .handle = on_stanza},
		{.kind = ENVOI_MESSAGE},
		{.kind = ENVOI_MESSAGE, .ns = "urn:a", .handle = on_stanza},
		{.kind = ENVOI_MESSAGE, .name = "", .handle = on_stanza},
		{.kind = ENVOI_MESSAGE, .payload = &nameless, .handle = on_stanza},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct probe probe;
		probe_init(&probe, f, 'x');
		probe.rows[0].kind = ENVOI_MESSAGE;
		probe.rows[1] = bad[i];
		assert_int_equal(envoi__router_add(&f->router, &probe.member, &probe.base),
			ENVOI_ERR_INVALID);
	}
	assert_int_equal(f->router.rows.bucket_count, 0);
}

static void the_cost_of_a_stanza_does_not_grow_with_the_number_of_handlers(void **state)
{
	enum { MANY = 5000 };
	struct fixture *f = *state;
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

static void a_stanza_with_very_many_payloads_is_asked_about_in_sequence(void **state)
{
	enum { MANY = 100 };
	struct fixture *f = *state;
	struct probe probes[MANY];
	char names[MANY][16], expected[MANY + 1] = "";
	struct envoi_element *message = envoi_element_new(f->context, ENVOI_NS_CLIENT, "message");
	for (size_t i = 0; i < MANY; i++) {
		probe_init(&probes[i], f, (char)(' ' + i % 90));
		snprintf(names[i], sizeof(names[i]), "n%zu", i);
		probes[i].rows[0].kind = ENVOI_MESSAGE;
		probes[i].rows[0].ns = "urn:many";
		probes[i].rows[0].name = names[i];
		probes[i].rows[0].priority = (int)(i % 7);
		probe_add(&probes[i]);
		envoi_element_add(message, "urn:many", names[i]);
	}
	size_t len = 0;
	for (int priority = 6; priority >= 0; priority--) {
		for (size_t i = 0; i < MANY; i++) {
			if ((int)(i % 7) == priority) {
				expected[len++] = probes[i].letter;
			}
		}
	}
	struct envoi_stanza *stanza;
	assert_int_equal(envoi_stanza_from_element(&stanza, message), ENVOI_OK);
	envoi__router_route(&f->router, stanza, true);
	assert_string_equal(written_text(&f->asked), expected);
	envoi_stanza_unref(stanza);
	envoi_element_unref(message);
	for (size_t i = 0; i < MANY; i++) {
		probe_remove(&probes[i]);
	}
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
	struct fixture *f = *state;
	for (size_t order = 0; order < 6; order++) {
		for (int actor = 0; actor < 3; actor++) {
			for (int victim = 0; victim < 4; victim++) {
				struct probe probes[4];
				char first[5] = "", second[5] = "";
				for (int i = 0; i < 4; i++) {
					probe_init(&probes[i], f, (char)('a' + i));
					probes[i].rows[0].kind = ENVOI_MESSAGE;
				}
				bool is_gone = false;
				for (const char *at = orders[order]; *at != '\0'; at++) {
					int i = *at - 'a';
					probe_add(&probes[i]);
					if (!(i == victim && is_gone)) {
						strncat(first, at, 1);
					}
					is_gone = is_gone || i == actor;
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

static void after_the_router_was_closed_nobody_is_asked_and_nothing_is_answered(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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

static void a_failing_handler_of_a_message_is_reported_and_the_next_is_asked(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
	struct fixture *f = *state;
	struct envoi_element *element =
		element_from_text(f->context, "<iq type='get'><x xmlns='urn:x'/></iq>");
	envoi__router_refuse(&f->router, element);
	envoi_element_unref(element);
	assert_int_equal(f->sent_count, 0);
	assert_memory_equal(written_text(&f->unhandled), "-: ", 3);
	element = element_from_text(
		f->context, "<iq id='1' from='a@b/c' type='&apos;/&gt;'><x xmlns='urn:x'/></iq>");
	envoi__router_refuse(&f->router, element);
	envoi_element_unref(element);
	assert_sent_error(f, "bad-request");
}

static void results_and_errors_are_never_answered(void **state)
{
	struct fixture *f = *state;
	route(f, "<iq type='result' id='1' from='a@b/c'/>");
	route(f, "<iq type='error' id='1' from='a@b/c'><error/></iq>");
	assert_int_equal(f->sent_count, 0);
}

static const struct envoi_payload_type time_type = ENVOI_PAYLOAD_EMPTY("urn:xmpp:time", "time");

static void act_reply_twice(struct probe *probe, struct envoi_delivery *in)
{
	probe->code = envoi_reply_result(in, &time_type, NULL);
	if (probe->code == ENVOI_OK && (envoi_reply_result(in, NULL, NULL) != ENVOI_ERR_STATE ||
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
	struct fixture *f = *state;
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

static void act_reply_wrong(struct probe *probe, struct envoi_delivery *in)
{
	struct envoi_stanza *wrong =
		stanza_from_text(probe->f->context, "<iq type='result' id='2' to='a@b/c'/>");
	probe->code = envoi_reply(in, wrong);
}

static void a_stanza_that_answers_something_else_is_refused(void **state)
{
	struct fixture *f = *state;
	struct probe probe;
	probe_init(&probe, f, 'p');
	probe.rows[0].kind = ENVOI_IQ_GET;
	probe.act = act_reply_wrong;
	probe_add(&probe);
	route(f, get_time);
	assert_int_equal(probe.code, ENVOI_ERR_INVALID);
	assert_int_equal(f->sent_count, 1);
	assert_null(strstr(written_text(&f->sent), "id='2'"));
	probe_remove(&probe);
}

static void automatic_answers_are_dropped_when_there_is_no_room(void **state)
{
	struct fixture *f = *state;
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

static void setup_deferring(struct probe *probe, struct fixture *f)
{
	probe_init(probe, f, 'p');
	probe->rows[0].kind = ENVOI_IQ_GET;
	probe->rows[1].kind = ENVOI_MESSAGE;
	probe->act = act_defer;
	probe_add(probe);
}

static void a_promise_is_ended_by_each_of_its_four_ways(void **state)
{
	struct fixture *f = *state;
	struct probe probe;
	setup_deferring(&probe, f);
	for (int way = 0; way < 5; way++) {
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
			assert_int_equal(envoi_promise_error(probe.promise, ENVOI_GONE, "no"),
				ENVOI_OK);
			assert_sent_error(f, "gone");
			break;
		case 2:
			assert_int_equal(
				envoi_promise_reply(probe.promise, envoi_iq_result_new(request)),
				ENVOI_OK);
			break;
		case 3:
			envoi_promise_drop(probe.promise);
			assert_sent_error(f, "internal-server-error");
			break;
		default:
			assert_int_equal(
				envoi_promise_reply(probe.promise, NULL), ENVOI_ERR_NOMEM);
			assert_sent_error(f, "resource-constraint");
			break;
		}
		assert_int_equal(f->sent_count, 1);
		assert_int_equal(f->router.deferred, 0);
	}
	probe_remove(&probe);
}

static void too_many_promises_are_refused_with_resource_constraint(void **state)
{
	struct fixture *f = *state;
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

static void only_requests_can_be_deferred(void **state)
{
	struct fixture *f = *state;
	struct probe probe;
	setup_deferring(&probe, f);
	route(f, "<message from='a@b/c'/>");
	assert_int_equal(probe.code, ENVOI_ERR_INVALID);
	probe_remove(&probe);
}

static void a_handler_that_fails_after_deferring_is_answered_for(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
	struct fixture *f = *state;
	struct probe probe;
	setup_deferring(&probe, f);
	route(f, get_time);
	struct envoi_promise *promises[2] = {probe.promise, NULL};
	route(f, get_time);
	promises[1] = probe.promise;
	envoi__router_let_go(&f->router);
	assert_int_equal(f->router.deferred, 0);
	probe_remove(&probe);
	envoi_promise_drop(promises[0]);
	assert_int_equal(
		envoi_promise_reply(promises[1],
			envoi_iq_result_new(envoi_promise_stanza(promises[1]))),
		ENVOI_ERR_STATE);
	envoi_promise_drop(NULL);
	assert_int_equal(f->sent_count, 0);
}

/* --- payloads --- */

struct weather {
	int64_t celsius;
};

static const struct envoi_field weather_fields[] = {
	ENVOI_ATTR_INT(struct weather, celsius, "celsius", ENVOI_REQUIRED, .min = -100, .max = 100),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type weather_type =
	ENVOI_PAYLOAD_TYPE(struct weather, "urn:example:weather", "report", weather_fields);

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

static void setup_typed(struct probe probes[3], struct fixture *f)
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
	struct fixture *f = *state;
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
	struct fixture *f = *state;
	struct probe probes[3];
	setup_typed(probes, f);
	route(f, "<iq type='set' id='1' from='a@b/c'>"
		 "<report xmlns='urn:example:weather' celsius='101'/></iq>");
	assert_string_equal(written_text(&f->asked), "");
	assert_sent_error(f, "bad-request");
	assert_non_null(strstr(written_text(&f->sent), "celsius"));
	for (int i = 0; i < 3; i++) {
		probe_remove(&probes[i]);
	}
}

static void a_malformed_payload_of_a_message_is_reported_once_and_others_are_asked(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
		assert_string_equal(written_text(&f->sent), cases[i].reply == NULL ? "" : cases[i].reply);
	}
	probe_remove(&probe);
}

static void act_reply_error(struct probe *probe, struct envoi_delivery *in)
{
	probe->code = envoi_reply_error(in, ENVOI_FORBIDDEN, "no");
}

static void a_message_can_be_answered_with_an_error_but_an_error_not(void **state)
{
	struct fixture *f = *state;
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_asked_by_priority_and_then_by_age_whatever_payload_they_name),
		TEST(a_handler_is_asked_once_by_the_first_of_its_rows_that_fits),
		TEST(a_row_without_type_never_sees_errors),
		TEST(before_login_only_rows_that_say_so_are_asked),
		TEST(a_row_that_breaks_its_contract_is_refused),
		TEST(the_cost_of_a_stanza_does_not_grow_with_the_number_of_handlers),
		TEST(a_stanza_with_very_many_payloads_is_asked_about_in_sequence),
		TEST(changes_while_a_stanza_is_on_its_way_follow_the_documented_table),
		TEST(after_the_router_was_closed_nobody_is_asked_and_nothing_is_answered),
		TEST(what_an_iq_handler_returns_decides_the_answer),
		TEST(a_failing_handler_of_a_message_is_reported_and_the_next_is_asked),
		TEST(requests_without_exactly_one_payload_are_bad),
		TEST(an_iq_without_id_is_reported_and_one_without_type_is_answered),
		TEST(results_and_errors_are_never_answered),
		TEST(a_request_is_answered_once_however_often_its_handler_tries),
		TEST(a_stanza_that_answers_something_else_is_refused),
		TEST(automatic_answers_are_dropped_when_there_is_no_room),
		TEST(a_promise_is_ended_by_each_of_its_four_ways),
		TEST(too_many_promises_are_refused_with_resource_constraint),
		TEST(only_requests_can_be_deferred),
		TEST(a_handler_that_fails_after_deferring_is_answered_for),
		TEST(a_promise_may_end_before_its_handler_returns),
		TEST(promises_outlive_their_router_and_do_nothing),
		TEST(payloads_are_decoded_once_before_their_handlers_run),
		TEST(a_malformed_payload_of_a_request_is_answered_without_its_handler),
		TEST(a_malformed_payload_of_a_message_is_reported_once_and_others_are_asked),
		TEST(a_text_is_answered_in_kind),
		TEST(a_message_can_be_answered_with_an_error_but_an_error_not),
	};
	return cmocka_run_group_tests_name("router/router", tests, NULL, NULL);
}
