/*
 * envoi - the one stream of a test program
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_ONE_STREAM_H
#define ENVOI_TEST_ONE_STREAM_H

#include "stream_fixture.h"

extern struct stream_fixture one_stream;

int one_stream_setup(void **state);
int one_stream_teardown(void **state);

/** The peer answers the header with its own, and with these features. */
void one_stream_script_features(const char *features);
/** The script ends within a minute, and the stream with this failure. */
void one_stream_run_and_expect_closed(enum envoi_phase phase, int code);
/** The peer expects a stream error and the closing tag. */
void one_stream_expect_stream_error(const char *condition);
/** A stream that needs no features is ready. */
void one_stream_make_ready(void);

/** A header of the peer. */
struct header_case {
	const char *attributes;
	const char *condition; /* of the stream error that answers it; NULL: accepted */
};

#endif
