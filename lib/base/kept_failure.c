/*
 * envoi - failures that are kept for later
 * SPDX-License-Identifier: MIT
 */
#include "base/kept_failure.h"

#include <envoi/context.h>

static bool has_more_than_codes(const struct envoi_failure *failure)
{
	return failure->text[0] != '\0' || failure->condition[0] != '\0' ||
		failure->application[0] != '\0' || failure->mechanism[0] != '\0' ||
		failure->redirect_host[0] != '\0' || failure->attempt_count > 0;
}

void envoi__kept_failure_take(struct envoi__kept_failure *kept, struct envoi_context *context,
	struct envoi_failure *failure)
{
	envoi__kept_failure_finish(kept);
	*kept = (struct envoi__kept_failure){
		.context = context,
		.code = failure->code,
		.tls_doubts = failure->tls_doubts,
		.phase = (unsigned char)failure->phase,
		.retry = (unsigned char)failure->retry,
		.stream_condition = (unsigned char)failure->stream_condition,
		.sasl_condition = (unsigned char)failure->sasl_condition,
		.stanza_condition = (unsigned char)failure->stanza_condition,
	};
	if (has_more_than_codes(failure)) {
		kept->whole = envoi_alloc(context, sizeof(*kept->whole));
	}
	if (kept->whole != NULL) {
		envoi_failure_move(kept->whole, failure);
	} else {
		envoi_failure_finish(failure);
	}
}

void envoi__kept_failure_copy(struct envoi__kept_failure *kept, struct envoi_context *context,
	const struct envoi_failure *failure)
{
	struct envoi_failure copy;
	envoi_failure_copy(&copy, failure);
	envoi__kept_failure_take(kept, context, &copy);
}

static void put_codes(const struct envoi__kept_failure *kept, struct envoi_failure *failure)
{
	*failure = (struct envoi_failure){
		.context = kept->context,
		.code = kept->code,
		.tls_doubts = kept->tls_doubts,
		.phase = (enum envoi_phase)kept->phase,
		.retry = (enum envoi_retry)kept->retry,
		.stream_condition = (enum envoi_stream_condition)kept->stream_condition,
		.sasl_condition = (enum envoi_sasl_condition)kept->sasl_condition,
		.stanza_condition = (enum envoi_stanza_condition)kept->stanza_condition,
	};
}

void envoi__kept_failure_give(struct envoi__kept_failure *kept, struct envoi_failure *ret_failure)
{
	if (kept->whole != NULL) {
		envoi_failure_move(ret_failure, kept->whole);
	} else {
		put_codes(kept, ret_failure);
	}
	envoi__kept_failure_finish(kept);
}

const struct envoi_failure *envoi__kept_failure_show(
	const struct envoi__kept_failure *kept, struct envoi_failure *room)
{
	if (kept->whole != NULL) {
		return kept->whole;
	}
	put_codes(kept, room);
	return room;
}

void envoi__kept_failure_finish(struct envoi__kept_failure *kept)
{
	if (kept->whole != NULL) {
		envoi_failure_finish(kept->whole);
		envoi_free(kept->context, kept->whole);
	}
	*kept = (struct envoi__kept_failure){.whole = NULL};
}
