/*
 * envoi - SASL: the history of an account's logins
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_SASL_HISTORY_H
#define ENVOI_SASL_SASL_HISTORY_H

#include <envoi/interfaces/sasl.h>

/** The strongest login so far. */
struct envoi__sasl_pin {
	const char *mechanism; /* NULL: nothing is known */
	const char *binding; /* NULL: none */
	const char *tried; /* the binding of a login that has begun and not succeeded; NULL: none */
};

/** @return the pin, whose mechanism is NULL if there is none; borrowed until it changes */
struct envoi__sasl_pin envoi__sasl_history_pin(const struct envoi_sasl_history *history);

/** Note that a login with channel binding begins. Until a login succeeds, or the pin is removed, no
 * weaker binding is chosen. @param binding  known to envoi__sasl_binding_rank() */
void envoi__sasl_history_try(struct envoi_sasl_history *history, const char *binding);

/** Pin a mechanism and binding that have logged in, if they are stronger than the pin. */
int envoi__sasl_history_raise_pin(struct envoi_sasl_history *history,
	const struct envoi_sasl_mechanism *mechanism, const char *binding);

/** @return the keys for a mechanism, with or without -PLUS; NULL: none; borrowed until they
 * change */
const struct envoi_sasl_keys *envoi__sasl_history_keys(
	const struct envoi_sasl_history *history, const char *mechanism);

/** Keep keys, in place of earlier ones of the same mechanism. @param keys copied
 * @retval ENVOI_ERR_NOMEM */
int envoi__sasl_history_keep(
	struct envoi_sasl_history *history, const struct envoi_sasl_keys *keys);

/** Wipe the keys of a mechanism. */
void envoi__sasl_history_drop(struct envoi_sasl_history *history, const char *mechanism);

#endif
