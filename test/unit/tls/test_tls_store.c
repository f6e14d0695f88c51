/*
 * envoi - TLS: stores of trusted authorities: tests
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/error.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "tls/tls_store.h"

static struct {
	struct envoi_context *context;
	char folder[64], file[96], other_file[96];
	struct envoi__tls_store *first;
} all;

/* Each time has its own second, so that nothing depends on how fine the clock of a file system is.
 *  */
static void write_file(const char *path, const char *source, int second)
{
	static char data[65536];
	char from[256];
	snprintf(from, sizeof(from), "%s/tls/%s.pem", TEST_DATA, source);
	FILE *in = fopen(from, "r"), *out = fopen(path, "w");
	assert_true(in != NULL && out != NULL);
	size_t len = fread(data, 1, sizeof(data), in);
	assert_int_equal(fwrite(data, 1, len, out), len);
	fclose(in);
	fclose(out);
	const struct timespec times[2] = {{.tv_sec = second}, {.tv_sec = second}};
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int system_code; /* of GnuTLS, and then one authority; 0: the true ones */

/* In place of the function of GnuTLS. */
int gnutls_x509_trust_list_add_system_trust(
	gnutls_x509_trust_list_t list, unsigned int flags, unsigned int verify_flags)
{
	static int (*function)(gnutls_x509_trust_list_t, unsigned int, unsigned int);
	if (system_code < 0) {
		return system_code;
	}
	if (system_code > 0) {
		return gnutls_x509_trust_list_add_trust_file(
			list, all.file, NULL, GNUTLS_X509_FMT_PEM, flags, verify_flags);
	}
	if (function == NULL) {
		*(void **)&function = dlsym(RTLD_NEXT, "gnutls_x509_trust_list_add_system_trust");
	}
	return function(list, flags, verify_flags);
}

static int setup(void **state)
{
	(void)state;
	snprintf(all.folder, sizeof(all.folder), "/tmp/envoi-store-XXXXXX");
	assert_non_null(mkdtemp(all.folder));
	snprintf(all.file, sizeof(all.file), "%s/ca.pem", all.folder);
	snprintf(all.other_file, sizeof(all.other_file), "%s/new.pem", all.folder);
	write_file(all.file, "ca", 1000);
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	assert_int_equal(envoi__tls_store_get(&all.first, all.context, all.file, false), ENVOI_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi__tls_store_unref(all.first);
	envoi_context_unref(all.context);
	unlink(all.file);
	unlink(all.other_file);
	rmdir(all.folder);
	return 0;
}

/* @return whether a new store was read; it trusts the authority in @p source, and no other */
static bool is_read_again(const char *source)
{
	struct envoi__tls_store *store;
	assert_int_equal(envoi__tls_store_get(&store, all.context, all.file, false), ENVOI_OK);
	bool is_new = envoi__tls_store_serial(store) != envoi__tls_store_serial(all.first);
	assert_int_equal(store != all.first, is_new);

	char path[256];
	gnutls_datum_t pem;
	gnutls_x509_crt_t wanted, found;
	gnutls_x509_trust_list_iter_t at = NULL;
	snprintf(path, sizeof(path), "%s/tls/%s.pem", TEST_DATA, source);
	assert_int_equal(gnutls_load_file(path, &pem), 0);
	assert_int_equal(gnutls_x509_crt_init(&wanted), 0);
	assert_int_equal(gnutls_x509_crt_import(wanted, &pem, GNUTLS_X509_FMT_PEM), 0);
	assert_int_equal(envoi__tls_store_count(store), 1);
	assert_int_equal(
		gnutls_x509_trust_list_iter_get_ca(envoi__tls_store_list(store), &at, &found), 0);
	assert_int_equal(gnutls_x509_crt_equals(wanted, found), 1);
	gnutls_x509_trust_list_iter_deinit(at);
	gnutls_x509_crt_deinit(wanted);
	gnutls_x509_crt_deinit(found);
	gnutls_free(pem.data);
	envoi__tls_store_unref(store);
	return is_new;
}

static void an_unchanged_file_is_read_once(void **state)
{
	(void)state;
	assert_false(is_read_again("ca"));
	assert_false(is_read_again("ca"));
}

static void a_file_that_was_replaced_is_read_again(void **state)
{
	(void)state;
	write_file(all.other_file, "other-ca", 1000);
	assert_int_equal(rename(all.other_file, all.file), 0);
	assert_true(is_read_again("other-ca"));
}

static void a_file_that_was_written_to_is_read_again(void **state)
{
	(void)state;
	write_file(all.file, "other-ca", 1001);
	assert_true(is_read_again("other-ca"));
}

static void a_touched_file_is_read_again(void **state)
{
	(void)state;
	write_file(all.file, "ca", 1001);
	assert_true(is_read_again("ca"));
}

static void a_missing_file_is_an_error_until_it_is_back(void **state)
{
	(void)state;
	struct envoi__tls_store *store = NULL;
	for (int i = 0; i < 2; i++) {
		unlink(all.file);
		assert_int_equal(envoi__tls_store_get(&store, all.context, all.file, false),
			ENVOI_ERR_SYSTEM);
		assert_null(store);
	}
	write_file(all.file, "ca", 1000);
	assert_true(is_read_again("ca"));
}

static void a_file_without_certificates_is_an_error_until_it_has_one(void **state)
{
	(void)state;
	struct envoi__tls_store *store = NULL;
	write_file(all.file, "server-key", 1001);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(envoi__tls_store_get(&store, all.context, all.file, false),
			ENVOI_ERR_CERTIFICATE);
		assert_null(store);
	}
	write_file(all.file, "ca", 1002);
	assert_true(is_read_again("ca"));
}

/* Connections keep the store that they began with. */
static void a_store_in_use_outlives_its_file(void **state)
{
	(void)state;
	write_file(all.file, "other-ca", 1001);
	assert_true(is_read_again("other-ca"));
	assert_int_equal(envoi__tls_store_count(all.first), 1);
	gnutls_x509_trust_list_iter_t at = NULL;
	gnutls_x509_crt_t found;
	assert_int_equal(
		gnutls_x509_trust_list_iter_get_ca(envoi__tls_store_list(all.first), &at, &found),
		0);
	gnutls_x509_trust_list_iter_deinit(at);
	gnutls_x509_crt_deinit(found);
}

static void each_combination_of_sources_has_its_store(void **state)
{
	(void)state;
	struct envoi__tls_store *none, *both, *again;
	assert_int_equal(envoi__tls_store_get(&none, all.context, NULL, false), ENVOI_OK);
	assert_int_equal(envoi__tls_store_count(none), 0);
	assert_int_equal(envoi__tls_store_get(&both, all.context, all.file, true), ENVOI_OK);
	assert_ptr_not_equal(both, all.first);
	assert_int_equal(envoi__tls_store_get(&again, all.context, NULL, false), ENVOI_OK);
	assert_ptr_equal(again, none);
	envoi__tls_store_unref(again);
	assert_int_equal(envoi__tls_store_get(&again, all.context, all.file, true), ENVOI_OK);
	assert_ptr_equal(again, both);
	assert_false(is_read_again("ca"));
	envoi__tls_store_unref(again);
	envoi__tls_store_unref(none);
	envoi__tls_store_unref(both);
}

static void the_systems_authorities_are_counted(void **state)
{
	static const struct {
		int code, count;
	} rows[] = {{1, 1}, {GNUTLS_E_UNIMPLEMENTED_FEATURE, 0}};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct envoi_context *context;
		struct envoi__tls_store *store;
		assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
		system_code = GNUTLS_E_MEMORY_ERROR;
		assert_int_equal(envoi__tls_store_get(&store, context, "", true), ENVOI_ERR_NOMEM);
		system_code = rows[i].code;
		assert_int_equal(envoi__tls_store_get(&store, context, "", true), ENVOI_OK);
		system_code = 0;
		assert_int_equal(envoi__tls_store_count(store), rows[i].count);
		envoi__tls_store_unref(store);
		envoi_context_unref(context);
	}
}

static char logged[200];

static void note_error(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user, (void)level;
	assert_int_equal(subject, ENVOI_LOG_TLS);
	snprintf(logged, sizeof(logged), "%s", message);
}

/* @return the code of making a configuration that trusts no certification authority */
static int make_without_authority(const char *pins, const char *pin_mode)
{
	struct envoi_settings *settings;
	struct envoi_tls_config *config = NULL;
	assert_int_equal(envoi_settings_new(&settings, all.context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.pins", pins), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.pin-mode", pin_mode), ENVOI_OK);
	logged[0] = '\0';
	int r = envoi_tls_config_new(&config, all.context, settings);
	if (r == ENVOI_OK) {
		envoi_tls_config_unref(config);
	}
	envoi_settings_free(settings);
	return r;
}

static void without_authority_and_pin_there_is_no_configuration_and_the_log_says_why(void **state)
{
	static const char pin[] = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	static const char why[] = "no certification authority is trusted: tls.ca-file is not set, "
				  "and tls.system-trust is off";
	(void)state;
	envoi_context_set_log(all.context, note_error, ENVOI_LOG_ERROR, NULL);
	assert_int_equal(make_without_authority("", "instead"), ENVOI_ERR_CERTIFICATE);
	assert_string_equal(logged, why);
	assert_int_equal(make_without_authority(pin, "also"), ENVOI_ERR_CERTIFICATE);
	assert_string_equal(logged, why);
	assert_int_equal(make_without_authority(pin, "instead"), ENVOI_OK);
	assert_string_equal(logged, "");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(an_unchanged_file_is_read_once),
		CASE(a_file_that_was_replaced_is_read_again),
		CASE(a_file_that_was_written_to_is_read_again),
		CASE(a_touched_file_is_read_again),
		CASE(a_missing_file_is_an_error_until_it_is_back),
		CASE(a_file_without_certificates_is_an_error_until_it_has_one),
		CASE(a_store_in_use_outlives_its_file),
		CASE(each_combination_of_sources_has_its_store),
		CASE(the_systems_authorities_are_counted),
		CASE(without_authority_and_pin_there_is_no_configuration_and_the_log_says_why),
	};
	return cmocka_run_group_tests_name("tls/tls_store", tests, NULL, NULL);
}
