/*
 * envoi - the records of a session's state
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_JOURNAL_JOURNAL_WRITER_H
#define ENVOI_SESSION_JOURNAL_JOURNAL_WRITER_H

#include <envoi/buffer.h>

#include "session/journal/journal.h"
#include "session/journal/journal_record.h"

/** Appends records to a buffer. After a failure its functions have no effect. */
struct envoi__journal_writer {
	struct envoi_session *session;
	struct envoi_buffer *out;
	int code; /* the first failure */
};

/** Append a record. @param data  not terminated */
void envoi__journal_put(struct envoi__journal_writer *writer, enum envoi__record_kind kind,
	uint64_t number, const char *data, size_t len);
void envoi__journal_put_account(struct envoi__journal_writer *writer);
void envoi__journal_put_resumable(struct envoi__journal_writer *writer);
/** Append SENT, WAITING or QUEUED. */
void envoi__journal_put_stanza(struct envoi__journal_writer *writer, enum envoi__record_kind kind,
	const struct envoi__outbox_entry *entry, uint64_t number);
/** Append WAITING or QUEUED of an entry, which gets its number where it has none. */
void envoi__journal_put_waiting(
	struct envoi__journal_writer *writer, struct envoi__outbox_entry *entry);
void envoi__journal_put_request(
	struct envoi__journal_writer *writer, const struct envoi__journal_request *request);
/** Append TAKEN. @param deaths  number of processes that ended during the delivery */
void envoi__journal_put_taken(
	struct envoi__journal_writer *writer, uint64_t number, uint64_t deaths);
/** Append all records of a session that can be resumed. */
void envoi__journal_put_session(struct envoi__journal_writer *writer);
/** Append STARTED, and what waits for the stream of this session. */
void envoi__journal_put_started(struct envoi__journal_writer *writer);
/** Append ENDED, and what waits for the next session. */
void envoi__journal_put_ended(struct envoi__journal_writer *writer);

/** @return whether an entry that waits has a record: handlers restore presence, and nothing in
 * another process waits for the answer to a request */
bool envoi__journal_survives(const struct envoi__outbox_entry *entry);

/** @return the number of the last stanza that was handled; one that is being delivered is not */
uint64_t envoi__journal_handled_number(const struct envoi_session *session);

#endif
