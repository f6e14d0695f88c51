/*
 * envoi - pending trust decisions
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_question.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "tls/tls_period.h"

static int copy_chain(
	struct envoi_tls_question *question, const gnutls_datum_t *chain, unsigned int count)
{
	size_t bytes = 0;
	for (unsigned int i = 0; i < count; i++) {
		bytes += chain[i].size;
	}
	question->chain = envoi_alloc(question->context, count * sizeof(*question->chain));
	question->ders = envoi_alloc(question->context, bytes);
	if (question->chain == NULL || question->ders == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	unsigned char *at = question->ders;
	for (unsigned int i = 0; i < count; i++) {
		memcpy(at, chain[i].data, chain[i].size);
		question->chain[i] = (struct envoi_tls_certificate){at, chain[i].size};
		at += chain[i].size;
	}
	question->peer.chain = question->chain;
	question->peer.chain_len = count;
	return ENVOI_OK;
}

static char *copy_text(struct envoi_context *context, const char *text)
{
	return envoi_strndup(context, text, strlen(text));
}

static char *copy_name(struct envoi_context *context, gnutls_x509_dn_t dn)
{
	gnutls_datum_t text;
	if (gnutls_x509_dn_get_str2(dn, &text, 0) < 0) {
		return copy_text(context, "");
	}
	char *copy = envoi_strndup(context, (const char *)text.data, text.size);
	gnutls_free(text.data);
	if (copy != NULL) {
		envoi__tls_tidy(copy);
	}
	return copy;
}

static void describe_key(struct envoi_tls_peer *peer, gnutls_x509_crt_t certificate)
{
	static const char prefix[] = "sha256:";
	if (envoi__tls_spki(peer->spki_sha256, certificate) == ENVOI_OK) {
		memcpy(peer->pin, prefix, sizeof(prefix));
		envoi_base64_encode(peer->pin + sizeof(prefix) - 1, peer->spki_sha256,
			sizeof(peer->spki_sha256));
	}
}

static int describe_certificate(struct envoi_tls_question *question, gnutls_x509_crt_t certificate)
{
	struct envoi_tls_peer *peer = &question->peer;
	gnutls_x509_dn_t dn;
	if (gnutls_x509_crt_get_subject(certificate, &dn) == 0) {
		question->subject = copy_name(question->context, dn);
	}
	if (gnutls_x509_crt_get_issuer(certificate, &dn) == 0) {
		question->issuer = copy_name(question->context, dn);
	}
	peer->subject = question->subject;
	peer->issuer = question->issuer;
	struct envoi__tls_period period = envoi__tls_period_of(certificate);
	peer->valid_from_ms = period.is_known ? period.from_ms : -1;
	peer->valid_until_ms = period.is_known ? period.until_ms : -1;
	describe_key(peer, certificate);
	return peer->subject == NULL || peer->issuer == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

static int describe(struct envoi_tls_question *question, const struct envoi__tls_rules *rules,
	const struct envoi__tls_verdict *verdict, const gnutls_datum_t *own)
{
	gnutls_x509_crt_t certificate;
	if (gnutls_x509_crt_init(&certificate) < 0) {
		return ENVOI_ERR_NOMEM;
	}
	int r = ENVOI_ERR_NOMEM;
	if (gnutls_x509_crt_import(certificate, own, GNUTLS_X509_FMT_DER) == 0) {
		r = describe_certificate(question, certificate);
	}
	if (r == ENVOI_OK) {
		r = envoi__tls_all_names(&question->names, rules->context, certificate);
	}
	gnutls_x509_crt_deinit(certificate);
	question->domain = copy_text(question->context, rules->name->ascii);
	question->reasons = copy_text(question->context, verdict->reasons);
	if (r < 0 || question->domain == NULL || question->reasons == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	question->peer.domain = question->domain;
	question->peer.names = question->names;
	question->peer.reasons = question->reasons;
	question->peer.doubts = verdict->doubts;
	return ENVOI_OK;
}

int envoi__tls_question_new(struct envoi_tls_question **ret_question,
	const struct envoi__tls_rules *rules, struct envoi_tls_decider *decider,
	const struct envoi__tls_verdict *verdict, const gnutls_datum_t *chain, unsigned int count)
{
	struct envoi_tls_question *question = envoi_alloc_zeroed(rules->context, sizeof(*question));
	if (question == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	question->context = envoi_context_ref(rules->context);
	question->decider = decider;
	question->references = 1;
	int r = copy_chain(question, chain, count);
	if (r == ENVOI_OK) {
		r = describe(question, rules, verdict, &chain[0]);
	}
	if (r < 0) {
		envoi_tls_question_unref(question);
		return r;
	}
	*ret_question = question;
	return ENVOI_OK;
}

void envoi__tls_question_ask(struct envoi_tls_question *question)
{
	question->state = ENVOI__QUESTION_ASKED;
	envoi_tls_question_ref(question);
	question->decider->impl->decide(question->decider, question);
	envoi_tls_question_unref(question);
}

void envoi__tls_question_settle(struct envoi_tls_question *question)
{
	bool was_asked = question->state == ENVOI__QUESTION_ASKED ||
		question->state == ENVOI__QUESTION_ANSWERED;
	question->state = ENVOI__QUESTION_OVER;
	question->wake = NULL;
	if (was_asked && question->decider->impl->over != NULL) {
		question->decider->impl->over(question->decider, question, question->answer);
	}
}

/* --- for deciders --- */

const struct envoi_tls_peer *envoi_tls_question_peer(const struct envoi_tls_question *question)
{
	return &question->peer;
}

int envoi_tls_question_answer(struct envoi_tls_question *question, enum envoi_tls_answer answer)
{
	if (question->state != ENVOI__QUESTION_ASKED) {
		return ENVOI_ERR_STATE;
	}
	question->state = ENVOI__QUESTION_ANSWERED;
	question->answer = answer;
	question->was_answered = true;
	question->wake(question->user);
	return ENVOI_OK;
}

struct envoi_tls_question *envoi_tls_question_ref(struct envoi_tls_question *question)
{
	question->references++;
	return question;
}

static void release(struct envoi_tls_question *question)
{
	struct envoi_context *context = question->context;
	envoi_free(context, question->chain);
	envoi_free(context, question->ders);
	envoi_free(context, question->domain);
	envoi_free(context, question->reasons);
	envoi_free(context, question->names);
	envoi_free(context, question->subject);
	envoi_free(context, question->issuer);
	envoi_free(context, question);
	envoi_context_unref(context);
}

struct envoi_tls_question *envoi_tls_question_unref(struct envoi_tls_question *question)
{
	if (question == NULL) {
		return NULL;
	}
	if (--question->references == 0) {
		release(question);
	} else if (question->references == 1 && question->state == ENVOI__QUESTION_ASKED) {
		envoi_tls_question_answer(question, ENVOI_TLS_REFUSE); /* no answer can follow */
	}
	return NULL;
}
