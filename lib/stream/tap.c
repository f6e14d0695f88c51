/*
 * envoi - showing the traffic of a stream, secrets left out
 * SPDX-License-Identifier: MIT
 */
#include "stream/tap.h"

#include <string.h>

#include <envoi/stanza.h>

#include "stream/redact.h"

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

void envoi__tap_element(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const struct envoi_element *element)
{
	if (tap->show == NULL) {
		return;
	}
	if (!envoi__redact_is_needed(element)) {
		show_tree(tap, context, direction, element);
		return;
	}
	struct envoi_element *copy = envoi__redact(context, element);
	show_tree(tap, context, direction, copy);
	envoi_element_unref(copy);
}

/* What a program has serialised itself may hold secrets, too; what cannot be read is not shown. */
void envoi__tap_stanza(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const char *xml, size_t len)
{
	struct envoi_element *stanza;
	if (tap->show == NULL) {
		return;
	}
	if (envoi_xml_parse(&stanza, context, xml, len, ENVOI_NS_CLIENT) < 0) {
		tap->show(tap->user, direction, ENVOI__REDACTED, sizeof(ENVOI__REDACTED) - 1);
		return;
	}
	if (envoi__redact_is_needed(stanza)) {
		envoi__tap_element(tap, context, direction, stanza);
	} else {
		tap->show(tap->user, direction, xml, len);
	}
	envoi_element_unref(stanza);
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
