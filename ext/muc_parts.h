/*
 * envoi - Multi-User Chat: what its sources share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_MUC_PARTS_H
#define ENVOI_EXT_MUC_PARTS_H

#include <envoi/context.h>
#include <envoi/ext/muc.h>
#include <envoi/watch.h>

enum {
	ENVOI__MUC_SENT = 32, /* ids of messages whose reflection is recognised */
	ENVOI__MUC_SEEN = 32, /* messages that are recognised in a history */
	ENVOI__MUC_NICK_TRIES = 3,
};

/* Features of a room, as bits. */
enum {
	ENVOI__MUC_HAS_OCCUPANT_IDS = 1,
	ENVOI__MUC_HAS_STANZA_IDS = 2,
	ENVOI__MUC_HAS_STABLE_ID = 4,
	ENVOI__MUC_HAS_MODERATION = 8,
	ENVOI__MUC_HAS_OLD_MODERATION = 16,
};

/* The handler. References: the session's, one for each call of rooms. */
struct envoi__muc {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_session *session;
	struct envoi_muc_room *rooms;
	unsigned int refs;
	bool is_destroyed;
	uint64_t pass; /* number of the last visit to all rooms */
};

struct envoi__muc_occupant {
	struct envoi_muc_occupant shown; /* its texts are the two below */
	char *nick, *id;
	struct envoi_jid *jid;
	unsigned int generation; /* the attempt to enter in which it was stated last */
};

/* Sorted by nick. */
struct envoi__muc_occupants {
	struct envoi__muc_occupant **list;
	size_t count, capacity;
};

/* References: the owner's, one for a pending request, one for each call. */
struct envoi_muc_room {
	struct envoi_muc_room *next;
	struct envoi__muc *muc; /* NULL: the extension is not used any more */
	struct envoi_context *context;
	unsigned int refs;
	uint64_t pass; /* the last one that has visited the room, or before it was made */
	bool is_freed; /* no functions are called */
	struct envoi_jid *address;
	struct envoi_muc_options options; /* its texts are the two below */
	char *nick, *password; /* the nick to enter with */
	const struct envoi_muc_events *events;
	void *user;

	enum envoi_muc_state state;
	bool was_joined, is_in_history;
	unsigned int generation, failures, nick_tries;
	bool has_features; /* the room has answered what it announces */
	unsigned int features; /* bits */
	struct envoi_request *request; /* pending, or NULL */
	struct envoi_timer timer; /* of the state */
	envoi_timer_fn *tick;
	uint64_t heard_ms; /* time of the last stanza of the room, by the loop's clock */
	char join_id[ENVOI_ID_SIZE], nick_id[ENVOI_ID_SIZE]; /* of presence; "": none */

	struct envoi__muc_occupants occupants;
	struct envoi__muc_occupant *self; /* or NULL */
	uint64_t dropped;
	uint32_t history_count;
	bool has_last;
	int64_t last_ms; /* when the last message arrived, by the wall clock */
	char *seen[ENVOI__MUC_SEEN]; /* ids of the room of the last messages, or NULL */
	size_t next_seen;
	char sent[ENVOI__MUC_SENT][ENVOI_ID_SIZE]; /* "": none */
	size_t next_sent;
};

/* --- muc_occupants.c --- */

struct envoi__muc_occupant *envoi__muc_find_occupant(
	const struct envoi_muc_room *room, const char *nick);
/* @return a new one; NULL: out of memory */
struct envoi__muc_occupant *envoi__muc_add_occupant(struct envoi_muc_room *room, const char *nick);
void envoi__muc_drop_occupant(struct envoi_muc_room *room, struct envoi__muc_occupant *occupant);
void envoi__muc_drop_occupants(struct envoi_muc_room *room);
/* Give an occupant another nick. @return an error code; unchanged then */
int envoi__muc_rename_occupant(
	struct envoi_muc_room *room, struct envoi__muc_occupant *occupant, const char *nick);

/* --- muc_room.c --- */

/* Set address and options. */
int envoi__muc_prepare(
	struct envoi_muc_room *room, const char *address, const struct envoi_muc_options *options);

void envoi__muc_ref(struct envoi_muc_room *room);
void envoi__muc_unref(struct envoi_muc_room *room);
/* @return whether the room still exists for its owner, after a call of its functions */
bool envoi__muc_is_alive(const struct envoi_muc_room *room);
/* @return whether this client is in the room, and has not left it in a call of its functions */
bool envoi__muc_is_inside(const struct envoi_muc_room *room);
void envoi__muc_start_timer(struct envoi_muc_room *room, uint64_t delay_ms);
/* Enter, from the beginning. */
void envoi__muc_begin(struct envoi_muc_room *room);
/* Ask what the room announces; it is entered then if it has to be. */
int envoi__muc_ask_features(struct envoi_muc_room *room);
/* Send the presence that enters the room. */
int envoi__muc_send_join(struct envoi_muc_room *room);
/* End the stay or the attempt. will_rejoin of @p end says whether the cause allows it. */
void envoi__muc_end(struct envoi_muc_room *room, const struct envoi_muc_end *end);
void envoi__muc_report(struct envoi_muc_room *room, const struct envoi_muc_change *change);
/* @return `x` of the room in a stanza; NULL: none, malformed, or several of which one is forged */
const struct envoi_muc_info *envoi__muc_info_of(const struct envoi_stanza *stanza);
bool envoi__muc_has_code(const struct envoi_muc_info *info, int code);
/* @return the id of the sender, where the room announces such ids */
const char *envoi__muc_occupant_id_of(
	const struct envoi_muc_room *room, const struct envoi_stanza *stanza);
/* @return a presence of that type to the occupant's address of a nick; NULL: out of memory, or not
 * an address */
struct envoi_stanza *envoi__muc_presence_to(
	const struct envoi_muc_room *room, enum envoi_stanza_type type, const char *nick);

/* --- muc_ping.c --- */

/* The time of a room's state is over. */
void envoi__muc_on_tick(struct envoi_timer *timer);

/* --- muc_presence.c, muc_message.c --- */

void envoi__muc_take_presence(struct envoi_muc_room *room, const struct envoi_stanza *presence);
void envoi__muc_take_message(struct envoi_muc_room *room, struct envoi_stanza *message);

#endif
