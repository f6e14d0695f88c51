/*
 * envoi - handlers of a session: tests of events, timeouts, filters
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "wire.h"

/** A handler that logs its name, acts by its plan, and whose filters return the codes of the plan.
 *  */
struct probe {
	struct envoi_handler base;
	struct envoi_handler_impl impl;
	struct envoi_event_row events[2];
	struct envoi_timeout_row timeouts[3];
	struct envoi_filters filters;
	struct wire *wire;
	void (*act)(struct probe *probe);
	struct probe *other;
	int filter_in, filter_out;
};

static struct probe *from_base(struct envoi_handler *base)
{
	return ENVOI_CONTAINER_OF(base, struct probe, base);
}

static void log_and_act(struct probe *probe, const char *what)
{
	write_text(&probe->wire->log, "%s%s ", probe->impl.name, what);
	if (probe->act != NULL) {
		probe->act(probe);
	}
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	log_and_act(from_base(self), "");
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)session;
	log_and_act(from_base(self), "");
}

static int on_in(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	(void)stanza;
	log_and_act(from_base(self), "<");
	return from_base(self)->filter_in;
}

static int on_out(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	(void)stanza;
	log_and_act(from_base(self), ">");
	return from_base(self)->filter_out;
}

static void probe_init(struct probe *probe, struct wire *wire, const char *name)
{
	*probe = (struct probe){.wire = wire};
	probe->impl.name = name;
	probe->base.impl = &probe->impl;
}

static void listen_to(struct probe *probe, enum envoi_event_type type)
{
	probe->events[0] = (struct envoi_event_row){type, on_event};
	probe->impl.events = probe->events;
}

static void filter_with(struct probe *probe, int priority)
{
	probe->filters = (struct envoi_filters){on_in, on_out, priority};
	probe->impl.filters = &probe->filters;
}

static void probe_add(struct probe *probe)
{
	assert_int_equal(envoi_session_add(probe->wire->session, &probe->base), ENVOI_OK);
}

static void probe_remove(struct probe *probe)
{
	envoi_session_remove(probe->wire->session, &probe->base);
}

static void post(struct wire *wire, enum envoi_event_type type)
{
	struct envoi_event event = {.type = type};
	assert_int_equal(envoi_session_post_event(wire->session, &event), ENVOI_OK);
}

/* --- attaching --- */

static void a_handler_is_attached_once(void **state)
{
	struct wire *wire = *state;
	struct probe caps;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	probe_init(&caps, wire, "caps");
	probe_add(&caps);
	assert_int_equal(envoi_session_add(wire->session, &caps.base), ENVOI_ERR_EXISTS);
	assert_string_equal(
		envoi_session_problem(wire->session), "handler \"caps\": is attached already");
	probe_remove(&caps);
	probe_remove(&caps);
	probe_add(&caps);
}

static void a_handler_with_a_bad_row_is_not_attached_at_all(void **state)
{
	struct wire *wire = *state;
	static struct probe probe;
	static const struct envoi_stanza_row rows[] = {{.kind = ENVOI_MESSAGE}, ENVOI_ROWS_END};
	static const struct envoi_timeout_row timeouts[] = {{0, true, NULL}};
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	probe_init(&probe, wire, "bad");
	probe.impl.stanzas = rows;
	listen_to(&probe, ENVOI_EVENT_CONNECTING);
	assert_string_equal(envoi_session_problem(wire->session), envoi_error_text(ENVOI_OK));
	assert_int_equal(envoi_session_add(wire->session, &probe.base), ENVOI_ERR_INVALID);
	assert_string_equal(
		envoi_session_problem(wire->session), "handler \"bad\": stanzas[0]: no function");
	probe.impl.stanzas = NULL;
	probe.impl.timeouts = timeouts;
	assert_int_equal(envoi_session_add(wire->session, &probe.base), ENVOI_ERR_INVALID);
	assert_string_equal(
		envoi_session_problem(wire->session), "handler \"bad\": timeouts[0]: no interval");
	post(wire, ENVOI_EVENT_CONNECTING);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "connecting\n");
}

/* --- events --- */

static void events_come_in_order_from_the_loop_with_copies_of_their_data(void **state)
{
	struct wire *wire = *state;
	char text[] = "tcp";
	struct envoi_failure failure;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	struct envoi_event connecting = {.type = ENVOI_EVENT_CONNECTING, .text = text};
	assert_int_equal(envoi_session_post_event(wire->session, &connecting), ENVOI_OK);
	text[0] = '\0';
	struct envoi_event bound = {.type = ENVOI_EVENT_BOUND, .jid = wire->own};
	assert_int_equal(envoi_session_post_event(wire->session, &bound), ENVOI_OK);
	envoi_failure_set(&failure, wire->context, ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, "no");
	struct envoi_event over = {.type = ENVOI_EVENT_DISCONNECTED, .failure = &failure};
	assert_int_equal(envoi_session_post_event(wire->session, &over), ENVOI_OK);
	envoi_failure_finish(&failure);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire),
		"connecting tcp\nbound " WIRE_OWN "\ndisconnected ENVOI_ERR_AUTH\n");
	struct envoi_event none = {.type = ENVOI_NO_EVENT};
	assert_int_equal(envoi_session_post_event(wire->session, &none), ENVOI_ERR_INVALID);
}

static void every_event_has_a_name(void **state)
{
	(void)state;
	for (int type = ENVOI_NO_EVENT + 1; type < ENVOI_EVENTS_END; type++) {
		assert_string_not_equal(envoi_event_name((enum envoi_event_type)type), "unknown");
	}
	assert_string_equal(envoi_event_name(ENVOI_NO_EVENT), "unknown");
	assert_string_equal(envoi_event_name(ENVOI_EVENTS_END), "unknown");
}

static void events_before_a_stanza_are_reported_before_it(void **state)
{
	struct wire *wire = *state;
	static struct probe probe;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	probe_init(&probe, wire, "f");
	filter_with(&probe, 0);
	probe_add(&probe);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_say(wire, "<message from='@'/><message/>");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire),
		"stream-opened\nstarted " WIRE_OWN "\nunhandled its sender is not an address\nf< ");
}

static void act_remove_other(struct probe *probe)
{
	probe_remove(probe->other);
}

static void act_add_other(struct probe *probe)
{
	if (envoi_session_add(probe->wire->session, &probe->other->base) < 0) {
		write_text(&probe->wire->log, "not added ");
	}
	probe->act = NULL;
}

static void a_handler_removed_during_an_event_is_not_called(void **state)
{
	struct wire *wire = *state;
	static struct probe a, b, c;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	probe_init(&a, wire, "a");
	probe_init(&b, wire, "b");
	probe_init(&c, wire, "c");
	listen_to(&a, ENVOI_EVENT_CONNECTED);
	listen_to(&b, ENVOI_EVENT_CONNECTED);
	listen_to(&c, ENVOI_EVENT_CONNECTED);
	envoi_session_remove(wire->session, &wire->watcher);
	probe_add(&a);
	probe_add(&b);
	a.act = act_remove_other;
	a.other = &b;
	b.act = act_add_other;
	b.other = &c;
	post(wire, ENVOI_EVENT_CONNECTED);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "a ");
	a.act = NULL;
	probe_add(&b);
	post(wire, ENVOI_EVENT_CONNECTED);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "a b ");
	post(wire, ENVOI_EVENT_CONNECTED);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "a b c ");
	c.act = act_remove_other;
	c.other = &c;
	post(wire, ENVOI_EVENT_CONNECTED);
	post(wire, ENVOI_EVENT_CONNECTED);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "a b c a b ");
}

/* --- timeouts --- */

static void timeouts_run_from_the_first_start_on(void **state)
{
	struct wire *wire = *state;
	struct probe early, late;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	probe_init(&early, wire, "e");
	probe_init(&late, wire, "l");
	early.timeouts[0] = (struct envoi_timeout_row){100, true, on_timeout};
	early.timeouts[1] = (struct envoi_timeout_row){250, false, on_timeout};
	early.impl.timeouts = early.timeouts;
	late.timeouts[0] = (struct envoi_timeout_row){100, true, on_timeout};
	late.impl.timeouts = late.timeouts;
	probe_add(&early);
	wire_run(wire, 10000);
	assert_string_equal(wire_log(wire), "");
	wire_go_online(wire);
	wire_run(wire, 99);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 1);
	assert_string_equal(wire_log(wire), "e ");
	wire_run(wire, 300);
	assert_string_equal(wire_log(wire), "e e e e ");
	envoi_session_remove(wire->session, &wire->watcher);
	envoi_memory_pair_cut(wire->pair); /* they go on without a stream */
	wire_run(wire, 100);
	probe_add(&late);
	assert_string_equal(wire_log(wire), "e ");
	wire_run(wire, 100);
	assert_string_equal(wire_log(wire), "e l ");
	probe_remove(&early);
	wire_run(wire, 200);
	assert_string_equal(wire_log(wire), "l l ");
	late.act = act_remove_other;
	late.other = &late;
	wire_run(wire, 1000);
	assert_string_equal(wire_log(wire), "l ");
}

/* --- filters --- */

static void filters_see_every_stanza_by_priority(void **state)
{
	struct wire *wire = *state;
	static struct probe a, b, c;
	struct wire_ticket ticket;
	wire_go_online(wire);
	probe_init(&a, wire, "a");
	probe_init(&b, wire, "b");
	probe_init(&c, wire, "c");
	filter_with(&a, 0);
	filter_with(&b, 7);
	filter_with(&c, 0);
	probe_add(&a);
	probe_add(&b);
	probe_add(&c);
	assert_non_null(strstr(
		wire_talk(wire, "<iq type='get' id='1'><x xmlns='urn:x'/></iq>"), "unavailable"));
	assert_string_equal(wire_log(wire), "b< a< c< b> a> c> ");
	wire_talk(wire, "<iq type='result' id='1'/>");
	assert_string_equal(wire_log(wire), "b< a< c< ");

	a.filter_in = a.filter_out = ENVOI_STOP;
	assert_string_equal(wire_talk(wire, "<iq type='get' id='1'><x xmlns='urn:x'/></iq>"), "");
	assert_string_equal(wire_log(wire), "b< a< ");
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "x", wire_ticket(&ticket, wire, "ticket")),
		ENVOI_OK);
	assert_string_equal(wire_log(wire), "b> a> ");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "ticket not sent\n");
	assert_string_equal(wire_heard(wire), "");
	probe_remove(&a);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	assert_string_equal(wire_log(wire), "b> c> ");
}

static void add_by_digits(
	struct probe *probes, struct wire *wire, const char *const *names, unsigned int order)
{
	for (unsigned int i = 0; i < 4; i++, order /= 4) {
		unsigned int which = order % 4;
		probe_init(&probes[which], wire, names[which]);
		filter_with(&probes[which], which == 3 ? 1 : (int)which);
		probe_add(&probes[which]);
	}
}

/* Those that are called 1 and one have the same priority. */
static void filters_are_in_order_however_they_are_added(void **state)
{
	struct wire *wire = *state;
	static struct probe probes[4];
	static const char *const names[] = {"0", "1", "2", "one"};
	wire_go_online(wire);
	for (unsigned int order = 0; order < 256; order++) {
		unsigned int seen = 0, one_at = 0, other_at = 0;
		for (unsigned int i = 0; i < 4; i++) {
			unsigned int which = order >> 2 * i & 3;
			seen |= 1u << which;
			one_at = which == 3 ? i : one_at;
			other_at = which == 1 ? i : other_at;
		}
		if (seen != 15) {
			continue;
		}
		add_by_digits(probes, wire, names, order);
		wire_talk(wire, "<iq type='result' id='1'/>");
		assert_string_equal(
			wire_log(wire), one_at < other_at ? "2< one< 1< 0< " : "2< 1< one< 0< ");
		for (unsigned int i = 0; i < 4; i++) {
			probe_remove(&probes[i]);
		}
	}
}

static int mark_out(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	struct probe *probe = from_base(self);
	write_text(&probe->wire->log, "%s %s\n", envoi_stanza_to_text(stanza),
		envoi_stanza_id(stanza) != NULL ? "id" : "no id");
	envoi_element_add(envoi_stanza_element(stanza), "urn:mark", "mark");
	return ENVOI_OK;
}

static void a_filter_sees_what_is_about_to_be_written_and_may_add_to_it(void **state)
{
	struct wire *wire = *state;
	static struct probe probe;
	wire_go_online(wire);
	probe_init(&probe, wire, "f");
	probe.filters = (struct envoi_filters){NULL, mark_out, 0};
	probe.impl.filters = &probe.filters;
	probe_add(&probe);
	assert_int_equal(envoi_send_text(wire->session, "A@B", "x", NULL), ENVOI_OK);
	assert_string_equal(wire_log(wire), "a@b id\n");
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), "<mark xmlns='urn:mark'/></message>"));
}

static void act_send_once(struct probe *probe)
{
	probe->act = NULL;
	if (envoi_send_text(probe->wire->session, "a@b", "inner", NULL) < 0) {
		write_text(&probe->wire->log, "not sent ");
	}
}

static void a_filter_may_send(void **state)
{
	struct wire *wire = *state;
	static struct probe probe;
	wire_go_online(wire);
	probe_init(&probe, wire, "f");
	filter_with(&probe, 0);
	probe.act = act_send_once;
	probe_add(&probe);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "outer", NULL), ENVOI_OK);
	assert_string_equal(wire_log(wire), "f> f> ");
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_true(strstr(heard, "inner") < strstr(heard, "outer"));
}

static void filters_may_come_and_go_while_one_sees_a_stanza(void **state)
{
	struct wire *wire = *state;
	struct probe a, b;
	wire_go_online(wire);
	probe_init(&a, wire, "a");
	probe_init(&b, wire, "b");
	filter_with(&a, 5);
	filter_with(&b, 0);
	probe_add(&a);
	a.act = act_add_other;
	a.other = &b;
	wire_talk(wire, "<message/>");
	assert_string_equal(wire_log(wire), "a< ");
	wire_talk(wire, "<message/>");
	assert_string_equal(wire_log(wire), "a< b< ");
	a.act = act_remove_other;
	wire_talk(wire, "<message/>");
	assert_string_equal(wire_log(wire), "a< ");
	a.other = &a;
	wire_talk(wire, "<message/><message/>");
	assert_string_equal(wire_log(wire), "a< ");
}

/* --- the receiving side, before login --- */

static int on_early(struct envoi_handler *self, struct envoi_delivery *in)
{
	log_and_act(from_base(self), "early");
	return envoi_reply_result(in, NULL, NULL);
}

static int on_late(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	log_and_act(from_base(self), "late");
	return ENVOI_OK;
}

static void before_login_a_receiving_session_answers_only_where_rows_say_so(void **state)
{
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_IQ_GET,
			.ns = "jabber:iq:register",
			.name = "query",
			.before_login = true,
			.handle = on_early},
		{.kind = ENVOI_IQ_GET, .handle = on_late},
		ENVOI_ROWS_END,
	};
	struct wire *wire = *state;
	static struct probe probe;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	probe_init(&probe, wire, "");
	probe.impl.stanzas = rows;
	probe_add(&probe);
	assert_int_equal(wire_attach(wire, ENVOI_RECEIVER, ENVOI_STREAM_AUTHENTICATED), ENVOI_OK);
	wire_say(wire,
		"<stream:stream xmlns='jabber:client' version='1.0' to='example.org' "
		"xmlns:stream='http://etherx.jabber.org/streams'>");
	wire_run(wire, 0);
	(void)wire_heard(wire);
	(void)wire_log(wire);
	assert_string_equal(
		wire_talk(wire, "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"),
		"<iq type='result' id='1'/>");
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_STATE);
	assert_non_null(strstr(
		wire_talk(wire, "<iq type='get' id='2'><query xmlns='jabber:iq:roster'/></iq>"),
		"<not-authorized"));
	assert_string_equal(wire_log(wire), "early ");
}

static int note_filtered(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	(void)stanza;
	log_and_act(from_base(self), "filtered");
	return ENVOI_OK;
}

/* RFC 6120, section 4.9.3.12 */
static void before_login_no_stanza_reaches_a_filter(void **state)
{
	static const char *const stanzas[] = {"<message from='you@example.org'/>",
		"<iq type='result' id='1'/>", "<iq type='get'/>", "<presence type='none'/>"};
	static const struct envoi_filters filters = {.stanza_in = note_filtered};
	struct wire *wire = *state;
	static struct probe probe;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	probe_init(&probe, wire, "");
	probe.impl.filters = &filters;
	probe_add(&probe);
	for (size_t i = 0; i < sizeof(stanzas) / sizeof(stanzas[0]); i++) {
		assert_int_equal(
			wire_attach(wire, ENVOI_RECEIVER, ENVOI_STREAM_AUTHENTICATED), ENVOI_OK);
		wire_say(wire,
			"<stream:stream xmlns='jabber:client' version='1.0' to='example.org' "
			"xmlns:stream='http://etherx.jabber.org/streams'>");
		wire_run(wire, 0);
		(void)wire_heard(wire);
		(void)wire_log(wire);
		assert_non_null(strstr(wire_talk(wire, stanzas[i]), "<not-authorized"));
		wire_say(wire, "</stream:stream>");
		wire_run(wire, 100000);
		assert_null(strstr(wire_log(wire), "filtered"));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_handler_is_attached_once),
		TEST(a_handler_with_a_bad_row_is_not_attached_at_all),
		TEST(events_come_in_order_from_the_loop_with_copies_of_their_data),
		TEST(every_event_has_a_name),
		TEST(events_before_a_stanza_are_reported_before_it),
		TEST(a_handler_removed_during_an_event_is_not_called),
		TEST(timeouts_run_from_the_first_start_on),
		TEST(filters_see_every_stanza_by_priority),
		TEST(filters_are_in_order_however_they_are_added),
		TEST(a_filter_sees_what_is_about_to_be_written_and_may_add_to_it),
		TEST(a_filter_may_send),
		TEST(filters_may_come_and_go_while_one_sees_a_stanza),
		TEST(before_login_a_receiving_session_answers_only_where_rows_say_so),
		TEST(before_login_no_stanza_reaches_a_filter),
	};
	return cmocka_run_group_tests_name("session/handlers", tests, NULL, NULL);
}
