/*
 * envoi - TLS: a certificate of our own
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/pkcs12.h>

#include <envoi/buffer.h>
#include <envoi/context.h>

#include "tls/tls_config.h"
#include "tls/tls_identity.h"
#include "tls/tls_own.h"

enum {
	LARGEST_FILE = 1 << 20,
};

/* --- files --- */

static int read_all(struct envoi_buffer *data, int fd)
{
	ssize_t got;
	do {
		char *room;
		int r = envoi_buffer_reserve(data, 4096, &room);
		if (r < 0) {
			return r == ENVOI_ERR_FULL ? ENVOI_ERR_CERTIFICATE : r;
		}
		got = read(fd, room, 4096);
		if (got > 0) {
			envoi_buffer_commit(data, (size_t)got);
		}
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

/* It may hold a key, so that neither stdio nor GnuTLS reads it: they would leave copies. */
static int load(struct envoi_buffer *data, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	int r = fd >= 0 ? read_all(data, fd) : ENVOI_ERR_SYSTEM;
	if (r < 0) {
		envoi_log(data->context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS, "%s: %s", file,
			r == ENVOI_ERR_SYSTEM ? strerror(errno) : envoi_error_text(r));
	}
	if (fd >= 0) {
		close(fd);
	}
	return r;
}

static gnutls_datum_t datum_of(const struct envoi_buffer *data)
{
	return (gnutls_datum_t){
		(unsigned char *)data->data + data->start, (unsigned int)envoi_buffer_len(data)};
}

/* DER begins with a long SEQUENCE, PEM is text. */
static bool is_der(const gnutls_datum_t *data)
{
	return data->size > 1 && data->data[0] == 0x30 && data->data[1] >= 0x80;
}

/* --- what is in them --- */

/* A certificate, those of its issuers, and its key. */
struct own {
	gnutls_x509_crt_t *chain; /* of GnuTLS's memory */
	unsigned int count;
	gnutls_x509_privkey_t key;
};

static void own_finish(struct own *own)
{
	for (unsigned int i = 0; i < own->count; i++) {
		gnutls_x509_crt_deinit(own->chain[i]);
	}
	gnutls_free(own->chain);
	if (own->key != NULL) {
		gnutls_x509_privkey_deinit(own->key);
	}
}

static int read_pem(struct own *own, const gnutls_datum_t *certificate, const gnutls_datum_t *key,
	const char *password)
{
	int r = gnutls_x509_crt_list_import2(&own->chain, &own->count, certificate,
		GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);
	if (r >= 0) {
		r = gnutls_x509_privkey_init(&own->key);
	}
	return r < 0 ? r
		     : gnutls_x509_privkey_import2(own->key, key, GNUTLS_X509_FMT_PEM, password, 0);
}

static int read_pkcs12(struct own *own, const gnutls_datum_t *file, const char *password)
{
	gnutls_pkcs12_t pkcs12;
	int r = gnutls_pkcs12_init(&pkcs12);
	if (r < 0) {
		return r;
	}
	r = gnutls_pkcs12_import(pkcs12, file, GNUTLS_X509_FMT_DER, 0);
	if (r >= 0) {
		r = gnutls_pkcs12_verify_mac(pkcs12, password);
	}
	if (r >= 0) {
		r = gnutls_pkcs12_simple_parse(
			pkcs12, password, &own->key, &own->chain, &own->count, NULL, NULL, NULL, 0);
	}
	gnutls_pkcs12_deinit(pkcs12);
	return r >= 0 && own->chain == NULL ? GNUTLS_E_NO_CERTIFICATE_FOUND : r;
}

/* Not with GnuTLS's functions for the whole, which would keep the password in the credentials. */
static int put(gnutls_certificate_credentials_t credentials, const gnutls_datum_t *certificate,
	const gnutls_datum_t *key, const char *password)
{
	struct own own = {.chain = NULL};
	int r = is_der(certificate) ? read_pkcs12(&own, certificate, password)
				    : read_pem(&own, certificate, key, password);
	if (r >= 0) {
		r = gnutls_certificate_set_x509_key(
			credentials, own.chain, (int)own.count, own.key);
	}
	own_finish(&own);
	return r;
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

int envoi__tls_own_load(gnutls_certificate_credentials_t credentials, struct envoi_context *context,
	const char *cert_file, const char *key_file, const char *password)
{
	struct envoi_buffer certificate, key;
	envoi_buffer_init(&certificate, context, LARGEST_FILE);
	envoi_buffer_init(&key, context, LARGEST_FILE);
	int r = load(&certificate, cert_file);
	if (r == ENVOI_OK && key_file != NULL) {
		r = load(&key, key_file);
	}
	if (r == ENVOI_OK) {
		const gnutls_datum_t first = datum_of(&certificate), second = datum_of(&key);
		int code = put(credentials, &first, key_file != NULL ? &second : &first, password);
		r = code < 0
			? outcome(context, key_file != NULL ? key_file : cert_file, code, password)
			: ENVOI_OK;
	}
	envoi_buffer_wipe(&certificate);
	envoi_buffer_wipe(&key);
	return r;
}

/* --- of a client --- */

static int note_address(struct envoi_tls_config *config)
{
	gnutls_datum_t der;
	gnutls_x509_crt_t certificate;
	if (gnutls_certificate_get_crt_raw(config->own_credentials, 0, 0, &der) < 0) {
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

int envoi_tls_config_set_certificate(struct envoi_tls_config *config, const char *cert_file,
	const char *key_file, const char *password)
{
	if (!config->is_initiator || config->has_own || cert_file == NULL) {
		return config->has_own ? ENVOI_ERR_STATE : ENVOI_ERR_INVALID;
	}
	if (config->own_credentials == NULL &&
		gnutls_certificate_allocate_credentials(&config->own_credentials) < 0) {
		config->own_credentials = NULL;
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi__tls_own_load(
		config->own_credentials, config->context, cert_file, key_file, password);
	config->has_own = r == ENVOI_OK;
	return r == ENVOI_OK ? note_address(config) : r;
}
