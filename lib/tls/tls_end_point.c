/*
 * envoi - TLS: the channel binding tls-server-end-point (RFC 5929, section 4)
 * SPDX-License-Identifier: MIT
 */
/* GnuTLS would also give one for EdDSA, where the RFC defines none and other libraries differ. */
#include "tls/tls_end_point.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include <envoi/error.h>

enum {
	LARGEST_HASH = 64,
};

static gnutls_digest_algorithm_t hash_of(gnutls_sign_algorithm_t signature)
{
	if (signature == GNUTLS_SIGN_EDDSA_ED25519 || signature == GNUTLS_SIGN_EDDSA_ED448) {
		return GNUTLS_DIG_UNKNOWN;
	}
	gnutls_digest_algorithm_t hash = gnutls_sign_get_hash_algorithm(signature);
	return hash == GNUTLS_DIG_MD5 || hash == GNUTLS_DIG_SHA1 ? GNUTLS_DIG_SHA256 : hash;
}

static int signature_of(const gnutls_datum_t *certificate, gnutls_sign_algorithm_t *ret_signature)
{
	gnutls_x509_crt_t crt;
	if (gnutls_x509_crt_init(&crt) < 0) {
		return ENVOI_ERR_NOMEM;
	}
	int r = gnutls_x509_crt_import(crt, certificate, GNUTLS_X509_FMT_DER);
	if (r == 0) {
		r = gnutls_x509_crt_get_signature_algorithm(crt);
	}
	gnutls_x509_crt_deinit(crt);
	if (r < 0) {
		return r == GNUTLS_E_MEMORY_ERROR ? ENVOI_ERR_NOMEM : ENVOI_ERR_UNSUPPORTED;
	}
	*ret_signature = (gnutls_sign_algorithm_t)r;
	return ENVOI_OK;
}

int envoi__tls_end_point(const gnutls_datum_t *certificate, struct envoi_buffer *out)
{
	gnutls_sign_algorithm_t signature;
	int r = signature_of(certificate, &signature);
	if (r < 0) {
		return r;
	}
	unsigned char data[LARGEST_HASH];
	gnutls_digest_algorithm_t hash = hash_of(signature);
	unsigned int len = hash != GNUTLS_DIG_UNKNOWN ? gnutls_hash_get_len(hash) : 0;
	if (len == 0 || len > sizeof(data) ||
		gnutls_hash_fast(hash, certificate->data, certificate->size, data) < 0) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	return envoi_buffer_append(out, data, len);
}
