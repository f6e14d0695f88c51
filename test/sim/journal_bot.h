/*
 * envoi - a client whose processes follow each other, with a journal, and a server
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_JOURNAL_BOT_H
#define ENVOI_TEST_JOURNAL_BOT_H

#include <envoi/envoi.h>
#include <envoi/testing.h>

enum {
	MOST_TICKETS = 100,
};

/** A bot, its journal, and the server. */
struct fixture {
	struct envoi_world *world;
	struct envoi_test_server *server;
	struct envoi_client *bot;
	struct envoi_handler handler;
	struct envoi_journal journal;
	struct envoi_buffer stored;
	bool is_dead; /* the process: nothing is stored any more */
	bool is_full; /* the medium */
	bool dies_in_hand, replaces_in_hand; /* the process, and its journal before */
	bool holds_next; /* the acknowledgement of the next message; the one after releases it */
	struct envoi_hold *hold;
	bool dies_before_sending; /* when the next stanza is recorded */
	bool dies_at_beginning; /* when the next session is recorded */
	unsigned int started, resumed, ended, heard, unhandled, requests, errors;
	/* messages: "kept", "canceled", and longer than 100 bytes */
	unsigned int got_kept, got_canceled, got_long, got_delayed;
	char last[64]; /* body that was handed over */
	const char *asked_id, *asked_from;
	struct envoi_promise *promise;
	struct envoi_ticket tickets[MOST_TICKETS];
	enum envoi_ticket_state last_state; /* of tickets whose user is this */
};

int bot_setup(void **state);
int bot_teardown(void **state);

/** Make the bot of a process. */
void bot_new(struct fixture *f, const char *jid);
/** Load the journal that was stored. @return as envoi_client_load_journal() */
int bot_load(struct fixture *f);
/** The process ends at once: the server sees a broken connection. */
void bot_kill(struct fixture *f);
/** The next process makes a bot, loads the journal and connects. */
void bot_start_again(struct fixture *f);
/** The bot sends a message. */
void bot_say(struct fixture *f, const char *body);
/** The server sends the bot a request. */
void bot_ask(struct fixture *f);
/** Release what the bot holds. */
void bot_release(struct fixture *f);

#endif
