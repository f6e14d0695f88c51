/*
 * envoi - SASL with a hostile peer: tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_fixture.h"

#include <stdio.h>
#include <string.h>

/* Starts a SCRAM login and takes the true server's first message. */
static void reach_server_first(struct fixture *f, const char *mechanism, char *first, size_t size)
{
	reset(f);
	struct envoi_sasl_parameters client = client_parameters(mechanism);
	struct envoi_sasl_parameters server = server_parameters(f);
	assert_int_equal(start(f, &f->client, mechanism, &client), ENVOI_OK);
	assert_int_equal(start(f, &f->server, mechanism, &server), ENVOI_OK);
	assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
	assert_int_equal(step(f->server, &f->to_server, true, &f->to_client), ENVOI_AGAIN);
	snprintf(first, size, "%.*s", (int)envoi_buffer_len(&f->to_client),
		envoi_buffer_data(&f->to_client));
	envoi_buffer_wipe(&f->to_server);
}

static int feed(struct fixture *f, const char *text)
{
	return finish_step(f->client, envoi_sasl_step(f->client, text, strlen(text), &f->to_server),
		&f->to_server);
}

/* RFC 5802, section 9 */
static void only_iteration_counts_within_the_bounds_are_computed(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *count;
		int result;
	} rows[] = {
		{"4096", ENVOI_AGAIN},
		{"1000000", ENVOI_AGAIN},
		{"4096,x=y", ENVOI_AGAIN},
		{"4095", ENVOI_ERR_LIMIT},
		{"1", ENVOI_ERR_LIMIT},
		{"1000001", ENVOI_ERR_LIMIT},
		{"10000000", ENVOI_ERR_LIMIT},
		{"4294967296", ENVOI_ERR_LIMIT},
		{"4294971392", ENVOI_ERR_LIMIT}, /* 2^32 + 4096 */
		{"18446744073709551615", ENVOI_ERR_LIMIT},
		{"18446744073709551616", ENVOI_ERR_LIMIT}, /* 2^64 */
		{"18446744073709555712", ENVOI_ERR_LIMIT}, /* 2^64 + 4096 */
		{"0", ENVOI_ERR_PROTOCOL},
		{"-1", ENVOI_ERR_PROTOCOL},
		{"1e9", ENVOI_ERR_PROTOCOL},
		{"4096x", ENVOI_ERR_PROTOCOL},
		{" 4096", ENVOI_ERR_PROTOCOL},
		{"", ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char first[256], forged[512];
		reach_server_first(f, "SCRAM-SHA-256", first, sizeof(first));
		char *count = strstr(first, ",i=");
		assert_non_null(count);
		snprintf(forged, sizeof(forged), "%.*s,i=%s", (int)(count - first), first,
			rows[i].count);
		assert_int_equal(feed(f, forged), rows[i].result);
		assert_int_equal(envoi_buffer_len(&f->to_server) > 0, rows[i].result > 0);
	}
}

/* @return whether two first messages of servers have the same salt */
static bool is_same_salt(const char *a, const char *b)
{
	const char *salt_a = strstr(a, ",s="), *salt_b = strstr(b, ",s=");
	assert_non_null(salt_a);
	assert_non_null(salt_b);
	return strcmp(salt_a, salt_b) == 0;
}

/* RFC 5802, section 2.1: the salt is individual for each user; clients keep keys for it. */
static void the_salt_of_a_user_stays_and_is_the_servers_own(void **state)
{
	struct fixture *f = *state;
	char first[256], second[256], elsewhere[256];
	reach_server_first(f, "SCRAM-SHA-256", first, sizeof(first));
	reach_server_first(f, "SCRAM-SHA-256", second, sizeof(second));
	assert_true(is_same_salt(first, second));
	void *other;
	sasl_setup(&other);
	reach_server_first(other, "SCRAM-SHA-256", elsewhere, sizeof(elsewhere));
	assert_false(is_same_salt(first, elsewhere));
	sasl_teardown(&other);
}

static void the_bounds_on_iterations_are_the_users(void **state)
{
	struct fixture *f = *state;
	static const struct {
		unsigned int min, max;
		int result;
	} rows[] = {
		{0, 0, ENVOI_OK},
		{1, 4096, ENVOI_OK},
		{4097, 0, ENVOI_ERR_LIMIT},
		{1, 4095, ENVOI_ERR_LIMIT},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-1");
		struct envoi_sasl_parameters server = server_parameters(f);
		client.min_iterations = rows[i].min;
		client.max_iterations = rows[i].max;
		run(f, "SCRAM-SHA-1", &client, &server);
		assert_int_equal(f->client_result, rows[i].result);
	}
}

/* The server's first message: "%s" stands for our nonce. */
static void a_malformed_first_message_of_the_server_ends_the_login(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *format;
		int result;
	} rows[] = {
		{"r=%sX,s=c2FsdA==,i=4096", ENVOI_AGAIN},
		{"r=%sX,s=YQ==,i=4096", ENVOI_AGAIN},
		{"r=%sX,s=====,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%s,s=c2FsdA==,i=4096", ENVOI_ERR_AUTH},
		{"r=X%s,s=c2FsdA==,i=4096", ENVOI_ERR_AUTH},
		{"r=somebodyelses,s=c2FsdA==,i=4096", ENVOI_ERR_AUTH},
		{"m=new,r=%sX,s=c2FsdA==,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%sX,s=,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%sX,s=!!!!,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%sX,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%sX,s=c2FsdA==", ENVOI_ERR_PROTOCOL},
		{"s=c2FsdA==,r=%sX,i=4096", ENVOI_ERR_PROTOCOL},
		{"e=unknown-user", ENVOI_ERR_PROTOCOL},
		{"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", ENVOI_ERR_PROTOCOL},
		{"r", ENVOI_ERR_PROTOCOL},
		{"", ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char first[256], nonce[64], forged[512];
		reach_server_first(f, "SCRAM-SHA-1", first, sizeof(first));
		snprintf(nonce, sizeof(nonce), "%.24s", first + 2);
		const char *place = strstr(rows[i].format, "%s");
		int before = place == NULL ? (int)strlen(rows[i].format)
					   : (int)(place - rows[i].format);
		snprintf(forged, sizeof(forged), "%.*s%s%s", before, rows[i].format,
			place == NULL ? "" : nonce, place == NULL ? "" : place + 2);
		assert_int_equal(feed(f, forged), rows[i].result);
		if (rows[i].result < 0) {
			assert_int_equal(feed(f, first), ENVOI_ERR_STATE);
		}
	}
}

static void only_the_servers_true_signature_completes_the_login(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *final; /* NULL: nothing at all */
		int result;
	} rows[] = {
		{NULL, ENVOI_ERR_AUTH},
		{"", ENVOI_ERR_PROTOCOL},
		{"v=", ENVOI_ERR_PROTOCOL},
		{"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", ENVOI_ERR_AUTH},
		{"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA", ENVOI_ERR_PROTOCOL},
		{"v=AAAA", ENVOI_ERR_PROTOCOL},
		{"v=!!!!", ENVOI_ERR_PROTOCOL},
		{"e=invalid-proof", ENVOI_ERR_AUTH},
		{"x=y", ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char first[256];
		reach_server_first(f, "SCRAM-SHA-1", first, sizeof(first));
		assert_int_equal(feed(f, first), ENVOI_AGAIN);
		int r = rows[i].final == NULL ? envoi_sasl_step(f->client, NULL, 0, &f->to_server)
					      : feed(f, rows[i].final);
		assert_int_equal(r, rows[i].result);
	}
}

static void a_client_that_begins_takes_no_challenge_before(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i <= WITH_PASSWORD; i++) {
		bool is_external = i == WITH_PASSWORD;
		const char *mechanism = is_external ? "EXTERNAL" : with_password[i];
		struct envoi_sasl_parameters client = client_parameters(mechanism);
		for (size_t len = 1; len <= 5; len++) {
			reset(f);
			assert_int_equal(start(f, &f->client, mechanism, &client), ENVOI_OK);
			assert_int_equal(envoi_sasl_step(f->client, "hello", len, &f->to_server),
				ENVOI_ERR_PROTOCOL);
			assert_int_equal(envoi_buffer_len(&f->to_server), 0);
		}
		reset(f);
		assert_int_equal(start(f, &f->client, mechanism, &client), ENVOI_OK);
		assert_true(envoi_sasl_step(f->client, "", 0, &f->to_server) >= 0);
		assert_true(is_external || envoi_buffer_len(&f->to_server) > 0);
	}
}

/* A NUL ends nothing: what is behind it is seen. */
static void hostile_clients_are_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *mechanism, *message;
		size_t len;
	} rows[] = {
		{"PLAIN", "\0alice\0" MARKER "\0", sizeof("\0alice\0" MARKER "\0") - 1},
		{"PLAIN", "\0alice", 6},
		{"PLAIN", "\0\0" MARKER, sizeof("\0\0" MARKER) - 1},
		{"PLAIN", "alice", 5},
		{"PLAIN", "", 0},
		{"PLAIN", "\0alice\0", 7},
		{"PLAIN", "\0alice\0\xff", 8},
		{"PLAIN", "bob\0alice\0" MARKER, sizeof("bob\0alice\0" MARKER) - 1},
		{"SCRAM-SHA-1", "n,,n=,r=abcdefgh", 16},
		{"SCRAM-SHA-1", "n,,n=\xc2\xad,r=abcdefgh", 18},
		{"SCRAM-SHA-1", "n,,n=\xff,r=abcdefgh", 17},
		{"SCRAM-SHA-1", "n,,n=alice\0,r=abcdefgh", 22},
		{"SCRAM-SHA-1", "n,,m=x,n=alice,r=abcdefgh", 25},
		{"SCRAM-SHA-1", "y,,n=alice,r=abcdefgh", 21}, /* we had offered channel binding */
		{"SCRAM-SHA-1", "p=tls-unique,,n=alice,r=abcdefgh", 32},
		{"SCRAM-SHA-1-PLUS", "n,,n=alice,r=abcdefgh", 21},
		{"SCRAM-SHA-1-PLUS", "p=tls-none,,n=alice,r=abcdefgh", 30},
		{"SCRAM-SHA-1", "garbage", 7},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters server = server_parameters(f);
		assert_int_equal(start(f, &f->server, rows[i].mechanism, &server), ENVOI_OK);
		int r = finish_step(f->server,
			envoi_sasl_step(f->server, rows[i].message, rows[i].len, &f->to_client),
			&f->to_client);
		if (r == ENVOI_AGAIN) {
			r = envoi_sasl_step(
				f->server, "c=biws,r=abcdefgh,p=AAAA", 24, &f->to_client);
		}
		assert_true(r < 0);
		assert_null(envoi_sasl_authcid(f->server));
		reset(f);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(only_iteration_counts_within_the_bounds_are_computed),
		CASE(the_salt_of_a_user_stays_and_is_the_servers_own),
		CASE(the_bounds_on_iterations_are_the_users),
		CASE(a_malformed_first_message_of_the_server_ends_the_login),
		CASE(only_the_servers_true_signature_completes_the_login),
		CASE(a_client_that_begins_takes_no_challenge_before),
		CASE(hostile_clients_are_refused),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/sasl_hostile", tests, NULL, NULL);
}
