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
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/resolver.h>
#include <envoi/mainloop.h>

enum {
	SRV = 0,
	MANY = 60, /* records, more than a datagram holds */
	MOST = 256, /* more are not taken */
};

struct asking {
	struct envoi_lookup lookup;
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
			? (const void *)&((const struct sockaddr_in *)(const void *)address)
				  ->sin_addr
			: (const void *)&((const struct sockaddr_in6 *)(const void *)address)
				  ->sin6_addr;
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
	{"alias.dns.test", AF_INET, ENVOI_LOOKUP_NO_DATA, 0, ""},
	{"chain.dns.test", AF_INET6, ENVOI_LOOKUP_OK, 1, "::1"},
	{"_xmpp-client._tcp.aliased.dns.test", SRV, ENVOI_LOOKUP_OK, 1, "0 1 alias.dns.test"},
	{"dangling.dns.test", AF_INET, ENVOI_LOOKUP_NO_NAME, 0, ""},
	{"circle.dns.test", AF_INET, ENVOI_LOOKUP_NO_DATA, 0, ""},
	{"wide.dns.test", AF_INET, ENVOI_LOOKUP_OK, 20, NULL},
	{"_xmpp-client._tcp.literal.dns.test", SRV, ENVOI_LOOKUP_OK, 1, "0 1 127.0.0.7"},
	{"_xmpp-client._tcp.portless.dns.test", SRV, ENVOI_LOOKUP_OK, 1, "0 0 plain.dns.test"},
	{"nowhere.dns.test", AF_INET, ENVOI_LOOKUP_NO_NAME, 0, ""},
	{"_xmpp-client._tcp.many.dns.test", SRV, ENVOI_LOOKUP_OK, MANY, NULL},
	{"_xmpp-client._tcp.huge.dns.test", SRV, ENVOI_LOOKUP_OK, MOST, NULL},
	{"_xmpp-client._tcp.broken.test", SRV, ENVOI_LOOKUP_FAILED, 0, ""},
	{"_xmpp-client._tcp.another.test", SRV, ENVOI_LOOKUP_FAILED, 0, ""},
};

/* @return whether it was asked and answered */
static bool ask(struct asking *asking, const char *name, int family)
{
	*asking = (struct asking){.count = 0};
	int r = family == SRV
		? envoi_lookup_srv(&asking->lookup, resolver, name, on_result)
		: envoi_lookup_address(&asking->lookup, resolver, name, family, on_result);
	return r == ENVOI_OK && envoi_loop_run(loop) == ENVOI_OK;
}

static void check_answers(void)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct asking asking;
		const char *name = answers[i].name;
		if (!ask(&asking, name, answers[i].family)) {
			complain(name, "not asked", "an answer");
		} else if (asking.status != answers[i].status) {
			complain(name, envoi_lookup_status_text(asking.status),
				envoi_lookup_status_text(answers[i].status));
		} else if (asking.count != answers[i].count) {
			complain(name, "another number of records", "a certain one");
		} else if (answers[i].first != NULL &&
			strcmp(asking.first, answers[i].first) != 0) {
			complain(name, asking.first, answers[i].first);
		}
	}
}

/* --- where they lead --- */

static char outcome[1000];

static void describe(const struct envoi_failure *failure)
{
	size_t len = (size_t)snprintf(
		outcome, sizeof(outcome), "%s", envoi_phase_name(failure->phase));
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

/* No address accepts connections: each is tried, in its order. Which addresses this machine can try
 * at all (IPv6) is not ours to say. */
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
		.routes = ENVOI_ROUTE_STARTTLS | ENVOI_ROUTE_DIRECT,
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
	check_dial("alias.dns.test", "connect, ::1 5222");
	check_dial("aliased.dns.test", "connect, ::1 1");
	check_dial("dangling.dns.test", "resolve, dangling.dns.test 0");
	check_dial("half.dns.test", "connect, 127.0.0.5 1");
	check_dial("neither.dns.test", "resolve");
	check_dial("starttls-only.dns.test", "resolve");
	check_dial("mixed.dns.test", "connect, 127.0.0.5 1, 127.0.0.5 2, 127.0.0.5 3, 127.0.0.5 4");
	check_dial("literal.dns.test", "connect, 127.0.0.7 1");
	check_dial("portless.dns.test", "resolve, _xmpp-client._tcp.portless.dns.test 0");
	check_dial("another.test",
		"resolve, _xmpps-client._tcp.another.test 0, _xmpp-client._tcp.another.test 0");
	check_dial("broken.test",
		"resolve, _xmpps-client._tcp.broken.test 0, _xmpp-client._tcp.broken.test 0");
}

/* --- several servers --- */

/* A port of the own host where queries arrive and are not read. @return -1: none */
static int open_silent_server(char *address, size_t size)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, len) < 0 ||
		getsockname(fd, (struct sockaddr *)&in, &len) < 0) {
		return -1;
	}
	snprintf(address, size, "127.0.0.1:%u", ntohs(in.sin_port));
	return fd;
}

static void check_with(const char *what, const char *servers, enum envoi_lookup_status status)
{
	struct asking asking;
	struct envoi_resolver *first = resolver;
	if (envoi_resolver_new_cares(&resolver, context, servers) < 0) {
		complain(what, "no resolver", "one");
	} else {
		if (!ask(&asking, "_xmpp-client._tcp.dns.test", SRV)) {
			complain(what, "not asked", "an answer");
		} else if (asking.status != status) {
			complain(what, envoi_lookup_status_text(asking.status),
				envoi_lookup_status_text(status));
		}
		envoi_resolver_destroy(resolver);
	}
	resolver = first;
}

/* The whole time of a look-up passes once, about a quarter of a minute. */
static void check_servers(const char *alive)
{
	char silent[32], servers[100];
	int fd = open_silent_server(silent, sizeof(silent));
	if (fd < 0) {
		complain("a silent server", "none", "one");
		return;
	}
	snprintf(servers, sizeof(servers), "%s,%s", silent, alive);
	check_with("the first of two servers is silent", servers, ENVOI_LOOKUP_OK);
	check_with("no server answers", silent, ENVOI_LOOKUP_TIMEOUT);
	close(fd);
	snprintf(servers, sizeof(servers), "%s,%s", silent, alive);
	check_with("the first of two servers is not there", servers, ENVOI_LOOKUP_OK);
	check_with("no server is there", silent, ENVOI_LOOKUP_FAILED);
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
	check_servers(arguments[1]);
	envoi_resolver_destroy(resolver);
	envoi_context_unref(context);
	return failures == 0 ? 0 : 1;
}
