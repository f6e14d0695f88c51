/*
 * envoi - the command-line program: lines of standard input, beside the main loop
 * SPDX-License-Identifier: MIT
 */
#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_BYTES = 16384,
};

static void finish(struct lines *lines, int status)
{
	envoi_watch_stop(&lines->watch);
	if (!lines->has_ended) {
		lines->has_ended = true;
		lines->end(lines, status);
	}
}

/* @return false: no line is complete, or none is wanted now */
static bool take_line(struct lines *lines)
{
	const char *data = envoi_buffer_data(&lines->input);
	size_t len = envoi_buffer_len(&lines->input);
	const char *end = len > 0 ? memchr(data, '\n', len) : NULL;
	if (end == NULL && (!lines->has_read_all || len == 0)) {
		return false;
	}
	size_t used = end != NULL ? (size_t)(end - data) : len;
	char *line = envoi_strndup(lines->context, data, used);
	bool is_taken = line != NULL && lines->line(lines, line);
	envoi_free(lines->context, line);
	if (lines->has_ended) { /* inside the call */
		return false;
	}
	if (is_taken) {
		envoi_buffer_consume(&lines->input, used + (end != NULL));
	}
	lines->is_blocked = !is_taken;
	return is_taken;
}

static int read_some(struct lines *lines)
{
	char bytes[READ_BYTES];
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
	if (got < 0) {
		return errno == EAGAIN || errno == EINTR ? ENVOI_OK : ENVOI_ERR_SYSTEM;
	}
	lines->has_read_all = got == 0;
	if (memchr(bytes, '\0', (size_t)got) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	return envoi_buffer_append(&lines->input, bytes, (size_t)got);
}

static void take_lines(struct lines *lines)
{
	while (!lines->has_ended && take_line(lines)) {
	}
	if (!lines->has_ended && !lines->is_blocked && lines->has_read_all) {
		finish(lines, STATUS_DONE);
	}
}

static void read_and_take(struct lines *lines)
{
	int r = read_some(lines);
	if (r < 0) {
		complain(r == ENVOI_ERR_FULL ? "a line of standard input is too long"
				: r == ENVOI_ERR_INVALID
				? "standard input has a byte that no message may have, 0"
				: "standard input cannot be read");
		finish(lines, STATUS_NO);
		return;
	}
	take_lines(lines);
}

static void on_input(struct envoi_watch *watch, unsigned int ready)
{
	struct lines *lines = ENVOI_CONTAINER_OF(watch, struct lines, watch);
	(void)ready;
	read_and_take(lines);
	if (lines->is_blocked || lines->has_read_all) {
		envoi_watch_stop(watch);
	}
}

/* A file and /dev/null are always ready, and cannot be watched. */
static bool can_be_watched(void)
{
	struct stat status;
	return isatty(STDIN_FILENO) ||
		(fstat(STDIN_FILENO, &status) == 0 &&
			(S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)));
}

/* Of what cannot be watched: a piece in each turn. */
static void on_next(struct envoi_deferred *deferred)
{
	struct lines *lines = ENVOI_CONTAINER_OF(deferred, struct lines, next);
	read_and_take(lines);
	if (!lines->is_blocked && !lines->has_ended) {
		envoi_deferred_post(deferred, envoi_context_loop(lines->context), on_next);
	}
}

static int go_on(struct lines *lines)
{
	struct envoi_loop *loop = envoi_context_loop(lines->context);
	if (!can_be_watched()) {
		envoi_deferred_post(&lines->next, loop, on_next);
		return ENVOI_OK;
	}
	return envoi_watch_start(&lines->watch, loop, STDIN_FILENO, ENVOI_IO_READ, on_input);
}

int lines_start(struct lines *lines, struct envoi_context *context)
{
	lines->context = context;
	lines->is_started = true;
	envoi_buffer_init(&lines->input, context, MOST_INPUT_BYTES + READ_BYTES);
	if (go_on(lines) < 0) {
		complain("standard input cannot be read");
		return STATUS_NO;
	}
	return STATUS_DONE;
}

void lines_resume(struct lines *lines)
{
	if (!lines->is_blocked) {
		return;
	}
	lines->is_blocked = false;
	take_lines(lines);
	if (!lines->is_blocked && !lines->has_ended && go_on(lines) < 0) {
		complain("standard input cannot be read");
		finish(lines, STATUS_NO);
	}
}

void lines_stop(struct lines *lines)
{
	if (lines->is_started) {
		lines->is_started = false;
		lines->has_ended = true;
		envoi_watch_stop(&lines->watch);
		envoi_deferred_cancel(&lines->next);
		envoi_buffer_finish(&lines->input);
	}
}

int read_input(char **ret_text)
{
	char *text = malloc(MOST_INPUT_BYTES + 2);
	if (text == NULL) {
		complain("%s", envoi_error_text(ENVOI_ERR_NOMEM));
		return STATUS_NO;
	}
	size_t len = fread(text, 1, MOST_INPUT_BYTES + 1, stdin);
	if (ferror(stdin) || len > MOST_INPUT_BYTES || memchr(text, '\0', len) != NULL) {
		complain(ferror(stdin) ? "standard input cannot be read"
				: len > MOST_INPUT_BYTES
				? "standard input has more than a message may have, 1 MiB"
				: "standard input has a byte that no message may have, 0");
		free(text);
		return STATUS_NO;
	}
	len -= len > 0 && text[len - 1] == '\n';
	text[len] = '\0';
	*ret_text = text;
	return STATUS_DONE;
}
