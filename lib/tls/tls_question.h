/*
 * envoi - pending trust decisions
 * SPDX-License-Identifier: MIT
 *
 * The engine has a question until it has the answer; others may hold references longer.
 */
#ifndef ENVOI_TLS_TLS_QUESTION_H
#define ENVOI_TLS_TLS_QUESTION_H

#include <stdbool.h>

#include "tls/tls_verify.h"

/** Called inside the call that answers; it may only note the answer. */
typedef void envoi__tls_wake_fn(void *user);

enum envoi__tls_question_state {
	ENVOI__QUESTION_NEW, /* [ask: ASKED] */
	ENVOI__QUESTION_ASKED, /* [an answer: ANSWERED; settle: OVER] */
	ENVOI__QUESTION_ANSWERED, /* [settle: OVER] */
	ENVOI__QUESTION_OVER,
};

struct envoi_tls_question {
	struct envoi_context *context; /* a reference */
	struct envoi_tls_decider *decider;
	unsigned int references; /* one is the engine's */
	enum envoi__tls_question_state state;
	enum envoi_tls_answer answer; /* of ANSWERED, OVER; REFUSE otherwise */
	bool was_answered; /* else it has ended with its connection */
	envoi__tls_wake_fn *wake;
	void *user;
	struct envoi_tls_peer peer;
	struct envoi_tls_certificate *chain;
	unsigned char *ders; /* of the chain, concatenated */
	char *domain, *reasons, *names, *subject, *issuer;
};

/** @param chain  as presented, which @p verdict is about; copied */
int envoi__tls_question_new(struct envoi_tls_question **ret_question,
	const struct envoi__tls_rules *rules, struct envoi_tls_decider *decider,
	const struct envoi__tls_verdict *verdict, const gnutls_datum_t *chain, unsigned int count);

/** Call the decider. It may free the engine, not the question. */
void envoi__tls_question_ask(struct envoi_tls_question *question);

/** End the question: the engine takes the answer or needs none any more. The decider is notified;
 * it may free the engine, not the question. */
void envoi__tls_question_settle(struct envoi_tls_question *question);

/** @return whether the application has answered it, by dropping it too */
static inline bool envoi__tls_question_was_answered(const struct envoi_tls_question *question)
{
	return question->was_answered;
}

#endif
