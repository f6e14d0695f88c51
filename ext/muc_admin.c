/*
 * envoi - Multi-User Chat: requests of moderators, admins and owners
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/retraction.h>

#include "muc_parts.h"

static void ignore_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	(void)answer;
}

static int request(struct envoi_muc_room *room, enum envoi_stanza_kind kind,
	const struct envoi_payload_type *type, const void *value,
	const struct envoi_payload_type *expected, envoi_answer_fn *done, void *user)
{
	if (room->muc == NULL) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_session *session = room->muc->session;
	struct envoi_stanza *iq = envoi_request_iq(
		session, kind, envoi_jid_text(room->address), type, value);
	return envoi_request(
		session, iq, expected, 0, done == NULL ? ignore_answer : done, user, NULL);
}

/* The tables take pointers that are not const, and do not write to them. */
static char *text_of(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int send_item(
	struct envoi_muc_room *room, struct envoi_muc_item *item, envoi_answer_fn *done, void *user)
{
	const struct envoi_muc_admin admin = {.items = item, .item_count = 1};
	return request(room, ENVOI_IQ_SET, &envoi_muc_admin_type, &admin, NULL, done, user);
}

int envoi_muc_set_role(struct envoi_muc_room *room, const char *nick, enum envoi_muc_role role,
	const char *reason, envoi_answer_fn *done, void *user)
{
	struct envoi_muc_item item = {
		.nick = text_of(nick), .role = role, .reason = text_of(reason)};
	return nick == NULL || nick[0] == '\0' || role == ENVOI_MUC_ROLE_UNKNOWN
		? ENVOI_ERR_INVALID
		: send_item(room, &item, done, user);
}

int envoi_muc_set_affiliation(struct envoi_muc_room *room, const char *jid,
	enum envoi_muc_affiliation affiliation, const char *reason, envoi_answer_fn *done,
	void *user)
{
	struct envoi_muc_item item = {.affiliation = affiliation, .reason = text_of(reason)};
	if (affiliation == ENVOI_MUC_AFFILIATION_UNKNOWN) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_jid_from_text(&item.jid, room->context, jid);
	if (r == ENVOI_OK) {
		r = send_item(room, &item, done, user);
		envoi_jid_unref(item.jid);
	}
	return r;
}

int envoi_muc_get_affiliations(struct envoi_muc_room *room, enum envoi_muc_affiliation affiliation,
	envoi_answer_fn *done, void *user)
{
	struct envoi_muc_item item = {.affiliation = affiliation};
	const struct envoi_muc_admin admin = {.items = &item, .item_count = 1};
	return affiliation == ENVOI_MUC_AFFILIATION_UNKNOWN
		? ENVOI_ERR_INVALID
		: request(room, ENVOI_IQ_GET, &envoi_muc_admin_type, &admin, &envoi_muc_admin_type,
			  done, user);
}

int envoi_muc_config_get(struct envoi_muc_room *room, envoi_answer_fn *done, void *user)
{
	const struct envoi_muc_owner owner = {.form = NULL};
	return request(room, ENVOI_IQ_GET, &envoi_muc_owner_type, &owner, &envoi_muc_owner_type,
		done, user);
}

int envoi_muc_config_submit(struct envoi_muc_room *room, const struct envoi_form *form,
	envoi_answer_fn *done, void *user)
{
	struct envoi_form by_default = {.kind = ENVOI_FORM_SUBMIT};
	const struct envoi_muc_owner owner = {
		.form = form == NULL ? &by_default : (struct envoi_form *)(uintptr_t)form};
	return request(room, ENVOI_IQ_SET, &envoi_muc_owner_type, &owner, NULL, done, user);
}

int envoi_muc_destroy(struct envoi_muc_room *room, const char *alternative, const char *reason,
	envoi_answer_fn *done, void *user)
{
	struct envoi_muc_destruction destruction = {.reason = text_of(reason)};
	const struct envoi_muc_owner owner = {.destruction = &destruction};
	int r = alternative == NULL
		? ENVOI_OK
		: envoi_jid_from_text(&destruction.jid, room->context, alternative);
	if (r == ENVOI_OK) {
		r = request(room, ENVOI_IQ_SET, &envoi_muc_owner_type, &owner, NULL, done, user);
		envoi_jid_unref(destruction.jid);
	}
	return r;
}

/* --- XEP-0425 --- */

#define NS_FASTEN "urn:xmpp:fasten:0"
#define NS_OLD_MODERATION "urn:xmpp:message-moderate:0"

/* Version 0.2, for rooms that announce that one only. */
static int moderate_old(struct envoi_muc_room *room, const char *stanza_id, const char *reason,
	envoi_answer_fn *done, void *user)
{
	struct envoi_session *session = room->muc->session;
	struct envoi_stanza *iq = envoi_iq_new(
		room->context, ENVOI_IQ_SET, envoi_jid_text(room->address));
	struct envoi_element *apply = envoi_element_add(
		envoi_stanza_element(iq), NS_FASTEN, "apply-to");
	struct envoi_element *moderate = envoi_element_add(apply, NS_OLD_MODERATION, "moderate");
	envoi_element_set(apply, "id", stanza_id);
	envoi_element_add(moderate, "urn:xmpp:message-retract:0", "retract");
	if (reason != NULL) {
		envoi_element_add_with_text(moderate, NS_OLD_MODERATION, "reason", reason);
	}
	return envoi_request(session, iq, NULL, 0, done == NULL ? ignore_answer : done, user, NULL);
}

int envoi_muc_moderate(struct envoi_muc_room *room, const char *stanza_id, const char *reason,
	envoi_answer_fn *done, void *user)
{
	const struct envoi_muc_moderation moderation = {
		.id = text_of(stanza_id), .retracts = true, .reason = text_of(reason)};
	if (stanza_id == NULL || stanza_id[0] == '\0') {
		return ENVOI_ERR_INVALID;
	}
	if (room->muc == NULL) {
		return ENVOI_ERR_STATE;
	}
	if ((room->features & ENVOI__MUC_HAS_MODERATION) != 0) {
		return request(room, ENVOI_IQ_SET, &envoi_muc_moderation_type, &moderation, NULL,
			done, user);
	}
	return (room->features & ENVOI__MUC_HAS_OLD_MODERATION) != 0
		? moderate_old(room, stanza_id, reason, done, user)
		: ENVOI_ERR_UNSUPPORTED;
}
