/*
 * envoi - hostile clients of an acceptor, many of them, in virtual time
 * SPDX-License-Identifier: MIT
 *
 * Each holds as much as it may, and an honest client is served. Its costs are counted in virtual
 * time and in allocations, so that the verdict does not depend on the machine. With an argument the
 * figures are printed.
 */
#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/session.h>
#include <envoi/memory.h>

#include "test_allocator.h"

#define HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' to='example.org'>"
#define AUTH "<auth xmlns='" ENVOI_NS_SASL "' mechanism='PLAIN'>"
#define LOGIN HEADER AUTH "AGFsaWNlAHNlY3JldA==</auth>" /* alice, secret */
#define BIND "<iq type='set' id='b'><bind xmlns='" ENVOI_NS_BIND "'/></iq>"

enum {
	ATTACKERS = 10000,
	SAMPLES = 50,
	FLOOD = 200000,
	AT_ONCE = 1000, /* of these */
	MOST_CHILDREN = 240, /* limits.before-login.children */
	MOST_ATTRIBUTES = 30, /* limits.before-login.attributes, and a spare one or two */
	MOST_NAMES = 200, /* limits.before-login.names, without the attributes' */
	BYTES_BEFORE_LOGIN = 24 * 1024, /* of a connection, all told; see test_before_login.c */
	LOGIN_S = 30, /* accept.login-timeout */
	MIB = 1 << 20,
};

struct attacker {
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end;
};

static struct {
	struct envoi_accept_hook hook;
	struct envoi_sasl_directory directory;
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_acceptor *acceptor;
	struct envoi_listener *listener;
	struct attacker attackers[ATTACKERS];
	size_t attacker_count;
	struct envoi_accepted *last_ready;
	unsigned int ready, ended, stanzas;
	struct envoi_client *honest;
	uint32_t next_address;
	bool is_printing;
} all;

/* --- the server --- */

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	envoi_sasl_lookup_answer_password(
		lookup, strcmp(lookup->authcid, "alice") == 0 ? "secret" : NULL);
}

static void on_ready(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	(void)hook;
	all.ready++;
	all.last_ready = accepted;
	assert_int_equal(envoi_admission_log_in(envoi_accepted_user(accepted), NULL), ENVOI_OK);
}

static int on_stanza(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	struct envoi_stanza *stanza)
{
	(void)hook;
	(void)accepted;
	(void)stanza;
	all.stanzas++;
	return ENVOI_OK;
}

static void on_ended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	(void)hook;
	(void)why;
	all.ended++;
	envoi_admission_end(envoi_accepted_user(accepted));
}

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	struct envoi_channel_options options;
	struct envoi_transport *transport;
	struct envoi_accepted *accepted;
	(void)user;
	int r = envoi_channel_options_read(&options, all.context, all.settings);
	assert_int_equal(r, ENVOI_OK);
	options.is_secure = true;
	r = envoi_channel_transport_new(&transport, all.context, channel, &options);
	if (r == ENVOI_OK) {
		r = envoi_acceptor_accept(all.acceptor, transport, &accepted);
	}
	if (r == ENVOI_OK) {
		envoi_accepted_set_user(accepted, admission);
	}
	return r;
}

static const struct envoi_accept_hook_impl hook_impl = {
	.ready = on_ready, .stanza = on_stanza, .ended = on_ended};
static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};

/* Each connection has an address of its own. */
static int take(struct envoi_memory_pair *pair)
{
	struct envoi_channel *channel;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(++all.next_address)};
	int r = envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_B);
	return r < 0 ? r
		     : envoi_listener_take(all.listener, "xmpp-client", channel,
			       (const struct sockaddr *)&address, sizeof(address));
}

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)user;
	(void)domain;
	return take(pair);
}

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, ms), ENVOI_OK);
}

static void make_server(void)
{
	const struct envoi_acceptor_options options = {
		.directory = &all.directory, .settings = all.settings, .hook = &all.hook};
	const struct envoi_listener_options listener_options = {
		.settings = all.settings, .admitted = on_admitted};
	assert_int_equal(envoi_acceptor_new(&all.acceptor, all.context, &options), ENVOI_OK);
	assert_int_equal(envoi_acceptor_add_domain(all.acceptor, "example.org"), ENVOI_OK);
	assert_int_equal(
		envoi_listener_new(&all.listener, all.context, &listener_options), ENVOI_OK);
}

static int setup(void **state)
{
	(void)state;
	bool is_printing = all.is_printing;
	memset(&all, 0, sizeof(all));
	all.is_printing = is_printing;
	all.hook.impl = &hook_impl;
	all.directory.impl = &directory_impl;
	assert_int_equal(test_allocator_context(&all.context, &all.allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&all.loop, all.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(all.context, all.loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&all.settings, all.context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(all.settings, "listener.connections", "20000"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(all.settings, "liveness.method", "none"), ENVOI_OK);
	make_server();
	return 0;
}

static void leave(struct attacker *attacker)
{
	envoi_memory_end_free(attacker->end);
	attacker->end = NULL;
	attacker->pair = envoi_memory_pair_unref(attacker->pair);
}

static int teardown(void **state)
{
	(void)state;
	envoi_client_free(all.honest);
	for (size_t i = 0; i < all.attacker_count; i++) {
		leave(&all.attackers[i]);
	}
	envoi_acceptor_free(all.acceptor);
	envoi_listener_free(all.listener);
	envoi_settings_free(all.settings);
	envoi_context_unref(all.context);
	assert_int_equal(all.allocator.live, 0);
	return 0;
}

/* --- clients --- */

static void connect_attacker(struct attacker *attacker)
{
	assert_int_equal(envoi_memory_pair_new(&attacker->pair, all.context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&attacker->end, attacker->pair, ENVOI_MEMORY_A, NULL, NULL),
		ENVOI_OK);
}

static struct attacker *attack(void)
{
	struct attacker *attacker = &all.attackers[all.attacker_count++];
	connect_attacker(attacker);
	assert_int_equal(take(attacker->pair), ENVOI_OK);
	return attacker;
}

static void say(struct attacker *attacker, const char *text)
{
	int r = envoi_memory_end_send(attacker->end, text, strlen(text));
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_STATE);
}

static void log_in(struct attacker *attacker)
{
	say(attacker, LOGIN);
	run(10);
	say(attacker, HEADER BIND);
	run(10);
	struct envoi_buffer *received = envoi_memory_end_received(attacker->end);
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

struct cost {
	uint64_t ms;
	size_t allocations;
};

/* Logs in an honest client, and out. */
static struct cost serve_honest(void)
{
	struct envoi_connector *connector;
	struct cost cost = {0};
	assert_int_equal(envoi_client_new(&all.honest, all.context, "alice@example.org"), ENVOI_OK);
	envoi_client_set_password(all.honest, "secret");
	envoi_client_set(all.honest, "sasl.mechanisms", "SCRAM-SHA-256");
	assert_int_equal(
		envoi_memory_connector_new(&connector, all.context, on_connect, NULL, true),
		ENVOI_OK);
	assert_int_equal(envoi_client_add_connector(all.honest, connector), ENVOI_OK);
	unsigned int before = all.ready;
	size_t calls = all.allocator.calls;
	assert_int_equal(envoi_client_connect(all.honest), ENVOI_OK);
	while (all.ready == before && cost.ms < 10000) {
		run(1);
		cost.ms++;
	}
	cost.allocations = all.allocator.calls - calls;
	assert_int_equal(all.ready, before + 1);
	return cost;
}

static void stop_honest(void)
{
	envoi_client_free(all.honest);
	all.honest = NULL;
	run(1000);
}

/* Of the C library's allocator; 0 where a sanitizer or valgrind replaces it. */
static size_t heap_bytes(void)
{
	struct mallinfo2 heap = mallinfo2();
	return heap.uordblks + heap.hblkhd;
}

/* --- many that do not log in --- */

enum plight {
	SILENT, /* nothing was sent */
	OPENED, /* a header */
	HALF_A_TAG, /* a start tag that does not end */
	HALF_AN_ELEMENT, /* text as long as an element may be */
	MANY_CHILDREN,
	DEEP,
	MANY_ATTRIBUTES, /* and names: the most that an element can take */
	CHALLENGED, /* SCRAM has begun */
	PLIGHTS,
};

static void fill(char text[], size_t size, const char *first, const char *each, size_t most)
{
	size_t len = (size_t)snprintf(text, size, "%s", first), each_len = strlen(each);
	while (len + each_len < most) {
		memcpy(text + len, each, each_len + 1);
		len += each_len;
	}
}

static void fill_with_attributes(char text[], size_t size, size_t most)
{
	size_t len = (size_t)snprintf(text, size, AUTH);
	for (int i = 0; len < most - 300; i++) {
		len += (size_t)snprintf(text + len, size - len, "<b%d", i % MOST_NAMES);
		for (int k = 0; k < MOST_ATTRIBUTES && len < most - 20; k++) {
			len += (size_t)snprintf(text + len, size - len, " a%d='1'", k);
		}
		len += (size_t)snprintf(text + len, size - len, "/>");
	}
}

static void go_to(struct attacker *attacker, enum plight plight, size_t most)
{
	static char text[1 << 17];
	assert_true(most < sizeof(text));
	if (plight != SILENT) {
		say(attacker, HEADER);
	}
	switch (plight) {
	case HALF_A_TAG:
		fill(text, sizeof(text), "<auth a='", "x", most / 4);
		break;
	case HALF_AN_ELEMENT:
		fill(text, sizeof(text), AUTH, "A", most);
		break;
	case MANY_CHILDREN:
		fill(text, sizeof(text), AUTH, "<a/>", MOST_CHILDREN * 4);
		break;
	case DEEP:
		fill(text, sizeof(text), AUTH, "<a>", 100);
		break;
	case MANY_ATTRIBUTES:
		fill_with_attributes(text, sizeof(text), most);
		break;
	case CHALLENGED:
		/* n,,n=alice,r=abcdefgh */
		snprintf(text, sizeof(text),
			"<auth xmlns='" ENVOI_NS_SASL
			"' mechanism='SCRAM-SHA-256'>biwsbj1hbGljZSxyPWFiY2RlZmdo</auth>");
		break;
	default:
		return;
	}
	say(attacker, text);
}

/* Of what the test itself holds for a connection: a pair whose other end reads and forgets. */
static size_t pair_bytes(enum plight plight, size_t most)
{
	struct attacker samples[SAMPLES];
	struct envoi_memory_end *others[SAMPLES];
	size_t before = heap_bytes();
	for (int i = 0; i < SAMPLES; i++) {
		connect_attacker(&samples[i]);
		assert_int_equal(envoi_memory_end_new(
					 &others[i], samples[i].pair, ENVOI_MEMORY_B, NULL, NULL),
			ENVOI_OK);
		go_to(&samples[i], plight, most);
	}
	run(100);
	size_t bytes = heap_bytes() - before;
	for (int i = 0; i < SAMPLES; i++) {
		bytes -= envoi_buffer_len(envoi_memory_end_received(others[i]));
		envoi_memory_end_free(others[i]);
		leave(&samples[i]);
	}
	return bytes / SAMPLES;
}

/* @return bytes of the heap for each connection */
static size_t attack_by(enum plight plight)
{
	size_t most = envoi_xml_limits_before_login.stanza_bytes - 1;
	size_t of_the_test = pair_bytes(plight, most), before = heap_bytes();
	unsigned int ended = all.ended;
	for (int i = 0; i < ATTACKERS / PLIGHTS; i++) {
		go_to(attack(), plight, most);
	}
	run(100);
	assert_int_equal(all.ended, ended);
	size_t after = heap_bytes();
	return after == 0 ? 0 : (after - before) / (ATTACKERS / PLIGHTS) - of_the_test;
}

static void ten_thousand_that_do_not_log_in(void **state)
{
	(void)state;
	static const char *const names[PLIGHTS] = {"silent", "opened", "half a tag",
		"half an element", "many children", "deep", "many attributes", "challenged"};
	struct cost alone, among;
	stop_honest();
	(void)serve_honest();
	stop_honest();
	alone = serve_honest();
	stop_honest();
	for (int plight = 0; plight < PLIGHTS; plight++) {
		size_t each = attack_by((enum plight)plight);
		if (all.is_printing) {
			printf("%-16s %zu bytes a connection\n", names[plight], each);
		}
		assert_true(each <= BYTES_BEFORE_LOGIN);
	}
	among = serve_honest();
	if (all.is_printing) {
		printf("honest: %u ms and %zu allocations alone, %u and %zu among %zu\n",
			(unsigned)alone.ms, alone.allocations, (unsigned)among.ms,
			among.allocations, all.attacker_count);
	}
	assert_true(among.ms <= 2 * alone.ms);
	assert_true(among.allocations <= 2 * alone.allocations);
	stop_honest();
	run(LOGIN_S * 1000);
	struct envoi_acceptor_stats stats;
	envoi_acceptor_get_stats(all.acceptor, &stats);
	assert_int_equal(stats.connections, 0);
}

/* --- some that have logged in --- */

/* What a session may hold for its peer: its outbox, and the output of its transport. */
static size_t most_output(void)
{
	int64_t outbox = envoi_settings_int(all.settings, "limits.outbox-bytes");
	int64_t output = envoi_settings_int(all.settings, "limits.output-bytes");
	return (size_t)(outbox + output);
}

static void a_peer_that_never_reads(void **state)
{
	(void)state;
	struct attacker *attacker = attack();
	log_in(attacker);
	assert_int_equal(all.ready, 1);
	struct envoi_session *session = envoi_accepted_session(all.last_ready);
	envoi_memory_end_pause(attacker->end, true);
	size_t before = all.allocator.bytes;
	int r = ENVOI_OK;
	for (int i = 0; i < 1000000 && r == ENVOI_OK; i++) {
		r = envoi_send_text(
			session, "alice@example.org", "a message to one that does not read", NULL);
		if (i % 100 == 0) {
			run(1);
		}
	}
	assert_int_equal(r, ENVOI_ERR_FULL);
	size_t held = all.allocator.bytes - before;
	if (all.is_printing) {
		printf("never reads: %zu bytes held, %zu allowed\n", held, most_output());
	}
	assert_true(held <= 2 * most_output());
	(void)serve_honest();
	stop_honest();
	run(600000);
	assert_true(all.ended >= 1); /* the time for writing has passed */
	assert_true(all.allocator.bytes < before + held / 8);
}

/* Whatever comes, answers that are not read are held up to the limits, and others are served. */
static void flood(const char *stanza, struct cost alone)
{
	struct attacker *attacker = attack();
	log_in(attacker);
	envoi_memory_end_pause(attacker->end, true);
	size_t before = all.allocator.bytes;
	unsigned int stanzas = all.stanzas;
	for (int i = 0; i < FLOOD; i++) {
		say(attacker, stanza);
		if (i % AT_ONCE == 0) {
			run(1); /* else the pair holds the whole flood */
		}
	}
	struct cost among = serve_honest();
	stop_honest();
	size_t unread = (size_t)(envoi_memory_pair_sent(attacker->pair, ENVOI_MEMORY_A) -
		envoi_memory_pair_arrived(attacker->pair, ENVOI_MEMORY_A));
	size_t held = all.allocator.bytes - before;
	if (all.is_printing) {
		printf("%u stanzas: %zu bytes held, %zu allowed, %zu unread; honest: %u ms, %u "
		       "alone\n",
			all.stanzas - stanzas, held, most_output(), unread, (unsigned)among.ms,
			(unsigned)alone.ms);
	}
	assert_true(all.stanzas - stanzas > FLOOD / 2);
	assert_true(held <= unread + most_output());
	assert_true(among.ms <= 2 * alone.ms);
}

static void floods_of_iq_and_presence(void **state)
{
	(void)state;
	(void)serve_honest();
	stop_honest();
	struct cost alone = serve_honest();
	stop_honest();
	flood("<iq type='get' id='1'><query xmlns='urn:x'/></iq>", alone);
	flood("<presence><status>again and again</status></presence>", alone);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_thousand_that_do_not_log_in),
		TEST(a_peer_that_never_reads),
		TEST(floods_of_iq_and_presence),
	};
	(void)argv;
	all.is_printing = argc > 1;
	return cmocka_run_group_tests_name("torture/hostile", tests, NULL, NULL);
}
