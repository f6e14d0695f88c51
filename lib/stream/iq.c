/*
 * envoi - an iq that a feature sends or answers
 * SPDX-License-Identifier: MIT
 */
#include "stream/iq.h"

#include <string.h>

/* --- asking --- */

static struct envoi_element *new_iq(
	struct envoi_stream *stream, const char *type, const char *id)
{
	struct envoi_element *iq =
		envoi_element_new(envoi_stream_context(stream), ENVOI_NS_CLIENT, "iq");
	envoi_element_set(iq, "type", type);
	envoi_element_set(iq, "id", id);
	return iq;
}

static int send_and_unref(struct envoi_stream *stream, struct envoi_element *iq)
{
	int r = envoi_stream_send_element(stream, iq);
	envoi_element_unref(iq);
	return r;
}

int envoi__iq_send(struct envoi_stream *stream, struct envoi__iq *iq,
	const struct envoi_element *payload)
{
	char id[ENVOI_ID_SIZE];
	int r = envoi_element_error(payload);
	r = r < 0 ? r : envoi_id_make(envoi_stream_context(stream), id);
	if (r < 0) {
		return r;
	}
	struct envoi_element *element = new_iq(stream, "set", id);
	envoi_element_add_copy(element, payload);
	r = send_and_unref(stream, element);
	if (r == ENVOI_OK) {
		memcpy(iq->id, id, sizeof(iq->id));
	}
	return r;
}

/* RFC 6120, section 8.3: the condition, the text, and by the type whether to try again. */
static int fail_for_error(struct envoi_stream *stream, const struct envoi_element *answer)
{
	const struct envoi_element *error = envoi_element_child(answer, NULL, "error");
	const struct envoi_element *condition = envoi_element_first(error);
	while (condition != NULL &&
		(strcmp(envoi_element_ns(condition), ENVOI_NS_STANZA_ERRORS) != 0 ||
			strcmp(envoi_element_name(condition), "text") == 0)) {
		condition = envoi_element_next(condition);
	}
	const char *text = envoi_element_text(
		envoi_element_child(error, ENVOI_NS_STANZA_ERRORS, "text"));
	const char *type = error != NULL ? envoi_element_attr(error, "type") : NULL;
	struct envoi_failure failure;
	envoi_failure_set(&failure, envoi_stream_context(stream), ENVOI_PHASE_BIND, ENVOI_ERR_STANZA,
		"%s", text != NULL ? text : "");
	failure.retry = envoi_stanza_error_type_from_name(type != NULL ? type : "") ==
			ENVOI_ERROR_WAIT
		? ENVOI_RETRY_LATER
		: ENVOI_RETRY_AFTER_USER;
	const char *name = envoi_stanza_condition_name(envoi_stanza_condition_from_name(
		condition != NULL ? envoi_element_name(condition) : ""));
	if (name != NULL) {
		memcpy(failure.condition, name, strlen(name) + 1);
	}
	envoi_stream_fail(stream, &failure);
	return ENVOI_ERR_STANZA;
}

int envoi__iq_take_answer(struct envoi_stream *stream, struct envoi__iq *iq,
	const struct envoi_element *answer)
{
	const char *id = envoi_element_attr(answer, "id");
	const char *type = envoi_element_attr(answer, "type");
	if (iq->id[0] == '\0' || id == NULL || type == NULL || strcmp(id, iq->id) != 0) {
		return ENVOI_DECLINED;
	}
	bool is_error = strcmp(type, "error") == 0;
	if (!is_error && strcmp(type, "result") != 0) {
		return ENVOI_DECLINED;
	}
	iq->id[0] = '\0';
	return is_error ? fail_for_error(stream, answer) : ENVOI_OK;
}

/* --- answering --- */

const struct envoi_element *envoi__iq_set_payload(
	const struct envoi_element *element, const char *ns, const char *name)
{
	const char *type = envoi_element_attr(element, "type");
	if (type == NULL || strcmp(type, "set") != 0 || envoi_element_attr(element, "id") == NULL) {
		return NULL;
	}
	return envoi_element_child(element, ns, name);
}

int envoi__iq_send_result(
	struct envoi_stream *stream, const char *id, const struct envoi_element *payload)
{
	struct envoi_element *iq = new_iq(stream, "result", id);
	if (payload != NULL) {
		envoi_element_add_copy(iq, payload);
	}
	return send_and_unref(stream, iq);
}

int envoi__iq_send_error(
	struct envoi_stream *stream, const char *id, enum envoi_stanza_condition condition)
{
	struct envoi_element *iq = new_iq(stream, "error", id);
	struct envoi_element *error = envoi_element_add(iq, NULL, "error");
	envoi_element_set(error, "type",
		envoi_stanza_error_type_name(envoi_stanza_condition_type(condition)));
	envoi_element_add(error, ENVOI_NS_STANZA_ERRORS, envoi_stanza_condition_name(condition));
	return send_and_unref(stream, iq);
}
