/*
 * envoi - the command-line program: what a command does while it is logged in
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_TASK_H
#define ENVOI_TOOLS_TASK_H

#include "signals.h"

struct task;

/** The kind of a task; constant. */
struct task_kind {
	/** The login is complete: begin. */
	void (*begin)(struct task *task, struct envoi_session *session);
	/** OPTIONAL. Before the client connects: use extensions, add handlers.
	 * @return STATUS_DONE, or another after complaining: the task ends with it */
	int (*prepare)(struct task *task);
	bool needs_roster; /**< it is fetched before @p begin */
	bool needs_presence; /**< initial presence is sent before @p begin, with priority -1 */
	bool receives_messages; /**< with @p needs_presence: with the priority that the user sets */
	/** it lasts until a signal, over lost connections: @p begin is called in each session */
	bool stays;
	bool prints_traffic; /**< from the beginning: no progress is shown */
};

/** Embedded in the command's own struct; zeroed before task_run(), but for signals.interrupt. */
struct task {
	struct envoi_handler handler;
	const struct task_kind *kind;
	struct invocation *invocation;
	struct envoi_client *client;
	struct signals signals;
	bool has_ended;
	bool is_lost; /**< the connection; it was reported */
	int status;
};

/** Log in, run the task until task_end(), log out. One connection alone is made, unless it stays.
 * @return the exit status, after complaining */
int task_run(struct task *task, const struct task_kind *kind, struct invocation *invocation);

/** End the task: log out. The first status stands. */
void task_end(struct task *task, int status);

/** End the task if @p r is an error of sending a request, and complain. @param to NULL: the own
 * server */
void task_check_sent(struct task *task, const char *to, int r);

/** @return whether the answer is as wanted; else complain, and end the task with the status that
 * fits. @param to  the entity that was asked; NULL: the own server */
bool task_check_answer(struct task *task, const char *to, const struct envoi_answer *answer);

/** Complain about an answer that is not as wanted; not about a lost connection, which ends the run
 * with a failure. @return the exit status */
int complain_about_answer(const char *to, const struct envoi_answer *answer);

/** @return @p line: the condition, and the text of the error, else what the condition means */
const char *describe_error(char *line, size_t size, const struct envoi_stanza_error *error);

/** @return the operand at @p index, or NULL */
const char *operand(const struct invocation *invocation, int index);

/** Check that an operand that is present is an address. @return STATUS_DONE, or another after
 * complaining. @param name "JID" */
int check_address_operand(const struct invocation *invocation, int index, const char *name);

#endif
