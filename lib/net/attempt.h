/*
 * envoi - one connection that is being tried
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_ATTEMPT_H
#define ENVOI_NET_ATTEMPT_H

#include <stdbool.h>

#include <envoi/interfaces/mainloop.h>

#include "base/list.h"
#include "net/attempts.h"
#include "net/targets.h"

struct envoi__attempt;
struct envoi__family_addresses;

/** What all attempts of a race have in common; all borrowed. */
struct envoi__attempt_setup {
	struct envoi_context *context;
	struct envoi_loop *loop;
	const struct envoi_sockets *sockets;
	const struct envoi_trial_hooks *trials;
	uint64_t connect_timeout_ms, trial_timeout_ms;
	uint64_t decision_timeout_ms; /* 0: none */
	struct envoi__attempts *log;

	/* Called from the loop; the attempt may be freed inside. */
	void (*connected)(struct envoi__attempt *attempt);
	void (*passed)(struct envoi__attempt *attempt); /* the trial */
	void (*failed)(struct envoi__attempt *attempt); /* the reason is in the log */
	void (*waits)(
		struct envoi__attempt *attempt, bool waits); /* for a decision, or no longer */
	void *user;
};

/*
 *	CONNECTING -> CONNECTED   the socket is connected
 *	CONNECTED -> TRIAL        the hooks have the descriptor
 */
enum envoi__attempt_state {
	ENVOI__ATTEMPT_CONNECTING,
	ENVOI__ATTEMPT_CONNECTED,
	ENVOI__ATTEMPT_TRIAL,
};

struct envoi__attempt {
	struct envoi__list link; /* among those of the race */
	const struct envoi__attempt_setup *setup;
	struct envoi__family_addresses *family; /* of the address */
	size_t index; /* of the address in its family */
	const struct envoi__target *target;
	struct sockaddr_storage address;
	enum envoi__attempt_state state;
	uint64_t started_ms;
	int fd; /* -1: none, or with the trial */
	struct envoi_trial trial;
	bool waits; /* for the application's decision */
	bool was_asked_about; /* the application was asked to decide */
	struct envoi_watch watch;
	struct envoi_timer timer;
};

/** Begin to connect. All members above @p state are set. @return false: it failed, and was logged
 *  */
bool envoi__attempt_connect(struct envoi__attempt *attempt);

/** Hand the connected descriptor to the hooks. */
void envoi__attempt_begin_trial(struct envoi__attempt *attempt);

/** Add to the log as one that timed out. */
void envoi__attempt_note_pending(const struct envoi__attempt *attempt);

/** Free it, but neither its descriptor nor what its trial has made. */
void envoi__attempt_release(struct envoi__attempt *attempt);

/** Close or drop what it has, and free it. The hooks may free the dial inside. */
void envoi__attempt_close(struct envoi__attempt *attempt);

#endif
