/*
 * envoi - Ad-Hoc Commands: executions (section 3.3)
 * SPDX-License-Identifier: MIT
 */
#include "commands_parts.h"

#include <string.h>

#include <envoi/watch.h>

static uint64_t now_ms(const struct envoi__commands_executions *executions)
{
	return envoi_loop_now_ms(envoi_context_loop(executions->context));
}

void envoi__commands_end(
	struct envoi__commands_executions *executions, struct envoi__commands_execution *execution)
{
	struct envoi__commands_execution **link = &executions->first;
	while (*link != execution) {
		link = &(*link)->next;
	}
	*link = execution->next;
	executions->count--;
	if (execution->entry->impl->ended != NULL) {
		execution->entry->impl->ended(execution->entry->user, execution->state);
	}
	envoi_jid_unref(execution->from);
	envoi_free(executions->context, execution);
}

/* End those that have waited too long. */
static void end_old(struct envoi__commands_executions *executions)
{
	struct envoi__commands_execution *execution = executions->first;
	uint64_t now = now_ms(executions);
	while (execution != NULL) {
		struct envoi__commands_execution *next = execution->next;
		if (now - execution->used_ms > ENVOI_COMMANDS_EXECUTION_MS) {
			envoi__commands_end(executions, execution);
		}
		execution = next;
	}
}

int envoi__commands_begin(struct envoi__commands_execution **ret_execution,
	struct envoi__commands_executions *executions, struct envoi__commands_entry *entry,
	const struct envoi_jid *from)
{
	if (executions->count >= ENVOI_COMMANDS_MOST_EXECUTIONS) {
		end_old(executions);
	}
	if (executions->count >= ENVOI_COMMANDS_MOST_EXECUTIONS) {
		return ENVOI_ERR_FULL;
	}
	struct envoi__commands_execution *execution = envoi_alloc_zeroed(
		executions->context, sizeof(*execution));
	int r = execution == NULL ? ENVOI_ERR_NOMEM
				  : envoi_id_make(executions->context, execution->id);
	if (r < 0) {
		envoi_free(executions->context, execution);
		return r;
	}
	execution->entry = entry;
	execution->from = envoi_jid_ref(from);
	execution->next = executions->first;
	executions->first = execution;
	executions->count++;
	*ret_execution = execution;
	return ENVOI_OK;
}

struct envoi__commands_execution *envoi__commands_find_execution(
	const struct envoi__commands_executions *executions,
	const struct envoi__commands_entry *entry, const char *id, const struct envoi_jid *from)
{
	struct envoi__commands_execution *execution = executions->first;
	while (execution != NULL &&
		(execution->entry != entry || strcmp(execution->id, id) != 0 ||
			!envoi_jid_equal(execution->from, from))) {
		execution = execution->next;
	}
	return execution;
}

void envoi__commands_touch(const struct envoi__commands_executions *executions,
	struct envoi__commands_execution *execution)
{
	execution->used_ms = now_ms(executions);
}

void envoi__commands_end_all(
	struct envoi__commands_executions *executions, const struct envoi__commands_entry *entry)
{
	struct envoi__commands_execution *execution = executions->first;
	while (execution != NULL) {
		struct envoi__commands_execution *next = execution->next;
		if (entry == NULL || execution->entry == entry) {
			envoi__commands_end(executions, execution);
		}
		execution = next;
	}
}
