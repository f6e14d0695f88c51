/*
 * envoi - failures that are kept for later: private header
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_KEPT_FAILURE_H
#define ENVOI_BASE_KEPT_FAILURE_H

#include <envoi/failure.h>

/**
 * A failure of 40 bytes, zeroed when there is none. A struct envoi_failure has 888, most of them
 * for texts: it is in memory of its own if it has any. Without that memory the codes alone are
 * kept, and texts and attempts are lost.
 */
struct envoi__kept_failure {
	struct envoi_failure *whole; /* owned; NULL: the codes are all, or memory was short */
	struct envoi_context *context; /* borrowed */
	int code;
	unsigned int tls_doubts;
	unsigned char phase, retry;
	unsigned char stream_condition, sasl_condition, stanza_condition;
};

/** Keep a failure in place of the present one.
 * @param context  of the memory that is needed; borrowed. @param failure  moved */
void envoi__kept_failure_take(struct envoi__kept_failure *kept, struct envoi_context *context,
	struct envoi_failure *failure);
/** Keep a copy in place of the present one. */
void envoi__kept_failure_copy(struct envoi__kept_failure *kept, struct envoi_context *context,
	const struct envoi_failure *failure);
/** Move the failure out: nothing is kept then. @p ret_failure need not be initialised. */
void envoi__kept_failure_give(struct envoi__kept_failure *kept, struct envoi_failure *ret_failure);
/** @param room  for the codes; need not be initialised
 * @return the failure, valid as long as @p room and until it is taken, given or finished */
const struct envoi_failure *envoi__kept_failure_show(
	const struct envoi__kept_failure *kept, struct envoi_failure *room);
/** Free what is kept, and zero it. */
void envoi__kept_failure_finish(struct envoi__kept_failure *kept);

#endif
