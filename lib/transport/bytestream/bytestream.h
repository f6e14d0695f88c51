/*
 * envoi - the shared half of transports that carry one long XML document over an ordered channel
 *         of octets: parser, output queue, TLS, closing. The other half is a channel: something
 *         that moves octets, a socket or a queue in memory.
 * SPDX-License-Identifier: MIT
 *
 * A channel embeds struct octets first, in one piece of memory from the context's allocator, and
 * brings a table of functions. It calls up with octets_received(), octets_writable(),
 * octets_ended() and octets_broken(), always from the loop and never from inside its own
 * functions; each of them may free the whole object: the channel touches nothing afterwards.
 *
 * Input: octets are parsed as they come; finished elements are handed over one at a time, at most
 * `loop.slice-stanzas` a turn, and nothing more is read until they have been. So what waits here
 * is bounded by one reading of the channel (OCTETS_READ_BYTES).
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
 * failure told by `closed` has the condition. Elements complete before it were handed over.
 */
#ifndef ENVOI_TRANSPORT_BYTESTREAM_BYTESTREAM_H
#define ENVOI_TRANSPORT_BYTESTREAM_BYTESTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>

#include "base/guard.h"
#include "transport/transport_settings.h"

struct octets;
struct envoi__tls;

enum {
	OCTETS_READ_BYTES = 16384, /* most that a channel passes up at a time */
};

struct octets_channel_impl {
	/** Begin to move. */
	int (*start)(struct octets *octets);

	/**
	 * Take octets to send.
	 *
	 * @param[out] ret_taken  how many; when fewer than @p len, octets_writable() follows
	 * @retval <0  the channel takes no more, ever; it may still have something to read
	 */
	int (*send)(struct octets *octets, const char *data, size_t len, size_t *ret_taken);

	/** Whether octets_received(), octets_ended() and octets_broken() may come. */
	void (*want_read)(struct octets *octets, bool wanted);

	/** Nothing more will be sent: show the peer the end. */
	void (*shut_down)(struct octets *octets);

	/** Let go of everything but the memory of the object itself; idempotent. */
	void (*disconnect)(struct octets *octets);

	/** OPTIONAL. The object is about to be freed: let go of what is in other memory. */
	void (*release)(struct octets *octets);

	/** @return as envoi_transport_impl.peer_name */
	const char *(*peer_name)(const struct octets *octets);
};

/** Values from settings. */
struct octets_options {
	struct envoi__transport_settings settings;
	struct envoi_xml_limits limits; /* until others are set */
	bool is_secure; /* the channel itself is out of others' reach */
};

enum octets_state {
	OCTETS_NEW, /* -> MOVING, OVER */
	OCTETS_MOVING, /* -> NEW: set aside after a handshake; CLOSING: asked to, or the peer broke the rules; OVER: broken, aborted */
	OCTETS_CLOSING, /* writes what is pending, hands over nothing. -> OVER */
	OCTETS_OVER, /* `closed` is to be told. -> TOLD */
	OCTETS_TOLD,
};

/** What is within TLS. */
enum octets_tls {
	OCTETS_CLEAR, /* -> HANDSHAKE */
	OCTETS_HANDSHAKE, /* -> SEALED, SPOILT */
	OCTETS_SEALED, /* -> SPOILT */
	OCTETS_SPOILT, /* failed: nothing but its alert goes out */
};

/** Our side of the document. */
enum octets_output {
	OCTETS_NO_HEAD,
	OCTETS_OPEN,
	OCTETS_TAIL_SENT,
};

struct octets {
	struct envoi_transport base;
	const struct octets_channel_impl *channel;
	struct octets_options options;
	enum octets_state state;
	bool is_started; /* once at least */
	struct envoi_failure why; /* of CLOSING, OVER */
	struct envoi_deferred turn;
	struct envoi_timer linger;
	uint64_t linger_ms;
	struct envoi_timer element_timer; /* while an element is incomplete, and not held up here */
	struct envoi_timer write_timer; /* while the channel takes nothing of what is pending */
	struct envoi__guard guard;

	/* input */
	struct envoi_xml_parser *parser;
	struct envoi_xml_parser *retired; /* lent something to a callback that is on the stack */
	struct envoi_xml_limits limits;
	bool is_paused;
	bool has_backlog; /* the slice was spent */
	bool is_reading; /* as last told to the channel */
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
	bool secured_untold;
	bool peer_said_bye;

	/* and then */
	bool wants_drained;
	bool is_shut_down;
	bool is_blocked; /* the channel did not take all that it was offered last */
	bool output_broken;
	bool output_lost; /* something was pending when it broke */
};

/** Read the options. @param settings NULL: defaults @retval ENVOI_ERR_NOMEM */
int octets_options_read(struct octets_options *options, struct envoi_context *context,
	const struct envoi_settings *settings);

/**
 * Prepare the embedded struct; memory zeroed and from the context's allocator.
 * @param impl  octets_transport_impl with the channel's name
 */
void octets_init(struct octets *octets, const struct envoi_transport_impl *impl,
	const struct octets_channel_impl *channel, struct envoi_context *context,
	const struct octets_options *options);

/**
 * Around several calls up in one: the object lives until the outermost leave, though it may be
 * disconnected.
 */
void octets_enter(struct octets *octets);
void octets_leave(struct octets *octets);

/** Octets came: 1 to OCTETS_READ_BYTES. */
void octets_received(struct octets *octets, const char *data, size_t len);
/** More can be sent. */
void octets_writable(struct octets *octets);
/** The peer will send no more. */
void octets_ended(struct octets *octets);
/** Nothing moves any more, in no direction. @param format of the failure's text */
void octets_broken(struct octets *octets, int code, const char *format, ...) ENVOI_PRINTF(3, 4);

/* --- for the table of every octets transport: OCTETS_TRANSPORT_IMPL("tcp") --- */

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

#define OCTETS_TRANSPORT_IMPL(transport_name) \
	{ \
		.name = (transport_name), .start = octets_start, .send_head = octets_send_head, \
		.send_element = octets_send_element, .send_tail = octets_send_tail, \
		.restart = octets_restart, .start_tls = octets_start_tls, \
		.set_limits = octets_set_limits, .keepalive = octets_keepalive, \
		.pause = octets_pause, .resume = octets_resume, .pending = octets_pending, \
		.close = octets_close, .abort = octets_abort, .destroy = octets_destroy, \
		.peer_name = octets_peer_name, .is_secure = octets_is_secure, \
		.tls_info = octets_tls_info, .channel_binding = octets_channel_binding, \
	}

#endif
