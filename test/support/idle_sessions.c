/*
 * envoi - sessions that are online and idle, in virtual time
 * SPDX-License-Identifier: MIT
 */
#include "idle_sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/session.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>

enum {
	MINUTE_MS = 60000,
};

#define GREETING \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"id='1' from='example.org' version='1.0'><stream:features/>"

struct idle_session {
	struct envoi_session *session;
	struct envoi_memory_end *end;
};

static void check(int r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "idle sessions: %s: %s\n", what, envoi_error_name(r));
		abort();
	}
}

/* Any byte shows that the peer lives. */
static void on_bytes(void *user, struct envoi_memory_end *end)
{
	struct idle_sessions *idle = user;
	struct envoi_buffer *received = envoi_memory_end_received(end);
	const char *text = envoi_buffer_data(received);
	size_t len = envoi_buffer_len(received);
	if (len > 4 && strncmp(text, "<iq ", 4) == 0) {
		idle->pings++;
		check(envoi_memory_end_send(end, " ", 1), "answer");
	} else if (len > 0 && text[0] == '<') {
		check(envoi_memory_end_send(end, GREETING, strlen(GREETING)), "greeting");
	}
	envoi_buffer_consume(received, len);
}

static void go_online(
	struct idle_sessions *idle, struct idle_session *one, const struct envoi_jid *jid)
{
	struct envoi_memory_pair *pair;
	struct envoi_transport *transport;
	struct envoi_stream *stream;
	const struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.local = jid,
		.peer_domain = "example.org",
		.settings = idle->settings,
	};
	check(envoi_memory_pair_new(&pair, idle->context), "pair");
	check(envoi_memory_end_new(&one->end, pair, ENVOI_MEMORY_B, on_bytes, idle), "end");
	check(envoi_memory_transport_new(&transport, pair, ENVOI_MEMORY_A, idle->settings, true),
		"transport");
	envoi_memory_pair_unref(pair);
	check(envoi_session_new(&one->session, idle->context, idle->settings), "session");
	check(envoi_stream_new(&stream, idle->context, &options, transport,
		      envoi_session_sink(one->session)),
		"stream");
	check(envoi_session_attach(one->session, stream), "attach");
}

static void run_for(const struct idle_sessions *idle, uint64_t ms)
{
	check(envoi_loop_simulated_run_for(idle->loop, ms), "loop");
}

void idle_sessions_init(struct idle_sessions *idle, unsigned int count)
{
	struct envoi_jid *jid;
	*idle = (struct idle_sessions){
		.count = count, .all = calloc(count, sizeof(struct idle_session))};
	check(idle->all == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK, "memory");
	check(envoi_context_new(&idle->context, NULL), "context");
	check(envoi_loop_new_simulated(&idle->loop, idle->context), "loop");
	check(envoi_context_take_loop(idle->context, idle->loop), "loop");
	check(envoi_settings_new(&idle->settings, idle->context), "settings");
	check(envoi_jid_from_text(&jid, idle->context, "alice@example.org"), "address");
	for (unsigned int i = 0; i < count; i++) {
		go_online(idle, &idle->all[i], jid);
		run_for(idle, MINUTE_MS / count);
	}
	run_for(idle, 2 * MINUTE_MS);
	envoi_jid_unref(jid);
}

void idle_sessions_finish(struct idle_sessions *idle)
{
	for (unsigned int i = 0; i < idle->count; i++) {
		envoi_session_free(idle->all[i].session);
		envoi_memory_end_free(idle->all[i].end);
	}
	envoi_settings_free(idle->settings);
	envoi_context_unref(idle->context);
	free(idle->all);
}

unsigned long idle_sessions_count_wake_ups(struct idle_sessions *idle, unsigned int minutes)
{
	uint64_t now_ms = envoi_loop_now_ms(idle->loop);
	uint64_t end_ms = now_ms + (uint64_t)minutes * MINUTE_MS;
	unsigned long count = 0;
	idle->pings = 0;
	while (now_ms < end_ms) {
		uint64_t before_ms = now_ms;
		check(envoi_loop_run_once(idle->loop, true), "loop");
		now_ms = envoi_loop_now_ms(idle->loop);
		count += now_ms != before_ms;
	}
	return count;
}

unsigned int idle_sessions_online(const struct idle_sessions *idle)
{
	unsigned int online = 0;
	for (unsigned int i = 0; i < idle->count; i++) {
		online += envoi_session_is_online(idle->all[i].session);
	}
	return online;
}
