/*
 * envoi - the initiating and the receiving transport of BOSH, with HTTP in memory between them
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_BOSH_PAIR_H
#define ENVOI_TEST_BOSH_PAIR_H

struct bosh_pair;
struct envoi_context;
struct envoi_settings;
struct envoi_transport;

/** The receiving transport is there: with the first request of the initiating one. */
typedef void bosh_pair_fn(void *user, struct envoi_transport *receiving);

/** @param[out] ret_initiating  owned by the caller; the loop has run to make it */
struct bosh_pair *bosh_pair_new(struct envoi_context *context,
	const struct envoi_settings *settings, struct envoi_transport **ret_initiating,
	bosh_pair_fn *opened, void *user);
/** The transports are destroyed before. NULL is allowed. */
void bosh_pair_free(struct bosh_pair *pair);

#endif
