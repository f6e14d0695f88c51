/*
 * envoi - an archive of a session over a memory pair, for the tests of Message Archive Management
 * SPDX-License-Identifier: MIT
 */
#include "mam_fixture.h"

#include <stdio.h>
#include <string.h>

#include "stanzas.h"

struct mam_fixture mam;

static void act(enum act what)
{
	switch (what) {
	case NOTHING:
		break;
	case CANCEL:
		envoi_mam_cancel(mam.query);
		break;
	case FREE_SYNC:
		envoi_mam_sync_free(mam.sync);
		mam.sync = NULL;
		break;
	case UNUSE:
		envoi_session_unuse(mam.wire->session, &envoi_mam_extension);
		break;
	case FREE_SESSION:
		wire_free_session(mam.wire);
		break;
	}
}

void mam_on_item(void *user, const struct envoi_mam_item *item)
{
	struct wire *wire = user;
	const char *body = item->message == NULL ? NULL : envoi_message_body(item->message, NULL);
	write_text(&wire->log, "%s %s%s\n", item->id, body == NULL ? "-" : body,
		item->may_be_known ? " known?" : "");
	act(mam.on_item);
}

static void on_end(void *user, const struct envoi_mam_end *end)
{
	struct wire *wire = user;
	write_text(&wire->log, "end %s %zu%s%s%s %s..%s\n", envoi_error_name(end->code), end->count,
		end->is_complete ? " complete" : "", end->is_stable ? "" : " unstable",
		end->has_gap ? " gap" : "", end->oldest_id == NULL ? "-" : end->oldest_id,
		end->newest_id == NULL ? "-" : end->newest_id);
	assert_non_null(end->text);
	mam.query = NULL;
	act(mam.on_end);
}

const struct envoi_mam_events mam_events = {.item = mam_on_item, .end = on_end};

int mam_setup(void **state)
{
	wire_setup_online(state);
	memset(&mam, 0, sizeof(mam));
	mam.wire = *state;
	assert_int_equal(
		envoi_session_use(mam.wire->session, &envoi_mam_extension, NULL), ENVOI_OK);
	return 0;
}

int mam_teardown(void **state)
{
	envoi_mam_sync_free(mam.sync);
	return wire_teardown(state);
}

bool mam_take(const char *request)
{
	const char *query = strstr(request, "<query xmlns='urn:xmpp:mam:2' queryid='");
	return query != NULL &&
		sscanf(strstr(query, "queryid='"), "queryid='%63[^']'", mam.query_id) == 1 &&
		sscanf(strstr(request, " id='"), " id='%63[^']'", mam.request_id) == 1;
}

const char *mam_heard(void)
{
	const char *request = wire_heard(mam.wire);
	assert_true(mam_take(request));
	return request;
}

void mam_say_item(const char *from, const char *query_id, const char *id, const char *stamp,
	const char *message)
{
	char xml[2000];
	snprintf(xml, sizeof(xml),
		"<message to='" WIRE_OWN "' %s><result xmlns='urn:xmpp:mam:2' queryid='%s' id='%s'>"
		"<forwarded xmlns='urn:xmpp:forward:0'>"
		"<delay xmlns='urn:xmpp:delay' stamp='%s'/>%s</forwarded></result></message>",
		from, query_id, id, stamp, message);
	wire_say(mam.wire, xml);
}

void mam_item_at(const char *id, const char *stamp)
{
	char message[300];
	snprintf(message, sizeof(message),
		"<message xmlns='jabber:client' from='bob@b.lit/x' to='" OWN "' type='chat'>"
		"<body>body of %s</body></message>",
		id);
	mam_say_item("", mam.query_id, id, stamp, message);
}

void mam_item(const char *id)
{
	mam_item_at(id, "2026-01-01T10:00:00Z");
}

void mam_answer(const char *type, const char *content)
{
	char xml[1000];
	snprintf(xml, sizeof(xml), "<iq type='%s' id='%s'>%s</iq>", type, mam.request_id, content);
	wire_say(mam.wire, xml);
	if (mam.wire->session != NULL) {
		wire_run(mam.wire, 0);
	}
}
