/*
 * envoi - TLS: a certificate of our own
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "crypto/tls_config.h"
#include "crypto/tls_identity.h"

static int load(gnutls_datum_t *ret_data, struct envoi_context *context, const char *file)
{
	int r = gnutls_load_file(file, ret_data);
	if (r < 0) {
		envoi_log(context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS, "%s: %s", file,
			gnutls_strerror(r));
		return r == GNUTLS_E_MEMORY_ERROR ? ENVOI_ERR_NOMEM : ENVOI_ERR_SYSTEM;
	}
	return ENVOI_OK;
}

/* It may hold a key. */
static void wipe(gnutls_datum_t *data)
{
	if (data->data != NULL) {
		gnutls_memset(data->data, 0, data->size);
		gnutls_free(data->data);
	}
}

/* DER begins with a long SEQUENCE, PEM is text. */
static bool is_der(const gnutls_datum_t *data)
{
	return data->size > 1 && data->data[0] == 0x30 && data->data[1] >= 0x80;
}

static int put(struct envoi_tls_config *config, const gnutls_datum_t *certificate,
	const gnutls_datum_t *key, const char *password)
{
	if (is_der(certificate)) {
		return gnutls_certificate_set_x509_simple_pkcs12_mem(config->credentials,
			certificate, GNUTLS_X509_FMT_DER, password);
	}
	return gnutls_certificate_set_x509_key_mem2(
		config->credentials, certificate, key, GNUTLS_X509_FMT_PEM, password, 0);
}

static int outcome(struct envoi_context *context, const char *file, int code, const char *password)
{
	switch (code) {
	case GNUTLS_E_MEMORY_ERROR:
		return ENVOI_ERR_NOMEM;
	case GNUTLS_E_DECRYPTION_FAILED:
	case GNUTLS_E_MAC_VERIFY_FAILED:
	case GNUTLS_E_INVALID_PASSWORD:
		return password == NULL ? ENVOI_AGAIN : ENVOI_ERR_AUTH;
	default:
		envoi_log(context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS, "%s: %s", file,
			gnutls_strerror(code));
		return ENVOI_ERR_CERTIFICATE;
	}
}

static int note_address(struct envoi_tls_config *config)
{
	gnutls_datum_t der;
	gnutls_x509_crt_t certificate;
	if (gnutls_certificate_get_crt_raw(config->credentials, 0, 0, &der) < 0) {
		return ENVOI_ERR_CERTIFICATE;
	}
	if (gnutls_x509_crt_init(&certificate) < 0) {
		return ENVOI_ERR_NOMEM;
	}
	int r = ENVOI_ERR_CERTIFICATE;
	if (gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) == 0) {
		r = envoi__tls_only_address(&config->own_address, config->context, certificate);
	}
	gnutls_x509_crt_deinit(certificate);
	return r;
}

int envoi_tls_config_show(struct envoi_tls_config *config, const char *cert_file,
	const char *key_file, const char *password)
{
	struct envoi_context *context = config->context;
	gnutls_datum_t certificate = {0}, key = {0};
	if (!config->is_initiator || config->has_own) {
		return config->has_own ? ENVOI_ERR_STATE : ENVOI_ERR_INVALID;
	}
	int r = load(&certificate, context, cert_file);
	if (r == ENVOI_OK && key_file != NULL) {
		r = load(&key, context, key_file);
	}
	if (r == ENVOI_OK) {
		int put_in = put(config, &certificate, key_file != NULL ? &key : &certificate, password);
		r = put_in < 0 ? outcome(context, key_file != NULL ? key_file : cert_file, put_in,
					 password)
			       : note_address(config);
		config->has_own = put_in >= 0;
	}
	wipe(&certificate);
	wipe(&key);
	return r;
}
