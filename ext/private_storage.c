/*
 * envoi - XEP-0049: Private XML Storage, version 1.2
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/private_storage.h>

#include <string.h>

#include <envoi/session.h>

static const struct envoi_field fields[] = {
	ENVOI_ANY(struct envoi_private_storage, elements, element_count),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_private_storage_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_private_storage, ENVOI_NS_PRIVATE_STORAGE, "query", fields);

static bool is_allowed(const char *ns)
{
	return ns != NULL && ns[0] != '\0' && strcmp(ns, ENVOI_NS_PRIVATE_STORAGE) != 0;
}

static int request(struct envoi_session *session, enum envoi_stanza_kind kind,
	struct envoi_element *element, const struct envoi_payload_type *expected,
	uint64_t timeout_ms, envoi_answer_fn *done, void *user, struct envoi_request **ret_request)
{
	const struct envoi_private_storage query = {.elements = &element, .element_count = 1};
	return envoi_request(session,
		envoi_request_account_iq(session, kind, &envoi_private_storage_type, &query),
		expected, timeout_ms, done, user, ret_request);
}

int envoi_private_storage_get(struct envoi_session *session, const char *ns, const char *name,
	uint64_t timeout_ms, envoi_answer_fn *done, void *user, struct envoi_request **ret_request)
{
	if (!is_allowed(ns) || name == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_element *element = envoi_element_new(envoi_session_context(session), ns, name);
	int r = envoi_element_error(element);
	if (r == ENVOI_OK) {
		r = request(session, ENVOI_IQ_GET, element, &envoi_private_storage_type, timeout_ms,
			done, user, ret_request);
	}
	envoi_element_unref(element);
	return r;
}

int envoi_private_storage_set(struct envoi_session *session, const struct envoi_element *element,
	uint64_t timeout_ms, envoi_answer_fn *done, void *user, struct envoi_request **ret_request)
{
	int r = envoi_element_error(element);
	if (r < 0) {
		return r;
	}
	/* The table takes pointers that are not const, and does not write to them. */
	return is_allowed(envoi_element_ns(element))
		? request(session, ENVOI_IQ_SET, (struct envoi_element *)(uintptr_t)element, NULL,
			  timeout_ms, done, user, ret_request)
		: ENVOI_ERR_INVALID;
}

const struct envoi_element *envoi_private_storage_find(
	const struct envoi_private_storage *storage, const char *ns, const char *name)
{
	for (size_t i = 0;
		storage != NULL && ns != NULL && name != NULL && i < storage->element_count; i++) {
		if (envoi_element_is(storage->elements[i], ns, name)) {
			return storage->elements[i];
		}
	}
	return NULL;
}
