/*
 * envoi - the command-line program: lines of the XML console
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "console.h"

#define PROMPT "envoi> "
#define PROMPT_MORE "  ...> "

enum {
	RETRY_MS = 100, /* until what had no room is sent again */
};

/* --- the end of the input --- */

static void on_wait(struct envoi_timer *timer)
{
	struct console *console = ENVOI_CONTAINER_OF(timer, struct console, wait);
	complain(console->request_count > 0 ? "a request was not answered in time"
					    : "not everything was sent in time");
	task_end(&console->task, STATUS_TIMEOUT);
}

static void end_if_done(struct console *console)
{
	if (!console->is_read || console->task.has_ended) {
		return;
	}
	bool is_online = envoi_client_state(console->task.client) == ENVOI_CLIENT_ONLINE;
	if (console->is_person || (is_online && console->request_count == 0 && !console->held)) {
		task_end(&console->task, console->is_person ? STATUS_DONE : console->status);
	} else if (!envoi_timer_is_started(&console->wait)) {
		envoi_timer_start(&console->wait,
			envoi_context_loop(console->task.invocation->context), console->wait_ms,
			on_wait);
	}
}

static void end_input(struct console *console, int status)
{
	if (element_input_has_begun(&console->input)) {
		console_refuse(console, "the input ends within an element");
		element_input_drop(&console->input);
	}
	console->is_read = true;
	console->status = status != STATUS_DONE ? status : console->status;
	end_if_done(console);
}

/* --- sending --- */

static void on_retry(struct envoi_timer *timer);

static void retry_later(struct console *console)
{
	envoi_timer_start(&console->retry, envoi_context_loop(console->task.invocation->context),
		RETRY_MS, on_retry);
}

void console_hand_over(struct console *console, struct envoi_element *element)
{
	int r = console_send(console, element);
	if (r != ENVOI_ERR_FULL && r != ENVOI_ERR_STATE) {
		return;
	}
	if (console->is_person) {
		envoi_element_unref(element);
		console_refuse(console,
			r == ENVOI_ERR_STATE ? "there is no connection"
					     : "too much waits to be sent");
		return;
	}
	console->held = element;
	retry_later(console);
}

void console_go_on(struct console *console)
{
	struct envoi_element *held = console->held;
	console->held = NULL;
	if (held != NULL) {
		console_hand_over(console, held);
	}
	if (console->held == NULL && !console->is_editing) {
		lines_resume(&console->lines);
	}
	end_if_done(console);
}

static void on_retry(struct envoi_timer *timer)
{
	console_go_on(ENVOI_CONTAINER_OF(timer, struct console, retry));
}

/* --- lines --- */

/* Send the elements that are complete. @return false: the rest is sent later */
static bool send_elements(struct console *console)
{
	struct envoi_element *element;
	char problem[512];
	int r;
	while (console->held == NULL &&
		(r = element_input_next(&console->input, &element, problem, sizeof(problem))) ==
			ENVOI_OK) {
		console_hand_over(console, element);
	}
	if (console->held != NULL) {
		return false;
	}
	if (r < 0) {
		console_refuse(console, problem);
	}
	return true;
}

static bool begins_with(const char *line, char first)
{
	return line[strspn(line, " \t")] == first;
}

static void feed(struct console *console, const char *line)
{
	int r = element_input_feed(&console->input, line);
	if (r < 0) {
		console_refuse(console,
			r == ENVOI_ERR_FULL ? "the element is too long" : envoi_error_text(r));
	}
}

/* @return false: it is wanted again */
static bool take_line(struct console *console, const char *line)
{
	bool has_begun = element_input_has_begun(&console->input);
	if (console->held != NULL) {
		return false;
	}
	if (console->is_fed) {
		console->is_fed = !send_elements(console);
		return !console->is_fed;
	}
	if (!has_begun && line[strspn(line, " \t\r")] == '\0') {
		return true;
	}
	if (!has_begun && begins_with(line, '/')) {
		console_shortcut(console, line);
		return true;
	}
	if (!has_begun && !begins_with(line, '<')) {
		console_refuse(console, "an element begins with <, a shortcut with / (see /help)");
		return true;
	}
	feed(console, line);
	console->is_fed = !send_elements(console);
	return !console->is_fed;
}

/* What follows a mistake may be a part of it: it is not sent. */
static bool on_line(struct lines *lines, const char *line)
{
	struct console *console = ENVOI_CONTAINER_OF(lines, struct console, lines);
	bool is_taken = take_line(console, line);
	if (!console->is_person && console->has_refused && !console->is_read) {
		lines_stop(lines);
		element_input_drop(&console->input);
		end_input(console, STATUS_DONE);
	}
	return is_taken;
}

static void on_lines_end(struct lines *lines, int status)
{
	end_input(ENVOI_CONTAINER_OF(lines, struct console, lines), status);
}

static void on_edited(struct editor *editor, const char *line)
{
	struct console *console = ENVOI_CONTAINER_OF(editor, struct console, editor);
	take_line(console, line);
	editor_set_prompt(editor, element_input_has_begun(&console->input) ? PROMPT_MORE : PROMPT);
}

static void on_edited_end(struct editor *editor)
{
	end_input(ENVOI_CONTAINER_OF(editor, struct console, editor), STATUS_DONE);
}

static void on_too_long(struct editor *editor)
{
	char reason[100];
	snprintf(reason, sizeof(reason),
		"the line is longer than %d characters; a longer one can come from a pipe",
		MOST_EDITED);
	console_refuse(ENVOI_CONTAINER_OF(editor, struct console, editor), reason);
}

/* SIGINT drops what has been typed, as in a shell. */
bool console_interrupt(struct signals *signals)
{
	struct task *task = ENVOI_CONTAINER_OF(signals, struct task, signals);
	struct console *console = ENVOI_CONTAINER_OF(task, struct console, task);
	bool has_begun = console->is_person && element_input_has_begun(&console->input);
	if (has_begun) {
		element_input_drop(&console->input);
		editor_hide();
		editor_set_prompt(&console->editor, PROMPT);
		editor_show();
	}
	bool has_typed = console->is_editing && editor_drop(&console->editor);
	if (has_begun) {
		complain("dropped: the element that was not complete");
	}
	return has_begun || has_typed;
}

/* --- beginning and ending --- */

int console_begin_to_read(struct console *console)
{
	console->lines = (struct lines){.line = on_line, .end = on_lines_end};
	console->editor = (struct editor){.line = on_edited,
		.end = on_edited_end,
		.too_long = on_too_long,
		.word = console_shortcut_name,
		.history_file = own_value(console->task.invocation, "history-file")};
	struct envoi_context *context = console->task.invocation->context;
	int r = console->is_person ? editor_start(&console->editor, context, PROMPT)
				   : ENVOI_ERR_UNSUPPORTED;
	console->is_editing = r == ENVOI_OK;
	return r == ENVOI_OK ? STATUS_DONE : lines_start(&console->lines, context);
}

void console_stop_input(struct console *console)
{
	editor_stop(&console->editor);
	lines_stop(&console->lines);
	envoi_timer_stop(&console->wait);
	envoi_timer_stop(&console->retry);
	envoi_deferred_cancel(&console->answered);
}
