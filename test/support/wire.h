/*
 * envoi - tests: a session over a memory pair, and what its peer says and hears
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_WIRE_H
#define TEST_WIRE_H

#include <envoi/envoi.h>
#include <envoi/interfaces/session.h>
#include <envoi/memory.h>

#define WIRE_OWN "me@example.org/here"

/**
 * Everything in virtual time. Zeroed before wire_init(); members may be read, and settings changed
 * between wire_init() and wire_new_session().
 */
struct wire {
	struct envoi_session_owner owner; /* of the session */
	struct envoi_handler watcher; /* attached: logs the name and content of each event */
	struct envoi_context *context;
	struct envoi_context *notes; /* for log and heard: its memory never fails */
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_handler *feature; /* of the next stream; borrowed; NULL: none */
	struct envoi_handler *binding; /* likewise */
	bool is_secure; /* the next stream's transport says so */
	bool has_session_handlers; /* the next stream gets those of envoi_session_handlers() */
	struct envoi_handler *added; /* by wire_add(); NULL: none */
	struct envoi_session *session; /* NULL once freed */
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end; /* of the peer */
	struct envoi_jid *own;
	struct envoi_buffer
		log; /* events, tickets, answers: a line each, or what the test writes */
	struct envoi_buffer heard; /* by the peer since wire_heard() was called last */
	struct envoi_failure closed; /* as reported to the owner */
	unsigned int opened_count, ready_count, closed_count, activity_count;
	void (*on_closed)(struct wire *wire); /* inside the owner's callback */
	void (*on_opened)(struct wire *wire);
	void (*on_gained)(struct wire *wire);
	void (*on_ready)(struct wire *wire);
	void (*on_activity)(struct wire *wire);
};

/** @param options  of the context; NULL: defaults */
void wire_init(struct wire *wire, const struct envoi_context_options *options);
void wire_finish(struct wire *wire);

/** Fixtures of tests whose state is a wire with default options; online: with an initiating stream.
 */
int wire_setup(void **state);
int wire_setup_online(void **state);
int wire_teardown(void **state);

/** Attach a handler, one at a time; wire_remove() and wire_finish() remove and destroy it. */
void wire_add(struct wire *wire, struct envoi_handler *handler);
void wire_remove(struct wire *wire);

/** Make the session. @return its error code */
int wire_new_session(struct wire *wire);
/** Bring a stream below it. @param required  bits. @return an error code */
int wire_attach(struct wire *wire, enum envoi_role role, unsigned int required);
/** Make the session, attach an initiating stream, and let the peer greet it; asserts that it is
 * online. Forgets what was logged and heard. */
void wire_go_online(struct wire *wire);
/** The session of the server ends, and the next one begins. */
void wire_next_session(struct wire *wire);
void wire_free_session(struct wire *wire);

/** The peer says that. */
void wire_say(struct wire *wire, const char *xml);
/** Its greeting: header and empty features. */
void wire_greet(struct wire *wire);
/** Run the loop for some time. 0: what is due now */
void wire_run(struct wire *wire, uint64_t duration_ms);
/** wire_say(), wire_run() and wire_heard(). */
const char *wire_talk(struct wire *wire, const char *xml);
/** Take the request that the peer heard, which must be a get to @p peer, and answer it with a
 * result.
 * @param content  of the result; @return the request, borrowed as that of wire_heard() */
const char *wire_answer(struct wire *wire, const char *peer, const char *content);
/** Take the request to the account that the peer heard, and answer it.
 * @param type     "result" or "error"
 * @param content  of the answer; @return the request, borrowed as that of wire_heard() */
const char *wire_answer_account(struct wire *wire, const char *type, const char *content);
/** @return what the peer heard since the last call; borrowed until the next */
const char *wire_heard(struct wire *wire);
/** @return what was logged; forgets it; borrowed until something is logged */
const char *wire_log(struct wire *wire);

/** @return the session's counters */
struct envoi_session_stats wire_stats(const struct wire *wire);
/** @return a ping to an address, not sent yet. @param to NULL: the account */
struct envoi_stanza *wire_iq(struct wire *wire, const char *to);
/** @return the first id in a text; borrowed until the next call; asserts */
const char *wire_id_in(const char *xml);

/** Let one allocation fail while a peer says something to a session that uses an extension, another
 * one each time, until none fails. Asserts that nothing is left behind. */
void wire_survive(const struct envoi_extension *extension, const char *xml);

/** A ticket that logs its end behind its name: "first written", and may be freed there. */
struct wire_ticket {
	struct envoi_ticket ticket;
	struct wire *wire;
	const char *name;
	unsigned int told;
	enum envoi_ticket_state state;
	enum envoi_acknowledgement by;
	enum envoi_refusal refusal;
};
struct envoi_ticket *wire_ticket(struct wire_ticket *ticket, struct wire *wire, const char *name);
const char *wire_state_name(enum envoi_ticket_state state);

/** Logs "answer CODE TEXT". @param user the wire */
void wire_on_answer(void *user, const struct envoi_answer *answer);

/** @return a stanza from a text, in the wire's context; owned; asserts */
struct envoi_stanza *wire_stanza(struct wire *wire, const char *xml);
/** @return the stanza as a line, in the log of the wire, whose other lines are forgotten
 * @param stanza  freed */
const char *wire_written(struct wire *wire, struct envoi_stanza *stanza);
/** Call a function that adds something to a message about another one, whose id is "m": for
 * test_allocator_try(). @return its result, or why the two could not be made */
int wire_add_to_message(struct envoi_context *context,
	int (*add)(struct envoi_stanza *message, const struct envoi_stanza *original));

#endif
