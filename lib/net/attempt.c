/*
 * envoi - one connection that is being tried
 * SPDX-License-Identifier: MIT
 */
#include "net/attempt.h"

#include <envoi/context.h>

#include "net/sockets.h"

void envoi__attempt_release(struct envoi__attempt *attempt)
{
	envoi_watch_stop(&attempt->watch);
	envoi_timer_stop(&attempt->timer);
	envoi__list_remove(&attempt->link);
	envoi_free(attempt->setup->context, attempt);
}

void envoi__attempt_close(struct envoi__attempt *attempt)
{
	const struct envoi__attempt_setup *setup = attempt->setup;
	struct envoi_trial trial = attempt->trial;
	int fd = attempt->fd;
	envoi__attempt_release(attempt);
	if (fd >= 0) {
		setup->sockets->close(setup->sockets->user, fd);
	}
	if (trial.own != NULL) {
		setup->trials->drop(setup->trials->user, &trial);
	}
}

static void note(
	const struct envoi__attempt *attempt, enum envoi_phase phase, int code, const char *text)
{
	envoi__attempts_add_address(attempt->setup->log, attempt->target->host, &attempt->address,
		attempt->target->port, phase, code, text);
}

void envoi__attempt_note_pending(const struct envoi__attempt *attempt)
{
	note(attempt,
		attempt->state == ENVOI__ATTEMPT_TRIAL ? ENVOI_PHASE_TLS : ENVOI_PHASE_CONNECT,
		ENVOI_ERR_TIMEOUT, "pending at the end of the time allowed");
}

/* --- connecting --- */

static void fail_to_connect(struct envoi__attempt *attempt, int code, const char *text)
{
	note(attempt, ENVOI_PHASE_CONNECT, code, text);
	attempt->setup->failed(attempt);
}

static void on_connect_timeout(struct envoi_timer *timer)
{
	fail_to_connect(ENVOI_CONTAINER_OF(timer, struct envoi__attempt, timer), ENVOI_ERR_TIMEOUT,
		"no answer in the time allowed");
}

static void on_outcome(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct envoi__attempt *attempt = ENVOI_CONTAINER_OF(watch, struct envoi__attempt, watch);
	const struct envoi_sockets *sockets = attempt->setup->sockets;
	int r = sockets->outcome(sockets->user, watch->fd);
	if (r < 0) {
		fail_to_connect(
			attempt, envoi__socket_error_code(-r), envoi__socket_error_text(-r));
		return;
	}
	envoi_watch_stop(&attempt->watch);
	envoi_timer_stop(&attempt->timer);
	attempt->state = ENVOI__ATTEMPT_CONNECTED;
	attempt->setup->connected(attempt);
}

static int watch_socket(struct envoi__attempt *attempt, int fd)
{
	const struct envoi__attempt_setup *setup = attempt->setup;
	int r = envoi_watch_start(&attempt->watch, setup->loop, fd, ENVOI_IO_WRITE, on_outcome);
	if (r < 0) {
		setup->sockets->close(setup->sockets->user, fd);
		return r;
	}
	attempt->fd = fd;
	envoi_timer_start(
		&attempt->timer, setup->loop, setup->connect_timeout_ms, on_connect_timeout);
	return ENVOI_OK;
}

bool envoi__attempt_connect(struct envoi__attempt *attempt)
{
	const struct envoi_sockets *sockets = attempt->setup->sockets;
	int fd;
	attempt->fd = -1;
	attempt->started_ms = envoi_loop_now_ms(attempt->setup->loop);
	int r = sockets->connect(sockets->user, (const struct sockaddr *)&attempt->address,
		envoi__sockaddr_len(&attempt->address), &fd);
	if (r < 0) {
		note(attempt, ENVOI_PHASE_CONNECT, envoi__socket_error_code(-r),
			envoi__socket_error_text(-r));
		return false;
	}
	r = watch_socket(attempt, fd);
	if (r < 0) {
		note(attempt, ENVOI_PHASE_CONNECT, r, envoi_error_text(r));
	}
	return r == ENVOI_OK;
}

/* --- the trial --- */

static void fail_trial(struct envoi__attempt *attempt, const struct envoi_failure *why)
{
	note(attempt, why->phase, why->code,
		why->text[0] != '\0' ? why->text : envoi_error_text(why->code));
	envoi__attempts_keep_best(attempt->setup->log, why);
	attempt->setup->failed(attempt);
}

static void fail_trial_with(struct envoi__attempt *attempt, int code, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, attempt->setup->context, ENVOI_PHASE_TLS, code, "%s", text);
	fail_trial(attempt, &why);
}

static void on_trial_timeout(struct envoi_timer *timer)
{
	fail_trial_with(ENVOI_CONTAINER_OF(timer, struct envoi__attempt, timer), ENVOI_ERR_TIMEOUT,
		"the handshake did not end in the time allowed");
}

static void on_decision_timeout(struct envoi_timer *timer)
{
	fail_trial_with(ENVOI_CONTAINER_OF(timer, struct envoi__attempt, timer), ENVOI_ERR_TIMEOUT,
		"no decision about the server's certificate in the time allowed");
}

void envoi__attempt_begin_trial(struct envoi__attempt *attempt)
{
	const struct envoi__attempt_setup *setup = attempt->setup;
	struct envoi_dialed dialed;
	int fd = attempt->fd;
	attempt->fd = -1;
	attempt->state = ENVOI__ATTEMPT_TRIAL;
	envoi__target_describe(&dialed, attempt->target, &attempt->address, fd);
	envoi_timer_start(&attempt->timer, setup->loop, setup->trial_timeout_ms, on_trial_timeout);
	int r = setup->trials->begin(setup->trials->user, &attempt->trial, &dialed);
	if (r < 0) {
		attempt->trial.own = NULL;
		fail_trial_with(attempt, r, envoi_error_text(r));
	}
}

void envoi_trial_wait(struct envoi_trial *trial, bool waits)
{
	struct envoi__attempt *attempt = ENVOI_CONTAINER_OF(trial, struct envoi__attempt, trial);
	const struct envoi__attempt_setup *setup = attempt->setup;
	uint64_t decision_ms = setup->decision_timeout_ms != 0 ? setup->decision_timeout_ms
							       : UINT64_MAX;
	if (waits == attempt->waits) {
		return;
	}
	attempt->waits = waits;
	attempt->was_asked_about = true;
	envoi_timer_start(&attempt->timer, setup->loop,
		waits ? decision_ms : setup->trial_timeout_ms,
		waits ? on_decision_timeout : on_trial_timeout);
	setup->waits(attempt, waits);
}

void envoi_trial_pass(struct envoi_trial *trial)
{
	struct envoi__attempt *attempt = ENVOI_CONTAINER_OF(trial, struct envoi__attempt, trial);
	attempt->setup->passed(attempt);
}

void envoi_trial_fail(struct envoi_trial *trial, const struct envoi_failure *why)
{
	trial->own = NULL;
	fail_trial(ENVOI_CONTAINER_OF(trial, struct envoi__attempt, trial), why);
}
