/*
 * envoi - benchmarks: how costs grow: what a session holds
 * SPDX-License-Identifier: MIT
 */
#include "growth.h"

#include <stdio.h>
#include <string.h>

#include <envoi/delivery.h>
#include <envoi/request.h>
#include <envoi/stanza.h>
#include <envoi/watch.h>

static void raise_counts(size_t size)
{
	(void)size;
	bench_check(envoi_client_set(world.client, "limits.requests", "1000000"));
	bench_check(envoi_client_set(world.client, "limits.deferred", "1000000"));
	bench_check(envoi_client_set(world.client, "limits.outbox-stanzas", "1000000"));
	bench_check(envoi_client_set(world.client, "limits.outbox-bytes", "1g"));
	bench_check(envoi_client_set(world.client, "limits.output-bytes", "1g"));
	bench_check(envoi_client_set(world.client, "limits.roster-items", "1000000"));
	bench_check(envoi_client_set(world.client, "limits.stanza-bytes", "100m"));
}

static unsigned int answers;

static void on_answer(void *user, const struct envoi_answer *answer)
{
	(void)user, (void)answer;
	answers++;
}

static void ask(size_t size)
{
	(void)size;
	struct envoi_stanza *iq = envoi_iq_new(world.context, ENVOI_IQ_GET, NULL);
	envoi_element_add(envoi_stanza_element(iq), "urn:bench", "query");
	bench_check(envoi_request(growth_session(), iq, NULL, 10000000, on_answer, NULL, NULL));
}

/* The server answers the first request of a piece. */
static void ask_many(size_t size)
{
	for (size_t i = 0; i <= size; i++) {
		ask(0);
	}
	growth_receive(0);
}

static void ask_once(size_t size)
{
	unsigned int before = answers;
	ask(size);
	growth_receive(0);
	bench_check(answers == before + 1 ? ENVOI_OK : ENVOI_ERR_STATE);
}

static struct envoi_promise *last_promise;

static int defer(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_delivery_defer(in, &last_promise);
}

static const struct envoi_stanza_row deferring_rows[] = {
	{.kind = ENVOI_IQ_GET, .ns = "urn:bench", .name = "query", .handle = defer},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl deferring_impl = {.stanzas = deferring_rows};
static struct envoi_handler deferring = ENVOI_HANDLER(&deferring_impl);

static void say_request(size_t number)
{
	char xml[256];
	snprintf(xml, sizeof(xml),
		"<iq type='get' id='i%zu' from='bob@example.org/home'><query "
		"xmlns='urn:bench'/></iq>",
		number);
	bench_say(xml);
}

static void defer_many(size_t size)
{
	bench_check(envoi_client_add(world.client, &deferring));
	for (size_t i = 0; i < size; i++) {
		say_request(i);
	}
	growth_receive(0);
}

static void answer_one(size_t size)
{
	(void)size;
	growth_receive(0);
	bench_check(envoi_promise_result(last_promise, NULL, NULL));
	growth_receive(0);
}

static void manage_stream(size_t size)
{
	raise_counts(size);
	world.is_managed = true;
	world.withholds = true;
}

static void send_one(size_t size)
{
	(void)size;
	bench_check(envoi_send_text(growth_session(), "bob@example.org/home", "hello", NULL));
	growth_receive(0);
}

static void send_many(size_t size)
{
	for (size_t i = 0; i < size; i++) {
		bench_check(
			envoi_send_text(growth_session(), "bob@example.org/home", "hello", NULL));
	}
	growth_receive(0);
}

/* --- roster, timers --- */

static char *roster_items;

static void make_roster(size_t size)
{
	raise_counts(size);
	char *at = roster_items = growth_allocate(size + 2, 128);
	at = stpcpy(at, "<query xmlns='jabber:iq:roster'>");
	for (size_t i = 0; i < size; i++) {
		at += sprintf(at,
			"<item jid='contact%zu@example.org' name='Contact %zu' "
			"subscription='both'><group>Friends</group></item>",
			i, i);
	}
	stpcpy(at, "</query>");
	world.roster = roster_items;
}

static void say_push(size_t size)
{
	char xml[256];
	snprintf(xml, sizeof(xml),
		"<iq type='set' id='p' to='alice@example.org/desk'><query "
		"xmlns='jabber:iq:roster'><item jid='contact%zu@example.org' name='Another' "
		"subscription='both'/></query></iq>",
		size / 2);
	bench_say(xml);
}

void growth_log_in(size_t size)
{
	(void)size;
	bench_log_in();
}

static struct envoi_timer *timers;

static void on_time(struct envoi_timer *timer)
{
	(void)timer;
}

static void start_many(size_t size)
{
	timers = growth_allocate(size + 1, sizeof(*timers));
	for (size_t i = 1; i <= size; i++) {
		envoi_timer_start(&timers[i], world.loop, 100000000 + i * 7919 % 1000, on_time);
	}
}

static void restart_timer(size_t size)
{
	envoi_timer_start(&timers[0], world.loop, 100000000 + size % 1000, on_time);
	envoi_timer_stop(&timers[0]);
}

const struct curve growth_of_load[] = {
	{"requests", raise_counts, ask_many, ask_once, NULL}, /* pending beside one more */
	{"deferred", raise_counts, defer_many, answer_one, say_request}, /* beside one more */
	{"outbox", manage_stream, send_many, send_one, NULL}, /* unacknowledged beside one more */
	{"roster", make_roster, NULL, growth_log_in, NULL}, /* contacts of a login */
	{"push", make_roster, NULL, growth_receive, say_push}, /* contacts beside a changed one */
	{"timers", NULL, start_many, restart_timer, NULL}, /* running beside one more */
	{.name = NULL},
};
