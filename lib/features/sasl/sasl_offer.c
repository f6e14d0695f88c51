/*
 * envoi - SASL, receiving side: what is offered (RFC 6120, section 6.4.1; XEP-0440)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "features/sasl/sasl_receiver.h"

#define NS_CHANNEL_BINDING "urn:xmpp:sasl-cb:0" /* XEP-0440 */

static bool can_bind(const struct envoi_sasl_mechanism *mechanism, const char *type)
{
	const char *const *known = mechanism->bindings;
	while (known != NULL && *known != NULL && strcmp(*known, type) != 0) {
		known++;
	}
	return known != NULL && *known != NULL;
}

static bool can_bind_any(
	const struct envoi_sasl_mechanism *mechanism, const struct envoi__sasl_bindings *bindings)
{
	for (size_t i = 0; i < bindings->count; i++) {
		if (can_bind(mechanism, bindings->types[i])) {
			return true;
		}
	}
	return false;
}

static bool is_wanted(const char *mechanisms, const char *name)
{
	for (const char *word = mechanisms; *word != '\0'; word += strlen(word) + 1) {
		if (strcmp(word, name) == 0) {
			return true;
		}
	}
	return false;
}

bool envoi__sasl_is_offered(const struct envoi__sasl_receiver *receiver,
	const struct envoi_stream *stream, const struct envoi_sasl_mechanism *mechanism,
	const struct envoi__sasl_bindings *bindings)
{
	bool is_secure = (envoi_stream_bits(stream) & ENVOI_STREAM_SECURE) != 0;
	const struct envoi__sasl_settings *values = &receiver->policy.values;
	if (mechanism == NULL || mechanism->is_initiators ||
		!is_wanted(values->mechanisms, mechanism->name) ||
		!envoi__sasl_may_go_on(stream, &receiver->policy)) {
		return false;
	}
	if (mechanism->needs_secure && !is_secure) {
		return false;
	}
	if (mechanism->means == ENVOI_SASL_CERTIFICATE && !envoi__sasl_is_certified(stream)) {
		return false; /* XEP-0178, section 2 */
	}
	if (strcmp(mechanism->name, "PLAIN") == 0 && !values->allow_plain) {
		return false;
	}
	const struct envoi_sasl_directory *directory = receiver->directory;
	if (directory != NULL && directory->impl->serves != NULL &&
		!directory->impl->serves(receiver->directory, mechanism)) {
		return false;
	}
	return mechanism->bindings == NULL ||
		(values->channel_binding != ENVOI__SASL_BINDING_NEVER &&
			can_bind_any(mechanism, bindings));
}

static bool is_known_to_bind(struct envoi_context *context, const char *type)
{
	const struct envoi_sasl_mechanism *mechanism;
	size_t position = 0;
	do {
		mechanism = envoi_sasl_next(context, &position);
	} while (mechanism != NULL && !can_bind(mechanism, type));
	return mechanism != NULL;
}

/* The bindings are listed (XEP-0440, section 2) if any offered mechanism is a -PLUS one: those that
 * some mechanism supports. */
void envoi__sasl_collect_offer(const struct envoi__sasl_receiver *receiver,
	const struct envoi_stream *stream, const struct envoi__sasl_bindings *bindings,
	struct envoi__sasl_offered *ret_offered)
{
	struct envoi_sasl_offer *offer = &ret_offered->offer;
	*offer = (struct envoi_sasl_offer){
		.mechanisms = ret_offered->mechanisms, .bindings = ret_offered->bindings};
	for (const char *name = receiver->policy.values.mechanisms;
		*name != '\0' && offer->mechanism_count < ENVOI__SASL_MOST_OFFERED;
		name += strlen(name) + 1) {
		const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(
			receiver->base.context, name);
		if (envoi__sasl_is_offered(receiver, stream, mechanism, bindings)) {
			ret_offered->mechanisms[offer->mechanism_count++] = name;
			offer->lists_bindings = offer->lists_bindings ||
				mechanism->bindings != NULL;
		}
	}
	for (size_t i = 0; offer->lists_bindings && i < bindings->count; i++) {
		if (is_known_to_bind(receiver->base.context, bindings->types[i])) {
			ret_offered->bindings[offer->binding_count++] = bindings->types[i];
		}
	}
}

void envoi__sasl_add_offer(struct envoi_element *features, const struct envoi_sasl_offer *offer)
{
	struct envoi_element *list = envoi_element_add(features, ENVOI_NS_SASL, "mechanisms");
	for (size_t i = 0; i < offer->mechanism_count; i++) {
		envoi_element_add_with_text(list, NULL, "mechanism", offer->mechanisms[i]);
	}
	if (offer->lists_bindings) {
		list = envoi_element_add(features, NS_CHANNEL_BINDING, "sasl-channel-binding");
	}
	for (size_t i = 0; i < offer->binding_count; i++) {
		envoi_element_set(envoi_element_add(list, NULL, "channel-binding"), "type",
			offer->bindings[i]);
	}
}
