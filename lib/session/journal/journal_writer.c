/*
 * envoi - journals of sessions: the records of a state
 * SPDX-License-Identifier: MIT
 */
#include "session/journal/journal_writer.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "session/journal/journal_sent.h"
#include "session/session.h"

void envoi__journal_put(struct envoi__journal_writer *writer, enum envoi__record_kind kind,
	uint64_t number, const char *data, size_t len)
{
	const struct envoi__record record = {
		kind, envoi_context_wall_clock_ms(writer->session->context), number, data, len};
	if (writer->code == ENVOI_OK) {
		writer->code = envoi__record_write(writer->out, &record);
	}
}

/* @param lines  so many texts; NULL is an empty one */
static void put_lines(struct envoi__journal_writer *writer, enum envoi__record_kind kind,
	uint64_t number, const char *const *lines, size_t count)
{
	struct envoi_buffer text;
	envoi_buffer_init(&text, writer->session->context, 0);
	for (size_t i = 0; i < count && writer->code == ENVOI_OK; i++) {
		writer->code = envoi_buffer_printf(&text, "%s\n", lines[i] == NULL ? "" : lines[i]);
	}
	envoi__journal_put(writer, kind, number, envoi_buffer_data(&text), envoi_buffer_len(&text));
	envoi_buffer_finish(&text);
}

void envoi__journal_put_account(struct envoi__journal_writer *writer)
{
	const struct envoi_jid *jid = writer->session->jid;
	if (jid == NULL) {
		writer->code = ENVOI_ERR_STATE;
	} else {
		envoi__journal_put(writer, ENVOI__RECORD_ACCOUNT, ENVOI__JOURNAL_VERSION,
			envoi_jid_text(jid), envoi_jid_bare_len(jid));
	}
}

void envoi__journal_put_resumable(struct envoi__journal_writer *writer)
{
	const struct envoi_session *session = writer->session;
	if (strchr(session->sm.id, '\n') != NULL) {
		return; /* not an id that a server makes: such a session is not resumed from here */
	}
	char port[ENVOI_INT_SIZE];
	const char *lines[ENVOI__JOURNAL_RESUMABLE_LINES] = {envoi_jid_text(session->jid),
		session->sm.id, session->sm.location,
		envoi_uint_print(port, session->sm.location_port)};
	put_lines(writer, ENVOI__RECORD_RESUMABLE, session->sm.max_ms, lines,
		ENVOI__JOURNAL_RESUMABLE_LINES);
}

void envoi__journal_put_stanza(struct envoi__journal_writer *writer, enum envoi__record_kind kind,
	const struct envoi__outbox_entry *entry, uint64_t number)
{
	struct envoi_buffer text;
	envoi_buffer_init(&text, writer->session->context, 0);
	if (writer->code == ENVOI_OK) {
		writer->code = envoi__journal_sent_write(&text, entry);
	}
	envoi__journal_put(writer, kind, number, envoi_buffer_data(&text), envoi_buffer_len(&text));
	envoi_buffer_finish(&text);
}

static struct envoi__outbox_entry *entry_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__outbox_entry, link);
}

static void put_sent(struct envoi__journal_writer *writer)
{
	struct envoi_session *session = writer->session;
	struct envoi__list *sent = &session->outbox.sent;
	for (struct envoi__list *link = sent->next; link != sent; link = link->next) {
		const struct envoi__outbox_entry *entry = entry_of(link);
		if (entry->is_kept) {
			envoi__journal_put_stanza(writer, ENVOI__RECORD_SENT, entry,
				envoi__sm_number(&session->sm.out, entry->number));
		}
	}
}

/* Presence is restored by handlers, and a request has no one to answer in another process. */
bool envoi__journal_survives(const struct envoi__outbox_entry *entry)
{
	return entry->was_sent ||
		(entry->meta.kind == ENVOI_MESSAGE && entry->meta.type != ENVOI_TYPE_ERROR);
}

void envoi__journal_put_waiting(
	struct envoi__journal_writer *writer, struct envoi__outbox_entry *entry)
{
	if (entry->meta.waiting == 0) {
		entry->meta.waiting = ++writer->session->journal.last_waiting;
	}
	envoi__journal_put_stanza(writer,
		entry->was_sent ? ENVOI__RECORD_WAITING : ENVOI__RECORD_QUEUED, entry,
		entry->meta.waiting);
}

static void put_list(struct envoi__journal_writer *writer, struct envoi__list *list)
{
	for (struct envoi__list *link = list->next; link != list; link = link->next) {
		if (envoi__journal_survives(entry_of(link))) {
			envoi__journal_put_waiting(writer, entry_of(link));
		}
	}
}

void envoi__journal_put_request(
	struct envoi__journal_writer *writer, const struct envoi__journal_request *request)
{
	const char *lines[] = {request->from, request->id};
	put_lines(writer, ENVOI__RECORD_REQUEST, request->number, lines, 2);
}

void envoi__journal_put_taken(
	struct envoi__journal_writer *writer, uint64_t number, uint64_t deaths)
{
	char text[ENVOI_INT_SIZE];
	envoi_uint_print(text, deaths);
	envoi__journal_put(writer, ENVOI__RECORD_TAKEN, number, text, strlen(text));
}

/* The stream has counted the stanza that is being delivered. */
uint64_t envoi__journal_handled_number(const struct envoi_session *session)
{
	uint64_t handled = envoi__sm_handled_number(session);
	uint64_t delivering = session->journal.delivering;
	return delivering != 0 && handled >= delivering ? delivering - 1 : handled;
}

/* @param put  appends the records that replace the earlier ones */
static void put_beginning(struct envoi__journal_writer *writer, enum envoi__record_kind kind,
	void (*put)(struct envoi__journal_writer *writer))
{
	struct envoi_buffer rest;
	struct envoi__journal_writer inner = {writer->session, &rest, writer->code};
	envoi_buffer_init(&rest, writer->session->context, 0);
	put(&inner);
	writer->code = inner.code;
	if (writer->code == ENVOI_OK) {
		writer->code = envoi__record_write_beginning(writer->out, kind,
			envoi_context_wall_clock_ms(writer->session->context), &rest);
	}
	envoi_buffer_finish(&rest);
}

/* One whose delivery has begun was not taken out: it is for the number of deaths that it is
 * recorded. */
static void put_suspect(struct envoi__journal_writer *writer)
{
	const struct envoi__journal *journal = &writer->session->journal;
	uint64_t deaths = journal->suspect != 0 && journal->suspect == journal->delivering
		? journal->deaths
		: 0;
	if (journal->delivering != 0 && deaths < ENVOI__JOURNAL_DEATHS) {
		envoi__journal_put_taken(writer, journal->delivering, deaths);
	} else if (journal->suspect != 0) {
		envoi__journal_put_taken(writer, journal->suspect, journal->deaths - 1);
	}
}

static void put_state(struct envoi__journal_writer *writer)
{
	struct envoi_session *session = writer->session;
	const struct envoi__journal *journal = &session->journal;
	const struct envoi__sm *sm = &session->sm;
	if (sm->id != NULL) {
		envoi__journal_put_resumable(writer);
	}
	envoi__journal_put(writer, ENVOI__RECORD_ACKNOWLEDGED, sm->acknowledged, "", 0);
	put_list(writer, &session->outbox.held);
	put_sent(writer);
	put_list(writer, &session->outbox.waiting);
	envoi__journal_put(
		writer, ENVOI__RECORD_HANDLED, envoi__journal_handled_number(session), "", 0);
	put_suspect(writer);
	for (struct envoi__list *link = journal->requests.next; link != &journal->requests;
		link = link->next) {
		envoi__journal_put_request(
			writer, ENVOI_CONTAINER_OF(link, struct envoi__journal_request, link));
	}
}

void envoi__journal_put_session(struct envoi__journal_writer *writer)
{
	put_beginning(writer, ENVOI__RECORD_STARTED, put_state);
}

static void put_all_waiting(struct envoi__journal_writer *writer)
{
	put_list(writer, &writer->session->outbox.held);
	put_list(writer, &writer->session->outbox.waiting);
}

void envoi__journal_put_started(struct envoi__journal_writer *writer)
{
	put_beginning(writer, ENVOI__RECORD_STARTED, put_all_waiting);
}

void envoi__journal_put_ended(struct envoi__journal_writer *writer)
{
	put_beginning(writer, ENVOI__RECORD_ENDED, put_all_waiting);
}
