/*
 * envoi - TLS as a filter without I/O: trust in the server
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <envoi/context.h>

#include "tls/tls_chain.h"
#include "tls/tls_config.h"
#include "tls/tls_engine_inside.h"
#include "tls/tls_question.h"

static int ask_or_refuse(struct envoi__tls *tls, struct envoi_tls_decider *decider,
	const struct envoi__tls_rules *rules, const struct envoi__tls_verdict *verdict,
	const gnutls_datum_t *chain, unsigned int count)
{
	tls->refusal = ENVOI_ERR_CERTIFICATE;
	tls->doubts = verdict->doubts;
	snprintf(tls->error, sizeof(tls->error), "%s", verdict->reasons);
	if (verdict->doubts == 0 || decider == NULL) {
		return GNUTLS_E_CERTIFICATE_ERROR;
	}
	int r = envoi__tls_question_new(&tls->question, rules, decider, verdict, chain, count);
	if (r < 0) {
		tls->refusal = r;
		return GNUTLS_E_CERTIFICATE_ERROR;
	}
	return GNUTLS_E_AGAIN;
}

static int judge(struct envoi__tls *tls, struct envoi_tls_decider *decider)
{
	struct envoi__tls_rules rules = {
		.context = tls->config->context,
		.trust = envoi__tls_store_list(tls->config->trust),
		.name = &tls->name,
		.pins = &tls->config->pins,
		.named_pins = &tls->config->named_pins,
		.pin_is_enough = tls->config->pin_is_enough,
	};
	struct envoi__tls_verdict verdict;
	unsigned int count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls->session, &count);
	count = chain == NULL ? 0 : count;
	int r = envoi__tls_verify(&verdict, &rules, chain, count);
	tls->trust = verdict.trust;
	if (r == ENVOI_ERR_CERTIFICATE) {
		return ask_or_refuse(tls, decider, &rules, &verdict, chain, count);
	}
	tls->refusal = r;
	return r < 0 ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

static int apply_answer(struct envoi__tls *tls)
{
	if (envoi__tls_is_undecided(tls)) {
		return GNUTLS_E_AGAIN;
	}
	if (tls->question->answer == ENVOI_TLS_REFUSE) {
		return GNUTLS_E_CERTIFICATE_ERROR;
	}
	tls->refusal = ENVOI_OK;
	tls->doubts = 0;
	tls->error[0] = '\0';
	tls->trust = tls->question->answer == ENVOI_TLS_ACCEPT_AND_PIN && tls->config->pin_is_enough
		? ENVOI_TLS_TRUST_PINNED /* as from the next connection on */
		: ENVOI_TLS_TRUST_ACCEPTED;
	return 0;
}

/* Called in the handshake when the server has presented its certificates, and again after "again".
 *  */
static int verify(gnutls_session_t session)
{
	struct envoi__tls *tls = gnutls_session_get_ptr(session);
	return tls->question != NULL ? apply_answer(tls) : judge(tls, tls->config->decider);
}

/* On TLS 1.3 GnuTLS checks the peer's signature before the certificates are verified, on TLS 1.2
 * after that. */
static int before_message(gnutls_session_t session, unsigned int type, unsigned int when,
	unsigned int is_incoming, const gnutls_datum_t *message)
{
	(void)when;
	(void)message;
	struct envoi__tls *tls = gnutls_session_get_ptr(session);
	bool is_signature = is_incoming != 0 && type == GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY;
	if (!is_signature || !envoi__tls_session_is_costly(session)) {
		return 0;
	}
	snprintf(tls->error, sizeof(tls->error), ENVOI__TLS_COSTLY_KEY,
		tls->role == ENVOI_INITIATOR ? "server" : "client");
	tls->refusal = ENVOI_ERR_CERTIFICATE;
	return GNUTLS_E_CERTIFICATE_ERROR;
}

void envoi__tls_trust_refuse_costly(struct envoi__tls *tls)
{
	gnutls_handshake_set_hook_function(
		tls->session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, before_message);
}

void envoi__tls_trust_prepare(struct envoi__tls *tls)
{
	gnutls_session_set_verify_function(tls->session, verify);
	envoi__tls_trust_refuse_costly(tls);
}

int envoi__tls_trust_judge(struct envoi__tls *tls)
{
	return judge(tls, NULL);
}

/* --- asking --- */

bool envoi__tls_is_undecided(const struct envoi__tls *tls)
{
	return tls->question != NULL && tls->question->state != ENVOI__QUESTION_OVER;
}

bool envoi__tls_has_to_ask(const struct envoi__tls *tls)
{
	return tls->question != NULL && tls->question->state == ENVOI__QUESTION_NEW;
}

void envoi__tls_ask(struct envoi__tls *tls, void (*wake)(void *user), void *user)
{
	tls->question->wake = wake;
	tls->question->user = user;
	envoi__tls_config_question_opens(tls->config);
	envoi__tls_question_ask(tls->question);
}

bool envoi__tls_has_answer(const struct envoi__tls *tls)
{
	return tls->question != NULL && tls->question->state == ENVOI__QUESTION_ANSWERED;
}

void envoi__tls_settle(struct envoi__tls *tls)
{
	if (!envoi__tls_is_undecided(tls)) {
		return;
	}
	struct envoi_tls_question *question = tls->question;
	if (question->answer == ENVOI_TLS_ACCEPT_AND_PIN &&
		envoi__tls_config_pin(
			tls->config, question->peer.spki_sha256, question->peer.domain) < 0) {
		envoi_log(tls->config->context, ENVOI_LOG_WARNING, ENVOI_LOG_TLS,
			"no memory for a pin");
	}
	if (question->state != ENVOI__QUESTION_NEW) {
		envoi__tls_config_question_closes(tls->config);
	}
	envoi__tls_question_settle(question);
}
