/*
 * envoi - SASL with channel binding (RFC 5802, section 6): tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_fixture.h"

#include <string.h>

static const struct envoi_sasl_binding unique = {"tls-unique", "unique-bytes", 12};

static const struct envoi_sasl_binding end_point = {"tls-server-end-point", "hash", 4};

/* RFC 5802, section 6 */
static void the_flag_states_the_support_of_channel_binding(void **state)
{
	struct fixture *f = *state;
	for (int offered = 0; offered < 2; offered++) {
		struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-256");
		struct envoi_sasl_parameters server = server_parameters(f);
		client.could_bind = true;
		server.binding_count = offered ? 3 : 0;
		reset(f);
		assert_int_equal(start(f, &f->client, "SCRAM-SHA-256", &client), ENVOI_OK);
		assert_int_equal(start(f, &f->server, "SCRAM-SHA-256", &server), ENVOI_OK);
		assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
		assert_memory_equal(envoi_buffer_data(&f->to_server), "y,,n=alice,r=", 13);
		assert_int_equal(step(f->server, &f->to_server, true, &f->to_client),
			offered ? ENVOI_ERR_AUTH : ENVOI_AGAIN);
	}
}

/* XEP-0474 */
static void an_offer_that_was_changed_is_noticed(void **state)
{
	struct fixture *f = *state;
	static const char *const all[] = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1"},
				 *const sorted[] = {"SCRAM-SHA-1", "SCRAM-SHA-256",
					 "SCRAM-SHA-256-PLUS"},
				 *const types[] = {"tls-exporter"}, *const others[] = {"x-dummy"};
	static const struct envoi_sasl_offer sent = {all, 3, true, types, 1},
					     reordered = {sorted, 3, true, types, 1},
					     less = {sorted, 1, true, types, 1},
					     no_list = {all, 3, false, NULL, 0},
					     other_types = {all, 3, true, others, 1};
	const struct {
		const struct envoi_sasl_offer *sent, *seen;
		bool needed;
		int result;
	} rows[] = {
		{&sent, &sent, true, ENVOI_OK},
		{&sent, &reordered, false, ENVOI_OK},
		{&sent, &less, false, ENVOI_ERR_AUTH},
		{&sent, &no_list, false, ENVOI_ERR_AUTH},
		{&sent, &other_types, false, ENVOI_ERR_AUTH},
		{NULL, &less, false, ENVOI_OK},
		{NULL, &less, true, ENVOI_ERR_AUTH},
		{&sent, NULL, false, ENVOI_OK},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-1");
		struct envoi_sasl_parameters server = server_parameters(f);
		server.offer = rows[i].sent;
		client.offer = rows[i].seen;
		client.needs_offer_hash = rows[i].needed;
		run(f, "SCRAM-SHA-1", &client, &server);
		assert_int_equal(f->client_result, rows[i].result);
		if (rows[i].result < 0) {
			/* No proof was sent. */
			assert_int_equal(envoi_buffer_len(&f->to_server), 0);
			assert_non_null(strstr(envoi_sasl_problem(f->client), "an attacker"));
			assert_int_equal(strstr(envoi_sasl_problem(f->client),
						 "(tls-exporter) but no -PLUS mechanism") != NULL,
				rows[i].needed);
		}
	}
}

static bool begins_with(struct envoi_buffer *buffer, const char *text)
{
	return envoi_buffer_len(buffer) >= strlen(text) &&
		memcmp(envoi_buffer_data(buffer), text, strlen(text)) == 0;
}

static void the_channel_binding_given_is_the_one_used(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *mechanism, *header;
		const struct envoi_sasl_binding *binding;
	} rows[] = {
		{"SCRAM-SHA-256-PLUS", "p=tls-exporter,,n=alice,", &exporter},
		{"SCRAM-SHA-256-PLUS", "p=tls-unique,,n=alice,", &unique},
		{"SCRAM-SHA-512-PLUS", "p=tls-server-end-point,,n=alice,", &end_point},
		{"SCRAM-SHA-256", "n,,n=alice,", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters(rows[i].mechanism);
		struct envoi_sasl_parameters server = server_parameters(f);
		client.bindings = rows[i].binding;
		assert_int_equal(start(f, &f->client, rows[i].mechanism, &client), ENVOI_OK);
		assert_int_equal(start(f, &f->server, rows[i].mechanism, &server), ENVOI_OK);
		assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
		assert_true(begins_with(&f->to_server, rows[i].header));
		assert_int_equal(step(f->server, &f->to_server, true, &f->to_client), ENVOI_AGAIN);
		assert_int_equal(step(f->client, &f->to_client, true, &f->to_server), ENVOI_AGAIN);
		assert_int_equal(step(f->server, &f->to_server, true, &f->to_client), ENVOI_OK);
		assert_int_equal(step(f->client, &f->to_client, true, &f->to_server), ENVOI_OK);
		reset(f);
	}
}

static void a_man_in_the_middle_does_not_pass_channel_binding(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-256-PLUS");
	struct envoi_sasl_parameters server = server_parameters(f);
	static const struct envoi_sasl_binding other = {"tls-exporter", "0123456789abcdeF", 16};
	client.bindings = &other;
	run(f, "SCRAM-SHA-256-PLUS", &client, &server);
	assert_int_equal(f->server_result, ENVOI_ERR_AUTH);
	assert_int_equal(f->client_result, ENVOI_AGAIN);
}

static void a_binding_that_does_not_exist_is_refused_before_anything_is_sent(void **state)
{
	struct fixture *f = *state;
	static const struct envoi_sasl_binding empty = {"tls-unique", "", 0};
	static const struct envoi_sasl_binding two[] = {
		{"tls-exporter", "x", 1}, {"tls-unique", "y", 1}};
	const struct {
		const char *mechanism;
		const struct envoi_sasl_binding *bindings;
		size_t count;
	} rows[] = {
		{"SCRAM-SHA-1-PLUS", NULL, 0},
		{"SCRAM-SHA-1-PLUS", &empty, 1},
		{"SCRAM-SHA-1-PLUS", two, 2},
		{"SCRAM-SHA-1", &exporter, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters(rows[i].mechanism);
		client.bindings = rows[i].bindings;
		client.binding_count = rows[i].count;
		assert_int_equal(
			start(f, &f->client, rows[i].mechanism, &client), ENVOI_ERR_INVALID);
		assert_null(f->client);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(the_flag_states_the_support_of_channel_binding),
		CASE(an_offer_that_was_changed_is_noticed),
		CASE(the_channel_binding_given_is_the_one_used),
		CASE(a_man_in_the_middle_does_not_pass_channel_binding),
		CASE(a_binding_that_does_not_exist_is_refused_before_anything_is_sent),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/sasl_bindings", tests, NULL, NULL);
}
