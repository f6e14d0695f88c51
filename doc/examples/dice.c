/*
 * An extension of one's own: dice. An entity that has it answers requests to roll, and another one
 * asks.
 *
 *	<iq type='get' ...><roll xmlns='urn:example:dice' sides='6'/></iq>
 *	<iq type='result' ...><rolled xmlns='urn:example:dice' value='4'/></iq>
 *
 *	ENVOI_PASSWORD=... dice bob@example.org/table [SETTING=VALUE...]
 *	ENVOI_PASSWORD=... dice alice@example.org bob@example.org/table SIDES [SETTING=VALUE...]
 */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_DICE "urn:example:dice"

/* --- the payloads --- */

struct roll {
	unsigned int sides;
};
static const struct envoi_field roll_fields[] = {
	ENVOI_ATTR_INT(struct roll, sides, "sides", .min = 2, .max = 1000, .default_number = 6),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type roll_type = ENVOI_PAYLOAD_TYPE(
	struct roll, NS_DICE, "roll", roll_fields);

struct rolled {
	unsigned int value;
};
static const struct envoi_field rolled_fields[] = {
	ENVOI_ATTR_INT(struct rolled, value, "value", ENVOI_REQUIRED, .min = 1, .max = 1000),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type rolled_type = ENVOI_PAYLOAD_TYPE(
	struct rolled, NS_DICE, "rolled", rolled_fields);

/* --- the side that answers --- */

struct dice {
	struct envoi_handler handler;
	unsigned int rolls;
};

/* A request that the table of the payload refuses does not come here: it was answered. */
static int on_roll(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct dice *dice = ENVOI_CONTAINER_OF(self, struct dice, handler);
	const struct roll *roll = envoi_delivery_payload(in, &roll_type);
	struct envoi_context *context = envoi_session_context(envoi_delivery_session(in));
	unsigned int number;
	if (envoi_context_random(context, &number, sizeof(number)) < 0) {
		return envoi_reply_error(in, ENVOI_INTERNAL_SERVER_ERROR, "the dice are lost");
	}
	struct rolled rolled = {.value = number % roll->sides + 1};
	dice->rolls++;
	printf("%s has rolled %u\n", envoi_jid_text(envoi_stanza_from(envoi_delivery_stanza(in))),
		rolled.value);
	return envoi_reply_result(in, &rolled_type, &rolled);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_GET, .payload = &roll_type, .handle = on_roll},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {NS_DICE, NULL}; /* for service discovery */
static const struct envoi_handler_impl dice_impl = {
	.name = "dice",
	.stanzas = stanzas,
	.uris = uris,
};

/* --- the side that asks --- */

/**
 * Ask an entity to roll. The function is called once; envoi_answer_payload() is a struct rolled.
 * Errors as envoi_request().
 */
static int dice_roll(struct envoi_session *session, const char *to, unsigned int sides,
	envoi_answer_fn *done, void *user)
{
	const struct roll roll = {.sides = sides};
	return envoi_request(session,
		envoi_request_iq(session, ENVOI_IQ_GET, to, &roll_type, &roll), &rolled_type, 0,
		done, user, NULL);
}

/* --- the program --- */

struct program {
	struct envoi_handler handler;
	const char *peer;
	unsigned int sides;
	bool is_answered;
};

static void on_rolled(void *user, const struct envoi_answer *answer)
{
	struct envoi_client *client = user;
	struct program *program = envoi_client_user(client);
	const struct rolled *rolled = envoi_answer_payload(answer);
	program->is_answered = rolled != NULL;
	printf("%s: ", program->peer);
	if (rolled != NULL) {
		printf("%u\n", rolled->value);
	} else {
		printf("%s\n", envoi_answer_text(answer));
	}
	envoi_client_quit(client);
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	struct envoi_client *client = envoi_session_client(event->session);
	printf("available as %s\n", envoi_jid_text(envoi_session_jid(event->session)));
	if (program->peer != NULL &&
		dice_roll(event->session, program->peer, program->sides, on_rolled, client) < 0) {
		fprintf(stderr, "%s\n", envoi_session_problem(event->session));
		envoi_client_quit(client);
	}
}

static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl program_impl = {.name = "program", .events = events};

int main(int argc, char **argv)
{
	struct dice dice = {.handler = ENVOI_HANDLER(&dice_impl)};
	struct program program = {.handler = ENVOI_HANDLER(&program_impl)};
	struct envoi_client *client;
	char **settings = argv + 2;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (argc < 2 || envoi_client_new(&client, NULL, argv[1]) < 0) {
		fprintf(stderr, "usage: dice JID [PEER SIDES] [SETTING=VALUE...]\n");
		return 2;
	}
	if (argc > 3 && strchr(argv[2], '=') == NULL) {
		program.peer = argv[2];
		program.sides = (unsigned int)strtoul(argv[3], NULL, 10);
		settings = argv + 4;
	}
	envoi_client_set_password(client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(client, settings);
	envoi_client_set_user(client, &program);
	envoi_client_add(client, &dice.handler);
	envoi_client_add(client, &program.handler);
	int r = envoi_client_run(client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(client));
	}
	envoi_client_free(client);
	return r < 0 || (program.peer != NULL && !program.is_answered);
}
