/*
 * envoi - SASL: choosing a mechanism
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

/** Everything that the choice depends on. */
struct envoi__sasl_situation {
	/* the user's side */
	struct envoi__sasl_words wanted; /* in order of preference */
	enum envoi__sasl_binding_policy binding_policy;
	bool allow_plain;
	unsigned int means; /* what can be proved: OR of enum envoi_sasl_means */
	const struct envoi_sasl_history *history; /* keys and pin; NULL: none */

	/* the server's offer */
	struct envoi__sasl_words offered;
	bool lists_bindings; /* it has the list of XEP-0440, which may be empty */
	struct envoi__sasl_words listed_bindings;

	/* the connection */
	bool is_secure; /* TLS with a verified server: envoi_tls_is_verified() */
	const char *tls_version; /* "TLS1.3"; NULL: not known, or no TLS */
	struct envoi__sasl_words own_bindings; /* those for which there is data */
};

struct envoi__sasl_choice {
	const struct envoi_sasl_mechanism *mechanism;
	const char *binding; /* static; NULL: none */
	bool could_bind, needs_offer_hash; /* as in struct envoi_sasl_parameters */
};

/**
 * Choose the mechanism of a login, before anything is sent: the first wanted one that is offered
 * and allowed.
 *
 * A -PLUS mechanism needs a channel binding that the connection has and that the server is known to
 * support: from its list (XEP-0440); without a list tls-unique on TLS 1.2, the default of RFC 5929,
 * and none on TLS 1.3, where servers offer -PLUS without supporting tls-exporter. Where binding is
 * required, tls-exporter is tried even so (RFC 9266, section 2): no other login is acceptable.
 *
 * XEP-0440, section 4: to a server that offers no binding the flag "y" is sent, which says that the
 * connection has one (rule 3). If its two lists contradict each other, or if the list of bindings
 * has none of the connection's and not tls-server-end-point either, which each server must support,
 * the lists may have been changed (rules 5 and 6): then a mechanism that can check that must do so,
 * and others are not used.
 *
 * Flag "n" is sent where no binding is possible: sasl.channel-binding is never; the connection has
 * no binding; the server offers -PLUS without a list on TLS 1.3; the server lists
 * tls-server-end-point, which the certificate does not allow (RFC 5929, section 4.1); or the server
 * proves its list.
 *
 * A mechanism weaker than the pin is refused, and so is any binding weaker than that of the failed
 * login: an attacker who was detected would want a retry without it. Neither is refused where the
 * user's settings do not allow more.
 *
 * @param[out] why  on failure: the offer, and the reason against each mechanism
 * @retval ENVOI_ERR_AUTH  no mechanism is acceptable, or the offer is weaker than the pin
 */
int envoi__sasl_choose(struct envoi__sasl_choice *ret_choice, struct envoi_context *context,
	const struct envoi__sasl_situation *situation, char *why, size_t size);

#endif
