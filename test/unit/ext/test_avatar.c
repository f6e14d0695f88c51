/*
 * envoi - User Avatar: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/avatar.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define PUBSUB "http://jabber.org/protocol/pubsub"
#define JULIET "juliet@capulet.lit"
/* sha1sum of "abc" (FIPS 180-2, appendix A.1), and base64 of it */
#define ID "a9993e364706816aba3e25717850c26c9cd0d89d"
#define UPPER "A9993E364706816ABA3E25717850C26C9CD0D89D"
#define BASE64 "YWJj"
#define DATA(text) "<data xmlns='urn:xmpp:avatar:data'>" text "</data>"

static bool frees_session;

static void on_picture(void *user, int code, const char *type, const void *bytes, size_t len)
{
	struct wire *wire = user;
	write_text(&wire->log, "%s %s %.*s", envoi_error_name(code), type == NULL ? "-" : type,
		(int)len, bytes == NULL ? "" : (const char *)bytes);
	if (frees_session) {
		wire_free_session(wire);
	}
}

static struct envoi_jid *juliet(struct wire *wire)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_parse(&jid, wire->context, JULIET, strlen(JULIET)), ENVOI_OK);
	return jid;
}

static char id[] = ID, png[] = "image/png", url[] = "https://example.org/a";

static int get(struct wire *wire, const struct envoi_avatar_info *info, uint32_t max_bytes)
{
	struct envoi_jid *jid = juliet(wire);
	frees_session = false;
	int r = envoi_avatar_get(wire->session, jid, info, max_bytes, on_picture, wire);
	envoi_jid_unref(jid);
	wire_run(wire, 0);
	return r;
}

static void answer(struct wire *wire, const char *type, const char *content)
{
	char xml[500], request[50];
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, " to='" JULIET "'"));
	assert_int_equal(sscanf(strstr(heard, " id='"), " id='%49[^']", request), 1);
	snprintf(xml, sizeof(xml), "<iq type='%s' from='" JULIET "' id='%s'>%s</iq>", type, request,
		content);
	wire_say(wire, xml);
	wire_run(wire, 0);
}

#define ITEMS(content) \
	"<pubsub xmlns='" PUBSUB "'><items node='urn:xmpp:avatar:data'>" content "</items></pubsub>"
#define NOT_FOUND \
	"<error type='cancel'><item-not-found " \
	"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"

static struct envoi_avatar_info abc(void)
{
	return (struct envoi_avatar_info){.id = id, .type = png, .bytes = 3};
}

/* --- fetching: XEP-0084, section 3.4 --- */

static void a_picture_is_fetched_by_its_id(void **state)
{
	struct wire *wire = *state;
	const struct envoi_avatar_info info = abc();
	assert_int_equal(get(wire, &info, 3), ENVOI_OK);
	answer(wire, "result", ITEMS("<item id='" ID "'>" DATA(" YWJ\nj ") "</item>"));
	assert_string_equal(wire_log(wire), "ENVOI_OK image/png abc");
}

struct bad {
	const char *type, *content, *code;
};

static void a_picture_that_is_not_the_one_is_refused(void **state)
{
	static const struct bad all[] = {
		{"result", ITEMS("<item id='" ID "'>" DATA("YWJk") "</item>"),
			"ENVOI_ERR_PROTOCOL - "},
		{"result", ITEMS("<item id='" ID "'>" DATA("YWJjZA==") "</item>"),
			"ENVOI_ERR_LIMIT - "},
		{"result", ITEMS("<item id='" ID "'>" DATA("!") "</item>"),
			"ENVOI_ERR_PROTOCOL - "},
		{"result", ITEMS("<item id='" ID "'><data xmlns='other'/></item>"),
			"ENVOI_ERR_PROTOCOL - "},
		{"result", ITEMS("<item id='" ID "'/>"), "ENVOI_ERR_NOT_FOUND - "},
		{"result", ITEMS(""), "ENVOI_ERR_NOT_FOUND - "},
		{"result", "<pubsub xmlns='" PUBSUB "'/>", "ENVOI_ERR_NOT_FOUND - "},
		{"error", NOT_FOUND, "ENVOI_ERR_NOT_FOUND - "},
	};
	struct wire *wire = *state;
	const struct envoi_avatar_info info = abc();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(get(wire, &info, 3), ENVOI_OK);
		answer(wire, all[i].type, all[i].content);
		assert_string_equal(wire_log(wire), all[i].code);
	}
}

static void some_pictures_are_not_asked_for(void **state)
{
	static char no_id[] = "a9993e364706816aba3e25717850c26c9cd0d89", no_hex[] = "g" ID;
	struct wire *wire = *state;
	struct envoi_avatar_info info = abc();
	assert_int_equal(get(wire, &info, 2), ENVOI_ERR_LIMIT);
	info.url = url;
	assert_int_equal(get(wire, &info, 3), ENVOI_ERR_UNSUPPORTED);
	info = abc();
	info.id = no_id;
	assert_int_equal(get(wire, &info, 3), ENVOI_ERR_INVALID);
	info.id = no_hex + 1;
	no_hex[40] = 'g';
	assert_int_equal(get(wire, &info, 3), ENVOI_ERR_INVALID);
	assert_int_equal(get(wire, NULL, 3), ENVOI_ERR_INVALID);
	assert_string_equal(wire_heard(wire), "");
}

static void the_session_may_be_freed_inside(void **state)
{
	struct wire *wire = *state;
	const struct envoi_avatar_info info = abc();
	assert_int_equal(get(wire, &info, 3), ENVOI_OK);
	frees_session = true;
	answer(wire, "result", ITEMS("<item id='" ID "'>" DATA(BASE64) "</item>"));
	assert_null(wire->session);
}

static void a_question_ends_with_the_session(void **state)
{
	struct wire *wire = *state;
	const struct envoi_avatar_info info = abc();
	assert_int_equal(get(wire, &info, 3), ENVOI_OK);
	wire_free_session(wire);
	assert_non_null(strstr(wire_log(wire), "ENVOI_ERR_CANCELED"));
}

/* --- metadata --- */

static void the_last_metadata_counts(void **state)
{
	struct wire *wire = *state;
	struct envoi_element *old = element_from_text(wire->context,
		"<metadata xmlns='urn:xmpp:avatar:metadata'><info id='1' type='t' "
		"bytes='1'/></metadata>");
	struct envoi_element *none = element_from_text(
		wire->context, "<metadata xmlns='urn:xmpp:avatar:metadata'/>");
	struct envoi_element *other = element_from_text(wire->context, "<metadata xmlns='x'/>");
	struct envoi_pubsub_item list[] = {{.payload = old}, {.payload = none}};
	struct envoi_pubsub_items items = {.items = list, .item_count = 2};
	assert_int_equal(envoi_avatar_metadata_of(&items)->info_count, 0);
	items.item_count = 1;
	assert_int_equal(envoi_avatar_metadata_of(&items)->info_count, 1);
	list[0].payload = other;
	assert_null(envoi_avatar_metadata_of(&items));
	items.item_count = 0;
	assert_null(envoi_avatar_metadata_of(&items));
	assert_null(envoi_avatar_metadata_of(NULL));
	envoi_element_unref(old);
	envoi_element_unref(none);
	envoi_element_unref(other);
}

static void the_largest_picture_within_the_limit_is_chosen(void **state)
{
	(void)state;
	static char bad_id[] = "x";
	struct envoi_avatar_info infos[] = {
		{.id = id, .type = png, .bytes = 10},
		{.id = id, .type = png, .bytes = 20},
		{.id = id, .type = png, .bytes = 30},
		{.id = id, .type = png, .bytes = 25, .url = url},
		{.id = bad_id, .type = png, .bytes = 25},
	};
	const struct envoi_avatar_metadata metadata = {.infos = infos, .info_count = 5};
	assert_ptr_equal(envoi_avatar_choose(&metadata, 29), &infos[1]);
	assert_ptr_equal(envoi_avatar_choose(&metadata, 30), &infos[2]);
	assert_null(envoi_avatar_choose(&metadata, 9));
	assert_null(envoi_avatar_choose(NULL, 9));
}

/* --- vCards: XEP-0153, section 3.2 --- */

static int get_vcard(struct wire *wire, const char *hash)
{
	struct envoi_jid *jid = juliet(wire);
	frees_session = false;
	int r = envoi_avatar_vcard_get(wire->session, jid, hash, 3, on_picture, wire);
	envoi_jid_unref(jid);
	wire_run(wire, 0);
	return r;
}

#define VCARD(content) "<vCard xmlns='vcard-temp'><FN>J</FN>" content "</vCard>"

static void the_picture_of_a_vcard_is_verified_too(void **state)
{
	static const struct bad all[] = {
		{"result", VCARD("<PHOTO><TYPE>image/jpeg</TYPE><BINVAL>\nYWJj\n</BINVAL></PHOTO>"),
			"ENVOI_OK image/jpeg abc"},
		{"result", VCARD("<PHOTO><BINVAL>YWJj</BINVAL></PHOTO>"), "ENVOI_OK - abc"},
		{"result", VCARD("<PHOTO><BINVAL>YWJk</BINVAL></PHOTO>"), "ENVOI_ERR_PROTOCOL - "},
		{"result", VCARD("<PHOTO><BINVAL>YWJjZA==</BINVAL></PHOTO>"), "ENVOI_ERR_LIMIT - "},
		{"result", VCARD("<PHOTO><EXTVAL>http://a</EXTVAL></PHOTO>"),
			"ENVOI_ERR_NOT_FOUND - "},
		{"result", VCARD(""), "ENVOI_ERR_NOT_FOUND - "},
		{"error", NOT_FOUND, "ENVOI_ERR_NOT_FOUND - "},
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(get_vcard(wire, i % 2 == 0 ? ID : UPPER), ENVOI_OK);
		answer(wire, all[i].type, all[i].content);
		assert_string_equal(wire_log(wire), all[i].code);
	}
	assert_int_equal(get_vcard(wire, ""), ENVOI_ERR_INVALID);
	assert_int_equal(get_vcard(wire, NULL), ENVOI_ERR_INVALID);
}

/* Section 4.1: an empty update differs from an empty photo. */
static void an_update_is_read(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *presence = stanza_from_text(
		wire->context, "<presence><x xmlns='vcard-temp:x:update'/></presence>");
	const void *value;
	assert_int_equal(
		envoi_stanza_decode(presence, &envoi_avatar_update_type, &value), ENVOI_OK);
	assert_false(((const struct envoi_avatar_update *)value)->has_photo);
	envoi_stanza_unref(presence);
	presence = stanza_from_text(
		wire->context, "<presence><x xmlns='vcard-temp:x:update'><photo/></x></presence>");
	assert_int_equal(
		envoi_stanza_decode(presence, &envoi_avatar_update_type, &value), ENVOI_OK);
	assert_true(((const struct envoi_avatar_update *)value)->has_photo);
	assert_string_equal(((const struct envoi_avatar_update *)value)->photo, "");
	envoi_stanza_unref(presence);
}

/* --- publishing: sections 3.1, 3.2 and 3.5 --- */

#define FIELD(name, value) "<field var='pubsub#" name "'><value>" value "</value></field>"
#define CONFIG(node) \
	"<pubsub xmlns='" PUBSUB "#owner'><configure node='" node "'><x xmlns='jabber:x:data' " \
	"type='form'><field var='FORM_TYPE' type='hidden'><value>" PUBSUB \
	"#node_config</value></field>" FIELD("access_model", "presence") \
		FIELD("persist_items", "1") FIELD("max_items", "1") "</x></configure></pubsub>"

static void on_published(void *user, int code, const char *text)
{
	struct wire *wire = user;
	assert_non_null(text);
	write_text(&wire->log, "%s\n", envoi_error_name(code));
}

static const struct envoi_avatar_picture picture = {.bytes = "abc",
	.len = 3,
	.type = "image/png",
	.width = 64,
	.height = 32,
	.access = ENVOI_PEP_PRESENCE};

static void the_data_is_published_before_the_metadata(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_avatar_publish(wire->session, &picture, on_published, wire), ENVOI_OK);
	wire_run(wire, 0);
	wire_answer_account(wire, "result", CONFIG("urn:xmpp:avatar:data"));
	assert_non_null(strstr(wire_answer_account(wire, "result", ""),
		"<publish node='urn:xmpp:avatar:data'><item id='" ID
		"'>" DATA(BASE64) "</item></publish>"));
	assert_string_equal(wire_log(wire), "");
	wire_answer_account(wire, "result", CONFIG("urn:xmpp:avatar:metadata"));
	assert_non_null(strstr(wire_answer_account(wire, "result", ""),
		"<publish node='urn:xmpp:avatar:metadata'><item id='" ID
		"'><metadata xmlns='urn:xmpp:avatar:metadata'><info id='" ID
		"' type='image/png' bytes='3' width='64' height='32'/></metadata></item>"));
	assert_string_equal(wire_log(wire), "ENVOI_OK\n");
}

static void without_the_data_no_metadata_is_published(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_avatar_publish(wire->session, &picture, on_published, wire), ENVOI_OK);
	wire_run(wire, 0);
	wire_answer_account(wire, "result", CONFIG("urn:xmpp:avatar:data"));
	wire_answer_account(wire, "error", NOT_FOUND);
	assert_string_equal(wire_log(wire), "ENVOI_ERR_STANZA\n");
	assert_string_equal(wire_heard(wire), "");
}

static void what_is_no_picture_is_refused(void **state)
{
	struct wire *wire = *state;
	struct envoi_avatar_picture bad = picture;
	bad.len = 0;
	assert_int_equal(
		envoi_avatar_publish(wire->session, &bad, on_published, wire), ENVOI_ERR_INVALID);
	bad = picture;
	bad.type = NULL;
	assert_int_equal(
		envoi_avatar_publish(wire->session, &bad, on_published, wire), ENVOI_ERR_INVALID);
	bad = picture;
	bad.access = 0;
	assert_int_equal(
		envoi_avatar_publish(wire->session, &bad, on_published, wire), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_avatar_publish(wire->session, NULL, on_published, wire), ENVOI_ERR_INVALID);
}

static void an_id_is_a_hash_in_lower_case(void **state)
{
	char computed[ENVOI_AVATAR_ID_SIZE];
	(void)state;
	assert_int_equal(envoi_avatar_id(computed, "abc", 3), ENVOI_OK);
	assert_string_equal(computed, ID);
	/* XEP-0398, section 4 */
	assert_string_equal(ENVOI_NS_AVATAR_CONVERSION, "urn:xmpp:pep-vcard-conversion:0");
}

static void an_avatar_is_disabled(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_avatar_disable(wire->session, wire_on_answer, wire), ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_answer_account(wire, "result", ""),
		"<publish node='urn:xmpp:avatar:metadata'><item><metadata "
		"xmlns='urn:xmpp:avatar:metadata'/></item></publish>"));
}

/* --- memory --- */

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
		const struct envoi_avatar_info info = abc();
		frees_session = false;
		allocator.fail_at = allocator.calls + n;
		int r = envoi_avatar_get(wire.session, NULL, &info, 3, on_picture, &wire);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		wire_run(&wire, 0);
		if (r == ENVOI_OK && strstr(written_text(&wire.heard), "</iq>") != NULL) {
			wire_answer_account(&wire, "result",
				ITEMS("<item id='" ID "'>" DATA(BASE64) "</item>"));
		}
		if (r == ENVOI_OK && envoi_session_is_online(wire.session)) {
			r = envoi_avatar_publish(wire.session, &picture, on_published, &wire);
			assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {{&envoi_avatar_metadata_type, NULL},
		{&envoi_avatar_update_type, NULL}, {NULL, NULL}};
	static const char *const pointers[] = {"metadata/pointer", NULL}; /* section 4.2.2 */
	assert_int_equal(xep_examples_check("0084", tables, pointers), 7);
	assert_int_equal(xep_examples_check("0153", tables, NULL), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_picture_is_fetched_by_its_id),
		TEST(a_picture_that_is_not_the_one_is_refused),
		TEST(some_pictures_are_not_asked_for),
		TEST(the_session_may_be_freed_inside),
		TEST(a_question_ends_with_the_session),
		TEST(the_last_metadata_counts),
		cmocka_unit_test(the_largest_picture_within_the_limit_is_chosen),
		TEST(the_picture_of_a_vcard_is_verified_too),
		TEST(an_update_is_read),
		TEST(the_data_is_published_before_the_metadata),
		TEST(without_the_data_no_metadata_is_published),
		TEST(what_is_no_picture_is_refused),
		TEST(an_id_is_a_hash_in_lower_case),
		TEST(an_avatar_is_disabled),
		cmocka_unit_test(every_failed_allocation_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/avatar", tests, NULL, NULL);
}
