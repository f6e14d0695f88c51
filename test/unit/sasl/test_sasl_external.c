/*
 * envoi - SASL EXTERNAL and ANONYMOUS: tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_fixture.h"

#include <string.h>

/* XEP-0178, section 2 */
static void external_trusts_the_certificate_only(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *certified; /* ends with a second NUL */
		const char *authzid;
		int result;
		const char *authcid;
		unsigned int lookups;
	} rows[] = {
		{"alice@xmpp.test\0", NULL, ENVOI_OK, "alice", 1},
		{"alice@xmpp.test\0", "alice@xmpp.test", ENVOI_OK, "alice", 1},
		{"alice@xmpp.test\0", "ALICE@XMPP.test", ENVOI_OK, "alice", 1},
		{"alice@xmpp.test\0", "bob@xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "alice@other.test", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "alice@xmpp.test/desk", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "alice", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "al ice@xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
		{"bob@xmpp.test\0alice@xmpp.test\0", "alice@xmpp.test", ENVOI_OK, "alice", 1},
		{"bob@xmpp.test\0alice@xmpp.test\0", NULL, ENVOI_ERR_INVALID, NULL, 0},
		{"nobody@xmpp.test\0", NULL, ENVOI_ERR_AUTH, NULL, 1},
		{"", NULL, ENVOI_ERR_INVALID, NULL, 0},
		{"", "alice@xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
		{NULL, NULL, ENVOI_ERR_INVALID, NULL, 0},
		{NULL, "alice@xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters("EXTERNAL");
		struct envoi_sasl_parameters server = server_parameters(f);
		unsigned int before = f->lookups;
		client.authzid = rows[i].authzid;
		server.certified = rows[i].certified;
		run(f, "EXTERNAL", &client, &server);
		assert_int_equal(f->client_result, ENVOI_OK);
		assert_int_equal(f->server_result, rows[i].result);
		assert_int_equal(f->lookups - before, rows[i].lookups);
		if (rows[i].authcid != NULL) {
			assert_string_equal(envoi_sasl_authcid(f->server), rows[i].authcid);
		} else {
			assert_null(envoi_sasl_authcid(f->server));
		}
	}
}

static void messages_of_external_that_are_none_are_refused(void **state)
{
	struct fixture *f = *state;
	static char longer[3072];
	memset(longer, 'a', sizeof(longer));
	static const struct {
		const char *data;
		size_t len;
	} messages[] = {
		{"alice@xmpp.test", 16}, /* with its NUL */
		{"alice@xmpp.test\0bob", 19},
		{"\0", 1},
		{"\xff@xmpp.test", 11},
		{longer, sizeof(longer)},
	};
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct envoi_sasl_parameters server = server_parameters(f);
		server.certified = "alice@xmpp.test\0";
		reset(f);
		assert_int_equal(start(f, &f->server, "EXTERNAL", &server), ENVOI_OK);
		assert_int_equal(envoi_sasl_step(f->server, NULL, 0, &f->to_client), ENVOI_AGAIN);
		assert_int_equal(envoi_buffer_len(&f->to_client), 0);
		assert_int_equal(envoi_sasl_step(f->server, messages[i].data, messages[i].len,
					 &f->to_client),
			ENVOI_ERR_INVALID);
		assert_null(envoi_sasl_authcid(f->server));
		assert_int_equal(envoi_sasl_step(f->server, "", 0, &f->to_client), ENVOI_ERR_STATE);
	}
}

static void external_takes_one_message_and_one_account(void **state)
{
	struct fixture *f = *state;
	const struct envoi_sasl_account account = {.password = NULL};
	struct envoi_sasl_parameters server = server_parameters(f);
	server.certified = "alice@xmpp.test\0";
	assert_int_equal(start(f, &f->server, "EXTERNAL", &server), ENVOI_OK);
	assert_int_equal(envoi_sasl_give_account(f->server, &account), ENVOI_ERR_STATE);
	assert_int_equal(
		envoi_sasl_step(f->server, "", 0, &f->to_client), ENVOI_SASL_NEEDS_ACCOUNT);
	assert_int_equal(envoi_sasl_give_account(f->server, &account), ENVOI_OK);
	assert_int_equal(envoi_sasl_give_account(f->server, &account), ENVOI_ERR_STATE);
	assert_int_equal(envoi_sasl_step(f->server, "", 0, &f->to_client), ENVOI_ERR_PROTOCOL);
	reset(f);
	assert_int_equal(start(f, &f->server, "EXTERNAL", &server), ENVOI_OK);
	assert_int_equal(
		envoi_sasl_step(f->server, "", 0, &f->to_client), ENVOI_SASL_NEEDS_ACCOUNT);
	assert_int_equal(envoi_sasl_step(f->server, NULL, 0, &f->to_client), ENVOI_ERR_PROTOCOL);
}

/* RFC 4505, section 2: at most 255 characters. */
static void a_trace_of_anonymous_has_a_limit(void **state)
{
	struct fixture *f = *state;
	static const char trace[255 * 4 + 1] = "";
	for (size_t longer = 0; longer < 2; longer++) {
		struct envoi_sasl_parameters server = server_parameters(f);
		assert_int_equal(start(f, &f->server, "ANONYMOUS", &server), ENVOI_OK);
		assert_int_equal(envoi_sasl_step(f->server, trace, 255 * 4 + longer, &f->to_client),
			longer ? ENVOI_ERR_PROTOCOL : ENVOI_OK);
		reset(f);
	}
}

static void anonymous_sends_nothing_and_names_no_user(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_parameters client = client_parameters("ANONYMOUS");
	struct envoi_sasl_parameters server = server_parameters(f);
	assert_int_equal(start(f, &f->client, "ANONYMOUS", &client), ENVOI_OK);
	assert_int_equal(start(f, &f->server, "ANONYMOUS", &server), ENVOI_OK);
	assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&f->to_server), 0);
	assert_int_equal(step(f->server, &f->to_server, true, &f->to_client), ENVOI_OK);
	assert_null(envoi_sasl_authcid(f->server));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(external_trusts_the_certificate_only),
		CASE(messages_of_external_that_are_none_are_refused),
		CASE(external_takes_one_message_and_one_account),
		CASE(a_trace_of_anonymous_has_a_limit),
		CASE(anonymous_sends_nothing_and_names_no_user),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/sasl_external", tests, NULL, NULL);
}
