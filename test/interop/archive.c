/*
 * envoi - an account's messages, as they come and from the archive
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_archive HOST PORT CA_FILE DOMAIN CURSOR_FILE
 * Logs in as bob of the domain, whose password is secret-bob, and prints a line for each message
 * with a body: "live BODY" or "item BODY"; "end CODE" when the archive has been asked. The file has
 * the cursor, which is written before each line. Runs until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/ext/carbons.h>
#include <envoi/ext/mam.h>

#include "common.h"

static struct envoi_mam_sync *sync_of_account;
static const char *cursor_file;

/* By rename: a program that is killed leaves the old one or the new one. */
static void write_cursor(void)
{
	char name[500];
	const char *cursor = envoi_mam_sync_cursor(sync_of_account);
	if (cursor == NULL) {
		return;
	}
	snprintf(name, sizeof(name), "%s.new", cursor_file);
	FILE *file = fopen(name, "w");
	if (file == NULL || fputs(cursor, file) < 0 || fclose(file) != 0 ||
		rename(name, cursor_file) != 0) {
		exit(2);
	}
}

static void print(const char *kind, const struct envoi_stanza *message)
{
	const char *body = message == NULL ? NULL : envoi_message_body(message, NULL);
	if (body != NULL) {
		printf("%s %s\n", kind, body);
		fflush(stdout);
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	write_cursor();
	if (!envoi_mam_sync_has(sync_of_account, envoi_delivery_stanza(in))) {
		print("live", envoi_delivery_stanza(in));
	}
	return ENVOI_OK;
}

static const struct envoi_stanza_row rows[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message}, ENVOI_ROWS_END};
static const struct envoi_handler_impl handler_impl = {.stanzas = rows};

static void on_item(void *user, const struct envoi_mam_item *item)
{
	(void)user;
	write_cursor();
	print("item", item->message);
}

static void on_end(void *user, const struct envoi_mam_end *end)
{
	(void)user;
	write_cursor();
	printf("end %s%s\n", envoi_error_name(end->code), end->has_gap ? " gap" : "");
	fflush(stdout);
}

static const struct envoi_mam_events events = {.item = on_item, .end = on_end};

static const char *read_cursor(char *text, size_t size)
{
	FILE *file = fopen(cursor_file, "r");
	if (file == NULL) {
		return NULL;
	}
	size_t len = fread(text, 1, size - 1, file);
	fclose(file);
	text[len] = '\0';
	return len == 0 ? NULL : text;
}

int main(int argument_count, char **arguments)
{
	struct envoi_context *context;
	struct envoi_handler handler = ENVOI_HANDLER(&handler_impl);
	char jid[200], cursor[2000];
	if (argument_count != 6 || envoi_context_new(&context, NULL) < 0) {
		return 2;
	}
	cursor_file = arguments[5];
	snprintf(jid, sizeof(jid), "bob@%s", arguments[4]);
	struct envoi_client *client = interop_client(
		context, arguments[1], arguments[2], arguments[3], jid, "secret-bob");
	if (client == NULL) {
		return 2;
	}
	struct envoi_session *session = envoi_client_session(client);
	const struct envoi_mam_sync_options options = {.page = 2};
	envoi_client_add(client, &handler);
	if (envoi_session_use(session, &envoi_carbons_extension, NULL) < 0 ||
		envoi_session_use(session, &envoi_mam_extension, NULL) < 0 ||
		envoi_mam_sync_new(&sync_of_account, session, &options,
			read_cursor(cursor, sizeof(cursor)), &events, NULL) < 0 ||
		envoi_client_connect(client) < 0) {
		return 2;
	}
	int r = envoi_loop_run(envoi_context_loop(context));
	envoi_mam_sync_free(sync_of_account);
	envoi_client_free(client);
	envoi_context_unref(context);
	return r < 0 ? 1 : 0;
}
