/*
 * envoi - journals of sessions: private header
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_JOURNAL_JOURNAL_H
#define ENVOI_SESSION_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/journal.h>
#include <envoi/stanza.h>

#include "base/list.h"
#include "session/sending/outbox.h"

enum {
	ENVOI__JOURNAL_VERSION = 2,
	ENVOI__JOURNAL_REQUESTS = 1000, /* not answered; further ones have no record */
	ENVOI__JOURNAL_REQUEST_BYTES = 256 * 1024, /* of their senders and ids */
	/* ends of the process during the delivery of one stanza, after which it is not delivered */
	ENVOI__JOURNAL_DEATHS = 2,
};

/** A request of a peer that is not answered. */
struct envoi__journal_request {
	struct envoi__list link;
	uint64_t number; /* of the stanza */
	const char *id; /* behind the sender */
	size_t id_len;
	char from[]; /* canonical; "": the own account or server */
};

/** Embedded in its session. Without a journal its functions have no effect. */
struct envoi__journal {
	struct envoi_journal *journal; /* the application's; NULL: none */
	struct envoi__list requests; /* in order */
	size_t request_count, request_bytes;
	uint64_t delivering; /* number of the stanza that is being delivered; 0: none */
	uint64_t suspect; /* number of the one during whose delivery the process ended; 0: none */
	uint64_t deaths; /* number of processes that ended during its delivery */
	uint64_t max_age_ms; /* of one that is loaded */
	uint64_t recorded_ms; /* on the loop's clock: when records were appended last */
	uint64_t last_waiting; /* last number of one that waits to be sent (again) */
	bool is_behind; /* a record is missing: all is written before the next one */
	bool is_open; /* a session is being recorded */
	bool was_loaded; /* the requests are those of an earlier process */
};

void envoi__journal_init(struct envoi__journal *journal);
void envoi__journal_finish(struct envoi_session *session);

/** The server has made a new session: stanzas are counted from here on. */
void envoi__journal_started(struct envoi_session *session);
/** The server lets the session be resumed. */
void envoi__journal_resumable(struct envoi_session *session);
/** The session was closed in order: there is nothing to resume. */
void envoi__journal_ended(struct envoi_session *session);

/** The peer has sent something, be it white space: record that the session exists. */
void envoi__journal_is_alive(struct envoi_session *session);

/** A stanza was queued: record it, if it is a message that still waits for its first stream. */
void envoi__journal_queued(struct envoi_session *session);
/** A stanza that waits is going to be dropped. @retval <0 that could not be recorded: the next
 * process will send it */
int envoi__journal_dropping(struct envoi_session *session, const struct envoi__outbox_entry *entry);
/** The waiting stanza of this number has left the outbox. */
void envoi__journal_dropped(struct envoi_session *session, uint64_t waiting);
/** A stanza will be sent on a stream. @retval <0 it must not be sent */
int envoi__journal_sending(
	struct envoi_session *session, const struct envoi__outbox_entry *entry, uint64_t number);
/** The stream has not accepted the stanza of the record before. */
void envoi__journal_not_sent(struct envoi_session *session, uint64_t number);
/** Stanzas that have records as sent wait again, and none of their bytes was sent; or one was taken
 * out. */
void envoi__journal_unsent(struct envoi_session *session);
/** The answer to a request was sent on a stream. */
void envoi__journal_sent_answer(struct envoi_session *session, uint64_t answers);
/** A filter has stopped the stanza that is being delivered: if it is a request, the library does
 * not answer it. */
void envoi__journal_stopped(struct envoi_session *session);
/** The peer has acknowledged stanzas up to a number. */
void envoi__journal_acknowledged(struct envoi_session *session, uint64_t number);
/** Stanzas up to a number will be acknowledged to the peer. @retval <0 they must not be */
int envoi__journal_handled(struct envoi_session *session, uint64_t number);

/** The application has released a hold: more stanzas are handled, except the one that is being
 * delivered. */
void envoi__journal_released(struct envoi_session *session);

/**
 * A stanza will be delivered.
 * @retval ENVOI_STOP  it must not be: two processes have ended during its delivery
 * @retval ENVOI_ERR_NOMEM  it must not be: it is a request that could not be noted
 */
int envoi__journal_take(
	struct envoi_session *session, uint64_t number, const struct envoi_element *element);
/** Its handlers have returned. */
void envoi__journal_done(struct envoi_session *session, uint64_t number);

/** @return the number of the request that an iq result or error answers; 0: none that is recorded
 */
uint64_t envoi__journal_answered(
	const struct envoi_session *session, const struct envoi_stanza *answer);
/** The session was resumed: answer the requests that an earlier process has not answered. */
void envoi__journal_answer_left(struct envoi_session *session);

/* --- for the files of the journal --- */

/** Note a request, unless it is the last one that was noted, has the sender and id of another one,
 * exceeds a limit, or has a sender that is not an address. @param from, id  not terminated */
int envoi__journal_add_request(struct envoi_session *session, uint64_t number, const char *from,
	size_t from_len, const char *id, size_t id_len);
/**
 * Note an incoming stanza that is an iq get or set with an id.
 * @param[out] ret_request  NULL: it was not noted
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__journal_note_request(const struct envoi__journal_request **ret_request,
	struct envoi_session *session, uint64_t number, const struct envoi_element *element);
/** @return whether it was noted */
bool envoi__journal_remove_request(struct envoi_session *session, uint64_t number);
void envoi__journal_remove_requests(struct envoi_session *session);

#endif
