/*
 * envoi - fuzz target: what the server sends to a client
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte that chooses the stage of the login at which the rest is received (enum stage); one
 * whose low six bits are the size of the pieces, 0: one piece, with FOLLOWED and CONTINUED; the
 * bytes of the server, in which `$` stands for the id of the client's last iq. The session must end
 * each ticket, request and started session exactly once, and leave no memory behind.
 */
#include <envoi/envoi.h>

#include "client_stages.h"
#include "fuzz.h"

/* Flags of the second byte. */
enum {
	FOLLOWED = 64, /* another stream follows, on which the client logs in again */
	CONTINUED = 128, /* envoi_session_set_continued() */
};

enum {
	RUN_MS = 100000, /* more than the timeouts of the login and of liveness */
};

/* @param piece  bytes at a time; 0: all */
static void say_input(const struct fuzz_input *input, size_t piece)
{
	const char *data = (const char *)input->data;
	size_t len = input->len;
	while (len > 0) {
		size_t part = piece == 0 || piece > len ? len : piece;
		client_hear(data, part);
		client_run(0);
		data += part;
		len -= part;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	enum client_stage stage = (enum client_stage)(fuzz_byte(&input) % CLIENT_STAGES);
	unsigned int options = fuzz_byte(&input);
	client_begin(stage, (options & CONTINUED) != 0);
	say_input(&input, options % FOLLOWED);
	fuzz_program_send(&client.program);
	client_run(1000);
	fuzz_program_end_promise(&client.program);
	client_run(RUN_MS);
	if ((options & FOLLOWED) != 0) {
		client_log_in_again();
		fuzz_program_send(&client.program);
		client_run(RUN_MS);
	}
	envoi_session_close(client.session);
	client_run(RUN_MS);
	client_end();
	return 0;
}
