/*
 * Prints the contact list.
 *
 *	ENVOI_PASSWORD=... simple_roster alice@example.org [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>

static void print(void *user, const struct envoi_roster_item *contact)
{
	(void)user;
	printf("%s %s\n", envoi_jid_text(contact->jid), contact->name != NULL ? contact->name : "");
}

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
	if (envoi_simple_roster(&account, print, NULL) < 0) {
		fprintf(stderr, "%s\n", account.error);
		return 1;
	}
	return 0;
}
