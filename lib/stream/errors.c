/*
 * envoi - streams: stream errors (RFC 6120, section 4.9)
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"

#include <string.h>

#define NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"

/* --- in --- */

/*
 * Whether trying again can help (section 4.9.3). A redirect is followed at once, but only when
 * whoever sent it has proved who it is.
 */
static enum envoi_retry retry_for(
	const struct envoi_stream *stream, enum envoi_stream_condition condition)
{
	switch (condition) {
	case ENVOI_STREAM_SEE_OTHER_HOST:
		return (stream->bits & ENVOI_STREAM_SECURE) != 0 ? ENVOI_RETRY_NOW
								 : ENVOI_RETRY_LATER;
	case ENVOI_STREAM_NO_CONDITION:
	case ENVOI_STREAM_CONNECTION_TIMEOUT:
	case ENVOI_STREAM_INTERNAL_SERVER_ERROR:
	case ENVOI_STREAM_REMOTE_CONNECTION_FAILED:
	case ENVOI_STREAM_RESET:
	case ENVOI_STREAM_RESOURCE_CONSTRAINT:
	case ENVOI_STREAM_SYSTEM_SHUTDOWN:
	case ENVOI_STREAM_UNDEFINED_CONDITION:
		return ENVOI_RETRY_LATER;
	case ENVOI_STREAM_HOST_GONE:
	case ENVOI_STREAM_HOST_UNKNOWN:
		return ENVOI_RETRY_AFTER_USER;
	case ENVOI_STREAM_BAD_FORMAT:
	case ENVOI_STREAM_BAD_NAMESPACE_PREFIX:
	case ENVOI_STREAM_CONFLICT:
	case ENVOI_STREAM_IMPROPER_ADDRESSING:
	case ENVOI_STREAM_INVALID_FROM:
	case ENVOI_STREAM_INVALID_NAMESPACE:
	case ENVOI_STREAM_INVALID_XML:
	case ENVOI_STREAM_NOT_AUTHORIZED:
	case ENVOI_STREAM_NOT_WELL_FORMED:
	case ENVOI_STREAM_POLICY_VIOLATION:
	case ENVOI_STREAM_RESTRICTED_XML:
	case ENVOI_STREAM_UNSUPPORTED_ENCODING:
	case ENVOI_STREAM_UNSUPPORTED_FEATURE:
	case ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE:
	case ENVOI_STREAM_UNSUPPORTED_VERSION:
	case ENVOI_STREAM_CONDITIONS_END:
		break;
	}
	return ENVOI_RETRY_NEVER;
}

/* The children of an error, each the first of its kind. */
struct parts {
	const struct envoi_element *condition, *text, *application;
};

static struct parts find_parts(const struct envoi_element *error)
{
	struct parts parts = {NULL, NULL, NULL};
	for (const struct envoi_element *child = envoi_element_first(error); child != NULL;
		child = envoi_element_next(child)) {
		const struct envoi_element **place = &parts.condition;
		if (strcmp(envoi_element_ns(child), NS_STREAM_ERRORS) != 0) {
			place = &parts.application;
		} else if (strcmp(envoi_element_name(child), "text") == 0) {
			place = &parts.text;
		}
		*place = *place != NULL ? *place : child;
	}
	return parts;
}

static const char *text_of(const struct envoi_element *element)
{
	const char *text = element != NULL ? envoi_element_text(element) : NULL;
	return text != NULL ? text : "";
}

/* What the peer says, in one line: the host to see, its text, the application's condition. */
static void set_text(struct envoi_failure *failure, struct envoi_stream *stream,
	enum envoi_stream_condition condition, const struct parts *parts)
{
	bool is_redirect = condition == ENVOI_STREAM_SEE_OTHER_HOST;
	const char *text = text_of(is_redirect ? parts->condition : parts->text);
	const char *application = is_redirect || parts->application == NULL
		? ""
		: envoi_element_name(parts->application);
	envoi_failure_set(failure, stream->context, stream->phase, ENVOI_ERR_STREAM, "%s%s%s", text,
		text[0] != '\0' && application[0] != '\0' ? " " : "", application);
}

/* Copies what fits, and no part of a character. */
static void put_text(char *to, size_t size, const char *text)
{
	size_t len = strlen(text);
	if (len >= size) {
		len = size - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
			len--;
		}
	}
	memcpy(to, text, len);
	to[len] = '\0';
}

void envoi__stream_error_in(struct envoi_stream *stream, const struct envoi_element *error)
{
	struct parts parts = find_parts(error);
	const char *name = parts.condition != NULL ? envoi_element_name(parts.condition) : "";
	const char *lang = parts.text != NULL ? envoi_element_lang(parts.text) : NULL;
	enum envoi_stream_condition condition = envoi_stream_condition_from_name(name);
	struct envoi_failure failure;
	set_text(&failure, stream, condition, &parts);
	failure.stream_condition = condition;
	failure.retry = retry_for(stream, condition);
	put_text(failure.condition, sizeof(failure.condition), name);
	put_text(failure.text_lang, sizeof(failure.text_lang), lang != NULL ? lang : "");
	envoi__stream_fail_saying(stream, &failure, ENVOI_STREAM_NO_CONDITION);
}

/* --- out --- */

void envoi__stream_send_error(
	struct envoi_stream *stream, enum envoi_stream_condition condition)
{
	struct envoi_element *error = envoi_element_new(stream->context, ENVOI_NS_STREAMS, "error");
	envoi_element_add(error, NS_STREAM_ERRORS, envoi_stream_condition_name(condition));
	if (envoi_stream_send_element(stream, error) < 0) {
		envoi_log(stream->context, ENVOI_LOG_WARNING, ENVOI_LOG_STREAM,
			"a stream error could not be sent");
	}
	envoi_element_unref(error);
}
