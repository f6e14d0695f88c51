/*
 * envoi - two transports that are connected, and the events of their sinks
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_TRANSPORT_PAIR_H
#define ENVOI_TEST_TRANSPORT_PAIR_H

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>

enum {
	TRANSPORT_PAIR_OUTPUT = 65536, /* limits.output-bytes */
	TRANSPORT_PAIR_SLICE = 5, /* loop.slice-stanzas */
};

/** A transport to be tested, in clear or within TLS. */
struct transport_kind {
	const char *name;
	bool is_tcp, has_tls, has_libevent;
	bool is_channel; /* on sockets as well, but made of <envoi/interfaces/channel.h> */
	bool is_proxied, is_socks; /* on sockets, through a proxy; by SOCKS 5, else by CONNECT */
	bool is_framed; /* each element has a frame */
	bool is_bosh; /* the receiver is made by the initiator's first header */
	size_t piece_bytes; /* of memory */
};

extern const struct transport_kind transport_kinds[]; /* ended by a NULL name */

enum transport_event {
	EVENT_OPENED,
	EVENT_ELEMENT,
	EVENT_ENDED,
	EVENT_SECURED,
	EVENT_WRITTEN,
	EVENT_DRAINED,
	EVENT_ACTIVITY,
	EVENT_CLOSED,
	TRANSPORT_EVENTS,
};

/** What a side does to its transport at its first event of a kind. */
enum transport_act {
	ACT_NOTHING,
	ACT_DESTROY,
	ACT_ABORT,
	ACT_CLOSE,
};

struct transport_side {
	struct envoi_transport_sink sink;
	struct transport_pair *pair;
	struct envoi_transport *transport; /* NULL: destroyed */
	struct envoi_buffer log; /* a line for each event but activity and drained */
	bool log_failed;
	int (*at_element)(struct transport_side *side);
	int result, first_result; /* of at_element; the first that was a failure */
	enum transport_event act_at;
	enum transport_act act;
	bool acted;
	int activities, elements, closes, drains, secures;
	int written;
	int most_in_a_turn, in_this_turn;
	bool told_after_close;
	struct envoi_deferred end_of_turn;
	struct envoi_failure why;
};

struct transport_pair {
	const struct transport_kind *kind;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_pair *memory; /* NULL for sockets and BOSH */
	struct bosh_pair *bosh; /* NULL for others */
	struct envoi_tls_config *trust, *certificate;
	struct transport_side a, b; /* initiator, receiver */
};

/** Connect two transports, start them, and TLS if the kind has it. */
void transport_pair_init(struct transport_pair *pair, const struct transport_kind *kind);
/** As transport_pair_init(), but TLS is left to the test. */
void transport_pair_init_plain(struct transport_pair *pair, const struct transport_kind *kind);
/** Where the kind has small pieces: larger ones from now on, for cases with much to carry. */
void transport_pair_set_pieces(struct transport_pair *pair, size_t piece_bytes);
/** Start TLS on both, as from the first byte; the name that the initiator expects. */
int transport_pair_start_tls(struct transport_pair *pair, const char *name);
void transport_pair_finish(struct transport_pair *pair);

/** Run until nothing happens any more; time passes in memory only. */
void transport_pair_run(struct transport_pair *pair);

/** Assert the events of a side since transport_side_forget(). */
void transport_side_expect(struct transport_side *side, const char *log);
void transport_side_forget(struct transport_side *side);

#endif
