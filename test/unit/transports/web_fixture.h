/*
 * envoi - the receiving side of HTTP in memory, and a scripted client
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_WEB_FIXTURE_H
#define TEST_WEB_FIXTURE_H

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/failure.h>
#include <envoi/memory.h>
#include <envoi/web.h>

#include "test_allocator.h"

enum {
	WEB_SECOND = 1000,
	WEB_HEAD_BYTES = 2048,
	WEB_BODY_BYTES = 4096,
};

struct web_fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *client;
	struct envoi_web_connection *connection; /* NULL: has ended */
	struct envoi_buffer log; /* a line for each request, and the end */
	/* what is done with a request; NULL: "ok" is answered */
	void (*act)(struct web_fixture *f, const struct envoi_web_request *request);
	const char *origins; /* that are allowed */
	int requests;
	void *user;
};

/** A connection in clear. */
int web_setup(void **state);
int web_teardown(void **state);
/** Make what a fixture has but for the allocator, which is zeroed. @return as
 * envoi_web_connection_new() */
int web_begin(struct web_fixture *f);
void web_end(struct web_fixture *f);

void web_run(struct web_fixture *f, uint64_t ms);
/** The client sends bytes; the server may have closed the connection. */
void web_send_bytes(struct web_fixture *f, const void *data, size_t len);
void web_send(struct web_fixture *f, const char *text);
/** Answer with a status and a body. */
void web_answer(struct web_fixture *f, int status, const char *body);
/** @return what the client has received since the last call, without the field Date; borrowed */
const char *web_received(struct web_fixture *f);
/** Assert the requests and the end since the last call. */
void web_expect_log(struct web_fixture *f, const char *log);

#endif
