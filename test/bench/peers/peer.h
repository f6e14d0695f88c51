/*
 * envoi - benchmarks: what the programs of all libraries have in common
 * SPDX-License-Identifier: MIT
 *
 * Each program is peer.c and one file for its library, which defines the functions below and calls
 * those that peer.c defines. tools/bench runs the programs.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PEER_JID "alice@example.org/bench"
#define PEER_PASSWORD "pencil"

struct peer {
	const char *line; /* of the table: echo, blast, latency, roster, login, idle or parse */
	unsigned int count; /* of the line */
	const char *port; /* of 127.0.0.1 */
	int port_number;
	const char *ca_file; /* of the server's certificate; NULL: in clear */
	bool echoes; /* each message is answered with its body */
	bool has_roster; /* the roster is fetched and read */
	unsigned int sessions; /* that are opened in all */
	unsigned int opened, online, closed; /* sessions */
	unsigned int messages, contacts, stanzas; /* received; read from a roster; parsed */
	const unsigned int *progress; /* one of these numbers, until it is WANTED */
	unsigned int wanted;
};

extern struct peer peer;

/* --- of peer.c --- */

/** The message is printed, and the program ends. */
#ifdef __cplusplus
[[noreturn]]
#else
_Noreturn
#endif
void peer_fail(const char *text);

void peer_check(bool is_good, const char *what);

/** A session has logged in and sent its presence. */
void peer_is_online(void);

/** A session has ended. */
void peer_has_closed(void);

/** All is done that the line requires, or another session must be opened: leave the loop. To be
 * called when a session is online or closed, and for each message and roster. */
bool peer_must_stop(void);

/* --- of each library's file --- */

void peer_begin(void);
/** Begin to connect another session. */
void peer_open(void);
/** Run the loop, once or until peer_must_stop(). */
void peer_run(void);
/** Parse stanzas, the first LEN bytes of a stream without its header, to trees; count them in
 * peer.stanzas. A library without a public parser calls peer_fail(). */
void peer_parse(const char *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
