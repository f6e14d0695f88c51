/*
 * envoi - host-meta: where documents are requested, for tests
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HOST_META_CONNECTOR_H
#define ENVOI_HOST_META_CONNECTOR_H

struct envoi_connector;
struct envoi_context;

struct envoi__host_meta_hooks {
	/** As of struct envoi__host_meta_fetch_options. */
	int (*make)(
		struct envoi_connector **ret_connector, struct envoi_context *context, void *user);
	void *user;
	const char *port; /**< ":8443"; static; "": that of https */
};

/** @param connector  made by envoi_host_meta_connector_new(). @param hooks  copied */
void envoi__host_meta_set_hooks(
	struct envoi_connector *connector, const struct envoi__host_meta_hooks *hooks);

#endif
