/*
 * envoi - Entity Capabilities: tests of what a session announces
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/caps.h>
#include <envoi/ext/ping.h>

#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define INFO "http://jabber.org/protocol/disco#info"

static char client[] = "client", pc[] = "pc", exodus[] = "Exodus 0.9.1";
static char psi[] = "Psi 0.11", psi_greek[] = "\xce\xa8 0.11", en[] = "en", el[] = "el";
static char muc[] = "http://jabber.org/protocol/muc";

static int setup(void **state)
{
	int r = wire_setup_online(state);
	struct wire *wire = *state;
	assert_int_equal(envoi_session_use(wire->session, &envoi_caps_extension, NULL), ENVOI_OK);
	return r;
}

static const char *send_presence(struct wire *wire, enum envoi_stanza_type type, const char *to)
{
	assert_int_equal(
		envoi_send(wire->session, envoi_presence_new(wire->context, type, to), NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	return wire_heard(wire);
}

/* @return the text between two others; borrowed until the next call */
static const char *between(const char *text, const char *before, const char *after)
{
	static char found[200];
	const char *start = strstr(text, before);
	assert_non_null(start);
	start += strlen(before);
	const char *end = strstr(start, after);
	assert_non_null(end);
	assert_true((size_t)(end - start) < sizeof(found));
	memcpy(found, start, (size_t)(end - start));
	found[end - start] = '\0';
	return found;
}

static void set_identities(struct wire *wire, struct envoi_disco_identity *identities, size_t count)
{
	char *feature = muc;
	const struct envoi_disco_info info = {
		.identities = identities,
		.identity_count = count,
		.features = &feature,
		.feature_count = 1,
	};
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, &info), ENVOI_OK);
}

/*
 * By hand, with sha1sum and sha256sum, of
 *	client/pc//Exodus 0.9.1<http://jabber.org/protocol/caps<
 *	http://jabber.org/protocol/disco#info<
 *	http://jabber.org/protocol/disco#items<http://jabber.org/protocol/muc<urn:xmpp:caps<
 * and of the same texts by XEP-0390, section 4.1.
 */
#define SHA_1 "iXR/lKYi++iddclwhweX5suxl7E="
#define SHA_256 "Z0ymd0/tsiTtGPx0nU5edgxy7gYtqXsEl8gvAA8eT68="

/* XEP-0115, section 5.2 */
static void a_hash_is_that_of_the_specification(void **state)
{
	(void)state;
	char category[] = "client", type[] = "pc", software[] = "Exodus 0.9.1";
	char *features[] = {(char[]){"http://jabber.org/protocol/muc"},
		(char[]){"http://jabber.org/protocol/disco#items"},
		(char[]){"http://jabber.org/protocol/caps"},
		(char[]){"http://jabber.org/protocol/disco#info"}};
	struct envoi_disco_identity identity = {
		.category = category, .type = type, .name = software};
	const struct envoi_disco_info info = {.identities = &identity,
		.identity_count = 1,
		.features = features,
		.feature_count = 4};
	char ver[ENVOI_CAPS_VER_SIZE];
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_caps_ver(ver, context, &info), ENVOI_OK);
	assert_string_equal(ver, "QgayPKawpkPSDYmwT/WM94uAlu0=");
	envoi_context_unref(context);
}

static void every_available_presence_has_both_hashes(void **state)
{
	struct wire *wire = *state;
	set_identities(wire,
		&(struct envoi_disco_identity){.category = client, .type = pc, .name = exodus}, 1);
	const char *hashes =
		"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:x-envoi' "
		"ver='" SHA_1 "'/><c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' "
		"algo='sha-256'>" SHA_256 "</hash></c></presence>";
	assert_non_null(strstr(send_presence(wire, ENVOI_TYPE_AVAILABLE, NULL), hashes));
	assert_non_null(
		strstr(send_presence(wire, ENVOI_TYPE_AVAILABLE, "room@example.org/nick"), hashes));
}

static void other_presence_and_other_stanzas_have_none(void **state)
{
	struct wire *wire = *state;
	static const enum envoi_stanza_type types[] = {
		ENVOI_TYPE_UNAVAILABLE, ENVOI_TYPE_SUBSCRIBE, ENVOI_TYPE_PROBE};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_null(strstr(send_presence(wire, types[i], "you@example.org"), "<c "));
	}
	assert_int_equal(envoi_send_text(wire->session, "you@example.org", "hi", NULL), ENVOI_OK);
	wire_run(wire, 0);
	assert_null(strstr(wire_heard(wire), "<c "));
}

static void hashes_of_an_earlier_presence_are_replaced(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *presence = envoi_presence_new(
		wire->context, ENVOI_TYPE_AVAILABLE, NULL);
	struct envoi_element *element = envoi_stanza_element(presence);
	for (int i = 0; i < 2; i++) {
		envoi_element_set(envoi_element_add(element, ENVOI_NS_CAPS, "c"), "ver", "old");
		envoi_element_add(element, ENVOI_NS_CAPS_2, "c");
	}
	assert_int_equal(envoi_send(wire->session, presence, NULL), ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_null(strstr(heard, "'old'"));
	const char *first = strstr(heard, "<c xmlns='http");
	const char *second = strstr(heard, "<c xmlns='urn");
	assert_non_null(first);
	assert_non_null(second);
	assert_null(strstr(first + 1, "<c xmlns='http"));
	assert_null(strstr(second + 1, "<c xmlns='urn"));
}

static void the_support_is_announced(void **state)
{
	struct wire *wire = *state;
	const char *heard = wire_talk(
		wire, "<iq type='get' from='a@b/c' id='1'><query xmlns='" INFO "'/></iq>");
	assert_non_null(strstr(heard, "<feature var='http://jabber.org/protocol/caps'/>"));
	assert_non_null(strstr(heard, "<feature var='urn:xmpp:caps'/>"));
}

/* --- answers: XEP-0115, section 6.2; XEP-0390, section 7.1 --- */

static const char *ask(struct wire *wire, const char *node)
{
	char xml[300];
	snprintf(xml, sizeof(xml),
		"<iq type='get' from='a@b/c' id='1'><query xmlns='" INFO "' node='%s'/></iq>",
		node);
	return wire_talk(wire, xml);
}

static void nodes_of(struct wire *wire, char first[100], char second[100])
{
	const char *heard = send_presence(wire, ENVOI_TYPE_AVAILABLE, NULL);
	snprintf(first, 100, "urn:x-envoi#%s", between(heard, "ver='", "'"));
	snprintf(second, 100, "urn:xmpp:caps#sha-256.%s", between(heard, "'sha-256'>", "<"));
}

static void the_nodes_of_the_last_three_hashes_are_answered(void **state)
{
	struct wire *wire = *state;
	char first[4][100], second[4][100];
	char *names[] = {exodus, psi, en, el};
	for (size_t i = 0; i < 4; i++) {
		set_identities(wire,
			&(struct envoi_disco_identity){
				.category = client, .type = pc, .name = names[i]},
			1);
		nodes_of(wire, first[i], second[i]);
	}
	assert_string_not_equal(first[0], first[1]);
	for (size_t i = 1; i < 4; i++) {
		char name[50];
		snprintf(name, sizeof(name), " name='%s'/>", names[i]);
		const char *heard = ask(wire, first[i]);
		assert_non_null(strstr(heard, "type='result'"));
		assert_non_null(strstr(heard, first[i]));
		assert_non_null(strstr(heard, name));
		heard = ask(wire, second[i]);
		assert_non_null(strstr(heard, second[i]));
		assert_non_null(strstr(heard, name));
	}
	assert_non_null(strstr(ask(wire, first[0]), "<item-not-found "));
	assert_non_null(strstr(ask(wire, second[0]), "<item-not-found "));
}

static void other_nodes_are_those_of_the_program(void **state)
{
	struct wire *wire = *state;
	char first[100], second[100];
	assert_non_null(strstr(ask(wire, "urn:x-envoi#"), "<item-not-found "));
	assert_non_null(strstr(ask(wire, "urn:xmpp:caps#sha-256."), "<item-not-found "));
	nodes_of(wire, first, second);
	first[0] = 'U';
	assert_non_null(strstr(ask(wire, first), "<item-not-found "));
	strcat(second, "=");
	assert_non_null(strstr(ask(wire, second), "<item-not-found "));
	struct envoi_disco_identity identity = {.category = client, .type = pc};
	const struct envoi_disco_info info = {.identities = &identity, .identity_count = 1};
	assert_int_equal(envoi_disco_set_info(wire->session, "mine", &info), ENVOI_OK);
	assert_non_null(strstr(ask(wire, "mine"), "type='result'"));
	assert_non_null(strstr(ask(wire, ""), "urn:xmpp:caps"));
}

static void a_handler_changes_the_hash_as_long_as_it_takes_part(void **state)
{
	struct wire *wire = *state;
	char without[100], with[100], again[100], other[100];
	nodes_of(wire, without, other);
	assert_int_equal(envoi_session_add(wire->session, envoi_ping_handler()), ENVOI_OK);
	nodes_of(wire, with, other);
	envoi_session_remove(wire->session, envoi_ping_handler());
	nodes_of(wire, again, other);
	assert_string_not_equal(without, with);
	assert_string_equal(without, again);
}

/* --- the node --- */

static void the_program_names_itself(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_caps_set_node(wire->session, "https://example.org/a"), ENVOI_OK);
	const char *heard = send_presence(wire, ENVOI_TYPE_AVAILABLE, NULL);
	char node[100];
	snprintf(node, sizeof(node), "https://example.org/a#%s", between(heard, "ver='", "'"));
	assert_non_null(strstr(heard, " node='https://example.org/a' "));
	assert_non_null(strstr(ask(wire, node), "type='result'"));
	assert_int_equal(envoi_caps_set_node(wire->session, NULL), ENVOI_OK);
	heard = send_presence(wire, ENVOI_TYPE_AVAILABLE, NULL);
	assert_non_null(strstr(heard, " node='urn:x-envoi' "));
}

static void a_bad_node_is_refused(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_caps_set_node(wire->session, ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_caps_set_node(wire->session, "a#b"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_caps_set_node(wire->session, "a\x01"), ENVOI_ERR_INVALID);
	envoi_session_unuse(wire->session, &envoi_caps_extension);
	assert_int_equal(envoi_caps_set_node(wire->session, "a"), ENVOI_ERR_STATE);
	assert_null(strstr(send_presence(wire, ENVOI_TYPE_AVAILABLE, NULL), "<c "));
}

/* XEP-0115, section 5.3: two identities in different languages. */
static void languages_are_a_part_of_the_hash(void **state)
{
	struct wire *wire = *state;
	char with[100], without[100], other[100];
	struct envoi_disco_identity identities[] = {
		{.category = client, .type = pc, .name = psi, .lang = en},
		{.category = client, .type = pc, .name = psi_greek, .lang = el},
	};
	set_identities(wire, identities, 2);
	nodes_of(wire, with, other);
	identities[0].lang = NULL;
	set_identities(wire, identities, 2);
	nodes_of(wire, without, other);
	assert_string_not_equal(with, without);
}

static char form_type[] = "FORM_TYPE", software[] = "urn:xmpp:dataforms:softwareinfo";

/* XEP-0390, section 4.1, step 3: its algorithm ends with an error. */
static void a_form_without_a_type_has_no_hash_of_the_second_format(void **state)
{
	struct wire *wire = *state;
	char *value = software;
	struct envoi_form_field field = {
		.var = form_type, .kind = ENVOI_FORM_HIDDEN, .values = &value, .value_count = 1};
	struct envoi_form form = {.kind = ENVOI_FORM_RESULT, .fields = &field, .field_count = 1};
	const struct envoi_disco_info info = {.forms = &form, .form_count = 1};
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, &info), ENVOI_OK);
	assert_non_null(strstr(send_presence(wire, ENVOI_TYPE_AVAILABLE, NULL), "urn:xmpp:caps"));
	field.kind = ENVOI_FORM_TEXT_SINGLE;
	assert_int_equal(envoi_disco_set_info(wire->session, NULL, &info), ENVOI_OK);
	const char *heard = send_presence(wire, ENVOI_TYPE_AVAILABLE, NULL);
	assert_non_null(strstr(heard, "ver='"));
	assert_null(strstr(heard, "urn:xmpp:caps"));
}

/* --- memory --- */

/* A presence goes out with hashes, or without them, or not at all; the next one has them. */
static void every_failed_allocation_is_survived(void **state)
{
	(void)state;
	bool has_failed = true;
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		allocator.fail_at = allocator.calls + n;
		int r = envoi_session_use(wire.session, &envoi_caps_extension, NULL);
		if (r == ENVOI_OK) {
			r = envoi_caps_set_node(wire.session, "urn:example:a");
		}
		if (r == ENVOI_OK) {
			r = envoi_send(wire.session,
				envoi_presence_new(wire.context, ENVOI_TYPE_AVAILABLE, NULL), NULL);
		}
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		wire_run(&wire, 2000);
		(void)wire_heard(&wire);
		if (r == ENVOI_OK) {
			assert_non_null(strstr(send_presence(&wire, ENVOI_TYPE_AVAILABLE, NULL),
				" node='urn:example:a' "));
		}
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
}

/* --- examples --- */

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {{&envoi_caps_type, NULL},
		{&envoi_caps_set_type, NULL}, {&envoi_disco_info_type, "result"}, {NULL, NULL}};
	static const char *const exceptions[] = {"query/text()", NULL}; /* "..." */
	assert_int_equal(xep_examples_check("0115", tables, exceptions), 6);
	assert_int_equal(xep_examples_check("0390", tables, exceptions), 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_is_that_of_the_specification),
		TEST(every_available_presence_has_both_hashes),
		TEST(other_presence_and_other_stanzas_have_none),
		TEST(hashes_of_an_earlier_presence_are_replaced),
		TEST(the_support_is_announced),
		TEST(the_nodes_of_the_last_three_hashes_are_answered),
		TEST(other_nodes_are_those_of_the_program),
		TEST(a_handler_changes_the_hash_as_long_as_it_takes_part),
		TEST(the_program_names_itself),
		TEST(a_bad_node_is_refused),
		TEST(languages_are_a_part_of_the_hash),
		TEST(a_form_without_a_type_has_no_hash_of_the_second_format),
		cmocka_unit_test(every_failed_allocation_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/caps", tests, NULL, NULL);
}
