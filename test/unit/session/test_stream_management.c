/*
 * envoi - stream management (XEP-0198), initiating side: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: counters that start near 2^32.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/client_state.h>
#include <envoi/interfaces/features.h>

#include "session/journal/journal_record.h"
#include "session/session.h"
#include "test_allocator.h"
#include "wire.h"

#define SM "xmlns='urn:xmpp:sm:3'"
#define RESUMABLE "<enabled " SM " id='s1' resume='true'/>"
#define HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' id='1' from='example.org'>"
#define BIND_OFFER "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
#define CSI_OFFER "<csi xmlns='urn:xmpp:csi:0'/>"
#define SM_OFFER "<sm " SM "/>"

/* --- a login without secrets --- */

static int authenticate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)offer, (void)features;
	envoi_stream_feature_done(
		stream, self, ENVOI_STREAM_AUTHENTICATED, ENVOI_NEXT_FEATURE, NULL);
	return ENVOI_OK;
}

static const struct envoi_stream_feature authentication = {
	.ns = "urn:x",
	.name = "auth",
	.order = ENVOI_ORDER_SASL,
	.forbidden = ENVOI_STREAM_AUTHENTICATED,
	.phase = ENVOI_PHASE_SASL,
	.negotiate = authenticate,
};

/* Takes stanzas before the session does. */
static int take_probe(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)self, (void)stream;
	return envoi_element_child(element, "urn:x", "probe") != NULL ? ENVOI_OK : ENVOI_DECLINED;
}

static const struct envoi_stream_element_row rows[] = {
	{
		.ns = ENVOI_NS_CLIENT,
		.name = "message",
		.roles = 1u << ENVOI_INITIATOR,
		.necessary = ENVOI_STREAM_BOUND,
		.handle = take_probe,
	},
	{.name = NULL},
};

static const struct envoi_handler_impl authentication_impl = {
	.name = "auth",
	.stream_feature = &authentication,
	.stream_elements = rows,
};
static struct envoi_handler authentication_handler = {&authentication_impl};

/* Logs each message that the session hands over. */
static int on_message(struct envoi_handler *self, struct envoi_delivery *in);

static const struct envoi_stanza_row stanza_rows[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_ANY, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl reader_impl = {.name = "reader", .stanzas = stanza_rows};
static struct reader {
	struct envoi_handler handler;
	struct envoi_buffer got; /* ids and a blank behind each */
} reader = {.handler = {&reader_impl}};

/* Messages whose id begins with "h" are held. */
static struct envoi_hold *holds[4];
static size_t hold_count;

static void hold(struct envoi_session *session)
{
	assert_true(hold_count < sizeof(holds) / sizeof(holds[0]));
	assert_int_equal(envoi_session_hold(session, &holds[hold_count++]), ENVOI_OK);
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct reader *it = ENVOI_CONTAINER_OF(self, struct reader, handler);
	const char *id = envoi_stanza_id(envoi_delivery_stanza(in));
	assert_int_equal(envoi_buffer_printf(&it->got, "%s ", id != NULL ? id : "?"), ENVOI_OK);
	if (id != NULL && id[0] == 'h') {
		hold(envoi_delivery_session(in));
	}
	return ENVOI_OK;
}

static const char *got(void)
{
	static char text[4096];
	snprintf(text, sizeof(text), "%.*s", (int)envoi_buffer_len(&reader.got),
		envoi_buffer_data(&reader.got));
	envoi_buffer_truncate(&reader.got, 0);
	return text;
}

static int setup(void **state)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	assert_non_null(wire);
	wire_init(wire, NULL);
	wire->feature = &authentication_handler;
	wire->has_session_handlers = true;
	const struct envoi_bind_options options = {.resource = NULL};
	assert_int_equal(envoi_bind_new(&wire->binding, wire->context, &options), ENVOI_OK);
	envoi_buffer_init(&reader.got, wire->notes, 0);
	hold_count = 0;
	*state = wire;
	return 0;
}

static int teardown(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *binding = wire->binding;
	wire_free_session(wire);
	envoi_handler_destroy(binding);
	envoi_buffer_finish(&reader.got);
	wire_finish(wire);
	free(wire);
	return 0;
}

static struct envoi__sm *sm_of(struct wire *wire)
{
	return &wire->session->sm;
}

static void make_session(struct wire *wire)
{
	if (wire->session == NULL) {
		assert_int_equal(wire_new_session(wire), ENVOI_OK);
		assert_int_equal(envoi_session_add(wire->session, &reader.handler), ENVOI_OK);
	}
}

/* A new stream, to which the peer offers binding and perhaps more. @return what it heard next */
static const char *offer(struct wire *wire, const char *more)
{
	char text[1024];
	make_session(wire);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, ENVOI_STREAM_BOUND), ENVOI_OK);
	wire_run(wire, 0);
	(void)wire_heard(wire);
	snprintf(text, sizeof(text), HEADER "<stream:features>" BIND_OFFER "%s</stream:features>",
		more);
	return wire_talk(wire, text);
}

/* @return what the peer heard after the answer */
static const char *answer_binding(struct wire *wire, const char *heard)
{
	char text[512], id[64] = "";
	const char *at = strstr(heard, "id='");
	assert_non_null(strstr(heard, "<iq "));
	assert_non_null(at);
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 4, "'"), at + 4);
	snprintf(text, sizeof(text),
		"<iq type='result' id='%s'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<jid>" WIRE_OWN "</jid></bind></iq>",
		id);
	return wire_talk(wire, text);
}

/* Logged in, with what the server answers to <enable/>. */
static void enable(struct wire *wire, const char *enabled)
{
	assert_string_equal(answer_binding(wire, offer(wire, SM_OFFER)),
		"<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
	assert_true(envoi_session_is_online(wire->session));
	assert_string_equal(wire_talk(wire, enabled), "");
	assert_true(envoi__sm_is_enabled(wire->session));
	(void)wire_log(wire);
}

static void cut(struct wire *wire)
{
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_null(envoi_session_stream(wire->session));
}

enum {
	TICKETS = 16,
};
static struct wire_ticket tickets[TICKETS];

static void send_one(struct wire *wire, const char *body)
{
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
}

static void send_with_ticket(struct wire *wire, size_t i, const char *name)
{
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", name, wire_ticket(&tickets[i], wire, name)),
		ENVOI_OK);
}

static void send_many(struct wire *wire, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		send_one(wire, "x");
	}
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	while ((text = strstr(text, part)) != NULL) {
		count++;
		text += strlen(part);
	}
	return count;
}

#define R "<r xmlns='urn:xmpp:sm:3'/>"
#define A(h) "<a xmlns='urn:xmpp:sm:3' h='" h "'/>"

/* @return bodies and elements of stream management in the order in which the peer heard them */
static const char *short_of(const char *heard)
{
	static char text[4096];
	text[0] = '\0';
	for (const char *at = heard; *at != '\0'; at++) {
		size_t len = strlen(text);
		if (strncmp(at, "<body>", 6) == 0) {
			snprintf(text + len, sizeof(text) - len, "%.*s ", (int)strcspn(at + 6, "<"),
				at + 6);
		} else if (strncmp(at, R, strlen(R)) == 0) {
			snprintf(text + len, sizeof(text) - len, "r ");
		} else if (strncmp(at, "<a xmlns='urn:xmpp:sm:3' h='", 28) == 0) {
			snprintf(text + len, sizeof(text) - len, "a%.*s ",
				(int)strcspn(at + 28, "'"), at + 28);
		} else if (strncmp(at, "</stream:stream>", 16) == 0) {
			snprintf(text + len, sizeof(text) - len, "end ");
		}
	}
	return text;
}

/* --- enabling --- */

static void stanzas_follow_enable_without_waiting(void **state)
{
	struct wire *wire = *state;
	const char *heard = answer_binding(wire, offer(wire, SM_OFFER));
	assert_string_equal(heard, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
	assert_true(envoi_session_is_online(wire->session));
	assert_false(envoi__sm_is_enabled(wire->session));
	send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	(void)wire_log(wire);
	(void)wire_heard(wire);
	assert_string_equal(wire_talk(wire, RESUMABLE A("1")), "");
	assert_string_equal(wire_log(wire), "one acknowledged\n");
}

static void without_the_offer_nothing_is_enabled(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(answer_binding(wire, offer(wire, "")), "");
	assert_true(envoi_session_is_online(wire->session));
	(void)wire_log(wire);
	send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "one written\n");
}

static void the_setting_turns_it_off(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_settings_set(wire->settings, "stream-management", "false"), ENVOI_OK);
	assert_string_equal(answer_binding(wire, offer(wire, SM_OFFER)), "");
	assert_true(envoi_session_is_online(wire->session));
}

static void the_server_is_asked_for_a_time(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_settings_set(wire->settings, "stream-management.resumption", "1500ms"),
		ENVOI_OK);
	assert_string_equal(answer_binding(wire, offer(wire, SM_OFFER)),
		"<enable xmlns='urn:xmpp:sm:3' resume='true' max='2'/>");
}

static void a_refusal_leaves_a_session_without_acknowledgements(void **state)
{
	struct wire *wire = *state;
	(void)answer_binding(wire, offer(wire, SM_OFFER));
	send_with_ticket(wire, 0, "one");
	send_one(wire, "two");
	wire_run(wire, 0);
	(void)wire_log(wire);
	(void)wire_talk(wire,
		"<failed " SM "><unexpected-request "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
	assert_string_equal(wire_log(wire), "one written\n");
	assert_int_equal(wire->session->outbox.kept_count, 0);
	send_with_ticket(wire, 1, "three");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "three written\n");
	cut(wire);
	assert_false(envoi__sm_can_resume(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), 2);
}

static void enabled_may_promise_less(void **state)
{
	static const char *const answers[] = {
		"<enabled " SM "/>",
		"<enabled " SM " id='s1'/>",
		"<enabled " SM " id='s1' resume='false'/>",
		"<enabled " SM " id='s1' resume='0'/>",
		"<enabled " SM " id='s1' resume='yes'/>",
		"<enabled " SM " resume='true'/>",
		"<enabled " SM " resume='true' id=''/>",
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		enable(wire, answers[i]);
		send_with_ticket(wire, 0, "one");
		(void)wire_talk(wire, A("1"));
		assert_string_equal(wire_log(wire), "one acknowledged\n");
		cut(wire);
		assert_false(envoi__sm_can_resume(wire->session));
		assert_int_equal(envoi__sm_time_left_ms(wire->session), 0);
		assert_int_equal(envoi_session_epoch(wire->session), i + 2);
	}
}

static void an_id_may_be_long_but_not_endless(void **state)
{
	static char text[4200];
	struct wire *wire = *state;
	for (size_t len = 4000; len <= 4001; len++) {
		snprintf(text, sizeof(text), "<enabled " SM " resume='1' id='%0*d'/>", (int)len, 7);
		enable(wire, text);
		cut(wire);
		assert_int_equal(envoi__sm_can_resume(wire->session), len == 4000);
		envoi_session_set_resumable(wire->session, false);
	}
}

static void max_is_bounded(void **state)
{
	static const struct {
		const char *max;
		uint64_t left_ms;
	} cases[] = {
		{"600", 600000},
		{"4", 4000},
		{"99999999999999999999", UINT64_MAX}, /* not a number here: not said */
		{"18446744073709551615", (uint64_t)30 * 24 * 3600 * 1000},
		{"0", UINT64_MAX},
		{"soon", UINT64_MAX},
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "<enabled " SM " resume='1' id='s1' max='%s'/>",
			cases[i].max);
		enable(wire, text);
		cut(wire);
		assert_int_equal(envoi__sm_time_left_ms(wire->session), cases[i].left_ms);
		envoi_session_set_resumable(wire->session, false);
	}
}

/* The conditions are those of a redirect: an attacker between may have sent it. */
static void a_location_counts_on_a_protected_connection_only(void **state)
{
	struct wire *wire = *state;
	for (int is_secure = 0; is_secure < 2; is_secure++) {
		wire->is_secure = is_secure;
		enable(wire, "<enabled " SM " resume='1' id='s1' location='b.example:5299'/>");
		if (is_secure) {
			assert_string_equal(sm_of(wire)->location, "b.example");
			assert_int_equal(sm_of(wire)->location_port, 5299);
		} else {
			assert_null(sm_of(wire)->location);
		}
		cut(wire);
		envoi_session_set_resumable(wire->session, false);
	}
}

/* --- requests for acknowledgement (section 4) --- */

static void ten_stanzas_request_one_acknowledgement(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_many(wire, 9);
	wire_run(wire, 0);
	assert_int_equal(count_of(wire_heard(wire), R), 0);
	send_many(wire, 1);
	wire_run(wire, 0);
	assert_string_equal(short_of(wire_heard(wire)), "x r ");
	send_many(wire, 30);
	wire_run(wire, 60000);
	assert_int_equal(count_of(wire_heard(wire), R), 0);
	assert_true(envoi__sm_is_requesting(wire->session));
	assert_int_equal(count_of(wire_talk(wire, A("10")), R), 1);
	assert_int_equal(count_of(wire_talk(wire, A("40")), R), 0);
	assert_false(envoi__sm_is_requesting(wire->session));
	wire_run(wire, 60000);
	assert_string_equal(wire_heard(wire), "");
}

static void sixteen_kibibytes_request_one_too(void **state)
{
	static char body[16 * 1024 + 1];
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	memset(body, 'x', sizeof(body) - 1);
	send_one(wire, body);
	wire_run(wire, 0);
	assert_int_equal(count_of(wire_heard(wire), R), 1);
}

static void five_seconds_request_one_too(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_one(wire, "x");
	wire_run(wire, 4000);
	send_one(wire, "y");
	wire_run(wire, 999);
	assert_int_equal(count_of(wire_heard(wire), R), 0);
	wire_run(wire, 1);
	assert_string_equal(wire_heard(wire), R);
	send_one(wire, "z");
	(void)wire_talk(wire, A("2"));
	wire_run(wire, 4999);
	assert_int_equal(count_of(wire_heard(wire), R), 0);
	wire_run(wire, 1);
	assert_string_equal(wire_heard(wire), R);
}

static void a_request_can_be_made_at_once(void **state)
{
	struct wire *wire = *state;
	make_session(wire);
	assert_int_equal(envoi__sm_request(wire->session), ENVOI_ERR_STATE);
	enable(wire, RESUMABLE);
	assert_int_equal(envoi__sm_request(wire->session), ENVOI_OK);
	assert_int_equal(envoi__sm_request(wire->session), ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), R);
	(void)wire_talk(wire, A("0"));
	assert_false(envoi__sm_is_requesting(wire->session));
}

static void a_ticket_requests_one_at_the_end_of_its_turn(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_with_ticket(wire, 0, "one");
	send_one(wire, "two");
	wire_run(wire, 0);
	assert_string_equal(short_of(wire_heard(wire)), "one two r ");
	send_with_ticket(wire, 1, "three");
	send_with_ticket(wire, 2, "four");
	wire_run(wire, 60000);
	assert_string_equal(short_of(wire_heard(wire)), "three four ");
	assert_string_equal(short_of(wire_talk(wire, A("2"))), "r ");
	assert_string_equal(short_of(wire_talk(wire, A("4"))), "");
	assert_string_equal(
		wire_log(wire), "one acknowledged\nthree acknowledged\nfour acknowledged\n");
	wire_run(wire, 60000);
	assert_string_equal(wire_heard(wire), "");
}

static void a_ticket_sent_before_enabled_requests_one_after_it(void **state)
{
	struct wire *wire = *state;
	(void)answer_binding(wire, offer(wire, SM_OFFER));
	send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	assert_string_equal(short_of(wire_heard(wire)), "one ");
	assert_string_equal(wire_talk(wire, RESUMABLE), R);
}

static void a_ticket_sent_again_requests_one_on_its_new_stream(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	cut(wire);
	(void)offer(wire, SM_OFFER);
	assert_string_equal(
		short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>")), "one r ");
}

/* --- pings (setting acknowledgement.ping) --- */

static void ping(struct wire *wire)
{
	assert_int_equal(
		envoi_settings_set(wire->settings, "acknowledgement.ping", "true"), ENVOI_OK);
}

#define PING "<ping xmlns='urn:xmpp:ping'/>"

static void stream_management_acknowledges_without_pings(void **state)
{
	struct wire *wire = *state;
	ping(wire);
	enable(wire, RESUMABLE);
	send_with_ticket(wire, 0, "one");
	wire_run(wire, 10000);
	const char *heard = wire_heard(wire);
	assert_string_equal(short_of(heard), "one r ");
	assert_int_equal(count_of(heard, PING), 0);
	(void)wire_talk(wire, A("1"));
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	assert_int_equal(tickets[0].by, ENVOI_BY_STREAM_MANAGEMENT);
	struct envoi_stanza *presence = envoi_presence_new(
		wire->context, ENVOI_TYPE_UNAVAILABLE, NULL);
	assert_int_equal(envoi_send(wire->session, presence, NULL), ENVOI_OK);
	wire_run(wire, 10000);
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_int_equal(count_of(wire_heard(wire), PING), 0);
}

static void what_precedes_enabled_is_not_pinged_either(void **state)
{
	struct wire *wire = *state;
	ping(wire);
	(void)answer_binding(wire, offer(wire, SM_OFFER));
	send_with_ticket(wire, 0, "one");
	wire_run(wire, 4999);
	assert_int_equal(count_of(wire_heard(wire), PING), 0);
	assert_string_equal(wire_talk(wire, RESUMABLE), R);
	wire_run(wire, 10000);
	assert_string_equal(wire_heard(wire), "");
}

static void after_five_seconds_without_enabled_a_ping_is_sent(void **state)
{
	struct wire *wire = *state;
	ping(wire);
	(void)answer_binding(wire, offer(wire, SM_OFFER));
	send_with_ticket(wire, 0, "one");
	wire_run(wire, 5000);
	assert_int_equal(count_of(wire_heard(wire), PING), 1);
	(void)wire_talk(wire, RESUMABLE A("1"));
	assert_int_equal(tickets[0].by, ENVOI_BY_STREAM_MANAGEMENT);
}

static void after_a_refusal_pings_acknowledge_what_was_sent_before(void **state)
{
	struct wire *wire = *state;
	char text[128];
	ping(wire);
	(void)answer_binding(wire, offer(wire, SM_OFFER));
	(void)wire_log(wire);
	send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	(void)wire_heard(wire);
	const char *heard = wire_talk(wire,
		"<failed " SM "><unexpected-request "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
	assert_int_equal(count_of(heard, PING), 1);
	const char *id = strstr(heard, " id='") + strlen(" id='");
	snprintf(text, sizeof(text), "<iq type='result' from='example.org' id='%.*s'/>",
		(int)strcspn(id, "'"), id);
	(void)wire_talk(wire, text);
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	assert_int_equal(tickets[0].by, ENVOI_BY_ANSWER);
}

/* --- answers --- */

static void requests_are_answered_once_a_turn(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	assert_string_equal(wire_talk(wire, R), A("0"));
	assert_string_equal(
		wire_talk(wire, R "<message id='1'/>" R R R "<message id='2'/>" R), A("2"));
	assert_string_equal(got(), "1 2 ");
	assert_string_equal(wire_talk(wire, R), A("2"));
}

static void stanzas_for_rows_of_the_stream_are_counted(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	assert_string_equal(
		wire_talk(wire,
			"<message id='1'><probe xmlns='urn:x'/></message><message id='2'/>" R),
		A("2"));
	assert_string_equal(got(), "2 ");
	struct envoi_element *presence = envoi_element_new(
		wire->context, ENVOI_NS_CLIENT, "presence");
	struct envoi_stream *stream = envoi_session_stream(wire->session);
	assert_int_equal(envoi_stream_send_element(stream, presence), ENVOI_OK);
	envoi_element_unref(presence);
	send_with_ticket(wire, 0, "one");
	(void)wire_talk(wire, A("1"));
	assert_string_equal(wire_log(wire), "");
	(void)wire_talk(wire, A("2"));
	assert_string_equal(wire_log(wire), "one acknowledged\n");
}

static void a_flood_is_acknowledged_unasked(void **state)
{
	enum {
		FLOOD = 6000,
	};
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	for (size_t i = 1; i <= FLOOD; i++) {
		wire_say(wire, "<presence/>");
		if (i % 100 == 0) {
			wire_say(wire, R);
		}
	}
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, A("6000")));
	assert_true(count_of(heard, "<a ") <= FLOOD / 100);
	for (size_t i = 1; i < 500; i++) {
		wire_say(wire, "<presence/>");
	}
	wire_run(wire, 3600000);
	assert_string_equal(wire_heard(wire), "");
	assert_string_equal(wire_talk(wire, "<presence/>"), A("6500"));
}

static void closing_acknowledges_first(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/>");
	send_with_ticket(wire, 0, "one");
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(short_of(wire_heard(wire)), "one a1 r end ");
	(void)wire_talk(wire, A("1") "</stream:stream>");
	wire_run(wire, 10000);
	assert_string_equal(wire_log(wire), "one acknowledged\nended\ndisconnected ENVOI_OK\n");
	assert_false(envoi__sm_can_resume(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), 2);
}

static void closing_repeats_no_acknowledgement(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_one(wire, "x");
	(void)wire_talk(wire, "<message id='1'/>" R A("1"));
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "</stream:stream>");
}

/* --- faults of the peer --- */

static void faults_are_fatal(void **state)
{
	static const struct {
		const char *text;
		bool is_too_high;
	} faults[] = {
		{A("4"), true},
		{A("2147483647"), true},
		{A("1"), false},
		{A("4294967295"), false},
		{A(""), false},
		{A("x"), false},
		{A("-1"), false},
		{A("4294967298"), false},
		{"<a " SM "/>", false},
		{RESUMABLE, false},
		{"<resumed " SM " previd='s1' h='2'/>", false},
		{"<resume " SM " previd='s1' h='2'/>", false},
		{"<other " SM "/>", false},
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		enable(wire, RESUMABLE);
		send_many(wire, 3);
		(void)wire_talk(wire, A("2"));
		const char *heard = wire_talk(wire, faults[i].text);
		assert_non_null(strstr(heard, "</stream:error></stream:stream>"));
		assert_int_equal(strstr(heard,
					 "<undefined-condition xmlns='urn:ietf:params:xml:ns:"
					 "xmpp-streams'/><handled-count-too-high "
					 "xmlns='urn:xmpp:sm:3' ") != NULL,
			faults[i].is_too_high);
		wire_say(wire, "</stream:stream>");
		wire_run(wire, 10000);
		assert_int_equal(wire->closed.code, ENVOI_ERR_PROTOCOL);
		assert_string_equal(wire->closed.application,
			faults[i].is_too_high ? "handled-count-too-high" : "");
		envoi_session_set_resumable(wire->session, false);
		wire_run(wire, 0);
		(void)wire_log(wire);
	}
}

static void the_stream_error_names_both_counts(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_many(wire, 3);
	assert_non_null(strstr(wire_talk(wire, A("10")), " h='10' send-count='3'/>"));
	assert_false(wire->session->is_resumable);
}

static void acknowledgements_before_enabled_are_fatal(void **state)
{
	static const char *const early[] = {R, A("0"), "<resumed " SM " previd='s1' h='0'/>"};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		for (int is_offered = 0; is_offered < 2; is_offered++) {
			(void)answer_binding(wire, offer(wire, is_offered ? SM_OFFER : ""));
			assert_non_null(
				strstr(wire_talk(wire, early[i]), "<unsupported-stanza-type "));
			wire_say(wire, "</stream:stream>");
			wire_run(wire, 10000);
			assert_int_equal(wire->closed.code, ENVOI_ERR_PROTOCOL);
		}
	}
}

static void failed_while_enabled_changes_nothing(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/>");
	send_one(wire, "x");
	(void)wire_heard(wire);
	(void)wire_talk(wire,
		"<failed " SM "><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
		"<failed " SM "/>");
	assert_string_equal(wire_log(wire),
		"unhandled stream management: the server reports bad-request\n"
		"unhandled stream management: the server reports no condition\n");
	assert_string_equal(wire_talk(wire, A("1") R), A("1"));
	assert_true(envoi_session_is_online(wire->session));
}

static void what_came_before_the_closing_tag_of_the_peer_is_acknowledged(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	assert_string_equal(wire_talk(wire, "<message id='1'/><message id='2'/></stream:stream>"),
		A("2") "</stream:stream>");
}

/* --- resuming (section 5) --- */

/* The next stream, on which the peer hears <resume/>. */
static void offer_resumption(struct wire *wire, const char *previd, const char *h)
{
	char text[256];
	snprintf(text, sizeof(text), "<resume xmlns='urn:xmpp:sm:3' previd='%s' h='%s'/>", previd,
		h);
	assert_string_equal(offer(wire, SM_OFFER), text);
}

static void unhandled_stanzas_are_sent_again_in_order(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	static const char *const names[] = {"1", "2", "3", "4", "5"};
	for (size_t i = 0; i < 5; i++) {
		send_with_ticket(wire, i, names[i]);
	}
	(void)wire_talk(wire, "<message id='in'/>");
	assert_string_equal(got(), "in ");
	uint64_t epoch = envoi_session_epoch(wire->session);
	cut(wire);
	(void)wire_log(wire);
	offer_resumption(wire, "s1", "1");
	assert_string_equal(
		short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='3'/>")), "4 5 r ");
	assert_true(envoi_session_is_online(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), epoch);
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\n1 acknowledged\n2 acknowledged\n3 acknowledged\n"
		"resumed " WIRE_OWN "\n");
	assert_string_equal(envoi_jid_text(envoi_session_jid(wire->session)), WIRE_OWN);
	assert_string_equal(wire_talk(wire, A("4") R "<message id='in2'/>" R), A("2"));
	assert_string_equal(wire_log(wire), "4 acknowledged\n");
	(void)wire_talk(wire, A("5"));
	assert_string_equal(wire_log(wire), "5 acknowledged\n");
	assert_int_equal(wire->session->outbox.kept_count, 0);
}

static void end_with(struct wire *wire, const char *condition)
{
	char text[256];
	snprintf(text, sizeof(text),
		"<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
		"</stream:stream>",
		condition);
	wire_say(wire, text);
	wire_run(wire, 10000);
	assert_null(envoi_session_stream(wire->session));
}

/* @return what is sent again on the next stream, which resumes */
static const char *resume_again(struct wire *wire)
{
	offer_resumption(wire, "s1", "0");
	return short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>"));
}

/* A server that announces no limit ends the stream for a stanza that is too long. */
static void what_was_sent_alone_at_the_second_refusal_in_a_row_is_not_sent_again(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_with_ticket(wire, 0, "poison");
	send_with_ticket(wire, 1, "good");
	end_with(wire, "policy-violation");
	assert_string_equal(resume_again(wire), "poison r ");
	(void)wire_log(wire);
	end_with(wire, "policy-violation");
	assert_string_equal(wire_log(wire), "poison refused\ndisconnected ENVOI_ERR_STREAM\n");
	assert_string_equal(resume_again(wire), "good r ");
	end_with(wire, "resource-constraint");
	assert_string_equal(resume_again(wire), "good r ");
	assert_string_equal(short_of(wire_talk(wire, A("1"))), "");
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\nresumed " WIRE_OWN
		"\ndisconnected ENVOI_ERR_STREAM\nstream-opened\nauthenticated\nresumed " WIRE_OWN
		"\ngood acknowledged\n");
}

static void what_follows_a_suspected_stanza_is_sent_after_its_acknowledgement(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_one(wire, "1");
	send_one(wire, "2");
	end_with(wire, "policy-violation");
	assert_string_equal(resume_again(wire), "1 r ");
	send_one(wire, "3");
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	assert_string_equal(short_of(wire_talk(wire, A("1"))), "2 r ");
	assert_string_equal(short_of(wire_talk(wire, A("2"))), "3 ");
}

/* A peer may hold a stanza back. Its answer to each request would lead to the next request. */
static void an_answer_without_progress_is_not_followed_by_a_request_at_once(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_one(wire, "1");
	send_one(wire, "2");
	end_with(wire, "policy-violation");
	assert_string_equal(resume_again(wire), "1 r ");
	assert_string_equal(wire_talk(wire, A("0")), "");
	wire_run(wire, 4999);
	assert_string_equal(wire_heard(wire), "");
	wire_run(wire, 1);
	assert_string_equal(short_of(wire_heard(wire)), "r ");
	assert_string_equal(wire_talk(wire, A("0")), "");
	assert_string_equal(short_of(wire_talk(wire, A("1"))), "2 ");
}

static void what_an_earlier_session_has_answered_does_not_count(void **state)
{
	struct wire *wire = *state;
	enable(wire, "<enabled " SM "/>");
	assert_string_equal(
		wire_talk(wire, "<message from='a@b'/><r " SM "/>"), "<a " SM " h='1'/>");
	cut(wire);
	enable(wire, "<enabled " SM "/>");
	wire_say(wire, "<message from='a@b'/>");
	wire_run(wire, 0);
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "<a " SM " h='1'/></stream:stream>");
}

static void end_twice_with(struct wire *wire, const char *condition, const char *logged)
{
	enable(wire, RESUMABLE);
	send_with_ticket(wire, 0, "one");
	end_with(wire, condition);
	assert_string_equal(resume_again(wire), "one r ");
	(void)wire_log(wire);
	end_with(wire, condition);
	assert_string_equal(wire_log(wire), logged);
}

static void want_of_resources_twice_in_a_row_refuses_what_was_first(void **state)
{
	end_twice_with(
		*state, "resource-constraint", "one refused\ndisconnected ENVOI_ERR_STREAM\n");
}

static void another_end_twice_in_a_row_refuses_nothing(void **state)
{
	end_twice_with(*state, "reset", "disconnected ENVOI_ERR_STREAM\n");
}

static void a_receiver_without_memory_is_reported(void **state)
{
	struct test_allocator allocator = {0};
	struct envoi_resumption_hook hook = {0};
	struct envoi_handler *receiver;
	struct envoi_context *context;
	(void)state;
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	allocator.fail_at = allocator.calls + 1;
	assert_int_equal(
		envoi_stream_management_receiver_new(&receiver, context, &hook), ENVOI_ERR_NOMEM);
	envoi_context_unref(context);
	assert_int_equal(allocator.live, 0);
}

static void another_end_between_two_refusals_clears_the_suspicion(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_with_ticket(wire, 0, "one");
	end_with(wire, "policy-violation");
	assert_string_equal(resume_again(wire), "one r ");
	cut(wire);
	assert_string_equal(resume_again(wire), "one r ");
	end_with(wire, "policy-violation");
	assert_string_equal(resume_again(wire), "one r ");
}

#define CSI_OFFER "<csi xmlns='urn:xmpp:csi:0'/>"
#define INACTIVE "<inactive xmlns='urn:xmpp:csi:0'/>"

/* XEP-0352, section 4.2: each stream begins active. */
static void the_client_state_is_sent_on_a_stream_that_resumes_too(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *client_state;
	assert_int_equal(envoi_client_state_handler_new(&client_state, wire->context), ENVOI_OK);
	assert_int_equal(envoi_client_state_set(client_state, false), ENVOI_DECLINED);
	make_session(wire);
	assert_int_equal(envoi_session_add(wire->session, client_state), ENVOI_OK);
	const char *heard = answer_binding(wire, offer(wire, SM_OFFER CSI_OFFER));
	assert_int_equal(count_of(heard, INACTIVE), 1);
	assert_string_equal(wire_talk(wire, RESUMABLE), "");
	cut(wire);
	assert_null(strstr(offer(wire, SM_OFFER CSI_OFFER), INACTIVE));
	heard = wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>");
	assert_int_equal(count_of(heard, INACTIVE), 1);
	assert_true(envoi_session_is_online(wire->session));
	wire_free_session(wire);
	envoi_handler_destroy(client_state);
}

/* Each direction has its own count. */
static void both_directions_are_counted_by_themselves(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_many(wire, 3);
	for (size_t i = 0; i < 7; i++) {
		wire_say(wire, "<message id='m'/>");
	}
	wire_run(wire, 0);
	cut(wire);
	offer_resumption(wire, "s1", "7");
	assert_string_equal(short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='2'/>")), "x ");
	cut(wire);
	offer_resumption(wire, "s1", "7");
	assert_string_equal(short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='3'/>")), "");
}

static void send_new(struct wire *wire)
{
	send_one(wire, "new");
}

static void new_stanzas_do_not_overtake_the_old(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_one(wire, "1");
	send_one(wire, "2");
	wire_run(wire, 0);
	cut(wire);
	wire->on_ready = send_new;
	send_one(wire, "suspended");
	offer_resumption(wire, "s1", "0");
	assert_string_equal(short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>")),
		"1 2 suspended new ");
	wire->on_ready = NULL;
}

static void stanzas_sent_on_a_dead_link_are_numbered(void **state)
{
	struct envoi_memory_script dead = ENVOI_MEMORY_SCRIPT_INIT;
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_with_ticket(wire, 0, "1");
	wire_run(wire, 0);
	dead.stall_at = envoi_memory_pair_sent(wire->pair, ENVOI_MEMORY_A);
	envoi_memory_pair_script(wire->pair, ENVOI_MEMORY_A, &dead);
	send_with_ticket(wire, 1, "2");
	send_with_ticket(wire, 2, "3");
	wire_run(wire, 1000);
	cut(wire);
	(void)wire_log(wire);
	offer_resumption(wire, "s1", "0");
	assert_string_equal(
		short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='1'/>")), "2 3 r ");
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\n1 acknowledged\nresumed " WIRE_OWN "\n");
	(void)wire_talk(wire, A("3"));
	assert_string_equal(wire_log(wire), "2 acknowledged\n3 acknowledged\n");
}

static void pending_requests_do_not_outlive_their_stream(void **state)
{
	struct wire *wire = *state;
	for (int resumes = 0; resumes < 2; resumes++) {
		enable(wire, RESUMABLE);
		send_many(wire, 10);
		wire_run(wire, 0);
		assert_int_equal(count_of(wire_heard(wire), R), 1);
		wire_say(wire, R);
		cut(wire);
		offer_resumption(wire, "s1", "0");
		if (resumes) {
			(void)wire_talk(wire, "<resumed " SM " previd='s1' h='10'/>");
		} else {
			(void)answer_binding(wire, wire_talk(wire, "<failed " SM "/>"));
			(void)wire_talk(wire, RESUMABLE);
		}
		send_many(wire, 10);
		wire_run(wire, 0);
		assert_int_equal(count_of(wire_heard(wire), R), 1);
		cut(wire);
		envoi_session_set_resumable(wire->session, false);
	}
}

static void counters_pass_the_largest_number(void **state)
{
	struct wire *wire = *state;
	make_session(wire);
	sm_of(wire)->first = (uint64_t)UINT32_MAX - 2;
	enable(wire, RESUMABLE);
	assert_string_equal(wire_talk(wire, R), A("4294967293"));
	static const char *const names[] = {"1", "2", "3", "4", "5", "6"};
	for (size_t i = 0; i < 6; i++) {
		send_with_ticket(wire, i, names[i]);
		char text[64];
		snprintf(text, sizeof(text), "<message id='%s'/>", names[i]);
		wire_say(wire, text);
	}
	assert_string_equal(short_of(wire_talk(wire, A("4294967295") R)), "1 2 3 4 5 6 r a3 ");
	assert_string_equal(wire_log(wire), "1 acknowledged\n2 acknowledged\n");
	(void)wire_talk(wire, A("0"));
	assert_string_equal(wire_log(wire), "3 acknowledged\n");
	cut(wire);
	(void)wire_log(wire);
	offer_resumption(wire, "s1", "3");
	assert_string_equal(
		short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='1'/>")), "5 6 r ");
	(void)wire_talk(wire, A("3"));
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\n4 acknowledged\nresumed " WIRE_OWN
		"\n5 acknowledged\n6 acknowledged\n");
	assert_non_null(strstr(wire_talk(wire, A("4")), " h='4' send-count='3'/>"));
}

static void backward_over_the_largest_number_is_fatal(void **state)
{
	struct wire *wire = *state;
	make_session(wire);
	sm_of(wire)->first = (uint64_t)UINT32_MAX - 2;
	enable(wire, RESUMABLE);
	send_many(wire, 5);
	(void)wire_talk(wire, A("1"));
	assert_true(envoi_session_is_online(wire->session));
	const char *heard = wire_talk(wire, A("4294967295"));
	assert_non_null(strstr(heard, "<undefined-condition "));
	assert_null(strstr(heard, "too-high"));
}

static void failed_with_h_ends_tickets_of_handled_stanzas(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	static const char *const names[] = {"1", "2", "3", "4", "5"};
	for (size_t i = 0; i < 5; i++) {
		send_with_ticket(wire, i, names[i]);
	}
	wire_run(wire, 0);
	uint64_t epoch = envoi_session_epoch(wire->session);
	cut(wire);
	(void)wire_log(wire);
	offer_resumption(wire, "s1", "0");
	const char *heard = wire_talk(wire,
		"<failed " SM
		" h='3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\n1 acknowledged\n2 acknowledged\n3 acknowledged\n");
	heard = answer_binding(wire, heard);
	assert_non_null(strstr(heard, "<enable "));
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 1);
	const char *log = wire_log(wire);
	assert_null(strstr(log, "4 acknowledged"));
	assert_null(strstr(log, "5 acknowledged"));
}

/* As Prosody does when the session has more stanzas to repeat than it keeps. */
static void failed_may_be_followed_by_an_acknowledgement_and_the_end(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_with_ticket(wire, 0, "1");
	wire_run(wire, 0);
	cut(wire);
	offer_resumption(wire, "s1", "0");
	(void)wire_talk(wire, "<failed " SM " h='1' previd='s1'/>");
	(void)wire_talk(wire,
		A("1") "<stream:error><resource-constraint "
		       "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
		       "</stream:stream>");
	wire_run(wire, 10000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_STREAM);
	assert_int_equal(wire->closed.stream_condition, ENVOI_STREAM_RESOURCE_CONSTRAINT);
	assert_non_null(strstr(wire_log(wire), "1 acknowledged\n"));
}

static void failed_with_a_wrong_h_is_fatal_and_not_repeated(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_many(wire, 2);
	wire_run(wire, 0);
	cut(wire);
	offer_resumption(wire, "s1", "0");
	(void)wire_talk(wire, "<failed " SM " h='3'/></stream:stream>");
	wire_run(wire, 10000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_PROTOCOL);
	assert_non_null(strstr(offer(wire, SM_OFFER), "<iq "));
}

static void counting_starts_again_after_a_failed_resumption(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_many(wire, 3);
	(void)wire_talk(wire, "<message id='1'/><message id='2'/>");
	cut(wire);
	offer_resumption(wire, "s1", "2");
	const char *heard = answer_binding(wire, wire_talk(wire, "<failed " SM "/>"));
	assert_string_equal(heard, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
	assert_string_equal(wire_talk(wire, "<enabled " SM " id='s2' resume='true'/>" R), A("0"));
	(void)wire_log(wire);
	send_with_ticket(wire, 0, "one");
	(void)wire_talk(wire, A("1"));
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	cut(wire);
	offer_resumption(wire, "s2", "0");
}

static void resumed_must_have_the_requested_previd(void **state)
{
	static const char *const answers[] = {
		"<resumed " SM " previd='other' h='0'/>",
		"<resumed " SM " h='0'/>",
		"<resumed " SM " previd='s1'/>",
		"<resumed " SM " previd='s1' h='7'/>",
		"<resumed " SM " previd='s1' h='x'/>",
		RESUMABLE,
		"<message/>",
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		enable(wire, RESUMABLE);
		send_many(wire, 2);
		wire_run(wire, 0);
		cut(wire);
		offer_resumption(wire, "s1", "0");
		assert_non_null(strstr(wire_talk(wire, answers[i]), "<stream:error>"));
		wire_say(wire, "</stream:stream>");
		wire_run(wire, 10000);
		assert_int_equal(wire->closed.code, ENVOI_ERR_PROTOCOL);
		assert_false(envoi_session_is_online(wire->session));
		envoi_session_set_resumable(wire->session, false);
	}
}

static void a_resumption_without_answer_is_tried_once_more(void **state)
{
	struct wire *wire = *state;
	for (int is_silent = 0; is_silent < 2; is_silent++) {
		enable(wire, RESUMABLE);
		send_with_ticket(wire, 0, "one");
		wire_run(wire, 0);
		uint64_t epoch = envoi_session_epoch(wire->session);
		cut(wire);
		for (int i = 0; i < 2; i++) {
			offer_resumption(wire, "s1", "0");
			if (!is_silent) {
				(void)wire_talk(wire, "</stream:stream>");
			}
			wire_run(wire, 30000);
			assert_null(envoi_session_stream(wire->session));
			assert_int_equal(envoi_session_epoch(wire->session), epoch);
		}
		(void)wire_log(wire);
		assert_non_null(strstr(answer_binding(wire, offer(wire, SM_OFFER)), "<enable "));
		assert_int_equal(envoi_session_epoch(wire->session), epoch + 1);
		assert_int_equal(count_of(wire_log(wire), "one unknown\n"), 1);
		(void)wire_talk(wire, RESUMABLE);
		cut(wire);
		assert_true(envoi__sm_can_resume(wire->session));
		envoi_session_set_resumable(wire->session, false);
	}
}

static void an_expired_session_is_tried_nevertheless(void **state)
{
	struct wire *wire = *state;
	enable(wire, "<enabled " SM " id='s1' resume='true' max='4'/>");
	send_with_ticket(wire, 0, "one");
	wire_run(wire, 60000);
	assert_int_equal(envoi__sm_time_left_ms(wire->session), 4000);
	cut(wire);
	wire_run(wire, 3000);
	assert_int_equal(envoi__sm_time_left_ms(wire->session), 1000);
	offer_resumption(wire, "s1", "0");
	cut(wire);
	wire_run(wire, 1000);
	assert_int_equal(envoi__sm_time_left_ms(wire->session), 0);
	offer_resumption(wire, "s1", "0");
	(void)wire_talk(wire, "</stream:stream>");
	wire_run(wire, 30000);
	assert_non_null(strstr(offer(wire, SM_OFFER), "<iq "));
}

static void an_expired_session_is_tried_once(void **state)
{
	struct wire *wire = *state;
	enable(wire, "<enabled " SM " id='s1' resume='true' max='4'/>");
	cut(wire);
	wire_run(wire, 4000);
	offer_resumption(wire, "s1", "0");
	cut(wire);
	assert_non_null(strstr(answer_binding(wire, offer(wire, SM_OFFER)), "<enable "));
	(void)wire_talk(wire, "<enabled " SM " id='s2' resume='true' max='4'/>");
	cut(wire);
	wire_run(wire, 4000);
	offer_resumption(wire, "s2", "0");
	(void)wire_talk(wire, "<resumed " SM " previd='s2' h='0'/>");
	cut(wire);
	offer_resumption(wire, "s2", "0");
}

static void a_server_that_offers_it_no_more_gets_a_new_session(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	uint64_t epoch = envoi_session_epoch(wire->session);
	cut(wire);
	assert_string_equal(answer_binding(wire, offer(wire, "")), "");
	assert_true(envoi_session_is_online(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 1);
}

static void a_stream_that_the_peer_closed_in_order_is_not_resumed(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	(void)wire_talk(wire, "</stream:stream>");
	wire_run(wire, 10000);
	assert_null(envoi_session_stream(wire->session));
	assert_false(envoi__sm_can_resume(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), 2);
}

static void a_stream_error_of_the_peer_leaves_a_session_to_be_tried(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	send_with_ticket(wire, 0, "one");
	(void)wire_talk(wire,
		"<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	wire_run(wire, 10000);
	(void)wire_log(wire);
	offer_resumption(wire, "s1", "0");
	(void)answer_binding(wire, wire_talk(wire, "<failed " SM "/>"));
	assert_non_null(strstr(wire_log(wire), "one unknown\n"));
}

/* --- what else comes and goes --- */

/* XEP-0352, section 5: the state belongs to the stream, and a resumption does not restore it. */
static void the_client_state_is_sent_again_on_the_stream_that_resumes(void **state)
{
	static const char inactive[] = "<inactive xmlns='urn:xmpp:csi:0'/>";
	struct wire *wire = *state;
	struct envoi_handler *client_state;
	make_session(wire);
	assert_int_equal(envoi_client_state_handler_new(&client_state, wire->context), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, client_state), ENVOI_OK);
	assert_non_null(strstr(answer_binding(wire, offer(wire, SM_OFFER CSI_OFFER)), "<enable "));
	(void)wire_talk(wire, RESUMABLE);
	assert_int_equal(envoi_client_state_set(client_state, false), ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), inactive);
	send_one(wire, "1");
	wire_run(wire, 0);
	cut(wire);
	assert_non_null(strstr(offer(wire, SM_OFFER CSI_OFFER), "<resume "));
	const char *heard = wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>");
	assert_int_equal(count_of(heard, inactive), 1);
	assert_string_equal(short_of(heard), "1 ");
	assert_string_equal(wire_talk(wire, R A("1")), A("0"));
	wire_free_session(wire);
	envoi_handler_destroy(client_state);
}

/* Servers count what they cannot deliver, and return it with the unusable address as its sender. */
static void an_error_with_an_unusable_sender_counts_as_one(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	assert_string_equal(
		wire_talk(wire,
			"<message type='error' id='x' from='@'>"
			"<error type='modify'><jid-malformed "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
			"<iq type='error' from='@'/><presence from='@'/>" R),
		A("3"));
	assert_true(envoi_session_is_online(wire->session));
	assert_true(count_of(wire_log(wire), "unhandled ") >= 1);
}

/* --- a journal --- */

static void a_journal_keeps_the_location_with_its_port(void **state)
{
	struct wire *wire = *state;
	struct envoi_buffer out;
	struct envoi_session *next;
	struct envoi_jid *account;
	enable(wire, RESUMABLE);
	wire->session->sm.location = envoi_strndup(wire->context, "other.example", 13);
	wire->session->sm.location_port = 5299;
	envoi_buffer_init(&out, wire->context, 0);
	assert_int_equal(envoi_session_write_journal(wire->session, &out), ENVOI_OK);
	assert_int_equal(envoi_session_new(&next, wire->context, wire->settings), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&account, wire->context, "me@example.org"), ENVOI_OK);
	assert_int_equal(envoi_session_load_journal(
				 next, account, envoi_buffer_data(&out), envoi_buffer_len(&out)),
		ENVOI_OK);
	assert_string_equal(next->sm.location, "other.example");
	assert_int_equal(next->sm.location_port, 5299);
	envoi_session_free(next);
	envoi_jid_unref(account);
	envoi_buffer_finish(&out);
}

static int load_version(struct wire *wire, uint64_t version)
{
	const struct envoi__record record = {ENVOI__RECORD_ACCOUNT,
		envoi_context_wall_clock_ms(wire->context), version, "me@example.org",
		strlen("me@example.org")};
	struct envoi_session *session;
	struct envoi_jid *account;
	struct envoi_buffer out;
	envoi_buffer_init(&out, wire->context, 0);
	assert_int_equal(envoi__record_write(&out, &record), ENVOI_OK);
	assert_int_equal(envoi_session_new(&session, wire->context, wire->settings), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&account, wire->context, "me@example.org"), ENVOI_OK);
	int r = envoi_session_load_journal(
		session, account, envoi_buffer_data(&out), envoi_buffer_len(&out));
	envoi_session_free(session);
	envoi_jid_unref(account);
	envoi_buffer_finish(&out);
	return r;
}

static void a_journal_of_another_version_is_refused(void **state)
{
	assert_int_equal(load_version(*state, ENVOI__JOURNAL_VERSION - 1), ENVOI_ERR_INVALID);
	assert_int_equal(load_version(*state, ENVOI__JOURNAL_VERSION + 1), ENVOI_ERR_INVALID);
	assert_int_equal(load_version(*state, ENVOI__JOURNAL_VERSION), ENVOI_OK);
}

static bool is_full; /* the journal */

static int append(struct envoi_journal *journal, const void *record, size_t len)
{
	(void)journal;
	(void)record;
	(void)len;
	return is_full ? ENVOI_ERR_FULL : ENVOI_OK;
}

/* The server may have read a request that it has not answered. */
static void without_a_record_a_resumption_repeats_the_last_number(void **state)
{
	static const struct envoi_journal_impl impl = {append};
	static struct envoi_journal journal = {&impl};
	struct wire *wire = *state;
	is_full = false;
	make_session(wire);
	assert_int_equal(envoi_session_set_journal(wire->session, &journal), ENVOI_OK);
	enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/>");
	cut(wire);
	offer_resumption(wire, "s1", "1");
	cut(wire);
	is_full = true;
	offer_resumption(wire, "s1", "1");
	(void)wire_talk(wire, "<resumed " SM " previd='s1' h='0'/><message id='2'/>");
	cut(wire);
	offer_resumption(wire, "s1", "1");
	(void)wire_talk(wire, "<resumed " SM " previd='s1' h='0'/><message id='2'/>");
	assert_string_equal(got(), "1 2 ");
	is_full = false;
	cut(wire);
	offer_resumption(wire, "s1", "2");
}

/* --- manual acknowledgement --- */

static void a_held_stanza_is_not_acknowledged(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	assert_string_equal(wire_talk(wire,
				    "<message id='1'/><message id='h2'/><message id='3'/>"
				    "<message id='h4'/>" R),
		A("1"));
	assert_string_equal(got(), "1 h2 3 h4 ");
	envoi_hold_release(holds[1]);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	envoi_hold_release(holds[0]);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), A("4"));
	assert_string_equal(wire_talk(wire, "<message id='h5'/>" R), A("4"));
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "</stream:stream>");
	envoi_hold_release(holds[2]);
}

static void closing_acknowledges_stanzas_that_are_not_held(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/><message id='h2'/><message id='3'/>");
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(short_of(wire_heard(wire)), "a1 end ");
	wire_free_session(wire);
	envoi_hold_release(holds[0]);
}

static void a_delivered_stanza_is_not_delivered_again(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/><message id='h2'/><message id='3'/>");
	assert_string_equal(got(), "1 h2 3 ");
	cut(wire);
	offer_resumption(wire, "s1", "1");
	assert_string_equal(wire_talk(wire,
				    "<resumed " SM " previd='s1' h='0'/>"
				    "<message id='h2'/><message id='3'/><message id='4'/>" R),
		A("1"));
	assert_string_equal(got(), "4 ");
	cut(wire);
	envoi_hold_release(holds[0]);
	offer_resumption(wire, "s1", "4");
	assert_string_equal(
		wire_talk(wire, "<resumed " SM " previd='s1' h='0'/><message id='5'/>" R), A("5"));
	assert_string_equal(got(), "5 ");
}

/* Released while the repetition is on its way: no more is acknowledged than has come again. */
static void a_release_acknowledges_what_this_stream_has_brought(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/><message id='h2'/><message id='3'/>");
	cut(wire);
	offer_resumption(wire, "s1", "1");
	envoi_hold_release(holds[0]);
	assert_string_equal(wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>" R), A("1"));
	assert_string_equal(wire_talk(wire, "<message id='h2'/>" R), A("2"));
	assert_string_equal(wire_talk(wire, "<message id='3'/><message id='4'/>" R), A("4"));
	assert_string_equal(got(), "1 h2 3 4 ");
}

static void a_hold_needs_a_delivery_and_may_outlive_its_session(void **state)
{
	struct wire *wire = *state;
	struct envoi_hold *none;
	enable(wire, RESUMABLE);
	assert_int_equal(envoi_session_hold(wire->session, &none), ENVOI_ERR_STATE);
	(void)wire_talk(wire, "<message id='h1'/><message id='h2'/>");
	assert_int_equal(envoi_session_hold(wire->session, &none), ENVOI_ERR_STATE);
	cut(wire);
	envoi_session_set_resumable(wire->session, false);
	envoi_hold_release(holds[0]);
	(void)answer_binding(wire, offer(wire, ""));
	(void)wire_talk(wire, "<message id='h3'/>");
	wire_free_session(wire);
	envoi_hold_release(holds[1]);
	envoi_hold_release(holds[2]);
	envoi_hold_release(NULL);
}

/* --- a stanza that came and was not handed over --- */

static void detach_on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	envoi_session_detach(event->session);
}

static const struct envoi_event_row detaching_rows[] = {
	{ENVOI_EVENT_UNHANDLED, detach_on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl detaching_impl = {.events = detaching_rows};
static struct envoi_handler detaching = {&detaching_impl};

static void a_stanza_that_finds_no_stream_was_not_received(void **state)
{
	struct wire *wire = *state;
	enable(wire, RESUMABLE);
	assert_int_equal(envoi_session_add(wire->session, &detaching), ENVOI_OK);
	(void)wire_talk(wire, "<message id='1'/><failed " SM "/><message id='2'/>");
	assert_string_equal(got(), "1 ");
	assert_null(envoi_session_stream(wire->session));
	offer_resumption(wire, "s1", "1");
	(void)wire_talk(wire, "<resumed " SM " previd='s1' h='0'/><message id='2'/>");
	assert_string_equal(got(), "2 ");
}

/* --- liveness --- */

static void watch_liveness(struct wire *wire)
{
	assert_int_equal(envoi_settings_set(wire->settings, "liveness.method", "probe"), ENVOI_OK);
	make_session(wire);
	enable(wire, RESUMABLE);
}

static void a_silent_link_is_probed_by_a_request(void **state)
{
	struct wire *wire = *state;
	watch_liveness(wire);
	wire_run(wire, 65000);
	assert_string_equal(wire_talk(wire, A("0")), R);
	wire_run(wire, 30000);
	assert_true(envoi_session_is_online(wire->session));
	wire_run(wire, 35000);
	assert_string_equal(wire_heard(wire), R);
	wire_run(wire, 20000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
	assert_string_equal(wire_heard(wire), "");
}

/* The server never answers <r/>, but lives. */
static void beside_a_pending_request_a_ping_is_the_probe(void **state)
{
	struct wire *wire = *state;
	watch_liveness(wire);
	send_one(wire, "x");
	wire_run(wire, 10000);
	assert_string_equal(short_of(wire_heard(wire)), "x r ");
	for (int i = 0; i < 3; i++) {
		wire_run(wire, 60000);
		assert_non_null(strstr(wire_answer(wire, "example.org", ""), "urn:xmpp:ping"));
	}
	assert_int_equal(wire->closed_count, 0);
	wire_run(wire, 90000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
}

static void what_is_never_acknowledged_fills_the_outbox_and_no_more(void **state)
{
	struct wire *wire = *state;
	watch_liveness(wire);
	wire->session->outbox.count_limit = 20;
	for (int i = 0; i < 20; i++) {
		send_one(wire, "x");
	}
	assert_int_equal(envoi_send_text(wire->session, "a@b", "y", NULL), ENVOI_ERR_FULL);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_log(wire), "outbox-high"));
	wire_run(wire, 10000);
	(void)wire_heard(wire);
	wire_run(wire, 60000);
	assert_string_equal(wire_heard(wire), " ");
	wire_run(wire, 20000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
	assert_true(envoi__sm_can_resume(wire->session));
}

static void a_dead_link_leaves_the_session_to_be_resumed(void **state)
{
	struct wire *wire = *state;
	watch_liveness(wire);
	wire_run(wire, 90000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
	assert_string_equal(wire_heard(wire), R);
	assert_true(envoi__sm_can_resume(wire->session));
	assert_non_null(strstr(offer(wire, SM_OFFER), "<resume "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stanzas_follow_enable_without_waiting),
		TEST(without_the_offer_nothing_is_enabled),
		TEST(the_setting_turns_it_off),
		TEST(the_server_is_asked_for_a_time),
		TEST(a_refusal_leaves_a_session_without_acknowledgements),
		TEST(enabled_may_promise_less),
		TEST(an_id_may_be_long_but_not_endless),
		TEST(max_is_bounded),
		TEST(a_location_counts_on_a_protected_connection_only),
		TEST(ten_stanzas_request_one_acknowledgement),
		TEST(sixteen_kibibytes_request_one_too),
		TEST(five_seconds_request_one_too),
		TEST(a_request_can_be_made_at_once),
		TEST(a_ticket_requests_one_at_the_end_of_its_turn),
		TEST(a_ticket_sent_before_enabled_requests_one_after_it),
		TEST(a_ticket_sent_again_requests_one_on_its_new_stream),
		TEST(stream_management_acknowledges_without_pings),
		TEST(what_precedes_enabled_is_not_pinged_either),
		TEST(after_five_seconds_without_enabled_a_ping_is_sent),
		TEST(after_a_refusal_pings_acknowledge_what_was_sent_before),
		TEST(requests_are_answered_once_a_turn),
		TEST(stanzas_for_rows_of_the_stream_are_counted),
		TEST(a_flood_is_acknowledged_unasked),
		TEST(closing_acknowledges_first),
		TEST(closing_repeats_no_acknowledgement),
		TEST(faults_are_fatal),
		TEST(the_stream_error_names_both_counts),
		TEST(acknowledgements_before_enabled_are_fatal),
		TEST(failed_while_enabled_changes_nothing),
		TEST(unhandled_stanzas_are_sent_again_in_order),
		TEST(what_an_earlier_session_has_answered_does_not_count),
		TEST(want_of_resources_twice_in_a_row_refuses_what_was_first),
		TEST(another_end_twice_in_a_row_refuses_nothing),
		cmocka_unit_test(a_receiver_without_memory_is_reported),
		TEST(what_was_sent_alone_at_the_second_refusal_in_a_row_is_not_sent_again),
		TEST(a_journal_keeps_the_location_with_its_port),
		TEST(a_journal_of_another_version_is_refused),
		TEST(without_a_record_a_resumption_repeats_the_last_number),
		TEST(what_came_before_the_closing_tag_of_the_peer_is_acknowledged),
		TEST(what_follows_a_suspected_stanza_is_sent_after_its_acknowledgement),
		TEST(an_answer_without_progress_is_not_followed_by_a_request_at_once),
		TEST(another_end_between_two_refusals_clears_the_suspicion),
		TEST(the_client_state_is_sent_on_a_stream_that_resumes_too),
		TEST(both_directions_are_counted_by_themselves),
		TEST(new_stanzas_do_not_overtake_the_old),
		TEST(stanzas_sent_on_a_dead_link_are_numbered),
		TEST(pending_requests_do_not_outlive_their_stream),
		TEST(counters_pass_the_largest_number),
		TEST(backward_over_the_largest_number_is_fatal),
		TEST(failed_with_h_ends_tickets_of_handled_stanzas),
		TEST(failed_may_be_followed_by_an_acknowledgement_and_the_end),
		TEST(failed_with_a_wrong_h_is_fatal_and_not_repeated),
		TEST(counting_starts_again_after_a_failed_resumption),
		TEST(resumed_must_have_the_requested_previd),
		TEST(a_resumption_without_answer_is_tried_once_more),
		TEST(an_expired_session_is_tried_nevertheless),
		TEST(an_expired_session_is_tried_once),
		TEST(a_server_that_offers_it_no_more_gets_a_new_session),
		TEST(a_stream_that_the_peer_closed_in_order_is_not_resumed),
		TEST(a_stream_error_of_the_peer_leaves_a_session_to_be_tried),
		TEST(the_client_state_is_sent_again_on_the_stream_that_resumes),
		TEST(an_error_with_an_unusable_sender_counts_as_one),
		TEST(a_held_stanza_is_not_acknowledged),
		TEST(closing_acknowledges_stanzas_that_are_not_held),
		TEST(a_delivered_stanza_is_not_delivered_again),
		TEST(a_release_acknowledges_what_this_stream_has_brought),
		TEST(a_hold_needs_a_delivery_and_may_outlive_its_session),
		TEST(a_stanza_that_finds_no_stream_was_not_received),
		TEST(a_silent_link_is_probed_by_a_request),
		TEST(beside_a_pending_request_a_ping_is_the_probe),
		TEST(what_is_never_acknowledged_fills_the_outbox_and_no_more),
		TEST(a_dead_link_leaves_the_session_to_be_resumed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
