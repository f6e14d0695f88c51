/*
 * envoi-server - changes that are answered, and acknowledged, when they are stored
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "inside.h"

struct saving {
	struct envoi__job job;
	struct envoi_stanza *stanza; /* a reference; NULL: none has asked for it */
	struct envoi_hold *hold; /* NULL: none */
	struct envoi__place place;
};

static void on_saved(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	struct saving *saving = ENVOI_CONTAINER_OF(job, struct saving, job);
	const struct envoi__routed routed = {.server = job->server, .stanza = saving->stanza};
	bool is_request = saving->stanza != NULL &&
		envoi_stanza_kind(saving->stanza) == ENVOI_IQ_SET;
	(void)answer;
	envoi__place_leave(&saving->place);
	if (code == ENVOI_OK && is_request) {
		envoi__request_result(&routed, NULL, NULL);
	} else if (code < 0 && code != ENVOI_ERR_CANCELED && saving->stanza != NULL) {
		envoi__route_refuse(&routed, ENVOI_RESOURCE_CONSTRAINT);
	}
	envoi_stanza_unref(saving->stanza);
	envoi_hold_release(saving->hold);
	envoi_free(job->server->context, saving);
}

struct envoi_store_job *envoi__saving_begin(
	struct envoi__account *account, const struct envoi__routed *cause)
{
	struct saving *saving = envoi_alloc_zeroed(account->server->context, sizeof(*saving));
	if (saving == NULL) {
		return NULL;
	}
	if (cause != NULL) {
		saving->stanza = envoi_stanza_ref(cause->stanza);
		saving->hold = envoi__route_hold(cause);
	}
	envoi__place_take(
		&saving->place, account->server, cause == NULL ? NULL : envoi__route_sender(cause));
	envoi__job_begin(&saving->job, account->server, account, on_saved);
	return &saving->job.job;
}

void envoi__saving_cancel(struct envoi_store_job *job)
{
	struct envoi__job *own = ENVOI_CONTAINER_OF(job, struct envoi__job, job);
	envoi__job_cancel(own);
	on_saved(own, ENVOI_ERR_CANCELED, NULL);
}
