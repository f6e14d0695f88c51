/*
 * envoi - a name server on loopback that answers from a table
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_DNS_SERVER_H
#define TEST_DNS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/interfaces/mainloop.h>

/** What it answers to one question. Tables end with a NULL name. */
struct dns_answer {
	const char *name;
	uint16_t type; /* 1: A, 28: AAAA, 33: SRV */
	unsigned int rcode; /* 0: no error, 2: SERVFAIL, 3: NXDOMAIN, 5: REFUSED */
	const char *records; /* of A and AAAA: addresses; of SRV: "10 5 5222 host.example,..." */
	const char *raw; /* records as bytes instead, for what no honest server says */
	size_t raw_len;
	uint16_t raw_count;
	bool truncated; /* only over TCP, then with the records */
	bool silent;
};

struct dns_server {
	struct envoi_loop *loop;
	const struct dns_answer *answers;
	struct envoi_watch udp, listener, tcp;
	char address[32]; /* "127.0.0.1:40001" */
	unsigned int questions, tcp_questions;
};

/** @return 0, or -1 */
int dns_server_start(
	struct dns_server *server, struct envoi_loop *loop, const struct dns_answer *answers);
void dns_server_stop(struct dns_server *server);

#endif
