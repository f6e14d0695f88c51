/*
 * envoi - simulation: the program
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: simulation [--both-ends] [--seeds FIRST COUNT | --seed N [--only NUMBERS]]
 *                   [--trace | --xml]
 *
 * --both-ends: the server's side is the library's too, and logins use each route and mechanism.
 * --seeds runs COUNT seeds from FIRST on, stops at the first that fails, and prints the command
 * that replays it with the fewest steps. --seed runs one, with the steps that NUMBERS names,
 * "0,3,4".
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "simulation.h"

enum {
	MOST_CPU_S = 60, /* of a run: usually a thousandth of a second */
};

struct options {
	uint64_t first, count;
	const char *only;
	bool both_ends, traces;
};

static int usage(void)
{
	fputs("usage: simulation [--both-ends] [--seeds FIRST COUNT | --seed N [--only NUMBERS]] "
	      "[--trace | --xml]\n",
		stderr);
	return 2;
}

static bool parse_number(const char *text, uint64_t *ret_number)
{
	return text != NULL && envoi_uint_parse(text, 0, UINT64_MAX, ret_number) == ENVOI_OK;
}

static bool parse(struct options *options, char **arguments)
{
	*options = (struct options){.count = 1};
	for (; *arguments != NULL; arguments++) {
		if (strcmp(*arguments, "--trace") == 0) {
			options->traces = true;
		} else if (strcmp(*arguments, "--both-ends") == 0) {
			options->both_ends = true;
		} else if (strcmp(*arguments, "--xml") == 0) {
			options->traces = tap_is_on = true;
		} else if (strcmp(*arguments, "--seed") == 0 &&
			parse_number(arguments[1], &options->first)) {
			arguments++;
		} else if (strcmp(*arguments, "--seeds") == 0 &&
			parse_number(arguments[1], &options->first) &&
			parse_number(arguments[2], &options->count)) {
			arguments += 2;
		} else if (strcmp(*arguments, "--only") == 0 && arguments[1] != NULL) {
			options->only = *++arguments;
		} else {
			return false;
		}
	}
	return options->only == NULL || options->count == 1;
}

static void keep_only(struct plan *plan, const char *numbers)
{
	for (size_t i = 0; i < plan->count; i++) {
		plan->steps[i].is_left_out = true;
	}
	for (const char *at = numbers; *at != '\0'; at += *at == ',') {
		char *end;
		unsigned long number = strtoul(at, &end, 10);
		if (end == at) {
			return;
		}
		if (number < plan->count) {
			plan->steps[number].is_left_out = false;
		}
		at = end;
	}
}

static void report(
	const char *program, const char *mode, struct plan *plan, char failure[FAILURE_SIZE])
{
	printf("seed %" PRIu64 " fails: %s\n", plan->seed, failure);
	shrink(plan, failure);
	printf("with %zu steps: %s\n", plan_left(plan), failure);
	plan_print(plan, stdout);
	(void)run_plan(plan, stdout, failure);
	printf("replay: %s%s --seed %" PRIu64 " --only ", program, mode, plan->seed);
	plan_print_numbers(plan, stdout);
	printf(" --trace\n");
}

/* --- runs that do not end: virtual time stands still while callbacks go on --- */

static char endless[64];

static void on_cpu_limit(int signal)
{
	(void)signal;
	_exit(write(STDOUT_FILENO, endless, strlen(endless)) > 0 ? 1 : 2);
}

static void limit_cpu(uint64_t seed)
{
	static const struct itimerval limit = {.it_value = {.tv_sec = MOST_CPU_S}};
	(void)snprintf(endless, sizeof(endless), "seed %" PRIu64 " does not end\n", seed);
	(void)signal(SIGVTALRM, on_cpu_limit);
	(void)setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

int main(int argc, char **argv)
{
	struct options options;
	struct plan plan;
	char failure[FAILURE_SIZE];
	(void)argc;
	if (!parse(&options, argv + 1)) {
		return usage();
	}
	for (uint64_t i = 0; i < options.count; i++) {
		limit_cpu(options.first + i);
		plan_make(&plan, options.first + i, options.both_ends);
		if (options.only != NULL) {
			keep_only(&plan, options.only);
		}
		if (!run_plan(&plan, options.traces ? stdout : NULL, failure)) {
			if (options.only != NULL) {
				printf("%s\n", failure);
			} else {
				report(argv[0], options.both_ends ? " --both-ends" : "", &plan,
					failure);
			}
			return 1;
		}
	}
	tally_print(stdout);
	printf("%" PRIu64 " seeds from %" PRIu64 " on: every rule holds\n", options.count,
		options.first);
	return 0;
}
