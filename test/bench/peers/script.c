/*
 * envoi - benchmarks: what the scripted server answers
 * SPDX-License-Identifier: MIT
 */
#include "server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"

enum {
	FULL = 65536, /* bytes of output that are prepared */
	MARK_LEN = 8,
};

static void die(const char *what)
{
	fprintf(stderr, "stand-in: %s\n", what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void out_text(struct out *out, const char *text, size_t len)
{
	if (out->len + len > out->size) {
		out->size = (out->len + len) * 2;
		out->data = realloc(out->data, out->size);
		if (out->data == NULL) {
			die("out of memory");
		}
	}
	memcpy(out->data + out->len, text, len);
	out->len += len;
}

void out_print(struct out *out, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	int len = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (len < 0 || (size_t)len >= sizeof(text)) {
		die("a text is too long");
	}
	out_text(out, text, (size_t)len);
}

static void read_stanza(struct script *script, const char *path)
{
	FILE *file = fopen(path, "r");
	if (file == NULL || fgets(script->stanza, sizeof(script->stanza), file) == NULL) {
		die("the stanza cannot be read");
	}
	fclose(file);
	script->stanza_len = strcspn(script->stanza, "\n");
	const char *mark = script->stanza;
	while ((mark = strstr(mark, "@@@@@@@@")) != NULL) {
		if (script->mark_count == sizeof(script->marks) / sizeof(script->marks[0])) {
			die("too many marks");
		}
		script->marks[script->mark_count++] = (unsigned int)(mark - script->stanza);
		mark += MARK_LEN;
	}
}

void script_init(struct script *script, const char *line, unsigned int count, const char *file)
{
	*script = (struct script){.line = line, .count = count};
	bool is_latency = strcmp(line, "latency") == 0;
	if (is_latency || strcmp(line, "echo") == 0) {
		script->messages = count;
		script->answers_expected = true;
		script->window = is_latency ? 1 : 0;
	} else if (strcmp(line, "blast") == 0) {
		script->messages = count;
	} else if (strcmp(line, "roster") == 0) {
		script->contacts = count;
	} else {
		script->ends_at_presence = strcmp(line, "login") == 0;
	}
	script->waits_ns = is_latency ? calloc(count, sizeof(*script->waits_ns)) : NULL;
	read_stanza(script, file);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *first = a, *second = b;
	return (*first > *second) - (*first < *second);
}

void script_print(const struct script *script)
{
	printf("online %u\nanswers %u\n", script->online_peak, script->answers);
	if (script->waits_ns != NULL && script->answers > 0) {
		qsort(script->waits_ns, script->answers, sizeof(*script->waits_ns), compare);
		printf("median_ns %llu\n",
			(unsigned long long)script->waits_ns[script->answers / 2]);
		printf("p99_ns %llu\n",
			(unsigned long long)script->waits_ns[script->answers / 100 * 99]);
	}
}

/* --- the login --- */

void script_head(struct script *script, struct peer_session *session)
{
	struct out *out = &session->out;
	out_print(out,
		"<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='s1' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
		"from='example.org'><stream:features>");
	if (script->has_tls && !session->is_secured) {
		out_print(out,
			"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>");
	} else if (!session->is_authenticated) {
		out_print(out,
			"<mechanisms " SASL "><mechanism>PLAIN</mechanism>"
			"<mechanism>ANONYMOUS</mechanism></mechanisms>");
	} else {
		out_print(out,
			"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
			"<session xmlns='urn:ietf:params:xml:ns:xmpp-session'>"
			"<optional/></session>");
	}
	out_print(out, "</stream:features>");
}

static void end(struct peer_session *session)
{
	out_print(&session->out, "</stream:stream>");
	session->ends = true;
}

static void send_roster(const struct script *script, struct peer_session *session)
{
	struct out *out = &session->out;
	out_print(out, "<iq type='result' id='%s'><query xmlns='jabber:iq:roster'>", session->id);
	for (unsigned int i = 0; i < script->contacts; i++) {
		out_print(out,
			"<item jid='contact%u@example.org' name='Contact %u' "
			"subscription='both'><group>Friends</group></item>",
			i, i);
	}
	out_print(out, "</query></iq>");
}

static void answer_request(const struct script *script, struct peer_session *session)
{
	struct out *out = &session->out;
	const char *id = session->id;
	if (strncmp(session->payload, "urn:ietf:params:xml:ns:xmpp-bind", 32) == 0) {
		out_print(out,
			"<iq type='result' id='%s'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
			"<jid>alice@example.org/bench</jid></bind></iq>",
			id);
	} else if (strncmp(session->payload, "jabber:iq:roster", 16) == 0) {
		send_roster(script, session);
	} else if (strcmp(session->type, "set") == 0) {
		out_print(out, "<iq type='result' id='%s'/>", id);
	} else if (strcmp(session->type, "get") == 0) {
		out_print(out,
			"<iq type='error' id='%s'><error type='cancel'><service-unavailable "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
			id);
	}
}

static void on_presence(struct script *script, struct peer_session *session)
{
	if (session->is_online || session->type[0] != '\0' || session->to[0] != '\0') {
		return;
	}
	session->is_online = true;
	script->online++;
	if (script->online > script->online_peak) {
		script->online_peak = script->online;
	}
	if (script->ends_at_presence) {
		end(session);
	}
}

static void on_answer(struct script *script, struct peer_session *session)
{
	if (script->waits_ns != NULL && script->answers < script->count) {
		script->waits_ns[script->answers] = now_ns() - session->sent_at_ns;
	}
	session->answered++;
	script->answers++;
	if (script->answers_expected && session->answered == script->messages) {
		end(session);
	}
}

void script_element(struct script *script, struct peer_session *session)
{
	const char *name = session->name;
	if (strcmp(name, "message") == 0) {
		on_answer(script, session);
	} else if (strcmp(name, "presence") == 0) {
		on_presence(script, session);
	} else if (strcmp(name, "iq") == 0) {
		answer_request(script, session);
	} else if (strcmp(name, "auth") == 0) {
		out_print(&session->out, "<success " SASL "/>");
		session->is_authenticated = true;
		session->restarts = true;
	} else if (strcmp(name, "starttls") == 0) {
		out_print(&session->out, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
		session->wants_tls = true;
	}
}

static void send_message(const struct script *script, struct peer_session *session)
{
	char number[MARK_LEN + 1];
	snprintf(number, sizeof(number), "%08u", session->sent % 100000000);
	size_t start = session->out.len;
	out_text(&session->out, script->stanza, script->stanza_len);
	for (unsigned int i = 0; i < script->mark_count; i++) {
		memcpy(session->out.data + start + script->marks[i], number, MARK_LEN);
	}
	session->sent++;
}

void script_feed(struct script *script, struct peer_session *session)
{
	if (!session->is_online || session->sent == script->messages) {
		return;
	}
	while (session->sent < script->messages && session->out.len - session->out.sent < FULL &&
		(script->window == 0 || session->sent - session->answered < script->window)) {
		session->sent_at_ns = script->waits_ns != NULL ? now_ns() : 0;
		send_message(script, session);
	}
}
