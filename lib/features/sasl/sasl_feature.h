/*
 * envoi - SASL on the wire: shared by both sides
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_FEATURES_SASL_SASL_FEATURE_H
#define ENVOI_FEATURES_SASL_SASL_FEATURE_H

#include <envoi/interfaces/features.h>
#include <envoi/settings.h>

#include "sasl/sasl_settings.h"

/* clang-format off */
/** Members of the feature that both sides have in common (RFC 6120, section 6.4.1). */
#define ENVOI__SASL_FEATURE \
	.ns = ENVOI_NS_SASL, .name = "mechanisms", .order = ENVOI_ORDER_SASL, \
	.forbidden = ENVOI_STREAM_AUTHENTICATED, .phase = ENVOI_PHASE_SASL
/* clang-format on */

/** An element of the exchange (RFC 6120, sections 6.4.2 to 6.4.6) that one side takes. */
#define ENVOI__SASL_ROW(role, element, function) \
	{ \
		.ns = ENVOI_NS_SASL, .name = (element), .roles = 1u << (role), \
		.forbidden = ENVOI_STREAM_AUTHENTICATED, .handle = (function), \
	}

/** What a SASL feature reads once, when it is made. */
struct envoi__sasl_policy {
	struct envoi__sasl_settings values;
	bool allows_clear; /* tls.mode is none */
};

void envoi__sasl_policy_read(
	struct envoi__sasl_policy *ret_policy, const struct envoi_settings *settings);

/** @return whether authentication is allowed on the stream: within TLS, or where the user has
 * renounced TLS */
bool envoi__sasl_may_go_on(
	const struct envoi_stream *stream, const struct envoi__sasl_policy *policy);

/**
 * Append the data of an element, which is strict base64, "=" for data of no length (RFC 6120,
 * section 6.4.2).
 *
 * @param[out] ret_is_present  false: the element is empty; NULL: not wanted
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM
 */
int envoi__sasl_read(
	const struct envoi_element *element, struct envoi_buffer *data, bool *ret_is_present);

/** How empty data is written: `<response/>`, but `<auth>=</auth>`. */
enum envoi__sasl_empty {
	ENVOI__SASL_EMPTY_AS_NOTHING,
	ENVOI__SASL_EMPTY_AS_EQUALS_SIGN,
};

/**
 * Send an element with data. The element's memory is wiped.
 *
 * @param mechanism  attribute of `<auth/>`; NULL: none
 * @param data       NULL: none, whatever @p empty says
 */
int envoi__sasl_send(struct envoi_stream *stream, const char *name, const char *mechanism,
	const struct envoi_buffer *data, enum envoi__sasl_empty empty);

/** Overwrite the text of an element that held a secret. NULL is allowed. */
void envoi__sasl_wipe_element(const struct envoi_element *element);

/**
 * Replace in a text, in place, the message of a mechanism that sends the secret itself, as it was
 * sent, and the secret, which follows the last NUL of the message.
 * @retval ENVOI_ERR_NOMEM  not all of it was replaced
 */
int envoi__sasl_redact(struct envoi_context *context, char *text, const char *message, size_t len);

/**
 * The identity that EXTERNAL names: the account, or none, so that the certificate decides
 * (XEP-0178, section 2), by the setting sasl.external-authzid.
 *
 * @param[out] ret_authzid  to be freed with envoi_free(); NULL: none
 */
int envoi__sasl_external_authzid(char **ret_authzid, const struct envoi_stream *stream,
	enum envoi__sasl_authzid_policy policy);

enum {
	ENVOI__SASL_BINDINGS = 3,
};

/** The channel bindings of a connection. */
struct envoi__sasl_bindings {
	struct envoi_sasl_binding list[ENVOI__SASL_BINDINGS];
	const char *types[ENVOI__SASL_BINDINGS];
	size_t count;
	struct envoi_buffer data[ENVOI__SASL_BINDINGS];
};

/**
 * Get them from the transport. Call envoi__sasl_bindings_finish() on failure, too.
 * @retval ENVOI_OK         there may be none
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__sasl_bindings_get(
	struct envoi__sasl_bindings *bindings, const struct envoi_stream *stream);
void envoi__sasl_bindings_finish(struct envoi__sasl_bindings *bindings);

#endif
