/*
 * envoi - journals of sessions: going on where one ends
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "session/journal/journal.h"
#include "session/journal/journal_record.h"
#include "session/journal/journal_sent.h"
#include "session/sending/resending.h"
#include "session/session.h"

/* What the records say, by the one that counts. Texts are borrowed from them. */
struct loaded {
	bool has_account, is_open;
	int64_t time_ms; /* of the last record */
	struct envoi__record account, resumable; /* data NULL: none */
	uint64_t acknowledged, sent, handled, done, taken, deaths;
	size_t from; /* where the records of the session begin */
};

/* --- the first reading: is it whole, and where does the session stand --- */

/* The server has chosen the localpart of an anonymous user (RFC 6120, section 7.6). */
static bool is_of(const struct envoi_jid *account, const char *bare, size_t len)
{
	const char *at = envoi_jid_local(account) == NULL ? memchr(bare, '@', len) : NULL;
	size_t before = at != NULL ? (size_t)(at + 1 - bare) : 0;
	const char *expected = envoi_jid_text(account);
	return len - before == strlen(expected) &&
		memcmp(bare + before, expected, len - before) == 0;
}

static int check_account(
	const struct envoi_jid *account, const struct envoi__record *record, struct loaded *loaded)
{
	loaded->has_account = true;
	loaded->account = *record;
	return record->number == ENVOI__JOURNAL_VERSION && is_of(account, record->data, record->len)
		? ENVOI_OK
		: ENVOI_ERR_INVALID;
}

static void begin_session(struct loaded *loaded, bool is_open)
{
	*loaded = (struct loaded){
		.has_account = loaded->has_account,
		.account = loaded->account,
		.is_open = is_open,
	};
}

static void raise(uint64_t *number, uint64_t at_least)
{
	*number = at_least > *number ? at_least : *number;
}

static int take_taken(struct loaded *loaded, const struct envoi__record *record)
{
	char text[ENVOI_INT_SIZE];
	if (record->len >= sizeof(text)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(text, record->data, record->len);
	text[record->len] = '\0';
	loaded->taken = record->number;
	return envoi_uint_parse(text, 0, UINT32_MAX, &loaded->deaths);
}

static int take_record(struct loaded *loaded, const struct envoi__record *record)
{
	switch (record->kind) {
	case ENVOI__RECORD_STARTED:
	case ENVOI__RECORD_ENDED:
		begin_session(loaded, record->kind == ENVOI__RECORD_STARTED);
		return ENVOI_OK;
	case ENVOI__RECORD_RESUMABLE:
		loaded->resumable = *record;
		return ENVOI_OK;
	case ENVOI__RECORD_SENT:
		raise(&loaded->sent, record->number);
		return ENVOI_OK;
	case ENVOI__RECORD_NOT_SENT:
		loaded->sent = record->number - (record->number > 0);
		return ENVOI_OK;
	case ENVOI__RECORD_ACKNOWLEDGED:
		raise(&loaded->acknowledged, record->number);
		raise(&loaded->sent, record->number);
		return ENVOI_OK;
	case ENVOI__RECORD_HANDLED:
		raise(&loaded->handled, record->number);
		return ENVOI_OK;
	case ENVOI__RECORD_DONE:
		raise(&loaded->done, record->number);
		raise(&loaded->handled, record->len == 0 ? record->number : 0);
		return ENVOI_OK;
	case ENVOI__RECORD_TAKEN:
		return take_taken(loaded, record);
	default:
		return ENVOI_OK;
	}
}

/* @retval ENVOI_ERR_INVALID  it is not whole, or not of this account and version */
static int survey(
	struct loaded *loaded, const struct envoi_jid *account, const char *data, size_t len)
{
	struct envoi__records records = {data, len};
	struct envoi__record record;
	int r;
	*loaded = (struct loaded){0};
	while ((r = envoi__record_read(&records, &record)) == ENVOI_OK) {
		r = record.kind == ENVOI__RECORD_ACCOUNT ? check_account(account, &record, loaded)
			: loaded->has_account            ? take_record(loaded, &record)
							 : ENVOI_ERR_INVALID;
		if (r < 0) {
			return r;
		}
		if (record.kind == ENVOI__RECORD_STARTED || record.kind == ENVOI__RECORD_ENDED) {
			loaded->from = len - records.len;
		}
		loaded->time_ms = record.time_ms;
	}
	return r == ENVOI_STOP ? ENVOI_OK : r;
}

/* --- the second reading: the stanzas and requests --- */

static bool read_line(struct envoi__records *records, struct envoi__records *ret_line)
{
	const char *end = memchr(records->data, '\n', records->len);
	if (end == NULL) {
		return false;
	}
	*ret_line = (struct envoi__records){records->data, (size_t)(end - records->data)};
	records->len -= ret_line->len + 1;
	records->data = end + 1;
	return true;
}

/* The id is the peer's, and may have line ends in it. */
static int load_request(struct envoi_session *session, const struct envoi__record *record)
{
	struct envoi__records id = {record->data, record->len}, from;
	return read_line(&id, &from) && id.len > 0
		? envoi__journal_add_request(
			  session, record->number, from.data, from.len, id.data, id.len - 1)
		: ENVOI_ERR_INVALID;
}

/* One that is recorded twice was sent again by a stream that resumed: it is the same. */
static int load_sent(
	struct envoi_session *session, const struct envoi__record *record, uint64_t *last)
{
	struct envoi__outbox_item item;
	int r = envoi__journal_sent_read(&item, record->data, record->len);
	if (r < 0) {
		return r;
	}
	(void)envoi__journal_remove_request(session, item.meta.answers);
	envoi__outbox_forget_held(&session->outbox, item.meta.waiting);
	if (record->number <= *last) {
		return ENVOI_OK;
	}
	*last = record->number;
	return envoi__outbox_restore(&session->outbox, &item, record->number);
}

static bool was_sent(struct envoi__records records, const struct envoi__record *record)
{
	struct envoi__record next;
	return envoi__record_read(&records, &next) != ENVOI_OK ||
		next.kind != ENVOI__RECORD_NOT_SENT || next.number != record->number;
}

static int load_waiting(struct envoi_session *session, const struct envoi__record *record)
{
	struct envoi__outbox_item item;
	int r = envoi__journal_sent_read(&item, record->data, record->len);
	if (r == ENVOI_OK) {
		raise(&session->journal.last_waiting, record->number);
		r = envoi__outbox_restore_held(
			&session->outbox, &item, record->kind == ENVOI__RECORD_WAITING);
	}
	return r;
}

/** The second reading. */
struct loading {
	struct envoi_session *session;
	const struct loaded *loaded;
	uint64_t last; /* number of the last stanza that was restored */
};

static int load_item(
	struct loading *loading, const struct envoi__record *record, struct envoi__records rest)
{
	struct envoi_session *session = loading->session;
	switch (record->kind) {
	case ENVOI__RECORD_SENT:
		return was_sent(rest, record) ? load_sent(session, record, &loading->last)
					      : ENVOI_OK;
	case ENVOI__RECORD_WAITING:
	case ENVOI__RECORD_QUEUED:
		return load_waiting(session, record);
	case ENVOI__RECORD_DROPPED:
		envoi__outbox_forget_held(&session->outbox, record->number);
		return ENVOI_OK;
	case ENVOI__RECORD_REQUEST:
		/* later ones come again */
		return record->number <= loading->loaded->handled ? load_request(session, record)
								  : ENVOI_OK;
	case ENVOI__RECORD_STOPPED:
		(void)envoi__journal_remove_request(session, record->number);
		return ENVOI_OK;
	default:
		return ENVOI_OK;
	}
}

static int load_items(
	struct envoi_session *session, const struct loaded *loaded, const char *data, size_t len)
{
	struct loading loading = {
		.session = session, .loaded = loaded, .last = loaded->acknowledged};
	struct envoi__records records = {data + loaded->from, len - loaded->from};
	struct envoi__record record;
	int r = ENVOI_OK;
	while (r == ENVOI_OK && envoi__record_read(&records, &record) == ENVOI_OK) {
		r = load_item(&loading, &record, records);
	}
	return r;
}

/* --- the session --- */

static char *copy_line(struct envoi_session *session, const struct envoi__records *line)
{
	return envoi_strndup(session->context, line->data, line->len);
}

static int read_port(const struct envoi__records *line, uint16_t *ret_port)
{
	char text[ENVOI_INT_SIZE];
	uint64_t port;
	if (line->len >= sizeof(text)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(text, line->data, line->len);
	text[line->len] = '\0';
	int r = envoi_uint_parse(text, 0, UINT16_MAX, &port);
	if (r == ENVOI_OK) {
		*ret_port = (uint16_t)port;
	}
	return r;
}

static int load_resumable(struct envoi_session *session, const struct loaded *loaded)
{
	struct envoi__records rest = {loaded->resumable.data, loaded->resumable.len};
	/* the address, the id, the location, its port */
	struct envoi__records lines[ENVOI__JOURNAL_RESUMABLE_LINES];
	for (size_t i = 0; i < ENVOI__JOURNAL_RESUMABLE_LINES; i++) {
		if (!read_line(&rest, &lines[i])) {
			return ENVOI_ERR_INVALID;
		}
	}
	struct envoi_jid *jid;
	struct envoi__sm *sm = &session->sm;
	int r = read_port(&lines[3], &sm->location_port);
	if (r == ENVOI_OK) {
		r = envoi_jid_parse(&jid, session->context, lines[0].data, lines[0].len);
	}
	if (r < 0) {
		return r;
	}
	envoi_session_set_jid(session, jid);
	envoi_jid_unref(jid);
	sm->id = copy_line(session, &lines[1]);
	sm->location = lines[2].len == 0 ? NULL : copy_line(session, &lines[2]);
	sm->max_ms = loaded->resumable.number;
	return sm->id == NULL || (lines[2].len > 0 && sm->location == NULL) ? ENVOI_ERR_NOMEM
									    : ENVOI_OK;
}

/* The server has counted the time by its own clock; ours tells how much has passed at least. */
static uint64_t lost_at_ms(const struct envoi_session *session, int64_t time_ms)
{
	uint64_t now_ms = envoi_loop_now_ms(session->queue.loop);
	int64_t passed_ms = envoi_context_wall_clock_ms(session->context) - time_ms;
	return passed_ms <= 0                  ? now_ms
		: (uint64_t)passed_ms < now_ms ? now_ms - (uint64_t)passed_ms
					       : 0;
}

static void load_numbers(struct envoi_session *session, const struct loaded *loaded)
{
	struct envoi__sm *sm = &session->sm;
	sm->out = sm->in = (struct envoi__sm_numbers){0, 0};
	sm->acknowledged = loaded->acknowledged;
	sm->sent = sm->sent_most = loaded->sent;
	sm->received = sm->handled = sm->answered = loaded->handled;
	sm->lost_at_ms = lost_at_ms(session, loaded->time_ms);
	if (loaded->taken > loaded->handled && loaded->taken > loaded->done) {
		session->journal.suspect = loaded->taken;
		session->journal.deaths = loaded->deaths + 1;
	}
}

/* That of an anonymous user, which the session's address does not say. */
static int load_account(struct envoi_session *session, const struct loaded *loaded)
{
	struct envoi_jid *jid;
	int r = envoi_jid_parse(&jid, session->context, loaded->account.data, loaded->account.len);
	if (r == ENVOI_OK) {
		envoi_session_set_jid(session, jid);
		envoi_jid_unref(jid);
	}
	return r;
}

static void unload(struct envoi_session *session, const struct envoi_jid *jid)
{
	envoi__outbox_cancel_all(&session->outbox);
	envoi__journal_remove_requests(session);
	envoi__sm_forget(session);
	envoi_session_set_jid(session, jid);
}

static bool is_untouched(const struct envoi_session *session)
{
	return session->stream == NULL && !session->is_suspended && session->outbox.count == 0 &&
		session->outbox.kept_count == 0 && session->outbox.held_count == 0 &&
		session->started_epoch == 0;
}

/* Nothing is old where there is neither a session to resume nor a stanza to send. */
static bool is_too_old(const struct envoi_session *session, const struct loaded *loaded)
{
	const struct envoi__outbox *outbox = &session->outbox;
	if (loaded->resumable.data == NULL &&
		outbox->count + outbox->kept_count + outbox->held_count == 0) {
		return false;
	}
	int64_t age_ms = envoi_context_wall_clock_ms(session->context) - loaded->time_ms;
	return age_ms > 0 && (uint64_t)age_ms > session->journal.max_age_ms;
}

/* The next stream tries to resume the session. */
static void go_on(struct envoi_session *session, const struct loaded *loaded)
{
	load_numbers(session, loaded);
	envoi__resending_release_loaded(&session->outbox, session->jid);
	session->journal.is_open = session->journal.was_loaded = true;
	session->is_suspended = session->is_resumable = true;
	session->started_epoch = session->epoch;
}

static int load(struct envoi_session *session, const struct loaded *loaded,
	const struct envoi_jid *account, const void *data, size_t len)
{
	int r = loaded->resumable.data != NULL     ? load_resumable(session, loaded)
		: envoi_jid_local(account) == NULL ? load_account(session, loaded)
						   : ENVOI_OK;
	if (r == ENVOI_OK) {
		r = load_items(session, loaded, data, len);
	}
	return r == ENVOI_OK && is_too_old(session, loaded) ? ENVOI_ERR_TIMEOUT : r;
}

int envoi_session_load_journal(struct envoi_session *session, const struct envoi_jid *account,
	const void *data, size_t len)
{
	struct loaded loaded;
	if (!is_untouched(session)) {
		return ENVOI_ERR_STATE;
	}
	int r = survey(&loaded, account, data, len);
	if (r < 0 || !loaded.has_account) {
		return r; /* nothing was recorded yet */
	}
	struct envoi_jid *before = envoi_jid_ref(session->jid);
	r = load(session, &loaded, account, data, len);
	if (r < 0) {
		unload(session, before);
	}
	envoi_jid_unref(before);
	if (r < 0) {
		return r;
	}
	session->journal.is_behind = session->is_continued = true;
	if (loaded.is_open) {
		go_on(session, &loaded);
	}
	return ENVOI_OK;
}
