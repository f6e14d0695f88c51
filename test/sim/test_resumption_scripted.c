/*
 * envoi - resumption: a server and a scripted client
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/session.h>
#include <envoi/memory.h>

#include "resumption_world.h"

#define SM "xmlns='urn:xmpp:sm:3'"
#define HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' to='example.org'>"
#define BIND \
	"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" \
	"<resource>raw</resource></bind></iq>"

/* --- a scripted client --- */

static void say(struct world *world, const char *text)
{
	assert_int_equal(envoi_memory_end_send(world->end, text, strlen(text)), ENVOI_OK);
	world_run(world, 0);
}

static const char *heard(struct world *world)
{
	static char text[8192];
	struct envoi_buffer *received = envoi_memory_end_received(world->end);
	snprintf(text, sizeof(text), "%.*s", (int)envoi_buffer_len(received),
		envoi_buffer_data(received));
	envoi_buffer_consume(received, envoi_buffer_len(received));
	return text;
}

static const char *talk(struct world *world, const char *text)
{
	say(world, text);
	return heard(world);
}

static void new_raw_pair(struct world *world)
{
	world_new_pair(world);
	assert_int_equal(envoi_memory_end_new(&world->end, world->pair, ENVOI_MEMORY_A, NULL, NULL),
		ENVOI_OK);
}

static void log_in_raw(struct world *world)
{
	say(world, HEADER);
	say(world, "<ask xmlns='urn:example:fake-auth'/>");
	assert_non_null(strstr(talk(world, HEADER), "<sm " SM "/>"));
}

static void connect_raw(struct world *world)
{
	new_raw_pair(world);
	(void)world_serve(world);
	log_in_raw(world);
}

/* Binds and enables with resumption. @return the id */
static const char *bind_raw(struct world *world)
{
	static char id[64];
	(void)talk(world, BIND);
	const char *enabled = talk(world, "<enable " SM " resume='1'/>");
	const char *at = strstr(enabled, " id='");
	assert_non_null(at);
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 5, "'"), at + 5);
	return id;
}

static const char *enable_raw(struct world *world)
{
	connect_raw(world);
	return bind_raw(world);
}

static const char *resume_raw(struct world *world, const char *attributes)
{
	char text[256];
	snprintf(text, sizeof(text), "<resume " SM " %s/>", attributes);
	return talk(world, text);
}

#define FAILED(condition) \
	"<failed " SM "><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"

static void misuse_is_answered_and_changes_nothing(void **state)
{
	struct world *world = *state;
	char previd[128];
	connect_raw(world);
	assert_string_equal(
		talk(world, "<enable " SM " resume='true'/>"), FAILED("unexpected-request"));
	const char *id = enable_raw(world);
	assert_string_equal(talk(world, "<enable " SM "/>"), FAILED("unexpected-request"));
	assert_string_equal(resume_raw(world, "previd='x' h='0'"), FAILED("unexpected-request"));
	assert_string_equal(talk(world, "<message/><r " SM "/>"), "<a " SM " h='1'/>");
	struct envoi_session *session = world_find(world, id);
	envoi_memory_pair_cut(world->pair);
	world_run(world, 0);
	connect_raw(world);
	snprintf(previd, sizeof(previd), "previd='%s'", id);
	assert_string_equal(resume_raw(world, previd), FAILED("bad-request"));
	snprintf(previd, sizeof(previd), "previd='%s' h='x'", id);
	assert_string_equal(resume_raw(world, previd), FAILED("bad-request"));
	snprintf(previd, sizeof(previd), "previd='%s' h='4294967296'", id);
	assert_string_equal(resume_raw(world, previd), FAILED("bad-request"));
	assert_string_equal(resume_raw(world, "h='0'"), FAILED("bad-request"));
	assert_string_equal(resume_raw(world, "previd='foreign' h='0'"), FAILED("item-not-found"));
	assert_true(envoi_session_is_suspended(session));
	snprintf(previd, sizeof(previd), "previd='%s' h='0'", id);
	assert_non_null(strstr(resume_raw(world, previd), "<resumed " SM " previd='"));
	assert_true(envoi_session_is_online(session));
	assert_string_equal(talk(world, "<r " SM "/>"), "<a " SM " h='1'/>");
}

static void a_session_may_be_named_by_one_character(void **state)
{
	struct world *world = *state;
	world->id = "x";
	connect_raw(world);
	assert_string_equal(enable_raw(world), "x");
	envoi_memory_pair_cut(world->pair);
	world_run(world, 0);
	connect_raw(world);
	assert_non_null(strstr(resume_raw(world, "previd='x' h='0'"), "<resumed "));
}

static void binding_is_possible_after_a_failed_resumption(void **state)
{
	struct world *world = *state;
	connect_raw(world);
	assert_string_equal(resume_raw(world, "previd='x' h='0'"), FAILED("item-not-found"));
	assert_non_null(strstr(talk(world, BIND), "alice@example.org/raw"));
	assert_non_null(strstr(talk(world, "<enable " SM "/>"), "<enabled " SM "/>"));
}

static void an_h_that_is_too_high_ends_stream_and_session(void **state)
{
	struct world *world = *state;
	char previd[128];
	const char *id = enable_raw(world);
	struct envoi_session *session = world_find(world, id);
	uint64_t epoch = envoi_session_epoch(session);
	envoi_memory_pair_cut(world->pair);
	world_run(world, 0);
	connect_raw(world);
	snprintf(previd, sizeof(previd), "previd='%s' h='1'", id);
	assert_non_null(strstr(resume_raw(world, previd),
		"<handled-count-too-high " SM " h='1' send-count='0'/></stream:error>"));
	assert_false(envoi_session_is_suspended(session));
	assert_int_equal(envoi_session_epoch(session), epoch + 1);
	connect_raw(world);
	snprintf(previd, sizeof(previd), "previd='%s' h='0'", id);
	assert_string_equal(resume_raw(world, previd), FAILED("item-not-found"));
}

static void a_session_closed_in_order_is_not_resumable(void **state)
{
	struct world *world = *state;
	char previd[128];
	for (int is_closed = 0; is_closed < 2; is_closed++) {
		const char *id = enable_raw(world);
		/* a stanza that is cut in the middle is neither counted nor handed over */
		say(world, "<message id='a'/><message id='b'>");
		struct side *server = world->sessions;
		if (is_closed) {
			say(world, "</message></stream:stream>");
		}
		envoi_memory_end_shut_down(world->end);
		world_run(world, 10000);
		assert_int_equal(envoi_session_is_suspended(server->session), !is_closed);
		assert_string_equal(notes_list(&server->got), is_closed ? "a b " : "a ");
		connect_raw(world);
		snprintf(previd, sizeof(previd), "previd='%s' h='0'", id);
		const char *answer = resume_raw(world, previd);
		if (is_closed) {
			assert_string_equal(answer, FAILED("item-not-found"));
		} else {
			assert_non_null(strstr(answer, " h='1'/>"));
		}
	}
}

/* The account's own session under another id, and none at all: the same bytes. */
static void a_wrong_session_looks_like_an_unknown_one(void **state)
{
	struct world *world = *state;
	(void)enable_raw(world);
	struct envoi_session *session = world->sessions->session;
	world->is_slow = true;
	for (int is_known = 0; is_known < 2; is_known++) {
		connect_raw(world);
		assert_string_equal(resume_raw(world, "previd='guess' h='0'"), "");
		assert_int_equal(envoi_resumption_answer(world->open_stream, world->management,
					 is_known ? session : NULL),
			ENVOI_OK);
		world_run(world, 0);
		assert_string_equal(heard(world), FAILED("item-not-found"));
	}
}

/* The right id, from an account that is another: the same bytes in the same turn. */
static void a_session_of_another_account_looks_like_an_unknown_one(void **state)
{
	struct world *world = *state;
	static const char *const users[] = {"mallory", "alice2", "alice"};
	char previd[128];
	snprintf(previd, sizeof(previd), "previd='%s' h='0'", enable_raw(world));
	struct envoi_session *session = world->sessions->session;
	world->is_slow = true;
	for (size_t i = 0; i < 3; i++) {
		connect_raw(world);
		assert_string_equal(resume_raw(world, previd), "");
		assert_int_equal(envoi_stream_set_user(world->open_stream, users[i]), ENVOI_OK);
		assert_int_equal(
			envoi_resumption_answer(world->open_stream, world->management, session),
			ENVOI_OK);
		world_run(world, 0);
		if (i < 2) {
			assert_string_equal(heard(world), FAILED("item-not-found"));
		} else {
			assert_non_null(strstr(heard(world), "<resumed "));
		}
	}
}

/* Section 5: what was handled of a session that has timed out is known to its client. */
static void an_expired_session_is_answered_with_what_it_handled(void **state)
{
	struct world *world = *state;
	char previd[128];
	world->max_s = 60;
	snprintf(previd, sizeof(previd), "previd='%s' h='0'", enable_raw(world));
	struct envoi_session *session = world->sessions->session;
	(void)talk(world, "<message id='a'/><message id='b'/>");
	envoi_memory_pair_cut(world->pair);
	world_run(world, 60000);
	assert_int_equal(world->expired, 1);
	connect_raw(world);
	assert_string_equal(resume_raw(world, previd),
		"<failed " SM " h='2'><item-not-found "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
	assert_string_equal(resume_raw(world, "previd='x' h='0'"), FAILED("item-not-found"));
	world->is_slow = true;
	(void)resume_raw(world, previd);
	assert_int_equal(envoi_stream_set_user(world->open_stream, "mallory"), ENVOI_OK);
	assert_int_equal(
		envoi_resumption_answer(world->open_stream, world->management, session), ENVOI_OK);
	world_run(world, 0);
	assert_string_equal(heard(world), FAILED("item-not-found"));
}

/* The session object is used for the next login, which expires, too. */
static void the_last_expired_session_is_answered(void **state)
{
	struct world *world = *state;
	char previd[128];
	world->max_s = 60;
	(void)enable_raw(world);
	struct side *side = world->sessions;
	for (unsigned int i = 1; i <= 2; i++) {
		envoi_memory_pair_cut(world->pair);
		world_run(world, 60000);
		assert_int_equal(world->expired, i);
		new_raw_pair(world);
		world_attach_server(side);
		log_in_raw(world);
		snprintf(previd, sizeof(previd), "previd='%s' h='0'", bind_raw(world));
		(void)talk(world, "<message id='a'/>");
	}
	envoi_memory_pair_cut(world->pair);
	world_run(world, 60000);
	world->is_slow = true;
	connect_raw(world);
	(void)resume_raw(world, previd);
	assert_int_equal(
		envoi_resumption_answer(world->open_stream, world->management, side->session),
		ENVOI_OK);
	world_run(world, 0);
	assert_string_equal(heard(world),
		"<failed " SM " h='1'><item-not-found "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
}

/* The request for the last acknowledgement and the closing tag come together. */
static void what_came_before_the_closing_tag_is_acknowledged(void **state)
{
	struct world *world = *state;
	(void)enable_raw(world);
	assert_string_equal(talk(world, "<message id='a'/><r " SM "/></stream:stream>"),
		"<a " SM " h='1'/></stream:stream>");
	(void)enable_raw(world);
	assert_string_equal(talk(world, "<message id='a'/></stream:stream>"),
		"<a " SM " h='1'/></stream:stream>");
	(void)enable_raw(world);
	assert_string_equal(talk(world, "</stream:stream>"), "</stream:stream>");
}

static void free_inside(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *previd)
{
	struct world *world = world_of_hook(hook);
	struct side *newest = world->sessions;
	(void)handler, (void)previd;
	assert_ptr_equal(envoi_session_stream(newest->session), stream);
	envoi_session_free(newest->session);
	newest->session = NULL;
}

static bool free_when_enabled(struct envoi_resumption_hook *hook, struct envoi_session *session,
	uint64_t wanted_s, struct envoi_resumption *resumption)
{
	(void)wanted_s, (void)resumption;
	assert_ptr_equal(world_of_hook(hook)->sessions->session, session);
	envoi_session_free(session);
	world_of_hook(hook)->sessions->session = NULL;
	return true;
}

static void free_when_expired(struct envoi_resumption_hook *hook, struct envoi_session *session)
{
	world_of_hook(hook)->sessions->session = NULL;
	envoi_session_free(session);
}

static void sessions_may_be_freed_inside_the_hooks(void **state)
{
	static const struct envoi_resumption_hook_impl freeing[] = {
		{.enabled = world_on_enabled, .wanted = free_inside},
		{.enabled = free_when_enabled, .wanted = world_on_wanted},
		{.enabled = world_on_enabled,
			.wanted = world_on_wanted,
			.expired = free_when_expired},
	};
	struct world *world = *state;
	world->hook.impl = &freeing[0];
	connect_raw(world);
	(void)resume_raw(world, "previd='x' h='0'");
	assert_null(world->sessions->session);
	world->hook.impl = &freeing[1];
	connect_raw(world);
	(void)talk(world, BIND);
	(void)talk(world, "<enable " SM " resume='1'/>");
	assert_null(world->sessions->session);
	world->hook.impl = &freeing[2];
	world->max_s = 1;
	(void)enable_raw(world);
	envoi_memory_pair_cut(world->pair);
	world_run(world, 1000);
	assert_null(world->sessions->session);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(misuse_is_answered_and_changes_nothing),
		TEST(a_session_may_be_named_by_one_character),
		TEST(binding_is_possible_after_a_failed_resumption),
		TEST(an_h_that_is_too_high_ends_stream_and_session),
		TEST(a_session_closed_in_order_is_not_resumable),
		TEST(a_wrong_session_looks_like_an_unknown_one),
		TEST(a_session_of_another_account_looks_like_an_unknown_one),
		TEST(an_expired_session_is_answered_with_what_it_handled),
		TEST(the_last_expired_session_is_answered),
		TEST(what_came_before_the_closing_tag_is_acknowledged),
		TEST(sessions_may_be_freed_inside_the_hooks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
