/*
 * envoi - SASL: the table of mechanisms
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl.h"

#include <string.h>

enum {
	LONGEST_NAME = 20, /* RFC 4422, section 3.1 */
};

/* clang-format off */
#define NAMED_ONLY(its_name, its_strength, its_means) \
		.name = its_name, .strength = its_strength, .means = its_means, \
		.needs_secure = true, .is_initiators = true, .start = envoi__sasl_gsasl_start
/* clang-format on */

/* In order of preference (XEP-0440, section 3). */
static const char *const scram_bindings[] = {
	"tls-exporter", "tls-unique", "tls-server-end-point", NULL};

/* clang-format off */
#define SCRAM(its_name, its_strength, its_bindings) \
	{ \
		.name = its_name, .strength = its_strength, .means = ENVOI_SASL_PASSWORD, \
		.client_first = true, .proves_server = true, .checks_offer = true, \
		.bindings = its_bindings, \
		.start = envoi__sasl_scram_start, \
	}
/* clang-format on */

/*
 * The strongest first. Channel binding counts more than the hash: it stops a man in the middle who has
 * a valid certificate. DIGEST-MD5, CRAM-MD5, NTLM, LOGIN and GSSAPI are for servers that offer nothing
 * better; they are used only where sasl.mechanisms names them. Their messages contain the password, or
 * make guessing it easy, so that they are limited to verified TLS; GSSAPI blocks on Kerberos.
 */
static const struct envoi_sasl_mechanism built_in[] = {
	SCRAM("SCRAM-SHA-512-PLUS", 90, scram_bindings), /* draft-melnikov-scram-sha-512 */
	SCRAM("SCRAM-SHA-256-PLUS", 80, scram_bindings), /* RFC 7677 */
	SCRAM("SCRAM-SHA-1-PLUS", 70, scram_bindings), /* RFC 5802 */
	{
		.name = "EXTERNAL", /* RFC 4422, appendix A; XEP-0178 */
		.strength = 60,
		.means = ENVOI_SASL_CERTIFICATE,
		.needs_secure = true,
		.client_first = true,
		.start = envoi__sasl_gsasl_start,
	},
	SCRAM("SCRAM-SHA-512", 55, NULL),
	SCRAM("SCRAM-SHA-256", 50, NULL),
	SCRAM("SCRAM-SHA-1", 40, NULL),
	{NAMED_ONLY("GSSAPI", 30, ENVOI_SASL_TICKET), .client_first = true}, /* RFC 4752 */
	{
		.name = "PLAIN", /* RFC 4616 */
		.strength = 10,
		.means = ENVOI_SASL_PASSWORD,
		.needs_secure = true,
		.client_first = true,
		.start = envoi__sasl_plain_start,
	},
	{NAMED_ONLY("DIGEST-MD5", 8, ENVOI_SASL_PASSWORD), .proves_server = true}, /* RFC 6331 */
	{NAMED_ONLY("CRAM-MD5", 6, ENVOI_SASL_PASSWORD)},
	{NAMED_ONLY("NTLM", 4, ENVOI_SASL_PASSWORD), .client_first = true},
	{NAMED_ONLY("LOGIN", 2, ENVOI_SASL_PASSWORD)},
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
	const struct envoi__sasl_part *part = ENVOI_CONTAINER_OF(
		base, struct envoi__sasl_part, base);
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

const struct envoi_sasl_mechanism *envoi_sasl_find(struct envoi_context *context, const char *name)
{
	const struct envoi_sasl_mechanism *added = find_added(context, name);
	return added != NULL ? added : find_built_in(name);
}

const struct envoi_sasl_mechanism *envoi_sasl_next(struct envoi_context *context, size_t *position)
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
	const struct envoi__sasl_part *part = ENVOI_CONTAINER_OF(
		base, struct envoi__sasl_part, base);
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

int envoi__sasl_copy_text(struct envoi_context *context, char **ret_copy, const char *text)
{
	if (text == NULL) {
		return ENVOI_OK;
	}
	*ret_copy = envoi_strndup(context, text, strlen(text));
	return *ret_copy == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

void envoi__sasl_exchange_init(struct envoi_sasl_exchange *exchange,
	const struct envoi_sasl_exchange_impl *impl, const struct envoi_sasl_mechanism *mechanism,
	struct envoi_context *context, enum envoi_role role)
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

static bool goes_on(const struct envoi_sasl_exchange *exchange)
{
	return exchange->ended > 0;
}

int envoi_sasl_step(
	struct envoi_sasl_exchange *exchange, const void *in, size_t len, struct envoi_buffer *out)
{
	if (!goes_on(exchange)) {
		return ENVOI_ERR_STATE;
	}
	size_t before = envoi_buffer_len(out);
	exchange->ended = exchange->impl->step(exchange, in, len, out);
	if (exchange->ended < 0) {
		envoi_buffer_truncate(out, before);
	}
	return exchange->ended;
}

int envoi_sasl_give_password(struct envoi_sasl_exchange *exchange, const char *password)
{
	return exchange->ended == ENVOI_SASL_NEEDS_PASSWORD && exchange->impl->give_password != NULL
		? exchange->impl->give_password(exchange, password)
		: ENVOI_ERR_STATE;
}

const char *envoi_sasl_problem(const struct envoi_sasl_exchange *exchange)
{
	return exchange->impl->problem != NULL ? exchange->impl->problem(exchange) : NULL;
}

int envoi_sasl_get_keys(
	const struct envoi_sasl_exchange *exchange, struct envoi_sasl_keys *ret_keys)
{
	if (exchange->ended != ENVOI_OK || exchange->role != ENVOI_INITIATOR) {
		return ENVOI_ERR_STATE;
	}
	return exchange->impl->get_keys != NULL ? exchange->impl->get_keys(exchange, ret_keys)
						: ENVOI_ERR_NOT_FOUND;
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
