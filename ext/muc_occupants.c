/*
 * envoi - Multi-User Chat: who is in a room
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/precis.h>

#include "muc_parts.h"

enum {
	FIRST_CAPACITY = 16,
};

/* @return the position of the first occupant whose nick is not before @p nick */
static size_t position_of(const struct envoi__muc_occupants *occupants, const char *nick)
{
	size_t first = 0, last = occupants->count;
	while (first < last) {
		size_t middle = first + (last - first) / 2;
		if (strcmp(occupants->list[middle]->nick, nick) < 0) {
			first = middle + 1;
		} else {
			last = middle;
		}
	}
	return first;
}

struct envoi__muc_occupant *envoi__muc_find_occupant(
	const struct envoi_muc_room *room, const char *nick)
{
	const struct envoi__muc_occupants *occupants = &room->occupants;
	size_t at = position_of(occupants, nick);
	return at < occupants->count && strcmp(occupants->list[at]->nick, nick) == 0
		? occupants->list[at]
		: NULL;
}

static int make_room(struct envoi_muc_room *room)
{
	struct envoi__muc_occupants *occupants = &room->occupants;
	if (occupants->count < occupants->capacity) {
		return ENVOI_OK;
	}
	size_t capacity = occupants->capacity == 0 ? FIRST_CAPACITY : occupants->capacity * 2;
	void *list = envoi_realloc(
		room->context, occupants->list, capacity * sizeof(*occupants->list));
	if (list == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	occupants->list = list;
	occupants->capacity = capacity;
	return ENVOI_OK;
}

static void insert(struct envoi__muc_occupants *occupants, struct envoi__muc_occupant *occupant)
{
	size_t at = position_of(occupants, occupant->nick);
	memmove(occupants->list + at + 1, occupants->list + at,
		(occupants->count - at) * sizeof(*occupants->list));
	occupants->list[at] = occupant;
	occupants->count++;
}

static void take_out(struct envoi__muc_occupants *occupants, struct envoi__muc_occupant *occupant)
{
	size_t at = position_of(occupants, occupant->nick);
	occupants->count--;
	memmove(occupants->list + at, occupants->list + at + 1,
		(occupants->count - at) * sizeof(*occupants->list));
}

static void free_occupant(struct envoi_context *context, struct envoi__muc_occupant *occupant)
{
	envoi_free(context, occupant->nick);
	envoi_free(context, occupant->id);
	envoi_jid_unref(occupant->jid);
	envoi_free(context, occupant);
}

struct envoi__muc_occupant *envoi__muc_add_occupant(struct envoi_muc_room *room, const char *nick)
{
	struct envoi__muc_occupant *occupant = envoi_alloc_zeroed(room->context, sizeof(*occupant));
	if (occupant == NULL) {
		return NULL;
	}
	occupant->nick = envoi_strndup(room->context, nick, strlen(nick));
	if (occupant->nick == NULL || make_room(room) < 0) {
		free_occupant(room->context, occupant);
		return NULL;
	}
	occupant->shown.nick = occupant->nick;
	insert(&room->occupants, occupant);
	return occupant;
}

void envoi__muc_drop_occupant(struct envoi_muc_room *room, struct envoi__muc_occupant *occupant)
{
	take_out(&room->occupants, occupant);
	if (room->self == occupant) {
		room->self = NULL;
	}
	free_occupant(room->context, occupant);
}

void envoi__muc_drop_occupants(struct envoi_muc_room *room)
{
	struct envoi__muc_occupants *occupants = &room->occupants;
	for (size_t i = 0; i < occupants->count; i++) {
		free_occupant(room->context, occupants->list[i]);
	}
	envoi_free(room->context, occupants->list);
	*occupants = (struct envoi__muc_occupants){.list = NULL};
	room->self = NULL;
}

int envoi__muc_rename_occupant(
	struct envoi_muc_room *room, struct envoi__muc_occupant *occupant, const char *nick)
{
	char *copy = envoi_strndup(room->context, nick, strlen(nick));
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	take_out(&room->occupants, occupant);
	envoi_free(room->context, occupant->nick);
	occupant->nick = copy;
	occupant->shown.nick = copy;
	insert(&room->occupants, occupant);
	return ENVOI_OK;
}

/* --- for programs --- */

const struct envoi_muc_occupant *envoi_muc_find_occupant(
	const struct envoi_muc_room *room, const char *nick)
{
	const struct envoi__muc_occupant *occupant = nick == NULL
		? NULL
		: envoi__muc_find_occupant(room, nick);
	return occupant == NULL ? NULL : &occupant->shown;
}

const struct envoi_muc_occupant *envoi_muc_next_occupant(
	const struct envoi_muc_room *room, size_t *position)
{
	return *position >= room->occupants.count ? NULL
						  : &room->occupants.list[(*position)++]->shown;
}

/* A nick to which the profile does not apply is ambiguous with none. */
bool envoi_muc_is_ambiguous(
	const struct envoi_muc_room *room, const struct envoi_muc_occupant *occupant)
{
	for (size_t i = 0; i < room->occupants.count; i++) {
		const struct envoi__muc_occupant *other = room->occupants.list[i];
		bool is_equal = false;
		if (&other->shown != occupant &&
			envoi_precis_compare(ENVOI_PRECIS_NICKNAME_COMPARED, other->nick,
				occupant->nick, &is_equal) == ENVOI_OK &&
			is_equal) {
			return true;
		}
	}
	return false;
}
