/*
 * envoi - the command-line program: help
 * SPDX-License-Identifier: MIT
 */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "wrap.h"

enum {
	BESIDE = 26, /* the column of texts beside names */
};

const struct common_option common_options[] = {
	{"jid", "JID",
		"The account's address, such as alice@example.org. A resource in it"
		" (alice@example.org/desk) is requested. A domain alone logs in anonymously, with"
		" --sasl-mechanisms ANONYMOUS."},
	{"password-file", "FILE",
		"The password is the file's first line. Default: ENVOI_PASSWORD in the environment,"
		" else the configuration file, else a prompt, but none with --cert-file. The password"
		" of an encrypted client certificate: ENVOI_KEY_PASSWORD."},
	{"config", "FILE",
		"The configuration file: lines NAME = VALUE of jid, password, password-file and"
		" settings. What the command line names replaces it. Others may not read it. Default:"
		" envoi/config in XDG_CONFIG_HOME or ~/.config, if it exists."},
	{"no-config", NULL, "Read no configuration file."},
	{"xml", NULL, "Print the traffic on standard error, secrets redacted."},
	{"verbose", NULL, "Print the library's log on standard error."},
	{"help", NULL, "Print all help, or with a command that of the command; -h: a summary."},
	{"version", NULL, "Print the version."},
	{NULL, NULL, NULL},
};

static const struct {
	enum status status;
	const char *meaning;
} statuses[] = {
	{STATUS_DONE, "success"},
	{STATUS_NO, "negative result: an error of a peer, invalid input"},
	{STATUS_USAGE, "usage: a wrong option or operand, an address that is none, a setting"},
	{STATUS_UNREACHABLE, "the server, or a file, was not found or cannot be reached"},
	{STATUS_TLS, "TLS, or the server's certificate"},
	{STATUS_AUTH, "authentication"},
	{STATUS_PROTOCOL, "the server ended the stream, or it or an answer violates the protocol"},
	{STATUS_TIMEOUT, "no answer in time"},
};

static void print_statuses(void)
{
	puts("\nExit status, of every command:");
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		printf("  %d  %s\n", statuses[i].status, statuses[i].meaning);
	}
}

static void print_common_options(void)
{
	puts("\nOptions, before or after the command's name (-- ends them):");
	for (const struct common_option *option = common_options; option->name != NULL; option++) {
		printf("  --%s%s%s\n", option->name, option->metavar != NULL ? " " : "",
			option->metavar != NULL ? option->metavar : "");
		print_wrapped(8, option->doc);
	}
}

static void print_usage(const struct command *command)
{
	printf("  %s%s%s\n", command->name, command->operands[0] != '\0' ? " " : "",
		command->operands);
}

static void print_command(const struct command *command)
{
	print_usage(command);
	print_wrapped(8, command->summary);
	const struct command_option *option = command->options;
	for (; option != NULL && option->name != NULL; option++) {
		printf("        --%s%s%s\n", option->name, option->metavar != NULL ? " " : "",
			option->metavar != NULL ? option->metavar : "");
		print_wrapped(16, option->doc);
	}
}

/* The first sentence of a text beside a name. */
static void print_briefly(const char *name, const char *operands, const char *doc)
{
	char head[128], sentence[512];
	const char *end = strstr(doc, ". ");
	size_t len = end != NULL ? (size_t)(end - doc) + 1 : strlen(doc);
	snprintf(head, sizeof(head), "%s%s%s", name, operands[0] != '\0' ? " " : "", operands);
	snprintf(sentence, sizeof(sentence), "%.*s", (int)len, doc);
	print_beside(head, BESIDE, sentence);
}

static void print_options_briefly(void)
{
	puts("\nOptions, before or after the command's name (-- ends them):");
	for (const struct common_option *option = common_options; option->name != NULL; option++) {
		char name[64];
		snprintf(name, sizeof(name), "--%s", option->name);
		print_briefly(name, option->metavar != NULL ? option->metavar : "", option->doc);
	}
}

void help_overview(struct envoi_context *context)
{
	puts("usage: envoi [OPTION...] COMMAND [OPERAND...]\n\nCommands:");
	for (size_t i = 0; commands[i] != NULL; i++) {
		print_briefly(commands[i]->name, commands[i]->operands, commands[i]->summary);
	}
	print_options_briefly();
	puts("\nGroups of settings, each of which is an option (envoi help settings GROUP):");
	settings_list_groups(context);
	print_statuses();
	putchar('\n');
	print_wrapped(0, "envoi help COMMAND prints all about a command, envoi --help everything.");
}

/* @param r  of showing the settings of a group. @return enum status, after complaining */
static int settings_status(int r, const char *group)
{
	if (r == ENVOI_ERR_NOT_FOUND && group != NULL) {
		complain("there is no such group of settings: %s (envoi -h lists them)", group);
		return STATUS_USAGE;
	}
	if (r < 0) {
		complain("%s", envoi_error_text(r));
		return STATUS_NO;
	}
	return STATUS_DONE;
}

static int print_settings(struct envoi_context *context, const char *group)
{
	putchar('\n');
	print_wrapped(0,
		"Settings, in parentheses by the names that programs and the configuration file use"
		" (true ones are turned off by --no-NAME):");
	return settings_status(settings_help(context, group), group);
}

int help_all(struct envoi_context *context)
{
	puts("usage: envoi [OPTION...] COMMAND [OPERAND...]\n\nCommands:");
	for (size_t i = 0; commands[i] != NULL; i++) {
		print_command(commands[i]);
	}
	print_statuses();
	print_common_options();
	return print_settings(context, NULL);
}

/* Whether the name of a command begins with the words; others after them are operands. */
static bool begins_with(const struct command *command, int count, char **words)
{
	size_t len = strlen(words[0]);
	const char *name = command->name;
	if (strncmp(name, words[0], len) != 0 || (name[len] != ' ' && name[len] != '\0')) {
		return false;
	}
	return name[len] == '\0' || count < 2 || strcmp(name + len + 1, words[1]) == 0;
}

int help_topic(struct envoi_context *context, int count, char **words)
{
	bool is_found = false;
	if (strcmp(words[0], "settings") == 0) {
		return print_settings(context, count > 1 ? words[1] : NULL);
	}
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (begins_with(commands[i], count, words)) {
			puts(is_found ? "" : "usage: envoi [OPTION...]");
			print_command(commands[i]);
			is_found = true;
		}
	}
	if (!is_found) {
		complain_about_name(words[0]);
		return STATUS_USAGE;
	}
	print_statuses();
	putchar('\n');
	print_wrapped(0, "Options of all commands: envoi -h. Settings: envoi help settings.");
	return STATUS_DONE;
}

static int write_settings(struct invocation *invocation)
{
	const char *group = invocation->operand_count > 1 ? invocation->operands[1] : NULL;
	if (invocation->operand_count == 0 || strcmp(invocation->operands[0], "settings") != 0) {
		complain("--json is for envoi help settings");
		return STATUS_USAGE;
	}
	return settings_status(settings_write(invocation->context, group), group);
}

static int run(struct invocation *invocation)
{
	if (own_value(invocation, "json") != NULL) {
		return write_settings(invocation);
	}
	if (invocation->operand_count == 0) {
		help_overview(invocation->context);
		return STATUS_DONE;
	}
	return help_topic(invocation->context, invocation->operand_count, invocation->operands);
}

static const struct command_option options[] = {
	OPTION_JSON("an array with an object for each setting"),
	OPTIONS_END,
};

const struct command command_help = {
	.name = "help",
	.operands = "[COMMAND | settings [GROUP]]",
	.summary = "Print a summary, or all about a command, or the settings.",
	.most = 2,
	.options = options,
	.run = run,
};
