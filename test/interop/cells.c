/*
 * envoi - many logins, a line each
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_cells HOST CA_FILE <CELLS
 *
 * A cell is one login, on a line of its own, its fields separated by tabs:
 *	NAME WANTED JID PASSWORD [SETTING=VALUE...]
 * WANTED is a pattern, as a shell has it, for how the login ends: "TLS1.3 SCRAM-SHA-256", or, when
 * it fails, "PHASE CODE CONDITION", behind "TLS1.3 " if it had come that far; a certificate that is
 * refused: "tls ENVOI_ERR_CERTIFICATE REASONS", in words.
 * A PASSWORD of "-" is none; "key:TEXT" is that of the client certificate's key.
 *
 * Prints a line for each cell, in their order: "ok", "FAILED" or "skipped", a tab, its name; what
 * failed is explained on standard error. Each is a client of its own; a few run at a time, on one
 * loop. One that has not ended by itself DEADLINE_MS after its start has failed.
 * Ends with 0 when none failed.
 */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/interfaces/mainloop.h>

#include "common.h"

enum {
	MOST_CELLS = 1000,
	MOST_SETTINGS = 16,
	AT_A_TIME = 4,
	DEADLINE_MS = 30000,
};

struct cell {
	struct envoi_handler handler;
	struct envoi_timer deadline;
	struct matrix *matrix;
	struct envoi_client *client;
	char *name, *wanted, *jid, *password, *settings[MOST_SETTINGS];
	int setting_count;
	char said[256], why[512];
	bool has_ended;
};

struct matrix {
	struct envoi_context *context;
	struct envoi_loop *loop;
	const char *host, *ca_file;
	struct cell *cells;
	size_t count, next, running;
};

static struct cell *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct cell, handler);
}

static void start_more(struct matrix *matrix);

static void say(struct cell *cell, const char *word)
{
	size_t len = strlen(cell->said);
	snprintf(cell->said + len, sizeof(cell->said) - len, "%s%s", len > 0 ? " " : "", word);
}

static void end(struct cell *cell)
{
	envoi_timer_stop(&cell->deadline);
	cell->has_ended = true;
	cell->matrix->running--;
}

static void on_word(struct envoi_handler *self, const struct envoi_event *event)
{
	say(from_handler(self), event->text);
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	envoi_client_disconnect(from_handler(self)->client);
}

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	struct cell *cell = from_handler(self);
	const struct envoi_failure *failure = event->failure;
	if (cell->has_ended) {
		return;
	}
	if (failure->code < 0) {
		say(cell, envoi_phase_name(failure->phase));
		say(cell, envoi_error_name(failure->code));
		say(cell,
			failure->code == ENVOI_ERR_CERTIFICATE ? failure->text
							       : failure->condition);
		snprintf(cell->why, sizeof(cell->why), "%s",
			envoi_client_failure_text(cell->client));
	}
	end(cell);
	start_more(cell->matrix);
}

static void on_deadline(struct envoi_timer *timer)
{
	struct cell *cell = ENVOI_CONTAINER_OF(timer, struct cell, deadline);
	say(cell, "no end");
	end(cell);
	start_more(cell->matrix);
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_SECURED, on_word},
	{ENVOI_EVENT_AUTHENTICATED, on_word},
	{ENVOI_EVENT_STARTED, on_started},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_handler_impl cell_impl = {.name = "cell", .events = events};

static int prepare(struct cell *cell)
{
	struct matrix *matrix = cell->matrix;
	int r = envoi_client_new(&cell->client, matrix->context, cell->jid);
	if (r < 0) {
		return r;
	}
	envoi_client_set(cell->client, "server", matrix->host);
	envoi_client_set(cell->client, "tls.ca-file", matrix->ca_file);
	envoi_client_set(cell->client, "roster.fetch", "false");
	envoi_client_set(cell->client, "presence.initial", "false");
	envoi_client_set(cell->client, "tls.resumption", "false"); /* each for itself */
	if (strncmp(cell->password, "key:", 4) == 0) {
		envoi_client_set_key_password(cell->client, cell->password + 4);
	} else if (strcmp(cell->password, "-") != 0) {
		envoi_client_set_password(cell->client, cell->password);
	}
	for (int i = 0; i < cell->setting_count; i++) {
		r = envoi_client_set_assignment(cell->client, cell->settings[i]);
		if (r < 0) {
			return r;
		}
	}
	envoi_client_add(cell->client, &cell->handler);
	return envoi_client_connect(cell->client);
}

static void start_more(struct matrix *matrix)
{
	while (matrix->running < AT_A_TIME && matrix->next < matrix->count) {
		struct cell *cell = &matrix->cells[matrix->next++];
		cell->handler = (struct envoi_handler){&cell_impl};
		cell->matrix = matrix;
		int r = prepare(cell);
		if (r < 0) {
			say(cell, envoi_error_name(r));
			cell->has_ended = true;
			continue;
		}
		matrix->running++;
		envoi_timer_start(&cell->deadline, matrix->loop, DEADLINE_MS, on_deadline);
	}
	if (matrix->running == 0) {
		envoi_loop_quit(matrix->loop);
	}
}

/* --- in and out --- */

/* Takes @p line apart, which stays as long as the cell. */
static bool cell_from_line(struct cell *cell, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	cell->name = strsep(&line, "\t");
	cell->wanted = strsep(&line, "\t");
	cell->jid = strsep(&line, "\t");
	cell->password = strsep(&line, "\t");
	while (line != NULL && cell->setting_count < MOST_SETTINGS) {
		cell->settings[cell->setting_count++] = strsep(&line, "\t");
	}
	return cell->password != NULL && line == NULL;
}

static bool read_cells(struct matrix *matrix)
{
	char *line = NULL;
	size_t size = 0;
	bool well = true;
	while (well && getline(&line, &size, stdin) > 0) {
		well = matrix->count < MOST_CELLS &&
			cell_from_line(&matrix->cells[matrix->count], line);
		if (!well) {
			fprintf(stderr, "no cell: %s\n", line);
			break;
		}
		matrix->count++;
		line = NULL; /* the cell's now */
	}
	free(line);
	return well;
}

static bool report(const struct cell *cell)
{
	bool well = fnmatch(cell->wanted, cell->said, 0) == 0;
	printf("%s\t%s\n", well ? "ok" : "FAILED", cell->name);
	if (!well) {
		fprintf(stderr, "%s: \"%s\", \"%s\" wanted; %s\n", cell->name, cell->said,
			cell->wanted, cell->why);
	}
	return well;
}

static bool finish(struct matrix *matrix)
{
	bool well = matrix->count > 0;
	for (size_t i = 0; i < matrix->count; i++) {
		envoi_client_free(matrix->cells[i].client);
		well = report(&matrix->cells[i]) && well;
		free(matrix->cells[i].name); /* where its line begins */
	}
	return well;
}

int main(int argument_count, char **arguments)
{
	struct matrix matrix = {.cells = calloc(MOST_CELLS, sizeof(*matrix.cells))};
	if (argument_count != 3 || matrix.cells == NULL || !read_cells(&matrix) ||
		envoi_context_new(&matrix.context, NULL) < 0) {
		return 2;
	}
	matrix.host = arguments[1];
	matrix.ca_file = arguments[2];
	matrix.loop = envoi_context_loop(matrix.context);
	start_more(&matrix);
	int r = matrix.running > 0 ? envoi_loop_run(matrix.loop) : ENVOI_OK;
	bool well = finish(&matrix) && r == ENVOI_OK;
	envoi_context_unref(matrix.context);
	free(matrix.cells);
	return well ? 0 : 1;
}
