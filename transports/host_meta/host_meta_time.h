/*
 * envoi - host-meta: a deadline, which trust decisions suspend
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HOST_META_TIME_H
#define ENVOI_HOST_META_TIME_H

#include <stdbool.h>
#include <stdint.h>

struct envoi_context;
struct envoi_tls_config;

struct host_meta_time {
	struct envoi_context *context; /* borrowed */
	const struct envoi_tls_config *tls; /* borrowed; its questions suspend the deadline */
	uint64_t end_ms; /* 0: no deadline */
};

/** @param timeout_ms  0: no deadline */
void envoi__host_meta_time_start(struct host_meta_time *time, struct envoi_context *context,
	const struct envoi_tls_config *tls, uint64_t timeout_ms);

/** @return milliseconds, at least 1; 0: no deadline */
uint64_t envoi__host_meta_time_left(const struct host_meta_time *time);

bool envoi__host_meta_time_is_over(const struct host_meta_time *time);

#endif
