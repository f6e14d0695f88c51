/*
 * envoi - which of the elements sent were stanzas
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_WRITTEN_H
#define ENVOI_STREAM_WRITTEN_H

#include <stdbool.h>

#include <envoi/context.h>

struct envoi__run {
	size_t count;
	bool is_stanza;
};

/**
 * A transport counts elements as they leave, stanzas and others alike; the stream's owner wants to
 * know of the stanzas. Kept as runs of one kind, so that it stays small however much is pending.
 */
struct envoi__written {
	struct envoi_context *context; /* borrowed */
	struct envoi__run *runs; /* in use: [first .. end) */
	size_t first, end, capacity;
};

void envoi__written_init(struct envoi__written *written, struct envoi_context *context);
void envoi__written_finish(struct envoi__written *written);

/** An element is about to be sent. @retval ENVOI_ERR_NOMEM */
int envoi__written_add(struct envoi__written *written, bool is_stanza);

/** The one added last was not sent. */
void envoi__written_undo(struct envoi__written *written);

/** @return how many of the @p count elements that were added last, none of them written, are
 * stanzas */
size_t envoi__written_last(const struct envoi__written *written, size_t count);

/** @p count elements were written. @return how many of them were stanzas */
size_t envoi__written_take(struct envoi__written *written, size_t count);

#endif
