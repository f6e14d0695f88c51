/*
 * envoi - XEP-0084: User Avatar, version 1.1.4
 * SPDX-License-Identifier: MIT
 *
 * Payloads and reading. avatar_publish.c publishes.
 */
#include <envoi/ext/avatar.h>

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <envoi/context.h>
#include <envoi/values.h>

enum {
	HASH_SIZE = 20, /* SHA-1 */
};

/* --- payloads --- */

static const struct envoi_field info_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_avatar_info, id, "id", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_avatar_info, type, "type", ENVOI_REQUIRED),
	ENVOI_ATTR_INT(struct envoi_avatar_info, bytes, "bytes", ENVOI_REQUIRED),
	ENVOI_ATTR_INT(struct envoi_avatar_info, width, "width", ENVOI_LENIENT),
	ENVOI_ATTR_INT(struct envoi_avatar_info, height, "height", ENVOI_LENIENT),
	ENVOI_ATTR_TEXT(struct envoi_avatar_info, url, "url"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type info_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_avatar_info, NULL, "info", info_fields);

static const struct envoi_field metadata_fields[] = {
	ENVOI_CHILDREN_STRUCT(struct envoi_avatar_metadata, infos, info_count,
		struct envoi_avatar_info, &info_type, ENVOI_LENIENT,
		.max_items = ENVOI_AVATAR_MOST_INFOS),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_avatar_metadata_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_avatar_metadata, ENVOI_NS_AVATAR_METADATA, "metadata", metadata_fields);

static const struct envoi_field data_fields[] = {
	ENVOI_TEXT_BASE64(struct envoi_avatar_data, bytes, ENVOI_REQUIRED | ENVOI_SPACES),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_avatar_data_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_avatar_data, ENVOI_NS_AVATAR_DATA, "data", data_fields);

static const struct envoi_field update_fields[] = {
	ENVOI_CHILD_TEXT(struct envoi_avatar_update, photo, "photo",
		.has = ENVOI_HAS(struct envoi_avatar_update, has_photo)),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_avatar_update_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_avatar_update, ENVOI_NS_AVATAR_UPDATE, "x", update_fields);

static const struct envoi_field photo_fields[] = {
	ENVOI_CHILD_TEXT(struct envoi_avatar_photo, type, "TYPE"),
	ENVOI_CHILD_BASE64(
		struct envoi_avatar_photo, bytes, "BINVAL", ENVOI_REQUIRED | ENVOI_SPACES),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type photo_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_avatar_photo, NULL, "PHOTO", photo_fields);

static const struct envoi_field vcard_fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_avatar_vcard, photo, struct envoi_avatar_photo, &photo_type,
		ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_avatar_vcard_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_avatar_vcard, "vcard-temp", "vCard", vcard_fields);

/* --- hashes --- */

static int hash(unsigned char ret_hash[HASH_SIZE], const void *bytes, size_t len)
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA1, bytes, len, ret_hash) < 0 ? ENVOI_ERR_SYSTEM
									   : ENVOI_OK;
}

int envoi_avatar_id(char ret_id[ENVOI_AVATAR_ID_SIZE], const void *bytes, size_t len)
{
	unsigned char sum[HASH_SIZE];
	int r = hash(sum, bytes, len);
	if (r == ENVOI_OK) {
		envoi_hex_encode(ret_id, sum, sizeof(sum));
	}
	return r;
}

/* XEP-0153, section 3.1: in lower or upper case. */
static int read_id(unsigned char ret_hash[HASH_SIZE], const char *id)
{
	return id != NULL && strlen(id) == 2 * HASH_SIZE
		? envoi_hex_decode(ret_hash, id, 2 * HASH_SIZE)
		: ENVOI_ERR_INVALID;
}

/* --- metadata --- */

const struct envoi_avatar_metadata *envoi_avatar_metadata_of(const struct envoi_pubsub_items *items)
{
	const void *value;
	const struct envoi_element *payload = items == NULL || items->item_count == 0
		? NULL
		: items->items[items->item_count - 1].payload;
	return payload != NULL &&
			envoi_payload_parse(&value, &envoi_avatar_metadata_type, payload, NULL) ==
				ENVOI_OK
		? value
		: NULL;
}

const struct envoi_avatar_info *envoi_avatar_choose(
	const struct envoi_avatar_metadata *metadata, uint32_t max_bytes)
{
	const struct envoi_avatar_info *best = NULL;
	unsigned char sum[HASH_SIZE];
	for (size_t i = 0; metadata != NULL && i < metadata->info_count; i++) {
		const struct envoi_avatar_info *info = &metadata->infos[i];
		if (info->url == NULL && info->bytes <= max_bytes &&
			read_id(sum, info->id) == ENVOI_OK &&
			(best == NULL || info->bytes > best->bytes)) {
			best = info;
		}
	}
	return best;
}

/* --- fetching --- */

struct fetching {
	struct envoi_context *context;
	unsigned char hash[HASH_SIZE];
	uint32_t max_bytes;
	char *type; /* NULL: none */
	envoi_avatar_fn *done;
	void *user;
};

static void fetching_free(struct fetching *fetching)
{
	struct envoi_context *context = fetching->context;
	envoi_free(context, fetching->type);
	envoi_free(context, fetching);
	envoi_context_unref(context);
}

static int verify(const struct fetching *fetching, const struct envoi_bytes *bytes)
{
	unsigned char sum[HASH_SIZE];
	if (bytes == NULL || bytes->data == NULL) {
		return ENVOI_ERR_NOT_FOUND;
	}
	if (bytes->len > fetching->max_bytes) {
		return ENVOI_ERR_LIMIT;
	}
	int r = hash(sum, bytes->data, bytes->len);
	return r == ENVOI_OK && memcmp(sum, fetching->hash, sizeof(sum)) != 0 ? ENVOI_ERR_PROTOCOL
									      : r;
}

/* Everything may be freed in the function of the program. */
static void end(
	struct fetching *fetching, int code, const char *type, const struct envoi_bytes *bytes)
{
	code = code == ENVOI_OK ? verify(fetching, bytes) : code;
	bool is_good = code == ENVOI_OK;
	fetching->done(fetching->user, code, is_good ? type : NULL, is_good ? bytes->data : NULL,
		is_good ? bytes->len : 0);
	fetching_free(fetching);
}

/* The answer to a request for an item that is gone: XEP-0060, section 6.5.9. */
static int code_of(const struct envoi_answer *answer)
{
	const struct envoi_stanza_error *error = envoi_answer_error(answer);
	return error != NULL && error->condition == ENVOI_ITEM_NOT_FOUND
		? ENVOI_ERR_NOT_FOUND
		: envoi_answer_code(answer);
}

static void on_items(void *user, const struct envoi_answer *answer)
{
	struct fetching *fetching = user;
	const struct envoi_pubsub *pubsub = envoi_answer_payload(answer);
	const struct envoi_pubsub_items *items = pubsub == NULL ? NULL : pubsub->items;
	const struct envoi_element *payload = items == NULL || items->item_count == 0
		? NULL
		: items->items[0].payload;
	const void *value = NULL;
	int r = code_of(answer);
	if (r == ENVOI_OK && payload != NULL &&
		envoi_payload_parse(&value, &envoi_avatar_data_type, payload, NULL) != ENVOI_OK) {
		r = ENVOI_ERR_PROTOCOL;
	}
	const struct envoi_avatar_data *data = value;
	end(fetching, r, fetching->type, data == NULL ? NULL : &data->bytes);
}

static void on_vcard(void *user, const struct envoi_answer *answer)
{
	struct fetching *fetching = user;
	const struct envoi_avatar_vcard *vcard = envoi_answer_payload(answer);
	const struct envoi_avatar_photo *photo = vcard == NULL ? NULL : vcard->photo;
	end(fetching, code_of(answer), photo == NULL ? NULL : photo->type,
		photo == NULL ? NULL : &photo->bytes);
}

static struct fetching *fetching_new(struct envoi_session *session,
	const unsigned char sum[HASH_SIZE], const char *type, uint32_t max_bytes)
{
	struct envoi_context *context = envoi_session_context(session);
	struct fetching *fetching = envoi_alloc_zeroed(context, sizeof(*fetching));
	char *copy = fetching == NULL || type == NULL ? NULL
						      : envoi_strndup(context, type, strlen(type));
	if (fetching == NULL || (type != NULL && copy == NULL)) {
		envoi_free(context, fetching);
		return NULL;
	}
	fetching->context = envoi_context_ref(context);
	memcpy(fetching->hash, sum, HASH_SIZE);
	fetching->type = copy;
	fetching->max_bytes = max_bytes;
	return fetching;
}

int envoi_avatar_get(struct envoi_session *session, const struct envoi_jid *jid,
	const struct envoi_avatar_info *info, uint32_t max_bytes, envoi_avatar_fn *done, void *user)
{
	unsigned char sum[HASH_SIZE];
	if (info == NULL || read_id(sum, info->id) < 0) {
		return ENVOI_ERR_INVALID;
	}
	if (info->url != NULL || info->bytes > max_bytes) {
		return info->url != NULL ? ENVOI_ERR_UNSUPPORTED : ENVOI_ERR_LIMIT;
	}
	struct fetching *fetching = fetching_new(session, sum, info->type, max_bytes);
	if (fetching == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	fetching->done = done;
	fetching->user = user;
	const char *const ids[] = {info->id};
	int r = envoi_pubsub_items_get(session, jid == NULL ? NULL : envoi_jid_text(jid),
		ENVOI_NS_AVATAR_DATA, ids, 1, 0, NULL, on_items, fetching);
	if (r < 0) {
		fetching_free(fetching);
	}
	return r;
}

static const struct envoi_payload_type vcard_query_type = ENVOI_PAYLOAD_EMPTY(
	"vcard-temp", "vCard");

int envoi_avatar_vcard_get(struct envoi_session *session, const struct envoi_jid *jid,
	const char *id, uint32_t max_bytes, envoi_avatar_fn *done, void *user)
{
	unsigned char sum[HASH_SIZE];
	if (jid == NULL || read_id(sum, id) < 0) {
		return ENVOI_ERR_INVALID;
	}
	struct fetching *fetching = fetching_new(session, sum, NULL, max_bytes);
	if (fetching == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	fetching->done = done;
	fetching->user = user;
	int r = envoi_request(session,
		envoi_request_iq(
			session, ENVOI_IQ_GET, envoi_jid_text(jid), &vcard_query_type, NULL),
		&envoi_avatar_vcard_type, 0, on_vcard, fetching, NULL);
	if (r < 0) {
		fetching_free(fetching);
	}
	return r;
}
