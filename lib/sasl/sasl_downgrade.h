/*
 * envoi - SASL: protection of what was offered (XEP-0474)
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

#endif
