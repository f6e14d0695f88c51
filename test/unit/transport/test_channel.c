/*
 * envoi - channels: what they are asked for, and in which order
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>

#include "test_allocator.h"

#define HEAD \
	"<stream:stream xmlns='jabber:client' version='1.0' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"

/** A channel that moves nothing, and writes down what is asked of it. */
struct fixture {
	struct envoi_channel channel;
	struct envoi_transport_sink sink;
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_transport *transport;
	char asked[200]; /* "start read disconnect destroy" */
	char told[200]; /* "opened closed" */
	int start_result, want_read_result;
	int code; /* of closed */
	bool frees_when_opened;
};

static void note(char *list, size_t size, const char *word)
{
	size_t len = strlen(list);
	snprintf(list + len, size - len, "%s%s", len > 0 ? " " : "", word);
}

/* --- the channel --- */

static struct fixture *of_channel(struct envoi_channel *channel)
{
	return ENVOI_CONTAINER_OF(channel, struct fixture, channel);
}

static int start(struct envoi_channel *channel)
{
	struct fixture *f = of_channel(channel);
	note(f->asked, sizeof(f->asked), "start");
	return f->start_result;
}

static int send(struct envoi_channel *channel, const char *data, size_t len, size_t *ret_taken)
{
	(void)data;
	note(of_channel(channel)->asked, sizeof(of_channel(channel)->asked), "send");
	*ret_taken = len;
	return ENVOI_OK;
}

static int want_read(struct envoi_channel *channel, bool wanted)
{
	struct fixture *f = of_channel(channel);
	note(f->asked, sizeof(f->asked), wanted ? "read" : "hold");
	return f->want_read_result;
}

static void shut_down(struct envoi_channel *channel)
{
	note(of_channel(channel)->asked, sizeof(of_channel(channel)->asked), "shut-down");
}

static void disconnect(struct envoi_channel *channel)
{
	note(of_channel(channel)->asked, sizeof(of_channel(channel)->asked), "disconnect");
}

static void destroy(struct envoi_channel *channel)
{
	note(of_channel(channel)->asked, sizeof(of_channel(channel)->asked), "destroy");
}

static const char *peer_name(const struct envoi_channel *channel)
{
	(void)channel;
	return "nobody";
}

static const struct envoi_channel_impl impl = {
	.name = "void",
	.start = start,
	.send = send,
	.want_read = want_read,
	.shut_down = shut_down,
	.disconnect = disconnect,
	.destroy = destroy,
	.peer_name = peer_name,
};

/* --- the sink --- */

static struct fixture *of_sink(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct fixture, sink);
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	struct fixture *f = of_sink(sink);
	(void)head;
	note(f->told, sizeof(f->told), "opened");
	if (f->frees_when_opened) {
		envoi_transport_destroy(f->transport);
		f->transport = NULL;
	}
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	(void)element;
	note(of_sink(sink)->told, sizeof(of_sink(sink)->told), "element");
}

static void on_nothing(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	(void)sink;
	(void)count;
}

static void on_activity(struct envoi_transport_sink *sink)
{
	note(of_sink(sink)->told, sizeof(of_sink(sink)->told), "activity");
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	struct fixture *f = of_sink(sink);
	note(f->told, sizeof(f->told), "closed");
	f->code = why->code;
}

static const struct envoi_transport_sink_impl sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.ended = on_nothing,
	.secured = on_nothing,
	.written = on_written,
	.drained = on_nothing,
	.activity = on_activity,
	.closed = on_closed,
};

/* --- fixture --- */

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.channel.impl = &impl, .sink.impl = &sink_impl};
	assert_int_equal(test_allocator_context(&f->context, &f->allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_transport_destroy(f->transport);
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	return 0;
}

static void turn(struct fixture *f)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 10), ENVOI_OK);
}

static int make_transport(struct fixture *f, bool is_secure)
{
	struct envoi_channel_options options;
	assert_int_equal(envoi_channel_options_read(&options, f->context, NULL), ENVOI_OK);
	options.is_secure = is_secure;
	return envoi_channel_transport_new(&f->transport, f->context, &f->channel, &options);
}

static void make(struct fixture *f)
{
	assert_int_equal(make_transport(f, true), ENVOI_OK);
}

static void begin(struct fixture *f)
{
	make(f);
	assert_int_equal(envoi_transport_start(f->transport, &f->sink), ENVOI_OK);
	turn(f);
}

/* --- cases --- */

static void the_transport_is_the_channels_in_name_and_safety(void **state)
{
	struct fixture *f = *state;
	make(f);
	assert_string_equal(f->transport->impl->name, "void");
	assert_string_equal(f->transport->impl->peer_name(f->transport), "nobody");
	assert_true(f->transport->impl->is_secure(f->transport));
	envoi_transport_destroy(f->transport);
	assert_int_equal(make_transport(f, false), ENVOI_OK);
	assert_false(f->transport->impl->is_secure(f->transport));
}

static void receiving_no_bytes_is_nothing(void **state)
{
	struct fixture *f = *state;
	begin(f);
	envoi_channel_received(&f->channel, NULL, 0);
	assert_string_equal(f->told, "");
	envoi_channel_received(&f->channel, HEAD, strlen(HEAD));
	assert_string_equal(f->told, "activity opened");
}

static void a_channel_that_does_not_start_is_a_transport_that_does_not(void **state)
{
	struct fixture *f = *state;
	make(f);
	f->start_result = ENVOI_ERR_SYSTEM;
	assert_int_equal(envoi_transport_start(f->transport, &f->sink), ENVOI_ERR_SYSTEM);
	turn(f);
	assert_string_equal(f->told, "");
}

static void a_channel_that_cannot_be_held_up_ends(void **state)
{
	struct fixture *f = *state;
	begin(f);
	envoi_channel_received(&f->channel, HEAD, strlen(HEAD));
	f->want_read_result = ENVOI_ERR_SYSTEM;
	f->transport->impl->pause(f->transport);
	f->transport->impl->resume(f->transport);
	turn(f);
	assert_string_equal(f->told, "activity opened closed");
	assert_int_equal(f->code, ENVOI_ERR_SYSTEM);
}

static void a_channel_is_destroyed_last_and_once(void **state)
{
	struct fixture *f = *state;
	begin(f);
	envoi_transport_destroy(f->transport);
	f->transport = NULL;
	assert_string_equal(f->asked, "start read disconnect destroy");
	turn(f);
	assert_string_equal(f->asked, "start read disconnect destroy");
}

static void a_channel_is_kept_between_enter_and_leave(void **state)
{
	struct fixture *f = *state;
	begin(f);
	f->frees_when_opened = true;
	envoi_channel_enter(&f->channel);
	envoi_channel_received(&f->channel, HEAD, strlen(HEAD));
	assert_string_equal(f->asked, "start read disconnect");
	envoi_channel_ended(&f->channel);
	envoi_channel_broken(&f->channel, ENVOI_ERR_DISCONNECTED, "late");
	envoi_channel_writable(&f->channel);
	envoi_channel_leave(&f->channel);
	assert_string_equal(f->asked, "start read disconnect destroy");
	assert_string_equal(f->told, "activity opened");
}

static void without_memory_the_channel_is_destroyed(void **state)
{
	struct fixture *f = *state;
	struct envoi_channel_options options;
	assert_int_equal(envoi_channel_options_read(&options, f->context, NULL), ENVOI_OK);
	f->allocator.fail_at = f->allocator.calls + 1;
	assert_int_equal(
		envoi_channel_transport_new(&f->transport, f->context, &f->channel, &options),
		ENVOI_ERR_NOMEM);
	assert_string_equal(f->asked, "disconnect destroy");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_transport_is_the_channels_in_name_and_safety),
		CASE(receiving_no_bytes_is_nothing),
		CASE(a_channel_that_does_not_start_is_a_transport_that_does_not),
		CASE(a_channel_that_cannot_be_held_up_ends),
		CASE(a_channel_is_destroyed_last_and_once),
		CASE(a_channel_is_kept_between_enter_and_leave),
		CASE(without_memory_the_channel_is_destroyed),
	};
	return cmocka_run_group_tests_name("transports/channel", tests, NULL, NULL);
}
