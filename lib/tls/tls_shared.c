/*
 * envoi - TLS: what the connections of a context share
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_shared.h"

#include "base/context.h"

struct shared_priorities {
	struct shared_priorities *next;
	const char *text;
	gnutls_priority_t parsed;
};

struct shared_part {
	struct envoi__part base;
	struct envoi_context *context; /* borrowed: it owns the part */
	struct shared_priorities *priorities;
	gnutls_certificate_credentials_t credentials; /* NULL: not made yet */
};

static void destroy_part(struct envoi__part *base)
{
	struct shared_part *part = ENVOI_CONTAINER_OF(base, struct shared_part, base);
	while (part->priorities != NULL) {
		struct shared_priorities *next = part->priorities->next;
		gnutls_priority_deinit(part->priorities->parsed);
		envoi_free(part->context, part->priorities);
		part->priorities = next;
	}
	if (part->credentials != NULL) {
		gnutls_certificate_free_credentials(part->credentials);
	}
	envoi_free(part->context, part);
}

static struct shared_part *part_of(struct envoi_context *context)
{
	struct envoi__part *base = context->parts[ENVOI__PART_TLS];
	if (base != NULL) {
		return ENVOI_CONTAINER_OF(base, struct shared_part, base);
	}
	struct shared_part *part = envoi_alloc_zeroed(context, sizeof(*part));
	if (part != NULL) {
		part->base.destroy = destroy_part;
		part->context = context;
		context->parts[ENVOI__PART_TLS] = &part->base;
	}
	return part;
}

static struct shared_priorities *parse(struct shared_part *part, const char *text)
{
	struct shared_priorities *priorities = envoi_alloc(part->context, sizeof(*priorities));
	if (priorities == NULL || gnutls_priority_init(&priorities->parsed, text, NULL) < 0) {
		envoi_free(part->context, priorities);
		return NULL;
	}
	priorities->text = text;
	priorities->next = part->priorities;
	part->priorities = priorities;
	return priorities;
}

gnutls_priority_t envoi__tls_shared_priorities(struct envoi_context *context, const char *text)
{
	struct shared_part *part = part_of(context);
	if (part == NULL) {
		return NULL;
	}
	struct shared_priorities *at = part->priorities;
	while (at != NULL && at->text != text) {
		at = at->next;
	}
	at = at != NULL ? at : parse(part, text);
	return at == NULL ? NULL : at->parsed;
}

gnutls_certificate_credentials_t envoi__tls_shared_credentials(struct envoi_context *context)
{
	struct shared_part *part = part_of(context);
	if (part == NULL) {
		return NULL;
	}
	if (part->credentials == NULL &&
		gnutls_certificate_allocate_credentials(&part->credentials) < 0) {
		part->credentials = NULL;
	}
	return part->credentials;
}
