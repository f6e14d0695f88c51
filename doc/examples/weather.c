/*
 * An extension of one's own with a typed payload: sends the weather to a contact, and prints the
 * reports that it gets.
 *
 *	ENVOI_PASSWORD=... weather alice@example.org bob@example.org/desk CELSIUS [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct weather {
	const char *place;
	int64_t celsius;
	bool rain;
};
/* <report xmlns='urn:example:weather' place='Oslo'><celsius>-3</celsius><rain/></report> */
static const struct envoi_field weather_fields[] = {
	ENVOI_ATTR_TEXT(struct weather, place, "place", ENVOI_REQUIRED, .max_bytes = 200),
	ENVOI_CHILD_INT(
		struct weather, celsius, "celsius", ENVOI_REQUIRED, .min = -100, .max = 100),
	ENVOI_CHILD_FLAG(struct weather, rain, "rain"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type weather_type = ENVOI_PAYLOAD_TYPE(
	struct weather, "urn:example:weather", "report", weather_fields);

struct program {
	struct envoi_handler handler;
	const char *peer;
	int64_t celsius;
};

static int on_report(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	/* the row names the type: decoded and checked before we are called, borrowed, never NULL */
	const struct weather *report = envoi_delivery_payload(in, &weather_type);
	printf("%s: %" PRId64 " degrees%s\n", report->place, report->celsius,
		report->rain ? ", rain" : "");
	envoi_client_quit(envoi_session_client(envoi_delivery_session(in)));
	return ENVOI_OK;
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	struct weather now = {.place = "Oslo", .celsius = program->celsius, .rain = true};
	if (envoi_send_payload(event->session, ENVOI_MESSAGE, program->peer, &weather_type, &now,
		    NULL /* no ticket wanted */) < 0) {
		envoi_client_quit(envoi_session_client(event->session));
	}
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .payload = &weather_type, .handle = on_report},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl weather_impl = {
	.name = "weather",
	.stanzas = stanzas,
	.events = events,
};

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: weather JID PEER CELSIUS [NAME=VALUE...]\n");
		return 2;
	}
	struct program program = {
		.handler = ENVOI_HANDLER(&weather_impl),
		.peer = argv[2],
		.celsius = strtol(argv[3], NULL, 10),
	};
	struct envoi_client *client;
	if (envoi_client_new(&client, NULL, argv[1]) < 0) {
		return 1;
	}
	envoi_client_set_password(client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(client, argv + 4);
	envoi_client_add(client, &program.handler);
	int r = envoi_client_run(client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(client));
	}
	envoi_client_free(client);
	return r < 0;
}
