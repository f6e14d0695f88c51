/*
 * envoi - tests: a store of a server, and what its jobs end with as text
 * SPDX-License-Identifier: MIT
 */
#include "store_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/error.h>
#include <envoi/mainloop.h>

struct store_fixture store_fixture;

/* --- what a job ends with --- */

static void note(const char *format, ...) ENVOI_PRINTF(1, 2);
static void note(const char *format, ...)
{
	size_t len = strlen(store_fixture.noted);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(store_fixture.noted + len, sizeof(store_fixture.noted) - len, format, arguments);
	va_end(arguments);
}

static void note_roster(const struct envoi_store_roster *roster)
{
	note(" v%d-%d", (int)roster->version, (int)roster->removed);
	for (size_t i = 0; i < roster->contact_count; i++) {
		const struct envoi_store_contact *c = &roster->contacts[i];
		note(" %s:%s:%u:%d:%zu%s:%s", c->jid, c->name == NULL ? "-" : c->name,
			c->subscription, c->is_listed, c->group_count,
			c->group_count == 0 ? "" : c->groups[c->group_count - 1],
			c->request == NULL ? "-" : c->request);
	}
}

void store_note(struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	assert_null(job->data);
	store_fixture.is_noted = true;
	store_fixture.noted[0] = '\0';
	note("%s", envoi_error_name(code) + strlen("ENVOI_"));
	if (answer == NULL) {
		return;
	}
	assert_int_equal(code, ENVOI_OK);
	for (size_t i = 0; i < answer->verifier_count; i++) {
		note(" %s", answer->verifiers[i]);
	}
	for (size_t i = 0; i < answer->message_count; i++) {
		note(" %d=%.*s", (int)answer->messages[i].id, (int)answer->messages[i].len,
			answer->messages[i].xml);
	}
	if (answer->roster.version > 0 || answer->roster.contact_count > 0) {
		note_roster(&answer->roster);
	}
	if (answer->value != NULL) {
		note(" %.*s", (int)answer->value_len, (const char *)answer->value);
	}
}

const char *store_wait(struct envoi_loop *loop)
{
	while (!store_fixture.is_noted) {
		assert_int_equal(envoi_loop_run_once(loop, true), ENVOI_OK);
	}
	store_fixture.is_noted = false;
	return store_fixture.noted;
}

void assert_store_ends(const char *expected)
{
	assert_false(store_fixture.is_noted);
	assert_non_null(store_fixture.job.data);
	assert_string_equal(store_wait(store_fixture.loop), expected);
}

void store_make_alice(void)
{
	static const char *const verifiers[] = {"one", "two"};
	STORE_DO(set_verifiers, "alice", verifiers, 2, ENVOI_STORE_NEW);
	assert_store_ends("OK");
}

/* --- life --- */

static void log_line(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	size_t len = strlen(store_fixture.logged);
	(void)user;
	(void)level;
	(void)subject;
	snprintf(store_fixture.logged + len, sizeof(store_fixture.logged) - len, "%s\n", message);
}

void store_open(void)
{
	assert_int_equal(
		store_fixture.make(&store_fixture.store, store_fixture.context, store_fixture.path),
		ENVOI_OK);
}

void store_begin(store_maker *make)
{
	struct store_fixture *f = &store_fixture;
	*f = (struct store_fixture){.make = make, .job.done = store_note};
	snprintf(f->folder, sizeof(f->folder), "/tmp/envoi-store-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/store.db", f->folder);
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	envoi_context_set_log(f->context, log_line, ENVOI_LOG_WARNING, NULL);
	assert_int_equal(envoi_loop_new_poll(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	store_open();
}

void store_clear(void)
{
	DIR *folder = opendir(store_fixture.folder);
	struct dirent *entry;
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.') {
			assert_int_equal(unlinkat(dirfd(folder), entry->d_name, 0), 0);
		}
	}
	closedir(folder);
}

void store_finish(void)
{
	envoi_store_destroy(store_fixture.store);
	envoi_context_unref(store_fixture.context);
	store_clear();
	assert_int_equal(rmdir(store_fixture.folder), 0);
}
