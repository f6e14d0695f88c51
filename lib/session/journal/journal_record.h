/*
 * envoi - records of a journal: their format
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_JOURNAL_JOURNAL_RECORD_H
#define ENVOI_SESSION_JOURNAL_JOURNAL_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>

/*
 * A record is a line "KIND TIME NUMBER LENGTH SUM LINE-SUM", then LENGTH bytes, then a newline.
 * TIME is in milliseconds since 1970. The checksums have 16 hexadecimal digits each: SUM covers the
 * bytes, LINE-SUM what precedes it in the line.
 */

/*
 * STARTED and ENDED void what precedes them, and are written together with the records that
 * replace it. The number is that of the bytes of these records, which follow, and the bytes are the
 * sum over them: where they are not all there, the record does not count. Earlier versions: 0, and
 * no bytes.
 */

/** In brackets: the meaning of the number and of the bytes. Numbers count stanzas as XEP-0198
 * does. */
enum envoi__record_kind {
	ENVOI__RECORD_ACCOUNT, /**< the first one [version; the bare address] */
	/** stanzas count from here; earlier records are void [see below] */
	ENVOI__RECORD_STARTED,
	/** the session can be resumed [for so many ms; full address, id, location, its port:
	 * lines] */
	ENVOI__RECORD_RESUMABLE,
	/** one that was sent before will be sent again [its number among these; as SENT] */
	ENVOI__RECORD_WAITING,
	/** a message waits for its first stream [its number among WAITING; as SENT] */
	ENVOI__RECORD_QUEUED,
	/** a waiting stanza has left the outbox [its number among WAITING; none] */
	ENVOI__RECORD_DROPPED,
	ENVOI__RECORD_SENT, /**< a stanza is sent on a stream [its number; see journal_sent.h] */
	/** the stream has not accepted the stanza of the record before [its number; none] */
	ENVOI__RECORD_NOT_SENT,
	ENVOI__RECORD_ACKNOWLEDGED, /**< by the peer [up to; none] */
	ENVOI__RECORD_HANDLED, /**< acknowledged to the peer [up to; none] */
	/** a stanza is delivered [its number; how many processes have ended during that] */
	ENVOI__RECORD_TAKEN,
	ENVOI__RECORD_DONE, /**< its handlers have returned [its number; "held", or none] */
	ENVOI__RECORD_REQUEST, /**< an iq get or set is received [its number; sender, id: lines] */
	ENVOI__RECORD_STOPPED, /**< a filter has stopped a request [its number; none] */
	ENVOI__RECORD_ENDED, /**< the session has ended: earlier records are void [see below] */
	ENVOI__RECORD_KINDS,
};

enum {
	ENVOI__JOURNAL_RESUMABLE_LINES = 4, /* of RESUMABLE */
};

struct envoi__record {
	enum envoi__record_kind kind;
	int64_t time_ms;
	uint64_t number;
	const char *data; /* not terminated */
	size_t len;
};

/** Append a record. @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  @p out is unchanged */
int envoi__record_write(struct envoi_buffer *out, const struct envoi__record *record);

/**
 * Append a record that voids earlier ones, and the records that replace them.
 * @param kind  STARTED or ENDED
 * @param rest  the records that replace them
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  @p out is unchanged
 */
int envoi__record_write_beginning(struct envoi_buffer *out, enum envoi__record_kind kind,
	int64_t time_ms, const struct envoi_buffer *rest);

/** Bytes to be read. */
struct envoi__records {
	const char *data;
	size_t len;
};

/**
 * Read the next record.
 * @param[out] ret_record  its data is borrowed from the bytes
 * @retval ENVOI_STOP         no more; a last record that is cut off or damaged counts as none
 * @retval ENVOI_ERR_INVALID  damaged, and more follows
 */
int envoi__record_read(struct envoi__records *records, struct envoi__record *ret_record);

#endif
