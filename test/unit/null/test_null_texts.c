/*
 * envoi - NULL for a text or an address, at every public function: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "null_fixture.h"

const struct envoi_payload_type null_payload_type = ENVOI_PAYLOAD_EMPTY("urn:example:null", "null");
static const char *const groups[] = {"Work"};
const struct envoi_roster_item null_item = {
	.groups = groups,
	.group_count = 1,
};

void null_on_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	(void)answer;
}

int64_t null_result(const void *pointer)
{
	return pointer != NULL;
}

/* What it has written does not matter. */
void null_drop_writer(struct envoi_xml_writer *writer)
{
	int r = envoi_xml_writer_finish(writer);
	(void)r;
}

const char *null_socket_path(void)
{
	return "/nonexistent/socket";
}

static struct envoi_sasl_directory directory;
static struct envoi_accept_hook hook;

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	(void)user, (void)admission, (void)channel;
	return ENVOI_ERR_STATE;
}

static const char roster[] =
	"<roster xmlns='urn:envoi:roster:1' account='me@example.org'>"
	"<query xmlns='jabber:iq:roster' ver='1'>"
	"<item jid='me@example.org' subscription='both'><group>Work</group><group>me@example.org</group></item>"
	"</query></roster>";

static void make_client(struct null_fixture *f)
{
	struct envoi_context *context = f->wire.context;
	assert_int_equal(envoi_client_new(&f->client, context, "me@example.org"), ENVOI_OK);
	assert_int_equal(envoi_component_new(&f->component, context, "c.example.org"), ENVOI_OK);
	struct envoi_session *session = f->wire.session;
	const struct envoi_settings *settings = f->wire.settings;
	assert_int_equal(envoi_roster_new(&f->roster, session, settings), ENVOI_OK);
	assert_int_equal(envoi_roster_load(f->roster, roster, strlen(roster)), ENVOI_OK);
	assert_int_equal(
		envoi_presences_new(&f->presences, session, f->roster, settings), ENVOI_OK);
	assert_int_equal(
		envoi_subscriptions_new(&f->subscriptions, session, f->roster, settings), ENVOI_OK);
}

static void make_server(struct null_fixture *f)
{
	struct envoi_context *context = f->wire.context;
	assert_int_equal(
		envoi_acceptor_new(&f->acceptor, context,
			&(struct envoi_acceptor_options){.directory = &directory, .hook = &hook}),
		ENVOI_OK);
	assert_int_equal(envoi_listener_new(&f->listener, context,
				 &(struct envoi_listener_options){.admitted = on_admitted}),
		ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->tls, context, f->wire.settings), ENVOI_OK);
	assert_int_equal(envoi_sasl_history_new(&f->history, context), ENVOI_OK);
}

static void make_texts(struct null_fixture *f)
{
	struct envoi_context *context = f->wire.context;
	f->element = envoi_element_new(context, "", "a");
	envoi_element_set(f->element, "b", "c");
	envoi_element_add_with_text(f->element, NULL, "d", "e");
	f->stanza = envoi_message_new(context, ENVOI_TYPE_CHAT, "bob@example.org", "a");
	envoi_buffer_init(&f->buffer, context, 0);
	envoi_buffer_init(&f->written, context, 0);
	f->writer = envoi_xml_writer_new(&f->written, NULL);
	assert_int_equal(envoi_uri_new(&f->uri, context, f->wire.own), ENVOI_OK);
	assert_int_equal(envoi_uri_add_parameter(f->uri, "a", "b"), ENVOI_OK);
	assert_int_equal(envoi_xml_parser_new(&f->parser, context, NULL), ENVOI_OK);
}

static void free_all(struct null_fixture *f)
{
	assert_true(envoi_xml_writer_finish(f->writer) <= 0);
	envoi_xml_parser_free(f->parser);
	envoi_uri_free(f->uri);
	envoi_buffer_finish(&f->written);
	envoi_buffer_finish(&f->buffer);
	envoi_stanza_unref(f->stanza);
	envoi_element_unref(f->element);
	envoi_sasl_history_free(f->history);
	envoi_tls_config_unref(f->tls);
	envoi_listener_free(f->listener);
	envoi_acceptor_free(f->acceptor);
	envoi_subscriptions_free(f->subscriptions);
	envoi_presences_free(f->presences);
	envoi_roster_free(f->roster);
	envoi_component_free(f->component);
	envoi_client_free(f->client);
}

/* What must not be NULL is refused: a code is ENVOI_ERR_INVALID, every other result NULL, 0 or
 * false. These may be NULL, by their comments, or have another result. */
static const struct {
	const char *function, *parameter;
	int64_t result;
} others[] = {
	/* NULL has a meaning */
	{"envoi_client_new", "jid", ENVOI_OK}, /* the first connect reports it */
	{"envoi_client_new_with", "jid", ENVOI_OK},
	{"envoi_client_set_key_password", "password", ENVOI_OK},
	{"envoi_client_set_show", "show", ENVOI_OK},
	{"envoi_component_new", "domain", ENVOI_OK},
	{"envoi_component_new_with", "domain", ENVOI_OK},
	{"envoi_fallback_strip", "lang", ENVOI_DECLINED},
	{"envoi_mam_fields_get", "archive", ENVOI_OK},
	{"envoi_mam_metadata_get", "archive", ENVOI_OK},
	{"envoi_muc_decline", "reason", ENVOI_OK},
	{"envoi_registration_cancel", "to", ENVOI_OK},
	{"envoi_registration_get", "to", ENVOI_OK},
	{"envoi_commands_execute", "to", ENVOI_OK},
	{"envoi_disco_info_get", "node", ENVOI_OK},
	{"envoi_disco_info_get", "to", ENVOI_OK},
	{"envoi_disco_items_get", "node", ENVOI_OK},
	{"envoi_disco_items_get", "to", ENVOI_OK},
	{"envoi_disco_set_info", "node", ENVOI_ERR_STATE},
	{"envoi_disco_set_items", "node", ENVOI_ERR_STATE},
	{"envoi_entity_time_get", "to", ENVOI_OK},
	{"envoi_last_activity_get", "to", ENVOI_OK},
	{"envoi_ping", "to", ENVOI_OK},
	{"envoi_pubsub_affiliates_get", "service", ENVOI_OK},
	{"envoi_pubsub_affiliates_set", "service", ENVOI_OK},
	{"envoi_pubsub_affiliations_get", "node", ENVOI_OK},
	{"envoi_pubsub_affiliations_get", "service", ENVOI_OK},
	{"envoi_pubsub_config_default", "service", ENVOI_OK},
	{"envoi_pubsub_config_get", "service", ENVOI_OK},
	{"envoi_pubsub_create", "node", ENVOI_OK},
	{"envoi_pubsub_create", "service", ENVOI_OK},
	{"envoi_pubsub_delete", "redirect", ENVOI_OK},
	{"envoi_pubsub_delete", "service", ENVOI_OK},
	{"envoi_pubsub_items_get", "service", ENVOI_OK},
	{"envoi_pubsub_options_get", "jid", ENVOI_OK},
	{"envoi_pubsub_options_get", "service", ENVOI_OK},
	{"envoi_pubsub_options_get", "subid", ENVOI_OK},
	{"envoi_pubsub_publish", "id", ENVOI_OK},
	{"envoi_pubsub_publish", "service", ENVOI_OK},
	{"envoi_pubsub_purge", "service", ENVOI_OK},
	{"envoi_pubsub_retract", "service", ENVOI_OK},
	{"envoi_pubsub_subscribe", "jid", ENVOI_OK},
	{"envoi_pubsub_subscribe", "service", ENVOI_OK},
	{"envoi_pubsub_subscribers_get", "service", ENVOI_OK},
	{"envoi_pubsub_subscribers_set", "service", ENVOI_OK},
	{"envoi_pubsub_subscriptions_get", "node", ENVOI_OK},
	{"envoi_pubsub_subscriptions_get", "service", ENVOI_OK},
	{"envoi_pubsub_unsubscribe", "jid", ENVOI_OK},
	{"envoi_pubsub_unsubscribe", "service", ENVOI_OK},
	{"envoi_pubsub_unsubscribe", "subid", ENVOI_OK},
	{"envoi_software_version_get", "to", ENVOI_OK},
	{"envoi_resolver_new_cares", "servers", ENVOI_OK},
	{"envoi_sasl_password_new", "authcid", ENVOI_OK},
	{"envoi_sasl_password_new", "password", ENVOI_OK},
	{"envoi_jid_from_parts", "local", ENVOI_OK},
	{"envoi_jid_from_parts", "resource", ENVOI_OK},
	{"envoi_jid_with_resource", "resource", ENVOI_OK},
	{"envoi_jid_compare", "a", -1},
	{"envoi_jid_compare", "b", 1},
	{"envoi_request_iq", "to", 1},
	{"envoi_roster_rename", "name", ENVOI_OK},
	{"envoi_roster_rename_group", "to", ENVOI_OK},
	{"envoi_roster_sort", "group", ENVOI_OK},
	{"envoi_send_text", "to", ENVOI_OK},
	{"envoi_send_text", "body", ENVOI_OK},
	{"envoi_message_new", "to", 1},
	{"envoi_message_new", "body", 1},
	{"envoi_presence_new", "to", 1},
	{"envoi_iq_new", "to", 1},
	{"envoi_message_reply_new", "body", 1},
	{"envoi_stanza_error_new", "text", 1},
	{"envoi_message_body", "lang", 1},
	{"envoi_stanza_set_id", "id", ENVOI_OK},
	{"envoi_stanza_set_to", "to", ENVOI_OK},
	{"envoi_stanza_set_from", "from", ENVOI_OK},
	{"envoi_stanza_set_lang", "lang", ENVOI_OK},
	{"envoi_message_set_body", "lang", ENVOI_OK},
	{"envoi_message_set_body", "body", ENVOI_OK},
	{"envoi_message_set_subject", "lang", ENVOI_OK},
	{"envoi_message_set_subject", "subject", ENVOI_OK},
	{"envoi_message_set_thread", "parent", ENVOI_OK},
	{"envoi_subscriptions_request", "text", ENVOI_OK},
	{"envoi_tcp_listen", "address", ENVOI_OK},
	{"envoi_tls_config_new_server", "cert_file", ENVOI_OK},
	{"envoi_element_add", "ns", 1},
	{"envoi_element_add_with_text", "ns", 1},
	{"envoi_element_set", "value", 1},
	{"envoi_element_set_ns", "value", 1},
	{"envoi_xml_write", "default_ns", ENVOI_OK},
	{"envoi_xml_writer_new", "default_ns", 1},
	/* the value that is tried beside it is refused first */
	{"envoi_client_set", "text", ENVOI_ERR_NOT_FOUND},
	{"envoi_component_set", "text", ENVOI_ERR_NOT_FOUND},
	{"envoi_settings_set", "text", ENVOI_ERR_NOT_FOUND},
	{"envoi_tls_config_new_server", "key_file", ENVOI_ERR_SYSTEM},
	{"envoi_tls_config_set_certificate", "key_file", ENVOI_ERR_SYSTEM},
	{"envoi_tls_config_set_certificate", "password", ENVOI_ERR_SYSTEM},
	{"envoi_xml_parse", "default_ns", ENVOI_ERR_XML},
	/* as every name that does not exist */
	{"envoi_settings_set", "name", ENVOI_ERR_NOT_FOUND},
	{"envoi_settings_set_int", "name", ENVOI_ERR_NOT_FOUND},
	{"envoi_tcp_inherited_fd", "name", ENVOI_ERR_NOT_FOUND},
	{"envoi_sasl_history_read", "line", ENVOI_DECLINED},
	/* the state is checked first */
	{"envoi_caps_set_node", "node", ENVOI_ERR_STATE},
	{"envoi_chat_states_send", "to", ENVOI_ERR_STATE},
	{"envoi_chat_states_set_supported", "jid", ENVOI_ERR_STATE},
	{"envoi_component_send_text", "from", ENVOI_ERR_STATE},
	{"envoi_component_send_text", "to", ENVOI_ERR_STATE},
	{"envoi_component_send_text", "body", ENVOI_ERR_STATE},
	{"envoi_session_load_journal", "account", ENVOI_ERR_STATE},
	{"envoi_subscriptions_preapprove", "jid", ENVOI_ERR_UNSUPPORTED},
	{"envoi_vcard_get", "jid", ENVOI_OK},
	/* a failure of the tree, which the function that takes it returns */
	{"envoi_element_new", "ns", 1},
	{"envoi_element_new", "name", 1},
};

static int64_t expected_of(const struct null_call *call)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(others[i].function, call->function) == 0 &&
			strcmp(others[i].parameter, call->parameter) == 0) {
			return others[i].result;
		}
	}
	return call->is_code ? ENVOI_ERR_INVALID : 0;
}

static void null_is_refused_or_has_a_meaning(void **state)
{
	struct null_call *call = *state;
	struct null_fixture f = {0};
	wire_init(&f.wire, NULL);
	assert_int_equal(
		envoi_settings_set(f.wire.settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"),
		ENVOI_OK);
	wire_go_online(&f.wire);
	make_client(&f);
	make_server(&f);
	make_texts(&f);
	wire_say(&f.wire,
		"<presence from='me@example.org/there'/>"
		"<presence type='subscribe' from='bob@example.org'/>");
	wire_run(&f.wire, 0);
	assert_int_equal(call->call(&f), expected_of(call));
	wire_run(&f.wire, 0);
	free_all(&f);
	wire_finish(&f.wire);
}

/* A row that no call needs is a mistake of the table. */
static void each_row_is_of_a_call(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct null_call *call = null_calls;
		while (call->function != NULL &&
			(strcmp(call->function, others[i].function) != 0 ||
				strcmp(call->parameter, others[i].parameter) != 0)) {
			call++;
		}
		assert_non_null(call->function);
	}
}

int main(void)
{
	size_t count = 0;
	while (null_calls[count].function != NULL) {
		count++;
	}
	struct CMUnitTest *tests = calloc(count + 1, sizeof(*tests));
	char(*names)[128] = calloc(count, sizeof(*names));
	assert_true(tests != NULL && names != NULL);
	for (size_t i = 0; i < count; i++) {
		const struct null_call *call = &null_calls[i];
		snprintf(names[i], sizeof(names[i]), "%s(%s)", call->function, call->parameter);
		tests[i] = (struct CMUnitTest){.name = names[i],
			.test_func = null_is_refused_or_has_a_meaning,
			.initial_state = &null_calls[i]};
	}
	tests[count] = (struct CMUnitTest)cmocka_unit_test(each_row_is_of_a_call);
	int failed = _cmocka_run_group_tests("null", tests, count + 1, NULL, NULL);
	free(names);
	free(tests);
	return failed;
}
