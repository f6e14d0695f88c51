/*
 * envoi - benchmarks: what the programs of all libraries have in common
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: bench-LIBRARY echo|blast|latency|roster|login|idle COUNT PORT [CA_FILE]
 *        bench-LIBRARY parse COUNT STANZA_FILE
 *
 * echo, latency, blast: one session receives COUNT messages, and answers them but for blast;
 * roster: it fetches a roster of COUNT contacts; login: COUNT sessions one after the other; idle:
 * COUNT sessions at once. parse: COUNT stanzas. The server ends the sessions of echo,
 * latency and login (see script.c). With CA_FILE within TLS.
 */
#include "peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	AT_A_TIME = 16, /* logins of idle sessions */
	MARK_LEN = 8,
	LONGEST_STANZA = 1024,
};

struct peer peer;

void peer_fail(const char *text)
{
	fprintf(stderr, "%s\n", text);
	fflush(stdout);
	_exit(1);
}

void peer_check(bool is_good, const char *what)
{
	if (!is_good) {
		peer_fail(what);
	}
}

static bool is_line(const char *name)
{
	return strcmp(peer.line, name) == 0;
}

/* A session that must not lose its last answers is ended by the server. */
static void set_goal(void)
{
	peer.sessions = is_line("login") || is_line("idle") ? peer.count : 1;
	peer.wanted = peer.count;
	if (is_line("idle")) {
		peer.progress = &peer.online;
	} else if (is_line("blast")) {
		peer.progress = &peer.messages;
	} else if (is_line("roster")) {
		peer.progress = &peer.contacts;
	} else {
		peer.progress = &peer.closed;
		peer.wanted = peer.sessions;
	}
}

static bool is_done(void)
{
	return *peer.progress == peer.wanted;
}

static bool can_open(void)
{
	if (peer.opened == peer.sessions) {
		return false;
	}
	return peer.progress == &peer.online ? peer.opened - peer.online < AT_A_TIME
					     : peer.opened == peer.closed;
}

bool peer_must_stop(void)
{
	return is_done() || can_open();
}

void peer_is_online(void)
{
	peer.online++;
}

void peer_has_closed(void)
{
	if (is_line("idle")) {
		peer_fail("an idle session has ended");
	}
	peer.closed++;
}

/* The largest memory of the program: getrusage() has that of its parent, if larger. */
static void print_peak(void)
{
	char line[256];
	unsigned long peak_kb = 0;
	FILE *file = fopen("/proc/self/status", "r");
	peer_check(file != NULL, "no /proc/self/status");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "VmHWM: %lu kB", &peak_kb) == 1) {
			printf("peak %lu\n", peak_kb * 1024);
		}
	}
	fclose(file);
}

static void print_resident(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1) {
		peer_fail("no /proc/self/statm");
	}
	fclose(file);
	printf("resident %lu\n", pages * (unsigned long)sysconf(_SC_PAGESIZE));
}

static void run_sessions(void)
{
	set_goal();
	peer_begin();
	while (!is_done()) {
		while (can_open()) {
			peer.opened++;
			peer_open();
		}
		if (!is_done()) {
			peer_run();
		}
	}
	if (is_line("idle")) {
		print_resident();
	}
}

/* The same stanzas that the server sends. */
static void parse_stanzas(const char *path)
{
	char stanza[LONGEST_STANZA];
	FILE *file = fopen(path, "r");
	if (file == NULL || fgets(stanza, sizeof(stanza), file) == NULL) {
		peer_fail("the stanza cannot be read");
	}
	fclose(file);
	size_t len = strcspn(stanza, "\n");
	stanza[len] = '\0';
	char *data = malloc(len * peer.count + 1);
	peer_check(data != NULL, "out of memory");
	for (unsigned int i = 0; i < peer.count; i++) {
		char number[MARK_LEN + 1], *mark = stanza;
		snprintf(number, sizeof(number), "%08u", i % 100000000);
		memcpy(data + i * len, stanza, len + 1);
		for (mark = strstr(data + i * len, "@@@@@@@@"); mark != NULL;
			mark = strstr(mark, "@@@@@@@@")) {
			memcpy(mark, number, MARK_LEN);
		}
	}
	peer_parse(data, len * peer.count);
	free(data);
}

static bool was_good(void)
{
	if (is_line("parse")) {
		return peer.stanzas == peer.count;
	}
	return peer.online == peer.sessions && (!peer.echoes || peer.messages == peer.count);
}

int main(int argc, char **argv)
{
	if (argc != 4 && argc != 5) {
		peer_fail("usage: LINE COUNT PORT [CA_FILE], or parse COUNT STANZA_FILE");
	}
	signal(SIGPIPE, SIG_IGN);
	peer.line = argv[1];
	peer.count = (unsigned int)strtoul(argv[2], NULL, 10);
	peer.port = argv[3];
	peer.port_number = (int)strtol(argv[3], NULL, 10);
	peer.ca_file = argc == 5 ? argv[4] : NULL;
	peer.echoes = is_line("echo") || is_line("latency");
	peer.has_roster = is_line("roster");
	if (is_line("parse")) {
		parse_stanzas(argv[3]);
	} else {
		run_sessions();
	}
	peer_check(was_good(), "not all of it has arrived");
	print_peak();
	fflush(stdout);
	_exit(0); /* without what a library does at its end */
}
