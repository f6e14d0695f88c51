/*
 * envoi - which of the elements sent were stanzas
 * SPDX-License-Identifier: MIT
 */
#include "stream/written.h"

#include <string.h>

#include <envoi/error.h>

void envoi__written_init(struct envoi__written *written, struct envoi_context *context)
{
	*written = (struct envoi__written){.context = context};
}

void envoi__written_finish(struct envoi__written *written)
{
	envoi_free(written->context, written->runs);
	*written = (struct envoi__written){.context = written->context};
}

/* Moves to the front when that frees at least as much as it moves, else doubles. */
static int make_room(struct envoi__written *written)
{
	size_t held = written->end - written->first;
	if (written->first < held || written->first == 0) {
		size_t capacity = written->capacity == 0 ? 4 : written->capacity * 2;
		struct envoi__run *runs = envoi_realloc(
			written->context, written->runs, capacity * sizeof(*runs));
		if (runs == NULL) {
			return ENVOI_ERR_NOMEM;
		}
		written->runs = runs;
		written->capacity = capacity;
		return ENVOI_OK;
	}
	memmove(written->runs, written->runs + written->first, held * sizeof(*written->runs));
	written->first = 0;
	written->end = held;
	return ENVOI_OK;
}

int envoi__written_add(struct envoi__written *written, bool is_stanza)
{
	if (written->end > written->first &&
		written->runs[written->end - 1].is_stanza == is_stanza) {
		written->runs[written->end - 1].count++;
		return ENVOI_OK;
	}
	if (written->end == written->capacity) {
		int r = make_room(written);
		if (r < 0) {
			return r;
		}
	}
	written->runs[written->end++] = (struct envoi__run){.count = 1, .is_stanza = is_stanza};
	return ENVOI_OK;
}

void envoi__written_undo(struct envoi__written *written)
{
	if (--written->runs[written->end - 1].count == 0) {
		written->end--;
	}
}

size_t envoi__written_take(struct envoi__written *written, size_t count)
{
	size_t stanzas = 0;
	while (count > 0 && written->first < written->end) {
		struct envoi__run *run = &written->runs[written->first];
		size_t taken = run->count < count ? run->count : count;
		stanzas += run->is_stanza ? taken : 0;
		count -= taken;
		run->count -= taken;
		written->first += run->count == 0;
	}
	if (written->first == written->end) {
		envoi__written_finish(written);
	}
	return stanzas;
}

size_t envoi__written_last(const struct envoi__written *written, size_t count)
{
	size_t stanzas = 0;
	for (size_t at = written->end; count > 0 && at > written->first; at--) {
		const struct envoi__run *run = &written->runs[at - 1];
		size_t taken = run->count < count ? run->count : count;
		stanzas += run->is_stanza ? taken : 0;
		count -= taken;
	}
	return stanzas;
}
