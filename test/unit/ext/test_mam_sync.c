/*
 * envoi - Message Archive Management: syncs: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/carbons.h>

#include "mam_fixture.h"
#include "stanzas.h"
#include "test_allocator.h"

/* --- syncs --- */

static void sync_from(const char *cursor)
{
	const struct envoi_mam_sync_options options = {.page = 2, .first = 2};
	assert_int_equal(envoi_mam_sync_new(&mam.sync, mam.wire->session, &options, cursor,
				 &mam_events, mam.wire),
		ENVOI_OK);
	wire_answer(mam.wire, OWN, PLAIN);
}

static void new_session(void)
{
	wire_next_session(mam.wire);
	(void)wire_log(mam.wire);
}

static void live(const char *by, const char *id)
{
	char xml[500];
	snprintf(xml, sizeof(xml),
		"<message from='bob@b.lit/x' to='" WIRE_OWN "' type='chat'><body>live</body>"
		"<stanza-id xmlns='urn:xmpp:sid:0' by='%s' id='%s'/></message>",
		by, id);
	wire_say(mam.wire, xml);
	wire_run(mam.wire, 0);
}

/* 2026-01-01T10:00:00Z */
#define AT_TEN "1767261600000 "

static void a_sync_begins_with_the_newest_items(void **state)
{
	(void)state;
	sync_from(NULL);
	assert_null(envoi_mam_sync_cursor(mam.sync));
	assert_non_null(strstr(mam_heard(), "<before/><max>2</max></set>"));
	mam_item("y");
	mam_item("z");
	mam_answer("result", FIN("", SET("y", "z")));
	assert_string_equal(
		wire_log(mam.wire), "y body of y\nz body of z\nend ENVOI_OK 2 gap y..z\n");
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "z");
	assert_true(envoi_mam_sync_is_current(mam.sync));
}

/* The archive has smaller pages than it was asked for. */
static void a_first_sync_ends_at_the_newest_item(void **state)
{
	(void)state;
	sync_from(NULL);
	mam_heard();
	mam_item("z");
	mam_answer("result", FIN("", SET("z", "z")));
	assert_non_null(strstr(mam_heard(), "<before>z</before><max>1</max></set>"));
	mam_item("y");
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "z");
	mam_answer("result", FIN("complete='true'", SET("y", "y")));
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "z");
	new_session();
	wire_answer(mam.wire, OWN, PLAIN);
	assert_non_null(strstr(mam_heard(), "<after>z</after>"));
}

static void a_sync_by_time_that_is_cut_does_not_go_back(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	mam_answer("error", ITEM_NOT_FOUND);
	mam_heard();
	mam_item_at("l", "2026-01-01T09:55:00Z");
	new_session();
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "m");
}

static void a_sync_continues_behind_its_cursor(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	assert_non_null(strstr(mam_heard(), "<after>m</after><max>2</max></set>"));
	mam_item("n");
	mam_item_at("o", "2026-01-01T11:00:00Z");
	mam_answer("result", FIN("", SET("n", "o")));
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), "1767265200000 o");
	assert_false(envoi_mam_sync_is_current(mam.sync));
	assert_non_null(strstr(mam_heard(), "<after>o</after>"));
	mam_answer("result", EMPTY);
	assert_string_equal(
		wire_log(mam.wire), "n body of n\no body of o\nend ENVOI_OK 2 complete n..o\n");
	assert_true(envoi_mam_sync_is_current(mam.sync));
	assert_int_equal(envoi_mam_sync_start(mam.sync), ENVOI_OK);
	assert_int_equal(envoi_mam_sync_start(mam.sync), ENVOI_ERR_EXISTS);
}

/* The cursor must not jump over what was missed. */
static void the_cursor_is_fixed_until_the_archive_was_asked(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	mam_answer("result", EMPTY);
	live(OWN, "p");
	assert_string_equal(envoi_mam_sync_cursor(mam.sync) + 14, "p");
	new_session();
	live(OWN, "s");
	assert_string_equal(envoi_mam_sync_cursor(mam.sync) + 14, "p");
	(void)wire_heard(mam.wire);
	new_session(); /* it was cut before the archive answered */
	assert_string_equal(envoi_mam_sync_cursor(mam.sync) + 14, "p");
	wire_answer(mam.wire, OWN, PLAIN);
	live(OWN, "u");
	assert_non_null(strstr(mam_heard(), "<after>p</after>"));
	(void)wire_log(mam.wire);
	char stamp[] = "2026-06-01T11:00:00Z";
	mam_item_at("q", stamp);
	mam_item_at("r", stamp);
	mam_answer("result", FIN("", SET("q", "r")));
	mam_heard();
	mam_item_at("s", stamp);
	mam_item_at("u", stamp);
	mam_answer("result", FIN("complete='true'", SET("s", "u")));
	/* s belongs to the session before, u to this one */
	assert_string_equal(wire_log(mam.wire),
		"q body of q\nr body of r\ns body of s\nend ENVOI_OK 3 complete q..u\n");
	assert_string_equal(envoi_mam_sync_cursor(mam.sync) + 14, "u");
}

static void another_account_is_not_asked_for_the_cursor_of_the_first(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	mam_answer("result", EMPTY);
	live(OWN, "secret");
	envoi_jid_unref(mam.wire->own);
	assert_int_equal(
		envoi_jid_from_text(&mam.wire->own, mam.wire->context, "you@example.org/here"),
		ENVOI_OK);
	new_session();
	assert_null(envoi_mam_sync_cursor(mam.sync));
	wire_answer(mam.wire, "you@example.org", PLAIN);
	const char *query = mam_heard();
	assert_non_null(strstr(query, "<before/>"));
	assert_null(strstr(query, "secret"));
}

static void a_resumed_session_asks_nothing(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	mam_answer("result", EMPTY);
	struct envoi_handler *handler = envoi_session_find(mam.wire->session, "mam");
	handler->impl->restore(handler, mam.wire->session, true);
	wire_run(mam.wire, 0);
	assert_string_equal(wire_heard(mam.wire), "");
	assert_true(envoi_mam_sync_is_current(mam.sync));
}

static void a_message_behind_the_archive_is_the_cursor(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	mam_item("n");
	live(OWN, "o"); /* archived behind the answer */
	mam_answer("result", FIN("complete='true'", SET("n", "n")));
	assert_string_equal(envoi_mam_sync_cursor(mam.sync) + 14, "o");
}

static void an_item_of_another_client_behind_the_message_is_the_cursor(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	live(OWN, "n");
	mam_item("n");
	mam_item("o");
	mam_answer("result", FIN("complete='true'", SET("n", "o")));
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "o");
	assert_string_equal(wire_log(mam.wire), "o body of o\nend ENVOI_OK 1 complete n..o\n");
}

/* XEP-0359, sections 3 and 6 */
static void ids_that_may_be_forged_move_nothing(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	mam_answer("result", EMPTY);
	live("bob@b.lit", "x");
	live("example.org", "x");
	live(WIRE_OWN, "x");
	wire_talk(mam.wire,
		"<message from='bob@b.lit/x'><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='x'/><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN "' id='y'/></message>");
	wire_talk(mam.wire,
		"<message from='bob@b.lit/x'><origin-id xmlns='urn:xmpp:sid:0' id='x'/></message>");
	wire_talk(mam.wire,
		"<message from='bob@b.lit/x' type='error'><stanza-id xmlns='urn:xmpp:sid:0' "
		"by='" OWN "' id='x'/></message>");
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "m");
}

static void ids_of_an_archive_that_does_not_announce_them_move_nothing(void **state)
{
	(void)state;
	assert_int_equal(envoi_mam_sync_new(&mam.sync, mam.wire->session, NULL, AT_TEN "m",
				 &mam_events, mam.wire),
		ENVOI_OK);
	live(OWN, "n");
	wire_answer(mam.wire, OWN, OFFER(FEATURE(ENVOI_NS_MAM)));
	mam_heard();
	mam_item("n");
	mam_answer("result", FIN("complete='true'", SET("n", "n")));
	assert_string_equal(wire_log(mam.wire), "n body of n\nend ENVOI_OK 1 complete n..n\n");
	live(OWN, "x");
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "n");
}

static void delayed_messages_do_not_move_the_cursor(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	mam_answer("result", EMPTY);
	wire_talk(mam.wire,
		"<message from='bob@b.lit/x'><delay xmlns='urn:xmpp:delay' from='example.org' "
		"stamp='2025-01-01T10:00:00Z'/><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='old'/></message>");
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "m");
}

static void copies_by_carbons_are_messages(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_session_use(mam.wire->session, &envoi_carbons_extension, NULL), ENVOI_OK);
	wire_answer_account(mam.wire, "result", "");
	sync_from(AT_TEN "m");
	mam_heard();
	mam_answer("result", EMPTY);
	wire_talk(mam.wire,
		"<message from='" OWN "'><sent xmlns='urn:xmpp:carbons:2'>"
		"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='" OWN
		"/other' to='bob@b.lit'><body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='carbon'/></message></forwarded></sent></message>");
	assert_string_equal(envoi_mam_sync_cursor(mam.sync) + 14, "carbon");
}

/* An unknown id: one server answers item-not-found, another one begins with the oldest item. */
static void an_unknown_cursor_is_followed_by_time(void **state)
{
	(void)state;
	for (int ignores = 0; ignores < 2; ignores++) {
		sync_from(AT_TEN "m");
		assert_non_null(strstr(mam_heard(), "<after>m</after>"));
		if (ignores != 0) {
			mam_item_at("a", "2020-01-01T10:00:00Z");
			mam_item_at("b", "2020-01-01T10:00:00Z");
			mam_answer("result", FIN("", SET("a", "b")));
		} else {
			mam_answer("error", ITEM_NOT_FOUND);
		}
		const char *request = mam_heard();
		assert_non_null(strstr(request, "var='start'><value>2026-01-01T09:50:00Z<"));
		assert_null(strstr(request, "<after>"));
		mam_item_at("l", "2026-01-01T09:55:00Z");
		mam_item_at("n", "2026-01-01T10:05:00Z");
		mam_answer("result", FIN("complete='true'", SET("l", "n")));
		assert_string_equal(wire_log(mam.wire),
			"l body of l known?\nn body of n\nend ENVOI_OK 2 complete gap l..n\n");
		assert_string_equal(envoi_mam_sync_cursor(mam.sync) + 14, "n");
		mam_teardown(state);
		mam_setup(state);
	}
}

static void items_that_are_not_stable_come_again(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	mam_item("n");
	mam_answer("result", FIN("complete='true' stable='false'", SET("n", "n")));
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "m");
	assert_false(envoi_mam_sync_is_current(mam.sync));
}

static void a_message_that_was_an_item_is_known(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	mam_item("n");
	mam_answer("result", COMPLETE);
	struct envoi_stanza *message = stanza_from_text(mam.wire->context,
		"<message from='bob@b.lit/x'><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='n'/></message>");
	assert_true(envoi_mam_sync_has(mam.sync, message));
	envoi_stanza_unref(message);
	message = stanza_from_text(mam.wire->context,
		"<message from='bob@b.lit/x'><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		"' id='o'/></message>");
	assert_false(envoi_mam_sync_has(mam.sync, message));
	envoi_stanza_unref(message);
	assert_false(envoi_mam_sync_has(mam.sync, NULL));
}

static void a_room_is_synchronised_when_it_was_joined(void **state)
{
	(void)state;
	const struct envoi_mam_sync_options options = {.archive = ROOM};
	assert_int_equal(envoi_mam_sync_new(&mam.sync, mam.wire->session, &options, AT_TEN "m",
				 &mam_events, mam.wire),
		ENVOI_OK);
	wire_run(mam.wire, 0);
	assert_string_equal(wire_heard(mam.wire), "");
	assert_int_equal(envoi_mam_sync_start(mam.sync), ENVOI_OK);
	wire_answer(mam.wire, ROOM, PLAIN);
	assert_non_null(strstr(mam_heard(), " to='" ROOM "'"));
	char xml[500];
	snprintf(xml, sizeof(xml), "<iq type='result' id='%s' from='" ROOM "'>" EMPTY "</iq>",
		mam.request_id);
	wire_talk(mam.wire, xml);
	static const char *const froms[] = {ROOM "/a", "other@chat.shakespeare.lit/a"};
	for (int i = 1; i >= 0; i--) {
		snprintf(xml, sizeof(xml),
			"<message type='groupchat' from='%s'><body>x</body>"
			"<stanza-id xmlns='urn:xmpp:sid:0' by='" ROOM "' id='n'/></message>",
			froms[i]);
		wire_talk(mam.wire, xml);
		assert_string_equal(envoi_mam_sync_cursor(mam.sync) + 14, i == 0 ? "n" : "m");
	}
}

static void cursors_that_are_none_are_refused(void **state)
{
	(void)state;
	static const char *const cursors[] = {"", " ", "x", "1", "1 ", " x", "x y",
		"99999999999999999999999999 x", "9999999999999999999 x"};
	for (size_t i = 0; i < sizeof(cursors) / sizeof(cursors[0]); i++) {
		assert_int_equal(envoi_mam_sync_new(&mam.sync, mam.wire->session, NULL, cursors[i],
					 &mam_events, mam.wire),
			ENVOI_ERR_INVALID);
	}
	assert_null(mam.sync);
}

static void anything_may_be_freed_inside_a_sync(void **state)
{
	static const enum act acts[] = {FREE_SYNC, UNUSE, FREE_SESSION};
	for (size_t i = 0; i < 2 * sizeof(acts) / sizeof(acts[0]); i++) {
		sync_from(AT_TEN "m");
		mam_heard();
		*(i % 2 == 0 ? &mam.on_item : &mam.on_end) = acts[i / 2];
		mam_item("n");
		mam_item("o");
		mam_answer("result", FIN("complete='true'", SET("n", "n")));
		mam_teardown(state);
		mam_setup(state);
	}
}

static void the_end_of_the_session_ends_a_sync(void **state)
{
	(void)state;
	sync_from(AT_TEN "m");
	mam_heard();
	wire_free_session(mam.wire);
	assert_string_equal(wire_log(mam.wire), "end ENVOI_ERR_CANCELED 0 -..-\nended\n");
	assert_int_equal(envoi_mam_sync_start(mam.sync), ENVOI_ERR_STATE);
	assert_string_equal(envoi_mam_sync_cursor(mam.sync), AT_TEN "m");
}

/* --- memory --- */

/* The n-th allocation fails from the making of a sync to its end; the end is reported once, or the
 * function has failed. */
static void a_failed_allocation_is_reported(void **state)
{
	bool has_failed = true;
	mam_teardown(state);
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		memset(&mam, 0, sizeof(mam));
		mam.wire = &wire;
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		assert_int_equal(
			envoi_session_use(wire.session, &envoi_mam_extension, NULL), ENVOI_OK);
		allocator.fail_at = allocator.calls + n;
		int r = envoi_mam_sync_new(
			&mam.sync, wire.session, NULL, AT_TEN "m", &mam_events, &wire);
		if (r == ENVOI_OK) {
			wire_run(&wire, 0);
			const char *request = wire_heard(&wire), *id = strstr(request, " id='");
			char xml[600];
			if (id != NULL) {
				sscanf(id, " id='%63[^']'", mam.request_id);
				snprintf(xml, sizeof(xml),
					"<iq type='result' id='%s' from='" OWN "'>" PLAIN "</iq>",
					mam.request_id);
				wire_say(&wire, xml);
				wire_run(&wire, 0);
			}
			if (mam_take(wire_heard(&wire))) {
				mam_item("n");
				live(OWN, "o");
				mam_answer("result", COMPLETE);
			}
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		if (!has_failed) {
			assert_non_null(strstr(wire_log(&wire), "end ENVOI_OK 1 complete"));
		}
		envoi_mam_sync_free(mam.sync);
		mam.sync = NULL;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
	mam_setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, mam_setup, mam_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sync_begins_with_the_newest_items),
		TEST(a_first_sync_ends_at_the_newest_item),
		TEST(a_sync_by_time_that_is_cut_does_not_go_back),
		TEST(a_sync_continues_behind_its_cursor),
		TEST(the_cursor_is_fixed_until_the_archive_was_asked),
		TEST(another_account_is_not_asked_for_the_cursor_of_the_first),
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
		TEST(a_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("ext/mam_sync", tests, NULL, NULL);
}
