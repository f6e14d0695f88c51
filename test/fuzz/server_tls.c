/*
 * envoi - fuzz target: what a client sends to a server within TLS, and in place of it
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte that chooses what the rest is (enum place); one whose low six bits are the size of
 * the pieces, 0: one piece, with TLS_1_2; the bytes of the client. Within TLS each piece is a
 * record. No stanza may reach the program before a login, each session must end once, and leave no
 * memory behind.
 */
#include <envoi/envoi.h>

#include "fuzz.h"
#include "server_stages.h"
#include "tls_client.h"

#include <string.h>

#define HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' to='example.org'>"
#define LOGIN \
	"<auth xmlns='" ENVOI_NS_SASL "' mechanism='PLAIN'>AG1lAHNlY3JldA==</auth>" /* me, secret */

enum place {
	WITHIN_TLS, /* behind the handshake */
	OPENED, /* behind the header within TLS */
	AUTHENTICATED, /* behind the header after SASL, within TLS */
	BEHIND_HALF, /* behind the client's first message of the handshake, raw */
	RECORDS, /* behind the handshake, raw */
	BEHIND_RECORDS, /* behind an incomplete element within TLS, raw */
	PLACES,
};

/* Flags of the second byte. */
enum {
	TLS_1_2_ONLY = 64,
};

enum {
	MOST_ROUNDS = 8,
	RUN_MS = 100000, /* more than the timeouts of the login and of resumption */
};

static struct tls_client client;

/* Sending fails once the server has closed the connection. */
static void say_raw(const char *data, size_t len)
{
	if (envoi_memory_end_send(server.client, data, len) == ENVOI_OK) {
		server_run(0);
	}
}

/* What GnuTLS has for the server, and what the server has for it. */
static void move(void)
{
	struct envoi_buffer *output = &client.output;
	struct envoi_buffer *received = envoi_memory_end_received(server.client);
	say_raw(envoi_buffer_data(output), envoi_buffer_len(output));
	envoi_buffer_consume(output, envoi_buffer_len(output));
	EXPECT(envoi_buffer_append(&client.input, envoi_buffer_data(received),
		       envoi_buffer_len(received)) == ENVOI_OK);
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

static void begin_handshake(bool is_tls_1_2)
{
	const struct tls_client_options options = {
		.priorities = is_tls_1_2 ? TLS_1_2 : TLS_1_3, .server_name = "example.org"};
	struct envoi_buffer *received = envoi_memory_end_received(server.client);
	envoi_buffer_consume(received, envoi_buffer_len(received));
	tls_client_init(&client, server.world.context, &options);
	EXPECT(gnutls_handshake(client.session) == GNUTLS_E_AGAIN);
	move();
}

static void end_handshake(void)
{
	int r = GNUTLS_E_AGAIN;
	for (int round = 0; r == GNUTLS_E_AGAIN && round < MOST_ROUNDS; round++) {
		r = gnutls_handshake(client.session);
		move();
	}
	EXPECT(r == 0);
}

static void say_sealed(const char *data, size_t len)
{
	EXPECT(gnutls_record_send(client.session, data, len) == (ssize_t)len);
	move();
}

static void go_to(enum place place)
{
	if (place == BEHIND_HALF) {
		return;
	}
	end_handshake();
	if (place == OPENED || place == AUTHENTICATED || place == BEHIND_RECORDS) {
		say_sealed(HEADER, strlen(HEADER));
	}
	if (place == AUTHENTICATED) {
		say_sealed(LOGIN, strlen(LOGIN));
		say_sealed(HEADER, strlen(HEADER));
		const struct envoi_stream *stream = envoi_session_stream(server.slots[0].session);
		EXPECT((envoi_stream_bits(stream) & ENVOI_STREAM_AUTHENTICATED) != 0);
	} else if (place == BEHIND_RECORDS) {
		say_sealed("<auth>", strlen("<auth>"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	enum place place = (enum place)(fuzz_byte(&input) % PLACES);
	unsigned int options = fuzz_byte(&input);
	size_t piece = options % TLS_1_2_ONLY;
	server_begin(SERVER_HANDSHAKE, false);
	begin_handshake((options & TLS_1_2_ONLY) != 0);
	go_to(place);
	while (input.len > 0) {
		size_t part = piece == 0 || piece > input.len ? input.len : piece;
		bool is_raw = place >= BEHIND_HALF;
		(is_raw ? say_raw : say_sealed)((const char *)input.data, part);
		input.data += part;
		input.len -= part;
	}
	server_run(RUN_MS);
	server_close(RUN_MS);
	tls_client_finish(&client);
	server_end();
	return 0;
}
