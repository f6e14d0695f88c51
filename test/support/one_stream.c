/*
 * envoi - the one stream of a test program
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_stream.h"

struct stream_fixture one_stream;

int one_stream_setup(void **state)
{
	(void)state;
	stream_fixture_init(&one_stream);
	return 0;
}

int one_stream_teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&one_stream);
	return 0;
}

void one_stream_script_features(const char *features)
{
	stream_fixture_script_headers(one_stream.peer);
	peer_sends(one_stream.peer, features);
}

void one_stream_run_and_expect_closed(enum envoi_phase phase, int code)
{
	stream_fixture_run(&one_stream, 60000);
	peer_assert_done(one_stream.peer);
	recorder_assert_closed(&one_stream.recorder, phase, code);
}

void one_stream_expect_stream_error(const char *condition)
{
	char xml[256];
	snprintf(xml, sizeof(xml),
		"<stream:error><%s "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
		condition);
	peer_expects(one_stream.peer, xml);
}

void one_stream_make_ready(void)
{
	one_stream.options.required = 0;
	one_stream_script_features("<stream:features/>");
	stream_fixture_run(&one_stream, 1000);
	assert_true(recorder_has(&one_stream.recorder, "ready"));
}
