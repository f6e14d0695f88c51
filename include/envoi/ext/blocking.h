/*
 * envoi - XEP-0191: Blocking Command
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_BLOCKING_H
#define ENVOI_EXT_BLOCKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0191. */
#define ENVOI_NS_BLOCKING "urn:xmpp:blocking"
/** Namespace of the condition `blocked` in errors. */
#define ENVOI_NS_BLOCKING_ERRORS "urn:xmpp:blocking:errors"

/** The most addresses that a session holds. */
#define ENVOI_BLOCKING_LIMIT 10000

/**
 * The addresses that the account has blocked. Use it with envoi_session_use(session,
 * &envoi_blocking_extension, NULL), before or after the login.
 *
 * It requests the list with each new session of the server (XEP-0191, section 3.2), which also
 * subscribes to changes; a resumed session keeps both. Changes are accepted only from the account
 * itself. Others are answered with service-unavailable and counted, and the first one is logged. At
 * most ENVOI_BLOCKING_LIMIT addresses are held; a list with more is incomplete.
 *
 * The server applies the list: it delivers no stanza of a blocked address.
 */
ENVOI_API extern const struct envoi_extension envoi_blocking_extension;

/** Name of the custom event for a change of the list; its data is a struct envoi_blocking_change.
 */
#define ENVOI_BLOCKING_CHANGED "urn:xmpp:blocking#changed"

/** What has changed. */
enum envoi_blocking_change_kind {
	ENVOI_BLOCKING_FETCHED = 1, /**< the list was replaced by the server's */
	/** the server does not implement it, has refused, or has not answered; the list is empty */
	ENVOI_BLOCKING_FAILED,
	ENVOI_BLOCKING_BLOCKED, /**< @p jids were added */
	ENVOI_BLOCKING_UNBLOCKED, /**< @p jids were removed */
	ENVOI_BLOCKING_CLEARED, /**< all were removed */
};

/** A change of the list. Borrowed for the call of the event's row, with all that it points to. */
struct envoi_blocking_change {
	enum envoi_blocking_change_kind kind;
	struct envoi_jid *const *jids; /**< of BLOCKED and UNBLOCKED */
	size_t jid_count;
	const char *text; /**< of FAILED: the reason, for a person; else NULL */
};

/** @return whether the session holds all blocked addresses; false until the list has arrived, and
 * where the extension is not used */
ENVOI_API bool envoi_blocking_is_complete(const struct envoi_session *session);

/** @return the number of changes that were refused because another entity sent them */
ENVOI_API uint64_t envoi_blocking_refused(const struct envoi_session *session);

/** Visit the addresses. @param[in,out] position 0 to begin. @return borrowed until the list
 * changes, which happens in the loop; NULL: none is left */
ENVOI_API const struct envoi_jid *envoi_blocking_next(
	const struct envoi_session *session, size_t *position);

/**
 * @return whether an entry that the session holds blocks stanzas of an address (section 6): the
 *         full address, its bare address, or its domain with or without that resource. The time is
 *         linear in the length of the list
 */
ENVOI_API bool envoi_blocking_is_blocked(
	const struct envoi_session *session, const struct envoi_jid *jid);

/**
 * Block addresses (section 3.3): a bare address with all its resources, one full address, or a
 * domain with all its users. The list changes when the server reports the change, before or after
 * @p done. A server that implements the extension announces ENVOI_NS_BLOCKING for its domain.
 *
 * @param jids   borrowed for the call
 * @param count  from 1
 * @param done   called exactly once, as for envoi_request()
 * @param user   passed to @p done
 * @retval ENVOI_ERR_INVALID  @p count is 0, or an address is NULL
 * Other errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_blocking_block(struct envoi_session *session,
	struct envoi_jid *const *jids, size_t count, envoi_answer_fn *done, void *user);

/** Unblock addresses (section 3.4): exactly these entries. Parameters and errors as
 * envoi_blocking_block(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_blocking_unblock(struct envoi_session *session,
	struct envoi_jid *const *jids, size_t count, envoi_answer_fn *done, void *user);

/** Unblock all addresses (section 3.5). Parameters and errors as envoi_blocking_block(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_blocking_unblock_all(
	struct envoi_session *session, envoi_answer_fn *done, void *user);

/** @return whether an error reports that a stanza was not sent because the account has blocked its
 * recipient (section 3.3); @p error may be NULL */
ENVOI_API bool envoi_blocking_is_reason(const struct envoi_stanza_error *error);

/** Addresses of a list, a command or a push. */
struct envoi_blocking_items {
	struct envoi_jid **jids;
	size_t jid_count;
};
/** Describes struct envoi_blocking_items: `block`, which has one at least. */
ENVOI_API extern const struct envoi_payload_type envoi_blocking_block_type;
/** Describes struct envoi_blocking_items: `unblock`, where no address means all. */
ENVOI_API extern const struct envoi_payload_type envoi_blocking_unblock_type;
/** Describes struct envoi_blocking_items: `blocklist`, without its malformed addresses. */
ENVOI_API extern const struct envoi_payload_type envoi_blocking_list_type;

#ifdef __cplusplus
}
#endif
#endif
