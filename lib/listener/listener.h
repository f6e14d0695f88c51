/*
 * envoi - listeners: what their files share
 * SPDX-License-Identifier: MIT
 *
 * One state machine. Files that call each other: admission.c, listener.c.
 */
#ifndef ENVOI_LISTENER_INSIDE_H
#define ENVOI_LISTENER_INSIDE_H

#include <netinet/in.h>

#include <envoi/listener.h>
#include <envoi/watch.h>

#include "base/budget.h"
#include "base/guard.h"
#include "base/list.h"
#include "base/map.h"
#include "listener/listener_settings.h"

/** Connections that are counted together: of one address, or of one account. */
struct envoi__tally {
	unsigned int count;
	bool was_refused; /* logged once */
	size_t key_len;
	char key[]; /* in the map */
};

struct envoi_listener {
	struct envoi_context *context; /* a reference */
	struct envoi__guard guard;
	struct envoi__listener_settings values;
	envoi_admitted_fn *admitted;
	void *user;
	struct envoi_listener_source *sources;
	struct envoi_deferred update; /* whether sources are wanted */
	bool has_room; /* a connection has ended since the last update */
	struct envoi__list admissions;
	struct envoi__map addresses, accounts; /* struct envoi__tally */
	struct envoi_listener_stats stats;
	struct envoi__budget_watch budget;
	bool is_paused;
};

struct envoi_admission {
	struct envoi__list link;
	struct envoi_context *context; /* a reference */
	struct envoi_listener *listener; /* NULL: freed */
	struct envoi__tally *address, *account; /* NULL: not counted */
	bool is_logged_in;
	char text[INET6_ADDRSTRLEN]; /* of the address */
	char service[];
};

/** Admit, if the limits allow it. @param address NULL: none. Errors as envoi_listener_take(). */
int envoi__admission_new(struct envoi_admission **ret_admission, struct envoi_listener *listener,
	const char *service, const struct sockaddr *address, size_t address_len);
/** End a connection that the application has not taken: sources that wait for room still wait. */
void envoi__admission_drop(struct envoi_admission *admission);
/** The listener is being freed: counting ends. */
void envoi__admission_detach(struct envoi_admission *admission);

/** A connection was admitted or has ended: sources may be wanted or not. */
void envoi__listener_changed(struct envoi_listener *listener);

#endif
