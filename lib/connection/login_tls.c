/*
 * envoi - a login: TLS, and the trust decisions of the application
 * SPDX-License-Identifier: MIT
 */
#include "connection/login_tls.h"

#include <string.h>

#include "connection/login.h"
#include "connection/login_certificate.h"
#include "tls/tls_config.h"
#include "tls/tls_files.h"
#include "tls/tls_question.h"
#include "tls/tls_settings.h"

/* --- keys that the application has refused --- */

/** A question that the application's decider was asked. */
struct asked {
	struct envoi__list link;
	const struct envoi_tls_question *question;
};

static struct asked *find_asked(
	const struct envoi__login_tls *tls, const struct envoi_tls_question *question)
{
	struct envoi__list *link = tls->asked.next;
	for (; link != &tls->asked; link = link->next) {
		struct asked *asked = ENVOI_CONTAINER_OF(link, struct asked, link);
		if (asked->question == question) {
			return asked;
		}
	}
	return NULL;
}

static bool is_refused(const struct envoi__login_tls *tls, const struct envoi_tls_peer *peer)
{
	for (size_t i = 0; i < tls->refused_count; i++) {
		if (memcmp(tls->refused[i], peer->spki_sha256, ENVOI_TLS_SPKI_BYTES) == 0) {
			return true;
		}
	}
	return false;
}

/* Without memory the refusal is not stored: the application is asked again. */
static void remember_refusal(struct envoi__login *login, const struct envoi_tls_peer *peer)
{
	struct envoi__login_tls *tls = &login->tls;
	unsigned char(*refused)[ENVOI_TLS_SPKI_BYTES] = envoi_realloc(
		login->context, tls->refused, (tls->refused_count + 1) * sizeof(*refused));
	if (refused != NULL) {
		tls->refused = refused;
		memcpy(refused[tls->refused_count++], peer->spki_sha256, ENVOI_TLS_SPKI_BYTES);
	}
}

/* --- trust decisions --- */

static struct envoi__login *from_decider(struct envoi_tls_decider *decider)
{
	return ENVOI_CONTAINER_OF(decider, struct envoi__login, tls.decider);
}

static void ask(struct envoi__login *login, struct envoi_tls_question *question)
{
	struct envoi_tls_decider *decider = login->with.decider;
	struct asked *asked = envoi_alloc(login->context, sizeof(*asked));
	if (asked == NULL) {
		return; /* a question without an answer is refused */
	}
	asked->question = question;
	envoi__list_append(&login->tls.asked, &asked->link);
	envoi__login_enter(login);
	decider->impl->decide(decider, question);
	envoi__login_exit(login);
}

static void decide(struct envoi_tls_decider *self, struct envoi_tls_question *question)
{
	struct envoi__login *login = from_decider(self);
	envoi__login_question_opens(login);
	if (!is_refused(&login->tls, envoi_tls_question_peer(question))) {
		ask(login, question);
	}
}

/* @return whether a question is about the XMPP server, and not about a host of the web */
static int is_about_server(const struct envoi__login *login, const struct envoi_tls_peer *peer)
{
	struct envoi__tls_name name;
	int r = envoi__tls_name_init(&name, login->context, envoi__login_host(login));
	if (r == ENVOI_OK) {
		r = strcmp(name.ascii, peer->domain) == 0;
		envoi__tls_name_finish(&name);
	}
	return r;
}

static void keep_pin(const struct envoi__login *login, const struct envoi_tls_peer *peer)
{
	int r = is_about_server(login, peer);
	if (r > 0) {
		r = envoi__tls_settings_add_pin(login->with.settings, login->context, peer->pin);
	}
	if (r < 0) {
		envoi_log(login->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"the pin of the server is lost: %s", envoi_error_text(r));
	}
}

/* Call `over` of the application's decider, which may free everything. */
static void report_over(struct envoi__login *login, struct asked *asked,
	struct envoi_tls_question *question, enum envoi_tls_answer answer)
{
	struct envoi_tls_decider *decider = login->with.decider;
	envoi__list_remove(&asked->link);
	envoi_free(login->context, asked);
	if (answer == ENVOI_TLS_REFUSE && envoi__tls_question_was_answered(question)) {
		remember_refusal(login, envoi_tls_question_peer(question));
	}
	if (decider != NULL && decider->impl->over != NULL) {
		envoi__login_enter(login);
		decider->impl->over(decider, question, answer);
		envoi__login_exit(login);
	}
}

static void over(struct envoi_tls_decider *self, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	struct envoi__login *login = from_decider(self);
	struct asked *asked = find_asked(&login->tls, question);
	if (answer == ENVOI_TLS_ACCEPT_AND_PIN) {
		keep_pin(login, envoi_tls_question_peer(question));
	}
	envoi__login_question_closes(login);
	if (asked != NULL) {
		report_over(login, asked, question, answer);
	}
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = decide, .over = over};

/* --- the configuration --- */

void envoi__login_tls_init(struct envoi__login_tls *tls)
{
	tls->decider.impl = &decider_impl;
	envoi__list_init(&tls->asked);
}

void envoi__login_tls_finish(struct envoi__login_tls *tls, struct envoi_context *context)
{
	while (!envoi__list_is_empty(&tls->asked)) {
		struct asked *asked = ENVOI_CONTAINER_OF(tls->asked.next, struct asked, link);
		envoi__list_remove(&asked->link);
		envoi_free(context, asked);
	}
	envoi_free(context, tls->refused);
	if (tls->config != NULL) {
		tls->config->decider = NULL; /* other objects may hold the configuration */
		tls->config = envoi_tls_config_unref(tls->config);
	}
}

/* Sessions of other accounts are not resumed. */
static int set_account(struct envoi__login *login)
{
	const struct envoi__account *account = login->with.account;
	return envoi__tls_config_set_account(login->tls.config,
		envoi__account_is_anonymous(account) ? NULL : envoi_jid_text(account->jid),
		envoi_jid_bare_len(account->jid));
}

int envoi__login_tls_prepare(struct envoi__login *login, struct envoi_failure *why)
{
	struct envoi__login_tls *tls = &login->tls;
	tls->config = envoi_tls_config_unref(tls->config);
	if (login->tls_mode == ENVOI__TLS_MODE_NONE) {
		return ENVOI_OK;
	}
	int r = envoi__tls_config_load(&tls->config, login->context, login->with.settings, why);
	if (r < 0) {
		return r;
	}
	r = set_account(login);
	if (r == ENVOI_OK && login->with.decider != NULL) {
		r = envoi_tls_config_set_decider(tls->config, &tls->decider);
	}
	if (r < 0) {
		envoi_failure_set(why, login->context, ENVOI_PHASE_TLS, r, NULL);
		return r;
	}
	return envoi__login_load_certificate(login, why);
}
