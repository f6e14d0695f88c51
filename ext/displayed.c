/*
 * envoi - XEP-0490: Message Displayed Synchronization, version 1.0.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/displayed.h>

#include <string.h>

static const struct envoi_field fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_displayed, stanza_id, struct envoi_stanza_ids_assigned,
		&envoi_stanza_ids_assigned_type, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_displayed_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_displayed, ENVOI_NS_DISPLAYED, "displayed", fields);

/* The struct takes pointers that are not const, and is not written to. */
static struct envoi_displayed value_of(const struct envoi_jid *by, const char *id)
{
	return (struct envoi_displayed){
		.stanza_id = {.id = (char *)(uintptr_t)id, .by = (struct envoi_jid *)(uintptr_t)by},
	};
}

/* --- storing --- */

static int store(struct envoi_session *session, const struct envoi_jid *chat,
	const struct envoi_jid *by, const char *id, envoi_pep_fn *done, void *user)
{
	static const struct envoi_pep_node node = {
		.name = ENVOI_NS_DISPLAYED, .access = ENVOI_PEP_PRIVATE};
	const struct envoi_displayed value = value_of(by, id);
	struct envoi_element *payload;
	int r = envoi_payload_build(
		&payload, envoi_session_context(session), &envoi_displayed_type, &value, NULL);
	if (r == ENVOI_OK) {
		r = envoi_pep_store(session, &node, envoi_jid_text(chat), payload, done, user);
		envoi_element_unref(payload);
	}
	return r;
}

int envoi_displayed_set(struct envoi_session *session, const struct envoi_jid *chat, bool room,
	const char *id, envoi_pep_fn *done, void *user)
{
	const struct envoi_jid *own = envoi_session_jid(session);
	if (chat == NULL || id == NULL || id[0] == '\0') {
		return ENVOI_ERR_INVALID;
	}
	if (own == NULL) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_jid *by;
	int r = envoi_jid_bare(&by, room ? chat : own);
	if (r == ENVOI_OK) {
		r = store(session, chat, by, id, done, user);
		envoi_jid_unref(by);
	}
	return r;
}

/* --- reading --- */

int envoi_displayed_get(struct envoi_session *session, envoi_answer_fn *done, void *user)
{
	return envoi_pubsub_items_get(
		session, NULL, ENVOI_NS_DISPLAYED, NULL, 0, 0, NULL, done, user);
}

/* Section 4.2: the room for its messages, the account for all others. */
static bool may_assign(const struct envoi_session *session, const struct envoi_jid *chat,
	const struct envoi_jid *by)
{
	return envoi_jid_is_bare(by) &&
		(envoi_jid_equal_bare(by, envoi_session_jid(session)) ||
			envoi_jid_equal_bare(by, chat));
}

int envoi_displayed_read(struct envoi_jid **ret_chat, const char **ret_id,
	const struct envoi_session *session, const struct envoi_pubsub_item *item)
{
	const void *value;
	struct envoi_jid *chat;
	if (item->id == NULL || item->payload == NULL) {
		return ENVOI_DECLINED;
	}
	int r = envoi_payload_parse(&value, &envoi_displayed_type, item->payload, NULL);
	if (r == ENVOI_OK) {
		r = envoi_jid_parse(
			&chat, envoi_session_context(session), item->id, strlen(item->id));
	}
	if (r != ENVOI_OK) {
		return r == ENVOI_ERR_NOMEM ? r : ENVOI_DECLINED;
	}
	const struct envoi_stanza_ids_assigned *assigned =
		&((const struct envoi_displayed *)value)->stanza_id;
	if (!may_assign(session, chat, assigned->by) || assigned->id[0] == '\0') {
		envoi_jid_unref(chat);
		return ENVOI_DECLINED;
	}
	*ret_chat = chat;
	*ret_id = assigned->id;
	return ENVOI_OK;
}

/* --- server assist: section 4.5 --- */

int envoi_displayed_assist(struct envoi_stanza *message, const struct envoi_jid *by, const char *id)
{
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const struct envoi_jid *to = envoi_stanza_to(message);
	if (by == NULL || id == NULL || id[0] == '\0' || to == NULL || !envoi_jid_is_bare(to) ||
		envoi_stanza_kind(message) != ENVOI_MESSAGE ||
		envoi_element_first(envoi_stanza_element(message)) == NULL) {
		return ENVOI_ERR_INVALID;
	}
	const struct envoi_displayed value = value_of(by, id);
	return envoi_stanza_encode(message, &envoi_displayed_type, &value);
}
