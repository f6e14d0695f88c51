/*
 * envoi - what was tried in vain
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_ATTEMPTS_H
#define ENVOI_NET_ATTEMPTS_H

#include <envoi/failure.h>
#include <envoi/interfaces/resolver.h>

/** Note a look-up that failed. @param text NULL: the status's own */
void envoi__attempts_add_lookup(struct envoi_failure *failure, const char *name,
	enum envoi_lookup_status status, const char *text);

/** Note an address that was no way in. @param phase, code, text of the failure */
void envoi__attempts_add_address(struct envoi_failure *failure, const char *host,
	const struct sockaddr_storage *address, uint16_t port, enum envoi_phase phase, int code,
	const char *text);

/**
 * Keep, without its attempts, the failure that says most: what the user can do something about
 * comes before what may pass, and the first of a kind before others.
 * @param best  code 0: none yet
 */
void envoi__attempts_keep_best(struct envoi_failure *best, const struct envoi_failure *why);

/** @return the code that all attempts of a phase share, else ENVOI_ERR_UNREACHABLE; NOMEM when
 * none could be noted */
int envoi__attempts_code(const struct envoi_failure *failure, enum envoi_phase phase);

/** Set phase, code, retry and text; the attempts stay. */
void envoi__attempts_conclude(struct envoi_failure *failure, enum envoi_phase phase, int code,
	const char *format, ...) ENVOI_PRINTF(4, 5);

#endif
