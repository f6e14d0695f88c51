/*
 * envoi - an account: its address, its secrets, and what its logins have learned
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONNECTION_ACCOUNT_H
#define ENVOI_CONNECTION_ACCOUNT_H

#include <envoi/interfaces/sasl.h>
#include <envoi/jid.h>

struct envoi__account {
	struct envoi_context *context; /* borrowed */
	struct envoi_jid *jid; /* as configured; NULL: malformed */
	char *jid_text;
	char *password;
	bool was_password_refused; /* by the server, at the last login */
	void (*ask_password)(void *user, bool was_refused); /* NULL: no */
	void *password_user;
	struct envoi_sasl_request *request; /* that waits for the password; or NULL */
	struct envoi_sasl_credentials *credentials; /* the application's; NULL: the password */
	struct envoi_sasl_history *history;
	char *route; /* the URL that host-meta has led to; NULL: none */
	int64_t route_ms; /* when, by the wall clock */
	char *key_password; /* of the client certificate's key */
	/* NULL: no */
	void (*ask_key_password)(void *user, const char *file, bool was_wrong);
	void *key_password_user;
};

/** @param account  zeroed
 * @retval ENVOI_ERR_INVALID  @p jid is malformed; the account can be finished only
 * @retval ENVOI_ERR_NOMEM    likewise */
int envoi__account_init(
	struct envoi__account *account, struct envoi_context *context, const char *jid);
/** Wipe and free. */
void envoi__account_finish(struct envoi__account *account);

/** @return whether the address has no localpart: such an account has no password */
bool envoi__account_is_anonymous(const struct envoi__account *account);

/** Set the password, and answer the request that waits for it. @param password  NULL: none
 * @retval ENVOI_ERR_NOMEM  there is none now */
int envoi__account_set_password(struct envoi__account *account, const char *password);
/** The server has refused the password. */
void envoi__account_password_refused(struct envoi__account *account);
void envoi__account_drop_key_password(struct envoi__account *account);

/** As struct envoi_sasl_credentials_impl. */
unsigned int envoi__account_means(struct envoi__account *account);
/** The application may be asked, and may free everything: nothing is touched afterwards. */
void envoi__account_request(struct envoi__account *account, struct envoi_sasl_request *request);
void envoi__account_cancel(struct envoi__account *account, struct envoi_sasl_request *request);
void envoi__account_answered(struct envoi__account *account, struct envoi_sasl_request *request);

/** Remember a route, now. @param url  NULL, or one that cannot be stored: none */
void envoi__account_set_route(struct envoi__account *account, const char *url);
/** @return a copy of the route, if it is younger than a week; owned by the caller; NULL: none */
char *envoi__account_take_route(struct envoi__account *account);
/** Append a line with the route, if there is one. */
int envoi__account_write_route(const struct envoi__account *account, struct envoi_buffer *out);
/** Read such a line, without its line end. @retval ENVOI_END  it is another line
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM */
int envoi__account_read_route(struct envoi__account *account, const char *line, size_t len);

/** As envoi_client_save_account() of <envoi/client.h>. */
int envoi__account_save(const struct envoi__account *account, struct envoi_buffer *out);
/** As envoi_client_load_account(). */
int envoi__account_load(struct envoi__account *account, const char *text, size_t len);

#endif
