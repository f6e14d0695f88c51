/*
 * envoi - the log of what was tried: look-ups, addresses, connections
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_ATTEMPTS_H
#define ENVOI_NET_ATTEMPTS_H

#include <envoi/failure.h>
#include <envoi/interfaces/resolver.h>

/** Failed attempts in order of time. Zeroed but for @p context. */
struct envoi__attempts {
	struct envoi_context *context; /* borrowed */
	struct envoi_attempt *items;
	size_t count;
	struct envoi_failure best; /* of established connections; without attempts; code 0: none */
	size_t targets_left_out, addresses_left_out;
};

void envoi__attempts_finish(struct envoi__attempts *attempts);

/** Add a look-up that failed. @param text NULL: the one of the status */
void envoi__attempts_add_lookup(struct envoi__attempts *attempts, const char *name,
	enum envoi_lookup_status status, const char *text);

/** Add a connection that failed, to @p port of @p address. @param phase, code, text of the failure
 *  */
void envoi__attempts_add_address(struct envoi__attempts *attempts, const char *host,
	const struct sockaddr_storage *address, uint16_t port, enum envoi_phase phase, int code,
	const char *text);

/**
 * Keep the failure of an established connection if it takes precedence over the one that is kept: a
 * failure that the user can correct over one that may pass, and the first of each kind.
 */
void envoi__attempts_keep_best(struct envoi__attempts *attempts, const struct envoi_failure *why);

/** @return the code that all attempts of a phase share, else ENVOI_ERR_UNREACHABLE; NOMEM when
 * memory was too short to keep any */
int envoi__attempts_code(const struct envoi__attempts *attempts, enum envoi_phase phase);

/**
 * Conclude: move the attempts into a failure, and what was not tried as one more. The best failure
 * that was kept, if any, stands before @p phase, @p code and the text.
 * @param[out] ret_failure  overwritten; freed with envoi_failure_finish()
 */
void envoi__attempts_conclude(struct envoi__attempts *attempts, struct envoi_failure *ret_failure,
	enum envoi_phase phase, int code, const char *format, ...) ENVOI_PRINTF(5, 6);

#endif
