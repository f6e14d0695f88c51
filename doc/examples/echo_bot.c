/*
 * An echo bot on the client helper.
 *
 *	ENVOI_PASSWORD=... echo_bot bot@example.org [NAME=VALUE...]
 *
 * NAME=VALUE are settings, "tls.ca-file=ca.pem" for example.
 */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	return body ? envoi_reply_text(in, body) : ENVOI_DECLINED;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl echo_impl = {.name = "echo", .stanzas = stanzas};

int main(int argc, char **argv)
{
	struct envoi_handler echo = ENVOI_HANDLER(&echo_impl);
	struct envoi_client *bot;
	if (argc < 2 || envoi_client_new(&bot, NULL, argv[1]) < 0) {
		return 2;
	}
	envoi_client_set_password(bot, getenv("ENVOI_PASSWORD")); /* run reports its failure */
	envoi_client_set_assignments(bot, argv + 2);
	envoi_client_add(bot, &echo);
	int r = envoi_client_run(bot); /* connects; 0 after envoi_client_quit(), else an error */
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(bot));
	}
	envoi_client_free(bot);
	return r < 0;
}
