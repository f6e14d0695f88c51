/*
 * envoi - PRECIS without a context
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_JID_PRECIS_H
#define ENVOI_JID_PRECIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/precis.h>

enum {
	ENVOI__PRECIS_ROOM = 1024,
};

/** A string to which rules are applied; on the stack of the caller. */
struct envoi__precis {
	const uint8_t *text; /* not NUL-terminated; the caller's, in a room, or allocated */
	size_t len;
	uint8_t *allocated;
	bool changed; /* by the rules applied last */
	bool has_used_rooms;
	uint8_t rooms[2][ENVOI__PRECIS_ROOM];
};

/** Begin with UTF-8 text, which is borrowed as long as nothing had to be changed in it. */
void envoi__precis_init(struct envoi__precis *precis, const char *text, size_t len);

/** Free and wipe what was used. */
void envoi__precis_finish(struct envoi__precis *precis);

/* Single rules: ENVOI_OK, ENVOI_ERR_NOMEM. The text must be valid UTF-8. */
int envoi__precis_map_width(struct envoi__precis *precis);
int envoi__precis_map_sigma(struct envoi__precis *precis); /* so that case depends on no context */
int envoi__precis_map_case(struct envoi__precis *precis);
int envoi__precis_map_cherokee(struct envoi__precis *precis); /* small letters to capitals */
int envoi__precis_compose(struct envoi__precis *precis);

/**
 * Enforce a profile.
 *
 * @param[out] ret_problem  why not
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM
 */
int envoi__precis_enforce(struct envoi__precis *precis, enum envoi_precis_profile profile,
	enum envoi_precis_problem *ret_problem);

#endif
