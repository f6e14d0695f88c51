/*
 * envoi - the certificates that a peer presents, and the path among them
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_chain.h"

#include <envoi/error.h>

#include "tls/tls_period.h"

enum {
	LONGEST_KEY_BITS = 8192,
	LONGEST_EXPONENT_BYTES = 9, /* 64 bits, with the sign */
};

/* --- reading --- */

/* With a modulus and an exponent made for it, one signature takes seconds. */
static bool is_costly(gnutls_x509_crt_t certificate)
{
	unsigned int bits = 0;
	int kind = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);
	gnutls_datum_t modulus, exponent;
	bool is_long = false;
	if (kind >= 0 && gnutls_x509_crt_get_pk_rsa_raw(certificate, &modulus, &exponent) == 0) {
		is_long = exponent.size > LONGEST_EXPONENT_BYTES;
		gnutls_free(modulus.data);
		gnutls_free(exponent.data);
	}
	return bits > LONGEST_KEY_BITS || is_long;
}

bool envoi__tls_session_is_costly(gnutls_session_t session)
{
	unsigned int count = 0;
	bool is_any = false;
	const gnutls_datum_t *ders = gnutls_certificate_get_peers(session, &count);
	count = ders == NULL ? 0 : count;
	for (unsigned int i = 0; i < count && i < ENVOI__TLS_CHAIN_MAX && !is_any; i++) {
		gnutls_x509_crt_t certificate;
		if (gnutls_x509_crt_init(&certificate) < 0) {
			return true;
		}
		is_any = gnutls_x509_crt_import(certificate, &ders[i], GNUTLS_X509_FMT_DER) == 0 &&
			is_costly(certificate);
		gnutls_x509_crt_deinit(certificate);
	}
	return is_any;
}

static int import_one(struct envoi__tls_chain *chain, const gnutls_datum_t *der,
	enum envoi__tls_chain_fault *ret_fault)
{
	gnutls_x509_crt_t certificate;
	if (gnutls_x509_crt_init(&certificate) < 0) {
		return ENVOI_ERR_NOMEM;
	}
	chain->presented[chain->count++] = certificate;
	if (gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) < 0) {
		*ret_fault = ENVOI__TLS_CHAIN_UNREADABLE;
		return ENVOI_ERR_CERTIFICATE;
	}
	if (is_costly(certificate)) {
		*ret_fault = ENVOI__TLS_CHAIN_COSTLY;
		return ENVOI_ERR_CERTIFICATE;
	}
	return ENVOI_OK;
}

int envoi__tls_chain_import(struct envoi__tls_chain *chain, const gnutls_datum_t *ders,
	unsigned int count, enum envoi__tls_chain_fault *ret_fault)
{
	if (count == 0 || count > ENVOI__TLS_CHAIN_MAX) {
		*ret_fault = count == 0 ? ENVOI__TLS_CHAIN_EMPTY : ENVOI__TLS_CHAIN_LONG;
		return ENVOI_ERR_CERTIFICATE;
	}
	int r = ENVOI_OK;
	for (unsigned int i = 0; r == ENVOI_OK && i < count; i++) {
		r = import_one(chain, &ders[i], ret_fault);
	}
	return r;
}

void envoi__tls_chain_finish(struct envoi__tls_chain *chain)
{
	for (unsigned int i = 0; i < chain->count; i++) {
		gnutls_x509_crt_deinit(chain->presented[i]);
	}
	*chain = (struct envoi__tls_chain){0};
}

/* --- the path --- */

/* A certification authority may be trusted by several certificates, an old and a new one. */
static bool has_valid_root(
	gnutls_x509_trust_list_t trust, gnutls_x509_crt_t subject, int64_t now_ms)
{
	gnutls_x509_trust_list_iter_t at = NULL;
	gnutls_x509_crt_t authority;
	bool is_found = false;
	while (!is_found && gnutls_x509_trust_list_iter_get_ca(trust, &at, &authority) == 0) {
		is_found = gnutls_x509_crt_check_issuer(subject, authority) == 1 &&
			envoi__tls_is_valid_at(authority, now_ms);
		gnutls_x509_crt_deinit(authority);
	}
	gnutls_x509_trust_list_iter_deinit(at);
	return is_found;
}

static void find_root(
	struct envoi__tls_chain *chain, gnutls_x509_trust_list_t trust, int64_t now_ms)
{
	gnutls_x509_crt_t end = chain->path[chain->path_len - 1];
	chain->is_rooted = gnutls_x509_trust_list_get_issuer(trust, end, &chain->root, 0) == 0;
	chain->is_root_valid = chain->is_rooted &&
		(envoi__tls_is_valid_at(chain->root, now_ms) || has_valid_root(trust, end, now_ms));
}

/* Certificates that are not on the path yet and by their names may have issued its end. */
struct candidates {
	gnutls_x509_crt_t issuers[ENVOI__TLS_CHAIN_MAX];
	unsigned int count;
};

static bool is_among(const gnutls_x509_crt_t *some, unsigned int count, gnutls_x509_crt_t one)
{
	bool is_found = false;
	for (unsigned int i = 0; i < count && !is_found; i++) {
		is_found = some[i] == one || gnutls_x509_crt_equals(some[i], one) != 0;
	}
	return is_found;
}

static void collect(const struct envoi__tls_chain *chain, struct candidates *candidates)
{
	gnutls_x509_crt_t end = chain->path[chain->path_len - 1];
	for (unsigned int i = 1; i < chain->count; i++) {
		gnutls_x509_crt_t one = chain->presented[i];
		bool is_root = chain->is_rooted && is_among(&chain->root, 1, one);
		if (!is_root && gnutls_x509_crt_check_issuer(end, one) == 1 &&
			!is_among(chain->path, chain->path_len, one) &&
			!is_among(candidates->issuers, candidates->count, one)) {
			candidates->issuers[candidates->count++] = one;
		}
	}
}

static bool has_signed(
	struct envoi__tls_chain *chain, gnutls_x509_crt_t issuer, gnutls_x509_crt_t subject)
{
	unsigned int status;
	return chain->signature_checks++ < ENVOI__TLS_CHAIN_MAX &&
		gnutls_x509_crt_verify(
			subject, &issuer, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) == 0 &&
		status == 0;
}

/* @return the next one up; NULL: the path ends */
static gnutls_x509_crt_t next_issuer(struct envoi__tls_chain *chain)
{
	gnutls_x509_crt_t end = chain->path[chain->path_len - 1];
	struct candidates candidates = {.count = 0};
	collect(chain, &candidates);
	bool is_choice = candidates.count + (chain->is_rooted ? 1 : 0) > 1;
	if (candidates.count == 0 ||
		(chain->is_root_valid && has_signed(chain, chain->root, end))) {
		return NULL;
	}
	for (unsigned int i = 0; is_choice && i < candidates.count; i++) {
		if (has_signed(chain, candidates.issuers[i], end)) {
			return candidates.issuers[i];
		}
	}
	return chain->is_rooted ? NULL : candidates.issuers[0];
}

void envoi__tls_chain_find_path(
	struct envoi__tls_chain *chain, gnutls_x509_trust_list_t trust, int64_t now_ms)
{
	gnutls_x509_crt_t next = chain->presented[0];
	while (next != NULL) {
		chain->path[chain->path_len++] = next;
		find_root(chain, trust, now_ms);
		bool is_self_issued = gnutls_x509_crt_check_issuer(next, next) == 1;
		next = is_self_issued ? NULL : next_issuer(chain);
	}
}
