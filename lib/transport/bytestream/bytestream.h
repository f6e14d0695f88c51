/*
 * envoi - the transport that carries one long XML document over a channel: parser, output queue,
 *         TLS, closing
 * SPDX-License-Identifier: MIT
 *
 * One state machine. Files that call each other: deadlines.c, framing.c, head.c, input.c, life.c,
 * output.c, tls.c.
 *
 * Input: bytes are parsed as they arrive. Complete elements are delivered one at a time, at most
 * `loop.slice-stanzas` a turn; the channel is not read before that is done. So the pending input is
 * bounded by one reading of the channel (ENVOI_CHANNEL_READ_BYTES).
 *
 * Output: elements of one turn wait until its input is done, and are then written to the channel in
 * one piece. An element counts as written when the channel has accepted its last byte, or the last
 * byte of its TLS record.
 *
 * TLS: bytes queued before start_tls are sent in clear, later ones are encrypted. The peer must not
 * have sent anything behind the element that led to start_tls, not even white space (RFC 6120,
 * section 5.4.3.3). This folder includes private headers, because the TLS engine and the budget of
 * memory have no public ones.
 *
 * When the parser refuses input, the transport itself sends the stream error (RFC 6120, section
 * 4.9.1.1; after a header if none was sent, 4.9.1.2) and the closing tag, and closes; the failure
 * of `closed` has the condition. Elements that were complete before are delivered first.
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

#include "base/budget.h"
#include "base/guard.h"
#include "base/kept_failure.h"

struct envoi__framing;
struct envoi__tls;

enum byte_stream_state {
	BYTE_STREAM_NEW, /* -> MOVING, OVER */
	/* -> NEW: set aside after a handshake; CLOSING: requested, or the peer violated the
	 * protocol; OVER: broken, aborted */
	BYTE_STREAM_MOVING,
	BYTE_STREAM_CLOSING, /* writes what is pending, delivers nothing. -> OVER */
	BYTE_STREAM_OVER, /* `closed` is due. -> REPORTED */
	BYTE_STREAM_REPORTED,
};

/** What is within TLS. */
enum byte_stream_tls {
	BYTE_STREAM_CLEAR, /* -> HANDSHAKE */
	BYTE_STREAM_HANDSHAKE, /* -> SEALED, TLS_FAILED */
	BYTE_STREAM_SEALED, /* -> TLS_FAILED */
	BYTE_STREAM_TLS_FAILED, /* failed: nothing but its alert goes out */
};

/** Our side of the document. */
enum byte_stream_output {
	BYTE_STREAM_NO_HEAD,
	BYTE_STREAM_OPEN,
	BYTE_STREAM_TAIL_SENT,
};

struct envoi__byte_stream {
	struct envoi_transport base;
	struct envoi_transport_impl impl; /* with the channel's name */
	struct envoi_channel *channel; /* owned */
	struct envoi_channel_sink sink; /* of its events */
	struct envoi__framing *framing; /* owned; NULL: one long document */
	bool has_begun_framing;
	struct envoi_channel_options options;
	enum byte_stream_state state;
	bool is_started; /* once at least */
	struct envoi__kept_failure why; /* of CLOSING, OVER */
	struct envoi_deferred turn;
	struct envoi_timer linger;
	uint64_t linger_ms;
	struct envoi_timer element_timer; /* while an element is incomplete, and not held up here */
	size_t element_bytes; /* received since it was started */
	struct envoi_timer write_timer; /* while the channel accepts nothing of what is pending */
	struct envoi__guard guard; /* of entries from the loop */

	/* input */
	struct envoi_xml_parser *parser;
	struct envoi_xml_parser *retired; /* a callback on the stack borrows from it */
	struct envoi_xml_limits limits;
	bool is_paused;
	struct envoi__holder holder; /* of memory; held: not read, but delivered */
	bool is_released; /* read again: to be reported */
	bool is_unaffordable; /* to be ended: memory is short */
	bool has_backlog; /* more elements than the slice allows are complete */
	bool is_reading; /* as last asked of the channel */
	bool peer_ended; /* the closing tag came */
	bool input_over; /* the channel has ended or broken */
	struct envoi__kept_failure broken; /* why the input ends; code 0: an orderly end */
	char last_byte; /* the last one parsed; NUL: none in this stream */

	/* output */
	enum byte_stream_output output;
	struct envoi_buffer plain; /* not yet sealed or accepted by the channel */
	struct envoi_buffer ends; /* uint64_t offsets of element ends that were not counted yet */
	uint64_t queued, taken; /* bytes of the document, from its beginning */
	uint64_t counted; /* where the first element that was not counted begins */
	size_t unsent; /* elements without a byte that was taken, when the output was dropped */

	/* TLS; its output is sent first */
	enum byte_stream_tls tls_state;
	struct envoi__tls *tls; /* NULL: CLEAR */
	enum envoi_role tls_role; /* of this side */
	struct envoi_buffer marks; /* of struct byte_stream_mark */
	uint64_t sealed, sealed_taken; /* bytes of the document; of TLS's output */
	uint64_t sealed_whole; /* of TLS's output: the end of the last record that was taken */
	bool secured_unreported;
	bool peer_closed_tls;

	/* reports and the end */
	bool wants_drained;
	bool is_shut_down;
	bool is_blocked; /* the channel accepted less than was offered */
	bool output_broken;
	bool output_lost; /* output was pending when it broke */
};

static inline struct envoi__byte_stream *byte_stream_of(struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF(transport, struct envoi__byte_stream, base);
}

static inline const struct envoi__byte_stream *byte_stream_of_const(
	const struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF_CONST(transport, struct envoi__byte_stream, base);
}

/* --- life.c --- */

/** Around each call from the loop: the object's memory lasts until the outermost leave. */
void envoi__byte_stream_enter(struct envoi__byte_stream *bytes);
void envoi__byte_stream_leave(struct envoi__byte_stream *bytes);

/** Schedule delivery and flush for the end of this turn. */
void envoi__byte_stream_wake(struct envoi__byte_stream *bytes);

/** Detach the sink and return to the state before the start. */
void envoi__byte_stream_set_aside(struct envoi__byte_stream *bytes);

/** Write pending output, then end with @p why, which is moved; the first failure counts. */
void envoi__byte_stream_begin_close(
	struct envoi__byte_stream *bytes, struct envoi_failure *why, uint64_t linger_ms);

/** The output is broken: end the input soon, if the peer does not. */
void envoi__byte_stream_bound_ending(struct envoi__byte_stream *bytes);

/** End now with @p why, which is moved. */
void envoi__byte_stream_finish_now(struct envoi__byte_stream *bytes, struct envoi_failure *why);

/* --- deadlines.c --- */

/**
 * Watch an incomplete element: call after the complete ones were delivered.
 * @param is_new  an element was delivered since the last call
 */
void envoi__byte_stream_time_element(struct envoi__byte_stream *bytes, bool is_new);
/** Output was offered to the channel. @param has_progress  the channel accepted some */
void envoi__byte_stream_time_writing(struct envoi__byte_stream *bytes, bool has_progress);
/** Stop the deadlines of input and output. */
void envoi__byte_stream_stop_deadlines(struct envoi__byte_stream *bytes);

/* --- input.c --- */

/** Refuse input: send a stream error (RFC 6120, section 4.9.1.1) and the closing tag, and close.
 * @param condition ENVOI_STREAM_NO_CONDITION: send none */
void envoi__byte_stream_refuse_input(struct envoi__byte_stream *bytes, int code,
	enum envoi_stream_condition condition, const char *text);

/** Report that reading has begun again, if it has since the last report. */
void envoi__byte_stream_report_release(struct envoi__byte_stream *bytes);
/** Deliver complete elements, as many as the slice allows. */
void envoi__byte_stream_deliver(struct envoi__byte_stream *bytes);
/** @return whether an element is incomplete, or complete ones were not delivered */
bool envoi__byte_stream_has_incomplete(const struct envoi__byte_stream *bytes);
/** Start or stop reading of the channel, as the state requires. */
void envoi__byte_stream_update_reading(struct envoi__byte_stream *bytes);
/* The events of the channel. */
void envoi__byte_stream_received(struct envoi__byte_stream *bytes, const char *data, size_t len);
void envoi__byte_stream_ended(struct envoi__byte_stream *bytes);
void envoi__byte_stream_broken(struct envoi__byte_stream *bytes, int code, const char *text);

/** Parse bytes of the document. */
void envoi__byte_stream_parse(struct envoi__byte_stream *bytes, const char *data, size_t len);
/** End the input with @p broken, which is moved; the first failure counts. */
void envoi__byte_stream_end_input(struct envoi__byte_stream *bytes, struct envoi_failure *broken);
/** The channel is broken in both directions. */
void envoi__byte_stream_break_channel(struct envoi__byte_stream *bytes, int code, const char *text);
extern const struct envoi__holder_impl envoi__byte_stream_holder_impl;
/** End the connection, if the budget of memory requires it. */
void envoi__byte_stream_end_unaffordable(struct envoi__byte_stream *bytes);
/** Replace the parser by a new one. */
int envoi__byte_stream_renew_parser(struct envoi__byte_stream *bytes);

/* --- output.c --- */

/** Write pending output to the channel, count and report it; finish closing. */
void envoi__byte_stream_flush(struct envoi__byte_stream *bytes);
/** The channel accepts more. */
void envoi__byte_stream_writable(struct envoi__byte_stream *bytes);
/** Queue bytes that are no element, regardless of the limit. */
int envoi__byte_stream_queue(struct envoi__byte_stream *bytes, const char *data, size_t len);
/** Queue an element, in its frame where there are frames, regardless of the limit. */
int envoi__byte_stream_queue_element(struct envoi__byte_stream *bytes, const char *xml, size_t len);
void envoi__byte_stream_drop_output(struct envoi__byte_stream *bytes);
/** The output is broken; the failure is reported after the input has ended as well. */
void envoi__byte_stream_break_output(struct envoi__byte_stream *bytes);

/* --- tls.c --- */

/** Decrypt received bytes. */
void envoi__byte_stream_unseal(struct envoi__byte_stream *bytes, const char *data, size_t len);
/** Refuse a record that is incomplete, and larger than a peer needs before its login. */
void envoi__byte_stream_bound_record(struct envoi__byte_stream *bytes);
/** Encrypt queued bytes while TLS's output is short; send close_notify when closing. */
void envoi__byte_stream_seal(struct envoi__byte_stream *bytes);
/** Ask for a trust decision, or continue the handshake after it. */
void envoi__byte_stream_decide(struct envoi__byte_stream *bytes);
/** Withdraw the request for a trust decision: the application is notified. */
void envoi__byte_stream_drop_question(struct envoi__byte_stream *bytes);
/** @return whether a trust decision is pending */
bool envoi__byte_stream_has_question(const struct envoi__byte_stream *bytes);
/** Count bytes of TLS's output that the channel accepted. */
void envoi__byte_stream_count_sealed(struct envoi__byte_stream *bytes, size_t taken);
/** @return bytes of the document that the channel has taken, within TLS with those of the record
 * that it has begun to take */
uint64_t envoi__byte_stream_begun(const struct envoi__byte_stream *bytes);
/** @return TLS's output; NULL: no TLS */
struct envoi_buffer *envoi__byte_stream_sealed_output(const struct envoi__byte_stream *bytes);
/** As envoi_transport_impl.start_tls. @param alpn  NULL: none */
int envoi__byte_stream_secure(struct envoi__byte_stream *bytes, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name, const char *alpn);
void envoi__byte_stream_free_tls(struct envoi__byte_stream *bytes);

/* --- framing.c: without a framing these do what a document needs, or nothing --- */

/** The limits have changed. */
void envoi__byte_stream_set_most_bytes(struct envoi__byte_stream *bytes);
/** Queue what a framing begins with; once. */
int envoi__byte_stream_begin_framing(struct envoi__byte_stream *bytes);
/** Feed a new parser with the root of a framed stream. */
int envoi__byte_stream_feed_root(struct envoi__byte_stream *bytes, struct envoi_xml_parser *parser);
/** Queue the element that begins a framed stream. */
int envoi__byte_stream_write_framed_head(
	struct envoi__byte_stream *bytes, const struct envoi_stream_head *head);
/** Queue the closing tag, or the element that ends a framed stream. */
int envoi__byte_stream_write_tail(struct envoi__byte_stream *bytes);
/** Queue a stream error. */
int envoi__byte_stream_write_error_element(
	struct envoi__byte_stream *bytes, enum envoi_stream_condition condition);
/** Queue the end of a framing's protocol. @param code  of the failure */
void envoi__byte_stream_say_goodbye(struct envoi__byte_stream *bytes, int code);
/** Queue white space, or a framing's sign of life. */
int envoi__byte_stream_write_sign_of_life(struct envoi__byte_stream *bytes);
/** Begin a new stream in the frames. @retval ENVOI_ERR_PROTOCOL  bytes of an element are pending */
int envoi__byte_stream_restart_frames(struct envoi__byte_stream *bytes);
/** Schedule a framing's answers that no pending output will be followed by. */
void envoi__byte_stream_wake_for_answers(struct envoi__byte_stream *bytes);
/** Queue a framing's answers. */
void envoi__byte_stream_answer_frames(struct envoi__byte_stream *bytes);
/** As envoi_xml_parser_next(). @retval ENVOI_END  the peer has ended the framing's protocol */
int envoi__byte_stream_next_item(struct envoi__byte_stream *bytes, struct envoi_xml_item *item);
/** Refuse input for a framing's failure. */
void envoi__byte_stream_refuse_frame(struct envoi__byte_stream *bytes, int code);
/** End the input: the peer has ended the framing's protocol. */
void envoi__byte_stream_end_frames(struct envoi__byte_stream *bytes);
/** Hand over what begins or ends a framed stream. @return false: the item is something else */
bool envoi__byte_stream_hand_over_framed(
	struct envoi__byte_stream *bytes, const struct envoi_xml_item *item);

/* --- head.c --- */

/** Append a stream header. @retval ENVOI_ERR_INVALID a value is not allowed in XML */
int envoi__byte_stream_write_head(
	struct envoi__byte_stream *bytes, const struct envoi_stream_head *head);
/** Queue a stream error and the closing tag, with a header before them if none was sent. */
void envoi__byte_stream_write_stream_error(
	struct envoi__byte_stream *bytes, enum envoi_stream_condition condition);

/* --- functions of struct envoi_transport_impl --- */

int envoi__byte_stream_start(struct envoi_transport *transport);
int envoi__byte_stream_send_head(
	struct envoi_transport *transport, const struct envoi_stream_head *head);
int envoi__byte_stream_send_element(struct envoi_transport *transport, const char *xml, size_t len);
int envoi__byte_stream_send_tail(struct envoi_transport *transport);
int envoi__byte_stream_restart(struct envoi_transport *transport);
int envoi__byte_stream_start_tls(struct envoi_transport *transport, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name);
void envoi__byte_stream_set_limits(
	struct envoi_transport *transport, const struct envoi_xml_limits *limits);
int envoi__byte_stream_keepalive(struct envoi_transport *transport);
void envoi__byte_stream_pause(struct envoi_transport *transport);
void envoi__byte_stream_resume(struct envoi_transport *transport);
bool envoi__byte_stream_is_held(const struct envoi_transport *transport);
bool envoi__byte_stream_is_receiving(const struct envoi_transport *transport);
size_t envoi__byte_stream_pending(const struct envoi_transport *transport);
size_t envoi__byte_stream_unsent(const struct envoi_transport *transport);
void envoi__byte_stream_close(struct envoi_transport *transport, uint64_t linger_ms);
void envoi__byte_stream_abort(struct envoi_transport *transport, const struct envoi_failure *why);
void envoi__byte_stream_destroy(struct envoi_transport *transport);
const char *envoi__byte_stream_peer_name(const struct envoi_transport *transport);
bool envoi__byte_stream_is_secure(const struct envoi_transport *transport);
void envoi__byte_stream_tls_info(
	const struct envoi_transport *transport, struct envoi_tls_info *ret_info);
int envoi__byte_stream_channel_binding(
	struct envoi_transport *transport, const char *type, struct envoi_buffer *out);

#endif
