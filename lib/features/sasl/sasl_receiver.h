/*
 * envoi - SASL, receiving side: shared by its files
 * SPDX-License-Identifier: MIT
 *
 * sasl_receiver.c has the exchange, sasl_offer.c the offer, sasl_external.c the certificate's
 * addresses.
 */
#ifndef ENVOI_FEATURES_SASL_SASL_RECEIVER_H
#define ENVOI_FEATURES_SASL_SASL_RECEIVER_H

#include "features/sasl/sasl_feature.h"
#include "stanza/own_handler.h"

enum {
	ENVOI__SASL_MOST_OFFERED = 64,
};

/** The offer to one connection. */
struct envoi__sasl_offered {
	const char *mechanisms[ENVOI__SASL_MOST_OFFERED], *bindings[ENVOI__SASL_BINDINGS];
	struct envoi_sasl_offer offer;
};

struct envoi__sasl_receiver {
	struct envoi__own_handler base;
	struct envoi_settings *settings; /* a copy */
	struct envoi__sasl_policy policy; /* its texts are of the copy */
	struct envoi_sasl_directory *directory; /* NULL: there are no accounts */
};

/** @param mechanism  NULL: unknown, which is not offered */
bool envoi__sasl_is_offered(const struct envoi__sasl_receiver *receiver,
	const struct envoi_stream *stream, const struct envoi_sasl_mechanism *mechanism,
	const struct envoi__sasl_bindings *bindings);

/** The mechanisms of the settings that are offered on a stream, and the channel bindings. */
void envoi__sasl_collect_offer(const struct envoi__sasl_receiver *receiver,
	const struct envoi_stream *stream, const struct envoi__sasl_bindings *bindings,
	struct envoi__sasl_offered *ret_offered);

/** Append an offer. Failures are those of @p features. */
void envoi__sasl_add_offer(struct envoi_element *features, const struct envoi_sasl_offer *offer);

/** @return whether the peer has presented a verified certificate with an address of the stream's
 * domain that an account may have */
bool envoi__sasl_is_certified(const struct envoi_stream *stream);

/** Append these addresses, as envoi_sasl_parameters.certified has them.
 * @retval ENVOI_ERR_NOMEM */
int envoi__sasl_certified(struct envoi_buffer *addresses, const struct envoi_stream *stream);

#endif
