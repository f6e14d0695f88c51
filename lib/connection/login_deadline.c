/*
 * envoi - a login: its deadline, which questions to the application suspend
 * SPDX-License-Identifier: MIT
 */
#include "connection/login.h"

enum {
	REPORT_MS = 100, /* that a connector has after the deadline to report its attempts */
};

static enum envoi_phase current_phase(const struct envoi__login *login)
{
	const struct envoi_stream *stream = envoi_session_stream(login->with.session);
	if (stream == NULL) {
		return ENVOI_PHASE_CONNECT;
	}
	unsigned int bits = envoi_stream_bits(stream);
	return bits & ENVOI_STREAM_AUTHENTICATED ? ENVOI_PHASE_BIND
		: bits & ENVOI_STREAM_SECURE     ? ENVOI_PHASE_SASL
						 : ENVOI_PHASE_STREAM;
}

/* The application's questions are closed. It may free everything inside these calls. */
static void on_deadline(struct envoi_timer *timer)
{
	struct envoi__login *login = ENVOI_CONTAINER_OF(timer, struct envoi__login, deadline);
	enum envoi_phase phase = current_phase(login);
	envoi__login_enter(login);
	envoi__login_stop(login);
	if (!envoi__guard_is_over(&login->guard)) {
		envoi_session_detach(login->with.session);
	}
	if (!envoi__guard_is_over(&login->guard)) {
		envoi__login_fail(login, phase, ENVOI_ERR_TIMEOUT, "the login took too long");
	}
	envoi__login_exit(login);
}

void envoi__login_start_deadline(struct envoi__login *login, uint64_t timeout_ms)
{
	struct envoi_loop *loop = envoi_context_loop(login->context);
	uint64_t more_ms = login->state == ENVOI__LOGIN_CONNECTING ? REPORT_MS : 0;
	login->deadline_at_ms = envoi_loop_now_ms(loop) + timeout_ms;
	envoi_timer_start(&login->deadline, loop, timeout_ms + more_ms, on_deadline);
}

uint64_t envoi__login_time_left_ms(const struct envoi__login *login)
{
	uint64_t now_ms = envoi_loop_now_ms(envoi_context_loop(login->context));
	return login->deadline_at_ms > now_ms ? login->deadline_at_ms - now_ms : 1;
}

void envoi__login_renew_deadline(struct envoi__login *login)
{
	if (login->open_questions == 0) {
		envoi__login_start_deadline(login, envoi__login_time_left_ms(login));
	}
}

void envoi__login_question_opens(struct envoi__login *login)
{
	if (login->open_questions++ == 0) {
		login->left_ms = envoi__login_time_left_ms(login);
		envoi_timer_stop(&login->deadline);
	}
}

void envoi__login_question_closes(struct envoi__login *login)
{
	bool is_logging_in = !envoi__guard_is_over(&login->guard) &&
		login->state < ENVOI__LOGIN_ONLINE;
	if (--login->open_questions == 0 && is_logging_in) {
		envoi__login_start_deadline(login, login->left_ms);
	}
}
