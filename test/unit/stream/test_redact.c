/*
 * envoi - what a tap shows: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/stanza.h>

#include "stream/redact.h"
#include "stream_fixture.h"

#define MARKER "c2VjcmV0"
#define HIDDEN ENVOI__REDACTED
#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define SASL_2 "xmlns='urn:xmpp:sasl:2'"
#define FAST "xmlns='urn:xmpp:fast:0'"

static const struct {
	const char *xml;
	const char *shown; /* NULL: as it is */
} rows[] = {
	/* RFC 6120, section 6.4 */
	{"<auth " SASL " mechanism='PLAIN'>" MARKER "</auth>",
		"<auth " SASL " mechanism='PLAIN'>" HIDDEN "</auth>"},
	{"<challenge " SASL ">" MARKER "</challenge>",
		"<challenge " SASL ">" HIDDEN "</challenge>"},
	{"<response " SASL ">" MARKER "</response>", "<response " SASL ">" HIDDEN "</response>"},
	{"<success " SASL ">" MARKER "</success>", "<success " SASL ">" HIDDEN "</success>"},
	{"<success " SASL "/>", NULL},
	{"<failure " SASL "><not-authorized/><text xml:lang='en'>" MARKER "</text></failure>",
		"<failure " SASL "><not-authorized/><text xml:lang='en'>" HIDDEN
		"</text></failure>"},
	{"<future " SASL " a='" MARKER "'><b xmlns='urn:x' c='" MARKER "'>" MARKER "</b></future>",
		"<future " SASL " a='" HIDDEN "'><b xmlns='urn:x' c='" HIDDEN "'>" HIDDEN
		"</b></future>"},
	/* XEP-0388, XEP-0484 */
	{"<authenticate " SASL_2 " mechanism='HT-SHA-256-ENDP'><initial-response>" MARKER
	 "</initial-response><user-agent id='" MARKER "'><software>S</software>"
	 "<device>D</device></user-agent><fast " FAST " count='123' invalidate='true'/>"
	 "<request-token " FAST " mechanism='HT-SHA-256-NONE'/></authenticate>",
		"<authenticate " SASL_2 " mechanism='HT-SHA-256-ENDP'><initial-response>" HIDDEN
		"</initial-response><user-agent id='" HIDDEN "'><software>S</software>"
		"<device>D</device></user-agent><fast " FAST " count='123' invalidate='true'/>"
		"<request-token " FAST " mechanism='HT-SHA-256-NONE'/></authenticate>"},
	{"<success " SASL_2 "><additional-data>" MARKER "</additional-data>"
	 "<authorization-identifier>alice@example.org/a</authorization-identifier>"
	 "<token " FAST " expiry='2030-01-01T00:00:00Z' token='" MARKER "'/></success>",
		"<success " SASL_2 "><additional-data>" HIDDEN "</additional-data>"
		"<authorization-identifier>alice@example.org/a</authorization-identifier>"
		"<token " FAST " expiry='2030-01-01T00:00:00Z' token='" HIDDEN "'/></success>"},
	{"<iq><query xmlns='urn:x'><token " FAST " token='" MARKER "'/></query></iq>",
		"<iq><query xmlns='urn:x'><token " FAST " token='" HIDDEN "'/></query></iq>"},
	/* XEP-0077, with a form in it */
	{"<iq type='set' id='1'><query xmlns='jabber:iq:register'><username>alice</username>"
	 "<password>" MARKER "</password><x xmlns='jabber:x:data' type='submit'>"
	 "<field var='password'><value>" MARKER "</value></field></x></query></iq>",
		"<iq type='set' id='1'><query xmlns='jabber:iq:register'><username>alice</username>"
		"<password>" HIDDEN "</password><x xmlns='jabber:x:data' type='" HIDDEN "'>"
		"<field var='" HIDDEN "'><value>" HIDDEN "</value></field></x></query></iq>"},
	/* XEP-0078 */
	{"<iq><query xmlns='jabber:iq:auth'><username>a</username><digest>" MARKER
	 "</digest><resource>r</resource></query></iq>",
		"<iq><query xmlns='jabber:iq:auth'><username>a</username><digest>" HIDDEN
		"</digest><resource>r</resource></query></iq>"},
	/* XEP-0114 */
	{"<handshake xmlns='jabber:component:accept'>" MARKER "</handshake>",
		"<handshake xmlns='jabber:component:accept'>" HIDDEN "</handshake>"},
	{"<handshake>" MARKER "</handshake>", "<handshake>" HIDDEN "</handshake>"},
	/* XEP-0045 */
	{"<presence><x xmlns='http://jabber.org/protocol/muc'><password>" MARKER
	 "</password></x></presence>",
		"<presence><x xmlns='http://jabber.org/protocol/muc'><password>" HIDDEN
		"</password></x></presence>"},
	/* pieces of one text; what is blank says nothing */
	{"<response " SASL ">" MARKER "<x/>" MARKER "</response>",
		"<response " SASL ">" HIDDEN "<x/></response>"},
	{"<response " SASL "> \n</response>", NULL},
	/* no secret */
	{"<stream:features><mechanisms " SASL "><mechanism>PLAIN</mechanism></mechanisms>"
	 "<x xmlns='urn:y'>a<b/>c</x></stream:features>",
		NULL},
	{"<message><body>password: " SASL_2 "</body></message>", NULL},
};

enum {
	ROWS = sizeof(rows) / sizeof(rows[0]),
};

static struct envoi_element *parse(struct envoi_context *context, const char *xml)
{
	struct envoi_element *element;
	assert_int_equal(
		envoi_xml_parse(&element, context, xml, strlen(xml), ENVOI_NS_CLIENT), ENVOI_OK);
	return element;
}

static void assert_same(
	struct envoi_context *context, const struct envoi_element *got, const char *wanted)
{
	struct envoi_buffer texts[2];
	struct envoi_element *element = parse(context, wanted);
	for (int i = 0; i < 2; i++) {
		envoi_buffer_init(&texts[i], context, 0);
		assert_int_equal(
			envoi_xml_write(&texts[i], i == 0 ? got : element, NULL), ENVOI_OK);
		assert_int_equal(envoi_buffer_append(&texts[i], "", 1), ENVOI_OK);
	}
	assert_string_equal(envoi_buffer_data(&texts[0]), envoi_buffer_data(&texts[1]));
	envoi_buffer_finish(&texts[0]);
	envoi_buffer_finish(&texts[1]);
	envoi_element_unref(element);
}

static void secrets_are_replaced_and_nothing_else(void **state)
{
	(void)state;
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	for (size_t i = 0; i < ROWS; i++) {
		struct envoi_element *element = parse(context, rows[i].xml);
		struct envoi_element *copy = envoi__redact(context, element);
		assert_int_equal(envoi_element_error(copy), ENVOI_OK);
		assert_same(context, copy, rows[i].shown != NULL ? rows[i].shown : rows[i].xml);
		if (rows[i].shown != NULL) {
			assert_true(envoi__redact_is_needed(element));
		}
		envoi_element_unref(copy);
		envoi_element_unref(element);
	}
	envoi_context_unref(context);
}

/* --- on every way --- */

static struct {
	struct stream_fixture fixture;
	size_t seen, secrets, tails[2]; /* closing tags by direction */
	char last[4096];
} world;

static void tap(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	(void)user;
	world.seen++;
	snprintf(world.last, sizeof(world.last), "%.*s", (int)len, xml);
	world.tails[direction == ENVOI_OUT] += strcmp(world.last, "</stream:stream>") == 0;
	world.secrets += strstr(world.last, MARKER) != NULL;
}

static int take_any(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)self, (void)stream, (void)element;
	return ENVOI_OK;
}

#define ANY(its_ns) \
	{ \
		.ns = (its_ns), .name = "*", .roles = 1u << ENVOI_INITIATOR, .handle = take_any, \
	}

static const struct envoi_stream_element_row any_rows[] = {
	ANY("urn:ietf:params:xml:ns:xmpp-sasl"),
	ANY("urn:xmpp:sasl:2"),
	ANY("jabber:component:accept"),
	ANY(ENVOI_NS_CLIENT),
	{.name = NULL},
};

static const struct envoi_handler_impl any_impl = {.name = "any", .stream_elements = any_rows};

static void begin(struct envoi_handler *handler)
{
	memset(&world, 0, sizeof(world));
	stream_fixture_init(&world.fixture);
	*handler = (struct envoi_handler){.impl = &any_impl};
	stream_fixture_add(&world.fixture, handler);
	world.fixture.options.required = 0;
	world.fixture.options.tap = tap;
	stream_fixture_script_headers(world.fixture.peer);
	peer_sends(world.fixture.peer, "<stream:features/>");
}

/* What comes, what is sent as an element, and what is sent as text. */
static void no_secret_is_shown_whichever_way_it_takes(void **state)
{
	(void)state;
	struct envoi_handler handler;
	for (size_t i = 0; i < ROWS; i++) {
		if (strstr(rows[i].xml, "<stream:features") != NULL) {
			continue; /* once in a stream */
		}
		begin(&handler);
		peer_sends(world.fixture.peer, rows[i].xml);
		stream_fixture_run(&world.fixture, 100);
		struct envoi_stream *stream = world.fixture.recorder.stream;
		size_t before = world.seen;
		assert_int_equal(before, 4); /* two headers, features, the element */
		struct envoi_element *element = parse(world.fixture.context, rows[i].xml);
		assert_int_equal(envoi_stream_send_element(stream, element), ENVOI_OK);
		assert_int_equal(
			envoi_stream_send(stream, rows[i].xml, strlen(rows[i].xml)), ENVOI_OK);
		assert_int_equal(world.seen, before + 2);
		assert_int_equal(world.secrets, 0);
		envoi_element_unref(element);
		stream_fixture_finish(&world.fixture);
	}
}

static void xml_that_cannot_be_parsed_is_not_shown(void **state)
{
	(void)state;
	struct envoi_handler handler;
	static const char odd[] = "<iq><query xmlns='jabber:iq:register'><password>" MARKER;
	static const char escaped[] =
		"<iq><q:query xmlns:q='jabber&#x3a;iq:register'><q:password>" MARKER
		"</q:password></q:query></iq>";
	static const char plain[] = "<message   to=\"a\"><body>hello</body></message>";
	begin(&handler);
	stream_fixture_run(&world.fixture, 100);
	struct envoi_stream *stream = world.fixture.recorder.stream;
	assert_int_equal(envoi_stream_send(stream, escaped, strlen(escaped)), ENVOI_OK);
	assert_non_null(strstr(world.last, ENVOI__REDACTED));
	assert_int_equal(envoi_stream_send(stream, plain, strlen(plain)), ENVOI_OK);
	assert_string_equal(world.last, plain);
	assert_int_equal(envoi_stream_send(stream, odd, strlen(odd)), ENVOI_OK);
	assert_string_equal(world.last, ENVOI__REDACTED);
	assert_int_equal(world.secrets, 0);
	stream_fixture_finish(&world.fixture);
}

static const char out_xml[] = "<message to='a'/>";

static void send_and_receive(struct envoi_stream *stream)
{
	assert_int_equal(envoi_stream_send(stream, out_xml, strlen(out_xml)), ENVOI_OK);
	peer_sends(world.fixture.peer, "<message from='b'/>");
	stream_fixture_run(&world.fixture, 100);
}

/* The headers and the features are three things. */
static void each_direction_is_switched_by_itself(void **state)
{
	(void)state;
	struct envoi_handler handler;
	static const size_t at_first[] = {3, 1, 2, 0}; /* by the directions that are off */
	for (unsigned int off = 0; off < 4; off++) {
		begin(&handler);
		world.fixture.options.tap_off = off;
		stream_fixture_run(&world.fixture, 100);
		struct envoi_stream *stream = world.fixture.recorder.stream;
		assert_int_equal(world.seen, at_first[off]);
		for (unsigned int now = 0; now < 4; now++) {
			bool in = (now & 1u << ENVOI_IN) == 0, out = (now & 1u << ENVOI_OUT) == 0;
			envoi_stream_switch_tap(stream, ENVOI_IN, in);
			envoi_stream_switch_tap(stream, ENVOI_OUT, out);
			size_t before = world.seen;
			send_and_receive(stream);
			assert_int_equal(world.seen - before, (size_t)in + (size_t)out);
			if (in != out) {
				assert_int_equal(strcmp(world.last, out_xml) == 0, out);
			}
		}
		stream_fixture_finish(&world.fixture);
	}
}

static void the_closing_tags_are_shown(void **state)
{
	(void)state;
	struct envoi_handler handler;
	begin(&handler);
	peer_sends(world.fixture.peer, "</stream:stream>");
	stream_fixture_run(&world.fixture, 100);
	assert_int_equal(world.tails[false], 1);
	assert_int_equal(world.tails[true], 1);
	stream_fixture_finish(&world.fixture);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_replaced_and_nothing_else),
		cmocka_unit_test(no_secret_is_shown_whichever_way_it_takes),
		cmocka_unit_test(xml_that_cannot_be_parsed_is_not_shown),
		cmocka_unit_test(each_direction_is_switched_by_itself),
		cmocka_unit_test(the_closing_tags_are_shown),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("stream/redact", tests, NULL, NULL);
}
