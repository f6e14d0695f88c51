/*
 * envoi - the command-line program: help
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_HELP_H
#define ENVOI_TOOLS_HELP_H

#include "cli.h"

/** An option that every command has. */
struct common_option {
	const char *name, *metavar; /**< metavar NULL: it takes no value */
	const char *doc;
};

/** The options that every command has, up to one without name. */
extern const struct common_option common_options[];

/** Print the commands, a line each, and the options that are not settings. */
void help_overview(struct envoi_context *context);
/** Print everything. @return enum status */
int help_all(struct envoi_context *context);
/** Print the help of the commands that begin with these words. @return enum status, after
 * complaining if there are none */
int help_topic(struct envoi_context *context, int count, char **words);

/** Print each setting with its range and default, in groups. @param group  one alone; NULL: all
 * @retval ENVOI_ERR_NOT_FOUND  there is no such group @retval ENVOI_ERR_NOMEM */
int settings_help(struct envoi_context *context, const char *group);
/** Write the settings as JSON. Parameters and errors as settings_help(). */
int settings_write(struct envoi_context *context, const char *group);
/** Print the names of the groups. */
void settings_list_groups(struct envoi_context *context);

#endif
