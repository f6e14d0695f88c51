/*
 * envoi - a login: the client certificate
 * SPDX-License-Identifier: MIT
 */
#include "client/login_certificate.h"

#include <inttypes.h>

#include "client/login.h"
#include "net/net_settings.h"
#include "tls/tls_settings.h"

/* A setting that names a missing or unsuitable file is invalid. */
static void describe_file(const struct envoi__login *login, int code, const char *cert_file,
	const char *key_file, struct envoi_failure *why)
{
	bool is_unreadable = code == ENVOI_ERR_SYSTEM;
	if (key_file == NULL) {
		envoi_failure_set(why, login->context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			"tls.cert-file: %s %s", cert_file,
			is_unreadable ? "cannot be read" : "holds no certificate, or not its key");
	} else {
		envoi_failure_set(why, login->context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			is_unreadable ? "tls.cert-file: %s, or tls.key-file: %s, cannot be read"
				      : "tls.cert-file: %s holds no certificate, or "
					"tls.key-file: %s not its key",
			cert_file, key_file);
	}
}

static void describe(const struct envoi__login *login, int code, const char *cert_file,
	const char *key_file, struct envoi_failure *why)
{
	switch (code) {
	case ENVOI_AGAIN:
		envoi_failure_set(why, login->context, ENVOI_PHASE_TLS, ENVOI_ERR_AUTH,
			"the client certificate's key needs a password");
		break;
	case ENVOI_ERR_AUTH:
		envoi_failure_set(why, login->context, ENVOI_PHASE_TLS, ENVOI_ERR_AUTH,
			"wrong password for the client certificate's key");
		break;
	case ENVOI_ERR_CERTIFICATE:
	case ENVOI_ERR_SYSTEM:
		describe_file(login, code, cert_file, key_file, why);
		break;
	default:
		envoi_failure_set(why, login->context, ENVOI_PHASE_TLS, code, NULL);
	}
}

/* @return the code of envoi_tls_config_set_certificate() */
static int show(struct envoi__login *login, const struct envoi__tls_settings *values)
{
	struct envoi__login_tls *tls = &login->tls;
	const struct envoi__account *account = login->with.account;
	int r = envoi_tls_config_set_certificate(
		tls->config, values->cert_file, values->key_file, account->key_password);
	bool is_locked = r == ENVOI_AGAIN || r == ENVOI_ERR_AUTH;
	bool is_denied = tls->was_key_password_denied;
	tls->was_key_password_denied = false;
	tls->waits_for_key_password = is_locked && account->ask_key_password != NULL && !is_denied;
	return r;
}

static void on_key_password_timeout(struct envoi_timer *timer)
{
	struct envoi__login *login = ENVOI_CONTAINER_OF(
		timer, struct envoi__login, tls.key_password_timer);
	struct envoi__net_settings values;
	envoi__net_settings_read(&values, login->with.settings);
	envoi__login_fail(login, ENVOI_PHASE_TLS, ENVOI_ERR_TIMEOUT,
		"no password for the client certificate's key within %" PRIu64 " s",
		(values.decision_timeout_ms + 500) / 1000);
}

static void start_timer(struct envoi__login *login)
{
	struct envoi__net_settings values;
	envoi__net_settings_read(&values, login->with.settings);
	envoi_timer_start(&login->tls.key_password_timer, envoi_context_loop(login->context),
		values.decision_timeout_ms, on_key_password_timeout);
}

/* Nothing of the login is touched afterwards: it may have been freed. */
static void ask(struct envoi__login *login, const char *file, bool was_wrong)
{
	struct envoi__account *account = login->with.account;
	envoi__account_drop_key_password(account);
	envoi__login_question_opens(login);
	start_timer(login);
	account->ask_key_password(account->key_password_user, file, was_wrong);
}

int envoi__login_load_certificate(struct envoi__login *login, struct envoi_failure *why)
{
	struct envoi__tls_settings values;
	envoi__tls_settings_read(&values, login->with.settings);
	if (values.cert_file == NULL && values.key_file == NULL) {
		return ENVOI_OK;
	}
	if (values.cert_file == NULL) {
		envoi_failure_set(why, login->context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			"tls.key-file: %s is the key of no tls.cert-file", values.key_file);
		return why->code;
	}
	int r = show(login, &values);
	if (login->tls.waits_for_key_password) {
		ask(login, values.key_file != NULL ? values.key_file : values.cert_file,
			r == ENVOI_ERR_AUTH);
		return ENVOI_AGAIN;
	}
	if (r != ENVOI_OK) {
		describe(login, r, values.cert_file, values.key_file, why);
		return why->code;
	}
	return ENVOI_OK;
}
