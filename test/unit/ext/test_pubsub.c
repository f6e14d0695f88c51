/*
 * envoi - Publish-Subscribe: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/pubsub.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define SERVICE "pubsub.shakespeare.lit"
#define PUBSUB "http://jabber.org/protocol/pubsub"
#define ENTRY "<entry xmlns='http://www.w3.org/2005/Atom'><title>Soliloquy</title></entry>"
#define OWN(content) "<pubsub xmlns='" PUBSUB "#owner'>" content "</pubsub>"
#define OF(content) "<pubsub xmlns='" PUBSUB "'>" content "</pubsub>"
#define FORM(type, ns, content) \
	"<x xmlns='jabber:x:data' type='" type "'><field var='FORM_TYPE' type='hidden'><value>" ns \
	"</value></field>" content "</x>"

static char whitelist[] = "whitelist";

/* The last answer, as text. */
static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	const struct envoi_pubsub *result = envoi_pubsub_result(answer);
	const char *condition = envoi_pubsub_condition(envoi_answer_error(answer));
	write_text(&wire->log, "%s", envoi_error_name(envoi_answer_code(answer)));
	if (condition != NULL) {
		write_text(&wire->log, " %s", condition);
	}
	if (result != NULL && result->create != NULL) {
		write_text(&wire->log, " created %s", result->create->node);
	}
	if (result != NULL && result->publish != NULL && result->publish->item_count > 0) {
		write_text(&wire->log, " published %s", result->publish->items[0].id);
	}
	if (result != NULL && result->subscription != NULL) {
		write_text(&wire->log, " subscription %d", result->subscription->state);
	}
	if (result != NULL && result->items != NULL) {
		write_text(&wire->log, " items");
		for (size_t i = 0; i < result->items->item_count; i++) {
			write_text(&wire->log, " %s", result->items->items[i].id);
		}
	}
	if (result != NULL && result->page != NULL && result->page->has_count) {
		write_text(&wire->log, " of %u", result->page->count);
	}
}

static void on_owner_answer(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	const struct envoi_pubsub_owner *result = envoi_answer_payload(answer);
	write_text(&wire->log, "%s", envoi_error_name(envoi_answer_code(answer)));
	if (result != NULL && result->configure != NULL) {
		write_text(&wire->log, " %s",
			envoi_forms_value(result->configure->form, "pubsub#access_model"));
	}
	if (result != NULL && result->affiliations != NULL) {
		write_text(&wire->log, " %zu affiliations", result->affiliations->count);
	}
	if (result != NULL && result->subscriptions != NULL) {
		write_text(&wire->log, " %zu subscriptions", result->subscriptions->count);
	}
}

/* Answer the request that was sent, which has this content. */
static const char *answered(
	struct wire *wire, int r, const char *content, const char *type, const char *answer)
{
	char xml[2000], id[50];
	assert_int_equal(r, ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	if (strstr(heard, content) == NULL || strstr(heard, " to='" SERVICE "'") == NULL) {
		fail_msg("%s\nis not\n%s", heard, content);
	}
	assert_int_equal(sscanf(strstr(heard, " id='"), " id='%49[^']", id), 1);
	snprintf(xml, sizeof(xml), "<iq type='%s' from='" SERVICE "' id='%s'>%s</iq>", type, id,
		answer);
	wire_say(wire, xml);
	wire_run(wire, 0);
	return wire_log(wire);
}

static struct envoi_form *config_form(struct wire *wire, const struct envoi_payload_type *type)
{
	struct envoi_form *form;
	const struct envoi_pubsub_config config = {.access_model = whitelist, .has_persist = true};
	assert_int_equal(
		envoi_forms_fill(&form, wire->context, type, &config, NULL, NULL), ENVOI_OK);
	return form;
}

/* --- owners: XEP-0060, section 8 --- */

static void a_node_is_created(void **state)
{
	struct wire *wire = *state;
	struct envoi_session *session = wire->session;
	assert_string_equal(
		answered(wire, envoi_pubsub_create(session, SERVICE, "n", NULL, on_answer, wire),
			OF("<create node='n'/>"), "result", ""),
		"ENVOI_OK");
	assert_string_equal(
		answered(wire, envoi_pubsub_create(session, SERVICE, NULL, NULL, on_answer, wire),
			OF("<create/>"), "result", OF("<create node='25e3d37'/>")),
		"ENVOI_OK created 25e3d37");
	struct envoi_form *form = config_form(wire, &envoi_pubsub_config_type);
	assert_string_equal(
		answered(wire, envoi_pubsub_create(session, SERVICE, "n", form, on_answer, wire),
			OF("<create node='n'/><configure>" FORM("submit", PUBSUB "#node_config",
				"<field var='pubsub#access_model'><value>whitelist</value></field>"
				"<field var='pubsub#persist_items'><value>false</value></field>") "</configure>"),
			"error",
			"<error type='cancel'><conflict "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"),
		"ENVOI_ERR_STANZA");
	envoi_payload_free(&envoi_forms_type, form);
}

static void a_node_is_configured(void **state)
{
	struct wire *wire = *state;
	struct envoi_session *session = wire->session;
	assert_string_equal(
		answered(wire,
			envoi_pubsub_config_get(session, SERVICE, "n", on_owner_answer, wire),
			OWN("<configure node='n'/>"), "result",
			OWN("<configure node='n'>" FORM("form", PUBSUB "#node_config",
				"<field var='pubsub#access_model' type='list-single'>"
				"<value>open</value></field>") "</configure>")),
		"ENVOI_OK open");
	struct envoi_form *form = config_form(wire, &envoi_pubsub_config_type);
	assert_string_equal(
		answered(wire,
			envoi_pubsub_config_set(session, SERVICE, "n", form, on_owner_answer, wire),
			"<configure node='n'><x xmlns='jabber:x:data' type='submit'>", "result",
			""),
		"ENVOI_OK");
	envoi_payload_free(&envoi_forms_type, form);
	assert_int_equal(
		envoi_pubsub_config_set(session, SERVICE, "n", NULL, on_owner_answer, wire),
		ENVOI_ERR_INVALID);
	assert_string_equal(
		answered(wire, envoi_pubsub_config_default(session, SERVICE, on_owner_answer, wire),
			OWN("<default/>"), "result", OWN("<default/>")),
		"ENVOI_OK");
}

static void a_node_is_emptied_and_deleted(void **state)
{
	struct wire *wire = *state;
	struct envoi_session *session = wire->session;
	answered(wire, envoi_pubsub_purge(session, SERVICE, "n", on_answer, wire),
		OWN("<purge node='n'/>"), "result", "");
	answered(wire, envoi_pubsub_delete(session, SERVICE, "n", NULL, on_answer, wire),
		OWN("<delete node='n'/>"), "result", "");
	answered(wire,
		envoi_pubsub_delete(session, SERVICE, "n", "xmpp:a?;node=b", on_answer, wire),
		OWN("<delete node='n'><redirect uri='xmpp:a?;node=b'/></delete>"), "result", "");
}

static void affiliations_and_subscriptions_are_managed(void **state)
{
	struct wire *wire = *state;
	struct envoi_session *session = wire->session;
	const struct envoi_pubsub_affiliated owner = {
		.jid = wire->own, .affiliation = ENVOI_PUBSUB_PUBLISH_ONLY};
	const struct envoi_pubsub_subscription none = {
		.jid = wire->own, .state = ENVOI_PUBSUB_NOT_SUBSCRIBED};
	assert_string_equal(
		answered(wire,
			envoi_pubsub_affiliates_get(session, SERVICE, "n", on_owner_answer, wire),
			OWN("<affiliations node='n'/>"), "result",
			OWN("<affiliations node='n'><affiliation jid='a@b' affiliation='owner'/>"
			    "<affiliation jid='@' affiliation='owner'/><affiliation jid='a@c' "
			    "affiliation='king'/></affiliations>")),
		"ENVOI_OK 1 affiliations");
	answered(wire,
		envoi_pubsub_affiliates_set(
			session, SERVICE, "n", &owner, 1, on_owner_answer, wire),
		OWN("<affiliations node='n'><affiliation jid='me@example.org/here' "
		    "affiliation='publish-only'/></affiliations>"),
		"result", "");
	assert_string_equal(
		answered(wire,
			envoi_pubsub_subscribers_get(session, SERVICE, "n", on_owner_answer, wire),
			OWN("<subscriptions node='n'/>"), "result",
			OWN("<subscriptions node='n'><subscription jid='a@b' subscription='pending' "
			    "subid='1'/></subscriptions>")),
		"ENVOI_OK 1 subscriptions");
	answered(wire,
		envoi_pubsub_subscribers_set(
			session, SERVICE, "n", &none, 1, on_owner_answer, wire),
		OWN("<subscriptions node='n'><subscription jid='me@example.org/here' "
		    "subscription='none'/></subscriptions>"),
		"result", "");
	assert_int_equal(envoi_pubsub_affiliates_set(
				 session, SERVICE, "n", &owner, 0, on_owner_answer, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_pubsub_subscribers_set(
				 session, SERVICE, "n", &none, 0, on_owner_answer, wire),
		ENVOI_ERR_INVALID);
}

/* --- publishers: section 7 --- */

static void an_item_is_published_and_retracted(void **state)
{
	struct wire *wire = *state;
	struct envoi_session *session = wire->session;
	struct envoi_element *entry = element_from_text(wire->context, ENTRY);
	struct envoi_form *form = config_form(wire, &envoi_pubsub_publish_options_type);
	assert_string_equal(
		answered(wire,
			envoi_pubsub_publish(
				session, SERVICE, "n", NULL, entry, NULL, on_answer, wire),
			OF("<publish node='n'><item>" ENTRY "</item></publish>"), "result",
			OF("<publish node='n'><item id='ae890ac5'/></publish>")),
		"ENVOI_OK published ae890ac5");
	assert_string_equal(
		answered(wire,
			envoi_pubsub_publish(
				session, SERVICE, "n", "i", entry, form, on_answer, wire),
			"<item id='i'>" ENTRY "</item></publish><publish-options>" FORM("submit",
				PUBSUB "#publish-options",
				"<field var='pubsub#access_model'><value>whitelist</value></field>"
				"<field var='pubsub#persist_items'><value>false</value></field>") "</publish-options>",
			"error",
			"<error type='cancel'><conflict "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><precondition-not-met "
			"xmlns='" PUBSUB "#errors'/></error>"),
		"ENVOI_ERR_STANZA precondition-not-met");
	answered(wire,
		envoi_pubsub_publish(session, SERVICE, "n", NULL, NULL, NULL, on_answer, wire),
		OF("<publish node='n'/>"), "result", "");
	answered(wire, envoi_pubsub_retract(session, SERVICE, "n", "i", true, on_answer, wire),
		OF("<retract node='n' notify='true'><item id='i'/></retract>"), "result", "");
	assert_int_equal(envoi_pubsub_retract(session, SERVICE, "n", NULL, true, on_answer, wire),
		ENVOI_ERR_INVALID);
	envoi_payload_free(&envoi_forms_type, form);
	envoi_element_unref(entry);
}

/* Either child of the error may be the first one: XEP-0060, section 7.1.5. */
static void a_condition_is_found_in_any_order(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(answered(wire,
				    envoi_pubsub_publish(wire->session, SERVICE, "n", "i", NULL,
					    NULL, on_answer, wire),
				    "<publish", "error",
				    "<error type='cancel'><precondition-not-met xmlns='" PUBSUB
				    "#errors'/><conflict "
				    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"),
		"ENVOI_ERR_STANZA precondition-not-met");
	assert_string_equal(
		answered(wire,
			envoi_pubsub_publish(
				wire->session, SERVICE, "n", "i", NULL, NULL, on_answer, wire),
			"<publish", "error",
			"<error type='cancel'><conflict "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><precondition-not-met "
			"xmlns='urn:other'/></error>"),
		"ENVOI_ERR_STANZA");
	assert_null(envoi_pubsub_condition(NULL));
}

/* --- subscribers: section 6 --- */

static void items_are_fetched(void **state)
{
	struct wire *wire = *state;
	struct envoi_session *session = wire->session;
	static const char *const ids[] = {"a", "b"};
	static char after[] = "x";
	const struct envoi_rsm_request page = {.has_max = true, .max = 5, .after = after};
	assert_string_equal(
		answered(wire,
			envoi_pubsub_items_get(
				session, SERVICE, "n", NULL, 0, 0, NULL, on_answer, wire),
			OF("<items node='n'/>"), "result",
			OF("<items node='n'><item id='1'>" ENTRY "</item><item id='2'/></items>"
			   "<set xmlns='http://jabber.org/protocol/rsm'><first>1</first>"
			   "<last>2</last><count>19</count></set>")),
		"ENVOI_OK items 1 2 of 19");
	assert_string_equal(answered(wire,
				    envoi_pubsub_items_get(session, SERVICE, "n", ids, 2, 0, NULL,
					    on_answer, wire),
				    OF("<items node='n'><item id='a'/><item id='b'/></items>"),
				    "result", OF("<items node='n'/>")),
		"ENVOI_OK items");
	answered(wire,
		envoi_pubsub_items_get(session, SERVICE, "n", NULL, 0, 3, &page, on_answer, wire),
		OF("<items node='n' max_items='3'/><set xmlns='http://jabber.org/protocol/rsm'>"
		   "<after>x</after><max>5</max></set>"),
		"result", OF("<items node='n'/>"));
	assert_string_equal(answered(wire,
				    envoi_pubsub_items_get(session, SERVICE, "n", NULL, 0, 0, NULL,
					    on_answer, wire),
				    "<items", "result", OF("<items/>")),
		"ENVOI_ERR_PROTOCOL");
}

static void a_subscription_is_made_and_ended(void **state)
{
	struct wire *wire = *state;
	struct envoi_session *session = wire->session;
	struct envoi_form *form = config_form(wire, &envoi_pubsub_config_type);
	assert_string_equal(
		answered(wire,
			envoi_pubsub_subscribe(session, SERVICE, "n", NULL, NULL, on_answer, wire),
			OF("<subscribe node='n' jid='me@example.org'/>"), "result",
			OF("<subscription node='n' jid='me@example.org' subid='1' "
			   "subscription='subscribed'/>")),
		"ENVOI_OK subscription 4");
	answered(wire,
		envoi_pubsub_subscribe(session, SERVICE, "n", wire->own, form, on_answer, wire),
		"<subscribe node='n' jid='me@example.org/here'/><options node='n' "
		"jid='me@example.org/here'><x xmlns='jabber:x:data' type='submit'>",
		"result", "");
	answered(wire, envoi_pubsub_unsubscribe(session, SERVICE, "n", NULL, "1", on_answer, wire),
		OF("<unsubscribe node='n' jid='me@example.org' subid='1'/>"), "result", "");
	answered(wire, envoi_pubsub_options_get(session, SERVICE, "n", NULL, NULL, on_answer, wire),
		OF("<options node='n' jid='me@example.org'/>"), "result", OF(""));
	answered(wire,
		envoi_pubsub_options_set(session, SERVICE, "n", NULL, "1", form, on_answer, wire),
		"<options node='n' jid='me@example.org' subid='1'><x", "result", "");
	assert_int_equal(
		envoi_pubsub_options_set(session, SERVICE, "n", NULL, "1", NULL, on_answer, wire),
		ENVOI_ERR_INVALID);
	answered(wire, envoi_pubsub_subscriptions_get(session, SERVICE, NULL, on_answer, wire),
		OF("<subscriptions/>"), "result", OF("<subscriptions/>"));
	answered(wire, envoi_pubsub_affiliations_get(session, SERVICE, "n", on_answer, wire),
		OF("<affiliations node='n'/>"), "result", OF("<affiliations/>"));
	envoi_payload_free(&envoi_forms_type, form);
}

/* XEP-0163: the service of the account has no address. */
static void the_account_is_a_service(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_pubsub_purge(wire->session, NULL, "n", on_answer, wire), ENVOI_OK);
	wire_run(wire, 0);
	assert_null(strstr(wire_answer_account(wire, "result", ""), " to="));
	assert_string_equal(wire_log(wire), "ENVOI_OK");
}

static void a_node_is_required(void **state)
{
	struct wire *wire = *state;
	struct envoi_session *session = wire->session;
	assert_int_equal(
		envoi_pubsub_publish(session, NULL, NULL, "i", NULL, NULL, on_answer, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_pubsub_items_get(session, NULL, NULL, NULL, 0, 0, NULL, on_answer, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_pubsub_subscribe(session, NULL, NULL, NULL, NULL, on_answer, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_pubsub_config_get(session, NULL, NULL, on_answer, wire), ENVOI_ERR_INVALID);
}

/* --- events --- */

static struct envoi_handler *listener;
static bool frees_all;

static void on_event(struct envoi_session *session, void *user, const struct envoi_jid *from,
	const struct envoi_pubsub_event *event)
{
	struct wire *wire = user;
	const char *node = envoi_pubsub_event_node(event);
	write_text(&wire->log, "%s %s", envoi_jid_text(from), node == NULL ? "-" : node);
	for (size_t i = 0; event->items != NULL && i < event->items->item_count; i++) {
		write_text(&wire->log, " +%s", event->items->items[i].id);
	}
	for (size_t i = 0; event->items != NULL && i < event->items->retracted_count; i++) {
		write_text(&wire->log, " -%s", event->items->retracted[i].id);
	}
	write_text(&wire->log, "%s%s%s%s\n", event->purged != NULL ? " purged" : "",
		event->deleted != NULL ? " deleted" : "",
		event->configured != NULL ? " configured" : "",
		event->subscription != NULL ? " subscription" : "");
	if (frees_all) {
		envoi_session_remove(session, listener);
		envoi_handler_destroy(listener);
		listener = NULL;
		wire_free_session(wire);
	}
}

static void listen_to(struct wire *wire, const char *node)
{
	struct envoi_jid *service;
	frees_all = false;
	assert_int_equal(
		envoi_jid_parse(&service, wire->context, SERVICE, strlen(SERVICE)), ENVOI_OK);
	assert_int_equal(
		envoi_pubsub_events_new(&listener, wire->context, service, node, on_event, wire),
		ENVOI_OK);
	envoi_jid_unref(service);
	assert_int_equal(envoi_session_add(wire->session, listener), ENVOI_OK);
}

static void stop_listening(struct wire *wire)
{
	envoi_session_remove(wire->session, listener);
	envoi_handler_destroy(listener);
}

#define EVENT(from, content) \
	"<message from='" from "'><event xmlns='" PUBSUB "#event'>" content "</event></message>"

static void events_of_the_service_are_reported(void **state)
{
	struct wire *wire = *state;
	listen_to(wire, NULL);
	wire_talk(wire,
		EVENT(SERVICE, "<items node='n'><item id='1'/><retract id='2'/></items>") EVENT(
			SERVICE, "<purge node='m'/>") EVENT(SERVICE, "<delete node='m'/>")
			EVENT(SERVICE, "<configuration node='m'/>") EVENT(SERVICE,
				"<subscription node='m' jid='me@example.org' "
				"subscription='subscribed'/>") EVENT(SERVICE, "<collection/>"));
	assert_string_equal(wire_log(wire),
		SERVICE " n +1 -2\n" SERVICE " m purged\n" SERVICE " m deleted\n" SERVICE
			" m configured\n" SERVICE " m subscription\n" SERVICE " -\n");
	stop_listening(wire);
}

static void events_from_others_are_not(void **state)
{
	struct wire *wire = *state;
	listen_to(wire, NULL);
	wire_talk(wire,
		EVENT("evil@example.net", "<purge node='n'/>") EVENT(SERVICE "/x",
			"<purge node='n'/>") EVENT("me@example.org", "<purge node='n'/>"));
	wire_talk(wire, "<message><event xmlns='" PUBSUB "#event'><purge/></event></message>");
	wire_talk(wire,
		"<message type='error' from='" SERVICE "'><event xmlns='" PUBSUB
		"#event'><purge/></event></message>");
	assert_string_equal(wire_log(wire), "");
	stop_listening(wire);
}

static void events_of_one_node_are_reported(void **state)
{
	struct wire *wire = *state;
	listen_to(wire, "n");
	wire_talk(wire,
		EVENT(SERVICE, "<purge node='m'/>") EVENT(SERVICE, "<purge node='n'/>")
			EVENT(SERVICE, "<purge/>"));
	assert_string_equal(wire_log(wire), SERVICE " n purged\n");
	stop_listening(wire);
}

static void everything_may_be_freed_inside_an_event(void **state)
{
	struct wire *wire = *state;
	listen_to(wire, NULL);
	frees_all = true;
	wire_talk(wire, EVENT(SERVICE, "<purge node='n'/>"));
	assert_null(wire->session);
}

static void a_listener_needs_a_service_and_a_function(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *handler;
	assert_int_equal(
		envoi_pubsub_events_new(&handler, wire->context, NULL, NULL, on_event, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_pubsub_events_new(&handler, wire->context, wire->own, NULL, NULL, wire),
		ENVOI_ERR_INVALID);
}

static int make_listener(struct envoi_context *context)
{
	struct envoi_jid *jid;
	struct envoi_handler *handler;
	int r = envoi_jid_parse(&jid, context, "a@b", 3);
	if (r == ENVOI_OK) {
		r = envoi_pubsub_events_new(&handler, context, jid, "n", on_event, NULL);
		envoi_jid_unref(jid);
	}
	if (r == ENVOI_OK) {
		envoi_handler_destroy(handler);
	}
	return r;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(make_listener) > 0);
}

/* --- examples --- */

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {{&envoi_pubsub_type, NULL},
		{&envoi_pubsub_owner_type, NULL}, {&envoi_pubsub_event_type, NULL}, {NULL, NULL}};
	/* Versions (section 10), leases (section 12.18), and what is no part of the schema. */
	static const char *const exceptions[] = {"event/items/item/text()",
		"pubsub/items/item/text()", "pubsub/items/text()", "pubsub/options/x/text()",
		"pubsub/subscription/subscribe-options", "#238 pubsub", "#240 pubsub",
		"event/subscription/@expiry", "pubsub/items/@ver", "pubsub/publish/item/@ver",
		"pubsub/publish/@ver", "event/items/item/@ver", "event/items/@ver",
		"pubsub/affiliations/affilation", "pubsub/default/@type", NULL};
	assert_int_equal(xep_examples_check("0060", tables, exceptions), 128);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_is_created),
		TEST(a_node_is_configured),
		TEST(a_node_is_emptied_and_deleted),
		TEST(affiliations_and_subscriptions_are_managed),
		TEST(an_item_is_published_and_retracted),
		TEST(a_condition_is_found_in_any_order),
		TEST(items_are_fetched),
		TEST(a_subscription_is_made_and_ended),
		TEST(the_account_is_a_service),
		TEST(a_node_is_required),
		TEST(events_of_the_service_are_reported),
		TEST(events_from_others_are_not),
		TEST(events_of_one_node_are_reported),
		TEST(everything_may_be_freed_inside_an_event),
		TEST(a_listener_needs_a_service_and_a_function),
		cmocka_unit_test(every_failed_allocation_is_reported),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/pubsub", tests, NULL, NULL);
}
