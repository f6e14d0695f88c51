/*
 * envoi - XEP-0202: Entity Time
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_ENTITY_TIME_H
#define ENVOI_EXT_ENTITY_TIME_H

#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0202. */
#define ENVOI_NS_ENTITY_TIME "urn:xmpp:time"

/** The time of an entity (XEP-0202, section 2). */
struct envoi_entity_time {
	int64_t utc_ms; /**< milliseconds since 1970-01-01T00:00:00Z by the entity's clock */
	int zone_minutes; /**< its time zone: minutes ahead of UTC, -840 to 840 */
};

/** Describes struct envoi_entity_time, the payload of envoi_entity_time_get(). */
ENVOI_API extern const struct envoi_payload_type envoi_entity_time_type;

/**
 * Request the time of an entity (XEP-0202, section 3).
 *
 * The time is a claim of the entity: it proves nothing about when other stanzas were sent (section
 * 6).
 *
 * @param to           a bare or full address, or a domain; NULL: the domain of the session's
 *                     address, which is the account's server
 * @param timeout_ms   milliseconds; 0: the setting request.timeout
 * @param done         called exactly once, as for envoi_request(); envoi_answer_payload() is a
 *                     struct envoi_entity_time, borrowed
 * @param user         passed to @p done
 * @param ret_request  NULL: not wanted; else as for envoi_request()
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_entity_time_get(struct envoi_session *session, const char *to,
	uint64_t timeout_ms, envoi_answer_fn *done, void *user, struct envoi_request **ret_request);

/**
 * Make a handler that answers requests with the time of the context's clock. No client has one by
 * default: a time zone reveals where a user lives (section 6). One handler may serve several
 * sessions.
 *
 * @param[out] ret_handler  owned by the caller; free it with envoi_handler_destroy() after it was
 *                          removed from all sessions
 * @param zone_minutes      the time zone to report, minutes ahead of UTC: -840 to 840; 0 reveals no
 *                          place
 * @retval ENVOI_ERR_INVALID  @p zone_minutes is out of its range
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_entity_time_handler_new(
	struct envoi_handler **ret_handler, struct envoi_context *context, int zone_minutes);

/**
 * Change the time zone of later answers, when summer time begins for example.
 *
 * @param handler       from envoi_entity_time_handler_new()
 * @param zone_minutes  as there
 * @retval ENVOI_ERR_INVALID  @p zone_minutes is out of its range; the zone stays as it was
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_entity_time_set_zone(
	struct envoi_handler *handler, int zone_minutes);

#ifdef __cplusplus
}
#endif
#endif
