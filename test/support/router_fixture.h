/*
 * envoi - tests: a router without session, and handlers whose actions a test sets
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_ROUTER_FIXTURE_H
#define TEST_ROUTER_FIXTURE_H

#include "router/router.h"
#include "test_allocator.h"

struct router_fixture {
	struct envoi__router_host host;
	struct envoi_context *context; /* on the allocator below */
	struct envoi_context *other; /* of the texts */
	struct envoi__router router; /* three promises at most */
	struct envoi_buffer sent, unhandled, asked; /* see stanzas.h: written_text() */
	bool is_full; /* nothing can be sent */
	uint64_t epoch;
	struct test_allocator allocator;
	unsigned int sent_count, dropped_count;
};

int router_setup(void **state);
int router_teardown(void **state);

/** A handler that writes its letter to @p asked, acts, and returns the given code. */
struct probe {
	struct envoi_handler base;
	struct envoi_handler_impl impl;
	struct envoi_stanza_row rows[6]; /* to be filled in; @p handle is */
	struct envoi__member *member;
	struct router_fixture *f;
	char letter;
	int returns;
	void (*act)(struct probe *probe, struct envoi_delivery *in);
	struct probe *other; /* for acts, as all below */
	struct envoi_promise *promise;
	const void *payload;
	int code;
};

void probe_init(struct probe *probe, struct router_fixture *f, char letter);
void probe_add(struct probe *probe);
void probe_remove(struct probe *probe);
/** What rows of probes call. */
int probe_on_stanza(struct envoi_handler *self, struct envoi_delivery *in);

/** Route a stanza; @p asked is what it asked. */
void route(struct router_fixture *f, const char *xml);
/** Routes a stanza while the n-th allocation fails, from 1. @return whether there were so many */
bool route_without_memory(struct router_fixture *f, const char *xml, size_t n);
void route_as(struct router_fixture *f, const char *xml, bool is_logged_in);

/** A request from a@b/c with id 1. */
extern const char get_time[];

/** Assert that one error with that condition was sent in answer to it. */
void assert_sent_error(struct router_fixture *f, const char *condition);
void forget_all(struct router_fixture *f);

#endif
