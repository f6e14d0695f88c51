/*
 * envoi - the handshake of components, receiving side (XEP-0114, section 3)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <gnutls/gnutls.h>

#include <envoi/interfaces/features.h>
#include <envoi/jid.h>

#include "base/context.h"
#include "features/handshake.h"
#include "stanza/own_handler.h"

struct receiver {
	struct envoi__own_handler own;
	struct envoi_handshake_hook *hook;
};

struct state {
	struct envoi_jid *domain; /* of the component; NULL: none has sent its handshake */
	bool is_asked; /* the hook, for the secret */
	char hash[ENVOI__HANDSHAKE_SIZE]; /* as received; "": of another length */
};

static struct receiver *from_handler(struct envoi_handler *self)
{
	return ENVOI_CONTAINER_OF(self, struct receiver, own.handler);
}

/* The same for an unknown name and a wrong secret: names cannot be probed. */
static int refuse(struct envoi_stream *stream)
{
	return envoi_stream_fail_with(stream, ENVOI_ERR_AUTH, ENVOI_STREAM_NOT_AUTHORIZED,
		"the component's name or secret is wrong");
}

/* --- the peer's handshake --- */

/* @retval ENVOI_ERR_INVALID  the header names no domain */
static int read_domain(struct envoi_stream *stream, struct envoi_jid **ret_domain)
{
	const struct envoi_stream_head *head = envoi_stream_peer_head(stream);
	struct envoi_jid *jid;
	int r = envoi_jid_from_text(
		&jid, envoi_stream_context(stream), head->to != NULL ? head->to : "");
	if (r < 0) {
		return r;
	}
	if (envoi_jid_local(jid) != NULL || !envoi_jid_is_bare(jid)) {
		envoi_jid_unref(jid);
		return ENVOI_ERR_INVALID;
	}
	*ret_domain = jid;
	return ENVOI_OK;
}

static int take_handshake(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_handshake_hook *hook = from_handler(self)->hook;
	struct state *state = envoi_stream_feature_state(stream, self);
	if (state->domain != NULL) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_POLICY_VIOLATION, "a second handshake");
	}
	int r = read_domain(stream, &state->domain);
	if (r < 0) {
		return r == ENVOI_ERR_INVALID ? refuse(stream) : r;
	}
	const char *hash = envoi_element_text(element);
	if (strlen(hash) == sizeof(state->hash) - 1) {
		memcpy(state->hash, hash, sizeof(state->hash));
	}
	state->is_asked = true;
	hook->impl->wanted(hook, stream, self, envoi_jid_domain(state->domain));
	return ENVOI_OK;
}

/* --- its stanzas --- */

/* @retval ENVOI_ERR_INVALID  it is not */
static int check_sender(struct envoi_stream *stream, const struct state *state, const char *from)
{
	struct envoi_jid *jid;
	int r = envoi_jid_from_text(&jid, envoi_stream_context(stream), from);
	if (r < 0) {
		return r;
	}
	bool is_own = envoi_jid_equal_domain(jid, state->domain);
	envoi_jid_unref(jid);
	return is_own ? ENVOI_OK : ENVOI_ERR_INVALID;
}

static int refuse_stanza(
	struct envoi_stream *stream, enum envoi_stream_condition condition, const char *why)
{
	return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL, condition, "%s", why);
}

/* Both addresses are required, and a component sends in the names of its own domain only. */
static int check_stanza(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	const char *from = envoi_element_attr(element, "from");
	if ((envoi_stream_bits(stream) & ENVOI_STREAM_AUTHENTICATED) == 0) {
		return refuse_stanza(stream, ENVOI_STREAM_NOT_AUTHORIZED,
			"a stanza before the handshake was done");
	}
	if (from == NULL || envoi_element_attr(element, "to") == NULL) {
		return refuse_stanza(stream, ENVOI_STREAM_IMPROPER_ADDRESSING,
			"a component's stanza without from or to");
	}
	int r = check_sender(stream, envoi_stream_feature_state(stream, self), from);
	if (r == ENVOI_ERR_INVALID) {
		return refuse_stanza(stream, ENVOI_STREAM_INVALID_FROM,
			"a component's stanza from another domain");
	}
	return r < 0 ? r : ENVOI_DECLINED;
}

/* --- the answer --- */

static bool is_equal(const char *hash, const char expected[ENVOI__HANDSHAKE_SIZE])
{
	return gnutls_memcmp(hash, expected, ENVOI__HANDSHAKE_SIZE) == 0;
}

/* @return whether the peer has proved the secret; <0: a failure */
static int verify(struct envoi_stream *stream, const struct state *state, const char *secret)
{
	char expected[ENVOI__HANDSHAKE_SIZE];
	int r = envoi__handshake_hash(expected, envoi_stream_context(stream),
		envoi_stream_id(stream), secret != NULL ? secret : "");
	if (r == ENVOI_OK) {
		r = is_equal(state->hash, expected) && secret != NULL;
	}
	envoi__wipe(expected, sizeof(expected));
	return r;
}

static int accept(struct envoi_handler *self, struct envoi_stream *stream, struct state *state)
{
	envoi_stream_set_local(stream, state->domain);
	int r = envoi__handshake_send(stream, NULL);
	if (r < 0) {
		return envoi_stream_fail_with(stream, r, ENVOI_STREAM_NO_CONDITION, NULL);
	}
	envoi_stream_feature_done(
		stream, self, ENVOI_STREAM_AUTHENTICATED, ENVOI_NEXT_FEATURE, "handshake");
	return ENVOI_OK;
}

int envoi_handshake_answer(struct envoi_stream *stream, struct envoi_handler *handler,
	const char *secret, enum envoi_stream_condition refusal)
{
	struct state *state = envoi_stream_feature_state(stream, handler);
	if (state == NULL || !state->is_asked) {
		return ENVOI_ERR_STATE;
	}
	state->is_asked = false;
	int r = verify(stream, state, secret);
	if (r < 0) {
		return envoi_stream_fail_with(stream, r, ENVOI_STREAM_INTERNAL_SERVER_ERROR, NULL);
	}
	if (r == 0) {
		return refuse(stream);
	}
	return refusal == ENVOI_STREAM_NO_CONDITION
		? accept(handler, stream, state)
		: envoi_stream_fail_with(stream, ENVOI_ERR_STATE, refusal,
			  "a component that knows its secret was refused");
}

/* --- the handler --- */

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *memory)
{
	struct envoi_handshake_hook *hook = from_handler(self)->hook;
	struct state *state = memory;
	bool was_asked = state->is_asked;
	state->is_asked = false;
	envoi_jid_unref(state->domain);
	state->domain = NULL;
	if (was_asked && hook->impl->canceled != NULL) {
		hook->impl->canceled(hook, stream);
	}
}

static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_COMPONENT,
	.name = "handshake",
	.order = ENVOI_ORDER_SASL,
	.forbidden = ENVOI_STREAM_AUTHENTICATED,
	.phase = ENVOI_PHASE_SASL,
	.state_size = sizeof(struct state),
	.finish = finish,
};

static const struct envoi_stream_element_row rows[] = {
	{
		.ns = ENVOI_NS_COMPONENT,
		.name = "handshake",
		.roles = 1u << ENVOI_RECEIVER,
		.forbidden = ENVOI_STREAM_AUTHENTICATED,
		.handle = take_handshake,
	},
	{
		.ns = ENVOI_NS_CLIENT,
		.name = "*",
		.roles = 1u << ENVOI_RECEIVER,
		.handle = check_stanza,
	},
	{.name = NULL},
};

static const struct envoi_handler_impl receiver_impl = {
	.name = "handshake",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = envoi__own_handler_free,
};

int envoi_handshake_receiver_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	struct envoi_handshake_hook *hook)
{
	struct receiver *receiver = envoi__own_handler_new(
		sizeof(*receiver), &receiver_impl, context);
	if (receiver == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	receiver->hook = hook;
	*ret_handler = &receiver->own.handler;
	return ENVOI_OK;
}
