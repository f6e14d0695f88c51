/*
 * envoi - the command-line program: options
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_OPTIONS_H
#define ENVOI_TOOLS_OPTIONS_H

#include "cli.h"

/** What the options ask for in place of a command. */
enum asked {
	ASKED_COMMAND,
	ASKED_HELP,
	ASKED_SUMMARY,
	ASKED_VERSION,
	ASKED_WRONG, /**< a mistake, complained about */
};

/**
 * Take the options out of the arguments, wherever they stand, up to `--`; what is left are the
 * command's name and its operands.
 *
 * @param[in,out] argument_count, arguments  without the program's name; shortened in place
 */
enum asked options_take(struct invocation *invocation, int *argument_count, char **arguments);

/** Check the options of the command, and take those that have a function. @return STATUS_DONE, or
 * another after complaining */
int own_options_take(struct invocation *invocation, const struct command *command);

/** Set what the program itself has to know of the settings. */
void options_read_settings(struct invocation *invocation);

#endif
