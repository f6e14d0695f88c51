/*
 * A gateway: a component with many addresses, user1@DOMAIN to userCOUNT@DOMAIN, each of which is
 * available to the contacts that subscribe to it and answers messages in its own name. Several of
 * them may serve one domain together: see doc/guide/processes.md. SIGTERM makes all addresses
 * unavailable and ends the program.
 *
 *	ENVOI_SECRET=... gateway gw.example.org INSTANCE COUNT [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

struct gateway {
	struct envoi_handler handler;
	struct envoi_component_presence_hook hook;
	struct envoi_component *component;
	struct event_base *base;
	const char *instance; /* named in answers */
	unsigned long count, messages;
};

/* "user42" of 100 */
static bool is_user(const struct gateway *gateway, const struct envoi_jid *jid)
{
	const char *local = envoi_jid_local(jid);
	char *end = NULL;
	unsigned long number = local != NULL && strncmp(local, "user", 4) == 0
		? strtoul(local + 4, &end, 10)
		: 0;
	return number >= 1 && number <= gateway->count && *end == '\0';
}

/* --- stanzas --- */

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct gateway *gateway = ENVOI_CONTAINER_OF(self, struct gateway, handler);
	struct envoi_stanza *message = envoi_delivery_stanza(in);
	const char *body = envoi_message_body(message, NULL);
	const struct envoi_jid *to = envoi_stanza_to(message);
	char text[1000];
	if (body == NULL || to == NULL) {
		return ENVOI_DECLINED;
	}
	if (!is_user(gateway, to)) {
		return envoi_reply_error(in, ENVOI_ITEM_NOT_FOUND, NULL);
	}
	gateway->messages++;
	snprintf(text, sizeof(text), "%s at %s: %.900s", envoi_jid_local(to), gateway->instance,
		body);
	return envoi_reply_text(in, text);
}

/* Users accept all contacts. A server that probes has stored the subscription of a contact; this
 * program stores none. */
static enum envoi_component_verdict on_requested(struct envoi_component_presence_hook *hook,
	struct envoi_component *component, const struct envoi_jid *own,
	const struct envoi_jid *contact, bool is_probe)
{
	const struct gateway *gateway = ENVOI_CONTAINER_OF(hook, struct gateway, hook);
	(void)component;
	(void)contact;
	(void)is_probe;
	return is_user(gateway, own) ? ENVOI_COMPONENT_APPROVE : ENVOI_COMPONENT_REFUSE;
}

static const struct envoi_component_presence_hook_impl hook_impl = {.requested = on_requested};

/* --- events --- */

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("ready %s\n", envoi_jid_text(event->jid));
}

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	struct gateway *gateway = ENVOI_CONTAINER_OF(self, struct gateway, handler);
	if (event->failure->code != ENVOI_OK) {
		printf("disconnected: %s\n", envoi_component_failure_text(gateway->component));
	}
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct gateway *gateway = ENVOI_CONTAINER_OF(self, struct gateway, handler);
	(void)event;
	printf("stopped after %lu messages\n", gateway->messages);
	event_base_loopbreak(gateway->base);
}

static void on_signal(evutil_socket_t number, short what, void *user)
{
	struct gateway *gateway = user;
	(void)number;
	(void)what;
	envoi_component_disconnect(gateway->component);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_STARTED, .handle = on_started},
	{.type = ENVOI_EVENT_DISCONNECTED, .handle = on_disconnected},
	{.type = ENVOI_EVENT_STOPPED, .handle = on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl gateway_impl = {
	.name = "gateway",
	.stanzas = stanzas,
	.events = events,
};

/* --- the program --- */

/* One presence for all of them. */
static int make_available(
	struct gateway *gateway, struct envoi_context *context, const char *domain)
{
	struct envoi_stanza *presence = envoi_presence_new(context, ENVOI_TYPE_AVAILABLE, NULL);
	int r = presence == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	for (unsigned long i = 1; i <= gateway->count && r == ENVOI_OK; i++) {
		char jid[300];
		snprintf(jid, sizeof(jid), "user%lu@%s", i, domain);
		r = envoi_component_set_presence(gateway->component, jid, presence);
	}
	envoi_stanza_unref(presence);
	return r;
}

static int set_up(struct gateway *gateway, struct envoi_context *context, const char *domain,
	char **assignments)
{
	int r = envoi_component_new(&gateway->component, context, domain);
	if (r < 0) {
		return r;
	}
	struct envoi_component *component = gateway->component;
	envoi_component_set_secret(component, getenv("ENVOI_SECRET"));
	envoi_component_set(
		component, "reconnect.initial", "true"); /* the server may start later */
	for (; *assignments != NULL; assignments++) {
		envoi_component_set_assignment(component, *assignments);
	}
	envoi_component_add(component, &gateway->handler);
	envoi_component_set_presence_hook(component, &gateway->hook);
	r = envoi_component_connect(component);
	return r < 0 ? r : make_available(gateway, context, domain);
}

static int run(struct gateway *gateway, struct envoi_context *context, char **arguments)
{
	struct event *signal = evsignal_new(gateway->base, SIGTERM, on_signal, gateway);
	int r = ENVOI_ERR_NOMEM;
	gateway->instance = arguments[1];
	gateway->count = strtoul(arguments[2], NULL, 10);
	if (signal != NULL && event_add(signal, NULL) == 0) {
		r = set_up(gateway, context, arguments[0], arguments + 3);
	}
	if (r == ENVOI_OK) {
		event_base_dispatch(gateway->base);
		r = envoi_component_failure(gateway->component)->code;
	}
	if (r < 0 && gateway->component != NULL) {
		fprintf(stderr, "%s\n", envoi_component_failure_text(gateway->component));
	}
	envoi_component_free(gateway->component);
	if (signal != NULL) {
		event_free(signal);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct gateway gateway = {
		.handler = ENVOI_HANDLER(&gateway_impl),
		.hook = {&hook_impl},
		.base = event_base_new(),
	};
	struct envoi_context *context;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 4 || gateway.base == NULL ||
		envoi_context_new_on_libevent(&context, gateway.base) < 0) {
		fprintf(stderr, "usage: gateway DOMAIN INSTANCE COUNT [NAME=VALUE...]\n");
		return 2;
	}
	int r = run(&gateway, context, argv + 1);
	envoi_context_unref(context);
	event_base_free(gateway.base);
	return r < 0;
}
