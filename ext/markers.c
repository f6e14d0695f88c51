/*
 * envoi - XEP-0333: Displayed Markers, version 1.0.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/markers.h>

#include <envoi/ext/stanza_ids.h>

static const struct envoi_field fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_markers_displayed, id, "id", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_markers_displayed_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_markers_displayed, ENVOI_NS_MARKERS, "displayed", fields);
static const struct envoi_payload_type markable_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_MARKERS, "markable");

static bool has(const struct envoi_stanza *message, const char *name)
{
	return envoi_element_child(envoi_stanza_element(message), ENVOI_NS_MARKERS, name) != NULL;
}

int envoi_markers_request(struct envoi_stanza *message)
{
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (has(message, "displayed")) {
		return ENVOI_ERR_INVALID;
	}
	return has(message, "markable") ? envoi_element_error(envoi_stanza_element(message))
					: envoi_stanza_encode(message, &markable_type, NULL);
}

bool envoi_markers_is_requested(const struct envoi_stanza *message)
{
	return envoi_stanza_type(message) != ENVOI_TYPE_ERROR && has(message, "markable");
}

const char *envoi_markers_id(const struct envoi_stanza *message)
{
	const struct envoi_markers_displayed *displayed = envoi_stanza_find(
		message, &envoi_markers_displayed_type);
	return displayed == NULL || displayed->id[0] == '\0' ? NULL : displayed->id;
}

/* Section 4.3: in a room nobody has to ask. */
static const char *id_to_mark(const struct envoi_stanza *displayed, bool room_assigns)
{
	bool is_of_room = envoi_stanza_type(displayed) == ENVOI_TYPE_GROUPCHAT;
	if (has(displayed, "displayed") || envoi_stanza_from(displayed) == NULL ||
		(!is_of_room && !envoi_markers_is_requested(displayed))) {
		return NULL;
	}
	return envoi_stanza_ids_for(displayed, ENVOI_STANZA_IDS_MARKER, room_assigns);
}

int envoi_markers_new(
	struct envoi_stanza **ret_marker, const struct envoi_stanza *displayed, bool room_assigns)
{
	const char *id = id_to_mark(displayed, room_assigns);
	if (id == NULL) {
		return ENVOI_DECLINED;
	}
	const struct envoi_markers_displayed value = {.id = (char *)(uintptr_t)id};
	struct envoi_stanza *marker = envoi_message_reply_new(displayed, NULL);
	int r = envoi_stanza_encode(marker, &envoi_markers_displayed_type, &value);
	if (r < 0) {
		envoi_stanza_unref(marker);
		return r;
	}
	*ret_marker = marker;
	return ENVOI_OK;
}

/* --- service discovery --- */

static const char *const uris[] = {ENVOI_NS_MARKERS, NULL};
static const struct envoi_handler_impl feature_impl = {.name = "markers", .uris = uris};

ENVOI_STATIC_HANDLER(envoi_markers_handler, &feature_impl)
