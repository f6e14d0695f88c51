/*
 * envoi - SASL EXTERNAL with a client certificate (XEP-0178)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "features/sasl/sasl_receiver.h"

/* --- initiating side --- */

/* @return whether our certificate has one address, and that is the account's */
static bool certificate_names_account(
	const struct envoi_stream *stream, const struct envoi_jid *account)
{
	struct envoi_tls_info info;
	struct envoi_jid *shown;
	envoi_stream_tls_info(stream, &info);
	if (info.own_address == NULL ||
		envoi_jid_from_text(&shown, envoi_stream_context(stream), info.own_address) < 0) {
		return false;
	}
	bool names_account = envoi_jid_equal_bare(shown, account);
	envoi_jid_unref(shown);
	return names_account;
}

int envoi__sasl_external_authzid(char **ret_authzid, const struct envoi_stream *stream,
	enum envoi__sasl_authzid_policy policy)
{
	const struct envoi_jid *account = envoi_stream_local(stream);
	*ret_authzid = NULL;
	if (policy == ENVOI__SASL_AUTHZID_NEVER || account == NULL ||
		envoi_jid_local(account) == NULL ||
		(policy == ENVOI__SASL_AUTHZID_AUTO &&
			certificate_names_account(stream, account))) {
		return ENVOI_OK;
	}
	*ret_authzid = envoi_strndup(
		envoi_stream_context(stream), envoi_jid_text(account), envoi_jid_bare_len(account));
	return *ret_authzid == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

/* --- receiving side --- */

/* @return whether a prepared address is bare, of the domain, and has a localpart */
static bool is_account_of(const char *address, const char *domain)
{
	size_t len = strcspn(address, "@/");
	return address[len] == '@' && strcmp(address + len + 1, domain) == 0;
}

/* The next address of an account of the stream's domain, from @p at on; NULL: there is none. */
static const char *next_certified(const struct envoi_stream *stream, const char *at)
{
	const struct envoi_jid *local = envoi_stream_local(stream);
	if (at == NULL || local == NULL) {
		return NULL;
	}
	while (*at != '\0' && !is_account_of(at, envoi_jid_domain(local))) {
		at += strlen(at) + 1;
	}
	return *at != '\0' ? at : NULL;
}

bool envoi__sasl_is_certified(const struct envoi_stream *stream)
{
	struct envoi_tls_info info;
	envoi_stream_tls_info(stream, &info);
	return envoi_tls_is_verified(&info) &&
		next_certified(stream, info.client_addresses) != NULL;
}

int envoi__sasl_certified(struct envoi_buffer *addresses, const struct envoi_stream *stream)
{
	struct envoi_tls_info info;
	envoi_stream_tls_info(stream, &info);
	const char *at = envoi_tls_is_verified(&info) ? info.client_addresses : NULL;
	int r = ENVOI_OK;
	while (r == ENVOI_OK && (at = next_certified(stream, at)) != NULL) {
		r = envoi_buffer_append(addresses, at, strlen(at) + 1);
		at += strlen(at) + 1;
	}
	return r < 0 ? r : envoi_buffer_append(addresses, "", 1);
}
