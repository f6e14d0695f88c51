/*
 * envoi - system calls that fail on request
 * SPDX-License-Identifier: MIT
 *
 * A program that is linked with failing_calls.c has its own versions of the calls below. They fail
 * while they are armed, and only between failing_calls_enter() and failing_calls_leave(): what the
 * test itself does, as a server for example, is not affected.
 */
#ifndef TEST_FAILING_CALLS_H
#define TEST_FAILING_CALLS_H

#include <stdbool.h>
#include <stddef.h>

/** Which calls are counted, and fail; each is of one kind or of several. */
enum failing_calls_kind {
	/** socket, connect, getsockopt, fcntl, recv, send, close, and those of c-ares */
	FAIL_TRANSPORT = 1,
	FAIL_LOOP = 2, /**< poll, epoll_wait, epoll_ctl */
	FAIL_LISTEN = 4, /**< socket, setsockopt, bind, listen, chmod, lstat */
	FAIL_ACCEPT = 8, /**< accept4 */
};

/**
 * Count from 0 and fail the n-th call.
 * @param n         from 1; 0: none fails
 * @param fail_on   all that follow fail too
 */
void failing_calls_arm(enum failing_calls_kind kind, size_t n, bool fail_on);

/** Calls fail with this errno instead of their own.
 * @param error  0: each with its own, as at first */
void failing_calls_set_error(int error);

/** @return calls counted since arming */
size_t failing_calls_count(void);

/** @return the name of the call that failed first, or NULL; static */
const char *failing_calls_name(void);

void failing_calls_enter(void);
void failing_calls_leave(void);

#endif
