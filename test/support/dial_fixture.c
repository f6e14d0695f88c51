/*
 * envoi - dialing in virtual time, over a scripted resolver and a scripted network
 * SPDX-License-Identifier: MIT
 */
#include "dial_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "open_fds.h"

/* --- an allocator that fails --- */

static bool may_allocate(struct dial_fixture *f)
{
	if (f->allocations_left > 0 && --f->allocations_left == 0) {
		f->allocation_failed = true;
		return false;
	}
	return true;
}

static void *limited_alloc(void *user, size_t len)
{
	return may_allocate(user) ? malloc(len) : NULL;
}

static void *limited_realloc(void *user, void *memory, size_t len)
{
	return may_allocate(user) ? realloc(memory, len) : NULL;
}

static void limited_free(void *user, void *memory)
{
	(void)user;
	free(memory);
}

static void note_warning(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *text)
{
	struct dial_fixture *f = user;
	size_t len = strlen(f->logged);
	(void)level;
	(void)subject;
	snprintf(f->logged + len, sizeof(f->logged) - len, "%s\n", text);
}

/* --- from the beginning to the end --- */

int dial_fixture_setup(void **state)
{
	struct dial_fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->fds_before = count_open_fds();
	struct envoi_context_options options = {
		.allocator = {.alloc = limited_alloc,
			.realloc = limited_realloc,
			.free = limited_free,
			.user = f},
		.log = note_warning,
		.log_level = ENVOI_LOG_WARNING,
		.log_user = f,
	};
	static const struct scripted_answer no_answers[] = {{0}};
	static const struct scripted_host no_hosts[] = {{0}};
	assert_int_equal(envoi_context_new(&f->context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(scripted_resolver_new(&f->resolver, f->context, no_answers), ENVOI_OK);
	assert_int_equal(envoi_context_take_resolver(f->context, f->resolver), ENVOI_OK);
	scripted_network_init(&f->network, f->loop, no_hosts);
	f->options = (struct envoi_dial_options){
		.domain = "example.org",
		.sockets = &f->network.sockets,
	};
	*state = f;
	return 0;
}

void dial_fixture_end(struct dial_fixture *f)
{
	envoi_dial_free(f->dial);
	f->dial = NULL;
	envoi_failure_finish(&f->failure);
	scripted_network_finish(&f->network);
	f->network.log[0] = f->result[0] = f->logged[0] = '\0';
	f->calls = 0;
}

int dial_fixture_teardown(void **state)
{
	struct dial_fixture *f = *state;
	dial_fixture_end(f);
	assert_int_equal(scripted_resolver_pending(f->resolver), 0);
	envoi_context_unref(f->context);
	assert_int_equal(count_open_fds(), f->fds_before);
	free(f);
	return 0;
}

void dial_fixture_done(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct dial_fixture *f = user;
	unsigned long long now = envoi_loop_now_ms(f->loop);
	f->calls++;
	if (f->frees_in_callback) {
		envoi_dial_free(f->dial);
		f->dial = NULL;
	}
	if (dialed != NULL) {
		snprintf(f->result, sizeof(f->result), "%llu %s %s:%u %s", now, dialed->host,
			dialed->address, dialed->port,
			dialed->route == ENVOI_ROUTE_DIRECT ? "direct" : "starttls");
	} else {
		envoi_failure_copy(&f->failure, failure);
		snprintf(f->result, sizeof(f->result), "%llu %s %s", now,
			envoi_phase_name(failure->phase), envoi_error_name(failure->code));
	}
}

void dial_fixture_start(struct dial_fixture *f)
{
	assert_int_equal(
		envoi_dial_new(&f->dial, f->context, &f->options, dial_fixture_done, f), ENVOI_OK);
	assert_int_equal(f->calls, 0);
}

const char *dial(struct dial_fixture *f, const struct scripted_answer *answers,
	const struct scripted_host *hosts)
{
	scripted_resolver_set(f->resolver, answers);
	f->network.hosts = hosts;
	dial_fixture_start(f);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(f->calls, 1);
	return f->result;
}
