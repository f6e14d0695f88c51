/*
 * envoi - a channel through a proxy, on a pair of sockets
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_PROXIED_CHANNEL_H
#define ENVOI_TEST_PROXIED_CHANNEL_H

#include <stdbool.h>

struct envoi_channel;
struct envoi_context;

/** Connect by SOCKS 5, or by CONNECT. The loop of the context runs inside. @return the channel,
 * owned by the caller. @param[out] ret_fd  what the proxy has connected to; owned by the caller */
struct envoi_channel *proxied_channel_new(
	struct envoi_context *context, bool is_socks, int *ret_fd);

#endif
