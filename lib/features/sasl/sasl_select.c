/*
 * envoi - SASL, initiating side: the offer and the choice
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "features/sasl/sasl_initiator.h"

#define NS_CHANNEL_BINDING "urn:xmpp:sasl-cb:0" /* XEP-0440 */

static size_t offered_mechanisms(const struct envoi_element *offer, const char **words, size_t room)
{
	size_t count = 0;
	for (const struct envoi_element *child = envoi_element_first(offer);
		child != NULL && count < room; child = envoi_element_next(child)) {
		const char *name = envoi_element_is(child, ENVOI_NS_SASL, "mechanism")
			? envoi_element_text(child)
			: NULL;
		if (name != NULL) {
			words[count++] = name;
		}
	}
	return count;
}

static size_t listed_bindings(const struct envoi_element *list, const char **words, size_t room)
{
	size_t count = 0;
	for (const struct envoi_element *child = envoi_element_first(list);
		child != NULL && count < room; child = envoi_element_next(child)) {
		const char *type = envoi_element_is(child, NS_CHANNEL_BINDING, "channel-binding")
			? envoi_element_attr(child, "type")
			: NULL;
		if (type != NULL) {
			words[count++] = type;
		}
	}
	return count;
}

void envoi__sasl_read_offer(
	struct envoi__sasl_offer *ret_offer, const struct envoi_element *features)
{
	const struct envoi_element *list = envoi_element_child(
		features, NS_CHANNEL_BINDING, "sasl-channel-binding");
	ret_offer->offer = (struct envoi_sasl_offer){
		.mechanisms = ret_offer->mechanisms,
		.mechanism_count = offered_mechanisms(
			envoi_element_child(features, ENVOI_NS_SASL, "mechanisms"),
			ret_offer->mechanisms, ENVOI__SASL_MOST_WORDS),
		.lists_bindings = list != NULL,
		.bindings = ret_offer->bindings,
		.binding_count = listed_bindings(list, ret_offer->bindings, ENVOI__SASL_MOST_WORDS),
	};
}

static size_t wanted_mechanisms(const char *mechanisms, const char **words, size_t room)
{
	size_t count = 0;
	for (const char *word = mechanisms; *word != '\0' && count < room;
		word += strlen(word) + 1) {
		words[count++] = word;
	}
	return count;
}

/* Whether only the server whose certificate was verified can read what is sent. */
static bool is_verified(const struct envoi_stream *stream, struct envoi_tls_info *ret_info)
{
	envoi_stream_tls_info(stream, ret_info);
	/* Without TLS a transport is secure if its implementation says so. */
	return (envoi_stream_bits(stream) & ENVOI_STREAM_SECURE) != 0 &&
		(ret_info->version == NULL || envoi_tls_is_verified(ret_info));
}

static int choose(struct envoi__sasl *sasl, struct envoi_stream *stream,
	struct envoi__sasl_state *state, struct envoi__sasl_situation *situation)
{
	struct envoi_tls_info info;
	char why[256];
	situation->is_secure = is_verified(stream, &info);
	situation->tls_version = info.version;
	/* A certificate counts if it was shown in the handshake. */
	situation->means &= ~(unsigned int)ENVOI_SASL_CERTIFICATE;
	situation->means |= info.is_certificate_sent ? ENVOI_SASL_CERTIFICATE : 0;
	situation->means |= ENVOI_SASL_TICKET; /* GSSAPI is used only where it is named */
	int r = envoi__sasl_choose(&state->choice, sasl->base.context, situation, why, sizeof(why));
	if (r < 0) {
		return envoi_stream_fail_with(stream, r, ENVOI_STREAM_NO_CONDITION, "%s", why);
	}
	const char *binding = state->choice.binding;
	state->request.mechanism = state->choice.mechanism;
	envoi_log(sasl->base.context, ENVOI_LOG_INFO, ENVOI_LOG_SASL, "%s%s%s",
		state->choice.mechanism->name, binding != NULL ? " with " : "",
		binding != NULL ? binding : "");
	return ENVOI_OK;
}

int envoi__sasl_select(struct envoi__sasl *sasl, struct envoi_stream *stream,
	struct envoi__sasl_state *state, const struct envoi_element *features)
{
	const char *wanted[ENVOI__SASL_MOST_WORDS];
	struct envoi__sasl_offer offered;
	struct envoi__sasl_bindings bindings;
	unsigned int means = sasl->credentials->impl->means(sasl->credentials);
	if (state->is_finished) {
		return ENVOI_ERR_CANCELED; /* the source has freed the stream, and the feature */
	}
	envoi__sasl_read_offer(&offered, features);
	int r = envoi__sasl_bindings_get(&bindings, stream);
	if (r == ENVOI_OK) {
		struct envoi__sasl_situation situation = {
			.wanted = {wanted,
				wanted_mechanisms(sasl->policy.values.mechanisms, wanted,
					ENVOI__SASL_MOST_WORDS)},
			.binding_policy = sasl->policy.values.channel_binding,
			.allow_plain = sasl->policy.values.allow_plain,
			.means = means,
			.history = sasl->history,
			.offered = {offered.mechanisms, offered.offer.mechanism_count},
			.lists_bindings = offered.offer.lists_bindings,
			.listed_bindings = {offered.bindings, offered.offer.binding_count},
			.own_bindings = {bindings.types, bindings.count},
		};
		r = choose(sasl, stream, state, &situation);
	}
	envoi__sasl_bindings_finish(&bindings);
	return r;
}
