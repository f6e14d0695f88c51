/*
 * envoi - the command-line program: look at addresses
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

enum {
	LONGEST_REASON = 200,
};

static const char *or_empty(const char *part)
{
	return part != NULL ? part : "";
}

/* Prepared parts hold neither tab nor line end. */
static void print_jid(const struct envoi_jid *jid)
{
	printf("%s\t%s\t%s\n", or_empty(envoi_jid_local(jid)), envoi_jid_domain(jid),
		or_empty(envoi_jid_resource(jid)));
}

static int look_at(struct invocation *invocation, const char *text)
{
	struct envoi_jid *jid;
	int r = envoi_jid_from_text(&jid, invocation->context, text);
	if (r == ENVOI_OK) {
		print_jid(jid);
		envoi_jid_unref(jid);
	} else if (r == ENVOI_ERR_INVALID) {
		char reason[LONGEST_REASON];
		envoi_jid_check(text, strlen(text), reason, sizeof(reason));
		printf("invalid: %s\n", reason);
	} else {
		complain("%s: %s", text, envoi_error_text(r));
	}
	return r == ENVOI_OK ? STATUS_DONE : STATUS_NO;
}

static int run_jid(struct invocation *invocation)
{
	int status = STATUS_DONE;
	for (int i = 0; i < invocation->operand_count; i++) {
		if (look_at(invocation, invocation->operands[i]) != STATUS_DONE) {
			status = STATUS_NO;
		}
	}
	return status;
}

const struct command command_jid = {
	.name = "jid",
	.operands = "TEXT...",
	.summary =
		"Print each address prepared, a line each: local, domain and resource, separated by"
		" tabs, absent parts empty; or \"invalid: REASON\".",
	.least = 1,
	.most = -1,
	.run = run_jid,
};
