/*
 * envoi - a login: its stream
 * SPDX-License-Identifier: MIT
 */
#include "connection/login.h"

static unsigned int required_bits(const struct envoi__login *login)
{
	unsigned int bits = login->with.kind->required;
	return login->tls_mode == ENVOI__TLS_MODE_NONE ? bits : bits | ENVOI_STREAM_SECURE;
}

/* The tap has seen the header already, and may have switched itself. */
static void switch_tap(const struct envoi__login *login, struct envoi_stream *stream)
{
	unsigned int off = *login->with.tap_off;
	envoi_stream_switch_tap(stream, ENVOI_IN, (off & 1u << ENVOI_IN) == 0);
	envoi_stream_switch_tap(stream, ENVOI_OUT, (off & 1u << ENVOI_OUT) == 0);
}

/* The features of the login, then those of the session's handlers.
 * @param[out] ret_handlers  to be freed by the caller */
static int collect_handlers(
	const struct envoi__login *login, struct envoi_handler ***ret_handlers, size_t *ret_count)
{
	const struct envoi__login_features *features = &login->features;
	struct envoi_session *session = login->with.session;
	size_t own = features->count, added = envoi_session_handlers(session, NULL, 0);
	struct envoi_handler **handlers = envoi_alloc(
		login->context, (own + added) * sizeof(struct envoi_handler *));
	if (handlers == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < own; i++) {
		handlers[i] = features->items[i];
	}
	(void)envoi_session_handlers(session, handlers + own, added);
	*ret_handlers = handlers;
	*ret_count = own + added;
	return ENVOI_OK;
}

int envoi__login_make_stream(const struct envoi__login *login, struct envoi_stream **ret_stream,
	struct envoi_transport *transport)
{
	struct envoi_handler **handlers;
	size_t handler_count;
	int r = collect_handlers(login, &handlers, &handler_count);
	if (r < 0) {
		envoi_transport_destroy(transport);
		return r;
	}
	const struct envoi__login_kind *kind = login->with.kind;
	const struct envoi_jid *jid = login->with.account->jid;
	const struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.content_ns = kind->content_ns,
		.local = kind->is_domain ? NULL : jid,
		.peer_domain = envoi_jid_domain(jid),
		.handlers = handlers,
		.handler_count = handler_count,
		.required = required_bits(login),
		.settings = login->with.settings,
		.tap = login->with.tap,
		.tap_user = login->with.tap_user,
		.tap_off = *login->with.tap_off,
	};
	r = envoi_stream_new(ret_stream, login->context, &options, transport,
		envoi_session_sink(login->with.session));
	envoi_free(login->context, handlers);
	if (r == ENVOI_OK) {
		switch_tap(login, *ret_stream);
	}
	return r;
}
