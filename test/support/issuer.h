/*
 * envoi - tests: a certification authority that issues certificates to files
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_ISSUER_H
#define ENVOI_TEST_ISSUER_H

#include <stdbool.h>
#include <time.h>

#include <gnutls/x509.h>

enum {
	ISSUER_PATH = 128,
	ISSUER_BEGIN = 1577836800, /* 2020-01-01, as in test/data/tls/generate */
	ISSUER_END = 2145916800, /* 2038-01-01, which a time_t of 32 bits can say */
};

/** Its files are in a folder of its own, with those of what it issues. */
struct issuer {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
	unsigned char serial;
	char folder[64], ca_file[ISSUER_PATH];
};

/** What a certificate is like; zeroed: for any purpose, without names. */
struct issued {
	const char *dns_name; /* NULL: none */
	const char *const *addresses; /* XmppAddrs, ended by NULL; NULL: none */
	const char *purpose; /* an OID; NULL: any */
	time_t from, until; /* 0: ISSUER_BEGIN, ISSUER_END */
};

struct issued_files {
	char certificate[ISSUER_PATH], key[ISSUER_PATH];
};

/** Make an authority. @param permitted  the domain that it may issue for; NULL: any. Asserts, as
 * all here */
void issuer_init(struct issuer *issuer, const char *permitted);
/** Remove its files, too. */
void issuer_finish(struct issuer *issuer);

/** Issue a certificate with a new key, to files "NAME.pem" and "NAME-key.pem" in its folder. */
void issuer_issue(struct issuer *issuer, const char *name, const struct issued *what,
	struct issued_files *ret_files);

#endif
