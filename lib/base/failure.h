/*
 * envoi - failures: private header
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_FAILURE_H
#define ENVOI_BASE_FAILURE_H

#include <envoi/failure.h>

/** Set the phase of a failure, and the advice on retrying that follows from phase and code; other
 * advice stays. */
void envoi__failure_set_phase(struct envoi_failure *failure, enum envoi_phase phase);

/** Copy a text that a peer may have written: cut to fit at a character's border, made one line. */
void envoi__failure_put(char *to, size_t size, const char *text);

#endif
