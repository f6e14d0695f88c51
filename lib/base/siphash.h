/*
 * envoi - SipHash-1-3 (Aumasson and Bernstein, 2012)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_SIPHASH_H
#define ENVOI_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct envoi__sip {
	uint64_t a, b, c, d;
};

static inline uint64_t envoi__sip_rotate(uint64_t value, unsigned int bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void envoi__sip_round(struct envoi__sip *s)
{
	s->a += s->b;
	s->b = envoi__sip_rotate(s->b, 13) ^ s->a;
	s->a = envoi__sip_rotate(s->a, 32);
	s->c += s->d;
	s->d = envoi__sip_rotate(s->d, 16) ^ s->c;
	s->a += s->d;
	s->d = envoi__sip_rotate(s->d, 21) ^ s->a;
	s->c += s->b;
	s->b = envoi__sip_rotate(s->b, 17) ^ s->c;
	s->c = envoi__sip_rotate(s->c, 32);
}

/** Hash bytes with a secret key. Hashes are for tables in memory: they differ between machines of
 * different byte order. Inline, for libenvoi-server. */
static inline uint64_t envoi__siphash(const uint64_t key[2], const void *data, size_t len)
{
	struct envoi__sip s = {
		key[0] ^ 0x736f6d6570736575u,
		key[1] ^ 0x646f72616e646f6du,
		key[0] ^ 0x6c7967656e657261u,
		key[1] ^ 0x7465646279746573u,
	};
	const unsigned char *at = (const unsigned char *)data;
	size_t left = len;
	for (; left >= 8; at += 8, left -= 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		s.d ^= word;
		envoi__sip_round(&s);
		s.a ^= word;
	}
	uint64_t last = (uint64_t)len << 56;
	for (size_t i = 0; i < left; i++) {
		last |= (uint64_t)at[i] << 8 * i;
	}
	s.d ^= last;
	envoi__sip_round(&s);
	s.a ^= last;
	s.c ^= 0xff;
	envoi__sip_round(&s);
	envoi__sip_round(&s);
	envoi__sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

#endif
