/*
 * envoi - a script of the test kit under a short name, which fails with cmocka
 * SPDX-License-Identifier: MIT
 */
#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct envoi_test_script *script_of(const struct peer *peer)
{
	return (struct envoi_test_script *)(uintptr_t)peer;
}

struct peer *peer_new(
	struct envoi_context *context, struct envoi_memory_pair *pair, enum envoi_memory_side side)
{
	return (struct peer *)envoi_test_script_new(context, pair, side);
}

void peer_free(struct peer *peer)
{
	envoi_test_script_free(script_of(peer));
}

void peer_sends(struct peer *peer, const char *text)
{
	envoi_test_script_sends(script_of(peer), text);
}

void peer_sends_bytes(struct peer *peer, const void *data, size_t len)
{
	envoi_test_script_sends_bytes(script_of(peer), data, len);
}

void peer_expects(struct peer *peer, const char *xml)
{
	envoi_test_script_expects(script_of(peer), xml);
}

void peer_restarts(struct peer *peer)
{
	envoi_test_script_restarts(script_of(peer));
}

void peer_shuts_down(struct peer *peer)
{
	envoi_test_script_shuts_down(script_of(peer));
}

void peer_calls(struct peer *peer, void (*call)(void *user), void *user)
{
	envoi_test_script_calls(script_of(peer), call, user);
}

void peer_start(struct peer *peer)
{
	envoi_test_script_start(script_of(peer));
}

const char *peer_heard(struct peer *peer)
{
	return envoi_test_script_heard(script_of(peer));
}

bool peer_is_done(const struct peer *peer)
{
	return envoi_test_script_is_done(script_of(peer));
}

bool peer_is_over(const struct peer *peer)
{
	return envoi_test_script_is_over(script_of(peer));
}

void peer_assert_done(struct peer *peer)
{
	const char *problem = envoi_test_script_problem(script_of(peer));
	if (problem != NULL) {
		print_error("the peer: %s\n", problem);
		fail();
	}
}
