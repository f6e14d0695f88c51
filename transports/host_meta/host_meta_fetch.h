/*
 * envoi - host-meta: requesting a document
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HOST_META_FETCH_H
#define ENVOI_HOST_META_FETCH_H

#include <stddef.h>

struct envoi_buffer;
struct envoi_connector;
struct envoi_context;
struct envoi_failure;
struct envoi_target;
struct envoi__host_meta_fetch;

/**
 * A document has come, or not; once, from the loop. The fetch is freed already.
 *
 * @param body     NULL on failure; borrowed
 * @param failure  NULL with a body; borrowed
 */
typedef void envoi__host_meta_fetched_fn(
	void *user, const struct envoi_buffer *body, const struct envoi_failure *failure);

struct envoi__host_meta_fetch_options {
	/** Make a connector of links (transports/bosh/bosh_link.h); NULL: over TCP. */
	int (*make)(
		struct envoi_connector **ret_connector, struct envoi_context *context, void *user);
	void *make_user;
	const struct envoi_target *target; /**< url is the document, and it has
						* TLS; borrowed for the call */
	envoi__host_meta_fetched_fn *done;
	void *user;
};

/** Request a document by GET, following redirects.
 * @retval <0  as connect of struct envoi_connector_impl */
int envoi__host_meta_fetch_new(struct envoi__host_meta_fetch **ret_fetch,
	struct envoi_context *context, const struct envoi__host_meta_fetch_options *options);

/** Free without calling `done`; NULL is allowed. */
void envoi__host_meta_fetch_free(struct envoi__host_meta_fetch *fetch);

#endif
