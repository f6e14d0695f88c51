/*
 * envoi - the grid of a component: all that a program may do to it, inside each of its callbacks
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>

#include "component_server.h"
#include "grid.h"

#define ALICE "alice@example.org"
#define BOB "bob@gw.example.org"

enum place {
	IN_CONNECTING,
	IN_CONNECTED,
	IN_STREAM_OPENED,
	IN_AUTHENTICATED,
	IN_STARTED,
	IN_ENDED,
	IN_DISCONNECTED,
	IN_SUSPENDED,
	IN_STOPPED,
	IN_OUTBOX_LOW,
	IN_MESSAGE,
	IN_FILTER_OUT, /* of presence that the component sends by itself */
	IN_REQUESTED,
	IN_PROBED,
	IN_CHANGED,
	PLACES,
};

static const struct grid_place places[] = {
	[IN_CONNECTING] = {"envoi_event_row.handle", "connecting"},
	[IN_CONNECTED] = {"envoi_event_row.handle", "connected"},
	[IN_STREAM_OPENED] = {"envoi_event_row.handle", "stream-opened"},
	[IN_AUTHENTICATED] = {"envoi_event_row.handle", "authenticated"},
	[IN_STARTED] = {"envoi_event_row.handle", "started"},
	[IN_ENDED] = {"envoi_event_row.handle", "ended"},
	[IN_DISCONNECTED] = {"envoi_event_row.handle", "disconnected"},
	[IN_SUSPENDED] = {"envoi_event_row.handle", "suspended"},
	[IN_STOPPED] = {"envoi_event_row.handle", "stopped"},
	[IN_OUTBOX_LOW] = {"envoi_event_row.handle", "outbox-low"},
	[IN_MESSAGE] = {"envoi_stanza_row.handle", "message"},
	[IN_FILTER_OUT] = {"envoi_filters.stanza_out", "presence of an own address"},
	[IN_REQUESTED] = {"envoi_component_presence_hook_impl.requested", "a request"},
	[IN_PROBED] = {"envoi_component_presence_hook_impl.requested", "a probe"},
	[IN_CHANGED] = {"envoi_component_presence_hook_impl.changed", "an approval"},
};

struct world {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct component_server server;
	struct envoi_component *component; /* NULL: freed */
	struct envoi_handler handler;
	struct envoi_component_presence_hook hook;
	unsigned int after_free; /* callbacks that came though the component was freed */
};

static void visit(struct world *world, enum place place)
{
	world->after_free += world->component == NULL && place != IN_ENDED &&
		place != IN_DISCONNECTED && place != IN_STOPPED;
	grid_visit(place, world);
}

/* --- what is done --- */

static void act_free(void *data)
{
	struct world *world = data;
	struct envoi_component *component = world->component;
	world->component = NULL;
	envoi_component_free(component);
}

static void act_disconnect(void *data)
{
	struct world *world = data;
	if (world->component != NULL) {
		envoi_component_disconnect(world->component);
	}
}

static void act_disconnect_and_free(void *data)
{
	act_disconnect(data);
	act_free(data);
}

static void act_connect(void *data)
{
	struct world *world = data;
	if (world->component != NULL) {
		int r = envoi_component_connect(world->component);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_STATE);
	}
}

static void act_cut(void *data)
{
	struct world *world = data;
	if (world->server.count > 0) {
		envoi_memory_pair_cut(component_server_last(&world->server)->pair);
	}
}

static void act_remove_handler(void *data)
{
	struct world *world = data;
	if (world->component != NULL) {
		envoi_component_remove(world->component, &world->handler);
	}
}

static void act_go_unavailable(void *data)
{
	struct world *world = data;
	if (world->component != NULL) {
		assert_int_equal(
			envoi_component_set_presence(world->component, BOB "/1", NULL), ENVOI_OK);
	}
}

static void act_refuse(void *data)
{
	struct world *world = data;
	if (world->component != NULL) {
		(void)envoi_component_refuse(world->component, BOB, ALICE);
	}
}

static void act_forget(void *data)
{
	struct world *world = data;
	if (world->component != NULL) {
		assert_int_equal(envoi_component_load_subscription(world->component, BOB, ALICE, 0),
			ENVOI_OK);
	}
}

static const struct grid_act acts[] = {
	{"free", act_free},
	{"disconnect", act_disconnect},
	{"disconnect and free", act_disconnect_and_free},
	{"connect", act_connect},
	{"cut", act_cut},
	{"remove the handler", act_remove_handler},
	{"become unavailable", act_go_unavailable},
	{"refuse the contact", act_refuse},
	{"forget the contact", act_forget},
};

/* --- where --- */

static struct world *of_handler(struct envoi_handler *self)
{
	return ENVOI_CONTAINER_OF(self, struct world, handler);
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	static const struct {
		enum envoi_event_type type;
		enum place place;
	} rows[] = {
		{ENVOI_EVENT_CONNECTING, IN_CONNECTING},
		{ENVOI_EVENT_CONNECTED, IN_CONNECTED},
		{ENVOI_EVENT_STREAM_OPENED, IN_STREAM_OPENED},
		{ENVOI_EVENT_AUTHENTICATED, IN_AUTHENTICATED},
		{ENVOI_EVENT_STARTED, IN_STARTED},
		{ENVOI_EVENT_ENDED, IN_ENDED},
		{ENVOI_EVENT_DISCONNECTED, IN_DISCONNECTED},
		{ENVOI_EVENT_SUSPENDED, IN_SUSPENDED},
		{ENVOI_EVENT_STOPPED, IN_STOPPED},
		{ENVOI_EVENT_OUTBOX_LOW, IN_OUTBOX_LOW},
	};
	for (size_t i = 0; i < GRID_COUNT(rows); i++) {
		if (rows[i].type == event->type) {
			visit(of_handler(self), rows[i].place);
			return;
		}
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	visit(of_handler(self), IN_MESSAGE);
	return ENVOI_OK;
}

static int on_out(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	if (envoi_stanza_kind(stanza) == ENVOI_PRESENCE) {
		visit(of_handler(self), IN_FILTER_OUT);
	}
	return ENVOI_OK;
}

static const struct envoi_event_row event_rows[] = {
	{ENVOI_EVERY_EVENT, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_stanza_row stanza_rows[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_filters filters = {.stanza_out = on_out};
static const struct envoi_handler_impl handler_impl = {
	.name = "bomb",
	.events = event_rows,
	.stanzas = stanza_rows,
	.filters = &filters,
};

static enum envoi_component_verdict on_requested(struct envoi_component_presence_hook *hook,
	struct envoi_component *component, const struct envoi_jid *own,
	const struct envoi_jid *contact, bool is_probe)
{
	(void)component;
	(void)own;
	(void)contact;
	visit(ENVOI_CONTAINER_OF(hook, struct world, hook), is_probe ? IN_PROBED : IN_REQUESTED);
	return ENVOI_COMPONENT_APPROVE;
}

static void on_changed(struct envoi_component_presence_hook *hook,
	struct envoi_component *component, const struct envoi_jid *own,
	const struct envoi_jid *contact, unsigned int subscription)
{
	(void)component;
	(void)own;
	(void)contact;
	(void)subscription;
	visit(ENVOI_CONTAINER_OF(hook, struct world, hook), IN_CHANGED);
}

static const struct envoi_component_presence_hook_impl hook_impl = {on_requested, on_changed};

/* --- a play --- */

static void run(struct world *world, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(world->loop, ms), ENVOI_OK);
}

/* Long, so that they fill transport and outbox. */
static void set_available(struct world *world)
{
	static char status[12000];
	struct envoi_stanza *presence = envoi_presence_new(
		world->context, ENVOI_TYPE_AVAILABLE, NULL);
	memset(status, 'x', sizeof(status) - 1);
	(void)envoi_presence_set_status(presence, NULL, status);
	for (int i = 0; i < 8; i++) {
		char own[64];
		snprintf(own, sizeof(own), BOB "/%d", i);
		assert_int_equal(
			envoi_component_set_presence(world->component, own, presence), ENVOI_OK);
	}
	envoi_stanza_unref(presence);
}

static void make_component(struct world *world)
{
	struct envoi_component *component;
	assert_int_equal(
		envoi_component_new(&component, world->context, "gw.example.org"), ENVOI_OK);
	world->component = component;
	envoi_component_set(component, "reconnect.initial", "true");
	envoi_component_set(component, "limits.outbox-stanzas", "4");
	envoi_component_set(component, "limits.output-bytes", "64k");
	envoi_component_set_secret(component, "secret");
	envoi_component_add(component, &world->handler);
	envoi_component_add_connector(component, component_server_connector(&world->server));
	envoi_component_set_presence_hook(component, &world->hook);
	set_available(world);
	assert_int_equal(envoi_component_load_subscription(
				 component, BOB, "carol@example.org", ENVOI_COMPONENT_FROM),
		ENVOI_OK);
	assert_int_equal(envoi_component_connect(component), ENVOI_OK);
}

/* If the component is there and online. */
static void receive(struct world *world, const char *xml)
{
	struct envoi_stream *stream = world->server.count == 0
		? NULL
		: component_server_last(&world->server)->recorder.stream;
	if (stream != NULL) {
		int r = envoi_stream_send(stream, xml, strlen(xml));
		(void)r; /* it may be closed */
	}
	run(world, 100);
}

static void play(const struct grid *its)
{
	(void)its;
	struct world world = {.handler = ENVOI_HANDLER(&handler_impl), .hook = {&hook_impl}};
	assert_int_equal(envoi_context_new(&world.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&world.loop, world.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(world.context, world.loop), ENVOI_OK);
	component_server_init(&world.server, world.context);
	make_component(&world);
	run(&world, 1000);
	receive(&world, "<presence type='subscribe' from='" ALICE "' to='" BOB "'/>");
	receive(&world, "<presence type='probe' from='dave@example.org' to='" BOB "'/>");
	receive(&world, "<message from='" ALICE "' to='" BOB "'><body>x</body></message>");
	act_cut(&world);
	run(&world, 30000);
	act_disconnect(&world);
	run(&world, 30000);
	act_free(&world);
	assert_int_equal(world.after_free, 0);
	component_server_finish(&world.server);
	envoi_context_unref(world.context);
}

struct grid grid = {
	.places = places,
	.place_count = GRID_COUNT(places),
	.acts = acts,
	.act_count = GRID_COUNT(acts),
	.play = play,
};

static void everything_may_be_done_in_every_callback(void **state)
{
	(void)state;
	grid_run();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_may_be_done_in_every_callback),
	};
	return cmocka_run_group_tests_name("grid of a component", tests, NULL, NULL);
}
