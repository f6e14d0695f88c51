/*
 * envoi - sessions: tests of reports that features have changed
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire.h"

/** Counts the reports. */
struct listener {
	struct envoi_handler base;
	unsigned int count;
};

static void features_changed(struct envoi_handler *self)
{
	ENVOI_CONTAINER_OF(self, struct listener, base)->count++;
}

static const struct envoi_handler_impl listener_impl = {
	.name = "listener", .features_changed = features_changed};

static const char *const uris[] = {"urn:example:a", NULL};
static const char *const needs[] = {"ground", NULL};
static const struct envoi_handler_impl announcing_impl = {.name = "announcing", .uris = uris};
static const struct envoi_handler_impl silent_impl = {.name = "silent"};
static const struct envoi_handler_impl waiting_impl = {
	.name = "waiting", .uris = uris, .needs = needs};
static const struct envoi_handler_impl ground_impl = {.name = "ground"};

static struct listener listener;

static int setup(void **state)
{
	int r = wire_setup_online(state);
	struct wire *wire = *state;
	listener = (struct listener){.base = {&listener_impl}};
	assert_int_equal(envoi_session_add(wire->session, &listener.base), ENVOI_OK);
	assert_int_equal(listener.count, 0);
	return r;
}

static void a_handler_with_features_is_reported_when_it_comes_and_goes(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler announcing = ENVOI_HANDLER(&announcing_impl);
	assert_int_equal(envoi_session_add(wire->session, &announcing), ENVOI_OK);
	assert_int_equal(listener.count, 1);
	envoi_session_remove(wire->session, &announcing);
	assert_int_equal(listener.count, 2);
	envoi_session_remove(wire->session, &announcing);
	assert_int_equal(listener.count, 2);
}

static void one_without_features_is_not(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler silent = ENVOI_HANDLER(&silent_impl);
	assert_int_equal(envoi_session_add(wire->session, &silent), ENVOI_OK);
	envoi_session_remove(wire->session, &silent);
	assert_int_equal(listener.count, 0);
}

static void one_that_waits_is_reported_when_it_takes_part(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler waiting = ENVOI_HANDLER(&waiting_impl);
	struct envoi_handler ground = ENVOI_HANDLER(&ground_impl);
	assert_int_equal(envoi_session_add(wire->session, &waiting), ENVOI_OK);
	assert_int_equal(listener.count, 0);
	assert_int_equal(envoi_session_add(wire->session, &ground), ENVOI_OK);
	assert_int_equal(listener.count, 1);
	envoi_session_remove(wire->session, &waiting);
	envoi_session_remove(wire->session, &ground);
	assert_int_equal(listener.count, 2);
}

static void other_changes_are_reported_by_who_makes_them(void **state)
{
	struct wire *wire = *state;
	envoi_session_note_features(wire->session);
	assert_int_equal(listener.count, 1);
	envoi_session_remove(wire->session, &listener.base);
	envoi_session_note_features(wire->session);
	assert_int_equal(listener.count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_handler_with_features_is_reported_when_it_comes_and_goes),
		TEST(one_without_features_is_not),
		TEST(one_that_waits_is_reported_when_it_takes_part),
		TEST(other_changes_are_reported_by_who_makes_them),
	};
	return cmocka_run_group_tests_name("session/features", tests, NULL, NULL);
}
