/*
 * envoi - XEP-0050: Ad-Hoc Commands
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_COMMANDS_H
#define ENVOI_EXT_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/ext/forms.h>
#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Also the node of the list of commands: envoi_disco_items_get() (section 2.2). */
#define ENVOI_NS_COMMANDS "http://jabber.org/protocol/commands"

enum {
	ENVOI_COMMANDS_MOST_NOTES = 100, /**< of an answer; one with more is malformed */
	ENVOI_COMMANDS_MOST_COMMANDS = 100, /**< of a session */
	ENVOI_COMMANDS_MOST_EXECUTIONS = 100, /**< pending, of all requesters of a session */
	ENVOI_COMMANDS_EXECUTION_MS = 600000, /**< idle for more milliseconds it may be ended */
};

/** The action of a request (section 3.4). */
enum envoi_commands_action {
	ENVOI_COMMANDS_EXECUTE = 1, /**< the first request; later the default action */
	ENVOI_COMMANDS_CANCEL,
	ENVOI_COMMANDS_PREV,
	ENVOI_COMMANDS_NEXT,
	ENVOI_COMMANDS_COMPLETE,
};
/** The status of an execution (section 3.5). */
enum envoi_commands_status {
	ENVOI_COMMANDS_EXECUTING = 1,
	ENVOI_COMMANDS_COMPLETED,
	ENVOI_COMMANDS_CANCELED,
};
/** The actions that a stage allows. ENVOI_COMMANDS_CANCEL is always allowed. */
struct envoi_commands_actions {
	/** the default action; 0: ENVOI_COMMANDS_NEXT, or the peer states an unknown action */
	enum envoi_commands_action execute;
	bool prev, next, complete;
};
/** The kind of a note. */
enum envoi_commands_note_kind {
	ENVOI_COMMANDS_INFO = 0,
	ENVOI_COMMANDS_WARN,
	ENVOI_COMMANDS_ERROR, /**< the command has failed */
};
/** A text for a person. */
struct envoi_commands_note {
	enum envoi_commands_note_kind kind;
	char *text;
};
/** A command in a request or an answer. */
struct envoi_command {
	char *node;
	char *session_id; /**< NULL: none */
	enum envoi_commands_action action; /**< of a request; EXECUTE by default */
	enum envoi_commands_status status; /**< of an answer; 0: none */
	/** of an answer; NULL: the stage is the only one, EXECUTE completes it */
	struct envoi_commands_actions *actions;
	struct envoi_form *form; /**< NULL: none, or malformed */
	struct envoi_commands_note *notes;
	size_t note_count;
};
/** Describes struct envoi_command. */
ENVOI_API extern const struct envoi_payload_type envoi_commands_type;

/* --- requester --- */

/**
 * Begin to execute a command (section 2.4).
 *
 * @param to    full address, domain or bare address that has the command; NULL: the account's
 *              server
 * @param done  called exactly once, as for envoi_request(); envoi_answer_payload() is a struct
 *              envoi_command, borrowed. If its `status` is EXECUTING, fill in `form` and call
 *              envoi_commands_continue(). The program ignores an answer without a node or with
 *              another one
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_commands_execute(struct envoi_session *session, const char *to,
	const char *node, envoi_answer_fn *done, void *user);

/**
 * Continue an execution.
 *
 * @param last    the last answer; borrowed for the call. Its node is sent, and its session id if it
 *                has one
 * @param action  EXECUTE: the default action of the stage. It is left out of the request if the
 *                stage does not name its actions
 * @param form    a submission, of envoi_forms_fill() for example; NULL: none. Borrowed for the call
 * @retval ENVOI_ERR_INVALID  the stage does not allow the action, or the execution is not pending
 * Other parameters and errors as envoi_commands_execute().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_commands_continue(struct envoi_session *session,
	const char *to, const struct envoi_command *last, enum envoi_commands_action action,
	const struct envoi_form *form, envoi_answer_fn *done, void *user);

/** @return whether a stage allows an action (section 3.4); false for a command that is not
 * executing */
ENVOI_API bool envoi_commands_allows(
	const struct envoi_command *stage, enum envoi_commands_action action);

/* --- responder --- */

/** A call of a command. Borrowed for the call. */
struct envoi_commands_call {
	struct envoi_session *session;
	const struct envoi_jid *from; /**< the requester */
	const char *lang; /**< of the request (section 3.8); NULL: not stated */
	/** EXECUTE in the first call; later one of the actions that the last answer has allowed,
	 * never EXECUTE: the default action is resolved */
	enum envoi_commands_action action;
	const struct envoi_form *form; /**< what the requester has submitted; NULL: none */
	/** for the command, kept for the next call of the execution; NULL in the first call */
	void *state;
};

/** The answer to a call. Its pointers have to be valid until the next turn of the loop. */
struct envoi_commands_reply {
	enum envoi_commands_status status; /**< EXECUTING or COMPLETED; COMPLETED by default */
	struct envoi_commands_actions actions; /**< of EXECUTING; COMPLETE only by default */
	const struct envoi_form *form; /**< NULL: none */
	const char *note; /**< NULL: none */
	enum envoi_commands_note_kind note_kind;
};

/** The functions of a command. */
struct envoi_commands_impl {
	/**
	 * OPTIONAL: return whether a requester may see and execute the command. Without this
	 * function only the session's own account may. It must not free the session.
	 * @param from  full or bare address
	 */
	bool (*may)(void *user, struct envoi_session *session, const struct envoi_jid *from);
	/**
	 * Execute a stage. The session may be freed inside.
	 * @return 0; else the condition of the error in the answer, which ends the execution
	 */
	enum envoi_stanza_condition (*run)(
		void *user, struct envoi_commands_call *call, struct envoi_commands_reply *reply);
	/** OPTIONAL: free the state of an execution, which has ended in any way. Also called inside
	 * envoi_session_free() and envoi_session_unuse(). It must not call the library. */
	void (*ended)(void *user, void *state);
};

/**
 * Offers commands. Use it with envoi_session_use(session, &envoi_commands_extension, NULL). It
 * answers requests for the list of commands, for information about each, and for their execution.
 *
 * An execution belongs to the full address of its first request. At most
 * ENVOI_COMMANDS_MOST_EXECUTIONS are pending. A new execution beyond that number ends one that is
 * idle for longer than ENVOI_COMMANDS_EXECUTION_MS; if there is none, the request is answered with
 * resource-constraint. All executions end with the session of the server.
 */
ENVOI_API extern const struct envoi_extension envoi_commands_extension;

/**
 * Offer a command.
 *
 * @param node  identifies the command; copied, as @p name
 * @param name  for a person
 * @param impl  as long-lived as the session
 * @param user  passed to its functions
 * @retval ENVOI_ERR_STATE    the extension is not used
 * @retval ENVOI_ERR_INVALID  a text is NULL, empty or not allowed in XML, or there is no `run`
 * @retval ENVOI_ERR_EXISTS   the node is taken
 * @retval ENVOI_ERR_FULL     ENVOI_COMMANDS_MOST_COMMANDS are offered
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_commands_add(struct envoi_session *session, const char *node,
	const char *name, const struct envoi_commands_impl *impl, void *user);

/** Remove a command and end its executions. No effect if the session does not offer it. */
ENVOI_API void envoi_commands_remove(struct envoi_session *session, const char *node);

#ifdef __cplusplus
}
#endif
#endif
