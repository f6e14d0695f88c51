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

struct envoi_jid;
struct envoi_journal;
struct envoi_session;

/*
 * With a journal a program that was killed goes on with the session that it had at the server
 * (XEP-0198, section 5): what was sent and is not acknowledged is sent again, nothing that was
 * handled is handed over again, requests of peers are answered.
 *
 *	FILE *file;	// of the program, readable by the user only: it has message texts
 *	envoi_client_load_journal(client, text, len);	// of the file, if there is one
 *	envoi_session_set_journal(envoi_client_session(client), &journal.base);
 *	envoi_session_write_journal(envoi_client_session(client), &out);	// a file of its own
 *	rename(...);	// replaces the one before
 *	envoi_client_connect(client);	// resumes the session, or starts another
 *
 * The journal covers what a stream was given. A stanza that is still queued has no record: its
 * ticket has not reported.
 *
 * A journal may be written anew at any time to keep it short: envoi_session_write_journal() makes
 * the records of what is still needed.
 */

/** What the application does with records. */
struct envoi_journal_impl {
	/**
	 * Store a record behind those before it. It must be as safe as the application needs it
	 * when the function returns: in the kernel to survive the end of the process, on the medium
	 * to survive that of the machine. The session waits for it: no byte of a stanza is sent,
	 * and nothing is acknowledged, before its record is stored. It must not call the library.
	 *
	 * @param record, len  any bytes; borrowed for the call; of one record or several
	 * @return ENVOI_OK, or a code <0: sending and acknowledging wait, and all that is needed is
	 *         given to append again a moment later. Half a record that was stored before is
	 *         harmless only at the end: remove it
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
 * Append the records of all that is still needed: they may replace everything that was stored
 * before. Records that are given to the journal later are to be stored behind them.
 *
 * @retval ENVOI_ERR_STATE  the session has no address
 * @retval ENVOI_ERR_NOMEM  @p out is unchanged
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_write_journal(
	struct envoi_session *session, struct envoi_buffer *out);

/**
 * Go on where a journal ends: the next stream tries to resume its session. When the server has it
 * no longer, what the journal has of messages is sent again as after any other loss (see the
 * setting resend).
 *
 * A stanza that was handed over when the process ended is handed over again; when it has been so
 * twice, it is acknowledged instead and reported by ENVOI_EVENT_UNHANDLED, and a request is
 * answered with internal-server-error. Requests of peers that were handled but not answered are
 * answered with that error when the session is resumed.
 *
 * @param account  the bare address of the session's account
 * @param data, len  what was stored; borrowed for the call. A last record that is cut off or
 *                   damaged counts as none
 * @retval ENVOI_ERR_INVALID  the rest is damaged, of another version or of another account
 * @retval ENVOI_ERR_TIMEOUT  its last record is older than the setting journal.max-age
 * @retval ENVOI_ERR_FULL     it has more than limits.outbox-stanzas or limits.outbox-bytes
 * @retval ENVOI_ERR_STATE    the session has a stream, or something of its own to resume or send
 * @retval ENVOI_ERR_NOMEM
 * On failure the session is as before.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_load_journal(struct envoi_session *session,
	const struct envoi_jid *account, const void *data, size_t len);

#ifdef __cplusplus
}
#endif
#endif
