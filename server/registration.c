/*
 * envoi-server - registration (XEP-0077)
 * SPDX-License-Identifier: MIT
 */
/*
 * With server.registration, before the login, on a secure stream, a client may make one account.
 * Those of one address make server.registrations-of-address an hour at most, and all together
 * server.registrations. After the login, a client may change the password of its account, and
 * remove it.
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/session.h>

#include "inside.h"

#define NS_REGISTER "jabber:iq:register"
#define NS_FEATURE "http://jabber.org/features/iq-register"

enum {
	PERIOD_MS = 3600 * 1000,
	MOST_REFUSED = 5, /* on a stream; a further request ends it */
};

/** A request that waits for its change. */
struct envoi__registration {
	struct envoi__list link; /* of the server */
	struct envoi_server *server;
	struct envoi_stanza *request; /* a reference */
	struct state *state; /* of the stream, before the login; NULL: it has ended, or later */
	bool is_new;
};

/** Of a stream. */
struct state {
	struct envoi_stream *stream;
	struct envoi__registration *pending; /* NULL: none */
	bool is_done; /* an account was made */
	unsigned int refused; /* requests, because there is no registration */
};

static struct envoi_server *server_of(struct envoi_handler *self)
{
	return ENVOI_CONTAINER_OF(self, struct envoi_server, registration);
}

bool envoi__registration_is_on(const struct envoi_server *server)
{
	return server->values.has_registration;
}

/* --- changes --- */

static void free_registration(struct envoi__registration *registration)
{
	if (registration->state != NULL) {
		registration->state->pending = NULL;
	}
	envoi__list_remove(&registration->link);
	envoi_stanza_unref(registration->request);
	envoi_free(registration->server->context, registration);
}

void envoi__registrations_free(struct envoi_server *server)
{
	while (!envoi__list_is_empty(&server->registrations)) {
		free_registration(ENVOI_CONTAINER_OF(
			server->registrations.next, struct envoi__registration, link));
	}
}

static enum envoi_stanza_condition condition_of(int code)
{
	switch (code) {
	case ENVOI_ERR_EXISTS:
		return ENVOI_CONFLICT;
	case ENVOI_ERR_INVALID:
		return ENVOI_NOT_ACCEPTABLE;
	case ENVOI_ERR_NOT_FOUND: /* it was removed meanwhile */
		return ENVOI_REGISTRATION_REQUIRED;
	default:
		return ENVOI_RESOURCE_CONSTRAINT;
	}
}

/* Section 3.3: the password is not returned; errors that the library makes have no payload. */
static struct envoi_stanza *answer_of(const struct envoi_stanza *request, int code)
{
	return code == ENVOI_OK ? envoi_iq_result_new(request)
				: envoi_stanza_error_new(request, condition_of(code), NULL);
}

static void send_answer(struct envoi__registration *registration, int code)
{
	struct envoi_stanza *answer = answer_of(registration->request, code);
	struct state *state = registration->state;
	if (!registration->is_new) {
		envoi__route_answer(registration->server, answer);
		return;
	}
	if (state != NULL) {
		int r = envoi_stream_send_element(state->stream, envoi_stanza_element(answer));
		state->is_done = code == ENVOI_OK && r == ENVOI_OK;
	}
	envoi_stanza_unref(answer);
}

static void on_changed(void *user, int code)
{
	struct envoi__registration *registration = user;
	send_answer(registration, code);
	free_registration(registration);
}

/* @return ENVOI_OK: it will be answered */
static int begin(struct envoi_server *server, struct envoi_stanza *request, struct state *state,
	struct envoi__account *sender, const char *name, const char *password)
{
	struct envoi__registration *registration = envoi_alloc_zeroed(
		server->context, sizeof(*registration));
	if (registration == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	registration->server = server;
	registration->request = envoi_stanza_ref(request);
	registration->is_new = state != NULL;
	envoi__list_append(&server->registrations, &registration->link);
	int r = envoi__password_set(server, name, password,
		registration->is_new ? ENVOI_STORE_NEW : ENVOI_STORE_CHANGE, sender, on_changed,
		registration);
	if (r < 0) {
		free_registration(registration);
	} else if (state != NULL) {
		registration->state = state;
		state->pending = registration;
	}
	return r;
}

/* --- what is asked --- */

static const char *text_of(const struct envoi_element *query, const char *name)
{
	const struct envoi_element *child = envoi_element_child(query, NS_REGISTER, name);
	const char *text = child == NULL ? NULL : envoi_element_text(child);
	return text != NULL && *text != '\0' ? text : NULL;
}

/* Section 3.1: which fields there are, and what is known. */
static struct envoi_stanza *form_of(const struct envoi_stanza *request, const char *name)
{
	struct envoi_stanza *result = envoi_iq_result_new(request);
	struct envoi_element *query = envoi_element_add(
		envoi_stanza_element(result), NS_REGISTER, "query");
	if (name != NULL) {
		envoi_element_add(query, NULL, "registered");
		envoi_element_add_with_text(query, NULL, "username", name);
	} else {
		envoi_element_add_with_text(query, NULL, "instructions",
			"Choose a name and a password for the account.");
		envoi_element_add(query, NULL, "username");
	}
	envoi_element_add(query, NULL, "password");
	return result;
}

/* --- before the login --- */

/* @param address  "": not known, not counted */
static bool is_too_soon(struct envoi_server *server, const char *address)
{
	uint64_t now_ms = envoi_loop_now_ms(envoi_context_loop(server->context));
	if (server->registered == 0 || now_ms - server->registered_since_ms >= PERIOD_MS) {
		server->registered_since_ms = now_ms;
		server->registered = 0;
	}
	return server->registered >= server->values.registrations ||
		(address[0] != '\0' &&
			envoi__sources_count(&server->registering, address, now_ms) >=
				server->values.registrations_of_address);
}

/* Whatever becomes of it: attempts cost as much. */
static void count_attempt(struct envoi_server *server, const char *address)
{
	uint64_t now_ms = envoi_loop_now_ms(envoi_context_loop(server->context));
	server->registered++;
	if (address[0] != '\0') { /* without memory all together are counted */
		(void)envoi__sources_add(&server->registering, address, now_ms, PERIOD_MS);
	}
}

static enum envoi_stanza_condition take_new(
	struct envoi_server *server, struct state *state, struct envoi_stanza *request)
{
	const struct envoi_element *query = envoi_stanza_payload(request);
	const char *name = text_of(query, "username"), *password = text_of(query, "password");
	if (envoi_element_child(query, NS_REGISTER, "remove") != NULL) {
		return ENVOI_UNEXPECTED_REQUEST;
	}
	if (name == NULL || password == NULL || state->is_done || state->pending != NULL) {
		return ENVOI_NOT_ACCEPTABLE;
	}
	const char *address = envoi__connection_address(server, state->stream);
	if (is_too_soon(server, address) || envoi__store_is_busy(server, NULL)) {
		return ENVOI_RESOURCE_CONSTRAINT;
	}
	int r = begin(server, request, state, NULL, name, password);
	if (r == ENVOI_OK) {
		count_attempt(server, address);
	}
	return r < 0 ? condition_of(r) : ENVOI_STANZA_NO_CONDITION;
}

static int send_and_unref(struct envoi_stream *stream, struct envoi_stanza *stanza)
{
	int r = stanza == NULL ? ENVOI_ERR_NOMEM
			       : envoi_stream_send_element(stream, envoi_stanza_element(stanza));
	envoi_stanza_unref(stanza);
	return r;
}

static bool is_request(const struct envoi_stanza *stanza)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	return (kind == ENVOI_IQ_GET || kind == ENVOI_IQ_SET) &&
		envoi_element_is(envoi_stanza_payload(stanza), NS_REGISTER, "query");
}

/* Section 3.1: the error of a host that does not support it. */
static int refuse(struct envoi_stream *stream, struct state *state, struct envoi_stanza *request)
{
	return ++state->refused > MOST_REFUSED
		? ENVOI_DECLINED
		: send_and_unref(
			  stream, envoi_stanza_error_new(request, ENVOI_SERVICE_UNAVAILABLE, NULL));
}

static int take_request(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_stanza *request)
{
	struct state *state = envoi_stream_feature_state(stream, self);
	enum envoi_stanza_kind kind = envoi_stanza_kind(request);
	bool is_secure = (envoi_stream_bits(stream) & ENVOI_STREAM_SECURE) != 0;
	if (!is_request(request)) {
		return ENVOI_DECLINED;
	}
	if (!envoi__registration_is_on(server_of(self))) {
		return refuse(stream, state, request);
	}
	if (!is_secure) {
		return ENVOI_DECLINED;
	}
	state->stream = stream;
	if (kind == ENVOI_IQ_GET) {
		return send_and_unref(stream, form_of(request, NULL));
	}
	enum envoi_stanza_condition wrong = take_new(server_of(self), state, request);
	return wrong == ENVOI_STANZA_NO_CONDITION
		? ENVOI_OK
		: send_and_unref(stream, envoi_stanza_error_new(request, wrong, NULL));
}

static int take_element(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_stanza *request = NULL;
	struct envoi_element *copy = envoi_element_dup(element);
	int r = copy == NULL ? ENVOI_ERR_NOMEM : envoi_stanza_from_element(&request, copy);
	envoi_element_unref(copy);
	if (r == ENVOI_OK) {
		r = take_request(self, stream, request);
	} else if (r != ENVOI_ERR_NOMEM) {
		r = ENVOI_DECLINED;
	}
	envoi_stanza_unref(request);
	return r;
}

static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)stream;
	if (envoi__registration_is_on(server_of(self))) {
		envoi_element_add(features, NS_FEATURE, "register");
	}
	return envoi_element_error(features);
}

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *memory)
{
	struct state *state = memory;
	(void)self;
	(void)stream;
	if (state->pending != NULL) {
		state->pending->state = NULL;
	}
}

static const struct envoi_stream_feature feature = {
	.ns = NS_FEATURE,
	.name = "register",
	.order = ENVOI_ORDER_SASL + 1,
	.necessary = ENVOI_STREAM_SECURE,
	.forbidden = ENVOI_STREAM_AUTHENTICATED,
	.phase = ENVOI_PHASE_SASL,
	.state_size = sizeof(struct state),
	.offer = offer,
	.finish = finish,
};
static const struct envoi_stream_element_row rows[] = {
	{
		.ns = ENVOI_NS_CLIENT,
		.name = "iq",
		.roles = 1u << ENVOI_RECEIVER,
		.forbidden = ENVOI_STREAM_AUTHENTICATED,
		.handle = take_element,
	},
	{.name = NULL},
};
static const struct envoi_handler_impl registration_impl = {
	.name = "registration",
	.stream_feature = &feature,
	.stream_elements = rows,
};

int envoi__registration_init(struct envoi_server *server)
{
	server->registration = (struct envoi_handler)ENVOI_HANDLER(&registration_impl);
	return envoi_acceptor_add_feature(server->acceptor, &server->registration);
}

/* --- after the login (sections 3.2 and 3.3) --- */

static void answer_get(const struct envoi__routed *routed, struct envoi__account *account)
{
	(void)account;
	if (routed->sender != NULL && routed->sender->account != NULL) {
		envoi__route_answer(routed->server,
			form_of(routed->stanza, envoi__account_name(routed->sender->account)));
	} else {
		envoi__route_refuse(routed, ENVOI_NOT_ALLOWED); /* a component */
	}
}

static bool has_pending_change(const struct envoi__account *account)
{
	const struct envoi__list *end = &account->server->registrations;
	for (const struct envoi__list *link = end->next; link != end; link = link->next) {
		const struct envoi__registration *at = ENVOI_CONTAINER_OF_CONST(
			link, struct envoi__registration, link);
		if (!at->is_new &&
			envoi_jid_equal_bare(envoi_stanza_from(at->request), account->jid)) {
			return true;
		}
	}
	return false;
}

static enum envoi_stanza_condition take_removal(
	const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_element *query = envoi_stanza_payload(routed->stanza);
	if (envoi_element_next(envoi_element_first(query)) != NULL) {
		return ENVOI_BAD_REQUEST;
	}
	bool is_begun = !account->is_leaving &&
		envoi__account_remove(account, routed->stanza) == ENVOI_OK;
	return is_begun ? ENVOI_STANZA_NO_CONDITION : ENVOI_RESOURCE_CONSTRAINT;
}

static bool is_own_name(const struct envoi__account *account, const char *name)
{
	struct envoi_jid *jid = NULL;
	bool is_own = envoi_jid_from_parts(&jid, account->server->context, name,
			      envoi_jid_domain(account->jid), NULL) == ENVOI_OK &&
		envoi_jid_equal(jid, account->jid);
	envoi_jid_unref(jid);
	return is_own;
}

static enum envoi_stanza_condition take_password(
	const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_element *query = envoi_stanza_payload(routed->stanza);
	const char *name = text_of(query, "username"), *password = text_of(query, "password");
	struct envoi_session *session = envoi_accepted_session(routed->sender->accepted);
	if (name == NULL || password == NULL) {
		return ENVOI_BAD_REQUEST;
	}
	if (!is_own_name(account, name) || account->is_leaving) {
		return ENVOI_NOT_ALLOWED;
	}
	struct envoi_stream *stream = session == NULL ? NULL : envoi_session_stream(session);
	if (stream == NULL || (envoi_stream_bits(stream) & ENVOI_STREAM_SECURE) == 0) {
		return ENVOI_NOT_AUTHORIZED;
	}
	if (has_pending_change(account)) { /* each derives keys, for many turns */
		return ENVOI_RESOURCE_CONSTRAINT;
	}
	int r = begin(routed->server, routed->stanza, NULL, account, envoi__account_name(account),
		password);
	return r < 0 ? condition_of(r) : ENVOI_STANZA_NO_CONDITION;
}

static void answer_set(const struct envoi__routed *routed, struct envoi__account *unused)
{
	const struct envoi_element *query = envoi_stanza_payload(routed->stanza);
	struct envoi__account *account = routed->sender == NULL ? NULL : routed->sender->account;
	enum envoi_stanza_condition wrong;
	(void)unused;
	if (account == NULL) {
		wrong = ENVOI_NOT_ALLOWED;
	} else if (envoi_element_child(query, NS_REGISTER, "remove") != NULL) {
		wrong = take_removal(routed, account);
	} else {
		wrong = take_password(routed, account);
	}
	if (wrong != ENVOI_STANZA_NO_CONDITION) {
		envoi__route_refuse(routed, wrong);
	}
}

const struct envoi__service envoi__registration_services[] = {
	{ENVOI_IQ_GET, NS_REGISTER, "query", ENVOI__AT_SERVER | ENVOI__AT_OWN, false, answer_get,
		envoi__registration_is_on},
	{ENVOI_IQ_SET, NS_REGISTER, "query", ENVOI__AT_SERVER | ENVOI__AT_OWN, true, answer_set,
		envoi__registration_is_on},
	{.kind = ENVOI_NO_STANZA},
};
