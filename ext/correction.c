/*
 * envoi - XEP-0308: Last Message Correction, version 1.2.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/correction.h>

#include <string.h>

static const struct envoi_field fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_correction, id, "id", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_correction_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_correction, ENVOI_NS_CORRECTION, "replace", fields);

const char *envoi_correction_id(const struct envoi_stanza *message)
{
	const struct envoi_correction *correction = envoi_stanza_find(
		message, &envoi_correction_type);
	return correction == NULL || correction->id[0] == '\0' ? NULL : correction->id;
}

static bool can_correct(const struct envoi_stanza *message, const char *id)
{
	const char *own = envoi_stanza_id(message);
	return id != NULL && id[0] != '\0' && (own == NULL || strcmp(own, id) != 0) &&
		envoi_element_child(
			envoi_stanza_element(message), ENVOI_NS_CORRECTION, "replace") == NULL;
}

int envoi_correction_add(struct envoi_stanza *message, const char *id)
{
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (!can_correct(message, id)) {
		return ENVOI_ERR_INVALID;
	}
	const struct envoi_correction correction = {.id = (char *)(uintptr_t)id};
	return envoi_stanza_encode(message, &envoi_correction_type, &correction);
}

/* --- service discovery --- */

static const char *const uris[] = {ENVOI_NS_CORRECTION, NULL};
static const struct envoi_handler_impl feature_impl = {.name = "correction", .uris = uris};

ENVOI_STATIC_HANDLER(envoi_correction_handler, &feature_impl)
