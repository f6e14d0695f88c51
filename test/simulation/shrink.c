/*
 * envoi - simulation: a smaller plan that fails
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "simulation.h"

static bool is_same_rule(const char *a, const char *b)
{
	size_t len = strcspn(a, ":");
	return strncmp(a, b, len) == 0 && b[len] == ':';
}

/* Leave out @p len steps from @p first on. @return whether it still fails by the same rule */
static bool leave_out(struct plan *plan, size_t first, size_t len, char failure[FAILURE_SIZE])
{
	struct plan smaller = *plan;
	char its_failure[FAILURE_SIZE];
	for (size_t i = first; i < first + len && i < plan->count; i++) {
		smaller.steps[i].is_left_out = true;
	}
	if (plan_left(&smaller) == plan_left(plan) || run_plan(&smaller, NULL, its_failure) ||
		!is_same_rule(failure, its_failure)) {
		return false;
	}
	*plan = smaller;
	memcpy(failure, its_failure, FAILURE_SIZE);
	return true;
}

static bool pass(struct plan *plan, size_t len, char failure[FAILURE_SIZE])
{
	bool has_shrunk = false;
	for (size_t first = 0; first < plan->count; first += len) {
		has_shrunk |= leave_out(plan, first, len, failure);
	}
	return has_shrunk;
}

void shrink(struct plan *plan, char failure[FAILURE_SIZE])
{
	for (size_t len = plan->count / 2; len > 1; len /= 2) {
		(void)pass(plan, len, failure);
	}
	while (pass(plan, 1, failure)) {
		/* until no single step can be left out */
	}
}
