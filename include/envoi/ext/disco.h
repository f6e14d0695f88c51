/*
 * envoi - XEP-0030: Service Discovery
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_DISCO_H
#define ENVOI_EXT_DISCO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/ext/forms.h>
#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of questions for identities and features. */
#define ENVOI_NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
/** Namespace of questions for items. */
#define ENVOI_NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"

/** Limits of an answer; a larger one is malformed. */
enum {
	ENVOI_DISCO_MOST_IDENTITIES = 200,
	ENVOI_DISCO_MOST_FEATURES = 2000,
	ENVOI_DISCO_MOST_FORMS = 100,
	ENVOI_DISCO_MOST_ITEMS = 10000,
};

/* --- payloads --- */

/** A request, for information or for items. */
struct envoi_disco_query {
	char *node; /**< NULL: none */
};

/** An identity of an entity: a category and a type of the registry, for example "client" and "pc"
 * (section 3.1). */
struct envoi_disco_identity {
	char *category, *type;
	char *name; /**< for a person; NULL: none */
	char *lang; /**< of the name: the identity's own xml:lang; NULL: none */
};

/** Information about an entity, or about one of its nodes (section 3). */
struct envoi_disco_info {
	char *node; /**< NULL: none */
	struct envoi_disco_identity *identities;
	size_t identity_count;
	char **features; /**< namespaces and other names of features */
	size_t feature_count;
	/** further information (XEP-0128); envoi_forms_find() finds one by its namespace. Malformed
	 * ones are left out */
	struct envoi_form *forms;
	size_t form_count;
};

/** An item of an entity (section 4). */
struct envoi_disco_item {
	struct envoi_jid *jid;
	char *node; /**< NULL: the item is an entity of its own */
	char *name; /**< for a person; NULL: none */
};

/** Items of an entity, or of one of its nodes. Items without a valid address are left out. */
struct envoi_disco_items {
	char *node; /**< NULL: none */
	struct envoi_disco_item *items;
	size_t item_count;
};

/** Describes struct envoi_disco_query, a request for information. */
ENVOI_API extern const struct envoi_payload_type envoi_disco_info_query_type;
/** Describes struct envoi_disco_query, a request for items. */
ENVOI_API extern const struct envoi_payload_type envoi_disco_items_query_type;
/** Describes struct envoi_disco_info. */
ENVOI_API extern const struct envoi_payload_type envoi_disco_info_type;
/** Describes struct envoi_disco_items. */
ENVOI_API extern const struct envoi_payload_type envoi_disco_items_type;

/** @return whether the entity has a feature; false for NULL. The feature ENVOI_NS_DISCO_INFO is
 * inferred from the answer (section 3.1) */
ENVOI_API bool envoi_disco_has_feature(const struct envoi_disco_info *info, const char *feature);

/**
 * Find an identity.
 * @param info            NULL is allowed
 * @param category, type  NULL: any
 * @return the first one of that category and type; NULL: there is none
 */
ENVOI_API const struct envoi_disco_identity *envoi_disco_find_identity(
	const struct envoi_disco_info *info, const char *category, const char *type);

/* --- requesting --- */

/**
 * Request the identities and features of an entity (section 3).
 *
 * The answer is a claim of the entity. A feature is valid only for the address of the request: the
 * features of a domain are not those of its accounts, and the other way round.
 *
 * @param to           a bare or full address, or a domain; NULL: the domain of the session's
 *                     address, which is the account's server
 * @param node         of the entity; NULL: none
 * @param timeout_ms   milliseconds; 0: the setting request.timeout
 * @param done         called exactly once, as for envoi_request(); envoi_answer_payload() is a
 *                     struct envoi_disco_info, borrowed
 * @param user         passed to @p done
 * @param ret_request  NULL: not wanted; else as for envoi_request()
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_disco_info_get(struct envoi_session *session, const char *to,
	const char *node, uint64_t timeout_ms, envoi_answer_fn *done, void *user,
	struct envoi_request **ret_request);

/**
 * Request the items of an entity (section 4). The library sends no requests to the items. A program
 * that does so has to limit their depth and number, because items may refer to each other (section
 * 8.2).
 *
 * @param done  called exactly once, as for envoi_request(); envoi_answer_payload() is a struct
 *              envoi_disco_items, borrowed
 * Other parameters and errors as envoi_disco_info_get().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_disco_items_get(struct envoi_session *session, const char *to,
	const char *node, uint64_t timeout_ms, envoi_answer_fn *done, void *user,
	struct envoi_request **ret_request);

/* --- answering --- */

/**
 * Answers requests for information and items. Clients and components have it by default.
 *
 * The features in an answer are those in `uris` of the session's handlers, and those of
 * envoi_disco_set_info(). Any entity that has the full address of the session can request them.
 *
 * A request for a node that is not set is answered with item-not-found. A handler that answers for
 * nodes of its own has rows with the payloads envoi_disco_info_query_type and
 * envoi_disco_items_query_type and a priority above 0, which return ENVOI_DECLINED for other nodes.
 */
ENVOI_API extern const struct envoi_extension envoi_disco_extension;

/**
 * Set the information about a node of the session, or about the session itself.
 *
 * @param node  NULL: the session itself. Its features in @p info are added to those of the
 *              handlers. Its identities replace the default one: client/pc for a client,
 *              component/generic for others
 * @param info  copied; its member `node` has no effect; NULL: none, the initial state
 * @retval ENVOI_ERR_STATE    the session does not use the extension
 * @retval ENVOI_ERR_INVALID  @p info cannot be written, @p node is empty, or two identities have
 *                            the same category, type and language (section 3.1)
 * @retval ENVOI_ERR_NOMEM
 * On failure nothing is changed.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_disco_set_info(
	struct envoi_session *session, const char *node, const struct envoi_disco_info *info);

/**
 * Set the items of a node of the session, or of the session itself. A node with items and without
 * information of its own has the identity hierarchy/branch (section 4.3).
 *
 * @param node   NULL: the session itself
 * @param items  copied; their member `node` has no effect; NULL: none, the initial state
 * Errors as envoi_disco_set_info().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_disco_set_items(
	struct envoi_session *session, const char *node, const struct envoi_disco_items *items);

/**
 * Get the information that the session answers with: identities, and features in byte order, each
 * once.
 *
 * @param[out] ret_info  owned by the caller; free it with envoi_payload_free() and
 *                       envoi_disco_info_type
 * @retval ENVOI_ERR_STATE  the session does not use the extension
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_disco_own_info(
	struct envoi_disco_info **ret_info, struct envoi_session *session);

#ifdef __cplusplus
}
#endif
#endif
