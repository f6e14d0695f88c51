/*
 * envoi - resolver on c-ares: tests
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* dladdr() */
#include <dlfcn.h>
#include <execinfo.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>
#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/resolver.h>
#include <envoi/mainloop.h>

#include "between.h"
#include "dns_server.h"
#include "net/cares.h"
#include "net/host_names.h"
#include "open_fds.h"

enum {
	A = 1,
	AAAA = 28,
	SRV = 33,
	SERVFAIL = 2,
	NXDOMAIN = 3,
	REFUSED = 5,
};

#define SRV_NAME "_xmpp-client._tcp.example.org"

/* ends in the middle of the fixed part of a SRV record */
static const char cut_record[] = "\xc0\x0c\0\x21\0\1\0\0\1\0\0\x08\0\1\0";
/* the target's name is a pointer to itself */
static const char looping_name[] = "\xc0\x0c\0\x21\0\1\0\0\1\0\0\x08\0\1\0\1\x14\x66\xc0\x39";
/* the target "a b.example" is no host name */
static const char odd_target[] = "\xc0\x0c\0\x21\0\1\0\0\1\0\0\x13\0\1\0\1\x14\x66\3a b\7example\0";

/* an alias for example.org, and no record of the type that was asked for (RFC 2308, section 2.2) */
static const char only_alias[] = "\xc0\x0c\0\5\0\1\0\0\1\0\0\2\xc0\x18";

#define ONLY_ALIAS(its_type) \
	{ \
		.name = "_alias._tcp.example.org", .type = its_type, .raw = only_alias, \
		.raw_len = sizeof(only_alias) - 1, .raw_count = 1 \
	}

static const struct dns_answer answers[] = {
	ONLY_ALIAS(SRV),
	ONLY_ALIAS(A),
	ONLY_ALIAS(AAAA),
	{.name = SRV_NAME,
		.type = SRV,
		.records = "10 5 5222 one.example.org,20 0 5223 two.example"},
	{.name = "_none._tcp.example.org", .type = SRV, .records = "0 0 0 ."},
	{.name = "_empty._tcp.example.org", .type = SRV},
	{.name = "_broken._tcp.example.org", .type = SRV, .rcode = SERVFAIL},
	{.name = "_refused._tcp.example.org", .type = SRV, .rcode = REFUSED},
	{.name = "_cut._tcp.example.org",
		.type = SRV,
		.raw = cut_record,
		.raw_len = sizeof(cut_record) - 1,
		.raw_count = 1},
	{.name = "_loop._tcp.example.org",
		.type = SRV,
		.raw = looping_name,
		.raw_len = sizeof(looping_name) - 1,
		.raw_count = 1},
	{.name = "_odd._tcp.example.org",
		.type = SRV,
		.raw = odd_target,
		.raw_len = sizeof(odd_target) - 1,
		.raw_count = 1},
	{.name = "_large._tcp.example.org",
		.type = SRV,
		.truncated = true,
		.records = "1 1 5222 a.example,1 1 5222 b.example,1 1 5222 c.example"},
	{.name = "one.example.org", .type = A, .records = "192.0.2.1,192.0.2.2"},
	{.name = "one.example.org", .type = AAAA, .records = "2001:db8::1"},
	{.name = "four.example.org", .type = A, .records = "192.0.2.4"},
	{.name = "four.example.org", .type = AAAA},
	{.name = "silent.example.org", .type = A, .silent = true},
	{0},
};

struct outcome {
	bool is_inside_cares, is_inside_libc; /* when it was reported */
	struct envoi_lookup lookup;
	int calls;
	enum envoi_lookup_status status;
	char text[400]; /* "10 5 5222 one.example.org,..." or addresses */
	void (*then)(struct outcome *outcome);
};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct dns_server server;
	struct envoi_resolver *resolver, *own_resolver;
	int fds_before;
	struct outcome outcomes[4];
	struct envoi_timer watchdog;
	bool is_late;
};

static struct fixture *current;

/* --- how often the configuration was read --- */

static size_t channels_opened;

/* In place of the function of c-ares, which each new channel gets its servers by. */
int ares_set_servers_ports_csv(ares_channel channel, const char *servers)
{
	static int (*function)(ares_channel, const char *);
	if (function == NULL) {
		*(void **)&function = dlsym(RTLD_NEXT, "ares_set_servers_ports_csv");
	}
	channels_opened++;
	return function(channel, servers);
}

/* --- an allocator that fails --- */

static size_t allocations_left; /* 0: no limit */
static bool allocation_failed;

static bool may_allocate(void)
{
	if (allocations_left > 0 && --allocations_left == 0) {
		allocation_failed = true;
		return false;
	}
	return true;
}

static void *limited_alloc(void *user, size_t len)
{
	(void)user;
	return may_allocate() ? malloc(len) : NULL;
}

static void *limited_realloc(void *user, void *memory, size_t len)
{
	(void)user;
	return may_allocate() ? realloc(memory, len) : NULL;
}

static void limited_free(void *user, void *memory)
{
	(void)user;
	free(memory);
}

static const struct envoi_context_options options = {
	.allocator = {.alloc = limited_alloc, .realloc = limited_realloc, .free = limited_free},
};

/* @return whether c-ares, or whatever library has @p part in its name, is on the stack */
static bool is_on_the_stack(const char *part)
{
	void *frames[100];
	int count = backtrace(frames, 100);
	for (int i = 0; i < count; i++) {
		Dl_info info;
		if (dladdr(frames[i], &info) != 0 && info.dli_fname != NULL &&
			strstr(info.dli_fname, part) != NULL) {
			return true;
		}
	}
	return false;
}

static void record(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	struct outcome *o = ENVOI_CONTAINER_OF(lookup, struct outcome, lookup);
	size_t len = 0;
	o->calls++;
	o->status = result->status;
	o->is_inside_cares = is_on_the_stack("libcares");
	o->is_inside_libc = is_on_the_stack("libc.so");
	for (size_t i = 0; i < result->srv_count; i++) {
		const struct envoi_srv *srv = &result->srvs[i];
		len += (size_t)snprintf(o->text + len, sizeof(o->text) - len, "%s%u %u %u %s",
			i > 0 ? "," : "", srv->priority, srv->weight, srv->port, srv->target);
	}
	for (size_t i = 0; i < result->address_count; i++) {
		char address[64];
		envoi__print_address(&result->addresses[i], address, sizeof(address));
		len += (size_t)snprintf(
			o->text + len, sizeof(o->text) - len, "%s%s", i > 0 ? "," : "", address);
	}
	if (o->then != NULL) {
		o->then(o);
	}
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->fds_before = count_open_fds();
	allocations_left = 0;
	assert_int_equal(envoi_context_new(&f->context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(dns_server_start(&f->server, f->loop, answers), 0);
	assert_int_equal(
		envoi_resolver_new_cares(&f->resolver, f->context, f->server.address), ENVOI_OK);
	assert_int_equal(envoi_context_take_resolver(f->context, f->resolver), ENVOI_OK);
	*state = current = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	dns_server_stop(&f->server);
	envoi_context_unref(f->context);
	assert_int_equal(count_open_fds(), f->fds_before);
	free(f);
	return 0;
}

static void ask_srv(struct fixture *f, size_t i, const char *name)
{
	assert_int_equal(
		envoi_lookup_srv(&f->outcomes[i].lookup, f->resolver, name, record), ENVOI_OK);
	assert_int_equal(f->outcomes[i].calls, 0);
}

static void ask_address(struct fixture *f, size_t i, const char *host, int family)
{
	assert_int_equal(
		envoi_lookup_address(&f->outcomes[i].lookup, f->resolver, host, family, record),
		ENVOI_OK);
	assert_int_equal(f->outcomes[i].calls, 0);
}

static void too_late(struct envoi_timer *timer)
{
	ENVOI_CONTAINER_OF(timer, struct fixture, watchdog)->is_late = true;
}

static void wait_for(struct fixture *f, size_t count)
{
	envoi_timer_start(&f->watchdog, f->loop, 10000, too_late);
	size_t calls = 0;
	while (calls < count && !f->is_late) {
		assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_OK);
		calls = 0;
		for (size_t i = 0; i < 4; i++) {
			calls += (size_t)f->outcomes[i].calls;
		}
	}
	envoi_timer_stop(&f->watchdog);
	assert_int_equal(calls, count);
}

static void expect(struct fixture *f, size_t i, enum envoi_lookup_status status, const char *text)
{
	assert_int_equal(f->outcomes[i].calls, 1);
	assert_int_equal(f->outcomes[i].status, status);
	assert_string_equal(f->outcomes[i].text, text);
}

static void services_and_addresses_are_found(void **state)
{
	struct fixture *f = *state;
	ask_srv(f, 0, SRV_NAME);
	ask_address(f, 1, "one.example.org", AF_INET);
	ask_address(f, 2, "one.example.org.", AF_INET6);
	ask_srv(f, 3, "_none._tcp.example.org");
	wait_for(f, 4);
	expect(f, 0, ENVOI_LOOKUP_OK, "10 5 5222 one.example.org,20 0 5223 two.example");
	expect(f, 1, ENVOI_LOOKUP_OK, "192.0.2.1,192.0.2.2");
	expect(f, 2, ENVOI_LOOKUP_OK, "2001:db8::1");
	expect(f, 3, ENVOI_LOOKUP_OK, "0 0 0 .");
}

/* Freeing, asking and cancelling inside a callback of c-ares makes several of its releases use
 * freed memory: whatever the answer, and whichever way it came, nothing is reported from there. */
static void look_ups_are_not_reported_from_inside_the_resolver_library(void **state)
{
	static const struct {
		const char *name;
		int family;
	} questions[] = {
		{SRV_NAME, 0},
		{"_xmpp-client._tcp.unknown.example", 0},
		{"_broken._tcp.example.org", 0},
		{"_cut._tcp.example.org", 0},
		{"_large._tcp.example.org", 0},
		{"one.example.org", AF_INET},
		{"four.example.org", AF_INET6},
		{"localhost", AF_INET},
		{"192.0.2.7", AF_INET},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		f->outcomes[0] = (struct outcome){.calls = 0};
		if (questions[i].family == 0) {
			ask_srv(f, 0, questions[i].name);
		} else {
			ask_address(f, 0, questions[i].name, questions[i].family);
		}
		wait_for(f, 1);
		assert_false(f->outcomes[0].is_inside_cares);
		assert_true(f->outcomes[0].is_inside_libc); /* main() was called from there */
	}
}

static void no_name_no_data_and_no_answer_are_distinguished(void **state)
{
	struct fixture *f = *state;
	ask_srv(f, 0, "_xmpp-client._tcp.unknown.example");
	ask_srv(f, 1, "_empty._tcp.example.org");
	ask_address(f, 2, "four.example.org", AF_INET6);
	ask_srv(f, 3, "_broken._tcp.example.org");
	wait_for(f, 4);
	expect(f, 0, ENVOI_LOOKUP_NO_NAME, "");
	expect(f, 1, ENVOI_LOOKUP_NO_DATA, "");
	expect(f, 2, ENVOI_LOOKUP_NO_DATA, "");
	expect(f, 3, ENVOI_LOOKUP_FAILED, "");
}

/* A wildcard alias in the zone of a domain must not keep clients from the domain itself. */
static void an_answer_with_nothing_but_an_alias_is_no_data(void **state)
{
	struct fixture *f = *state;
	ask_srv(f, 0, "_alias._tcp.example.org");
	ask_address(f, 1, "_alias._tcp.example.org", AF_INET);
	ask_address(f, 2, "_alias._tcp.example.org", AF_INET6);
	wait_for(f, 3);
	for (size_t i = 0; i < 3; i++) {
		expect(f, i, ENVOI_LOOKUP_NO_DATA, "");
	}
}

static void refused_and_malformed_answers_are_failures(void **state)
{
	struct fixture *f = *state;
	ask_srv(f, 0, "_refused._tcp.example.org");
	ask_srv(f, 1, "_cut._tcp.example.org");
	ask_srv(f, 2, "_loop._tcp.example.org");
	ask_srv(f, 3, "_odd._tcp.example.org");
	wait_for(f, 4);
	for (size_t i = 0; i < 4; i++) {
		expect(f, i, ENVOI_LOOKUP_FAILED, "");
	}
}

static void a_truncated_answer_is_fetched_over_tcp(void **state)
{
	struct fixture *f = *state;
	ask_srv(f, 0, "_large._tcp.example.org");
	wait_for(f, 1);
	expect(f, 0, ENVOI_LOOKUP_OK, "1 1 5222 a.example,1 1 5222 b.example,1 1 5222 c.example");
	assert_int_equal(f->server.tcp_questions, 1);
}

static void hosts_that_need_no_server_are_answered_from_the_loop(void **state)
{
	struct fixture *f = *state;
	ask_address(f, 0, "192.0.2.7", AF_INET);
	ask_address(f, 1, "2001:db8::7", AF_INET);
	ask_address(f, 2, "LocalHost", AF_INET6);
	ask_srv(f, 3, "_xmpp-client._tcp.localhost");
	wait_for(f, 4);
	expect(f, 0, ENVOI_LOOKUP_OK, "192.0.2.7");
	expect(f, 1, ENVOI_LOOKUP_NO_DATA, "");
	expect(f, 2, ENVOI_LOOKUP_OK, "::1");
	expect(f, 3, ENVOI_LOOKUP_NO_NAME, "");
	assert_int_equal(f->server.questions, 0);
}

static void a_text_that_is_not_a_name_is_refused(void **state)
{
	struct fixture *f = *state;
	char label[70], name[400] = "";
	memset(label, 'a', 64);
	label[64] = '\0';
	for (size_t i = 0; i < 64; i++) {
		strcat(name, "abc.");
	}
	const char *const bad[] = {
		"", ".", "a..b", ".a", "a b", "b\xc3\xbc.example", "a/b", label, name};
	struct envoi_lookup lookup = {0};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			envoi_lookup_srv(&lookup, f->resolver, bad[i], record), ENVOI_ERR_INVALID);
		assert_int_equal(
			envoi_lookup_address(&lookup, f->resolver, bad[i], AF_INET, record),
			ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi_lookup_address(&lookup, f->resolver, "a.example", AF_UNIX, record),
		ENVOI_ERR_INVALID);
	ask_srv(f, 0, SRV_NAME);
	assert_int_equal(envoi_lookup_srv(&f->outcomes[0].lookup, f->resolver, SRV_NAME, record),
		ENVOI_ERR_STATE);
	assert_int_equal(
		envoi_lookup_address(&f->outcomes[0].lookup, f->resolver, "::1", AF_INET6, record),
		ENVOI_ERR_STATE);
	envoi_lookup_cancel(&f->outcomes[0].lookup);
}

static void a_canceled_look_up_is_not_reported_and_leaves_nothing_on_the_loop(void **state)
{
	struct fixture *f = *state;
	int fds = count_open_fds();
	ask_srv(f, 0, SRV_NAME);
	ask_address(f, 1, "silent.example.org", AF_INET);
	ask_address(f, 2, "192.0.2.7", AF_INET);
	ask_address(f, 3, "four.example.org", AF_INET);
	envoi_lookup_cancel(&f->outcomes[0].lookup);
	wait_for(f, 2);
	assert_int_equal(f->outcomes[0].calls, 0);
	assert_int_equal(f->outcomes[1].calls, 0);
	envoi_lookup_cancel(&f->outcomes[1].lookup);
	envoi_lookup_cancel(&f->outcomes[1].lookup);
	dns_server_stop(&f->server);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_END);
	assert_int_equal(count_open_fds(), fds - 2);
}

static void a_canceled_one_does_not_outlive_the_last_that_is_awaited(void **state)
{
	struct fixture *f = *state;
	ask_address(f, 0, "silent.example.org", AF_INET);
	ask_address(f, 1, "four.example.org", AF_INET);
	envoi_lookup_cancel(&f->outcomes[0].lookup);
	wait_for(f, 1);
	dns_server_stop(&f->server);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_END);
}

static void an_answered_look_up_leaves_nothing_on_the_loop(void **state)
{
	struct fixture *f = *state;
	ask_address(f, 0, "four.example.org", AF_INET);
	wait_for(f, 1);
	dns_server_stop(&f->server);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_END);
}

static void cancel_the_others(struct outcome *outcome)
{
	for (size_t i = 0; i < 4; i++) {
		if (&current->outcomes[i] != outcome) {
			envoi_lookup_cancel(&current->outcomes[i].lookup);
		}
	}
}

/* They may be answered in the same turn, or be with c-ares still. */
static void look_ups_are_canceled_inside_a_callback(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < 4; i++) {
		f->outcomes[i].then = cancel_the_others;
		ask_address(f, i, "one.example.org", AF_INET);
	}
	wait_for(f, 1);
	dns_server_stop(&f->server);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_END);
}

static void ask_again(struct outcome *outcome)
{
	outcome->then = NULL;
	outcome->text[0] = '\0';
	if (envoi_lookup_address(
		    &outcome->lookup, current->resolver, "four.example.org", AF_INET, record) < 0) {
		abort();
	}
}

static void a_look_up_is_started_again_inside_its_callback(void **state)
{
	struct fixture *f = *state;
	f->outcomes[0].then = ask_again;
	ask_srv(f, 0, SRV_NAME);
	wait_for(f, 2);
	assert_string_equal(f->outcomes[0].text, "192.0.2.4");
}

static void drop_all(struct outcome *outcome)
{
	dns_server_stop(&current->server);
	cancel_the_others(outcome);
	current->context = envoi_context_unref(current->context);
}

static void the_context_is_dropped_inside_a_callback(void **state)
{
	struct fixture *f = *state;
	f->outcomes[0].then = drop_all;
	ask_srv(f, 0, SRV_NAME);
	ask_address(f, 1, "silent.example.org", AF_INET);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	expect(f, 0, ENVOI_LOOKUP_OK, "10 5 5222 one.example.org,20 0 5223 two.example");
	assert_int_equal(f->outcomes[1].calls, 0);
}

static void destroy_resolver(struct outcome *outcome)
{
	cancel_the_others(outcome);
	envoi_resolver_destroy(current->own_resolver);
	current->own_resolver = NULL;
}

/* Of four look-ups one is with c-ares still, and the others are reported in one turn. */
static void the_resolver_is_destroyed_inside_a_callback(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_resolver_new_cares(&f->own_resolver, f->context, f->server.address),
		ENVOI_OK);
	f->outcomes[0].then = destroy_resolver;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(
			envoi_lookup_address(&f->outcomes[i].lookup, f->own_resolver,
				i == 3 ? "silent.example.org" : "one.example.org", AF_INET, record),
			ENVOI_OK);
	}
	wait_for(f, 1);
	assert_null(f->own_resolver);
	dns_server_stop(&f->server);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_END);
}

/* A server that is not there, then is: the second question must not die of the first. */
static void a_failure_does_not_stay(void **state)
{
	struct fixture *f = *state;
	struct dns_server *server = &f->server;
	static const struct dns_answer none[] = {
		{.name = SRV_NAME, .type = SRV, .rcode = SERVFAIL}, {0}};
	server->answers = none;
	ask_srv(f, 0, SRV_NAME);
	wait_for(f, 1);
	expect(f, 0, ENVOI_LOOKUP_FAILED, "");
	server->answers = answers;
	ask_srv(f, 1, SRV_NAME);
	wait_for(f, 2);
	assert_int_equal(f->outcomes[1].status, ENVOI_LOOKUP_OK);
}

static void look_up_service(struct fixture *f, const char *name)
{
	f->outcomes[0].calls = 0;
	ask_srv(f, 0, name);
	wait_for(f, 1);
}

/* The network may be another one than at first, with other name servers. */
static void after_a_failure_the_configuration_is_read_again_when_nothing_is_pending(void **state)
{
	struct fixture *f = *state;
	size_t before = channels_opened;
	look_up_service(f, "_xmpp-client._tcp.unknown.example");
	ask_address(f, 1, "silent.example.org", AF_INET);
	look_up_service(f, "_refused._tcp.example.org");
	look_up_service(f, SRV_NAME);
	assert_int_equal(channels_opened, before);
	assert_int_equal(f->outcomes[1].calls, 0);
	envoi_lookup_cancel(&f->outcomes[1].lookup);
	look_up_service(f, SRV_NAME);
	assert_int_equal(channels_opened, before + 1);
	look_up_service(f, SRV_NAME);
	assert_int_equal(channels_opened, before + 1);
}

/* @return whether the hosts file has an IPv4 address for a name other than localhost */
static bool find_host(char name[256], char address[64])
{
	char line[512];
	FILE *file = fopen("/etc/hosts", "r");
	bool found = false;
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
		found = sscanf(line, "%63[0-9.] %255[^ \t\n]", address, name) == 2 &&
			strstr(name, "localhost") == NULL;
	}
	if (file != NULL) {
		fclose(file);
	}
	return found;
}

static void the_hosts_file_comes_before_the_name_servers(void **state)
{
	struct fixture *f = *state;
	char name[256], address[64];
	if (!find_host(name, address)) {
		skip();
	}
	ask_address(f, 0, name, AF_INET);
	wait_for(f, 1);
	assert_int_equal(f->outcomes[0].status, ENVOI_LOOKUP_OK);
	assert_ptr_equal(strstr(f->outcomes[0].text, address), f->outcomes[0].text);
	ask_address(f, 1, name, AF_INET6);
	wait_for(f, 2);
	assert_true(f->outcomes[1].status == ENVOI_LOOKUP_NO_DATA ||
		f->outcomes[1].status == ENVOI_LOOKUP_OK);
	assert_int_equal(f->server.questions, 0);
}

static void malformed_servers_are_refused(void **state)
{
	struct fixture *f = *state;
	struct envoi_resolver *resolver;
	assert_int_equal(
		envoi_resolver_new_cares(&resolver, f->context, "no address"), ENVOI_ERR_INVALID);
}

static int look_up(struct fixture *f, struct outcome *o, int family)
{
	return family == 0
		? envoi_lookup_srv(&o->lookup, f->resolver, SRV_NAME, record)
		: envoi_lookup_address(&o->lookup, f->resolver, "one.example.org", family, record);
}

/* Each allocation fails once. A socket that cannot be watched ends by cancelling: by time it would
 * take too long here. */
static void running_out_of_memory_leaks_nothing(void **state)
{
	static const int families[] = {0, AF_INET, AF_INET6};
	struct fixture *f = *state;
	struct outcome *o = &f->outcomes[0];
	for (size_t i = 0; i < 3; i++) {
		size_t n = 1;
		for (allocation_failed = true; allocation_failed && n < 100; n++) {
			memset(o, 0, sizeof(*o));
			allocation_failed = false;
			allocations_left = n;
			int r = look_up(f, o, families[i]);
			for (int turns = 0; r == ENVOI_OK && o->calls == 0 && turns < 3; turns++) {
				assert_int_equal(
					envoi_loop_run_once(f->loop, turns == 0), ENVOI_OK);
			}
			allocations_left = 0;
			assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
			assert_true(o->calls == 0 || o->status == ENVOI_LOOKUP_OK ||
				o->status == ENVOI_LOOKUP_NOMEM);
			envoi_lookup_cancel(&o->lookup);
		}
		assert_between(n, 3, 99);
		assert_int_equal(o->status, ENVOI_LOOKUP_OK);
	}
}

static void a_resolver_is_made_or_out_of_memory(void **state)
{
	struct fixture *f = *state;
	int r = ENVOI_ERR_NOMEM;
	for (size_t n = 1; r != ENVOI_OK; n++) {
		assert_int_equal(r, ENVOI_ERR_NOMEM);
		allocations_left = n;
		r = envoi_resolver_new_cares(&f->own_resolver, f->context, f->server.address);
		allocations_left = 0;
	}
	envoi_resolver_destroy(f->own_resolver);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(services_and_addresses_are_found),
		CASE(look_ups_are_not_reported_from_inside_the_resolver_library),
		CASE(no_name_no_data_and_no_answer_are_distinguished),
		CASE(an_answer_with_nothing_but_an_alias_is_no_data),
		CASE(refused_and_malformed_answers_are_failures),
		CASE(a_truncated_answer_is_fetched_over_tcp),
		CASE(hosts_that_need_no_server_are_answered_from_the_loop),
		CASE(a_text_that_is_not_a_name_is_refused),
		CASE(a_canceled_look_up_is_not_reported_and_leaves_nothing_on_the_loop),
		CASE(a_canceled_one_does_not_outlive_the_last_that_is_awaited),
		CASE(an_answered_look_up_leaves_nothing_on_the_loop),
		CASE(look_ups_are_canceled_inside_a_callback),
		CASE(a_look_up_is_started_again_inside_its_callback),
		CASE(the_context_is_dropped_inside_a_callback),
		CASE(the_resolver_is_destroyed_inside_a_callback),
		CASE(a_failure_does_not_stay),
		CASE(after_a_failure_the_configuration_is_read_again_when_nothing_is_pending),
		CASE(the_hosts_file_comes_before_the_name_servers),
		CASE(malformed_servers_are_refused),
		CASE(running_out_of_memory_leaks_nothing),
		CASE(a_resolver_is_made_or_out_of_memory),
	};
	return cmocka_run_group_tests_name("net/cares", tests, NULL, NULL);
}
