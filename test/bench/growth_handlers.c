/*
 * envoi - benchmarks: how costs grow: handlers
 * SPDX-License-Identifier: MIT
 */
#include "growth.h"

#include <stdio.h>

#include <envoi/delivery.h>
#include <envoi/handler.h>

enum {
	TEXT = 64, /* of a namespace name */
};

struct many {
	struct envoi_handler handler;
	struct envoi_handler_impl impl;
	struct envoi_stanza_row rows[2];
	struct envoi_filters filters;
	char ns[TEXT];
};

static struct many *many;
static size_t added;

static int decline(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self, (void)in;
	return ENVOI_DECLINED;
}

static int pass(struct envoi_handler *self, struct envoi_session *of, struct envoi_stanza *passed)
{
	(void)self, (void)of, (void)passed;
	return ENVOI_OK;
}

static void make_many(size_t size)
{
	many = growth_allocate(size, sizeof(*many));
	for (size_t i = 0; i < size; i++) {
		struct many *one = &many[i];
		snprintf(one->ns, sizeof(one->ns), "urn:absent:%zu", i);
		one->rows[0] = (struct envoi_stanza_row){.kind = ENVOI_MESSAGE,
			.ns = one->ns,
			.name = "a",
			.priority = (int)i,
			.handle = decline};
		one->filters = (struct envoi_filters){.stanza_in = pass};
		one->impl.stanzas = one->rows;
		one->handler = (struct envoi_handler)ENVOI_HANDLER(&one->impl);
	}
}

/* All rows are for every message. */
static void make_rising(size_t size)
{
	make_many(size);
	for (size_t i = 0; i < size; i++) {
		many[i].rows[0].ns = many[i].rows[0].name = NULL;
	}
}

static void make_filters(size_t size)
{
	make_many(size);
	for (size_t i = 0; i < size; i++) {
		many[i].impl.stanzas = NULL;
		many[i].impl.filters = &many[i].filters;
	}
}

static void make_silent(size_t size)
{
	make_many(size);
	for (size_t i = 0; i < size; i++) {
		many[i].impl.stanzas = NULL;
	}
}

static void add_many(size_t size)
{
	for (added = 0; added < size; added++) {
		bench_check(envoi_client_add(world.client, &many[added].handler));
	}
}

static void remove_many(size_t size)
{
	(void)size;
	while (added > 0) {
		envoi_client_remove(world.client, &many[--added].handler);
	}
	growth_receive(0);
}

static void begin_handlers(size_t size)
{
	make_many(size);
	add_many(size);
	growth_make_small(0);
}

static void begin_filters(size_t size)
{
	make_filters(size);
	add_many(size);
	growth_make_small(0);
}

static void begin_silent(size_t size)
{
	make_silent(size);
	add_many(size);
}

static void emit(size_t size)
{
	(void)size;
	bench_check(envoi_session_emit(growth_session(), "bench:event", NULL));
}

const struct curve growth_of_handlers[] = {
	{"add-handlers", NULL, make_rising, add_many, remove_many}, /* with rising priority */
	{"add-filters", NULL, make_filters, add_many, remove_many}, /* of one priority */
	{"handlers", NULL, begin_handlers, growth_receive, growth_say}, /* beside a message */
	{"filters", NULL, begin_filters, growth_receive, growth_say}, /* that a message passes */
	{"events", NULL, begin_silent, emit, NULL}, /* handlers without a row for an event */
	{.name = NULL},
};
