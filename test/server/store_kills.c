/*
 * envoi - envoi-server: a process that is killed while it stores loses nothing that it has
 * acknowledged, and stores nothing twice
 * SPDX-License-Identifier: MIT
 *
 * usage: store_kills ROUNDS [SEED]
 */
/*
 * A child begins jobs of several turns at once, and writes the number of each that has ended to a
 * pipe. It is killed when a random number of them was read. Then the file has all whose numbers are
 * in the pipe, further ones only behind them, and each once. The next child goes on with that file.
 */
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <envoi/envoi.h>
#include <envoi/sqlite_store.h>

enum {
	OPEN_JOBS = 40, /* of the child, at once */
	MOST_READ = 400, /* ends, before it is killed */
};

static char folder[] = "/tmp/envoi-kills-XXXXXX", path[60];

static void fail(const char *what, uint64_t number)
{
	fprintf(stderr, "%s: %" PRIu64 " (%s)\n", what, number, path);
	_exit(1);
}

static void check(bool is_right, const char *what, uint64_t number)
{
	if (!is_right) {
		fail(what, number);
	}
}

struct opened {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_store *store;
};

static struct opened open_store(void)
{
	struct opened opened;
	struct envoi_failure failure;
	const struct envoi_sqlite_store_options options = {.path = path};
	check(envoi_context_new(&opened.context, NULL) == ENVOI_OK &&
			envoi_loop_new_poll(&opened.loop, opened.context) == ENVOI_OK &&
			envoi_context_take_loop(opened.context, opened.loop) == ENVOI_OK,
		"no loop", 0);
	if (envoi_store_open_sqlite(&opened.store, opened.context, &options, &failure) < 0) {
		fail(failure.text, 0);
	}
	return opened;
}

static void turn(const struct opened *opened)
{
	check(envoi_loop_run_once(opened->loop, true) == ENVOI_OK, "no turn", 0);
}

/* --- the child --- */

static struct child {
	struct opened opened;
	struct envoi_store_job jobs[OPEN_JOBS];
	uint64_t numbers[OPEN_JOBS];
	uint64_t next;
	int out;
} child;

static void begin(struct envoi_store_job *job);

static void on_stored(
	struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	uint64_t number = child.numbers[job - child.jobs];
	(void)answer;
	check(code == ENVOI_OK, "a job has failed", number);
	check(write(child.out, &number, sizeof(number)) == sizeof(number), "no pipe", number);
	begin(job);
}

/* By turns a message, a contact and an account. */
static void begin(struct envoi_store_job *job)
{
	struct envoi_store *store = child.opened.store;
	uint64_t number = child.next++;
	char text[60];
	const char *name = text;
	const struct envoi_store_contact contact = {
		.jid = text, .is_listed = true, .version = number};
	child.numbers[job - child.jobs] = number;
	job->done = on_stored;
	snprintf(text, sizeof(text), "n%" PRIu64, number);
	if (number % 3 == 0) {
		store->impl->add_message(store, job, "alice", text, strlen(text), SIZE_MAX);
	} else if (number % 3 == 1) {
		store->impl->set_contact(store, job, "alice", &contact);
	} else {
		store->impl->set_verifiers(store, job, text, &name, 1, ENVOI_STORE_NEW);
	}
}

static void run_child(int out, uint64_t first)
{
	child.opened = open_store();
	child.out = out;
	child.next = first;
	for (size_t i = 0; i < OPEN_JOBS; i++) {
		begin(&child.jobs[i]);
	}
	for (;;) {
		turn(&child.opened);
	}
}

/* --- what is in the file --- */

struct found {
	struct envoi_store_job job;
	bool has_ended, exists;
	uint64_t number; /* of the account that is looked up */
	uint64_t acknowledged, stored; /* numbers below are there; the highest one, plus 1 */
	unsigned char *seen; /* by number */
};

static void see(struct found *found, const char *text, size_t len)
{
	char digits[30] = "";
	check(len > 1 && len < sizeof(digits) && text[0] == 'n', "not what was stored", len);
	memcpy(digits, text + 1, len - 1);
	uint64_t number = strtoull(digits, NULL, 10);
	check(number < found->acknowledged + OPEN_JOBS, "it was not begun", number);
	check(found->seen[number]++ == 0, "it is there twice", number);
}

static void on_read(struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	struct found *found = ENVOI_CONTAINER_OF(job, struct found, job);
	found->has_ended = true;
	found->exists = code == ENVOI_OK;
	check(code == ENVOI_OK || code == ENVOI_ERR_NOT_FOUND, envoi_error_name(code), 0);
	for (size_t i = 0; answer != NULL && i < answer->message_count; i++) {
		see(found, answer->messages[i].xml, answer->messages[i].len);
	}
	for (size_t i = 0; answer != NULL && i < answer->roster.contact_count; i++) {
		const char *jid = answer->roster.contacts[i].jid;
		see(found, jid, strlen(jid));
	}
	for (size_t i = 0; answer != NULL && i < answer->verifier_count; i++) {
		see(found, answer->verifiers[i], strlen(answer->verifiers[i]));
	}
}

static void wait_for(const struct opened *opened, struct found *found)
{
	while (!found->has_ended) {
		turn(opened);
	}
	found->has_ended = false;
}

static void read_file(const struct opened *opened, struct found *found)
{
	const struct envoi_store_impl *impl = opened->store->impl;
	impl->load_messages(opened->store, &found->job, "alice", SIZE_MAX);
	wait_for(opened, found);
	impl->load_roster(opened->store, &found->job, "alice");
	wait_for(opened, found);
	for (uint64_t i = 2; i < found->acknowledged + OPEN_JOBS; i += 3) {
		char name[30];
		snprintf(name, sizeof(name), "n%" PRIu64, i);
		impl->look_up(opened->store, &found->job, name);
		wait_for(opened, found);
	}
}

/* @param acknowledged  numbers below it have ended @return the next number */
static uint64_t check_file(uint64_t acknowledged)
{
	uint64_t most = acknowledged + OPEN_JOBS, next = acknowledged;
	struct opened opened = open_store();
	struct found found = {
		.job.done = on_read, .acknowledged = acknowledged, .seen = calloc(most, 1)};
	check(found.seen != NULL, "out of memory", most);
	read_file(&opened, &found);
	while (next < most && found.seen[next] == 1) {
		next++;
	}
	for (uint64_t i = 0; i < most; i++) {
		check(found.seen[i] == (i < next), i < next ? "lost" : "out of order", i);
	}
	free(found.seen);
	envoi_store_destroy(opened.store);
	envoi_context_unref(opened.context);
	return next;
}

/* --- rounds --- */

/* @return the number behind the last that has ended */
static uint64_t read_ends(int in, uint64_t next, size_t most)
{
	uint64_t number;
	for (size_t i = 0; i < most && read(in, &number, sizeof(number)) == sizeof(number); i++) {
		check(number == next, "it has ended out of order", number);
		next++;
	}
	return next;
}

static uint64_t kill_one(uint64_t first, size_t ends)
{
	int ends_of_pipe[2];
	check(pipe(ends_of_pipe) == 0, "no pipe", 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends_of_pipe[0]);
		run_child(ends_of_pipe[1], first);
	}
	check(pid > 0, "no process", 0);
	close(ends_of_pipe[1]);
	uint64_t next = read_ends(ends_of_pipe[0], first, ends);
	int status = 0;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status), "it has ended by itself", first);
	next = read_ends(ends_of_pipe[0], next, SIZE_MAX);
	close(ends_of_pipe[0]);
	return check_file(next);
}

static void make_alice(void)
{
	static const char *const verifiers[] = {"n0"}; /* not looked up */
	struct found found = {.job.done = on_read};
	struct opened opened = open_store();
	opened.store->impl->set_verifiers(
		opened.store, &found.job, "alice", verifiers, 1, ENVOI_STORE_NEW);
	wait_for(&opened, &found);
	envoi_store_destroy(opened.store);
	envoi_context_unref(opened.context);
}

static void remove_files(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char name[80];
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	rmdir(folder);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
	uint64_t random = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, next = 0;
	check(mkdtemp(folder) != NULL, "no folder", 0);
	snprintf(path, sizeof(path), "%s/store.db", folder);
	make_alice();
	for (size_t i = 0; i < rounds; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		next = kill_one(next, (size_t)(random >> 33) % MOST_READ);
	}
	remove_files();
	printf("%zu kills, %" PRIu64 " jobs, none lost or doubled\n", rounds, next);
	return 0;
}
