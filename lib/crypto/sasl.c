/*
 * envoi - SASL: the table of mechanisms
 * SPDX-License-Identifier: MIT
 */
#include "crypto/sasl.h"

#include <string.h>

enum {
	LONGEST_NAME = 20, /* RFC 4422, section 3.1 */
};

/* What libgsasl can carry; it has no tls-server-end-point. */
static const char *const gsasl_bindings[] = {"tls-exporter", "tls-unique", NULL};

/*
 * Strongest first. Channel binding counts more than the hash: it is what a man in the middle with
 * a valid certificate cannot pass. What libgsasl has beyond these (LOGIN, NTLM, CRAM-MD5,
 * DIGEST-MD5, SECURID, GSSAPI, ...) is weak, or waits for the network, and is never used.
 */
static const struct envoi_sasl_mechanism built_in[] = {
	{
		.name = "SCRAM-SHA-256-PLUS", /* RFC 7677 */
		.strength = 80,
		.means = ENVOI_SASL_PASSWORD,
		.client_first = true,
		.proves_server = true,
		.bindings = gsasl_bindings,
		.start = envoi__sasl_gsasl_start,
	},
	{
		.name = "SCRAM-SHA-1-PLUS", /* RFC 5802 */
		.strength = 70,
		.means = ENVOI_SASL_PASSWORD,
		.client_first = true,
		.proves_server = true,
		.bindings = gsasl_bindings,
		.start = envoi__sasl_gsasl_start,
	},
	{
		.name = "EXTERNAL", /* RFC 4422, appendix A; XEP-0178 */
		.strength = 60,
		.means = ENVOI_SASL_CERTIFICATE,
		.needs_secure = true,
		.client_first = true,
		.start = envoi__sasl_gsasl_start,
	},
	{
		.name = "SCRAM-SHA-256",
		.strength = 50,
		.means = ENVOI_SASL_PASSWORD,
		.client_first = true,
		.proves_server = true,
		.start = envoi__sasl_gsasl_start,
	},
	{
		.name = "SCRAM-SHA-1",
		.strength = 40,
		.means = ENVOI_SASL_PASSWORD,
		.client_first = true,
		.proves_server = true,
		.start = envoi__sasl_gsasl_start,
	},
	{
		.name = "PLAIN", /* RFC 4616 */
		.strength = 10,
		.means = ENVOI_SASL_PASSWORD,
		.needs_secure = true,
		.client_first = true,
		.start = envoi__sasl_gsasl_start,
	},
	{
		.name = "ANONYMOUS", /* RFC 4505 */
		.strength = 0,
		.means = ENVOI_SASL_NOTHING,
		.client_first = true,
		.start = envoi__sasl_anonymous_start,
	},
};

enum {
	BUILT_IN = sizeof(built_in) / sizeof(built_in[0]),
};

static void part_destroy(struct envoi__part *base)
{
	struct envoi__sasl_part *part = ENVOI_CONTAINER_OF(base, struct envoi__sasl_part, base);
	envoi__sasl_gsasl_done(part->gsasl);
	envoi_free(part->context, part->added);
	envoi_free(part->context, part);
}

struct envoi__sasl_part *envoi__sasl_part(struct envoi_context *context)
{
	struct envoi__part *base = context->parts[ENVOI__PART_SASL];
	if (base == NULL) {
		struct envoi__sasl_part *part = envoi_alloc_zeroed(context, sizeof(*part));
		if (part == NULL) {
			return NULL;
		}
		part->base.destroy = part_destroy;
		part->context = context;
		context->parts[ENVOI__PART_SASL] = base = &part->base;
	}
	return ENVOI_CONTAINER_OF(base, struct envoi__sasl_part, base);
}

static const struct envoi_sasl_mechanism *find_added(
	const struct envoi_context *context, const char *name)
{
	struct envoi__part *base = context->parts[ENVOI__PART_SASL];
	if (base == NULL) {
		return NULL;
	}
	const struct envoi__sasl_part *part =
		ENVOI_CONTAINER_OF(base, struct envoi__sasl_part, base);
	for (size_t i = 0; i < part->added_count; i++) {
		if (strcmp(part->added[i]->name, name) == 0) {
			return part->added[i];
		}
	}
	return NULL;
}

static const struct envoi_sasl_mechanism *find_built_in(const char *name)
{
	for (size_t i = 0; i < BUILT_IN; i++) {
		if (strcmp(built_in[i].name, name) == 0) {
			return &built_in[i];
		}
	}
	return NULL;
}

const struct envoi_sasl_mechanism *envoi_sasl_find(
	struct envoi_context *context, const char *name)
{
	const struct envoi_sasl_mechanism *added = find_added(context, name);
	return added != NULL ? added : find_built_in(name);
}

const struct envoi_sasl_mechanism *envoi_sasl_next(
	struct envoi_context *context, size_t *position)
{
	while (*position < BUILT_IN) {
		const struct envoi_sasl_mechanism *mechanism = &built_in[(*position)++];
		if (find_added(context, mechanism->name) == NULL) {
			return mechanism;
		}
	}
	struct envoi__part *base = context->parts[ENVOI__PART_SASL];
	if (base == NULL) {
		return NULL;
	}
	const struct envoi__sasl_part *part =
		ENVOI_CONTAINER_OF(base, struct envoi__sasl_part, base);
	size_t i = *position - BUILT_IN;
	return i < part->added_count ? ((*position)++, part->added[i]) : NULL;
}

int envoi_context_add_sasl_mechanism(
	struct envoi_context *context, const struct envoi_sasl_mechanism *mechanism)
{
	if (mechanism->start == NULL || !envoi__sasl_name_is_valid(mechanism->name)) {
		return ENVOI_ERR_INVALID;
	}
	if (find_added(context, mechanism->name) != NULL) {
		return ENVOI_ERR_EXISTS;
	}
	struct envoi__sasl_part *part = envoi__sasl_part(context);
	if (part == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const struct envoi_sasl_mechanism **added = envoi_realloc(
		context, part->added, (part->added_count + 1) * sizeof(*added));
	if (added == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	added[part->added_count++] = mechanism;
	part->added = added;
	return ENVOI_OK;
}

bool envoi__sasl_name_is_valid(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	if (name == NULL) {
		return false;
	}
	size_t len = strspn(name, allowed);
	return len > 0 && len <= LONGEST_NAME && name[len] == '\0';
}

void envoi__sasl_wipe_text(struct envoi_context *context, char *text)
{
	if (text != NULL) {
		envoi__wipe(text, strlen(text));
		envoi_free(context, text);
	}
}

void envoi__sasl_exchange_init(struct envoi_sasl_exchange *exchange,
	const struct envoi_sasl_exchange_impl *impl,
	const struct envoi_sasl_mechanism *mechanism, struct envoi_context *context,
	enum envoi_role role)
{
	*exchange = (struct envoi_sasl_exchange){
		.impl = impl,
		.mechanism = mechanism,
		.context = envoi_context_ref(context),
		.role = role,
		.ended = ENVOI_AGAIN,
	};
}

int envoi_sasl_start(struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_mechanism *mechanism,
	const struct envoi_sasl_parameters *parameters)
{
	return mechanism->start(mechanism, ret_exchange, context, parameters);
}

int envoi_sasl_step(struct envoi_sasl_exchange *exchange, const void *in, size_t len,
	struct envoi_buffer *out)
{
	if (exchange->ended != ENVOI_AGAIN) {
		return ENVOI_ERR_STATE;
	}
	size_t before = envoi_buffer_len(out);
	exchange->ended = exchange->impl->step(exchange, in, len, out);
	if (exchange->ended < 0) {
		envoi_buffer_truncate(out, before);
	}
	return exchange->ended;
}

const char *envoi_sasl_authcid(struct envoi_sasl_exchange *exchange)
{
	return exchange->ended == ENVOI_OK ? exchange->impl->authcid(exchange) : NULL;
}

void envoi_sasl_free(struct envoi_sasl_exchange *exchange)
{
	if (exchange != NULL) {
		struct envoi_context *context = exchange->context;
		exchange->impl->destroy(exchange);
		envoi_context_unref(context);
	}
}
