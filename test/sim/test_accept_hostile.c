/*
 * envoi - accepted connections: what hostile clients send, before the login and behind it
 * SPDX-License-Identifier: MIT
 *
 * The names of incidents are those of doc/incidents.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>

#include "accept_fixture.h"
#include "between.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(text) text, sizeof(text) - 1
#define HEADER ACCEPT_HEADER("to='example.org' version='1.0'")
#define NS_SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define NS_TLS "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
#define STARTTLS "<starttls " NS_TLS "/>"
#define NS_SM "xmlns='urn:xmpp:sm:3'"
#define LOGIN "<auth " NS_SASL " mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>"
#define BIND(id, resource) \
	"<iq type='set' id=\"" id "\"><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" \
	"<resource>" resource "</resource></bind></iq>"

static struct accept_fixture f;

static int setup(void **state)
{
	(void)state;
	accept_fixture_init(&f, NULL);
	return envoi_settings_set(f.settings, "sasl.mechanisms", "PLAIN");
}

static int teardown(void **state)
{
	(void)state;
	accept_fixture_finish(&f);
	return 0;
}

/* The newest connection of a client. */
static struct envoi_memory_end *client;

static void connect_client(void)
{
	struct envoi_memory_pair *pair;
	assert_int_equal(envoi_memory_pair_new(&pair, f.context), ENVOI_OK);
	assert_int_equal(envoi_memory_end_new(&client, pair, ENVOI_MEMORY_A, NULL, NULL), ENVOI_OK);
	assert_int_equal(accept_fixture_accept(&f, pair), ENVOI_OK);
	envoi_memory_pair_unref(pair);
}

static void say_bytes(const char *bytes, size_t len)
{
	if (!envoi_memory_end_is_over(client)) {
		assert_int_equal(envoi_memory_end_send(client, bytes, len), ENVOI_OK);
	}
	accept_fixture_run(&f, 50);
}

static void say(const char *text)
{
	say_bytes(text, strlen(text));
}

/* @return what the client has received since forget(); borrowed until the next */
static const char *heard(void)
{
	struct envoi_buffer *received = envoi_memory_end_received(client);
	assert_int_equal(envoi_buffer_append(received, "", 1), ENVOI_OK);
	envoi_buffer_truncate(received, envoi_buffer_len(received) - 1);
	return envoi_buffer_data(received);
}

static bool has_heard(const char *text)
{
	return strstr(heard(), text) != NULL;
}

static void forget(void)
{
	envoi_buffer_consume(envoi_memory_end_received(client), SIZE_MAX);
}

/* The client leaves, and the connection ends. */
static void leave(void)
{
	envoi_memory_end_free(client);
	accept_fixture_run(&f, 60000);
	assert_null(f.last);
}

enum stage {
	CONNECTED,
	OPENED,
	ONLINE,
	STAGES,
};

/* A client that has come so far; what was noted is forgotten. */
static void come_to(enum stage stage)
{
	connect_client();
	if (stage >= OPENED) {
		say(HEADER);
	}
	if (stage >= ONLINE) {
		say(LOGIN);
		say(HEADER);
		say(BIND("b", "desk"));
		assert_non_null(strstr(f.notes, "ready alice@example.org/desk"));
	}
	f.notes[0] = '\0';
}

/* The stream has ended with a condition, and nothing was delivered. */
static void assert_refused(const char *condition, const char *cause, int stage)
{
	char error[100];
	snprintf(error, sizeof(error), "<stream:error><%s ", condition);
	if (!has_heard(error) || strstr(f.notes, "stanza") != NULL) {
		fail_msg("%s at stage %d: heard %s, noted %s", cause, stage, heard(), f.notes);
	}
	leave();
}

/* --- what is not XML, or not that of XMPP (RFC 6120, section 11) --- */

static const struct {
	const char *name, *bytes;
	size_t len;
	const char *condition;
} faults[] = {
	{"an overlong form", BYTES("<message to='bob@example.org'>\xc0\xbc</message>"),
		"not-well-formed"},
	{"a surrogate", BYTES("<message to='\xed\xa0\x80'/>"), "not-well-formed"},
	{"a lead byte before a tag", BYTES("<message>\xe2<body/></message>"), "not-well-formed"},
	{"a lead byte before a quote", BYTES("<message to='bob@example.org\xc3'/>"),
		"not-well-formed"},
	{"a lead byte before `>`", BYTES("<message\xf0>"), "not-well-formed"},
	{"a lead byte in a name",
		BYTES("<mess\xc3"
		      "age/>"),
		"not-well-formed"},
	{"NUL in text", BYTES("<message>\0</message>"), "not-well-formed"},
	{"NUL in an attribute", BYTES("<message to='bob@example.org\0'/>"), "not-well-formed"},
	{"an undeclared prefix", BYTES("<p:message to='bob@example.org'/>"), "not-well-formed"},
	{"an undeclared prefix of an attribute", BYTES("<message p:to='bob@example.org'/>"),
		"not-well-formed"},
	{"an expanded name twice", BYTES("<message xmlns:p='u' xmlns:q='u' p:to='a' q:to='b'/>"),
		"not-well-formed"},
	{"xml bound again", BYTES("<message xmlns:xml='u'/>"), "not-well-formed"},
	{"a document type", BYTES("<!DOCTYPE a [<!ENTITY b 'c'>]>"), "restricted-xml"},
	{"an external subset", BYTES("<!DOCTYPE a SYSTEM 'file:///etc/passwd'>"), "restricted-xml"},
	{"a comment", BYTES("<!-- <message/> -->"), "restricted-xml"},
	{"an instruction", BYTES("<?php?>"), "restricted-xml"},
	{"an entity", BYTES("<message to='bob@example.org'>&b;</message>"), "restricted-xml"},
	{"a comment in a stanza", BYTES("<message to='bob<!-- -->'"), "not-well-formed"},
	{"a comment in text", BYTES("<message>a<!-- -->b</message>"), "restricted-xml"},
	{"an instruction in text", BYTES("<message>a<?b?></message>"), "restricted-xml"},
	{"a second declaration", BYTES("<?xml version='1.0'?>"), "not-well-formed"},
};

/* Before the header alone. */
static const struct {
	const char *name, *bytes;
	size_t len;
	const char *condition;
} beginnings[] = {
	{"a document type", BYTES("<!DOCTYPE a [<!ENTITY b 'c'>]>"), "restricted-xml"},
	{"a comment", BYTES("<!-- " HEADER " -->"), "restricted-xml"},
	{"an instruction", BYTES("<?php?>"), "restricted-xml"},
	{"an overlong form", BYTES("<stream:stream to='\xc0\xbc'>"), "not-well-formed"},
	{"a lead byte in a name", BYTES("<stream:str\xe2>"), "not-well-formed"},
	{"an undeclared prefix", BYTES("<stream:stream to='example.org'>"), "not-well-formed"},
	{"an attribute twice", BYTES("<stream to='example.org' to='example.net'>"),
		"not-well-formed"},
	{"UTF-7", BYTES("<?xml version='1.0' encoding='UTF-7'?>"), "unsupported-encoding"},
	{"ISO-8859-1", BYTES("<?xml version='1.0' encoding='ISO-8859-1'?>"),
		"unsupported-encoding"},
	{"UTF-16", BYTES("\xff\xfe<\0s\0"), "unsupported-encoding"},
	{"XML 1.1", BYTES("<?xml version='1.1'?>"), "not-well-formed"},
	{"a byte order mark", BYTES("\xef\xbb\xbf" HEADER), "not-well-formed"},
};

static void check_fault(
	const char *name, const char *bytes, size_t len, const char *condition, enum stage stage)
{
	come_to(stage);
	say_bytes(bytes, len);
	say("<message to='bob@example.org'/>");
	assert_refused(condition, name, (int)stage);
}

static void malformed_xml_ends_an_accepted_stream_at_every_stage(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		for (int stage = OPENED; stage < STAGES; stage++) {
			check_fault(faults[i].name, faults[i].bytes, faults[i].len,
				faults[i].condition, (enum stage)stage);
		}
	}
	for (size_t i = 0; i < COUNT(beginnings); i++) {
		check_fault(beginnings[i].name, beginnings[i].bytes, beginnings[i].len,
			beginnings[i].condition, CONNECTED);
	}
}

/* --- what never ends --- */

enum {
	PIECE = 4096,
	MOST_PIECES = 100,
};

static void an_endless_element_ends_an_accepted_stream_at_every_stage(void **state)
{
	static const char *const endless[][2] = {{"<message>", "text"}, {"<message>", "<b/>"},
		{"<message>", "<b>"}, {"<message to='", "a"}, {"<", "name"}, {"<message", " a=''"},
		{"<message>", "&amp;"}, {"<message><![CDATA[", "]"}};
	(void)state;
	assert_int_equal(envoi_settings_set(f.settings, "limits.skip-bytes", "0"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f.settings, "limits.stanza-bytes", "65536"), ENVOI_OK);
	for (size_t i = 0; i < COUNT(endless); i++) {
		for (int stage = OPENED; stage < STAGES; stage++) {
			char piece[PIECE + 8] = "";
			come_to((enum stage)stage);
			for (size_t len = 0; len < PIECE; len += strlen(endless[i][1])) {
				strcpy(piece + len, endless[i][1]);
			}
			say(endless[i][0]);
			int pieces = 0;
			while (!envoi_memory_end_is_over(client) && pieces < MOST_PIECES) {
				say(piece);
				pieces++;
			}
			assert_between((uintmax_t)pieces, 1, stage == OPENED ? 3 : 17);
			assert_refused("policy-violation", endless[i][1], stage);
		}
	}
}

/* --- markup in what is repeated --- */

#define DANGER "&apos;/>&lt;message to=&quot;evil@a&quot;/>"
#define DANGER_PLAIN "'/><message to=\"evil@a\"/>"

/* What was heard since is one iq with the id; @return it */
static struct envoi_element *one_answer(void)
{
	struct envoi_element *answer;
	const char *text = heard();
	if (envoi_xml_parse(&answer, f.context, text, strlen(text), ENVOI_NS_CLIENT) < 0) {
		fail_msg("not one element: %s", text);
	}
	assert_true(envoi_element_is(answer, ENVOI_NS_CLIENT, "iq"));
	assert_string_equal(envoi_element_attr(answer, "id"), DANGER_PLAIN);
	return answer;
}

static void an_answer_of_an_accepted_session_is_one_stanza(void **state)
{
	static const char *const requests[] = {
		"<iq type='get' id=\"" DANGER "\"><query xmlns='jabber:iq:version'/></iq>",
		"<iq type='set' id=\"" DANGER "\"><ping xmlns='urn:xmpp:ping'/></iq>",
		"<iq type='get' id=\"" DANGER "\"/>",
		"<iq type='get' id=\"" DANGER "\" xml:lang=\"" DANGER "\"><a xmlns='a'/><b/></iq>",
		BIND(DANGER, "hall"),
	};
	(void)state;
	connect_client();
	say(HEADER);
	say(LOGIN);
	say(HEADER);
	forget();
	say(BIND(DANGER, "&#9;"));
	envoi_element_unref(one_answer());
	forget();
	say(BIND(DANGER, DANGER));
	struct envoi_element *bound = one_answer();
	assert_string_equal(envoi_element_attr(bound, "type"), "result");
	envoi_element_unref(bound);
	for (size_t i = 0; i < COUNT(requests); i++) {
		forget();
		say(requests[i]);
		envoi_element_unref(one_answer());
	}
	envoi_memory_end_free(client);
}

/* --- what comes before a restart --- */

static const char *const injections[] = {"<message to='bob@example.org'/>", "<mess", "x",
	"</stream:stream>", HEADER, HEADER "<message to='bob@example.org'/>", LOGIN};

/* What is in clear behind <starttls/>, in one piece with it or in the next. */
static void bytes_in_clear_behind_starttls_end_an_accepted_stream(void **state)
{
	(void)state;
	f.has_tls = true;
	for (size_t i = 0; i < COUNT(injections); i++) {
		for (int is_later = 0; is_later < 2; is_later++) {
			connect_client();
			say(HEADER);
			assert_int_equal(envoi_memory_end_send(client, STARTTLS, strlen(STARTTLS)),
				ENVOI_OK);
			if (is_later) {
				accept_fixture_run(&f, 50);
				assert_true(has_heard("<proceed "));
			}
			say(injections[i]);
			accept_fixture_run(&f, 60000);
			assert_null(f.last);
			assert_null(strstr(f.notes, "stanza"));
			assert_null(strstr(f.notes, "authenticated"));
			assert_false(has_heard("<success"));
			envoi_memory_end_free(client);
		}
	}
}

/* What is sent with the last message of SASL, before its outcome is known (section 6.4.6). */
static void bytes_behind_the_login_are_not_of_the_next_stream(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(injections); i++) {
		char text[1000];
		connect_client();
		say(HEADER);
		snprintf(text, sizeof(text), LOGIN "%s", injections[i]);
		say(text);
		assert_null(strstr(f.notes, "stanza"));
		assert_false(has_heard("xmpp-bind"));
		leave();
	}
}

/* --- truncation --- */

static void half_a_stanza_is_not_delivered_and_the_session_is_kept(void **state)
{
	(void)state;
	assert_int_equal(envoi_settings_set(f.settings, "accept.resumption", "30s"), ENVOI_OK);
	for (int is_cut = 0; is_cut < 2; is_cut++) {
		come_to(ONLINE);
		say("<enable " NS_SM " resume='true'/>");
		say("<message to='bob@example.org'><body>pay 10");
		if (is_cut) {
			envoi_memory_pair_cut(envoi_memory_end_pair(client));
		} else {
			envoi_memory_end_shut_down(client);
		}
		accept_fixture_run(&f, 50);
		accept_fixture_assert_notes(&f, "suspended alice@example.org/desk\n");
		leave();
	}
}

/* --- texts of SASL (RFC 6120, section 6.5.5) --- */

static void malformed_base64_is_refused_in_a_login(void **state)
{
	static const char *const texts[] = {"AGFsaWNl AHNlY3JldA==", "AGFsaWNlAHNlY3JldA",
		"AGFsaWNlAHNlY3JldA=", "AGFsaWNlAHNlY3JldB==", "AGFsaWNlAHNlY3JldA==A",
		"AGFsaWNlAHNlY3JldA==\n", "==", "====", "r=plain"};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		char text[200];
		come_to(OPENED);
		snprintf(text, sizeof(text), "<auth " NS_SASL " mechanism='PLAIN'>%s</auth>",
			texts[i]);
		say(text);
		if (!has_heard("<failure " NS_SASL "><incorrect-encoding/></failure>")) {
			fail_msg("%s: heard %s", texts[i], heard());
		}
		assert_null(strstr(f.notes, "authenticated"));
		leave();
	}
}

static void a_login_of_other_bytes_is_refused(void **state)
{
	static const char *const texts[] = {
		"AGFsaWNlAHNlY3JldAA=", /* NUL behind the password */
		"AABhbGljZQBzZWNyZXQ=", /* and before the name */
		"AGFsaWNlAP8=", /* not UTF-8 */
		"AGFsaWNlAA==", /* no password */
		"YWxpY2U=", /* no NUL */
		"=", /* no bytes */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		char text[200];
		come_to(OPENED);
		snprintf(text, sizeof(text), "<auth " NS_SASL " mechanism='PLAIN'>%s</auth>",
			texts[i]);
		say(text);
		accept_fixture_run(&f, 1000);
		if (!has_heard("<failure ") || has_heard("<success")) {
			fail_msg("%s: heard %s", texts[i], heard());
		}
		assert_null(strstr(f.notes, "authenticated"));
		leave();
	}
}

/* --- stream management --- */

/* @return how often a text was heard */
static size_t count_heard(const char *text)
{
	size_t count = 0;
	for (const char *at = heard(); (at = strstr(at, text)) != NULL; at++) {
		count++;
	}
	return count;
}

static void requests_for_acknowledgement_in_one_piece_have_few_answers(void **state)
{
	enum {
		REQUESTS = 1000
	};
	static const char request[] = "<r " NS_SM "/>";
	static char flood[REQUESTS * sizeof(request)];
	(void)state;
	come_to(ONLINE);
	say("<enable " NS_SM "/>");
	for (size_t i = 0; i < REQUESTS; i++) {
		memcpy(flood + i * (sizeof(request) - 1), request, sizeof(request));
	}
	say(flood);
	assert_between(count_heard("<a "), 1, 10);
	envoi_memory_end_free(client);
}

static void a_session_is_not_kept_longer_than_the_server_allows(void **state)
{
	(void)state;
	assert_int_equal(envoi_settings_set(f.settings, "accept.resumption", "60s"), ENVOI_OK);
	static const char *const times[] = {"4294967295", "18446744073709551615"};
	for (size_t i = 0; i < COUNT(times); i++) {
		char text[200];
		come_to(ONLINE);
		snprintf(
			text, sizeof(text), "<enable " NS_SM " resume='true' max='%s'/>", times[i]);
		say(text);
		assert_true(has_heard(" max='60'"));
		envoi_memory_pair_cut(envoi_memory_end_pair(client));
		envoi_memory_end_free(client);
		accept_fixture_run(&f, 61000);
		assert_non_null(strstr(f.notes, "ended alice@example.org/desk"));
	}
}

static void resumptions_of_unknown_sessions_do_not_go_on_for_ever(void **state)
{
	char text[200];
	(void)state;
	connect_client();
	say(HEADER);
	say(LOGIN);
	say(HEADER);
	int tries = 0;
	while (!envoi_memory_end_is_over(client) && tries < 100000) {
		snprintf(text, sizeof(text), "<resume " NS_SM " previd='guess%d' h='0'/>", tries);
		say(text);
		tries++;
	}
	assert_between((uintmax_t)tries, 1, 10000);
	assert_false(has_heard("<resumed"));
	envoi_memory_end_free(client);
}

static void a_long_id_of_a_session_ends_the_stream(void **state)
{
	enum {
		LONG = 1 << 20
	};
	static char text[LONG + 100];
	(void)state;
	connect_client();
	say(HEADER);
	say(LOGIN);
	say(HEADER);
	strcpy(text, "<resume " NS_SM " previd='");
	size_t len = strlen(text);
	memset(text + len, 'a', LONG);
	strcpy(text + len + LONG, "' h='0'/>");
	say(text);
	assert_refused("policy-violation", "a long id", OPENED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(malformed_xml_ends_an_accepted_stream_at_every_stage),
		TEST(an_endless_element_ends_an_accepted_stream_at_every_stage),
		TEST(an_answer_of_an_accepted_session_is_one_stanza),
		TEST(bytes_in_clear_behind_starttls_end_an_accepted_stream),
		TEST(bytes_behind_the_login_are_not_of_the_next_stream),
		TEST(half_a_stanza_is_not_delivered_and_the_session_is_kept),
		TEST(malformed_base64_is_refused_in_a_login),
		TEST(a_login_of_other_bytes_is_refused),
		TEST(requests_for_acknowledgement_in_one_piece_have_few_answers),
		TEST(a_session_is_not_kept_longer_than_the_server_allows),
		TEST(resumptions_of_unknown_sessions_do_not_go_on_for_ever),
		TEST(a_long_id_of_a_session_ends_the_stream),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/accept_hostile", tests, NULL, NULL);
}
