/*
 * envoi - what holds for every payload table
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_PAYLOAD_PROPERTY_H
#define TEST_PAYLOAD_PROPERTY_H

#include <stdint.h>

#include <envoi/payload.h>

/**
 * Check with @p rounds structs made by chance, by asserts of cmocka: the table has no mistake; what
 * is written, to a tree or to bytes, is the same, can be parsed and gives an equal struct; a copy
 * is equal and outlives its stanza; from mutated XML comes a struct that can be written again, or
 * an error that says where and why.
 */
void payload_property_check(
	const struct envoi_payload_type *type, unsigned int rounds, uint64_t seed);

/** Write, parse, copy and compare one struct with an allocator that fails at its k-th call, for all
 * k: an error or success each time, and no leak. */
void payload_property_check_memory(const struct envoi_payload_type *type, uint64_t seed);

#endif
