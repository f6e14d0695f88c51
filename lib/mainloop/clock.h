/*
 * envoi - the system's monotonic clock
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_CLOCK_H
#define ENVOI_MAINLOOP_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Alarms farther away are set to this, and again when it has passed: a day fits every type. */
#define ENVOI__LONGEST_WAIT_MS UINT64_C(86400000)

/** @return milliseconds, rounded down */
static inline uint64_t envoi__monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
