/*
 * envoi - XEP-0313: Message Archive Management
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_MAM_H
#define ENVOI_EXT_MAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/ext/forms.h>
#include <envoi/ext/rsm.h>
#include <envoi/ext/stanza_forwarding.h>
#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0313. */
#define ENVOI_NS_MAM "urn:xmpp:mam:2"
/** Feature of an archive with the fields `before-id`, `after-id` and `ids` (section 8). */
#define ENVOI_NS_MAM_EXTENDED "urn:xmpp:mam:2#extended"
/** Feature of an archive with the field `include-groupchat` (section 8). */
#define ENVOI_NS_MAM_GROUPCHAT "urn:xmpp:mam:2#groupchat-field"
/** Feature of an archive that searches texts (XEP-0431). */
#define ENVOI_NS_MAM_FULLTEXT "urn:xmpp:fulltext:0"

enum {
	/** the most bytes of an id in an archive; an item with a longer one is dropped */
	ENVOI_MAM_ID_BYTES = 1000,
	ENVOI_MAM_MOST_PER_PAGE = 250, /**< the most items of a page */
	ENVOI_MAM_PER_PAGE = 50, /**< the default items of a page */
	ENVOI_MAM_LIMIT = 5000, /**< the default items of a query, or of one catching up */
	ENVOI_MAM_OVERLAP_MS = 600000, /**< the default of struct envoi_mam_sync_options */
	/** the most ids that a sync compares, of messages and of items each */
	ENVOI_MAM_KNOWN_IDS = 10000,
};

/**
 * Archives of the account and of rooms. Use it with envoi_session_use(session,
 * &envoi_mam_extension, NULL), before or after the login; the functions below need it.
 *
 * An item is accepted only from the archive of the query, with the id of a pending query (sections
 * 4.2 and 9.3). Others are dropped and counted, and the first one is logged. The message around an
 * item reaches no other row of stanzas.
 */
ENVOI_API extern const struct envoi_extension envoi_mam_extension;

/** @return the number of items that were dropped because another entity sent them, no query was
 * pending, or the sender of a message of a room is not one of its occupants */
ENVOI_API uint64_t envoi_mam_refused(const struct envoi_session *session);

/* --- queries --- */

/**
 * Which messages of an archive match (section 4.1). A zeroed member restricts nothing.
 *
 * `before_id`, `after_id` and `ids` need the feature ENVOI_NS_MAM_EXTENDED of the archive, `text`
 * needs ENVOI_NS_MAM_FULLTEXT, and `is_groupchat` needs ENVOI_NS_MAM_GROUPCHAT. If the archive does
 * not announce the feature, the query is not sent and ends with ENVOI_ERR_UNSUPPORTED, because some
 * archives ignore unknown fields.
 */
struct envoi_mam_filter {
	/** the other address; without a resource it matches all resources */
	struct envoi_jid *with;
	bool has_start, has_end;
	/** milliseconds since 1970-01-01T00:00:00Z, both included */
	int64_t start_ms, end_ms;
	char *before_id, *after_id; /**< ids of the archive; both items are excluded */
	char **ids; /**< these items only */
	size_t id_count;
	char *text; /**< words to search for; the archive decides what matches (XEP-0431) */
	bool has_groupchat;
	bool is_groupchat; /**< whether messages of type groupchat are included */
};

/** A query. Owned by the session; valid until its `end` has returned. */
struct envoi_mam_query;

/** What to fetch. A zeroed struct fetches the own archive from the oldest message on. */
struct envoi_mam_query_options {
	const char *archive; /**< the bare address of a room; NULL: the account's own */
	const struct envoi_mam_filter *filter; /**< NULL: all messages; copied */
	/** from the newest page to older ones; the items of a page are in the order of time */
	bool is_backward;
	/** the id of an item: begin behind it, or before it if @p is_backward; NULL: begin with the
	 * oldest item, or the newest one if @p is_backward */
	const char *from_id;
	uint32_t page; /**< items that are requested at a time, 1 to 250; 0: 50 */
	uint32_t limit; /**< items in all, up to 1,000,000; 0: 5,000 */
	uint64_t timeout_ms; /**< of each page; 0: the setting request.timeout */
};

/** An item of an archive. Borrowed for the call. */
struct envoi_mam_item {
	const char *id; /**< in the archive; identifies the item */
	bool has_stamp;
	/** when the archive received the message, as the archive states it: milliseconds since
	 * 1970-01-01T00:00:00Z. A delay inside the message may be forged */
	int64_t stamp_ms;
	/** envoi_stanza_ref() keeps it; NULL: the archive has removed the message (section 3.2).
	 * Archives also store private messages of rooms, invitations and receipts. It must not be
	 * answered automatically */
	struct envoi_stanza *message;
	/** of a sync by time: the message may have been fetched before; the program compares its
	 * id */
	bool may_be_known;
};

/** How a query or the catching up of a sync has ended. Borrowed for the call. */
struct envoi_mam_end {
	/**
	 * - ENVOI_OK: the limit or the end of the archive is reached;
	 * - ENVOI_ERR_UNSUPPORTED: the entity has no archive, or the archive does not announce a
	 *   feature that the query needs;
	 * - ENVOI_ERR_STANZA: the archive has refused the query with @p condition; item-not-found:
	 *   it has no item with an id of the query. Some archives then ignore the id, or return no
	 *   items;
	 * - ENVOI_ERR_PROTOCOL: the archive ignores a field or the size of the page, or does not
	 *   advance: @p text names it. Items that do not match were not reported;
	 * - ENVOI_ERR_CANCELED: envoi_mam_cancel(), the end of the extension's use, or of the
	 *   session;
	 * - else as envoi_answer_code().
	 */
	int code;
	const char *text; /**< for a person; never NULL */
	enum envoi_stanza_condition condition; /**< of ENVOI_ERR_STANZA; else 0 */
	bool is_complete; /**< the archive has no further items that match */
	/** false: the order of the items may change; the program does not store them (section
	 * 4.3) */
	bool is_stable;
	/** of a sync: messages between the cursor at the beginning and the first item may be
	 * missing */
	bool has_gap;
	size_t count; /**< items reported */
	/** ids of the oldest and of the newest item; NULL: none. A query with one of them as
	 * `from_id` continues this one */
	const char *oldest_id, *newest_id;
	bool has_total;
	uint32_t total; /**< items that match, as the archive estimates it */
};

/** The functions of a query or a sync. Called from the loop, `end` also inside
 * envoi_session_free() and envoi_session_unuse(). Any object may be freed inside. */
struct envoi_mam_events {
	/** An item. Each is reported once in a query, in the order of the page. */
	void (*item)(void *user, const struct envoi_mam_item *item);
	/** The end. Called once for a query, after its last item; once for each catching up of a
	 * sync. */
	void (*end)(void *user, const struct envoi_mam_end *end);
};

/**
 * Fetch items, page by page. The first query in an epoch of the session requests the features of
 * the archive before.
 *
 * Items are verified against `with` (in the account's own archive), `start`, `end` (to the second)
 * and `ids`, and pages against the requested size.
 *
 * @param options         borrowed for the call
 * @param events          both functions are required; as long-lived as the query
 * @param[out] ret_query  NULL: not wanted
 * @retval ENVOI_ERR_STATE    the extension is not used, or the session is not online
 * @retval ENVOI_ERR_INVALID  an address, a filter, a function or the page is not valid
 * @retval ENVOI_ERR_NOMEM
 * Other errors as envoi_request(): @p events are not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_mam_fetch(struct envoi_session *session,
	const struct envoi_mam_query_options *options, const struct envoi_mam_events *events,
	void *user, struct envoi_mam_query **ret_query);

/** End a query with ENVOI_ERR_CANCELED: `end` is called from the loop, `item` is not called any
 * more. No effect inside `end`; NULL is allowed. */
ENVOI_API void envoi_mam_cancel(struct envoi_mam_query *query);

/* --- keeping a copy of an archive up to date --- */

/** Fetches the messages that an archive has received while there was no session. Owned by the
 * caller. */
struct envoi_mam_sync;

/** How to catch up. A zeroed struct has the defaults. */
struct envoi_mam_sync_options {
	const char *archive; /**< the bare address of a room; NULL: the account's own */
	uint32_t page; /**< as of struct envoi_mam_query_options */
	uint32_t limit; /**< items of one catching up; 0: 5,000 */
	uint32_t first; /**< items to fetch without a cursor: the newest ones, 1 to 250; 0: 50 */
	/** milliseconds before the cursor from which a query by time begins; 0: 10 minutes */
	uint64_t overlap_ms;
	uint64_t timeout_ms; /**< of each page; 0: the setting request.timeout */
};

/**
 * Make a sync. That of the account catches up at each new session of the server, beginning before
 * the first message of the session is delivered, or at once if the session is online; that of a
 * room when envoi_mam_sync_start() is called, after each join. A resumed session does not catch up,
 * because it loses no message.
 *
 * Items are fetched from the cursor on. If the archive has no item with its id, or begins with an
 * item that is older by `overlap_ms`, they are fetched by time, from `overlap_ms` before the cursor
 * on: `has_gap` of the end is then true, and items up to the time of the cursor have
 * `may_be_known`.
 *
 * A message that arrives while items are fetched is not also reported as an item. Both are compared
 * by the stanza-id of the archive, if the message has exactly one and the archive announces
 * ENVOI_NS_STANZA_IDS (XEP-0359, section 6). A message without such an id may be reported twice.
 * Copies by carbons (XEP-0280) count as messages.
 *
 * The cursor advances with each page, and after the end of the archive with each message of the
 * session. Messages that other clients of the account send arrive in this session only if carbons
 * are enabled. Without carbons they are missing in the copy, also after the next catching up if the
 * cursor has advanced beyond them.
 *
 * If a new session is of another account, the sync of the account begins there without a cursor.
 *
 * @param[out] ret_sync  owned by the caller; free it before the context
 * @param options        NULL: the defaults; borrowed for the call
 * @param cursor         of envoi_mam_sync_cursor(); NULL: the copy is empty; copied
 * @param events         as for envoi_mam_fetch(); as long-lived as the sync
 * @retval ENVOI_ERR_STATE    the extension is not used
 * @retval ENVOI_ERR_INVALID  an address, the cursor, a function or a number is not valid
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_mam_sync_new(struct envoi_mam_sync **ret_sync,
	struct envoi_session *session, const struct envoi_mam_sync_options *options,
	const char *cursor, const struct envoi_mam_events *events, void *user);

/** Free a sync; its functions are not called any more. NULL is allowed. After the session was freed
 * a sync has to be freed, too. */
ENVOI_API void envoi_mam_sync_free(struct envoi_mam_sync *sync);

/**
 * Catch up now. It also continues after an end at the limit, or a failure.
 *
 * @retval ENVOI_ERR_EXISTS  the sync is already catching up
 * @retval ENVOI_ERR_STATE   the session is not online, or was freed; or the extension is not used
 * Other errors as envoi_mam_fetch().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_mam_sync_start(struct envoi_mam_sync *sync);

/** @return the position at which the copy of the archive ends, an opaque text for the next sync,
 * also of another process; borrowed until the next turn of the loop; NULL: nothing was
 * fetched. A program that stores items and cursor together misses no item */
ENVOI_API const char *envoi_mam_sync_cursor(const struct envoi_mam_sync *sync);

/** @return whether the sync has reached the end of the archive in this session of the server, so
 * that the cursor advances with messages */
ENVOI_API bool envoi_mam_sync_is_current(const struct envoi_mam_sync *sync);

/** @return whether a message that is being delivered was already reported as an item in this
 * session; false if @p message is NULL */
ENVOI_API bool envoi_mam_sync_has(
	const struct envoi_mam_sync *sync, const struct envoi_stanza *message);

/* --- about an archive --- */

/** The first or last item of an archive (section 5). */
struct envoi_mam_edge {
	char *id;
	int64_t stamp_ms;
};
/** The first and the last item of an archive; both are NULL if it is empty. */
struct envoi_mam_metadata {
	struct envoi_mam_edge *start, *end;
};
/** Describes struct envoi_mam_metadata. */
ENVOI_API extern const struct envoi_payload_type envoi_mam_metadata_type;

/**
 * Request the first and last item (section 5). Archives with the feature ENVOI_NS_MAM_EXTENDED
 * support it.
 *
 * @param archive  the bare address of a room; NULL: the account's own
 * @param done     called exactly once, as for envoi_request(); envoi_answer_payload() is a struct
 *                 envoi_mam_metadata
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_mam_metadata_get(
	struct envoi_session *session, const char *archive, envoi_answer_fn *done, void *user);

/** Request the fields that an archive supports (section 4.1.6); envoi_answer_payload() is a struct
 * envoi_mam_request, of which `form` is set. Parameters and errors as envoi_mam_metadata_get(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_mam_fields_get(
	struct envoi_session *session, const char *archive, envoi_answer_fn *done, void *user);

/* --- preferences (XEP-0441) --- */

/** Which messages are archived if their address is in neither list. */
enum envoi_mam_default {
	ENVOI_MAM_ALWAYS = 1,
	ENVOI_MAM_NEVER,
	ENVOI_MAM_ROSTER, /**< those of contacts in the roster */
};
/** Addresses; one without a resource matches all resources. */
struct envoi_mam_list {
	struct envoi_jid **jids;
	size_t count;
};
/** The preferences of the account's archive (XEP-0441, section 2). */
struct envoi_mam_preferences {
	enum envoi_mam_default by_default;
	struct envoi_mam_list *always, *never; /**< NULL: none */
};
/** Describes struct envoi_mam_preferences. */
ENVOI_API extern const struct envoi_payload_type envoi_mam_preferences_type;

/** Request the preferences of the account; envoi_answer_payload() is a struct
 * envoi_mam_preferences. Parameters and errors as envoi_mam_metadata_get(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_mam_preferences_get(
	struct envoi_session *session, envoi_answer_fn *done, void *user);
/** Replace the preferences of the account. The payload of the answer has the preferences that the
 * server has applied, which may differ. @param preferences borrowed for the call. Other parameters
 * and errors as envoi_mam_preferences_get(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_mam_preferences_set(struct envoi_session *session,
	const struct envoi_mam_preferences *preferences, envoi_answer_fn *done, void *user);

/* --- payloads --- */

/** A query as it is sent, and the answer with the fields. */
struct envoi_mam_request {
	char *query_id; /**< NULL: none */
	char *node; /**< of archives of publish-subscribe (XEP-0442); NULL: none */
	struct envoi_form *form; /**< NULL: none */
	struct envoi_rsm_request *set; /**< NULL: none */
	bool is_flipped; /**< the newest item of a page comes first (section 4.3.4) */
};
/** An item as it arrives (section 4.2). */
struct envoi_mam_result {
	char *query_id; /**< NULL: none */
	char *id;
	struct envoi_stanza_forwarding forwarded;
};
/** The end of a page (section 4.3). */
struct envoi_mam_fin {
	bool is_complete;
	bool is_stable; /**< true by default */
	struct envoi_rsm_result *set; /**< NULL: none, or malformed */
};
/** Describes struct envoi_mam_request. */
ENVOI_API extern const struct envoi_payload_type envoi_mam_request_type;
/** Describes struct envoi_mam_result. */
ENVOI_API extern const struct envoi_payload_type envoi_mam_result_type;
/** Describes struct envoi_mam_fin. */
ENVOI_API extern const struct envoi_payload_type envoi_mam_fin_type;
/** Describes the fields of struct envoi_mam_filter, for <envoi/ext/forms.h>. */
ENVOI_API extern const struct envoi_payload_type envoi_mam_filter_type;

#ifdef __cplusplus
}
#endif
#endif
