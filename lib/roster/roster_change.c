/*
 * envoi - the roster: changes of one contact (RFC 6121, sections 2.3 to 2.5)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "roster/roster_inside.h"
#include "session/session.h"

static void ignore_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	(void)answer;
}

/* A known contact has the address that the server gave it, some with a resource; a new one has a
 * bare address (section 2.1.2.3). */
static int address_for_server(
	struct envoi_jid **ret_jid, const struct envoi_roster *roster, const struct envoi_jid *jid)
{
	const struct envoi_roster_item *known = envoi_roster_find(roster, jid);
	if (known == NULL) {
		return envoi_jid_bare(ret_jid, jid);
	}
	*ret_jid = envoi_jid_ref(known->jid);
	return ENVOI_OK;
}

static int refuse_group(struct envoi_roster *roster, int code, const char *name)
{
	if (code == ENVOI_ERR_EXISTS) {
		return envoi__session_refuse(roster->session, ENVOI_ERR_INVALID,
			"roster: the group \"%s\" is named twice", name);
	}
	return envoi__session_refuse(roster->session, code,
		code == ENVOI_ERR_INVALID ? "roster: the name of a group is empty" : NULL);
}

/* Servers refuse these, or take them and drop the group (section 2.3.3). */
static int check_groups(struct envoi_roster *roster, const struct envoi_roster_item *item)
{
	struct envoi__map names;
	int r = ENVOI_OK;
	envoi__map_init(&names, roster->context);
	for (size_t i = 0; r == ENVOI_OK && i < item->group_count; i++) {
		const char *name = item->groups[i];
		r = name == NULL || name[0] == '\0'
			? ENVOI_ERR_INVALID
			: envoi__map_add(&names, name, strlen(name), roster);
		if (r < 0) {
			r = refuse_group(roster, r, name);
		}
	}
	envoi__map_finish(&names);
	return r;
}

static int refuse_no_address(const struct envoi_roster *roster)
{
	return envoi__session_refuse(
		roster->session, ENVOI_ERR_INVALID, "roster: the contact has no address");
}

int envoi__roster_send_item(struct envoi_roster *roster, struct envoi_roster_item *item,
	const struct envoi_jid *jid, envoi_answer_fn *done, void *user)
{
	if (roster->session == NULL) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_jid *address;
	int r = jid == NULL ? refuse_no_address(roster) : check_groups(roster, item);
	if (r < 0) {
		return r;
	}
	r = address_for_server(&address, roster, jid);
	if (r < 0) {
		return envoi__session_refuse(roster->session, r, NULL);
	}
	item->jid = address;
	struct envoi_stanza *iq = envoi_iq_new(roster->context, ENVOI_IQ_SET, NULL);
	envoi_stanza_encode(iq, &envoi__roster_query_type,
		&(struct envoi__roster_query){.items = item, .item_count = 1});
	r = envoi_request(
		roster->session, iq, NULL, 0, done != NULL ? done : ignore_answer, user, NULL);
	envoi_jid_unref(address);
	return r;
}

int envoi_roster_set(struct envoi_roster *roster, const struct envoi_roster_item *item,
	envoi_answer_fn *done, void *user)
{
	struct envoi_roster_item wanted = {
		.name = item->name,
		.groups = item->groups,
		.group_count = item->group_count,
	};
	return envoi__roster_send_item(roster, &wanted, item->jid, done, user);
}

int envoi_roster_remove(
	struct envoi_roster *roster, const struct envoi_jid *jid, envoi_answer_fn *done, void *user)
{
	struct envoi_roster_item wanted = {.subscription = ENVOI_SUBSCRIPTION_REMOVE};
	return envoi__roster_send_item(roster, &wanted, jid, done, user);
}

int envoi__roster_refuse_stranger(const struct envoi_roster *roster, const struct envoi_jid *jid)
{
	if (jid == NULL) {
		return refuse_no_address(roster);
	}
	return envoi__session_refuse(roster->session, ENVOI_ERR_NOT_FOUND,
		"roster: %.256s is not a contact", envoi_jid_text(jid));
}

int envoi_roster_rename(struct envoi_roster *roster, const struct envoi_jid *jid, const char *name,
	envoi_answer_fn *done, void *user)
{
	const struct envoi_roster_item *known = envoi_roster_find(roster, jid);
	if (known == NULL) {
		return envoi__roster_refuse_stranger(roster, jid);
	}
	struct envoi_roster_item wanted = *known;
	wanted.name = name;
	return envoi_roster_set(roster, &wanted, done, user);
}
