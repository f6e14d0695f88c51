/*
 * envoi - SASL: protection of the offer (XEP-0474)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_SASL_DOWNGRADE_H
#define ENVOI_SASL_SASL_DOWNGRADE_H

#include <envoi/interfaces/sasl.h>

#include "sasl/scram.h"

/**
 * The hash of an offer (XEP-0474, section 5.1).
 *
 * @param[out] ret_hash  base64; allocated
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 */
int envoi__sasl_offer_hash(char **ret_hash, struct envoi_context *context,
	enum envoi__scram_hash hash, const struct envoi_sasl_offer *offer);

/** @return whether one of the mechanisms can be bound to the connection */
bool envoi__sasl_offers_plus(const struct envoi_sasl_offer *offer);

enum {
	ENVOI__SASL_OFFER_WORDS = 256, /* room for envoi__sasl_describe_offer() */
};

/**
 * Describe an offer whose channel bindings cannot be used (XEP-0440, section 4, rules 5 and 6), as
 * the reason of a refusal. The peer's names of types are shown if they are well-formed.
 *
 * @return the length of the text, which was cut to @p size
 */
size_t envoi__sasl_describe_offer(char *text, size_t size, const struct envoi_sasl_offer *offer);

#endif
