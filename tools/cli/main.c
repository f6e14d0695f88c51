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

#include "cli.h"
#include "options.h"
#include "wrap.h"

const struct command *const commands[] = {
	&command_send,
	&command_echo,
	&command_probe,
	&command_jid,
	&command_xml,
#ifdef HAS_SERVER
	&command_serve,
#endif
	NULL,
};

/* A control character of C1 or one that turns the direction of text, in UTF-8. */
static bool is_hidden_control(const unsigned char *text, size_t len)
{
	if (len >= 2 && text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f) {
		return true;
	}
	return len >= 3 && text[0] == 0xe2 &&
		((text[1] == 0x80 && text[2] >= 0xaa && text[2] <= 0xae) ||
			(text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9));
}

void print_harmless(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char *at = (const unsigned char *)text + i;
		if (is_hidden_control(at, len - i)) {
			fputc('?', stderr);
			i += at[0] == 0xc2 ? 1 : 2;
		} else if (*at == '\n') {
			fputs("\n  ", stderr); /* no line of a peer looks like one of ours */
		} else {
			fputc(*at < 0x20 || *at == 0x7f ? '?' : *at, stderr);
		}
	}
}

void complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char line[2048];
	vsnprintf(line, sizeof(line), format, arguments);
	fputs("envoi: ", stderr);
	print_harmless(line, strlen(line));
	fputc('\n', stderr);
	va_end(arguments);
}

static int print_help(struct envoi_context *context)
{
	puts("usage: envoi [OPTION...] COMMAND [OPERAND...]\n\nCommands:");
	for (size_t i = 0; commands[i] != NULL; i++) {
		const char *operands = commands[i]->operands;
		printf("  %s%s%s\n", commands[i]->name, *operands != '\0' ? " " : "", operands);
		print_wrapped(8, commands[i]->summary);
		const struct command_option *option = commands[i]->options;
		for (; option != NULL && option->name != NULL; option++) {
			printf("        --%s%s%s\n", option->name,
				option->metavar != NULL ? " " : "",
				option->metavar != NULL ? option->metavar : "");
			print_wrapped(16, option->doc);
		}
	}
	putchar('\n');
	print_wrapped(0,
		"Exit status: 0 success; 1 negative result (an error stanza, invalid input); 2 usage;"
		" 3 not found or not reachable; 4 TLS or certificate; 5 authentication; 6 stream or"
		" protocol; 7 timeout.");
	puts("\nOptions, before or after the command's name (-- ends them):");
	int r = options_print(context);
	if (r < 0) {
		complain("%s", envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : STATUS_DONE;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (strcmp(commands[i]->name, name) == 0) {
			return commands[i];
		}
	}
	return NULL;
}

static bool has_option(const struct command *command, const struct command_option *wanted)
{
	const struct command_option *option = command->options;
	for (; option != NULL && option->name != NULL; option++) {
		if (option == wanted) {
			return true;
		}
	}
	return false;
}

static int take_own_options(struct invocation *invocation, const struct command *command)
{
	int status = STATUS_DONE;
	for (int i = 0; i < invocation->own_count && status == STATUS_DONE; i++) {
		const struct command_option *option = invocation->own[i].option;
		if (!has_option(command, option)) {
			complain("%s has no option --%s", command->name, option->name);
			return STATUS_USAGE;
		}
		status = option->take(invocation, invocation->own[i].value);
	}
	return status;
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
	int status = take_own_options(invocation, command);
	return status == STATUS_DONE ? command->run(invocation) : status;
}

static int run(struct invocation *invocation, int argument_count, char **arguments)
{
	switch (options_take(invocation, &argument_count, arguments)) {
	case ASKED_HELP:
		return print_help(invocation->context);
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
	struct invocation invocation = {.wait_ms = 5000, .limits = envoi_xml_limits_default};
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
