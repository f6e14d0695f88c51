/*
 * envoi - an iq that a feature sends or answers
 * SPDX-License-Identifier: MIT
 */
#include "features/iq.h"

#include <string.h>

#include <envoi/jid.h>

#include "base/failure.h"
#include "stanza/legacy_code.h"
#include "stream/peer_error.h"

/* --- asking --- */

static struct envoi_element *new_iq(struct envoi_stream *stream, const char *type, const char *id)
{
	struct envoi_element *iq = envoi_element_new(
		envoi_stream_context(stream), ENVOI_NS_CLIENT, "iq");
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
	const struct envoi_payload_type *type, const void *value)
{
	char id[ENVOI_ID_SIZE];
	int r = envoi_id_make(envoi_stream_context(stream), id);
	if (r < 0) {
		return r;
	}
	struct envoi_element *element = new_iq(stream, "set", id);
	envoi_payload_add(element, type, value, NULL);
	r = send_and_unref(stream, element);
	if (r == ENVOI_OK) {
		memcpy(iq->id, id, sizeof(iq->id));
	}
	return r;
}

/* RFC 6120, section 8.3.2: after `wait` the same request may be granted, whatever the condition. */
static enum envoi_retry retry_for(
	const struct envoi_element *error, enum envoi_stanza_condition condition)
{
	const char *type = envoi_element_attr(error, "type");
	bool is_temporary = type != NULL && strcmp(type, "wait") == 0;
	return is_temporary ? ENVOI_RETRY_LATER : envoi_stanza_condition_meaning(condition)->retry;
}

/* An error of before RFC 3920: a code and a text. */
static void put_code(struct envoi_failure *failure, const struct envoi_element *error)
{
	struct envoi_stanza_error old = {.condition = ENVOI_STANZA_NO_CONDITION};
	envoi__stanza_error_from_code(&old, error);
	failure->stanza_condition = old.condition;
	if (!failure->is_peer_text && old.text != NULL) {
		envoi__failure_put(failure->text, sizeof(failure->text), old.text);
		failure->is_peer_text = true;
	}
}

static int fail_for_error(struct envoi_stream *stream, const struct envoi_element *answer)
{
	const struct envoi_element *error = envoi_element_child(answer, ENVOI_NS_CLIENT, "error");
	const struct envoi__peer_error said = envoi__peer_error_read(
		error, ENVOI_NS_STANZA_ERRORS, envoi_stream_lang(stream));
	struct envoi_failure failure;
	envoi_failure_set(&failure, envoi_stream_context(stream), ENVOI_PHASE_BIND,
		ENVOI_ERR_STANZA, "%s", "");
	envoi__peer_error_put(&said, &failure);
	failure.stanza_condition = envoi_stanza_condition_from_name(envoi__peer_error_name(&said));
	if (said.condition == NULL) {
		put_code(&failure, error);
	}
	failure.retry = retry_for(error, failure.stanza_condition);
	envoi_stream_fail(stream, &failure);
	return ENVOI_ERR_STANZA;
}

/*
 * RFC 6120, section 8.1.2.1: the answer comes from the server, without `from`, or in its own name
 * or the account's.
 */
static int check_sender(struct envoi_stream *stream, const struct envoi_element *answer)
{
	const struct envoi_jid *local = envoi_stream_local(stream);
	const char *from = envoi_element_attr(answer, "from"),
		   *domain = envoi_stream_peer_domain(stream);
	struct envoi_jid *sender;
	if (from == NULL) {
		return ENVOI_OK;
	}
	int r = envoi_jid_from_text(&sender, envoi_stream_context(stream), from);
	if (r == ENVOI_ERR_NOMEM) {
		return r;
	}
	bool is_server = r == ENVOI_OK && envoi_jid_local(sender) == NULL &&
		envoi_jid_is_bare(sender) && domain != NULL &&
		strcmp(envoi_jid_domain(sender), domain) == 0;
	bool is_account = r == ENVOI_OK && local != NULL && envoi_jid_equal_bare(sender, local);
	if (r == ENVOI_OK) {
		envoi_jid_unref(sender);
	}
	return is_server || is_account
		? ENVOI_OK
		: envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_INVALID_FROM,
			  "the server's answer has the sender %s", from);
}

int envoi__iq_take_answer(
	struct envoi_stream *stream, struct envoi__iq *iq, const struct envoi_element *answer)
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
	int r = check_sender(stream, answer);
	if (r < 0) {
		return r;
	}
	return is_error ? fail_for_error(stream, answer) : ENVOI_OK;
}

/* --- answering --- */

bool envoi__iq_is_set(const struct envoi_element *element)
{
	const char *type = envoi_element_attr(element, "type");
	return type != NULL && strcmp(type, "set") == 0 &&
		envoi_element_attr(element, "id") != NULL;
}

int envoi__iq_send_result(struct envoi_stream *stream, const char *id,
	const struct envoi_payload_type *type, const void *value)
{
	struct envoi_element *iq = new_iq(stream, "result", id);
	envoi_payload_add(iq, type, value, NULL);
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
