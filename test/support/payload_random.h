/*
 * envoi - structs by chance, valid ones, for any payload table
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_PAYLOAD_RANDOM_H
#define TEST_PAYLOAD_RANDOM_H

#include <stdint.h>

#include <envoi/payload.h>

/** Makes structs; everything they point to lives until it is finished. */
struct payload_random {
	struct envoi_context *context;
	uint64_t state;
	void **blocks; /* each a malloc of its own, so that ASan sees every step too far */
	size_t block_count;
	struct envoi_jid *jids[8];
	struct envoi_element **elements;
	size_t element_count;
};

/** @return 0, or -1 */
int payload_random_init(
	struct payload_random *random, struct envoi_context *context, uint64_t seed);
void payload_random_finish(struct payload_random *random);

/** @return a number below @p bound */
uint64_t payload_random_below(struct payload_random *random, uint64_t bound);

/** @return a struct that can be written */
const void *payload_random_struct(
	struct payload_random *random, const struct envoi_payload_type *type);

#endif
