/*
 * envoi - two transports that are connected, and the events of their sinks
 * SPDX-License-Identifier: MIT
 */
#include "transport_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <envoi/config.h>
#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/tcp.h>
#include <envoi/tls.h>

#include "bosh_pair.h"
#include "fd_channel.h"
#include "proxied_channel.h"
#include "transport/bytestream/framing.h"
#include "websocket_framing.h"

const struct transport_kind transport_kinds[] = {
	{.name = "memory"},
	{.name = "memory, byte by byte", .piece_bytes = 1},
	{.name = "memory with TLS", .has_tls = true},
	{.name = "memory with TLS, byte by byte", .has_tls = true, .piece_bytes = 1},
	{.name = "tcp", .is_tcp = true},
	{.name = "tcp with TLS", .is_tcp = true, .has_tls = true},
	{.name = "tcp on libevent", .is_tcp = true, .has_libevent = true},
	{.name = "channel", .is_tcp = true, .is_channel = true},
	{.name = "channel with TLS", .is_tcp = true, .is_channel = true, .has_tls = true},
	{.name = "socks5", .is_tcp = true, .is_proxied = true, .is_socks = true},
	{.name = "socks5 with TLS",
		.is_tcp = true,
		.is_proxied = true,
		.is_socks = true,
		.has_tls = true},
#if ENVOI_HAS_WEB
	{.name = "connect", .is_tcp = true, .is_proxied = true},
	{.name = "connect with TLS", .is_tcp = true, .is_proxied = true, .has_tls = true},
#endif
#if ENVOI_HAS_WEBSOCKET
	{.name = "websocket", .is_framed = true},
	{.name = "websocket, byte by byte", .is_framed = true, .piece_bytes = 1},
#endif
#if ENVOI_HAS_BOSH
	{.name = "bosh", .is_bosh = true},
#endif
	{.name = NULL},
};

static struct transport_side *side_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct transport_side, sink);
}

static void keep(struct transport_side *side, int r)
{
	side->log_failed |= r < 0;
}

static void act(struct transport_side *side, enum transport_event event)
{
	side->told_after_close |= side->closes > (event == EVENT_CLOSED ? 1 : 0);
	if (side->act == ACT_NOTHING || side->acted || side->act_at != event) {
		return;
	}
	side->acted = true;
	switch (side->act) {
	case ACT_DESTROY:
		envoi_transport_destroy(side->transport);
		side->transport = NULL;
		break;
	case ACT_ABORT:
		side->transport->impl->abort(side->transport, NULL);
		break;
	case ACT_CLOSE:
		side->transport->impl->close(side->transport, 1000);
		break;
	case ACT_NOTHING:
		break;
	}
}

static void note(struct transport_side *side, const char *key, const char *value)
{
	if (value != NULL) {
		keep(side, envoi_buffer_printf(&side->log, " %s=%s", key, value));
	}
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	struct transport_side *side = side_of(sink);
	keep(side, envoi_buffer_append_text(&side->log, "opened"));
	note(side, "from", head->from);
	note(side, "to", head->to);
	note(side, "id", head->id);
	note(side, "lang", head->lang);
	note(side, "version", head->version);
	note(side, "ns", head->content_ns);
	keep(side, envoi_buffer_append_text(&side->log, "\n"));
	act(side, EVENT_OPENED);
}

static void on_end_of_turn(struct envoi_deferred *deferred)
{
	ENVOI_CONTAINER_OF(deferred, struct transport_side, end_of_turn)->in_this_turn = 0;
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	struct transport_side *side = side_of(sink);
	side->elements++;
	if (++side->in_this_turn > side->most_in_a_turn) {
		side->most_in_a_turn = side->in_this_turn;
	}
	envoi_deferred_post(&side->end_of_turn, side->pair->loop, on_end_of_turn);
	keep(side, envoi_buffer_append_text(&side->log, "element "));
	keep(side, envoi_xml_write(&side->log, element, "jabber:client"));
	keep(side, envoi_buffer_append_text(&side->log, "\n"));
	if (side->at_element != NULL) {
		side->result = side->at_element(side);
		if (side->first_result == ENVOI_OK) {
			side->first_result = side->result;
		}
	}
	act(side, EVENT_ELEMENT);
}

static void on_ended(struct envoi_transport_sink *sink)
{
	struct transport_side *side = side_of(sink);
	keep(side, envoi_buffer_append_text(&side->log, "ended\n"));
	act(side, EVENT_ENDED);
}

static void on_secured(struct envoi_transport_sink *sink)
{
	struct transport_side *side = side_of(sink);
	side->secures++;
	keep(side, envoi_buffer_append_text(&side->log, "secured\n"));
	act(side, EVENT_SECURED);
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	struct transport_side *side = side_of(sink);
	side->written += (int)count;
	keep(side, envoi_buffer_printf(&side->log, "written %d\n", (int)count));
	act(side, EVENT_WRITTEN);
}

static void on_drained(struct envoi_transport_sink *sink)
{
	struct transport_side *side = side_of(sink);
	side->drains++;
	act(side, EVENT_DRAINED);
}

static void on_activity(struct envoi_transport_sink *sink)
{
	struct transport_side *side = side_of(sink);
	side->activities++;
	act(side, EVENT_ACTIVITY);
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	struct transport_side *side = side_of(sink);
	side->closes++;
	envoi_failure_finish(&side->why);
	envoi_failure_copy(&side->why, why);
	keep(side,
		envoi_buffer_printf(&side->log, "closed %d%s%s\n", why->code,
			why->condition[0] != '\0' ? " " : "", why->condition));
	act(side, EVENT_CLOSED);
}

static const struct envoi_transport_sink_impl sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.ended = on_ended,
	.secured = on_secured,
	.written = on_written,
	.drained = on_drained,
	.activity = on_activity,
	.closed = on_closed,
};

static void init_side(struct transport_side *side, struct transport_pair *pair)
{
	side->sink.impl = &sink_impl;
	side->pair = pair;
	envoi_buffer_init(&side->log, pair->context, 0);
}

void transport_pair_set_pieces(struct transport_pair *pair, size_t piece_bytes)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.piece_bytes = piece_bytes;
	if (pair->kind->piece_bytes > 0) {
		envoi_memory_pair_script(pair->memory, ENVOI_MEMORY_A, &script);
		envoi_memory_pair_script(pair->memory, ENVOI_MEMORY_B, &script);
	}
}

static void make_memory(struct transport_pair *pair, const struct envoi_settings *settings)
{
	assert_int_equal(envoi_memory_pair_new(&pair->memory, pair->context), ENVOI_OK);
	transport_pair_set_pieces(pair, pair->kind->piece_bytes);
	assert_int_equal(envoi_memory_transport_new(
				 &pair->a.transport, pair->memory, ENVOI_MEMORY_A, settings, false),
		ENVOI_OK);
	assert_int_equal(envoi_memory_transport_new(
				 &pair->b.transport, pair->memory, ENVOI_MEMORY_B, settings, false),
		ENVOI_OK);
}

#if ENVOI_HAS_WEBSOCKET

/* Both have changed from HTTP already. */
static void make_framed(struct transport_pair *pair, struct transport_side *side, int end,
	const struct envoi_settings *settings)
{
	struct envoi_channel_options options;
	struct envoi_channel *channel;
	struct envoi__framing *framing;
	enum envoi_role role = end == ENVOI_MEMORY_A ? ENVOI_INITIATOR : ENVOI_RECEIVER;
	assert_int_equal(envoi_channel_options_read(&options, pair->context, settings), ENVOI_OK);
	assert_int_equal(envoi_memory_channel_new(&channel, pair->memory, end), ENVOI_OK);
	assert_int_equal(
		envoi_channel_transport_new(&side->transport, pair->context, channel, &options),
		ENVOI_OK);
	assert_int_equal(
		envoi__websocket_framing_new(&framing, pair->context, role, NULL), ENVOI_OK);
	assert_int_equal(envoi__byte_stream_frame(side->transport, framing), ENVOI_OK);
}

static void make_websockets(struct transport_pair *pair, const struct envoi_settings *settings)
{
	assert_int_equal(envoi_memory_pair_new(&pair->memory, pair->context), ENVOI_OK);
	transport_pair_set_pieces(pair, pair->kind->piece_bytes);
	make_framed(pair, &pair->a, ENVOI_MEMORY_A, settings);
	make_framed(pair, &pair->b, ENVOI_MEMORY_B, settings);
}

#else

static void make_websockets(struct transport_pair *pair, const struct envoi_settings *settings)
{
	(void)pair;
	(void)settings;
}

#endif

#if ENVOI_HAS_BOSH

static void on_receiving(void *user, struct envoi_transport *receiving)
{
	struct transport_pair *pair = user;
	pair->b.transport = receiving;
	assert_int_equal(envoi_transport_start(receiving, &pair->b.sink), ENVOI_OK);
}

static void make_bosh(struct transport_pair *pair, const struct envoi_settings *settings)
{
	pair->bosh = bosh_pair_new(pair->context, settings, &pair->a.transport, on_receiving, pair);
}

#else

static void make_bosh(struct transport_pair *pair, const struct envoi_settings *settings)
{
	(void)pair;
	(void)settings;
}

void bosh_pair_free(struct bosh_pair *pair)
{
	(void)pair;
}

#endif

static void make_sockets(struct transport_pair *pair, const struct envoi_settings *settings)
{
	int fds[2];
	int (*make)(struct envoi_transport **, struct envoi_context *, int,
		const struct envoi_settings *) = pair->kind->is_channel ? fd_channel_transport_new
									: envoi_tcp_transport_new;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(make(&pair->a.transport, pair->context, fds[0], settings), ENVOI_OK);
	assert_int_equal(make(&pair->b.transport, pair->context, fds[1], settings), ENVOI_OK);
}

static void make_proxied(struct transport_pair *pair, const struct envoi_settings *settings)
{
	int fd;
	struct envoi_channel_options options;
	struct envoi_channel *channel = proxied_channel_new(
		pair->context, pair->kind->is_socks, &fd);
	assert_int_equal(envoi_channel_options_read(&options, pair->context, settings), ENVOI_OK);
	assert_int_equal(
		envoi_channel_transport_new(&pair->a.transport, pair->context, channel, &options),
		ENVOI_OK);
	assert_int_equal(
		envoi_tcp_transport_new(&pair->b.transport, pair->context, fd, settings), ENVOI_OK);
}

static void make_configs(struct transport_pair *pair)
{
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, pair->context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&pair->trust, pair->context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	assert_int_equal(envoi_tls_config_new_server(&pair->certificate, pair->context,
				 TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
}

static struct envoi_settings *make_settings(struct transport_pair *pair)
{
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, pair->context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set_int(settings, "limits.output-bytes", TRANSPORT_PAIR_OUTPUT),
		ENVOI_OK);
	assert_int_equal(
		envoi_settings_set_int(settings, "loop.slice-stanzas", TRANSPORT_PAIR_SLICE),
		ENVOI_OK);
	return settings;
}

static void make_loop(struct transport_pair *pair)
{
	int r = pair->kind->has_libevent ? envoi_loop_new_libevent(&pair->loop, pair->context, NULL)
		: pair->kind->is_tcp     ? envoi_loop_new_poll(&pair->loop, pair->context)
					 : envoi_loop_new_simulated(&pair->loop, pair->context);
	assert_int_equal(r, ENVOI_OK);
}

void transport_pair_init_plain(struct transport_pair *pair, const struct transport_kind *kind)
{
	*pair = (struct transport_pair){.kind = kind};
	assert_int_equal(envoi_context_new(&pair->context, NULL), ENVOI_OK);
	make_loop(pair);
	assert_int_equal(envoi_context_take_loop(pair->context, pair->loop), ENVOI_OK);
	init_side(&pair->a, pair);
	init_side(&pair->b, pair);
	make_configs(pair);
	struct envoi_settings *settings = make_settings(pair);
	if (kind->is_proxied) {
		make_proxied(pair, settings);
	} else if (kind->is_tcp) {
		make_sockets(pair, settings);
	} else if (kind->is_bosh) {
		make_bosh(pair, settings);
	} else if (kind->is_framed) {
		make_websockets(pair, settings);
	} else {
		make_memory(pair, settings);
	}
	envoi_settings_free(settings);
	assert_int_equal(envoi_transport_start(pair->a.transport, &pair->a.sink), ENVOI_OK);
	if (pair->b.transport != NULL) {
		assert_int_equal(envoi_transport_start(pair->b.transport, &pair->b.sink), ENVOI_OK);
	}
}

int transport_pair_start_tls(struct transport_pair *pair, const char *name)
{
	int r = pair->a.transport->impl->start_tls(
		pair->a.transport, ENVOI_INITIATOR, pair->trust, name);
	if (r == ENVOI_OK) {
		r = pair->b.transport->impl->start_tls(
			pair->b.transport, ENVOI_RECEIVER, pair->certificate, NULL);
	}
	return r;
}

void transport_pair_init(struct transport_pair *pair, const struct transport_kind *kind)
{
	transport_pair_init_plain(pair, kind);
	if (kind->has_tls) {
		assert_int_equal(transport_pair_start_tls(pair, "example.org"), ENVOI_OK);
		transport_pair_run(pair);
		transport_side_expect(&pair->a, "secured\n");
		transport_side_expect(&pair->b, "secured\n");
		transport_side_forget(&pair->a);
		transport_side_forget(&pair->b);
	}
}

static void finish_side(struct transport_side *side)
{
	envoi_transport_destroy(side->transport);
	envoi_deferred_cancel(&side->end_of_turn);
	envoi_buffer_finish(&side->log);
	envoi_failure_finish(&side->why);
}

void transport_pair_finish(struct transport_pair *pair)
{
	finish_side(&pair->a);
	finish_side(&pair->b);
	bosh_pair_free(pair->bosh);
	envoi_memory_pair_unref(pair->memory);
	envoi_tls_config_unref(pair->trust);
	envoi_tls_config_unref(pair->certificate);
	envoi_context_unref(pair->context);
	*pair = (struct transport_pair){0};
}

/* Sockets in one process answer at once: so many turns are more than any case needs. */
void transport_pair_run(struct transport_pair *pair)
{
	if (!pair->kind->is_tcp) {
		assert_int_equal(envoi_loop_simulated_run_for(pair->loop, 10000), ENVOI_OK);
		return;
	}
	int r = ENVOI_OK;
	for (int i = 0; i < 500 && r == ENVOI_OK; i++) {
		r = envoi_loop_run_once(pair->loop, false);
	}
	assert_true(r >= 0);
}

void transport_side_expect(struct transport_side *side, const char *log)
{
	assert_false(side->log_failed);
	assert_int_equal(envoi_buffer_append(&side->log, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&side->log), log);
	envoi_buffer_truncate(&side->log, envoi_buffer_len(&side->log) - 1);
}

void transport_side_forget(struct transport_side *side)
{
	envoi_buffer_finish(&side->log);
}
