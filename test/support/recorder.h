/*
 * envoi - records the events of a stream
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_RECORDER_H
#define ENVOI_TEST_RECORDER_H

#include <stdbool.h>

#include <envoi/interfaces/stream.h>

struct recorder;

/** Called behind each event, inside the callback; may do anything to recorder->stream. */
typedef void recorder_fn(struct recorder *recorder, const char *event);

/**
 * A stream's sink that keeps a line for each event:
 *
 *	opened
 *	gained secure TLS1.3
 *	ready
 *	stanza <message .../>
 *	written 2
 *	closed sasl ENVOI_ERR_TIMEOUT
 *
 * `drained` and `activity` are counted only. Embedded in a fixture; zeroed before recorder_init().
 */
struct recorder {
	struct envoi_stream_sink sink;
	struct envoi_context *context;
	struct envoi_stream *stream; /* owned; set to NULL when freed by recorder_free_stream() */
	struct envoi_buffer lines; /* each ends with a line feed; always NUL-terminated */
	struct envoi_failure failure; /* of closed */
	unsigned int closed_count, activity_count, drained_count, written_count, stanza_count;
	unsigned int after_free; /* events that came though the stream was freed */
	unsigned int lost_lines; /* there was no memory for them */
	recorder_fn *act;
	void *user;
};

void recorder_init(struct recorder *recorder, struct envoi_context *context);
/** Free the stream too. */
void recorder_finish(struct recorder *recorder);
void recorder_free_stream(struct recorder *recorder);

/** @return all lines; borrowed until the next event */
const char *recorder_lines(struct recorder *recorder);
/** @return whether a line begins like that */
bool recorder_has(struct recorder *recorder, const char *beginning);

/** Assert all lines but those of stanzas and writing. */
void recorder_assert_milestones(struct recorder *recorder, const char *const *lines);
/** Assert that it was closed once, and how. */
void recorder_assert_closed(struct recorder *recorder, enum envoi_phase phase, int code);

#endif
