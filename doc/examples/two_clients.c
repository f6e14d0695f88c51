/*
 * Two accounts log in and talk: one program, one loop, two clients. Alice asks, bob is an echo bot.
 *
 *	two_clients HOST PORT CA_FILE DOMAIN [COUNT]
 *
 * The accounts are alice and bob, with the passwords secret-alice and secret-bob: tools/demo makes
 * them. Alice asks COUNT times, 1 without it, each time after the echo. Ends with 0 when all echoes
 * came, each once and in order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>

#define QUESTION "Are you there?"

enum {
	TIMEOUT_MS = 30000,
};

struct person {
	struct envoi_handler handler;
	struct envoi_client *client;
	struct demo *demo;
	const char *name;
	bool is_gone;
};

struct demo {
	struct envoi_loop *loop;
	struct person alice, bob;
	struct envoi_timer timeout;
	int available; /* how many are */
	unsigned long asked, answered, count;
};

static struct person *person_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct person, handler);
}

static void leave(struct demo *demo)
{
	envoi_client_disconnect(demo->alice.client);
	envoi_client_disconnect(demo->bob.client);
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	printf("%s: %s %s\n", person_from_handler(self)->name, envoi_event_name(event->type),
		event->text != NULL ? event->text : "");
}

static void write_question(const struct demo *demo, char text[64])
{
	snprintf(text, 64, "%lu. " QUESTION, demo->asked);
}

static void ask(struct demo *demo)
{
	char text[64];
	struct envoi_session *session = envoi_client_session(demo->alice.client);
	const struct envoi_jid *bob = envoi_session_jid(envoi_client_session(demo->bob.client));
	demo->asked++;
	write_question(demo, text);
	printf("alice says: %s\n", text);
	if (envoi_send_text(session, envoi_jid_text(bob), text, NULL) < 0) {
		leave(demo);
	}
}

/* Alice speaks when both are there. */
static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	struct demo *demo = person_from_handler(self)->demo;
	printf("%s: available as %s\n", person_from_handler(self)->name,
		envoi_jid_text(envoi_session_jid(event->session)));
	if (++demo->available == 2) {
		ask(demo);
	}
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct person *person = person_from_handler(self);
	struct demo *demo = person->demo;
	if (event->failure->code < 0) {
		printf("%s: %s\n", person->name, envoi_client_failure_text(person->client));
	} else {
		printf("%s: disconnected\n", person->name);
	}
	person->is_gone = true;
	leave(demo);
	if (demo->alice.is_gone && demo->bob.is_gone) {
		envoi_loop_quit(demo->loop);
	}
}

static int on_question(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	return body != NULL ? envoi_reply_text(in, body) : ENVOI_DECLINED;
}

static int on_answer(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct demo *demo = person_from_handler(self)->demo;
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	if (body == NULL) {
		return ENVOI_DECLINED;
	}
	char text[64];
	printf("bob answers: %s\n", body);
	write_question(demo, text);
	demo->answered += strcmp(body, text) == 0 && demo->answered + 1 == demo->asked;
	if (demo->answered < demo->asked || demo->answered == demo->count) {
		leave(demo);
	} else {
		ask(demo);
	}
	return ENVOI_OK;
}

static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_CONNECTED, .handle = on_event},
	{.type = ENVOI_EVENT_SECURED, .handle = on_event},
	{.type = ENVOI_EVENT_AUTHENTICATED, .handle = on_event},
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_available},
	{.type = ENVOI_EVENT_SUSPENDED, .handle = on_event},
	{.type = ENVOI_EVENT_RESUMED, .handle = on_event},
	{.type = ENVOI_EVENT_STOPPED, .handle = on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_stanza_row questions[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_question},
	ENVOI_ROWS_END,
};
static const struct envoi_stanza_row answers[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_answer},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl bob_impl = {
	.name = "bob",
	.stanzas = questions,
	.events = events,
};
static const struct envoi_handler_impl alice_impl = {
	.name = "alice",
	.stanzas = answers,
	.events = events,
};

static int start(struct person *person, struct demo *demo, struct envoi_context *context,
	const struct envoi_handler_impl *impl, char **arguments)
{
	char jid[256], password[64];
	*person = (struct person){.handler = {impl}, .demo = demo, .name = impl->name};
	snprintf(jid, sizeof(jid), "%s@%s", impl->name, arguments[4]);
	snprintf(password, sizeof(password), "secret-%s", impl->name);
	int r = envoi_client_new(&person->client, context, jid);
	if (r < 0) {
		return r;
	}
	envoi_client_set(person->client, "server", arguments[1]);
	envoi_client_set(person->client, "port", arguments[2]);
	envoi_client_set(person->client, "tls.ca-file", arguments[3]);
	envoi_client_set_password(person->client, password);
	envoi_client_add(person->client, &person->handler);
	return envoi_client_connect(person->client);
}

static void on_timeout(struct envoi_timer *timer)
{
	struct demo *demo = ENVOI_CONTAINER_OF(timer, struct demo, timeout);
	printf("no answer in %d seconds\n", TIMEOUT_MS / 1000);
	envoi_loop_quit(demo->loop);
}

int main(int argument_count, char **arguments)
{
	if (argument_count < 5 || argument_count > 6) {
		fprintf(stderr, "usage: two_clients HOST PORT CA_FILE DOMAIN [COUNT]\n");
		return 2;
	}
	struct demo demo = {.count = argument_count == 6 ? strtoul(arguments[5], NULL, 10) : 1};
	struct envoi_context *context;
	if (envoi_context_new(&context, NULL) < 0) {
		return 1;
	}
	demo.loop = envoi_context_loop(context);
	int r = start(&demo.bob, &demo, context, &bob_impl, arguments);
	if (r == ENVOI_OK) {
		r = start(&demo.alice, &demo, context, &alice_impl, arguments);
	}
	if (r == ENVOI_OK) {
		envoi_timer_start(&demo.timeout, demo.loop, TIMEOUT_MS, on_timeout);
		r = envoi_loop_run(demo.loop);
		envoi_timer_stop(&demo.timeout);
	}
	if (r < 0) {
		fprintf(stderr, "two_clients: %s\n", envoi_error_text(r));
	}
	envoi_client_free(demo.alice.client);
	envoi_client_free(demo.bob.client);
	envoi_context_unref(context);
	printf("%lu of %lu echoes came, each once and in order\n", demo.answered, demo.count);
	return demo.answered == demo.count ? 0 : 1;
}
