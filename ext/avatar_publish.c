/*
 * envoi - avatars: publishing
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/avatar.h>

#include <string.h>

#include <envoi/context.h>

/** Data that is being stored; its metadata follows. */
struct publishing {
	struct envoi_context *context;
	struct envoi_session *session; /* while a step ends otherwise than canceled */
	char id[ENVOI_AVATAR_ID_SIZE];
	enum envoi_pep_access access;
	struct envoi_element *metadata;
	envoi_pep_fn *done;
	void *user;
};

static void publishing_free(struct publishing *publishing)
{
	struct envoi_context *context = publishing->context;
	envoi_element_unref(publishing->metadata);
	envoi_free(context, publishing);
	envoi_context_unref(context);
}

static int store(const struct publishing *publishing, const char *name,
	const struct envoi_element *payload, envoi_pep_fn *done, void *user)
{
	const struct envoi_pep_node node = {
		.name = name, .access = publishing->access, .max_items = 1};
	return envoi_pep_store(publishing->session, &node, publishing->id, payload, done, user);
}

/* Section 3.2: the metadata follows when the data is there. */
static void on_data(void *user, int code, const char *text)
{
	struct publishing *publishing = user;
	envoi_pep_fn *done = publishing->done;
	void *done_user = publishing->user;
	if (code == ENVOI_OK) {
		code = store(publishing, ENVOI_NS_AVATAR_METADATA, publishing->metadata, done,
			done_user);
		text = envoi_error_text(code);
	}
	publishing_free(publishing);
	if (code < 0) {
		done(done_user, code, text);
	}
}

static int build_metadata(struct publishing *publishing, const struct envoi_avatar_picture *picture)
{
	struct envoi_avatar_info info = {
		.id = publishing->id,
		.type = (char *)(uintptr_t)picture->type,
		.bytes = (uint32_t)picture->len,
		.width = picture->width,
		.height = picture->height,
	};
	const struct envoi_avatar_metadata metadata = {.infos = &info, .info_count = 1};
	return envoi_payload_build(&publishing->metadata, publishing->context,
		&envoi_avatar_metadata_type, &metadata, NULL);
}

static int store_data(struct publishing *publishing, const struct envoi_avatar_picture *picture)
{
	const struct envoi_avatar_data data = {.bytes = {picture->bytes, picture->len}};
	struct envoi_element *payload;
	int r = envoi_payload_build(
		&payload, publishing->context, &envoi_avatar_data_type, &data, NULL);
	if (r == ENVOI_OK) {
		r = store(publishing, ENVOI_NS_AVATAR_DATA, payload, on_data, publishing);
		envoi_element_unref(payload);
	}
	return r;
}

int envoi_avatar_publish(struct envoi_session *session, const struct envoi_avatar_picture *picture,
	envoi_pep_fn *done, void *user)
{
	struct envoi_context *context = envoi_session_context(session);
	if (picture == NULL || picture->bytes == NULL || picture->len == 0 ||
		picture->len > UINT32_MAX || picture->type == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct publishing *publishing = envoi_alloc_zeroed(context, sizeof(*publishing));
	if (publishing == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	publishing->context = envoi_context_ref(context);
	publishing->session = session;
	publishing->access = picture->access;
	publishing->done = done;
	publishing->user = user;
	int r = envoi_avatar_id(publishing->id, picture->bytes, picture->len);
	if (r == ENVOI_OK) {
		r = build_metadata(publishing, picture);
	}
	if (r == ENVOI_OK) {
		r = store_data(publishing, picture);
	}
	if (r < 0) {
		publishing_free(publishing);
	}
	return r;
}

int envoi_avatar_disable(struct envoi_session *session, envoi_answer_fn *done, void *user)
{
	const struct envoi_avatar_metadata none = {.info_count = 0};
	struct envoi_element *payload;
	int r = envoi_payload_build(
		&payload, envoi_session_context(session), &envoi_avatar_metadata_type, &none, NULL);
	if (r == ENVOI_OK) {
		r = envoi_pubsub_publish(
			session, NULL, ENVOI_NS_AVATAR_METADATA, NULL, payload, NULL, done, user);
		envoi_element_unref(payload);
	}
	return r;
}
