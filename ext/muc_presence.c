/*
 * envoi - Multi-User Chat: presence of a room
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "muc_parts.h"

static const struct envoi_muc_item no_item;

/* Of an occupant with several clients a room may state each of them (section 7.2.9); of this
 * client's occupant its own address counts. */
static const struct envoi_muc_item *item_of(
	const struct envoi_muc_room *room, const struct envoi_muc_info *info)
{
	const struct envoi_jid *own = envoi_session_jid(room->muc->session);
	for (size_t i = 0; info != NULL && i < info->item_count; i++) {
		if (info->items[i].jid != NULL && envoi_jid_equal(info->items[i].jid, own)) {
			return &info->items[i];
		}
	}
	return info == NULL || info->item_count == 0 ? &no_item : &info->items[0];
}

static const char *actor_of(const struct envoi_muc_item *item)
{
	if (item->actor == NULL) {
		return NULL;
	}
	return item->actor->nick != NULL ? item->actor->nick : envoi_jid_text(item->actor->jid);
}

static struct envoi_muc_change change_of(enum envoi_muc_change_kind kind,
	const struct envoi__muc_occupant *occupant, const struct envoi_muc_info *info,
	const struct envoi_muc_item *item, const struct envoi_stanza *presence)
{
	return (struct envoi_muc_change){
		.kind = kind,
		.occupant = occupant == NULL ? NULL : &occupant->shown,
		.actor = actor_of(item),
		.reason = item->reason,
		.codes = info == NULL ? NULL : info->codes,
		.code_count = info == NULL ? 0 : info->code_count,
		.stanza = presence,
	};
}

/* --- an occupant is there --- */

static const char *known_show(const char *show)
{
	static const char *const shows[] = {"away", "chat", "dnd", "xa"};
	for (size_t i = 0; show != NULL && i < sizeof(shows) / sizeof(shows[0]); i++) {
		if (strcmp(show, shows[i]) == 0) {
			return shows[i];
		}
	}
	return NULL;
}

static void set_id(
	struct envoi_muc_room *room, struct envoi__muc_occupant *occupant, const char *id)
{
	if (id != NULL && occupant->id != NULL && strcmp(id, occupant->id) == 0) {
		return;
	}
	envoi_free(room->context, occupant->id);
	occupant->id = id == NULL ? NULL : envoi_strndup(room->context, id, strlen(id));
	occupant->shown.id = occupant->id;
}

/* The real address stays known where a later presence does not state it. */
static void update(struct envoi_muc_room *room, struct envoi__muc_occupant *occupant,
	const struct envoi_muc_item *item, const struct envoi_stanza *presence)
{
	if (item->jid != NULL) {
		envoi_jid_unref(occupant->jid);
		occupant->jid = envoi_jid_ref(item->jid);
		occupant->shown.jid = occupant->jid;
	}
	occupant->shown.role = item->role;
	occupant->shown.affiliation = item->affiliation;
	occupant->shown.show = known_show(envoi_presence_show(presence));
	occupant->generation = room->generation;
	set_id(room, occupant, envoi__muc_occupant_id_of(room, presence));
}

static void set_self(struct envoi_muc_room *room, struct envoi__muc_occupant *occupant)
{
	if (room->self != NULL) {
		room->self->shown.is_self = false;
	}
	room->self = occupant;
	occupant->shown.is_self = true;
}

/* The nick that the room has accepted is that to enter with from now on. */
static void end_nick_change(struct envoi_muc_room *room)
{
	const char *nick = room->self->nick;
	if (room->nick_id[0] == '\0') {
		return;
	}
	room->nick_id[0] = '\0';
	char *copy = strcmp(nick, room->nick) == 0
		? NULL
		: envoi_strndup(room->context, nick, strlen(nick));
	if (copy != NULL) {
		envoi_free(room->context, room->nick);
		room->nick = copy;
	}
}

/* Those that an earlier stay has left behind. */
static void drop_stale(struct envoi_muc_room *room)
{
	size_t at = 0;
	while (envoi__muc_is_inside(room) && at < room->occupants.count) {
		struct envoi__muc_occupant *occupant = room->occupants.list[at];
		if (occupant->generation == room->generation) {
			at++;
			continue;
		}
		const struct envoi_muc_change change = {
			.kind = ENVOI_MUC_OCCUPANT_LEFT, .occupant = &occupant->shown};
		envoi__muc_report(room, &change);
		if (envoi__muc_is_alive(room)) {
			envoi__muc_drop_occupant(room, occupant);
		}
	}
}

/* Section 10.1.2: others cannot enter before. An error has no effect on this stay. */
static void unlock(struct envoi_muc_room *room)
{
	int r = envoi_muc_config_submit(room, NULL, NULL, NULL);
	if (r < 0) {
		envoi_log(room->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"a new room stays locked: %s", envoi_error_text(r));
	}
}

static void set_joined(struct envoi_muc_room *room, const struct envoi_muc_info *info)
{
	bool is_again = room->was_joined, is_new = envoi__muc_has_code(info, 201);
	room->state = ENVOI_MUC_JOINED;
	room->was_joined = true;
	room->failures = 0;
	room->is_in_history = true;
	room->join_id[0] = '\0';
	envoi__muc_start_timer(room, room->options.ping_ms);
	drop_stale(room);
	if (is_new && !room->options.configures && envoi__muc_is_inside(room)) {
		unlock(room);
	}
	if (!room->has_features && envoi__muc_is_inside(room)) { /* it did not exist before */
		(void)envoi__muc_ask_features(room);
	}
	if (envoi__muc_is_inside(room) && room->events->joined != NULL) {
		room->events->joined(room, is_again);
	}
}

/* Before this client has entered, the occupants are those that were there. */
static void report_available(struct envoi_muc_room *room, struct envoi__muc_occupant *occupant,
	bool is_new, const struct envoi_muc_info *info, const struct envoi_stanza *presence)
{
	const struct envoi_muc_change change = change_of(
		is_new ? ENVOI_MUC_OCCUPANT_JOINED : ENVOI_MUC_OCCUPANT_CHANGED, occupant, info,
		item_of(room, info), presence);
	if (room->state == ENVOI_MUC_JOINED || (is_new && room->was_joined)) {
		envoi__muc_report(room, &change);
	}
}

static void on_available(struct envoi_muc_room *room, const char *nick,
	const struct envoi_muc_info *info, const struct envoi_stanza *presence)
{
	bool is_self = envoi__muc_has_code(info, 110);
	struct envoi__muc_occupant *occupant = envoi__muc_find_occupant(room, nick);
	bool is_new = occupant == NULL;
	if (info == NULL && is_new) {
		return;
	}
	bool is_first_self = is_self && room->self == NULL;
	if (is_new && !is_first_self && room->occupants.count >= room->options.most_occupants) {
		room->dropped++;
		return;
	}
	if (is_new) {
		occupant = envoi__muc_add_occupant(room, nick);
	}
	if (occupant == NULL) {
		room->dropped++;
		return;
	}
	if (info != NULL) {
		update(room, occupant, item_of(room, info), presence);
	} else {
		occupant->shown.show = known_show(envoi_presence_show(presence));
	}
	if (is_self) {
		set_self(room, occupant);
		end_nick_change(room);
	}
	if (is_self && room->state == ENVOI_MUC_JOINING) {
		set_joined(room, info);
	} else {
		report_available(room, occupant, is_new, info, presence);
	}
}

/* --- an occupant is not there any more --- */

static enum envoi_muc_cause cause_of(
	const struct envoi_muc_room *room, const struct envoi_muc_info *info)
{
	static const struct {
		int code;
		enum envoi_muc_cause cause;
	} causes[] = {
		{301, ENVOI_MUC_BANNED},
		{321, ENVOI_MUC_NOT_A_MEMBER},
		{322, ENVOI_MUC_NOT_A_MEMBER},
		{332, ENVOI_MUC_SERVICE_STOPPED},
		{333, ENVOI_MUC_LOST}, /* before 307: section 11.1 */
		{307, ENVOI_MUC_KICKED},
	};
	if (room->state == ENVOI_MUC_LEAVING) {
		return ENVOI_MUC_LEFT;
	}
	if (info != NULL && info->destruction != NULL) {
		return ENVOI_MUC_DESTROYED;
	}
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (envoi__muc_has_code(info, causes[i].code)) {
			return causes[i].cause;
		}
	}
	return ENVOI_MUC_LEFT;
}

static void on_self_unavailable(struct envoi_muc_room *room, const struct envoi_muc_info *info)
{
	static const char *const texts[] = {
		[ENVOI_MUC_LEFT] = "the room was left",
		[ENVOI_MUC_KICKED] = "kicked from the room",
		[ENVOI_MUC_BANNED] = "banned from the room",
		[ENVOI_MUC_NOT_A_MEMBER] = "the room is for members only",
		[ENVOI_MUC_DESTROYED] = "the room was destroyed",
		[ENVOI_MUC_SERVICE_STOPPED] = "the service of the room stops",
		[ENVOI_MUC_LOST] = "the room has lost the connection",
	};
	const struct envoi_muc_item *item = item_of(room, info);
	enum envoi_muc_cause cause = cause_of(room, info);
	bool is_destroyed = cause == ENVOI_MUC_DESTROYED;
	const struct envoi_muc_end end = {
		.cause = cause,
		.text = texts[cause],
		.actor = actor_of(item),
		.reason = is_destroyed ? info->destruction->reason : item->reason,
		.alternative = is_destroyed ? info->destruction->jid : NULL,
		.alternative_password = is_destroyed ? info->destruction->password : NULL,
		.will_rejoin = cause == ENVOI_MUC_SERVICE_STOPPED || cause == ENVOI_MUC_LOST,
	};
	if (room->state == ENVOI_MUC_JOINING && cause == ENVOI_MUC_LEFT) {
		return; /* of the stay before */
	}
	envoi__muc_end(room, &end);
}

/* Section 7.6. The presence with the new nick that follows finds the occupant. */
static void on_renamed(struct envoi_muc_room *room, struct envoi__muc_occupant *occupant,
	const char *nick, const struct envoi_muc_info *info, const struct envoi_stanza *presence)
{
	const struct envoi_muc_item *item = item_of(room, info);
	struct envoi__muc_occupant *other = envoi__muc_find_occupant(room, nick);
	const char *old_nick = envoi_jid_resource(envoi_stanza_from(presence));
	if (other == occupant || (other != NULL && other == room->self)) {
		return;
	}
	if (other != NULL) {
		envoi__muc_drop_occupant(room, other);
	}
	if (envoi__muc_rename_occupant(room, occupant, nick) < 0) {
		return;
	}
	struct envoi_muc_change change = change_of(
		ENVOI_MUC_OCCUPANT_RENAMED, occupant, info, item, presence);
	change.old_nick = old_nick;
	envoi__muc_report(room, &change);
}

/* The address that the occupant has from now on. @retval ENVOI_DECLINED  it keeps its own */
static int renamed_to(struct envoi_jid **ret_jid, const struct envoi_muc_room *room,
	const struct envoi_muc_info *info)
{
	const char *nick = item_of(room, info)->nick;
	return envoi__muc_has_code(info, 303) && nick != NULL && nick[0] != '\0'
		? envoi_jid_with_resource(ret_jid, room->address, nick)
		: ENVOI_DECLINED;
}

static void on_unavailable(struct envoi_muc_room *room, const char *nick,
	const struct envoi_muc_info *info, const struct envoi_stanza *presence)
{
	struct envoi__muc_occupant *occupant = envoi__muc_find_occupant(room, nick);
	bool is_self = envoi__muc_has_code(info, 110) ||
		(occupant != NULL && occupant == room->self);
	struct envoi_jid *address = NULL;
	int r = renamed_to(&address, room, info);
	if (r == ENVOI_OK && occupant != NULL) {
		on_renamed(room, occupant, envoi_jid_resource(address), info, presence);
	}
	envoi_jid_unref(address);
	if (r == ENVOI_OK || r == ENVOI_ERR_NOMEM) {
		return;
	}
	if (is_self) {
		on_self_unavailable(room, info);
		return;
	}
	if (occupant == NULL) {
		return;
	}
	const struct envoi_muc_change change = change_of(
		ENVOI_MUC_OCCUPANT_LEFT, occupant, info, item_of(room, info), presence);
	if (room->state == ENVOI_MUC_JOINED || room->was_joined) {
		envoi__muc_report(room, &change);
	}
	if (envoi__muc_is_alive(room)) {
		envoi__muc_drop_occupant(room, occupant);
	}
}

/* --- errors: sections 7.2.17 and 7.6 --- */

/* @return whether another attempt of a room that was entered before may succeed */
static bool may_pass(const struct envoi_stanza_error *error)
{
	switch (error->condition) {
	case ENVOI_CONFLICT: /* by the stay before, which the room has not noticed to be over */
	case ENVOI_SERVICE_UNAVAILABLE:
	case ENVOI_RESOURCE_CONSTRAINT:
	case ENVOI_INTERNAL_SERVER_ERROR:
	case ENVOI_REMOTE_SERVER_NOT_FOUND:
	case ENVOI_REMOTE_SERVER_TIMEOUT:
		return true;
	default:
		return error->type == ENVOI_ERROR_WAIT;
	}
}

static bool vary_nick(struct envoi_muc_room *room)
{
	size_t len = strlen(room->nick);
	char *longer = envoi_alloc(room->context, len + 2);
	if (longer == NULL) {
		return false;
	}
	memcpy(longer, room->nick, len);
	memcpy(longer + len, "_", 2);
	envoi_free(room->context, room->nick);
	room->nick = longer;
	room->nick_tries++;
	return envoi__muc_send_join(room) == ENVOI_OK;
}

static void on_join_error(struct envoi_muc_room *room, const struct envoi_stanza_error *error)
{
	const struct envoi_muc_end end = {
		.cause = ENVOI_MUC_REFUSED,
		.condition = error->condition,
		.text = error->text != NULL ? error->text
					    : envoi_stanza_condition_name(error->condition),
		.will_rejoin = room->was_joined && may_pass(error),
	};
	bool varies = error->condition == ENVOI_CONFLICT && room->options.varies_nick &&
		room->nick_tries < ENVOI__MUC_NICK_TRIES;
	if (!varies || !vary_nick(room)) {
		envoi__muc_end(room, &end);
	}
}

static bool is_answer_to(const struct envoi_stanza *presence, const char *id)
{
	const char *its = envoi_stanza_id(presence);
	return id[0] != '\0' && (its == NULL || strcmp(its, id) == 0);
}

static void on_error(struct envoi_muc_room *room, const struct envoi_stanza *presence)
{
	struct envoi_stanza_error error;
	if (!envoi_stanza_get_error(presence, &error)) {
		return;
	}
	if (room->state == ENVOI_MUC_JOINING && is_answer_to(presence, room->join_id)) {
		on_join_error(room, &error);
	} else if (room->state == ENVOI_MUC_JOINED && is_answer_to(presence, room->nick_id)) {
		const struct envoi_muc_change change = {.kind = ENVOI_MUC_NICK_REFUSED,
			.reason = error.text != NULL ? error.text
						     : envoi_stanza_condition_name(error.condition),
			.stanza = presence};
		room->nick_id[0] = '\0';
		envoi__muc_report(room, &change);
	}
}

/* Presence of the room itself is that of no occupant. */
void envoi__muc_take_presence(struct envoi_muc_room *room, const struct envoi_stanza *presence)
{
	const char *nick = envoi_jid_resource(envoi_stanza_from(presence));
	bool is_inside = room->state == ENVOI_MUC_JOINING || room->state == ENVOI_MUC_JOINED;
	enum envoi_stanza_type type = envoi_stanza_type(presence);
	if (type == ENVOI_TYPE_ERROR) {
		on_error(room, presence);
	} else if (nick != NULL && type == ENVOI_TYPE_AVAILABLE && is_inside) {
		on_available(room, nick, envoi__muc_info_of(presence), presence);
	} else if (nick != NULL && type == ENVOI_TYPE_UNAVAILABLE &&
		(is_inside || room->state == ENVOI_MUC_LEAVING)) {
		on_unavailable(room, nick, envoi__muc_info_of(presence), presence);
	}
}
