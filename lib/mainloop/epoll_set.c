/*
 * envoi - descriptors for epoll(7) and the watches they belong to
 * SPDX-License-Identifier: MIT
 */
#include "mainloop/epoll_set.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <envoi/context.h>

int envoi__epoll_set_init(struct envoi__epoll_set *set, struct envoi_context *context)
{
	*set = (struct envoi__epoll_set){.context = context, .fd = epoll_create1(EPOLL_CLOEXEC)};
	return set->fd < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

void envoi__epoll_set_finish(struct envoi__epoll_set *set)
{
	close(set->fd);
	envoi_free(set->context, set->entries);
	envoi_free(set->context, set->events);
}

/* --- what the kernel knows --- */

static int make_room_for_entry(struct envoi__epoll_set *set, size_t number)
{
	if (number < set->capacity) {
		return ENVOI_OK;
	}
	size_t capacity = set->capacity == 0 ? 64 : set->capacity;
	while (capacity <= number) {
		capacity *= 2;
	}
	struct envoi__epoll_entry *entries = envoi_realloc(
		set->context, set->entries, capacity * sizeof(*entries));
	if (entries == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = set->capacity; i < capacity; i++) {
		entries[i] = (struct envoi__epoll_entry){0};
	}
	set->entries = entries;
	set->capacity = capacity;
	return ENVOI_OK;
}

/* Every descriptor is reported by one epoll_wait(2): none is read a turn later than others. */
static int make_room_for_event(struct envoi__epoll_set *set)
{
	if (set->registered < set->event_capacity) {
		return ENVOI_OK;
	}
	size_t capacity = set->event_capacity == 0 ? 16 : set->event_capacity * 2;
	struct epoll_event *events = envoi_realloc(
		set->context, set->events, capacity * sizeof(*events));
	if (events == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	set->events = events;
	set->event_capacity = capacity;
	return ENVOI_OK;
}

static struct envoi_watch *next_of(const struct envoi_watch *watch)
{
	return watch->backend;
}

static unsigned int interest_of_all(const struct envoi__epoll_entry *entry)
{
	unsigned int interest = 0;
	for (const struct envoi_watch *w = entry->watches; w != NULL; w = next_of(w)) {
		interest |= w->interest;
	}
	return interest;
}

static int control(struct envoi__epoll_set *set, int operation, int fd, unsigned int interest)
{
	struct epoll_event event = {
		.events = (interest & ENVOI_IO_READ ? EPOLLIN : 0u) |
			(interest & ENVOI_IO_WRITE ? EPOLLOUT : 0u),
		.data.u64 = (uint64_t)set->entries[fd].generation << 32 | (uint32_t)fd,
	};
	return epoll_ctl(set->fd, operation, fd, &event) < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

/* epoll(7) reports errors even of descriptors that wait for nothing: they are not registered */
static int add_to_kernel(struct envoi__epoll_set *set, int fd, unsigned int interest)
{
	int r = make_room_for_event(set);
	if (r == ENVOI_OK) {
		r = control(set, EPOLL_CTL_ADD, fd, interest);
	}
	if (r == ENVOI_OK) {
		set->registered++;
	}
	return r;
}

static int remove_from_kernel(struct envoi__epoll_set *set, int fd)
{
	epoll_ctl(set->fd, EPOLL_CTL_DEL, fd, NULL);
	set->entries[fd].generation++;
	set->registered--;
	return ENVOI_OK;
}

static int update_kernel(struct envoi__epoll_set *set, int fd)
{
	struct envoi__epoll_entry *entry = &set->entries[fd];
	unsigned int interest = interest_of_all(entry);
	int r = ENVOI_OK;
	if (interest == entry->interest) {
		return ENVOI_OK;
	}
	if (interest == 0) {
		r = remove_from_kernel(set, fd);
	} else if (entry->interest == 0) {
		r = add_to_kernel(set, fd, interest);
	} else {
		r = control(set, EPOLL_CTL_MOD, fd, interest);
	}
	if (r == ENVOI_OK) {
		entry->interest = interest;
	}
	return r;
}

/* --- watches --- */

int envoi__epoll_set_add(struct envoi__epoll_set *set, struct envoi_watch *watch)
{
	int r = make_room_for_entry(set, (size_t)watch->fd);
	if (r < 0) {
		return r;
	}
	struct envoi__epoll_entry *entry = &set->entries[watch->fd];
	watch->backend = entry->watches;
	entry->watches = watch;
	r = update_kernel(set, watch->fd);
	if (r < 0) {
		entry->watches = next_of(watch);
	}
	return r;
}

int envoi__epoll_set_update(struct envoi__epoll_set *set, const struct envoi_watch *watch)
{
	return update_kernel(set, watch->fd);
}

/* Without memory, or when the kernel refuses, it reports more than is wanted: that is masked. */
void envoi__epoll_set_remove(struct envoi__epoll_set *set, struct envoi_watch *watch)
{
	struct envoi__epoll_entry *entry = &set->entries[watch->fd];
	if (set->next == watch) {
		set->next = next_of(watch);
	}
	if (entry->watches == watch) {
		entry->watches = next_of(watch);
	} else {
		struct envoi_watch *w = entry->watches;
		while (next_of(w) != watch) {
			w = next_of(w);
		}
		w->backend = next_of(watch);
	}
	update_kernel(set, watch->fd);
}

/* --- dispatch --- */

static unsigned int ready_of(uint32_t events)
{
	if (events & (EPOLLERR | EPOLLHUP)) {
		return ENVOI_IO_READ | ENVOI_IO_WRITE;
	}
	return (events & EPOLLIN ? ENVOI_IO_READ : 0u) | (events & EPOLLOUT ? ENVOI_IO_WRITE : 0u);
}

/* A watch that is started meanwhile stands before those that are visited. */
static void notify(struct envoi__epoll_set *set, const struct epoll_event *event)
{
	const struct envoi__epoll_entry *entry = &set->entries[(uint32_t)event->data.u64];
	if (entry->generation != (uint32_t)(event->data.u64 >> 32)) {
		return;
	}
	unsigned int ready = ready_of(event->events);
	set->next = entry->watches;
	while (set->next != NULL) {
		struct envoi_watch *watch = set->next;
		set->next = next_of(watch);
		envoi_watch_notify(watch, ready);
	}
}

int envoi__epoll_set_dispatch(struct envoi__epoll_set *set)
{
	if (set->registered == 0) {
		return ENVOI_OK;
	}
	int count = epoll_wait(set->fd, set->events, (int)set->event_capacity, 0);
	if (count < 0) {
		return errno == EINTR ? ENVOI_OK : ENVOI_ERR_SYSTEM;
	}
	for (int i = 0; i < count; i++) {
		struct epoll_event event = set->events[i];
		notify(set, &event);
	}
	return ENVOI_OK;
}
