/*
 * envoi - benchmarks: how costs grow
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: bench-growth CURVE SIZE ROUNDS
 *
 * What is counted is done in bench_counted(), ROUNDS times, less what the server does in
 * bench_server_speaks(). The curves, and what SIZE is of each, are those of the tables of the
 * other files. tools/bench
 * runs this, and draws the curves.
 */
#include "growth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/values.h>

struct envoi_session *growth_session(void)
{
	return envoi_client_session(world.client);
}

void *growth_allocate(size_t count, size_t each)
{
	void *data = calloc(count, each);
	if (data == NULL) {
		fputs("bench-growth: out of memory\n", stderr);
		exit(1);
	}
	return data;
}

void growth_receive(size_t size)
{
	(void)size;
	bench_check(envoi_loop_simulated_run_for(world.loop, 1000));
}

static const struct curve *find_curve(const char *name)
{
	const struct curve *const tables[] = {
		growth_of_stanzas, growth_of_handlers, growth_of_load, growth_of_sessions};
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct curve *curve = tables[i]; curve->name != NULL; curve++) {
			if (strcmp(curve->name, name) == 0) {
				return curve;
			}
		}
	}
	return NULL;
}

NOT_INLINED void bench_counted(const struct curve *curve, size_t size);

void bench_counted(const struct curve *curve, size_t size)
{
	curve->round(size);
}

int main(int argc, char **argv)
{
	uint64_t size, rounds;
	const struct curve *curve = argc == 4 ? find_curve(argv[1]) : NULL;
	if (curve == NULL || envoi_uint_parse(argv[2], 1, 100000000, &size) < 0 ||
		envoi_uint_parse(argv[3], 1, 1000000, &rounds) < 0) {
		fputs("usage: bench-growth CURVE SIZE ROUNDS\n", stderr);
		return 2;
	}
	bench_begin("SCRAM-SHA-1", 4096);
	if (curve->prepare != NULL) {
		curve->prepare(size);
	}
	if (curve->round != growth_log_in) {
		bench_log_in();
	}
	if (curve->begin != NULL) {
		curve->begin(size);
	}
	for (uint64_t i = 0; i < rounds; i++) {
		if (curve->between != NULL) {
			curve->between(size);
		}
		bench_counted(curve, size);
		if (curve->round == growth_log_in) {
			bench_log_out();
		}
	}
	return 0;
}
