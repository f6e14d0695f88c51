/*
 * envoi - service discovery: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/disco.h>
#include <envoi/ext/ping.h>

#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define INFO "http://jabber.org/protocol/disco#info"
#define ITEMS "http://jabber.org/protocol/disco#items"
#define QUESTION(attributes) \
	"<iq type='get' from='romeo@montague.net/orchard' id='info1'><query xmlns='" attributes \
	"/></iq>"
#define ANSWER(content) \
	"<iq type='result' to='romeo@montague.net/orchard' id='info1'><query xmlns='" content \
	"</iq>"

static char client[] = "client", pc[] = "pc", bot[] = "bot", name[] = "Yorick", german[] = "de";
static char example[] = "urn:example:a", info_feature[] = INFO;

static void use(struct wire *wire)
{
	assert_int_equal(envoi_session_use(wire->session, &envoi_disco_extension, NULL), ENVOI_OK);
}

static int setup_used(void **state)
{
	int r = wire_setup_online(state);
	use(*state);
	return r;
}

/* --- answering --- */

static void without_the_extension_nothing_is_revealed(void **state)
{
	struct wire *wire = *state;
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "'")), "service-unavailable"));
	use(wire);
	assert_null(strstr(wire_talk(wire, QUESTION(INFO "'")), "error"));
	envoi_session_unuse(wire->session, &envoi_disco_extension);
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "'")), "service-unavailable"));
}

/* Section 3.1. The session of the fixture has no client: it is not one. */
static void the_features_of_all_handlers_are_announced(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(wire_talk(wire, QUESTION(INFO "'")),
		ANSWER(INFO "'><identity category='component' type='generic'/>"
			    "<feature var='" INFO "'/><feature var='" ITEMS "'/></query>"));
	assert_int_equal(envoi_session_add(wire->session, envoi_ping_handler()), ENVOI_OK);
	assert_string_equal(wire_talk(wire, QUESTION(INFO "'")),
		ANSWER(INFO "'><identity category='component' type='generic'/>"
			    "<feature var='" INFO "'/><feature var='" ITEMS "'/>"
			    "<feature var='urn:xmpp:ping'/></query>"));
	envoi_session_remove(wire->session, envoi_ping_handler());
	assert_null(strstr(wire_talk(wire, QUESTION(INFO "'")), "urn:xmpp:ping"));
}

/* A feature that stands twice makes the hash of XEP-0115 ill-formed. */
static void a_feature_of_two_handlers_is_announced_once(void **state)
{
	struct wire *wire = *state;
	static const char *const uris[] = {"urn:xmpp:ping", "urn:example:a", "urn:example:a", NULL};
	static const struct envoi_handler_impl impl = {.name = "other", .uris = uris};
	struct envoi_handler other = ENVOI_HANDLER(&impl);
	assert_int_equal(envoi_session_add(wire->session, envoi_ping_handler()), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &other), ENVOI_OK);
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "'")),
		"<feature var='" ITEMS "'/><feature var='urn:example:a'/>"
		"<feature var='urn:xmpp:ping'/></query>"));
	envoi_session_remove(wire->session, &other);
}

static void the_program_sets_identities_and_further_features(void **state)
{
	struct wire *wire = *state;
	struct envoi_disco_identity identities[] = {
		{.category = client, .type = pc, .name = name},
		{.category = client, .type = pc, .name = name, .lang = german},
	};
	char *features[] = {example, info_feature};
	const struct envoi_disco_info info = {
		.identities = identities,
		.identity_count = 2,
		.features = features,
		.feature_count = 2,
	};
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, &info), ENVOI_OK);
	assert_string_equal(wire_talk(wire, QUESTION(INFO "'")),
		ANSWER(INFO "'><identity category='client' type='pc' name='Yorick'/>"
			    "<identity category='client' type='pc' name='Yorick' xml:lang='de'/>"
			    "<feature var='" INFO "'/><feature var='" ITEMS "'/>"
			    "<feature var='urn:example:a'/></query>"));
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, NULL), ENVOI_OK);
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "'")), "component"));
}

static char form_type[] = "FORM_TYPE", software[] = "urn:xmpp:dataforms:softwareinfo";

/* XEP-0128 */
static void forms_have_further_information(void **state)
{
	struct wire *wire = *state;
	char *value = software;
	struct envoi_form_field field = {
		.var = form_type, .kind = ENVOI_FORM_HIDDEN, .values = &value, .value_count = 1};
	struct envoi_form form = {.kind = ENVOI_FORM_RESULT, .fields = &field, .field_count = 1};
	const struct envoi_disco_info info = {.forms = &form, .form_count = 1};
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, &info), ENVOI_OK);
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "'")),
		"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"
		"<value>urn:xmpp:dataforms:softwareinfo</value></field></x></query>"));
}

/* Section 3.1: a category and type has one name in a language. */
static void an_identity_twice_is_refused(void **state)
{
	struct wire *wire = *state;
	struct envoi_disco_identity identities[] = {
		{.category = client, .type = pc, .name = name},
		{.category = client, .type = bot},
		{.category = client, .type = pc},
	};
	struct envoi_disco_info info = {.identities = identities, .identity_count = 3};
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, &info), ENVOI_ERR_INVALID);
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "'")), "component"));
	identities[2].lang = german;
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, &info), ENVOI_OK);
}

static void what_cannot_be_written_is_refused(void **state)
{
	struct wire *wire = *state;
	struct envoi_disco_identity identity = {.category = client};
	const struct envoi_disco_info info = {.identities = &identity, .identity_count = 1};
	struct envoi_disco_item item = {.name = name};
	const struct envoi_disco_items items = {.items = &item, .item_count = 1};
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, &info), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_disco_set_items(wire->session, NULL, &items), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_disco_set_items(wire->session, "", NULL), ENVOI_ERR_INVALID);
	identity.type = pc;
	assert_int_equal(envoi_disco_set_info(wire->session, "", &info), ENVOI_ERR_INVALID);
}

/* Section 3.2: the answer has the node of the request. */
static void nodes_have_information_of_their_own(void **state)
{
	struct wire *wire = *state;
	struct envoi_disco_identity identity = {.category = client, .type = bot};
	char *feature = example;
	const struct envoi_disco_info info = {.identities = &identity,
		.identity_count = 1,
		.features = &feature,
		.feature_count = 1};
	assert_int_equal(envoi_disco_set_info(wire->session, "music", &info), ENVOI_OK);
	assert_string_equal(wire_talk(wire, QUESTION(INFO "' node='music'")),
		ANSWER(INFO "' node='music'><identity category='client' type='bot'/>"
			    "<feature var='urn:example:a'/></query>"));
	assert_string_equal(wire_talk(wire, QUESTION(ITEMS "' node='music'")),
		ANSWER(ITEMS "' node='music'/>"));
	assert_int_equal(envoi_disco_set_info(wire->session, "music", NULL), ENVOI_OK);
	assert_int_equal(envoi_disco_set_info(wire->session, "other", NULL), ENVOI_OK);
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "' node='music'")), "item-not-found"));
}

static void unknown_nodes_are_not_found(void **state)
{
	struct wire *wire = *state;
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "' node='books'")), "item-not-found"));
	assert_non_null(
		strstr(wire_talk(wire, QUESTION(ITEMS "' node='books'")), "item-not-found"));
}

static void an_empty_node_is_none(void **state)
{
	struct wire *wire = *state;
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "' node=''")),
		"<query xmlns='" INFO "' node=''><identity "));
}

/* Sections 4 and 7 */
static void items_are_listed(void **state)
{
	struct wire *wire = *state;
	struct envoi_jid *jid;
	assert_int_equal(
		envoi_jid_from_text(&jid, wire->context, "catalog.shakespeare.lit"), ENVOI_OK);
	assert_string_equal(wire_talk(wire, QUESTION(ITEMS "'")), ANSWER(ITEMS "'/>"));
	struct envoi_disco_item item = {.jid = jid, .node = client, .name = name};
	const struct envoi_disco_items items = {.items = &item, .item_count = 1};
	assert_int_equal(envoi_disco_set_items(wire->session, NULL, &items), ENVOI_OK);
	assert_string_equal(wire_talk(wire, QUESTION(ITEMS "'")),
		ANSWER(ITEMS "'><item jid='catalog.shakespeare.lit' node='client' "
			     "name='Yorick'/></query>"));
	assert_int_equal(envoi_disco_set_items(wire->session, NULL, NULL), ENVOI_OK);
	assert_string_equal(wire_talk(wire, QUESTION(ITEMS "'")), ANSWER(ITEMS "'/>"));
	envoi_jid_unref(jid);
}

/* Section 4.3 */
static void a_node_with_items_alone_is_a_branch(void **state)
{
	struct wire *wire = *state;
	const struct envoi_disco_items items = {.items = NULL};
	assert_int_equal(envoi_disco_set_items(wire->session, "music", &items), ENVOI_OK);
	assert_string_equal(wire_talk(wire, QUESTION(INFO "' node='music'")),
		ANSWER(INFO "' node='music'>"
			    "<identity category='hierarchy' type='branch'/></query>"));
}

static int answer_x(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	const struct envoi_disco_query *query = envoi_delivery_payload(
		in, &envoi_disco_info_query_type);
	if (query->node == NULL || strcmp(query->node, "x") != 0) {
		return ENVOI_DECLINED;
	}
	return envoi_reply_error(in, ENVOI_FORBIDDEN, NULL);
}

static void a_handler_answers_for_nodes_of_its_own(void **state)
{
	struct wire *wire = *state;
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_IQ_GET,
			.payload = &envoi_disco_info_query_type,
			.priority = 1,
			.handle = answer_x},
		ENVOI_ROWS_END,
	};
	static const struct envoi_handler_impl impl = {.name = "x", .stanzas = rows};
	struct envoi_handler handler = ENVOI_HANDLER(&impl);
	assert_int_equal(envoi_session_add(wire->session, &handler), ENVOI_OK);
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "' node='x'")), "forbidden"));
	assert_non_null(strstr(wire_talk(wire, QUESTION(INFO "' node='y'")), "not-found"));
	envoi_session_remove(wire->session, &handler);
}

static void only_a_get_is_a_question(void **state)
{
	struct wire *wire = *state;
	assert_non_null(strstr(wire_talk(wire,
				       "<iq type='set' from='a@b/c' id='t'>"
				       "<query xmlns='" INFO "'/></iq>"),
		"service-unavailable"));
}

static void a_session_without_the_extension_cannot_be_described(void **state)
{
	struct wire *wire = *state;
	struct envoi_disco_info *info;
	const struct envoi_disco_items items = {.items = NULL};
	envoi_session_unuse(wire->session, &envoi_disco_extension);
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, NULL), ENVOI_ERR_STATE);
	assert_int_equal(envoi_disco_set_items(wire->session, "n", &items), ENVOI_ERR_STATE);
	assert_int_equal(envoi_disco_own_info(&info, wire->session), ENVOI_ERR_STATE);
}

/* --- asking --- */

struct seen {
	int code;
	char text[200];
	size_t count;
};

static void on_info(void *user, const struct envoi_answer *answer)
{
	struct seen *seen = user;
	const struct envoi_disco_info *info = envoi_answer_payload(answer);
	const struct envoi_disco_identity *first = envoi_disco_find_identity(info, NULL, NULL);
	seen->code = envoi_answer_code(answer);
	if (info != NULL) {
		seen->count = info->feature_count;
		snprintf(seen->text, sizeof(seen->text), "%s/%s %d%d%d",
			first != NULL ? first->category : "", first != NULL ? first->type : "",
			envoi_disco_has_feature(info, "urn:xmpp:ping"),
			envoi_disco_has_feature(info, "urn:xmpp:time"),
			envoi_disco_has_feature(info, INFO));
	}
}

static void on_items(void *user, const struct envoi_answer *answer)
{
	struct seen *seen = user;
	const struct envoi_disco_items *items = envoi_answer_payload(answer);
	seen->code = envoi_answer_code(answer);
	if (items != NULL) {
		seen->count = items->item_count;
		snprintf(seen->text, sizeof(seen->text), "%s",
			items->item_count > 0 ? envoi_jid_text(items->items[0].jid) : "");
	}
}

static struct seen ask(struct wire *wire, const char *content)
{
	struct seen seen = {.code = 1};
	assert_int_equal(
		envoi_disco_info_get(wire->session, "a@b/c", NULL, 0, on_info, &seen, NULL),
		ENVOI_OK);
	assert_non_null(strstr(wire_answer(wire, "a@b/c", content), "<query xmlns='" INFO "'/>"));
	return seen;
}

static void an_answer_is_decoded(void **state)
{
	struct seen seen = ask(*state,
		"<query xmlns='" INFO "'><identity category='server' type='im'/>"
		"<identity category='pubsub' type='pep'/><feature var='urn:xmpp:ping'/></query>");
	assert_int_equal(seen.code, ENVOI_OK);
	/* the feature of the answer itself is inferred (section 3.1) */
	assert_string_equal(seen.text, "server/im 101");
	assert_string_equal(ask(*state, "<query xmlns='" INFO "'/>").text, "/ 001");
}

static void identities_are_found_by_category_and_type(void **state)
{
	(void)state;
	struct envoi_disco_identity identities[] = {
		{.category = client, .type = bot}, {.category = client, .type = pc}};
	const struct envoi_disco_info info = {.identities = identities, .identity_count = 2};
	assert_ptr_equal(envoi_disco_find_identity(&info, "client", "pc"), &identities[1]);
	assert_ptr_equal(envoi_disco_find_identity(&info, "client", NULL), &identities[0]);
	assert_ptr_equal(envoi_disco_find_identity(&info, NULL, "pc"), &identities[1]);
	assert_null(envoi_disco_find_identity(&info, "server", "pc"));
	assert_null(envoi_disco_find_identity(NULL, NULL, NULL));
	assert_false(envoi_disco_has_feature(NULL, INFO));
	assert_false(envoi_disco_has_feature(&info, NULL));
}

static void a_malformed_answer_is_an_error(void **state)
{
	static const char *const malformed[] = {
		"",
		"<query xmlns='" ITEMS "'/>",
		"<query xmlns='" INFO "'><identity category='client'/></query>",
		"<query xmlns='" INFO "'><identity type='pc'/></query>",
		"<query xmlns='" INFO "'><feature/></query>",
	};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		if (ask(*state, malformed[i]).code != ENVOI_ERR_PROTOCOL) {
			fail_msg("%s", malformed[i]);
		}
	}
}

static struct seen ask_items(struct wire *wire, const char *content)
{
	struct seen seen = {.code = 1};
	assert_int_equal(
		envoi_disco_items_get(wire->session, "a@b/c", "music", 0, on_items, &seen, NULL),
		ENVOI_OK);
	assert_non_null(strstr(
		wire_answer(wire, "a@b/c", content), "<query xmlns='" ITEMS "' node='music'/>"));
	return seen;
}

static void an_item_with_a_bad_address_does_not_hide_the_others(void **state)
{
	struct seen seen = ask_items(*state,
		"<query xmlns='" ITEMS "' node='music'><item jid='@'/><item/>"
		"<item jid='room@muc.example.org' name='A room'/></query>");
	assert_int_equal(seen.code, ENVOI_OK);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.text, "room@muc.example.org");
}

/* An answer with @p count items. */
static struct seen answer_many(struct wire *wire, size_t count)
{
	struct seen seen = {.code = 1};
	char line[100], id[64];
	assert_int_equal(
		envoi_disco_items_get(wire->session, "a.example", NULL, 0, on_items, &seen, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_int_equal(sscanf(strstr(wire_heard(wire), " id='"), " id='%63[^']'", id), 1);
	snprintf(line, sizeof(line), "<iq type='result' id='%s' from='a.example'>", id);
	wire_say(wire, line);
	wire_say(wire, "<query xmlns='" ITEMS "'>");
	for (size_t i = 0; i < count; i++) {
		wire_say(wire, "<item jid='a@b'/>");
	}
	wire_say(wire, "</query></iq>");
	wire_run(wire, 0);
	return seen;
}

static void an_answer_has_at_most_ten_thousand_items(void **state)
{
	struct seen seen = answer_many(*state, ENVOI_DISCO_MOST_ITEMS);
	assert_int_equal(seen.code, ENVOI_OK);
	assert_int_equal(seen.count, ENVOI_DISCO_MOST_ITEMS);
	assert_int_equal(answer_many(*state, ENVOI_DISCO_MOST_ITEMS + 1).code, ENVOI_ERR_PROTOCOL);
}

static void a_request_without_address_is_for_the_server(void **state)
{
	struct wire *wire = *state;
	struct seen seen = {.code = 1};
	assert_int_equal(
		envoi_disco_info_get(wire->session, NULL, NULL, 1000, on_info, &seen, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), " to='example.org'"));
	wire_run(wire, 1000);
	assert_int_equal(seen.code, ENVOI_ERR_TIMEOUT);
}

/* --- the examples of the XEP --- */

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_disco_info_type, NULL},
		{&envoi_disco_items_type, NULL},
		{NULL, NULL},
	};
	/* example 19 is shortened with dots */
	static const char *const exceptions[] = {"query/text()", NULL};
	assert_int_equal(xep_examples_check("0030", tables, exceptions), 28);
	assert_int_equal(xep_examples_check("0128", tables, NULL), 4);
}

/* --- without memory --- */

static int describe(struct envoi_session *session)
{
	struct envoi_disco_identity identity = {.category = client, .type = bot};
	const struct envoi_disco_info info = {.identities = &identity, .identity_count = 1};
	const struct envoi_disco_items items = {.items = NULL};
	struct envoi_disco_info *own = NULL;
	int r = envoi_session_use(session, &envoi_disco_extension, NULL);
	if (r == ENVOI_OK) {
		r = envoi_disco_set_info(session, "a", &info);
	}
	if (r == ENVOI_OK) {
		r = envoi_disco_set_items(session, "b", &items);
	}
	if (r == ENVOI_OK) {
		r = envoi_disco_own_info(&own, session);
		envoi_payload_free(&envoi_disco_info_type, own);
	}
	return r;
}

static int describe_new_session(struct envoi_context *context)
{
	struct envoi_session *session;
	int r = envoi_session_new(&session, context, NULL);
	if (r == ENVOI_OK) {
		r = describe(session);
		envoi_session_free(session);
	}
	return r;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(describe_new_session) > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_used, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_the_extension_nothing_is_revealed,
			wire_setup_online, wire_teardown),
		TEST(the_features_of_all_handlers_are_announced),
		TEST(a_feature_of_two_handlers_is_announced_once),
		TEST(the_program_sets_identities_and_further_features),
		TEST(forms_have_further_information),
		TEST(an_identity_twice_is_refused),
		TEST(what_cannot_be_written_is_refused),
		TEST(nodes_have_information_of_their_own),
		TEST(unknown_nodes_are_not_found),
		TEST(an_empty_node_is_none),
		TEST(items_are_listed),
		TEST(a_node_with_items_alone_is_a_branch),
		TEST(a_handler_answers_for_nodes_of_its_own),
		TEST(only_a_get_is_a_question),
		TEST(a_session_without_the_extension_cannot_be_described),
		TEST(an_answer_is_decoded),
		cmocka_unit_test(identities_are_found_by_category_and_type),
		TEST(a_malformed_answer_is_an_error),
		TEST(an_item_with_a_bad_address_does_not_hide_the_others),
		TEST(an_answer_has_at_most_ten_thousand_items),
		TEST(a_request_without_address_is_for_the_server),
		cmocka_unit_test(the_examples_are_read_and_written),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("ext/disco", tests, NULL, NULL);
}
