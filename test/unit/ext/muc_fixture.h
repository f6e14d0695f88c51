/*
 * envoi - a room of a session over a memory pair, for the tests of Multi-User Chat
 * SPDX-License-Identifier: MIT
 */
#ifndef MUC_FIXTURE_H
#define MUC_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/ext/muc.h>

#include "wire.h"

#define ROOM "coven@chat.shakespeare.lit"
#define X(content) "<x xmlns='http://jabber.org/protocol/muc#user'>" content "</x>"
#define ITEM(attributes) "<item " attributes "/>"
#define CODE(code) "<status code='" code "'/>"
#define PRESENCE(nick, attributes, content) \
	"<presence from='" ROOM "/" nick "' " attributes ">" content "</presence>"
#define THERE(nick) PRESENCE(nick, "", X(ITEM("affiliation='none' role='participant'")))
#define GONE(nick, content) PRESENCE(nick, "type='unavailable'", content)
#define SELF(nick, codes) \
	PRESENCE(nick, "", X(ITEM("affiliation='member' role='participant'") CODE("110") codes))
#define FROM(from, content) "<message type='groupchat' from='" ROOM from "'>" content "</message>"
#define BODY(text) "<body>" text "</body>"
#define DELAY(from) "<delay xmlns='urn:xmpp:delay' from='" from "' stamp='2002-10-13T23:58:37Z'/>"
#define SUBJECT FROM("", "<subject/>")
#define ERROR(condition) \
	"<error type='cancel'><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
#define EVENT "custom " ENVOI_MUC_INVITED "\n"
#define FEATURE(var) "<feature var='" var "'/>"
#define OFFER(features) \
	"<query xmlns='http://jabber.org/protocol/disco#info'>" FEATURE(ENVOI_NS_MUC) features \
		"</query>"
#define ALL_FEATURES \
	OFFER(FEATURE("urn:xmpp:occupant-id:0") FEATURE("urn:xmpp:sid:0") \
			FEATURE("http://jabber.org/protocol/muc#stable_id") \
				FEATURE("urn:xmpp:message-moderate:1"))
#define OCCUPANT_ID(id) "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='" id "'/>"
#define STANZA_ID(id, by) "<stanza-id xmlns='urn:xmpp:sid:0' id='" id "' by='" by "'/>"

struct muc_fixture {
	struct wire *wire;
	struct envoi_muc_room *room;
	const char *free_at; /* the event in which something is freed */
	int what; /* 0: the room, 1: the use of the extension, 2: the session */
	struct envoi_handler handler;
};

extern struct muc_fixture muc;

/* They log each call, a line each. */
extern const struct envoi_muc_events muc_events;
void muc_on_joined(struct envoi_muc_room *room, bool is_again);
void muc_on_message(struct envoi_muc_room *room, const struct envoi_muc_message *message);
void muc_on_changed(struct envoi_muc_room *room, const struct envoi_muc_change *change);
void muc_on_ended(struct envoi_muc_room *room, const struct envoi_muc_end *end);

int muc_setup(void **state);
int muc_teardown(void **state);

/* Make the room. @return an error code */
int muc_join(const struct envoi_muc_options *options);
/* The nick is thirdwitch. */
extern const struct envoi_muc_options muc_by_default;
/* Run the loop without what the log has of events of the session. @return what is new */
const char *muc_say(const char *xml);
/* The room answers what it announces. @return the presence that the peer heard */
const char *muc_begin(const struct envoi_muc_options *options, const char *offer);
/* In the room, after the history */
void muc_enter(const char *offer);
/* @return the first id in a text; borrowed until the next call */
const char *muc_id_in(const char *xml);
/* @return the nicks, with "!" behind the own one */
const char *muc_occupants(void);

#endif
