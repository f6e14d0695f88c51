/*
 * envoi - SASL: what earlier logins have taught: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>

#include "sasl/sasl_history.h"
#include "test_allocator.h"

struct fixture {
	struct envoi_context *context;
	struct envoi_sasl_history *history;
	struct envoi_buffer text;
};

static struct fixture fixture;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(envoi_context_new(&fixture.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_sasl_history_new(&fixture.history, fixture.context), ENVOI_OK);
	envoi_buffer_init(&fixture.text, fixture.context, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_buffer_wipe(&fixture.text);
	envoi_sasl_history_free(fixture.history);
	envoi_context_unref(fixture.context);
	return 0;
}

static void raise_pin(const char *mechanism, const char *binding)
{
	assert_int_equal(envoi__sasl_history_raise_pin(fixture.history,
				 envoi_sasl_find(fixture.context, mechanism), binding),
		ENVOI_OK);
}

static void assert_text(const char *wanted)
{
	envoi_buffer_wipe(&fixture.text);
	assert_int_equal(envoi_sasl_history_write(fixture.history, &fixture.text), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&fixture.text), strlen(wanted));
	assert_memory_equal(envoi_buffer_data(&fixture.text), wanted, strlen(wanted));
}

static void the_pin_only_rises(void **state)
{
	(void)state;
	const char *binding = "x";
	assert_null(envoi_sasl_history_pin(fixture.history, &binding));
	assert_null(binding);
	assert_text("");
	raise_pin("SCRAM-SHA-1", NULL);
	assert_text("sasl-pin SCRAM-SHA-1\n");
	raise_pin("SCRAM-SHA-256-PLUS", "tls-server-end-point");
	assert_text("sasl-pin SCRAM-SHA-256-PLUS tls-server-end-point\n");
	raise_pin("SCRAM-SHA-1-PLUS", "tls-exporter");
	assert_text("sasl-pin SCRAM-SHA-256-PLUS tls-exporter\n");
	raise_pin("PLAIN", NULL);
	raise_pin("SCRAM-SHA-256-PLUS", "tls-server-end-point");
	assert_text("sasl-pin SCRAM-SHA-256-PLUS tls-exporter\n");
	assert_string_equal(
		envoi_sasl_history_pin(fixture.history, &binding), "SCRAM-SHA-256-PLUS");
	assert_string_equal(binding, "tls-exporter");
	envoi_sasl_history_forget_pin(fixture.history);
	assert_text("");
}

/* It is not written as text. */
static void a_binding_that_was_tried_is_known_until_a_login_succeeds(void **state)
{
	(void)state;
	envoi__sasl_history_try(fixture.history, "tls-exporter");
	assert_string_equal(envoi__sasl_history_pin(fixture.history).tried, "tls-exporter");
	assert_text("");
	raise_pin("PLAIN", NULL);
	assert_null(envoi__sasl_history_pin(fixture.history).tried);
	envoi__sasl_history_try(fixture.history, "tls-unique");
	envoi_sasl_history_forget_pin(fixture.history);
	assert_null(envoi__sasl_history_pin(fixture.history).tried);
}

/* 20 bytes: "AAAA...", "BBBB..." */
#define KEY_A "QUFBQUFBQUFBQUFBQUFBQUFBQUE="
#define KEY_B "QkJCQkJCQkJCQkJCQkJCQkJCQkI="
#define LINE "sasl-keys SCRAM-SHA-1 YSBi w6k= 4096 " KEY_A " " KEY_B

static int read(const char *line)
{
	return envoi_sasl_history_read(fixture.history, line, strlen(line));
}

static void what_was_written_can_be_read(void **state)
{
	(void)state;
	assert_int_equal(read("sasl-pin SCRAM-SHA-512-PLUS tls-unique"), ENVOI_OK);
	assert_int_equal(read(LINE), ENVOI_OK);
	assert_text("sasl-pin SCRAM-SHA-512-PLUS tls-unique\n" LINE "\n");
	const struct envoi_sasl_keys *keys = envoi__sasl_history_keys(
		fixture.history, "SCRAM-SHA-1-PLUS");
	assert_non_null(keys);
	assert_string_equal(keys->mechanism, "SCRAM-SHA-1");
	assert_string_equal(keys->authcid, "a b");
	assert_int_equal(keys->salt_len, 2);
	assert_int_equal(keys->iterations, 4096);
	assert_int_equal(keys->key_len, 20);
	assert_memory_equal(keys->client_key, "AAAAAAAAAAAAAAAAAAAA", 20);
	assert_memory_equal(keys->server_key, "BBBBBBBBBBBBBBBBBBBB", 20);
	assert_null(envoi__sasl_history_keys(fixture.history, "SCRAM-SHA-256"));
	assert_null(envoi__sasl_history_keys(fixture.history, "PLAIN"));
	assert_null(envoi__sasl_history_keys(NULL, "SCRAM-SHA-1"));
}

static void keys_take_the_place_of_those_before(void **state)
{
	(void)state;
	assert_int_equal(read(LINE), ENVOI_OK);
	assert_int_equal(read("sasl-keys SCRAM-SHA-1 Yg== QQ== 5000 " KEY_B " " KEY_A), ENVOI_OK);
	assert_text("sasl-keys SCRAM-SHA-1 Yg== QQ== 5000 " KEY_B " " KEY_A "\n");
	envoi__sasl_history_drop(fixture.history, "SCRAM-SHA-256-PLUS");
	envoi__sasl_history_drop(fixture.history, "PLAIN");
	assert_non_null(envoi__sasl_history_keys(fixture.history, "SCRAM-SHA-1"));
	envoi__sasl_history_drop(fixture.history, "SCRAM-SHA-1-PLUS");
	assert_null(envoi__sasl_history_keys(fixture.history, "SCRAM-SHA-1"));
	assert_int_equal(read(LINE), ENVOI_OK);
	envoi_sasl_history_forget_keys(fixture.history);
	assert_text("");
}

static void malformed_lines_change_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		int result;
	} rows[] = {
		{"", ENVOI_DECLINED},
		{"sasl-pin", ENVOI_DECLINED},
		{"sasl-pin ", ENVOI_DECLINED},
		{"sasl-keys ", ENVOI_DECLINED},
		{"roster 1", ENVOI_DECLINED},
		{"sasl-pinned SCRAM-SHA-1", ENVOI_DECLINED},
		{"sasl-pin X-OF-ANOTHER", ENVOI_OK},
		{"sasl-pin  SCRAM-SHA-1", ENVOI_ERR_INVALID},
		{"sasl-pin scram", ENVOI_ERR_INVALID},
		{"sasl-pin SCRAM-SHA-1-PLUS tls-nonsense", ENVOI_ERR_INVALID},
		{"sasl-pin SCRAM-SHA-1-PLUS tls-unique x", ENVOI_ERR_INVALID},
		{"sasl-pin SCRAM-SHA-1-PLUS ", ENVOI_ERR_INVALID},
		{LINE " ", ENVOI_ERR_INVALID},
		{LINE " x", ENVOI_ERR_INVALID},
		{"sasl-keys SCRAM-SHA-1 YSBi w6k= 4096 " KEY_A, ENVOI_ERR_INVALID},
		{"sasl-keys SCRAM-SHA-1  w6k= 4096 " KEY_A " " KEY_B, ENVOI_ERR_INVALID},
		{"sasl-keys SCRAM-SHA-256 YSBi w6k= 4096 " KEY_A " " KEY_B, ENVOI_ERR_INVALID},
		{"sasl-keys PLAIN YSBi w6k= 4096 " KEY_A " " KEY_B, ENVOI_ERR_INVALID},
		{"sasl-keys SCRAM-SHA-1 YSBi w6k= 0 " KEY_A " " KEY_B, ENVOI_ERR_INVALID},
		{"sasl-keys SCRAM-SHA-1 YSBi w6k= 4294967296 " KEY_A " " KEY_B, ENVOI_ERR_INVALID},
		{"sasl-keys SCRAM-SHA-1 YSBi w6k= 4096 QUFB QUFB", ENVOI_ERR_INVALID},
		{"sasl-keys SCRAM-SHA-1 YSBi w6k= 4096 " KEY_A " QUFB", ENVOI_ERR_INVALID},
		{"sasl-keys SCRAM-SHA-1 AGE= w6k= 4096 " KEY_A " " KEY_B, ENVOI_ERR_INVALID},
		{"sasl-keys SCRAM-SHA-1 YSBi !!!! 4096 " KEY_A " " KEY_B, ENVOI_ERR_INVALID},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read(rows[i].line), rows[i].result);
		assert_text("");
	}
	assert_int_equal(envoi_sasl_history_read(fixture.history, LINE "\0", strlen(LINE) + 1),
		ENVOI_ERR_INVALID);
}

/* What is read is complete or not there. */
static int read_in(struct envoi_context *context)
{
	struct envoi_sasl_history *history;
	int r = envoi_sasl_history_new(&history, context);
	if (r < 0) {
		return r;
	}
	r = envoi_sasl_history_read(history, LINE, strlen(LINE));
	assert_true((envoi__sasl_history_keys(history, "SCRAM-SHA-1") != NULL) == (r == ENVOI_OK));
	envoi_sasl_history_free(history);
	return r;
}

static void running_out_of_memory_changes_nothing(void **state)
{
	(void)state;
	assert_true(test_allocator_try(read_in) > 3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(the_pin_only_rises),
		CASE(a_binding_that_was_tried_is_known_until_a_login_succeeds),
		CASE(what_was_written_can_be_read),
		CASE(keys_take_the_place_of_those_before),
		CASE(malformed_lines_change_nothing),
		CASE(running_out_of_memory_changes_nothing),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("crypto/sasl_history", tests, NULL, NULL);
}
