/*
 * envoi - XEP-0163: Personal Eventing Protocol
 * SPDX-License-Identifier: MIT
 *
 * With XEP-0222 (version 1.0) and XEP-0223 (version 1.1.1): storage in nodes of the account.
 */
#ifndef ENVOI_EXT_PEP_H
#define ENVOI_EXT_PEP_H

#include <stdint.h>

#include <envoi/ext/pubsub.h>
#include <envoi/handler.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- events --- */

/** Whose events are wanted. */
enum {
	ENVOI_PEP_OWN = 1, /**< those of the account's own nodes, also by other clients */
	ENVOI_PEP_CONTACTS = 2, /**< of contacts whose presence the account sees */
};

/**
 * Make a handler that reports the events of one node of accounts, and announces the interest in it
 * (the feature `NODE+notify`, section 4.3.2): servers send the events of the node then, and its
 * last item with each login. For sessions of clients.
 *
 * An event is reported if its sender is the bare address of a contact with a subscription `to` or
 * `both` in the roster, or if the own account has sent it. All others are ignored: everybody can
 * send what looks like an event. Servers may send the events of the account twice.
 *
 * @param[out] ret_handler  for envoi_session_add(); freed with envoi_handler_destroy()
 * @param node    not empty; copied
 * @param who     ENVOI_PEP_OWN, ENVOI_PEP_CONTACTS, or both
 * @param notify  called for each event, as of envoi_pubsub_events_new(); the address is NULL for
 *                the own account
 * @param user    passed to @p notify
 * @retval ENVOI_ERR_INVALID  @p node is NULL or empty, @p who is 0, or @p notify is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_pep_events_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const char *node, unsigned int who,
	envoi_pubsub_event_fn *notify, void *user);

/* --- storage --- */

/** Who may read the items of a node. */
enum envoi_pep_access {
	ENVOI_PEP_PRIVATE = 1, /**< the account alone (XEP-0223) */
	ENVOI_PEP_PRESENCE, /**< those that see the account's presence */
	ENVOI_PEP_OPEN, /**< everybody (XEP-0222) */
};

/** How a node has to be configured. Its items are kept (pubsub#persist_items). */
struct envoi_pep_node {
	const char *name;
	enum envoi_pep_access access;
	/** items that the node has to keep at least; 0: as many as the server lets it keep, and
	 * more than one */
	uint32_t max_items;
};

/**
 * Reports how storing an item ended. Called once, from the loop or inside envoi_session_free(). Any
 * object may be freed inside.
 * @param user  passed to envoi_pep_store()
 * @param code  ENVOI_OK: it is stored; ENVOI_ERR_UNSUPPORTED: the server does not configure the
 *              node so, and nothing was written; else a code of envoi_answer_code()
 * @param text  for a person; borrowed for the call
 */
typedef void envoi_pep_fn(void *user, int code, const char *text);

/**
 * Store an item in a node of the account, which is configured first.
 *
 * The configuration of the node is read. A node that does not exist is created. One that is
 * configured otherwise is configured, and read again. The item is published only when the
 * configuration is as it has to be, with the access as a condition that the server verifies once
 * more (section 7.1.5 of XEP-0060): servers ignore options that they do not know, and contacts may
 * read what is in a node with other access. A wider access is replaced by a narrower one and the
 * other way round: what is in the node already follows.
 *
 * @param node     borrowed for the call, with its name
 * @param id       of the item; NULL: the server makes one
 * @param payload  borrowed for the call
 * @param done     called once
 * @param user     passed to @p done
 * @retval ENVOI_ERR_INVALID  a parameter is NULL, or the name is empty
 * Other errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_pep_store(struct envoi_session *session,
	const struct envoi_pep_node *node, const char *id, const struct envoi_element *payload,
	envoi_pep_fn *done, void *user);

#ifdef __cplusplus
}
#endif
#endif
