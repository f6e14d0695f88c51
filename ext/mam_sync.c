/*
 * envoi - Message Archive Management: a copy of an archive that is kept up to date
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/mam.h>

#include <string.h>

#include <envoi/ext/delayed_delivery.h>
#include <envoi/ext/stanza_ids.h>
#include <envoi/values.h>

#include "mam_parts.h"

/* --- the cursor --- */

static int set_cursor(struct envoi_mam_sync *self, const char *id, int64_t stamp_ms)
{
	char number[ENVOI_INT_SIZE];
	(void)envoi_int_print(number, stamp_ms);
	size_t number_len = strlen(number), id_len = strlen(id);
	char *text = envoi_alloc(self->context, number_len + id_len + 2);
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(text, number, number_len);
	text[number_len] = ' ';
	memcpy(text + number_len + 1, id, id_len + 1);
	envoi_free(self->context, self->cursor);
	self->cursor = text;
	self->at = (struct envoi__mam_cursor){.stamp_ms = stamp_ms, .id = text + number_len + 1};
	return ENVOI_OK;
}

static int keep(struct envoi_mam_sync *self, struct envoi__mam_cursor *place, const char *id,
	int64_t stamp_ms)
{
	char *copy = envoi_strndup(self->context, id, strlen(id));
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_free(self->context, place->id);
	*place = (struct envoi__mam_cursor){.stamp_ms = stamp_ms, .id = copy};
	return ENVOI_OK;
}

static void drop(struct envoi_mam_sync *self, struct envoi__mam_cursor *place)
{
	envoi_free(self->context, place->id);
	place->id = NULL;
}

static bool assigns_ids(const struct envoi_mam_sync *self)
{
	const struct envoi__mam_offer *offer = envoi__mam_offer_of(self->mam, self->archive);
	return offer != NULL && offer->has_archive && offer->assigns_ids;
}

/* --- messages of the session --- */

static const char *id_of(const struct envoi_mam_sync *self, const struct envoi_stanza *message)
{
	struct envoi_jid *own = NULL;
	const char *id = NULL;
	bool is_of_room = envoi_stanza_type(message) == ENVOI_TYPE_GROUPCHAT;
	if (envoi_stanza_type(message) == ENVOI_TYPE_ERROR) {
		return NULL;
	}
	if (self->archive == NULL) {
		int r = is_of_room ? ENVOI_DECLINED
				   : envoi_jid_bare(&own, envoi_session_jid(self->mam->session));
		id = r == ENVOI_OK ? envoi_stanza_ids_assigned_by(message, own) : NULL;
		envoi_jid_unref(own);
	} else if (is_of_room && envoi_jid_equal_bare(envoi_stanza_from(message), self->archive)) {
		id = envoi_stanza_ids_assigned_by(message, self->archive);
	}
	return id == NULL || strlen(id) > ENVOI_MAM_ID_BYTES ? NULL : id;
}

/* A message that was delayed is an item from before: it does not move the cursor. */
static void note(struct envoi_mam_sync *self, const struct envoi_stanza *message)
{
	int64_t stamp_ms = envoi_context_wall_clock_ms(self->context), sent_ms;
	const char *id = id_of(self, message);
	if (id == NULL) {
		return;
	}
	bool is_delayed = envoi_delayed_delivery_sent_at(self->mam->session, message, &sent_ms);
	if (self->is_current) {
		if (!is_delayed && assigns_ids(self)) {
			(void)set_cursor(self, id, stamp_ms);
		}
		return;
	}
	if (self->live.count < ENVOI_MAM_KNOWN_IDS) {
		(void)envoi__mam_ids_add(&self->live, self->context, id);
	}
	if (!is_delayed && keep(self, &self->newest_live, id, stamp_ms) == ENVOI_OK) {
		self->newest_is_item = false;
	}
}

void envoi__mam_sync_note(struct envoi__mam *mam, const struct envoi_stanza *message)
{
	for (struct envoi_mam_sync *self = mam->syncs; self != NULL; self = self->next) {
		note(self, message);
	}
}

/* --- items --- */

static bool was_live(struct envoi_mam_sync *self, const char *id)
{
	const struct envoi__mam_cursor *newest = &self->newest_live;
	self->newest_is_item = self->newest_is_item ||
		(newest->id != NULL && strcmp(newest->id, id) == 0);
	return assigns_ids(self) && envoi__mam_ids_has(&self->live, id);
}

/* An archive that ignores an id, or does not know it, may begin with its oldest item. The time of
 * the cursor may be by this side's clock. */
static bool ignores_cursor(const struct envoi_mam_sync *self, const struct envoi_mam_item *item)
{
	return self->base.id != NULL && !self->goes_by_time && !self->has_items &&
		item->has_stamp &&
		item->stamp_ms < self->base.stamp_ms - (int64_t)self->options.overlap_ms;
}

static void note_fetched(struct envoi_mam_sync *self, const char *id)
{
	if (self->fetched.count >= ENVOI_MAM_KNOWN_IDS) {
		envoi__mam_ids_clear(&self->fetched, self->context);
	}
	(void)envoi__mam_ids_add(&self->fetched, self->context, id);
}

/* The first catching up goes backward, page by page; one by time begins before the cursor. */
static bool is_ahead(
	const struct envoi_mam_sync *self, const struct envoi_mam_item *item, int64_t stamp_ms)
{
	if (self->base.id == NULL) {
		return strcmp(item->id, self->query->newest) == 0;
	}
	return !self->goes_by_time || stamp_ms > self->base.stamp_ms;
}

static void on_item(void *user, const struct envoi_mam_item *item)
{
	struct envoi_mam_sync *self = user;
	int64_t stamp_ms = item->has_stamp ? item->stamp_ms
					   : envoi_context_wall_clock_ms(self->context);
	if (ignores_cursor(self, item)) {
		self->goes_by_time = true;
		envoi_mam_cancel(self->query);
		return;
	}
	bool is_known = was_live(self, item->id) ||
		(self->base.id != NULL && strcmp(item->id, self->base.id) == 0);
	self->has_items = true;
	if (is_ahead(self, item, stamp_ms) && set_cursor(self, item->id, stamp_ms) < 0) {
		envoi_mam_cancel(self->query);
		return;
	}
	if (is_known) {
		return;
	}
	struct envoi_mam_item reported = *item;
	reported.may_be_known = self->goes_by_time && stamp_ms <= self->base.stamp_ms;
	note_fetched(self, item->id);
	self->count++;
	self->events->item(self->user, &reported);
}

/* --- catching up --- */

void envoi__mam_sync_clear_live(struct envoi_mam_sync *self)
{
	drop(self, &self->newest_live);
	envoi__mam_ids_clear(&self->live, self->context);
	self->newest_is_item = false;
}

/* A message that is no item was archived after the end of the archive was reached. */
static void set_current(struct envoi_mam_sync *self)
{
	const struct envoi__mam_cursor *live = &self->newest_live;
	self->is_current = true;
	if (live->id != NULL && !self->newest_is_item && assigns_ids(self)) {
		(void)set_cursor(self, live->id, live->stamp_ms);
	}
	envoi__mam_sync_clear_live(self);
}

static void report_end(struct envoi_mam_sync *self, const struct envoi_mam_end *end)
{
	struct envoi_mam_end reported = *end;
	bool is_first = self->base.id == NULL;
	reported.has_gap = self->goes_by_time || (is_first && self->count > 0 && !end->is_complete);
	reported.count = self->count;
	if (end->code == ENVOI_OK && !end->is_stable && !is_first) {
		(void)set_cursor(self, self->base.id, self->base.stamp_ms);
	} else if (end->code == ENVOI_OK && (end->is_complete || is_first)) {
		set_current(self);
	}
	self->events->end(self->user, &reported);
}

static int fetch(struct envoi_mam_sync *self);

static bool is_unknown_id(const struct envoi_mam_sync *self, const struct envoi_mam_end *end)
{
	return self->base.id != NULL && !self->goes_by_time && end->code == ENVOI_ERR_STANZA &&
		end->condition == ENVOI_ITEM_NOT_FOUND;
}

static void on_end(void *user, const struct envoi_mam_end *end)
{
	struct envoi_mam_sync *self = user;
	bool was_refused = is_unknown_id(self, end);
	bool is_again = was_refused || (self->goes_by_time && self->was_by_id);
	self->query = NULL;
	if (!is_again || self->mam == NULL) {
		report_end(self, end);
		return;
	}
	self->goes_by_time = true;
	int r = fetch(self);
	if (r < 0) {
		const struct envoi_mam_end failed = {
			.code = r, .text = envoi_error_text(r), .is_stable = true};
		report_end(self, &failed);
	}
}

static const struct envoi_mam_events query_events = {.item = on_item, .end = on_end};

static int fetch(struct envoi_mam_sync *self)
{
	uint64_t overlap_ms = self->options.overlap_ms;
	const struct envoi_mam_filter since = {
		.has_start = true, .start_ms = self->base.stamp_ms - (int64_t)overlap_ms};
	bool is_first = self->base.id == NULL;
	const struct envoi_mam_query_options options = {
		.archive = self->archive == NULL ? NULL : envoi_jid_text(self->archive),
		.filter = self->goes_by_time ? &since : NULL,
		.is_backward = is_first,
		.from_id = self->goes_by_time ? NULL : self->base.id,
		.page = is_first ? self->options.first : self->options.page,
		.limit = is_first ? self->options.first : self->options.limit,
		.timeout_ms = self->options.timeout_ms,
	};
	self->was_by_id = !self->goes_by_time;
	return envoi__mam_fetch(self->mam, &options, &query_events, self, &self->query);
}

/* The cursor of one account means nothing in the archive of another. */
static void follow_account(struct envoi_mam_sync *self)
{
	const struct envoi_jid *own = envoi_session_jid(self->mam->session);
	if (self->account != NULL && !envoi_jid_equal_bare(self->account, own)) {
		envoi_free(self->context, self->cursor);
		self->cursor = NULL;
		self->at = (struct envoi__mam_cursor){.id = NULL};
	}
	envoi_jid_unref(self->account);
	self->account = envoi_jid_ref(own);
}

int envoi_mam_sync_start(struct envoi_mam_sync *self)
{
	if (self->query != NULL) {
		return ENVOI_ERR_EXISTS;
	}
	if (self->mam == NULL || !envoi_session_is_online(self->mam->session)) {
		return ENVOI_ERR_STATE;
	}
	int r = ENVOI_OK;
	if (self->archive == NULL) {
		follow_account(self);
	}
	drop(self, &self->base);
	if (self->cursor != NULL) {
		r = keep(self, &self->base, self->at.id, self->at.stamp_ms);
	}
	self->is_current = self->goes_by_time = self->has_items = false;
	self->count = 0;
	return r < 0 ? r : fetch(self);
}

/* The cursor stays until the archive has been asked what came before the new session. */
static void begin_session(struct envoi_mam_sync *self)
{
	self->is_current = false;
	envoi__mam_sync_clear_live(self);
	envoi__mam_ids_clear(&self->fetched, self->context);
	if (self->archive != NULL || self->query != NULL) {
		return;
	}
	int r = envoi_mam_sync_start(self);
	if (r < 0) {
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"the archive was not asked: %s", envoi_error_text(r));
	}
}

void envoi__mam_sync_restore(struct envoi__mam *mam)
{
	for (struct envoi_mam_sync *self = mam->syncs; self != NULL; self = self->next) {
		begin_session(self);
	}
}

void envoi__mam_sync_unlink(struct envoi_mam_sync *self)
{
	struct envoi_mam_sync **link = &self->mam->syncs;
	while (*link != self) {
		link = &(*link)->next;
	}
	*link = self->next;
	self->mam = NULL;
}

void envoi__mam_sync_detach_all(struct envoi__mam *mam)
{
	while (mam->syncs != NULL) {
		struct envoi_mam_sync *self = mam->syncs;
		struct envoi_mam_query *query = self->query;
		self->query = NULL;
		envoi__mam_sync_unlink(self);
		if (query != NULL) {
			const struct envoi_mam_end end = {.code = ENVOI_ERR_CANCELED,
				.text = envoi_error_text(ENVOI_ERR_CANCELED),
				.is_stable = true};
			envoi__mam_query_forget(query);
			report_end(self, &end);
		}
	}
}

bool envoi_mam_sync_has(const struct envoi_mam_sync *self, const struct envoi_stanza *message)
{
	const char *id = message == NULL || self->mam == NULL ? NULL : id_of(self, message);
	return id != NULL && assigns_ids(self) && envoi__mam_ids_has(&self->fetched, id);
}
