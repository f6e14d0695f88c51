/*
 * Sends one message.
 *
 *	ENVOI_PASSWORD=... simple_send alice@example.org bob@example.org TEXT [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	if (argc < 4) {
		return 2;
	}
	struct envoi_simple account = {
		.jid = argv[1],
		.password = getenv("ENVOI_PASSWORD"),
		.settings = (const char *const *)argv + 4,
	};
	if (envoi_simple_send(&account, argv[2], argv[3]) < 0) {
		fprintf(stderr, "%s\n", account.error);
		return 1;
	}
	return 0;
}
