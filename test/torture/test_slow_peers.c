/*
 * envoi - peers that are silent, slow, or send garbage, at each stage of a login, to both roles
 * SPDX-License-Identifier: MIT
 *
 * A peer that does not go on with the login is dropped, whatever it sends in its place, and a peer
 * that is online too when it does not answer, or an element does not end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>

#include "client_stages.h"
#include "server_stages.h"

enum {
	LONG_S = 300, /* longer than each timeout of a login, and of an element */
	GARBAGE_BYTES = 2000,
};

/* What a peer does from a stage on. */
enum manner {
	SILENCE,
	SPACES, /* one a second */
	LETTERS, /* of the text of an element, one a second */
	GARBAGE,
	MANNERS,
};

static const char *const manners[MANNERS] = {"silence", "spaces", "letters", "garbage"};

/* The same bytes each time. */
static void make_garbage(char bytes[GARBAGE_BYTES], unsigned int seed)
{
	for (size_t i = 0; i < GARBAGE_BYTES; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (char)(seed >> 24);
	}
}

typedef void hear_fn(const char *data, size_t len);
typedef void run_fn(uint64_t ms);

static void be(enum manner manner, hear_fn *hear, run_fn *run)
{
	char garbage[GARBAGE_BYTES];
	if (manner == GARBAGE) {
		make_garbage(garbage, 1);
		hear(garbage, sizeof(garbage));
	} else if (manner == LETTERS) {
		hear("<message><body>", 15);
	}
	for (int i = 0; i < LONG_S; i++) {
		if (manner == SPACES) {
			hear(" ", 1);
		} else if (manner == LETTERS) {
			hear("x", 1);
		}
		run(1000);
	}
}

/* White space is a keepalive (RFC 6120, section 4.6.1). A silent peer does not answer probes, and
 * none acknowledges: the link of a session that can be resumed is given up then (XEP-0198, section
 * 4). */
static void check(const char *role, int stage, enum manner manner, bool is_online, bool has_stream)
{
	bool is_kept = is_online && manner == SPACES;
	if (has_stream != is_kept) {
		fail_msg("%s, stage %d: %s %s", role, stage, manners[manner],
			has_stream ? "is tolerated" : "is not tolerated");
	}
}

static bool has_server_stream(void)
{
	for (size_t i = 0; i < server.slot_count; i++) {
		const struct server_slot *slot = &server.slots[i];
		if (slot->session != NULL && envoi_session_stream(slot->session) != NULL) {
			return true;
		}
	}
	return false;
}

static void try_server(enum server_stage stage, enum manner manner)
{
	server_begin(stage, false);
	bool is_online = stage == SERVER_BINDING || stage == SERVER_ONLINE ||
		stage == SERVER_ENABLED;
	be(manner, server_hear, server_run);
	bool has_stream = has_server_stream();
	server_end();
	check("server", (int)stage, manner, is_online, has_stream);
}

static void try_client(enum client_stage stage, enum manner manner)
{
	client_begin(stage, false);
	bool is_online = envoi_session_is_online(client.session) && stage != CLIENT_ENABLED &&
		stage != CLIENT_RESUMED;
	be(manner, client_hear, client_run);
	bool has_stream = envoi_session_stream(client.session) != NULL;
	envoi_session_close(client.session);
	client_run(LONG_S * 1000);
	client_end();
	check("client", (int)stage, manner, is_online, has_stream);
}

static void a_client_that_does_not_go_on_is_dropped(void **state)
{
	(void)state;
	for (int stage = 0; stage < SERVER_STAGES; stage++) {
		for (int manner = 0; manner < MANNERS; manner++) {
			try_server((enum server_stage)stage, (enum manner)manner);
		}
	}
}

static void a_server_that_does_not_go_on_is_dropped(void **state)
{
	(void)state;
	for (int stage = 0; stage < CLIENT_STAGES; stage++) {
		for (int manner = 0; manner < MANNERS; manner++) {
			try_client((enum client_stage)stage, (enum manner)manner);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_does_not_go_on_is_dropped),
		cmocka_unit_test(a_server_that_does_not_go_on_is_dropped),
	};
	return cmocka_run_group_tests_name("torture/slow_peers", tests, NULL, NULL);
}
