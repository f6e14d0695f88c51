/*
 * envoi - XMPP over BOSH: the state of a transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: guards and HTTP have no public ones.
 *
 * bosh_transport.c has the functions of the transport, bosh_life.c turns and the end,
 * bosh_requests.c makes requests and has them sent again, bosh_slots.c sends them,
 * bosh_responses.c takes answers and delivers them in order, bosh_pause.c pauses the session.
 * Files that call each other: bosh_life.c, bosh_pause.c, bosh_requests.c, bosh_responses.c,
 * bosh_slots.c
 */
#ifndef ENVOI_BOSH_INSIDE_H
#define ENVOI_BOSH_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>

#include "base/guard.h"
#include "bosh_body.h"
#include "bosh_keys.h"
#include "bosh_link.h"
#include "bosh_transport.h"

enum {
	BOSH_LINKS = 3, /* two, and one to end the session (XEP-0124, section 11) */
	BOSH_WINDOW = 8, /* requests that are not answered, or whose answers are not delivered */
	BOSH_LOW_MARK_PART = 4, /* low mark: limit divided by this */
};

enum bosh_state {
	BOSH_NEW, /* -> MOVING, OVER */
	BOSH_MOVING, /* -> CLOSING, OVER */
	BOSH_CLOSING, /* sends what is pending, delivers nothing. -> OVER */
	BOSH_OVER, /* `closed` is due. -> REPORTED */
	BOSH_REPORTED,
};

/** Why a request has no answer yet. */
enum bosh_trouble {
	BOSH_SILENT, /* none has begun */
	BOSH_CUT, /* it broke off: the server has the request, and gives the answer again */
	BOSH_BUSY, /* a temporary status came in its place, or no connection is possible */
	BOSH_TROUBLES,
};

struct bosh;
struct bosh_slot;

/** A request, from its making until its answer is delivered. */
struct bosh_request {
	struct bosh *bosh;
	uint64_t rid;
	struct envoi_buffer body; /* the same octets each time (section 14.3) */
	size_t elements; /* in it, that were not reported as written */
	bool begins_stream, ends_session, is_empty;
	uint64_t pause_ms; /* for which it pauses the session; 0: it does not */
	bool was_sent; /* once at least */
	struct bosh_slot *slot; /* that carries it; NULL: none */
	unsigned int failures; /* attempts without an answer */
	unsigned int troubles[BOSH_TROUBLES]; /* of them, for each reason */
	uint64_t failing_since_ms;
	struct envoi_timer timer; /* for the answer, or until it is sent again */
	bool is_answered;
	unsigned int stream; /* that had begun when it was answered */
	bool has_item; /* the answer's first one, which is taken before it is delivered */
	struct envoi_xml_item item;
	struct envoi_xml_parser *answer; /* fed with the whole answer; NULL: none */
	struct bosh_answer about; /* the answer's attributes */
};

/** An HTTP connection, or the place for one. */
struct bosh_slot {
	struct bosh *bosh;
	struct envoi_connector *connector; /* NULL: none yet */
	struct envoi__bosh_link *link; /* NULL: none */
	bool is_connecting;
	struct bosh_request *request; /* that it carries, or will; NULL: none */
};

struct bosh {
	struct envoi_transport base;
	struct envoi__guard guard;
	struct envoi__bosh_options options; /* its texts and objects are owned */
	struct envoi_channel_options channel;
	struct envoi_tls_info tls_info; /* of the first connection */
	char tls_cipher[80];
	char peer_name[80];
	enum bosh_state state;
	struct envoi_failure why; /* of CLOSING, OVER */
	struct envoi_deferred turn;
	struct envoi_timer linger, pace;
	uint64_t linger_ms;

	/* the session */
	struct bosh_slot slots[BOSH_LINKS];
	struct bosh_request window[BOSH_WINDOW]; /* a ring, in the order of rids */
	size_t first, count;
	struct bosh_session session; /* as the server has agreed to it */
	uint64_t rid; /* of the next request */
	struct bosh_keys keys; /* where there is no TLS */
	uint64_t received; /* the last rid up to which all answers were delivered */
	uint64_t last_sent_ms, last_answered_ms;
	bool was_last_empty; /* the last answer answered an empty request with nothing */
	bool has_ended; /* the session is over: nothing more is sent */
	struct envoi_timer pause_end; /* started: the session is paused (section 10) */
	uint64_t paused_until_ms;
	bool wants_pause; /* no request has asked for it yet */

	/* output */
	struct envoi_buffer queue; /* elements that are in no request */
	struct envoi_buffer ends; /* of size_t: their sizes */
	struct envoi_element
		*head; /* of the request that is to begin a stream; NULL: none is due */
	unsigned int streams; /* begun so far */
	size_t before_head; /* elements in the queue that were sent before it */
	char version[8]; /* of the first header */
	bool has_head; /* a header was sent since start or restart */
	bool wants_end, has_sent_end; /* the request that ends the session */
	size_t written; /* elements to be reported */
	size_t unsent; /* elements that were dropped before they were sent */
	bool wants_drained;

	/* input */
	struct envoi_xml_limits limits;
	bool is_settled; /* wider limits were set: the login is over */
	bool is_paused;
	bool is_opened; /* the beginning of the current stream was reported */
	bool has_activity; /* to be reported */
	bool peer_ended; /* `ended` was reported */
};

static inline struct bosh *bosh_of(struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF(transport, struct bosh, base);
}

static inline const struct bosh *bosh_of_const(const struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF_CONST(transport, struct bosh, base);
}

static inline struct envoi_loop *bosh_loop(const struct bosh *bosh)
{
	return envoi_context_loop(bosh->base.context);
}

/** @return the request at @p index, from the oldest */
static inline struct bosh_request *bosh_request_at(struct bosh *bosh, size_t index)
{
	return &bosh->window[(bosh->first + index) % BOSH_WINDOW];
}

/* --- bosh_life.c --- */

void envoi__bosh_enter(struct bosh *bosh);
void envoi__bosh_leave(struct bosh *bosh);
/** Schedule all that is due for the end of this turn. */
void envoi__bosh_wake(struct bosh *bosh);
/** End now. @param why  moved */
void envoi__bosh_finish_now(struct bosh *bosh, struct envoi_failure *why);
/** End now, with a failure. */
void envoi__bosh_fail(struct bosh *bosh, int code, const char *text);
/** End now, for what the server has sent: the session ends there as well. @param why  moved */
void envoi__bosh_refuse(struct bosh *bosh, struct envoi_failure *why);
/** As envoi__bosh_refuse(). */
void envoi__bosh_refuse_with(struct bosh *bosh, int code, const char *text);

/* Functions of struct envoi_transport_impl. */
void envoi__bosh_close(struct envoi_transport *transport, uint64_t linger_ms);
void envoi__bosh_abort(struct envoi_transport *transport, const struct envoi_failure *why);
void envoi__bosh_destroy(struct envoi_transport *transport);

/* --- bosh_pause.c --- */

/** @return whether no requests are made but those with elements */
bool envoi__bosh_is_pausing(const struct bosh *bosh);
/** @return the rest of the pause, with a reserve for the request that ends it; 0: no pause */
uint64_t envoi__bosh_pause_left_ms(const struct bosh *bosh);
void envoi__bosh_end_pause(struct bosh *bosh);

/* Functions of struct envoi_transport_impl. */
int envoi__bosh_pause_session(struct envoi_transport *transport, uint64_t ms, uint64_t *ret_ms);
bool envoi__bosh_is_held(const struct envoi_transport *transport);

/* --- bosh_slots.c --- */

/** @return whether requests are sent */
bool envoi__bosh_may_send(const struct bosh *bosh);
/** @return whether a connection is there that can take a request */
bool envoi__bosh_has_idle_link(const struct bosh *bosh);
/** Send the requests that have no connection, in the order of their rids. */
void envoi__bosh_send_waiting(struct bosh *bosh);
/** Take a request from its connection, which is closed: its answer may not come twice. */
void envoi__bosh_detach(struct bosh_request *request);
/** Close the connection of a slot. */
void envoi__bosh_free_link(struct bosh_slot *slot);
/** The first connection is there. */
void envoi__bosh_take_link(
	struct bosh *bosh, struct envoi_connector *connector, struct envoi__bosh_link *link);
/** The timer of a request. */
void envoi__bosh_on_timer(struct envoi_timer *timer);

/* --- bosh_requests.c --- */

/** @return bytes of elements that are not known to have arrived */
size_t envoi__bosh_pending(const struct bosh *bosh);
/** Make the requests that are due, and send them. */
void envoi__bosh_send_due(struct bosh *bosh);
/** Drop what is queued, and send the request that ends the session (section 13) if a connection can
 * take it at once. */
void envoi__bosh_send_end(struct bosh *bosh);
/** The attempt to get an answer has failed. @param code, text  the reason; borrowed */
void envoi__bosh_request_failed(struct bosh *bosh, struct bosh_request *request,
	enum bosh_trouble trouble, int code, const char *text);
/** Send all requests without an answer up to @p last again (section 17.3). */
void envoi__bosh_repeat(struct bosh *bosh, struct bosh_request *last);
/** The oldest request is delivered. */
void envoi__bosh_drop_oldest(struct bosh *bosh);
/** Drop all requests and connections; count what was not sent. */
void envoi__bosh_drop_requests(struct bosh *bosh);

/* --- bosh_responses.c --- */

/** An answer has come for the request of a slot. */
void envoi__bosh_answered(struct bosh_slot *slot, const struct envoi__http_reader *response);
/** Deliver answers in order, as many elements as the slice allows. */
void envoi__bosh_deliver(struct bosh *bosh);

#endif
