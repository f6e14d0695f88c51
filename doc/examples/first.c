/* Answers each message: ENVOI_PASSWORD=... first bot@example.org [SETTING=VALUE...] */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_reply_text(in, envoi_message_body(envoi_delivery_stanza(in), NULL));
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .name = "body", .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {.name = "echo", .stanzas = stanzas};

int main(int argc, char **argv)
{
	struct envoi_handler echo = ENVOI_HANDLER(&impl);
	struct envoi_client *bot;
	if (argc < 2 || envoi_client_new(&bot, NULL, argv[1]) < 0)
		return 2;
	envoi_client_set_password(bot, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(bot, argv + 2);
	envoi_client_add(bot, &echo);
	int r = envoi_client_run(bot); /* connects; returns when the client has stopped */
	if (r < 0)
		fprintf(stderr, "%s\n", envoi_client_failure_text(bot));
	envoi_client_free(bot);
	return r < 0;
}
