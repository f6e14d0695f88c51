/*
 * envoi - the command-line program: options of the commands
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "options.h"

enum {
	MOST_MS = 60 * 60 * 1000,
};

static const struct command_option *find_option(const struct command *command, const char *name)
{
	const struct command_option *option = command->options;
	while (option != NULL && option->name != NULL && strcmp(option->name, name) != 0) {
		option++;
	}
	return option != NULL && option->name != NULL ? option : NULL;
}

static bool was_given_before(const struct invocation *invocation, int index)
{
	for (int i = 0; i < index; i++) {
		if (strcmp(invocation->own[i].name, invocation->own[index].name) == 0) {
			return true;
		}
	}
	return false;
}

static int take(struct invocation *invocation, const struct command *command, int index)
{
	const char *name = invocation->own[index].name;
	const struct command_option *option = find_option(command, name);
	if (option == NULL) {
		complain("%s has no option --%s (see envoi help %s)", command->name, name,
			command->name);
		return STATUS_USAGE;
	}
	if (option->take != NULL) {
		return option->take(invocation, invocation->own[index].value);
	}
	if (!option->repeats && was_given_before(invocation, index)) {
		complain("--%s is given twice", name);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

int own_options_take(struct invocation *invocation, const struct command *command)
{
	int status = STATUS_DONE;
	for (int i = 0; i < invocation->own_count && status == STATUS_DONE; i++) {
		status = take(invocation, command, i);
	}
	return status;
}

const char *own_value(const struct invocation *invocation, const char *name)
{
	int position = 0;
	return next_own_value(invocation, name, &position);
}

const char *next_own_value(const struct invocation *invocation, const char *name, int *position)
{
	while (*position < invocation->own_count) {
		int i = (*position)++;
		if (strcmp(invocation->own[i].name, name) == 0) {
			return invocation->own[i].value;
		}
	}
	return NULL;
}

/* A number and a unit, as for settings; without a unit milliseconds. */
static bool parse_time(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}};
	size_t digits = strspn(text, "0123456789");
	char number[ENVOI_INT_SIZE];
	snprintf(number, sizeof(number), "%.*s", (int)digits, text);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t count;
		if (strcmp(text + digits, units[i].unit) == 0 &&
			envoi_uint_parse(number, 0, MOST_MS / units[i].ms, &count) == ENVOI_OK) {
			*ret_ms = count * units[i].ms;
			return true;
		}
	}
	return false;
}

int own_time(const struct invocation *invocation, const char *name, uint64_t fallback_ms,
	uint64_t *ret_ms)
{
	const char *text = own_value(invocation, name);
	*ret_ms = fallback_ms;
	if (text == NULL || parse_time(text, ret_ms)) {
		return STATUS_DONE;
	}
	complain("--%s: %s is not a time of at most an hour, such as 500ms or 5s", name, text);
	return STATUS_USAGE;
}
