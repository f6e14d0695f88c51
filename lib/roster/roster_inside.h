/*
 * envoi - the roster: what its files share
 * SPDX-License-Identifier: MIT
 *
 *	roster.c         making, freeing, pushes
 *	roster_held.c    the contacts that are held: replacing and reading them
 *	roster_fetch.c   the whole list, with versioning
 *	roster_cache.c   the list as text, for the next start of the program
 *	roster_change.c  changes of one contact
 *	roster_groups.c  changes of a group
 *	roster_sorted.c  contacts and groups in order
 */
#ifndef ENVOI_ROSTER_ROSTER_INSIDE_H
#define ENVOI_ROSTER_ROSTER_INSIDE_H

#include <envoi/interfaces/session.h>
#include <envoi/roster.h>

#include "base/guard.h"
#include "base/list.h"
#include "roster/contacts.h"
#include "roster/roster_payload.h"
#include "roster/roster_settings.h"

struct envoi__roster_fetching;

struct envoi_roster {
	struct envoi_handler handler;
	struct envoi__guard guard;
	struct envoi_context *context;
	struct envoi_session *session; /* NULL: detached */
	const struct envoi_settings *settings;
	struct envoi__contacts contacts;
	struct envoi_jid *account; /* whose contacts are held, bare; NULL: none were */
	char *version; /* of what is held (RFC 6121, section 2.6); NULL: none is known */
	bool is_complete;
	uint64_t refused_pushes;
	struct envoi__roster_fetching *fetching; /* or NULL */
	struct envoi__list group_changes; /* that are pending */
};

/** @return the limits of the settings */
struct envoi__contacts_limits envoi__roster_limits(const struct envoi_roster *roster);

/** Report that not all contacts are held: what is held has no version any more. */
int envoi__roster_post_incomplete(struct envoi_roster *roster, const char *text);

/** @return a text that names the limit for which the contacts returned ENVOI_ERR_LIMIT */
const char *envoi__roster_limit_text(const struct envoi_roster *roster);

/** @return items below a query, those included that the decoded list leaves out */
size_t envoi__roster_count_items(const struct envoi_element *query);

/** Note the version of what is held. @param version  NULL: none. Without memory there is none */
void envoi__roster_set_version(struct envoi_roster *roster, const char *version);

/** @return whether the contacts held are those of the session's account */
bool envoi__roster_is_own(const struct envoi_roster *roster);

/**
 * Replace the contacts by a list.
 *
 * @param query  NULL: an empty list. Items of type remove are left out
 * @retval ENVOI_ERR_LIMIT  only the first ones are held
 * @retval ENVOI_ERR_NOMEM  nothing changed
 */
int envoi__roster_replace(struct envoi_roster *roster, const struct envoi__roster_query *query);

/** As envoi__roster_replace(), into other contacts. @retval ENVOI_ERR_LIMIT, ENVOI_ERR_NOMEM */
int envoi__roster_collect(struct envoi__contacts *contacts, const struct envoi_roster *roster,
	const struct envoi__roster_query *query);

/** Exchange the contacts for others of the session's account. @param contacts  taken on success */
int envoi__roster_adopt(struct envoi_roster *roster, struct envoi__contacts *contacts);

/** Note that an address is no contact. @return ENVOI_ERR_NOT_FOUND */
int envoi__roster_refuse_stranger(const struct envoi_roster *roster, const struct envoi_jid *jid);

/** Free the contacts and the version, if they are another account's than the session's. */
void envoi__roster_forget_other_account(struct envoi_roster *roster);

/** End the pending fetch with ENVOI_ERR_CANCELED. */
void envoi__roster_cancel_fetch(struct envoi_roster *roster);

/** End the pending changes of groups with ENVOI_ERR_CANCELED. */
void envoi__roster_cancel_group_changes(struct envoi_roster *roster);

/** Send an item as a change of the contact @p jid. @param item  without address. Other parameters
 * and errors as envoi_roster_set() */
int envoi__roster_send_item(struct envoi_roster *roster, struct envoi_roster_item *item,
	const struct envoi_jid *jid, envoi_answer_fn *done, void *user);

#endif
