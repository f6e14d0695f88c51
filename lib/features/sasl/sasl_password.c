/*
 * envoi - SASL: a source that holds one password
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/sasl.h>

#include "base/context.h"
#include "sasl/sasl.h"

struct source {
	struct envoi_sasl_credentials base;
	struct envoi_context *context;
	char *authcid, *password; /* NULL: none */
};

static struct source *from_base(struct envoi_sasl_credentials *base)
{
	return ENVOI_CONTAINER_OF(base, struct source, base);
}

static unsigned int means(struct envoi_sasl_credentials *base)
{
	struct source *source = from_base(base);
	if (source->password != NULL) {
		return ENVOI_SASL_PASSWORD;
	}
	return source->authcid == NULL ? ENVOI_SASL_NOTHING : 0;
}

static void request(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	struct source *source = from_base(base);
	envoi_sasl_answer(wanted, ENVOI_OK,
		&(struct envoi_sasl_identity){
			.authcid = source->authcid, .password = source->password});
}

/* It answers at once: no request is ever open. */
static void cancel(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	(void)base;
	(void)wanted;
}

static void destroy(struct envoi_sasl_credentials *base)
{
	struct source *source = from_base(base);
	struct envoi_context *context = source->context;
	envoi__free_secret(context, source->password);
	envoi_free(context, source->authcid);
	envoi_free(context, source);
	envoi_context_unref(context);
}

static const struct envoi_sasl_credentials_impl source_impl = {
	.means = means,
	.request = request,
	.cancel = cancel,
	.destroy = destroy,
};

int envoi_sasl_password_new(struct envoi_sasl_credentials **ret_credentials,
	struct envoi_context *context, const char *authcid, const char *password)
{
	struct source *source = envoi_alloc(context, sizeof(*source));
	if (source == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*source = (struct source){
		.base.impl = &source_impl,
		.context = envoi_context_ref(context),
		.authcid = authcid != NULL ? envoi_strndup(context, authcid, strlen(authcid))
					   : NULL,
		.password = password != NULL ? envoi_strndup(context, password, strlen(password))
					     : NULL,
	};
	if ((authcid != NULL && source->authcid == NULL) ||
		(password != NULL && source->password == NULL)) {
		destroy(&source->base);
		return ENVOI_ERR_NOMEM;
	}
	*ret_credentials = &source->base;
	return ENVOI_OK;
}
