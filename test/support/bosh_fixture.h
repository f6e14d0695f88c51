/*
 * envoi - a BOSH transport whose connections lead to a scripted server, in virtual time
 * SPDX-License-Identifier: MIT
 */
#ifndef BOSH_FIXTURE_H
#define BOSH_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>

#include "test_allocator.h"

#define BOSH_FEATURES "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>"
#define BOSH_BODY(xml) "<body xmlns='http://jabber.org/protocol/httpbind'>" xml "</body>"
#define BOSH_CREATED(xml) \
	"<body xmlns='http://jabber.org/protocol/httpbind' sid='s1' wait='50' requests='2' " \
	"hold='1' polling='2' inactivity='30' from='example.org' xmlns:xmpp='urn:xmpp:xbosh' " \
	"xmpp:version='1.0'>" xml "</body>"

enum {
	BOSH_SECOND = 1000,
	BOSH_TEXT = 80000, /* of a request */
	BOSH_MOST_LINKS = 64,
};

struct bosh_fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_end *ends[BOSH_MOST_LINKS]; /* the server's, in the order of making */
	int links;
	int closes, activities;
	int refusals; /* connections to be refused */
	struct envoi_connector *first; /* until the transport has it */
	struct envoi_transport *transport; /* NULL: destroyed */
	struct envoi_transport_sink sink;
	struct envoi_buffer log;
	uint64_t last_rid; /* the highest one that was sent */
	char head[256]; /* the first three lines of the request taken last */
	bool restarts_at_element, closes_at_end;
	const char *destroys_at; /* an event; NULL: none */
};

int bosh_setup(void **state);
int bosh_teardown(void **state);
void bosh_run(struct bosh_fixture *f, uint64_t ms);

/** Start the transport and send its header. */
void bosh_start(struct bosh_fixture *f);
/** Start, and answer the creation with features; the log is empty then. */
void bosh_open(struct bosh_fixture *f);
void bosh_send(struct bosh_fixture *f, const char *xml);

/** @return whether a whole request has arrived at the server's end of a link: 0 or 1 */
int bosh_requests(struct bosh_fixture *f, int link);
/** Take a request, whose rid is one sent before, or the next. @param body  BOSH_TEXT bytes */
void bosh_take_request(struct bosh_fixture *f, int link, char *body);
/** Take a request, and compare it as XML: its rid with '$', its sid and type not at all, where
 * @p body does not have them. @param type  NULL: none */
void bosh_expect_request(struct bosh_fixture *f, int link, const char *type, const char *body);
/** Take @p count empty requests. */
void bosh_expect_empty(struct bosh_fixture *f, int link, int count);

/** Answer with 200. */
void bosh_answer(struct bosh_fixture *f, int link, const char *body);
/** @param status  "502 Bad Gateway", and more fields behind CR LF */
void bosh_respond(struct bosh_fixture *f, int link, const char *status, const char *body);
/** To a link that may be closed. */
void bosh_send_bytes(struct bosh_fixture *f, int link, const char *bytes);
void bosh_cut(struct bosh_fixture *f, int link);
/** @return whether the client has closed it */
bool bosh_is_over(struct bosh_fixture *f, int link);
/** @return the link that was made last */
int bosh_last(const struct bosh_fixture *f);

void bosh_expect_log(struct bosh_fixture *f, const char *log);
/** The log begins with @p start, and has @p part. */
void bosh_expect_log_with(struct bosh_fixture *f, const char *start, const char *part);

#endif
