/*
 * envoi - SASL: users who do not exist, beside those with another password: tests
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

#include <envoi/envoi.h>
#include <envoi/memory.h>

#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define NONCE "fyko+d2lbbFgONRv9qkxdawL"

enum {
	HASHES = 3,
	DATA = 1024,
	ATTEMPTS = 3, /* then the stream ends */
	TURNS = 400, /* of the loop, in which all attempts end */
	ITERATIONS = 2 * 4096 + 100, /* more than one turn has */
};

/** When the directory answers. */
enum answer {
	AT_ONCE,
	LATER, /* from the loop */
	NEVER,
};

/** One connection to an acceptor, and what has come to its peer. */
struct world {
	struct envoi_sasl_directory directory;
	struct envoi_sasl_decoys decoys;
	struct envoi_accept_hook hook;
	struct envoi_deferred answering;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_acceptor *acceptor;
	struct envoi_memory_end *end; /* of the peer */
	enum answer answer;
	struct envoi_sasl_lookup *lookup; /* pending; NULL: none */
	unsigned int lookups, cancels, turns_to_wait;
	char verifiers[HASHES][ENVOI_SASL_VERIFIER_TEXT];
	size_t derived;
	unsigned int turn, attempts;
	const char *mechanism, *authcid, *authzid;
	char heard[16000]; /* with the turns in which it came, salts left out */
};

static const char *const hashes[HASHES] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
static const unsigned int iterations = ITERATIONS;

/* Nonces are always the same. */
static int random_bytes(void *user, void *bytes, size_t len)
{
	(void)user;
	memset(bytes, 'r', len);
	return ENVOI_OK;
}

/* --- the receiving side: the account "alice" with the password "pencil" --- */

static void give_answer(struct world *w)
{
	unsigned char rooms[HASHES][ENVOI_SASL_VERIFIER_BYTES];
	struct envoi_sasl_verifier verifiers[HASHES];
	struct envoi_sasl_account account = {.verifiers = verifiers, .verifier_count = HASHES};
	struct envoi_sasl_lookup *lookup = w->lookup;
	for (size_t i = 0; i < HASHES; i++) {
		const char *text = w->verifiers[i];
		assert_int_equal(
			envoi_sasl_verifier_parse(&verifiers[i], rooms[i], text, strlen(text)),
			ENVOI_OK);
	}
	if (w->decoys.have_passwords) {
		account = (struct envoi_sasl_account){.password = "pencil"};
	}
	bool exists = strcmp(lookup->authcid, "alice") == 0;
	w->lookup = NULL;
	envoi_sasl_lookup_answer(lookup, exists ? ENVOI_OK : ENVOI_ERR_NOT_FOUND, &account);
}

static void wait_for_turns(struct envoi_deferred *deferred)
{
	struct world *w = ENVOI_CONTAINER_OF(deferred, struct world, answering);
	if (w->turns_to_wait-- > 0) {
		envoi_deferred_post(deferred, w->loop, wait_for_turns);
	} else {
		give_answer(w);
	}
}

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	struct world *w = ENVOI_CONTAINER_OF(directory, struct world, directory);
	assert_null(w->lookup);
	w->lookup = lookup;
	w->lookups++;
	w->turns_to_wait = 5;
	if (w->answer == AT_ONCE) {
		give_answer(w);
	} else if (w->answer == LATER) {
		envoi_deferred_post(&w->answering, w->loop, wait_for_turns);
	}
}

static void on_cancel(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	struct world *w = ENVOI_CONTAINER_OF(directory, struct world, directory);
	assert_ptr_equal(lookup, w->lookup);
	w->lookup = NULL;
	w->cancels++;
}

static const struct envoi_sasl_directory_impl directory_impl = {
	.look_up = look_up, .cancel = on_cancel};
static const struct envoi_accept_hook_impl hook_impl = {.opened = NULL};

static void on_derived(void *user, int code, const struct envoi_sasl_verifier *verifier)
{
	struct world *w = user;
	assert_int_equal(code, ENVOI_OK);
	assert_int_equal(envoi_sasl_verifier_print(w->verifiers[w->derived++], verifier), ENVOI_OK);
}

static void derive(struct world *w)
{
	for (size_t i = 0; i < HASHES; i++) {
		const struct envoi_sasl_derivation_options options = {
			.mechanism = hashes[i],
			.password = "pencil",
			.salt = "a salt of 16 byt",
			.salt_len = 16,
			.iterations = ITERATIONS,
			.done = on_derived,
			.user = w,
		};
		assert_int_equal(envoi_sasl_derive(NULL, w->context, &options), ENVOI_OK);
	}
	assert_int_equal(envoi_loop_simulated_run_for(w->loop, 1), ENVOI_OK);
}

/* --- the peer --- */

static void say_data(
	struct world *w, const char *before, const char *data, size_t len, const char *after)
{
	char encoded[2 * DATA], xml[3 * DATA];
	envoi_base64_encode(encoded, data, len);
	int written = snprintf(xml, sizeof(xml), "%s%s%s", before, encoded, after);
	assert_int_equal(envoi_memory_end_send(w->end, xml, (size_t)written), ENVOI_OK);
}

static int gs2_header(const struct world *w, char *text)
{
	return snprintf(text, DATA, "n,%s%s,", *w->authzid != '\0' ? "a=" : "", w->authzid);
}

static void say_auth(struct world *w)
{
	char before[128], data[2 * DATA], header[DATA];
	bool is_plain = strcmp(w->mechanism, "PLAIN") == 0;
	gs2_header(w, header);
	int len = is_plain
		? snprintf(data, sizeof(data), "%s%c%s%cstylus", w->authzid, '\0', w->authcid, '\0')
		: snprintf(data, sizeof(data), "%sn=%s,r=" NONCE, header, w->authcid);
	snprintf(before, sizeof(before), "<auth " SASL " mechanism='%s'>", w->mechanism);
	say_data(w, before, data, (size_t)len, "</auth>");
	w->attempts++;
}

static size_t hash_size(const char *mechanism)
{
	return strcmp(mechanism, "SCRAM-SHA-1") == 0      ? 20
		: strcmp(mechanism, "SCRAM-SHA-256") == 0 ? 32
							  : 64;
}

/* @param first  of the server: "r=...,s=...,i=..." */
static void say_wrong_proof(struct world *w, const char *first)
{
	static const unsigned char proof[64];
	char header[DATA], binding[2 * DATA], proof64[100], data[4 * DATA];
	envoi_base64_encode(binding, header, (size_t)gs2_header(w, header));
	envoi_base64_encode(proof64, proof, hash_size(w->mechanism));
	int len = snprintf(data, sizeof(data), "c=%s,%.*s,p=%s", binding, (int)strcspn(first, ","),
		first, proof64);
	say_data(w, "<response " SASL ">", data, (size_t)len, "</response>");
}

static ENVOI_PRINTF(2, 3) void note(struct world *w, const char *format, ...)
{
	size_t len = strlen(w->heard);
	va_list args;
	va_start(args, format);
	vsnprintf(w->heard + len, sizeof(w->heard) - len, format, args);
	va_end(args);
}

/* Of the salt its length is noted. */
static void take_challenge(struct world *w, const char *xml)
{
	char first[DATA];
	size_t len, data_len = strcspn(xml, "<");
	assert_int_equal(envoi_base64_decode(first, &len, xml, data_len), ENVOI_OK);
	first[len] = '\0';
	const char *salt = strstr(first, ",s=") + 3;
	size_t salt_len = strcspn(salt, ",");
	note(w, "turn %u: %zu bytes %.*s a salt of %zu %s\n", w->turn, data_len,
		(int)(salt - first), first, salt_len, salt + salt_len);
	say_wrong_proof(w, first);
}

static void on_bytes(void *user, struct envoi_memory_end *end)
{
	struct world *w = user;
	struct envoi_buffer *received = envoi_memory_end_received(end);
	assert_int_equal(envoi_buffer_append(received, "", 1), ENVOI_OK);
	const char *xml = envoi_buffer_data(received);
	if (strncmp(xml, "<challenge", strlen("<challenge")) == 0) {
		take_challenge(w, strchr(xml, '>') + 1);
	} else if (strncmp(xml, "<?xml", 5) != 0 && strncmp(xml, "<stream:stream", 14) != 0) {
		note(w, "turn %u: %s\n", w->turn, xml);
		if (strstr(xml, "</failure>") != NULL && w->attempts < ATTEMPTS) {
			say_auth(w);
		}
	}
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

/* --- one conversation --- */

static void set(struct world *w, const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(w->settings, name, value), ENVOI_OK);
}

static void begin(struct world *w, bool have_passwords, enum answer answer)
{
	const struct envoi_context_options options = {.random = random_bytes};
	*w = (struct world){.hook.impl = &hook_impl, .answer = answer};
	assert_int_equal(envoi_context_new(&w->context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&w->loop, w->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(w->context, w->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&w->settings, w->context), ENVOI_OK);
	set(w, "sasl.max-attempts", "3");
	set(w, "sasl.min-iterations", "8292");
	derive(w);
	w->decoys = (struct envoi_sasl_decoys){.key = "a key",
		.iterations = &iterations,
		.iteration_count = 1,
		.mechanism = "SCRAM-SHA-512",
		.have_passwords = have_passwords};
	w->directory = (struct envoi_sasl_directory){&directory_impl, &w->decoys};
}

static void connect_peer(struct world *w)
{
	static const char head[] =
		"<stream:stream xmlns='jabber:client' to='example.org' version='1.0' "
		"xmlns:stream='http://etherx.jabber.org/streams'>";
	const struct envoi_acceptor_options options = {
		.directory = &w->directory, .settings = w->settings, .hook = &w->hook};
	struct envoi_memory_pair *pair;
	struct envoi_transport *transport;
	assert_int_equal(envoi_acceptor_new(&w->acceptor, w->context, &options), ENVOI_OK);
	assert_int_equal(envoi_acceptor_add_domain(w->acceptor, "example.org"), ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&pair, w->context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_transport_new(&transport, pair, ENVOI_MEMORY_B, w->settings, true),
		ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&w->end, pair, ENVOI_MEMORY_A, on_bytes, w), ENVOI_OK);
	assert_int_equal(envoi_acceptor_accept(w->acceptor, transport, NULL), ENVOI_OK);
	envoi_memory_pair_unref(pair);
	assert_int_equal(envoi_memory_end_send(w->end, head, strlen(head)), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(w->loop, 10), ENVOI_OK);
}

static void finish(struct world *w)
{
	envoi_acceptor_free(w->acceptor);
	envoi_deferred_cancel(&w->answering);
	envoi_memory_end_free(w->end);
	envoi_settings_free(w->settings);
	envoi_context_unref(w->context);
}

/* Which kind of conversation, whoever the peer is. */
struct kind {
	const char *mechanism;
	bool have_passwords;
	enum answer answer;
};

static void converse(
	struct world *w, const struct kind *kind, const char *authcid, const char *authzid)
{
	begin(w, kind->have_passwords, kind->answer);
	w->mechanism = kind->mechanism;
	w->authcid = authcid;
	w->authzid = authzid;
	connect_peer(w);
	say_auth(w);
	for (w->turn = 0; w->turn < TURNS; w->turn++) {
		assert_int_equal(envoi_loop_run_once(w->loop, false), ENVOI_OK);
	}
	assert_int_equal(envoi_loop_simulated_run_for(w->loop, 30000), ENVOI_OK);
	finish(w);
}

static size_t count(const char *text, const char *part)
{
	size_t found = 0;
	while ((text = strstr(text, part)) != NULL) {
		found++;
		text++;
	}
	return found;
}

/* The same bytes, but for salts, each in the same turn of the loop. */
static void assert_alike(const struct kind *kind)
{
	static const char *const others[][2] = {
		{"carol", ""}, /* does not exist */
		{"al\x07"
		 "ce",
			""}, /* not allowed (RFC 4013) */
		{"alice", "carol"}, /* may not act as another */
		{"carol", "alice"},
	};
	static struct world known, other;
	converse(&known, kind, "alice", "");
	assert_int_equal(
		count(known.heard, "<not-authorized"), kind->answer == NEVER ? 0 : ATTEMPTS);
	assert_int_equal(count(known.heard, "<policy-violation"), kind->answer != NEVER);
	assert_int_equal(count(known.heard, "</stream:stream>"), 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		converse(&other, kind, others[i][0], others[i][1]);
		assert_string_equal(other.heard, known.heard);
		assert_int_equal(other.lookups, known.lookups);
		assert_int_equal(other.cancels, known.cancels);
		assert_int_equal(other.turn, known.turn);
	}
}

static void assert_all_alike(enum answer answer)
{
	static const char *const mechanisms[] = {
		"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		assert_alike(&(struct kind){mechanisms[i], false, answer});
		assert_alike(&(struct kind){mechanisms[i], true, answer});
	}
}

static void who_does_not_exist_is_answered_like_a_wrong_password(void **state)
{
	(void)state;
	assert_all_alike(AT_ONCE);
}

static void also_where_the_directory_answers_later(void **state)
{
	(void)state;
	assert_all_alike(LATER);
}

static void also_where_the_directory_does_not_answer(void **state)
{
	(void)state;
	assert_all_alike(NEVER);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_exist_is_answered_like_a_wrong_password),
		cmocka_unit_test(also_where_the_directory_answers_later),
		cmocka_unit_test(also_where_the_directory_does_not_answer),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/sasl_unknown", tests, NULL, NULL);
}
