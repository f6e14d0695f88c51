/*
 * envoi - main loop: notice that the machine was suspended
 * SPDX-License-Identifier: MIT
 */
#include "mainloop/wake.h"

#if defined(__linux__)
#include <sys/timerfd.h>
#endif
#include <unistd.h>

#include <envoi/interfaces/mainloop.h>

#include "base/context.h"
#include "mainloop/clock.h"

enum {
	SHORTEST_MS = 1000, /* the two clocks are not read at the same time, and may be corrected */
};

struct wake {
	struct envoi__part part;
	struct envoi_context *context; /* borrowed: owns this */
	struct envoi__list watches;
	struct envoi__list due; /* those that are still to be notified */
	struct envoi_watch descriptor;
	struct envoi_deferred notification;
	uint64_t suspended_ms; /* at the last comparison */
};

static struct envoi_loop *loop_of(const struct wake *wake)
{
	return envoi_context_loop(wake->context);
}

uint64_t envoi__loop_suspended_ms(struct envoi_loop *loop)
{
	return loop->impl->suspended_ms != NULL ? loop->impl->suspended_ms(loop)
						: envoi__suspended_ms();
}

/* --- notifying --- */

static struct envoi__wake_watch *first_of(struct envoi__list *list)
{
	return envoi__list_is_empty(list)
		? NULL
		: ENVOI_CONTAINER_OF(list->next, struct envoi__wake_watch, link);
}

static void notify_all(struct envoi_deferred *notification)
{
	struct wake *wake = ENVOI_CONTAINER_OF(notification, struct wake, notification);
	struct envoi_context *context = envoi_context_ref(wake->context);
	struct envoi__wake_watch *watch;
	envoi__list_move_all(&wake->due, &wake->watches);
	while ((watch = first_of(&wake->due)) != NULL) {
		envoi__list_remove(&watch->link);
		envoi__list_append(&wake->watches, &watch->link);
		watch->notify(watch);
	}
	envoi_context_unref(context);
}

static void compare(struct wake *wake)
{
	uint64_t before_ms = wake->suspended_ms;
	wake->suspended_ms = envoi__loop_suspended_ms(loop_of(wake));
	if (wake->suspended_ms >= before_ms + SHORTEST_MS) {
		envoi_log(wake->context, ENVOI_LOG_INFO, ENVOI_LOG_NET,
			"the machine was suspended for about %llu s",
			(unsigned long long)(wake->suspended_ms - before_ms) / 1000);
		envoi_deferred_post(&wake->notification, loop_of(wake), notify_all);
	}
}

/* --- the descriptor --- */

#if defined(__linux__)

/* Readable too when the time was set: then the two clocks say that nothing happened. */
static void on_time_changed(struct envoi_watch *watch, unsigned int ready)
{
	struct wake *wake = ENVOI_CONTAINER_OF(watch, struct wake, descriptor);
	uint64_t expirations;
	(void)ready;
	ssize_t len = read(watch->fd, &expirations, sizeof(expirations));
	(void)len; /* ECANCELED is what is expected */
	compare(wake);
}

#define LATEST ((time_t)((UINTMAX_C(1) << (sizeof(time_t) * 8 - 1)) - 1))

/* With TFD_TIMER_CANCEL_ON_SET the descriptor is readable when the distance of the wall clock to
 * the monotonic one has changed, which it does when the machine wakes up. */
static int open_descriptor(void)
{
	const struct itimerspec never = {.it_value = {.tv_sec = LATEST}};
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd >= 0 &&
		timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) <
			0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Without a descriptor there is still envoi__wake_check(). */
static void start_descriptor(struct wake *wake)
{
	int fd = loop_of(wake)->impl->suspended_ms == NULL ? open_descriptor() : -1;
	if (fd >= 0 &&
		envoi_watch_start(
			&wake->descriptor, loop_of(wake), fd, ENVOI_IO_READ, on_time_changed) < 0) {
		close(fd);
	}
}

#else

static void start_descriptor(struct wake *wake)
{
	(void)wake;
}

#endif

static void stop_descriptor(struct wake *wake)
{
	if (wake->descriptor.loop != NULL) {
		envoi_watch_stop(&wake->descriptor);
		close(wake->descriptor.fd);
	}
}

/* --- the part of the context --- */

static void part_destroy(struct envoi__part *part)
{
	struct wake *wake = ENVOI_CONTAINER_OF(part, struct wake, part);
	envoi_deferred_cancel(&wake->notification);
	stop_descriptor(wake);
	envoi_free(wake->context, wake);
}

static struct wake *find(const struct envoi_context *context)
{
	struct envoi__part *part = context->parts[ENVOI__PART_WAKE];
	return part == NULL ? NULL : ENVOI_CONTAINER_OF(part, struct wake, part);
}

static struct wake *make(struct envoi_context *context)
{
	struct wake *wake = find(context);
	if (wake != NULL) {
		return wake;
	}
	wake = envoi_alloc_zeroed(context, sizeof(*wake));
	if (wake != NULL) {
		wake->part.destroy = part_destroy;
		wake->context = context;
		envoi__list_init(&wake->watches);
		envoi__list_init(&wake->due);
		context->parts[ENVOI__PART_WAKE] = &wake->part;
	}
	return wake;
}

/* --- watches --- */

static bool has_watches(const struct wake *wake)
{
	return !envoi__list_is_empty(&wake->watches) || !envoi__list_is_empty(&wake->due);
}

void envoi__wake_watch_start(
	struct envoi__wake_watch *watch, struct envoi_context *context, envoi__wake_fn *notify)
{
	struct wake *wake = make(context);
	watch->notify = notify;
	envoi__list_init(&watch->link);
	if (wake == NULL) {
		return;
	}
	if (!has_watches(wake)) {
		wake->suspended_ms = envoi__loop_suspended_ms(loop_of(wake));
		start_descriptor(wake);
	}
	envoi__list_append(&wake->watches, &watch->link);
}

void envoi__wake_watch_stop(struct envoi__wake_watch *watch, struct envoi_context *context)
{
	struct wake *wake = find(context);
	if (watch->link.next == NULL || wake == NULL) {
		return;
	}
	envoi__list_remove(&watch->link);
	if (!has_watches(wake)) {
		envoi_deferred_cancel(&wake->notification);
		stop_descriptor(wake);
	}
}

void envoi__wake_check(struct envoi_context *context)
{
	struct wake *wake = find(context);
	if (wake != NULL && has_watches(wake)) {
		compare(wake);
	}
}
