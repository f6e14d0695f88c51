/*
 * envoi - SASL EXTERNAL with a client certificate (XEP-0178)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "features/sasl/sasl_feature.h"

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
