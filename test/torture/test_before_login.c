/*
 * envoi - what a connection holds before its login, in clear and in TLS
 * SPDX-License-Identifier: MIT
 *
 * Each shape is what a peer may send or leave out to make a server hold as much as it can. The heap
 * is measured with GnuTLS's and libxml2's part of it. With an argument the figures are printed.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/values.h>

#include "accept_fixture.h"
#include "tls_client.h"

#define HEADER ACCEPT_HEADER("version='1.0' to='example.org'")
#define STARTTLS "<starttls xmlns='" ENVOI_NS_TLS "'/>"
#define AUTH(mechanism) "<auth xmlns='" ENVOI_NS_SASL "' mechanism='" mechanism "'>"
#define RESPONSE "<response xmlns='" ENVOI_NS_SASL "'>"

enum {
	SAMPLES = 60,
	LONGEST = 10000, /* limits.before-login.stanza-bytes */
	LONGEST_TAG = 4096, /* limits.before-login.tag-bytes */
	MOST_CHILDREN = 200, /* limits.before-login.children */
	MOST_NAMES = 200, /* limits.before-login.names */
	MOST_DECLARATIONS = 28, /* in a tag: limits.before-login.attributes */
	LONGEST_FIRST = 2560, /* of a client-first-message */
	LONGEST_NONCE = 256,
	LONGEST_HANDSHAKE = 10240,
	/* The bounds that doc/limits.md names. */
	BYTES_IN_CLEAR = 24 * 1024,
	BYTES_IN_TLS = 36 * 1024,
};

struct guest {
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end;
	struct envoi_accepted *accepted;
	struct tls_client tls;
};

struct shape {
	const char *name;
	void (*act)(struct guest *guest); /* the stream is open, in TLS behind the handshake */
};

static struct accept_fixture f;
static bool is_printing, is_in_tls;
static size_t longest = LONGEST; /* of an element, behind the header that was sent */
static char text[1 << 16];
static size_t text_len;

/* --- guests --- */

static void run(void)
{
	accept_fixture_run(&f, 1);
}

static void put_raw(struct guest *guest, const void *data, size_t len)
{
	assert_int_equal(envoi_memory_end_send(guest->end, data, len), ENVOI_OK);
	run();
}

/* Move what GnuTLS has for the server, and what the server has for GnuTLS. */
static void move(struct guest *guest)
{
	struct envoi_buffer *received = envoi_memory_end_received(guest->end);
	struct envoi_buffer *output = &guest->tls.output;
	if (envoi_buffer_len(output) > 0) {
		put_raw(guest, envoi_buffer_data(output), envoi_buffer_len(output));
		envoi_buffer_consume(output, envoi_buffer_len(output));
	}
	assert_int_equal(envoi_buffer_append(&guest->tls.input, envoi_buffer_data(received),
				 envoi_buffer_len(received)),
		ENVOI_OK);
	envoi_buffer_finish(received);
}

static void shake_hands(struct guest *guest)
{
	int r;
	while ((r = gnutls_handshake(guest->tls.session)) == GNUTLS_E_AGAIN) {
		move(guest);
	}
	assert_int_equal(r, 0);
	move(guest);
}

static void put(struct guest *guest, const char *data, size_t len)
{
	if (!is_in_tls) {
		put_raw(guest, data, len);
		envoi_buffer_finish(envoi_memory_end_received(guest->end));
		return;
	}
	assert_int_equal(gnutls_record_send(guest->tls.session, data, len), len);
	move(guest);
}

static void put_text(struct guest *guest)
{
	put(guest, text, text_len);
}

static void say(struct guest *guest, const char *words)
{
	put(guest, words, strlen(words));
}

static void connect_guest(struct guest *guest)
{
	assert_int_equal(envoi_memory_pair_new(&guest->pair, f.context), ENVOI_OK);
	assert_int_equal(envoi_memory_end_new(&guest->end, guest->pair, ENVOI_MEMORY_A, NULL, NULL),
		ENVOI_OK);
	assert_int_equal(accept_fixture_accept(&f, guest->pair), ENVOI_OK);
	guest->accepted = f.last;
	run();
}

static void request_tls(struct guest *guest)
{
	const struct tls_client_options options = {.server_name = "example.org"};
	put_raw(guest, HEADER STARTTLS, strlen(HEADER STARTTLS));
	envoi_buffer_finish(envoi_memory_end_received(guest->end));
	tls_client_init(&guest->tls, f.context, &options);
}

static void secure(struct guest *guest)
{
	if (is_in_tls) {
		request_tls(guest);
		shake_hands(guest);
	}
}

static void open_stream(struct guest *guest)
{
	secure(guest);
	say(guest, HEADER);
}

static void leave(struct guest *guest)
{
	if (guest->tls.session != NULL) {
		tls_client_finish(&guest->tls);
	}
	envoi_memory_end_free(guest->end);
	envoi_memory_pair_unref(guest->pair);
}

/* --- texts --- */

static void begin(const char *first)
{
	text_len = (size_t)snprintf(text, sizeof(text), "%s", first);
}

static void add(const char *more)
{
	size_t len = strlen(more);
	assert_true(text_len + len < sizeof(text));
	memcpy(text + text_len, more, len + 1);
	text_len += len;
}

static void add_until(const char *each, size_t most)
{
	while (text_len + strlen(each) <= most) {
		add(each);
	}
}

/* --- shapes --- */

static void do_nothing(struct guest *guest)
{
	(void)guest;
}

static void half_a_tag(struct guest *guest)
{
	begin("<auth a='");
	add_until("x", LONGEST_TAG - 1);
	put_text(guest);
}

static void text_without_end(struct guest *guest)
{
	begin(AUTH("PLAIN"));
	add_until("A", longest - 1);
	put_text(guest);
}

static void text_byte_by_byte(struct guest *guest)
{
	begin(AUTH("PLAIN"));
	add_until("A", LONGEST - 1);
	for (size_t i = 0; i < text_len; i += 61) {
		put(guest, text + i, text_len - i < 61 ? text_len - i : 61);
	}
}

static void references(struct guest *guest)
{
	begin(AUTH("PLAIN"));
	add_until("&amp;", LONGEST - 1);
	put_text(guest);
}

static void cdata(struct guest *guest)
{
	begin(AUTH("PLAIN") "<![CDATA[");
	add_until("]", LONGEST - 1);
	put_text(guest);
}

static void children(struct guest *guest)
{
	begin(AUTH("PLAIN"));
	add_until("<a/>", MOST_CHILDREN * 4);
	add_until("A", LONGEST - 1);
	put_text(guest);
}

static void children_with_text(struct guest *guest)
{
	begin("<iq type='set' id='r'><query xmlns='jabber:iq:register'>");
	add_until("<a/>b", MOST_CHILDREN * 5 / 2);
	add_until("b", LONGEST - 1);
	put_text(guest);
}

static void deep(struct guest *guest)
{
	begin(AUTH("PLAIN"));
	for (int i = 0; i < 14; i++) {
		add("<abc xmlns='urn:x'>");
	}
	add_until("x", LONGEST - 1);
	put_text(guest);
}

static void attributes(struct guest *guest)
{
	char attribute[32];
	begin(AUTH("PLAIN"));
	for (int i = 0; text_len < LONGEST - 400; i++) {
		snprintf(attribute, sizeof(attribute), "<b%d", i);
		add(attribute);
		for (int k = 0; k < 30; k++) {
			snprintf(attribute, sizeof(attribute), " a%d='1'", k);
			add(attribute);
		}
		add("/>");
	}
	put_text(guest);
}

static void namespaces(struct guest *guest)
{
	char declaration[64];
	begin(AUTH("PLAIN"));
	for (int i = 0; i < MOST_NAMES / 2; i++) {
		snprintf(declaration, sizeof(declaration), "<p%d:b xmlns:p%d='urn:%d'/>", i, i, i);
		add(declaration);
	}
	add_until("A", LONGEST - 1);
	put_text(guest);
}

/* A client-first-message of this length, with as long a nonce as the length allows, up to
 * @p nonce. */
static void begin_scram(struct guest *guest, const char *begin_of_message, size_t name, size_t len)
{
	char message[LONGEST + 1];
	static char encoded[2 * LONGEST];
	size_t at = (size_t)snprintf(message, sizeof(message), "%s", begin_of_message);
	for (size_t i = 0; i < name; i++) {
		message[at++] = 'a';
	}
	at += (size_t)snprintf(message + at, sizeof(message) - at, ",r=");
	for (size_t i = 0; i < LONGEST_NONCE && at < len; i++) {
		message[at++] = 'n';
	}
	while (at + 3 < len) { /* extensions */
		at += (size_t)snprintf(message + at, sizeof(message) - at, ",x=");
		for (size_t i = 0; i < 100 && at < len; i++) {
			message[at++] = 'x';
		}
	}
	envoi_base64_encode(encoded, message, at);
	begin(AUTH("SCRAM-SHA-256"));
	add(encoded);
	add("</auth>");
	put_text(guest);
}

static void half_a_response(struct guest *guest)
{
	begin(RESPONSE);
	add_until("A", longest - 1);
	put_text(guest);
}

static void challenged(struct guest *guest)
{
	begin_scram(guest, "n,,n=alice", 0, 0);
	half_a_response(guest);
}

static void challenged_with_a_long_name(struct guest *guest)
{
	begin_scram(guest, "n,,n=", 1023, LONGEST_FIRST);
	half_a_response(guest);
}

static void challenged_with_a_long_identity(struct guest *guest)
{
	char gs2[1400];
	memset(gs2, 'a', sizeof(gs2));
	memcpy(gs2, "n,a=", 4);
	snprintf(gs2 + 1200, sizeof(gs2) - 1200, "@example.org,n=");
	begin_scram(guest, gs2, 1000, LONGEST_FIRST);
	half_a_response(guest);
}

static void failed_before(struct guest *guest)
{
	say(guest, AUTH("PLAIN") "AGFsaWNlAHdyb25n</auth>");
	say(guest, AUTH("PLAIN") "AGFsaWNlAHdyb25n</auth>");
	text_without_end(guest);
}

/* --- headers --- */

static void open_with_a_long_from(struct guest *guest)
{
	secure(guest);
	begin("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
	      "version='1.0' to='example.org' from='a@");
	add_until("b", LONGEST_TAG - 2);
	add("'>");
	put_text(guest);
}

static void open_with_namespaces(struct guest *guest, int len)
{
	char declaration[160];
	secure(guest);
	begin("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
	      "version='1.0' to='example.org'");
	for (int i = 0; i < MOST_DECLARATIONS; i++) {
		snprintf(declaration, sizeof(declaration), " xmlns:n%d='urn:%0*d'", i, len, i);
		add(declaration);
	}
	add(">");
	put_text(guest);
}

static void open_with_short_namespaces(struct guest *guest)
{
	open_with_namespaces(guest, 1);
}

static void open_with_long_namespaces(struct guest *guest)
{
	open_with_namespaces(guest, 110);
}

static const struct shape headers[] = {
	{"a long from", open_with_a_long_from},
	{"short namespaces", open_with_short_namespaces},
	{"long namespaces", open_with_long_namespaces},
};

static const struct shape shapes[] = {
	{"header sent", do_nothing},
	{"half a tag", half_a_tag},
	{"text", text_without_end},
	{"text in pieces", text_byte_by_byte},
	{"references", references},
	{"CDATA", cdata},
	{"children", children},
	{"children and texts", children_with_text},
	{"deep", deep},
	{"attributes and names", attributes},
	{"namespaces", namespaces},
	{"SCRAM", challenged},
	{"SCRAM, a long name", challenged_with_a_long_name},
	{"SCRAM, a long identity", challenged_with_a_long_identity},
	{"two failed logins", failed_before},
};

/* --- measuring --- */

static size_t heap_now(void)
{
	struct mallinfo2 heap = mallinfo2();
	return heap.uordblks + heap.hblkhd;
}

/* What is freed with the accepted connections is what they have held. */
static void measure(const char *name, void (*prepare)(struct guest *guest),
	void (*act)(struct guest *guest), size_t most)
{
	static struct guest guests[SAMPLES];
	memset(guests, 0, sizeof(guests));
	accept_fixture_init(&f, NULL);
	f.has_tls = is_in_tls;
	for (size_t i = 0; i < SAMPLES; i++) {
		connect_guest(&guests[i]);
		prepare(&guests[i]);
		act(&guests[i]);
		f.notes[0] = '\0';
	}
	accept_fixture_run(&f, 2000); /* what is refused has ended */
	struct envoi_acceptor_stats stats;
	envoi_acceptor_get_stats(f.acceptor, &stats);
	assert_int_equal(stats.connections, SAMPLES); /* none was refused */
	size_t before = heap_now();
	for (size_t i = 0; i < SAMPLES; i++) {
		envoi_accepted_free(guests[i].accepted);
		f.notes[0] = '\0';
	}
	size_t each = before == 0 ? 0 : (before - heap_now()) / SAMPLES;
	if (is_printing) {
		printf("%s, %-24s %6zu bytes\n", is_in_tls ? "TLS" : "clear", name, each);
	}
	for (size_t i = 0; i < SAMPLES; i++) {
		leave(&guests[i]);
	}
	accept_fixture_finish(&f);
	assert_true(each <= most);
}

/* The most that the server accepts of an element behind a header. */
static void find_longest(void (*open)(struct guest *guest))
{
	struct envoi_acceptor_stats stats;
	longest = LONGEST;
	do {
		struct guest guest = {0};
		longest -= 100;
		accept_fixture_init(&f, NULL);
		f.has_tls = is_in_tls;
		connect_guest(&guest);
		open(&guest);
		text_without_end(&guest);
		accept_fixture_run(&f, 5000);
		envoi_acceptor_get_stats(f.acceptor, &stats);
		leave(&guest);
		accept_fixture_finish(&f);
	} while (stats.connections == 0);
}

static void measure_behind(const struct shape *header, size_t most)
{
	find_longest(header->act);
	assert_true(longest >= LONGEST / 2 - 100);
	if (is_printing) {
		printf("behind a header with %s, elements of %zu bytes:\n", header->name, longest);
	}
	measure("nothing", header->act, do_nothing, most);
	measure("text", header->act, text_without_end, most);
	measure("SCRAM, a long name", header->act, challenged_with_a_long_name, most);
	measure("SCRAM, a long identity", header->act, challenged_with_a_long_identity, most);
	longest = LONGEST;
}

static void measure_all(size_t most)
{
	measure("silent", do_nothing, do_nothing, most);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		measure(shapes[i].name, open_stream, shapes[i].act, most);
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		measure_behind(&headers[i], most);
	}
}

static void no_shape_takes_more_than_the_bound_in_clear(void **state)
{
	(void)state;
	is_in_tls = false;
	measure_all(BYTES_IN_CLEAR);
}

static void half_a_client_hello(struct guest *guest)
{
	static const char head[] = {22, 3, 1, LONGEST_HANDSHAKE >> 8, 0};
	request_tls(guest);
	put_raw(guest, head, sizeof(head));
	memset(text, 1, sizeof(text));
	put_raw(guest, text, LONGEST_HANDSHAKE - sizeof(head));
}

/* A handshake message of 2 MB in records of @p len, up to the limit. */
static void put_hello(struct guest *guest, size_t len)
{
	const char head[] = {22, 3, 1, (char)(len >> 8), (char)(len & 0x7f)};
	request_tls(guest);
	memset(text, 0, sizeof(text));
	memcpy(text + sizeof(head), (const char[]){1, 0x1f, 0, 0}, 4);
	for (size_t sent = 0; sent + len + sizeof(head) <= LONGEST_HANDSHAKE;
		sent += len + sizeof(head)) {
		memcpy(text, head, sizeof(head));
		put_raw(guest, text, len + sizeof(head));
		memset(text, 0, sizeof(text));
	}
}

static void a_client_hello_in_records(struct guest *guest)
{
	put_hello(guest, 1024);
}

static void a_client_hello_in_small_records(struct guest *guest)
{
	put_hello(guest, 64);
}

static void half_a_handshake(struct guest *guest)
{
	request_tls(guest);
	assert_int_equal(gnutls_handshake(guest->tls.session), GNUTLS_E_AGAIN);
	move(guest);
}

/* An element and a record that are both incomplete. */
static void half_a_record(struct guest *guest)
{
	static const char head[] = {23, 3, 3, 4608 >> 8, 0};
	begin(AUTH("PLAIN"));
	add_until("A", LONGEST - 1);
	put_text(guest);
	memset(text, 1, sizeof(text));
	put_raw(guest, head, sizeof(head));
	put_raw(guest, text, 4600);
}

static void only_a_record(struct guest *guest)
{
	static const char head[] = {23, 3, 3, 14848 >> 8, 0};
	memset(text, 1, sizeof(text));
	put_raw(guest, head, sizeof(head));
	put_raw(guest, text, 14800);
}

static void no_shape_takes_more_than_the_bound_in_tls(void **state)
{
	(void)state;
	is_in_tls = true;
	measure_all(BYTES_IN_TLS);
	measure("TLS requested", request_tls, do_nothing, BYTES_IN_TLS);
	measure("half a ClientHello", half_a_client_hello, do_nothing, BYTES_IN_TLS);
	measure("ClientHello in records", a_client_hello_in_records, do_nothing, BYTES_IN_TLS);
	measure("ClientHello, small records", a_client_hello_in_small_records, do_nothing,
		BYTES_IN_TLS);
	measure("half a handshake", half_a_handshake, do_nothing, BYTES_IN_TLS);
	measure("behind the handshake", secure, do_nothing, BYTES_IN_TLS);
	measure("half a record", open_stream, only_a_record, BYTES_IN_TLS);
	measure("half a record, element", open_stream, half_a_record, BYTES_IN_TLS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_shape_takes_more_than_the_bound_in_clear),
		cmocka_unit_test(no_shape_takes_more_than_the_bound_in_tls),
	};
	(void)argv;
	is_printing = argc > 1;
	return cmocka_run_group_tests_name("torture/before_login", tests, NULL, NULL);
}
