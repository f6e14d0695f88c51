/*
 * envoi - SASL PLAIN (RFC 4616)
 * SPDX-License-Identifier: MIT
 */
/*
 * Not libgsasl's, whose receiving side refuses characters that are newer than Unicode 3.2, and does
 * not wipe the memory in which it has prepared the password.
 */
#include <string.h>

#include <unistr.h>

#include "base/context.h"
#include "sasl/sasl.h"

struct plain {
	struct envoi_sasl_exchange base;
	char *hostname;
	/* initiator */
	char *authcid, *authzid, *password;
	/* receiver */
	int (*lookup)(void *user, const char *authcid, char **ret_password);
	void *lookup_user;
	char *authenticated; /* prepared */
};

/** The parts of the initiator's message; each allocated. */
struct message {
	char *authzid, *authcid, *password;
};

static struct plain *from_base(struct envoi_sasl_exchange *base)
{
	return ENVOI_CONTAINER_OF(base, struct plain, base);
}

/* --- initiator --- */

static int append_with_nul(struct envoi_buffer *out, const char *text)
{
	return text != NULL ? envoi_buffer_append(out, text, strlen(text) + 1)
			    : envoi_buffer_append(out, "", 1);
}

static int initiator_step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out)
{
	const struct plain *plain = from_base(base);
	(void)in;
	if (len > 0) {
		return ENVOI_ERR_PROTOCOL;
	}
	int r = append_with_nul(out, plain->authzid);
	if (r == ENVOI_OK) {
		r = append_with_nul(out, plain->authcid);
	}
	return r < 0 ? r : envoi_buffer_append_text(out, plain->password);
}

/* --- receiver --- */

static void drop_message(struct envoi_context *context, struct message *message)
{
	envoi_free(context, message->authzid);
	envoi_free(context, message->authcid);
	envoi__free_secret(context, message->password);
}

/* Section 2: [authzid] NUL authcid NUL passwd. No user has an empty name. */
static int cut(
	struct envoi_context *context, struct message *ret_message, const char *in, size_t len)
{
	*ret_message = (struct message){.authzid = NULL};
	const char *end = in + len, *first = memchr(in, '\0', len);
	const char *second = first != NULL ? memchr(first + 1, '\0', (size_t)(end - first - 1))
					   : NULL;
	if (second == NULL || second + 1 == end ||
		memchr(second + 1, '\0', (size_t)(end - second - 1)) != NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	ret_message->authzid = envoi_strndup(context, in, (size_t)(first - in));
	ret_message->authcid = envoi_strndup(context, first + 1, (size_t)(second - first - 1));
	ret_message->password = envoi_strndup(context, second + 1, (size_t)(end - second - 1));
	return ret_message->authzid == NULL || ret_message->authcid == NULL ||
			ret_message->password == NULL
		? ENVOI_ERR_NOMEM
		: ENVOI_OK;
}

/* The prepared password of the named user, if the user may act as the named identity. */
static int look_up(struct plain *plain, const struct message *message, char **ret_password)
{
	struct envoi_context *context = plain->base.context;
	if (plain->lookup == NULL ||
		!envoi__sasl_may_act_as(message->authcid, message->authzid, plain->hostname)) {
		return ENVOI_ERR_NOT_FOUND;
	}
	int r = envoi__sasl_prepare_name(context, message->authcid, &plain->authenticated);
	if (r < 0) {
		return r;
	}
	char *found = NULL;
	r = *plain->authenticated == '\0'
		? ENVOI_ERR_NOT_FOUND
		: plain->lookup(plain->lookup_user, plain->authenticated, &found);
	if (r == ENVOI_OK) {
		r = envoi__sasl_prepare_password(context, found, ret_password);
		envoi__free_secret(context, found);
	}
	return r;
}

/* A user who does not exist takes the same code, and the same time, as a wrong password. */
static int check(struct plain *plain, const struct message *message)
{
	struct envoi_context *context = plain->base.context;
	char *wanted = NULL, *given = NULL;
	int r = look_up(plain, message, &wanted);
	if (r == ENVOI_ERR_NOT_FOUND || r == ENVOI_ERR_INVALID) {
		r = envoi__sasl_decoy_password(context, &wanted);
	}
	if (r == ENVOI_OK) {
		r = envoi__sasl_prepare_password(context, message->password, &given);
	}
	if (r == ENVOI_OK &&
		(strlen(given) != strlen(wanted) ||
			!envoi__equal_secret(given, wanted, strlen(wanted)))) {
		r = ENVOI_ERR_AUTH;
	}
	envoi__free_secret(context, wanted);
	envoi__free_secret(context, given);
	return r == ENVOI_ERR_INVALID ? ENVOI_ERR_AUTH : r;
}

static int receiver_step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out)
{
	struct message message;
	(void)out;
	if (in == NULL) {
		return ENVOI_AGAIN;
	}
	int r = cut(base->context, &message, in, len);
	if (r == ENVOI_OK) {
		r = check(from_base(base), &message);
	}
	drop_message(base->context, &message);
	return r;
}

/* --- both --- */

static const char *authcid(struct envoi_sasl_exchange *base)
{
	return from_base(base)->authenticated;
}

static void destroy(struct envoi_sasl_exchange *base)
{
	struct plain *plain = from_base(base);
	struct envoi_context *context = base->context;
	envoi__free_secret(context, plain->password);
	envoi_free(context, plain->authcid);
	envoi_free(context, plain->authzid);
	envoi_free(context, plain->hostname);
	envoi_free(context, plain->authenticated);
	envoi_free(context, plain);
}

static const struct envoi_sasl_exchange_impl initiator_impl = {
	.step = initiator_step,
	.authcid = authcid,
	.destroy = destroy,
};

static const struct envoi_sasl_exchange_impl receiver_impl = {
	.step = receiver_step,
	.authcid = authcid,
	.destroy = destroy,
};

static int take_identity(struct plain *plain, const struct envoi_sasl_parameters *parameters)
{
	struct envoi_context *context = plain->base.context;
	const char *password = parameters->password;
	if (parameters->authcid == NULL || password == NULL || *password == '\0' ||
		u8_check((const uint8_t *)password, strlen(password)) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi__sasl_copy_text(context, &plain->authzid, parameters->authzid);
	if (r == ENVOI_OK) {
		r = envoi__sasl_prepare_name(context, parameters->authcid, &plain->authcid);
	}
	if (r == ENVOI_OK && *plain->authcid == '\0') {
		r = ENVOI_ERR_INVALID;
	}
	/* Section 2: the receiver prepares it. */
	return r < 0 ? r : envoi__sasl_copy_text(context, &plain->password, password);
}

int envoi__sasl_plain_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters)
{
	bool is_initiator = parameters->role == ENVOI_INITIATOR;
	struct plain *plain = envoi_alloc_zeroed(context, sizeof(*plain));
	if (plain == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__sasl_exchange_init(&plain->base, is_initiator ? &initiator_impl : &receiver_impl,
		mechanism, context, parameters->role);
	plain->lookup = parameters->lookup;
	plain->lookup_user = parameters->lookup_user;
	int r = envoi__sasl_copy_text(context, &plain->hostname, parameters->hostname);
	if (r == ENVOI_OK && is_initiator) {
		r = take_identity(plain, parameters);
	}
	if (r < 0) {
		envoi_sasl_free(&plain->base);
		return r;
	}
	*ret_exchange = &plain->base;
	return ENVOI_OK;
}
