/*
 * envoi - SASL between two streams of ours, with channel bindings: tests
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memmem */

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/features.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>

#include "recorder.h"

/* A TLS connection as far as SASL sees it. */
struct fake_tls {
	const char *version;
	const char *types; /* those that it has */
	const char *data;
	int error; /* of asking; ENVOI_OK: none */
};

#define PASSWORD "s3cret-of-alice"

static struct fake_tls tls[2]; /* of enum envoi_role */

static int binding_of(const struct fake_tls *fake, const char *type, struct envoi_buffer *out)
{
	if (fake->error < 0) {
		return fake->error;
	}
	return strstr(fake->types, type) == NULL ? ENVOI_ERR_UNSUPPORTED
						 : envoi_buffer_append_text(out, fake->data);
}

static int initiators_binding(
	struct envoi_transport *transport, const char *type, struct envoi_buffer *out)
{
	(void)transport;
	return binding_of(&tls[ENVOI_INITIATOR], type, out);
}

static int receivers_binding(
	struct envoi_transport *transport, const char *type, struct envoi_buffer *out)
{
	(void)transport;
	return binding_of(&tls[ENVOI_RECEIVER], type, out);
}

static void tls_info(const struct envoi_transport *transport, struct envoi_tls_info *ret_info)
{
	(void)transport;
	*ret_info = (struct envoi_tls_info){
		.version = tls[ENVOI_INITIATOR].version, .trust = ENVOI_TLS_TRUST_VERIFIED};
}

/* An allocator whose n-th call fails. */
static long allocations, fail_at;

static void *failing_alloc(void *user, size_t len)
{
	(void)user;
	return allocations++ == fail_at ? NULL : malloc(len);
}

static void *failing_realloc(void *user, void *memory, size_t len)
{
	(void)user;
	return allocations++ == fail_at ? NULL : realloc(memory, len);
}

/* Whatever is given back has been wiped of the password, however it was written down. */
static unsigned int secrets_freed;

static void plain_free(void *user, void *memory)
{
	(void)user;
	static const struct {
		const char *bytes;
		size_t len;
	} forms[] = {
		{"s3cret-of-alice", 15},
		{"AGFsaWNlAHMzY3JldC1vZi1hbGljZQ", 30}, /* as PLAIN sends it */
		{"7333637265742d6f662d616c696365", 30},
	};
	size_t len = memory != NULL ? malloc_usable_size(memory) : 0;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		secrets_freed += memmem(memory, len, forms[i].bytes, forms[i].len) != NULL;
	}
	free(memory);
}

struct world {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings[2];
	struct envoi_jid *local[2];
	struct envoi_memory_pair *pair;
	struct recorder recorders[2];
	struct envoi_handler *handlers[2];
	struct envoi_transport_impl impls[2];
};

static struct world world;

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	envoi_sasl_lookup_answer_password(
		lookup, strcmp(lookup->authcid, "alice") == 0 ? PASSWORD : NULL);
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};
static struct envoi_sasl_directory directory = {.impl = &directory_impl};

static int make_handlers(const char *password)
{
	struct envoi_sasl_credentials *credentials;
	int r = envoi_sasl_password_new(&credentials, world.context, NULL, password);
	if (r == ENVOI_OK) {
		r = envoi_sasl_feature_new(&world.handlers[ENVOI_INITIATOR], world.context,
			world.settings[ENVOI_INITIATOR], credentials);
	}
	if (r == ENVOI_OK) {
		r = envoi_sasl_receiver_new(&world.handlers[ENVOI_RECEIVER], world.context,
			world.settings[ENVOI_RECEIVER], &directory);
	}
	return r;
}

static int make_stream(enum envoi_role role)
{
	struct envoi_transport *transport;
	int r = envoi_memory_transport_new(&transport, world.pair,
		role == ENVOI_INITIATOR ? ENVOI_MEMORY_A : ENVOI_MEMORY_B, world.settings[role],
		true);
	if (r < 0) {
		return r;
	}
	world.impls[role] = *transport->impl;
	world.impls[role].channel_binding = role == ENVOI_INITIATOR ? initiators_binding
								    : receivers_binding;
	world.impls[role].tls_info = tls_info;
	transport->impl = &world.impls[role];
	struct envoi_stream_options options = {
		.role = role,
		.local = world.local[role],
		.peer_domain = role == ENVOI_INITIATOR ? "example.org" : NULL,
		.handlers = &world.handlers[role],
		.handler_count = 1,
		.required = ENVOI_STREAM_AUTHENTICATED,
		.settings = world.settings[role],
	};
	return envoi_stream_new(&world.recorders[role].stream, world.context, &options, transport,
		&world.recorders[role].sink);
}

static int setup(void **state)
{
	(void)state;
	struct envoi_context_options options = {
		.allocator = {failing_alloc, failing_realloc, plain_free, NULL}};
	fail_at = -1;
	tls[0] = tls[1] = (struct fake_tls){"TLS1.3", "tls-exporter", "the same", ENVOI_OK};
	world = (struct world){.context = NULL};
	assert_int_equal(envoi_context_new(&world.context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&world.loop, world.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(world.context, world.loop), ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&world.pair, world.context), ENVOI_OK);
	static const char *const addresses[] = {"alice@example.org", "example.org"};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(envoi_settings_new(&world.settings[i], world.context), ENVOI_OK);
		assert_int_equal(envoi_jid_from_text(&world.local[i], world.context, addresses[i]),
			ENVOI_OK);
		recorder_init(&world.recorders[i], world.context);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		recorder_finish(&world.recorders[i]);
		envoi_handler_destroy(world.handlers[i]);
		envoi_settings_free(world.settings[i]);
		envoi_jid_unref(world.local[i]);
	}
	envoi_memory_pair_unref(world.pair);
	envoi_context_unref(world.context);
	return 0;
}

static void start_afresh(void)
{
	teardown(NULL);
	setup(NULL);
}

static int login(const char *password)
{
	int r = make_handlers(password);
	if (r == ENVOI_OK) {
		r = make_stream(ENVOI_RECEIVER);
	}
	if (r == ENVOI_OK) {
		r = make_stream(ENVOI_INITIATOR);
	}
	return r < 0 ? r : envoi_loop_simulated_run_for(world.loop, 120000);
}

static void set(enum envoi_role role, const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(world.settings[role], name, value), ENVOI_OK);
}

static void assert_logged_in(const char *mechanism)
{
	char line[64];
	snprintf(line, sizeof(line), "gained authenticated %s", mechanism);
	for (int i = 0; i < 2; i++) {
		assert_true(recorder_has(&world.recorders[i], line));
		assert_true(recorder_has(&world.recorders[i], "ready"));
	}
}

static void assert_not_logged_in(void)
{
	for (int i = 0; i < 2; i++) {
		assert_false(recorder_has(&world.recorders[i], "gained authenticated"));
	}
}

static void the_strongest_that_both_have_is_used(void **state)
{
	(void)state;
	assert_int_equal(login(PASSWORD), ENVOI_OK);
	assert_logged_in("SCRAM-SHA-512-PLUS");
	assert_string_equal(envoi_sasl_user(world.recorders[ENVOI_RECEIVER].stream,
				    world.handlers[ENVOI_RECEIVER]),
		"alice");
}

static void each_mechanism_logs_in(void **state)
{
	(void)state;
	static const char *const mechanisms[] = {
		"SCRAM-SHA-512-PLUS",
		"SCRAM-SHA-256-PLUS",
		"SCRAM-SHA-1-PLUS",
		"SCRAM-SHA-512",
		"SCRAM-SHA-256",
		"SCRAM-SHA-1",
		"PLAIN",
	};
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		set(ENVOI_INITIATOR, "sasl.mechanisms", mechanisms[i]);
		assert_int_equal(login(PASSWORD), ENVOI_OK);
		assert_logged_in(mechanisms[i]);
		start_afresh();
	}
}

static void each_binding_that_both_have_binds(void **state)
{
	(void)state;
	static const struct {
		const char *version, *types, *mechanism;
	} rows[] = {
		{"TLS1.3", "tls-exporter tls-server-end-point", "SCRAM-SHA-512-PLUS"},
		{"TLS1.2", "tls-exporter tls-unique tls-server-end-point", "SCRAM-SHA-512-PLUS"},
		{"TLS1.2", "tls-unique", "SCRAM-SHA-512-PLUS"},
		{"TLS1.2", "tls-server-end-point", "SCRAM-SHA-512-PLUS"},
		{"TLS1.2", "", "SCRAM-SHA-512"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int side = 0; side < 2; side++) {
			tls[side].version = rows[i].version;
			tls[side].types = rows[i].types;
		}
		assert_int_equal(login(PASSWORD), ENVOI_OK);
		assert_logged_in(rows[i].mechanism);
		start_afresh();
	}
}

static unsigned int secrets_logged;

static void look_for_secrets(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user, (void)level, (void)subject;
	secrets_logged += strstr(message, PASSWORD) != NULL ||
		strstr(message, "AGFsaWNlAHMzY3JldC1v") != NULL;
}

static void secrets_are_neither_logged_nor_left_in_memory(void **state)
{
	(void)state;
	static const char *const mechanisms[] = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "PLAIN"};
	secrets_logged = secrets_freed = 0;
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		envoi_context_set_log(world.context, look_for_secrets, ENVOI_LOG_DEBUG, NULL);
		set(ENVOI_INITIATOR, "sasl.mechanisms", mechanisms[i]);
		assert_int_equal(login(PASSWORD), ENVOI_OK);
		assert_logged_in(mechanisms[i]);
		start_afresh();
	}
	assert_int_equal(secrets_logged, 0);
	assert_int_equal(secrets_freed, 0);
}

/* Two TLS connections, with an attacker in between. It is not tried without binding either. */
static void a_man_in_the_middle_gets_nothing(void **state)
{
	(void)state;
	tls[ENVOI_RECEIVER].data = "another";
	assert_int_equal(login(PASSWORD), ENVOI_OK);
	assert_not_logged_in();
	const struct envoi_failure *failure = &world.recorders[ENVOI_INITIATOR].failure;
	assert_int_equal(failure->code, ENVOI_ERR_AUTH);
	assert_string_equal(failure->condition, "not-authorized");
	assert_string_equal(failure->text, "SCRAM-SHA-512-PLUS refused by the server");
}

static void a_wrong_password_is_reported_as_such(void **state)
{
	(void)state;
	assert_int_equal(login("S3cret-of-alice"), ENVOI_OK);
	assert_not_logged_in();
	const struct envoi_failure *failure = &world.recorders[ENVOI_INITIATOR].failure;
	assert_int_equal(failure->phase, ENVOI_PHASE_SASL);
	assert_int_equal(failure->code, ENVOI_ERR_AUTH);
	assert_int_equal(failure->retry, ENVOI_RETRY_AFTER_USER);
	assert_string_equal(failure->condition, "not-authorized");
}

static void required_binding_that_is_not_there_ends_the_login(void **state)
{
	(void)state;
	set(ENVOI_INITIATOR, "sasl.channel-binding", "require");
	set(ENVOI_RECEIVER, "sasl.channel-binding", "never");
	assert_int_equal(login(PASSWORD), ENVOI_OK);
	assert_not_logged_in();
	assert_int_equal(world.recorders[ENVOI_INITIATOR].failure.code, ENVOI_ERR_AUTH);
}

/* Otherwise exhausting the memory would cause a login without binding. */
static void a_binding_that_memory_is_short_for_is_not_left_out(void **state)
{
	(void)state;
	tls[ENVOI_INITIATOR].error = ENVOI_ERR_NOMEM;
	assert_int_equal(login(PASSWORD), ENVOI_OK);
	assert_not_logged_in();
	assert_int_equal(world.recorders[ENVOI_INITIATOR].failure.code, ENVOI_ERR_NOMEM);
}

/* At every allocation of a whole login. Nothing leaks, and both sides come to an end. */
static void running_out_of_memory_anywhere_ends_in_order(void **state)
{
	(void)state;
	bool complete = false;
	for (long k = 0; !complete && k < 5000; k++) {
		allocations = 0;
		fail_at = k;
		int r = login(PASSWORD);
		complete = allocations <= k;
		fail_at = -1;
		if (r == ENVOI_OK) {
			const struct recorder *initiator = &world.recorders[ENVOI_INITIATOR];
			assert_true(initiator->closed_count == 1 ||
				recorder_has(&world.recorders[ENVOI_INITIATOR], "ready"));
		} else {
			assert_int_equal(r, ENVOI_ERR_NOMEM);
		}
		start_afresh();
	}
	assert_true(complete);
}

/* A second login, in the same context, with what the first has taught: its keys, or the
 * password again where the count has changed. */
static int log_in_again(struct envoi_sasl_history *history, const char *password, long k)
{
	for (int i = 0; i < 2; i++) {
		recorder_finish(&world.recorders[i]);
		recorder_init(&world.recorders[i], world.context);
		envoi_handler_destroy(world.handlers[i]);
		world.handlers[i] = NULL;
	}
	envoi_memory_pair_unref(world.pair);
	world.pair = NULL;
	assert_int_equal(envoi_memory_pair_new(&world.pair, world.context), ENVOI_OK);
	allocations = 0;
	fail_at = k;
	int r = make_handlers(password);
	if (r == ENVOI_OK) {
		envoi_sasl_feature_set_history(world.handlers[ENVOI_INITIATOR], history);
		r = make_stream(ENVOI_RECEIVER);
	}
	if (r == ENVOI_OK) {
		r = make_stream(ENVOI_INITIATOR);
	}
	if (r == ENVOI_OK) {
		r = envoi_loop_simulated_run_for(world.loop, 120000);
	}
	fail_at = -1;
	return r;
}

static void run_out_of_memory_with_keys(const char *password, const char *count)
{
	bool complete = false;
	for (long k = 0; !complete && k < 5000; k++) {
		struct envoi_sasl_history *history;
		assert_int_equal(envoi_sasl_history_new(&history, world.context), ENVOI_OK);
		assert_int_equal(log_in_again(history, PASSWORD, -1), ENVOI_OK);
		assert_logged_in("SCRAM-SHA-512-PLUS");
		set(ENVOI_RECEIVER, "sasl.min-iterations", count);
		int r = log_in_again(history, password, k);
		complete = allocations <= k;
		const struct recorder *initiator = &world.recorders[ENVOI_INITIATOR];
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		assert_true(r < 0 || initiator->closed_count == 1 ||
			recorder_has(&world.recorders[ENVOI_INITIATOR], "ready"));
		if (complete) {
			assert_logged_in("SCRAM-SHA-512-PLUS");
		}
		recorder_free_stream(&world.recorders[ENVOI_INITIATOR]);
		envoi_sasl_history_free(history);
		start_afresh();
	}
	assert_true(complete);
}

static void running_out_of_memory_with_keys_ends_in_order(void **state)
{
	(void)state;
	run_out_of_memory_with_keys(NULL, "4096");
}

static void running_out_of_memory_when_keys_do_not_fit_ends_in_order(void **state)
{
	(void)state;
	run_out_of_memory_with_keys(PASSWORD, "4097");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(the_strongest_that_both_have_is_used),
		CASE(each_mechanism_logs_in),
		CASE(each_binding_that_both_have_binds),
		CASE(secrets_are_neither_logged_nor_left_in_memory),
		CASE(a_man_in_the_middle_gets_nothing),
		CASE(a_wrong_password_is_reported_as_such),
		CASE(required_binding_that_is_not_there_ends_the_login),
		CASE(a_binding_that_memory_is_short_for_is_not_left_out),
		CASE(running_out_of_memory_anywhere_ends_in_order),
		CASE(running_out_of_memory_with_keys_ends_in_order),
		CASE(running_out_of_memory_when_keys_do_not_fit_ends_in_order),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/sasl_login", tests, NULL, NULL);
}
