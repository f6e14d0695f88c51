/*
 * envoi - a script of the test kit under a short name, which fails with cmocka
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_PEER_H
#define ENVOI_TEST_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/testing.h>

/** As the functions of struct envoi_test_script. */
struct peer;

struct peer *peer_new(
	struct envoi_context *context, struct envoi_memory_pair *pair, enum envoi_memory_side side);
void peer_free(struct peer *peer);

void peer_sends(struct peer *peer, const char *text);
void peer_sends_bytes(struct peer *peer, const void *data, size_t len);
void peer_expects(struct peer *peer, const char *xml);
void peer_restarts(struct peer *peer);
void peer_shuts_down(struct peer *peer);
void peer_calls(struct peer *peer, void (*call)(void *user), void *user);
void peer_start(struct peer *peer);

const char *peer_heard(struct peer *peer);
bool peer_is_done(const struct peer *peer);
bool peer_is_over(const struct peer *peer);

/** Assert that every step is done, everything was as expected, and nothing else came. */
void peer_assert_done(struct peer *peer);

#endif
