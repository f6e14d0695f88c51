/*
 * envoi - how often idle sessions wake up the loop
 * SPDX-License-Identifier: MIT
 *
 * Sessions over memory pairs in virtual time, which went online one after the other within a
 * minute. Each peer answers a ping at once. Counted for ten minutes in which nothing else happens:
 * the points of time at which the loop had something to do, and the pings.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/session.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>

enum {
	MINUTE_MS = 60000,
	MINUTES = 10,
};

#define GREETING \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"id='1' from='example.org' version='1.0'><stream:features/>"

struct idle {
	struct envoi_session *session;
	struct envoi_memory_end *end;
};

static unsigned long pings;

static void check(int r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "wake_ups: %s: %s\n", what, envoi_error_name(r));
		exit(1);
	}
}

/* Any byte shows that the peer lives. */
static void on_bytes(void *user, struct envoi_memory_end *end)
{
	struct envoi_buffer *received = envoi_memory_end_received(end);
	const char *text = envoi_buffer_data(received);
	size_t len = envoi_buffer_len(received);
	(void)user;
	if (len > 4 && strncmp(text, "<iq ", 4) == 0) {
		pings++;
		check(envoi_memory_end_send(end, " ", 1), "answer");
	} else if (len > 0 && text[0] == '<') {
		check(envoi_memory_end_send(end, GREETING, strlen(GREETING)), "greeting");
	}
	envoi_buffer_consume(received, len);
}

static void go_online(struct idle *idle, struct envoi_context *context,
	const struct envoi_settings *settings, const struct envoi_jid *jid)
{
	struct envoi_memory_pair *pair;
	struct envoi_transport *transport;
	struct envoi_stream *stream;
	const struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.local = jid,
		.peer_domain = "example.org",
		.settings = settings,
	};
	check(envoi_memory_pair_new(&pair, context), "pair");
	check(envoi_memory_end_new(&idle->end, pair, ENVOI_MEMORY_B, on_bytes, NULL), "end");
	check(envoi_memory_transport_new(&transport, pair, ENVOI_MEMORY_A, settings, true),
		"transport");
	envoi_memory_pair_unref(pair);
	check(envoi_session_new(&idle->session, context, settings), "session");
	check(envoi_stream_new(
		      &stream, context, &options, transport, envoi_session_sink(idle->session)),
		"stream");
	check(envoi_session_attach(idle->session, stream), "attach");
}

static void run_for(struct envoi_loop *loop, uint64_t ms)
{
	check(envoi_loop_simulated_run_for(loop, ms), "loop");
}

static unsigned long count_wake_ups(struct envoi_loop *loop)
{
	uint64_t end_ms = envoi_loop_now_ms(loop) + MINUTES * MINUTE_MS;
	unsigned long count = 0;
	pings = 0;
	for (uint64_t now_ms = envoi_loop_now_ms(loop); now_ms < end_ms;) {
		uint64_t before_ms = now_ms;
		check(envoi_loop_run_once(loop, true), "loop");
		now_ms = envoi_loop_now_ms(loop);
		count += now_ms != before_ms;
	}
	return count;
}

static void measure(unsigned int sessions)
{
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_jid *jid;
	struct idle *all = calloc(sessions, sizeof(*all));
	check(all == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK, "memory");
	check(envoi_context_new(&context, NULL), "context");
	check(envoi_loop_new_simulated(&loop, context), "loop");
	check(envoi_context_take_loop(context, loop), "loop");
	check(envoi_settings_new(&settings, context), "settings");
	check(envoi_jid_from_text(&jid, context, "alice@example.org"), "address");
	for (unsigned int i = 0; i < sessions; i++) {
		go_online(&all[i], context, settings, jid);
		run_for(loop, MINUTE_MS / sessions);
	}
	run_for(loop, 2 * MINUTE_MS);
	double wake_ups = (double)count_wake_ups(loop) / MINUTES;
	printf("%6u sessions: %5.1f wake-ups a minute, %5.2f pings a session and minute\n",
		sessions, wake_ups, (double)pings / MINUTES / sessions);
	for (unsigned int i = 0; i < sessions; i++) {
		check(envoi_session_is_online(all[i].session) ? ENVOI_OK : ENVOI_ERR_STATE,
			"session");
		envoi_session_free(all[i].session);
		envoi_memory_end_free(all[i].end);
	}
	envoi_jid_unref(jid);
	envoi_settings_free(settings);
	envoi_context_unref(context);
	free(all);
}

int main(void)
{
	measure(1);
	measure(100);
	measure(10000);
	return 0;
}
