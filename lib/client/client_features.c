/*
 * envoi - the client: the stream features of its logins
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"
#include "features/client_feature_list.h"

/* --- identities: a feature owns its source, the account outlives it --- */

struct source {
	struct envoi_sasl_credentials base;
	struct envoi__login *login;
};

static struct envoi__login *login_of(struct envoi_sasl_credentials *base)
{
	return ENVOI_CONTAINER_OF(base, struct source, base)->login;
}

static unsigned int means(struct envoi_sasl_credentials *base)
{
	return envoi__account_means(login_of(base)->with.account);
}

static void request(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	struct envoi__login *login = login_of(base);
	envoi__login_question_opens(login);
	envoi__account_request(login->with.account, wanted);
}

static void cancel(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	struct envoi__login *login = login_of(base);
	envoi__login_question_closes(login);
	envoi__account_cancel(login->with.account, wanted);
}

static void answered(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	struct envoi__login *login = login_of(base);
	envoi__login_question_closes(login);
	envoi__account_answered(login->with.account, wanted);
}

static void destroy(struct envoi_sasl_credentials *base)
{
	struct source *source = ENVOI_CONTAINER_OF(base, struct source, base);
	envoi_free(source->login->context, source);
}

static const struct envoi_sasl_credentials_impl source_impl = {
	.means = means,
	.request = request,
	.cancel = cancel,
	.answered = answered,
	.destroy = destroy,
};

/* --- features --- */

static int make_starttls(struct envoi__login *login, struct envoi_handler **ret_feature)
{
	if (login->tls.config == NULL) {
		*ret_feature = NULL;
		return ENVOI_OK;
	}
	return envoi_starttls_new(ret_feature, login->context,
		&(struct envoi_starttls_options){.config = login->tls.config, .required = true});
}

static int make_sasl(struct envoi__login *login, struct envoi_handler **ret_feature)
{
	struct source *source = envoi_alloc(login->context, sizeof(*source));
	if (source == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*source = (struct source){.base.impl = &source_impl, .login = login};
	int r = envoi_sasl_feature_new(
		ret_feature, login->context, login->with.settings, &source->base);
	if (r == ENVOI_OK) {
		envoi_sasl_feature_set_history(*ret_feature, login->with.account->history);
	}
	return r;
}

static int make_bind(struct envoi__login *login, struct envoi_handler **ret_feature)
{
	return envoi_bind_new(ret_feature, login->context,
		&(struct envoi_bind_options){.resource = login->values.resource});
}

#define MAKER(name) \
	static int make_##name(struct envoi__login *login, struct envoi_handler **ret_feature) \
	{ \
		return envoi_##name##_new(ret_feature, login->context); \
	}
ENVOI__CLIENT_FEATURES(MAKER)

#define MAKER_NAME(name) make_##name,
const struct envoi__login_kind envoi__client_login = {
	.service = "xmpp-client",
	.required = ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND,
	.features = {make_starttls, make_sasl, make_bind, ENVOI__CLIENT_FEATURES(MAKER_NAME)},
};
