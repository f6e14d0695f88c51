/*
 * envoi - a login: the client certificate
 * SPDX-License-Identifier: MIT
 */
#include "connection/login_certificate.h"

#include <inttypes.h>

#include "connection/login.h"
#include "tls/tls_files.h"

static void on_key_password_timeout(struct envoi_timer *timer)
{
	struct envoi__login *login = ENVOI_CONTAINER_OF(
		timer, struct envoi__login, tls.key_password_timer);
	envoi__login_fail(login, ENVOI_PHASE_TLS, ENVOI_ERR_TIMEOUT,
		"no password for the client certificate's key within %" PRIu64 " s",
		(login->decision_timeout_ms + 500) / 1000);
}

/* The application may free the login: it is not accessed afterwards. */
static void ask(struct envoi__login *login, const char *file, bool was_wrong)
{
	struct envoi__account *account = login->with.account;
	login->tls.waits_for_key_password = true;
	envoi__account_drop_key_password(account);
	envoi__login_question_opens(login);
	envoi_timer_start(&login->tls.key_password_timer, envoi_context_loop(login->context),
		login->decision_timeout_ms, on_key_password_timeout);
	account->ask_key_password(account->key_password_user, file, was_wrong);
}

int envoi__login_load_certificate(struct envoi__login *login, struct envoi_failure *why)
{
	const struct envoi__account *account = login->with.account;
	bool was_denied = login->tls.was_key_password_denied;
	login->tls.was_key_password_denied = false;
	const char *locked;
	int r = envoi__tls_config_load_certificate(
		login->tls.config, login->with.settings, account->key_password, &locked, why);
	bool is_locked = r == ENVOI_AGAIN || r == ENVOI_ERR_AUTH;
	if (is_locked && account->ask_key_password != NULL && !was_denied) {
		ask(login, locked, r == ENVOI_ERR_AUTH);
		return ENVOI_AGAIN;
	}
	return r == ENVOI_OK ? ENVOI_OK : why->code;
}
