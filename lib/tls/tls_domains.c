/*
 * envoi - TLS: the certificates of a receiver, by domain
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_domains.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/error.h>

#include "tls/tls_file.h"
#include "tls/tls_identity.h"
#include "tls/tls_own.h"

struct envoi__tls_domain {
	struct envoi__tls_domain *next;
	struct envoi__tls_name name; /* no text: for names without a certificate */
	char *cert_file, *key_file;
	struct envoi__tls_file_id cert_id, key_id; /* when they were last read */
	int64_t checked_ms; /* wall clock */
	struct envoi__tls_pair *pair;
};

/* --- a certificate with its key --- */

void envoi__tls_pair_unref(struct envoi__tls_pair *pair)
{
	if (pair != NULL && --pair->references == 0) {
		if (pair->credentials != NULL) {
			gnutls_certificate_free_credentials(pair->credentials);
		}
		envoi_free(pair->context, pair);
	}
}

/* The key cannot be encrypted: a server begins without a person who knows a password. */
static int load(struct envoi__tls_pair *pair, const char *cert_file, const char *key_file)
{
	if (gnutls_certificate_allocate_credentials(&pair->credentials) < 0) {
		pair->credentials = NULL;
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi__tls_own_load(pair->credentials, pair->context, cert_file, key_file, NULL);
	if (r == ENVOI_AGAIN) {
		envoi_log(pair->context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS, "%s: the key is encrypted",
			key_file);
		return ENVOI_ERR_CERTIFICATE;
	}
	return r;
}

static int new_pair(struct envoi__tls_pair **ret_pair, struct envoi_context *context,
	const char *cert_file, const char *key_file)
{
	struct envoi__tls_pair *pair = envoi_alloc_zeroed(context, sizeof(*pair));
	if (pair == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	pair->references = 1;
	pair->context = context;
	int r = load(pair, cert_file, key_file);
	if (r < 0) {
		envoi__tls_pair_unref(pair);
		return r;
	}
	*ret_pair = pair;
	return ENVOI_OK;
}

/* --- reading --- */

static bool is_for(const struct envoi__tls_domain *domain)
{
	gnutls_datum_t der;
	gnutls_x509_crt_t certificate;
	if (gnutls_certificate_get_crt_raw(domain->pair->credentials, 0, 0, &der) < 0 ||
		gnutls_x509_crt_init(&certificate) < 0) {
		return true;
	}
	bool is_found = gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) < 0 ||
		envoi__tls_name_find(&domain->name, certificate, NULL) != ENVOI__TLS_NO_MATCH;
	gnutls_x509_crt_deinit(certificate);
	return is_found;
}

static void warn_of_name(struct envoi_context *context, const struct envoi__tls_domain *domain)
{
	if (domain->name.ascii != NULL && !is_for(domain)) {
		envoi_log(context, ENVOI_LOG_WARNING, ENVOI_LOG_TLS,
			"%s: the certificate is not for %s: clients will refuse it",
			domain->cert_file, domain->name.ascii);
	}
}

/* Without memory or descriptors nothing is known of the files: they count as changed. */
static void forget_files(struct envoi__tls_domain *domain)
{
	domain->cert_id = domain->key_id = (struct envoi__tls_file_id){0};
}

static int read_files(struct envoi_context *context, struct envoi__tls_domain *domain)
{
	struct envoi__tls_pair *pair;
	int r = new_pair(&pair, context, domain->cert_file, domain->key_file);
	if (r == ENVOI_ERR_NOMEM || r == ENVOI_ERR_SYSTEM) {
		forget_files(domain);
	}
	if (r < 0) {
		return r;
	}
	envoi__tls_pair_unref(domain->pair);
	domain->pair = pair;
	warn_of_name(context, domain);
	return ENVOI_OK;
}

/* A file that is missing has no identity. @return whether one has changed */
static bool look(struct envoi_context *context, struct envoi__tls_domain *domain)
{
	struct envoi__tls_file_id cert_id, key_id;
	int cert_code = envoi__tls_file_identify(&cert_id, domain->cert_file);
	int key_code = envoi__tls_file_identify(&key_id, domain->key_file);
	bool has_changed = !envoi__tls_file_is_same(&cert_id, &domain->cert_id) ||
		!envoi__tls_file_is_same(&key_id, &domain->key_id);
	domain->cert_id = cert_id;
	domain->key_id = key_id;
	domain->checked_ms = envoi_context_wall_clock_ms(context);
	if (has_changed && cert_code != 0) {
		envoi__tls_file_log(context, domain->cert_file, cert_code);
	}
	if (has_changed && key_code != 0) {
		envoi__tls_file_log(context, domain->key_file, key_code);
	}
	return has_changed && cert_code == 0 && key_code == 0;
}

/* Files that were read half written change again, and are read again. */
static void refresh(struct envoi_context *context, struct envoi__tls_domain *domain)
{
	if (!envoi__tls_file_is_due(context, domain->checked_ms) || !look(context, domain)) {
		return;
	}
	if (read_files(context, domain) == ENVOI_OK) {
		envoi_log(context, ENVOI_LOG_INFO, ENVOI_LOG_TLS,
			"%s has changed and was read again", domain->cert_file);
	} else {
		envoi_log(context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS,
			"%s has changed and cannot be used: the earlier certificate is kept",
			domain->cert_file);
	}
}

int envoi__tls_domains_reload(struct envoi__tls_domains *domains)
{
	int first = ENVOI_OK;
	for (struct envoi__tls_domain *at = domains->first; at != NULL; at = at->next) {
		look(domains->context, at);
		int r = read_files(domains->context, at);
		first = first == ENVOI_OK ? r : first;
	}
	return first;
}

/* --- the list --- */

static void free_domain(struct envoi_context *context, struct envoi__tls_domain *domain)
{
	envoi__tls_name_finish(&domain->name);
	envoi_free(context, domain->cert_file);
	envoi_free(context, domain->key_file);
	envoi__tls_pair_unref(domain->pair);
	envoi_free(context, domain);
}

/* @param ascii  NULL: for names without a certificate
 * @return the link to its certificate; to NULL: it has none */
static struct envoi__tls_domain **find(struct envoi__tls_domains *domains, const char *ascii)
{
	struct envoi__tls_domain **link = &domains->first;
	while (*link != NULL &&
		(ascii == NULL || (*link)->name.ascii == NULL
				? (*link)->name.ascii != ascii
				: strcmp((*link)->name.ascii, ascii) != 0)) {
		link = &(*link)->next;
	}
	return link;
}

static int copy_files(struct envoi_context *context, struct envoi__tls_domain *domain,
	const char *cert_file, const char *key_file)
{
	key_file = key_file != NULL ? key_file : cert_file;
	domain->cert_file = envoi_strndup(context, cert_file, strlen(cert_file));
	domain->key_file = envoi_strndup(context, key_file, strlen(key_file));
	return domain->cert_file == NULL || domain->key_file == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

static int fill(struct envoi__tls_domains *domains, struct envoi__tls_domain *domain,
	const char *name, const char *cert_file, const char *key_file)
{
	struct envoi_context *context = domains->context;
	int r = name != NULL ? envoi__tls_name_init(&domain->name, context, name) : ENVOI_OK;
	if (r == ENVOI_OK && *find(domains, domain->name.ascii) != NULL) {
		r = ENVOI_ERR_EXISTS;
	}
	if (r == ENVOI_OK) {
		r = copy_files(context, domain, cert_file, key_file);
	}
	if (r == ENVOI_OK) {
		look(context, domain);
		r = read_files(context, domain);
	}
	return r;
}

int envoi__tls_domains_add(struct envoi__tls_domains *domains, const char *name,
	const char *cert_file, const char *key_file)
{
	struct envoi_context *context = domains->context;
	struct envoi__tls_domain *domain = envoi_alloc_zeroed(context, sizeof(*domain));
	if (domain == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = fill(domains, domain, name, cert_file, key_file);
	if (r < 0) {
		free_domain(context, domain);
		return r;
	}
	struct envoi__tls_domain **end = &domains->first;
	while (*end != NULL) {
		end = &(*end)->next;
	}
	*end = domain;
	return ENVOI_OK;
}

void envoi__tls_domains_finish(struct envoi__tls_domains *domains)
{
	while (domains->first != NULL) {
		struct envoi__tls_domain *domain = domains->first;
		domains->first = domain->next;
		free_domain(domains->context, domain);
	}
}

/* --- choosing --- */

/* @param[out] ret_domain  NULL: none is for the name */
static int find_by_name(
	struct envoi__tls_domains *domains, const char *text, struct envoi__tls_domain **ret_domain)
{
	struct envoi__tls_name name;
	*ret_domain = NULL;
	if (text == NULL) {
		return ENVOI_OK;
	}
	int r = envoi__tls_name_init(&name, domains->context, text);
	if (r == ENVOI_OK) {
		*ret_domain = *find(domains, name.ascii);
	}
	envoi__tls_name_finish(&name);
	return r == ENVOI_ERR_NOMEM ? r : ENVOI_OK;
}

static struct envoi__tls_domain *for_other_names(struct envoi__tls_domains *domains)
{
	struct envoi__tls_domain *domain = *find(domains, NULL);
	return domain != NULL ? domain : domains->first;
}

int envoi__tls_domains_choose(struct envoi__tls_domains *domains, const char *const names[2],
	struct envoi__tls_pair **ret_pair)
{
	struct envoi__tls_domain *domain = NULL;
	int r = find_by_name(domains, names[0], &domain);
	if (r == ENVOI_OK && domain == NULL) {
		r = find_by_name(domains, names[1], &domain);
	}
	if (r < 0) {
		return r;
	}
	domain = domain != NULL ? domain : for_other_names(domains);
	if (domain == NULL) {
		return ENVOI_ERR_NOT_FOUND;
	}
	refresh(domains->context, domain);
	*ret_pair = domain->pair;
	return ENVOI_OK;
}
