/*
 * envoi - the roster: the contacts that are held
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "roster/approval.h"
#include "roster/roster_inside.h"

struct envoi__contacts_limits envoi__roster_limits(const struct envoi_roster *roster)
{
	struct envoi__roster_settings values;
	envoi__roster_settings_read(&values, roster->settings);
	return (struct envoi__contacts_limits){.items = values.items, .bytes = values.bytes};
}

const char *envoi__roster_limit_text(const struct envoi_roster *roster)
{
	return roster->contacts.by_address.count >= envoi__roster_limits(roster).items
		? "there are more contacts than limits.roster-items"
		: "the contacts take more than limits.roster-bytes";
}

/* Malformed ones too, which the decoded list leaves out. */
size_t envoi__roster_count_items(const struct envoi_element *query)
{
	size_t count = 0;
	for (const struct envoi_element *child = envoi_element_first(query); child != NULL;
		child = envoi_element_next(child)) {
		count += envoi_element_is(child, ENVOI__NS_ROSTER, "item") ? 1 : 0;
	}
	return count;
}

void envoi__roster_set_version(struct envoi_roster *roster, const char *version)
{
	char *copy = version == NULL ? NULL
				     : envoi_strndup(roster->context, version, strlen(version));
	envoi_free(roster->context, roster->version);
	roster->version = copy;
}

bool envoi__roster_is_own(const struct envoi_roster *roster)
{
	return roster->account != NULL &&
		envoi_jid_equal_bare(roster->account, envoi_session_jid(roster->session));
}

int envoi__roster_post_incomplete(struct envoi_roster *roster, const char *text)
{
	roster->is_complete = false;
	envoi__roster_set_version(roster, NULL);
	return envoi_session_post_event(roster->session,
		&(struct envoi_event){.type = ENVOI_EVENT_ROSTER_INCOMPLETE, .text = text});
}

int envoi__roster_collect(struct envoi__contacts *contacts, const struct envoi_roster *roster,
	const struct envoi__roster_query *query)
{
	const struct envoi__contacts_limits limits = envoi__roster_limits(roster);
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < query->item_count; i++) {
		if (query->items[i].subscription != ENVOI_SUBSCRIPTION_REMOVE) {
			r = envoi__contacts_keep(contacts, &query->items[i], &limits);
		}
	}
	return r;
}

int envoi__roster_adopt(struct envoi_roster *roster, struct envoi__contacts *contacts)
{
	const struct envoi_jid *own = envoi_session_jid(roster->session);
	struct envoi_jid *account = NULL;
	int r = own == NULL ? ENVOI_OK : envoi_jid_bare(&account, own);
	if (r < 0) {
		return r;
	}
	envoi_jid_unref(roster->account);
	roster->account = account;
	envoi__contacts_finish(&roster->contacts);
	roster->contacts = *contacts;
	return ENVOI_OK;
}

int envoi__roster_replace(struct envoi_roster *roster, const struct envoi__roster_query *query)
{
	struct envoi__contacts contacts;
	envoi__contacts_init(&contacts, roster->context);
	int r = query == NULL ? ENVOI_OK : envoi__roster_collect(&contacts, roster, query);
	int adopted = r == ENVOI_OK || r == ENVOI_ERR_LIMIT ? envoi__roster_adopt(roster, &contacts)
							    : r;
	if (adopted < 0) {
		envoi__contacts_finish(&contacts);
	}
	return adopted < 0 ? adopted : r;
}

size_t envoi_roster_count(const struct envoi_roster *roster)
{
	return roster->contacts.by_address.count;
}

bool envoi_roster_is_complete(const struct envoi_roster *roster)
{
	return roster->is_complete;
}

uint64_t envoi_roster_refused_pushes(const struct envoi_roster *roster)
{
	return roster->refused_pushes;
}

const struct envoi_roster_item *envoi_roster_find(
	const struct envoi_roster *roster, const struct envoi_jid *jid)
{
	return jid == NULL ? NULL : envoi__contacts_find(&roster->contacts, jid);
}

bool envoi__roster_take_approval(const struct envoi_roster *roster, const struct envoi_jid *jid)
{
	bool was_awaited = envoi__contacts_take_approval(&roster->contacts, jid);
	return was_awaited || !roster->is_complete;
}

const struct envoi_roster_item *envoi_roster_next(
	const struct envoi_roster *roster, size_t *position)
{
	return envoi__contacts_next(&roster->contacts, position);
}

const char *envoi_roster_next_group(
	const struct envoi_roster *roster, size_t *position, size_t *ret_members)
{
	return envoi__contacts_next_group(&roster->contacts, position, ret_members);
}

bool envoi_roster_item_is_in(const struct envoi_roster_item *item, const char *group)
{
	if (group != NULL && *group == '\0') {
		return item->group_count == 0;
	}
	for (size_t i = 0; group != NULL && i < item->group_count; i++) {
		if (strcmp(item->groups[i], group) == 0) {
			return true;
		}
	}
	return false;
}

const struct envoi_roster_item *envoi_roster_next_in_group(
	const struct envoi_roster *roster, const char *group, size_t *position)
{
	const struct envoi_roster_item *item;
	do {
		item = envoi_roster_next(roster, position);
	} while (item != NULL && !envoi_roster_item_is_in(item, group));
	return item;
}
