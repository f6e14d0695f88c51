/*
 * envoi - connections through a proxy: SOCKS 5 (RFC 1928, 1929) and HTTP CONNECT (RFC 9110, section
 *         9.3.6)
 * SPDX-License-Identifier: MIT
 *
 * The proxy looks the host up: its name is sent as it is.
 */
#ifndef ENVOI_TRANSPORT_PROXY_PROXY_H
#define ENVOI_TRANSPORT_PROXY_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/channel.h>

#include "net/net_settings.h"

enum {
	ENVOI__PROXY_TEXT_SIZE = 160,
};

/** What to connect to, by which proxy. */
struct envoi__proxy_options {
	enum envoi__proxy_type type; /**< not ENVOI__PROXY_NONE */
	const char *host; /**< a name as A-labels, or an address without brackets; copied */
	uint16_t port;
	const char *user, *password; /**< NULL: none; copied, and wiped at the end */
	size_t head_bytes; /**< the largest head of an HTTP response */
	uint64_t timeout_ms; /**< until the proxy has connected; 0: none */
	/**
	 * Called from the loop, once; the opening is freed already.
	 * @param channel  attached to no owner, owned by the callee; its `start` may be called once
	 *                 more. NULL: failed with @p failure, in phase CONNECT, borrowed
	 */
	void (*done)(
		void *user, struct envoi_channel *channel, const struct envoi_failure *failure);
	void *done_user;
};

struct envoi__proxy_opening;

/**
 * Let a proxy connect.
 *
 * @param lower  to the proxy; taken, on failure too
 * @retval ENVOI_ERR_INVALID      the host is longer than 255 bytes, user or password are longer
 *                                than 255 or empty, or the user has a colon (HTTP)
 * @retval ENVOI_ERR_UNSUPPORTED  HTTP is not built in
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__proxy_opening_new(struct envoi__proxy_opening **ret_opening,
	struct envoi_context *context, struct envoi_channel *lower,
	const struct envoi__proxy_options *options);

/** Free without calling `done`; NULL is allowed. */
void envoi__proxy_opening_free(struct envoi__proxy_opening *opening);

/* --- what the protocols implement --- */

struct envoi__proxy_dialog;

struct envoi__proxy_dialog_impl {
	/** Append the first message. @retval <0 */
	int (*begin)(struct envoi__proxy_dialog *dialog, struct envoi_buffer *out);

	/**
	 * Read the proxy's answer, and append the next message to it.
	 * @param[out] ret_used  bytes that belong to the dialog
	 * @retval ENVOI_AGAIN  more is needed
	 * @retval ENVOI_OK     the proxy has connected; the rest is not its own
	 * @retval <0           dialog->text has the reason
	 */
	int (*read)(struct envoi__proxy_dialog *dialog, const char *data, size_t len,
		size_t *ret_used, struct envoi_buffer *out);

	void (*destroy)(struct envoi__proxy_dialog *dialog);
};

/** Base of every dialog; embedded first. */
struct envoi__proxy_dialog {
	const struct envoi__proxy_dialog_impl *impl;
	char text[ENVOI__PROXY_TEXT_SIZE]; /* of a failure */
};

/** Errors as envoi__proxy_opening_new(). */
int envoi__proxy_socks_new(struct envoi__proxy_dialog **ret_dialog, struct envoi_context *context,
	const struct envoi__proxy_options *options);
int envoi__proxy_connect_new(struct envoi__proxy_dialog **ret_dialog, struct envoi_context *context,
	const struct envoi__proxy_options *options);

/** Make a channel that begins with a dialog: envoi_channel_writable() comes when the proxy has
 * connected, _broken() when it has not.
 * @param lower, dialog  taken, on failure too @retval ENVOI_ERR_NOMEM */
int envoi__proxy_channel_new(struct envoi_channel **ret_channel, struct envoi_context *context,
	struct envoi_channel *lower, struct envoi__proxy_dialog *dialog);

#endif
