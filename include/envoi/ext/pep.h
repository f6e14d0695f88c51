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

/** The accounts whose events are reported. */
enum {
	ENVOI_PEP_OWN = 1, /**< the own account, with changes by its other clients */
	ENVOI_PEP_CONTACTS = 2, /**< contacts whose presence the account sees */
};

/**
 * Make a handler that reports the events of one node of accounts. It announces the feature
 * `NODE+notify` (section 4.3.2): servers then send the events of the node, and its last item with
 * each login. For sessions of clients.
 *
 * An event is reported if its sender is the own account, or the bare address of a contact with a
 * subscription `to` or `both` in the roster. All others are ignored: any entity can send a message
 * that looks like an event. Servers may send the events of the own account twice.
 *
 * @param[out] ret_handler  for envoi_session_add(); freed with envoi_handler_destroy()
 * @param node    not empty; copied
 * @param who     ENVOI_PEP_OWN, ENVOI_PEP_CONTACTS, or both
 * @param notify  called for each event, as for envoi_pubsub_events_new(); the address is NULL for
 *                the own account
 * @param user    passed to @p notify
 * @retval ENVOI_ERR_INVALID  @p node is NULL or empty, @p who is 0, or @p notify is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_pep_events_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const char *node, unsigned int who,
	envoi_pubsub_event_fn *notify, void *user);

/* --- storage --- */

/** Read access to the items of a node. */
enum envoi_pep_access {
	ENVOI_PEP_PRIVATE = 1, /**< the account (XEP-0223) */
	ENVOI_PEP_PRESENCE, /**< the account and contacts that see its presence */
	ENVOI_PEP_OPEN, /**< any entity (XEP-0222) */
};

/** The required configuration of a node. Its items are stored (pubsub#persist_items). */
struct envoi_pep_node {
	const char *name;
	enum envoi_pep_access access;
	/** items that the node stores at least; 0: as many as the server allows, and more than
	 * one */
	uint32_t max_items;
};

/**
 * Reports the outcome of envoi_pep_store(). Called once, from the loop or inside
 * envoi_session_free(). Any object may be freed inside.
 * @param user  passed to envoi_pep_store()
 * @param code  ENVOI_OK: the item is stored; ENVOI_ERR_UNSUPPORTED: the server does not apply the
 *              configuration, and the item was not published; else a code of envoi_answer_code()
 * @param text  for a person; borrowed for the call
 */
typedef void envoi_pep_fn(void *user, int code, const char *text);

/**
 * Store an item in a node of the account, and configure the node first:
 *
 * 1. The configuration of the node is requested. A node that does not exist is created.
 * 2. If the configuration differs from @p node, it is set, and requested again.
 * 3. The item is published only if the configuration is now as required. The access is also a
 *    precondition of publishing, which the server verifies (XEP-0060, section 7.1.5).
 *
 * Step 2 is necessary because servers ignore unknown publish options, and contacts could read the
 * item in a node with wider access. It also changes the access to the items that are already in the
 * node, to a narrower or a wider one.
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
