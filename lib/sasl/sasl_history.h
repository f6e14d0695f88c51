/*
 * envoi - SASL: what earlier logins have taught
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_SASL_HISTORY_H
#define ENVOI_SASL_SASL_HISTORY_H

#include "sasl/sasl_choice.h"

/** @return its context; borrowed */
struct envoi_context *envoi__sasl_history_context(const struct envoi_sasl_history *history);

/** @return what is pinned; its mechanism is NULL: nothing. Borrowed until it changes */
struct envoi__sasl_pin envoi__sasl_history_pin(const struct envoi_sasl_history *history);

/** A login that is bound to its connection begins. Until one succeeds, or the pin is forgotten, none
 * is chosen that is less bound (S22). @param binding  known to envoi__sasl_binding_rank() */
void envoi__sasl_history_try(struct envoi_sasl_history *history, const char *binding);

/** Pin a mechanism and binding that have logged in, if they are better than what is pinned. */
int envoi__sasl_history_raise_pin(struct envoi_sasl_history *history,
	const struct envoi_sasl_mechanism *mechanism, const char *binding);

/** @return the keys for a mechanism, with or without -PLUS; NULL: none; borrowed until they
 * change */
const struct envoi_sasl_keys *envoi__sasl_history_keys(
	const struct envoi_sasl_history *history, const char *mechanism);

/** Keep keys in place of those for the same mechanism; copied. @retval ENVOI_ERR_NOMEM */
int envoi__sasl_history_keep(
	struct envoi_sasl_history *history, const struct envoi_sasl_keys *keys);

/** Forget the keys for a mechanism. */
void envoi__sasl_history_drop(struct envoi_sasl_history *history, const char *mechanism);

#endif
