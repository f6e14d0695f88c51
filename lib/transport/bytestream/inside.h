/*
 * envoi - transports of octets: what their files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TRANSPORT_BYTESTREAM_INSIDE_H
#define ENVOI_TRANSPORT_BYTESTREAM_INSIDE_H

#include <envoi/context.h>

#include "transport/bytestream/bytestream.h"

static inline struct octets *octets_of(struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF(transport, struct octets, base);
}

static inline const struct octets *octets_of_const(const struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF_CONST(transport, struct octets, base);
}

/* --- life: octets.c --- */

/** Do what is to be done after this turn's I/O. */
void octets_wake(struct octets *octets);

/** Tell the sink nothing more, and be as a transport that was not started yet. */
void octets_set_aside(struct octets *octets);

/** Write what is pending, then be over because of @p why (moved); the first reason counts. */
void octets_begin_close(struct octets *octets, struct envoi_failure *why, uint64_t linger_ms);

/** The way out is broken: if the input does not end by itself, it is over soon. */
void octets_bound_ending(struct octets *octets);

/** Be over now, because of @p why, which is moved. */
void octets_finish_now(struct octets *octets, struct envoi_failure *why);

/* --- deadlines.c --- */

/**
 * Elements were handed over, and what has come beyond them is incomplete or nothing.
 * @param is_new  an element was handed over since the last call
 */
void octets_time_element(struct octets *octets, bool is_new);
/** Output was offered to the channel. @param has_progress it took some */
void octets_time_writing(struct octets *octets, bool has_progress);
/** Neither input nor output has a deadline of its own any more. */
void octets_stop_deadlines(struct octets *octets);

/* --- input.c --- */

/** Refuse what the peer does: send a stream error (RFC 6120, section 4.9.1.1) and the closing tag,
 * and close. @param condition ENVOI_STREAM_NO_CONDITION: send none */
void octets_refuse_input(
	struct octets *octets, int code, enum envoi_stream_condition condition, const char *text);

/** Hand over what is there, as far as allowed. */
void octets_deliver(struct octets *octets);
/** Tell the channel whether to read. */
void octets_update_reading(struct octets *octets);
/** Give octets of the document to the parser. */
void octets_parse(struct octets *octets, const char *data, size_t len);
/** The input is over because of @p broken, which is moved; the first reason counts. */
void octets_end_input(struct octets *octets, struct envoi_failure *broken);
/** Put a fresh parser in place. */
int octets_renew_parser(struct octets *octets);

/* --- output.c --- */

/** Write what can be written, count, tell; and end the closing. */
void octets_flush(struct octets *octets);
/** Queue something that is no element, whatever the limit. */
int octets_queue(struct octets *octets, const char *data, size_t len);
void octets_drop_output(struct octets *octets);
/** Nothing can be sent any more; what that means is told when the input has ended as well. */
void octets_break_output(struct octets *octets);

/* --- secure.c --- */

/** Octets for TLS came. */
void octets_unseal(struct octets *octets, const char *data, size_t len);
/** Give TLS what is queued, as long as its output is short; say goodbye when closing. */
void octets_seal(struct octets *octets);
/** Ask whether to believe the peer, or go on with the handshake when there is an answer. */
void octets_decide(struct octets *octets);
/** Nobody needs an answer any more: tells whoever was asked. */
void octets_drop_question(struct octets *octets);
/** @return whether somebody is being asked */
bool octets_has_question(const struct octets *octets);
/** So many more octets of TLS's output were taken by the channel. */
void octets_count_sealed(struct octets *octets, size_t taken);
/** @return TLS's output; NULL: there is no TLS */
struct envoi_buffer *octets_sealed_output(const struct octets *octets);
/** As envoi_transport_impl.start_tls. @param alpn  NULL: none */
int octets_secure(struct octets *octets, enum envoi_role role, struct envoi_tls_config *config,
	const char *server_name, const char *alpn);
void octets_free_tls(struct octets *octets);

/* --- head.c --- */

/** Append a stream header. @retval ENVOI_ERR_INVALID a value is not allowed in XML */
int octets_write_head(struct octets *octets, const struct envoi_stream_head *head);
/** Queue a stream error and the closing tag, with a header before them if none was sent. */
void octets_write_stream_error(struct octets *octets, enum envoi_stream_condition condition);

#endif
