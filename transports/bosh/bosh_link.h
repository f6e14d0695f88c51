/*
 * envoi - BOSH: one HTTP connection, which carries one request at a time
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BOSH_LINK_H
#define ENVOI_BOSH_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/transport.h>

struct envoi__http_reader;
struct envoi__bosh_link;

/** The owner of a link. The functions come from the loop, and may free the link. */
struct envoi__bosh_link_owner {
	/** The request is answered: the response can be read, its body taken, until this returns.
	 * The next request may be sent inside. */
	void (*answered)(void *user, const struct envoi__http_reader *response);
	/** The connection has failed, or is closed: it can only be freed. @param text  borrowed */
	void (*failed)(void *user, int code, const char *text);
	/** OPTIONAL. Bytes of the response have arrived. May not free the link. */
	void (*progress)(void *user);
	void *user;
};

struct envoi__bosh_link_options {
	const struct envoi_channel_options *channel;
	struct envoi_tls_config *tls; /**< a reference is taken; NULL: no TLS */
	const char *server_name; /**< of the certificate */
	size_t head_bytes; /**< the largest head of a response */
	/** Called once, from the loop, with envoi__bosh_link_base(); the link is freed already when
	 * it has failed. */
	envoi_opened_fn *done;
	void (*waiting)(void *user, bool is_waiting); /**< as of struct envoi_opening_options */
	void *user;
};

/**
 * Open a link: the TLS handshake, if there is TLS. It has no deadline of its own.
 *
 * @param channel  taken, on failure too
 * @param options  borrowed for the call
 * @retval ENVOI_ERR_INVALID  @p server_name is no domain
 * @retval ENVOI_ERR_NOMEM    or what the channel refused to start with
 */
int envoi__bosh_link_new(struct envoi__bosh_link **ret_link, struct envoi_context *context,
	struct envoi_channel *channel, const struct envoi__bosh_link_options *options);

/** Close and free, without calling anything; NULL is allowed. */
void envoi__bosh_link_free(struct envoi__bosh_link *link);

/** @return the link in the shape that connectors have: its only function is `destroy` */
struct envoi_transport *envoi__bosh_link_base(struct envoi__bosh_link *link);
/** @param base  of envoi__bosh_link_base() */
struct envoi__bosh_link *envoi__bosh_link_of(struct envoi_transport *base);

/** Set the owner, before the first request. @param owner  copied */
void envoi__bosh_link_own(
	struct envoi__bosh_link *link, const struct envoi__bosh_link_owner *owner);

/**
 * Send a request. `answered` or `failed` follows.
 *
 * @param data        head and body; copied
 * @param body_bytes  the largest body of the response
 * @retval ENVOI_ERR_STATE         a request is pending
 * @retval ENVOI_ERR_DISCONNECTED  the connection cannot be used again
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__bosh_link_send(
	struct envoi__bosh_link *link, const char *data, size_t len, size_t body_bytes);

/** @return whether the response to the last request has begun, and its status is 200; in `failed`
 * too */
bool envoi__bosh_link_is_answering(const struct envoi__bosh_link *link);

/** @return whether another request can be sent */
bool envoi__bosh_link_is_usable(const struct envoi__bosh_link *link);

/** As envoi_transport_impl.tls_info; without TLS its version is NULL. */
void envoi__bosh_link_tls_info(
	const struct envoi__bosh_link *link, struct envoi_tls_info *ret_info);

/** @return a name for messages; borrowed */
const char *envoi__bosh_link_peer_name(const struct envoi__bosh_link *link);

#endif
