/*
 * envoi - SASL mechanisms
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_SASL_H
#define ENVOI_INTERFACES_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/interfaces/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_sasl_exchange;

/** What an exchange works with. All text is borrowed for envoi_sasl_start(). */
struct envoi_sasl_parameters {
	enum envoi_role role;
	const char *authcid; /**< the user: the localpart (RFC 6120, section 6.3.8) */
	const char *authzid; /**< NULL: none, as RFC 6120 advises */
	const char *password;
	const char *service, *hostname; /**< "xmpp", the domain */
	const char *binding_type; /**< of -PLUS: "tls-exporter"; NULL: none */
	const void *binding_data;
	size_t binding_len;
	unsigned int min_iterations, max_iterations; /**< of SCRAM: others are refused before derivation */
	/** Receiving side: the stored secret of a user. @return 0 and set *ret_password (allocated
	 * with envoi_alloc(), wiped and freed by the mechanism), or ENVOI_ERR_NOT_FOUND */
	int (*lookup)(void *user, const char *authcid, char **ret_password);
	void *lookup_user;
};

/** One mechanism. */
struct envoi_sasl_mechanism {
	const char *name; /**< "SCRAM-SHA-256-PLUS" */
	int strength; /**< higher is preferred */
	bool needs_secure; /**< never outside verified TLS: PLAIN */
	bool needs_binding; /**< a -PLUS mechanism */
	bool client_first; /**< sends an initial response */
	bool proves_server; /**< complete only when the server has proved that it knows the secret */
	int (*start)(const struct envoi_sasl_mechanism *mechanism, struct envoi_sasl_exchange **ret_exchange,
		struct envoi_context *context, const struct envoi_sasl_parameters *parameters);
};

struct envoi_sasl_exchange_impl {
	/**
	 * One step.
	 * @param in   what the peer sent, decoded; NULL: nothing (not the same as empty)
	 * @param out  what to send is appended; secrets: the caller wipes it
	 * @retval ENVOI_AGAIN         send @p out, wait for more
	 * @retval ENVOI_OK            our side is complete; @p out may hold a last message
	 * @retval ENVOI_ERR_AUTH      the peer failed to prove itself, or refused
	 * @retval ENVOI_ERR_PROTOCOL  the message is malformed
	 * @retval ENVOI_ERR_LIMIT     the iteration count is outside the bounds
	 */
	int (*step)(struct envoi_sasl_exchange *exchange, const void *in, size_t len,
		struct envoi_buffer *out);
	/** @return the authenticated user, receiving side, after ENVOI_OK; borrowed */
	const char *(*authcid)(struct envoi_sasl_exchange *exchange);
	/** Wipe and free. */
	void (*destroy)(struct envoi_sasl_exchange *exchange);
};

struct envoi_sasl_exchange {
	const struct envoi_sasl_exchange_impl *impl;
};

#ifdef __cplusplus
}
#endif
#endif
