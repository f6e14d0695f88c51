/*
 * envoi - records the events of a stream
 * SPDX-License-Identifier: MIT
 */
#include "recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>

static void add_line(struct recorder *recorder, const char *format, ...) ENVOI_PRINTF(2, 3);

static void add_line(struct recorder *recorder, const char *format, ...)
{
	char line[4096];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	recorder->after_free += recorder->stream == NULL;
	if (envoi_buffer_append_text(&recorder->lines, line) < 0 ||
		envoi_buffer_append_text(&recorder->lines, "\n") < 0) {
		recorder->lost_lines++;
	}
	if (recorder->act != NULL) {
		recorder->act(recorder, line);
	}
}

static struct recorder *from_sink(struct envoi_stream_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct recorder, sink);
}

static void on_opened(struct envoi_stream_sink *sink)
{
	add_line(from_sink(sink), "opened");
}

static const char *bit_name(unsigned int bit)
{
	switch (bit) {
	case ENVOI_STREAM_SECURE:
		return "secure";
	case ENVOI_STREAM_AUTHENTICATED:
		return "authenticated";
	case ENVOI_STREAM_BOUND:
		return "bound";
	case ENVOI_STREAM_SESSION:
		return "session";
	default:
		return "unknown";
	}
}

static void on_gained(struct envoi_stream_sink *sink, unsigned int bit, const char *text)
{
	add_line(from_sink(sink), "gained %s%s%s", bit_name(bit), text != NULL ? " " : "",
		text != NULL ? text : "");
}

static void on_ready(struct envoi_stream_sink *sink)
{
	add_line(from_sink(sink), "ready");
}

static void on_stanza(struct envoi_stream_sink *sink, struct envoi_element *element)
{
	struct recorder *recorder = from_sink(sink);
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, recorder->context, 0);
	recorder->stanza_count++;
	if (envoi_xml_write(&xml, element, "") == ENVOI_OK) {
		add_line(recorder, "stanza %.*s", (int)envoi_buffer_len(&xml),
			envoi_buffer_data(&xml));
	}
	envoi_buffer_finish(&xml);
}

static void on_written(struct envoi_stream_sink *sink, size_t count)
{
	from_sink(sink)->written_count += (unsigned int)count;
	add_line(from_sink(sink), "written %zu", count);
}

static void on_drained(struct envoi_stream_sink *sink)
{
	struct recorder *recorder = from_sink(sink);
	recorder->drained_count++;
	recorder->after_free += recorder->stream == NULL;
	if (recorder->act != NULL) {
		recorder->act(recorder, "drained");
	}
}

static void on_activity(struct envoi_stream_sink *sink)
{
	struct recorder *recorder = from_sink(sink);
	recorder->activity_count++;
	recorder->after_free += recorder->stream == NULL;
	if (recorder->act != NULL) {
		recorder->act(recorder, "activity");
	}
}

static void on_closed(struct envoi_stream_sink *sink, const struct envoi_failure *why)
{
	struct recorder *recorder = from_sink(sink);
	if (recorder->closed_count++ == 0) {
		envoi_failure_copy(&recorder->failure, why);
	}
	add_line(recorder, "closed %s %s", envoi_phase_name(why->phase),
		envoi_error_name(why->code));
}

static const struct envoi_stream_sink_impl sink_impl = {
	.opened = on_opened,
	.gained = on_gained,
	.ready = on_ready,
	.stanza = on_stanza,
	.written = on_written,
	.drained = on_drained,
	.activity = on_activity,
	.closed = on_closed,
};

void recorder_init(struct recorder *recorder, struct envoi_context *context)
{
	*recorder = (struct recorder){.sink = {&sink_impl}, .context = context};
	envoi_buffer_init(&recorder->lines, context, 0);
}

void recorder_free_stream(struct recorder *recorder)
{
	struct envoi_stream *stream = recorder->stream;
	recorder->stream = NULL;
	envoi_stream_free(stream);
}

void recorder_finish(struct recorder *recorder)
{
	recorder->act = NULL;
	recorder_free_stream(recorder);
	envoi_buffer_finish(&recorder->lines);
	envoi_failure_finish(&recorder->failure);
}

const char *recorder_lines(struct recorder *recorder)
{
	char *end;
	assert_int_equal(envoi_buffer_reserve(&recorder->lines, 1, &end), ENVOI_OK);
	*end = '\0';
	return envoi_buffer_data(&recorder->lines);
}

bool recorder_has(struct recorder *recorder, const char *beginning)
{
	size_t len = strlen(beginning);
	for (const char *line = recorder_lines(recorder); *line != '\0';
		line = strchr(line, '\n') + 1) {
		if (strncmp(line, beginning, len) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_milestone(const char *line)
{
	return strncmp(line, "stanza ", 7) != 0 && strncmp(line, "written ", 8) != 0;
}

void recorder_assert_milestones(struct recorder *recorder, const char *const *lines)
{
	char expected[4096] = "", got[4096] = "";
	for (; *lines != NULL; lines++) {
		strncat(expected, *lines, sizeof(expected) - strlen(expected) - 2);
		strncat(expected, "\n", 2);
	}
	for (const char *line = recorder_lines(recorder); *line != '\0';) {
		const char *next = strchr(line, '\n') + 1;
		if (is_milestone(line) && strlen(got) + (size_t)(next - line) < sizeof(got)) {
			strncat(got, line, (size_t)(next - line));
		}
		line = next;
	}
	assert_string_equal(got, expected);
	assert_int_equal(recorder->after_free, 0);
}

void recorder_assert_closed(struct recorder *recorder, enum envoi_phase phase, int code)
{
	if (recorder->closed_count == 1 && recorder->failure.phase == phase &&
		recorder->failure.code == code) {
		return;
	}
	char line[512];
	envoi_failure_describe(&recorder->failure, line, sizeof(line));
	print_error("expected closed %s %s once, got %u times; %s\nevents:\n%s",
		envoi_phase_name(phase), envoi_error_name(code), recorder->closed_count, line,
		recorder_lines(recorder));
	fail();
}
