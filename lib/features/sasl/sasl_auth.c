/*
 * envoi - SASL, initiating side: the beginning of an exchange (RFC 6120, section 6.4.2)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "features/sasl/sasl_initiator.h"
#include "sasl/sasl.h"
#include "sasl/sasl_history.h"

static const struct envoi_sasl_binding *find_binding(
	const struct envoi__sasl_bindings *bindings, const char *type)
{
	for (size_t i = 0; type != NULL && i < bindings->count; i++) {
		if (strcmp(bindings->list[i].type, type) == 0) {
			return &bindings->list[i];
		}
	}
	return NULL;
}

static int start_with(struct envoi__sasl *sasl, struct envoi__sasl_state *state,
	const struct envoi_sasl_identity *identity, const struct envoi_sasl_binding *binding)
{
	const struct envoi_jid *local = envoi_stream_local(state->stream);
	const char *authcid = identity->authcid;
	struct envoi__sasl_offer offered;
	envoi__sasl_read_offer(&offered, state->features);
	struct envoi_sasl_parameters parameters = {
		.role = ENVOI_INITIATOR,
		.authcid = authcid == NULL && local != NULL ? envoi_jid_local(local) : authcid,
		.authzid = identity->authzid,
		.password = identity->password,
		.keys = envoi__sasl_history_keys(sasl->history, state->request.mechanism->name),
		.hostname = envoi_stream_peer_domain(state->stream),
		.bindings = binding,
		.binding_count = binding != NULL,
		.could_bind = state->choice.could_bind,
		.offer = &offered.offer,
		.needs_offer_hash = state->choice.needs_offer_hash,
		.min_iterations = sasl->policy.values.min_iterations,
		.max_iterations = sasl->policy.values.max_iterations,
	};
	state->uses_keys = parameters.keys != NULL;
	return envoi_sasl_start(
		&state->exchange, sasl->base.context, state->request.mechanism, &parameters);
}

static int start_exchange(struct envoi__sasl *sasl, struct envoi__sasl_state *state,
	const struct envoi_sasl_identity *identity)
{
	struct envoi_sasl_identity complete = *identity;
	char *external = NULL;
	struct envoi__sasl_bindings bindings;
	int r = envoi__sasl_bindings_get(&bindings, state->stream);
	if (r == ENVOI_OK && state->request.mechanism->means == ENVOI_SASL_CERTIFICATE &&
		complete.authzid == NULL) {
		r = envoi__sasl_external_authzid(
			&external, state->stream, sasl->policy.values.external_authzid);
		complete.authzid = external;
	}
	if (r == ENVOI_OK) {
		r = start_with(
			sasl, state, &complete, find_binding(&bindings, state->choice.binding));
	}
	envoi_free(sasl->base.context, external);
	envoi__sasl_bindings_finish(&bindings);
	return r;
}

/* RFC 6120, section 6.4.2: with the initial response, if the mechanism has one. */
static int send_auth(struct envoi__sasl_state *state)
{
	const struct envoi_sasl_mechanism *mechanism = state->request.mechanism;
	struct envoi_buffer data;
	envoi_buffer_init(&data, envoi_stream_context(state->stream), 0);
	int r = ENVOI_AGAIN;
	if (mechanism->client_first) {
		r = envoi_sasl_step(state->exchange, NULL, 0, &data);
	}
	if (r == ENVOI_OK || r == ENVOI_AGAIN) {
		state->stage = r == ENVOI_OK ? ENVOI__SASL_COMPLETE : ENVOI__SASL_EXCHANGING;
		r = envoi__sasl_keep_sent(state, &data);
		r = r < 0 ? r
			  : envoi__sasl_send(state->stream, "auth", mechanism->name,
				    mechanism->client_first ? &data : NULL,
				    ENVOI__SASL_EMPTY_AS_EQUALS_SIGN);
	} else if (r > 0) {
		r = ENVOI_ERR_STATE;
	}
	envoi_buffer_wipe(&data);
	return r;
}

int envoi__sasl_begin(struct envoi__sasl *sasl, struct envoi__sasl_state *state,
	const struct envoi_sasl_identity *identity)
{
	int r = start_exchange(sasl, state, identity);
	if (r == ENVOI_OK) {
		r = send_auth(state);
	}
	if (r == ENVOI_OK && sasl->history != NULL && state->choice.binding != NULL) {
		envoi__sasl_history_try(sasl->history, state->choice.binding);
	}
	return r < 0 ? envoi__sasl_fail(state->stream, state, r) : ENVOI_AGAIN;
}
