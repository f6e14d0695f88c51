/*
 * envoi - Message Archive Management: items of queries
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/mam.h>

#include <string.h>

#include "mam_parts.h"

enum {
	STAMP_MS = 1000, /* archives may cut stamps to seconds */
};

static bool is_from_archive(const struct envoi_mam_query *self, const struct envoi_stanza *wrapper)
{
	return self->archive == NULL ? envoi_session_is_from_account(self->mam->session, wrapper)
				     : envoi_jid_equal(envoi_stanza_from(wrapper), self->archive);
}

static struct envoi_mam_query *find(const struct envoi__mam *mam,
	const struct envoi_stanza *wrapper, const struct envoi_mam_result *result)
{
	struct envoi_mam_query *query = mam->queries;
	if (result->query_id == NULL || result->query_id[0] == '\0') {
		return NULL;
	}
	while (query != NULL && strcmp(query->query_id, result->query_id) != 0) {
		query = query->next;
	}
	return query != NULL && is_from_archive(query, wrapper) ? query : NULL;
}

static bool is_wanted_id(const struct envoi_mam_filter *filter, const char *id)
{
	bool is_wanted = filter->id_count == 0;
	for (size_t i = 0; i < filter->id_count && !is_wanted; i++) {
		is_wanted = strcmp(filter->ids[i], id) == 0;
	}
	return is_wanted;
}

static bool is_same(const struct envoi_jid *jid, const struct envoi_jid *with)
{
	return envoi_jid_is_bare(with) ? envoi_jid_equal_bare(jid, with)
				       : envoi_jid_equal(jid, with);
}

/* Section 4.1.1; an absent address is that of the account. */
static bool is_with(const struct envoi_mam_query *self, const struct envoi_stanza *message)
{
	const struct envoi_jid *with = self->filter->with;
	const struct envoi_jid *own = envoi_session_jid(self->mam->session);
	const struct envoi_jid *from = envoi_stanza_from(message), *to = envoi_stanza_to(message);
	if (with == NULL || self->archive != NULL || message == NULL) {
		return true;
	}
	return is_same(from == NULL ? own : from, with) || is_same(to == NULL ? own : to, with);
}

/* @return the field of the query that the archive ignores; NULL: none */
static const char *ignored_field(
	const struct envoi_mam_query *self, const struct envoi_mam_item *item)
{
	const struct envoi_mam_filter *filter = self->filter;
	if (self->in_page > self->requested) {
		return "the archive ignores the size of a page";
	}
	if (filter == NULL) {
		return NULL;
	}
	if (item->has_stamp && filter->has_start && item->stamp_ms < filter->start_ms - STAMP_MS) {
		return "the archive ignores the field start";
	}
	if (item->has_stamp && filter->has_end && item->stamp_ms > filter->end_ms + STAMP_MS) {
		return "the archive ignores the field end";
	}
	if (!is_wanted_id(filter, item->id)) {
		return "the archive ignores the field ids";
	}
	return is_with(self, item->message) ? NULL : "the archive ignores the field with";
}

/* Within a page the order is that of time; a backward query begins with the newest page. */
static int note_edges(struct envoi_mam_query *self, const char *id)
{
	int r = ENVOI_OK;
	bool is_first_page = self->end.count == self->new_in_page;
	if (self->oldest == NULL || (self->is_backward && self->new_in_page == 0)) {
		r = envoi__mam_query_set_text(self, &self->oldest, id);
	}
	if (r == ENVOI_OK && (!self->is_backward || is_first_page)) {
		r = envoi__mam_query_set_text(self, &self->newest, id);
	}
	return r;
}

static void report(struct envoi_mam_query *self, const struct envoi_mam_item *item)
{
	const char *ignored = ignored_field(self, item);
	if (ignored != NULL) {
		envoi__mam_query_finish(self, ENVOI_ERR_PROTOCOL, ignored);
		return;
	}
	int r = envoi__mam_ids_add(&self->seen, self->context, item->id);
	if (r == ENVOI_ERR_EXISTS) {
		return;
	}
	if (r == ENVOI_OK) {
		r = note_edges(self, item->id);
	}
	if (r < 0) {
		envoi__mam_query_finish(self, r, NULL);
		return;
	}
	self->end.count++;
	self->new_in_page++;
	self->refs++;
	self->events->item(self->user, item);
	envoi__mam_query_unref(self);
}

/* Section 5.1.2 of the storage rules: the sender in a room's archive is an occupant of the room. A
 * room must not speak for other entities. */
static bool may_state(const struct envoi_mam_query *self, const struct envoi_stanza *message)
{
	return self->archive == NULL || message == NULL ||
		envoi_jid_equal_bare(envoi_stanza_from(message), self->archive);
}

bool envoi__mam_query_take(struct envoi__mam *mam, const struct envoi_stanza *wrapper,
	const struct envoi_mam_result *result)
{
	struct envoi_mam_query *self = find(mam, wrapper, result);
	struct envoi_stanza *message = NULL;
	if (self == NULL || self->is_canceled) {
		return self != NULL;
	}
	int r = envoi_stanza_forwarding_message(&message, &result->forwarded);
	if (r < 0) {
		envoi__mam_query_finish(self, r, NULL);
		return true;
	}
	const struct envoi_delayed_delivery *delay = result->forwarded.delay;
	const struct envoi_mam_item item = {
		.id = result->id,
		.has_stamp = delay != NULL,
		.stamp_ms = delay == NULL ? 0 : delay->stamp_ms,
		.message = message,
	};
	bool is_taken = may_state(self, message);
	self->in_page++;
	if (is_taken) {
		report(self, &item);
	}
	envoi_stanza_unref(message);
	return is_taken;
}
