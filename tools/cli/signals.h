/*
 * envoi - the command-line program: SIGINT and SIGTERM
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_SIGNALS_H
#define ENVOI_TOOLS_SIGNALS_H

#include <envoi/watch.h>

#include "cli.h"

/** Ends a client at the first signal in order, at the second at once. Zeroed before use, but for
 * the function. */
struct signals {
	struct envoi_watch watch;
	struct envoi_client *client;
	/** OPTIONAL: SIGINT has come. @return whether that was all: the client goes on */
	bool (*interrupt)(struct signals *signals);
	bool has_come;
};

/** @return STATUS_DONE, or another after complaining */
int signals_watch(struct signals *signals, struct envoi_client *client);

/** No effect if they are not watched. */
void signals_unwatch(struct signals *signals);

#endif
