/*
 * envoi - what a request for the session of another account costs the receiving side
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: bench-resume-unknown lost|expired unknown|foreign ATTEMPTS
 *
 * A client in clear, over memory, requests to resume a session (XEP-0198) that does not exist, or
 * one of another account. Those have lost their connection, or have expired. What is to be counted
 * is done in bench_attempt(), but for bench_peer_speaks(), which is the client: see
 * tools/check.d/unknown-users.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>
#include <envoi/memory.h>

#define NOT_INLINED __attribute__((noinline))
#define HEADER \
	"<stream:stream xmlns='jabber:client' to='example.org' version='1.0' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"
#define SM "xmlns='urn:xmpp:sm:3'"

enum {
	LONGEST_ID = 64,
	EXPIRED = 100, /* sessions, each of an account */
};

struct peer {
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end;
	char id[LONGEST_ID]; /* of its session */
	size_t refused; /* attempts */
};

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_acceptor *acceptor;
	struct envoi_sasl_directory directory;
	struct envoi_accept_hook hook;
} world;

static void check(int r)
{
	if (r < 0) {
		fprintf(stderr, "bench: %s\n", envoi_error_text(r));
		exit(1);
	}
}

/* --- the receiving side --- */

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	envoi_sasl_lookup_answer(
		lookup, ENVOI_OK, &(struct envoi_sasl_account){.password = "secret"});
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};
static const struct envoi_accept_hook_impl hook_impl = {.opened = NULL};

static void begin(void)
{
	world.hook.impl = &hook_impl;
	world.directory.impl = &directory_impl;
	check(envoi_context_new(&world.context, NULL));
	check(envoi_loop_new_simulated(&world.loop, world.context));
	check(envoi_context_take_loop(world.context, world.loop));
	check(envoi_settings_new(&world.settings, world.context));
	check(envoi_settings_set(world.settings, "sasl.mechanisms", "PLAIN"));
	const struct envoi_acceptor_options options = {
		.directory = &world.directory, .settings = world.settings, .hook = &world.hook};
	check(envoi_acceptor_new(&world.acceptor, world.context, &options));
	check(envoi_acceptor_add_domain(world.acceptor, "example.org"));
}

/* --- the peers --- */

NOT_INLINED void bench_peer_speaks(void *user, struct envoi_memory_end *end);

void bench_peer_speaks(void *user, struct envoi_memory_end *end)
{
	struct peer *peer = user;
	struct envoi_buffer *received = envoi_memory_end_received(end);
	check(envoi_buffer_append(received, "", 1));
	const char *heard = envoi_buffer_data(received);
	const char *enabled = strstr(heard, "<enabled ");
	if (enabled != NULL) {
		const char *id = strstr(enabled, " id='") + strlen(" id='");
		snprintf(peer->id, sizeof(peer->id), "%.*s", (int)strcspn(id, "'"), id);
	}
	peer->refused += strstr(heard, "<item-not-found") != NULL;
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

static void say(struct peer *peer, const char *xml)
{
	check(envoi_memory_end_send(peer->end, xml, strlen(xml)));
}

static void say_at_once(struct peer *peer, const char *xml)
{
	say(peer, xml);
	check(envoi_loop_simulated_run_for(world.loop, 10));
}

/* As the user of that number, of one digit or more. */
static void log_in(struct peer *peer, int user)
{
	struct envoi_transport *transport;
	char plain[64], auth[100], xml[200];
	int len = snprintf(plain, sizeof(plain), "%cuser%d%csecret", '\0', user, '\0');
	envoi_base64_encode(auth, plain, (size_t)len);
	*peer = (struct peer){.pair = NULL};
	check(envoi_memory_pair_new(&peer->pair, world.context));
	check(envoi_memory_transport_new(
		&transport, peer->pair, ENVOI_MEMORY_B, world.settings, true));
	check(envoi_memory_end_new(
		&peer->end, peer->pair, ENVOI_MEMORY_A, bench_peer_speaks, peer));
	check(envoi_acceptor_accept(world.acceptor, transport, NULL));
	say_at_once(peer, HEADER);
	snprintf(xml, sizeof(xml),
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>", auth);
	say_at_once(peer, xml);
	say_at_once(peer, HEADER);
}

static void leave(struct peer *peer)
{
	envoi_memory_end_free(peer->end);
	envoi_memory_pair_unref(peer->pair);
}

/* A session whose connection is lost. @return its id, in @p ret_id */
static void lose_session(int user, char ret_id[LONGEST_ID])
{
	struct peer lost;
	log_in(&lost, user);
	say_at_once(&lost,
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	say_at_once(&lost, "<enable " SM " resume='true'/>");
	memcpy(ret_id, lost.id, sizeof(lost.id));
	envoi_memory_pair_cut(lost.pair);
	check(envoi_loop_simulated_run_for(world.loop, 10));
	leave(&lost);
}

NOT_INLINED void bench_attempt(const struct peer *peer);

void bench_attempt(const struct peer *peer)
{
	size_t before = peer->refused;
	for (int turns = 0; turns < 1000 && peer->refused == before; turns++) {
		check(envoi_loop_run_once(world.loop, false));
	}
	if (peer->refused == before) {
		fputs("bench: the attempt is not refused\n", stderr);
		exit(1);
	}
}

/* --- the program --- */

/* The id that is requested: that of the first session, or another one of the same length. */
static void choose(const char *who, bool have_expired, char id[LONGEST_ID])
{
	char others[LONGEST_ID];
	lose_session(1, id);
	for (int i = 2; have_expired && i <= EXPIRED; i++) {
		lose_session(i, others);
	}
	if (have_expired) {
		check(envoi_loop_simulated_run_for(world.loop, 86400000));
	}
	if (strcmp(who, "unknown") == 0) {
		memset(id, 'x', strlen(id));
	}
}

int main(int argc, char **argv)
{
	char id[LONGEST_ID], xml[200];
	struct peer client;
	uint64_t attempts;
	if (argc != 4 || envoi_uint_parse(argv[3], 1, 999, &attempts) < 0) {
		fputs("usage: bench-resume-unknown lost|expired unknown|foreign ATTEMPTS\n",
			stderr);
		return 2;
	}
	begin();
	choose(argv[2], strcmp(argv[1], "expired") == 0, id);
	log_in(&client, 0);
	snprintf(xml, sizeof(xml), "<resume " SM " previd='%s' h='0'/>", id);
	for (uint64_t i = 0; i < attempts; i++) {
		say(&client, xml);
		bench_attempt(&client);
	}
	envoi_acceptor_free(world.acceptor);
	leave(&client);
	envoi_settings_free(world.settings);
	envoi_context_unref(world.context);
	return 0;
}
