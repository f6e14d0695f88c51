/*
 * envoi-server - life
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/listener.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "inside.h"

/* --- the end --- */

static bool is_done(const struct envoi_server *server)
{
	return envoi__list_is_empty(&server->resources) && envoi__list_is_empty(&server->jobs) &&
		envoi__list_is_empty(&server->changes) && server->parcels == 0;
}

static void on_closed(struct envoi_deferred *deferred)
{
	struct envoi_server *server = ENVOI_CONTAINER_OF(deferred, struct envoi_server, closed);
	if (!is_done(server) || server->is_reported) {
		return;
	}
	server->is_reported = true;
	if (server->hook != NULL && server->hook->impl->closed != NULL) {
		server->hook->impl->closed(server->hook);
	}
}

void envoi__server_progressed(struct envoi_server *server)
{
	if (server->is_closing && !server->is_ended) {
		envoi_deferred_post(
			&server->closed, envoi_context_loop(server->context), on_closed);
	}
}

void envoi_server_close(struct envoi_server *server)
{
	if (!server->is_closing) {
		server->is_closing = true;
		envoi_listener_pause(server->listener, true);
		envoi__connections_close(server);
		envoi__server_progressed(server);
	}
}

static void release(struct envoi_server *server)
{
	struct envoi_context *context = server->context;
	envoi_deferred_cancel(&server->closed);
	envoi_tls_config_unref(server->tls);
	envoi_settings_free(server->settings);
	envoi_jid_unref(server->domain);
	envoi_free(context, server);
	envoi_context_unref(context);
}

void envoi_server_free(struct envoi_server *server)
{
	if (server == NULL) {
		return;
	}
	server->is_ended = true;
	envoi_acceptor_free(server->acceptor);
	envoi__connections_free(server);
	envoi_listener_free(server->listener);
	envoi__changes_cancel(server);
	envoi__registrations_free(server);
	envoi__sources_finish(&server->registering);
	envoi__jobs_cancel(server);
	envoi__accounts_free(server);
	envoi__components_free(server);
	envoi__web_finish(server);
	release(server);
}

/* --- making --- */

int envoi_server_add_settings(struct envoi_context *context)
{
	return envoi_context_add_settings(context, envoi__server_setting_table);
}

static int raise(struct envoi_server *server, const char *name, int64_t least)
{
	return envoi_settings_int(server->settings, name) < least
		? envoi_settings_set_int(server->settings, name, least)
		: ENVOI_OK;
}

/* A login brings the presence of all contacts before the client can acknowledge any; what has no
 * room is dropped. Each contact may have two resources. A message that fits in no outbox would stop
 * those that are stored behind it. */
static int make_room(struct envoi_server *server)
{
	const int64_t others = 1000;
	int64_t least = 2 * (int64_t)server->values.contacts + others;
	int r = raise(server, "limits.outbox-stanzas", least);
	return r == ENVOI_OK
		? raise(server, "limits.outbox-bytes", 2 * (int64_t)server->values.stanza_bytes)
		: r;
}

/* Read after the settings were added, from a copy: a ping behind each message would cost more than
 * the message. */
static int take_settings(struct envoi_server *server, const struct envoi_settings *settings)
{
	int r = envoi_server_add_settings(server->context);
	if (r == ENVOI_OK) {
		r = settings != NULL ? envoi_settings_dup(&server->settings, settings)
				     : envoi_settings_new(&server->settings, server->context);
	}
	if (r == ENVOI_OK) {
		r = envoi_settings_set(server->settings, "acknowledgement.ping", "false");
	}
	if (r == ENVOI_OK) {
		envoi_settings_read(server->settings, envoi__server_setting_table, &server->values);
		r = envoi_settings_set_int(server->settings, "limits.stanza-bytes",
			(int64_t)server->values.stanza_bytes);
	}
	return r == ENVOI_OK ? make_room(server) : r;
}

/* Users who do not exist are answered as those that envoi_server_set_password() makes. */
static void make_decoys(struct envoi_server *server)
{
	server->decoys.iterations = &server->values.iterations;
	server->decoys.iteration_count = 1;
	server->decoys.mechanism = "SCRAM-SHA-512";
	for (size_t i = 0; i < sizeof(server->decoys.key); i++) {
		server->decoys.key[i] = server->store->decoy_key[i];
	}
	server->directory.impl = &envoi__server_directory_impl;
	server->directory.decoys = &server->decoys;
}

static int make_acceptor(struct envoi_server *server, const struct envoi_server_options *options)
{
	const struct envoi_acceptor_options acceptor_options = {
		.tls = options->tls,
		.directory = &server->directory,
		.settings = server->settings,
		.hook = &server->accept_hook,
		.tap = options->tap,
		.tap_user = options->tap_user,
	};
	server->accept_hook.impl = &envoi__server_accept_hook_impl;
	int r = envoi_acceptor_new(&server->acceptor, server->context, &acceptor_options);
	if (r == ENVOI_OK) {
		r = envoi_acceptor_add_domain(server->acceptor, envoi_jid_domain(server->domain));
	}
	if (r == ENVOI_OK) {
		envoi__roster_init(server);
		r = envoi_acceptor_add_feature(server->acceptor, &server->roster_versions);
	}
	if (r == ENVOI_OK) {
		r = envoi__registration_init(server);
	}
	if (r == ENVOI_OK) {
		r = envoi__capabilities_init(server);
	}
	if (r == ENVOI_OK) {
		r = envoi__components_init(server);
	}
	return r;
}

static int make_listener(struct envoi_server *server)
{
	const struct envoi_listener_options options = {
		.settings = server->settings, .admitted = envoi__server_admitted, .user = server};
	return envoi_listener_new(&server->listener, server->context, &options);
}

static int make(struct envoi_server *server, const struct envoi_server_options *options)
{
	int r = take_settings(server, options->settings);
	if (r == ENVOI_OK) {
		r = envoi_jid_from_parts(
			&server->domain, server->context, NULL, options->domain, NULL);
	}
	if (r == ENVOI_OK) {
		r = envoi__table_init(&server->accounts, server->context);
	}
	if (r == ENVOI_OK) {
		r = envoi__sources_init(&server->registering, server->context);
	}
	if (r == ENVOI_OK) {
		make_decoys(server);
		r = make_acceptor(server, options);
	}
	if (r == ENVOI_OK) {
		r = make_listener(server);
	}
	return r;
}

int envoi_server_new(struct envoi_server **ret_server, struct envoi_context *context,
	const struct envoi_server_options *options)
{
	if (options->store == NULL || options->domain == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_server *server = envoi_alloc_zeroed(context, sizeof(*server));
	if (server == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	server->context = envoi_context_ref(context);
	server->accounts.context = server->registering.table.context = context;
	server->store = options->store;
	server->hook = options->hook;
	server->tls = options->tls == NULL ? NULL : envoi_tls_config_ref(options->tls);
	envoi__list_init(&server->resources);
	envoi__list_init(&server->jobs);
	envoi__list_init(&server->changes);
	envoi__list_init(&server->registrations);
	envoi__list_init(&server->documents);
	envoi__list_init(&server->idle);
	int r = make(server, options);
	if (r < 0) {
		envoi_server_free(server);
		return r;
	}
	*ret_server = server;
	return ENVOI_OK;
}

/* --- members --- */

struct envoi_listener *envoi_server_listener(const struct envoi_server *server)
{
	return server->listener;
}

void envoi_server_get_stats(const struct envoi_server *server, struct envoi_server_stats *ret_stats)
{
	*ret_stats = server->stats;
	ret_stats->accounts = server->accounts.count;
	ret_stats->waiting = server->waiting;
	envoi_acceptor_get_stats(server->acceptor, &ret_stats->connections);
}
