/*
 * envoi - a session with stream management over a memory pair, and a scripted server
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_STREAM_MANAGEMENT_FIXTURE_H
#define ENVOI_TEST_STREAM_MANAGEMENT_FIXTURE_H

#include <stddef.h>

#include "wire.h"

#define SM "xmlns='urn:xmpp:sm:3'"
#define RESUMABLE "<enabled " SM " id='s1' resume='true'/>"
#define HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' id='1' from='example.org'>"
#define BIND_OFFER "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
#define CSI_OFFER "<csi xmlns='urn:xmpp:csi:0'/>"
#define SM_OFFER "<sm " SM "/>"
#define R "<r xmlns='urn:xmpp:sm:3'/>"
#define A(h) "<a xmlns='urn:xmpp:sm:3' h='" h "'/>"
#define INACTIVE "<inactive xmlns='urn:xmpp:csi:0'/>"

/* The server offers authentication without secrets. A reader logs the messages that the session
 * hands over, and holds those whose id begins with "h". */
int sm_setup(void **state);
/* With options of the context. */
int sm_setup_with(void **state, const struct envoi_context_options *options);
int sm_teardown(void **state);

/* @return the ids of the messages handed over since the last call, with a blank behind each */
const char *sm_got(void);
extern struct envoi_hold *sm_holds[4];

struct envoi__sm *sm_of(struct wire *wire);
void sm_make_session(struct wire *wire);

/* A new stream, to which the peer offers binding and perhaps more. @return what it heard next */
const char *sm_offer(struct wire *wire, const char *more);

/* @return what the peer heard after the answer */
const char *sm_answer_binding(struct wire *wire, const char *heard);

/* Logged in, with what the server answers to <enable/>. */
void sm_enable(struct wire *wire, const char *enabled);

void sm_cut(struct wire *wire);

enum {
	TICKETS = 16,
};
extern struct wire_ticket sm_tickets[TICKETS];

void sm_send_one(struct wire *wire, const char *body);

void sm_send_with_ticket(struct wire *wire, size_t i, const char *name);

void sm_send_many(struct wire *wire, size_t count);

size_t sm_count_of(const char *text, const char *part);

/* @return bodies and elements of stream management in the order in which the peer heard them */
const char *sm_short_of(const char *heard);

/* The next stream, on which the peer hears <resume/>. */
void sm_offer_resumption(struct wire *wire, const char *previd, const char *h);

void sm_end_with(struct wire *wire, const char *condition);

/* @return what is sent again on the next stream, which resumes */
const char *sm_resume_again(struct wire *wire);

#endif
