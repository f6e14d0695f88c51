/*
 * envoi - test kit: a record of what a session's handlers are told
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/event.h>
#include <envoi/failure.h>
#include <envoi/handler.h>
#include <envoi/jid.h>

#include "inside.h"

enum {
	LONGEST_LINE = 1024,
};

struct envoi_test_recorder {
	struct envoi_test_recorder *next;
	struct envoi_handler handler;
	char *lines; /* each ends with a line feed; NUL-terminated */
	size_t len;
};

static struct envoi_test_recorder *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi_test_recorder, handler);
}

static void add_line(struct envoi_test_recorder *recorder, const char *format, ...)
	ENVOI_PRINTF(2, 3);

/* A line feed in a text would begin a line of its own. */
static void add_line(struct envoi_test_recorder *recorder, const char *format, ...)
{
	char line[LONGEST_LINE];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *c = line; *c != '\0'; c++) {
		*c = *c == '\n' || *c == '\r' ? ' ' : *c;
	}
	size_t len = strlen(line);
	char *lines = realloc(recorder->lines, recorder->len + len + 2);
	testing_check(lines == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK, "memory");
	memcpy(lines + recorder->len, line, len);
	memcpy(lines + recorder->len + len, "\n", 2);
	recorder->lines = lines;
	recorder->len += len + 1;
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	const struct envoi_failure *failure = event->failure;
	bool has_failed = failure != NULL && failure->code != ENVOI_OK;
	add_line(from_handler(self), "%s%s%s%s%s%s%s", envoi_event_name(event->type),
		event->name != NULL ? " " : "", event->name != NULL ? event->name : "",
		event->jid != NULL ? " " : "", event->jid != NULL ? envoi_jid_text(event->jid) : "",
		has_failed ? " " : "", has_failed ? envoi_error_name(failure->code) : "");
}

static int on_stanza(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	const char *body = envoi_message_body(stanza, NULL);
	const char *from = envoi_stanza_from_text(stanza);
	if (envoi_stanza_kind(stanza) == ENVOI_MESSAGE && body != NULL) {
		add_line(from_handler(self), "message %s: %s", from != NULL ? from : "", body);
	}
	return ENVOI_DECLINED;
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVERY_EVENT, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_filters filters = {.stanza_in = on_stanza};
static const struct envoi_handler_impl impl = {
	.name = "recorder",
	.events = events,
	.filters = &filters,
};

struct envoi_test_recorder *envoi_world_recorder(struct envoi_world *world)
{
	struct envoi_test_recorder *recorder = testing_alloc(sizeof(*recorder));
	recorder->handler = (struct envoi_handler)ENVOI_HANDLER(&impl);
	recorder->next = world->recorders;
	world->recorders = recorder;
	return recorder;
}

struct envoi_handler *envoi_test_recorder_handler(struct envoi_test_recorder *recorder)
{
	return &recorder->handler;
}

const char *envoi_test_recorder_lines(const struct envoi_test_recorder *recorder)
{
	return recorder->lines != NULL ? recorder->lines : "";
}

size_t envoi_test_recorder_count(const struct envoi_test_recorder *recorder, const char *beginning)
{
	size_t count = 0, len = strlen(beginning);
	const char *line = envoi_test_recorder_lines(recorder);
	while (*line != '\0') {
		count += strncmp(line, beginning, len) == 0;
		line = strchr(line, '\n') + 1;
	}
	return count;
}

void envoi_test_recorder_clear(struct envoi_test_recorder *recorder)
{
	free(recorder->lines);
	recorder->lines = NULL;
	recorder->len = 0;
}

void testing_recorders_free(struct envoi_world *world)
{
	while (world->recorders != NULL) {
		struct envoi_test_recorder *recorder = world->recorders;
		world->recorders = recorder->next;
		envoi_test_recorder_clear(recorder);
		free(recorder);
	}
}
