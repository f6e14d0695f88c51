/*
 * envoi - listeners
 * SPDX-License-Identifier: MIT
 */
#include "listener/listener.h"

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>

#include "base/context.h"
#include "settings/settings.h"

/* --- sources --- */

static bool is_open(const struct envoi_listener *listener)
{
	return !listener->is_paused && !listener->stats.is_full && !listener->stats.is_short;
}

/* A source that is wanted already may wait for descriptors or memory: it is called again only when
 * there is room, otherwise its wait would end with each admission. */
static void update_sources(struct envoi_deferred *deferred)
{
	struct envoi_listener *listener = ENVOI_CONTAINER_OF(
		deferred, struct envoi_listener, update);
	bool has_room = listener->has_room;
	listener->has_room = false;
	for (struct envoi_listener_source *at = listener->sources; at != NULL; at = at->next) {
		bool was_started = at->is_started;
		at->is_wanted = at->is_started = is_open(listener);
		if (has_room || at->is_started != was_started) {
			at->impl->want(at, at->is_wanted);
		}
	}
}

void envoi__listener_changed(struct envoi_listener *listener)
{
	listener->stats.is_full = listener->stats.connections >= listener->values.connections;
	if (!is_open(listener)) {
		for (struct envoi_listener_source *at = listener->sources; at != NULL;
			at = at->next) {
			at->is_wanted = false;
		}
	}
	envoi_deferred_post(
		&listener->update, envoi_context_loop(listener->context), update_sources);
}

static void on_budget(struct envoi__budget_watch *watch, bool is_short)
{
	struct envoi_listener *listener = ENVOI_CONTAINER_OF(watch, struct envoi_listener, budget);
	listener->stats.is_short = is_short;
	if (is_short) {
		envoi_log(listener->context, ENVOI_LOG_WARNING, ENVOI_LOG_NET,
			"connections hold three quarters of listener.memory: no more are accepted");
	}
	envoi__listener_changed(listener);
}

void envoi_listener_add_source(
	struct envoi_listener *listener, struct envoi_listener_source *source)
{
	source->next = listener->sources;
	listener->sources = source;
	envoi__listener_changed(listener);
}

void envoi_listener_pause(struct envoi_listener *listener, bool is_paused)
{
	listener->is_paused = is_paused;
	envoi__listener_changed(listener);
}

/* --- life --- */

int envoi_listener_new(struct envoi_listener **ret_listener, struct envoi_context *context,
	const struct envoi_listener_options *options)
{
	const struct envoi_settings *settings = options->settings != NULL
		? options->settings
		: envoi__default_settings(context);
	if (options->admitted == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_listener *listener = settings != NULL
		? envoi_alloc_zeroed(context, sizeof(*listener))
		: NULL;
	if (listener == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_settings_read(settings, envoi__listener_setting_table, &listener->values);
	listener->context = envoi_context_ref(context);
	listener->admitted = options->admitted;
	listener->user = options->user;
	envoi__list_init(&listener->admissions);
	envoi__map_init(&listener->addresses, context);
	envoi__map_init(&listener->accounts, context);
	envoi__budget_watch(context, &listener->budget, on_budget);
	listener->stats.is_short = context->budget.is_short;
	envoi__budget_set_limit(context, listener->values.memory);
	*ret_listener = listener;
	return ENVOI_OK;
}

static void leave(struct envoi_listener *listener)
{
	if (envoi__guard_leave(&listener->guard)) {
		struct envoi_context *context = listener->context;
		envoi_free(context, listener);
		envoi_context_unref(context);
	}
}

void envoi_listener_free(struct envoi_listener *listener)
{
	if (listener == NULL || envoi__guard_is_over(&listener->guard)) {
		return;
	}
	envoi__guard_enter(&listener->guard);
	envoi__guard_end(&listener->guard);
	while (listener->sources != NULL) {
		struct envoi_listener_source *source = listener->sources;
		listener->sources = source->next;
		source->is_wanted = false;
		source->impl->destroy(source);
	}
	while (!envoi__list_is_empty(&listener->admissions)) {
		envoi__admission_detach(ENVOI_CONTAINER_OF(
			listener->admissions.next, struct envoi_admission, link));
	}
	envoi__budget_unwatch(&listener->budget);
	envoi_deferred_cancel(&listener->update);
	envoi__map_finish(&listener->addresses);
	envoi__map_finish(&listener->accounts);
	leave(listener);
}

struct envoi_context *envoi_listener_context(const struct envoi_listener *listener)
{
	return listener->context;
}

/* --- admitting --- */

static int refuse(struct envoi_listener *listener, struct envoi_channel *channel, int code)
{
	listener->stats.refused++;
	envoi_channel_destroy(channel);
	return code;
}

static int hand_over(struct envoi_listener *listener, struct envoi_admission *admission,
	struct envoi_channel *channel)
{
	envoi__guard_enter(&listener->guard);
	listener->stats.admitted++;
	int r = listener->admitted(listener->user, admission, channel);
	if (r < 0) {
		listener->stats.refused++;
		envoi__admission_drop(admission);
	}
	leave(listener);
	return r;
}

int envoi_listener_take(struct envoi_listener *listener, const char *service,
	struct envoi_channel *channel, const struct sockaddr *address, size_t address_len)
{
	struct envoi_admission *admission;
	if (listener->is_paused) {
		return refuse(listener, channel, ENVOI_ERR_STATE);
	}
	if (listener->stats.is_full || listener->stats.is_short) {
		return refuse(listener, channel, ENVOI_ERR_LIMIT);
	}
	int r = envoi__admission_new(&admission, listener, service, address, address_len);
	return r < 0 ? refuse(listener, channel, r) : hand_over(listener, admission, channel);
}

void envoi_listener_get_stats(
	const struct envoi_listener *listener, struct envoi_listener_stats *ret_stats)
{
	*ret_stats = listener->stats;
	ret_stats->memory = listener->context->budget.bytes;
}
