/*
 * envoi - SASL EXTERNAL with a client certificate (XEP-0178)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "features/sasl/sasl_feature.h"

/** The setting sasl.external-authzid, in the order of its choices. */
enum when {
	AUTO,
	ALWAYS,
	NEVER,
};

/* @return whether our certificate has one address, and that is the account's */
static bool certificate_says_it(const struct envoi_stream *stream, const struct envoi_jid *account)
{
	struct envoi_tls_info info;
	struct envoi_jid *shown;
	envoi_stream_tls_info(stream, &info);
	if (info.own_address == NULL ||
		envoi_jid_from_text(&shown, envoi_stream_context(stream), info.own_address) < 0) {
		return false;
	}
	bool says_it = envoi_jid_equal_bare(shown, account);
	envoi_jid_unref(shown);
	return says_it;
}

int envoi__sasl_external_authzid(char **ret_authzid, const struct envoi_stream *stream,
	const struct envoi_settings *settings)
{
	enum when when = (enum when)envoi_settings_int(settings, "sasl.external-authzid");
	const struct envoi_jid *account = envoi_stream_local(stream);
	*ret_authzid = NULL;
	if (when == NEVER || account == NULL || envoi_jid_local(account) == NULL ||
		(when == AUTO && certificate_says_it(stream, account))) {
		return ENVOI_OK;
	}
	*ret_authzid = envoi_strndup(
		envoi_stream_context(stream), envoi_jid_text(account), envoi_jid_bare_len(account));
	return *ret_authzid == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}
