/*
 * envoi - descriptors for poll(2) and the watches they belong to
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_POLL_SET_H
#define ENVOI_MAINLOOP_POLL_SET_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include <envoi/interfaces/mainloop.h>

/** Two parallel arrays; a watch stores its index. */
struct envoi__poll_set {
	struct envoi_context *context; /* borrowed */
	struct pollfd *fds;
	struct envoi_watch **watches; /* NULL: was stopped during dispatch */
	size_t count, capacity;
	size_t waiting; /* watches whose interest is not 0 */
	bool is_dispatching;
};

void envoi__poll_set_init(struct envoi__poll_set *set, struct envoi_context *context);
void envoi__poll_set_finish(struct envoi__poll_set *set);

/** @retval ENVOI_ERR_NOMEM */
int envoi__poll_set_add(struct envoi__poll_set *set, struct envoi_watch *watch);
void envoi__poll_set_update(struct envoi__poll_set *set, struct envoi_watch *watch);
void envoi__poll_set_remove(struct envoi__poll_set *set, struct envoi_watch *watch);

/**
 * Wait and notify.
 *
 * @param timeout_ms  as of poll(2)
 * @return how many were ready; ENVOI_ERR_SYSTEM; a signal counts as nothing ready
 */
int envoi__poll_set_wait(struct envoi__poll_set *set, int timeout_ms);

#endif
