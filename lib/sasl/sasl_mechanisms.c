/*
 * envoi - SASL: the table of mechanisms
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sasl/sasl.h"

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
 * The strongest first. Channel binding counts more than the hash: it stops a man in the middle who
 * has a valid certificate. DIGEST-MD5, CRAM-MD5, NTLM, LOGIN and GSSAPI are for servers that offer
 * nothing better; they are used only where sasl.mechanisms names them. Their messages contain the
 * password, or make guessing it easy, so that they are limited to verified TLS; GSSAPI blocks on
 * Kerberos.
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
		.start = envoi__sasl_external_start,
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
	if (name == NULL) {
		return NULL;
	}
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

/* --- channel bindings --- */

int envoi__sasl_binding_rank(const char *binding)
{
	static const char *const ranks[][2] = {
		{"tls-server-end-point",
			NULL}, /* no protection from one who has the server's key (XEP-0440) */
		{"tls-exporter", "tls-unique"},
	};
	for (size_t i = 0; binding != NULL && i < sizeof(ranks) / sizeof(ranks[0]); i++) {
		for (size_t j = 0; j < 2 && ranks[i][j] != NULL; j++) {
			if (strcmp(binding, ranks[i][j]) == 0) {
				return (int)i + 1;
			}
		}
	}
	return 0;
}
