/*
 * envoi - journals of sessions: recording
 * SPDX-License-Identifier: MIT
 */
#include "session/journal/journal.h"

#include <string.h>

#include "session/journal/journal_writer.h"
#include "session/session.h"

enum {
	ALIVE_RECORDS = 24, /* of a session without stanzas, in the largest age of a journal */
	ALIVE_MS = 60000, /* at least between two of them: the peer chooses when it sends */
};

void envoi__journal_init(struct envoi__journal *journal)
{
	envoi__list_init(&journal->requests);
}

void envoi__journal_finish(struct envoi_session *session)
{
	envoi__journal_remove_requests(session);
}

int envoi_session_set_journal(struct envoi_session *session, struct envoi_journal *journal)
{
	if (session->stream != NULL) {
		return ENVOI_ERR_STATE;
	}
	session->journal.journal = journal;
	session->journal.is_behind = true;
	return ENVOI_OK;
}

int envoi_session_write_journal(struct envoi_session *session, struct envoi_buffer *out)
{
	struct envoi__journal_writer writer = {.session = session, .out = out};
	size_t before = envoi_buffer_len(out);
	envoi__journal_put_account(&writer);
	if (session->journal.is_open) {
		envoi__journal_put_session(&writer);
	} else {
		envoi__journal_put_ended(&writer);
	}
	if (writer.code < 0) {
		envoi_buffer_truncate(out, before);
	}
	return writer.code;
}

/* --- storing records by the application --- */

static int store(struct envoi_session *session, const struct envoi__journal_writer *writer)
{
	struct envoi__journal *journal = &session->journal;
	int r = writer->code;
	if (r == ENVOI_OK) {
		r = journal->journal->impl->append(journal->journal, envoi_buffer_data(writer->out),
			envoi_buffer_len(writer->out));
		r = r < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK; /* it is tried again */
	}
	journal->is_behind = r < 0;
	journal->recorded_ms = envoi_loop_now_ms(session->queue.loop);
	return r;
}

/* A record is missing, because memory was short or it could not be stored: write all again. */
static int catch_up(struct envoi_session *session)
{
	struct envoi_buffer out;
	if (!session->journal.is_behind) {
		return ENVOI_OK;
	}
	envoi_buffer_init(&out, session->context, 0);
	const struct envoi__journal_writer writer = {
		session, &out, envoi_session_write_journal(session, &out)};
	int r = store(session, &writer);
	envoi_buffer_finish(&out);
	return r;
}

static int append(struct envoi__journal_writer *writer)
{
	int r = catch_up(writer->session);
	if (r == ENVOI_OK) {
		r = store(writer->session, writer);
	}
	envoi_buffer_finish(writer->out);
	return r;
}

static bool is_recording(const struct envoi_session *session)
{
	return session->journal.journal != NULL && session->journal.is_open &&
		!envoi__guard_is_over(&session->guard);
}

static void begin(struct envoi__journal_writer *writer, struct envoi_session *session,
	struct envoi_buffer *out)
{
	envoi_buffer_init(out, session->context, 0);
	*writer = (struct envoi__journal_writer){.session = session, .out = out};
}

static int append_number(
	struct envoi_session *session, enum envoi__record_kind kind, uint64_t number)
{
	struct envoi_buffer out;
	struct envoi__journal_writer writer;
	if (!is_recording(session)) {
		return ENVOI_OK;
	}
	begin(&writer, session, &out);
	envoi__journal_put(&writer, kind, number, "", 0);
	return append(&writer);
}

/* Often enough that the last record of a session without stanzas is never too old. */
void envoi__journal_is_alive(struct envoi_session *session)
{
	const struct envoi__journal *journal = &session->journal;
	uint64_t interval_ms = journal->max_age_ms / ALIVE_RECORDS;
	interval_ms = interval_ms < ALIVE_MS ? ALIVE_MS : interval_ms;
	if (journal->journal != NULL &&
		envoi_loop_now_ms(session->queue.loop) - journal->recorded_ms >= interval_ms) {
		(void)append_number(
			session, ENVOI__RECORD_HANDLED, envoi__journal_handled_number(session));
	}
}

/* What is held from the session before is held still. */
void envoi__journal_started(struct envoi_session *session)
{
	struct envoi_buffer out;
	struct envoi__journal_writer writer;
	envoi__journal_remove_requests(session);
	session->journal.is_open = true;
	session->journal.suspect = 0;
	if (is_recording(session)) {
		begin(&writer, session, &out);
		envoi__journal_put_started(&writer);
		(void)append(&writer);
	}
}

void envoi__journal_resumable(struct envoi_session *session)
{
	struct envoi_buffer out;
	struct envoi__journal_writer writer;
	if (is_recording(session)) {
		begin(&writer, session, &out);
		envoi__journal_put_resumable(&writer);
		(void)append(&writer);
	}
}

void envoi__journal_ended(struct envoi_session *session)
{
	struct envoi_buffer out;
	struct envoi__journal_writer writer;
	if (is_recording(session)) {
		begin(&writer, session, &out);
		envoi__journal_put_ended(&writer);
		(void)append(&writer);
	}
	envoi__journal_remove_requests(session);
	session->journal.is_open = false;
	session->journal.suspect = 0;
}

void envoi__journal_queued(struct envoi_session *session)
{
	struct envoi_buffer out;
	struct envoi__journal_writer writer;
	struct envoi__outbox_entry *entry = envoi__outbox_last_waiting(&session->outbox);
	if (entry == NULL || entry->meta.waiting != 0 || entry->was_sent ||
		!envoi__journal_survives(entry) || !is_recording(session)) {
		return;
	}
	if (catch_up(session) == ENVOI_OK && entry->meta.waiting == 0) {
		begin(&writer, session, &out);
		envoi__journal_put_waiting(&writer, entry);
		(void)append(&writer);
	}
}

/* Also on a stream without numbers, which may send what waits since a session that had them. */
static bool has_waiting(const struct envoi_session *session)
{
	return session->journal.journal != NULL && session->jid != NULL &&
		!envoi__guard_is_over(&session->guard);
}

static int drop(struct envoi_session *session, uint64_t waiting)
{
	struct envoi_buffer out;
	struct envoi__journal_writer writer;
	begin(&writer, session, &out);
	envoi__journal_put(&writer, ENVOI__RECORD_DROPPED, waiting, "", 0);
	return append(&writer);
}

int envoi__journal_dropping(struct envoi_session *session, const struct envoi__outbox_entry *entry)
{
	if (!has_waiting(session)) {
		return ENVOI_OK;
	}
	int r = catch_up(session); /* which may number it */
	return r < 0 || entry->meta.waiting == 0 ? r : drop(session, entry->meta.waiting);
}

void envoi__journal_dropped(struct envoi_session *session, uint64_t waiting)
{
	if (has_waiting(session)) {
		(void)drop(session, waiting);
	}
}

int envoi__journal_sending(
	struct envoi_session *session, const struct envoi__outbox_entry *entry, uint64_t number)
{
	struct envoi_buffer out;
	struct envoi__journal_writer writer;
	if (!is_recording(session)) {
		return ENVOI_OK;
	}
	int r = catch_up(session); /* which may number it among those that wait */
	if (r < 0) {
		return r;
	}
	begin(&writer, session, &out);
	envoi__journal_put_stanza(&writer, ENVOI__RECORD_SENT, entry, number);
	return append(&writer);
}

void envoi__journal_not_sent(struct envoi_session *session, uint64_t number)
{
	(void)append_number(session, ENVOI__RECORD_NOT_SENT, number);
}

/* Now: what becomes of them must have a record that says so. */
void envoi__journal_unsent(struct envoi_session *session)
{
	session->journal.is_behind = true;
	if (is_recording(session)) {
		(void)catch_up(session);
	}
}

void envoi__journal_sent_answer(struct envoi_session *session, uint64_t answers)
{
	if (is_recording(session)) {
		(void)envoi__journal_remove_request(session, answers);
	}
}

void envoi__journal_stopped(struct envoi_session *session)
{
	uint64_t number = session->journal.delivering;
	if (is_recording(session) && envoi__journal_remove_request(session, number)) {
		(void)append_number(session, ENVOI__RECORD_STOPPED, number);
	}
}

void envoi__journal_acknowledged(struct envoi_session *session, uint64_t number)
{
	(void)append_number(session, ENVOI__RECORD_ACKNOWLEDGED, number);
}

int envoi__journal_handled(struct envoi_session *session, uint64_t number)
{
	return append_number(session, ENVOI__RECORD_HANDLED, number);
}

void envoi__journal_released(struct envoi_session *session)
{
	(void)append_number(session, ENVOI__RECORD_HANDLED, envoi__journal_handled_number(session));
}

/* --- stanzas that are being delivered --- */

int envoi__journal_take(
	struct envoi_session *session, uint64_t number, const struct envoi_element *element)
{
	struct envoi__journal *journal = &session->journal;
	struct envoi_buffer out;
	struct envoi__journal_writer writer;
	if (!is_recording(session)) {
		return ENVOI_OK;
	}
	uint64_t deaths = journal->suspect == number ? journal->deaths : 0;
	journal->delivering = number;
	const struct envoi__journal_request *request;
	int r = envoi__journal_note_request(&request, session, number, element);
	if (r < 0) {
		return r;
	}
	begin(&writer, session, &out);
	if (request != NULL) {
		envoi__journal_put_request(&writer, request);
	}
	if (deaths < ENVOI__JOURNAL_DEATHS) {
		envoi__journal_put_taken(&writer, number, deaths);
	}
	(void)append(&writer);
	return deaths < ENVOI__JOURNAL_DEATHS ? ENVOI_OK : ENVOI_STOP;
}

/* One that the application holds comes again, and that is no fault of it. */
void envoi__journal_done(struct envoi_session *session, uint64_t number)
{
	struct envoi_buffer out;
	struct envoi__journal_writer writer;
	const char *held = envoi__sm_handled_number(session) < number ? "held" : "";
	session->journal.delivering = 0;
	if (session->journal.suspect <= number) {
		session->journal.suspect = 0;
	}
	if (is_recording(session)) {
		begin(&writer, session, &out);
		envoi__journal_put(&writer, ENVOI__RECORD_DONE, number, held, strlen(held));
		(void)append(&writer);
	}
}
