/*
 * envoi - descriptors for poll(2) and the watches they belong to
 * SPDX-License-Identifier: MIT
 */
#include "mainloop/poll_set.h"

#include <errno.h>
#include <stdint.h>

#include <envoi/context.h>

void envoi__poll_set_init(struct envoi__poll_set *set, struct envoi_context *context)
{
	*set = (struct envoi__poll_set){.context = context};
}

void envoi__poll_set_finish(struct envoi__poll_set *set)
{
	envoi_free(set->context, set->fds);
	envoi_free(set->context, set->watches);
}

static size_t place_of(const struct envoi_watch *watch)
{
	return (size_t)(uintptr_t)watch->backend;
}

static int grow(struct envoi__poll_set *set)
{
	size_t capacity = set->capacity == 0 ? 8 : set->capacity * 2;
	struct pollfd *fds = envoi_realloc(set->context, set->fds, capacity * sizeof(*fds));
	if (fds == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	set->fds = fds;
	struct envoi_watch **watches = envoi_realloc(
		set->context, set->watches, capacity * sizeof(*watches));
	if (watches == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	set->watches = watches;
	set->capacity = capacity;
	return ENVOI_OK;
}

/* poll(2) reports errors even of descriptors that wait for nothing, but not of negative ones */
static struct pollfd wanted_by(const struct envoi_watch *watch)
{
	return (struct pollfd){
		.fd = watch->interest != 0 ? watch->fd : -1,
		.events = (short)((watch->interest & ENVOI_IO_READ ? POLLIN : 0) |
			(watch->interest & ENVOI_IO_WRITE ? POLLOUT : 0)),
	};
}

static void put(struct envoi__poll_set *set, size_t place, struct envoi_watch *watch)
{
	watch->backend = (void *)(uintptr_t)place;
	set->watches[place] = watch;
	set->fds[place] = wanted_by(watch);
	set->waiting += set->fds[place].fd >= 0;
}

int envoi__poll_set_add(struct envoi__poll_set *set, struct envoi_watch *watch)
{
	if (set->count == set->capacity) {
		int r = grow(set);
		if (r < 0) {
			return r;
		}
	}
	put(set, set->count++, watch);
	return ENVOI_OK;
}

void envoi__poll_set_update(struct envoi__poll_set *set, struct envoi_watch *watch)
{
	size_t place = place_of(watch);
	short revents = set->fds[place].revents;
	set->waiting -= set->fds[place].fd >= 0;
	put(set, place, watch);
	set->fds[place].revents = revents;
}

static void fill_gap(struct envoi__poll_set *set, size_t place)
{
	set->count--;
	if (place != set->count) {
		set->fds[place] = set->fds[set->count];
		set->watches[place] = set->watches[set->count];
		set->watches[place]->backend = (void *)(uintptr_t)place;
	}
}

void envoi__poll_set_remove(struct envoi__poll_set *set, struct envoi_watch *watch)
{
	size_t place = place_of(watch);
	set->waiting -= set->fds[place].fd >= 0;
	set->fds[place] = (struct pollfd){.fd = -1};
	set->watches[place] = NULL;
	if (!set->is_dispatching) {
		fill_gap(set, place);
	}
}

static unsigned int ready_of(short revents)
{
	if (revents & (POLLERR | POLLHUP | POLLNVAL)) {
		return ENVOI_IO_READ | ENVOI_IO_WRITE;
	}
	return (revents & POLLIN ? ENVOI_IO_READ : 0u) | (revents & POLLOUT ? ENVOI_IO_WRITE : 0u);
}

static void fill_all_gaps(struct envoi__poll_set *set)
{
	for (size_t place = set->count; place-- > 0;) {
		if (set->watches[place] == NULL) {
			fill_gap(set, place);
		}
	}
}

int envoi__poll_set_wait(struct envoi__poll_set *set, int timeout_ms)
{
	size_t polled = set->count;
	int ready = poll(set->fds, (nfds_t)polled, timeout_ms);
	if (ready <= 0) {
		return ready == 0 || errno == EINTR ? 0 : ENVOI_ERR_SYSTEM;
	}
	set->is_dispatching = true;
	for (size_t place = 0; place < polled; place++) {
		struct envoi_watch *watch = set->watches[place];
		if (watch != NULL && set->fds[place].revents != 0) {
			envoi_watch_notify(watch, ready_of(set->fds[place].revents));
		}
	}
	set->is_dispatching = false;
	fill_all_gaps(set);
	return ready;
}
