/*
 * envoi - an archive of a session over a memory pair, for the tests of Message Archive Management
 * SPDX-License-Identifier: MIT
 */
#ifndef MAM_FIXTURE_H
#define MAM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/ext/mam.h>

#include "wire.h"

#define OWN "me@example.org"
#define ROOM "coven@chat.shakespeare.lit"
#define FEATURE(var) "<feature var='" var "'/>"
#define OFFER(features) \
	"<query xmlns='http://jabber.org/protocol/disco#info'><identity category='account' " \
	"type='registered'/>" features "</query>"
#define PLAIN OFFER(FEATURE(ENVOI_NS_MAM) FEATURE("urn:xmpp:sid:0"))
#define ITEM_NOT_FOUND \
	"<error type='cancel'><item-not-found " \
	"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
#define SET(first, last) \
	"<set xmlns='http://jabber.org/protocol/rsm'><first>" first "</first><last>" last \
	"</last></set>"
#define FIN(attributes, content) "<fin xmlns='urn:xmpp:mam:2' " attributes ">" content "</fin>"
#define COMPLETE FIN("complete='true'", SET("a", "z"))
#define EMPTY FIN("complete='true'", "<set xmlns='http://jabber.org/protocol/rsm'/>")

/* What is freed inside a call */
enum act {
	NOTHING,
	CANCEL,
	FREE_SYNC,
	UNUSE,
	FREE_SESSION
};

struct mam_fixture {
	struct wire *wire;
	struct envoi_mam_query *query;
	struct envoi_mam_sync *sync;
	enum act on_item, on_end;
	char query_id[64], request_id[64];
};

extern struct mam_fixture mam;

/* They log each call, a line each. */
extern const struct envoi_mam_events mam_events;
void mam_on_item(void *user, const struct envoi_mam_item *item);

int mam_setup(void **state);
int mam_teardown(void **state);

/* @return whether that is a query, the ids of which are noted */
bool mam_take(const char *request);
/* Take a query that the peer heard. @return it, borrowed */
const char *mam_heard(void);
void mam_say_item(const char *from, const char *query_id, const char *id, const char *stamp,
	const char *message);
void mam_item_at(const char *id, const char *stamp);
/* At 2026-01-01T10:00:00Z */
void mam_item(const char *id);
/* Answer the query that was taken. @param type  "result" or "error" */
void mam_answer(const char *type, const char *content);

#endif
