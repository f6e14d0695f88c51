/*
 * envoi - presence of contacts
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PRESENCE_H
#define ENVOI_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/jid.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_roster;
struct envoi_session;
struct envoi_settings;

/**
 * The presence of contacts, for each of their resources (RFC 6121, section 4), and of the account's
 * other resources. A client has one: envoi_client_presences().
 *
 * An ENVOI_EVENT_PRESENCE is posted for each available presence, and for each unavailable one that
 * ends the presence of a resource that is held. Servers also send unavailable presence of contacts
 * that were not available, at login for instance: it is held for envoi_presences_last(), without an
 * event. The object holds contacts of the roster and the own account only. Presence of rooms
 * (XEP-0045), of strangers and of the session's own full address is delivered to stanza rows only.
 * The presences of a contact that is removed from the roster, or to which the account's
 * subscription ends, are dropped with its ENVOI_EVENT_ROSTER_CHANGED. All are dropped when the
 * session of the server ends (ENVOI_EVENT_ENDED), without an event for each. A session that is
 * suspended and resumed keeps them. A process that resumes the session of an earlier one by a
 * journal (envoi_client_load_journal()) begins with none: the server sends presence when it
 * changes.
 *
 * Limits: limits.presence-resources for one contact, where a new resource replaces the one that was
 * updated longest ago; limits.presences and limits.presence-bytes for all contacts, where a new
 * resource is not held. Limits are read when the object is made and with each ENVOI_EVENT_STARTED.
 *
 * When envoi_presences_probe() fails, envoi_session_problem() of the session has the reason; not
 * after envoi_presences_detach().
 */
struct envoi_presences;

/** The presence of one resource (RFC 6121, section 4.7). */
struct envoi_contact_presence {
	/** the sender: a full address; from some gateways a bare one */
	const struct envoi_jid *jid;
	const char *show; /**< "away", "chat", "dnd", "xa", or NULL; static */
	const char *status; /**< in the stanza's main language; NULL: none */
	int priority; /**< -128..127 */
	bool is_available; /**< false only for envoi_presences_last() */
	int64_t received_ms; /**< milliseconds since 1970, by the context's clock */
};

/**
 * Attach to a session; a client has done so.
 *
 * @param roster    borrowed, must outlive the object or be detached after it
 * @param settings  borrowed, must outlive the object
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_presences_new(struct envoi_presences **ret_presences,
	struct envoi_session *session, const struct envoi_roster *roster,
	const struct envoi_settings *settings);

/** Detach from the session, which must still exist. What is held can still be read. Idempotent. */
ENVOI_API void envoi_presences_detach(struct envoi_presences *presences);

/** Detach and free; NULL is allowed. */
ENVOI_API void envoi_presences_free(struct envoi_presences *presences);

/* What the functions below return is borrowed until a presence arrives or is dropped, which happens
 * in the loop. */

/** @return the number of available resources of all contacts */
ENVOI_API size_t envoi_presences_count(const struct envoi_presences *presences);

/** @return the number of presences not held because of a limit, since the object was made */
ENVOI_API uint64_t envoi_presences_refused(const struct envoi_presences *presences);

/**
 * @return the available resource of a contact with the highest priority, among equal ones the most
 *         available ("chat", none, "away", "xa", "dnd"), then the one updated last; NULL: none is
 *         available, or the contact is not held
 * @param jid  of the contact; a resource in it has no effect
 */
ENVOI_API const struct envoi_contact_presence *envoi_presences_best(
	const struct envoi_presences *presences, const struct envoi_jid *jid);

/** @return the presence of exactly this address; NULL: it is not available, or not held */
ENVOI_API const struct envoi_contact_presence *envoi_presences_find(
	const struct envoi_presences *presences, const struct envoi_jid *jid);

/** Visit the available resources of one contact, the best first. @param previous NULL to begin.
 * @return NULL at the end */
ENVOI_API const struct envoi_contact_presence *envoi_presences_next_of(
	const struct envoi_presences *presences, const struct envoi_jid *jid,
	const struct envoi_contact_presence *previous);

/** Visit the available resources of all contacts, in the order of their updates. @param previous
 * NULL to begin. @return NULL at the end */
ENVOI_API const struct envoi_contact_presence *envoi_presences_next(
	const struct envoi_presences *presences, const struct envoi_contact_presence *previous);

/** @return the last unavailable presence that the contact sent in this session, while it has no
 * available resource; else NULL */
ENVOI_API const struct envoi_contact_presence *envoi_presences_last(
	const struct envoi_presences *presences, const struct envoi_jid *jid);

/**
 * Request the presence of an entity (RFC 6121, section 4.3). The server probes all contacts with
 * the initial presence; this is for others. The answer arrives as presence.
 *
 * @param jid  full, or bare for all resources
 * @retval ENVOI_ERR_STATE  detached. Other errors as envoi_send()
 */
ENVOI_API int envoi_presences_probe(struct envoi_presences *presences, const struct envoi_jid *jid);

#ifdef __cplusplus
}
#endif
#endif
