/*
 * envoi - the command-line program
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <envoi/version.h>

#ifdef HAS_SERVER
#include <envoi/server.h>
#endif

#include "config.h"
#include "editor.h"
#include "help.h"
#include "options.h"
#include "progress.h"
#include "suggest.h"
#include "text.h"
#include "wrap.h"

const struct command *const commands[] = {
	&command_help,
	&command_send,
	&command_listen,
	&command_echo,
	&command_console,
	&command_rooms_list,
	&command_rooms_join,
	&command_rooms_talk,
	&command_archive,
	&command_upload,
	&command_commands,
	&command_register,
	&command_probe,
	&command_roster_list,
	&command_roster_add,
	&command_roster_remove,
	&command_disco,
	&command_ping,
	&command_version,
	&command_time,
	&command_jid,
	&command_xml,
	&command_completion,
#ifdef HAS_SERVER
	&command_serve,
#endif
	NULL,
};

void print_harmless(const char *text, size_t len)
{
	for (size_t i = 0, used; i < len; i += used) {
		uint32_t character;
		used = read_character(text + i, len - i, &character);
		if (character == '\n') {
			fputs("\n  ", stderr); /* no line of a peer looks like one of ours */
		} else if (is_hazardous(character) || character == NO_CHARACTER) {
			fputc('?', stderr);
		} else {
			fwrite(text + i, 1, used, stderr);
		}
	}
}

void complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char line[2048] = "envoi: ";
	size_t len = strlen(line);
	vsnprintf(line + len, sizeof(line) - len, format, arguments);
	va_end(arguments);
	progress_clear();
	editor_hide();
	print_message_wrapped(line, strlen(line), 2);
	editor_show();
}

/* @return how many words the command's name has if the arguments begin with it; else 0 */
static int match_name(const struct command *command, int argument_count, char **arguments)
{
	const char *blank = strchr(command->name, ' ');
	size_t len = blank != NULL ? (size_t)(blank - command->name) : strlen(command->name);
	if (argument_count < 1 || strlen(arguments[0]) != len ||
		memcmp(arguments[0], command->name, len) != 0) {
		return 0;
	}
	if (blank == NULL) {
		return 1;
	}
	return argument_count > 1 && strcmp(arguments[1], blank + 1) == 0 ? 2 : 0;
}

static const struct command *find_command(int argument_count, char **arguments, int *ret_words)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		*ret_words = match_name(commands[i], argument_count, arguments);
		if (*ret_words > 0) {
			return commands[i];
		}
	}
	return NULL;
}

/* @return the options of the second words of a command, "list, add", in @p list; "": there is none */
static void list_second_words(char *list, size_t size, const char *first)
{
	size_t used = 0, len = strlen(first);
	list[0] = '\0';
	for (size_t i = 0; commands[i] != NULL; i++) {
		const char *name = commands[i]->name;
		if (strncmp(name, first, len) == 0 && name[len] == ' ' && used < size) {
			used += (size_t)snprintf(list + used, size - used, "%s%s",
				used > 0 ? ", " : "", name + len + 1);
		}
	}
}

void complain_about_name(const char *name)
{
	struct suggestion suggestion = {.word = name, .len = strlen(name)};
	for (size_t i = 0; commands[i] != NULL; i++) {
		suggestion_consider(&suggestion, commands[i]->name);
	}
	complain("no such command: %s%s%s (see envoi -h)", name,
		suggestion.best != NULL ? "; one is " : "",
		suggestion.best != NULL ? suggestion.best : "");
}

static int complain_about_command(int argument_count, char **arguments)
{
	char words[256];
	if (argument_count == 0) {
		complain("a command is missing (see envoi -h)");
		return STATUS_USAGE;
	}
	list_second_words(words, sizeof(words), arguments[0]);
	if (words[0] == '\0') {
		complain_about_name(arguments[0]);
	} else {
		complain("%s needs one of these words: %s", arguments[0], words);
	}
	return STATUS_USAGE;
}

static int run_command(struct invocation *invocation, int argument_count, char **arguments)
{
	int words;
	const struct command *command = find_command(argument_count, arguments, &words);
	if (command == NULL) {
		return complain_about_command(argument_count, arguments);
	}
	invocation->operands = arguments + words;
	invocation->operand_count = argument_count - words;
	if (invocation->operand_count < command->least ||
		(command->most >= 0 && invocation->operand_count > command->most)) {
		complain("usage: envoi [OPTION...] %s%s%s", command->name,
			command->operands[0] != '\0' ? " " : "", command->operands);
		return STATUS_USAGE;
	}
	int status = own_options_take(invocation, command);
	if (status == STATUS_DONE && command->logs_in) {
		status = config_read(invocation);
	}
	options_read_settings(invocation);
	return status == STATUS_DONE ? command->run(invocation) : status;
}

static int print_help(
	const struct invocation *invocation, enum asked asked, int argument_count, char **arguments)
{
	if (argument_count > 0) {
		return help_topic(invocation->context, argument_count, arguments);
	}
	if (asked == ASKED_HELP) {
		return help_all(invocation->context);
	}
	help_overview(invocation->context);
	return STATUS_DONE;
}

static int run(struct invocation *invocation, int argument_count, char **arguments)
{
	enum asked asked = options_take(invocation, &argument_count, arguments);
	switch (asked) {
	case ASKED_HELP:
	case ASKED_SUMMARY:
		return print_help(invocation, asked, argument_count, arguments);
	case ASKED_VERSION:
		printf("envoi %s\n", envoi_version());
		return STATUS_DONE;
	case ASKED_WRONG:
		return STATUS_USAGE;
	case ASKED_COMMAND:
		break;
	}
	return run_command(invocation, argument_count, arguments);
}

/* What was printed may have got nowhere: a full disk, for example. */
static int end_output(int status)
{
	bool has_failed = ferror(stdout) != 0;
	if (fflush(stdout) != 0 || has_failed) {
		complain("the output cannot be written");
		return status == STATUS_DONE ? STATUS_NO : status;
	}
	return status;
}

int main(int argument_count, char **arguments)
{
	struct invocation invocation = {.limits = envoi_xml_limits_default};
	int status = STATUS_NO;
	int r = envoi_context_new(&invocation.context, NULL);
#ifdef HAS_SERVER
	if (r == ENVOI_OK) {
		r = envoi_server_add_settings(invocation.context);
	}
#endif
	if (r == ENVOI_OK) {
		r = envoi_settings_new(&invocation.settings, invocation.context);
	}
	if (r < 0) {
		complain("%s", envoi_error_text(r));
	} else {
		status = run(&invocation, argument_count - 1, arguments + 1);
	}
	envoi_settings_free(invocation.settings);
	envoi_context_unref(invocation.context);
	return end_output(status);
}
