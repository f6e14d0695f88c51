/*
 * envoi - dialing in virtual time, over a scripted resolver and a scripted network
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_DIAL_FIXTURE_H
#define ENVOI_TEST_DIAL_FIXTURE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/mainloop.h>

#include "scripted_network.h"
#include "scripted_resolver.h"

#define XMPP "_xmpp-client._tcp.example.org"
#define XMPPS "_xmpps-client._tcp.example.org"
#define NEVER UINT64_MAX
#define BOTH_ROUTES (ENVOI_ROUTE_STARTTLS | ENVOI_ROUTE_DIRECT)

/** To change before dial_fixture_start(): @p options, and what makes it fail. */
struct dial_fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_resolver *resolver;
	struct scripted_network network;
	struct envoi_dial *dial;
	struct envoi_dial_options options;
	int fds_before;

	int calls;
	char result[400]; /* "250 host.example 192.0.2.1:5222 starttls" */
	struct envoi_failure failure;
	char logged[400]; /* warnings */
	bool frees_in_callback;
	size_t allocations_left; /* 0: no limit */
	bool allocation_failed;
};

/** For cmocka: set up and tear down, which asserts that nothing was left. */
int dial_fixture_setup(void **state);
int dial_fixture_teardown(void **state);

/** Begin, for tests that run the loop themselves. */
void dial_fixture_start(struct dial_fixture *f);

/** Forget the last dial: the next may begin. */
void dial_fixture_end(struct dial_fixture *f);

/** Dial until the end. @return f->result */
const char *dial(struct dial_fixture *f, const struct scripted_answer *answers,
	const struct scripted_host *hosts);

/** For envoi_dial_new(), with the fixture: what dial_fixture_start() uses. */
void dial_fixture_done(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure);

#endif
