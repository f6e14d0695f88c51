/*
 * envoi - TLS: stores of trusted authorities
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_store.h"

#include <string.h>

#include <envoi/error.h>

#include "base/context.h"
#include "tls/tls_file.h"

struct envoi__tls_store {
	struct envoi__tls_store *next;
	struct envoi_context *context; /* borrowed: the owner of each reference has one */
	unsigned int references; /* one is the context's */
	uint64_t serial;
	gnutls_x509_trust_list_t list;
	int count;
	bool has_system;
	struct envoi__tls_file_id id; /* of the file when it was read */
	char ca_file[]; /* "": none */
};

struct store_part {
	struct envoi__part base;
	struct envoi_context *context; /* borrowed: it owns the part */
	struct envoi__tls_store *stores;
	uint64_t next_serial;
};

/* --- life --- */

void envoi__tls_store_unref(struct envoi__tls_store *store)
{
	if (store != NULL && --store->references == 0) {
		gnutls_x509_trust_list_deinit(store->list, 1);
		envoi_free(store->context, store);
	}
}

static void destroy_part(struct envoi__part *base)
{
	struct store_part *part = ENVOI_CONTAINER_OF(base, struct store_part, base);
	while (part->stores != NULL) {
		struct envoi__tls_store *store = part->stores;
		part->stores = store->next;
		envoi__tls_store_unref(store);
	}
	envoi_free(part->context, part);
}

static struct store_part *part_of(struct envoi_context *context)
{
	struct envoi__part *base = context->parts[ENVOI__PART_TRUST];
	if (base != NULL) {
		return ENVOI_CONTAINER_OF(base, struct store_part, base);
	}
	struct store_part *part = envoi_alloc_zeroed(context, sizeof(*part));
	if (part != NULL) {
		part->base.destroy = destroy_part;
		part->context = context;
		context->parts[ENVOI__PART_TRUST] = &part->base;
	}
	return part;
}

/* --- the file --- */

static int failure_of(struct envoi_context *context, const char *file, int code)
{
	envoi_log(context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS, "%s: %s", file, gnutls_strerror(code));
	switch (code) {
	case GNUTLS_E_MEMORY_ERROR:
		return ENVOI_ERR_NOMEM;
	case GNUTLS_E_FILE_ERROR:
		return ENVOI_ERR_SYSTEM;
	default:
		return ENVOI_ERR_CERTIFICATE;
	}
}

/* @return number of certificates in the file, or an error code */
static int load_file(struct envoi_context *context, gnutls_x509_trust_list_t list, const char *file)
{
	int count = gnutls_x509_trust_list_add_trust_file(
		list, file, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (count == 0) {
		count = GNUTLS_E_NO_CERTIFICATE_FOUND;
	}
	return count < 0 ? failure_of(context, file, count) : count;
}

/* --- making --- */

static int fill(struct envoi__tls_store *store)
{
	int count = 0;
	if (store->ca_file[0] != '\0') {
		count = load_file(store->context, store->list, store->ca_file);
		if (count < 0) {
			return count;
		}
	}
	if (store->has_system) {
		int more = gnutls_x509_trust_list_add_system_trust(store->list, 0, 0);
		if (more == GNUTLS_E_MEMORY_ERROR) {
			return ENVOI_ERR_NOMEM;
		}
		count += more > 0 ? more : 0;
	}
	store->count = count;
	envoi_log(store->context, ENVOI_LOG_INFO, ENVOI_LOG_TLS,
		"%d certification authorities are trusted", count);
	return ENVOI_OK;
}

static int load_store(struct envoi__tls_store **ret_store, struct store_part *part,
	const struct envoi__tls_file_id *id, const char *ca_file, bool has_system)
{
	size_t len = strlen(ca_file);
	struct envoi__tls_store *store = envoi_alloc_zeroed(
		part->context, sizeof(*store) + len + 1);
	if (store == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (gnutls_x509_trust_list_init(&store->list, 0) < 0) {
		envoi_free(part->context, store);
		return ENVOI_ERR_NOMEM;
	}
	memcpy(store->ca_file, ca_file, len);
	store->context = part->context;
	store->references = 1;
	store->serial = part->next_serial++;
	store->has_system = has_system;
	store->id = *id;
	int r = fill(store);
	if (r < 0) {
		envoi__tls_store_unref(store);
		return r;
	}
	*ret_store = store;
	return ENVOI_OK;
}

/* --- finding --- */

/* @return the link to the store kept for these sources; to NULL: there is none */
static struct envoi__tls_store **find(struct store_part *part, const char *ca_file, bool has_system)
{
	struct envoi__tls_store **link = &part->stores;
	while (*link != NULL &&
		((*link)->has_system != has_system || strcmp((*link)->ca_file, ca_file) != 0)) {
		link = &(*link)->next;
	}
	return link;
}

static void drop(struct envoi__tls_store **link)
{
	struct envoi__tls_store *store = *link;
	*link = store->next;
	envoi__tls_store_unref(store);
}

static int identify(
	struct envoi__tls_file_id *ret_id, struct envoi_context *context, const char *file)
{
	int code = envoi__tls_file_identify(ret_id, file);
	if (code != 0) {
		envoi__tls_file_log(context, file, code);
	}
	return code != 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

int envoi__tls_store_get(struct envoi__tls_store **ret_store, struct envoi_context *context,
	const char *ca_file, bool has_system)
{
	struct store_part *part = part_of(context);
	struct envoi__tls_file_id id;
	if (part == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	ca_file = ca_file == NULL ? "" : ca_file;
	struct envoi__tls_store **link = find(part, ca_file, has_system);
	int r = identify(&id, context, ca_file);
	if (*link != NULL && (r < 0 || !envoi__tls_file_is_same(&id, &(*link)->id))) {
		drop(link);
		link = find(part, ca_file, has_system);
	}
	if (r == ENVOI_OK && *link == NULL) {
		r = load_store(link, part, &id, ca_file, has_system);
	}
	if (r < 0) {
		return r;
	}
	(*link)->references++;
	*ret_store = *link;
	return ENVOI_OK;
}

/* --- asking --- */

gnutls_x509_trust_list_t envoi__tls_store_list(const struct envoi__tls_store *store)
{
	return store->list;
}

int envoi__tls_store_count(const struct envoi__tls_store *store)
{
	return store->count;
}

uint64_t envoi__tls_store_serial(const struct envoi__tls_store *store)
{
	return store->serial;
}
