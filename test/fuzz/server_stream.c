/*
 * envoi - fuzz target: what a client sends to a server
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte that chooses the stage of the login at which the rest is received (enum stage); one
 * whose low six bits are the size of the pieces, 0: one piece, with FOLLOWED and LATER; the bytes
 * of the client, in which `$` stands for the id of the server's last iq, or for the response to its
 * last challenge. No stanza may reach the program before a login, each session must end once, and
 * leave no memory behind, and another client must be able to log in.
 */
#include <envoi/envoi.h>

#include "fuzz.h"
#include "server_stages.h"

#define RESUME "<resume xmlns='urn:xmpp:sm:3' previd='s0' h='0'/>"
#define BIND "<iq type='set' id='b'><bind xmlns='" ENVOI_NS_BIND "'/></iq>"

/* Flags of the second byte. */
enum {
	FOLLOWED = 64, /* the client connects again, and resumes or logs in */
	LATER = 128, /* binding and resumption are answered after the rest has come */
};

enum {
	RUN_MS = 100000, /* more than the timeouts of the login and of resumption */
};

/* @param piece  bytes at a time; 0: all */
static void say_input(const struct fuzz_input *input, size_t piece)
{
	const char *data = (const char *)input->data;
	size_t len = input->len;
	while (len > 0) {
		size_t part = piece == 0 || piece > len ? len : piece;
		server_hear(data, part);
		server_run(0);
		data += part;
		len -= part;
	}
}

/* Whatever came before, a client that complies is served: the session is resumed, and the one that
 * the connection was made with has ended, or a resource is bound. */
static void follow(void)
{
	server.answers_later = false;
	const struct server_slot *slot = server_connect_again();
	server_hear_text(RESUME);
	bool has_ended = slot->is_closed || envoi_memory_end_is_over(server.client);
	if (!has_ended) {
		server_hear_text(BIND);
		EXPECT(slot->is_ready);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	enum server_stage stage = (enum server_stage)(fuzz_byte(&input) % SERVER_STAGES);
	unsigned int options = fuzz_byte(&input);
	server_begin(stage, (options & LATER) != 0);
	say_input(&input, options % FOLLOWED);
	server_answer();
	server_run(1000);
	if ((options & FOLLOWED) != 0) {
		follow();
	}
	server_run(RUN_MS);
	server_close(RUN_MS);
	server_end();
	return 0;
}
