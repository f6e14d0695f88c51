/*
 * envoi - resending: messages that are sent again on a new session
 * SPDX-License-Identifier: MIT
 */
#include "session/sending/resending.h"

#include <string.h>

#include <envoi/buffer.h>
#include <envoi/jid.h>
#include <envoi/values.h>
#include <envoi/xml.h>

#include "mainloop/wake.h"
#include "session/sending/outbox_entry.h"

#define END_TAG "</message>"
#define NS_DELAY "urn:xmpp:delay"
#define NS_HINTS "urn:xmpp:hints"
#define NS_STANZA_IDS "urn:xmpp:sid:0"

static bool is_of_usual_type(const struct envoi_stanza *stanza)
{
	enum envoi_stanza_type type = envoi_stanza_type(stanza);
	return envoi_stanza_kind(stanza) == ENVOI_MESSAGE &&
		(type == ENVOI_TYPE_CHAT || type == ENVOI_TYPE_NORMAL);
}

struct envoi__resending_signs envoi__resending_read(const struct envoi_stanza *stanza)
{
	struct envoi__resending_signs signs = {0};
	bool has_body = false, is_hinted = false;
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(stanza));
	for (; child != NULL; child = envoi_element_next(child)) {
		if (envoi_element_is(child, ENVOI_NS_CLIENT, "body")) {
			has_body = true;
		} else if (envoi_element_is(child, NS_STANZA_IDS, "origin-id")) {
			signs.has_origin_id = true;
		} else if (envoi_element_is(child, NS_DELAY, "delay")) {
			signs.has_delay = true;
		} else if (envoi_element_is(child, NS_HINTS, "no-store")) {
			is_hinted = true;
		}
	}
	signs.is_usual = has_body && !is_hinted && is_of_usual_type(stanza);
	return signs;
}

static int write_origin_id(struct envoi_buffer *out, const char *id)
{
	struct envoi_xml_writer *writer = envoi_xml_writer_new(out, ENVOI_NS_CLIENT);
	envoi_xml_open(writer, NS_STANZA_IDS, "origin-id");
	envoi_xml_attr(writer, "id", id);
	envoi_xml_close(writer);
	return envoi_xml_writer_finish(writer);
}

/* Most ids need no escaping: they are spared the writer. */
static int append_origin_id(struct envoi_buffer *out, const char *id)
{
	if (id[strcspn(id, "&<>'\"\t\r\n")] != '\0') {
		return write_origin_id(out, id);
	}
	int r = envoi_buffer_append_text(out, "<origin-id xmlns='" NS_STANZA_IDS "' id='");
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(out, id);
	}
	return r == ENVOI_OK ? envoi_buffer_append_text(out, "'/>") : r;
}

/* A message without content ends with its start tag. */
int envoi__resending_identify(struct envoi_buffer *xml, const char *id)
{
	size_t len = envoi_buffer_len(xml);
	bool is_empty = memcmp(envoi_buffer_data(xml) + len - 2, "/>", 2) == 0;
	size_t kept = len - (is_empty ? strlen("/>") : strlen(END_TAG));
	envoi_buffer_truncate(xml, kept);
	int r = is_empty ? envoi_buffer_append_text(xml, ">") : ENVOI_OK;
	if (r == ENVOI_OK) {
		r = append_origin_id(xml, id);
	}
	return r == ENVOI_OK ? envoi_buffer_append_text(xml, END_TAG) : r;
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

uint64_t envoi__resending_now_ms(struct envoi_loop *loop)
{
	return envoi_loop_now_ms(loop) + envoi__loop_suspended_ms(loop) + 1;
}

/* A wall clock that was set back makes nothing old; one that is set later makes nothing old that
 * this process has sent. */
static bool is_old(const struct envoi__outbox_meta *meta, const struct envoi__resending *resending)
{
	return meta->since_ms != 0 ? resending->now_ms - meta->since_ms >= ENVOI__RESENDING_AGE_MS
				   : resending->wall_ms - meta->sent_ms >= ENVOI__RESENDING_AGE_MS;
}

/* @retval <0, ENVOI_STOP  it is still held */
static int release_stamped(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry,
	const struct envoi_jid *from, size_t limit)
{
	struct envoi_buffer delay;
	envoi_buffer_init(&delay, outbox->context, 0);
	int r = write_delay(&delay, from, entry->meta.sent_ms);
	if (r == ENVOI_OK) {
		size_t len = envoi_buffer_len(&delay);
		r = entry->len <= limit && len > limit - entry->len
			? ENVOI_STOP
			: envoi__outbox_release_first(outbox, envoi_buffer_data(&delay), len);
	}
	envoi_buffer_finish(&delay);
	return r;
}

/* XEP-0203, section 2: one delay in a stanza. Where memory is short, or the server takes no longer
 * stanza, the message counts more than the time of its first sending. */
static void release(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry,
	const struct envoi_jid *from, size_t limit)
{
	bool is_sent_again = entry->has_left && entry->meta.may_resend && !entry->meta.has_delay;
	if (!is_sent_again || release_stamped(outbox, entry, from, limit) != ENVOI_OK) {
		(void)envoi__outbox_release_first(outbox, NULL, 0); /* needs no memory */
	}
}

void envoi__resending_release(
	struct envoi__outbox *outbox, const struct envoi__resending *resending)
{
	struct envoi__outbox_entry *entry;
	while ((entry = envoi__outbox_first_held(outbox)) != NULL) {
		if (entry->has_left && is_old(&entry->meta, resending)) {
			envoi__entry_log_loss(entry, "it is older than a day");
			envoi__outbox_lose_first_held(outbox);
		} else {
			release(outbox, entry, resending->from, resending->peer_limit);
		}
	}
}

void envoi__resending_release_loaded(struct envoi__outbox *outbox, const struct envoi_jid *from)
{
	const struct envoi__outbox_entry *entry;
	while ((entry = envoi__outbox_first_held(outbox)) != NULL) {
		release(outbox, entry, from, SIZE_MAX);
	}
}
