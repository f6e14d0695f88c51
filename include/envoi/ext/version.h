/*
 * envoi - XEP-0092: Software Version
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_VERSION_H
#define ENVOI_EXT_VERSION_H

#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOI_NS_VERSION "jabber:iq:version"

/** What a software says of itself (XEP-0092, section 2). */
struct envoi_version {
	const char *name;
	const char *version;
	const char *os; /**< NULL: not told */
};

/** Describes struct envoi_version: what envoi_answer_payload() of envoi_version_get() is. */
ENVOI_API extern const struct envoi_payload_type envoi_version_type;

/**
 * Ask an entity for its software (XEP-0092, section 3).
 *
 * @param to    as for envoi_request(); NULL: the own account's server
 * @param done  called exactly once; envoi_answer_payload() is a struct envoi_version, borrowed
 * Other parameters and errors as envoi_request().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_version_get(struct envoi_session *session, const char *to,
	uint64_t timeout_ms, envoi_answer_fn *done, void *user, struct envoi_request **ret_request);

/**
 * A handler that answers with what the program wants to be told: nothing is told by itself, as a
 * version helps those who look for known holes (section 5).
 *
 * @param[out] ret_handler  owned by the caller; free with envoi_handler_destroy() after it was
 *                          removed from all sessions
 * @param version           copied; its name and version are required
 * @retval ENVOI_ERR_INVALID  a part is missing or not allowed in XML
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_version_handler_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_version *version);

#ifdef __cplusplus
}
#endif
#endif
