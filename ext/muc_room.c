/*
 * envoi - Multi-User Chat: the state of a room
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/ext/disco.h>
#include <envoi/ext/stanza_ids.h>

#include "muc_parts.h"

enum {
	JOIN_MS = 60000,
	OVERLAP_S = 10, /* of the history after a loss */
	MOST_PAST_S = 365 * 24 * 60 * 60,
	PING_MS = 15 * 60 * 1000,
	FIRST_REJOIN_MS = 5000,
	LAST_REJOIN_MS = 300000,
	MOST_FAILURES = 10, /* that double the time */
};

static const struct {
	const char *name;
	unsigned int bit;
} known_features[] = {
	{ENVOI_NS_MUC_OCCUPANT_ID, ENVOI__MUC_HAS_OCCUPANT_IDS},
	{ENVOI_NS_STANZA_IDS, ENVOI__MUC_HAS_STANZA_IDS},
	{"http://jabber.org/protocol/muc#stable_id", ENVOI__MUC_HAS_STABLE_ID},
	{ENVOI_NS_MUC_MODERATION, ENVOI__MUC_HAS_MODERATION},
	{"urn:xmpp:message-moderate:0", ENVOI__MUC_HAS_OLD_MODERATION},
	{"urn:xmpp:mam:2", 32},
	{"urn:xmpp:mam:2#extended", 64},
};
enum {
	KNOWN_FEATURES = sizeof(known_features) / sizeof(known_features[0]),
};

void envoi__muc_ref(struct envoi_muc_room *room)
{
	room->refs++;
}

void envoi__muc_unref(struct envoi_muc_room *room)
{
	if (--room->refs > 0) {
		return;
	}
	struct envoi_context *context = room->context;
	envoi_timer_stop(&room->timer);
	envoi__muc_drop_occupants(room);
	envoi_jid_unref(room->address);
	envoi_free(context, room->nick);
	envoi_free(context, room->password);
	for (size_t i = 0; i < ENVOI__MUC_SEEN; i++) {
		envoi_free(context, room->seen[i]);
	}
	envoi_free(context, room);
	envoi_context_unref(context);
}

bool envoi__muc_is_alive(const struct envoi_muc_room *room)
{
	return !room->is_freed && room->muc != NULL && room->state != ENVOI_MUC_ENDED;
}

bool envoi__muc_is_inside(const struct envoi_muc_room *room)
{
	return room->muc != NULL && room->state == ENVOI_MUC_JOINED;
}

void envoi__muc_start_timer(struct envoi_muc_room *room, uint64_t delay_ms)
{
	envoi_timer_start(&room->timer, envoi_context_loop(room->context), delay_ms, room->tick);
}

void envoi__muc_report(struct envoi_muc_room *room, const struct envoi_muc_change *change)
{
	if (envoi__muc_is_alive(room) && room->events->changed != NULL) {
		room->events->changed(room, change);
	}
}

/* --- reading --- */

const struct envoi_muc_info *envoi__muc_info_of(const struct envoi_stanza *stanza)
{
	const void *info = NULL;
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(stanza));
	unsigned int count = 0;
	for (; child != NULL; child = envoi_element_next(child)) {
		count += envoi_element_is(child, ENVOI_NS_MUC_USER, "x");
	}
	int r = count == 1 ? envoi_stanza_decode(stanza, &envoi_muc_info_type, &info)
			   : ENVOI_DECLINED;
	return r == ENVOI_OK ? info : NULL;
}

bool envoi__muc_has_code(const struct envoi_muc_info *info, int code)
{
	for (size_t i = 0; info != NULL && i < info->code_count; i++) {
		if (info->codes[i] == code) {
			return true;
		}
	}
	return false;
}

const char *envoi__muc_occupant_id_of(
	const struct envoi_muc_room *room, const struct envoi_stanza *stanza)
{
	const void *value;
	unsigned int count = 0;
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(stanza));
	for (; child != NULL; child = envoi_element_next(child)) {
		count += envoi_element_is(child, ENVOI_NS_MUC_OCCUPANT_ID, "occupant-id");
	}
	if ((room->features & ENVOI__MUC_HAS_OCCUPANT_IDS) == 0 || count != 1 ||
		envoi_stanza_decode(stanza, &envoi_muc_occupant_id_type, &value) != ENVOI_OK) {
		return NULL;
	}
	const struct envoi_muc_occupant_id *occupant_id = value;
	return occupant_id->id[0] == '\0' ? NULL : occupant_id->id;
}

/* --- ends --- */

static uint64_t rejoin_delay_ms(unsigned int failures)
{
	uint64_t delay_ms = FIRST_REJOIN_MS;
	for (unsigned int i = 1; i < failures && delay_ms < LAST_REJOIN_MS; i++) {
		delay_ms *= 2;
	}
	return delay_ms < LAST_REJOIN_MS ? delay_ms : LAST_REJOIN_MS;
}

static void wait_for_rejoin(struct envoi_muc_room *room)
{
	room->state = ENVOI_MUC_WAITING;
	room->failures += room->failures < MOST_FAILURES;
	if (envoi_session_is_online(room->muc->session)) {
		envoi__muc_start_timer(room, rejoin_delay_ms(room->failures));
	}
}

void envoi__muc_end(struct envoi_muc_room *room, const struct envoi_muc_end *end)
{
	struct envoi_muc_end reported = *end;
	reported.text = end->text == NULL ? "the room was left" : end->text;
	reported.will_rejoin = end->will_rejoin && !room->options.does_not_rejoin &&
		room->muc != NULL && room->state != ENVOI_MUC_LEAVING;
	envoi_timer_stop(&room->timer);
	envoi_request_cancel(room->request);
	room->join_id[0] = room->nick_id[0] = '\0';
	room->self = NULL;
	if (reported.will_rejoin) {
		wait_for_rejoin(room);
	} else {
		room->state = ENVOI_MUC_ENDED;
		envoi__muc_drop_occupants(room);
	}
	if (!room->is_freed && room->events->ended != NULL) {
		room->events->ended(room, &reported);
	}
}

/* --- entering: section 7.2 --- */

struct envoi_stanza *envoi__muc_presence_to(
	const struct envoi_muc_room *room, enum envoi_stanza_type type, const char *nick)
{
	struct envoi_jid *to;
	if (nick[0] == '\0' || envoi_jid_with_resource(&to, room->address, nick) < 0) {
		return NULL;
	}
	struct envoi_stanza *presence = envoi_presence_new(room->context, type, envoi_jid_text(to));
	envoi_jid_unref(to);
	return presence;
}

/* After a loss those since the last message: by a length of time, because the clock of the room may
 * be another one. */
static struct envoi_muc_history wanted_history(const struct envoi_muc_room *room)
{
	struct envoi_muc_history history = {
		.has_max_stanzas = room->options.has_max_stanzas,
		.max_stanzas = room->options.max_stanzas,
		.has_since = room->options.has_since,
		.since_ms = room->options.since_ms,
	};
	if (room->was_joined && room->has_last) {
		int64_t past_ms = envoi_context_wall_clock_ms(room->context) - room->last_ms;
		history.has_since = false;
		history.has_seconds = true;
		history.seconds = past_ms <= 0          ? OVERLAP_S
			: past_ms / 1000 >= MOST_PAST_S ? MOST_PAST_S
							: (uint32_t)(past_ms / 1000) + OVERLAP_S;
	}
	return history;
}

int envoi__muc_send_join(struct envoi_muc_room *room)
{
	struct envoi_muc_history history = wanted_history(room);
	const struct envoi_muc_enter enter = {
		.password = room->password,
		.history = history.has_max_stanzas || history.has_since || history.has_seconds
			? &history
			: NULL,
	};
	int r = envoi_id_make(room->context, room->join_id);
	if (r < 0) {
		return r;
	}
	struct envoi_stanza *presence = envoi__muc_presence_to(
		room, ENVOI_TYPE_AVAILABLE, room->nick);
	envoi_stanza_set_id(presence, room->join_id);
	envoi_stanza_encode(presence, &envoi_muc_enter_type, &enter);
	room->generation++;
	room->dropped = 0;
	room->history_count = 0;
	envoi__muc_start_timer(room, JOIN_MS);
	return envoi_send(room->muc->session, presence, NULL);
}

static void fail(struct envoi_muc_room *room, int code)
{
	const struct envoi_muc_end end = {
		.cause = ENVOI_MUC_NO_ANSWER, .text = envoi_error_text(code), .will_rejoin = true};
	envoi__muc_end(room, &end);
}

/* A room that does not exist yet answers with an error. */
static void on_features(void *user, const struct envoi_answer *answer)
{
	struct envoi_muc_room *room = user;
	const struct envoi_disco_info *info = envoi_answer_payload(answer);
	int code = envoi_answer_code(answer);
	bool has_answer = info != NULL || code == ENVOI_ERR_STANZA || code == ENVOI_ERR_PROTOCOL;
	room->request = NULL;
	if (envoi__muc_is_alive(room) && has_answer) {
		room->has_features = info != NULL;
		room->features = 0;
		for (size_t i = 0; i < KNOWN_FEATURES; i++) {
			room->features |= envoi_disco_has_feature(info, known_features[i].name)
				? known_features[i].bit
				: 0;
		}
	}
	if (envoi__muc_is_alive(room) && room->state == ENVOI_MUC_JOINING &&
		room->join_id[0] == '\0') {
		int r = code == ENVOI_ERR_TIMEOUT || has_answer ? envoi__muc_send_join(room) : code;
		if (r < 0 && code != ENVOI_ERR_DISCONNECTED && code != ENVOI_ERR_CANCELED) {
			fail(room, r);
		}
	}
	envoi__muc_unref(room);
}

int envoi__muc_ask_features(struct envoi_muc_room *room)
{
	if (room->request != NULL) {
		return ENVOI_ERR_EXISTS;
	}
	int r = envoi_disco_info_get(room->muc->session, envoi_jid_text(room->address), NULL, 0,
		on_features, room, &room->request);
	room->refs += r == ENVOI_OK;
	return r;
}

void envoi__muc_begin(struct envoi_muc_room *room)
{
	envoi_timer_stop(&room->timer);
	room->state = ENVOI_MUC_JOINING;
	room->nick_tries = 0;
	int r = envoi__muc_ask_features(room);
	if (r == ENVOI_ERR_EXISTS) { /* a ping, or the last attempt */
		r = envoi__muc_send_join(room);
	}
	if (r < 0) {
		fail(room, r);
	}
}

/* --- options --- */

static int copy_text(struct envoi_context *context, char **ret_copy, const char *text)
{
	*ret_copy = text == NULL ? NULL : envoi_strndup(context, text, strlen(text));
	return text != NULL && *ret_copy == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

static int check_addresses(
	struct envoi_muc_room *room, const char *address, const struct envoi_muc_options *options)
{
	struct envoi_jid *occupant;
	if (options == NULL || options->nick == NULL || options->nick[0] == '\0') {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_jid_from_text(&room->address, room->context, address);
	if (r == ENVOI_OK && !envoi_jid_is_bare(room->address)) {
		r = ENVOI_ERR_INVALID;
	}
	if (r == ENVOI_OK) {
		r = envoi_jid_with_resource(&occupant, room->address, options->nick);
		envoi_jid_unref(r == ENVOI_OK ? occupant : NULL);
	}
	return r;
}

int envoi__muc_prepare(
	struct envoi_muc_room *room, const char *address, const struct envoi_muc_options *options)
{
	int r = check_addresses(room, address, options);
	if (r == ENVOI_OK) {
		r = copy_text(room->context, &room->nick, options->nick);
	}
	if (r == ENVOI_OK) {
		r = copy_text(room->context, &room->password, options->password);
	}
	if (r < 0) {
		return r;
	}
	room->options = *options;
	room->options.nick = room->options.password = NULL;
	if (options->most_occupants == 0) {
		room->options.most_occupants = ENVOI_MUC_MOST_OCCUPANTS;
	}
	if (options->most_history == 0) {
		room->options.most_history = ENVOI_MUC_MOST_HISTORY;
	}
	if (options->ping_ms == 0) {
		room->options.ping_ms = PING_MS;
	}
	return ENVOI_OK;
}

/* --- for programs --- */

void *envoi_muc_user(const struct envoi_muc_room *room)
{
	return room->user;
}

const struct envoi_jid *envoi_muc_address(const struct envoi_muc_room *room)
{
	return room->address;
}

enum envoi_muc_state envoi_muc_state(const struct envoi_muc_room *room)
{
	return room->state;
}

bool envoi_muc_announces(const struct envoi_muc_room *room, const char *feature)
{
	for (size_t i = 0; i < KNOWN_FEATURES; i++) {
		if (feature != NULL && strcmp(feature, known_features[i].name) == 0) {
			return (room->features & known_features[i].bit) != 0;
		}
	}
	return false;
}

const struct envoi_muc_occupant *envoi_muc_self(const struct envoi_muc_room *room)
{
	return room->self == NULL ? NULL : &room->self->shown;
}

uint64_t envoi_muc_occupants_dropped(const struct envoi_muc_room *room)
{
	return room->dropped;
}
