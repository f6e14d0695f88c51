/*
 * envoi - the command-line program: the configuration file
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_CONFIG_H
#define ENVOI_TOOLS_CONFIG_H

#include "cli.h"

/** Read the file, for all that the command line has not said. @return STATUS_DONE, also without a
 * file; or another after complaining */
int config_read(struct invocation *invocation);

#endif
