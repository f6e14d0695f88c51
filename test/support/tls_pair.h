/*
 * envoi - two TLS engines that talk to each other
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_TLS_PAIR_H
#define ENVOI_TEST_TLS_PAIR_H

#include "tls/tls_config.h"
#include "tls/tls_engine.h"

struct envoi_context_options;

struct tls_pair {
	struct envoi_context *context;
	struct envoi_tls_config *trust, *server_config;
	struct envoi__tls *client, *server;
	int client_result, server_result;
};

/** @return the path of a file in test/data/tls; static, good for the next three calls */
const char *tls_path(const char *name, const char *suffix);

/** @return a configuration that trusts one file of test/data/tls only; asserts */
struct envoi_tls_config *tls_trust_only(struct envoi_context *context, const char *ca);

/**
 * Make both engines; nothing is said yet. Asserts.
 * @param certificate  the server's, of test/data/tls; "trusted-self-signed": self-signed, and
 *                     trusted
 * @param name         the name that the client verifies
 */
void tls_pair_init(struct tls_pair *pair, const struct envoi_context_options *options,
	const char *certificate, const char *name);
void tls_pair_finish(struct tls_pair *pair);

/** Move what one has for the other, in pieces. Asserts. @return bytes moved */
size_t tls_pair_carry(struct envoi__tls *from, struct envoi__tls *to, size_t piece);

/** Shake hands as far as it goes, by bits; the results are in the pair. */
void tls_pair_shake_hands(struct tls_pair *pair);

#endif
