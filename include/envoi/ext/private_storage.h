/*
 * envoi - XEP-0049: Private XML Storage
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_PRIVATE_STORAGE_H
#define ENVOI_EXT_PRIVATE_STORAGE_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/payload.h>
#include <envoi/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0049. */
#define ENVOI_NS_PRIVATE_STORAGE "jabber:iq:private"

/** Stored or requested elements, one for each name and namespace. */
struct envoi_private_storage {
	struct envoi_element **elements;
	size_t element_count;
};

/** Describes struct envoi_private_storage. */
ENVOI_API extern const struct envoi_payload_type envoi_private_storage_type;

/**
 * Request the element that the account has stored under a name and a namespace.
 *
 * The server returns an element without content if nothing is stored. A server that supports the
 * extension announces the feature ENVOI_NS_PRIVATE_STORAGE for its domain or for the account.
 *
 * @param ns, name     of the element; copied
 * @param timeout_ms   milliseconds; 0: the setting request.timeout
 * @param done         called exactly once, as for envoi_request(); envoi_answer_payload() is a
 *                     struct envoi_private_storage, borrowed; envoi_private_storage_find() returns
 *                     its element
 * @param user         passed to @p done
 * @param ret_request  NULL: not wanted; else as for envoi_request()
 * @retval ENVOI_ERR_INVALID  also: @p ns is NULL, empty, or ENVOI_NS_PRIVATE_STORAGE itself; or
 *                            @p name is NULL or not a name of XML
 * Other errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_private_storage_get(struct envoi_session *session,
	const char *ns, const char *name, uint64_t timeout_ms, envoi_answer_fn *done, void *user,
	struct envoi_request **ret_request);

/**
 * Store an element in place of what is stored under its name and namespace. Other clients are not
 * notified.
 *
 * @param element  borrowed for the call; NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  also: its namespace is not allowed, as for envoi_private_storage_get()
 * Other parameters and errors as envoi_private_storage_get(); the result has no payload.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_private_storage_set(struct envoi_session *session,
	const struct envoi_element *element, uint64_t timeout_ms, envoi_answer_fn *done, void *user,
	struct envoi_request **ret_request);

/** @return the element of that name and namespace; NULL: there is none, or a parameter is NULL;
 * borrowed from @p storage */
ENVOI_API const struct envoi_element *envoi_private_storage_find(
	const struct envoi_private_storage *storage, const char *ns, const char *name);

#ifdef __cplusplus
}
#endif
#endif
