/*
 * envoi - replies: their stanzas
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "router/delivery.h"

int envoi__result_new(struct envoi_stanza **ret_result, const struct envoi_stanza *request,
	const struct envoi_payload_type *type, const void *value)
{
	struct envoi_stanza *result = envoi_iq_result_new(request);
	if (result == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = type == NULL ? ENVOI_OK : envoi_stanza_encode(result, type, value);
	if (r < 0) {
		envoi_stanza_unref(result);
		return r;
	}
	*ret_result = result;
	return ENVOI_OK;
}

bool envoi__is_reply_to(const struct envoi_stanza *reply, const struct envoi_stanza *request)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(reply);
	const char *id = envoi_stanza_id(reply), *to = envoi_stanza_to_text(reply);
	const char *from = envoi_stanza_from_text(request);
	return (kind == ENVOI_IQ_RESULT || kind == ENVOI_IQ_ERROR) && id != NULL &&
		strcmp(id, envoi_stanza_id(request)) == 0 && (to == NULL) == (from == NULL) &&
		(to == NULL || strcmp(to, from) == 0);
}
