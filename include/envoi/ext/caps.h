/*
 * envoi - XEP-0115: Entity Capabilities
 * SPDX-License-Identifier: MIT
 *
 * With XEP-0390: Entity Capabilities 2.0, version 0.3.2, beside it.
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

#define ENVOI_NS_CAPS "http://jabber.org/protocol/caps"
#define ENVOI_NS_CAPS_2 "urn:xmpp:caps"
#define ENVOI_NS_HASHES "urn:xmpp:hashes:2"

/** The node of sessions that have set no other. */
#define ENVOI_CAPS_NODE "urn:x-envoi"

/** What is held of other entities at most. */
enum {
	ENVOI_CAPS_MOST_HASHES = 1000, /**< of a cache: the one used longest ago is dropped */
	ENVOI_CAPS_MOST_BYTES = 4 << 20, /**< of a cache: bytes of all its answers */
	/** of a session: the one updated longest ago is dropped, contacts last */
	ENVOI_CAPS_MOST_ENTITIES = 10000,
	/** of a session: of answers without a valid hash; older ones are dropped, those of contacts
	 * last and for those of contacts only */
	ENVOI_CAPS_MOST_OWN_BYTES = 1 << 20,
	/** likewise, of an account; a further one is not kept */
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
 * Adds the hash of what service discovery answers (<envoi/ext/disco.h>) to all available presence
 * that the session sends, directed presence too, in both formats: SHA-1 by XEP-0115, SHA-256 by
 * XEP-0390. Hashes that a presence has already are replaced. Clients have it by default.
 *
 * When the features of the session change, a client that is available sends its presence again,
 * once for all changes of one turn of the loop. Requests for information with the node of a hash
 * are answered, for the last three hashes (XEP-0390, section 7.1).
 *
 * The hashes reveal what a request for information reveals, to all that see the presence.
 * Information with forms that break XEP-0068 has no hash by XEP-0390.
 */
ENVOI_API extern const struct envoi_extension envoi_caps_extension;

/**
 * Set the URI of the program, which stands beside the hash by XEP-0115. It should be the address of
 * a web page about the program (section 4). A client that is available sends its presence again.
 *
 * @param node  copied; NULL: ENVOI_CAPS_NODE
 * @retval ENVOI_ERR_STATE    the session does not use the extension
 * @retval ENVOI_ERR_INVALID  it is empty, contains `#`, or XML does not allow it
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_set_node(struct envoi_session *session, const char *node);

enum {
	ENVOI_CAPS_VER_SIZE = 29, /**< of a SHA-1 in base64, with its NUL */
};

/**
 * Compute the hash of information by XEP-0115, section 5.1, with SHA-1: what an entity that is no
 * session of the library announces, a server in its stream features (section 6.3) for example.
 *
 * @param context  whose memory is used
 * @retval ENVOI_ERR_SYSTEM  the hash function failed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_ver(char ret_ver[ENVOI_CAPS_VER_SIZE],
	struct envoi_context *context, const struct envoi_disco_info *info);

/* --- a cache of what others answered --- */

/**
 * Information by hash, of answers that were verified. Reference-counted. Sessions of one context
 * may share a cache.
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
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  from the buffer, which is as it was before
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_cache_export(
	const struct envoi_caps_cache *cache, struct envoi_buffer *out);

/**
 * Add exported contents. Each hash is verified again: what does not match is left out.
 *
 * @param bytes  borrowed for the call
 * @retval ENVOI_ERR_INVALID  they are malformed; what stands before the error was added
 * @retval ENVOI_ERR_NOMEM    as ENVOI_ERR_INVALID
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_cache_import(
	struct envoi_caps_cache *cache, const void *bytes, size_t len);

/* --- capabilities of others --- */

/**
 * Keeps the hashes in presence of others, for the functions below. Use it with envoi_session_use()
 * before the login. A presence sends no request; envoi_caps_get() does.
 *
 * An available presence without a hash, and unavailable presence, end what was known of its sender.
 * Those of a session of the server are dropped with it. Contacts are entities of the own account,
 * and of contacts of the client's roster with a subscription.
 *
 * A hash is verified over the answer. The answer counts for all entities with that hash if the hash
 * matches and, for XEP-0115, no other answer has the same hash input: its hashed texts contain no
 * separators, no feature could be read as an identity, and no form as further features (section
 * 9.3). Otherwise it counts for the full address that has sent it, and the next entity with the
 * hash is asked itself. Of presence with hashes of both formats, that by XEP-0390 counts.
 */
ENVOI_API extern const struct envoi_extension envoi_caps_entities_extension;

/**
 * Share a cache. A session without one makes a cache of its own when it needs it.
 *
 * @param cache  a reference is taken; of the session's context; NULL: one of its own
 * @retval ENVOI_ERR_STATE    the session does not use envoi_caps_entities_extension
 * @retval ENVOI_ERR_INVALID  it is of another context
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_set_cache(
	struct envoi_session *session, struct envoi_caps_cache *cache);

/**
 * Get what is known of an entity, without asking.
 *
 * @param jid  as it sends presence; NULL is allowed
 * @return identities, features and forms; the node in it has no meaning. Borrowed until the loop
 *         runs. NULL: not known, or the session does not use the extension
 */
ENVOI_API const struct envoi_disco_info *envoi_caps_find(
	struct envoi_session *session, const struct envoi_jid *jid);

/**
 * Reports what an entity has answered. Called once, from the loop or inside envoi_session_free().
 * Any object may be freed inside.
 * @param user  passed to envoi_caps_get()
 * @param code  ENVOI_OK, else a code of envoi_answer_code()
 * @param info  as of envoi_caps_find(), borrowed for the call; NULL: the entity was asked and gave
 *              no answer
 */
typedef void envoi_caps_fn(void *user, int code, const struct envoi_disco_info *info);

/**
 * Get what is known of an entity, or ask. Of several entities with the same hash one is asked, and
 * the next one if its answer does not match. One without a hash is asked each time.
 *
 * @param jid            as it sends presence; NULL is refused with ENVOI_ERR_INVALID
 * @param[out] ret_info  set on ENVOI_OK, as of envoi_caps_find()
 * @param done           called once after ENVOI_AGAIN, else not
 * @param user           passed to @p done
 * @retval ENVOI_OK     *ret_info is known
 * @retval ENVOI_AGAIN  the entity, or another one with its hash, was asked
 * @retval ENVOI_ERR_STATE  also: the session does not use envoi_caps_entities_extension
 * Other errors as envoi_request().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_caps_get(struct envoi_session *session,
	const struct envoi_jid *jid, const struct envoi_disco_info **ret_info, envoi_caps_fn *done,
	void *user);

#ifdef __cplusplus
}
#endif
#endif
