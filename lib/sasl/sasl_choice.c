/*
 * envoi - SASL: choosing a mechanism
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl_choice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sasl/sasl.h"
#include "sasl/sasl_downgrade.h"
#include "sasl/sasl_history.h"

static bool has_word(const struct envoi__sasl_words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++) {
		if (strcmp(words->words[i], word) == 0) {
			return true;
		}
	}
	return false;
}

static bool can_carry(const struct envoi_sasl_mechanism *mechanism, const char *binding)
{
	const char *const *type = mechanism->bindings;
	for (; type != NULL && *type != NULL; type++) {
		if (strcmp(*type, binding) == 0) {
			return true;
		}
	}
	return false;
}

/* Whether the server is known to support the binding. */
static bool server_has(const struct envoi__sasl_situation *situation, const char *binding)
{
	if (situation->lists_bindings) {
		return has_word(&situation->listed_bindings, binding);
	}
	if (situation->tls_version != NULL && strcmp(situation->tls_version, "TLS1.2") == 0) {
		return strcmp(binding, "tls-unique") == 0; /* RFC 5802, section 6.1 */
	}
	return situation->binding_policy == ENVOI__SASL_BINDING_REQUIRE &&
		strcmp(binding, "tls-exporter") == 0; /* RFC 9266, section 2 */
}

/* Whether any of the user's mechanisms can be bound to this connection. */
static bool we_can_bind(
	struct envoi_context *context, const struct envoi__sasl_situation *situation)
{
	for (size_t i = 0; i < situation->wanted.count; i++) {
		const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(
			context, situation->wanted.words[i]);
		for (size_t j = 0; mechanism != NULL && j < situation->own_bindings.count; j++) {
			if (can_carry(mechanism, situation->own_bindings.words[j])) {
				return situation->binding_policy != ENVOI__SASL_BINDING_NEVER;
			}
		}
	}
	return false;
}

static struct envoi_sasl_offer offer_of(const struct envoi__sasl_situation *situation)
{
	return (struct envoi_sasl_offer){
		.mechanisms = situation->offered.words,
		.mechanism_count = situation->offered.count,
		.lists_bindings = situation->lists_bindings,
		.bindings = situation->listed_bindings.words,
		.binding_count = situation->listed_bindings.count,
	};
}

static bool offers_plus(const struct envoi__sasl_situation *situation)
{
	const struct envoi_sasl_offer offer = offer_of(situation);
	return envoi__sasl_offers_plus(&offer);
}

static bool lists_one_of_ours(const struct envoi__sasl_situation *situation)
{
	for (size_t i = 0; i < situation->own_bindings.count; i++) {
		if (has_word(&situation->listed_bindings, situation->own_bindings.words[i])) {
			return true;
		}
	}
	return false;
}

/* XEP-0440, section 4, rules 5 and 6 */
static bool is_suspect(struct envoi_context *context, const struct envoi__sasl_situation *situation)
{
	if (!situation->lists_bindings || !we_can_bind(context, situation)) {
		return false;
	}
	return !offers_plus(situation) ||
		(!lists_one_of_ours(situation) &&
			!has_word(&situation->listed_bindings, "tls-server-end-point"));
}

static const char *pick_binding(
	const struct envoi_sasl_mechanism *mechanism, const struct envoi__sasl_situation *situation)
{
	/* XEP-0440, section 3: tls-server-end-point only if there is nothing stronger. */
	static const char *const best_first[] = {
		"tls-exporter", "tls-unique", "tls-server-end-point"};
	for (size_t i = 0; i < sizeof(best_first) / sizeof(best_first[0]); i++) {
		const char *binding = best_first[i];
		if (has_word(&situation->own_bindings, binding) && can_carry(mechanism, binding) &&
			server_has(situation, binding)) {
			return binding;
		}
	}
	return NULL;
}

static const char *lacking(unsigned int means, unsigned int have)
{
	switch (means) {
	case ENVOI_SASL_PASSWORD:
		return have & ENVOI_SASL_NOTHING ? "the address names no account" : "no password";
	case ENVOI_SASL_CERTIFICATE:
		return "no client certificate";
	default:
		return "not for an account";
	}
}

/* The reason not to use a mechanism, whatever the server offers; NULL: none. */
static const char *own_objection(
	const struct envoi_sasl_mechanism *mechanism, const struct envoi__sasl_situation *situation)
{
	if ((mechanism->means & situation->means) == 0 &&
		envoi__sasl_history_keys(situation->history, mechanism->name) == NULL) {
		return lacking(mechanism->means, situation->means);
	}
	if (strcmp(mechanism->name, "PLAIN") == 0 && !situation->allow_plain) {
		return "sasl.allow-plain is off";
	}
	return mechanism->bindings != NULL && situation->binding_policy == ENVOI__SASL_BINDING_NEVER
		? "sasl.channel-binding is never"
		: NULL;
}

/* The reason not to use a mechanism that both sides know; NULL: none. */
static const char *objection(struct envoi_context *context,
	const struct envoi_sasl_mechanism *mechanism, const struct envoi__sasl_situation *situation,
	const char **ret_binding)
{
	*ret_binding = NULL;
	const char *ours = own_objection(mechanism, situation);
	if (ours != NULL) {
		return ours;
	}
	if (mechanism->needs_secure && !situation->is_secure) {
		return "not without verified TLS";
	}
	if (mechanism->bindings != NULL) {
		*ret_binding = pick_binding(mechanism, situation);
		return *ret_binding == NULL ? "no channel binding in common" : NULL;
	}
	/* A client certificate is part of the TLS handshake: EXTERNAL is bound to it. */
	if (situation->binding_policy == ENVOI__SASL_BINDING_REQUIRE &&
		mechanism->means != ENVOI_SASL_CERTIFICATE) {
		return "no channel binding, which is required";
	}
	if (mechanism->means == ENVOI_SASL_PASSWORD && !mechanism->checks_offer &&
		is_suspect(context, situation)) {
		return "the server's list of channel bindings may have been changed";
	}
	return NULL;
}

static const char *why_not(struct envoi_context *context,
	const struct envoi__sasl_situation *situation, const char *name)
{
	const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(context, name);
	if (mechanism == NULL) {
		return "not supported";
	}
	if (!has_word(&situation->wanted, name)) {
		return "not in sasl.mechanisms";
	}
	const char *binding;
	const char *reason = objection(context, mechanism, situation, &binding);
	return reason == NULL ? "" : reason;
}

/* Append, as far as there is room. @return what is used of @p size */
static ENVOI_PRINTF(4, 5) size_t
	append(char *text, size_t size, size_t used, const char *format, ...)
{
	va_list arguments;
	if (used >= size) {
		return used;
	}
	va_start(arguments, format);
	int len = vsnprintf(text + used, size - used, format, arguments);
	va_end(arguments);
	return used + (size_t)len;
}

/* Names come from the peer: one that is malformed is not repeated. */
static size_t explain_one(struct envoi_context *context,
	const struct envoi__sasl_situation *situation, const char *name, const char *separator,
	char *why, size_t size, size_t used)
{
	bool is_name = envoi__sasl_name_is_valid(name);
	return append(why, size, used, "%s%s (%s)", separator, is_name ? name : "?",
		is_name ? why_not(context, situation, name) : "not the name of a mechanism");
}

/* The wanted ones come first: there may be no room for all. */
static void explain_each(struct envoi_context *context,
	const struct envoi__sasl_situation *situation, char *why, size_t size, size_t used)
{
	const char *separator = "";
	for (int is_wanted = 1; is_wanted >= 0; is_wanted--) {
		for (size_t i = 0; i < situation->offered.count; i++) {
			const char *name = situation->offered.words[i];
			if (has_word(&situation->wanted, name) == is_wanted) {
				used = explain_one(
					context, situation, name, separator, why, size, used);
				separator = ", ";
			}
		}
	}
}

/* Where the lists of the server do not fit the connection, that is the first reason. */
static void explain(struct envoi_context *context, const struct envoi__sasl_situation *situation,
	char *why, size_t size)
{
	if (situation->offered.count == 0) {
		snprintf(why, size, "the server offers no mechanism");
		return;
	}
	size_t used = 0;
	bool is_unfit = situation->binding_policy == ENVOI__SASL_BINDING_REQUIRE
		? situation->lists_bindings && !lists_one_of_ours(situation)
		: is_suspect(context, situation);
	if (is_unfit) {
		const struct envoi_sasl_offer offer = offer_of(situation);
		used = envoi__sasl_describe_offer(why, size, &offer);
		used = append(why, size, used, "; ");
	}
	used = append(why, size, used, "no acceptable mechanism: ");
	explain_each(context, situation, why, size, used);
}

/* --- the pin --- */

/* Whether the user's settings allow channel binding. */
static bool binding_is_wanted(
	struct envoi_context *context, const struct envoi__sasl_situation *situation)
{
	for (size_t i = 0; i < situation->wanted.count; i++) {
		const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(
			context, situation->wanted.words[i]);
		if (mechanism != NULL && mechanism->bindings != NULL &&
			own_objection(mechanism, situation) == NULL) {
			return true;
		}
	}
	return false;
}

/* That of the mechanism without -PLUS where -PLUS is not allowed. */
static int pinned_strength(struct envoi_context *context, const char *name, bool may_bind)
{
	char base[32];
	size_t len = strlen(name), suffix_len = strlen("-PLUS");
	bool is_plus = len > suffix_len && strcmp(name + len - suffix_len, "-PLUS") == 0;
	snprintf(base, sizeof(base), "%.*s", (int)(is_plus && !may_bind ? len - suffix_len : len),
		name);
	const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(context, base);
	return mechanism != NULL ? mechanism->strength : 0;
}

/* Whether a mechanism is missing that the user prefers and that is not stronger than the pin.
 * @param at  place of the choice among the wanted ones */
static bool better_is_missing(struct envoi_context *context,
	const struct envoi__sasl_situation *situation, size_t at, int chosen, int pinned)
{
	for (size_t i = 0; i < at && chosen < pinned; i++) {
		const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(
			context, situation->wanted.words[i]);
		if (mechanism != NULL && own_objection(mechanism, situation) == NULL &&
			mechanism->strength > chosen && mechanism->strength <= pinned) {
			return true;
		}
	}
	return false;
}

/* XEP-0474, section 2: an attacker with a valid certificate removes what would reveal it. */
static int check_pin(const struct envoi__sasl_choice *choice, struct envoi_context *context,
	const struct envoi__sasl_situation *situation, size_t at, char *why, size_t size)
{
	const struct envoi__sasl_pin pin = envoi__sasl_history_pin(situation->history);
	bool may_bind = binding_is_wanted(context, situation);
	bool is_bound = choice->mechanism->means == ENVOI_SASL_CERTIFICATE;
	int rank = envoi__sasl_binding_rank(choice->binding);
	if (may_bind && !is_bound && rank < envoi__sasl_binding_rank(pin.tried)) {
		snprintf(why, size,
			"a login that was bound to the connection (%s) has failed, and now the "
			"server cannot bind it: an attacker may have changed its offer",
			pin.tried);
		return ENVOI_ERR_AUTH;
	}
	if (pin.mechanism == NULL) {
		return ENVOI_OK;
	}
	if (may_bind && !is_bound && rank < envoi__sasl_binding_rank(pin.binding)) {
		snprintf(why, size,
			"the server could bind the login to the connection before (%s), and now "
			"cannot: an attacker may have changed its offer",
			pin.binding);
		return ENVOI_ERR_AUTH;
	}
	if (better_is_missing(context, situation, at, choice->mechanism->strength,
		    pinned_strength(context, pin.mechanism, may_bind))) {
		snprintf(why, size,
			"the server offers no more than %s, and had %s before: an attacker may have "
			"changed its offer",
			choice->mechanism->name, pin.mechanism);
		return ENVOI_ERR_AUTH;
	}
	return ENVOI_OK;
}

/* --- choosing --- */

static struct envoi__sasl_choice make_choice(struct envoi_context *context,
	const struct envoi__sasl_situation *situation, const struct envoi_sasl_mechanism *mechanism,
	const char *binding)
{
	bool is_bound = binding != NULL;
	return (struct envoi__sasl_choice){
		.mechanism = mechanism,
		.binding = binding,
		.could_bind = !is_bound && !situation->lists_bindings && !offers_plus(situation) &&
			we_can_bind(context, situation),
		.needs_offer_hash = !is_bound && is_suspect(context, situation),
	};
}

int envoi__sasl_choose(struct envoi__sasl_choice *ret_choice, struct envoi_context *context,
	const struct envoi__sasl_situation *situation, char *why, size_t size)
{
	for (size_t i = 0; i < situation->wanted.count; i++) {
		const char *name = situation->wanted.words[i], *binding;
		const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(context, name);
		if (mechanism != NULL && has_word(&situation->offered, name) &&
			objection(context, mechanism, situation, &binding) == NULL) {
			*ret_choice = make_choice(context, situation, mechanism, binding);
			return check_pin(ret_choice, context, situation, i, why, size);
		}
	}
	explain(context, situation, why, size);
	return ENVOI_ERR_AUTH;
}
