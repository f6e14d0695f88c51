/*
 * envoi - benchmarks: the scripted server that all libraries are measured against
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <expat.h>
#include <gnutls/gnutls.h>

/** What the script is: the line of the table. */
struct script {
	const char *line;
	unsigned int count; /* of messages, of contacts */
	unsigned int window; /* messages that are sent before their answers; 0: any number */
	bool answers_expected; /* the stream ends when all messages are answered */
	bool ends_at_presence;
	bool has_tls;
	unsigned int contacts;
	unsigned int messages;
	char stanza[1024]; /* one message; its marks are replaced by a number */
	size_t stanza_len;
	unsigned int marks[8], mark_count;
	unsigned int online, online_peak; /* sessions */
	unsigned int answers; /* of all sessions */
	uint64_t *waits_ns; /* from a message to its answer, with a window of one */
};

struct out {
	char *data;
	size_t len, size, sent;
};

struct peer_session {
	int fd;
	gnutls_session_t tls; /* NULL: in clear */
	bool is_handshaking, is_secured, is_authenticated;
	bool wants_tls, restarts, ends, is_online, wants_write;
	XML_Parser parser;
	int depth;
	char name[64], id[128], type[32], to[256], payload[128]; /* of the element that is read */
	unsigned int sent, answered;
	uint64_t sent_at_ns;
	struct out out;
};

void script_init(struct script *script, const char *line, unsigned int count, const char *file);
void script_print(const struct script *script);

/** The stream header arrived. */
void script_head(struct script *script, struct peer_session *session);
/** An element of the first level has ended. */
void script_element(struct script *script, struct peer_session *session);
/** The output has room. */
void script_feed(struct script *script, struct peer_session *session);

void out_text(struct out *out, const char *text, size_t len);
__attribute__((format(printf, 2, 3))) void out_print(struct out *out, const char *format, ...);

#endif
