/*
 * envoi - what a server offers for authentication
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_offers HOST CA_FILE JID [SETTING=VALUE...]
 * prints the mechanisms, and behind "binding:" the channel bindings (XEP-0440), of the last
 * features that the server sends before a login, a line each; ends with 0 when it
 * sent any
 */
#include <stdio.h>
#include <string.h>

#include "common.h"

struct features {
	char xml[10000];
};

/* A tap: the last features win, which are those inside TLS. */
static void on_xml(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	struct features *features = user;
	static const char begin[] = "<stream:features";
	if (direction == ENVOI_IN && len >= sizeof(begin) - 1 && len < sizeof(features->xml) &&
		memcmp(xml, begin, sizeof(begin) - 1) == 0) {
		memcpy(features->xml, xml, len);
		features->xml[len] = '\0';
	}
}

/* Prints what stands between each two of @p before and @p end. */
static int print_all(const char *xml, const char *before, char end, const char *label)
{
	int count = 0;
	for (const char *at = strstr(xml, before); at != NULL; at = strstr(at, before)) {
		at += strlen(before);
		printf("%s%.*s\n", label, (int)strcspn(at, (char[]){end, '\0'}), at);
		count++;
	}
	return count;
}

int main(int argument_count, char **arguments)
{
	static struct features features;
	struct envoi_client *client;
	if (argument_count < 4 || envoi_client_new(&client, NULL, arguments[3]) < 0) {
		return 2;
	}
	envoi_client_set(client, "server", arguments[1]);
	envoi_client_set(client, "tls.ca-file", arguments[2]);
	envoi_client_set(client, "sasl.mechanisms", "OFFERED-BY-NOBODY");
	for (int i = 4; i < argument_count; i++) {
		envoi_client_set_assignment(client, arguments[i]);
	}
	envoi_client_set_tap(client, on_xml, &features);
	envoi_client_run(client);
	int count = print_all(features.xml, "<mechanism>", '<', "");
	print_all(features.xml, "<channel-binding type='", '\'', "binding:");
	if (count == 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(client));
	}
	envoi_client_free(client);
	return count > 0 ? 0 : 1;
}
