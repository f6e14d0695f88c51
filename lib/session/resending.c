/*
 * envoi - resending: messages that are sent again on a new session
 * SPDX-License-Identifier: MIT
 */
#include "session/resending.h"

#include <string.h>

#include <envoi/buffer.h>
#include <envoi/jid.h>
#include <envoi/values.h>
#include <envoi/xml.h>

#define NS_DELAY "urn:xmpp:delay"
#define NS_HINTS "urn:xmpp:hints"
#define NS_STANZA_IDS "urn:xmpp:sid:0"

bool envoi__resending_suits(const struct envoi_stanza *stanza)
{
	enum envoi_stanza_type type = envoi_stanza_type(stanza);
	if (envoi_stanza_kind(stanza) != ENVOI_MESSAGE ||
		(type != ENVOI_TYPE_CHAT && type != ENVOI_TYPE_NORMAL)) {
		return false;
	}
	bool has_body = false;
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(stanza));
	for (; child != NULL; child = envoi_element_next(child)) {
		if (envoi_element_is(child, NS_HINTS, "no-store")) {
			return false;
		}
		has_body = has_body || envoi_element_is(child, ENVOI_NS_CLIENT, "body");
	}
	return has_body;
}

bool envoi__resending_has_delay(const struct envoi_stanza *stanza)
{
	return envoi_element_child(envoi_stanza_element(stanza), NS_DELAY, "delay") != NULL;
}

void envoi__resending_identify(struct envoi_stanza *message)
{
	struct envoi_element *element = envoi_stanza_element(message);
	if (envoi_element_child(element, NS_STANZA_IDS, "origin-id") == NULL) {
		envoi_element_set(envoi_element_add(element, NS_STANZA_IDS, "origin-id"), "id",
			envoi_stanza_id(message));
	}
}

static int write_delay(struct envoi_buffer *out, const struct envoi_jid *from, int64_t sent_ms)
{
	char stamp[ENVOI_DATE_SIZE];
	struct envoi_xml_writer *writer = envoi_xml_writer_new(out, ENVOI_NS_CLIENT);
	envoi_xml_open(writer, NS_DELAY, "delay");
	envoi_xml_attr(writer, "from", from == NULL ? NULL : envoi_jid_text(from));
	envoi_xml_attr(writer, "stamp", envoi_date_print(stamp, sent_ms));
	envoi_xml_close(writer);
	return envoi_xml_writer_finish(writer);
}

/* A clock that was set back makes nothing old. */
static bool is_old(const struct envoi__outbox_meta *meta, int64_t now_ms)
{
	return now_ms - meta->sent_ms >= ENVOI__RESENDING_AGE_MS;
}

/* XEP-0203, section 2: one delay in a stanza. */
static int release_stamped(struct envoi__outbox *outbox, const struct envoi__outbox_meta *meta,
	const struct envoi_jid *from)
{
	if (meta->has_delay) {
		return envoi__outbox_release_first(outbox, NULL, 0);
	}
	struct envoi_buffer delay;
	envoi_buffer_init(&delay, outbox->context, 0);
	int r = write_delay(&delay, from, meta->sent_ms);
	if (r == ENVOI_OK) {
		r = envoi__outbox_release_first(
			outbox, envoi_buffer_data(&delay), envoi_buffer_len(&delay));
	}
	envoi_buffer_finish(&delay);
	return r;
}

void envoi__resending_release(
	struct envoi__outbox *outbox, const struct envoi_jid *from, int64_t now_ms)
{
	const struct envoi__outbox_entry *entry;
	while ((entry = envoi__outbox_first_held(outbox)) != NULL) {
		int r = ENVOI_OK;
		if (!entry->was_given) {
			r = envoi__outbox_release_first(outbox, NULL, 0);
		} else if (is_old(&entry->meta, now_ms)) {
			r = ENVOI_ERR_TIMEOUT;
		} else {
			r = release_stamped(outbox, &entry->meta, from);
		}
		if (r < 0) {
			envoi__outbox_lose_first_held(outbox);
		}
	}
}
