/*
 * envoi - XEP-0359: Unique and Stable Stanza IDs, version 0.7.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/stanza_ids.h>

static const struct envoi_field assigned_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_stanza_ids_assigned, id, "id", ENVOI_REQUIRED),
	ENVOI_ATTR_JID(struct envoi_stanza_ids_assigned, by, "by", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_stanza_ids_assigned_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_stanza_ids_assigned, ENVOI_NS_STANZA_IDS, "stanza-id", assigned_fields);

static const struct envoi_field origin_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_stanza_ids_origin, id, "id", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_stanza_ids_origin_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_stanza_ids_origin, ENVOI_NS_STANZA_IDS, "origin-id", origin_fields);

const char *envoi_stanza_ids_assigned_by(
	const struct envoi_stanza *message, const struct envoi_jid *by)
{
	const char *id = NULL;
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(message));
	for (; child != NULL; child = envoi_element_next(child)) {
		const void *value;
		if (envoi_payload_parse(&value, &envoi_stanza_ids_assigned_type, child, NULL) !=
			ENVOI_OK) {
			continue;
		}
		const struct envoi_stanza_ids_assigned *assigned = value;
		if (!envoi_jid_equal(assigned->by, by)) {
			continue;
		}
		if (id != NULL) {
			return NULL;
		}
		id = assigned->id;
	}
	return id == NULL || id[0] == '\0' ? NULL : id;
}

const char *envoi_stanza_ids_origin(const struct envoi_stanza *message)
{
	const void *value;
	int r = envoi_stanza_decode(message, &envoi_stanza_ids_origin_type, &value);
	const struct envoi_stanza_ids_origin *origin = value;
	return r == ENVOI_OK && origin->id[0] != '\0' ? origin->id : NULL;
}

static int complete_id(struct envoi_context *context, const struct envoi_stanza *message)
{
	if (envoi_stanza_id(message) != NULL) {
		return ENVOI_OK;
	}
	char id[ENVOI_ID_SIZE];
	int r = envoi_id_make(context, id);
	if (r == ENVOI_OK) {
		envoi_element_set(envoi_stanza_element(message), "id", id);
		r = envoi_element_error(envoi_stanza_element(message));
	}
	return r;
}

int envoi_stanza_ids_add_origin(struct envoi_context *context, struct envoi_stanza *message)
{
	struct envoi_element *element = envoi_stanza_element(message);
	if (envoi_element_child(element, ENVOI_NS_STANZA_IDS, "origin-id") != NULL) {
		return ENVOI_OK;
	}
	int r = envoi_element_error(element);
	if (r == ENVOI_OK) {
		r = complete_id(context, message);
	}
	if (r < 0) {
		return r;
	}
	const char *id = envoi_stanza_id(message);
	if (id[0] == '\0') {
		return ENVOI_ERR_INVALID;
	}
	envoi_element_set(envoi_element_add(element, ENVOI_NS_STANZA_IDS, "origin-id"), "id", id);
	return envoi_element_error(element);
}

/* --- references to a message --- */

static const char *unless_empty(const char *id)
{
	return id == NULL || id[0] == '\0' ? NULL : id;
}

static const char *assigned_by_room(const struct envoi_stanza *message)
{
	struct envoi_jid *room;
	if (envoi_jid_bare(&room, envoi_stanza_from(message)) < 0) {
		return NULL;
	}
	const char *id = envoi_stanza_ids_assigned_by(message, room);
	envoi_jid_unref(room);
	return id;
}

static const char *id_in_room(const struct envoi_stanza *message,
	enum envoi_stanza_ids_purpose purpose, bool room_assigns)
{
	switch (purpose) {
	case ENVOI_STANZA_IDS_CORRECTION:
		return unless_empty(envoi_stanza_id(message));
	case ENVOI_STANZA_IDS_MARKER:
	case ENVOI_STANZA_IDS_REPLY:
	case ENVOI_STANZA_IDS_REACTION:
		return room_assigns ? assigned_by_room(message) : NULL;
	case ENVOI_STANZA_IDS_RETRACTION:
		return room_assigns ? assigned_by_room(message) : envoi_stanza_ids_origin(message);
	case ENVOI_STANZA_IDS_RECEIPT:
		break;
	}
	return NULL;
}

static const char *id_between_two(
	const struct envoi_stanza *message, enum envoi_stanza_ids_purpose purpose)
{
	const char *origin = NULL;
	if (purpose == ENVOI_STANZA_IDS_REPLY || purpose == ENVOI_STANZA_IDS_REACTION) {
		origin = envoi_stanza_ids_origin(message);
	}
	return origin != NULL ? origin : unless_empty(envoi_stanza_id(message));
}

const char *envoi_stanza_ids_for(const struct envoi_stanza *message,
	enum envoi_stanza_ids_purpose purpose, bool room_assigns)
{
	switch (envoi_stanza_type(message)) {
	case ENVOI_TYPE_ERROR:
		return NULL;
	case ENVOI_TYPE_GROUPCHAT:
		return id_in_room(message, purpose, room_assigns);
	default:
		return id_between_two(message, purpose);
	}
}

bool envoi_stanza_ids_is_from(
	const struct envoi_stanza *message, const struct envoi_jid *entity, bool is_of_room)
{
	const struct envoi_jid *from = envoi_stanza_from(message);
	enum envoi_stanza_type type = envoi_stanza_type(message);
	if (from == NULL || type == ENVOI_TYPE_ERROR) {
		return false;
	}
	return is_of_room || type == ENVOI_TYPE_GROUPCHAT ? envoi_jid_equal(from, entity)
							  : envoi_jid_equal_bare(from, entity);
}
