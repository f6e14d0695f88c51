/*
 * Asks a server, or another entity, for the name of its software (XEP-0092).
 *
 *	ENVOI_PASSWORD=... simple_ask alice@example.org example.com [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>

struct software {
	char *name;
};
static const struct envoi_field software_fields[] = {
	ENVOI_CHILD_TEXT(struct software, name, "name", ENVOI_REQUIRED, .max_bytes = 200),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type software_type = ENVOI_PAYLOAD_TYPE(
	struct software, "jabber:iq:version", "query", software_fields);
static const struct envoi_payload_type question = ENVOI_PAYLOAD_EMPTY("jabber:iq:version", "query");

static void print(void *user, const struct envoi_answer *answer)
{
	const struct software *software = envoi_answer_payload(answer);
	(void)user;
	printf("%s\n", software->name);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		return 2;
	}
	struct envoi_simple account = {
		.jid = argv[1],
		.password = getenv("ENVOI_PASSWORD"),
		.settings = (const char *const *)argv + 3,
	};
	if (envoi_simple_ask(&account, ENVOI_IQ_GET, argv[2], &question, NULL, &software_type,
		    print, NULL) < 0) {
		fprintf(stderr, "%s\n", account.error);
		return 1;
	}
	return 0;
}
