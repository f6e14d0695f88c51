/*
 * envoi - TLS as a channel over another channel: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

enum event {
	NONE,
	RECEIVED,
	WRITABLE,
	ENDED,
	BROKEN,
	WAITING,
};

/** An owner of a channel that notes its events. */
struct end {
	struct envoi_channel_sink sink;
	struct envoi_channel *channel; /* NULL: freed */
	struct envoi_buffer received;
	int depth; /* of enter */
	enum event frees_at; /* the channel, inside this event */
	int writables, ends, breaks, waits, code;
	char text[256];
};

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_pair *pair;
	struct envoi_tls_config *client_config, *server_config;
	struct end client, server;
	struct envoi_tls_decider decider;
	struct envoi_tls_question *question;
	int overs;
} all;

/* --- the owner --- */

static void free_channel(struct end *end)
{
	struct envoi_channel *channel = end->channel;
	if (channel == NULL) {
		return;
	}
	end->channel = NULL;
	channel->impl->disconnect(channel);
	channel->impl->destroy(channel);
}

static struct end *end_of(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct end, sink);
}

static void on_event(struct end *end, enum event event)
{
	assert_non_null(end->channel);
	if (end->frees_at == event) {
		free_channel(end);
	}
}

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	assert_int_equal(envoi_buffer_append(&end_of(sink)->received, data, len), ENVOI_OK);
	on_event(end_of(sink), RECEIVED);
}

static void on_writable(struct envoi_channel_sink *sink)
{
	end_of(sink)->writables++;
	on_event(end_of(sink), WRITABLE);
}

static void on_ended(struct envoi_channel_sink *sink)
{
	end_of(sink)->ends++;
	on_event(end_of(sink), ENDED);
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	struct end *end = end_of(sink);
	end->breaks++;
	end->code = code;
	snprintf(end->text, sizeof(end->text), "%s", text);
	on_event(end, BROKEN);
}

static void on_enter(struct envoi_channel_sink *sink)
{
	end_of(sink)->depth++;
}

static void on_leave(struct envoi_channel_sink *sink)
{
	end_of(sink)->depth--;
}

static const struct envoi_channel_sink_impl sink_impl = {
	.received = on_received,
	.writable = on_writable,
	.ended = on_ended,
	.broken = on_broken,
	.enter = on_enter,
	.leave = on_leave,
};

static void on_waiting(void *user, bool is_waiting)
{
	struct end *end = user;
	end->waits += is_waiting ? 1 : -1;
	on_event(end, WAITING);
}

/* --- making --- */

static void begin(const char *certificate)
{
	struct envoi_settings *settings;
	char cert[256];
	memset(&all, 0, sizeof(all));
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&all.loop, all.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(all.context, all.loop), ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&all.pair, all.context), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, all.context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&all.client_config, all.context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	snprintf(cert, sizeof(cert), "%s/tls/%s.pem", TEST_DATA, certificate);
	assert_int_equal(envoi_tls_config_new_server(&all.server_config, all.context, cert,
				 TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
}

static void finish(void)
{
	assert_int_equal(all.client.depth + all.server.depth, 0);
	free_channel(&all.client);
	free_channel(&all.server);
	if (all.client.sink.impl != NULL) {
		envoi_buffer_finish(&all.client.received);
	}
	if (all.server.sink.impl != NULL) {
		envoi_buffer_finish(&all.server.received);
	}
	envoi_tls_question_unref(all.question);
	envoi_tls_config_unref(all.client_config);
	envoi_tls_config_unref(all.server_config);
	envoi_memory_pair_unref(all.pair);
	envoi_context_unref(all.context);
}

static void own(struct end *end, struct envoi_channel *channel)
{
	end->sink.impl = &sink_impl;
	end->channel = channel;
	envoi_buffer_init(&end->received, all.context, 0);
	envoi_channel_attach(channel, all.context, &end->sink);
	assert_int_equal(channel->impl->start(channel), ENVOI_OK);
	assert_int_equal(channel->impl->want_read(channel, true), ENVOI_OK);
}

static void start(struct end *end, enum envoi_role role, const char *name)
{
	struct envoi_channel *lower, *channel;
	const struct envoi_tls_channel_options options = {
		.role = role,
		.tls = role == ENVOI_INITIATOR ? all.client_config : all.server_config,
		.server_name = name,
		.timeout_ms = 20000,
		.decision_timeout_ms = 600000,
		.waiting = on_waiting,
		.user = end,
	};
	assert_int_equal(envoi_memory_channel_new(&lower, all.pair,
				 role == ENVOI_INITIATOR ? ENVOI_MEMORY_A : ENVOI_MEMORY_B),
		ENVOI_OK);
	assert_int_equal(envoi_tls_channel_new(&channel, all.context, lower, &options), ENVOI_OK);
	own(end, channel);
}

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, ms), ENVOI_OK);
}

static void connect_both(const char *name)
{
	start(&all.server, ENVOI_RECEIVER, NULL);
	start(&all.client, ENVOI_INITIATOR, name);
	run(1000);
}

static void send_text(struct end *end, const char *text, size_t expected)
{
	size_t taken;
	assert_int_equal(
		end->channel->impl->send(end->channel, text, strlen(text), &taken), ENVOI_OK);
	assert_int_equal(taken, expected);
}

static void expect_received(struct end *end, const char *text)
{
	assert_int_equal(envoi_buffer_len(&end->received), strlen(text));
	assert_memory_equal(envoi_buffer_data(&end->received), text, strlen(text));
	envoi_buffer_consume(&end->received, SIZE_MAX);
}

/* --- tests --- */

static void bytes_go_both_ways_after_the_handshake(void **state)
{
	(void)state;
	struct envoi_tls_info info;
	begin("right");
	start(&all.server, ENVOI_RECEIVER, NULL);
	start(&all.client, ENVOI_INITIATOR, "example.org");
	send_text(&all.client, "early", 0);
	envoi_tls_channel_info(all.client.channel, &info);
	assert_null(info.version);
	run(1000);
	assert_int_equal(all.client.writables, 1);
	assert_int_equal(all.server.writables, 1);
	envoi_tls_channel_info(all.client.channel, &info);
	assert_true(envoi_tls_is_verified(&info));
	send_text(&all.client, "hello", 5);
	send_text(&all.server, "hello, too", 10);
	run(1000);
	expect_received(&all.server, "hello");
	expect_received(&all.client, "hello, too");
	finish();
}

static void an_end_is_shown_to_the_peer_in_order(void **state)
{
	(void)state;
	begin("right");
	connect_both("example.org");
	send_text(&all.client, "last", 4);
	all.client.channel->impl->shut_down(all.client.channel);
	run(1000);
	expect_received(&all.server, "last");
	assert_int_equal(all.server.ends, 1);
	send_text(&all.server, "answer", 6);
	run(1000);
	expect_received(&all.client, "answer");
	all.server.channel->impl->shut_down(all.server.channel);
	run(1000);
	assert_int_equal(all.client.ends, 1);
	assert_int_equal(all.client.breaks + all.server.breaks, 0);
	finish();
}

static void an_end_without_close_notify_is_a_failure(void **state)
{
	(void)state;
	begin("right");
	connect_both("example.org");
	free_channel(&all.server);
	run(1000);
	assert_int_equal(all.client.breaks, 1);
	assert_int_equal(all.client.ends, 0);
	assert_int_equal(all.client.code, ENVOI_ERR_DISCONNECTED);
	assert_string_equal(all.client.text, "the peer closed the connection without closing TLS");
	finish();
}

static void input_that_is_not_wanted_waits(void **state)
{
	(void)state;
	begin("right");
	connect_both("example.org");
	all.server.channel->impl->want_read(all.server.channel, false);
	send_text(&all.client, "hello", 5);
	all.client.channel->impl->shut_down(all.client.channel);
	run(1000);
	expect_received(&all.server, "");
	assert_int_equal(all.server.ends, 0);
	all.server.channel->impl->want_read(all.server.channel, true);
	run(1000);
	expect_received(&all.server, "hello");
	assert_int_equal(all.server.ends, 1);
	finish();
}

/* @param window_bytes  that the lower channel takes at a time */
static void send_much(size_t window_bytes)
{
	enum {
		BYTES = 1000000
	};
	static char data[BYTES];
	const struct envoi_memory_script script = {
		.cut_at = ENVOI_MEMORY_NEVER,
		.stall_at = ENVOI_MEMORY_NEVER,
		.window_bytes = window_bytes,
	};
	size_t sent = 0, taken = 0;
	for (size_t i = 0; i < BYTES; i++) {
		data[i] = (char)(i * 7 + i / 251);
	}
	begin("right");
	connect_both("example.org");
	envoi_memory_pair_script(all.pair, ENVOI_MEMORY_A, &script);
	struct envoi_channel *client = all.client.channel;
	while (sent < BYTES) {
		int before = all.client.writables;
		assert_int_equal(
			client->impl->send(client, data + sent, BYTES - sent, &taken), ENVOI_OK);
		assert_true(taken <= 5 * 16384);
		sent += taken;
		run(1000);
		assert_int_equal(all.client.writables > before, sent < BYTES);
	}
	assert_int_equal(envoi_buffer_len(&all.server.received), BYTES);
	assert_memory_equal(envoi_buffer_data(&all.server.received), data, BYTES);
	finish();
}

static void much_is_sent_in_parts(void **state)
{
	(void)state;
	send_much(65536);
}

/* Nothing below is blocked: the channel has to report by itself that it takes more. */
static void much_is_sent_where_the_lower_channel_takes_all(void **state)
{
	(void)state;
	send_much(1 << 20);
}

static void a_wrong_certificate_is_refused(void **state)
{
	(void)state;
	begin("right");
	connect_both("example.net");
	assert_int_equal(all.client.breaks, 1);
	assert_int_equal(all.client.code, ENVOI_ERR_CERTIFICATE);
	assert_string_equal(all.client.text,
		"the server's certificate is for example.org, not for example.net");
	assert_int_equal(envoi_tls_channel_doubts(all.client.channel), ENVOI_TLS_DOUBT_NAME);
	assert_int_equal(all.client.writables, 0);
	assert_int_equal(all.server.breaks, 1); /* by the alert */
	assert_int_equal(all.server.code, ENVOI_ERR_TLS);
	finish();
}

static void a_silent_peer_has_a_deadline(void **state)
{
	(void)state;
	begin("right");
	start(&all.client, ENVOI_INITIATOR, "example.org");
	run(19999);
	assert_int_equal(all.client.breaks, 0);
	run(2);
	assert_int_equal(all.client.breaks, 1);
	assert_int_equal(all.client.code, ENVOI_ERR_TIMEOUT);
	finish();
}

static void keep_question(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	(void)decider;
	all.question = envoi_tls_question_ref(question);
}

static void note_over(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	(void)decider, (void)question, (void)answer;
	all.overs++;
}

static void with_a_decider(void)
{
	static const struct envoi_tls_decider_impl impl = {
		.decide = keep_question, .over = note_over};
	all.decider.impl = &impl;
	assert_int_equal(envoi_tls_config_set_decider(all.client_config, &all.decider), ENVOI_OK);
}

static void a_decision_suspends_the_deadline(void **state)
{
	(void)state;
	for (int accepts = 0; accepts < 2; accepts++) {
		begin("self-signed");
		with_a_decider();
		start(&all.server, ENVOI_RECEIVER, NULL);
		start(&all.client, ENVOI_INITIATOR, "example.org");
		run(300000);
		assert_int_equal(all.client.waits, 1);
		assert_int_equal(all.client.breaks, 0);
		free_channel(&all.server); /* its own deadline is not the subject */
		envoi_tls_question_answer(
			all.question, accepts == 1 ? ENVOI_TLS_ACCEPT_ONCE : ENVOI_TLS_REFUSE);
		run(1000);
		assert_int_equal(all.client.waits, 0);
		assert_int_equal(all.overs, 1);
		assert_int_equal(all.client.breaks, 1);
		assert_int_equal(all.client.code,
			accepts == 1 ? ENVOI_ERR_DISCONNECTED : ENVOI_ERR_CERTIFICATE);
		finish();
	}
}

static void a_decision_has_a_deadline(void **state)
{
	(void)state;
	begin("self-signed");
	with_a_decider();
	connect_both("example.org");
	assert_int_equal(all.client.waits, 1);
	run(600000);
	assert_int_equal(all.client.breaks, 1);
	assert_int_equal(all.client.code, ENVOI_ERR_TIMEOUT);
	free_channel(&all.client);
	assert_int_equal(all.overs, 1);
	assert_int_equal(
		envoi_tls_question_answer(all.question, ENVOI_TLS_ACCEPT_ONCE), ENVOI_ERR_STATE);
	finish();
}

static void a_channel_may_be_freed_in_each_event(void **state)
{
	(void)state;
	for (int event = RECEIVED; event <= WAITING; event++) {
		begin(event == WAITING ? "self-signed" : "right");
		with_a_decider();
		all.client.frees_at = (enum event)event;
		start(&all.server, ENVOI_RECEIVER, NULL);
		start(&all.client, ENVOI_INITIATOR, "example.org");
		run(1000);
		if (all.client.channel != NULL) {
			if (event == BROKEN) {
				free_channel(&all.server);
			} else {
				send_text(&all.server, "hello", 5);
				all.server.channel->impl->shut_down(all.server.channel);
			}
		}
		run(1000);
		assert_null(all.client.channel);
		finish();
	}
}

static void a_malformed_name_is_refused_and_the_channel_freed(void **state)
{
	(void)state;
	struct envoi_channel *lower, *channel;
	begin("right");
	const struct envoi_tls_channel_options options = {
		.tls = all.client_config, .role = ENVOI_INITIATOR, .server_name = ""};
	assert_int_equal(envoi_memory_channel_new(&lower, all.pair, ENVOI_MEMORY_A), ENVOI_OK);
	assert_int_equal(
		envoi_tls_channel_new(&channel, all.context, lower, &options), ENVOI_ERR_INVALID);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways_after_the_handshake),
		cmocka_unit_test(an_end_is_shown_to_the_peer_in_order),
		cmocka_unit_test(an_end_without_close_notify_is_a_failure),
		cmocka_unit_test(input_that_is_not_wanted_waits),
		cmocka_unit_test(much_is_sent_in_parts),
		cmocka_unit_test(much_is_sent_where_the_lower_channel_takes_all),
		cmocka_unit_test(a_wrong_certificate_is_refused),
		cmocka_unit_test(a_silent_peer_has_a_deadline),
		cmocka_unit_test(a_decision_suspends_the_deadline),
		cmocka_unit_test(a_decision_has_a_deadline),
		cmocka_unit_test(a_channel_may_be_freed_in_each_event),
		cmocka_unit_test(a_malformed_name_is_refused_and_the_channel_freed),
	};
	return cmocka_run_group_tests_name("transport/tls_channel", tests, NULL, NULL);
}
