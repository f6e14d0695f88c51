/*
 * envoi - what a real name server's answers lead to
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_dns_answers HOST:PORT
 * Asks the server that start-nsd has started. Exit status 0: all is as it should be.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/resolver.h>
#include <envoi/mainloop.h>

enum {
	SRV = 0,
	MANY = 60, /* records, more than a datagram holds */
};

struct asking {
	struct envoi_lookup lookup;
	struct envoi_loop *loop;
	struct envoi_resolver *resolver;
	enum envoi_lookup_status status;
	size_t count;
	char first[300];
};

static struct envoi_context *context;
static struct envoi_loop *loop;
static struct envoi_resolver *resolver;
static int failures;

static void complain(const char *what, const char *got, const char *wanted)
{
	printf("%s: %s, where %s was expected\n", what, got, wanted);
	failures++;
}

/* --- look-ups --- */

static void on_result(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	struct asking *asking = ENVOI_CONTAINER_OF(lookup, struct asking, lookup);
	asking->status = result->status;
	asking->count = result->srv_count + result->address_count;
	if (result->srv_count > 0) {
		snprintf(asking->first, sizeof(asking->first), "%u %u %s", result->srvs[0].priority,
			result->srvs[0].port, result->srvs[0].target);
	} else if (result->address_count > 0) {
		const struct sockaddr_storage *address = &result->addresses[0];
		const void *bytes = address->ss_family == AF_INET
			? (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
			: (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
		inet_ntop(address->ss_family, bytes, asking->first, sizeof(asking->first));
	}
	envoi_loop_quit(loop);
}

static const struct {
	const char *name;
	int family;
	enum envoi_lookup_status status;
	size_t count;
	const char *first;
} answers[] = {
	{"_xmpp-client._tcp.dns.test", SRV, ENVOI_LOOKUP_OK, 1, "20 1 starttls.dns.test"},
	{"_xmpps-client._tcp.dns.test.", SRV, ENVOI_LOOKUP_OK, 1, "10 1 direct.dns.test"},
	{"_xmpp-client._tcp.refused.dns.test", SRV, ENVOI_LOOKUP_OK, 1, "0 0 ."},
	{"_xmpp-client._tcp.plain.dns.test", SRV, ENVOI_LOOKUP_NO_NAME, 0, ""},
	{"plain.dns.test", SRV, ENVOI_LOOKUP_NO_DATA, 0, ""},
	{"plain.dns.test", AF_INET, ENVOI_LOOKUP_OK, 1, "127.0.0.5"},
	{"plain.dns.test", AF_INET6, ENVOI_LOOKUP_NO_DATA, 0, ""},
	{"only6.dns.test", AF_INET, ENVOI_LOOKUP_NO_DATA, 0, ""},
	{"only6.dns.test", AF_INET6, ENVOI_LOOKUP_OK, 1, "::1"},
	{"alias.dns.test", AF_INET6, ENVOI_LOOKUP_OK, 1, "::1"},
	{"nowhere.dns.test", AF_INET, ENVOI_LOOKUP_NO_NAME, 0, ""},
	{"_xmpp-client._tcp.many.dns.test", SRV, ENVOI_LOOKUP_OK, MANY, NULL},
	{"_xmpp-client._tcp.broken.test", SRV, ENVOI_LOOKUP_FAILED, 0, ""},
	{"_xmpp-client._tcp.another.test", SRV, ENVOI_LOOKUP_FAILED, 0, ""},
};

static void check_answers(void)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct asking asking = {.count = 0};
		const char *name = answers[i].name;
		int r = answers[i].family == SRV
			? envoi_lookup_srv(&asking.lookup, resolver, name, on_result)
			: envoi_lookup_address(
				  &asking.lookup, resolver, name, answers[i].family, on_result);
		if (r < 0 || envoi_loop_run(loop) < 0) {
			complain(name, "not asked", "an answer");
			continue;
		}
		if (asking.status != answers[i].status) {
			complain(name, envoi_lookup_status_text(asking.status),
				envoi_lookup_status_text(answers[i].status));
		} else if (asking.count != answers[i].count) {
			complain(name, "another number of records", "a certain one");
		} else if (answers[i].first != NULL && strcmp(asking.first, answers[i].first) != 0) {
			complain(name, asking.first, answers[i].first);
		}
	}
}

/* --- where they lead --- */

static char outcome[1000];

static void describe(const struct envoi_failure *failure)
{
	size_t len = (size_t)snprintf(outcome, sizeof(outcome), "%s",
		envoi_phase_name(failure->phase));
	for (size_t i = 0; i < failure->attempt_count && len < sizeof(outcome); i++) {
		const struct envoi_attempt *attempt = &failure->attempts[i];
		len += (size_t)snprintf(outcome + len, sizeof(outcome) - len, ", %s %u",
			attempt->address[0] != '\0' ? attempt->address : attempt->target,
			attempt->port);
	}
}

static void on_dialed(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	(void)user;
	if (dialed != NULL) {
		snprintf(outcome, sizeof(outcome), "connected to %s", dialed->address);
		close(dialed->fd);
	} else {
		describe(failure);
	}
	envoi_loop_quit(loop);
}

/* Nobody can be connected to: each is tried, in its order. Which addresses this machine can try at
 * all (IPv6) is not ours to say. */
static int never_connect(void *user, const struct sockaddr *address, socklen_t len, int *ret_fd)
{
	(void)user;
	(void)address;
	(void)len;
	(void)ret_fd;
	return -ENETUNREACH;
}

static void check_dial(const char *domain, const char *wanted)
{
	static const struct envoi_sockets sockets = {.connect = never_connect};
	const struct envoi_dial_options options = {
		.domain = domain,
		.roads = ENVOI_ROAD_STARTTLS | ENVOI_ROAD_DIRECT,
		.sockets = &sockets,
		.resolver = resolver,
	};
	struct envoi_dial *dial;
	if (envoi_dial_new(&dial, context, &options, on_dialed, NULL) < 0) {
		complain(domain, "not dialed", wanted);
		return;
	}
	int r = envoi_loop_run(loop);
	envoi_dial_free(dial);
	if (r < 0 || strcmp(outcome, wanted) != 0) {
		complain(domain, outcome, wanted);
	}
}

static void check_dials(void)
{
	check_dial("dns.test", "connect, ::1 1, 127.0.0.3 1, 127.0.0.2 1");
	check_dial("plain.dns.test", "connect, 127.0.0.5 5222");
	check_dial("plain.dns.test.", "connect, 127.0.0.5 5222");
	check_dial("only6.dns.test", "connect, ::1 5222");
	check_dial("refused.dns.test", "resolve");
	check_dial("nowhere.dns.test", "resolve, nowhere.dns.test 0");
	check_dial("broken.test",
		"resolve, _xmpps-client._tcp.broken.test 0, _xmpp-client._tcp.broken.test 0");
}

int main(int argument_count, char **arguments)
{
	int r = envoi_context_new(&context, NULL);
	if (argument_count != 2 || r < 0) {
		return 2;
	}
	loop = envoi_context_loop(context);
	r = loop == NULL ? ENVOI_ERR_SYSTEM
			 : envoi_resolver_new_cares(&resolver, context, arguments[1]);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_error_text(r));
		envoi_context_unref(context);
		return 2;
	}
	check_answers();
	check_dials();
	envoi_resolver_destroy(resolver);
	envoi_context_unref(context);
	return failures == 0 ? 0 : 1;
}
