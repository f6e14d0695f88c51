/*
 * envoi - Personal Eventing Protocol: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/disco.h>
#include <envoi/ext/pep.h>

#include "client_fixture.h"
#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

enum {
	SECOND_MS = 1000,
};

#define PUBSUB "http://jabber.org/protocol/pubsub"
#define SECRET "<secret xmlns='urn:example:secret'>x</secret>"

/* --- storage: XEP-0223 --- */

static bool frees_session;

static void on_stored(void *user, int code, const char *text)
{
	struct wire *wire = user;
	assert_non_null(text);
	write_text(&wire->log, "%s\n", envoi_error_name(code));
	if (frees_session) {
		wire_free_session(wire);
	}
}

static int store(struct wire *wire, enum envoi_pep_access access, uint32_t max_items)
{
	struct envoi_element *payload = element_from_text(wire->context, SECRET);
	const struct envoi_pep_node node = {
		.name = "urn:n", .access = access, .max_items = max_items};
	frees_session = false;
	int r = envoi_pep_store(wire->session, &node, "i", payload, on_stored, wire);
	envoi_element_unref(payload);
	wire_run(wire, 0);
	return r;
}

#define FIELD(name, value) "<field var='pubsub#" name "'><value>" value "</value></field>"
#define CONFIG(access, persist, max) \
	"<pubsub xmlns='" PUBSUB "#owner'><configure node='urn:n'><x xmlns='jabber:x:data' " \
	"type='form'><field var='FORM_TYPE' type='hidden'><value>" PUBSUB \
	"#node_config</value></field>" FIELD("access_model", access) \
		FIELD("persist_items", persist) FIELD("max_items", max) \
			FIELD("title", "mine") "</x></configure></pubsub>"
#define ERROR(condition, more) \
	"<error type='cancel'><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>" more \
	"</error>"
#define NOT_FOUND ERROR("item-not-found", "")
#define REFUSED ERROR("conflict", "<precondition-not-met xmlns='" PUBSUB "#errors'/>")

/* Answer the request that was sent, which has this in it, and no secret unless it publishes. */
static void step(struct wire *wire, const char *part, const char *type, const char *content)
{
	const char *heard = wire_answer_account(wire, type, content);
	if (strstr(heard, part) == NULL) {
		fail_msg("%s\nhas no\n%s", heard, part);
	}
	if ((strstr(heard, "urn:example:secret") != NULL) != (strstr(heard, "<publish ") != NULL)) {
		fail_msg("the secret is in\n%s", heard);
	}
}

#define READ "<configure node='urn:n'/>"
#define CREATE "<create node='urn:n'/><configure>"
#define SET "<configure node='urn:n'><x"
#define PUBLISH "<publish node='urn:n'><item id='i'>" SECRET "</item></publish>"

static void a_new_node_is_created_and_read_back_before_it_is_written_to(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	step(wire, READ, "error", NOT_FOUND);
	step(wire,
		CREATE "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' "
		       "type='hidden'><value>" PUBSUB "#node_config</value></field>" FIELD(
			       "access_model", "whitelist") FIELD("max_items", "max")
			       FIELD("persist_items", "true") "</x></configure>",
		"result", "");
	step(wire, READ, "result", CONFIG("whitelist", "1", "max"));
	assert_string_equal(wire_log(wire), "");
	step(wire,
		PUBLISH "<publish-options><x xmlns='jabber:x:data' type='submit'><field "
			"var='FORM_TYPE' type='hidden'><value>" PUBSUB
			"#publish-options</value></field>" FIELD("access_model", "whitelist")
				FIELD("persist_items", "true") "</x></publish-options>",
		"result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK\n");
}

#define FORM(fields) \
	"<pubsub xmlns='" PUBSUB "#owner'><configure node='urn:n'><x xmlns='jabber:x:data' " \
	"type='form'><field var='FORM_TYPE' type='hidden'><value>" PUBSUB \
	"#node_config</value></field>" fields "</x></configure></pubsub>"
#define FEW \
	"<field var='pubsub#max_items' type='list-single'><value>1</value>" \
	"<option><value>1</value></option><option><value>5</value></option></field>"

static void a_node_that_would_not_become_right_is_left_alone(void **state)
{
	static const char *const configs[] = {
		FORM(FIELD("access_model", "presence") FIELD("max_items", "10")),
		FORM(FIELD("access_model", "presence") FIELD("persist_items", "1")),
		FORM(FIELD("persist_items", "1") FIELD("max_items", "10")),
		FORM(FIELD("access_model", "presence") FIELD("persist_items", "1") FEW),
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, i == 3 ? 100 : 0), ENVOI_OK);
		step(wire, READ, "result", configs[i]);
		assert_string_equal(wire_log(wire), "ENVOI_ERR_UNSUPPORTED\n");
		assert_string_equal(wire_heard(wire), "");
	}
}

static void a_node_that_is_right_is_written_to(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	step(wire, READ, "result", CONFIG("whitelist", "true", "max"));
	step(wire, PUBLISH, "result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK\n");
}

struct wrong {
	enum envoi_pep_access access;
	uint32_t max_items;
	const char *config;
	const char *set; /* a field that is set */
};

static void a_node_that_is_not_is_configured_and_read_again(void **state)
{
	static const struct wrong all[] = {
		{ENVOI_PEP_PRIVATE, 0, CONFIG("presence", "1", "max"), "whitelist"},
		{ENVOI_PEP_PRIVATE, 0, CONFIG("open", "1", "max"), "whitelist"},
		{ENVOI_PEP_PRIVATE, 0, CONFIG("whitelist", "0", "max"), "true"},
		{ENVOI_PEP_PRIVATE, 0, CONFIG("whitelist", "1", "1"), "max"},
		{ENVOI_PEP_PRIVATE, 0, CONFIG("whitelist", "1", "10"), "max"},
		{ENVOI_PEP_PRIVATE, 100, CONFIG("whitelist", "1", "99"), "100"},
		{ENVOI_PEP_OPEN, 0, CONFIG("whitelist", "1", "max"), "open"},
		{ENVOI_PEP_PRESENCE, 0, CONFIG("open", "1", "max"), "presence"},
	};
	static const char *const right[] = {
		[ENVOI_PEP_PRIVATE] = CONFIG("whitelist", "1", "100"),
		[ENVOI_PEP_PRESENCE] = CONFIG("presence", "1", "100"),
		[ENVOI_PEP_OPEN] = CONFIG("open", "1", "100"),
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char set[100];
		assert_int_equal(store(wire, all[i].access, all[i].max_items), ENVOI_OK);
		step(wire, READ, "result", all[i].config);
		snprintf(set, sizeof(set), "<value>%s</value>", all[i].set);
		const char *heard = wire_answer_account(wire, "result", "");
		assert_non_null(strstr(heard, SET));
		assert_non_null(strstr(heard, set));
		assert_non_null(strstr(heard, FIELD("title", "mine"))); /* all others stay */
		step(wire, READ, "result", right[all[i].access]);
		step(wire, PUBLISH, "result", "");
		assert_string_equal(wire_log(wire), "ENVOI_OK\n");
	}
}

/* A server that says yes and does something else. */
static void a_node_that_cannot_be_private_is_not_written_to(void **state)
{
	static const char *const configs[] = {CONFIG("presence", "1", "max"),
		CONFIG("whitelist", "0", "max"), CONFIG("whitelist", "1", "1"),
		CONFIG("whitelist", "1", "-1"), CONFIG("whitelist", "1", "")};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
		step(wire, READ, "result", configs[i]);
		step(wire, SET, "result", "");
		step(wire, READ, "result", configs[i]);
		assert_string_equal(wire_log(wire), "ENVOI_ERR_UNSUPPORTED\n");
		assert_string_equal(wire_heard(wire), "");
	}
}

/* The configuration cannot be read, or has no field for the access. */
static void a_node_without_a_configuration_is_not_written_to(void **state)
{
	static const char *const answers[] = {
		"<pubsub xmlns='" PUBSUB "#owner'/>",
		"<pubsub xmlns='" PUBSUB "#owner'><configure node='urn:n'/></pubsub>",
		"<pubsub xmlns='" PUBSUB "#owner'><configure node='urn:n'><x "
		"xmlns='jabber:x:data' type='form'/></configure></pubsub>",
		"<pubsub xmlns='" PUBSUB "#owner'><configure node='urn:n'><x "
		"xmlns='jabber:x:data' type='form'><field var='FORM_TYPE' type='hidden'><value>" PUBSUB
		"#node_config</value></field></x></configure></pubsub>",
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
		step(wire, READ, "result", answers[i]);
		assert_string_equal(wire_log(wire), "ENVOI_ERR_UNSUPPORTED\n");
		assert_string_equal(wire_heard(wire), "");
	}
}

static void a_refusal_at_any_step_ends_it(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	step(wire, READ, "error", ERROR("forbidden", ""));
	assert_string_equal(wire_log(wire), "ENVOI_ERR_STANZA\n");
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	step(wire, READ, "error", NOT_FOUND);
	step(wire, CREATE, "error", ERROR("not-allowed", ""));
	assert_string_equal(wire_log(wire), "ENVOI_ERR_STANZA\n");
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	step(wire, READ, "error", NOT_FOUND);
	step(wire, CREATE, "result", "");
	step(wire, READ, "error", NOT_FOUND); /* not a second time */
	assert_string_equal(wire_log(wire), "ENVOI_ERR_STANZA\n");
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	step(wire, READ, "result", CONFIG("open", "1", "max"));
	step(wire, SET, "error", ERROR("not-allowed", ""));
	assert_string_equal(wire_log(wire), "ENVOI_ERR_STANZA\n");
	assert_string_equal(wire_heard(wire), "");
}

/* Another client has created the node in between. */
static void a_node_of_another_client_is_read(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	step(wire, READ, "error", NOT_FOUND);
	step(wire, CREATE, "error", ERROR("conflict", ""));
	step(wire, READ, "result", CONFIG("presence", "1", "max"));
	step(wire, SET, "result", "");
	step(wire, READ, "result", CONFIG("whitelist", "1", "max"));
	step(wire, PUBLISH, "result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK\n");
}

/* It was configured otherwise after it was read: XEP-0060, section 7.1.5. */
static void a_failed_precondition_leads_to_one_more_attempt(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	step(wire, READ, "result", CONFIG("whitelist", "1", "max"));
	step(wire, PUBLISH, "error", REFUSED);
	step(wire, READ, "result", CONFIG("open", "1", "max"));
	step(wire, SET, "result", "");
	step(wire, READ, "result", CONFIG("whitelist", "1", "max"));
	step(wire, PUBLISH, "error", REFUSED);
	assert_string_equal(wire_log(wire), "ENVOI_ERR_STANZA\n");
	assert_string_equal(wire_heard(wire), "");
}

static void the_session_may_be_freed_inside(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	frees_session = true;
	step(wire, READ, "error", ERROR("forbidden", ""));
	assert_null(wire->session);
}

static void it_ends_with_the_session(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(store(wire, ENVOI_PEP_PRIVATE, 0), ENVOI_OK);
	wire_free_session(wire);
	assert_non_null(strstr(wire_log(wire), "ENVOI_ERR_CANCELED\n"));
}

static void bad_parameters_are_refused(void **state)
{
	struct wire *wire = *state;
	struct envoi_element *payload = element_from_text(wire->context, SECRET);
	struct envoi_pep_node node = {.name = NULL, .access = ENVOI_PEP_PRIVATE};
	assert_int_equal(envoi_pep_store(wire->session, &node, "i", payload, on_stored, wire),
		ENVOI_ERR_INVALID);
	node.name = "";
	assert_int_equal(envoi_pep_store(wire->session, &node, "i", payload, on_stored, wire),
		ENVOI_ERR_INVALID);
	node = (struct envoi_pep_node){.name = "n"};
	assert_int_equal(envoi_pep_store(wire->session, &node, "i", payload, on_stored, wire),
		ENVOI_ERR_INVALID);
	node.access = ENVOI_PEP_PRIVATE;
	assert_int_equal(envoi_pep_store(wire->session, &node, "i", NULL, on_stored, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_pep_store(wire->session, NULL, "i", payload, on_stored, wire),
		ENVOI_ERR_INVALID);
	envoi_element_unref(payload);
}

/* --- events: XEP-0163, section 4.3 --- */

static struct client_fixture fixture;
static struct envoi_handler *listener;
static char events[500];
static bool frees_client;

static void on_event(struct envoi_session *session, void *user, const struct envoi_jid *from,
	const struct envoi_pubsub_event *event)
{
	(void)user;
	size_t len = strlen(events);
	snprintf(events + len, sizeof(events) - len, "%s %s;",
		from == NULL ? "own" : envoi_jid_text(from),
		event->items != NULL && event->items->item_count > 0 ? event->items->items[0].id
								     : "-");
	if (frees_client) {
		envoi_session_remove(session, listener);
		envoi_handler_destroy(listener);
		listener = NULL;
		envoi_client_free(fixture.client);
		fixture.client = NULL;
	}
}

static int setup(void **state)
{
	(void)state;
	events[0] = '\0';
	frees_client = false;
	client_fixture_init(&fixture, NULL);
	client_fixture_add_connector(&fixture);
	test_server_add_contact(fixture.server, "alice", "both@example.net", NULL, "both");
	test_server_add_contact(fixture.server, "alice", "from@example.net", NULL, "from");
	test_server_add_contact(fixture.server, "alice", "to@example.net", NULL, "to");
	assert_int_equal(envoi_pep_events_new(&listener, fixture.context, "urn:n",
				 ENVOI_PEP_OWN | ENVOI_PEP_CONTACTS, on_event, NULL),
		ENVOI_OK);
	envoi_client_add(fixture.client, listener);
	client_fixture_connect(&fixture, SECOND_MS);
	assert_non_null(strstr(fixture.events, "available"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (listener != NULL) {
		envoi_session_remove(envoi_client_session(fixture.client), listener);
		envoi_handler_destroy(listener);
	}
	client_fixture_finish(&fixture);
	return 0;
}

static const char *events_of(const char *xml)
{
	events[0] = '\0';
	assert_true(test_server_says(fixture.server, "alice@example.org/desk", xml));
	client_fixture_run(&fixture, SECOND_MS);
	return events;
}

#define EVENT(attributes, node) \
	"<message type='headline' " attributes "><event xmlns='" PUBSUB "#event'><items " \
	"node='" node "'><item id='1'/></items></event></message>"

static void events_of_the_account_and_of_contacts_are_reported(void **state)
{
	(void)state;
	assert_string_equal(events_of(EVENT("from='alice@example.org'", "urn:n")), "own 1;");
	assert_string_equal(events_of(EVENT("", "urn:n")), "own 1;");
	assert_string_equal(
		events_of(EVENT("from='both@example.net'", "urn:n")), "both@example.net 1;");
	assert_string_equal(
		events_of(EVENT("from='to@example.net'", "urn:n")), "to@example.net 1;");
}

static void events_of_others_are_not(void **state)
{
	(void)state;
	static const char *const others[] = {EVENT("from='from@example.net'", "urn:n"),
		EVENT("from='stranger@example.net'", "urn:n"),
		EVENT("from='both@example.net/a'", "urn:n"),
		EVENT("from='alice@example.org/phone'", "urn:n"),
		EVENT("from='example.org'", "urn:n"), EVENT("from='both@example.net'", "urn:m"),
		EVENT("from='alice@example.org'", "urn:m")};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_string_equal(events_of(others[i]), "");
	}
}

static void only_those_that_are_wanted_are_reported(void **state)
{
	(void)state;
	struct envoi_session *session = envoi_client_session(fixture.client);
	for (unsigned int who = ENVOI_PEP_OWN; who <= ENVOI_PEP_CONTACTS; who++) {
		envoi_session_remove(session, listener);
		envoi_handler_destroy(listener);
		assert_int_equal(envoi_pep_events_new(
					 &listener, fixture.context, "urn:n", who, on_event, NULL),
			ENVOI_OK);
		assert_int_equal(envoi_session_add(session, listener), ENVOI_OK);
		assert_string_equal(events_of(EVENT("from='alice@example.org'", "urn:n")),
			who == ENVOI_PEP_OWN ? "own 1;" : "");
		assert_string_equal(events_of(EVENT("from='both@example.net'", "urn:n")),
			who == ENVOI_PEP_OWN ? "" : "both@example.net 1;");
	}
}

static void the_interest_is_announced(void **state)
{
	(void)state;
	struct envoi_disco_info *info;
	assert_int_equal(
		envoi_disco_own_info(&info, envoi_client_session(fixture.client)), ENVOI_OK);
	assert_true(envoi_disco_has_feature(info, "urn:n+notify"));
	envoi_payload_free(&envoi_disco_info_type, info);
}

static void everything_may_be_freed_inside_an_event(void **state)
{
	(void)state;
	frees_client = true;
	assert_string_equal(events_of(EVENT("from='alice@example.org'", "urn:n")), "own 1;");
	client_fixture_renew(&fixture);
}

static int make_listener(struct envoi_context *context)
{
	struct envoi_handler *handler;
	int r = envoi_pep_events_new(&handler, context, "n", ENVOI_PEP_OWN, on_event, NULL);
	if (r == ENVOI_OK) {
		envoi_handler_destroy(handler);
	}
	return r;
}

static void a_bad_listener_is_refused(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *handler;
	assert_int_equal(
		envoi_pep_events_new(&handler, wire->context, NULL, ENVOI_PEP_OWN, on_event, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_pep_events_new(&handler, wire->context, "", ENVOI_PEP_OWN, on_event, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_pep_events_new(&handler, wire->context, "n", 0, on_event, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_pep_events_new(&handler, wire->context, "n", ENVOI_PEP_OWN, NULL, NULL),
		ENVOI_ERR_INVALID);
	assert_true(test_allocator_try(make_listener) > 0);
}

/* --- memory --- */

static void every_failed_allocation_is_survived(void **state)
{
	(void)state;
	bool has_failed = true;
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		static const char *const answers[] = {
			CONFIG("open", "1", "max"), "", CONFIG("whitelist", "1", "max"), ""};
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		struct envoi_element *payload = element_from_text(wire.context, SECRET);
		const struct envoi_pep_node node = {.name = "urn:n", .access = ENVOI_PEP_PRIVATE};
		frees_session = false;
		allocator.fail_at = allocator.calls + n;
		int r = envoi_pep_store(wire.session, &node, "i", payload, on_stored, &wire);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		for (size_t i = 0; i < 4 && r == ENVOI_OK; i++) {
			wire_run(&wire, 0);
			if (strstr(written_text(&wire.heard), "</iq>") != NULL) {
				wire_answer_account(&wire, "result", answers[i]);
			}
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		envoi_element_unref(payload);
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)
#define CLIENT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_node_is_created_and_read_back_before_it_is_written_to),
		TEST(a_node_that_would_not_become_right_is_left_alone),
		TEST(a_node_that_is_right_is_written_to),
		TEST(a_node_that_is_not_is_configured_and_read_again),
		TEST(a_node_that_cannot_be_private_is_not_written_to),
		TEST(a_node_without_a_configuration_is_not_written_to),
		TEST(a_refusal_at_any_step_ends_it),
		TEST(a_node_of_another_client_is_read),
		TEST(a_failed_precondition_leads_to_one_more_attempt),
		TEST(the_session_may_be_freed_inside),
		TEST(it_ends_with_the_session),
		TEST(bad_parameters_are_refused),
		CLIENT(events_of_the_account_and_of_contacts_are_reported),
		CLIENT(events_of_others_are_not),
		CLIENT(only_those_that_are_wanted_are_reported),
		CLIENT(the_interest_is_announced),
		CLIENT(everything_may_be_freed_inside_an_event),
		TEST(a_bad_listener_is_refused),
		cmocka_unit_test(every_failed_allocation_is_survived),
	};
	return cmocka_run_group_tests_name("ext/pep", tests, NULL, NULL);
}
