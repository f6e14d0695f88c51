/*
 * envoi - dialing: from names to addresses; tests in virtual time
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dial_fixture.h"

static const struct scripted_host all_connect[] = {
	{.address = "192.0.2.1"},
	{.address = "192.0.2.2"},
	{.address = "192.0.2.9"},
	{.address = "2001:db8::1"},
	{.address = "2001:db8::2"},
	{0},
};

/* --- P8: the table of outcomes --- */

/** What one question is answered with. */
enum says {
	RECORD,
	NXDOMAIN,
	NODATA,
	SERVFAIL, /* or REFUSED, or an answer that is none */
	TIMEOUT,
	NOMEM,
	DOT, /* an SRV record that says "." */
	UNASKED, /* that route is not wanted */
	SAYS,
};

/** What follows. */
enum outcome {
	NOTHING, /* no such case */
	SRV, /* the record of _xmpp-client: with STARTTLS */
	SRVS, /* the record of _xmpps-client, which comes first by its priority: with direct TLS */
	DOMAIN, /* the domain itself on port 5222, with STARTTLS */
	DOMAINS, /* the domain itself on port 5223, with direct TLS: nothing else is wanted */
	REFUSED, /* it is not there, and will not be until something is changed */
	FAILED, /* as are the rest: for the time being */
	LATE,
	MEMORY,
	V6, /* the IPv6 address */
	V4,
};

static const struct {
	const char *text;
	enum envoi_retry retry;
} outcomes[] = {
	[SRV] = {"c.example 192.0.2.1:5222 starttls", 0},
	[SRVS] = {"s.example 192.0.2.2:443 direct", 0},
	[DOMAIN] = {"example.org 192.0.2.9:5222 starttls", 0},
	[DOMAINS] = {"example.org 192.0.2.9:5223 direct", 0},
	[REFUSED] = {"resolve ENVOI_ERR_UNREACHABLE", ENVOI_RETRY_AFTER_USER},
	[FAILED] = {"resolve ENVOI_ERR_UNREACHABLE", ENVOI_RETRY_LATER},
	[LATE] = {"resolve ENVOI_ERR_TIMEOUT", ENVOI_RETRY_LATER},
	[MEMORY] = {"resolve ENVOI_ERR_NOMEM", ENVOI_RETRY_LATER},
	[V6] = {"c.example 2001:db8::1:5222 starttls", 0},
	[V4] = {"c.example 192.0.2.1:5222 starttls", 0},
};

/* clang-format off */
static const enum outcome p8_services[SAYS][SAYS] = {
/* _xmpp-client | _xmpps-client */
/*             RECORD   NXDOMAIN NODATA   SERVFAIL TIMEOUT  NOMEM    DOT      UNASKED */
[RECORD] =   { SRVS,    SRV,     SRV,     SRV,     SRV,     SRV,     SRV,     SRV },
[NXDOMAIN] = { SRVS,    DOMAIN,  DOMAIN,  FAILED,  LATE,    MEMORY,  REFUSED, DOMAIN },
[NODATA] =   { SRVS,    DOMAIN,  DOMAIN,  FAILED,  LATE,    MEMORY,  REFUSED, DOMAIN },
[SERVFAIL] = { SRVS,    FAILED,  FAILED,  FAILED,  FAILED,  FAILED,  FAILED,  FAILED },
[TIMEOUT] =  { SRVS,    LATE,    LATE,    FAILED,  LATE,    FAILED,  LATE,    LATE },
[NOMEM] =    { SRVS,    MEMORY,  MEMORY,  FAILED,  FAILED,  MEMORY,  MEMORY,  MEMORY },
[DOT] =      { SRVS,    REFUSED, REFUSED, FAILED,  LATE,    MEMORY,  REFUSED, REFUSED },
[UNASKED] =  { SRVS,    DOMAINS, DOMAINS, FAILED,  LATE,    MEMORY,  REFUSED, NOTHING },
};

static const enum outcome p8_addresses[SAYS][SAYS] = {
/* A |           AAAA */
/*             RECORD   NXDOMAIN NODATA   SERVFAIL TIMEOUT  NOMEM */
[RECORD] =   { V6,      V4,      V4,      V4,      V4,      V4 },
[NXDOMAIN] = { V6,      FAILED,  FAILED,  FAILED,  LATE,    MEMORY },
[NODATA] =   { V6,      FAILED,  FAILED,  FAILED,  LATE,    MEMORY },
[SERVFAIL] = { V6,      FAILED,  FAILED,  FAILED,  FAILED,  FAILED },
[TIMEOUT] =  { V6,      LATE,    LATE,    FAILED,  LATE,    FAILED },
[NOMEM] =    { V6,      MEMORY,  MEMORY,  FAILED,  FAILED,  MEMORY },
};
/* clang-format on */

static struct scripted_answer answer(
	const char *name, int family, enum says says, const char *records)
{
	static const enum envoi_lookup_status statuses[SAYS] = {
		[NXDOMAIN] = ENVOI_LOOKUP_NO_NAME,
		[NODATA] = ENVOI_LOOKUP_NO_DATA,
		[SERVFAIL] = ENVOI_LOOKUP_FAILED,
		[TIMEOUT] = ENVOI_LOOKUP_TIMEOUT,
		[NOMEM] = ENVOI_LOOKUP_NOMEM,
	};
	return (struct scripted_answer){
		.name = name,
		.family = family,
		.status = statuses[says],
		.records = says == RECORD ? records
			: says == DOT     ? "0 0 0 ."
					  : NULL,
	};
}

/* What it leads to, at once and with the right advice; a failure lists the look-ups that failed. */
static void check_outcome(
	struct dial_fixture *f, const struct scripted_answer *answers, enum outcome outcome)
{
	uint64_t start_ms = envoi_loop_now_ms(f->loop);
	const char *got = dial(f, answers, all_connect);
	assert_int_equal(envoi_loop_now_ms(f->loop), start_ms);
	assert_string_equal(strchr(got, ' ') + 1, outcomes[outcome].text);
	if (f->failure.code < 0) {
		assert_int_equal(f->failure.retry, outcomes[outcome].retry);
		assert_true((f->failure.attempt_count > 0) == (outcome != REFUSED));
	}
	dial_fixture_end(f);
}

static void p8_services_by_what_is_said_of_them(void **state)
{
	struct dial_fixture *f = *state;
	int checked = 0;
	for (enum says xmpp = 0; xmpp < SAYS; xmpp++) {
		for (enum says xmpps = 0; xmpps < SAYS; xmpps++) {
			if (p8_services[xmpp][xmpps] == NOTHING) {
				continue;
			}
			const struct scripted_answer answers[] = {
				answer(XMPP, 0, xmpp, "20 0 5222 c.example"),
				answer(XMPPS, 0, xmpps, "10 0 443 s.example"),
				answer("c.example", AF_INET, RECORD, "192.0.2.1"),
				answer("s.example", AF_INET, RECORD, "192.0.2.2"),
				answer("example.org", AF_INET, RECORD, "192.0.2.9"),
				{0},
			};
			f->options.routes = xmpp == UNASKED ? ENVOI_ROUTE_DIRECT
				: xmpps == UNASKED          ? ENVOI_ROUTE_STARTTLS
							    : BOTH_ROUTES;
			check_outcome(f, answers, p8_services[xmpp][xmpps]);
			checked++;
		}
	}
	assert_int_equal(checked, 8 * 8 - 1);
}

static void p8_addresses_by_what_is_said_of_each_family(void **state)
{
	int checked = 0;
	for (enum says a = 0; a < SAYS; a++) {
		for (enum says aaaa = 0; aaaa < SAYS; aaaa++) {
			if (p8_addresses[a][aaaa] == NOTHING) {
				continue;
			}
			const struct scripted_answer answers[] = {
				answer(XMPP, 0, RECORD, "10 0 5222 c.example"),
				answer("c.example", AF_INET, a, "192.0.2.1"),
				answer("c.example", AF_INET6, aaaa, "2001:db8::1"),
				{0},
			};
			check_outcome(*state, answers, p8_addresses[a][aaaa]);
			checked++;
		}
	}
	assert_int_equal(checked, 6 * 6);
}

/* The first that is tried swallows everything: what is second wins a quarter of a second later. */
static void p8_after_a_black_hole_the_second_wins_within_250_ms(void **state)
{
	static const struct {
		const char *xmpps, *xmpp, *a, *aaaa;
		const char *expected;
	} rows[] = {
		/* the other family */
		{NULL, "1 0 1 h.example", "192.0.2.1", "2001:db8::dead",
			"h.example 192.0.2.1:1 starttls"},
		/* the same family */
		{NULL, "1 0 1 h.example", "192.0.2.66, 192.0.2.1", NULL,
			"h.example 192.0.2.1:1 starttls"},
		{NULL, "1 0 1 h.example", NULL, "2001:db8::dead, 2001:db8::1",
			"h.example 2001:db8::1:1 starttls"},
		/* the next target, and one of the other service */
		{NULL, "1 0 1 hole.example, 2 0 2 h.example", "192.0.2.1", NULL,
			"h.example 192.0.2.1:2 starttls"},
		{"1 0 1 hole.example", "2 0 2 h.example", "192.0.2.1", NULL,
			"h.example 192.0.2.1:2 starttls"},
		{"2 0 2 h.example", "1 0 1 hole.example", "192.0.2.1", NULL,
			"h.example 192.0.2.1:2 direct"},
		/* no service records */
		{NULL, NULL, "192.0.2.66, 192.0.2.1", NULL, "example.org 192.0.2.1:5222 starttls"},
	};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.66", .delay_ms = NEVER},
		{.address = "2001:db8::dead", .delay_ms = NEVER},
		{.address = "192.0.2.1"},
		{.address = "2001:db8::1"},
		{0},
	};
	struct dial_fixture *f = *state;
	f->options.routes = BOTH_ROUTES;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scripted_answer answers[] = {
			answer(XMPPS, 0, rows[i].xmpps != NULL ? RECORD : NXDOMAIN, rows[i].xmpps),
			answer(XMPP, 0, rows[i].xmpp != NULL ? RECORD : NXDOMAIN, rows[i].xmpp),
			answer("hole.example", AF_INET, RECORD, "192.0.2.66"),
			answer("h.example", AF_INET, rows[i].a != NULL ? RECORD : NODATA,
				rows[i].a),
			answer("h.example", AF_INET6, rows[i].aaaa != NULL ? RECORD : NODATA,
				rows[i].aaaa),
			answer("example.org", AF_INET, RECORD, "192.0.2.66, 192.0.2.1"),
			{0},
		};
		uint64_t start_ms = envoi_loop_now_ms(f->loop);
		const char *got = dial(f, answers, hosts);
		assert_string_equal(strchr(got, ' ') + 1, rows[i].expected);
		assert_int_equal(strtoull(got, NULL, 10) - start_ms, 250);
		dial_fixture_end(f);
	}
}

/* --- services --- */

static void both_services_and_both_families_are_looked_up_at_once(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "20 0 5222 c.example", .delay_ms = 100},
		{.name = XMPPS, .records = "10 0 443 s.example", .delay_ms = 100},
		{.name = "s.example", .family = AF_INET, .records = "192.0.2.2", .delay_ms = 100},
		{.name = "s.example",
			.family = AF_INET6,
			.records = "2001:db8::1",
			.delay_ms = 100},
		{0},
	};
	struct dial_fixture *f = *state;
	f->options.routes = BOTH_ROUTES;
	assert_string_equal(dial(f, answers, all_connect), "200 s.example 2001:db8::1:443 direct");
	assert_int_equal(scripted_resolver_asked(f->resolver), 4);
}

/* XEP-0368: as if they were the records of one service. */
static void targets_of_both_services_are_merged_by_priority(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "30 0 3 h.example, 10 0 1 h.example, 50 0 5 h.example"},
		{.name = XMPPS, .records = "40 0 4 h.example, 20 0 2 h.example"},
		{.name = "h.example", .family = AF_INET, .records = "192.0.2.1"},
		{0},
	};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.1", .error = ECONNREFUSED}, {0}};
	struct dial_fixture *f = *state;
	f->options.routes = BOTH_ROUTES;
	assert_string_equal(dial(f, answers, hosts), "0 connect ENVOI_ERR_UNREACHABLE");
	assert_string_equal(f->network.log,
		"0 192.0.2.1:1, 0 192.0.2.1:2, 0 192.0.2.1:3, "
		"0 192.0.2.1:4, 0 192.0.2.1:5");
}

/* RFC 2782 wants names; what people write may be clear without, but an IPv6 address is no name. */
static void a_target_may_be_an_address_or_end_with_a_dot(void **state)
{
	static const struct {
		const char *records, *expected;
	} rows[] = {
		{"1 0 1 192.0.2.2", "192.0.2.2 192.0.2.2:1 starttls"},
		{"1 0 1 2001:db8::1", "resolve ENVOI_ERR_UNREACHABLE"},
		{"1 0 1 c.example.", "c.example 192.0.2.1:1 starttls"},
		{"1 0 1 localhost", "connect ENVOI_ERR_UNREACHABLE"},
	};
	struct dial_fixture *f = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scripted_answer answers[] = {
			{.name = XMPP, .records = rows[i].records},
			{.name = "c.example", .family = AF_INET, .records = "192.0.2.1"},
			{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
			{0},
		};
		assert_string_equal(
			strchr(dial(f, answers, all_connect), ' ') + 1, rows[i].expected);
		dial_fixture_end(f);
	}
}

static void write_targets(char *records, size_t size, size_t count)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		len += (size_t)snprintf(records + len, size - len, "%s%zu 0 %zu h.example",
			i > 0 ? ", " : "", i, 1000 + i);
	}
}

static void targets_beyond_the_limit_are_left_out_and_reported(void **state)
{
	char records[8000];
	write_targets(records, sizeof(records), 128);
	struct scripted_answer answers[] = {
		{.name = XMPP, .records = records},
		{.name = "h.example", .family = AF_INET, .records = "192.0.2.1"},
		{0},
	};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.1", .error = ECONNREFUSED}, {0}};
	struct dial_fixture *f = *state;
	assert_string_equal(dial(f, answers, hosts), "0 connect ENVOI_ERR_UNREACHABLE");
	assert_int_equal(f->failure.attempt_count, 128);
	assert_string_equal(f->logged, "");
	dial_fixture_end(f);

	write_targets(records, sizeof(records), 150);
	answers[0].left_out = 7;
	assert_string_equal(dial(f, answers, hosts), "0 connect ENVOI_ERR_UNREACHABLE");
	assert_int_equal(f->failure.attempt_count, 129);
	assert_int_equal(f->failure.attempts[0].phase, ENVOI_PHASE_RESOLVE);
	assert_int_equal(f->failure.attempts[0].code, ENVOI_ERR_LIMIT);
	assert_string_equal(
		f->failure.attempts[0].text, "29 targets and 0 addresses over the limits");
	for (size_t i = 0; i < 128; i++) {
		assert_int_equal(f->failure.attempts[1 + i].port, 1000 + i);
	}
	char lines[20000];
	envoi_failure_explain(&f->failure, lines, sizeof(lines));
	assert_non_null(
		strstr(lines, "\n  left out: 29 targets and 0 addresses over the limits\n"));
}

static void write_addresses(char *records, size_t size, size_t count)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		len += (size_t)snprintf(
			records + len, size - len, "%s192.0.2.%zu", i > 0 ? ", " : "", i + 1);
	}
}

static void addresses_beyond_the_limit_are_left_out_and_reported(void **state)
{
	char records[2000];
	static const struct {
		size_t count, left_out, attempts;
	} rows[] = {{63, 0, 63}, {64, 0, 64}, {70, 0, 65}, {64, 3, 65}};
	static const struct scripted_host no_hosts[] = {{0}};
	struct dial_fixture *f = *state;
	f->options.host = "h.example";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_addresses(records, sizeof(records), rows[i].count);
		const struct scripted_answer answers[] = {
			{.name = "h.example",
				.family = AF_INET,
				.records = records,
				.left_out = rows[i].left_out},
			{0},
		};
		dial(f, answers, no_hosts);
		assert_int_equal(f->failure.phase, ENVOI_PHASE_CONNECT);
		assert_int_equal(f->failure.attempt_count, rows[i].attempts);
		if (rows[i].attempts == 65) {
			assert_string_equal(f->failure.attempts[0].text,
				rows[i].left_out == 3
					? "0 targets and 3 addresses over the limits"
					: "0 targets and 6 addresses over the limits");
		}
		dial_fixture_end(f);
	}
}

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

/* A name server that is kept from answering, or made to fail, does not send us to the domain
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
		{{.name = XMPP, .status = ENVOI_LOOKUP_NO_NAME},
			"example.org 192.0.2.9:5222 starttls"},
	};
	struct dial_fixture *f = *state;
	f->options.routes = BOTH_ROUTES;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scripted_answer answers[] = {
			rows[i].xmpp,
			{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
			{0},
		};
		const char *result = strchr(dial(f, answers, all_connect), ' ') + 1;
		assert_string_equal(result, rows[i].result);
		dial_fixture_end(f);
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
		{.name = XMPPS, .records = ""},
		{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
		{0},
	};
	struct dial_fixture *f = *state;
	for (unsigned int route = ENVOI_ROUTE_STARTTLS; route <= ENVOI_ROUTE_DIRECT; route++) {
		f->options.routes = route;
		assert_string_equal(
			dial(f, answers, all_connect), "0 resolve ENVOI_ERR_UNREACHABLE");
		assert_int_equal(f->failure.attempt_count, 1);
		assert_string_equal(f->failure.attempts[0].text, "no service record is usable");
		dial_fixture_end(f);
	}
}

static void look_ups_of_services_end_by_time(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .delay_ms = NEVER},
		{.name = "example.org", .family = AF_INET, .records = "192.0.2.9"},
		{0},
	};
	struct dial_fixture *f = *state;
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
	struct dial_fixture *f = *state;
	f->options.routes = BOTH_ROUTES;
	assert_string_equal(
		dial(f, answers, all_connect), "1000 c.example 192.0.2.1:5222 starttls");
}

/* What says that there is nothing is not something to try: the other has all its time. */
static void one_that_has_nothing_does_not_hurry_the_other(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "10 0 5222 c.example", .delay_ms = 3000},
		{.name = XMPPS, .status = ENVOI_LOOKUP_NO_NAME},
		{.name = "c.example", .family = AF_INET, .records = "192.0.2.1"},
		{0},
	};
	struct dial_fixture *f = *state;
	f->options.routes = BOTH_ROUTES;
	assert_string_equal(
		dial(f, answers, all_connect), "3000 c.example 192.0.2.1:5222 starttls");
}

static void a_dot_at_the_end_of_the_domain_means_nothing(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "10 0 5222 c.example"},
		{.name = "c.example", .family = AF_INET, .records = "192.0.2.1"},
		{0},
	};
	struct dial_fixture *f = *state;
	f->options.domain = "example.org.";
	assert_string_equal(dial(f, answers, all_connect), "0 c.example 192.0.2.1:5222 starttls");
}

/* RFC 6120, section 3.2.1: services are of names. */
static void an_address_as_the_domain_has_no_services(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "_xmpp-client._tcp.192.0.2.1", .records = "10 0 5222 c.example"},
		{.name = "c.example", .family = AF_INET, .records = "192.0.2.2"},
		{0},
	};
	struct dial_fixture *f = *state;
	f->options.domain = "192.0.2.1";
	assert_string_equal(dial(f, answers, all_connect), "0 192.0.2.1 192.0.2.1:5222 starttls");
	assert_int_equal(scripted_resolver_asked(f->resolver), 0);
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
		unsigned int routes;
		const char *expected;
	} rows[] = {
		{"example.org", "h.example", 0, 0, "0 h.example 192.0.2.1:5222 starttls"},
		{"example.org", "h.example.", 77, 0, "0 h.example 192.0.2.1:77 starttls"},
		{"example.org", "h.example", 0, ENVOI_ROUTE_DIRECT,
			"0 h.example 192.0.2.1:5223 direct"},
		{"example.org", NULL, 77, ENVOI_ROUTE_DIRECT, "0 example.org 192.0.2.9:77 direct"},
		{"example.org", "192.0.2.2", 0, BOTH_ROUTES, "0 192.0.2.2 192.0.2.2:5222 starttls"},
		{"example.org", "[2001:db8::1]", 1, 0, "0 2001:db8::1 2001:db8::1:1 starttls"},
		{"192.0.2.1", NULL, 0, 0, "0 192.0.2.1 192.0.2.1:5222 starttls"},
		{"[2001:db8::2]", NULL, 0, 0, "0 2001:db8::2 2001:db8::2:5222 starttls"},
	};
	struct dial_fixture *f = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f->options.domain = rows[i].domain;
		f->options.host = rows[i].host;
		f->options.port = rows[i].port;
		f->options.routes = rows[i].routes;
		assert_string_equal(dial(f, answers, all_connect), rows[i].expected);
		dial_fixture_end(f);
	}
}

/* RFC 5891, section 5: what users write is looked up as A-labels. */
static void a_domain_may_be_written_in_u_labels(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "_xmpp-client._tcp.xn--bcher-kva.example",
			.records = "10 0 5222 c.example"},
		{.name = "c.example", .family = AF_INET, .records = "192.0.2.1"},
		{.name = "xn--bcher-kva.example", .family = AF_INET, .records = "192.0.2.2"},
		{0},
	};
	struct dial_fixture *f = *state;
	f->options.domain = "b\xc3\xbc"
			    "cher.example";
	assert_string_equal(dial(f, answers, all_connect), "0 c.example 192.0.2.1:5222 starttls");
	dial_fixture_end(f);
	f->options.host = f->options.domain;
	assert_string_equal(
		dial(f, answers, all_connect), "0 xn--bcher-kva.example 192.0.2.2:5222 starttls");
}

static void a_text_that_is_not_a_host_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "a b", "[::1", "exa mple", "b\xc3.example", "..", "[]"};
	struct dial_fixture *f = *state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f->options.domain = bad[i];
		f->options.host = NULL;
		assert_int_equal(
			envoi_dial_new(&f->dial, f->context, &f->options, dial_fixture_done, f),
			ENVOI_ERR_INVALID);
		f->options.domain = "example.org";
		f->options.host = bad[i];
		assert_int_equal(
			envoi_dial_new(&f->dial, f->context, &f->options, dial_fixture_done, f),
			ENVOI_ERR_INVALID);
	}
	f->options = (struct envoi_dial_options){.domain = "example.org", .service = "smtp"};
	assert_int_equal(envoi_dial_new(&f->dial, f->context, &f->options, dial_fixture_done, f),
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
	struct dial_fixture *f = *state;
	f->options.service = "xmpp-server";
	assert_string_equal(dial(f, answers, all_connect), "0 example.org 192.0.2.9:5269 starttls");
	dial_fixture_end(f);
	f->options.routes = ENVOI_ROUTE_DIRECT;
	assert_string_equal(dial(f, answers, all_connect), "0 example.org 192.0.2.9:5270 direct");
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
	struct dial_fixture *f = *state;
	f->options.domain = domain;
	assert_string_equal(
		strstr(dial(f, answers, all_connect), " 192"), " 192.0.2.9:5222 starttls");
	assert_int_equal(envoi_loop_now_ms(f->loop), 0);
	assert_string_equal(f->logged, "");
}

/* --- addresses --- */

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
	struct dial_fixture *f = *state;
	f->options.host = "h.example";
	uint64_t base_ms = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scripted_answer answers[] = {
			{.name = "h.example", .family = AF_INET, .records = "192.0.2.1"},
			{.name = "h.example",
				.family = AF_INET6,
				.records = "2001:db8::1",
				.delay_ms = rows[i].delay_ms},
			{0},
		};
		char expected[100];
		snprintf(expected, sizeof(expected), "%llu%s",
			(unsigned long long)base_ms + strtoull(rows[i].expected, NULL, 10),
			strchr(rows[i].expected, ' '));
		assert_string_equal(dial(f, answers, all_connect), expected);
		base_ms = envoi_loop_now_ms(f->loop);
		dial_fixture_end(f);
	}
}

/* RFC 8305, section 3: addresses that come later join those that wait for their turn, and the
 * preferred family has it at once. */
static void late_addresses_join_the_race(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "h.example", .family = AF_INET, .records = "192.0.2.66, 192.0.2.67"},
		{.name = "h.example", .family = AF_INET6, .records = "2001:db8::1", .delay_ms = 80},
		{0},
	};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.66", .delay_ms = NEVER},
		{.address = "192.0.2.67", .delay_ms = NEVER},
		{.address = "2001:db8::1"},
		{0},
	};
	struct dial_fixture *f = *state;
	f->options.host = "h.example";
	assert_string_equal(dial(f, answers, hosts), "300 h.example 2001:db8::1:5222 starttls");
	assert_string_equal(f->network.log, "50 192.0.2.66:5222, 300 [2001:db8::1]:5222");
}

static void a_silent_address_look_up_ends_by_time(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "h.example", .family = AF_INET, .delay_ms = NEVER},
		{.name = "h.example", .family = AF_INET6, .status = ENVOI_LOOKUP_NO_DATA},
		{0},
	};
	struct dial_fixture *f = *state;
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

static void a_look_up_that_cannot_be_started_has_failed_once(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "10 0 5222 a.example, 20 0 5222 b.example"},
		{.name = "a.example", .family = AF_INET, .code = ENVOI_ERR_NOMEM},
		{.name = "a.example", .family = AF_INET6, .code = ENVOI_ERR_NOMEM},
		{.name = "b.example", .family = AF_INET, .records = "192.0.2.1"},
		{0},
	};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.1", .delay_ms = 10000, .error = ECONNREFUSED}, {0}};
	struct dial_fixture *f = *state;
	f->options.resolve_timeout_ms = 5000;
	assert_string_equal(dial(f, answers, hosts), "10000 connect ENVOI_ERR_UNREACHABLE");
	assert_int_equal(f->failure.attempt_count, 3);
	assert_string_equal(f->failure.attempts[0].target, "a.example");
	assert_int_equal(f->failure.attempts[0].code, ENVOI_ERR_NOMEM);
	assert_string_equal(f->failure.attempts[1].target, "a.example");
	assert_int_equal(f->failure.attempts[1].code, ENVOI_ERR_NOMEM);
	assert_string_equal(f->failure.attempts[2].target, "b.example");
	dial_fixture_end(f);
	static const struct scripted_answer none[] = {
		{.name = XMPP, .code = ENVOI_ERR_SYSTEM}, {0}};
	assert_string_equal(dial(f, none, hosts), "10000 resolve ENVOI_ERR_SYSTEM");
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, dial_fixture_setup, dial_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(p8_services_by_what_is_said_of_them),
		CASE(p8_addresses_by_what_is_said_of_each_family),
		CASE(p8_after_a_black_hole_the_second_wins_within_250_ms),
		CASE(both_services_and_both_families_are_looked_up_at_once),
		CASE(targets_of_both_services_are_merged_by_priority),
		CASE(a_target_may_be_an_address_or_end_with_a_dot),
		CASE(targets_beyond_the_limit_are_left_out_and_reported),
		CASE(addresses_beyond_the_limit_are_left_out_and_reported),
		CASE(targets_of_the_service_record_are_connected_to),
		CASE(s19_no_answer_is_not_no_such_name),
		CASE(a_dot_among_other_targets_is_ignored),
		CASE(records_without_sense_are_a_failure_and_no_reason_to_fall_back),
		CASE(look_ups_of_services_end_by_time),
		CASE(a_silent_service_look_up_does_not_kill_the_other),
		CASE(one_that_has_nothing_does_not_hurry_the_other),
		CASE(a_dot_at_the_end_of_the_domain_means_nothing),
		CASE(an_address_as_the_domain_has_no_services),
		CASE(a_host_or_port_by_setting_is_not_looked_up_as_a_service),
		CASE(a_domain_may_be_written_in_u_labels),
		CASE(a_text_that_is_not_a_host_is_refused),
		CASE(servers_have_names_and_ports_of_their_own),
		CASE(a_domain_too_long_for_a_service_record_is_tried_itself),
		CASE(an_address_waits_a_little_for_the_preferred_family),
		CASE(late_addresses_join_the_race),
		CASE(a_silent_address_look_up_ends_by_time),
		CASE(a_look_up_that_cannot_be_started_has_failed_once),
		CASE(a_target_without_addresses_does_not_hold_up_the_next),
	};
	return cmocka_run_group_tests_name("net/dial_names", tests, NULL, NULL);
}
