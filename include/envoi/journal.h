/*
 * envoi - journals: sessions that survive the end of the process
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_JOURNAL_H
#define ENVOI_JOURNAL_H

#include <stddef.h>

#include <envoi/buffer.h>
#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_jid;
struct envoi_journal;
struct envoi_session;
struct envoi_stanza;

/*
 * With a journal a program that was killed resumes its session at the server (XEP-0198, section 5):
 * stanzas that were sent and not acknowledged are sent again, handled stanzas are not delivered
 * again, and requests of peers are answered.
 *
 * 	// set the settings first: journal.max-age is read by loading
 * 	envoi_client_load_journal(client, text, len);	// of the file, if there is one
 * 	envoi_session_set_journal(envoi_client_session(client), &journal.base);
 * 	envoi_session_write_journal(envoi_client_session(client), &out);	// to a new file
 * 	rename(...);	// which replaces the old one; append to the new one from now on
 * 	envoi_client_connect(client);	// resumes the session, or starts a new one
 *
 * The file is readable by the user only, because it has the texts of messages. None of the first
 * three calls appends a record.
 *
 * The journal covers the stanzas that were sent on a stream, and messages that are queued. Queued
 * presence and iqs have no record. Tickets do not survive the process: what the library sends from
 * a journal has none.
 *
 * A session that was closed in order is not resumed: the next process starts a new one. Keep the
 * file nevertheless: messages without a ticket that wait to be sent, or sent again, are in it. A
 * ticket reports the loss of its message, which is not in the journal any more then.
 *
 * A journal may be replaced at any time to keep it short: envoi_session_write_journal() makes the
 * records that are still needed.
 */

/** What the application does with records. */
struct envoi_journal_impl {
	/**
	 * Append a record to the stored ones. It must be stored when the function returns: in the
	 * kernel to survive the end of the process, on the medium to survive a crash of the
	 * machine. No byte of a stanza is sent, and nothing is acknowledged, before its record is
	 * stored. The function must not call the library.
	 *
	 * @param record, len  any bytes; borrowed for the call; of one record or several
	 * @return ENVOI_OK, or an error (<0): sending and acknowledging pause, and the needed
	 *         records are appended again later. Remove a record that was stored in part: it is
	 *         harmless at the end only
	 */
	int (*append)(struct envoi_journal *journal, const void *record, size_t len);
};

/** Base of every journal; embedded first. */
struct envoi_journal {
	const struct envoi_journal_impl *impl;
};

/**
 * Give a session a journal, before it is connected.
 *
 * @param journal  borrowed until the session is freed or has another; NULL: none
 * @retval ENVOI_ERR_STATE  the session has a stream
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_set_journal(
	struct envoi_session *session, struct envoi_journal *journal);

/**
 * Append all records that are still needed to a buffer. They may replace everything that was stored
 * before; later records of the journal are stored after them.
 *
 * @retval ENVOI_ERR_STATE  the session has no address
 * @retval ENVOI_ERR_NOMEM  @p out is unchanged
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_write_journal(
	struct envoi_session *session, struct envoi_buffer *out);

/**
 * Continue the session of a journal: the next stream tries to resume it. When the server has
 * removed it, the messages of the journal are sent again as after any other loss (see enum
 * envoi_resend).
 *
 * A stanza during whose delivery the process ended is delivered again. After the second time it is
 * acknowledged instead and reported by ENVOI_EVENT_UNHANDLED, and a request is answered with
 * internal-server-error. Requests of peers that were handled but not answered are answered with
 * that error when the session is resumed, but for those that a filter has stopped, and those beyond
 * 1,000 requests or 256 KiB of senders and ids.
 *
 * @param account  the bare address of the session's account; of an anonymous user, the domain
 * @param data, len  the stored records; borrowed for the call. A last record that is incomplete or
 *                   damaged is ignored
 * @retval ENVOI_ERR_INVALID  the rest is damaged, of another version or of another account
 * @retval ENVOI_ERR_TIMEOUT  its last record is older than the setting journal.max-age, and it has
 *                            a session that could be resumed, or a stanza that would be sent
 * @retval ENVOI_ERR_STATE    the session has a stream, or stanzas of its own
 * @retval ENVOI_ERR_NOMEM
 * On failure the session is unchanged, and connecting starts a new one. The messages of such a
 * journal are not sent. All of a journal is loaded, also beyond limits.outbox-stanzas and
 * limits.outbox-bytes: further stanzas are refused until there is room.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_load_journal(struct envoi_session *session,
	const struct envoi_jid *account, const void *data, size_t len);

/* --- what a journal has --- */

/** What a journal records of a stanza that the program has sent. */
enum envoi_journal_state {
	ENVOI_JOURNAL_ACKNOWLEDGED, /**< the server has acknowledged it */
	/**
	 * it was given to a stream: after loading it is sent again when the session is resumed. If
	 * the session is not resumed, a message is sent again by the rule of enum envoi_resend
	 */
	ENVOI_JOURNAL_UNACKNOWLEDGED,
	ENVOI_JOURNAL_QUEUED, /**< it was not given to a stream: after loading it is sent */
	/** it was canceled, or acknowledged without stream management, or its session has ended
	 * before it was acknowledged: it is not sent after loading */
	ENVOI_JOURNAL_ENDED,
};

struct envoi_journal_reader;

/**
 * Read which sent stanzas a journal records, for programs with a store of their own. Call it before
 * or after loading; the stanzas that loading sends have no tickets.
 *
 * @param data, len  the stored records; borrowed until the reader is freed. A last record that is
 *                   incomplete or damaged is ignored
 * @retval ENVOI_ERR_INVALID  the rest is damaged, or of another version
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_journal_reader_new(struct envoi_journal_reader **ret_reader,
	struct envoi_context *context, const void *data, size_t len);
/**
 * Take the next stanza, in the order of the records. A stanza that is recorded several times is
 * returned several times: its last state is valid. envoi_session_write_journal() leaves out
 * acknowledged stanzas.
 *
 * @param[out] ret_stanza  a new reference
 * @retval ENVOI_STOP         there are no more
 * @retval ENVOI_ERR_INVALID  the record does not contain a stanza; the next one can be taken
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_journal_reader_next(struct envoi_journal_reader *reader,
	enum envoi_journal_state *ret_state, struct envoi_stanza **ret_stanza);
/** Free a reader; NULL is allowed. */
ENVOI_API void envoi_journal_reader_free(struct envoi_journal_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
