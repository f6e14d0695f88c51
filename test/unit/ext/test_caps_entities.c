/*
 * envoi - Entity Capabilities: tests of what others announce
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

#include <envoi/ext/caps.h>

#include "client_fixture.h"
#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

#define INFO "http://jabber.org/protocol/disco#info"
#define ROMEO "romeo@montague.lit/orchard"
#define NURSE "nurse@capulet.lit/chamber"

/* XEP-0115, section 5.2 */
#define SIMPLE_VER "QgayPKawpkPSDYmwT/WM94uAlu0="
#define SIMPLE \
	"<identity category='client' name='Exodus 0.9.1' type='pc'/>" \
	"<feature var='http://jabber.org/protocol/caps'/>" \
	"<feature var='" INFO "'/>" \
	"<feature var='http://jabber.org/protocol/disco#items'/>" \
	"<feature var='http://jabber.org/protocol/muc'/>"

/* Section 5.3 */
#define COMPLEX_VER "q07IKJEyjvHSyhy//CH0CxmKi8w="
#define COMPLEX_IDENTITIES \
	"<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>" \
	"<identity xml:lang='el' category='client' name='\xce\xa8 0.11' type='pc'/>"
#define COMPLEX_FORM \
	"<x xmlns='jabber:x:data' type='result'>" \
	"<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>" \
	"<field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>" \
	"<field var='os'><value>Mac</value></field>" \
	"<field var='os_version'><value>10.5.1</value></field>" \
	"<field var='software'><value>Psi</value></field>" \
	"<field var='software_version'><value>0.11</value></field></x>"
#define FEATURES \
	"<feature var='http://jabber.org/protocol/caps'/>" \
	"<feature var='" INFO "'/>" \
	"<feature var='http://jabber.org/protocol/disco#items'/>" \
	"<feature var='http://jabber.org/protocol/muc'/>"

/* XEP-0390, section 4.5.1 */
#define SECOND_HASH "kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8="
#define SECOND_SHA3 "79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q="
#define SECOND \
	"<identity category='client' name='BombusMod' type='mobile'/>" \
	"<feature var='http://jabber.org/protocol/si'/>" \
	"<feature var='http://jabber.org/protocol/bytestreams'/>" \
	"<feature var='http://jabber.org/protocol/chatstates'/>" \
	"<feature var='" INFO "'/>" \
	"<feature var='http://jabber.org/protocol/disco#items'/>" \
	"<feature var='urn:xmpp:ping'/><feature var='jabber:iq:time'/>" \
	"<feature var='jabber:iq:privacy'/><feature var='jabber:iq:version'/>" \
	"<feature var='http://jabber.org/protocol/rosterx'/><feature var='urn:xmpp:time'/>" \
	"<feature var='jabber:x:oob'/><feature var='http://jabber.org/protocol/ibb'/>" \
	"<feature var='http://jabber.org/protocol/si/profile/file-transfer'/>" \
	"<feature var='urn:xmpp:receipts'/><feature var='jabber:iq:roster'/>" \
	"<feature var='jabber:iq:last'/>"

#define C(hash, ver) \
	"<c xmlns='http://jabber.org/protocol/caps' hash='" hash "' node='urn:n' ver='" ver "'/>"
#define C2(algo, value) \
	"<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='" algo "'>" value \
	"</hash></c>"

#define EXPORTED \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>" \
	"<query xmlns='" INFO "' node='sha-1 " SIMPLE_VER "'>" SIMPLE "</query></stream:stream>"

static bool frees_session, is_short_of_memory;

static int setup(void **state)
{
	frees_session = is_short_of_memory = false;
	int r = wire_setup_online(state);
	struct wire *wire = *state;
	assert_int_equal(
		envoi_session_use(wire->session, &envoi_caps_entities_extension, NULL), ENVOI_OK);
	return r;
}

static void presence(struct wire *wire, const char *from, const char *content)
{
	char xml[1000];
	snprintf(xml, sizeof(xml), "<presence from='%s'>%s</presence>", from, content);
	assert_string_equal(wire_talk(wire, xml), "");
}

static struct envoi_jid *address(struct wire *wire, const char *text)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_parse(&jid, wire->context, text, strlen(text)), ENVOI_OK);
	return jid;
}

static const struct envoi_disco_info *known(struct wire *wire, const char *text)
{
	struct envoi_jid *jid = address(wire, text);
	const struct envoi_disco_info *info = envoi_caps_find(wire->session, jid);
	envoi_jid_unref(jid);
	return info;
}

static void on_caps(void *user, int code, const struct envoi_disco_info *info)
{
	struct wire *wire = user;
	write_text(&wire->log, "%s %zu\n", envoi_error_name(code),
		info == NULL ? 0 : info->feature_count);
	if (frees_session) {
		wire_free_session(wire);
	}
}

static int get(struct wire *wire, const char *text)
{
	const struct envoi_disco_info *info;
	struct envoi_jid *jid = address(wire, text);
	int r = envoi_caps_get(wire->session, jid, &info, on_caps, wire);
	assert_int_equal(r == ENVOI_OK, r >= 0 && info != NULL);
	envoi_jid_unref(jid);
	wire_run(wire, 0);
	return r;
}

/* Answer the request that was sent to @p from. @return its node; borrowed until the next call */
static const char *answer(struct wire *wire, const char *from, const char *content)
{
	static char node[200];
	char xml[5000], id[50] = "", to[200];
	const char *heard = wire_heard(wire);
	snprintf(to, sizeof(to), " to='%s'", from);
	if (is_short_of_memory && strstr(heard, to) == NULL) {
		return "";
	}
	assert_non_null(strstr(heard, to));
	assert_int_equal(sscanf(strstr(heard, " id='"), " id='%49[^']", id), 1);
	node[0] = '\0';
	if (strstr(heard, "node='") != NULL) {
		assert_int_equal(sscanf(strstr(heard, "node='"), "node='%199[^']", node), 1);
	}
	if (content != NULL) {
		snprintf(xml, sizeof(xml),
			"<iq type='result' from='%s' id='%s'><query xmlns='" INFO
			"'>%s</query></iq>",
			from, id, content);
	} else {
		snprintf(xml, sizeof(xml),
			"<iq type='error' from='%s' id='%s'><error type='cancel'><item-not-found "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
			from, id);
	}
	wire_say(wire, xml);
	wire_run(wire, 0);
	return node;
}

/* --- verified answers --- */

static void an_answer_with_the_hash_counts_for_all_with_that_hash(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	presence(wire, NURSE, C("sha-1", SIMPLE_VER));
	assert_null(known(wire, ROMEO));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	assert_string_equal(answer(wire, ROMEO, SIMPLE), "urn:n#" SIMPLE_VER);
	assert_string_equal(wire_log(wire), "ENVOI_OK 4\n");
	assert_true(envoi_disco_has_feature(known(wire, ROMEO), "http://jabber.org/protocol/muc"));
	assert_ptr_equal(known(wire, NURSE), known(wire, ROMEO));
	assert_int_equal(get(wire, NURSE), ENVOI_OK);
	assert_string_equal(wire_heard(wire), "");
}

static void languages_and_forms_are_hashed(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", COMPLEX_VER));
	presence(wire, NURSE, C("sha-1", COMPLEX_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	answer(wire, ROMEO, COMPLEX_IDENTITIES FEATURES COMPLEX_FORM);
	assert_non_null(known(wire, NURSE));
}

static void the_second_format_is_preferred(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER) C2("sha-256", SECOND_HASH));
	presence(wire, NURSE, C2("sha-256", SECOND_HASH));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	assert_string_equal(answer(wire, ROMEO, SECOND), "urn:xmpp:caps#sha-256." SECOND_HASH);
	assert_non_null(known(wire, NURSE));
	presence(wire, ROMEO, C2("sha3-256", SECOND_SHA3));
	presence(wire, NURSE, C2("sha3-256", SECOND_SHA3));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	answer(wire, ROMEO, SECOND);
	assert_non_null(known(wire, NURSE));
}

static void a_language_may_be_inherited_in_the_second_format(void **state)
{
	struct wire *wire = *state;
	/* sha256sum of "urn:a" 1f 1c "a" 1f "b" 1f "de" 1f 1f 1e 1c 1c */
	presence(wire, ROMEO, C2("sha-256", "ii6V8TC91Ejh+sa4cs6Yx+yFkWkiYmv//IBpXQmv4wE="));
	presence(wire, NURSE, C2("sha-256", "ii6V8TC91Ejh+sa4cs6Yx+yFkWkiYmv//IBpXQmv4wE="));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	const char *heard = wire_heard(wire);
	char xml[500], id[50];
	assert_int_equal(sscanf(strstr(heard, " id='"), " id='%49[^']", id), 1);
	snprintf(xml, sizeof(xml),
		"<iq type='result' from='" ROMEO "' id='%s' xml:lang='de'><query xmlns='" INFO
		"'><identity category='a' type='b'/><feature var='urn:a'/></query></iq>",
		id);
	wire_say(wire, xml);
	wire_run(wire, 0);
	const struct envoi_disco_info *info = known(wire, NURSE);
	assert_non_null(info);
	assert_string_equal(info->identities[0].lang, "de");
}

static void one_entity_is_asked_for_a_hash(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	presence(wire, NURSE, C("sha-1", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	assert_int_equal(get(wire, NURSE), ENVOI_AGAIN);
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	answer(wire, ROMEO, SIMPLE);
	assert_string_equal(wire_log(wire), "ENVOI_OK 4\nENVOI_OK 4\nENVOI_OK 4\n");
	assert_string_equal(wire_heard(wire), "");
}

/* --- answers that lie --- */

/* Section 5.4: another entity with the hash is asked. */
static void an_answer_without_the_hash_counts_for_its_sender_alone(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	presence(wire, NURSE, C("sha-1", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	assert_int_equal(get(wire, NURSE), ENVOI_AGAIN);
	answer(wire, ROMEO, "<identity category='client' type='pc'/><feature var='urn:evil'/>");
	assert_string_equal(wire_log(wire), "ENVOI_OK 1\n");
	assert_true(envoi_disco_has_feature(known(wire, ROMEO), "urn:evil"));
	assert_null(known(wire, NURSE));
	answer(wire, NURSE, SIMPLE);
	assert_string_equal(wire_log(wire), "ENVOI_OK 4\n");
	assert_false(envoi_disco_has_feature(known(wire, NURSE), "urn:evil"));
	assert_true(envoi_disco_has_feature(known(wire, ROMEO), "urn:evil"));
}

static void one_that_does_not_answer_leaves_the_others(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	presence(wire, NURSE, C("sha-1", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	assert_int_equal(get(wire, NURSE), ENVOI_AGAIN);
	answer(wire, ROMEO, NULL);
	assert_string_equal(wire_log(wire), "ENVOI_ERR_STANZA 0\n");
	answer(wire, NURSE, SIMPLE);
	assert_string_equal(wire_log(wire), "ENVOI_OK 4\n");
	assert_non_null(known(wire, ROMEO));
}

struct lie {
	const char *ver;
	const char *content;
};

/* Hashes of the inputs, by sha1sum. Each could be that of other information. */
static void an_ambiguous_answer_counts_for_its_sender_alone(void **state)
{
	static const struct lie lies[] = {
		/* a separator in a feature, in a name, and in a value */
		{"gyZP+QtdT0Wx482rIjCoK1p5CWk=",
			"<identity category='client' type='pc'/><feature var='a&lt;b'/>"},
		{"EQvRKpQaE5BxrOZSY+tEjY2rEZQ=",
			"<identity category='client' type='pc' name='a&lt;b'/><feature var='a'/>"},
		{"G83dA9SAo72a0ZX+1imJ58XUFNo=",
			"<identity category='client' type='pc'/><feature var='z'/>"
			"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"
			"<value>f</value></field><field var='v'><value>1&lt;2</value></field></x>"},
		/* a slash in a category */
		{"2rjRSsL3gWqAbntg/brRaqBvfSU=",
			"<identity category='client/pc' type='x'/><feature var='a'/>"},
		/* an identity that is written as a feature */
		{"RZUoD2yxMEBTWaJLOQQDDwecVqI=",
			"<identity category='a' type='b'/><feature var='client/pc//Exodus'/>"},
		{"Ol8+HYCarDB3llyiNpBdBkN4GM8=",
			"<feature var='client/pc//Exodus'/><feature var='d'/>"},
		/* features that are written as a form */
		{"Ud97o/pD+69N4w/dGLp6zw5En6Q=",
			"<identity category='client' type='pc'/><feature var='a'/>"
			"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"
			"<value>b</value></field><field var='c'><value>d</value></field></x>"},
		/* forms that are no part of the input */
		{"jUKJVTFylY39vEVGB4t0ILavY1M=",
			"<identity category='client' type='pc'/><feature var='a'/>"
			"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'>"
			"<value>b</value></field><field var='c'><value>d</value></field></x>"},
		{"Ucq8ziLq4kp8yKNt57xX5KEk03k=",
			"<identity category='client' type='pc'/><feature var='e'/>"
			"<x xmlns='jabber:x:data' type='result'><title>c</title></x>"},
		/* section 5.4: ill-formed */
		{"spA1ZNq/IJvRtdUwZpgBsHYCbOM=",
			"<identity category='client' type='pc'/><feature var='a'/><feature "
			"var='a'/>"},
		{"A25dRoddteJcKeuoGrKdtJMBFH8=",
			"<identity category='client' type='pc'/><identity category='client' "
			"type='pc'/><feature var='a'/>"},
	};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct wire *wire = *state;
		char hash[200];
		snprintf(hash, sizeof(hash), C("sha-1", "%s"), lies[i].ver);
		presence(wire, ROMEO, hash);
		presence(wire, NURSE, hash);
		assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
		answer(wire, ROMEO, lies[i].content);
		assert_non_null(known(wire, ROMEO));
		assert_null(known(wire, NURSE));
		assert_int_equal(get(wire, NURSE), ENVOI_AGAIN);
		answer(wire, NURSE, NULL);
	}
}

/* The same inputs without what makes them ambiguous. */
static void a_form_below_the_last_feature_is_not_ambiguous(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", "qE4MEDGDWV1x2L2RnLrwn/jDmM4="));
	presence(wire, NURSE, C("sha-1", "qE4MEDGDWV1x2L2RnLrwn/jDmM4="));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	answer(wire, ROMEO,
		"<identity category='client' type='pc'/><feature var='http://a/b/c'/>"
		"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"
		"<value>f</value></field><field var='v'><value>1</value></field></x>");
	assert_non_null(known(wire, NURSE));
}

static void an_unknown_hash_function_is_for_the_entity_alone(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("md2", SIMPLE_VER));
	presence(wire, NURSE, C("md2", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	answer(wire, ROMEO, SIMPLE);
	assert_non_null(known(wire, ROMEO));
	assert_null(known(wire, NURSE));
}

static void the_legacy_format_is_for_the_entity_alone(void **state)
{
	struct wire *wire = *state;
	const char *legacy =
		"<c xmlns='http://jabber.org/protocol/caps' node='urn:n' ver='0.9.1'/>";
	presence(wire, ROMEO, legacy);
	presence(wire, NURSE, legacy);
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	assert_string_equal(answer(wire, ROMEO, SIMPLE), "urn:n#0.9.1");
	assert_non_null(known(wire, ROMEO));
	assert_null(known(wire, NURSE));
}

/* --- presence --- */

static void without_a_hash_an_entity_is_asked_each_time(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, "");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
		assert_string_equal(answer(wire, ROMEO, SIMPLE), "");
		assert_string_equal(wire_log(wire), "ENVOI_OK 4\n");
		assert_null(known(wire, ROMEO));
	}
}

static void presence_without_a_hash_ends_what_was_known(void **state)
{
	static const char *const ends[] = {
		"<presence from='" ROMEO "'/>", "<presence from='" ROMEO "' type='unavailable'/>"};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
		if (get(wire, ROMEO) == ENVOI_AGAIN) {
			answer(wire, ROMEO, SIMPLE);
		}
		assert_non_null(known(wire, ROMEO));
		wire_talk(wire, ends[i]);
		assert_null(known(wire, ROMEO));
	}
}

static void another_hash_ends_what_was_known_of_the_entity(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("md2", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	answer(wire, ROMEO, SIMPLE);
	presence(wire, ROMEO, C("md2", SIMPLE_VER) "<show>away</show>");
	assert_non_null(known(wire, ROMEO));
	presence(wire, ROMEO, C("md2", "other"));
	assert_null(known(wire, ROMEO));
}

/* The entity says something else meanwhile. */
static void a_late_answer_does_not_count_for_a_later_hash(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("md2", "one"));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	wire_say(wire, "<presence from='" ROMEO "'>" C("sha-1", SIMPLE_VER) "</presence>");
	wire_run(wire, 0);
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	const char *heard = wire_heard(wire);
	char first[50], second[50], xml[700];
	assert_int_equal(sscanf(strstr(heard, " id='"), " id='%49[^']", first), 1);
	assert_int_equal(
		sscanf(strstr(strstr(heard, " id='") + 1, " id='"), " id='%49[^']", second), 1);
	snprintf(xml, sizeof(xml),
		"<iq type='result' from='" ROMEO "' id='%s'><query xmlns='" INFO
		"'><feature var='urn:evil'/></query></iq>",
		first);
	wire_say(wire, xml);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "ENVOI_OK 1\n");
	assert_null(known(wire, ROMEO));
}

static void all_end_with_the_session_of_the_server(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	answer(wire, ROMEO, SIMPLE);
	envoi_memory_end_shut_down(wire->end);
	wire_run(wire, 0);
	assert_null(known(wire, ROMEO));
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	(void)wire_heard(wire);
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	assert_non_null(known(wire, ROMEO)); /* the hash is known */
}

static void malformed_hashes_are_none(void **state)
{
	static const char *const bad[] = {
		"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' ver='a'/>",
		"<c xmlns='urn:xmpp:caps'/>",
		"<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>!</hash></c>",
		"<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='md2'>AAAA</hash></c>",
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		presence(wire, ROMEO, bad[i]);
		assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
		assert_string_equal(answer(wire, ROMEO, NULL), "");
	}
	wire_talk(wire, "<presence from='@'><c xmlns='urn:xmpp:caps'/></presence>");
	wire_talk(wire, "<presence/>");
}

/* --- limits --- */

static void ten_thousand_entities_are_held(void **state)
{
	struct wire *wire = *state;
	char xml[400];
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	presence(wire, NURSE, C("sha-1", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	answer(wire, ROMEO, SIMPLE);
	for (int i = 0; i < ENVOI_CAPS_MOST_ENTITIES - 1; i++) {
		snprintf(xml, sizeof(xml), "room@b/%d", i);
		presence(wire, xml, C("sha-1", SIMPLE_VER));
		if (i == 100) {
			presence(wire, NURSE, C("sha-1", SIMPLE_VER)); /* the newest again */
		}
	}
	assert_null(known(wire, ROMEO));
	assert_non_null(known(wire, NURSE));
	assert_non_null(known(wire, "room@b/0"));
}

enum {
	LARGE = 60000,
};

/* An entity answers with something that has no valid hash. */
static void learn_large(struct wire *wire, const char *from)
{
	static char content[LARGE + 1000];
	char id[50];
	presence(wire, from, C("md2", "x"));
	assert_int_equal(get(wire, from), ENVOI_AGAIN);
	assert_int_equal(sscanf(strstr(wire_heard(wire), " id='"), " id='%49[^']", id), 1);
	int len = snprintf(content, sizeof(content),
		"<iq type='result' from='%s' id='%s'><query xmlns='" INFO
		"'><identity category='a' type='b' name='",
		from, id);
	memset(content + len, 'x', LARGE);
	strcpy(content + len + LARGE, "'/></query></iq>");
	wire_say(wire, content);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "ENVOI_OK 0\n");
}

static void answers_without_a_valid_hash_have_a_limit(void **state)
{
	struct wire *wire = *state;
	char from[50];
	size_t held = 0;
	learn_large(wire, "me@example.org/other");
	for (int i = 0; i < 20; i++) {
		snprintf(from, sizeof(from), "a%d@b/x", i);
		learn_large(wire, from);
		assert_non_null(known(wire, from));
	}
	assert_null(known(wire, "a0@b/x"));
	assert_non_null(known(wire, "me@example.org/other"));
	for (int i = 0; i < 20; i++) {
		snprintf(from, sizeof(from), "a%d@b/x", i);
		held += known(wire, from) != NULL;
	}
	assert_int_equal(held, 16); /* of 60,000 bytes each, in 1 MiB, with that of the account */
}

static void an_account_does_not_fill_the_room_of_others(void **state)
{
	struct wire *wire = *state;
	char from[50];
	learn_large(wire, ROMEO);
	for (int i = 0; i < 30; i++) {
		snprintf(from, sizeof(from), "a@b/%d", i);
		learn_large(wire, from);
		assert_true((known(wire, from) != NULL) == (i < 2));
	}
	assert_non_null(known(wire, ROMEO));
	learn_large(wire, NURSE);
	assert_non_null(known(wire, NURSE));
	assert_non_null(known(wire, "a@b/0"));
}

/* --- contacts --- */

static void contacts_stay_when_strangers_fill_the_table(void **state)
{
	struct client_fixture fixture;
	char xml[300];
	(void)state;
	client_fixture_init(&fixture, NULL);
	client_fixture_add_connector(&fixture);
	test_server_add_contact(fixture.server, "alice", "both@example.net", NULL, "both");
	test_server_add_contact(fixture.server, "alice", "none@example.net", NULL, "none");
	struct envoi_session *session = envoi_client_session(fixture.client);
	assert_int_equal(
		envoi_session_use(session, &envoi_caps_entities_extension, NULL), ENVOI_OK);
	client_fixture_connect(&fixture, 1000);
	static const char *const contacts[] = {"both@example.net/x", "none@example.net/x"};
	struct envoi_caps_cache *cache;
	assert_int_equal(envoi_caps_cache_new(&cache, fixture.context), ENVOI_OK);
	assert_int_equal(envoi_caps_cache_import(cache, EXPORTED, strlen(EXPORTED)), ENVOI_OK);
	assert_int_equal(envoi_caps_set_cache(session, cache), ENVOI_OK);
	envoi_caps_cache_unref(cache);
	for (int i = -2; i < ENVOI_CAPS_MOST_ENTITIES; i++) {
		char stranger[50];
		snprintf(stranger, sizeof(stranger), "room@b/%d", i);
		snprintf(xml, sizeof(xml),
			"<presence from='%s'>" C("sha-1", SIMPLE_VER) "</presence>",
			i < 0 ? contacts[i + 2] : stranger);
		assert_true(test_server_says(fixture.server, "alice@example.org/desk", xml));
		client_fixture_run(&fixture, 1);
	}
	client_fixture_run(&fixture, 1000);
	for (size_t i = 0; i < 2; i++) {
		struct envoi_jid *jid;
		assert_int_equal(envoi_jid_from_text(&jid, fixture.context, contacts[i]), ENVOI_OK);
		assert_true((envoi_caps_find(session, jid) != NULL) == (i == 0));
		envoi_jid_unref(jid);
	}
	client_fixture_finish(&fixture);
}

/* --- ends --- */

static void the_session_may_be_freed_inside(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	frees_session = true;
	answer(wire, ROMEO, SIMPLE);
	assert_null(wire->session);
	assert_string_equal(wire_log(wire), "ENVOI_OK 4\nended\nENVOI_OK 4\n");
}

static void it_may_be_freed_while_another_one_is_asked(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	presence(wire, NURSE, C("sha-1", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	assert_int_equal(get(wire, NURSE), ENVOI_AGAIN);
	frees_session = true;
	answer(wire, ROMEO, NULL);
	assert_null(wire->session);
	assert_string_equal(wire_log(wire), "ENVOI_ERR_STANZA 0\nENVOI_ERR_CANCELED 0\nended\n");
}

static void questions_end_with_the_use_and_with_the_session(void **state)
{
	struct wire *wire = *state;
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	envoi_session_unuse(wire->session, &envoi_caps_entities_extension);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "ENVOI_ERR_CANCELED 0\n");
	assert_int_equal(get(wire, ROMEO), ENVOI_ERR_STATE);
	assert_int_equal(
		envoi_session_use(wire->session, &envoi_caps_entities_extension, NULL), ENVOI_OK);
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	wire_free_session(wire);
	assert_string_equal(wire_log(wire), "ENVOI_ERR_CANCELED 0\nended\n");
}

/* --- sharing --- */

static void sessions_share_a_cache(void **state)
{
	struct wire *wire = *state;
	struct envoi_caps_cache *cache;
	struct envoi_context *other;
	assert_int_equal(envoi_caps_cache_new(&cache, wire->context), ENVOI_OK);
	assert_int_equal(envoi_caps_set_cache(wire->session, cache), ENVOI_OK);
	presence(wire, ROMEO, C("sha-1", SIMPLE_VER));
	assert_int_equal(get(wire, ROMEO), ENVOI_AGAIN);
	answer(wire, ROMEO, SIMPLE);
	assert_int_equal(envoi_caps_cache_count(cache), 1);
	wire_free_session(wire);
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_caps_set_cache(wire->session, cache), ENVOI_ERR_STATE);
	assert_int_equal(
		envoi_session_use(wire->session, &envoi_caps_entities_extension, NULL), ENVOI_OK);
	assert_int_equal(envoi_caps_set_cache(wire->session, cache), ENVOI_OK);
	envoi_caps_cache_unref(cache);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	(void)wire_heard(wire);
	presence(wire, NURSE, C("sha-1", SIMPLE_VER));
	assert_non_null(known(wire, NURSE));
	assert_int_equal(envoi_caps_set_cache(wire->session, NULL), ENVOI_OK);
	assert_null(known(wire, NURSE));
	assert_int_equal(envoi_context_new(&other, NULL), ENVOI_OK);
	assert_int_equal(envoi_caps_cache_new(&cache, other), ENVOI_OK);
	assert_int_equal(envoi_caps_set_cache(wire->session, cache), ENVOI_ERR_INVALID);
	envoi_caps_cache_unref(cache);
	envoi_context_unref(other);
}

/* --- memory --- */

static void every_failed_allocation_is_survived(void **state)
{
	(void)state;
	bool has_failed = true;
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		frees_session = false;
		is_short_of_memory = true;
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		assert_int_equal(
			envoi_session_use(wire.session, &envoi_caps_entities_extension, NULL),
			ENVOI_OK);
		struct envoi_jid *jid = address(&wire, ROMEO);
		const struct envoi_disco_info *info;
		allocator.fail_at = allocator.calls + n;
		wire_say(&wire, "<presence from='" ROMEO "'>" C("sha-1", SIMPLE_VER) "</presence>");
		wire_run(&wire, 0);
		if (wire.session != NULL && envoi_session_is_online(wire.session)) {
			int r = envoi_caps_get(wire.session, jid, &info, on_caps, &wire);
			wire_run(&wire, 0);
			assert_true(r == ENVOI_AGAIN || r == ENVOI_ERR_NOMEM);
			if (r == ENVOI_AGAIN && envoi_session_is_online(wire.session)) {
				answer(&wire, ROMEO, SIMPLE);
			}
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		envoi_jid_unref(jid);
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_with_the_hash_counts_for_all_with_that_hash),
		TEST(languages_and_forms_are_hashed),
		TEST(the_second_format_is_preferred),
		TEST(a_language_may_be_inherited_in_the_second_format),
		TEST(one_entity_is_asked_for_a_hash),
		TEST(an_answer_without_the_hash_counts_for_its_sender_alone),
		TEST(one_that_does_not_answer_leaves_the_others),
		TEST(an_ambiguous_answer_counts_for_its_sender_alone),
		TEST(a_form_below_the_last_feature_is_not_ambiguous),
		TEST(an_unknown_hash_function_is_for_the_entity_alone),
		TEST(the_legacy_format_is_for_the_entity_alone),
		TEST(without_a_hash_an_entity_is_asked_each_time),
		TEST(presence_without_a_hash_ends_what_was_known),
		TEST(another_hash_ends_what_was_known_of_the_entity),
		TEST(a_late_answer_does_not_count_for_a_later_hash),
		TEST(all_end_with_the_session_of_the_server),
		TEST(malformed_hashes_are_none),
		TEST(ten_thousand_entities_are_held),
		TEST(answers_without_a_valid_hash_have_a_limit),
		TEST(an_account_does_not_fill_the_room_of_others),
		cmocka_unit_test(contacts_stay_when_strangers_fill_the_table),
		TEST(the_session_may_be_freed_inside),
		TEST(it_may_be_freed_while_another_one_is_asked),
		TEST(questions_end_with_the_use_and_with_the_session),
		TEST(sessions_share_a_cache),
		cmocka_unit_test(every_failed_allocation_is_survived),
	};
	return cmocka_run_group_tests_name("ext/caps_entities", tests, NULL, NULL);
}
