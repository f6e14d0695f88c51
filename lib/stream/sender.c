/*
 * envoi - streams: the sender of what the peer sends, receiving side
 * SPDX-License-Identifier: MIT
 */
#include "stream/sender.h"

#include <string.h>

static bool is_bare_text(const struct envoi_jid *jid, const char *text)
{
	size_t len = envoi_jid_bare_len(jid);
	return strncmp(text, envoi_jid_text(jid), len) == 0 && text[len] == '\0';
}

/* Most clients send no `from`, or the address as it was bound.
 * @retval ENVOI_ERR_INVALID  another address, or none */
static int check_sender(const struct envoi_stream *stream, const char *text)
{
	struct envoi_jid *jid;
	if (strcmp(text, envoi_jid_text(stream->local)) == 0 || is_bare_text(stream->local, text)) {
		return ENVOI_OK;
	}
	int r = envoi_jid_from_text(&jid, stream->context, text);
	if (r < 0) {
		return r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_INVALID;
	}
	bool is_own = envoi_jid_equal(jid, stream->local) ||
		envoi_jid_is_bare_of(jid, stream->local);
	envoi_jid_unref(jid);
	return is_own ? ENVOI_OK : ENVOI_ERR_INVALID;
}

/* RFC 6121, section 3: the requests and answers of subscription. */
static bool is_subscription(const struct envoi_element *element)
{
	static const char *const types[] = {
		"subscribe", "subscribed", "unsubscribe", "unsubscribed"};
	const char *type = envoi_element_attr(element, "type");
	if (type == NULL || strcmp(envoi_element_name(element), "presence") != 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(type, types[i]) == 0) {
			return true;
		}
	}
	return false;
}

static int set_bare(
	const struct envoi_stream *stream, struct envoi_element *element, const char *attribute)
{
	struct envoi_jid *bare;
	int r = envoi_jid_bare(&bare, stream->local);
	if (r == ENVOI_OK) {
		envoi_element_set(element, attribute, envoi_jid_text(bare));
		envoi_jid_unref(bare);
	}
	return r;
}

static int set_sender(const struct envoi_stream *stream, struct envoi_element *element)
{
	if (is_subscription(element)) {
		return set_bare(stream, element, "from");
	}
	envoi_element_set(element, "from", envoi_jid_text(stream->local));
	return ENVOI_OK;
}

static int set_receiver(const struct envoi_stream *stream, struct envoi_element *element)
{
	return envoi_element_attr(element, "to") == NULL &&
			strcmp(envoi_element_name(element), "message") == 0
		? set_bare(stream, element, "to")
		: ENVOI_OK;
}

static void set_language(struct envoi_element *element)
{
	const char *lang = envoi_element_lang(element);
	if (lang != NULL && envoi_element_attr_ns(element, ENVOI_NS_XML, "lang") == NULL) {
		envoi_element_set_ns(element, ENVOI_NS_XML, "lang", lang);
	}
}

int envoi__stream_stamp(struct envoi_stream *stream, struct envoi_element *element)
{
	const char *from = envoi_element_attr(element, "from");
	if ((stream->bits & ENVOI_STREAM_BOUND) == 0 || stream->local == NULL) {
		return ENVOI_OK;
	}
	int r = from == NULL ? ENVOI_OK : check_sender(stream, from);
	if (r == ENVOI_ERR_INVALID) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_INVALID_FROM,
			"a stanza of %s came from %s", envoi_jid_text(stream->local), from);
	}
	if (r == ENVOI_OK) {
		r = set_sender(stream, element);
	}
	if (r == ENVOI_OK) {
		r = set_receiver(stream, element);
	}
	if (r < 0) {
		return r;
	}
	set_language(element);
	return envoi_element_error(element);
}
