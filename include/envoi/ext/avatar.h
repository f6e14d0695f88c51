/*
 * envoi - XEP-0084: User Avatar
 * SPDX-License-Identifier: MIT
 *
 * Also the avatars of contacts by XEP-0153 (version 1.1.1), and XEP-0398 (version 1.0.0).
 */
#ifndef ENVOI_EXT_AVATAR_H
#define ENVOI_EXT_AVATAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/ext/pep.h>
#include <envoi/ext/pubsub.h>
#include <envoi/payload.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The namespaces, and the names of the nodes. */
#define ENVOI_NS_AVATAR_DATA "urn:xmpp:avatar:data"
/** Node and namespace of the descriptions of pictures. */
#define ENVOI_NS_AVATAR_METADATA "urn:xmpp:avatar:metadata"
/** Namespace of the hash in presence (XEP-0153). */
#define ENVOI_NS_AVATAR_UPDATE "vcard-temp:x:update"
/** A feature of the own account: the server synchronizes the avatars of the node and of the vCard,
 * and adds the hash to presence. A client then adds none (XEP-0398, section 4). */
#define ENVOI_NS_AVATAR_CONVERSION "urn:xmpp:pep-vcard-conversion:0"

/** The most pictures of a metadata element; one with more is malformed. */
#define ENVOI_AVATAR_MOST_INFOS 50
/** The size of an id with its NUL: SHA-1 in hexadecimal. */
#define ENVOI_AVATAR_ID_SIZE 41

/* --- payloads --- */

/** A picture, in one format (section 4.2.1). */
struct envoi_avatar_info {
	char *id; /**< SHA-1 of its bytes, in hexadecimal */
	char *type; /**< "image/png" */
	uint32_t bytes;
	uint16_t width, height; /**< pixels; 0: not stated */
	char *url; /**< where it can be fetched; NULL: in the data node */
};

/** The metadata of an avatar; without a picture the avatar is disabled (section 3.5). */
struct envoi_avatar_metadata {
	struct envoi_avatar_info *infos;
	size_t info_count;
};

/** A picture in the data node. */
struct envoi_avatar_data {
	struct envoi_bytes bytes;
};

/** The element in presence (XEP-0153, section 4.1). */
struct envoi_avatar_update {
	bool has_photo; /**< false: the client has not read the avatar yet */
	char *photo; /**< SHA-1 in hexadecimal; "": there is no avatar */
};

/** Describes struct envoi_avatar_metadata. Malformed pictures are left out. */
ENVOI_API extern const struct envoi_payload_type envoi_avatar_metadata_type;
/** Describes struct envoi_avatar_data. */
ENVOI_API extern const struct envoi_payload_type envoi_avatar_data_type;
/** Describes struct envoi_avatar_update. */
ENVOI_API extern const struct envoi_payload_type envoi_avatar_update_type;

/** A picture of a vCard (XEP-0054). */
struct envoi_avatar_photo {
	char *type; /**< NULL: none */
	struct envoi_bytes bytes;
};
/** The picture of a vCard; other parts are not read. */
struct envoi_avatar_vcard {
	struct envoi_avatar_photo *photo; /**< NULL: none, or it cannot be read */
};
/** Describes struct envoi_avatar_vcard, for reading only. */
ENVOI_API extern const struct envoi_payload_type envoi_avatar_vcard_type;

/* --- reading --- */

/**
 * Get the metadata of a node. If old clients have left several items, the last one is used.
 * Changes come as events of the node ENVOI_NS_AVATAR_METADATA: envoi_pep_events_new().
 *
 * @param items  of an event or an answer; NULL is allowed
 * @return borrowed from @p items; NULL: no item has valid metadata
 */
ENVOI_API const struct envoi_avatar_metadata *envoi_avatar_metadata_of(
	const struct envoi_pubsub_items *items);

/**
 * Choose a picture that can be fetched with envoi_avatar_get().
 * @param metadata   NULL is allowed
 * @param max_bytes  its size at most
 * @return the largest one that is in the data node, is not larger, and has an id; NULL: none
 */
ENVOI_API const struct envoi_avatar_info *envoi_avatar_choose(
	const struct envoi_avatar_metadata *metadata, uint32_t max_bytes);

/**
 * Reports a picture. Called once, from the loop or inside envoi_session_free(). Any object may be
 * freed inside.
 * @param user   passed to envoi_avatar_get()
 * @param code   ENVOI_OK; ENVOI_ERR_NOT_FOUND: there is no picture; ENVOI_ERR_PROTOCOL: its bytes
 *               have another hash; ENVOI_ERR_LIMIT: it is too large; else a code of
 *               envoi_answer_code()
 * @param type   the type as the peer states it, untrusted; NULL: none
 * @param bytes  of the picture, untrusted; borrowed for the call; NULL unless ENVOI_OK
 */
typedef void envoi_avatar_fn(void *user, int code, const char *type, const void *bytes, size_t len);

/**
 * Fetch a picture of the data node (section 3.4), and verify its hash against its id.
 *
 * @param jid        bare address of the account with the avatar; NULL: the own account
 * @param info       borrowed for the call
 * @param max_bytes  a larger picture is refused, by its metadata and after it was fetched
 * @param done       called once
 * @param user       passed to @p done
 * @retval ENVOI_ERR_UNSUPPORTED  it is at a URL. Fetching it reveals the network address of the
 *                                user to the contact (section 8): the program decides about it
 * @retval ENVOI_ERR_LIMIT        it is larger than @p max_bytes
 * @retval ENVOI_ERR_INVALID      @p info is NULL, or its id is no SHA-1 in hexadecimal
 * Other errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_avatar_get(struct envoi_session *session,
	const struct envoi_jid *jid, const struct envoi_avatar_info *info, uint32_t max_bytes,
	envoi_avatar_fn *done, void *user);

/**
 * Fetch the picture of a vCard (XEP-0153, section 3.2), of an occupant of a room for example, and
 * verify its hash. envoi_stanza_decode() reads the expected hash from presence with
 * envoi_avatar_update_type.
 *
 * @param jid  a bare address, or the full one of an occupant
 * @param id   SHA-1 in hexadecimal, in lower or upper case
 * @retval ENVOI_ERR_INVALID  a parameter is NULL, or @p id is not such a hash
 * Other parameters and errors as for envoi_avatar_get().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_avatar_vcard_get(struct envoi_session *session,
	const struct envoi_jid *jid, const char *id, uint32_t max_bytes, envoi_avatar_fn *done,
	void *user);

/* --- publishing --- */

/** A picture to be published. */
struct envoi_avatar_picture {
	const void *bytes;
	size_t len;
	const char *type; /**< "image/png", which all clients can read (section 4.1) */
	uint16_t width, height; /**< pixels */
	/** ENVOI_PEP_PRESENCE; or ENVOI_PEP_OPEN: occupants of rooms see it as well, and can
	 * identify the account by it */
	enum envoi_pep_access access;
};

/**
 * Publish an avatar: its data, then its metadata (sections 3.1 and 3.2). Both nodes get the access
 * of the picture first (envoi_pep_store()).
 *
 * @param picture  borrowed for the call
 * @param done     called once, as for envoi_pep_store(), after the metadata was stored or a step
 *                 has failed
 * @param user     passed to @p done
 * @retval ENVOI_ERR_INVALID  the picture has no bytes or no type
 * Other errors as envoi_pep_store().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_avatar_publish(struct envoi_session *session,
	const struct envoi_avatar_picture *picture, envoi_pep_fn *done, void *user);

/** Publish metadata without a picture: the account has no avatar (section 3.5). Parameters and
 * errors as for envoi_pubsub_publish(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_avatar_disable(
	struct envoi_session *session, envoi_answer_fn *done, void *user);

/** Compute the id of a picture. @param[out] ret_id  SHA-1 in lower case. @retval ENVOI_ERR_SYSTEM
 * the hash function failed */
ENVOI_API ENVOI_MUST_CHECK int envoi_avatar_id(
	char ret_id[ENVOI_AVATAR_ID_SIZE], const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif
#endif
