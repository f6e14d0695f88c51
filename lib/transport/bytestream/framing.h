/*
 * envoi - byte streams whose first-level elements travel in frames (WebSocket)
 * SPDX-License-Identifier: MIT
 *
 * A framing stands between the document and the channel, or its TLS: it encodes what is sent, and
 * decodes what is received. Output queue, limits, deadlines, TLS, slices, closing and the order of
 * callbacks are those of all byte streams. The parser has one document for the whole stream: a root
 * that no peer has sent, and the content of each frame as its first-level elements.
 */
#ifndef ENVOI_TRANSPORT_BYTESTREAM_FRAMING_H
#define ENVOI_TRANSPORT_BYTESTREAM_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/interfaces/transport.h>
#include <envoi/xml.h>

struct envoi__framing;
struct envoi_channel;
struct envoi_channel_options;

/** All functions are REQUIRED. None of them calls the sink of the transport. What is written goes
 * to @p out, which is unchanged on failure. */
struct envoi__framing_impl {
	const char *name; /**< of the transport */
	const char *ns, *head_name, *tail_name; /**< of the elements that begin and end a stream */

	/** Begin, when the transport starts for the first time: a request for the protocol. */
	int (*begin)(struct envoi__framing *framing, struct envoi_buffer *out);

	/** @return the number of bytes that an element of @p len bytes takes */
	size_t (*size)(const struct envoi__framing *framing, size_t len);

	/** Write one element; also one that begins or ends a stream. */
	int (*element)(struct envoi__framing *framing, struct envoi_buffer *out, const char *xml,
		size_t len);

	/** Write a sign of life. */
	int (*keepalive)(struct envoi__framing *framing, struct envoi_buffer *out);

	/** Write what answers control frames: called before pending output is written. @param
	 * pending  bytes of it */
	int (*answer)(struct envoi__framing *framing, struct envoi_buffer *out, size_t pending);

	/** Write the end of the protocol: once, when the transport begins to close. @param code  of
	 * the failure; ENVOI_OK: an orderly end */
	int (*goodbye)(struct envoi__framing *framing, struct envoi_buffer *out, int code);

	/** Take received bytes; at most 64 KiB are held. @retval ENVOI_ERR_NOMEM */
	int (*received)(struct envoi__framing *framing, const char *data, size_t len);

	/**
	 * Feed the parser with a piece of what was received. Called when the parser has no item.
	 *
	 * @param items  the number of items that parsers of this transport have returned
	 * @retval ENVOI_OK     the parser was fed
	 * @retval ENVOI_AGAIN  more bytes are needed, or the transport was set aside inside
	 * @retval ENVOI_END    the peer has ended the protocol in order; framing->text says how
	 * @retval <0  framing->text and framing->condition have the error
	 */
	int (*next)(struct envoi__framing *framing, struct envoi_xml_parser *parser, size_t items);

	/** @return whether something was received that `next` has not returned, or an element is
	 * incomplete */
	bool (*has_pending)(const struct envoi__framing *framing);

	/**
	 * Begin a new stream. Control frames that were received belong to the connection: they are
	 * answered.
	 * @retval ENVOI_ERR_PROTOCOL  bytes of an element are pending
	 */
	int (*restart)(struct envoi__framing *framing);

	/** @return bytes of memory that are held for incomplete input */
	size_t (*memory)(const struct envoi__framing *framing);

	void (*destroy)(struct envoi__framing *framing);
};

/** Base of every framing; embedded first. */
struct envoi__framing {
	const struct envoi__framing_impl *impl;
	bool is_ready; /**< set by the implementation: elements can be exchanged */
	bool owes_answer; /**< set by the implementation: `answer` has something to write */
	bool is_open; /**< private: the element that begins the stream has come */
	size_t items; /**< private: that parsers have returned */
	enum envoi_stream_condition condition; /**< of the error to send; or none */
	const char *text; /**< of the failure or the end; borrowed until destroy */
	size_t most_bytes; /**< the largest element: stanza_bytes and skip_bytes of the limits */
};

/**
 * Let a transport carry its elements in frames.
 *
 * @param transport  made by envoi_channel_transport_new(), not started, or opened with TLS
 * @param framing    taken, on failure too
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__byte_stream_frame(struct envoi_transport *transport, struct envoi__framing *framing);

/**
 * Make a transport, not started, of a channel that was started already, and is not read.
 *
 * @param channel, framing  taken, on failure too
 * @param left     what the channel has delivered already, for the framing; taken, on failure too
 * @param options  copied
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__byte_stream_adopt(struct envoi_transport **ret_transport, struct envoi_context *context,
	struct envoi_channel *channel, struct envoi__framing *framing, struct envoi_buffer *left,
	const struct envoi_channel_options *options);

#endif
