/*
 * envoi - descriptors for epoll(7) and the watches they belong to
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_EPOLL_SET_H
#define ENVOI_MAINLOOP_EPOLL_SET_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/interfaces/mainloop.h>

struct epoll_event;

/** The watches of one descriptor, linked through their `backend`. */
struct envoi__epoll_entry {
	struct envoi_watch *watches; /* the newest first */
	unsigned int interest; /* that the kernel knows; 0: it is not registered */
	uint32_t generation; /* a descriptor that is registered again is another one */
};

struct envoi__epoll_set {
	struct envoi_context *context; /* borrowed */
	int fd; /* of epoll_create1(2) */
	struct envoi__epoll_entry *entries; /* by number of the descriptor */
	size_t capacity;
	struct epoll_event *events; /* room for all that are registered */
	size_t event_capacity;
	size_t registered; /* descriptors */
	struct envoi_watch *next; /* to be notified; NULL outside of dispatch */
};

/** @retval ENVOI_ERR_SYSTEM */
int envoi__epoll_set_init(struct envoi__epoll_set *set, struct envoi_context *context);
void envoi__epoll_set_finish(struct envoi__epoll_set *set);

/** @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM  the descriptor cannot be watched */
int envoi__epoll_set_add(struct envoi__epoll_set *set, struct envoi_watch *watch);
/** The watch's interest has changed. On failure the events before stay registered. Errors as
 * envoi__epoll_set_add(). */
int envoi__epoll_set_update(struct envoi__epoll_set *set, const struct envoi_watch *watch);
void envoi__epoll_set_remove(struct envoi__epoll_set *set, struct envoi_watch *watch);

/** Notify what is ready, without waiting. @retval ENVOI_ERR_SYSTEM */
int envoi__epoll_set_dispatch(struct envoi__epoll_set *set);

#endif
