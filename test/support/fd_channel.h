/*
 * envoi - a channel over a socket, as a user would write one
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_FD_CHANNEL_H
#define ENVOI_TEST_FD_CHANNEL_H

struct envoi_context;
struct envoi_settings;
struct envoi_transport;

/** @param fd  taken: made non-blocking. @return as envoi_channel_transport_new() */
int fd_channel_transport_new(struct envoi_transport **ret_transport, struct envoi_context *context,
	int fd, const struct envoi_settings *settings);

#endif
