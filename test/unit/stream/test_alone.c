/*
 * envoi - streams on transports whose elements stand alone
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stream/alone.h"
#include "stream_fixture.h"

static struct stream_fixture fixture;
static size_t heard;

static int setup(void **state)
{
	(void)state;
	stream_fixture_init(&fixture);
	fixture.options.required = 0;
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, "<stream:features/>");
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&fixture.recorder, "ready"));
	envoi_stream_transport(fixture.recorder.stream)->writing = ENVOI_WRITING_ALONE;
	heard = strlen(peer_heard(fixture.peer));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&fixture);
	return 0;
}

static void expect_heard(const char *xml)
{
	stream_fixture_run(&fixture, 10);
	assert_string_equal(peer_heard(fixture.peer) + heard, xml);
	heard += strlen(xml);
}

static void a_stanza_declares_the_content_namespace(void **state)
{
	(void)state;
	static const struct {
		const char *xml, *alone;
	} cases[] = {
		{"<presence/>", "<presence xmlns='jabber:client'/>"},
		{"<message to='a@b'><body>x</body></message>",
			"<message xmlns='jabber:client' to='a@b'><body>x</body></message>"},
		{"<iq><x xmlns='urn:x'/></iq>",
			"<iq xmlns='jabber:client'><x xmlns='urn:x'/></iq>"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(envoi_stream_send(fixture.recorder.stream, cases[i].xml,
					 strlen(cases[i].xml)),
			ENVOI_OK);
		expect_heard(cases[i].alone);
	}
	assert_int_equal(fixture.recorder.written_count, 3);
}

static void send_and_expect(const char *ns, const char *name, const char *xml)
{
	struct envoi_element *element = envoi_element_new(fixture.context, ns, name);
	assert_int_equal(envoi_stream_send_element(fixture.recorder.stream, element), ENVOI_OK);
	envoi_element_unref(element);
	expect_heard(xml);
}

static void an_element_declares_what_it_uses(void **state)
{
	(void)state;
	send_and_expect(ENVOI_NS_CLIENT, "iq", "<iq xmlns='jabber:client'/>");
	send_and_expect("urn:x", "r", "<r xmlns='urn:x'/>");
	send_and_expect(ENVOI_NS_STREAMS, "features",
		"<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>");
}

static void another_content_namespace_is_escaped_and_declared(void **state)
{
	(void)state;
	struct envoi_buffer out;
	envoi_buffer_init(&out, fixture.context, 0);
	assert_int_equal(envoi__alone_write(&out, "<iq/>", 5, "jabber:server'"), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&out), "<iq xmlns='jabber:server&apos;'/>");
	envoi_buffer_finish(&out);
}

static void the_buffer_stays_as_it_was_when_it_is_full(void **state)
{
	(void)state;
	struct envoi_buffer out;
	envoi_buffer_init(&out, fixture.context, 20);
	assert_int_equal(envoi_buffer_append(&out, "abc", 3), ENVOI_OK);
	assert_int_equal(envoi__alone_write(&out, "<iq/>", 5, "jabber:client"), ENVOI_ERR_FULL);
	assert_int_equal(envoi_buffer_len(&out), 3);
	envoi_buffer_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_stanza_declares_the_content_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(an_element_declares_what_it_uses, setup, teardown),
		cmocka_unit_test_setup_teardown(
			another_content_namespace_is_escaped_and_declared, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_buffer_stays_as_it_was_when_it_is_full, setup, teardown),
	};
	return cmocka_run_group_tests_name("stream/alone", tests, NULL, NULL);
}
