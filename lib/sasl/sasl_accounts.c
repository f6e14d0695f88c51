/*
 * envoi - SASL, receiving side: accounts
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/values.h>

#include "sasl/sasl.h"

enum {
	DECOY_BYTES = 16,
};

bool envoi__sasl_may_act_as(const char *authcid, const char *authzid, const char *hostname)
{
	if (authzid == NULL || *authzid == '\0' || strcmp(authzid, authcid) == 0) {
		return true;
	}
	size_t len = strlen(authcid);
	return hostname != NULL && strncmp(authzid, authcid, len) == 0 && authzid[len] == '@' &&
		strcmp(authzid + len + 1, hostname) == 0;
}

int envoi__sasl_decoy_password(struct envoi_context *context, char **ret_password)
{
	unsigned char secret[DECOY_BYTES];
	int r = envoi_context_random(context, secret, sizeof(secret));
	if (r < 0) {
		return r;
	}
	char *text = envoi_alloc(context, 2 * sizeof(secret) + 1);
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_hex_encode(text, secret, sizeof(secret));
	*ret_password = text;
	return ENVOI_OK;
}
