/*
 * envoi - the roster: changes of groups (RFC 6121, section 2.1.2.6)
 * SPDX-License-Identifier: MIT
 *
 * A group is what the entries of its members say. A change of one goes through its members.
 */
#include <string.h>

#include "roster/roster_inside.h"
#include "session/session.h"

enum {
	AT_A_TIME = 16, /* requests: the session's limits allow many more */
};

/* --- one contact --- */

/* Send the contact with the group @p to in place of @p from. @param from, to  NULL: none */
static int send_with_groups(struct envoi_roster *roster, const struct envoi_roster_item *known,
	const char *from, const char *to, envoi_answer_fn *done, void *user)
{
	const char **groups = envoi_alloc(
		roster->context, (known->group_count + 1) * sizeof(*groups));
	struct envoi_roster_item wanted = *known;
	size_t count = 0;
	if (groups == NULL) {
		return envoi__session_refuse(roster->session, ENVOI_ERR_NOMEM, NULL);
	}
	for (size_t i = 0; i < known->group_count; i++) {
		bool stays = (from == NULL || strcmp(known->groups[i], from) != 0) &&
			(to == NULL || strcmp(known->groups[i], to) != 0);
		groups[count] = known->groups[i];
		count += stays ? 1 : 0;
	}
	groups[count] = to;
	wanted.groups = groups;
	wanted.group_count = count + (to == NULL ? 0 : 1);
	struct envoi_context *context = envoi_context_ref(roster->context);
	int r = envoi_roster_set(roster, &wanted, done, user);
	envoi_free(context, groups);
	envoi_context_unref(context);
	return r;
}

static int refuse_empty_group(const struct envoi_roster *roster)
{
	return envoi__session_refuse(
		roster->session, ENVOI_ERR_INVALID, "roster: the name of a group is empty");
}

int envoi_roster_add_to_group(struct envoi_roster *roster, const struct envoi_jid *jid,
	const char *group, envoi_answer_fn *done, void *user)
{
	const struct envoi_roster_item *known = envoi_roster_find(roster, jid);
	if (known == NULL) {
		return envoi__roster_refuse_stranger(roster, jid);
	}
	return group == NULL ? refuse_empty_group(roster)
			     : send_with_groups(roster, known, NULL, group, done, user);
}

int envoi_roster_remove_from_group(struct envoi_roster *roster, const struct envoi_jid *jid,
	const char *group, envoi_answer_fn *done, void *user)
{
	const struct envoi_roster_item *known = envoi_roster_find(roster, jid);
	if (known == NULL) {
		return envoi__roster_refuse_stranger(roster, jid);
	}
	if (group == NULL || *group == '\0') {
		return refuse_empty_group(roster);
	}
	if (!envoi_roster_item_is_in(known, group)) {
		return envoi__session_refuse(roster->session, ENVOI_ERR_NOT_FOUND,
			"roster: %.256s is not in the group \"%.128s\"", envoi_jid_text(jid),
			group);
	}
	return send_with_groups(roster, known, group, NULL, done, user);
}

/* --- all contacts of a group --- */

struct change {
	struct envoi__list link;
	struct envoi_context *context; /* a reference */
	struct envoi_roster *roster; /* NULL: done() was called */
	struct envoi_jid **members; /* as they were in the beginning */
	size_t count, next;
	size_t pending; /* requests without an answer; one more while sending */
	int code; /* of the first failure */
	void (*done)(void *user, int code);
	void *user;
	char *to; /* NULL: the group is removed */
	char from[];
};

static void change_free(struct change *change)
{
	struct envoi_context *context = change->context;
	for (size_t i = 0; i < change->count; i++) {
		envoi_jid_unref(change->members[i]);
	}
	envoi_free(context, change->members);
	envoi_free(context, change->to);
	envoi_free(context, change);
	envoi_context_unref(context);
}

static void finish(struct change *change, int code)
{
	envoi__list_remove(&change->link);
	change->roster = NULL;
	if (change->done != NULL) {
		change->done(change->user, code);
	}
}

static void advance(struct change *change);

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct change *change = user;
	int code = envoi_answer_code(answer);
	change->pending--;
	if (code < 0 && change->code == ENVOI_OK) {
		change->code = code;
	}
	advance(change);
}

/* A member that has left the group meanwhile needs nothing. */
static void send_next(struct change *change)
{
	struct envoi_roster *roster = change->roster;
	const struct envoi_jid *jid = change->members[change->next++];
	const struct envoi_roster_item *known = envoi_roster_find(roster, jid);
	if (known == NULL || !envoi_roster_item_is_in(known, change->from)) {
		return;
	}
	change->pending++;
	int r = send_with_groups(roster, known, change->from, change->to, on_answer, change);
	if (r < 0) {
		change->pending--;
		change->code = change->code == ENVOI_OK ? r : change->code;
	}
}

/* After a failure no more are sent. A filter may free the roster where one is sent. */
static void send_some(struct change *change)
{
	while (change->roster != NULL && change->code == ENVOI_OK && change->next < change->count &&
		change->pending <= AT_A_TIME) {
		send_next(change);
	}
}

static void advance(struct change *change)
{
	change->pending++;
	send_some(change);
	if (--change->pending > 0) {
		return;
	}
	if (change->roster != NULL) {
		finish(change, change->code);
	}
	change_free(change);
}

static size_t count_members(const struct envoi_roster *roster, const char *group)
{
	size_t position = 0, count = 0;
	while (envoi_roster_next_in_group(roster, group, &position) != NULL) {
		count++;
	}
	return count;
}

static int collect_members(struct change *change, const struct envoi_roster *roster)
{
	size_t position = 0, count = count_members(roster, change->from);
	const struct envoi_roster_item *item;
	if (count == 0) {
		return ENVOI_ERR_NOT_FOUND;
	}
	change->members = envoi_alloc(change->context, count * sizeof(*change->members));
	if (change->members == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	while ((item = envoi_roster_next_in_group(roster, change->from, &position)) != NULL) {
		change->members[change->count++] = envoi_jid_ref(item->jid);
	}
	return ENVOI_OK;
}

static int change_new(
	struct change **ret_change, struct envoi_roster *roster, const char *from, const char *to)
{
	size_t len = strlen(from) + 1;
	struct change *change = envoi_alloc_zeroed(roster->context, sizeof(*change) + len);
	if (change == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__list_init(&change->link);
	change->context = envoi_context_ref(roster->context);
	memcpy(change->from, from, len);
	change->to = to == NULL ? NULL : envoi_strndup(change->context, to, strlen(to));
	int r = to != NULL && change->to == NULL ? ENVOI_ERR_NOMEM
						 : collect_members(change, roster);
	if (r < 0) {
		change_free(change);
		return r;
	}
	*ret_change = change;
	return ENVOI_OK;
}

/* @return ENVOI_OK: done() will be called */
static int begin(struct change *change, struct envoi_roster *roster)
{
	change->roster = roster;
	envoi__list_append(&roster->group_changes, &change->link);
	change->pending++;
	send_some(change);
	int r = change->roster == NULL ? ENVOI_ERR_CANCELED : ENVOI_OK;
	if (--change->pending == 0) {
		r = r < 0 ? r : change->code;
		envoi__list_remove(&change->link);
		change_free(change);
	}
	return r;
}

static int refuse_rename(struct envoi_roster *roster, int code, const char *from)
{
	return code == ENVOI_ERR_NOT_FOUND
		? envoi__session_refuse(roster->session, code,
			  "roster: no contact is in the group \"%.128s\"", from)
		: envoi__session_refuse(roster->session, code, NULL);
}

int envoi_roster_rename_group(struct envoi_roster *roster, const char *from, const char *to,
	void (*done)(void *user, int code), void *user)
{
	struct change *change;
	if (roster->session == NULL) {
		return ENVOI_ERR_STATE;
	}
	if (from == NULL || *from == '\0' || (to != NULL && *to == '\0')) {
		return refuse_empty_group(roster);
	}
	int r = change_new(&change, roster, from, to);
	if (r < 0) {
		return refuse_rename(roster, r, from);
	}
	r = begin(change, roster);
	if (r == ENVOI_OK) {
		change->done = done;
		change->user = user;
	}
	return r;
}

void envoi__roster_cancel_group_changes(struct envoi_roster *roster)
{
	while (!envoi__list_is_empty(&roster->group_changes)) {
		finish(ENVOI_CONTAINER_OF(roster->group_changes.next, struct change, link),
			ENVOI_ERR_CANCELED);
	}
}
