/*
 * envoi - a session with stream management over a memory pair, and a scripted server
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

#include <envoi/interfaces/features.h>

#include "session/session.h"
#include "stream_management_fixture.h"

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
struct wire_ticket sm_tickets[TICKETS];

static struct reader {
	struct envoi_handler handler;
	struct envoi_buffer got; /* ids and a blank behind each */
} reader = {.handler = {&reader_impl}};

/* Messages whose id begins with "h" are held. */
struct envoi_hold *sm_holds[4];
static size_t hold_count;

static void hold(struct envoi_session *session)
{
	assert_true(hold_count < sizeof(sm_holds) / sizeof(sm_holds[0]));
	assert_int_equal(envoi_session_hold(session, &sm_holds[hold_count++]), ENVOI_OK);
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

const char *sm_got(void)
{
	static char text[4096];
	snprintf(text, sizeof(text), "%.*s", (int)envoi_buffer_len(&reader.got),
		envoi_buffer_data(&reader.got));
	envoi_buffer_truncate(&reader.got, 0);
	return text;
}

int sm_setup_with(void **state, const struct envoi_context_options *own)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	assert_non_null(wire);
	wire_init(wire, own);
	wire->feature = &authentication_handler;
	wire->has_session_handlers = true;
	const struct envoi_bind_options options = {.resource = NULL};
	assert_int_equal(envoi_bind_new(&wire->binding, wire->context, &options), ENVOI_OK);
	envoi_buffer_init(&reader.got, wire->notes, 0);
	hold_count = 0;
	*state = wire;
	return 0;
}

int sm_setup(void **state)
{
	return sm_setup_with(state, NULL);
}

int sm_teardown(void **state)
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

struct envoi__sm *sm_of(struct wire *wire)
{
	return &wire->session->sm;
}

void sm_make_session(struct wire *wire)
{
	if (wire->session == NULL) {
		assert_int_equal(wire_new_session(wire), ENVOI_OK);
		assert_int_equal(envoi_session_add(wire->session, &reader.handler), ENVOI_OK);
	}
}

const char *sm_offer(struct wire *wire, const char *more)
{
	char text[1024];
	sm_make_session(wire);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, ENVOI_STREAM_BOUND), ENVOI_OK);
	wire_run(wire, 0);
	(void)wire_heard(wire);
	snprintf(text, sizeof(text), HEADER "<stream:features>" BIND_OFFER "%s</stream:features>",
		more);
	return wire_talk(wire, text);
}

const char *sm_answer_binding(struct wire *wire, const char *heard)
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

void sm_enable(struct wire *wire, const char *enabled)
{
	assert_string_equal(sm_answer_binding(wire, sm_offer(wire, SM_OFFER)),
		"<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
	assert_true(envoi_session_is_online(wire->session));
	assert_string_equal(wire_talk(wire, enabled), "");
	assert_true(envoi__sm_is_enabled(wire->session));
	(void)wire_log(wire);
}

void sm_cut(struct wire *wire)
{
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_null(envoi_session_stream(wire->session));
}

void sm_send_one(struct wire *wire, const char *body)
{
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
}

void sm_send_with_ticket(struct wire *wire, size_t i, const char *name)
{
	assert_int_equal(envoi_send_text(wire->session, "a@b", name,
				 wire_ticket(&sm_tickets[i], wire, name)),
		ENVOI_OK);
}

void sm_send_many(struct wire *wire, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sm_send_one(wire, "x");
	}
}

size_t sm_count_of(const char *text, const char *part)
{
	size_t count = 0;
	while ((text = strstr(text, part)) != NULL) {
		count++;
		text += strlen(part);
	}
	return count;
}

const char *sm_short_of(const char *heard)
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

void sm_offer_resumption(struct wire *wire, const char *previd, const char *h)
{
	char text[256];
	snprintf(text, sizeof(text), "<resume xmlns='urn:xmpp:sm:3' previd='%s' h='%s'/>", previd,
		h);
	assert_string_equal(sm_offer(wire, SM_OFFER), text);
}

void sm_end_with(struct wire *wire, const char *condition)
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

const char *sm_resume_again(struct wire *wire)
{
	sm_offer_resumption(wire, "s1", "0");
	return sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>"));
}
