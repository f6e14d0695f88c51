/*
 * envoi - XEP-0045: Multi-User Chat
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_MUC_H
#define ENVOI_EXT_MUC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/ext/forms.h>
#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOI_NS_MUC "http://jabber.org/protocol/muc"
#define ENVOI_NS_MUC_USER "http://jabber.org/protocol/muc#user"
#define ENVOI_NS_MUC_ADMIN "http://jabber.org/protocol/muc#admin"
#define ENVOI_NS_MUC_OWNER "http://jabber.org/protocol/muc#owner"
#define ENVOI_NS_MUC_CONFERENCE "jabber:x:conference"
#define ENVOI_NS_MUC_OCCUPANT_ID "urn:xmpp:occupant-id:0"
#define ENVOI_NS_MUC_MODERATION "urn:xmpp:message-moderate:1"

enum {
	ENVOI_MUC_MOST_OCCUPANTS = 10000, /**< held of a room, the default */
	ENVOI_MUC_MOST_HISTORY = 1000, /**< messages reported of a room's history, the default */
	ENVOI_MUC_MOST_CODES = 32, /**< of a stanza */
	ENVOI_MUC_MOST_ITEMS = 10000, /**< of a list of affiliations */
};

/**
 * Rooms for a session. Use it with envoi_session_use(session, &envoi_muc_extension, NULL), before
 * or after the login; the functions below need it.
 *
 * Stanzas of rooms that are entered are reported by the functions of struct envoi_muc_events, and
 * reach no row of stanzas with a priority below 100: messages of type groupchat from the room, the
 * room's own messages, private messages and presence of its occupants. What a room states counts
 * only where the room states it: roles, affiliations, real addresses and status codes are taken
 * from presence and from messages of the room's bare address, never from what an occupant writes
 * (XEP-0045, section 13; XEP-0313, section 9.4).
 */
ENVOI_API extern const struct envoi_extension envoi_muc_extension;

/** An occupant's role (section 5.1). */
enum envoi_muc_role {
	ENVOI_MUC_ROLE_UNKNOWN = 0, /**< not stated */
	ENVOI_MUC_ROLE_NONE,
	ENVOI_MUC_VISITOR,
	ENVOI_MUC_PARTICIPANT,
	ENVOI_MUC_MODERATOR,
};

/** A user's affiliation with a room (section 5.2). */
enum envoi_muc_affiliation {
	ENVOI_MUC_AFFILIATION_UNKNOWN = 0, /**< not stated */
	ENVOI_MUC_OUTCAST, /**< banned */
	ENVOI_MUC_AFFILIATION_NONE,
	ENVOI_MUC_MEMBER,
	ENVOI_MUC_ADMIN,
	ENVOI_MUC_OWNER,
};

/* --- rooms --- */

/** A room that is entered, or that is to be. Owned by the caller. */
struct envoi_muc_room;

/** An occupant. Borrowed from the room until it changes, which happens in the loop. */
struct envoi_muc_occupant {
	const char *nick; /**< any text: compared byte by byte */
	/** a text for an id that stays when the nick changes (XEP-0421); NULL: the room does not
	 * announce such ids */
	const char *id;
	const struct envoi_jid *jid; /**< the real address; NULL: the room does not state it */
	enum envoi_muc_role role;
	enum envoi_muc_affiliation affiliation;
	const char *show; /**< "away", "chat", "dnd", "xa" or NULL; static */
	bool is_self;
};

/** What a room is doing. */
enum envoi_muc_state {
	ENVOI_MUC_WAITING = 1, /**< for a session, or for the time of the next attempt */
	ENVOI_MUC_JOINING,
	ENVOI_MUC_JOINED,
	ENVOI_MUC_LEAVING,
	ENVOI_MUC_ENDED, /**< for ever: only envoi_muc_free() has an effect */
};

/** A message of a room. Borrowed for the call. */
struct envoi_muc_message {
	struct envoi_stanza *stanza; /**< envoi_stanza_ref() keeps it */
	const char *nick; /**< of the sender; NULL: the room itself */
	const struct envoi_muc_occupant *occupant; /**< NULL: not held, or of the history */
	const char *body; /**< or NULL */
	/** the sender's id (XEP-0421); NULL: the room does not announce such ids */
	const char *occupant_id;
	/** the id in the room's archive; NULL: the room does not announce such ids (XEP-0359) */
	const char *stanza_id;
	bool is_private; /**< sent to this occupant only (section 7.5) */
	/** the account is the sender: this client, or another one with the same nick. By the
	 * occupant id; else, but for old messages, by the nick */
	bool is_own;
	/** this client has sent it with the ticket of envoi_muc_send(), and its text may have been
	 * changed by the room */
	bool is_reflection;
	/** of the history: it was sent before the room was entered, at @p sent_ms */
	bool is_old;
	int64_t sent_ms; /**< milliseconds since 1970-01-01T00:00:00Z */
	/** the archive's id of a message that a moderator has retracted (XEP-0425), with @p reason;
	 * NULL: none. Of the room itself only */
	const char *moderated_id;
	const char *reason; /**< NULL: none */
};

/** A subject. Borrowed for the call. */
struct envoi_muc_subject {
	const char *text; /**< "": none is set */
	const char *nick; /**< who has set it; NULL: not stated, or the room */
	bool is_first; /**< it was set before the room was entered; the history has ended */
	const struct envoi_stanza *stanza;
};

/** What has changed. */
enum envoi_muc_change_kind {
	ENVOI_MUC_OCCUPANT_JOINED = 1,
	ENVOI_MUC_OCCUPANT_LEFT, /**< @p occupant is dropped after the call; @p codes say why */
	ENVOI_MUC_OCCUPANT_CHANGED, /**< role, affiliation, availability or others */
	ENVOI_MUC_OCCUPANT_RENAMED, /**< from @p old_nick */
	/** of a user who is not in the room: @p jid, @p affiliation (section 9) */
	ENVOI_MUC_AFFILIATION_CHANGED,
	ENVOI_MUC_CONFIGURATION_CHANGED, /**< @p codes (section 10.2.1) */
	ENVOI_MUC_NICK_REFUSED, /**< envoi_muc_set_nick(): @p reason; the nick is the old one */
	ENVOI_MUC_INVITATION_DECLINED, /**< by @p jid: @p reason */
};

/** A change in a room. Borrowed for the call; members of other kinds are NULL or 0. */
struct envoi_muc_change {
	enum envoi_muc_change_kind kind;
	const struct envoi_muc_occupant *occupant;
	const char *old_nick;
	const struct envoi_jid *jid;
	enum envoi_muc_affiliation affiliation;
	const char *actor; /**< nick or address of the user who has caused it; NULL: not stated */
	const char *reason; /**< NULL: none */
	const int *codes; /**< status codes (section 15.6.2) */
	size_t code_count;
	const struct envoi_stanza *stanza; /**< NULL: the change follows from a new join */
};

/** Why a room is not entered, or was left. */
enum envoi_muc_cause {
	ENVOI_MUC_LEFT = 1, /**< envoi_muc_leave(), or another client has left with this nick */
	/** the room has refused to let this client enter: @p condition (section 7.2.17) */
	ENVOI_MUC_REFUSED,
	ENVOI_MUC_KICKED,
	ENVOI_MUC_BANNED,
	/** because of a change of affiliation, or because the room is for members now */
	ENVOI_MUC_NOT_A_MEMBER,
	ENVOI_MUC_DESTROYED, /**< @p alternative */
	ENVOI_MUC_SERVICE_STOPPED,
	ENVOI_MUC_LOST, /**< the room has dropped this client, or no longer knows it (XEP-0410) */
	ENVOI_MUC_NO_ANSWER,
	ENVOI_MUC_SESSION_ENDED, /**< the session of the server, or the use of the extension */
};

/** The end of a stay, or of an attempt to enter. Borrowed for the call. */
struct envoi_muc_end {
	enum envoi_muc_cause cause;
	enum envoi_stanza_condition condition; /**< of REFUSED; else 0 */
	const char *text; /**< for a person; never NULL */
	const char *actor, *reason; /**< NULL: not stated */
	/** another room to enter instead; NULL: none. Of DESTROYED; untrusted input */
	const struct envoi_jid *alternative;
	const char *alternative_password; /**< NULL: none */
	/** the room is entered again, by itself; else its state is ENVOI_MUC_ENDED */
	bool will_rejoin;
};

/** The functions of a room, each OPTIONAL. Called from the loop, `ended` also inside
 * envoi_session_free() and envoi_session_unuse(). Any object may be freed inside. */
struct envoi_muc_events {
	/** The room is entered: the occupants are known, the history follows. @param is_again
	 * after an end with will_rejoin */
	void (*joined)(struct envoi_muc_room *room, bool is_again);
	void (*message)(struct envoi_muc_room *room, const struct envoi_muc_message *message);
	void (*subject)(struct envoi_muc_room *room, const struct envoi_muc_subject *subject);
	/** Occupants that were there before are reported only when a room is entered again. */
	void (*changed)(struct envoi_muc_room *room, const struct envoi_muc_change *change);
	void (*ended)(struct envoi_muc_room *room, const struct envoi_muc_end *end);
};

/** How to enter a room. A zeroed struct but for the nick has the defaults. */
struct envoi_muc_options {
	const char *nick; /**< not empty */
	const char *password; /**< NULL: none */
	/** if another user has the nick, append "_", up to three times */
	bool varies_nick;
	/** a new room stays locked until envoi_muc_config_submit(); false: it gets the default
	 * configuration at once (section 10.1.2) */
	bool configures;
	/** do not enter the room again after it was lost */
	bool does_not_rejoin;
	/** which messages of the history the room is asked for (section 7.2.14); when the room is
	 * entered again, those since 10 s before the last message that has arrived: of these, the
	 * ones that were reported are left out, if the room announces ids (XEP-0359) */
	bool has_max_stanzas, has_since;
	uint32_t max_stanzas;
	int64_t since_ms; /**< milliseconds since 1970-01-01T00:00:00Z */
	uint32_t most_occupants; /**< further ones are not held; 0: 10,000 */
	uint32_t most_history; /**< further messages are dropped; 0: 1,000 */
	/** milliseconds of silence after which the room is asked whether this client is still in
	 * it (XEP-0410); 0: 15 minutes; UINT64_MAX: never */
	uint64_t ping_ms;
};

/**
 * Enter a room: now if the session is online, and in each later session of the server. The room is
 * first asked what it announces. A resumed session keeps its rooms.
 *
 * After an end with will_rejoin the room is entered again with the next session, or after 5 s; that
 * time doubles with each failure, up to 5 minutes. Occupants of before that are still there are not
 * reported again.
 *
 * @param[out] ret_room  owned by the caller; free it before the context
 * @param address        bare address of the room
 * @param options        borrowed for the call
 * @param events         as long-lived as the room
 * @param user           of envoi_muc_user()
 * @retval ENVOI_ERR_STATE    the extension is not used
 * @retval ENVOI_ERR_EXISTS   the session has a room of that address
 * @retval ENVOI_ERR_INVALID  an address or nick is not valid
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_muc_join(struct envoi_muc_room **ret_room,
	struct envoi_session *session, const char *address, const struct envoi_muc_options *options,
	const struct envoi_muc_events *events, void *user);

/** Leave a room. `ended` reports it, at the latest after 10 s. @param status for the others; NULL:
 * none. @retval ENVOI_ERR_STATE the room has ended. Other errors as envoi_send(). */
ENVOI_API int envoi_muc_leave(struct envoi_muc_room *room, const char *status);
/** Free a room, leaving it if it is entered; its functions are not called any more. NULL is
 * allowed. After the session was freed a room has to be freed, too. */
ENVOI_API void envoi_muc_free(struct envoi_muc_room *room);

/** @return what envoi_muc_join() was given */
ENVOI_API void *envoi_muc_user(const struct envoi_muc_room *room);
/** @return the bare address; borrowed as long as the room */
ENVOI_API const struct envoi_jid *envoi_muc_address(const struct envoi_muc_room *room);
/** @return the state of the room: whether it is entered, waits or has ended */
ENVOI_API enum envoi_muc_state envoi_muc_state(const struct envoi_muc_room *room);
/** @return whether the room announces a feature in service discovery, as of the last time it was
 * entered or its configuration has changed: of those that this header, XEP-0313 and XEP-0359 name;
 * false for others */
ENVOI_API bool envoi_muc_announces(const struct envoi_muc_room *room, const char *feature);

/** @return this client's occupant; NULL: the room is not entered */
ENVOI_API const struct envoi_muc_occupant *envoi_muc_self(const struct envoi_muc_room *room);
/** @return the occupant of that nick; NULL: there is none, or it is not held */
ENVOI_API const struct envoi_muc_occupant *envoi_muc_find_occupant(
	const struct envoi_muc_room *room, const char *nick);
/** Visit the occupants, in byte order of their nicks. @param[in,out] position 0 to begin. @return
 * NULL: none is left */
ENVOI_API const struct envoi_muc_occupant *envoi_muc_next_occupant(
	const struct envoi_muc_room *room, size_t *position);
/** @return occupants for which there was no room in most_occupants, since the room was entered */
ENVOI_API uint64_t envoi_muc_occupants_dropped(const struct envoi_muc_room *room);
/** @return whether another occupant's nick differs by case, width or blanks only (RFC 8266, section
 * 2.4; section 13.9 of XEP-0045): a person may take one for the other. The time grows with the
 * number of occupants */
ENVOI_API bool envoi_muc_is_ambiguous(
	const struct envoi_muc_room *room, const struct envoi_muc_occupant *occupant);

/* --- talking --- */

/** Send a text to all occupants (section 7.4). The room sends it back: is_reflection. Errors as
 * envoi_muc_send(). */
ENVOI_API int envoi_muc_say(
	struct envoi_muc_room *room, const char *body, struct envoi_ticket *ticket);
/**
 * Send a message to all occupants. It gets the type groupchat, the address of the room, and an
 * origin-id (XEP-0359).
 *
 * @param message  taken, on failure too; NULL reports ENVOI_ERR_NOMEM
 * @param ticket   as for envoi_send()
 * @retval ENVOI_ERR_STATE  the room is not entered
 * Other errors as envoi_send().
 */
ENVOI_API int envoi_muc_send(
	struct envoi_muc_room *room, struct envoi_stanza *message, struct envoi_ticket *ticket);
/** Send a text to one occupant (section 7.5). @retval ENVOI_ERR_INVALID @p nick is not valid. Other
 * errors as envoi_muc_send(). */
ENVOI_API int envoi_muc_send_private(struct envoi_muc_room *room, const char *nick,
	const char *body, struct envoi_ticket *ticket);
/** Set the subject (section 8.1). @param subject "": none. Errors as envoi_muc_send(). */
ENVOI_API int envoi_muc_set_subject(
	struct envoi_muc_room *room, const char *subject, struct envoi_ticket *ticket);
/** Change the nick (section 7.6). `changed` reports the outcome. When the room has accepted it,
 * later sessions enter with it. @retval ENVOI_ERR_INVALID @p nick is not valid. Other errors as
 * envoi_muc_send(). */
ENVOI_API int envoi_muc_set_nick(struct envoi_muc_room *room, const char *nick);
/** Set the availability for the room (section 7.7). @param show as envoi_presence_set_show().
 * @param status NULL: none. Errors as envoi_muc_send(). */
ENVOI_API int envoi_muc_set_show(struct envoi_muc_room *room, const char *show, const char *status);
/** Request voice in a moderated room (section 7.13). Errors as envoi_muc_send(). */
ENVOI_API int envoi_muc_request_voice(struct envoi_muc_room *room);

/* --- invitations --- */

/** Name of the custom event for an invitation; its data is a struct envoi_muc_invitation. A client
 * does not enter a room by itself. Invitations to rooms that are entered are not reported. */
#define ENVOI_MUC_INVITED "http://jabber.org/protocol/muc#invited"

/** An invitation. Borrowed for the call of the event's row. */
struct envoi_muc_invitation {
	const struct envoi_jid *room;
	/** direct: the sender's full address, which is verified; else what the room states: a real
	 * address or an occupant's; NULL: not stated */
	const struct envoi_jid *from;
	bool is_direct; /**< of a user (XEP-0249); else sent by the room (section 7.8.2) */
	const char *reason, *password, *thread; /**< NULL: none */
};

/** Let the room invite a user (section 7.8.2). @param reason NULL: none. Errors as
 * envoi_muc_send(). */
ENVOI_API int envoi_muc_invite(struct envoi_muc_room *room, const char *jid, const char *reason);
/** Invite a user to the room directly (XEP-0249), with the password that the room was entered with.
 * Parameters and errors as envoi_muc_invite(). */
ENVOI_API int envoi_muc_invite_directly(
	struct envoi_muc_room *room, const char *jid, const char *reason);
/** Decline an invitation that a room has sent. @param room, to, reason the addresses of the
 * invitation; NULL: no reason. Errors as envoi_send(). */
ENVOI_API int envoi_muc_decline(
	struct envoi_session *session, const char *room, const char *to, const char *reason);

/* --- moderators, admins, owners --- */

/*
 * Requests to the room. done and user are as for envoi_request(), and so are errors, but for
 * ENVOI_ERR_STATE: the session was freed.
 */

/** Change the role of an occupant: ROLE_NONE removes it from the room (sections 8.2 to 8.7). @param
 * reason NULL: none */
ENVOI_API ENVOI_MUST_CHECK int envoi_muc_set_role(struct envoi_muc_room *room, const char *nick,
	enum envoi_muc_role role, const char *reason, envoi_answer_fn *done, void *user);
/** Change the affiliation of a user: OUTCAST bans (sections 9 and 10). @param jid the real bare
 * address. @param reason NULL: none */
ENVOI_API ENVOI_MUST_CHECK int envoi_muc_set_affiliation(struct envoi_muc_room *room,
	const char *jid, enum envoi_muc_affiliation affiliation, const char *reason,
	envoi_answer_fn *done, void *user);
/** Request the users of an affiliation (sections 9.2 and 9.5); envoi_answer_payload() is a struct
 * envoi_muc_admin. */
ENVOI_API ENVOI_MUST_CHECK int envoi_muc_get_affiliations(struct envoi_muc_room *room,
	enum envoi_muc_affiliation affiliation, envoi_answer_fn *done, void *user);
/** Request the configuration (section 10.2); envoi_answer_payload() is a struct envoi_muc_owner
 * whose form is to be filled in, by envoi_forms_fill(); NULL: there is nothing to configure. */
ENVOI_API ENVOI_MUST_CHECK int envoi_muc_config_get(
	struct envoi_muc_room *room, envoi_answer_fn *done, void *user);
/** Submit the configuration. @param form a submission; borrowed for the call; NULL: the default
 * configuration, which unlocks a new room (section 10.1.2) */
ENVOI_API ENVOI_MUST_CHECK int envoi_muc_config_submit(struct envoi_muc_room *room,
	const struct envoi_form *form, envoi_answer_fn *done, void *user);
/** Destroy the room (section 10.9). @param alternative bare address of another room; NULL: none.
 * @param reason NULL: none */
ENVOI_API ENVOI_MUST_CHECK int envoi_muc_destroy(struct envoi_muc_room *room,
	const char *alternative, const char *reason, envoi_answer_fn *done, void *user);
/** Retract a message of another occupant (XEP-0425). @param stanza_id of struct envoi_muc_message.
 * @param reason NULL: none. @retval ENVOI_ERR_UNSUPPORTED the room does not announce it */
ENVOI_API ENVOI_MUST_CHECK int envoi_muc_moderate(struct envoi_muc_room *room,
	const char *stanza_id, const char *reason, envoi_answer_fn *done, void *user);

/* --- payloads --- */

/** Which history is wanted (section 7.2.14). */
struct envoi_muc_history {
	bool has_max_chars, has_max_stanzas, has_seconds, has_since;
	uint32_t max_chars, max_stanzas, seconds;
	int64_t since_ms;
};
/** `x` in a presence that enters a room (section 7.2). */
struct envoi_muc_enter {
	char *password; /**< NULL: none */
	struct envoi_muc_history *history; /**< NULL: as the room decides */
};
/** Who has caused a change. */
struct envoi_muc_actor {
	char *nick; /**< or NULL */
	struct envoi_jid *jid; /**< or NULL */
};
/** A user or occupant. */
struct envoi_muc_item {
	enum envoi_muc_affiliation affiliation;
	enum envoi_muc_role role;
	struct envoi_jid *jid; /**< NULL: none, or malformed */
	char *nick; /**< NULL: none */
	struct envoi_muc_actor *actor; /**< NULL: none */
	char *reason; /**< NULL: none */
};
/** A user is invited, or declines. */
struct envoi_muc_invite_or_decline {
	struct envoi_jid *from, *to; /**< NULL: none */
	char *reason; /**< NULL: none */
	char *thread; /**< of a conversation of two that goes on in the room (section 7.9) */
};
/** The room is, or is to be, destroyed. */
struct envoi_muc_destruction {
	struct envoi_jid *jid; /**< of another room; NULL: none */
	char *password, *reason; /**< NULL: none */
};
/** `x` of the room, in presence and messages. */
struct envoi_muc_info {
	struct envoi_muc_item *items; /**< one for each client of an occupant */
	size_t item_count;
	int *codes;
	size_t code_count;
	struct envoi_muc_destruction *destruction; /**< NULL: none */
	struct envoi_muc_invite_or_decline *invites;
	size_t invite_count;
	struct envoi_muc_invite_or_decline *decline; /**< NULL: none */
	char *password; /**< NULL: none */
};
/** A list of users. */
struct envoi_muc_admin {
	struct envoi_muc_item *items;
	size_t item_count;
};
/** What an owner requests, and the answer. */
struct envoi_muc_owner {
	struct envoi_form *form; /**< NULL: none */
	struct envoi_muc_destruction *destruction; /**< NULL: none */
};
/** A direct invitation (XEP-0249). */
struct envoi_muc_conference {
	struct envoi_jid *jid;
	char *password, *reason, *thread; /**< NULL: none */
	bool is_continued;
};
/** An occupant's id (XEP-0421). */
struct envoi_muc_occupant_id {
	char *id;
};
/** A request to retract a message of another occupant (XEP-0425). */
struct envoi_muc_moderation {
	char *id;
	bool retracts;
	char *reason; /**< NULL: none */
};
/** Describes struct envoi_muc_enter. */
ENVOI_API extern const struct envoi_payload_type envoi_muc_enter_type;
/** Describes struct envoi_muc_info. */
ENVOI_API extern const struct envoi_payload_type envoi_muc_info_type;
/** Describes struct envoi_muc_admin. */
ENVOI_API extern const struct envoi_payload_type envoi_muc_admin_type;
/** Describes struct envoi_muc_owner. */
ENVOI_API extern const struct envoi_payload_type envoi_muc_owner_type;
/** Describes struct envoi_muc_conference. */
ENVOI_API extern const struct envoi_payload_type envoi_muc_conference_type;
/** Describes struct envoi_muc_occupant_id. */
ENVOI_API extern const struct envoi_payload_type envoi_muc_occupant_id_type;
/** Describes struct envoi_muc_moderation. */
ENVOI_API extern const struct envoi_payload_type envoi_muc_moderation_type;

#ifdef __cplusplus
}
#endif
#endif
