/*
 * An extension that finds readings of sensors in messages and reports those of an alarm as custom
 * events, and a program that prints these until it receives the message "stop".
 *
 *	ENVOI_PASSWORD=... sensors alice@example.org [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALARM "urn:example:sensor:alarm"

/* --- the extension: <reading xmlns='urn:example:sensor' name='door' state='alarm'/> --- */

static int on_first_reading(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	puts("sensors are there");
	return ENVOI_OK;
}

static int on_alarm(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	const char *name = envoi_element_attr(envoi_delivery_element(in), "name");
	/* freed behind the last row, or here where it cannot be posted */
	return envoi_session_post(
		envoi_delivery_session(in), ALARM, name == NULL ? NULL : strdup(name), free);
}

static const struct envoi_stanza_row readings[] = {
	{.kind = ENVOI_MESSAGE,
		.path = "message/{urn:example:sensor}reading@state='alarm'",
		.handle = on_alarm},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl sensors_impl = {.name = "sensors", .stanzas = readings};

/* --- the program --- */

static void on_alarm_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("alarm: %s\n", event->data == NULL ? "a sensor" : (const char *)event->data);
}

static int on_text(void *user, int code, struct envoi_delivery *in)
{
	const char *body = code < 0 ? NULL : envoi_message_body(envoi_delivery_stanza(in), NULL);
	if (body != NULL && strcmp(body, "stop") != 0) {
		return ENVOI_DECLINED; /* and the wait goes on */
	}
	envoi_client_quit(user);
	return ENVOI_OK;
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	static const struct envoi_stanza_row text = {.kind = ENVOI_MESSAGE, .name = "body"};
	struct envoi_client *client = envoi_session_client(event->session);
	if (envoi_wait(event->session, &text, 3600 * 1000, on_text, client, NULL) < 0) {
		envoi_client_quit(client);
	}
}

static const struct envoi_stanza_row first_reading[] = {
	{.kind = ENVOI_MESSAGE,
		.ns = "urn:example:sensor",
		.once = true,
		.handle = on_first_reading},
	ENVOI_ROWS_END,
};
static const struct envoi_custom_event_row alarms[] = {
	{.name = ALARM, .handle = on_alarm_event},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_available},
	ENVOI_ROWS_END,
};
static const char *const needs[] = {"sensors", NULL};
static const struct envoi_handler_impl program_impl = {
	.name = "program",
	.stanzas = first_reading,
	.events = events,
	.custom_events = alarms,
	.needs = needs, /* whatever the order of adding */
};

int main(int argc, char **argv)
{
	struct envoi_handler sensors = {&sensors_impl}, program = {&program_impl};
	struct envoi_client *client;
	if (argc < 2) {
		fprintf(stderr, "usage: sensors JID [NAME=VALUE...]\n");
		return 2;
	}
	if (envoi_client_new(&client, NULL, argv[1]) < 0) {
		return 1;
	}
	envoi_client_set_password(client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(client, argv + 2);
	envoi_client_add(client, &program);
	envoi_client_add(client, &sensors);
	int r = envoi_client_run(client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(client));
	}
	envoi_client_free(client);
	return r < 0;
}
