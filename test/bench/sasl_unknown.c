/*
 * envoi - what failed logins cost the receiving side
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: bench-sasl-unknown MECHANISM keys|passwords WHO ATTEMPTS
 *
 * A client in clear, over memory, attempts to log in, again and again on one connection, with a
 * password that is wrong. What is to be counted is done in bench_attempt(), but for
 * bench_peer_speaks(), which is the client: see tools/check.d/unknown-users.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>
#include <envoi/memory.h>

#define NOT_INLINED __attribute__((noinline))
#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define NONCE "fyko+d2lbbFgONRv9qkxdawL"

enum {
	LONGEST_LOCALPART = 1023, /* RFC 7622, section 3.3 */
	ITERATIONS = 16, /* so few that other work is not lost beside PLAIN's derivation */
	HASHES = 3,
	DATA = 2048,
};

static char long_known[LONGEST_LOCALPART + 1], long_unknown[LONGEST_LOCALPART + 1],
	over_long[LONGEST_LOCALPART + 2];

/* Those who log in. The names that are compared have the same length. */
static const struct {
	const char *who, *authcid, *authzid;
} users[] = {
	{"known", "alice", ""},
	{"unknown", "carol", ""},
	{"known-in-another-name", "alice", "carol"},
	{"known-beyond-ascii", "\xc3\xa5lice", ""},
	{"unknown-beyond-ascii", "\xc3\xa5rild", ""},
	{"refused", "\xc3\xa5l\x07" /* a control character */ "ce", ""},
	{"refused-direction", "\xd7\x90lice", ""}, /* RFC 3454, section 6 */
	{"known-long", long_known, ""},
	{"unknown-long", long_unknown, ""},
	{"over-long", over_long, ""},
};

static const char *const accounts[] = {"alice", "\xc3\xa5lice", long_known};
static const char *const hashes[HASHES] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
static const unsigned int iterations = ITERATIONS;

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_acceptor *acceptor;
	struct envoi_memory_end *end; /* of the peer */
	struct envoi_sasl_directory directory;
	struct envoi_sasl_decoys decoys;
	struct envoi_accept_hook hook;
	const char *mechanism, *authcid, *authzid;
	char verifiers[HASHES][ENVOI_SASL_VERIFIER_TEXT];
	size_t derived;
	size_t refused; /* attempts that have ended */
} world;

static void check(int r)
{
	if (r < 0) {
		fprintf(stderr, "bench: %s\n", envoi_error_text(r));
		exit(1);
	}
}

/* --- the receiving side --- */

static bool is_account(const char *name)
{
	bool is_found = false;
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		is_found |= strcmp(accounts[i], name) == 0;
	}
	return is_found;
}

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	unsigned char rooms[HASHES][ENVOI_SASL_VERIFIER_BYTES];
	struct envoi_sasl_verifier verifiers[HASHES];
	struct envoi_sasl_account account = {.verifiers = verifiers, .verifier_count = HASHES};
	for (size_t i = 0; i < HASHES; i++) {
		check(envoi_sasl_verifier_parse(
			&verifiers[i], rooms[i], world.verifiers[i], strlen(world.verifiers[i])));
	}
	if (directory->decoys->have_passwords) {
		account = (struct envoi_sasl_account){.password = "pencil"};
	}
	int code = is_account(lookup->authcid) ? ENVOI_OK : ENVOI_ERR_NOT_FOUND;
	envoi_sasl_lookup_answer(lookup, code, &account);
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};
static const struct envoi_accept_hook_impl hook_impl = {.opened = NULL};

static void on_derived(void *user, int code, const struct envoi_sasl_verifier *verifier)
{
	(void)user;
	check(code);
	check(envoi_sasl_verifier_print(world.verifiers[world.derived++], verifier));
}

static void derive(void)
{
	for (size_t i = 0; i < HASHES; i++) {
		const struct envoi_sasl_derivation_options options = {
			.mechanism = hashes[i],
			.password = "pencil",
			.iterations = ITERATIONS,
			.done = on_derived,
		};
		check(envoi_sasl_derive(NULL, world.context, &options));
	}
	check(envoi_loop_simulated_run_for(world.loop, 1));
}

/* --- the peer --- */

static void say(const char *xml)
{
	check(envoi_memory_end_send(world.end, xml, strlen(xml)));
}

static void say_data(const char *before, const void *data, size_t len, const char *after)
{
	char encoded[2 * DATA], xml[3 * DATA];
	envoi_base64_encode(encoded, data, len);
	snprintf(xml, sizeof(xml), "%s%s%s", before, encoded, after);
	say(xml);
}

static const char *gs2_header(void)
{
	static char header[64];
	snprintf(header, sizeof(header), "n,%s%s,", *world.authzid != '\0' ? "a=" : "",
		world.authzid);
	return header;
}

static size_t initial_data(char *data)
{
	if (strcmp(world.mechanism, "PLAIN") == 0) {
		return (size_t)snprintf(
			data, DATA, "%s%c%s%cstylus", world.authzid, '\0', world.authcid, '\0');
	}
	return (size_t)snprintf(data, DATA, "%sn=%s,r=" NONCE, gs2_header(), world.authcid);
}

static void say_auth(void)
{
	char before[128], data[DATA];
	snprintf(before, sizeof(before), "<auth " SASL " mechanism='%s'>", world.mechanism);
	say_data(before, data, initial_data(data), "</auth>");
}

static size_t hash_size(void)
{
	return strcmp(world.mechanism, "SCRAM-SHA-1") == 0      ? 20
		: strcmp(world.mechanism, "SCRAM-SHA-256") == 0 ? 32
								: 64;
}

/* A proof of zeros: it costs what each other costs. */
static void answer(const char *challenge)
{
	static const unsigned char proof[64];
	char first[DATA], binding[100], proof64[100], last[DATA];
	size_t len;
	const char *data = strchr(challenge, '>') + 1;
	check(envoi_base64_decode(first, &len, data, strcspn(data, "<")));
	first[len] = '\0';
	envoi_base64_encode(proof64, proof, hash_size());
	envoi_base64_encode(binding, gs2_header(), strlen(gs2_header()));
	len = (size_t)snprintf(last, sizeof(last), "c=%s,%.*s,p=%s", binding,
		(int)strcspn(first, ","), first, proof64);
	say_data("<response " SASL ">", last, len, "</response>");
}

NOT_INLINED void bench_peer_speaks(void *user, struct envoi_memory_end *end);

void bench_peer_speaks(void *user, struct envoi_memory_end *end)
{
	(void)user;
	struct envoi_buffer *received = envoi_memory_end_received(end);
	check(envoi_buffer_append(received, "", 1));
	const char *heard = envoi_buffer_data(received);
	if (strstr(heard, "<challenge") != NULL) {
		answer(strstr(heard, "<challenge"));
	} else if (strstr(heard, "<not-authorized") != NULL) {
		world.refused++;
	}
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

NOT_INLINED void bench_attempt(void);

void bench_attempt(void)
{
	size_t before = world.refused;
	for (int turns = 0; turns < 1000 && world.refused == before; turns++) {
		check(envoi_loop_run_once(world.loop, false));
	}
	if (world.refused == before) {
		fputs("bench: the attempt does not end\n", stderr);
		exit(1);
	}
}

/* --- the program --- */

static void begin(bool have_passwords)
{
	check(envoi_context_new(&world.context, NULL));
	check(envoi_loop_new_simulated(&world.loop, world.context));
	check(envoi_context_take_loop(world.context, world.loop));
	check(envoi_settings_new(&world.settings, world.context));
	check(envoi_settings_set(world.settings, "tls.mode", "none"));
	check(envoi_settings_set(world.settings, "sasl.max-attempts", "1000"));
	check(envoi_settings_set(world.settings, "sasl.min-iterations", "16"));
	derive();
	world.hook.impl = &hook_impl;
	world.decoys = (struct envoi_sasl_decoys){.key = "a key",
		.iterations = &iterations,
		.iteration_count = 1,
		.mechanism = "SCRAM-SHA-512",
		.have_passwords = have_passwords};
	world.directory = (struct envoi_sasl_directory){&directory_impl, &world.decoys};
}

static void connect_peer(void)
{
	const struct envoi_acceptor_options options = {
		.directory = &world.directory, .settings = world.settings, .hook = &world.hook};
	struct envoi_memory_pair *pair;
	struct envoi_transport *transport;
	check(envoi_acceptor_new(&world.acceptor, world.context, &options));
	check(envoi_acceptor_add_domain(world.acceptor, "example.org"));
	check(envoi_memory_pair_new(&pair, world.context));
	check(envoi_memory_transport_new(&transport, pair, ENVOI_MEMORY_B, world.settings, true));
	check(envoi_memory_end_new(&world.end, pair, ENVOI_MEMORY_A, bench_peer_speaks, NULL));
	check(envoi_acceptor_accept(world.acceptor, transport, NULL));
	envoi_memory_pair_unref(pair);
	say("<stream:stream xmlns='jabber:client' to='example.org' version='1.0' "
	    "xmlns:stream='http://etherx.jabber.org/streams'>");
	check(envoi_loop_simulated_run_for(world.loop, 10));
}

static void end(void)
{
	envoi_acceptor_free(world.acceptor);
	envoi_memory_end_free(world.end);
	envoi_settings_free(world.settings);
	envoi_context_unref(world.context);
}

static bool choose(const char *who)
{
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		if (strcmp(users[i].who, who) == 0) {
			world.authcid = users[i].authcid;
			world.authzid = users[i].authzid;
		}
	}
	return world.authcid != NULL;
}

int main(int argc, char **argv)
{
	uint64_t attempts;
	memset(long_known, 'a', LONGEST_LOCALPART);
	memset(long_unknown, 'b', LONGEST_LOCALPART);
	memset(over_long, 'c', LONGEST_LOCALPART + 1);
	if (argc != 5 || !choose(argv[3]) || envoi_uint_parse(argv[4], 1, 999, &attempts) < 0) {
		fputs("usage: bench-sasl-unknown MECHANISM keys|passwords WHO ATTEMPTS\n", stderr);
		return 2;
	}
	world.mechanism = argv[1];
	begin(strcmp(argv[2], "passwords") == 0);
	connect_peer();
	for (uint64_t i = 0; i < attempts; i++) {
		say_auth();
		bench_attempt();
	}
	end();
	return 0;
}
