/*
 * envoi - SASL EXTERNAL with the certificate of a client (RFC 4422, appendix A; XEP-0178)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/jid.h>

#include "sasl/sasl.h"

enum {
	LONGEST_AUTHZID = 3071, /* RFC 7622, section 3.1 */
};

enum stage {
	MESSAGE, /* -> ACCOUNT */
	ACCOUNT, /* -> DECIDED, by give_account */
	DECIDED,
};

struct certified {
	struct envoi_sasl_exchange base;
	char *addresses; /* as of the parameters */
	char *authcid; /* NULL: not chosen yet */
	enum stage stage;
	bool has_account;
};

static struct certified *from_base(struct envoi_sasl_exchange *base)
{
	return ENVOI_CONTAINER_OF(base, struct certified, base);
}

/* --- choosing the address --- */

/* @return whether the certificate has exactly one */
static bool has_one(const struct certified *certified)
{
	const char *first = certified->addresses;
	return *first != '\0' && first[strlen(first) + 1] == '\0';
}

static bool has(const struct certified *certified, const char *address)
{
	const char *at = certified->addresses;
	while (*at != '\0' && strcmp(at, address) != 0) {
		at += strlen(at) + 1;
	}
	return *at != '\0';
}

static int take_address(struct certified *certified, const char *address)
{
	size_t len = strcspn(address, "@");
	certified->authcid = envoi_strndup(certified->base.context, address, len);
	return certified->authcid == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

static int take_authzid(struct certified *certified, const void *data, size_t len)
{
	struct envoi_jid *jid;
	char text[LONGEST_AUTHZID + 1];
	if (len > LONGEST_AUTHZID || memchr(data, '\0', len) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(text, data, len);
	text[len] = '\0';
	int r = envoi_jid_from_text(&jid, certified->base.context, text);
	if (r < 0) {
		return r;
	}
	r = has(certified, envoi_jid_text(jid)) ? take_address(certified, envoi_jid_text(jid))
						: ENVOI_ERR_INVALID;
	envoi_jid_unref(jid);
	return r;
}

/* XEP-0178, section 2: without an authorization identity the certificate's only address is taken,
 * and of several none. */
static int choose(struct certified *certified, const void *in, size_t len)
{
	int r;
	if (len > 0) {
		r = take_authzid(certified, in, len);
	} else {
		r = has_one(certified) ? take_address(certified, certified->addresses)
				       : ENVOI_ERR_INVALID;
	}
	if (r < 0) {
		return r;
	}
	certified->stage = ACCOUNT;
	return ENVOI_SASL_NEEDS_ACCOUNT;
}

/* --- the exchange --- */

static int step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out)
{
	struct certified *certified = from_base(base);
	(void)out;
	switch (certified->stage) {
	case MESSAGE:
		return in == NULL ? ENVOI_AGAIN : choose(certified, in, len);
	case DECIDED:
		if (in == NULL) {
			return certified->has_account ? ENVOI_OK : ENVOI_ERR_AUTH;
		}
		break;
	case ACCOUNT:
		break;
	}
	return ENVOI_ERR_PROTOCOL;
}

static int give_account(struct envoi_sasl_exchange *base, const struct envoi_sasl_account *account)
{
	struct certified *certified = from_base(base);
	if (certified->stage != ACCOUNT) {
		return ENVOI_ERR_STATE;
	}
	certified->stage = DECIDED;
	certified->has_account = account != NULL;
	return ENVOI_OK;
}

static const char *authcid(struct envoi_sasl_exchange *base)
{
	return from_base(base)->authcid;
}

static void destroy(struct envoi_sasl_exchange *base)
{
	struct certified *certified = from_base(base);
	struct envoi_context *context = base->context;
	envoi_free(context, certified->addresses);
	envoi_free(context, certified->authcid);
	envoi_free(context, certified);
}

static const struct envoi_sasl_exchange_impl receiver_impl = {
	.step = step,
	.authcid = authcid,
	.destroy = destroy,
	.give_account = give_account,
};

/* --- beginning --- */

static int copy_addresses(struct certified *certified, const char *addresses)
{
	size_t len = 0;
	while (addresses != NULL && addresses[len] != '\0') {
		len += strlen(addresses + len) + 1;
	}
	certified->addresses = envoi_alloc_zeroed(certified->base.context, len + 1);
	if (certified->addresses == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (len > 0) {
		memcpy(certified->addresses, addresses, len);
	}
	return ENVOI_OK;
}

int envoi__sasl_external_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters)
{
	if (parameters->role == ENVOI_INITIATOR) {
		return envoi__sasl_gsasl_start(mechanism, ret_exchange, context, parameters);
	}
	struct certified *certified = envoi_alloc_zeroed(context, sizeof(*certified));
	if (certified == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__sasl_exchange_init(
		&certified->base, &receiver_impl, mechanism, context, ENVOI_RECEIVER);
	int r = copy_addresses(certified, parameters->certified);
	if (r < 0) {
		envoi_sasl_free(&certified->base);
		return r;
	}
	*ret_exchange = &certified->base;
	return ENVOI_OK;
}
