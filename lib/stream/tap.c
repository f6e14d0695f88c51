/*
 * envoi - showing the traffic of a stream, secrets left out
 * SPDX-License-Identifier: MIT
 */
#include "stream/tap.h"

#include <string.h>

#include <envoi/stanza.h>

#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"
#define REDACTED "[redacted]"

static void show_tree(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const struct envoi_element *element)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, context, 0);
	if (envoi_xml_write(&xml, element, ENVOI_NS_CLIENT) == ENVOI_OK) {
		tap->show(tap->user, direction, envoi_buffer_data(&xml), envoi_buffer_len(&xml));
	}
	envoi_buffer_wipe(&xml);
}

/* Of an element that carries a secret, only its name, its attributes and that it had content. */
static void show_redacted(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const struct envoi_element *element)
{
	struct envoi_element *copy = envoi_element_new(
		context, envoi_element_ns(element), envoi_element_name(element));
	size_t position = 0;
	const char *ns, *name, *value;
	while (envoi_element_next_attr(element, &position, &ns, &name, &value)) {
		envoi_element_set_ns(copy, ns, name, value);
	}
	envoi_element_add_text(copy, REDACTED);
	show_tree(tap, context, direction, copy);
	envoi_element_unref(copy);
}

/* Of a failure everything but its text, in which a server may repeat what it got. */
static void show_failure(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const struct envoi_element *failure)
{
	struct envoi_element *copy = envoi_element_new(context, NS_SASL, "failure");
	for (const struct envoi_element *child = envoi_element_first(failure); child != NULL;
		child = envoi_element_next(child)) {
		struct envoi_element *shown = envoi_element_add(
			copy, envoi_element_ns(child), envoi_element_name(child));
		if (envoi_element_is(child, NS_SASL, "text")) {
			envoi_element_add_text(shown, REDACTED);
		}
	}
	show_tree(tap, context, direction, copy);
	envoi_element_unref(copy);
}

/* RFC 6120, section 6.4: what carries data of a mechanism. */
static bool is_secret(const struct envoi_element *element)
{
	static const char *const names[] = {"auth", "challenge", "response", "success"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (envoi_element_is(element, NS_SASL, names[i])) {
			return true;
		}
	}
	return false;
}

void envoi__tap_element(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const struct envoi_element *element)
{
	if (tap->show == NULL) {
		return;
	}
	if (envoi_element_is(element, NS_SASL, "failure")) {
		show_failure(tap, context, direction, element);
	} else if (is_secret(element)) {
		show_redacted(tap, context, direction, element);
	} else {
		show_tree(tap, context, direction, element);
	}
}

void envoi__tap_stanza(
	const struct envoi__tap *tap, enum envoi_direction direction, const char *xml, size_t len)
{
	if (tap->show != NULL) {
		tap->show(tap->user, direction, xml, len);
	}
}

/* Through the writer, so that whatever a peer put into an attribute is escaped; the start tag
 * alone is shown. */
void envoi__tap_head(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const struct envoi_stream_head *head)
{
	if (tap->show == NULL) {
		return;
	}
	struct envoi_element *root = envoi_element_new(context, ENVOI_NS_STREAMS, "stream");
	envoi_element_set(root, "from", head->from);
	envoi_element_set(root, "to", head->to);
	envoi_element_set(root, "id", head->id);
	envoi_element_set(root, "version", head->version);
	envoi_element_set_ns(root, ENVOI_NS_XML, "lang", head->lang);
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, context, 0);
	if (envoi_xml_write(&xml, root, ENVOI_NS_CLIENT) == ENVOI_OK) {
		const char *text = envoi_buffer_data(&xml);
		size_t len = envoi_buffer_len(&xml);
		if (len > 2 && memcmp(text + len - 2, "/>", 2) == 0) {
			envoi_buffer_truncate(&xml, len - 2);
			if (envoi_buffer_append(&xml, ">", 1) == ENVOI_OK) {
				tap->show(tap->user, direction, envoi_buffer_data(&xml),
					envoi_buffer_len(&xml));
			}
		}
	}
	envoi_buffer_finish(&xml);
	envoi_element_unref(root);
}

void envoi__tap_tail(const struct envoi__tap *tap, enum envoi_direction direction)
{
	static const char tail[] = "</stream:stream>";
	if (tap->show != NULL) {
		tap->show(tap->user, direction, tail, sizeof(tail) - 1);
	}
}
