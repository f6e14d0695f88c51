/*
 * envoi - XEP-0115: Entity Capabilities
 * SPDX-License-Identifier: MIT
 *
 * Also XEP-0390: Entity Capabilities 2.0, version 0.3.2.
 */
#ifndef ENVOI_EXT_CAPS_H
#define ENVOI_EXT_CAPS_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/ext/disco.h>
#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0115. */
#define ENVOI_NS_CAPS "http://jabber.org/protocol/caps"
/** Namespace of XEP-0390. */
#define ENVOI_NS_CAPS_2 "urn:xmpp:caps"
/** Namespace of hashes (XEP-0300). */
#define ENVOI_NS_HASHES "urn:xmpp:hashes:2"

/** The node of sessions without envoi_caps_set_node(). */
#define ENVOI_CAPS_NODE "urn:x-envoi"

/** Limits of what is held about other entities. */
enum {
	/** hashes in a cache; the least recently used one is dropped */
	ENVOI_CAPS_MOST_HASHES = 1000,
	ENVOI_CAPS_MOST_BYTES = 4 << 20, /**< bytes of all answers in a cache */
	/** entities of a session; the least recently updated one is dropped, contacts last */
	ENVOI_CAPS_MOST_ENTITIES = 10000,
	/** bytes of answers without a valid hash, of a session; the oldest ones are dropped, those
	 * of contacts last, and only in favour of other contacts */
	ENVOI_CAPS_MOST_OWN_BYTES = 1 << 20,
	/** bytes of answers without a valid hash, of one account; a further answer is not held */
	ENVOI_CAPS_MOST_OWN_OF_ACCOUNT = 128 * 1024,
	ENVOI_CAPS_MOST_SET = 10, /**< hashes of a set; a larger one is malformed */
};

/* --- payloads --- */

/** The hash in a presence (XEP-0115, section 4). */
struct envoi_caps {
	char *hash; /**< the name of the hash function; NULL: the legacy format */
	char *node; /**< a URI of the software */
	char *ver; /**< the hash in base64 */
	char *ext; /**< of the legacy format; NULL: none */
};

/** A hash (XEP-0300). */
struct envoi_caps_hash {
	char *algo; /**< "sha-256", "sha3-256", ... */
	struct envoi_bytes value;
};

/** Hashes in a presence, all of the same information (XEP-0390, section 6.4). */
struct envoi_caps_set {
	struct envoi_caps_hash *hashes;
	size_t hash_count;
};

/** Describes struct envoi_caps. */
ENVOI_API extern const struct envoi_payload_type envoi_caps_type;
/** Describes struct envoi_caps_set. */
ENVOI_API extern const struct envoi_payload_type envoi_caps_set_type;

/* --- own capabilities --- */

/**
 * Adds the hash of the session's information (<envoi/ext/disco.h>) to all available presence that
 * the session sends, including directed presence, in two formats: SHA-1 by XEP-0115, SHA-256 by
 * XEP-0390. Hashes that a presence already has are replaced. Clients have it by default.
 *
 * When the features of the session change, a client that is available sends its presence again,
 * once for all changes of one turn of the loop. Requests for information with the node of one
 * of the last three hashes are answered (XEP-0390, section 7.1).
 *
 * The hashes reveal the information to all entities that see the presence. Information with forms
 * that break XEP-0068 has no hash by XEP-0390.
 */
ENVOI_API extern const struct envoi_extension envoi_caps_extension;

/**
 * Set the URI of the program, which is sent with the hash by XEP-0115. It should be the address of
 * a web page about the program (section 4). A client that is available sends its presence again.
 *
 * @param node  copied; NULL: ENVOI_CAPS_NODE
 * @retval ENVOI_ERR_STATE    the session does not use the extension
 * @retval ENVOI_ERR_INVALID  @p node is empty, contains `#`, or is not allowed in XML
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_set_node(struct envoi_session *session, const char *node);

enum {
	ENVOI_CAPS_VER_SIZE = 29, /**< of a SHA-1 in base64, with its NUL */
};

/**
 * Compute the hash of information by XEP-0115, section 5.1, with SHA-1. It is for entities that are
 * not sessions of the library, such as a server that announces it in its stream features (section
 * 6.3).
 *
 * @param context  whose memory is used
 * @retval ENVOI_ERR_SYSTEM  the hash function failed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_ver(char ret_ver[ENVOI_CAPS_VER_SIZE],
	struct envoi_context *context, const struct envoi_disco_info *info);

/* --- a cache of answers --- */

/**
 * Verified answers, by hash. Reference-counted. Sessions of one context may share a cache.
 */
struct envoi_caps_cache;

/** Make an empty cache. @param context a reference is taken. @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_cache_new(
	struct envoi_caps_cache **ret_cache, struct envoi_context *context);
/** Take a reference. @return @p cache */
ENVOI_API struct envoi_caps_cache *envoi_caps_cache_ref(struct envoi_caps_cache *cache);
/** Drop a reference; NULL is allowed. @return NULL */
ENVOI_API struct envoi_caps_cache *envoi_caps_cache_unref(struct envoi_caps_cache *cache);

/** @return the number of hashes that it holds */
ENVOI_API size_t envoi_caps_cache_count(const struct envoi_caps_cache *cache);

/**
 * Append the contents to a buffer, for envoi_caps_cache_import() in a later process.
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  from the buffer, which is unchanged
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_cache_export(
	const struct envoi_caps_cache *cache, struct envoi_buffer *out);

/**
 * Add exported contents. Each hash is verified again: answers that do not match are left out.
 *
 * @param bytes  borrowed for the call
 * @retval ENVOI_ERR_INVALID  they are malformed; the answers before the error were added
 * @retval ENVOI_ERR_NOMEM    the answers before the failure were added
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_cache_import(
	struct envoi_caps_cache *cache, const void *bytes, size_t len);

/* --- capabilities of others --- */

/**
 * Holds the hashes in presence of other entities, for the functions below. Use it with
 * envoi_session_use() before the login. Presence causes no request; only envoi_caps_get() sends
 * one.
 *
 * An available presence without a hash, and unavailable presence, remove the hash of the sender.
 * All are removed when the session of the server ends. For the limits above, contacts are entities
 * of the own account and of accounts with a subscription in the client's roster.
 *
 * The hash of an answer is verified. The answer is used for all entities with that hash if the hash
 * matches, and, by XEP-0115, if no other information can have the same hash input: its texts
 * contain no separators, no feature can be read as an identity, and no form as further features
 * (section 9.3). Otherwise it is used only for the full address that has sent it, and the next
 * entity with the hash gets a request of its own. If a presence has hashes of both formats, that by
 * XEP-0390 is used.
 */
ENVOI_API extern const struct envoi_extension envoi_caps_entities_extension;

/**
 * Set the cache of a session. By default each session has a cache of its own.
 *
 * @param cache  of the session's context; a reference is taken; NULL: a cache of its own
 * @retval ENVOI_ERR_STATE    the session does not use envoi_caps_entities_extension
 * @retval ENVOI_ERR_INVALID  it is of another context
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_set_cache(
	struct envoi_session *session, struct envoi_caps_cache *cache);

/**
 * Get the information about an entity without a request.
 *
 * @param jid  the address from which it sends presence; NULL is allowed
 * @return identities, features and forms; the member `node` has no meaning. Borrowed until the loop
 *         runs. NULL: not available, or the session does not use the extension
 */
ENVOI_API const struct envoi_disco_info *envoi_caps_find(
	struct envoi_session *session, const struct envoi_jid *jid);

/**
 * Reports the outcome of envoi_caps_get(). Called once, from the loop or inside
 * envoi_session_free(). Any object may be freed inside.
 * @param user  passed to envoi_caps_get()
 * @param code  ENVOI_OK, else a code of envoi_answer_code()
 * @param info  as for envoi_caps_find(), borrowed for the call; NULL unless ENVOI_OK
 */
typedef void envoi_caps_fn(void *user, int code, const struct envoi_disco_info *info);

/**
 * Get the information about an entity, or request it. Of several entities with the same hash one
 * gets the request, and the next one if the answer does not match the hash. For an entity without a
 * hash each call sends a request.
 *
 * @param jid            the address from which it sends presence
 * @param[out] ret_info  set on ENVOI_OK, as for envoi_caps_find()
 * @param done           called once after ENVOI_AGAIN, else not
 * @param user           passed to @p done
 * @retval ENVOI_OK           @p ret_info is set; @p done is not called
 * @retval ENVOI_AGAIN        a request to the entity, or to another one with its hash, is pending
 * @retval ENVOI_ERR_INVALID  @p jid is NULL
 * @retval ENVOI_ERR_STATE    also: the session does not use envoi_caps_entities_extension
 * Other errors as envoi_request().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_get(struct envoi_session *session,
	const struct envoi_jid *jid, const struct envoi_disco_info **ret_info, envoi_caps_fn *done,
	void *user);

#ifdef __cplusplus
}
#endif
#endif
