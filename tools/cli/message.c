/*
 * envoi - the command-line program: messages as lines and as JSON
 * SPDX-License-Identifier: MIT
 */
#include "message.h"

#include <stdio.h>

#include "json.h"
#include "text.h"

static const char *error_of(const struct envoi_stanza *stanza)
{
	struct envoi_stanza_error error;
	return envoi_stanza_get_error(stanza, &error) ? envoi_stanza_condition_name(error.condition)
						      : NULL;
}

void print_message(const struct printed_message *message)
{
	const char *error = error_of(message->stanza);
	const char *subject = envoi_message_subject(message->stanza, NULL);
	char time[ENVOI_DATE_SIZE];
	if (message->is_old && envoi_date_print(time, message->sent_ms) != NULL) {
		printf("%s ", time);
	}
	print_plain(stdout, message->from != NULL ? message->from : "(no sender)");
	if (error != NULL) {
		printf(" (error %s)", error);
	}
	if (subject != NULL) {
		fputs(" [", stdout);
		print_plain(stdout, subject);
		putchar(']');
	}
	fputs(": ", stdout);
	print_plain(stdout, message->body != NULL ? message->body : "");
	putchar('\n');
	fflush(stdout);
}

void write_message(const struct printed_message *message)
{
	static const char *const types[] = {
		[ENVOI_TYPE_CHAT] = "chat",
		[ENVOI_TYPE_GROUPCHAT] = "groupchat",
		[ENVOI_TYPE_HEADLINE] = "headline",
		[ENVOI_TYPE_ERROR] = "error",
	};
	size_t type = (size_t)envoi_stanza_type(message->stanza);
	bool is_known = type < sizeof(types) / sizeof(types[0]) && types[type] != NULL;
	char time[ENVOI_DATE_SIZE];
	struct json json = {.out = stdout};
	json_object(&json, NULL);
	json_text(&json, "id", message->id);
	json_text(&json, "from", message->from);
	json_text(&json, "to", envoi_stanza_to_text(message->stanza));
	json_text(&json, "type", is_known ? types[type] : "normal");
	json_text(&json, "time", envoi_date_print(time, message->sent_ms));
	json_text(&json, "subject", envoi_message_subject(message->stanza, NULL));
	json_text(&json, "body", message->body);
	json_text(&json, "error", error_of(message->stanza));
	json_end(&json);
	fflush(stdout);
}
