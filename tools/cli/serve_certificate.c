/*
 * envoi - the command-line program: a certificate for a server that has none
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memfd_create */
#include <sys/mman.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "serve.h"

enum {
	DAY_S = 24 * 60 * 60,
	VALID_DAYS = 3650,
	SERIAL_BYTES = 16,
};

/* A certificate and its key. */
struct pair {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
};

static void pair_finish(struct pair *pair)
{
	gnutls_x509_crt_deinit(pair->certificate);
	gnutls_x509_privkey_deinit(pair->key);
}

static int set_serial(gnutls_x509_crt_t certificate)
{
	unsigned char serial[SERIAL_BYTES];
	int r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	serial[0] &= 0x7f; /* not negative */
	serial[0] |= 0x40;
	return r < 0 ? r : gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial));
}

static int set_period(gnutls_x509_crt_t certificate)
{
	time_t now = time(NULL);
	int r = gnutls_x509_crt_set_activation_time(certificate, now - DAY_S);
	return r < 0 ? r
		     : gnutls_x509_crt_set_expiration_time(
			       certificate, now + (time_t)VALID_DAYS * DAY_S);
}

static int make_key(gnutls_x509_privkey_t key)
{
	return gnutls_x509_privkey_generate(
		key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

/* What both certificates have. */
static int pair_init(struct pair *pair, const char *name)
{
	unsigned char id[64];
	size_t id_len = sizeof(id);
	int r = gnutls_x509_privkey_init(&pair->key);
	r = r < 0 ? r : gnutls_x509_crt_init(&pair->certificate);
	r = r < 0 ? r : make_key(pair->key);
	r = r < 0 ? r : gnutls_x509_crt_set_version(pair->certificate, 3);
	r = r < 0 ? r : set_serial(pair->certificate);
	r = r < 0 ? r : set_period(pair->certificate);
	r = r < 0 ? r
		  : gnutls_x509_crt_set_dn_by_oid(pair->certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
			    name, (unsigned int)strlen(name));
	r = r < 0 ? r : gnutls_x509_crt_set_key(pair->certificate, pair->key);
	r = r < 0 ? r : gnutls_x509_crt_get_key_id(pair->certificate, 0, id, &id_len);
	return r < 0 ? r : gnutls_x509_crt_set_subject_key_id(pair->certificate, id, id_len);
}

static int sign(gnutls_x509_crt_t certificate, const struct pair *authority)
{
	return gnutls_x509_crt_sign2(
		certificate, authority->certificate, authority->key, GNUTLS_DIG_SHA256, 0);
}

static int make_authority(struct pair *authority)
{
	int r = pair_init(authority, "envoi serve");
	r = r < 0 ? r : gnutls_x509_crt_set_ca_status(authority->certificate, 1);
	r = r < 0 ? r
		  : gnutls_x509_crt_set_key_usage(authority->certificate, GNUTLS_KEY_KEY_CERT_SIGN);
	return r < 0 ? r : sign(authority->certificate, authority);
}

static int make_leaf(struct pair *leaf, const struct pair *authority, const char *domain)
{
	int r = pair_init(leaf, "XMPP server");
	r = r < 0 ? r
		  : gnutls_x509_crt_set_subject_alt_name(leaf->certificate, GNUTLS_SAN_DNSNAME,
			    domain, (unsigned int)strlen(domain), GNUTLS_FSAN_SET);
	r = r < 0 ? r : gnutls_x509_crt_set_basic_constraints(leaf->certificate, 0, -1);
	r = r < 0 ? r
		  : gnutls_x509_crt_set_key_usage(leaf->certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
	r = r < 0 ? r
		  : gnutls_x509_crt_set_key_purpose_oid(
			    leaf->certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
	return r < 0 ? r : sign(leaf->certificate, authority);
}

static int write_all(int fd, const gnutls_datum_t *text)
{
	return write(fd, text->data, text->size) == (ssize_t)text->size ? 0 : GNUTLS_E_FILE_ERROR;
}

/* Certificate and key, to a file without a name. */
static int write_leaf(struct made_certificate *made, const struct pair *leaf)
{
	gnutls_datum_t certificate = {NULL, 0}, key = {NULL, 0};
	int r = gnutls_x509_crt_export2(leaf->certificate, GNUTLS_X509_FMT_PEM, &certificate);
	r = r < 0 ? r : gnutls_x509_privkey_export2(leaf->key, GNUTLS_X509_FMT_PEM, &key);
	if (r >= 0) {
		made->fd = memfd_create("envoi-certificate", MFD_CLOEXEC);
		r = made->fd < 0 ? GNUTLS_E_FILE_ERROR : write_all(made->fd, &certificate);
	}
	r = r < 0 ? r : write_all(made->fd, &key);
	snprintf(made->path, sizeof(made->path), "/proc/self/fd/%d", made->fd);
	gnutls_free(certificate.data);
	if (key.data != NULL) {
		gnutls_memset(key.data, 0, key.size);
	}
	gnutls_free(key.data);
	return r;
}

static int keep_authority(struct made_certificate *made, const struct pair *authority)
{
	gnutls_datum_t text = {NULL, 0};
	int r = gnutls_x509_crt_export2(authority->certificate, GNUTLS_X509_FMT_PEM, &text);
	made->authority = (char *)text.data;
	made->authority_len = text.size;
	return r;
}

int made_certificate_init(struct made_certificate *made, const char *domain)
{
	struct pair authority = {NULL, NULL}, leaf = {NULL, NULL};
	*made = (struct made_certificate){.fd = -1};
	int r = make_authority(&authority);
	r = r < 0 ? r : make_leaf(&leaf, &authority, domain);
	r = r < 0 ? r : write_leaf(made, &leaf);
	r = r < 0 ? r : keep_authority(made, &authority);
	pair_finish(&leaf);
	pair_finish(&authority);
	if (r < 0) {
		complain("no certificate can be made: %s", gnutls_strerror(r));
		made_certificate_finish(made);
		return STATUS_NO;
	}
	return STATUS_DONE;
}

void made_certificate_finish(struct made_certificate *made)
{
	gnutls_free(made->authority);
	if (made->fd >= 0) {
		close(made->fd);
	}
	*made = (struct made_certificate){.fd = -1};
}
