/*
 * envoi - XEP-0092: Software Version
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_SOFTWARE_VERSION_H
#define ENVOI_EXT_SOFTWARE_VERSION_H

#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0092. */
#define ENVOI_NS_SOFTWARE_VERSION "jabber:iq:version"

/** The software that an entity runs (XEP-0092, section 2). */
struct envoi_software_version {
	const char *name;
	const char *version;
	const char *os; /**< the operating system; NULL: not included */
};

/** Describes struct envoi_software_version, the payload of envoi_software_version_get(). */
ENVOI_API extern const struct envoi_payload_type envoi_software_version_type;

/**
 * Request the software version of an entity (XEP-0092, section 3).
 *
 * @param to           a bare or full address, or a domain; NULL: the domain of the session's
 *                     address, which is the account's server
 * @param timeout_ms   milliseconds; 0: the setting request.timeout
 * @param done         called exactly once, as for envoi_request(); envoi_answer_payload() is a
 *                     struct envoi_software_version, borrowed
 * @param user         passed to @p done
 * @param ret_request  NULL: not wanted; else as for envoi_request()
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_software_version_get(struct envoi_session *session,
	const char *to, uint64_t timeout_ms, envoi_answer_fn *done, void *user,
	struct envoi_request **ret_request);

/**
 * Make a handler that answers requests for the software version. No client has one by default: a
 * version reveals known vulnerabilities to attackers (section 5). One handler may serve several
 * sessions.
 *
 * @param[out] ret_handler  owned by the caller; free it with envoi_handler_destroy() after it was
 *                          removed from all sessions
 * @param version           copied; name and version are required
 * @retval ENVOI_ERR_INVALID  a required member is NULL, or a text is not allowed in XML
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_software_version_handler_new(
	struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_software_version *version);

#ifdef __cplusplus
}
#endif
#endif
