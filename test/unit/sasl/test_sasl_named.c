/*
 * envoi - SASL mechanisms that are used only when named, against libgsasl's servers: tests
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memmem, RTLD_NEXT */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gsasl.h>

#include <envoi/context.h>
#include <envoi/interfaces/sasl.h>

#define PASSWORD "s3cret-of-alice"

static struct {
	struct envoi_context *context;
	Gsasl *gsasl;
	Gsasl_session *server;
	struct envoi_sasl_exchange *client;
	int client_result, server_result;
} world;

static int on_property(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
	(void)gsasl;
	switch (property) {
	case GSASL_PASSWORD:
		return gsasl_property_set(session, property, PASSWORD);
	case GSASL_VALIDATE_SIMPLE:
		return strcmp(gsasl_property_fast(session, GSASL_AUTHID), "alice") == 0 &&
				strcmp(gsasl_property_fast(session, GSASL_PASSWORD), PASSWORD) == 0
			? GSASL_OK
			: GSASL_AUTHENTICATION_ERROR;
	default:
		return GSASL_NO_CALLBACK;
	}
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(envoi_context_new(&world.context, NULL), ENVOI_OK);
	assert_int_equal(gsasl_init(&world.gsasl), GSASL_OK);
	gsasl_callback_set(world.gsasl, on_property);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gsasl_done(world.gsasl);
	envoi_context_unref(world.context);
	return 0;
}

static int start_client(const char *mechanism, const char *password)
{
	return envoi_sasl_start(&world.client, world.context,
		envoi_sasl_find(world.context, mechanism),
		&(struct envoi_sasl_parameters){.role = ENVOI_INITIATOR,
			.authcid = "alice",
			.password = password,
			.hostname = "example.org"});
}

/* What functions of libgsasl return; GSASL_OK: their own code. */
static int init_code, start_code;

/* In place of the functions of libgsasl. */
int gsasl_init(Gsasl **ret_gsasl)
{
	static int (*function)(Gsasl **);
	if (init_code != GSASL_OK) {
		return init_code;
	}
	if (function == NULL) {
		*(void **)&function = dlsym(RTLD_NEXT, "gsasl_init");
	}
	return function(ret_gsasl);
}

int gsasl_client_start(Gsasl *gsasl, const char *mechanism, Gsasl_session **ret_session)
{
	static int (*function)(Gsasl *, const char *, Gsasl_session **);
	if (start_code != GSASL_OK) {
		return start_code;
	}
	if (function == NULL) {
		*(void **)&function = dlsym(RTLD_NEXT, "gsasl_client_start");
	}
	return function(gsasl, mechanism, ret_session);
}

static void forge(char *text, size_t len)
{
	char *proof = memmem(text, len, "rspauth=", 8);
	if (proof != NULL) {
		proof[8] = proof[8] == '0' ? '1' : '0';
	}
}

/* The server begins. Each has the other's word, until both are done or one fails. */
static void converse(const char *mechanism, const char *password, bool is_forged)
{
	struct envoi_buffer to_server;
	char *to_client = NULL;
	size_t len = 0;
	envoi_buffer_init(&to_server, world.context, 0);
	assert_int_equal(gsasl_server_start(world.gsasl, mechanism, &world.server), GSASL_OK);
	assert_int_equal(start_client(mechanism, password), ENVOI_OK);
	world.client_result = ENVOI_AGAIN;
	world.server_result = gsasl_step(world.server, NULL, 0, &to_client, &len);
	for (int i = 0; i < 5 && world.client_result == ENVOI_AGAIN &&
		(world.server_result == GSASL_NEEDS_MORE || len > 0);
		i++) {
		if (is_forged) {
			forge(to_client, len);
		}
		envoi_buffer_wipe(&to_server);
		world.client_result = envoi_sasl_step(world.client, to_client, len, &to_server);
		gsasl_free(to_client);
		to_client = NULL;
		len = 0;
		if (world.client_result >= 0 && world.server_result == GSASL_NEEDS_MORE) {
			size_t said = envoi_buffer_len(&to_server);
			assert_int_equal(envoi_buffer_append(&to_server, "", 1), ENVOI_OK);
			world.server_result = gsasl_step(world.server,
				envoi_buffer_data(&to_server), said, &to_client, &len);
		}
	}
	gsasl_free(to_client);
	gsasl_finish(world.server);
	envoi_sasl_free(world.client);
	envoi_buffer_wipe(&to_server);
}

static void optional_mechanisms_log_in_if_the_settings_name_them(void **state)
{
	(void)state;
	static const char *const names[] = {"DIGEST-MD5", "CRAM-MD5", "LOGIN"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		converse(names[i], PASSWORD, false);
		assert_int_equal(world.server_result, GSASL_OK);
		assert_int_equal(world.client_result, ENVOI_OK);
		converse(names[i], "wrong", false);
		assert_true(world.server_result != GSASL_OK);
	}
}

/* rspauth: RFC 2831, section 2.1.3. */
static void a_server_of_digest_must_prove_itself(void **state)
{
	(void)state;
	converse("DIGEST-MD5", PASSWORD, true);
	assert_true(world.client_result < 0);
}

static void without_name_or_password_none_is_started(void **state)
{
	(void)state;
	static const struct {
		const char *authcid, *password;
	} rows[] = {{NULL, PASSWORD}, {"", PASSWORD}, {"alice", NULL}, {"alice", "\xff"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(envoi_sasl_start(&world.client, world.context,
					 envoi_sasl_find(world.context, "DIGEST-MD5"),
					 &(struct envoi_sasl_parameters){.role = ENVOI_INITIATOR,
						 .authcid = rows[i].authcid,
						 .password = rows[i].password,
						 .hostname = "example.org"}),
			ENVOI_ERR_INVALID);
	}
}

static void a_failure_of_libgsasl_to_start_is_an_error(void **state)
{
	(void)state;
	start_code = GSASL_UNKNOWN_MECHANISM;
	assert_int_equal(start_client("DIGEST-MD5", PASSWORD), ENVOI_ERR_UNSUPPORTED);
	start_code = GSASL_MALLOC_ERROR;
	assert_int_equal(start_client("DIGEST-MD5", PASSWORD), ENVOI_ERR_NOMEM);
	start_code = GSASL_OK;
}

static void a_libgsasl_that_cannot_begin_is_an_error(void **state)
{
	(void)state;
	init_code = GSASL_CRYPTO_ERROR;
	assert_int_equal(start_client("DIGEST-MD5", PASSWORD), ENVOI_ERR_SYSTEM);
	init_code = GSASL_MALLOC_ERROR;
	assert_int_equal(start_client("DIGEST-MD5", PASSWORD), ENVOI_ERR_NOMEM);
	init_code = GSASL_OK;
	assert_int_equal(start_client("DIGEST-MD5", PASSWORD), ENVOI_OK);
	envoi_sasl_free(world.client);
}

static void a_receiver_does_not_offer_them(void **state)
{
	(void)state;
	static const char *const names[] = {"DIGEST-MD5", "CRAM-MD5", "LOGIN", "NTLM", "GSSAPI"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(
			world.context, names[i]);
		assert_non_null(mechanism);
		assert_true(mechanism->needs_secure && mechanism->is_initiators);
		assert_int_equal(envoi_sasl_start(&world.client, world.context, mechanism,
					 &(struct envoi_sasl_parameters){.role = ENVOI_RECEIVER,
						 .hostname = "example.org"}),
			ENVOI_ERR_UNSUPPORTED);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(optional_mechanisms_log_in_if_the_settings_name_them),
		CASE(a_server_of_digest_must_prove_itself),
		CASE(without_name_or_password_none_is_started),
		CASE(a_failure_of_libgsasl_to_start_is_an_error),
		CASE(a_libgsasl_that_cannot_begin_is_an_error),
		CASE(a_receiver_does_not_offer_them),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("crypto/sasl_named", tests, NULL, NULL);
}
