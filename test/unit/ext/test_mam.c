/*
 * envoi - Message Archive Management: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/carbons.h>
#include <envoi/ext/mam.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

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

static struct {
	struct wire *wire;
	struct envoi_mam_query *query;
	struct envoi_mam_sync *sync;
	enum act on_item, on_end;
	char query_id[64], request_id[64];
} t;

static void act(enum act what)
{
	switch (what) {
	case NOTHING:
		break;
	case CANCEL:
		envoi_mam_cancel(t.query);
		break;
	case FREE_SYNC:
		envoi_mam_sync_free(t.sync);
		t.sync = NULL;
		break;
	case UNUSE:
		envoi_session_unuse(t.wire->session, &envoi_mam_extension);
		break;
	case FREE_SESSION:
		wire_free_session(t.wire);
		break;
	}
}

static void on_item(void *user, const struct envoi_mam_item *item)
{
	struct wire *wire = user;
	const char *body = item->message == NULL ? NULL : envoi_message_body(item->message, NULL);
	write_text(&wire->log, "%s %s%s\n", item->id, body == NULL ? "-" : body,
		item->may_be_known ? " known?" : "");
	act(t.on_item);
}

static void on_end(void *user, const struct envoi_mam_end *end)
{
	struct wire *wire = user;
	write_text(&wire->log, "end %s %zu%s%s%s %s..%s\n", envoi_error_name(end->code), end->count,
		end->is_complete ? " complete" : "", end->is_stable ? "" : " unstable",
		end->has_gap ? " gap" : "", end->oldest_id == NULL ? "-" : end->oldest_id,
		end->newest_id == NULL ? "-" : end->newest_id);
	assert_non_null(end->text);
	t.query = NULL;
	act(t.on_end);
}

static const struct envoi_mam_events events = {.item = on_item, .end = on_end};

static int setup(void **state)
{
	wire_setup_online(state);
	memset(&t, 0, sizeof(t));
	t.wire = *state;
	assert_int_equal(envoi_session_use(t.wire->session, &envoi_mam_extension, NULL), ENVOI_OK);
	return 0;
}

static int teardown(void **state)
{
	envoi_mam_sync_free(t.sync);
	return wire_teardown(state);
}

/* @return whether that is a query, the ids of which are noted */
static bool take(const char *request)
{
	const char *query = strstr(request, "<query xmlns='urn:xmpp:mam:2' queryid='");
	return query != NULL &&
		sscanf(strstr(query, "queryid='"), "queryid='%63[^']'", t.query_id) == 1 &&
		sscanf(strstr(request, " id='"), " id='%63[^']'", t.request_id) == 1;
}

/* Take a query that the peer heard. @return it, borrowed */
static const char *heard(void)
{
	const char *request = wire_heard(t.wire);
	assert_true(take(request));
	return request;
}

static void say_item(const char *from, const char *query_id, const char *id, const char *stamp,
	const char *message)
{
	char xml[2000];
	snprintf(xml, sizeof(xml),
		"<message to='" WIRE_OWN "' %s><result xmlns='urn:xmpp:mam:2' queryid='%s' id='%s'>"
		"<forwarded xmlns='urn:xmpp:forward:0'>"
		"<delay xmlns='urn:xmpp:delay' stamp='%s'/>%s</forwarded></result></message>",
		from, query_id, id, stamp, message);
	wire_say(t.wire, xml);
}

static void item_at(const char *id, const char *stamp)
{
	char message[300];
	snprintf(message, sizeof(message),
		"<message xmlns='jabber:client' from='bob@b.lit/x' to='" OWN "' type='chat'>"
		"<body>body of %s</body></message>",
		id);
	say_item("", t.query_id, id, stamp, message);
}

static void item(const char *id)
{
	item_at(id, "2026-01-01T10:00:00Z");
}

static void answer(const char *type, const char *content)
{
	char xml[1000];
	snprintf(xml, sizeof(xml), "<iq type='%s' id='%s'>%s</iq>", type, t.request_id, content);
	wire_say(t.wire, xml);
	if (t.wire->session != NULL) {
		wire_run(t.wire, 0);
	}
}

static int fetch(const struct envoi_mam_query_options *options)
{
	return envoi_mam_fetch(t.wire->session, options, &events, t.wire, &t.query);
}

static void begin(const struct envoi_mam_query_options *options, const char *offer)
{
	assert_int_equal(fetch(options), ENVOI_OK);
	wire_answer(t.wire, OWN, offer);
}

static const struct envoi_mam_query_options everything;

/* --- queries --- */

static void an_archive_is_fetched_page_by_page(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 2}, PLAIN);
	const char *request = heard();
	assert_non_null(strstr(request, "<iq type='set' id="));
	assert_non_null(strstr(
		request, "<set xmlns='http://jabber.org/protocol/rsm'><max>2</max></set></query>"));
	item("a");
	item("b");
	answer("result", FIN("", SET("a", "b")));
	char first_query[64];
	strcpy(first_query, t.query_id);
	assert_non_null(strstr(heard(), "<after>b</after><max>2</max></set>"));
	assert_string_not_equal(t.query_id, first_query);
	item("c");
	answer("result", FIN("complete='true'", SET("c", "c")));
	assert_string_equal(wire_log(t.wire),
		"a body of a\nb body of b\nc body of c\nend ENVOI_OK 3 complete a..c\n");
	assert_string_equal(wire_heard(t.wire), "");
}

static void what_an_archive_offers_is_asked_once(void **state)
{
	(void)state;
	begin(&everything, PLAIN);
	heard();
	answer("result", EMPTY);
	assert_int_equal(fetch(&everything), ENVOI_OK);
	wire_run(t.wire, 0);
	heard();
	answer("result", EMPTY);
	assert_string_equal(
		wire_log(t.wire), "end ENVOI_OK 0 complete -..-\nend ENVOI_OK 0 complete -..-\n");
}

static void pages_backward_begin_with_the_newest(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 2, .is_backward = true}, PLAIN);
	assert_non_null(strstr(heard(), "<before/><max>2</max></set>"));
	item("c");
	item("d");
	answer("result", FIN("", SET("c", "d")));
	assert_non_null(strstr(heard(), "<before>c</before><max>2</max></set>"));
	item("a");
	item("b");
	answer("result", FIN("complete='true'", SET("a", "b")));
	assert_string_equal(wire_log(t.wire),
		"c body of c\nd body of d\na body of a\nb body of b\n"
		"end ENVOI_OK 4 complete a..d\n");
}

static void filters_are_fields_of_a_form(void **state)
{
	(void)state;
	struct envoi_jid *with;
	assert_int_equal(envoi_jid_from_text(&with, t.wire->context, "bob@b.lit"), ENVOI_OK);
	char words[] = "sweet bird", after[] = "a1";
	const struct envoi_mam_filter filter = {.with = with,
		.has_start = true,
		.start_ms = INT64_C(1767225600000),
		.after_id = after,
		.text = words,
		.has_groupchat = true};
	begin(&(struct envoi_mam_query_options){.filter = &filter},
		OFFER(FEATURE(ENVOI_NS_MAM) FEATURE(ENVOI_NS_MAM_EXTENDED)
				FEATURE(ENVOI_NS_MAM_FULLTEXT) FEATURE(ENVOI_NS_MAM_GROUPCHAT)));
	envoi_jid_unref(with);
	const char *request = heard();
	static const char *const parts[] = {
		"<value>urn:xmpp:mam:2</value>",
		"var='with'><value>bob@b.lit</value>",
		"var='start'><value>2026-01-01T00:00:00Z</value>",
		"var='after-id'><value>a1</value>",
		"var='include-groupchat'><value>",
		"var='{urn:xmpp:fulltext:0}fulltext'><value>sweet bird</value>",
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strstr(request, parts[i]) == NULL) {
			fail_msg("%s is not in %s", parts[i], request);
		}
	}
	assert_null(strstr(request, "before-id"));
	answer("result", EMPTY);
}

/* A server may ignore a field that it does not know, and return everything. */
static void a_field_that_is_not_offered_is_not_sent(void **state)
{
	(void)state;
	char id[] = "a1", *ids[] = {id};
	const struct envoi_mam_filter filters[] = {{.text = id}, {.after_id = id},
		{.before_id = id}, {.ids = ids, .id_count = 1}, {.has_groupchat = true}};
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		begin(&(struct envoi_mam_query_options){.filter = &filters[i]}, PLAIN);
		assert_string_equal(wire_heard(t.wire), "");
		assert_string_equal(wire_log(t.wire), "end ENVOI_ERR_UNSUPPORTED 0 -..-\n");
	}
}

/* The domain may have an archive where the account has none. */
static void an_account_without_archive_is_not_asked(void **state)
{
	(void)state;
	begin(&everything, OFFER(FEATURE("urn:xmpp:mam:1")));
	assert_string_equal(wire_heard(t.wire), "");
	assert_string_equal(wire_log(t.wire), "end ENVOI_ERR_UNSUPPORTED 0 -..-\n");
}

static void errors_are_reported(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.from_id = "unknown"}, PLAIN);
	assert_non_null(strstr(heard(), "<after>unknown</after>"));
	answer("error", ITEM_NOT_FOUND);
	assert_string_equal(wire_log(t.wire), "end ENVOI_ERR_STANZA 0 -..-\n");
}

static void the_limit_ends_a_query(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 2, .limit = 3}, PLAIN);
	heard();
	item("a");
	item("b");
	answer("result", FIN("", SET("a", "b")));
	assert_non_null(strstr(heard(), "<max>1</max>"));
	item("c");
	answer("result", FIN("", SET("c", "c")));
	assert_string_equal(
		wire_log(t.wire), "a body of a\nb body of b\nc body of c\nend ENVOI_OK 3 a..c\n");
	assert_string_equal(wire_heard(t.wire), "");
}

static void an_archive_that_does_not_advance_ends_the_query(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 2}, PLAIN);
	heard();
	item("a");
	item("b");
	answer("result", FIN("", SET("a", "b")));
	heard();
	item("a");
	item("b");
	answer("result", FIN("", SET("b", "a")));
	assert_string_equal(
		wire_log(t.wire), "a body of a\nb body of b\nend ENVOI_ERR_PROTOCOL 2 a..b\n");
	assert_string_equal(wire_heard(t.wire), "");
}

/* No fin at all: what is more than the page ends the query. */
static void a_page_without_end_is_cut(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 3}, PLAIN);
	heard();
	for (int i = 0; i < 1000; i++) {
		char id[16];
		snprintf(id, sizeof(id), "i%d", i);
		item(id);
	}
	wire_run(t.wire, 0);
	assert_string_equal(wire_log(t.wire),
		"i0 body of i0\ni1 body of i1\ni2 body of i2\nend ENVOI_ERR_PROTOCOL 3 i0..i2\n");
	assert_int_equal(envoi_mam_refused(t.wire->session), 1000 - 4);
}

static void endless_pages_end_at_the_limit(void **state)
{
	(void)state;
	unsigned int pages = 0;
	begin(&(struct envoi_mam_query_options){.page = 1, .limit = 2000}, PLAIN);
	while (t.query != NULL) {
		char id[16], fin[300];
		heard();
		snprintf(id, sizeof(id), "i%u", pages++);
		item(id);
		snprintf(fin, sizeof(fin), FIN("", SET("%s", "%s")), id, id);
		answer("result", fin);
		(void)wire_log(t.wire);
	}
	assert_int_equal(pages, 2000);
}

static void pages_that_claim_items_and_have_none_end_the_query(void **state)
{
	(void)state;
	unsigned int pages = 0;
	begin(&(struct envoi_mam_query_options){.page = 1}, PLAIN);
	while (t.query != NULL && pages < 100) {
		char fin[300];
		heard();
		snprintf(fin, sizeof(fin), FIN("", SET("i%u", "i%u")), pages, pages);
		pages++;
		answer("result", fin);
	}
	assert_int_equal(pages, 10);
}

static void an_archive_without_answer_times_out(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.timeout_ms = 5000}, PLAIN);
	heard();
	item("a");
	wire_run(t.wire, 5001);
	assert_string_equal(wire_log(t.wire), "a body of a\nend ENVOI_ERR_TIMEOUT 1 a..a\n");
}

static void fields_that_are_ignored_are_noticed(void **state)
{
	(void)state;
	struct envoi_jid *with;
	assert_int_equal(envoi_jid_from_text(&with, t.wire->context, "alice@a.lit"), ENVOI_OK);
	char id[] = "x", *ids[] = {id};
	const struct envoi_mam_filter filters[] = {
		{.with = with},
		{.has_start = true, .start_ms = INT64_C(1767261602000)}, /* 10:00:02 */
		{.has_end = true, .end_ms = INT64_C(1767261598000)}, /* 09:59:58 */
		{.ids = ids, .id_count = 1},
	};
	begin(&everything, OFFER(FEATURE(ENVOI_NS_MAM) FEATURE(ENVOI_NS_MAM_EXTENDED)));
	heard();
	answer("result", EMPTY);
	(void)wire_log(t.wire);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		assert_int_equal(
			fetch(&(struct envoi_mam_query_options){.filter = &filters[i]}), ENVOI_OK);
		wire_run(t.wire, 0);
		heard();
		item("a");
		item("b");
		answer("result", COMPLETE);
		assert_string_equal(wire_log(t.wire), "end ENVOI_ERR_PROTOCOL 0 -..-\n");
	}
	envoi_jid_unref(with);
}

/* Stamps may be cut to seconds. */
static void an_item_within_its_second_matches(void **state)
{
	(void)state;
	const struct envoi_mam_filter filter = {
		.has_start = true, .start_ms = INT64_C(1767261600900)};
	begin(&(struct envoi_mam_query_options){.filter = &filter}, PLAIN);
	heard();
	item("a");
	answer("result", COMPLETE);
	assert_string_equal(wire_log(t.wire), "a body of a\nend ENVOI_OK 1 complete a..a\n");
}

/* Sections 4.2 and 9.3, CVE-2019-16237 */
static void items_of_others_are_refused(void **state)
{
	(void)state;
	static const char message[] = "<message xmlns='jabber:client' from='bob@b.lit/x'>"
				      "<body>forged</body></message>";
	static const char stamp[] = "2026-01-01T10:00:00Z";
	begin(&everything, PLAIN);
	say_item("", "guess", "x", stamp, message);
	heard();
	say_item("from='mallory@m.lit/x'", t.query_id, "x", stamp, message);
	say_item("from='example.org'", t.query_id, "x", stamp, message);
	say_item("from='" WIRE_OWN "'", t.query_id, "x", stamp, message);
	say_item("from='" ROOM "'", t.query_id, "x", stamp, message);
	say_item("", "other", "x", stamp, message);
	say_item("from='" OWN "'", t.query_id, "a", stamp, message);
	char old[64];
	strcpy(old, t.query_id);
	answer("result", COMPLETE);
	say_item("from='" OWN "'", old, "late", stamp, message);
	say_item("", "", "x", stamp, message);
	wire_run(t.wire, 0);
	assert_string_equal(wire_log(t.wire), "a forged\nend ENVOI_OK 1 complete a..a\n");
	assert_int_equal(envoi_mam_refused(t.wire->session), 8);
}

static void an_archive_of_a_room_has_occupants_only(void **state)
{
	(void)state;
	static const char stamp[] = "2026-01-01T10:00:00Z";
	assert_int_equal(fetch(&(struct envoi_mam_query_options){.archive = ROOM}), ENVOI_OK);
	wire_answer(t.wire, ROOM, PLAIN);
	assert_non_null(strstr(heard(), " to='" ROOM "'"));
	static const char *const senders[] = {ROOM "/firstwitch", "bob@b.lit", ROOM, "@"};
	for (size_t i = 0; i < 4; i++) {
		char message[300], id[2] = {(char)('a' + (int)i), '\0'};
		snprintf(message, sizeof(message),
			"<message xmlns='jabber:client' type='groupchat' from='%s'>"
			"<body>Thrice</body></message>",
			senders[i]);
		say_item("from='" ROOM "'", t.query_id, id, stamp, message);
	}
	say_item("from='" ROOM "/nick'", t.query_id, "x", stamp, "");
	say_item("", t.query_id, "x", stamp, "");
	char xml[500];
	snprintf(xml, sizeof(xml), "<iq type='result' id='%s' from='" ROOM "'>" COMPLETE "</iq>",
		t.request_id);
	wire_talk(t.wire, xml);
	assert_string_equal(wire_log(t.wire), "a Thrice\nc Thrice\nend ENVOI_OK 2 complete a..c\n");
	assert_int_equal(envoi_mam_refused(t.wire->session), 4);
}

static void a_removed_message_is_an_item(void **state)
{
	(void)state;
	begin(&everything, PLAIN);
	heard();
	say_item("", t.query_id, "a", "2026-01-01T10:00:00Z", "");
	say_item("", t.query_id, "a", "2026-01-01T10:00:00Z", "");
	answer("result", FIN("complete='true' stable='false'", SET("a", "a")));
	assert_string_equal(wire_log(t.wire), "a -\nend ENVOI_OK 1 complete unstable a..a\n");
}

static void a_query_that_cannot_be_sent_is_refused(void **state)
{
	(void)state;
	struct envoi_session *session = t.wire->session;
	char bad[] = "\1";
	const struct envoi_mam_filter filter = {.text = bad};
	const struct envoi_mam_events half = {.item = on_item};
	const struct envoi_mam_query_options options[] = {{.archive = "@"}, {.archive = ROOM "/x"},
		{.page = 251}, {.limit = 1000001}, {.filter = &filter}};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		assert_int_equal(fetch(&options[i]), ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi_mam_fetch(session, NULL, &events, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_mam_fetch(session, &everything, &half, NULL, NULL), ENVOI_ERR_INVALID);
	envoi_session_unuse(session, &envoi_mam_extension);
	assert_int_equal(fetch(&everything), ENVOI_ERR_STATE);
	assert_string_equal(wire_log(t.wire), "");
}

/* --- freeing inside --- */

static void a_query_is_canceled(void **state)
{
	(void)state;
	begin(&everything, PLAIN);
	heard();
	envoi_mam_cancel(t.query);
	item("a");
	wire_run(t.wire, 0);
	assert_string_equal(wire_log(t.wire), "end ENVOI_ERR_CANCELED 0 -..-\n");
	assert_int_equal(fetch(&everything), ENVOI_OK);
	envoi_mam_cancel(t.query);
	wire_free_session(t.wire);
	assert_string_equal(wire_log(t.wire), "end ENVOI_ERR_CANCELED 0 -..-\nended\n");
}

static void anything_may_be_freed_inside_an_item(void **state)
{
	static const enum act acts[] = {CANCEL, UNUSE, FREE_SESSION};
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		begin(&everything, PLAIN);
		heard();
		t.on_item = acts[i];
		item("a");
		item("b");
		answer("result", COMPLETE);
		const char *log = wire_log(t.wire);
		assert_non_null(strstr(log, "end ENVOI_ERR_CANCELED 1 a..a\n"));
		assert_null(strstr(log, "b body"));
		teardown(state);
		setup(state);
	}
}

static void anything_may_be_freed_at_the_end(void **state)
{
	static const enum act acts[] = {CANCEL, UNUSE, FREE_SESSION};
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		begin(&everything, PLAIN);
		heard();
		t.on_end = acts[i];
		answer("result", COMPLETE);
		assert_non_null(strstr(wire_log(t.wire), "end ENVOI_OK 0 complete -..-\n"));
		teardown(state);
		setup(state);
	}
}

/* --- syncs --- */

static void sync_from(const char *cursor)
{
	const struct envoi_mam_sync_options options = {.page = 2, .first = 2};
	assert_int_equal(
		envoi_mam_sync_new(&t.sync, t.wire->session, &options, cursor, &events, t.wire),
		ENVOI_OK);
	wire_answer(t.wire, OWN, PLAIN);
}

static void new_session(void)
{
	envoi_memory_end_shut_down(t.wire->end);
	wire_run(t.wire, 0);
	assert_int_equal(wire_attach(t.wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(t.wire);
	wire_run(t.wire, 0);
	(void)wire_log(t.wire);
}

static void live(const char *by, const char *id)
{
	char xml[500];
	snprintf(xml, sizeof(xml),
		"<message from='bob@b.lit/x' to='" WIRE_OWN "' type='chat'><body>live</body>"
		"<stanza-id xmlns='urn:xmpp:sid:0' by='%s' id='%s'/></message>",
		by, id);
	wire_say(t.wire, xml);
	wire_run(t.wire, 0);
}

/* 2026-01-01T10:00:00Z */
#define AT_TEN "1767261600000 "

static void a_sync_begins_with_the_newest_items(void **state)
{
	(void)state;
	sync_from(NULL);
	assert_null(envoi_mam_sync_cursor(t.sync));
	assert_non_null(strstr(heard(), "<before/><max>2</max></set>"));
	item("y");
	item("z");
	answer("result", FIN("", SET("y", "z")));
	assert_string_equal(
		wire_log(t.wire), "y body of y\nz body of z\nend ENVOI_OK 2 gap y..z\n");
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "z");
	assert_true(envoi_mam_sync_is_current(t.sync));
}

/* The archive has smaller pages than it was asked for. */
static void a_first_sync_ends_at_the_newest_item(void **state)
{
	(void)state;
	sync_from(NULL);
	heard();
	item("z");
	answer("result", FIN("", SET("z", "z")));
	assert_non_null(strstr(heard(), "<before>z</before><max>1</max></set>"));
	item("y");
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "z");
	answer("result", FIN("complete='true'", SET("y", "y")));
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "z");
	new_session();
	wire_answer(t.wire, OWN, PLAIN);
	assert_non_null(strstr(heard(), "<after>z</after>"));
}

static void a_sync_by_time_that_is_cut_does_not_go_back(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	answer("error", ITEM_NOT_FOUND);
	heard();
	item_at("l", "2026-01-01T09:55:00Z");
	new_session();
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "m");
}

static void a_sync_continues_behind_its_cursor(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	assert_non_null(strstr(heard(), "<after>m</after><max>2</max></set>"));
	item("n");
	item_at("o", "2026-01-01T11:00:00Z");
	answer("result", FIN("", SET("n", "o")));
	assert_string_equal(envoi_mam_sync_cursor(t.sync), "1767265200000 o");
	assert_false(envoi_mam_sync_is_current(t.sync));
	assert_non_null(strstr(heard(), "<after>o</after>"));
	answer("result", EMPTY);
	assert_string_equal(
		wire_log(t.wire), "n body of n\no body of o\nend ENVOI_OK 2 complete n..o\n");
	assert_true(envoi_mam_sync_is_current(t.sync));
	assert_int_equal(envoi_mam_sync_start(t.sync), ENVOI_OK);
	assert_int_equal(envoi_mam_sync_start(t.sync), ENVOI_ERR_EXISTS);
}

/* The cursor must not jump over what was missed. */
static void the_cursor_is_fixed_until_the_archive_was_asked(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	answer("result", EMPTY);
	live(OWN, "p");
	assert_string_equal(envoi_mam_sync_cursor(t.sync) + 14, "p");
	new_session();
	live(OWN, "s");
	assert_string_equal(envoi_mam_sync_cursor(t.sync) + 14, "p");
	(void)wire_heard(t.wire);
	new_session(); /* it was cut before the archive answered */
	assert_string_equal(envoi_mam_sync_cursor(t.sync) + 14, "p");
	wire_answer(t.wire, OWN, PLAIN);
	live(OWN, "u");
	assert_non_null(strstr(heard(), "<after>p</after>"));
	(void)wire_log(t.wire);
	char stamp[] = "2026-06-01T11:00:00Z";
	item_at("q", stamp);
	item_at("r", stamp);
	answer("result", FIN("", SET("q", "r")));
	heard();
	item_at("s", stamp);
	item_at("u", stamp);
	answer("result", FIN("complete='true'", SET("s", "u")));
	/* s belongs to the session before, u to this one */
	assert_string_equal(wire_log(t.wire),
		"q body of q\nr body of r\ns body of s\nend ENVOI_OK 3 complete q..u\n");
	assert_string_equal(envoi_mam_sync_cursor(t.sync) + 14, "u");
}

static void a_resumed_session_asks_nothing(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	answer("result", EMPTY);
	struct envoi_handler *handler = envoi_session_find(t.wire->session, "mam");
	handler->impl->restore(handler, t.wire->session, true);
	wire_run(t.wire, 0);
	assert_string_equal(wire_heard(t.wire), "");
	assert_true(envoi_mam_sync_is_current(t.sync));
}

static void a_message_behind_the_archive_is_the_cursor(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	item("n");
	live(OWN, "o"); /* archived behind the answer */
	answer("result", FIN("complete='true'", SET("n", "n")));
	assert_string_equal(envoi_mam_sync_cursor(t.sync) + 14, "o");
}

static void an_item_of_another_client_behind_the_message_is_the_cursor(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	live(OWN, "n");
	item("n");
	item("o");
	answer("result", FIN("complete='true'", SET("n", "o")));
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "o");
	assert_string_equal(wire_log(t.wire), "o body of o\nend ENVOI_OK 1 complete n..o\n");
}

/* XEP-0359, sections 3 and 6 */
static void ids_that_may_be_forged_move_nothing(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	answer("result", EMPTY);
	live("bob@b.lit", "x");
	live("example.org", "x");
	live(WIRE_OWN, "x");
	wire_talk(t.wire,
		"<message from='bob@b.lit/x'><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='x'/><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN "' id='y'/></message>");
	wire_talk(t.wire,
		"<message from='bob@b.lit/x'><origin-id xmlns='urn:xmpp:sid:0' id='x'/></message>");
	wire_talk(t.wire,
		"<message from='bob@b.lit/x' type='error'><stanza-id xmlns='urn:xmpp:sid:0' "
		"by='" OWN "' id='x'/></message>");
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "m");
}

static void ids_of_an_archive_that_does_not_announce_them_move_nothing(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_mam_sync_new(&t.sync, t.wire->session, NULL, AT_TEN "m", &events, t.wire),
		ENVOI_OK);
	live(OWN, "n");
	wire_answer(t.wire, OWN, OFFER(FEATURE(ENVOI_NS_MAM)));
	heard();
	item("n");
	answer("result", FIN("complete='true'", SET("n", "n")));
	assert_string_equal(wire_log(t.wire), "n body of n\nend ENVOI_OK 1 complete n..n\n");
	live(OWN, "x");
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "n");
}

static void delayed_messages_do_not_move_the_cursor(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	answer("result", EMPTY);
	wire_talk(t.wire,
		"<message from='bob@b.lit/x'><delay xmlns='urn:xmpp:delay' from='example.org' "
		"stamp='2025-01-01T10:00:00Z'/><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='old'/></message>");
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "m");
}

static void copies_by_carbons_are_messages(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_session_use(t.wire->session, &envoi_carbons_extension, NULL), ENVOI_OK);
	wire_answer_account(t.wire, "result", "");
	sync_from(AT_TEN "m");
	heard();
	answer("result", EMPTY);
	wire_talk(t.wire,
		"<message from='" OWN "'><sent xmlns='urn:xmpp:carbons:2'>"
		"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='" OWN
		"/other' to='bob@b.lit'><body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='carbon'/></message></forwarded></sent></message>");
	assert_string_equal(envoi_mam_sync_cursor(t.sync) + 14, "carbon");
}

/* An unknown id: one server answers item-not-found, another one begins with the oldest item. */
static void an_unknown_cursor_is_followed_by_time(void **state)
{
	(void)state;
	for (int ignores = 0; ignores < 2; ignores++) {
		sync_from(AT_TEN "m");
		assert_non_null(strstr(heard(), "<after>m</after>"));
		if (ignores != 0) {
			item_at("a", "2020-01-01T10:00:00Z");
			item_at("b", "2020-01-01T10:00:00Z");
			answer("result", FIN("", SET("a", "b")));
		} else {
			answer("error", ITEM_NOT_FOUND);
		}
		const char *request = heard();
		assert_non_null(strstr(request, "var='start'><value>2026-01-01T09:50:00Z<"));
		assert_null(strstr(request, "<after>"));
		item_at("l", "2026-01-01T09:55:00Z");
		item_at("n", "2026-01-01T10:05:00Z");
		answer("result", FIN("complete='true'", SET("l", "n")));
		assert_string_equal(wire_log(t.wire),
			"l body of l known?\nn body of n\nend ENVOI_OK 2 complete gap l..n\n");
		assert_string_equal(envoi_mam_sync_cursor(t.sync) + 14, "n");
		teardown(state);
		setup(state);
	}
}

static void items_that_are_not_stable_come_again(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	item("n");
	answer("result", FIN("complete='true' stable='false'", SET("n", "n")));
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "m");
	assert_false(envoi_mam_sync_is_current(t.sync));
}

static void a_message_that_was_an_item_is_known(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	item("n");
	answer("result", COMPLETE);
	struct envoi_stanza *message = stanza_from_text(t.wire->context,
		"<message from='bob@b.lit/x'><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='n'/></message>");
	assert_true(envoi_mam_sync_has(t.sync, message));
	envoi_stanza_unref(message);
	message = stanza_from_text(t.wire->context,
		"<message from='bob@b.lit/x'><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='o'/></message>");
	assert_false(envoi_mam_sync_has(t.sync, message));
	envoi_stanza_unref(message);
	assert_false(envoi_mam_sync_has(t.sync, NULL));
}

static void a_room_is_synchronised_when_it_was_joined(void **state)
{
	(void)state;
	const struct envoi_mam_sync_options options = {.archive = ROOM};
	assert_int_equal(
		envoi_mam_sync_new(&t.sync, t.wire->session, &options, AT_TEN "m", &events, t.wire),
		ENVOI_OK);
	wire_run(t.wire, 0);
	assert_string_equal(wire_heard(t.wire), "");
	assert_int_equal(envoi_mam_sync_start(t.sync), ENVOI_OK);
	wire_answer(t.wire, ROOM, PLAIN);
	assert_non_null(strstr(heard(), " to='" ROOM "'"));
	char xml[500];
	snprintf(xml, sizeof(xml), "<iq type='result' id='%s' from='" ROOM "'>" EMPTY "</iq>",
		t.request_id);
	wire_talk(t.wire, xml);
	static const char *const froms[] = {ROOM "/a", "other@chat.shakespeare.lit/a"};
	for (int i = 1; i >= 0; i--) {
		snprintf(xml, sizeof(xml),
			"<message type='groupchat' from='%s'><body>x</body>"
			"<stanza-id xmlns='urn:xmpp:sid:0' by='" ROOM "' id='n'/></message>",
			froms[i]);
		wire_talk(t.wire, xml);
		assert_string_equal(envoi_mam_sync_cursor(t.sync) + 14, i == 0 ? "n" : "m");
	}
}

static void cursors_that_are_none_are_refused(void **state)
{
	(void)state;
	static const char *const cursors[] = {"", " ", "x", "1", "1 ", " x", "x y",
		"99999999999999999999999999 x", "9999999999999999999 x"};
	for (size_t i = 0; i < sizeof(cursors) / sizeof(cursors[0]); i++) {
		assert_int_equal(envoi_mam_sync_new(&t.sync, t.wire->session, NULL, cursors[i],
					 &events, t.wire),
			ENVOI_ERR_INVALID);
	}
	assert_null(t.sync);
}

static void anything_may_be_freed_inside_a_sync(void **state)
{
	static const enum act acts[] = {FREE_SYNC, UNUSE, FREE_SESSION};
	for (size_t i = 0; i < 2 * sizeof(acts) / sizeof(acts[0]); i++) {
		sync_from(AT_TEN "m");
		heard();
		*(i % 2 == 0 ? &t.on_item : &t.on_end) = acts[i / 2];
		item("n");
		item("o");
		answer("result", FIN("complete='true'", SET("n", "n")));
		teardown(state);
		setup(state);
	}
}

static void the_end_of_the_session_ends_a_sync(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	heard();
	wire_free_session(t.wire);
	assert_string_equal(wire_log(t.wire), "end ENVOI_ERR_CANCELED 0 -..-\nended\n");
	assert_int_equal(envoi_mam_sync_start(t.sync), ENVOI_ERR_STATE);
	assert_string_equal(envoi_mam_sync_cursor(t.sync), AT_TEN "m");
}

/* --- about an archive, preferences --- */

static void on_metadata(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	const struct envoi_mam_metadata *metadata = envoi_answer_payload(answer);
	assert_non_null(metadata);
	write_text(&wire->log, "%s %s\n", metadata->start->id, metadata->end->id);
}

static void on_preferences(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	const struct envoi_mam_preferences *preferences = envoi_answer_payload(answer);
	assert_non_null(preferences);
	write_text(&wire->log, "%d %s\n", preferences->by_default,
		envoi_jid_text(preferences->never->jids[0]));
}

static void metadata_and_preferences_are_requested(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_mam_metadata_get(wire->session, NULL, on_metadata, wire), ENVOI_OK);
	wire_answer_account(wire, "result",
		"<metadata xmlns='urn:xmpp:mam:2'><start id='YWxwaGEg' "
		"timestamp='2008-08-22T21:09:04Z'/><end id='b21lZ2Eg' "
		"timestamp='2020-04-20T14:34:21Z'/></metadata>");
	assert_int_equal(envoi_mam_preferences_get(wire->session, on_preferences, wire), ENVOI_OK);
	static const char prefs[] = "<prefs xmlns='urn:xmpp:mam:2' default='roster'><always/>"
				    "<never><jid>montague@montague.lit</jid></never></prefs>";
	wire_answer_account(wire, "result", prefs);
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, wire->context, "montague@montague.lit"), 0);
	struct envoi_mam_list never = {&jid, 1}, always = {NULL, 0};
	const struct envoi_mam_preferences wanted = {ENVOI_MAM_ROSTER, &always, &never};
	assert_int_equal(
		envoi_mam_preferences_set(wire->session, &wanted, on_preferences, wire), ENVOI_OK);
	envoi_jid_unref(jid);
	assert_non_null(strstr(wire_answer_account(wire, "result", prefs), prefs));
	assert_string_equal(wire_log(wire),
		"YWxwaGEg b21lZ2Eg\n3 montague@montague.lit\n3 montague@montague.lit\n");
	assert_int_equal(envoi_mam_preferences_set(wire->session, NULL, on_preferences, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_mam_fields_get(wire->session, ROOM, wire_on_answer, wire), ENVOI_OK);
	assert_non_null(strstr(wire_answer(wire, ROOM, "<query xmlns='urn:xmpp:mam:2'/>"),
		"><query xmlns='urn:xmpp:mam:2'/></iq>"));
}

/* --- memory --- */

/* The n-th allocation fails from the making of a sync to its end; the end is reported once, or the
 * function has failed. */
static void a_failed_allocation_is_reported(void **state)
{
	bool has_failed = true;
	teardown(state);
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		memset(&t, 0, sizeof(t));
		t.wire = &wire;
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		assert_int_equal(
			envoi_session_use(wire.session, &envoi_mam_extension, NULL), ENVOI_OK);
		allocator.fail_at = allocator.calls + n;
		int r = envoi_mam_sync_new(&t.sync, wire.session, NULL, AT_TEN "m", &events, &wire);
		if (r == ENVOI_OK) {
			wire_run(&wire, 0);
			const char *request = wire_heard(&wire), *id = strstr(request, " id='");
			char xml[600];
			if (id != NULL) {
				sscanf(id, " id='%63[^']'", t.request_id);
				snprintf(xml, sizeof(xml),
					"<iq type='result' id='%s' from='" OWN "'>" PLAIN "</iq>",
					t.request_id);
				wire_say(&wire, xml);
				wire_run(&wire, 0);
			}
			if (take(wire_heard(&wire))) {
				item("n");
				live(OWN, "o");
				answer("result", COMPLETE);
			}
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		if (!has_failed) {
			assert_non_null(strstr(wire_log(&wire), "end ENVOI_OK 1 complete"));
		}
		envoi_mam_sync_free(t.sync);
		t.sync = NULL;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
	setup(state);
}

static void an_item_without_query_costs_no_memory(void **state)
{
	(void)state;
	wire_survive(&envoi_mam_extension,
		"<message><result xmlns='urn:xmpp:mam:2' queryid='x' id='a'>"
		"<forwarded xmlns='urn:xmpp:forward:0'/></result></message>");
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_mam_request_type, NULL},
		{&envoi_mam_result_type, NULL},
		{&envoi_mam_fin_type, NULL},
		{&envoi_mam_metadata_type, NULL},
		{NULL, NULL},
	};
	static const struct xep_table preferences[] = {
		{&envoi_mam_preferences_type, "set"},
		{&envoi_mam_preferences_type, "result"},
		{NULL, NULL},
	};
	/* "...", and a datatype that is the default */
	static const char *const shortened[] = {
		"query/x/text()", "query/x/field/validate/@datatype", NULL};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0313", tables, shortened), 27);
	assert_int_equal(xep_examples_check("0441", preferences, exceptions), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_archive_is_fetched_page_by_page),
		TEST(what_an_archive_offers_is_asked_once),
		TEST(pages_backward_begin_with_the_newest),
		TEST(filters_are_fields_of_a_form),
		TEST(a_field_that_is_not_offered_is_not_sent),
		TEST(an_account_without_archive_is_not_asked),
		TEST(errors_are_reported),
		TEST(the_limit_ends_a_query),
		TEST(an_archive_that_does_not_advance_ends_the_query),
		TEST(a_page_without_end_is_cut),
		TEST(endless_pages_end_at_the_limit),
		TEST(pages_that_claim_items_and_have_none_end_the_query),
		TEST(an_archive_without_answer_times_out),
		TEST(fields_that_are_ignored_are_noticed),
		TEST(an_item_within_its_second_matches),
		TEST(items_of_others_are_refused),
		TEST(an_archive_of_a_room_has_occupants_only),
		TEST(a_removed_message_is_an_item),
		TEST(a_query_that_cannot_be_sent_is_refused),
		TEST(a_query_is_canceled),
		TEST(anything_may_be_freed_inside_an_item),
		TEST(anything_may_be_freed_at_the_end),
		TEST(a_sync_begins_with_the_newest_items),
		TEST(a_first_sync_ends_at_the_newest_item),
		TEST(a_sync_by_time_that_is_cut_does_not_go_back),
		TEST(a_sync_continues_behind_its_cursor),
		TEST(the_cursor_is_fixed_until_the_archive_was_asked),
		TEST(a_resumed_session_asks_nothing),
		TEST(a_message_behind_the_archive_is_the_cursor),
		TEST(an_item_of_another_client_behind_the_message_is_the_cursor),
		TEST(ids_that_may_be_forged_move_nothing),
		TEST(ids_of_an_archive_that_does_not_announce_them_move_nothing),
		TEST(delayed_messages_do_not_move_the_cursor),
		TEST(copies_by_carbons_are_messages),
		TEST(an_unknown_cursor_is_followed_by_time),
		TEST(items_that_are_not_stable_come_again),
		TEST(a_message_that_was_an_item_is_known),
		TEST(a_room_is_synchronised_when_it_was_joined),
		TEST(cursors_that_are_none_are_refused),
		TEST(anything_may_be_freed_inside_a_sync),
		TEST(the_end_of_the_session_ends_a_sync),
		TEST(metadata_and_preferences_are_requested),
		TEST(a_failed_allocation_is_reported),
		cmocka_unit_test(an_item_without_query_costs_no_memory),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/mam", tests, NULL, NULL);
}
