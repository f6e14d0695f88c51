/*
 * envoi - tests: a certification authority that issues certificates to files
 * SPDX-License-Identifier: MIT
 */
#include "issuer.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define XMPP_ADDR "1.3.6.1.5.5.7.8.5"

static void write_file(const char *path, gnutls_datum_t *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text->data, 1, text->size, file), text->size);
	fclose(file);
	gnutls_free(text->data);
}

static void write_certificate(const char *path, gnutls_x509_crt_t certificate)
{
	gnutls_datum_t text;
	assert_int_equal(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text), 0);
	write_file(path, &text);
}

static gnutls_x509_privkey_t new_key(void)
{
	gnutls_x509_privkey_t key;
	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
				 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	return key;
}

static gnutls_x509_crt_t begin(
	struct issuer *issuer, gnutls_x509_privkey_t key, time_t from, time_t until)
{
	gnutls_x509_crt_t certificate;
	issuer->serial++;
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	assert_int_equal(gnutls_x509_crt_set_version(certificate, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(certificate, &issuer->serial, 1), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(certificate, from), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(certificate, until), 0);
	assert_int_equal(gnutls_x509_crt_set_key(certificate, key), 0);
	return certificate;
}

/* Not the common name, which GnuTLS would hold against constraints. */
static void set_name(gnutls_x509_crt_t certificate, const char *name)
{
	assert_int_equal(
		gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_ORGANIZATION_NAME, 0,
			name, (unsigned int)strlen(name)),
		0);
}

static void permit(gnutls_x509_crt_t certificate, const char *domain)
{
	char copy[64];
	gnutls_x509_name_constraints_t constraints;
	snprintf(copy, sizeof(copy), "%s", domain);
	gnutls_datum_t name = {(unsigned char *)copy, (unsigned int)strlen(copy)};
	assert_int_equal(gnutls_x509_name_constraints_init(&constraints), 0);
	assert_int_equal(
		gnutls_x509_name_constraints_add_permitted(constraints, GNUTLS_SAN_DNSNAME, &name),
		0);
	assert_int_equal(gnutls_x509_crt_set_name_constraints(certificate, constraints, 1), 0);
	gnutls_x509_name_constraints_deinit(constraints);
}

void issuer_init(struct issuer *issuer, const char *permitted)
{
	*issuer = (struct issuer){.key = new_key()};
	snprintf(issuer->folder, sizeof(issuer->folder), "/tmp/envoi-issuer-XXXXXX");
	assert_non_null(mkdtemp(issuer->folder));
	snprintf(issuer->ca_file, sizeof(issuer->ca_file), "%s/ca.pem", issuer->folder);
	issuer->certificate = begin(issuer, issuer->key, ISSUER_BEGIN, ISSUER_END);
	set_name(issuer->certificate, issuer->folder);
	gnutls_x509_crt_set_basic_constraints(issuer->certificate, 1, -1);
	gnutls_x509_crt_set_key_usage(issuer->certificate, GNUTLS_KEY_KEY_CERT_SIGN);
	if (permitted != NULL) {
		permit(issuer->certificate, permitted);
	}
	assert_int_equal(gnutls_x509_crt_sign2(issuer->certificate, issuer->certificate,
				 issuer->key, GNUTLS_DIG_SHA256, 0),
		0);
	write_certificate(issuer->ca_file, issuer->certificate);
}

void issuer_finish(struct issuer *issuer)
{
	DIR *folder = opendir(issuer->folder);
	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (entry->d_name[0] != '.') {
			unlinkat(dirfd(folder), entry->d_name, 0);
		}
	}
	closedir(folder);
	rmdir(issuer->folder);
	gnutls_x509_crt_deinit(issuer->certificate);
	gnutls_x509_privkey_deinit(issuer->key);
}

static void add_names(gnutls_x509_crt_t certificate, const struct issued *what)
{
	if (what->dns_name != NULL) {
		assert_int_equal(gnutls_x509_crt_set_subject_alt_name(certificate,
					 GNUTLS_SAN_DNSNAME, what->dns_name,
					 (unsigned int)strlen(what->dns_name), GNUTLS_FSAN_SET),
			0);
	}
	for (size_t i = 0; what->addresses != NULL && what->addresses[i] != NULL; i++) {
		const char *address = what->addresses[i];
		unsigned int how = i == 0 && what->dns_name == NULL ? GNUTLS_FSAN_SET
								    : GNUTLS_FSAN_APPEND;
		assert_int_equal(gnutls_x509_crt_set_subject_alt_othername(certificate, XMPP_ADDR,
					 address, (unsigned int)strlen(address),
					 how | GNUTLS_FSAN_ENCODE_UTF8_STRING),
			0);
	}
}

static void sign(struct issuer *issuer, gnutls_x509_crt_t certificate, const struct issued *what)
{
	set_name(certificate, "A test");
	gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (what->purpose != NULL) {
		gnutls_x509_crt_set_key_purpose_oid(certificate, what->purpose, 0);
	}
	add_names(certificate, what);
	assert_int_equal(gnutls_x509_crt_sign2(certificate, issuer->certificate, issuer->key,
				 GNUTLS_DIG_SHA256, 0),
		0);
}

void issuer_issue(struct issuer *issuer, const char *name, const struct issued *what,
	struct issued_files *ret_files)
{
	gnutls_datum_t text;
	gnutls_x509_privkey_t key = new_key();
	gnutls_x509_crt_t certificate = begin(issuer, key,
		what->from == 0 ? ISSUER_BEGIN : what->from,
		what->until == 0 ? ISSUER_END : what->until);
	sign(issuer, certificate, what);
	snprintf(ret_files->certificate, sizeof(ret_files->certificate), "%s/%s.pem",
		issuer->folder, name);
	snprintf(ret_files->key, sizeof(ret_files->key), "%s/%s-key.pem", issuer->folder, name);
	write_certificate(ret_files->certificate, certificate);
	assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text), 0);
	write_file(ret_files->key, &text);
	gnutls_x509_crt_deinit(certificate);
	gnutls_x509_privkey_deinit(key);
}
