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

#define ENVOI_NS_REGISTRATION "jabber:iq:register"

/** A web site (XEP-0066). */
struct envoi_registration_site {
	char *url; /**< untrusted input; NULL: none */
};

/**
 * What a host asks for, and what is sent to it (section 14.1). Of an answer, a text that is not
 * NULL is a field that has to be filled in; of a registration that exists, its value.
 *
 * If there is a form, it is filled in, and the fields are not (sections 4 and 6): its FORM_TYPE may
 * be ENVOI_NS_REGISTRATION, "urn:xmpp:captcha" or others. If there is neither a form nor a field,
 * `instructions` and `site` state where to register instead (section 5).
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

/** @return whether there is a field to fill in; not counting a form */
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
 * Cancel a registration (section 3.2): with NULL the account itself, which the server deletes with
 * all its data, and then ends the stream. Parameters and errors as envoi_registration_get().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_registration_cancel(
	struct envoi_session *session, const char *to, envoi_answer_fn *done, void *user);

/**
 * Change the password of the account (section 3.3). The password is sent as it is: clients of this
 * library do not log in without TLS unless the program has allowed that. The program sets the new
 * one for the next login when the answer is a result.
 *
 * @param password  not empty
 * @retval ENVOI_ERR_INVALID  it is NULL or empty
 * @retval ENVOI_ERR_STATE    the session has no address with a localpart
 * Other parameters and errors as envoi_registration_get().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_registration_change_password(
	struct envoi_session *session, const char *password, envoi_answer_fn *done, void *user);

/* --- before the login --- */

/** The functions of a handler that makes an account. Called from the loop. Any object may be freed
 * inside. */
struct envoi_registration_login_events {
	/**
	 * The server asks for the fields, or has refused what was submitted. Fill them in, now or
	 * later, and call envoi_registration_login_submit(), or
	 * envoi_registration_login_give_up(). The time is that of the setting sasl.timeout.
	 * @param fields  borrowed for the call; of a refusal NULL
	 * @param error   of a refusal; else NULL
	 */
	void (*asked)(void *user, const struct envoi_registration *fields,
		const struct envoi_stanza_error *error);
	/** OPTIONAL: the account is made. The login goes on with the username and the password that
	 * the client was given: they have to be those that were submitted. */
	void (*registered)(void *user);
};

/**
 * Make a handler that registers an account before the login (section 3.1.1). Add it to the client
 * before it connects, envoi_client_add(). After STARTTLS, and before the login, it asks the server
 * for the fields, whether the server offers registration (section 8) or not; a server that refuses
 * ends the login. Without TLS nothing is sent. After it has made an account it has no effect.
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
 * Submit the fields. If the server accepts them, the login goes on; else `asked` is called again.
 *
 * @param handler       of envoi_registration_login_new()
 * @param registration  as for envoi_registration_submit()
 * @retval ENVOI_ERR_STATE    the server does not ask: it has not yet, or the connection has ended
 * @retval ENVOI_ERR_INVALID  neither a form nor a field, or an empty password
 * Other errors as envoi_stream_send_element().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_registration_login_submit(
	struct envoi_handler *handler, const struct envoi_registration *registration);
/** End the login with ENVOI_ERR_CANCELED. No effect if the server does not ask. */
ENVOI_API void envoi_registration_login_give_up(struct envoi_handler *handler);

#ifdef __cplusplus
}
#endif
#endif
