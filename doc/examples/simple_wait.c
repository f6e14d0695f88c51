/*
 * Waits for the next message that has a body, prints and answers it.
 *
 *	ENVOI_PASSWORD=... simple_wait bob@example.org [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>

static int on_message(void *user, int code, struct envoi_delivery *in)
{
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	(void)user;
	(void)code; /* ENVOI_OK: other ends are reported by envoi_simple_wait() */
	if (body == NULL) {
		return ENVOI_DECLINED; /* the wait continues */
	}
	printf("%s\n", body);
	return envoi_reply_text(in, "thank you");
}

static const struct envoi_stanza_row message = {
	.kind = ENVOI_MESSAGE,
	.type = ENVOI_TYPE_CHAT,
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		return 2;
	}
	struct envoi_simple account = {
		.jid = argv[1],
		.password = getenv("ENVOI_PASSWORD"),
		.settings = (const char *const *)argv + 2,
	};
	if (envoi_simple_wait(&account, &message, on_message, NULL) < 0) {
		fprintf(stderr, "%s\n", account.error);
		return 1;
	}
	return 0;
}
