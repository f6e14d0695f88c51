/*
 * envoi - a component and an account of its server talk to each other
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_component HOST PORT CA_FILE DOMAIN COMPONENT_PORT COMPONENT_DOMAIN SECRET
 *
 * Prints each step that has succeeded; ends with 0 after all: a message in both directions, an iq
 * to the server, a subscription with its presence, unavailable presence when the component leaves.
 */
#include <stdio.h>
#include <string.h>

#include "common.h"

enum {
	STEPS = 5,
};

struct talk {
	struct envoi_handler alice_handler, component_handler;
	struct envoi_client *alice;
	struct envoi_component *component;
	const char *domain;
	char bob[300]; /* of the component */
	int steps;
};

static struct talk *of_alice(struct envoi_handler *self)
{
	return ENVOI_CONTAINER_OF(self, struct talk, alice_handler);
}

static void quit(struct talk *talk, const char *problem)
{
	if (problem != NULL) {
		fprintf(stderr, "%s\n", problem);
	}
	envoi_component_disconnect(talk->component);
	envoi_client_quit(talk->alice);
}

static void pass(struct talk *talk, const char *step)
{
	printf("%s\n", step);
	talk->steps++;
}

/* --- the component --- */

static void on_component_started(struct envoi_handler *self, const struct envoi_event *event)
{
	struct talk *talk = ENVOI_CONTAINER_OF(self, struct talk, component_handler);
	(void)event;
	if (envoi_client_connect(talk->alice) < 0) {
		quit(talk, envoi_client_failure_text(talk->alice));
	}
}

static void on_component_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct talk *talk = ENVOI_CONTAINER_OF(self, struct talk, component_handler);
	if (event->failure->code != ENVOI_OK) {
		fprintf(stderr, "%s\n", envoi_component_failure_text(talk->component));
		envoi_client_quit(talk->alice);
		envoi_loop_quit(envoi_context_loop(envoi_session_context(event->session)));
	}
}

static int on_component_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct talk *talk = ENVOI_CONTAINER_OF(self, struct talk, component_handler);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	const struct envoi_jid *to = envoi_stanza_to(envoi_delivery_stanza(in));
	if (body == NULL || strcmp(body, "hello") != 0 ||
		strcmp(envoi_jid_text(to), talk->bob) != 0) {
		return ENVOI_DECLINED;
	}
	pass(talk, "a message to an address of the component");
	return envoi_reply_text(in, "hello back");
}

static const struct envoi_stanza_row component_stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_component_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row component_events[] = {
	{ENVOI_EVENT_STARTED, on_component_started},
	{ENVOI_EVENT_STOPPED, on_component_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl component_impl = {
	.name = "talk",
	.stanzas = component_stanzas,
	.events = component_events,
};

static const struct envoi_payload_type ping_type = ENVOI_PAYLOAD_EMPTY("urn:xmpp:ping", "ping");

static void on_server_answer(void *user, const struct envoi_answer *answer)
{
	struct talk *talk = user;
	struct envoi_jid *bob;
	if (!envoi_answer_ok(answer)) {
		quit(talk, envoi_answer_text(answer));
		return;
	}
	pass(talk, "an iq to the server");
	if (envoi_jid_from_text(&bob, envoi_session_context(envoi_client_session(talk->alice)),
		    talk->bob) == ENVOI_OK) {
		int r = envoi_subscriptions_request(
			envoi_client_subscriptions(talk->alice), bob, NULL);
		envoi_jid_unref(bob);
		if (r < 0) {
			quit(talk, envoi_error_text(r));
		}
	}
}

static void ask_server(struct talk *talk)
{
	struct envoi_session *session = envoi_component_session(talk->component);
	struct envoi_stanza *iq = envoi_request_iq(
		session, ENVOI_IQ_GET, talk->domain, &ping_type, NULL);
	(void)envoi_stanza_set_from(iq, talk->bob); /* a failure is the stanza's */
	if (envoi_request(session, iq, NULL, 0, on_server_answer, talk, NULL) < 0) {
		quit(talk, envoi_session_problem(session));
	}
}

/* --- the account --- */

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	envoi_send_text(event->session, of_alice(self)->bob, "hello", NULL);
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct talk *talk = of_alice(self);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	if (body == NULL || strcmp(body, "hello back") != 0) {
		quit(talk, "no answer, or an error");
		return ENVOI_OK;
	}
	pass(talk, "its answer");
	ask_server(talk);
	return ENVOI_OK;
}

static bool is_bob(const struct talk *talk, struct envoi_delivery *in)
{
	const struct envoi_jid *from = envoi_stanza_from(envoi_delivery_stanza(in));
	size_t len = strlen(talk->bob);
	return from != NULL && envoi_jid_bare_len(from) == len &&
		strncmp(envoi_jid_text(from), talk->bob, len) == 0;
}

static int on_presence(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct talk *talk = of_alice(self);
	if (is_bob(talk, in) && talk->steps == 3) {
		pass(talk, "a subscription, and the presence of the address");
		envoi_component_disconnect(talk->component);
	}
	return ENVOI_OK;
}

static int on_unavailable(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct talk *talk = of_alice(self);
	if (is_bob(talk, in) && talk->steps == 4) {
		pass(talk, "unavailable presence when the component leaves");
		envoi_client_quit(talk->alice);
	}
	return ENVOI_OK;
}

static void on_alice_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	envoi_loop_quit(envoi_context_loop(envoi_session_context(event->session)));
}

static const struct envoi_stanza_row alice_stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_ERROR, .handle = on_message},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_AVAILABLE, .handle = on_presence},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_UNAVAILABLE, .handle = on_unavailable},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row alice_events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	{ENVOI_EVENT_STOPPED, on_alice_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl alice_impl = {
	.name = "alice",
	.stanzas = alice_stanzas,
	.events = alice_events,
};

/* --- both --- */

static int make_component(struct talk *talk, struct envoi_context *context, char **arguments)
{
	char own[320];
	int r = envoi_component_new(&talk->component, context, arguments[6]);
	if (r < 0) {
		return r;
	}
	envoi_component_set(talk->component, "server", arguments[1]);
	envoi_component_set(talk->component, "port", arguments[5]);
	envoi_component_set_secret(talk->component, arguments[7]);
	envoi_component_add(talk->component, &talk->component_handler);
	snprintf(talk->bob, sizeof(talk->bob), "bob@%.200s", arguments[6]);
	snprintf(own, sizeof(own), "%s/desk", talk->bob);
	struct envoi_stanza *presence = envoi_presence_new(context, ENVOI_TYPE_AVAILABLE, NULL);
	r = envoi_component_set_presence(talk->component, own, presence);
	envoi_stanza_unref(presence);
	return r;
}

static void run(struct talk *talk, struct envoi_context *context)
{
	int r = envoi_component_connect(talk->component);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_component_failure_text(talk->component));
		return;
	}
	r = envoi_loop_run(envoi_context_loop(context));
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_error_text(r));
	}
}

int main(int argument_count, char **arguments)
{
	struct talk talk = {.alice_handler = {&alice_impl}, .component_handler = {&component_impl}};
	struct envoi_context *context;
	char jid[300];
	if (argument_count != 8 || envoi_context_new(&context, NULL) < 0) {
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(jid, sizeof(jid), "alice@%.200s", arguments[4]);
	talk.domain = arguments[4];
	talk.alice = interop_client(
		context, arguments[1], arguments[2], arguments[3], jid, "secret-alice");
	if (talk.alice != NULL && make_component(&talk, context, arguments) == ENVOI_OK) {
		envoi_client_add(talk.alice, &talk.alice_handler);
		run(&talk, context);
	}
	envoi_component_free(talk.component);
	envoi_client_free(talk.alice);
	envoi_context_unref(context);
	return talk.steps == STEPS ? 0 : 1;
}
