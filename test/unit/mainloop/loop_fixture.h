/*
 * envoi - every kind of main loop, for cases that all of them pass
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LOOP_FIXTURE_H
#define TEST_LOOP_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

enum loop_kind {
	LIBEVENT,
	ADOPTED,
	POLL,
	SIMULATED,
	HOSTED, /* by a loop of the fixture's own, on poll(2) */
#if defined(HAS_GLIB)
	GLIB,
#endif
#if defined(HAS_LIBUV)
	LIBUV,
#endif
	LOOP_KINDS,
};

struct poll_host {
	struct envoi_loop_host base;
	bool is_watched, is_freed, refuses;
	uint64_t delay_ms;
};

struct fixture {
	enum loop_kind kind;
	struct event_base *base;
	struct poll_host host;
	struct _GMainContext *glib;
	struct uv_loop_s *uv;
	struct envoi_context *context;
	struct envoi_loop *loop;
	int pair[2], ends[2];

	/* what happened, a letter each */
	char record[64];
	size_t recorded;

	struct envoi_timer timers[6];
	struct envoi_deferred deferred[6];
	struct envoi_watch watches[6];
	uint64_t times[6];
	unsigned int ready;
	int results[2];
};

extern struct fixture *current;

int loop_setup(void **state);
int loop_teardown(void **state);

/** Another program runs it: envoi_loop_run() does not. */
bool has_a_host(const struct fixture *f);
bool is_hosted(enum loop_kind kind); /* by the fixture */
bool is_with_others(enum loop_kind kind); /* in a loop that has events of the application */
bool refuses_files(enum loop_kind kind); /* poll(2) finds them always ready */
/** Make one more context, on the same host. */
int new_context_on_host(struct fixture *f, struct envoi_context **ret_context);

/** One turn, waiting. @return false: nothing to wait for */
bool turn(struct fixture *f);
void turn_without_waiting(struct fixture *f);
/** Until nothing is left to wait for. */
void run(struct fixture *f);

/** The letter of an embedded object is its index: 'A'.., 'a'.., '0'.. */
void record(char letter);
void record_timer(struct envoi_timer *timer);
void record_deferred(struct envoi_deferred *deferred);
void record_watch(struct envoi_watch *watch, unsigned int ready);

void start_timer(struct fixture *f, size_t i, uint64_t delay_ms);
void post(struct fixture *f, size_t i);
void watch(struct fixture *f, size_t i, int fd, unsigned int interest, envoi_watch_fn *notify);
void peer_writes(struct fixture *f);

/** Count in @p calls how often the host finds a descriptor of its own, @p fd, readable. */
void start_stranger(struct fixture *f, int fd, int *calls);
void stop_stranger(struct fixture *f);

struct loop_case {
	const char *name;
	CMUnitTestFunction run;
	bool (*concerns)(enum loop_kind kind); /* NULL: all kinds */
};

/* clang-format off */
#define LOOP_CASE(function) {#function, function, NULL}
#define LOOP_CASE_OF(kinds, function) {#function, function, kinds}
/* clang-format on */

/** Run each case on each kind that it concerns. */
int run_loop_cases(const char *group, const struct loop_case *cases, size_t count);

#endif
