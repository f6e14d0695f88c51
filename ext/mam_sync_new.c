/*
 * envoi - Message Archive Management: making and freeing syncs
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/mam.h>

#include <string.h>

#include <envoi/values.h>

#include "mam_parts.h"

#define MOST_OVERLAP_MS (UINT64_C(30) * 24 * 60 * 60 * 1000)

/* @param text  "STAMP ID" @return whether it is one */
static bool read_cursor(struct envoi__mam_cursor *ret_at, char *text)
{
	char number[ENVOI_INT_SIZE];
	char *space = strchr(text, ' ');
	size_t len = space == NULL ? sizeof(number) : (size_t)(space - text);
	if (len >= sizeof(number) || space[1] == '\0') {
		return false;
	}
	memcpy(number, text, len);
	number[len] = '\0';
	ret_at->id = space + 1;
	return envoi_int_parse(number, INT64_MIN, INT64_MAX, &ret_at->stamp_ms) == ENVOI_OK;
}

void envoi_mam_sync_free(struct envoi_mam_sync *self)
{
	if (self == NULL) {
		return;
	}
	struct envoi_context *context = self->context;
	if (self->mam != NULL) {
		envoi__mam_sync_unlink(self);
	}
	if (self->query != NULL) {
		envoi__mam_query_forget(self->query);
	}
	envoi__mam_sync_clear_live(self);
	envoi__mam_ids_clear(&self->fetched, context);
	envoi_free(context, self->base.id);
	envoi_free(context, self->cursor);
	envoi_jid_unref(self->archive);
	envoi_jid_unref(self->account);
	envoi_free(context, self);
	envoi_context_unref(context);
}

static bool take_options(struct envoi_mam_sync *self, const struct envoi_mam_sync_options *options)
{
	self->options = *options;
	self->options.archive = NULL;
	if (options->first == 0) {
		self->options.first = ENVOI_MAM_PER_PAGE;
	}
	if (options->overlap_ms == 0) {
		self->options.overlap_ms = ENVOI_MAM_OVERLAP_MS;
	}
	return options->first <= ENVOI_MAM_MOST_PER_PAGE &&
		options->page <= ENVOI_MAM_MOST_PER_PAGE &&
		options->overlap_ms <= MOST_OVERLAP_MS && options->limit <= ENVOI__MAM_MOST_ITEMS;
}

static int take_cursor(struct envoi_mam_sync *self, const char *cursor)
{
	if (cursor == NULL) {
		return ENVOI_OK;
	}
	self->cursor = envoi_strndup(self->context, cursor, strlen(cursor));
	if (self->cursor == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	return read_cursor(&self->at, self->cursor) ? ENVOI_OK : ENVOI_ERR_INVALID;
}

static int prepare(struct envoi_mam_sync *self, struct envoi__mam *mam,
	const struct envoi_mam_sync_options *options, const char *cursor)
{
	static const struct envoi_mam_sync_options defaults;
	options = options == NULL ? &defaults : options;
	int r = take_options(self, options) ? take_cursor(self, cursor) : ENVOI_ERR_INVALID;
	if (r == ENVOI_OK) {
		r = envoi__mam_archive(&self->archive, mam->session, options->archive);
	}
	if (r == ENVOI_OK) {
		r = envoi__mam_ids_init(&self->live, self->context);
	}
	if (r == ENVOI_OK) {
		r = envoi__mam_ids_init(&self->fetched, self->context);
	}
	if (r == ENVOI_OK) {
		self->mam = mam;
		self->next = mam->syncs;
		mam->syncs = self;
	}
	return r;
}

int envoi__mam_sync_new(struct envoi_mam_sync **ret_sync, struct envoi__mam *mam,
	const struct envoi_mam_sync_options *options, const char *cursor,
	const struct envoi_mam_events *events, void *user)
{
	struct envoi_mam_sync *self = envoi_alloc_zeroed(mam->context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->context = envoi_context_ref(mam->context);
	self->events = events;
	self->user = user;
	int r = prepare(self, mam, options, cursor);
	if (r == ENVOI_OK && self->archive == NULL && envoi_session_is_online(mam->session)) {
		r = envoi_mam_sync_start(self);
	}
	if (r < 0) {
		envoi_mam_sync_free(self);
		return r;
	}
	*ret_sync = self;
	return ENVOI_OK;
}

const char *envoi_mam_sync_cursor(const struct envoi_mam_sync *self)
{
	return self->cursor;
}

bool envoi_mam_sync_is_current(const struct envoi_mam_sync *self)
{
	return self->is_current;
}
