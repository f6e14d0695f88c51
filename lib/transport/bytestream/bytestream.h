/*
 * envoi - the shared half of transports that carry one long XML document over an ordered channel
 *         of octets: parser, output queue, TLS, closing. The other half is a channel: something
 *         that moves octets, a socket or a queue in memory.
 * SPDX-License-Identifier: MIT
 *
 * Files that call each other: deadlines.c, head.c, input.c, life.c, output.c, tls.c.
 *
 * Input: octets are parsed as they come; finished elements are handed over one at a time, at most
 * `loop.slice-stanzas` a turn, and nothing more is read until they have been. So what waits here
 * is bounded by one reading of the channel (ENVOI_CHANNEL_READ_BYTES).
 *
 * Output: what is sent waits until this turn's input is done, and then goes out in one piece.
 * An element counts as written when its last octet, or that of its TLS record, was taken by the
 * channel.
 *
 * TLS: what was queued before start_tls goes out in clear; whatever comes after it is given to
 * TLS. The peer must have sent nothing behind what made us start: no element, no part of one, no
 * white space (RFC 6120, section 5.4.3.3). The engine is the library's own and not public yet:
 * therefore this folder includes a private header.
 *
 * When the parser refuses what came, the transport itself sends the stream error (RFC 6120,
 * section 4.9.1.1; after a header if none was sent, 4.9.1.2), the closing tag, and closes; the
 * failure in `closed` has the condition. Elements complete before it were handed over.
 */
#ifndef ENVOI_TRANSPORT_BYTESTREAM_BYTESTREAM_H
#define ENVOI_TRANSPORT_BYTESTREAM_BYTESTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>

#include "base/guard.h"

struct envoi__tls;

enum octets_state {
	OCTETS_NEW, /* -> MOVING, OVER */
	/* -> NEW: set aside after a handshake; CLOSING: asked to, or the peer broke the rules;
	 * OVER: broken, aborted */
	OCTETS_MOVING,
	OCTETS_CLOSING, /* writes what is pending, hands over nothing. -> OVER */
	OCTETS_OVER, /* `closed` is due. -> REPORTED */
	OCTETS_REPORTED,
};

/** What is within TLS. */
enum octets_tls {
	OCTETS_CLEAR, /* -> HANDSHAKE */
	OCTETS_HANDSHAKE, /* -> SEALED, TLS_FAILED */
	OCTETS_SEALED, /* -> TLS_FAILED */
	OCTETS_TLS_FAILED, /* failed: nothing but its alert goes out */
};

/** Our side of the document. */
enum octets_output {
	OCTETS_NO_HEAD,
	OCTETS_OPEN,
	OCTETS_TAIL_SENT,
};

struct envoi_byte_stream {
	struct envoi_transport base;
	struct envoi_transport_impl impl; /* with the channel's name */
	struct envoi_channel *channel; /* owned */
	struct envoi_channel_sink sink; /* of its events */
	struct envoi_channel_options options;
	enum octets_state state;
	bool is_started; /* once at least */
	struct envoi_failure why; /* of CLOSING, OVER */
	struct envoi_deferred turn;
	struct envoi_timer linger;
	uint64_t linger_ms;
	struct envoi_timer element_timer; /* while an element is incomplete, and not held up here */
	struct envoi_timer write_timer; /* while the channel takes nothing of what is pending */
	struct envoi__guard guard; /* of entries from the loop */

	/* input */
	struct envoi_xml_parser *parser;
	struct envoi_xml_parser *retired; /* lent something to a callback that is on the stack */
	struct envoi_xml_limits limits;
	bool is_paused;
	bool has_backlog; /* the slice was spent */
	bool is_reading; /* as last asked of the channel */
	bool peer_ended; /* the closing tag came */
	bool input_over; /* the channel's end came, or its breakdown */
	struct envoi_failure broken; /* why the input is over or will be; code 0: an end */
	char last_octet; /* parsed; NUL: none of this stream */

	/* output */
	enum octets_output output;
	struct envoi_buffer plain; /* not yet sealed or taken by the channel */
	struct envoi_buffer ends; /* uint64_t offsets of element ends that were not counted yet */
	uint64_t queued, taken; /* octets of the document, since ever */

	/* TLS; its output goes out before anything else */
	enum octets_tls tls_state;
	struct envoi__tls *tls; /* NULL: CLEAR */
	struct envoi_buffer marks; /* struct octets_mark: which octets TLS's output stands for */
	uint64_t sealed, sealed_taken; /* octets of the document; of TLS's output */
	bool secured_unreported;
	bool peer_closed_tls;

	/* and then */
	bool wants_drained;
	bool is_shut_down;
	bool is_blocked; /* the channel did not take all that it was offered last */
	bool output_broken;
	bool output_lost; /* something was pending when it broke */
};

static inline struct envoi_byte_stream *octets_of(struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF(transport, struct envoi_byte_stream, base);
}

static inline const struct envoi_byte_stream *octets_of_const(
	const struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF_CONST(transport, struct envoi_byte_stream, base);
}

/* --- life.c --- */

/** Around what comes from the loop: the object lives until the outermost leave, though it may be
 * disconnected. */
void octets_enter(struct envoi_byte_stream *octets);
void octets_leave(struct envoi_byte_stream *octets);

/** Do what is to be done after this turn's I/O. */
void octets_wake(struct envoi_byte_stream *octets);

/** Detach the sink and return to the state before the start. */
void octets_set_aside(struct envoi_byte_stream *octets);

/** Write what is pending, then be over because of @p why (moved); the first reason counts. */
void octets_begin_close(
	struct envoi_byte_stream *octets, struct envoi_failure *why, uint64_t linger_ms);

/** The way out is broken: if the input does not end by itself, it is over soon. */
void octets_bound_ending(struct envoi_byte_stream *octets);

/** Be over now, because of @p why, which is moved. */
void octets_finish_now(struct envoi_byte_stream *octets, struct envoi_failure *why);

/* --- deadlines.c --- */

/**
 * Elements were handed over, and what has come beyond them is incomplete or nothing.
 * @param is_new  an element was handed over since the last call
 */
void octets_time_element(struct envoi_byte_stream *octets, bool is_new);
/** Output was offered to the channel. @param has_progress it took some */
void octets_time_writing(struct envoi_byte_stream *octets, bool has_progress);
/** Neither input nor output has a deadline of its own any more. */
void octets_stop_deadlines(struct envoi_byte_stream *octets);

/* --- input.c --- */

/** Refuse what the peer does: send a stream error (RFC 6120, section 4.9.1.1) and the closing tag,
 * and close. @param condition ENVOI_STREAM_NO_CONDITION: send none */
void octets_refuse_input(struct envoi_byte_stream *octets, int code,
	enum envoi_stream_condition condition, const char *text);

/** Hand over what is there, as far as allowed. */
void octets_deliver(struct envoi_byte_stream *octets);
/** Ask the channel to read, or not to. */
void octets_update_reading(struct envoi_byte_stream *octets);
/* The events of the channel. */
void octets_received(struct envoi_byte_stream *octets, const char *data, size_t len);
void octets_ended(struct envoi_byte_stream *octets);
void octets_broken(struct envoi_byte_stream *octets, int code, const char *text);

/** Give octets of the document to the parser. */
void octets_parse(struct envoi_byte_stream *octets, const char *data, size_t len);
/** The input is over because of @p broken, which is moved; the first reason counts. */
void octets_end_input(struct envoi_byte_stream *octets, struct envoi_failure *broken);
/** The channel moves nothing any more, in no direction. */
void octets_break_channel(struct envoi_byte_stream *octets, int code, const char *text);
/** Put a fresh parser in place. */
int octets_renew_parser(struct envoi_byte_stream *octets);

/* --- output.c --- */

/** Write what can be written, count and report it; end the closing. */
void octets_flush(struct envoi_byte_stream *octets);
/** The channel takes more. */
void octets_writable(struct envoi_byte_stream *octets);
/** Queue something that is no element, whatever the limit. */
int octets_queue(struct envoi_byte_stream *octets, const char *data, size_t len);
void octets_drop_output(struct envoi_byte_stream *octets);
/** Nothing can be sent any more; what that means is reported when the input has ended as well. */
void octets_break_output(struct envoi_byte_stream *octets);

/* --- tls.c --- */

/** Octets for TLS came. */
void octets_unseal(struct envoi_byte_stream *octets, const char *data, size_t len);
/** Give TLS what is queued, as long as its output is short; send close_notify when closing. */
void octets_seal(struct envoi_byte_stream *octets);
/** Ask for a trust decision, or go on with the handshake when there is one. */
void octets_decide(struct envoi_byte_stream *octets);
/** The decision is no longer needed: notify the application that was asked for it. */
void octets_drop_question(struct envoi_byte_stream *octets);
/** @return whether a trust decision is pending */
bool octets_has_question(const struct envoi_byte_stream *octets);
/** So many more octets of TLS's output were taken by the channel. */
void octets_count_sealed(struct envoi_byte_stream *octets, size_t taken);
/** @return TLS's output; NULL: there is no TLS */
struct envoi_buffer *octets_sealed_output(const struct envoi_byte_stream *octets);
/** As envoi_transport_impl.start_tls. @param alpn  NULL: none */
int octets_secure(struct envoi_byte_stream *octets, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name, const char *alpn);
void octets_free_tls(struct envoi_byte_stream *octets);

/* --- head.c --- */

/** Append a stream header. @retval ENVOI_ERR_INVALID a value is not allowed in XML */
int octets_write_head(struct envoi_byte_stream *octets, const struct envoi_stream_head *head);
/** Queue a stream error and the closing tag, with a header before them if none was sent. */
void octets_write_stream_error(
	struct envoi_byte_stream *octets, enum envoi_stream_condition condition);

/* --- what a transport does: each is a function of struct envoi_transport_impl --- */

int octets_start(struct envoi_transport *transport);
int octets_send_head(struct envoi_transport *transport, const struct envoi_stream_head *head);
int octets_send_element(struct envoi_transport *transport, const char *xml, size_t len);
int octets_send_tail(struct envoi_transport *transport);
int octets_restart(struct envoi_transport *transport);
int octets_start_tls(struct envoi_transport *transport, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name);
void octets_set_limits(struct envoi_transport *transport, const struct envoi_xml_limits *limits);
int octets_keepalive(struct envoi_transport *transport);
void octets_pause(struct envoi_transport *transport);
void octets_resume(struct envoi_transport *transport);
size_t octets_pending(const struct envoi_transport *transport);
void octets_close(struct envoi_transport *transport, uint64_t linger_ms);
void octets_abort(struct envoi_transport *transport, const struct envoi_failure *why);
void octets_destroy(struct envoi_transport *transport);
const char *octets_peer_name(const struct envoi_transport *transport);
bool octets_is_secure(const struct envoi_transport *transport);
void octets_tls_info(const struct envoi_transport *transport, struct envoi_tls_info *ret_info);
int octets_channel_binding(
	struct envoi_transport *transport, const char *type, struct envoi_buffer *out);

#endif
