/*
 * envoi - what a login costs the client
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: bench-login MECHANISM ITERATIONS password|keys LOGINS
 *
 * Logs in, again and again, in clear, over memory, to a server of few words. What is to be counted
 * is done in bench_log_in(), but for bench_server_speaks(): see run-login.
 */
#include <stdio.h>
#include <string.h>

#include <envoi/values.h>

#include "bench_world.h"

int main(int argc, char **argv)
{
	uint64_t iterations, logins;
	if (argc != 5 || envoi_uint_parse(argv[2], 1, 1000000, &iterations) < 0 ||
		envoi_uint_parse(argv[4], 1, 1000000, &logins) < 0) {
		fputs("usage: bench-login MECHANISM ITERATIONS password|keys LOGINS\n", stderr);
		return 2;
	}
	bench_begin(argv[1], (unsigned int)iterations);
	for (uint64_t i = 0; i < logins; i++) {
		if (strcmp(argv[3], "password") == 0) {
			envoi_client_forget_keys(world.client);
		}
		bench_log_in();
		bench_log_out();
	}
	bench_end();
	return 0;
}
