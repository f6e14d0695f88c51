/*
 * envoi - listeners: limits and counting, in virtual time
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/listener.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>

#include "test_allocator.h"

enum {
	MOST_ADMISSIONS = 16,
};

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_listener *listener;
	struct envoi_admission *admissions[MOST_ADMISSIONS];
	size_t count;
	int result; /* of `admitted` */
	bool frees;
	size_t fail_at; /* allocation of taking a connection; 0: none */
	struct envoi_listener_source source;
	unsigned int wanted, unwanted, destroyed;
};

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	struct fixture *f = user;
	envoi_channel_destroy(channel);
	if (f->frees) {
		envoi_listener_free(f->listener);
		f->listener = NULL;
	}
	if (f->result == ENVOI_OK) {
		assert_true(f->count < MOST_ADMISSIONS);
		f->admissions[f->count++] = admission;
	}
	return f->result;
}

static void on_want(struct envoi_listener_source *source, bool is_wanted)
{
	struct fixture *f = ENVOI_CONTAINER_OF(source, struct fixture, source);
	assert_int_equal(source->is_wanted, is_wanted);
	f->wanted += is_wanted;
	f->unwanted += !is_wanted;
}

static void on_destroy(struct envoi_listener_source *source)
{
	ENVOI_CONTAINER_OF(source, struct fixture, source)->destroyed++;
}

static const struct envoi_listener_source_impl source_impl = {
	.name = "test", .want = on_want, .destroy = on_destroy};

static void new_listener(struct fixture *f, const char *name, const char *value)
{
	struct envoi_settings *settings;
	const struct envoi_listener_options options = {.admitted = on_admitted, .user = f};
	struct envoi_listener_options own = options;
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, name, value), ENVOI_OK);
	own.settings = settings;
	envoi_listener_free(f->listener);
	assert_int_equal(envoi_listener_new(&f->listener, f->context, &own), ENVOI_OK);
	envoi_settings_free(settings);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.source.impl = &source_impl};
	struct envoi_context_options options = {
		.allocator = test_allocator_functions(&f->allocator)};
	assert_int_equal(envoi_context_new(&f->context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->count; i++) {
		envoi_admission_end(f->admissions[i]);
	}
	envoi_listener_free(f->listener);
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	return 0;
}

static void run(struct fixture *f)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 0), ENVOI_OK);
}

/* @param text  NULL: no address */
static int connect_from(struct fixture *f, const char *text)
{
	struct envoi_memory_pair *pair;
	struct envoi_channel *channel;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const struct sockaddr *address = NULL;
	socklen_t len = 0;
	if (text != NULL && inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		address = (const struct sockaddr *)&v4;
		len = sizeof(v4);
	} else if (text != NULL) {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		address = (const struct sockaddr *)&v6;
		len = sizeof(v6);
	}
	assert_int_equal(envoi_memory_pair_new(&pair, f->context), ENVOI_OK);
	int r = envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_B);
	envoi_memory_pair_unref(pair);
	assert_int_equal(r, ENVOI_OK);
	f->allocator.fail_at = f->fail_at > 0 ? f->allocator.calls + f->fail_at : 0;
	r = envoi_listener_take(f->listener, "xmpp-client", channel, address, len);
	f->allocator.fail_at = 0;
	return r;
}

static struct envoi_listener_stats stats_of(const struct fixture *f)
{
	struct envoi_listener_stats stats;
	envoi_listener_get_stats(f->listener, &stats);
	return stats;
}

static void a_connection_is_handed_over_with_its_address(void **state)
{
	struct fixture *f = *state;
	static const char *const addresses[][2] = {{"192.0.2.1", "192.0.2.1"},
		{"2001:db8::1", "2001:db8::1"}, {"::ffff:192.0.2.7", "192.0.2.7"}, {NULL, ""}};
	new_listener(f, "listener.connections", "10");
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		assert_int_equal(connect_from(f, addresses[i][0]), ENVOI_OK);
		assert_string_equal(envoi_admission_address(f->admissions[i]), addresses[i][1]);
		assert_string_equal(envoi_admission_service(f->admissions[i]), "xmpp-client");
	}
	assert_int_equal(stats_of(f).connections, 4);
	assert_int_equal(stats_of(f).admitted, 4);
}

static void an_address_has_so_many_connections_without_login(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.per-address", "2");
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_OK);
	assert_int_equal(connect_from(f, "::ffff:192.0.2.1"), ENVOI_OK);
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_ERR_LIMIT);
	assert_int_equal(connect_from(f, "192.0.2.2"), ENVOI_OK);
	assert_int_equal(envoi_admission_log_in(f->admissions[0], "a@example.org"), ENVOI_OK);
	assert_int_equal(
		envoi_admission_log_in(f->admissions[0], "a@example.org"), ENVOI_ERR_STATE);
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_OK);
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_ERR_LIMIT);
	assert_int_equal(stats_of(f).refused, 2);
	assert_int_equal(stats_of(f).logged_in, 1);
}

static void of_ipv6_a_network_is_counted(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.per-address", "2");
	assert_int_equal(connect_from(f, "2001:db8:0:1::1"), ENVOI_OK);
	assert_int_equal(connect_from(f, "2001:db8:0:1:ffff::2"), ENVOI_OK);
	assert_int_equal(connect_from(f, "2001:db8:0:1::3"), ENVOI_ERR_LIMIT);
	assert_int_equal(connect_from(f, "2001:db8:0:2::1"), ENVOI_OK);
	envoi_admission_end(f->admissions[0]);
	f->admissions[0] = NULL;
	assert_int_equal(connect_from(f, "2001:db8:0:1::3"), ENVOI_OK);
}

static void connections_without_an_address_are_not_counted_by_address(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.per-address", "1");
	assert_int_equal(connect_from(f, NULL), ENVOI_OK);
	assert_int_equal(connect_from(f, NULL), ENVOI_OK);
}

static void an_account_has_so_many_connections(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.per-account", "1");
	for (int i = 0; i < 4; i++) {
		assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_OK);
	}
	assert_int_equal(envoi_admission_log_in(f->admissions[0], "a@example.org"), ENVOI_OK);
	assert_int_equal(
		envoi_admission_log_in(f->admissions[1], "a@example.org"), ENVOI_ERR_LIMIT);
	assert_int_equal(envoi_admission_log_in(f->admissions[2], NULL), ENVOI_OK);
	assert_int_equal(envoi_admission_log_in(f->admissions[3], NULL), ENVOI_OK);
	envoi_admission_end(f->admissions[0]);
	f->admissions[0] = NULL;
	assert_int_equal(envoi_admission_log_in(f->admissions[1], "a@example.org"), ENVOI_OK);
}

static void a_full_listener_does_not_want_its_sources(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.connections", "2");
	envoi_listener_add_source(f->listener, &f->source);
	run(f);
	assert_int_equal(f->wanted, 1);
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_OK);
	assert_true(f->source.is_wanted);
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_OK);
	assert_false(f->source.is_wanted);
	assert_true(stats_of(f).is_full);
	run(f);
	assert_int_equal(f->unwanted, 1);
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_ERR_LIMIT);
	envoi_admission_end(f->admissions[1]);
	f->count = 1;
	assert_false(f->source.is_wanted);
	run(f);
	assert_true(f->source.is_wanted);
}

static void a_paused_listener_takes_none(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.connections", "2");
	envoi_listener_add_source(f->listener, &f->source);
	envoi_listener_pause(f->listener, true);
	run(f);
	assert_int_equal(f->wanted, 0);
	assert_int_equal(connect_from(f, NULL), ENVOI_ERR_STATE);
	envoi_listener_pause(f->listener, false);
	run(f);
	assert_int_equal(f->wanted, 1);
	assert_int_equal(connect_from(f, NULL), ENVOI_OK);
}

static void a_connection_that_its_owner_refuses_is_not_counted(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.per-address", "1");
	f->result = ENVOI_ERR_UNSUPPORTED;
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_ERR_UNSUPPORTED);
	f->result = ENVOI_OK;
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_OK);
	assert_int_equal(stats_of(f).connections, 1);
	assert_int_equal(stats_of(f).refused, 1);
}

static void admissions_outlive_their_listener(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.connections", "2");
	envoi_listener_add_source(f->listener, &f->source);
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_OK);
	f->frees = true;
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_OK);
	assert_null(f->listener);
	assert_int_equal(f->destroyed, 1);
	assert_string_equal(envoi_admission_address(f->admissions[0]), "192.0.2.1");
	assert_int_equal(envoi_admission_log_in(f->admissions[0], "a@example.org"), ENVOI_OK);
}

static void a_listener_may_be_freed_and_the_connection_refused(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.connections", "2");
	f->frees = true;
	f->result = ENVOI_ERR_STATE;
	assert_int_equal(connect_from(f, "192.0.2.1"), ENVOI_ERR_STATE);
	assert_null(f->listener);
}

static void a_lack_of_memory_refuses_one_connection(void **state)
{
	struct fixture *f = *state;
	new_listener(f, "listener.connections", "5");
	int r;
	do {
		f->fail_at++;
		r = connect_from(f, "192.0.2.1");
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
	} while (r == ENVOI_ERR_NOMEM);
	assert_int_equal(f->fail_at, 4); /* the admission, a tally, the map */
	assert_int_equal(stats_of(f).connections, 1);
	f->allocator.fail_at = f->allocator.calls + 1;
	assert_int_equal(
		envoi_admission_log_in(f->admissions[0], "a@example.org"), ENVOI_ERR_NOMEM);
	f->allocator.fail_at = 0;
	assert_int_equal(envoi_admission_log_in(f->admissions[0], "a@example.org"), ENVOI_OK);
}

static void a_listener_has_a_function(void **state)
{
	struct fixture *f = *state;
	const struct envoi_listener_options options = {.user = f};
	assert_int_equal(envoi_listener_new(&f->listener, f->context, &options), ENVOI_ERR_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_handed_over_with_its_address),
		TEST(an_address_has_so_many_connections_without_login),
		TEST(of_ipv6_a_network_is_counted),
		TEST(connections_without_an_address_are_not_counted_by_address),
		TEST(an_account_has_so_many_connections),
		TEST(a_full_listener_does_not_want_its_sources),
		TEST(a_paused_listener_takes_none),
		TEST(a_connection_that_its_owner_refuses_is_not_counted),
		TEST(admissions_outlive_their_listener),
		TEST(a_listener_may_be_freed_and_the_connection_refused),
		TEST(a_lack_of_memory_refuses_one_connection),
		TEST(a_listener_has_a_function),
	};
	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
