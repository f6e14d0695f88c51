/*
 * envoi - connectors of channels that exist at once: tests
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>

#include "test_allocator.h"

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_connector *connector;
	struct envoi_transport *transport;
	struct envoi_memory_end *peers[4];
	int makes, dones, destroys;
	int result; /* of the last connecting */
	char text[96]; /* of its failure */
	int make_result, make_errno; /* instead of a channel */
	bool is_secure_next; /* for the next channel only */
	bool destroys_in_make, reconnects_in_make;
	char domain[64], server[64]; /* of the last target */
};

static int connect_to(struct fixture *f, const char *url);

static int make_channel(struct fixture *f, struct envoi_channel **ret_channel)
{
	struct envoi_memory_pair *pair;
	int r = envoi_memory_pair_new(&pair, f->context);
	if (r < 0) {
		return r;
	}
	r = envoi_memory_end_new(&f->peers[f->makes++], pair, ENVOI_MEMORY_B, NULL, NULL);
	if (r == ENVOI_OK) {
		r = envoi_memory_channel_new(ret_channel, pair, ENVOI_MEMORY_A);
	}
	envoi_memory_pair_unref(pair);
	return r;
}

static int on_make(void *own, struct envoi_channel **ret_channel, const struct envoi_target *target,
	struct envoi_channel_options *options)
{
	struct fixture *f = own;
	snprintf(f->domain, sizeof(f->domain), "%s", target->domain);
	snprintf(f->server, sizeof(f->server), "%s:%d",
		envoi_settings_text(target->settings, "server"),
		(int)envoi_settings_int(target->settings, "port"));
	options->is_secure = f->is_secure_next;
	f->is_secure_next = false;
	errno = f->make_errno;
	int r = f->make_result != ENVOI_OK ? f->make_result : make_channel(f, ret_channel);
	if (f->reconnects_in_make) {
		f->reconnects_in_make = false;
		f->connector->impl->cancel(f->connector);
		assert_int_equal(connect_to(f, NULL), ENVOI_OK);
	}
	if (f->destroys_in_make) {
		envoi_connector_destroy(f->connector);
		f->connector = NULL;
		assert_int_equal(f->destroys, 0);
	}
	return r;
}

static void on_destroy(void *own)
{
	struct fixture *f = own;
	f->destroys++;
}

static void on_done(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	f->dones++;
	f->transport = transport;
	f->result = failure != NULL ? failure->code : ENVOI_OK;
	snprintf(f->text, sizeof(f->text), "%s", failure != NULL ? failure->text : "");
}

static const struct envoi_channel_connector_impl impl = {
	.name = "test",
	.make = on_make,
	.destroy = on_destroy,
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	assert_int_equal(test_allocator_context(&f->context, &f->allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&f->settings, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_channel_connector_new(&f->connector, f->context, &impl, f), ENVOI_OK);
	*state = f;
	return 0;
}

static void drop_connection(struct fixture *f)
{
	envoi_transport_destroy(f->transport);
	f->transport = NULL;
	for (int i = 0; i < 4; i++) {
		envoi_memory_end_free(f->peers[i]);
		f->peers[i] = NULL;
	}
	f->makes = 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	drop_connection(f);
	envoi_connector_destroy(f->connector);
	envoi_settings_free(f->settings);
	envoi_context_unref(f->context);
	assert_int_equal(f->destroys, 1);
	assert_int_equal(f->allocator.live, 0);
	test_free(f);
	return 0;
}

static int connect_to(struct fixture *f, const char *url)
{
	const struct envoi_target target = {
		.domain = "example.org",
		.url = url,
		.service = "xmpp-client",
		.settings = f->settings,
		.timeout_ms = 5000,
	};
	return f->connector->impl->connect(f->connector, &target, on_done, f);
}

static void run_for(struct fixture *f, uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, duration_ms), ENVOI_OK);
}

static void run(struct fixture *f)
{
	run_for(f, 10000);
}

static bool is_secure(struct fixture *f)
{
	return f->transport->impl->is_secure(f->transport);
}

static void the_channel_is_made_from_the_loop_and_becomes_a_transport(void **state)
{
	struct fixture *f = *state;
	f->is_secure_next = true;
	assert_string_equal(f->connector->impl->name, "test");
	assert_int_equal(connect_to(f, NULL), ENVOI_OK);
	assert_int_equal(f->makes, 0);
	run(f);
	assert_int_equal(f->dones, 1);
	assert_string_equal(f->domain, "example.org");
	assert_string_equal(f->transport->impl->name, "memory");
	assert_true(is_secure(f));
}

static void make_has_the_settings_of_the_start_of_connecting(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_settings_set(f->settings, "server", "a.example"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "port", "5"), ENVOI_OK);
	assert_int_equal(connect_to(f, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "server", "b.example"), ENVOI_OK);
	run(f);
	assert_int_equal(f->dones, 1);
	assert_string_equal(f->server, "a.example:5");
}

static void each_connection_has_a_channel_of_its_own(void **state)
{
	struct fixture *f = *state;
	for (int i = 1; i <= 3; i++) {
		f->is_secure_next = i == 1;
		assert_int_equal(connect_to(f, NULL), ENVOI_OK);
		run(f);
		assert_int_equal(f->dones, i);
		assert_true(is_secure(f) == (i == 1));
		drop_connection(f);
	}
}

static void a_url_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(connect_to(f, "wss://example.org/"), ENVOI_ERR_UNSUPPORTED);
	run(f);
	assert_int_equal(f->makes + f->dones, 0);
}

/* XEP-0368: without TLS there is no such route */
static void direct_tls_without_a_configuration_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_settings_set(f->settings, "tls.mode", "direct"), ENVOI_OK);
	assert_int_equal(connect_to(f, NULL), ENVOI_ERR_INVALID);
	run(f);
	assert_int_equal(f->makes + f->dones, 0);
}

static void an_error_of_make_fails_connecting(void **state)
{
	struct fixture *f = *state;
	f->make_result = ENVOI_ERR_UNREACHABLE;
	assert_int_equal(connect_to(f, NULL), ENVOI_OK);
	run(f);
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->result, ENVOI_ERR_UNREACHABLE);
}

static void a_failed_system_call_in_make_is_named(void **state)
{
	struct fixture *f = *state;
	f->make_result = ENVOI_ERR_SYSTEM;
	f->make_errno = ENOENT;
	assert_int_equal(connect_to(f, NULL), ENVOI_OK);
	run(f);
	assert_int_equal(f->result, ENVOI_ERR_SYSTEM);
	assert_string_equal(f->text, strerror(ENOENT));
}

static void without_a_channel_connecting_ends_at_the_timeout(void **state)
{
	struct fixture *f = *state;
	f->make_result = ENVOI_AGAIN;
	assert_int_equal(connect_to(f, NULL), ENVOI_OK);
	run_for(f, 4999);
	assert_int_equal(f->dones, 0);
	run(f);
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->result, ENVOI_ERR_TIMEOUT);
}

static void destroying_in_make_is_silent_and_frees_the_channel(void **state)
{
	struct fixture *f = *state;
	f->destroys_in_make = true;
	assert_int_equal(connect_to(f, NULL), ENVOI_OK);
	run(f);
	assert_int_equal(f->dones, 0);
	assert_int_equal(f->destroys, 1);
	assert_true(envoi_memory_end_is_over(f->peers[0]));
}

/* The channel of the cancelled attempt is destroyed, and what it says of its security is not kept
 * for the next. */
static void connecting_again_in_make_uses_the_second_channel(void **state)
{
	struct fixture *f = *state;
	f->reconnects_in_make = true;
	f->is_secure_next = true;
	assert_int_equal(connect_to(f, NULL), ENVOI_OK);
	run(f);
	assert_int_equal(f->makes, 2);
	assert_int_equal(f->dones, 1);
	assert_true(envoi_memory_end_is_over(f->peers[0]));
	assert_false(envoi_memory_end_is_over(f->peers[1]));
	assert_false(is_secure(f));
}

static void every_failed_allocation_is_reported_once_and_nothing_leaks(void **state)
{
	struct fixture *f = *state;
	int failures = 0;
	bool has_failed = true;
	for (size_t n = 1; has_failed; n++) {
		f->dones = 0;
		f->allocator.fail_at = f->allocator.calls + n;
		int r = connect_to(f, NULL);
		if (r == ENVOI_OK) {
			run(f);
			assert_int_equal(f->dones, 1);
			r = f->result;
		}
		has_failed = f->allocator.calls >= f->allocator.fail_at;
		f->allocator.fail_at = 0;
		assert_int_equal(r, has_failed ? ENVOI_ERR_NOMEM : ENVOI_OK);
		failures += has_failed;
		drop_connection(f);
	}
	assert_true(failures >= 5);
}

static int make_and_destroy(struct envoi_context *context)
{
	static struct fixture unused;
	struct envoi_connector *connector;
	int r = envoi_channel_connector_new(&connector, context, &impl, &unused);
	if (r == ENVOI_OK) {
		envoi_connector_destroy(connector);
	}
	return r;
}

static void making_one_fails_without_memory(void **state)
{
	(void)state;
	assert_true(test_allocator_try(make_and_destroy) > 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_channel_is_made_from_the_loop_and_becomes_a_transport),
		CASE(make_has_the_settings_of_the_start_of_connecting),
		CASE(each_connection_has_a_channel_of_its_own),
		CASE(a_url_is_refused),
		CASE(direct_tls_without_a_configuration_is_refused),
		CASE(a_failed_system_call_in_make_is_named),
		CASE(an_error_of_make_fails_connecting),
		CASE(without_a_channel_connecting_ends_at_the_timeout),
		CASE(destroying_in_make_is_silent_and_frees_the_channel),
		CASE(connecting_again_in_make_uses_the_second_channel),
		CASE(every_failed_allocation_is_reported_once_and_nothing_leaks),
		cmocka_unit_test(making_one_fails_without_memory),
	};
	return cmocka_run_group_tests_name("transport/channel_connector", tests, NULL, NULL);
}
