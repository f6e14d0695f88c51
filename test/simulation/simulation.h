/*
 * envoi - simulation: random runs of two clients and a server in virtual time
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SIMULATION_H
#define ENVOI_SIMULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/journal.h>
#include <envoi/testing.h>

/*
 * A seed gives a plan: steps at virtual times. A run carries it out, writes down what was sent,
 * what the server got and what arrived, and compares: each rule of invariants.c holds after each
 * step and at the end. The first rule that is broken ends the run.
 */

#define NS_SIMULATION "urn:example:simulation"

enum {
	ACTORS = 2,
	TICKET_STATES = ENVOI_TICKET_REFUSED + 1,
	MOST_STEPS = 96,
	MOST_MESSAGES = 512, /* of one actor */
	MOST_REQUESTS = 128, /* of one actor */
	MOST_BYTES = 8000, /* in a body */
	FAILURE_SIZE = 256,
};

/* --- plans (plan.c) --- */

enum step_kind {
	STEP_SEND, /* `amount` messages to the other actor, longer by `bytes` */
	STEP_ASK, /* an iq get to the other actor, which answers after `amount` ms; 0: at once */
	STEP_PING, /* an iq get to the server */
	STEP_CANCEL, /* the newest message is taken back */
	STEP_CUT, /* the connection breaks */
	STEP_CUT_AFTER, /* ... when `amount` bytes more have arrived from `side` */
	STEP_SILENCE, /* nothing arrives any more */
	STEP_LINK, /* the link changes */
	STEP_STOP, /* the server stops; `amount`: whether it keeps its sessions */
	STEP_START, /* ... and starts again */
	STEP_END, /* the server ends the connection; `amount`: how */
	STEP_SLEEP, /* the machine is suspended for `amount` ms of the wall clock */
	STEP_LEAVE, /* the client disconnects in order, and connects again `amount` ms later */
	STEP_KILL, /* the client is freed; a new one is made `amount` ms later */
	/* The client holds each acknowledgement of its next messages for `amount` ms. */
	STEP_HOLD,
	STEP_DEAF, /* the client (side A) or the server does not read any more */
	STEP_HEAR, /* ... and reads again */
	/* Allocations fail, the first one `amount` from now: one, or so many as `bytes` says. */
	STEP_NO_MEMORY,
	STEP_FULL, /* the client's journal stores nothing, `amount` times */
	STEP_KINDS,
};

struct step {
	enum step_kind kind;
	uint64_t at_ms;
	unsigned int actor, side;
	uint64_t amount;
	size_t bytes;
	struct envoi_test_link link;
	bool is_left_out; /* by shrinking or --only */
};

enum route {
	ROUTE_CLEAR, /* the connection counts as secure */
	ROUTE_STARTTLS,
	ROUTE_DIRECT_TLS,
	ROUTES,
};

/* How clients connect and log in. */
struct login {
	enum route route;
	bool is_tls_1_2; /* the only version of the server; otherwise TLS 1.3 is chosen */
	const char *mechanism; /* its only one */
};

struct plan {
	uint64_t seed;
	struct envoi_test_server_options server;
	struct login login;
	bool has_journal; /* clients go on with their session after they were killed */
	bool lacks_memory; /* has STEP_NO_MEMORY */
	bool fills_journals; /* has STEP_FULL */
	bool waits_long; /* clients, between two attempts: up to 5 minutes in place of 5 s */
	struct step steps[MOST_STEPS];
	size_t count;
};

/** Make the plan of a seed.
 * @param both_ends  both are the library's, with each route and mechanism */
void plan_make(struct plan *plan, uint64_t seed, bool both_ends);
/** @return steps that are not left out */
size_t plan_left(const struct plan *plan);
/** Write the numbers of the steps that are not left out, "0,3,4", as --only takes them. */
void plan_print_numbers(const struct plan *plan, FILE *out);
void plan_print(const struct plan *plan, FILE *out);
void step_print(const struct step *step, FILE *out);

/* --- what was sent, and what became of it (ledger.c) --- */

struct message {
	struct envoi_ticket ticket;
	struct actor *sender;
	unsigned int number;
	size_t bytes; /* its body is longer by these */
	bool is_accepted; /* envoi_send() returned ENVOI_OK */
	bool was_taken_back;
	bool is_recorded; /* in the journal, when the client was killed */
	unsigned int sent_in_life;
	uint64_t sent_in_epoch;
	uint64_t sent_ms, reported_ms; /* by the wall clock */
	unsigned int reports; /* of the ticket */
	enum envoi_ticket_state state;
	bool was_freed; /* the client, before it knew more */
	unsigned int got; /* by the server: how often */
	unsigned int got_in_session; /* of the sender, the last */
	bool is_unprotected; /* was put into a session without stream management */
	unsigned int arrived; /* at the other actor */
	unsigned int arrived_here; /* in its current session */
	unsigned int arrived_in_start; /* of the other actor: the number of that session */
	unsigned int arrival; /* the last one, by its number at the other actor */
};

struct question {
	struct actor *sender;
	unsigned int number;
	bool is_accepted, is_for_server;
	unsigned int asked_in_life;
	unsigned int got; /* by the server */
	unsigned int got_in_start; /* of the sender: the number of its session */
	unsigned int reports;
	int code;
	unsigned int handled; /* by the other actor */
};

/* --- the clients (actor.c) --- */

struct held;
struct pledge;

struct actor {
	struct envoi_handler handler;
	struct run *run;
	const char *name;
	char letter; /* begins the ids of its messages */
	struct actor *other;
	struct envoi_client *client; /* NULL: killed */
	unsigned int life; /* of its clients: their number */
	bool wants_online;
	bool was_closed; /* a stream of it, in order, once */
	struct envoi_timer reconnect_timer;
	bool is_online;
	uint64_t offline_since_ms;
	unsigned int losses; /* of connections that had started */
	uint64_t away_ms; /* after it has stopped */
	unsigned int connects; /* calls that succeeded */
	unsigned int events[ENVOI_EVENTS_END];
	unsigned int stopped_waiting; /* of the STOPPED: between two connections */
	struct message messages[MOST_MESSAGES];
	unsigned int message_count;
	struct question questions[MOST_REQUESTS];
	unsigned int question_count;
	unsigned int newest_got, newest_arrived; /* of its messages: the highest number + 1 */
	struct pledge *pledges; /* promises to answer */
	struct held *held; /* messages that are not acknowledged yet, the first first */
	uint64_t hold_ms; /* of the next messages, so many: */
	unsigned int hold_count;
	unsigned int arrivals; /* of messages */
	struct envoi_journal journal;
	char *records; /* of the journal */
	size_t records_len;
	uint64_t full_count; /* records that are refused from now on */
	bool is_dying; /* its process is being killed */
};

/* --- runs (run.c) --- */

struct run {
	const struct plan *plan;
	FILE *trace; /* NULL: none */
	struct envoi_world *world;
	struct envoi_test_server *server;
	struct actor actors[ACTORS];
	uint64_t slept_ms; /* while the machine was suspended, in all */
	uint64_t disturbed_ms; /* when the network was last changed */
	bool has_forgotten; /* the server, its sessions */
	size_t idle_blocks; /* of memory, before the first step */
	int fds_before;
	char failure[FAILURE_SIZE]; /* empty: every rule holds */
};

/** What runs have met, in all. */
struct tally {
	unsigned long events[ENVOI_EVENTS_END];
	unsigned long lost;
	unsigned long tickets[TICKET_STATES]; /* by state */
	unsigned long sent_again; /* messages that the server got more than once */
	unsigned long answers, requests_lost;
	unsigned long failed_allocations;
};
extern struct tally tally;
void tally_print(FILE *out);

extern bool tap_is_on; /**< traces have the XML too */

/** Carry out a plan. @param trace  gets a line for each thing that happens; NULL: none
 * @return whether every rule holds; otherwise @p failure says which is broken, "rule: what" */
bool run_plan(const struct plan *plan, FILE *trace, char failure[FAILURE_SIZE]);

/** Break a rule: the first one counts. @param rule  its name, without white space */
void run_fail(struct run *run, const char *rule, const char *format, ...) ENVOI_PRINTF(3, 4);
/** @return milliseconds by the wall clock since the beginning: those of suspensions included */
uint64_t run_wall_ms(const struct run *run);
/** Write a line of the trace. */
void run_trace(struct run *run, const char *format, ...) ENVOI_PRINTF(2, 3);

void actor_init(struct run *run, unsigned int index);
void actor_finish(struct actor *actor);
/** Go online, and again whenever the connection is lost. */
void actor_connect(struct actor *actor);
void actor_leave(struct actor *actor, uint64_t away_ms);
void actor_kill(struct actor *actor, uint64_t away_ms);
void actor_send(struct actor *actor, size_t bytes);
void actor_ask(struct actor *actor, uint64_t answer_after_ms);
void actor_ping(struct actor *actor);
void actor_cancel(struct actor *actor);
/** Stop or resume reading, if there is a connection. */
void actor_pause(struct actor *actor, bool is_paused);

/** Hold the acknowledgements of the next messages, each for so long. */
void holds_begin(struct actor *actor, uint64_t ms, unsigned int count);
/** A message is being delivered: hold it, if that is due. */
void holds_take(struct actor *actor, const struct message *message);
/** The client is killed: what is held, and what came behind it, may arrive again. */
void holds_kill(struct actor *actor);
void holds_release_all(struct actor *actor);

/** Continue with the journal of the client that was killed. */
void records_load(struct actor *actor);
/** Note which messages the journal has, before the client is killed. */
void records_note(struct actor *actor);
/** A client that leaves sends nothing again, nor does one whose journal is too old. */
void records_give_up(struct actor *actor);
void records_free(struct actor *actor);

/** @return the message that an id names; NULL: none */
struct message *ledger_find(struct run *run, const char *id);
void ledger_id(const struct message *message, char id[32]);
/** What the server does: an envoi_test_server_fn, with the run. */
void ledger_watch(void *user, enum envoi_test_server_act act, unsigned int session,
	const struct envoi_stanza *stanza);
/** @return the question of an actor that a stanza asks; NULL: it is none */
struct question *ledger_question(struct actor *actor, const struct envoi_stanza *stanza);
/** A message has arrived at an actor. @return NULL: it is none that was sent */
struct message *ledger_arrived(struct actor *receiver, const struct envoi_stanza *stanza);

/** The order of events: one has come, and is counted. */
void invariants_check_event(struct actor *actor, enum envoi_event_type type);
/** Rules that hold at any time. */
void invariants_check(struct run *run);
/** @return whether nothing is pending any more */
bool invariants_settled(const struct run *run);
/** Rules that hold when traffic has ceased and the network is well. */
void invariants_check_end(struct run *run);
/** Rules that hold when the clients have been freed. */
void invariants_check_freed(struct run *run);

/** Leave out steps of a plan that fails as long as it fails by the same rule.
 * @param failure  of the plan; then of the smaller one */
void shrink(struct plan *plan, char failure[FAILURE_SIZE]);

#endif
