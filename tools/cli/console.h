/*
 * envoi - the command-line program: parts of the XML console
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_CONSOLE_H
#define ENVOI_TOOLS_CONSOLE_H

#include "console_input.h"
#include "console_xml.h"
#include "editor.h"
#include "lines.h"
#include "task.h"

enum {
	MOST_REQUESTS = 1000, /**< without an answer */
};

/** An iq of type get or set that was sent. */
struct console_request {
	char *id;
	struct envoi_jid *to; /**< NULL: none was given */
};

struct console {
	struct task task;
	struct envoi_handler handler;
	struct lines lines;
	struct editor editor;
	struct element_input input;
	struct xml_style style;
	struct envoi_timer wait; /* for the answers, after the input */
	struct envoi_timer retry;
	struct envoi_deferred answered;
	uint64_t wait_ms;
	struct console_request requests[MOST_REQUESTS];
	size_t request_count;
	struct envoi_element *held; /**< it is sent as soon as there is room; or NULL */
	int status; /**< of what has been sent */
	bool is_person; /**< standard input is a terminal: a mistake ends nothing */
	bool is_editing; /**< lines come from the editor */
	bool has_begun; /**< to read */
	bool is_fed; /**< the line was, and is wanted again */
	bool has_refused; /**< something */
	bool is_read; /**< the input, to its end */
};

/** Complain that something is not sent. */
void console_refuse(struct console *console, const char *reason);

/**
 * Send an element: a stanza, or an element of the stream.
 *
 * @param element  taken, unless it is to be sent later
 * @return ENVOI_OK; ENVOI_ERR_FULL or ENVOI_ERR_STATE: it can be sent later; another error after
 *         complaining
 */
int console_send(struct console *console, struct envoi_element *element);

/** Send an element, now or when there is room; or complain. @param element  taken */
void console_hand_over(struct console *console, struct envoi_element *element);

/** @return whether the stanza is an answer to a request, which is removed */
bool console_take_answer(struct console *console, const struct envoi_stanza *stanza);
/** Forget all requests. */
void console_forget_requests(struct console *console);

/** Begin to read lines. @return STATUS_DONE, or another after complaining */
int console_begin_to_read(struct console *console);
/** Send what waits, and end the console if its input has ended and nothing is missing. */
void console_go_on(struct console *console);
/** Read no more. */
void console_stop_input(struct console *console);
/** SIGINT has come. @return whether there was something to be dropped */
bool console_interrupt(struct signals *signals);

/** Run a line that begins with '/'. */
void console_shortcut(struct console *console, const char *line);
/** @return the name of a shortcut, or NULL. @param index from 0 */
const char *console_shortcut_name(size_t index);

#endif
