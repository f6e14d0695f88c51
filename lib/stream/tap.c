/*
 * envoi - showing the traffic of a stream, secrets left out
 * SPDX-License-Identifier: MIT
 */
#include "stream/tap.h"

#include <string.h>

#include <envoi/stanza.h>

#include "stream/redact.h"

static bool is_shown(const struct envoi__tap *tap, enum envoi_direction direction)
{
	return tap->show != NULL && (tap->off & 1u << direction) == 0;
}

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
	if (!is_shown(tap, direction)) {
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
	if (!is_shown(tap, direction)) {
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

/* As it is sent: the header of a peer is written again, so that what it put into an attribute is
 * escaped. */
void envoi__tap_head(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const struct envoi_stream_head *head)
{
	if (!is_shown(tap, direction)) {
		return;
	}
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, context, 0);
	if (envoi_stream_head_write(&xml, head) == ENVOI_OK) {
		tap->show(tap->user, direction, envoi_buffer_data(&xml), envoi_buffer_len(&xml));
	}
	envoi_buffer_finish(&xml);
}

void envoi__tap_tail(const struct envoi__tap *tap, enum envoi_direction direction)
{
	static const char tail[] = "</stream:stream>";
	if (is_shown(tap, direction)) {
		tap->show(tap->user, direction, tail, sizeof(tail) - 1);
	}
}
