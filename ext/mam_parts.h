/*
 * envoi - Message Archive Management: what its sources share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_MAM_PARTS_H
#define ENVOI_EXT_MAM_PARTS_H

#include <envoi/context.h>
#include <envoi/ext/mam.h>

/* What archives offer is held for so many of them. */
enum {
	ENVOI__MAM_OFFERS = 16,
	ENVOI__MAM_MOST_ITEMS = 1000000, /* of a query */
};

struct envoi__mam_offer {
	struct envoi_jid *archive; /* NULL: the account's own, or a free place */
	uint64_t epoch; /* in which it was asked; 0: free */
	bool has_archive, is_extended, has_groupchat, has_fulltext, assigns_ids;
};

/* The handler. */
struct envoi__mam {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_session *session;
	struct envoi_mam_query *queries; /* pending */
	struct envoi_mam_sync *syncs;
	struct envoi__mam_offer offers[ENVOI__MAM_OFFERS];
	size_t next_offer;
	uint64_t refused;
};

/* @return what an archive offers in this epoch; NULL: it was not asked */
const struct envoi__mam_offer *envoi__mam_offer_of(
	const struct envoi__mam *mam, const struct envoi_jid *archive);
void envoi__mam_keep_offer(struct envoi__mam *mam, const struct envoi__mam_offer *offer);

/** Make a request to an archive. @param archive  NULL: the account's */
struct envoi_stanza *envoi__mam_iq(struct envoi_session *session, enum envoi_stanza_kind kind,
	const char *archive, const struct envoi_payload_type *type, const void *value);

/* --- sets of ids, as hashes with a secret key: mam_ids.c --- */

struct envoi__mam_ids {
	uint64_t *slots; /* 0: free */
	size_t capacity, count;
	uint64_t key[2]; /* set before the first use */
};

int envoi__mam_ids_init(struct envoi__mam_ids *ids, struct envoi_context *context);
void envoi__mam_ids_clear(struct envoi__mam_ids *ids, struct envoi_context *context);
bool envoi__mam_ids_has(const struct envoi__mam_ids *ids, const char *id);
/* @retval ENVOI_OK it was added; ENVOI_ERR_EXISTS, ENVOI_ERR_NOMEM */
int envoi__mam_ids_add(struct envoi__mam_ids *ids, struct envoi_context *context, const char *id);

/* --- queries: mam_query.c --- */

/* References: one until the end, one for a pending request, one for each call. */
struct envoi_mam_query {
	struct envoi_mam_query *next;
	struct envoi__mam *mam; /* NULL: it has ended */
	struct envoi_context *context;
	unsigned int refs;
	struct envoi_jid *archive; /* NULL: the account's own */
	struct envoi_mam_filter *filter; /* or NULL */
	const struct envoi_mam_events *events; /* NULL: it is forgotten */
	void *user;
	bool is_backward;
	uint32_t page, limit;
	uint64_t timeout_ms;

	struct envoi_request *request; /* pending, or NULL */
	char query_id[ENVOI_ID_SIZE]; /* of the page that is pending; "": none */
	bool is_canceled; /* its items are dropped */
	char *from; /* RSM: the item behind or before which the next page begins, or NULL */
	uint32_t requested, in_page, new_in_page; /* items of the page */
	unsigned int idle_pages; /* in sequence, without an item that is new */
	struct envoi__mam_ids seen;
	struct envoi_mam_end end;
	char *oldest, *newest;
};

void envoi__mam_query_unref(struct envoi_mam_query *self);
/* Report the end. @param text NULL: that of the code */
void envoi__mam_query_finish(struct envoi_mam_query *self, int code, const char *text);
/* Copy a text into a member. */
int envoi__mam_query_set_text(struct envoi_mam_query *self, char **member, const char *text);

/* Parse the address of an archive. @param[out] ret_archive NULL: it is the account's own */
int envoi__mam_archive(
	struct envoi_jid **ret_archive, const struct envoi_session *session, const char *text);
/* @return whether a pending query has taken the item: mam_items.c */
bool envoi__mam_query_take(struct envoi__mam *mam, const struct envoi_stanza *wrapper,
	const struct envoi_mam_result *result);
bool envoi__mam_query_is_valid(
	const struct envoi_mam_query_options *options, const struct envoi_mam_events *events);
/* envoi_mam_fetch() with options that are valid */
int envoi__mam_fetch(struct envoi__mam *mam, const struct envoi_mam_query_options *options,
	const struct envoi_mam_events *events, void *user, struct envoi_mam_query **ret_query);
/* End all queries, because the handler is destroyed. */
void envoi__mam_query_end_all(struct envoi__mam *mam);
/* End a query without a call. */
void envoi__mam_query_forget(struct envoi_mam_query *query);

/* --- syncs: mam_sync.c --- */

struct envoi__mam_cursor {
	int64_t stamp_ms;
	char *id; /* owned, but for that of at; or NULL */
};

struct envoi_mam_sync {
	struct envoi_mam_sync *next;
	struct envoi__mam *mam; /* NULL: the extension is not used any more */
	struct envoi_context *context;
	struct envoi_jid *archive; /* NULL: the account's own */
	struct envoi_jid *account; /* whose cursor it is; NULL: not asked yet, or of a room */
	struct envoi_mam_sync_options options; /* without the text of the archive */
	const struct envoi_mam_events *events;
	void *user;

	char *cursor; /* "STAMP ID", or NULL */
	struct envoi__mam_cursor at; /* the same in parts: its id is a part of the text */
	struct envoi__mam_cursor base; /* the cursor when catching up began */
	struct envoi_mam_query *query; /* pending, or NULL */
	bool is_current; /* the cursor follows the messages */
	bool goes_by_time, was_by_id, has_items;
	size_t count; /* items reported of this catching up */
	struct envoi__mam_ids live; /* messages of the session, until it is current */
	struct envoi__mam_ids fetched; /* items reported */
	struct envoi__mam_cursor newest_live; /* until it is current */
	bool newest_is_item; /* newest_live was an item, too */
};

/* envoi_mam_sync_new() with events that are valid: mam_sync_new.c */
int envoi__mam_sync_new(struct envoi_mam_sync **ret_sync, struct envoi__mam *mam,
	const struct envoi_mam_sync_options *options, const char *cursor,
	const struct envoi_mam_events *events, void *user);
void envoi__mam_sync_unlink(struct envoi_mam_sync *self);
void envoi__mam_sync_clear_live(struct envoi_mam_sync *self);

/* The session has begun: catch up, or wait for that. */
void envoi__mam_sync_restore(struct envoi__mam *mam);
/* A message with a stanza-id, or a copy of one, has arrived. */
void envoi__mam_sync_note(struct envoi__mam *mam, const struct envoi_stanza *message);
void envoi__mam_sync_detach_all(struct envoi__mam *mam);

#endif
