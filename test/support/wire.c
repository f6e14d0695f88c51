/*
 * envoi - tests: a session over a memory pair, and what its peer says and hears
 * SPDX-License-Identifier: MIT
 */
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "test_allocator.h"

/* --- what is logged --- */

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct wire *wire = ENVOI_CONTAINER_OF(self, struct wire, watcher);
	const char *more = event->text != NULL ? event->text
		: event->name != NULL          ? event->name
		: event->jid != NULL           ? envoi_jid_text(event->jid)
		: event->failure != NULL       ? envoi_error_name(event->failure->code)
					       : NULL;
	write_text(&wire->log, "%s%s%s\n", envoi_event_name(event->type), more == NULL ? "" : " ",
		more == NULL ? "" : more);
}

static const struct envoi_event_row event_rows[] = {{ENVOI_EVERY_EVENT, on_event}, ENVOI_ROWS_END};
static const struct envoi_handler_impl watcher_impl = {.name = "watcher", .events = event_rows};

const char *wire_state_name(enum envoi_ticket_state state)
{
	static const char *const names[] = {
		[ENVOI_TICKET_ACKNOWLEDGED] = "acknowledged",
		[ENVOI_TICKET_WRITTEN] = "written",
		[ENVOI_TICKET_UNKNOWN] = "unknown",
		[ENVOI_TICKET_NOT_SENT] = "not sent",
		[ENVOI_TICKET_CANCELED] = "canceled",
		[ENVOI_TICKET_REFUSED] = "refused",
	};
	return names[state];
}

static void on_ticket(struct envoi_ticket *base, const struct envoi_ticket_report *report)
{
	struct wire_ticket *ticket = ENVOI_CONTAINER_OF(base, struct wire_ticket, ticket);
	ticket->told++;
	ticket->state = report->state;
	ticket->by = report->acknowledged_by;
	ticket->refusal = report->refusal;
	write_text(&ticket->wire->log, "%s %s\n", ticket->name, wire_state_name(report->state));
}

struct envoi_ticket *wire_ticket(struct wire_ticket *ticket, struct wire *wire, const char *name)
{
	*ticket = (struct wire_ticket){.ticket.done = on_ticket, .wire = wire, .name = name};
	return &ticket->ticket;
}

void wire_on_answer(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	write_text(&wire->log, "answer %s %s\n", envoi_error_name(envoi_answer_code(answer)),
		envoi_answer_text(answer));
}

/* --- owner --- */

static struct wire *from_owner(struct envoi_session_owner *owner)
{
	return ENVOI_CONTAINER_OF(owner, struct wire, owner);
}

static void on_opened(struct envoi_session_owner *owner, struct envoi_session *session)
{
	struct wire *wire = from_owner(owner);
	(void)session;
	wire->opened_count++;
	if (wire->on_opened != NULL) {
		wire->on_opened(wire);
	}
}

static void on_gained(struct envoi_session_owner *owner, struct envoi_session *session,
	unsigned int bit, const char *text)
{
	struct wire *wire = from_owner(owner);
	(void)session, (void)bit, (void)text;
	if (wire->on_gained != NULL) {
		wire->on_gained(wire);
	}
}

static void on_ready(struct envoi_session_owner *owner, struct envoi_session *session)
{
	struct wire *wire = from_owner(owner);
	(void)session;
	wire->ready_count++;
	if (wire->on_ready != NULL) {
		wire->on_ready(wire);
	}
}

static void on_activity(struct envoi_session_owner *owner, struct envoi_session *session)
{
	struct wire *wire = from_owner(owner);
	(void)session;
	wire->activity_count++;
	if (wire->on_activity != NULL) {
		wire->on_activity(wire);
	}
}

static void on_closed(struct envoi_session_owner *owner, struct envoi_session *session,
	const struct envoi_failure *why)
{
	struct wire *wire = from_owner(owner);
	wire->closed_count++;
	envoi_failure_finish(&wire->closed);
	envoi_failure_copy(&wire->closed, why);
	if (wire->on_closed != NULL) {
		wire->on_closed(wire);
		return;
	}
	struct envoi_event event = {.type = ENVOI_EVENT_DISCONNECTED, .failure = why};
	if (envoi_session_post_event(session, &event) < 0) {
		write_text(&wire->log, "not posted\n");
	}
}

static const struct envoi_session_owner_impl owner_impl = {
	.opened = on_opened,
	.gained = on_gained,
	.ready = on_ready,
	.activity = on_activity,
	.closed = on_closed,
};

void wire_init(struct wire *wire, const struct envoi_context_options *options)
{
	wire->owner.impl = &owner_impl;
	wire->watcher.impl = &watcher_impl;
	assert_int_equal(envoi_context_new(&wire->notes, NULL), ENVOI_OK);
	assert_int_equal(envoi_context_new(&wire->context, options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&wire->loop, wire->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(wire->context, wire->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&wire->settings, wire->context), ENVOI_OK);
	/* the peer answers nothing by itself */
	assert_int_equal(envoi_settings_set(wire->settings, "liveness.method", "none"), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(wire->settings, "acknowledgement.ping", "false"), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&wire->own, wire->context, WIRE_OWN), ENVOI_OK);
	envoi_buffer_init(&wire->log, wire->notes, 0);
	envoi_buffer_init(&wire->heard, wire->notes, 0);
}

void wire_finish(struct wire *wire)
{
	wire_remove(wire);
	wire_free_session(wire);
	envoi_memory_end_free(wire->end);
	envoi_memory_pair_unref(wire->pair);
	envoi_settings_free(wire->settings);
	envoi_jid_unref(wire->own);
	envoi_failure_finish(&wire->closed);
	envoi_buffer_finish(&wire->log);
	envoi_buffer_finish(&wire->heard);
	envoi_context_unref(wire->context);
	envoi_context_unref(wire->notes);
}

int wire_setup(void **state)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	assert_non_null(wire);
	wire_init(wire, NULL);
	*state = wire;
	return 0;
}

int wire_setup_online(void **state)
{
	wire_setup(state);
	wire_go_online(*state);
	return 0;
}

int wire_teardown(void **state)
{
	wire_finish(*state);
	free(*state);
	return 0;
}

void wire_add(struct wire *wire, struct envoi_handler *handler)
{
	assert_null(wire->added);
	wire->added = handler;
	assert_int_equal(envoi_session_add(wire->session, handler), ENVOI_OK);
}

void wire_remove(struct wire *wire)
{
	if (wire->added != NULL && wire->session != NULL) {
		envoi_session_remove(wire->session, wire->added);
	}
	envoi_handler_destroy(wire->added);
	wire->added = NULL;
}

int wire_new_session(struct wire *wire)
{
	int r = envoi_session_new(&wire->session, wire->context, wire->settings);
	if (r == ENVOI_OK) {
		envoi_session_set_owner(wire->session, &wire->owner);
		r = envoi_session_add(wire->session, &wire->watcher);
	}
	return r;
}

void wire_next_session(struct wire *wire)
{
	envoi_memory_end_shut_down(wire->end);
	wire_run(wire, 0);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
}

void wire_free_session(struct wire *wire)
{
	envoi_session_free(wire->session);
	wire->session = NULL;
}

static int new_pair(struct wire *wire, struct envoi_transport **ret_transport)
{
	envoi_memory_end_free(wire->end);
	wire->end = NULL;
	wire->pair = envoi_memory_pair_unref(wire->pair);
	int r = envoi_memory_pair_new(&wire->pair, wire->context);
	if (r == ENVOI_OK) {
		r = envoi_memory_end_new(&wire->end, wire->pair, ENVOI_MEMORY_B, NULL, NULL);
	}
	return r < 0 ? r
		     : envoi_memory_transport_new(ret_transport, wire->pair, ENVOI_MEMORY_A,
			       wire->settings, wire->is_secure);
}

static size_t list_handlers(struct wire *wire, struct envoi_handler **handlers, size_t capacity)
{
	size_t count = 0;
	if (wire->feature != NULL) {
		handlers[count++] = wire->feature;
	}
	if (wire->binding != NULL) {
		handlers[count++] = wire->binding;
	}
	if (wire->has_session_handlers) {
		count += envoi_session_handlers(wire->session, handlers + count, capacity - count);
	}
	assert_true(count <= capacity);
	return count;
}

int wire_attach(struct wire *wire, enum envoi_role role, unsigned int required)
{
	struct envoi_transport *transport;
	struct envoi_stream *stream;
	struct envoi_handler *handlers[8];
	struct envoi_stream_options options = {
		.role = role,
		.local = wire->own,
		.peer_domain = role == ENVOI_INITIATOR ? "example.org" : NULL,
		.required = required,
		.handlers = handlers,
		.handler_count = list_handlers(
			wire, handlers, sizeof(handlers) / sizeof(handlers[0])),
		.settings = wire->settings,
	};
	int r = new_pair(wire, &transport);
	if (r == ENVOI_OK) {
		r = envoi_stream_new(&stream, wire->context, &options, transport,
			envoi_session_sink(wire->session));
	}
	return r < 0 ? r : envoi_session_attach(wire->session, stream);
}

void wire_go_online(struct wire *wire)
{
	if (wire->session == NULL) {
		assert_int_equal(wire_new_session(wire), ENVOI_OK);
	}
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_true(envoi_session_is_online(wire->session));
	(void)wire_heard(wire);
	(void)wire_log(wire);
}

void wire_say(struct wire *wire, const char *xml)
{
	if (envoi_memory_end_send(wire->end, xml, strlen(xml)) < 0) {
		write_text(&wire->log, "not said\n");
	}
}

void wire_greet(struct wire *wire)
{
	wire_say(wire,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='1' "
		"from='example.org'><stream:features/>");
}

void wire_run(struct wire *wire, uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(wire->loop, duration_ms), ENVOI_OK);
}

const char *wire_heard(struct wire *wire)
{
	struct envoi_buffer *received = envoi_memory_end_received(wire->end);
	size_t len = envoi_buffer_len(received);
	forget_text(&wire->heard);
	assert_int_equal(
		envoi_buffer_append(&wire->heard, envoi_buffer_data(received), len), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&wire->heard, "", 1), ENVOI_OK);
	envoi_buffer_consume(received, len);
	return envoi_buffer_data(&wire->heard);
}

const char *wire_answer(struct wire *wire, const char *peer, const char *content)
{
	char id[64], to[128], reply[1000];
	wire_run(wire, 0);
	const char *request = wire_heard(wire);
	snprintf(to, sizeof(to), " to='%s'", peer);
	assert_non_null(strstr(request, "<iq type='get'"));
	assert_non_null(strstr(request, to));
	assert_int_equal(sscanf(strstr(request, " id='"), " id='%63[^']'", id), 1);
	snprintf(reply, sizeof(reply), "<iq type='result' id='%s' from='%s'>%s</iq>", id, peer,
		content);
	wire_say(wire, reply);
	wire_run(wire, 0);
	return request;
}

const char *wire_answer_account(struct wire *wire, const char *type, const char *content)
{
	char id[64], reply[4000];
	wire_run(wire, 0);
	const char *request = strstr(wire_heard(wire), "<iq type='");
	assert_non_null(request);
	assert_null(strstr(request, " to='"));
	assert_int_equal(sscanf(strstr(request, " id='"), " id='%63[^']'", id), 1);
	snprintf(reply, sizeof(reply), "<iq type='%s' id='%s' from='me@example.org'>%s</iq>", type,
		id, content);
	wire_say(wire, reply);
	wire_run(wire, 0);
	return request;
}

void wire_survive(const struct envoi_extension *extension, const char *xml)
{
	bool has_failed = true;
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		assert_int_equal(envoi_session_use(wire.session, extension, NULL), ENVOI_OK);
		wire_run(&wire, 0);
		allocator.fail_at = allocator.calls + n;
		wire_say(&wire, xml);
		wire_run(&wire, 0);
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
}

const char *wire_talk(struct wire *wire, const char *xml)
{
	wire_say(wire, xml);
	wire_run(wire, 0);
	return wire_heard(wire);
}

const char *wire_log(struct wire *wire)
{
	const char *text = written_text(&wire->log);
	forget_text(&wire->log);
	return text;
}
