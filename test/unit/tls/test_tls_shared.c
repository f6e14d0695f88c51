/*
 * envoi - tests of what the TLS connections of a context share
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "test_allocator.h"
#include "tls/tls_config.h"
#include "tls/tls_shared.h"

static const char either[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
static const char newer[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

static void priorities_are_parsed_once_a_context(void **state)
{
	(void)state;
	struct envoi_context *context, *other;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_context_new(&other, NULL), ENVOI_OK);
	gnutls_priority_t first = envoi__tls_shared_priorities(context, either);
	gnutls_priority_t second = envoi__tls_shared_priorities(context, newer);
	assert_non_null(first);
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	assert_ptr_equal(envoi__tls_shared_priorities(context, either), first);
	assert_ptr_equal(envoi__tls_shared_priorities(context, newer), second);
	assert_ptr_not_equal(envoi__tls_shared_priorities(other, either), first);
	envoi_context_unref(context);
	envoi_context_unref(other);
}

/* The certificate of one account is never shown by another of the context. */
static void a_certificate_is_not_in_what_is_shared(void **state)
{
	(void)state;
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_tls_config *with, *without;
	gnutls_datum_t der;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&with, context, settings), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&without, context, settings), ENVOI_OK);
	assert_int_equal(envoi_tls_config_set_certificate(with, TEST_DATA "/tls/client.pem",
				 TEST_DATA "/tls/client-key.pem", NULL),
		ENVOI_OK);
	gnutls_certificate_credentials_t shared = envoi__tls_shared_credentials(context);
	assert_non_null(shared);
	assert_ptr_equal(envoi__tls_shared_credentials(context), shared);
	assert_ptr_not_equal(with->own_credentials, shared);
	assert_null(without->own_credentials);
	assert_true(gnutls_certificate_get_crt_raw(shared, 0, 0, &der) < 0);
	envoi_tls_config_unref(with);
	envoi_tls_config_unref(without);
	envoi_settings_free(settings);
	envoi_context_unref(context);
}

static int share(struct envoi_context *context)
{
	return envoi__tls_shared_priorities(context, either) == NULL ||
			envoi__tls_shared_credentials(context) == NULL
		? ENVOI_ERR_NOMEM
		: ENVOI_OK;
}

static void failed_allocations_are_noticed(void **state)
{
	(void)state;
	assert_true(test_allocator_try(share) > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(priorities_are_parsed_once_a_context),
		cmocka_unit_test(a_certificate_is_not_in_what_is_shared),
		cmocka_unit_test(failed_allocations_are_noticed),
	};
	return cmocka_run_group_tests_name("tls/shared", tests, NULL, NULL);
}
