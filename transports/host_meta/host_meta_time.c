/*
 * envoi - host-meta: a deadline, which trust decisions suspend
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the time of trust decisions has no public one.
 */
#include "host_meta_time.h"

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#include "tls/tls_config.h"

/* The loop's clock without the time of trust decisions. */
static uint64_t now_of(const struct host_meta_time *time)
{
	return envoi_loop_now_ms(envoi_context_loop(time->context)) -
		envoi__tls_config_asked_ms(time->tls);
}

void envoi__host_meta_time_start(struct host_meta_time *time, struct envoi_context *context,
	const struct envoi_tls_config *tls, uint64_t timeout_ms)
{
	*time = (struct host_meta_time){.context = context, .tls = tls};
	time->end_ms = timeout_ms > 0 ? now_of(time) + timeout_ms : 0;
}

uint64_t envoi__host_meta_time_left(const struct host_meta_time *time)
{
	if (time->end_ms == 0) {
		return 0;
	}
	return envoi__host_meta_time_is_over(time) ? 1 : time->end_ms - now_of(time);
}

bool envoi__host_meta_time_is_over(const struct host_meta_time *time)
{
	return time->end_ms != 0 && now_of(time) >= time->end_ms;
}
