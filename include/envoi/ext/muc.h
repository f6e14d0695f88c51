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

/** Namespace of the payload of who enters a room. */
#define ENVOI_NS_MUC "http://jabber.org/protocol/muc"
/** Namespace of what a room states of an occupant. */
#define ENVOI_NS_MUC_USER "http://jabber.org/protocol/muc#user"
/** Namespace of requests of moderators and admins. */
#define ENVOI_NS_MUC_ADMIN "http://jabber.org/protocol/muc#admin"
/** Namespace of requests of owners. */
#define ENVOI_NS_MUC_OWNER "http://jabber.org/protocol/muc#owner"
/** Namespace of direct invitations (XEP-0249). */
#define ENVOI_NS_MUC_CONFERENCE "jabber:x:conference"
/** Namespace of ids of occupants (XEP-0421). */
#define ENVOI_NS_MUC_OCCUPANT_ID "urn:xmpp:occupant-id:0"
/** Namespace of retractions by moderators (XEP-0425). */
#define ENVOI_NS_MUC_MODERATION "urn:xmpp:message-moderate:1"

enum {
	ENVOI_MUC_MOST_OCCUPANTS = 10000, /**< the default of most_occupants */
	ENVOI_MUC_MOST_HISTORY = 1000, /**< the default of most_history */
	ENVOI_MUC_MOST_CODES = 32, /**< the most status codes of a stanza */
	ENVOI_MUC_MOST_ITEMS = 10000, /**< the most entries of a list of affiliations */
};

/**
 * Rooms for a session. Use it with envoi_session_use(session, &envoi_muc_extension, NULL), before
 * or after the login; the functions below need it.
 *
 * The functions of struct envoi_muc_events report the stanzas of entered rooms: messages of type
 * groupchat, the room's own messages, private messages, and presence of occupants. These stanzas
 * reach no row of stanzas with a priority below 100.
 *
 * Roles, affiliations, real addresses and status codes are read only from presence and from
 * messages of the room's bare address, never from messages of occupants (XEP-0045, section 13;
 * XEP-0313, section 9.4).
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

/** A room that is entered, or will be. Owned by the caller. */
struct envoi_muc_room;

/** An occupant. Borrowed from the room until it changes, which happens in the loop. */
struct envoi_muc_occupant {
	const char *nick; /**< any text: compared byte by byte */
	/** an id that does not change with the nick (XEP-0421); NULL: the room does not announce
	 * such ids */
	const char *id;
	const struct envoi_jid *jid; /**< the real address; NULL: the room does not state it */
	enum envoi_muc_role role;
	enum envoi_muc_affiliation affiliation;
	const char *show; /**< "away", "chat", "dnd", "xa" or NULL; static */
	bool is_self;
};

/** The state of a room. */
enum envoi_muc_state {
	ENVOI_MUC_WAITING = 1, /**< there is no session, or the next attempt comes later */
	ENVOI_MUC_JOINING,
	ENVOI_MUC_JOINED,
	ENVOI_MUC_LEAVING,
	ENVOI_MUC_ENDED, /**< final: only envoi_muc_free() has an effect */
};

/** A message of a room. Borrowed for the call, with all that it points to. */
struct envoi_muc_message {
	struct envoi_stanza *stanza; /**< envoi_stanza_ref() keeps it */
	const char *nick; /**< of the sender; NULL: the room itself */
	/** the sender; NULL: not held, or the message is of the history */
	const struct envoi_muc_occupant *occupant;
	const char *body; /**< NULL: none */
	/** the sender's id (XEP-0421); NULL: the room does not announce such ids */
	const char *occupant_id;
	/** the id in the room's archive; NULL: the room does not announce such ids (XEP-0359) */
	const char *stanza_id;
	bool is_private; /**< sent to this occupant only (section 7.5) */
	/** the sender is this client, or another one of the account with the same nick: compared by
	 * the occupant id; without such ids by the nick, but not if `is_old` */
	bool is_own;
	/** this client has sent it with the ticket of envoi_muc_send(), and its text may have been
	 * changed by the room */
	bool is_reflection;
	/** of the history: sent before the room was entered, at @p sent_ms */
	bool is_old;
	int64_t sent_ms; /**< milliseconds since 1970-01-01T00:00:00Z */
	/** a moderator has retracted the message with this id in the archive, for @p reason
	 * (XEP-0425): a message of the room itself; NULL: none */
	const char *moderated_id;
	const char *reason; /**< NULL: none */
};

/** A subject. Borrowed for the call. */
struct envoi_muc_subject {
	const char *text; /**< "": none is set */
	const char *nick; /**< of the occupant who has set it; NULL: not stated, or the room */
	bool is_first; /**< the subject at the time of entering; it ends the history */
	const struct envoi_stanza *stanza;
};

/** What has changed. */
enum envoi_muc_change_kind {
	ENVOI_MUC_OCCUPANT_JOINED = 1,
	ENVOI_MUC_OCCUPANT_LEFT, /**< removed after the call; @p codes are the reason */
	ENVOI_MUC_OCCUPANT_CHANGED, /**< role, affiliation, availability or others */
	ENVOI_MUC_OCCUPANT_RENAMED, /**< from @p old_nick */
	/** of a user who is not in the room: @p jid, @p affiliation (section 9) */
	ENVOI_MUC_AFFILIATION_CHANGED,
	ENVOI_MUC_CONFIGURATION_CHANGED, /**< @p codes (section 10.2.1) */
	ENVOI_MUC_NICK_REFUSED, /**< envoi_muc_set_nick(): @p reason; the nick is the old one */
	ENVOI_MUC_INVITATION_DECLINED, /**< by @p jid: @p reason */
};

/** A change in a room. Borrowed for the call, with all that it points to. Members that do not
 * belong to its kind are NULL or 0. */
struct envoi_muc_change {
	enum envoi_muc_change_kind kind;
	const struct envoi_muc_occupant *occupant;
	const char *old_nick;
	const struct envoi_jid *jid;
	enum envoi_muc_affiliation affiliation;
	const char *actor; /**< nick or address of the user who caused it; NULL: not stated */
	const char *reason; /**< NULL: none */
	const int *codes; /**< status codes (section 15.6.2) */
	size_t code_count;
	const struct envoi_stanza *stanza; /**< NULL: the change results from entering again */
};

/** The cause of an end. */
enum envoi_muc_cause {
	ENVOI_MUC_LEFT = 1, /**< envoi_muc_leave(), or another client with this nick has left */
	/** the room has refused the entry with @p condition (section 7.2.17) */
	ENVOI_MUC_REFUSED,
	ENVOI_MUC_KICKED,
	ENVOI_MUC_BANNED,
	/** the affiliation has changed, or the room is now for members only */
	ENVOI_MUC_NOT_A_MEMBER,
	ENVOI_MUC_DESTROYED, /**< @p alternative */
	ENVOI_MUC_SERVICE_STOPPED,
	ENVOI_MUC_LOST, /**< this client is no longer an occupant (XEP-0410) */
	ENVOI_MUC_NO_ANSWER, /**< the room has not answered in time */
	ENVOI_MUC_SESSION_ENDED, /**< the session of the server or the use of the extension ended */
};

/** The end of a stay in a room, or a failed attempt to enter it. Borrowed for the call. */
struct envoi_muc_end {
	enum envoi_muc_cause cause;
	enum envoi_stanza_condition condition; /**< of REFUSED; else 0 */
	const char *text; /**< for a person; never NULL */
	const char *actor, *reason; /**< NULL: not stated */
	/** another room to enter instead; NULL: none. Of DESTROYED; untrusted input */
	const struct envoi_jid *alternative;
	const char *alternative_password; /**< NULL: none */
	/** the library enters the room again; false: the state is ENVOI_MUC_ENDED */
	bool will_rejoin;
};

/** The functions of a room, each OPTIONAL. Called from the loop, `ended` also inside
 * envoi_session_free() and envoi_session_unuse(). Any object may be freed inside. */
struct envoi_muc_events {
	/** The room is entered. All occupants are available; the history follows. @param is_again
	 * after an end with will_rejoin */
	void (*joined)(struct envoi_muc_room *room, bool is_again);
	/** A message was sent to the room, or in it to this occupant. */
	void (*message)(struct envoi_muc_room *room, const struct envoi_muc_message *message);
	/** The room has stated its subject, which may be empty. */
	void (*subject)(struct envoi_muc_room *room, const struct envoi_muc_subject *subject);
	/** A change. The occupants that are present at the first entry are not reported. When the
	 * room is entered again, the differences are. */
	void (*changed)(struct envoi_muc_room *room, const struct envoi_muc_change *change);
	/** The stay in the room, or the attempt to enter, has ended. */
	void (*ended)(struct envoi_muc_room *room, const struct envoi_muc_end *end);
};

/** How to enter a room. Zeroed members other than the nick have the defaults. */
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
	/** which messages of the history are requested (section 7.2.14). When the room is entered
	 * again, the history since 10 s before the last message is requested, and if the room
	 * announces ids (XEP-0359), messages that were reported are left out */
	bool has_max_stanzas, has_since;
	uint32_t max_stanzas;
	int64_t since_ms; /**< milliseconds since 1970-01-01T00:00:00Z */
	uint32_t most_occupants; /**< further occupants are not held; 0: 10,000 */
	uint32_t most_history; /**< further messages of the history are dropped; 0: 1,000 */
	/** milliseconds without a stanza of the room after which a ping verifies that this client
	 * is still in it (XEP-0410); 0: 15 minutes; UINT64_MAX: never */
	uint64_t ping_ms;
};

/**
 * Enter a room: now if the session is online, and in each later session of the server. The features
 * of the room are requested first. A resumed session keeps its rooms.
 *
 * After an end with will_rejoin the room is entered again in the next session, or after 5 s; that
 * time doubles with each failure, up to 5 minutes. Occupants that are still present are not
 * reported again.
 *
 * @param[out] ret_room  owned by the caller; free it before the context
 * @param address        bare address of the room
 * @param options        borrowed for the call
 * @param events         as long-lived as the room
 * @param user           returned by envoi_muc_user()
 * @retval ENVOI_ERR_STATE    the extension is not used
 * @retval ENVOI_ERR_EXISTS   the session has a room of that address
 * @retval ENVOI_ERR_INVALID  an address or nick is not valid
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_muc_join(struct envoi_muc_room **ret_room,
	struct envoi_session *session, const char *address, const struct envoi_muc_options *options,
	const struct envoi_muc_events *events, void *user);

/** Leave a room. `ended` reports it, after 10 s at the latest. @param status a text for the other
 * occupants; NULL: none. @retval ENVOI_ERR_STATE the room has ended. Other errors as
 * envoi_send(). */
ENVOI_API int envoi_muc_leave(struct envoi_muc_room *room, const char *status);
/** Free a room, and leave it if it is entered. Its functions are not called any more. NULL is
 * allowed. A room has to be freed even after its session was freed. */
ENVOI_API void envoi_muc_free(struct envoi_muc_room *room);

/** @return @p user of envoi_muc_join() */
ENVOI_API void *envoi_muc_user(const struct envoi_muc_room *room);
/** @return the bare address; borrowed as long as the room */
ENVOI_API const struct envoi_jid *envoi_muc_address(const struct envoi_muc_room *room);
/** @return the state of the room: whether it is entered, waits or has ended */
ENVOI_API enum envoi_muc_state envoi_muc_state(const struct envoi_muc_room *room);
/** @return whether the room announced a feature in service discovery when it was last entered or
 * its configuration has changed; false for features other than those of this header, XEP-0313 and
 * XEP-0359 */
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
/** @return the number of occupants beyond most_occupants since the room was entered */
ENVOI_API uint64_t envoi_muc_occupants_dropped(const struct envoi_muc_room *room);
/** @return whether the nick of another occupant differs only in case, width or blanks (RFC 8266,
 * section 2.4; XEP-0045, section 13.9), so that users may confuse them. The time is linear in the
 * number of occupants */
ENVOI_API bool envoi_muc_is_ambiguous(
	const struct envoi_muc_room *room, const struct envoi_muc_occupant *occupant);

/* --- talking --- */

/** Send a text to all occupants (section 7.4). The room reflects it, with is_reflection. Errors as
 * envoi_muc_send(). */
ENVOI_API int envoi_muc_say(
	struct envoi_muc_room *room, const char *body, struct envoi_ticket *ticket);
/**
 * Send a message to all occupants. It gets the type groupchat, the address of the room, and an
 * origin-id (XEP-0359).
 *
 * While the session is suspended the message waits. It is sent if the session is resumed, because
 * the room still has the occupant. If a new session starts, which has to enter the room first, the
 * ticket ends with ENVOI_TICKET_NOT_SENT; the program may send the message again when the room is
 * entered.
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

/** Name of the custom event for an invitation; its data is a struct envoi_muc_invitation. The
 * library does not enter the room. Invitations to entered rooms are not reported. */
#define ENVOI_MUC_INVITED "http://jabber.org/protocol/muc#invited"

/** An invitation. Borrowed for the call of the event's row. */
struct envoi_muc_invitation {
	const struct envoi_jid *room;
	/** direct: the full address of the sender; otherwise as the room states it, a real address
	 * or that of an occupant; NULL: not stated */
	const struct envoi_jid *from;
	bool is_direct; /**< of a user (XEP-0249); else sent by the room (section 7.8.2) */
	const char *reason, *password, *thread; /**< NULL: none */
};

/** Request the room to invite a user (section 7.8.2). @param reason NULL: none. Errors as
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
 * Requests to the room. `done`, `user` and errors are as for envoi_request(). ENVOI_ERR_STATE is
 * also returned after the session was freed.
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

/** The history to request (section 7.2.14). */
struct envoi_muc_history {
	bool has_max_chars, has_max_stanzas, has_seconds, has_since;
	uint32_t max_chars, max_stanzas, seconds;
	int64_t since_ms;
};
/** `x` in a presence that enters a room (section 7.2). */
struct envoi_muc_enter {
	char *password; /**< NULL: none */
	struct envoi_muc_history *history; /**< NULL: the default of the room */
};
/** The user who caused a change. */
struct envoi_muc_actor {
	char *nick; /**< NULL: not stated */
	struct envoi_jid *jid; /**< NULL: not stated */
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
/** An invitation, or its refusal. */
struct envoi_muc_invite_or_decline {
	struct envoi_jid *from, *to; /**< NULL: none */
	char *reason; /**< NULL: none */
	char *thread; /**< of a conversation of two that goes on in the room (section 7.9) */
};
/** The destruction of a room, reported or requested. */
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
/** A request of an owner, or its answer. */
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
