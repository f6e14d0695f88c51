/*
 * envoi - the system's clocks
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

/**
 * How long the machine has been suspended since it was started, in milliseconds: CLOCK_BOOTTIME
 * runs meanwhile, CLOCK_MONOTONIC does not. The two are read one after the other, so the value is
 * exact to a few milliseconds only.
 * @return 0 where there are no such clocks
 */
static inline uint64_t envoi__suspended_ms(void)
{
#if defined(__linux__) && defined(CLOCK_BOOTTIME)
	struct timespec now;
	uint64_t monotonic_ms = envoi__monotonic_ms();
	if (clock_gettime(CLOCK_BOOTTIME, &now) < 0) {
		return 0;
	}
	uint64_t boot_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	return boot_ms > monotonic_ms ? boot_ms - monotonic_ms : 0;
#else
	return 0;
#endif
}

#endif
