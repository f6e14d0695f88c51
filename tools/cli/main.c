/*
 * envoi - the command-line program
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "options.h"

static const struct command *const commands[] = {
	&command_send,
	&command_echo,
};

enum {
	COMMANDS = sizeof(commands) / sizeof(commands[0]),
};

void complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("envoi: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

static void print_help(struct envoi_context *context)
{
	puts("usage: envoi [OPTION...] COMMAND [OPERAND...]\n\nCommands:");
	for (size_t i = 0; i < COMMANDS; i++) {
		printf("  %s %s\n\t%s\n", commands[i]->name, commands[i]->operands, commands[i]->summary);
	}
	puts("\nExit status: 0 done; 1 the answer is no (an error stanza, invalid input); 2 usage;\n"
	     "3 not found or not reachable; 4 TLS or certificate; 5 authentication; 6 stream or\n"
	     "protocol; 7 timeout.\n\n"
	     "Options, before or after the command's name (-- ends them):");
	options_print(context);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i]->name, name) == 0) {
			return commands[i];
		}
	}
	return NULL;
}

static int run_command(struct invocation *invocation, int argument_count, char **arguments)
{
	const struct command *command = argument_count > 0 ? find_command(arguments[0]) : NULL;
	if (command == NULL) {
		complain(argument_count > 0 ? "no such command: %s (see envoi --help)"
					    : "a command is missing%s (see envoi --help)",
			argument_count > 0 ? arguments[0] : "");
		return STATUS_USAGE;
	}
	invocation->operands = arguments + 1;
	invocation->operand_count = argument_count - 1;
	if (invocation->operand_count < command->least ||
		(command->most >= 0 && invocation->operand_count > command->most)) {
		complain("usage: envoi [OPTION...] %s %s", command->name, command->operands);
		return STATUS_USAGE;
	}
	return command->run(invocation);
}

static int run(struct invocation *invocation, int argument_count, char **arguments)
{
	switch (options_take(invocation, &argument_count, arguments)) {
	case ASKED_HELP:
		print_help(invocation->context);
		return STATUS_DONE;
	case ASKED_VERSION:
		puts("envoi " ENVOI_VERSION);
		return STATUS_DONE;
	case ASKED_WRONG:
		return STATUS_USAGE;
	case ASKED_COMMAND:
		break;
	}
	return run_command(invocation, argument_count, arguments);
}

int main(int argument_count, char **arguments)
{
	struct invocation invocation = {0};
	int status = STATUS_NO;
	int r = envoi_context_new(&invocation.context, NULL);
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
	return status;
}
