/*
 * envoi - conversations with real servers: what they share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_INTEROP_COMMON_H
#define ENVOI_TEST_INTEROP_COMMON_H

#include <envoi/envoi.h>

/** Make a client for a server named by command-line words; NULL after complaining. */
struct envoi_client *interop_client(struct envoi_context *context, const char *host,
	const char *port, const char *ca_file, const char *jid, const char *password);

#endif
