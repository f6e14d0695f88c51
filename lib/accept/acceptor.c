/*
 * envoi - acceptors: life, domains, the features of streams
 * SPDX-License-Identifier: MIT
 */
#include "accept/acceptor.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "net/net_settings.h"
#include "session/stream_management/stream_management_settings.h"

/* --- life --- */

static void release(struct envoi_acceptor *acceptor)
{
	struct envoi_context *context = acceptor->context;
	for (size_t i = acceptor->handler_count; i-- > 0;) {
		envoi_handler_destroy(acceptor->handlers[i]);
	}
	for (size_t i = 0; i < acceptor->domain_count; i++) {
		envoi_jid_unref(acceptor->domains[i]);
	}
	envoi_free(context, acceptor->domains);
	envoi_tls_config_unref(acceptor->tls);
	envoi_settings_free(acceptor->settings);
	envoi__accept_forget_expired(acceptor);
	envoi__accept_components_finish(acceptor);
	envoi__map_finish(&acceptor->by_jid);
	envoi__map_finish(&acceptor->by_account);
	envoi__map_finish(&acceptor->by_resumption);
	envoi_free(context, acceptor);
	envoi_context_unref(context);
}

void envoi__acceptor_enter(struct envoi_acceptor *acceptor)
{
	envoi__guard_enter(&acceptor->guard);
}

void envoi__acceptor_leave(struct envoi_acceptor *acceptor)
{
	if (envoi__guard_leave(&acceptor->guard)) {
		release(acceptor);
	}
}

/* One that is being freed further up on the stack is reported now. */
static void end_all(struct envoi_acceptor *acceptor)
{
	struct envoi_failure why;
	envoi_failure_set(&why, acceptor->context, ENVOI_PHASE_CLOSE, ENVOI_ERR_CANCELED, NULL);
	while (!envoi__list_is_empty(&acceptor->all)) {
		struct envoi_accepted *accepted = ENVOI_CONTAINER_OF(
			acceptor->all.next, struct envoi_accepted, link);
		envoi__accepted_enter(accepted);
		envoi__accepted_end(accepted, &why);
		envoi__accepted_report(accepted, &why);
		envoi__accepted_leave(accepted);
	}
}

void envoi_acceptor_free(struct envoi_acceptor *acceptor)
{
	if (acceptor != NULL && !envoi__guard_is_over(&acceptor->guard)) {
		envoi__acceptor_enter(acceptor);
		envoi__guard_end(&acceptor->guard);
		end_all(acceptor);
		envoi__acceptor_leave(acceptor);
	}
}

/* --- the features of streams --- */

typedef int feature_maker(struct envoi_handler **ret_handler, struct envoi_acceptor *acceptor,
	const struct envoi_acceptor_options *options);

static int make_starttls(struct envoi_handler **ret_handler, struct envoi_acceptor *acceptor,
	const struct envoi_acceptor_options *options)
{
	const struct envoi_starttls_options starttls = {
		.config = options->tls,
		.required = (acceptor->required & ENVOI_STREAM_SECURE) != 0,
	};
	return options->tls == NULL ? ENVOI_DECLINED
				    : envoi_starttls_new(ret_handler, acceptor->context, &starttls);
}

static int make_sasl(struct envoi_handler **ret_handler, struct envoi_acceptor *acceptor,
	const struct envoi_acceptor_options *options)
{
	return envoi_sasl_receiver_new(
		ret_handler, acceptor->context, acceptor->settings, options->directory);
}

static int make_management(struct envoi_handler **ret_handler, struct envoi_acceptor *acceptor,
	const struct envoi_acceptor_options *options)
{
	struct envoi__sm_settings values;
	(void)options;
	envoi_settings_read(acceptor->settings, envoi__sm_setting_table, &values);
	return !values.is_used ? ENVOI_DECLINED
			       : envoi_stream_management_receiver_new(ret_handler,
					 acceptor->context, &acceptor->resumption_hook);
}

static int make_bind(struct envoi_handler **ret_handler, struct envoi_acceptor *acceptor,
	const struct envoi_acceptor_options *options)
{
	const struct envoi_bind_options bind = {.hook = &acceptor->bind_hook};
	(void)options;
	return envoi_bind_new(ret_handler, acceptor->context, &bind);
}

static int make_session(struct envoi_handler **ret_handler, struct envoi_acceptor *acceptor,
	const struct envoi_acceptor_options *options)
{
	(void)options;
	acceptor->session_offer = (struct envoi_handler)ENVOI_HANDLER(&envoi__accept_session_impl);
	*ret_handler = &acceptor->session_offer;
	return ENVOI_OK;
}

static int make_limits(struct envoi_handler **ret_handler, struct envoi_acceptor *acceptor,
	const struct envoi_acceptor_options *options)
{
	(void)options;
	return envoi_stream_limits_new(ret_handler, acceptor->context, acceptor->settings);
}

static feature_maker *const makers[] = {
	make_starttls,
	make_sasl,
	make_management,
	make_bind,
	make_session,
	make_limits,
};

_Static_assert(sizeof(makers) / sizeof(makers[0]) <= ENVOI__ACCEPT_HANDLERS, "room for handlers");

static int make_features(
	struct envoi_acceptor *acceptor, const struct envoi_acceptor_options *options)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		struct envoi_handler *handler;
		int r = makers[i](&handler, acceptor, options);
		if (r == ENVOI_OK) {
			acceptor->handlers[acceptor->handler_count++] = handler;
		} else if (r < 0) {
			return r;
		}
	}
	return ENVOI_OK;
}

int envoi_acceptor_add_feature(struct envoi_acceptor *acceptor, struct envoi_handler *handler)
{
	if (handler->impl->stream_feature == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (acceptor->handler_count == ENVOI__ACCEPT_HANDLERS) {
		return ENVOI_ERR_FULL;
	}
	acceptor->handlers[acceptor->handler_count++] = handler;
	return ENVOI_OK;
}

/* --- making --- */

static int copy_settings(struct envoi_acceptor *acceptor, const struct envoi_settings *settings)
{
	return settings != NULL ? envoi_settings_dup(&acceptor->settings, settings)
				: envoi_settings_new(&acceptor->settings, acceptor->context);
}

static int take_options(
	struct envoi_acceptor *acceptor, const struct envoi_acceptor_options *options)
{
	int r = copy_settings(acceptor, options->settings);
	if (r < 0) {
		return r;
	}
	envoi_settings_read(acceptor->settings, envoi__accept_setting_table, &acceptor->values);
	acceptor->required = ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND;
	if (envoi__tls_mode_of(acceptor->settings) != ENVOI__TLS_MODE_NONE) {
		acceptor->required |= ENVOI_STREAM_SECURE;
	}
	acceptor->hook = options->hook;
	acceptor->tap = options->tap;
	acceptor->tap_user = options->tap_user;
	acceptor->tls = options->tls != NULL ? envoi_tls_config_ref(options->tls) : NULL;
	return make_features(acceptor, options);
}

int envoi_acceptor_new(struct envoi_acceptor **ret_acceptor, struct envoi_context *context,
	const struct envoi_acceptor_options *options)
{
	if (options->directory == NULL || options->hook == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_acceptor *acceptor = envoi_alloc_zeroed(context, sizeof(*acceptor));
	if (acceptor == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	acceptor->context = envoi_context_ref(context);
	acceptor->filter = (struct envoi_handler)ENVOI_HANDLER(&envoi__accept_filter_impl);
	acceptor->bind_hook.impl = &envoi__accept_bind_hook_impl;
	acceptor->resumption_hook.impl = &envoi__accept_resumption_hook_impl;
	acceptor->handshake_hook.impl = &envoi__accept_handshake_hook_impl;
	envoi__map_init(&acceptor->known_components, context);
	envoi__accept_failures_init(&acceptor->failed_names, context);
	envoi__accept_failures_init(&acceptor->failed_sources, context);
	envoi__list_init(&acceptor->all);
	envoi__list_init(&acceptor->expired);
	envoi__map_init(&acceptor->by_jid, context);
	envoi__map_init(&acceptor->by_account, context);
	envoi__map_init(&acceptor->by_resumption, context);
	int r = take_options(acceptor, options);
	if (r < 0) {
		release(acceptor);
		return r;
	}
	*ret_acceptor = acceptor;
	return ENVOI_OK;
}

/* --- domains --- */

int envoi__acceptor_domain(const struct envoi_acceptor *acceptor, const char *name,
	const struct envoi_jid **ret_domain)
{
	struct envoi_jid *jid;
	int r = envoi_jid_from_text(&jid, acceptor->context, name);
	if (r < 0) {
		return r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_NOT_FOUND;
	}
	r = ENVOI_ERR_NOT_FOUND;
	for (size_t i = 0; i < acceptor->domain_count && r < 0; i++) {
		if (envoi_jid_equal(acceptor->domains[i], jid)) {
			*ret_domain = acceptor->domains[i];
			r = ENVOI_OK;
		}
	}
	envoi_jid_unref(jid);
	return r;
}

static int append_domain(struct envoi_acceptor *acceptor, struct envoi_jid *jid)
{
	size_t size = (acceptor->domain_count + 1) * sizeof(struct envoi_jid *);
	struct envoi_jid **domains = envoi_realloc(acceptor->context, acceptor->domains, size);
	if (domains == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	acceptor->domains = domains;
	domains[acceptor->domain_count++] = jid;
	return ENVOI_OK;
}

int envoi_acceptor_add_domain(struct envoi_acceptor *acceptor, const char *domain)
{
	struct envoi_jid *jid;
	const struct envoi_jid *known;
	int r = envoi__acceptor_domain(acceptor, domain, &known);
	if (r != ENVOI_ERR_NOT_FOUND) {
		return r == ENVOI_OK ? ENVOI_ERR_EXISTS : r;
	}
	r = envoi_jid_from_parts(&jid, acceptor->context, NULL, domain, NULL);
	if (r == ENVOI_OK) {
		r = append_domain(acceptor, jid);
		if (r < 0) {
			envoi_jid_unref(jid);
		}
	}
	return r;
}

/* --- accepting --- */

int envoi__acceptor_accept(struct envoi_acceptor *acceptor, struct envoi_transport *transport,
	struct envoi__accept_component *component, struct envoi_accepted **ret_accepted)
{
	struct envoi_accepted *accepted;
	int r = ENVOI_ERR_STATE;
	if (acceptor->domain_count == 0 || envoi__guard_is_over(&acceptor->guard)) {
		envoi_transport_destroy(transport);
	} else {
		r = envoi__accepted_new(&accepted, acceptor, transport, component);
	}
	if (r < 0) {
		envoi__accept_component_free(acceptor->context, component);
	} else if (ret_accepted != NULL) {
		*ret_accepted = accepted;
	}
	return r;
}

int envoi_acceptor_accept(struct envoi_acceptor *acceptor, struct envoi_transport *transport,
	struct envoi_accepted **ret_accepted)
{
	return envoi__acceptor_accept(acceptor, transport, NULL, ret_accepted);
}

void envoi_acceptor_get_stats(
	const struct envoi_acceptor *acceptor, struct envoi_acceptor_stats *ret_stats)
{
	*ret_stats = acceptor->stats;
}
