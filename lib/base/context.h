/*
 * envoi - the context: private header
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_CONTEXT_H
#define ENVOI_BASE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/context.h>

#include "base/budget.h"

/**
 * What higher floors keep in the context, one each, made on first use. Destroyed from the last to
 * the first, so that a part may rely on those before it.
 */
enum envoi__part_id {
	ENVOI__PART_LOOP,
	ENVOI__PART_RESOLVER,
	ENVOI__PART_NAMES, /* known XML names */
	ENVOI__PART_XML, /* XML parsers */
	ENVOI__PART_SETTINGS, /* tables */
	ENVOI__PART_TRUST, /* trust stores */
	ENVOI__PART_TLS, /* priorities and credentials of GnuTLS */
	ENVOI__PART_TICKETS, /* TLS sessions that may be resumed */
	ENVOI__PART_SASL,
	ENVOI__PART_WAKE, /* notices that the machine was suspended */
	ENVOI__PARTS,
};

/** Base of every part; embedded first. */
struct envoi__part {
	void (*destroy)(struct envoi__part *part);
};

struct envoi_context {
	unsigned int references;
	struct envoi_allocator allocator;
	envoi_log_fn *log;
	enum envoi_log_level log_level;
	void *log_user;
	envoi_random_fn *random;
	void *random_user;
	envoi_wall_clock_fn *wall_clock;
	void *wall_clock_user;
	uint64_t hash_key[2];
	struct envoi__part *parts[ENVOI__PARTS];
	struct envoi__arena_chunk *spare_chunks; /* see base/arena.c */
	unsigned int spare_chunk_count;
	struct envoi_buffer scratch; /* see base/scratch.h */
	struct envoi__budget budget;
};

/** @return whether random bytes are the system's, not the application's */
bool envoi__random_is_system(const struct envoi_context *context);

/** Overwrite memory so that no compiler leaves it out. */
void envoi__wipe(void *memory, size_t len);

/** Overwrite and free a text; NULL is allowed. */
void envoi__free_secret(struct envoi_context *context, char *text);

/** Compare in a time that does not depend on the content. @return whether they are equal */
bool envoi__equal_secret(const void *a, const void *b, size_t len);

#endif
