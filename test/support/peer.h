/*
 * envoi - a scripted peer
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_PEER_H
#define ENVOI_TEST_PEER_H

#include <stdbool.h>

#include <envoi/memory.h>

struct envoi_context;

/**
 * The other end of a memory pair, which says and expects what a script says:
 *
 *	peer_expects(peer, "<stream:stream to='example.org' ...>");
 *	peer_sends(peer, "<stream:stream id='1' ...><stream:features/>");
 *
 * What is expected is written as one document, piece by piece, like what comes; it is compared as
 * trees: prefixes, order of attributes, quotes and white space between elements do not matter. An
 * expected attribute or text may be "*": anything, or "$x", a letter: anything, remembered, so that
 * peer_sends() may say $x. (A "$" before anything else stands for itself.)
 *
 * The script runs from the loop, each step as soon as the one before is done. Nothing asserts
 * before peer_assert_done().
 */
struct peer;

struct peer *peer_new(
	struct envoi_context *context, struct envoi_memory_pair *pair, enum envoi_memory_side side);
void peer_free(struct peer *peer);

void peer_sends(struct peer *peer, const char *text);
/** As peer_sends(), any bytes, nothing replaced. */
void peer_sends_bytes(struct peer *peer, const void *data, size_t len);
void peer_expects(struct peer *peer, const char *xml);
/** A new stream begins in both directions (RFC 6120, section 4.3.3). */
void peer_restarts(struct peer *peer);
/** The connection ends: nothing more is sent. */
void peer_shuts_down(struct peer *peer);
void peer_calls(struct peer *peer, void (*call)(void *user), void *user);

/** Run the first step now; afterwards it goes on by itself. */
void peer_start(struct peer *peer);

/** @return bytes that came, NUL-terminated; borrowed until the next come */
const char *peer_heard(struct peer *peer);
/** @return whether every step is done */
bool peer_is_done(const struct peer *peer);
/** @return whether the other side has closed or cut the connection */
bool peer_is_over(const struct peer *peer);

/** Assert that every step is done, everything was as expected, and nothing else came. */
void peer_assert_done(struct peer *peer);

#endif
