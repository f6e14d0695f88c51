/*
 * envoi - XEP-0363: HTTP File Upload, version 1.2.0
 * SPDX-License-Identifier: MIT
 *
 * Payloads and requests. upload_put.c uploads.
 */
#include <envoi/ext/upload.h>

#include <string.h>

#include <envoi/values.h>

static const struct envoi_payload_type message_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_UPLOAD_PURPOSE, "message");
static const struct envoi_payload_type profile_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_UPLOAD_PURPOSE, "profile");
static const struct envoi_payload_type permanent_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_UPLOAD_PURPOSE, "permanent");
static const struct envoi_field ephemeral_fields[] = {
	ENVOI_ATTR_DATE(struct envoi_upload_ephemeral, expire_ms, "expire-before", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type ephemeral_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_upload_ephemeral, ENVOI_NS_UPLOAD_PURPOSE, "ephemeral", ephemeral_fields);
static const struct envoi_choice purposes[] = {
	ENVOI_CHOICE_EMPTY(ENVOI_UPLOAD_MESSAGE, struct envoi_upload_file, &message_type),
	ENVOI_CHOICE_EMPTY(ENVOI_UPLOAD_PROFILE, struct envoi_upload_file, &profile_type),
	ENVOI_CHOICE_IS(ENVOI_UPLOAD_EPHEMERAL, struct envoi_upload_file, by.ephemeral,
		struct envoi_upload_ephemeral, &ephemeral_type),
	ENVOI_CHOICE_EMPTY(ENVOI_UPLOAD_PERMANENT, struct envoi_upload_file, &permanent_type),
	ENVOI_CHOICES_END,
};
static const struct envoi_field file_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_upload_file, filename, "filename", ENVOI_REQUIRED),
	ENVOI_ATTR_INT(struct envoi_upload_file, size, "size", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_upload_file, content_type, "content-type"),
	ENVOI_CHOICE(struct envoi_upload_file, purpose, purposes),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_upload_file_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_upload_file, ENVOI_NS_UPLOAD, "request", file_fields);

static const struct envoi_field header_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_upload_header, name, "name", ENVOI_REQUIRED),
	ENVOI_TEXT(struct envoi_upload_header, value, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type header_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_upload_header, NULL, "header", header_fields);
static const struct envoi_field put_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_upload_put_url, url, "url", ENVOI_REQUIRED),
	ENVOI_CHILDREN_STRUCT(struct envoi_upload_put_url, headers, header_count,
		struct envoi_upload_header, &header_type, .max_items = ENVOI_UPLOAD_MOST_HEADERS),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type put_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_upload_put_url, NULL, "put", put_fields);
static const struct envoi_field get_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_upload_get_url, url, "url", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type get_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_upload_get_url, NULL, "get", get_fields);
static const struct envoi_field slot_fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_upload_slot, put, struct envoi_upload_put_url, &put_type,
		ENVOI_REQUIRED),
	ENVOI_CHILD_STRUCT(struct envoi_upload_slot, get, struct envoi_upload_get_url, &get_type,
		ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_upload_slot_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_upload_slot, ENVOI_NS_UPLOAD, "slot", slot_fields);

/* --- what a service states --- */

/* Services have forms of other namespaces beside this one, older ones with the same field. */
bool envoi_upload_max_size(const struct envoi_disco_info *info, uint64_t *ret_bytes)
{
	if (info == NULL) {
		return false;
	}
	const char *text = envoi_forms_value(
		envoi_forms_find(info->forms, info->form_count, ENVOI_NS_UPLOAD), "max-file-size");
	return text != NULL && envoi_uint_parse(text, 0, UINT64_MAX, ret_bytes) == ENVOI_OK;
}

bool envoi_upload_has_purpose(
	const struct envoi_disco_info *info, enum envoi_upload_purpose purpose)
{
	static const char *const features[] = {
		[ENVOI_UPLOAD_MESSAGE] = ENVOI_NS_UPLOAD_PURPOSE "#message",
		[ENVOI_UPLOAD_PROFILE] = ENVOI_NS_UPLOAD_PURPOSE "#profile",
		[ENVOI_UPLOAD_EPHEMERAL] = ENVOI_NS_UPLOAD_PURPOSE "#ephemeral",
		[ENVOI_UPLOAD_PERMANENT] = ENVOI_NS_UPLOAD_PURPOSE "#permanent",
	};
	return purpose == ENVOI_UPLOAD_NO_PURPOSE ||
		envoi_disco_has_feature(info, features[purpose]);
}

int envoi_upload_request(struct envoi_session *session, const char *service,
	const struct envoi_upload_file *file, envoi_answer_fn *done, void *user)
{
	if (service == NULL || file == NULL || file->filename == NULL ||
		file->filename[0] == '\0' || strchr(file->filename, '/') != NULL ||
		file->size == 0) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_stanza *iq = envoi_request_iq(
		session, ENVOI_IQ_GET, service, &envoi_upload_file_type, file);
	return envoi_request(session, iq, &envoi_upload_slot_type, 0, done, user, NULL);
}

bool envoi_upload_is_too_large(const struct envoi_stanza_error *error, uint64_t *ret_bytes)
{
	if (error == NULL ||
		!envoi_element_is(error->application, ENVOI_NS_UPLOAD, "file-too-large")) {
		return false;
	}
	const char *text = envoi_element_text(
		envoi_element_child(error->application, ENVOI_NS_UPLOAD, "max-file-size"));
	if (text == NULL || envoi_uint_parse(text, 0, UINT64_MAX, ret_bytes) != ENVOI_OK) {
		*ret_bytes = 0;
	}
	return true;
}

bool envoi_upload_retry_at(const struct envoi_stanza_error *error, int64_t *ret_ms)
{
	if (error == NULL || !envoi_element_is(error->application, ENVOI_NS_UPLOAD, "retry")) {
		return false;
	}
	const char *stamp = envoi_element_attr(error->application, "stamp");
	return stamp != NULL && envoi_date_parse(stamp, ret_ms) == ENVOI_OK;
}
