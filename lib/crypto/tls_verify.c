/*
 * envoi - whether to believe a peer's certificates
 * SPDX-License-Identifier: MIT
 */
#include "crypto/tls_verify.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <envoi/buffer.h>
#include <envoi/error.h>

#include "base/context.h"

enum {
	LONGEST_CHAIN = 16,
};

struct verification {
	struct envoi_context *context;
	gnutls_x509_trust_list_t trust;
	const struct envoi__tls_name *name;
	gnutls_x509_crt_t certificates[LONGEST_CHAIN];
	unsigned int count;
	char *reason;
};

static int refuse(struct verification *v, const char *reason)
{
	snprintf(v->reason, ENVOI__TLS_REASON_SIZE, "%s", reason);
	return ENVOI_ERR_CERTIFICATE;
}

static int import(struct verification *v, const gnutls_datum_t *chain, unsigned int count)
{
	if (count == 0) {
		return refuse(v, "the server has shown no certificate");
	}
	if (count > LONGEST_CHAIN) {
		return refuse(v, "the server has shown too many certificates");
	}
	for (; v->count < count; v->count++) {
		gnutls_x509_crt_t *certificate = &v->certificates[v->count];
		if (gnutls_x509_crt_init(certificate) < 0) {
			return ENVOI_ERR_NOMEM;
		}
		if (gnutls_x509_crt_import(
			    *certificate, &chain[v->count], GNUTLS_X509_FMT_DER) < 0) {
			gnutls_x509_crt_deinit(*certificate);
			return refuse(v, "the server's certificate cannot be read");
		}
	}
	return ENVOI_OK;
}

static void format_day(char *day, size_t size, time_t when)
{
	struct tm tm;
	if (gmtime_r(&when, &tm) == NULL || strftime(day, size, "%Y-%m-%d", &tm) == 0) {
		snprintf(day, size, "another time");
	}
}

static int check_time(struct verification *v, gnutls_x509_crt_t certificate, time_t now)
{
	char day[32], text[ENVOI__TLS_REASON_SIZE];
	const char *whose = certificate == v->certificates[0] ? "the server's certificate" :
		"the certificate of the server's certification authority";
	time_t begin = gnutls_x509_crt_get_activation_time(certificate);
	time_t end = gnutls_x509_crt_get_expiration_time(certificate);
	if (begin == (time_t)-1 || now < begin) {
		format_day(day, sizeof(day), begin);
		snprintf(text, sizeof(text), "%s is not valid before %s", whose, day);
		return refuse(v, text);
	}
	if (end == (time_t)-1 || now > end) {
		format_day(day, sizeof(day), end);
		snprintf(text, sizeof(text), "%s has expired on %s", whose, day);
		return refuse(v, text);
	}
	return ENVOI_OK;
}

static gnutls_x509_crt_t issuer_in_chain(const struct verification *v, gnutls_x509_crt_t subject)
{
	for (unsigned int i = 1; i < v->count; i++) {
		unsigned int status;
		if (v->certificates[i] != subject &&
			gnutls_x509_crt_check_issuer(subject, v->certificates[i]) == 1 &&
			gnutls_x509_crt_verify(subject, &v->certificates[i], 1,
				GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) == 0 &&
			status == 0) {
			return v->certificates[i];
		}
	}
	return NULL;
}

/*
 * GnuTLS compares with the system's clock, or with one of the whole process. The context's clock
 * may be another (a simulated one): so times are compared here, on the way from the server's
 * certificate to the first one that was issued by somebody trusted.
 */
static int check_times(struct verification *v)
{
	time_t now = (time_t)(envoi_context_wall_clock_ms(v->context) / 1000);
	gnutls_x509_crt_t certificate = v->certificates[0];
	for (unsigned int i = 0; certificate != NULL && i < v->count; i++) {
		int r = check_time(v, certificate, now);
		if (r < 0) {
			return r;
		}
		gnutls_x509_crt_t trusted;
		if (gnutls_x509_trust_list_get_issuer(v->trust, certificate, &trusted, 0) == 0) {
			return ENVOI_OK;
		}
		certificate = issuer_in_chain(v, certificate);
	}
	return ENVOI_OK;
}

static const char *chain_trouble(const struct verification *v, unsigned int status)
{
	if (status & GNUTLS_CERT_REVOKED) {
		return "the server's certificate is revoked";
	}
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND) {
		return gnutls_x509_crt_check_issuer(v->certificates[0], v->certificates[0]) == 1 ?
			"the server's certificate is self-signed and not trusted" :
			"the server's certificate was issued by an unknown certification authority";
	}
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH) {
		return "the server's certificate is not meant for servers";
	}
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM) {
		return "the server's certificate, or one above it, is too weak";
	}
	if (status & GNUTLS_CERT_SIGNER_NOT_CA) {
		return "the server's certificate was issued by somebody who may not issue any";
	}
	if (status & GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE) {
		return "the server's certificate was issued against its issuer's constraints";
	}
	if (status & GNUTLS_CERT_EXPIRED) {
		return "the server's certificate, or one above it, has expired";
	}
	if (status & GNUTLS_CERT_NOT_ACTIVATED) {
		return "the server's certificate, or one above it, is not valid yet";
	}
	return "the server's certificate is not valid";
}

/* RFC 5280, section 6; at least 112 bits of strength (RFC 9325, section 4.5). */
static int check_chain(struct verification *v)
{
	static unsigned char purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
	gnutls_typed_vdata_st wanted = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = purpose};
	unsigned int flags = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);
	bool has_own_clock = v->context->wall_clock != NULL;
	if (has_own_clock) {
		flags |= GNUTLS_VERIFY_DISABLE_TIME_CHECKS;
	}
	unsigned int status = 0;
	int failed = gnutls_x509_trust_list_verify_crt2(
		v->trust, v->certificates, v->count, &wanted, 1, flags, &status, NULL);
	if (failed < 0) {
		return refuse(v, "the server's certificate cannot be verified");
	}
	status &= ~(unsigned int)GNUTLS_CERT_INVALID; /* set beside every other */
	const unsigned int times = GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED;
	bool only_times = (status & ~times) == 0;
	if (only_times && (has_own_clock || status != 0)) {
		int r = check_times(v); /* says it better */
		if (r < 0) {
			return r;
		}
	}
	return status == 0 ? ENVOI_OK : refuse(v, chain_trouble(v, status));
}

/*
 * GnuTLS holds DNS names against an issuer's name constraints, but not the other names that are
 * taken here. An issuer that may vouch for some domains must not get at others by them.
 */
static bool constraints_allow(const struct verification *v, gnutls_x509_crt_t issuer)
{
	gnutls_x509_name_constraints_t constraints;
	if (gnutls_x509_name_constraints_init(&constraints) < 0) {
		return false;
	}
	bool allow = true;
	int r = gnutls_x509_crt_get_name_constraints(issuer, constraints, 0, NULL);
	if (r == 0) {
		gnutls_datum_t domain = {
			(unsigned char *)v->name->ascii, (unsigned int)strlen(v->name->ascii)};
		allow = gnutls_x509_name_constraints_check(
			constraints, GNUTLS_SAN_DNSNAME, &domain) != 0;
	} else if (r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
		allow = false;
	}
	gnutls_x509_name_constraints_deinit(constraints);
	return allow;
}

static int check_name(struct verification *v)
{
	struct envoi_buffer presented;
	envoi_buffer_init(&presented, v->context, 0);
	enum envoi__tls_match match =
		envoi__tls_name_find(v->name, v->certificates[0], &presented);
	int r = ENVOI_OK;
	if (match == ENVOI__TLS_NO_MATCH) {
		const char *shown = "no name";
		size_t len = strlen(shown);
		if (envoi_buffer_len(&presented) > 0) {
			shown = envoi_buffer_data(&presented);
			len = envoi_buffer_len(&presented);
		}
		snprintf(v->reason, ENVOI__TLS_REASON_SIZE,
			"the server's certificate is for %.*s, not for %s", (int)len, shown,
			v->name->ascii);
		r = ENVOI_ERR_CERTIFICATE;
	}
	for (unsigned int i = 1; match == ENVOI__TLS_MATCH_OTHER_NAME && i < v->count; i++) {
		if (!constraints_allow(v, v->certificates[i])) {
			r = refuse(v, "the server's certificate was issued against its issuer's "
				      "constraints");
		}
	}
	envoi_buffer_finish(&presented);
	return r;
}

int envoi__tls_verify(struct envoi_context *context, gnutls_x509_trust_list_t trust,
	const struct envoi__tls_name *name, const gnutls_datum_t *chain, unsigned int count,
	char *ret_reason)
{
	struct verification v = {
		.context = context, .trust = trust, .name = name, .reason = ret_reason};
	int r = import(&v, chain, count);
	if (r == ENVOI_OK) {
		r = check_chain(&v);
	}
	if (r == ENVOI_OK) {
		r = check_name(&v);
	}
	for (unsigned int i = 0; i < v.count; i++) {
		gnutls_x509_crt_deinit(v.certificates[i]);
	}
	return r;
}
