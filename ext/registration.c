/*
 * envoi - XEP-0077: In-Band Registration, version 2.4
 * SPDX-License-Identifier: MIT
 *
 * Payload and requests. registration_login.c registers before the login.
 */
#include <envoi/ext/registration.h>

#include "registration_parts.h"

#define FIELD(member) ENVOI_CHILD_TEXT(struct envoi_registration, member, #member)

static const struct envoi_field site_fields[] = {
	ENVOI_CHILD_TEXT(struct envoi_registration_site, url, "url"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type site_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_registration_site, "jabber:x:oob", "x", site_fields);

/* An empty element of an answer is a field to be filled in. */
static const struct envoi_field registration_fields[] = {
	ENVOI_CHILD_FLAG(struct envoi_registration, is_registered, "registered"),
	ENVOI_CHILD_FLAG(struct envoi_registration, is_removed, "remove"),
	FIELD(instructions),
	FIELD(username),
	FIELD(nick),
	FIELD(password),
	FIELD(name),
	FIELD(first),
	FIELD(last),
	FIELD(email),
	FIELD(address),
	FIELD(city),
	FIELD(state),
	FIELD(zip),
	FIELD(phone),
	FIELD(url),
	FIELD(date),
	ENVOI_CHILD_STRUCT(struct envoi_registration, form, struct envoi_form, &envoi_forms_type,
		ENVOI_LENIENT),
	ENVOI_CHILD_STRUCT(struct envoi_registration, site, struct envoi_registration_site,
		&site_type, ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_registration_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_registration, ENVOI_NS_REGISTRATION, "query", registration_fields);

bool envoi_registration_has_fields(const struct envoi_registration *registration)
{
	const struct envoi_registration *r = registration;
	const char *const texts[] = {r->username, r->nick, r->password, r->name, r->first, r->last,
		r->email, r->address, r->city, r->state, r->zip, r->phone, r->url, r->date};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i] != NULL) {
			return true;
		}
	}
	return false;
}

int envoi__registration_choose(
	struct envoi_registration *ret_sent, const struct envoi_registration *registration)
{
	if (registration == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (registration->form != NULL) {
		*ret_sent = (struct envoi_registration){.form = registration->form};
		return ENVOI_OK;
	}
	*ret_sent = *registration;
	ret_sent->is_registered = ret_sent->is_removed = false;
	ret_sent->instructions = NULL;
	ret_sent->site = NULL;
	const char *password = registration->password;
	return !envoi_registration_has_fields(registration) ||
			(password != NULL && password[0] == '\0')
		? ENVOI_ERR_INVALID
		: ENVOI_OK;
}

int envoi_registration_get(
	struct envoi_session *session, const char *to, envoi_answer_fn *done, void *user)
{
	const struct envoi_registration nothing = {.form = NULL};
	struct envoi_stanza *iq = envoi_request_iq(
		session, ENVOI_IQ_GET, to, &envoi_registration_type, &nothing);
	return envoi_request(session, iq, &envoi_registration_type, 0, done, user, NULL);
}

static int set(struct envoi_session *session, const char *to,
	const struct envoi_registration *registration, envoi_answer_fn *done, void *user)
{
	return envoi_request(session,
		envoi_request_iq(session, ENVOI_IQ_SET, to, &envoi_registration_type, registration),
		NULL, 0, done, user, NULL);
}

int envoi_registration_submit(struct envoi_session *session, const char *to,
	const struct envoi_registration *registration, envoi_answer_fn *done, void *user)
{
	struct envoi_registration sent;
	int r = envoi__registration_choose(&sent, registration);
	return r < 0 ? r : set(session, to, &sent, done, user);
}

/* Section 3.2: for the account itself the request has no address. */
int envoi_registration_cancel(
	struct envoi_session *session, const char *to, envoi_answer_fn *done, void *user)
{
	const struct envoi_registration removal = {.is_removed = true};
	if (to != NULL) {
		return set(session, to, &removal, done, user);
	}
	return envoi_request(session,
		envoi_request_account_iq(session, ENVOI_IQ_SET, &envoi_registration_type, &removal),
		NULL, 0, done, user, NULL);
}

int envoi_registration_change_password(
	struct envoi_session *session, const char *password, envoi_answer_fn *done, void *user)
{
	const struct envoi_jid *own = envoi_session_jid(session);
	if (password == NULL || password[0] == '\0') {
		return ENVOI_ERR_INVALID;
	}
	if (own == NULL || envoi_jid_local(own) == NULL) {
		return ENVOI_ERR_STATE;
	}
	const struct envoi_registration changed = {
		.username = (char *)(uintptr_t)envoi_jid_local(own),
		.password = (char *)(uintptr_t)password,
	};
	return set(session, NULL, &changed, done, user);
}
