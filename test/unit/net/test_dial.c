/*
 * envoi - dialing: tests in virtual time
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>

#include "open_fds.h"
#include "scripted_network.h"
#include "scripted_resolver.h"

#define XMPP "_xmpp-client._tcp.example.org"
#define XMPPS "_xmpps-client._tcp.example.org"
#define NEVER UINT64_MAX
#define BOTH_ROADS (ENVOI_ROAD_STARTTLS | ENVOI_ROAD_DIRECT)

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_resolver *resolver;
	struct scripted_network network;
	struct envoi_dial *dial;
	struct envoi_dial_options options;
	int fds_before;

	int calls;
	char result[400]; /* "250 host.example 192.0.2.1:5222 starttls" */
	struct envoi_failure failure;
	bool frees_in_callback;
	size_t allocations_left; /* 0: no limit */
	bool allocation_failed;
};

/* --- an allocator that fails --- */

static bool may_allocate(struct fixture *f)
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

/* --- fixture --- */

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->fds_before = count_open_fds();
	struct envoi_context_options options = {
		.allocator = {
			.alloc = limited_alloc, .realloc = limited_realloc, .free = limited_free, .user = f},
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

static void end_dial(struct fixture *f)
{
	envoi_dial_free(f->dial);
	f->dial = NULL;
	envoi_failure_finish(&f->failure);
	scripted_network_finish(&f->network);
	f->network.log[0] = f->result[0] = '\0';
	f->calls = 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	end_dial(f);
	assert_int_equal(scripted_resolver_pending(f->resolver), 0);
	envoi_context_unref(f->context);
	assert_int_equal(count_open_fds(), f->fds_before);
	free(f);
	return 0;
}

static void on_dialed(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	unsigned long long now = envoi_loop_now_ms(f->loop);
	f->calls++;
	if (f->frees_in_callback) {
		envoi_dial_free(f->dial);
		f->dial = NULL;
	}
	if (dialed != NULL) {
		snprintf(f->result, sizeof(f->result), "%llu %s %s:%u %s", now, dialed->host,
			dialed->address, dialed->port,
			dialed->road == ENVOI_ROAD_DIRECT ? "direct" : "starttls");
	} else {
		envoi_failure_copy(&f->failure, failure);
		snprintf(f->result, sizeof(f->result), "%llu %s %s", now,
			envoi_phase_name(failure->phase), envoi_error_name(failure->code));
	}
}

static void start(struct fixture *f)
{
	assert_int_equal(
		envoi_dial_new(&f->dial, f->context, &f->options, on_dialed, f), ENVOI_OK);
	assert_int_equal(f->calls, 0);
}

/* Dial until the end and give the result. */
static const char *dial(struct fixture *f, const struct scripted_answer *answers,
	const struct scripted_host *hosts)
{
	scripted_resolver_set(f->resolver, answers);
	f->network.hosts = hosts;
	start(f);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(f->calls, 1);
	return f->result;
}

/* --- services --- */

static const struct scripted_host all_connect[] = {
	{.address = "192.0.2.1"},
	{.address = "192.0.2.2"},
	{.address = "192.0.2.9"},
	{.address = "2001:db8::1"},
	{.address = "2001:db8::2"},
	{0},
};

static void targets_of_the_service_record_are_connected_to(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "20 0 5224 two.example, 10 0 5223 one.example"},
		{.name = "one.example", .family = AF_INET, .records = "192.0.2.1"},
		{.name = "two.example", .family = AF_INET, .records = "192.0.2.2"},
		{0},
	};
	assert_string_equal(
		dial(*state, answers, all_connect), "0 one.example 192.0.2.1:5223 starttls");
}

/*
 * What the two look-ups say, and what follows: B both are raced, S the STARTTLS record, D the one
 * of direct TLS, F the domain itself, R refused, T timeout, U unreachable, M no memory. Columns:
 * _xmpps, rows: _xmpp.
 */
static const struct {
	enum envoi_lookup_status status;
	bool is_dot;
} says[] = {
	{.status = ENVOI_LOOKUP_OK},
	{.status = ENVOI_LOOKUP_OK, .is_dot = true},
	{.status = ENVOI_LOOKUP_NO_NAME},
	{.status = ENVOI_LOOKUP_NO_DATA},
	{.status = ENVOI_LOOKUP_FAILED},
	{.status = ENVOI_LOOKUP_TIMEOUT},
	{.status = ENVOI_LOOKUP_NOMEM},
};
#define SAYS (sizeof(says) / sizeof(says[0]))
static const char *const both_follow[SAYS] = {
	/* ok . name data fail time mem */
	"BSSSSSS",
	"DRRRUTM",
	"DRFFUTM",
	"DRFFUTM",
	"DUUUUUU",
	"DTTTUTU",
	"DMMMUUM",
};
static const char starttls_follow[] = "SRFFUTM"; /* without asking for _xmpps */
static const char direct_follow[] = "DRGGUTM"; /* G: the domain on port 5223 */

static const char *expected_result(char letter)
{
	switch (letter) {
	case 'B':
	case 'D':
		return "0 s.example 192.0.2.2:443 direct";
	case 'S':
		return "0 c.example 192.0.2.1:5222 starttls";
	case 'F':
		return "0 example.org 192.0.2.9:5222 starttls";
	case 'G':
		return "0 example.org 192.0.2.9:5223 direct";
	case 'T':
		return "0 resolve ENVOI_ERR_TIMEOUT";
	case 'M':
		return "0 resolve ENVOI_ERR_NOMEM";
	default:
		return "0 resolve ENVOI_ERR_UNREACHABLE";
	}
}

static void check_services(struct fixture *f, unsigned int roads, size_t xmpp, size_t xmpps,
	char letter)
{
	const struct scripted_answer answers[] = {
		{.name = XMPP, .status = says[xmpp].status,
			.records = says[xmpp].status != ENVOI_LOOKUP_OK ? NULL
				: says[xmpp].is_dot ? "0 0 0 ." : "20 0 5222 c.example"},
		{.name = XMPPS, .status = says[xmpps].status,
			.records = says[xmpps].status != ENVOI_LOOKUP_OK ? NULL
				: says[xmpps].is_dot ? "0 0 0 ." : "10 0 443 s.example"},
		{.name = "c.example", .family = AF_INET, .records = "192.0.2.1"},
		{.name = "s.example", .family = AF_INET, .records = "192.0.2.2"},
		{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
		{0},
	};
	/* by time only as far as the look-ups say so */
	f->options.roads = roads;
	const char *expected = expected_result(letter);
	uint64_t start_ms = envoi_loop_now_ms(f->loop);
	const char *got = dial(f, answers, all_connect);
	assert_int_equal(envoi_loop_now_ms(f->loop), start_ms);
	assert_string_equal(strchr(got, ' '), strchr(expected, ' '));
	if (letter == 'R') {
		assert_int_equal(f->failure.retry, ENVOI_RETRY_AFTER_USER);
		assert_int_equal(f->failure.attempt_count, 0);
	}
	if (strchr("TUM", letter) != NULL) {
		assert_int_equal(f->failure.retry, ENVOI_RETRY_LATER);
		assert_true(f->failure.attempt_count >= 1);
	}
	end_dial(f);
}

static void only_no_name_and_no_data_lead_to_the_domain_itself(void **state)
{
	struct fixture *f = *state;
	for (size_t xmpp = 0; xmpp < SAYS; xmpp++) {
		for (size_t xmpps = 0; xmpps < SAYS; xmpps++) {
			check_services(f, BOTH_ROADS, xmpp, xmpps, both_follow[xmpp][xmpps]);
			check_services(f, ENVOI_ROAD_STARTTLS, xmpp, xmpps, starttls_follow[xmpp]);
			check_services(f, ENVOI_ROAD_DIRECT, xmpp, xmpps, direct_follow[xmpps]);
		}
	}
}

/* S19: a name server that is kept from answering, or made to fail, does not send us to the domain
 * itself; a "." is the end. */
static void s19_no_answer_is_not_no_such_name(void **state)
{
	static const struct {
		struct scripted_answer xmpp;
		const char *result;
	} rows[] = {
		{{.name = XMPP, .status = ENVOI_LOOKUP_TIMEOUT}, "resolve ENVOI_ERR_TIMEOUT"},
		{{.name = XMPP, .delay_ms = NEVER}, "resolve ENVOI_ERR_TIMEOUT"},
		{{.name = XMPP, .status = ENVOI_LOOKUP_FAILED}, "resolve ENVOI_ERR_UNREACHABLE"},
		{{.name = XMPP, .records = "0 0 0 ."}, "resolve ENVOI_ERR_UNREACHABLE"},
		{{.name = XMPP, .status = ENVOI_LOOKUP_NO_NAME}, "example.org 192.0.2.9:5222 starttls"},
	};
	struct fixture *f = *state;
	f->options.roads = BOTH_ROADS;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scripted_answer answers[] = {
			rows[i].xmpp,
			{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
			{0},
		};
		const char *result = strchr(dial(f, answers, all_connect), ' ') + 1;
		assert_string_equal(result, rows[i].result);
		end_dial(f);
	}
}

static void a_dot_among_other_targets_is_ignored(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "0 0 0 ., 10 0 5222 c.example"},
		{.name = "c.example", .family = AF_INET, .records = "192.0.2.1"},
		{0},
	};
	assert_string_equal(
		dial(*state, answers, all_connect), "0 c.example 192.0.2.1:5222 starttls");
}

static void records_without_sense_are_a_failure_and_no_reason_to_fall_back(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "10 0 0 c.example"},
		{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
		{0},
	};
	assert_string_equal(dial(*state, answers, all_connect), "0 resolve ENVOI_ERR_UNREACHABLE");
}

static void services_that_are_never_told_end_by_time(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .delay_ms = NEVER},
		{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
		{0},
	};
	struct fixture *f = *state;
	assert_string_equal(dial(f, answers, all_connect), "15000 resolve ENVOI_ERR_TIMEOUT");
	assert_int_equal(f->failure.attempt_count, 1);
	assert_string_equal(f->failure.attempts[0].target, XMPP);
	assert_int_equal(f->failure.attempts[0].code, ENVOI_ERR_TIMEOUT);
}

/* One answers, the other is silent: what is there is used after a second. */
static void a_silent_service_look_up_does_not_kill_the_other(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "10 0 5222 c.example"},
		{.name = XMPPS, .delay_ms = NEVER},
		{.name = "c.example", .family = AF_INET, .records = "192.0.2.1"},
		{0},
	};
	struct fixture *f = *state;
	f->options.roads = BOTH_ROADS;
	assert_string_equal(
		dial(f, answers, all_connect), "1000 c.example 192.0.2.1:5222 starttls");
}

static void a_host_or_port_by_setting_is_not_looked_up_as_a_service(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "10 0 5222 c.example"},
		{.name = "h.example", .family = AF_INET, .records = "192.0.2.1"},
		{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
		{0},
	};
	static const struct {
		const char *domain, *host;
		uint16_t port;
		unsigned int roads;
		const char *expected;
	} rows[] = {
		{"example.org", "h.example", 0, 0, "0 h.example 192.0.2.1:5222 starttls"},
		{"example.org", "h.example.", 77, 0, "0 h.example 192.0.2.1:77 starttls"},
		{"example.org", "h.example", 0, ENVOI_ROAD_DIRECT, "0 h.example 192.0.2.1:5223 direct"},
		{"example.org", NULL, 77, ENVOI_ROAD_DIRECT, "0 example.org 192.0.2.9:77 direct"},
		{"example.org", "192.0.2.2", 0, BOTH_ROADS, "0 192.0.2.2 192.0.2.2:5222 starttls"},
		{"example.org", "[2001:db8::1]", 1, 0, "0 2001:db8::1 2001:db8::1:1 starttls"},
		{"192.0.2.1", NULL, 0, 0, "0 192.0.2.1 192.0.2.1:5222 starttls"},
		{"[2001:db8::2]", NULL, 0, 0, "0 2001:db8::2 2001:db8::2:5222 starttls"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f->options.domain = rows[i].domain;
		f->options.host = rows[i].host;
		f->options.port = rows[i].port;
		f->options.roads = rows[i].roads;
		assert_string_equal(dial(f, answers, all_connect), rows[i].expected);
		end_dial(f);
	}
}

static void what_is_no_host_is_refused(void **state)
{
	static const char *const bad[] = {"", "a b", "[::1", "exa mple", "b\xc3\xbc.example", "..", "[]"};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f->options.domain = bad[i];
		f->options.host = NULL;
		assert_int_equal(envoi_dial_new(&f->dial, f->context, &f->options, on_dialed, f),
			ENVOI_ERR_INVALID);
		f->options.domain = "example.org";
		f->options.host = bad[i];
		assert_int_equal(envoi_dial_new(&f->dial, f->context, &f->options, on_dialed, f),
			ENVOI_ERR_INVALID);
	}
	f->options = (struct envoi_dial_options){.domain = "example.org", .service = "smtp"};
	assert_int_equal(envoi_dial_new(&f->dial, f->context, &f->options, on_dialed, f),
		ENVOI_ERR_INVALID);
}

static void servers_have_names_and_ports_of_their_own(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "_xmpp-server._tcp.example.org", .status = ENVOI_LOOKUP_NO_NAME},
		{.name = XMPP, .records = "10 0 5222 c.example"},
		{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
		{0},
	};
	struct fixture *f = *state;
	f->options.service = "xmpp-server";
	assert_string_equal(
		dial(f, answers, all_connect), "0 example.org 192.0.2.9:5269 starttls");
}

static void a_domain_too_long_for_a_service_record_is_tried_itself(void **state)
{
	char domain[254];
	memset(domain, 'a', sizeof(domain) - 1);
	for (size_t i = 50; i < sizeof(domain) - 1; i += 51) {
		domain[i] = '.';
	}
	domain[sizeof(domain) - 1] = '\0';
	const struct scripted_answer answers[] = {
		{.name = domain, .family = AF_INET, .records = "192.0.2.9"},
		{0},
	};
	struct fixture *f = *state;
	f->options.domain = domain;
	assert_non_null(strstr(dial(f, answers, all_connect), "192.0.2.9:5222 starttls"));
}

/* --- addresses --- */

/* Rows: A, columns: AAAA, each found, NXDOMAIN, NODATA, failed, timeout, no memory. */
static void one_family_is_enough_and_both_failing_says_why(void **state)
{
	static const enum envoi_lookup_status statuses[] = {ENVOI_LOOKUP_OK, ENVOI_LOOKUP_NO_NAME,
		ENVOI_LOOKUP_NO_DATA, ENVOI_LOOKUP_FAILED, ENVOI_LOOKUP_TIMEOUT,
		ENVOI_LOOKUP_NOMEM};
	static const char *const follow[] = {
		"644444",
		"6UUUTM",
		"6UUUTM",
		"6UUUUU",
		"6TTUTU",
		"6MMUUM",
	};
	struct fixture *f = *state;
	for (size_t a = 0; a < 6; a++) {
		for (size_t aaaa = 0; aaaa < 6; aaaa++) {
			const struct scripted_answer answers[] = {
				{.name = XMPP, .records = "10 0 5222 c.example"},
				{.name = "c.example", .family = AF_INET, .status = statuses[a],
					.records = a == 0 ? "192.0.2.1" : NULL},
				{.name = "c.example", .family = AF_INET6, .status = statuses[aaaa],
					.records = aaaa == 0 ? "2001:db8::1" : NULL},
				{0},
			};
			const char *got = dial(f, answers, all_connect);
			switch (follow[a][aaaa]) {
			case '6':
				assert_string_equal(got, "0 c.example 2001:db8::1:5222 starttls");
				break;
			case '4':
				assert_string_equal(got, "0 c.example 192.0.2.1:5222 starttls");
				break;
			default:
				assert_string_equal(got, expected_result(follow[a][aaaa]));
			}
			end_dial(f);
		}
	}
}

static void an_address_waits_a_little_for_the_preferred_family(void **state)
{
	static const struct {
		uint64_t delay_ms;
		const char *expected;
	} rows[] = {
		{20, "20 h.example 2001:db8::1:5222 starttls"},
		{80, "50 h.example 192.0.2.1:5222 starttls"},
		{NEVER, "50 h.example 192.0.2.1:5222 starttls"},
	};
	struct fixture *f = *state;
	f->options.host = "h.example";
	uint64_t base_ms = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scripted_answer answers[] = {
			{.name = "h.example", .family = AF_INET, .records = "192.0.2.1"},
			{.name = "h.example", .family = AF_INET6, .records = "2001:db8::1",
				.delay_ms = rows[i].delay_ms},
			{0},
		};
		char expected[100];
		snprintf(expected, sizeof(expected), "%llu%s",
			(unsigned long long)base_ms + strtoull(rows[i].expected, NULL, 10),
			strchr(rows[i].expected, ' '));
		assert_string_equal(dial(f, answers, all_connect), expected);
		base_ms = envoi_loop_now_ms(f->loop);
		end_dial(f);
	}
}

static void a_silent_address_look_up_ends_by_time(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "h.example", .family = AF_INET, .delay_ms = NEVER},
		{.name = "h.example", .family = AF_INET6, .status = ENVOI_LOOKUP_NO_DATA},
		{0},
	};
	struct fixture *f = *state;
	f->options.host = "h.example";
	assert_string_equal(dial(f, answers, all_connect), "15000 resolve ENVOI_ERR_TIMEOUT");
}

/* Its look-up never ends: the next target has its turn all the same. */
static void a_target_without_addresses_does_not_hold_up_the_next(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "10 0 5222 a.example, 20 0 5222 b.example"},
		{.name = "a.example", .family = AF_INET, .delay_ms = NEVER},
		{.name = "a.example", .family = AF_INET6, .delay_ms = NEVER},
		{.name = "b.example", .family = AF_INET, .records = "192.0.2.2"},
		{0},
	};
	assert_string_equal(
		dial(*state, answers, all_connect), "250 b.example 192.0.2.2:5222 starttls");
}

/* --- the race --- */

static const struct scripted_answer two_targets[] = {
	{.name = XMPP, .records = "10 0 5222 a.example, 20 0 5223 b.example"},
	{.name = "a.example", .family = AF_INET, .records = "192.0.2.1, 192.0.2.2"},
	{.name = "a.example", .family = AF_INET6, .records = "2001:db8::1, 2001:db8::2, 2001:db8::3"},
	{.name = "b.example", .family = AF_INET, .records = "192.0.2.9"},
	{0},
};

static void a_black_hole_costs_a_quarter_of_a_second(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = NEVER},
		{.address = "192.0.2.1"},
		{0},
	};
	struct fixture *f = *state;
	assert_string_equal(dial(f, two_targets, hosts), "250 a.example 192.0.2.1:5222 starttls");
	assert_string_equal(f->network.log, "0 [2001:db8::1]:5222, 250 192.0.2.1:5222");
	assert_int_equal(f->network.open, 1);
}

static void starts_are_staggered_families_alternate_and_targets_keep_their_order(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = NEVER},
		{.address = "2001:db8::2", .delay_ms = NEVER},
		{.address = "2001:db8::3", .delay_ms = NEVER},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{.address = "192.0.2.2", .delay_ms = NEVER},
		{.address = "192.0.2.9", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	/* all time out 15 seconds after they were started */
	assert_string_equal(dial(f, two_targets, hosts), "16250 connect ENVOI_ERR_TIMEOUT");
	assert_string_equal(f->network.log,
		"0 [2001:db8::1]:5222, 250 192.0.2.1:5222, 500 [2001:db8::2]:5222, "
		"750 192.0.2.2:5222, 1000 [2001:db8::3]:5222, 1250 192.0.2.9:5223");
	assert_int_equal(f->network.open, 0);
	assert_int_equal(f->failure.attempt_count, 6);
}

static void a_refused_connection_makes_room_at_once(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .error = ECONNREFUSED, .delay_ms = 10},
		{.address = "192.0.2.1", .error_at_once = ENETUNREACH},
		{.address = "2001:db8::2", .error = EHOSTUNREACH, .delay_ms = 5},
		{.address = "192.0.2.2", .delay_ms = 1},
		{0},
	};
	struct fixture *f = *state;
	assert_string_equal(dial(f, two_targets, hosts), "16 a.example 192.0.2.2:5222 starttls");
	assert_string_equal(f->network.log, "0 [2001:db8::1]:5222, 10 192.0.2.1:5222, "
					    "10 [2001:db8::2]:5222, 15 192.0.2.2:5222");
}

static void the_slower_one_that_was_first_may_win_still(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = 300},
		{.address = "192.0.2.1", .delay_ms = 300},
		{0},
	};
	struct fixture *f = *state;
	assert_string_equal(
		dial(f, two_targets, hosts), "300 a.example 2001:db8::1:5222 starttls");
	assert_int_equal(f->network.open, 1);
}

static void each_attempt_is_kept_for_the_report(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .error = ECONNREFUSED},
		{.address = "2001:db8::2", .error_at_once = EMFILE},
		{.address = "2001:db8::3", .error = ETIMEDOUT},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{.address = "192.0.2.2", .error = EHOSTUNREACH},
		{0},
	};
	static const struct envoi_attempt expected[] = {
		{.address = "2001:db8::1", .code = ENVOI_ERR_UNREACHABLE, .text = "connection refused"},
		{.address = "2001:db8::2", .code = ENVOI_ERR_SYSTEM,
			.text = "too many open files in this program"},
		{.address = "192.0.2.2", .code = ENVOI_ERR_UNREACHABLE, .text = "no route to this host"},
		{.address = "2001:db8::3", .code = ENVOI_ERR_TIMEOUT, .text = "connection timed out"},
		{.address = "192.0.2.9", .code = ENVOI_ERR_UNREACHABLE, .text = "network is unreachable"},
		{.address = "192.0.2.1", .code = ENVOI_ERR_TIMEOUT,
			.text = "no answer in the time allowed"},
	};
	struct fixture *f = *state;
	assert_string_equal(dial(f, two_targets, hosts), "15000 connect ENVOI_ERR_UNREACHABLE");
	assert_int_equal(f->failure.attempt_count, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct envoi_attempt *got = &f->failure.attempts[i];
		assert_string_equal(got->address, expected[i].address);
		assert_string_equal(got->text, expected[i].text);
		assert_int_equal(got->code, expected[i].code);
		assert_int_equal(got->phase, ENVOI_PHASE_CONNECT);
		bool is_b = strcmp(got->address, "192.0.2.9") == 0;
		assert_string_equal(got->target, is_b ? "b.example" : "a.example");
		assert_int_equal(got->port, is_b ? 5223 : 5222);
	}
	assert_int_equal(f->failure.retry, ENVOI_RETRY_LATER);
}

static void the_deadline_ends_everything_and_names_the_phase(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = NEVER},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	f->options.timeout_ms = 400;
	assert_string_equal(dial(f, two_targets, hosts), "400 connect ENVOI_ERR_TIMEOUT");
	assert_int_equal(f->network.open, 0);
	end_dial(f);
	static const struct scripted_answer silent[] = {{.name = XMPP, .delay_ms = NEVER}, {0}};
	assert_string_equal(dial(f, silent, hosts), "800 resolve ENVOI_ERR_TIMEOUT");
}

/* Another domain's records may point anywhere: no more than so many addresses are tried. */
static void hostile_numbers_of_addresses_are_cut(void **state)
{
	char many[2000] = "192.0.2.1";
	for (int i = 0; i < 60; i++) {
		strcat(many, ", 192.0.2.1");
	}
	const struct scripted_answer answers[] = {
		{.name = "h.example", .family = AF_INET, .records = many}, {0}};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.1", .error_at_once = ECONNREFUSED}, {0}};
	struct fixture *f = *state;
	f->options.host = "h.example";
	assert_string_equal(dial(f, answers, hosts), "0 connect ENVOI_ERR_UNREACHABLE");
	assert_int_equal(f->failure.attempt_count, 8);
}

/* --- the end --- */

static const struct scripted_answer slow_answers[] = {
	{.name = XMPP, .delay_ms = 10, .records = "10 0 5222 a.example, 20 0 5223 b.example"},
	{.name = XMPPS, .delay_ms = 20, .records = "10 0 443 a.example"},
	{.name = "a.example", .family = AF_INET, .delay_ms = 10, .records = "192.0.2.1"},
	{.name = "a.example", .family = AF_INET6, .delay_ms = 30, .records = "2001:db8::1"},
	{.name = "b.example", .family = AF_INET, .delay_ms = 10, .records = "192.0.2.2"},
	{0},
};
static const struct scripted_host slow_hosts[] = {
	{.address = "2001:db8::1", .error = ECONNREFUSED, .delay_ms = 400},
	{.address = "192.0.2.1", .delay_ms = NEVER},
	{.address = "192.0.2.2", .delay_ms = 30},
	{0},
};

static void a_dial_freed_after_any_turn_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	f->options.roads = BOTH_ROADS;
	f->network.hosts = slow_hosts;
	scripted_resolver_set(f->resolver, slow_answers);
	bool is_over = false;
	size_t turns = 0;
	for (; !is_over && turns < 200; turns++) {
		start(f);
		for (size_t i = 0; i < turns; i++) {
			is_over = envoi_loop_run_once(f->loop, true) == ENVOI_END;
		}
		int calls = f->calls;
		envoi_dial_free(f->dial);
		f->dial = NULL;
		assert_int_equal(scripted_resolver_pending(f->resolver), 0);
		assert_int_equal(f->network.open, calls);
		scripted_network_finish(&f->network);
		assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_END);
		assert_int_equal(f->calls, calls);
		end_dial(f);
	}
	assert_true(turns > 10 && turns < 200);
}

static void a_dial_is_freed_inside_its_callback(void **state)
{
	struct fixture *f = *state;
	f->frees_in_callback = true;
	assert_string_equal(
		dial(f, two_targets, all_connect), "0 a.example 2001:db8::1:5222 starttls");
	end_dial(f);
	static const struct scripted_host no_hosts[] = {{0}};
	assert_string_equal(dial(f, two_targets, no_hosts), "0 connect ENVOI_ERR_UNREACHABLE");
	assert_int_equal(f->failure.attempt_count, 6);
}

struct last {
	struct envoi_context *context;
	struct envoi_dial *dial;
	size_t attempts;
};

static void drop_everything(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct last *last = user;
	(void)dialed;
	last->attempts = failure->attempt_count;
	envoi_dial_free(last->dial);
	envoi_context_unref(last->context);
}

static void the_context_may_go_with_the_dial_inside_its_callback(void **state)
{
	(void)state;
	struct last last = {0};
	struct envoi_loop *loop;
	assert_int_equal(envoi_context_new(&last.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&loop, last.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(last.context, loop), ENVOI_OK);
	/* Port 1 of the own host: nobody listens there. */
	const struct envoi_dial_options options = {
		.domain = "example.org", .host = "127.0.0.1", .port = 1};
	assert_int_equal(
		envoi_dial_new(&last.dial, last.context, &options, drop_everything, &last), ENVOI_OK);
	int r = envoi_loop_run(loop);
	assert_true(r == ENVOI_OK || r == ENVOI_END);
	assert_int_equal(last.attempts, 1);
}

/* Each allocation fails once: an error or a connection, one end, nothing leaks. */
static void running_out_of_memory_ends_it_once(void **state)
{
	struct fixture *f = *state;
	f->options.roads = BOTH_ROADS;
	f->network.hosts = slow_hosts;
	scripted_resolver_set(f->resolver, slow_answers);
	size_t n = 1;
	for (f->allocation_failed = true; f->allocation_failed && n < 500; n++) {
		f->allocation_failed = false;
		f->allocations_left = n;
		int r = envoi_dial_new(&f->dial, f->context, &f->options, on_dialed, f);
		if (r == ENVOI_OK) {
			assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
			assert_int_equal(f->calls, 1);
		} else {
			assert_int_equal(r, ENVOI_ERR_NOMEM);
			f->dial = NULL;
		}
		f->allocations_left = 0;
		end_dial(f);
	}
	assert_true(n > 5 && n < 500);
}

static void settings_become_options(void **state)
{
	struct fixture *f = *state;
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	struct envoi_dial_options options = {.domain = "example.org"};
	envoi_dial_options_from_settings(&options, settings);
	assert_null(options.host);
	assert_int_equal(options.port, 0);
	assert_int_equal(options.roads, BOTH_ROADS);
	assert_int_equal(options.resolve_timeout_ms, 15000);
	assert_int_equal(envoi_settings_set(settings, "server", "h.example"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "port", "77"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.mode", "direct"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "connect.timeout", "3s"), ENVOI_OK);
	envoi_dial_options_from_settings(&options, settings);
	assert_string_equal(options.host, "h.example");
	assert_int_equal(options.port, 77);
	assert_int_equal(options.roads, ENVOI_ROAD_DIRECT);
	assert_int_equal(options.attempt_timeout_ms, 3000);
	assert_int_equal(options.trial_timeout_ms, 20000);
	assert_int_equal(options.stagger_ms, 250);
	assert_int_equal(envoi_settings_set(settings, "tls.mode", "none"), ENVOI_OK);
	envoi_dial_options_from_settings(&options, settings);
	assert_int_equal(options.roads, ENVOI_ROAD_STARTTLS);
	assert_string_equal(options.domain, "example.org");
	envoi_settings_free(settings);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(targets_of_the_service_record_are_connected_to),
		cmocka_unit_test(the_context_may_go_with_the_dial_inside_its_callback),
		CASE(only_no_name_and_no_data_lead_to_the_domain_itself),
		CASE(s19_no_answer_is_not_no_such_name),
		CASE(a_dot_among_other_targets_is_ignored),
		CASE(records_without_sense_are_a_failure_and_no_reason_to_fall_back),
		CASE(services_that_are_never_told_end_by_time),
		CASE(a_silent_service_look_up_does_not_kill_the_other),
		CASE(a_host_or_port_by_setting_is_not_looked_up_as_a_service),
		CASE(what_is_no_host_is_refused),
		CASE(servers_have_names_and_ports_of_their_own),
		CASE(a_domain_too_long_for_a_service_record_is_tried_itself),
		CASE(one_family_is_enough_and_both_failing_says_why),
		CASE(an_address_waits_a_little_for_the_preferred_family),
		CASE(a_silent_address_look_up_ends_by_time),
		CASE(a_target_without_addresses_does_not_hold_up_the_next),
		CASE(a_black_hole_costs_a_quarter_of_a_second),
		CASE(starts_are_staggered_families_alternate_and_targets_keep_their_order),
		CASE(a_refused_connection_makes_room_at_once),
		CASE(the_slower_one_that_was_first_may_win_still),
		CASE(each_attempt_is_kept_for_the_report),
		CASE(the_deadline_ends_everything_and_names_the_phase),
		CASE(hostile_numbers_of_addresses_are_cut),
		CASE(a_dial_freed_after_any_turn_leaves_nothing),
		CASE(a_dial_is_freed_inside_its_callback),
		CASE(running_out_of_memory_ends_it_once),
		CASE(settings_become_options),
	};
	return cmocka_run_group_tests_name("net/dial", tests, NULL, NULL);
}
