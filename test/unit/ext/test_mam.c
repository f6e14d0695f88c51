/*
 * envoi - Message Archive Management: queries, preferences: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mam_fixture.h"
#include "stanzas.h"
#include "xep_examples.h"

static int fetch(const struct envoi_mam_query_options *options)
{
	return envoi_mam_fetch(mam.wire->session, options, &mam_events, mam.wire, &mam.query);
}

static void begin(const struct envoi_mam_query_options *options, const char *offer)
{
	assert_int_equal(fetch(options), ENVOI_OK);
	wire_answer(mam.wire, OWN, offer);
}

static const struct envoi_mam_query_options everything;

/* --- queries --- */

static void an_archive_is_fetched_page_by_page(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 2}, PLAIN);
	const char *request = mam_heard();
	assert_non_null(strstr(request, "<iq type='set' id="));
	assert_non_null(strstr(
		request, "<set xmlns='http://jabber.org/protocol/rsm'><max>2</max></set></query>"));
	mam_item("a");
	mam_item("b");
	mam_answer("result", FIN("", SET("a", "b")));
	char first_query[64];
	strcpy(first_query, mam.query_id);
	assert_non_null(strstr(mam_heard(), "<after>b</after><max>2</max></set>"));
	assert_string_not_equal(mam.query_id, first_query);
	mam_item("c");
	mam_answer("result", FIN("complete='true'", SET("c", "c")));
	assert_string_equal(wire_log(mam.wire),
		"a body of a\nb body of b\nc body of c\nend ENVOI_OK 3 complete a..c\n");
	assert_string_equal(wire_heard(mam.wire), "");
}

static void what_an_archive_offers_is_asked_once(void **state)
{
	(void)state;
	begin(&everything, PLAIN);
	mam_heard();
	mam_answer("result", EMPTY);
	assert_int_equal(fetch(&everything), ENVOI_OK);
	wire_run(mam.wire, 0);
	mam_heard();
	mam_answer("result", EMPTY);
	assert_string_equal(
		wire_log(mam.wire), "end ENVOI_OK 0 complete -..-\nend ENVOI_OK 0 complete -..-\n");
}

static void pages_backward_begin_with_the_newest(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 2, .is_backward = true}, PLAIN);
	assert_non_null(strstr(mam_heard(), "<before/><max>2</max></set>"));
	mam_item("c");
	mam_item("d");
	mam_answer("result", FIN("", SET("c", "d")));
	assert_non_null(strstr(mam_heard(), "<before>c</before><max>2</max></set>"));
	mam_item("a");
	mam_item("b");
	mam_answer("result", FIN("complete='true'", SET("a", "b")));
	assert_string_equal(wire_log(mam.wire),
		"c body of c\nd body of d\na body of a\nb body of b\n"
		"end ENVOI_OK 4 complete a..d\n");
}

static void filters_are_fields_of_a_form(void **state)
{
	(void)state;
	struct envoi_jid *with;
	assert_int_equal(envoi_jid_from_text(&with, mam.wire->context, "bob@b.lit"), ENVOI_OK);
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
	const char *request = mam_heard();
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
	mam_answer("result", EMPTY);
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
		assert_string_equal(wire_heard(mam.wire), "");
		assert_string_equal(wire_log(mam.wire), "end ENVOI_ERR_UNSUPPORTED 0 -..-\n");
	}
}

/* The domain may have an archive where the account has none. */
static void an_account_without_archive_is_not_asked(void **state)
{
	(void)state;
	begin(&everything, OFFER(FEATURE("urn:xmpp:mam:1")));
	assert_string_equal(wire_heard(mam.wire), "");
	assert_string_equal(wire_log(mam.wire), "end ENVOI_ERR_UNSUPPORTED 0 -..-\n");
}

static void errors_are_reported(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.from_id = "unknown"}, PLAIN);
	assert_non_null(strstr(mam_heard(), "<after>unknown</after>"));
	mam_answer("error", ITEM_NOT_FOUND);
	assert_string_equal(wire_log(mam.wire), "end ENVOI_ERR_STANZA 0 -..-\n");
}

static void the_limit_ends_a_query(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 2, .limit = 3}, PLAIN);
	mam_heard();
	mam_item("a");
	mam_item("b");
	mam_answer("result", FIN("", SET("a", "b")));
	assert_non_null(strstr(mam_heard(), "<max>1</max>"));
	mam_item("c");
	mam_answer("result", FIN("", SET("c", "c")));
	assert_string_equal(
		wire_log(mam.wire), "a body of a\nb body of b\nc body of c\nend ENVOI_OK 3 a..c\n");
	assert_string_equal(wire_heard(mam.wire), "");
}

static void an_archive_that_does_not_advance_ends_the_query(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 2}, PLAIN);
	mam_heard();
	mam_item("a");
	mam_item("b");
	mam_answer("result", FIN("", SET("a", "b")));
	mam_heard();
	mam_item("a");
	mam_item("b");
	mam_answer("result", FIN("", SET("b", "a")));
	assert_string_equal(
		wire_log(mam.wire), "a body of a\nb body of b\nend ENVOI_ERR_PROTOCOL 2 a..b\n");
	assert_string_equal(wire_heard(mam.wire), "");
}

/* No fin at all: what is more than the page ends the query. */
static void a_page_without_end_is_cut(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.page = 3}, PLAIN);
	mam_heard();
	for (int i = 0; i < 1000; i++) {
		char id[16];
		snprintf(id, sizeof(id), "i%d", i);
		mam_item(id);
	}
	wire_run(mam.wire, 0);
	assert_string_equal(wire_log(mam.wire),
		"i0 body of i0\ni1 body of i1\ni2 body of i2\nend ENVOI_ERR_PROTOCOL 3 i0..i2\n");
	assert_int_equal(envoi_mam_refused(mam.wire->session), 1000 - 4);
}

static void endless_pages_end_at_the_limit(void **state)
{
	(void)state;
	unsigned int pages = 0;
	begin(&(struct envoi_mam_query_options){.page = 1, .limit = 2000}, PLAIN);
	while (mam.query != NULL) {
		char id[16], fin[300];
		mam_heard();
		snprintf(id, sizeof(id), "i%u", pages++);
		mam_item(id);
		snprintf(fin, sizeof(fin), FIN("", SET("%s", "%s")), id, id);
		mam_answer("result", fin);
		(void)wire_log(mam.wire);
	}
	assert_int_equal(pages, 2000);
}

static void pages_that_claim_items_and_have_none_end_the_query(void **state)
{
	(void)state;
	unsigned int pages = 0;
	begin(&(struct envoi_mam_query_options){.page = 1}, PLAIN);
	while (mam.query != NULL && pages < 100) {
		char fin[300];
		mam_heard();
		snprintf(fin, sizeof(fin), FIN("", SET("i%u", "i%u")), pages, pages);
		pages++;
		mam_answer("result", fin);
	}
	assert_int_equal(pages, 10);
}

static void an_archive_without_answer_times_out(void **state)
{
	(void)state;
	begin(&(struct envoi_mam_query_options){.timeout_ms = 5000}, PLAIN);
	mam_heard();
	mam_item("a");
	wire_run(mam.wire, 5001);
	assert_string_equal(wire_log(mam.wire), "a body of a\nend ENVOI_ERR_TIMEOUT 1 a..a\n");
}

static void fields_that_are_ignored_are_noticed(void **state)
{
	(void)state;
	struct envoi_jid *with;
	assert_int_equal(envoi_jid_from_text(&with, mam.wire->context, "alice@a.lit"), ENVOI_OK);
	char id[] = "x", *ids[] = {id};
	const struct envoi_mam_filter filters[] = {
		{.with = with},
		{.has_start = true, .start_ms = INT64_C(1767261602000)}, /* 10:00:02 */
		{.has_end = true, .end_ms = INT64_C(1767261598000)}, /* 09:59:58 */
		{.ids = ids, .id_count = 1},
	};
	begin(&everything, OFFER(FEATURE(ENVOI_NS_MAM) FEATURE(ENVOI_NS_MAM_EXTENDED)));
	mam_heard();
	mam_answer("result", EMPTY);
	(void)wire_log(mam.wire);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		assert_int_equal(
			fetch(&(struct envoi_mam_query_options){.filter = &filters[i]}), ENVOI_OK);
		wire_run(mam.wire, 0);
		mam_heard();
		mam_item("a");
		mam_item("b");
		mam_answer("result", COMPLETE);
		assert_string_equal(wire_log(mam.wire), "end ENVOI_ERR_PROTOCOL 0 -..-\n");
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
	mam_heard();
	mam_item("a");
	mam_answer("result", COMPLETE);
	assert_string_equal(wire_log(mam.wire), "a body of a\nend ENVOI_OK 1 complete a..a\n");
}

/* Sections 4.2 and 9.3, CVE-2019-16237 */
static void items_of_others_are_refused(void **state)
{
	(void)state;
	static const char message[] = "<message xmlns='jabber:client' from='bob@b.lit/x'>"
				      "<body>forged</body></message>";
	static const char stamp[] = "2026-01-01T10:00:00Z";
	begin(&everything, PLAIN);
	mam_say_item("", "guess", "x", stamp, message);
	mam_heard();
	mam_say_item("from='mallory@m.lit/x'", mam.query_id, "x", stamp, message);
	mam_say_item("from='example.org'", mam.query_id, "x", stamp, message);
	mam_say_item("from='" WIRE_OWN "'", mam.query_id, "x", stamp, message);
	mam_say_item("from='" ROOM "'", mam.query_id, "x", stamp, message);
	mam_say_item("", "other", "x", stamp, message);
	mam_say_item("from='" OWN "'", mam.query_id, "a", stamp, message);
	char old[64];
	strcpy(old, mam.query_id);
	mam_answer("result", COMPLETE);
	mam_say_item("from='" OWN "'", old, "late", stamp, message);
	mam_say_item("", "", "x", stamp, message);
	wire_run(mam.wire, 0);
	assert_string_equal(wire_log(mam.wire), "a forged\nend ENVOI_OK 1 complete a..a\n");
	assert_int_equal(envoi_mam_refused(mam.wire->session), 8);
}

static void an_archive_of_a_room_has_occupants_only(void **state)
{
	(void)state;
	static const char stamp[] = "2026-01-01T10:00:00Z";
	assert_int_equal(fetch(&(struct envoi_mam_query_options){.archive = ROOM}), ENVOI_OK);
	wire_answer(mam.wire, ROOM, PLAIN);
	assert_non_null(strstr(mam_heard(), " to='" ROOM "'"));
	static const char *const senders[] = {ROOM "/firstwitch", "bob@b.lit", ROOM, "@"};
	for (size_t i = 0; i < 4; i++) {
		char message[300], id[2] = {(char)('a' + (int)i), '\0'};
		snprintf(message, sizeof(message),
			"<message xmlns='jabber:client' type='groupchat' from='%s'>"
			"<body>Thrice</body></message>",
			senders[i]);
		mam_say_item("from='" ROOM "'", mam.query_id, id, stamp, message);
	}
	mam_say_item("from='" ROOM "/nick'", mam.query_id, "x", stamp, "");
	mam_say_item("", mam.query_id, "x", stamp, "");
	char xml[500];
	snprintf(xml, sizeof(xml), "<iq type='result' id='%s' from='" ROOM "'>" COMPLETE "</iq>",
		mam.request_id);
	wire_talk(mam.wire, xml);
	assert_string_equal(
		wire_log(mam.wire), "a Thrice\nc Thrice\nend ENVOI_OK 2 complete a..c\n");
	assert_int_equal(envoi_mam_refused(mam.wire->session), 4);
}

static void a_removed_message_is_an_item(void **state)
{
	(void)state;
	begin(&everything, PLAIN);
	mam_heard();
	mam_say_item("", mam.query_id, "a", "2026-01-01T10:00:00Z", "");
	mam_say_item("", mam.query_id, "a", "2026-01-01T10:00:00Z", "");
	mam_answer("result", FIN("complete='true' stable='false'", SET("a", "a")));
	assert_string_equal(wire_log(mam.wire), "a -\nend ENVOI_OK 1 complete unstable a..a\n");
}

static void a_query_that_cannot_be_sent_is_refused(void **state)
{
	(void)state;
	struct envoi_session *session = mam.wire->session;
	char bad[] = "\1";
	const struct envoi_mam_filter filter = {.text = bad};
	const struct envoi_mam_events half = {.item = mam_on_item};
	const struct envoi_mam_query_options options[] = {{.archive = "@"}, {.archive = ROOM "/x"},
		{.page = 251}, {.limit = 1000001}, {.filter = &filter}};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		assert_int_equal(fetch(&options[i]), ENVOI_ERR_INVALID);
	}
	assert_int_equal(
		envoi_mam_fetch(session, NULL, &mam_events, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_mam_fetch(session, &everything, &half, NULL, NULL), ENVOI_ERR_INVALID);
	envoi_session_unuse(session, &envoi_mam_extension);
	assert_int_equal(fetch(&everything), ENVOI_ERR_STATE);
	assert_string_equal(wire_log(mam.wire), "");
}

/* --- freeing inside --- */

static void a_query_is_canceled(void **state)
{
	(void)state;
	begin(&everything, PLAIN);
	mam_heard();
	envoi_mam_cancel(mam.query);
	mam_item("a");
	wire_run(mam.wire, 0);
	assert_string_equal(wire_log(mam.wire), "end ENVOI_ERR_CANCELED 0 -..-\n");
	assert_int_equal(fetch(&everything), ENVOI_OK);
	envoi_mam_cancel(mam.query);
	wire_free_session(mam.wire);
	assert_string_equal(wire_log(mam.wire), "end ENVOI_ERR_CANCELED 0 -..-\nended\n");
}

static void anything_may_be_freed_inside_an_item(void **state)
{
	static const enum act acts[] = {CANCEL, UNUSE, FREE_SESSION};
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		begin(&everything, PLAIN);
		mam_heard();
		mam.on_item = acts[i];
		mam_item("a");
		mam_item("b");
		mam_answer("result", COMPLETE);
		const char *log = wire_log(mam.wire);
		assert_non_null(strstr(log, "end ENVOI_ERR_CANCELED 1 a..a\n"));
		assert_null(strstr(log, "b body"));
		mam_teardown(state);
		mam_setup(state);
	}
}

static void anything_may_be_freed_at_the_end(void **state)
{
	static const enum act acts[] = {CANCEL, UNUSE, FREE_SESSION};
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		begin(&everything, PLAIN);
		mam_heard();
		mam.on_end = acts[i];
		mam_answer("result", COMPLETE);
		assert_non_null(strstr(wire_log(mam.wire), "end ENVOI_OK 0 complete -..-\n"));
		mam_teardown(state);
		mam_setup(state);
	}
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, mam_setup, mam_teardown)

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
		TEST(metadata_and_preferences_are_requested),
		cmocka_unit_test(an_item_without_query_costs_no_memory),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/mam", tests, NULL, NULL);
}
