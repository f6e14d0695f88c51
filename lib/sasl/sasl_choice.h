/*
 * envoi - SASL: which mechanism
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_SASL_CHOICE_H
#define ENVOI_SASL_SASL_CHOICE_H

#include <envoi/interfaces/sasl.h>

/** The setting sasl.channel-binding, in the order of its choices. */
enum envoi__sasl_binding_policy {
	ENVOI__SASL_BINDING_AUTO, /* when both sides can */
	ENVOI__SASL_BINDING_REQUIRE,
	ENVOI__SASL_BINDING_NEVER,
};

/** Words, borrowed. */
struct envoi__sasl_words {
	const char *const *words;
	size_t count;
};

/** The best that the server is known to have done. */
struct envoi__sasl_pin {
	const char *mechanism; /* NULL: nothing is known */
	const char *binding; /* NULL: none */
	const char *tried; /* a binding of a login that has begun, and not succeeded; NULL: none */
};

/** Everything that the choice rests on. */
struct envoi__sasl_situation {
	/* what the user wants */
	struct envoi__sasl_words wanted; /* the most wanted first */
	enum envoi__sasl_binding_policy binding_policy;
	bool allow_plain;
	unsigned int means; /* what can be proved: OR of enum envoi_sasl_means */
	const struct envoi_sasl_history *history; /* keys and pin; NULL: none */

	/* what the server offers */
	struct envoi__sasl_words offered;
	bool lists_bindings; /* it has XEP-0440's list, empty or not */
	struct envoi__sasl_words listed_bindings;

	/* what the connection is */
	bool is_secure; /* TLS with a verified server: envoi_tls_is_verified() */
	const char *tls_version; /* "TLS1.3"; NULL: no TLS of ours */
	struct envoi__sasl_words own_bindings; /* those for which there is data */
};

struct envoi__sasl_choice {
	const struct envoi_sasl_mechanism *mechanism;
	const char *binding; /* static; NULL: none */
	bool could_bind; /* say so: struct envoi_sasl_parameters */
	bool needs_offer_hash; /* likewise */
};

/**
 * Choose a mechanism, once and for all, before anything is sent: the first wanted one that is
 * offered and allowed.
 *
 * A -PLUS mechanism needs a channel binding that we have and that the server is known to have:
 * from its list (XEP-0440); without a list on TLS 1.2 tls-unique, RFC 5929's default, and on TLS
 * 1.3 none: servers offer -PLUS there that do not mean tls-exporter. Where binding is required it
 * is tried even so (RFC 9266, section 2), because nothing else would be acceptable.
 *
 * XEP-0440, section 4: where the server offers nothing to bind with, though we could, it is told so
 * (rule 3). Where its two lists do not fit each other, or the list of bindings has nothing for us
 * and not tls-server-end-point either, which every server must have, somebody may have changed them
 * (rules 5 and 6): a mechanism that can check that must do so, another is not used.
 *
 * What is weaker than the pin is refused, and what is less bound than a login that has failed: who
 * was between, and was found out, would have us try again without. Unless it is so because the user's settings do not allow
 * more.
 *
 * @param[out] why  on failure: what was offered, and why each was refused
 * @retval ENVOI_ERR_AUTH  nothing acceptable is offered, or less than what is pinned
 */
int envoi__sasl_choose(struct envoi__sasl_choice *ret_choice, struct envoi_context *context,
	const struct envoi__sasl_situation *situation, char *why, size_t size);

/** @return how much a kind of channel binding protects: 0 for none (NULL, "", or not known) */
int envoi__sasl_binding_rank(const char *binding);

#endif
