/*
 * envoi - eight bytes at a time
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_WORD_H
#define ENVOI_BASE_WORD_H

#include <stdint.h>
#include <string.h>

/** A word of eight times the byte. */
#define ENVOI__EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/** @return the eight bytes there, which need no alignment */
static inline uint64_t envoi__word_at(const char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/** @param limit  at most 0x80
 * @return 0 if and only if no byte is below the limit; which bits are set has no meaning */
static inline uint64_t envoi__word_below(uint64_t word, unsigned char limit)
{
	return (word - ENVOI__EVERY_BYTE(limit)) & ~word & ENVOI__EVERY_BYTE(0x80);
}

/** @return as envoi__word_below(), for a byte that is equal */
static inline uint64_t envoi__word_equal(uint64_t word, unsigned char byte)
{
	return envoi__word_below(word ^ ENVOI__EVERY_BYTE(byte), 1);
}

#endif
