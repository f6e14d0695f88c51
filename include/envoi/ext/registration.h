/*
 * envoi - XEP-0077: In-Band Registration
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_REGISTRATION_H
#define ENVOI_EXT_REGISTRATION_H

#include <stdbool.h>

#include <envoi/ext/forms.h>
#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0077. */
#define ENVOI_NS_REGISTRATION "jabber:iq:register"

/** A web site (XEP-0066). */
struct envoi_registration_site {
	char *url; /**< untrusted input; NULL: none */
};

/**
 * The fields of a registration, requested or submitted (section 14.1). In an answer, a text that is
 * not NULL is a field to be filled in; if `is_registered` is true, it is the present value.
 *
 * If the answer has a form, the program fills in the form and not the fields (sections 4 and 6).
 * The FORM_TYPE may be ENVOI_NS_REGISTRATION, "urn:xmpp:captcha" or another one. If it has neither
 * a form nor a field, `instructions` and `site` state where to register instead (section 5).
 */
struct envoi_registration {
	bool is_registered; /**< of an answer */
	bool is_removed; /**< of a request: the registration is cancelled */
	char *instructions; /**< for a person; NULL: none */
	char *username, *nick, *password, *name, *first, *last, *email, *address, *city, *state,
		*zip, *phone, *url, *date; /**< each one NULL: none */
	struct envoi_form *form; /**< NULL: none, or malformed */
	struct envoi_registration_site *site; /**< NULL: none */
};
/** Describes struct envoi_registration. */
ENVOI_API extern const struct envoi_payload_type envoi_registration_type;

/** @return whether there is a field to be filled in; a form does not count */
ENVOI_API bool envoi_registration_has_fields(const struct envoi_registration *registration);

/* --- with a service, and after the login --- */

/**
 * Request the fields for a registration (section 3.1).
 *
 * @param to    a service; NULL: the account's server
 * @param done  called exactly once, as for envoi_request(); envoi_answer_payload() is a struct
 *              envoi_registration
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_registration_get(
	struct envoi_session *session, const char *to, envoi_answer_fn *done, void *user);

/**
 * Register with a service, or change the registration (section 3.1).
 *
 * @param registration  the fields; or a form, which is sent alone (section 4). Borrowed for the
 *                      call
 * @retval ENVOI_ERR_INVALID  neither a form nor a field, or an empty password
 * Other parameters and errors as envoi_registration_get().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_registration_submit(struct envoi_session *session,
	const char *to, const struct envoi_registration *registration, envoi_answer_fn *done,
	void *user);

/**
 * Cancel a registration (section 3.2). If @p to is NULL, the server deletes the account with all
 * its data, and then ends the stream. Parameters and errors as envoi_registration_get().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_registration_cancel(
	struct envoi_session *session, const char *to, envoi_answer_fn *done, void *user);

/**
 * Change the password of the account (section 3.3). The password is sent in clear inside the
 * stream: clients of this library do not log in without TLS unless the program has allowed it.
 * After a result the program sets the new password for the next login.
 *
 * @param password  not empty
 * @retval ENVOI_ERR_INVALID  it is NULL or empty
 * @retval ENVOI_ERR_STATE    the session has no address with a localpart
 * Other parameters and errors as envoi_registration_get().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_registration_change_password(
	struct envoi_session *session, const char *password, envoi_answer_fn *done, void *user);

/* --- before the login --- */

/** The functions of a handler that registers an account. Called from the loop. Any object may be
 * freed inside. */
struct envoi_registration_login_events {
	/**
	 * The server requests the fields, or has refused a submission. The program
	 * calls envoi_registration_login_submit() or envoi_registration_login_give_up(),
	 * inside or later. The setting sasl.timeout limits the time.
	 * @param fields  the requested fields, borrowed for the call; NULL after a refusal
	 * @param error   the refusal; else NULL
	 */
	void (*asked)(void *user, const struct envoi_registration *fields,
		const struct envoi_stanza_error *error);
	/** OPTIONAL: the account was created. The login continues with the username and the
	 * password of the client, which have to be those that were submitted. */
	void (*registered)(void *user);
};

/**
 * Make a handler that registers an account before the login (section 3.1.1). Add it to the client
 * with envoi_client_add() before connecting. After STARTTLS, and before the login, it requests the
 * fields, even if the server does not offer registration (section 8); if the server refuses, the
 * login ends. Without TLS it sends nothing. After it has registered an account it has no effect.
 *
 * @param[out] ret_handler  owned by the caller: envoi_handler_destroy(), after it was removed from
 *                          the client, or the client was freed. It serves one client
 * @param events            as long-lived as the handler
 * @param user              passed to the functions
 * @retval ENVOI_ERR_INVALID  @p events has no `asked`
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_registration_login_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_registration_login_events *events,
	void *user);

/**
 * Submit the fields. If the server accepts them, the login continues; otherwise `asked` is called
 * again.
 *
 * @param handler       from envoi_registration_login_new()
 * @param registration  as for envoi_registration_submit()
 * @retval ENVOI_ERR_STATE    `asked` was not called since the last submission, or the connection
 *                            has ended
 * @retval ENVOI_ERR_INVALID  neither a form nor a field, or an empty password
 * Other errors as envoi_stream_send_element().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_registration_login_submit(
	struct envoi_handler *handler, const struct envoi_registration *registration);
/** End the login with ENVOI_ERR_CANCELED. No effect in the states in which
 * envoi_registration_login_submit() returns ENVOI_ERR_STATE. */
ENVOI_API void envoi_registration_login_give_up(struct envoi_handler *handler);

#ifdef __cplusplus
}
#endif
#endif
