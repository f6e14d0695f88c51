/*
 * envoi - verification of a server's certificate
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_verify.h"

#include <stdio.h>
#include <string.h>

#include <envoi/buffer.h>
#include <envoi/error.h>
#include <envoi/values.h>

#include "base/context.h"
#include "tls/tls_chain.h"
#include "tls/tls_period.h"

struct verification {
	const struct envoi__tls_rules *rules;
	struct envoi__tls_chain chain;
	struct envoi__tls_verdict *verdict;
};

/* Each doubt is reported once. */
static void doubt(struct verification *v, unsigned int kind, const char *reason)
{
	struct envoi__tls_verdict *verdict = v->verdict;
	if (kind != 0 && (verdict->doubts & kind) != 0) {
		return;
	}
	size_t used = strlen(verdict->reasons);
	snprintf(verdict->reasons + used, sizeof(verdict->reasons) - used, "%s%s",
		used > 0 ? "; " : "", reason);
	verdict->doubts |= kind;
}

/* No decision is possible about this. */
static int refuse(struct verification *v, const char *reason)
{
	doubt(v, 0, reason);
	return ENVOI_ERR_CERTIFICATE;
}

/* --- pins --- */

int envoi__tls_spki(unsigned char ret_spki[ENVOI_TLS_SPKI_BYTES], gnutls_x509_crt_t certificate)
{
	size_t size = ENVOI_TLS_SPKI_BYTES;
	int r = gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, ret_spki, &size);
	return r < 0 || size != ENVOI_TLS_SPKI_BYTES ? ENVOI_ERR_CERTIFICATE : ENVOI_OK;
}

/* @return whether the server's own key is one of those pinned */
static bool is_pinned(struct verification *v)
{
	unsigned char spki[ENVOI_TLS_SPKI_BYTES];
	if (envoi__tls_spki(spki, v->chain.presented[0]) < 0) {
		return false;
	}
	const char *pins = envoi_buffer_data(v->rules->pins);
	for (size_t at = 0; at < envoi_buffer_len(v->rules->pins); at += sizeof(spki)) {
		if (memcmp(pins + at, spki, sizeof(spki)) == 0) {
			return true;
		}
	}
	return false;
}

/* --- times --- */

static void doubt_time(struct verification *v, unsigned int doubts, const char *what,
	const struct envoi__tls_period *period, int64_t day_ms)
{
	char text[ENVOI__TLS_REASON_SIZE], day[ENVOI_DATE_SIZE] = "an unreadable date";
	if (period->is_known) {
		envoi_date_print(day, day_ms);
		*strchr(day, 'T') = '\0';
	}
	snprintf(text, sizeof(text), "%s %s", what, day);
	doubt(v, doubts, text);
}

static void check_time(
	struct verification *v, gnutls_x509_crt_t certificate, const char *whose, int64_t now_ms)
{
	char what[ENVOI__TLS_REASON_SIZE / 2];
	struct envoi__tls_period period = envoi__tls_period_of(certificate);
	if (!envoi__tls_period_has_begun(&period, now_ms)) {
		snprintf(what, sizeof(what), "%s is not valid before", whose);
		doubt_time(v, ENVOI_TLS_DOUBT_NOT_YET_VALID, what, &period, period.from_ms);
	}
	if (envoi__tls_period_has_ended(&period, now_ms)) {
		snprintf(what, sizeof(what), "%s has expired on", whose);
		doubt_time(v, ENVOI_TLS_DOUBT_EXPIRED, what, &period, period.until_ms);
	}
}

static int64_t now_of(const struct verification *v)
{
	return envoi_context_wall_clock_ms(v->rules->context);
}

/*
 * GnuTLS compares with the system's clock, or with one of the whole process. The context's clock
 * may be another (a simulated one), so that times are compared here: of the path, and of the
 * authority above it.
 */
static void check_times(struct verification *v)
{
	static const char above[] = "the certificate of the server's certification authority";
	const struct envoi__tls_chain *chain = &v->chain;
	int64_t now_ms = now_of(v);
	for (unsigned int i = 0; i < chain->path_len; i++) {
		check_time(v, chain->path[i], i == 0 ? "the server's certificate" : above, now_ms);
	}
	if (chain->is_rooted && !chain->is_root_valid) {
		check_time(v, chain->root, above, now_ms);
	}
}

/* --- the chain --- */

static bool is_own_issuer(gnutls_x509_crt_t certificate)
{
	return gnutls_x509_crt_check_issuer(certificate, certificate) == 1;
}

/* The issuer of the last certificate of the path. */
static void describe_issuer(const struct verification *v, char *text, size_t size)
{
	gnutls_x509_crt_t last = v->chain.path[v->chain.path_len - 1];
	char name[128];
	size_t len = sizeof(name);
	if (gnutls_x509_crt_get_issuer_dn_by_oid(
		    last, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) < 0) {
		snprintf(text, size,
			"the server's certificate was issued by an unknown "
			"certification authority");
		return;
	}
	envoi__tls_tidy(name);
	snprintf(text, size,
		"the server's certificate was issued by an unknown certification "
		"authority, \"%s\"%s",
		name,
		is_own_issuer(last) ? "" : ", whose certificate is neither trusted nor presented");
}

static void doubt_issuer(struct verification *v)
{
	if (is_own_issuer(v->chain.presented[0])) {
		doubt(v, ENVOI_TLS_DOUBT_SELF_SIGNED,
			"the server's certificate is self-signed and not trusted");
		return;
	}
	char text[ENVOI__TLS_REASON_SIZE];
	describe_issuer(v, text, sizeof(text));
	doubt(v, ENVOI_TLS_DOUBT_ISSUER, text);
}

static void doubt_chain(struct verification *v, unsigned int status)
{
	static const struct {
		unsigned int status, kind;
		const char *reason;
	} troubles[] = {
		{GNUTLS_CERT_REVOKED, ENVOI_TLS_DOUBT_REVOKED,
			"the server's certificate is revoked"},
		{GNUTLS_CERT_PURPOSE_MISMATCH, ENVOI_TLS_DOUBT_PURPOSE,
			"the server's certificate is not for servers"},
		{GNUTLS_CERT_INSECURE_ALGORITHM, ENVOI_TLS_DOUBT_WEAK,
			"a key or signature in the server's certificate chain is too weak"},
		{GNUTLS_CERT_SIGNER_NOT_CA, ENVOI_TLS_DOUBT_CONSTRAINTS,
			"the issuer of the server's certificate is not a certification authority"},
		{GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, ENVOI_TLS_DOUBT_CONSTRAINTS,
			"the server's certificate violates the constraints of its issuer"},
		{GNUTLS_CERT_EXPIRED, ENVOI_TLS_DOUBT_EXPIRED,
			"a certificate in the server's chain has expired"},
		{GNUTLS_CERT_NOT_ACTIVATED, ENVOI_TLS_DOUBT_NOT_YET_VALID,
			"a certificate in the server's chain is not valid yet"},
		{GNUTLS_CERT_SIGNATURE_FAILURE, ENVOI_TLS_DOUBT_INVALID,
			"the server's certificate has a wrong signature"},
	};
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND) {
		doubt_issuer(v);
	}
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		if (status & troubles[i].status) {
			doubt(v, troubles[i].kind, troubles[i].reason);
		}
	}
	if (status != 0 && v->verdict->doubts == 0) {
		doubt(v, ENVOI_TLS_DOUBT_INVALID, "the server's certificate is not valid");
	}
}

/* RFC 5280, section 6; at least 112 bits of strength (RFC 9325, section 4.5). */
static int check_chain(struct verification *v)
{
	static unsigned char purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
	gnutls_typed_vdata_st wanted = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = purpose};
	unsigned int flags = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);
	if (v->rules->context->wall_clock != NULL) {
		flags |= GNUTLS_VERIFY_DISABLE_TIME_CHECKS;
	}
	unsigned int status = 0;
	envoi__tls_chain_find_path(&v->chain, v->rules->trust, now_of(v));
	int failed = gnutls_x509_trust_list_verify_crt2(v->rules->trust, v->chain.path,
		v->chain.path_len, &wanted, 1, flags, &status, NULL);
	if (failed < 0) {
		return refuse(v, "the server's certificate cannot be verified");
	}
	if (gnutls_x509_crt_check_key_purpose(v->chain.presented[0], GNUTLS_KP_TLS_WWW_SERVER, 0) ==
		0) {
		status |= GNUTLS_CERT_PURPOSE_MISMATCH; /* not looked at below an unknown issuer */
	}
	check_times(v); /* says it better */
	doubt_chain(v, status & ~(unsigned int)GNUTLS_CERT_INVALID); /* set beside every other */
	return ENVOI_OK;
}

/* --- the name --- */

static bool constraints_allow(const struct verification *v, gnutls_x509_crt_t issuer)
{
	gnutls_x509_name_constraints_t constraints;
	if (gnutls_x509_name_constraints_init(&constraints) < 0) {
		return false;
	}
	bool allow = true;
	int r = gnutls_x509_crt_get_name_constraints(issuer, constraints, 0, NULL);
	if (r == 0) {
		gnutls_datum_t domain = {(unsigned char *)v->rules->name->ascii,
			(unsigned int)strlen(v->rules->name->ascii)};
		allow = gnutls_x509_name_constraints_check(
				constraints, GNUTLS_SAN_DNSNAME, &domain) != 0;
	} else if (r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
		allow = false;
	}
	gnutls_x509_name_constraints_deinit(constraints);
	return allow;
}

/* Which of several authorities of one name vouches for the path is for GnuTLS to choose: the
 * constraints of each of them apply. */
static bool roots_allow(const struct verification *v)
{
	const struct envoi__tls_chain *chain = &v->chain;
	gnutls_x509_trust_list_iter_t at = NULL;
	gnutls_x509_crt_t authority;
	bool allow = true;
	while (allow && gnutls_x509_trust_list_iter_get_ca(v->rules->trust, &at, &authority) == 0) {
		for (unsigned int i = 0; allow && i < chain->path_len; i++) {
			allow = gnutls_x509_crt_check_issuer(chain->path[i], authority) == 0 ||
				constraints_allow(v, authority);
		}
		gnutls_x509_crt_deinit(authority);
	}
	gnutls_x509_trust_list_iter_deinit(at);
	return allow;
}

/*
 * GnuTLS applies the name constraints of issuers (RFC 5280, section 4.2.1.10) to DNS names, not to
 * the other names that are accepted here. An authority for some domains must not certify others by
 * them.
 */
static void check_constraints(struct verification *v)
{
	bool allow = roots_allow(v);
	for (unsigned int i = 1; allow && i < v->chain.path_len; i++) {
		allow = constraints_allow(v, v->chain.path[i]);
	}
	if (!allow) {
		doubt(v, ENVOI_TLS_DOUBT_CONSTRAINTS,
			"the server's certificate violates the constraints of its issuer");
	}
}

static const char *names_to_report(
	const struct verification *v, const struct envoi_buffer *presented)
{
	if (envoi_buffer_len(presented) > 0) {
		return v->verdict->names;
	}
	size_t len = 0;
	return gnutls_x509_crt_get_dn_by_oid(v->chain.presented[0], GNUTLS_OID_X520_COMMON_NAME, 0,
		       0, NULL, &len) == GNUTLS_E_SHORT_MEMORY_BUFFER
		? "no name (a common name does not count)"
		: "no name";
}

static void check_name(struct verification *v)
{
	struct envoi_buffer presented;
	envoi_buffer_init(&presented, v->rules->context, 0);
	enum envoi__tls_match match = envoi__tls_name_find(
		v->rules->name, v->chain.presented[0], &presented);
	if (match == ENVOI__TLS_NO_MATCH) {
		char text[ENVOI__TLS_REASON_SIZE];
		snprintf(v->verdict->names, sizeof(v->verdict->names), "%.*s",
			(int)envoi_buffer_len(&presented), envoi_buffer_data(&presented));
		snprintf(text, sizeof(text), "the server's certificate is for %s, not for %s",
			names_to_report(v, &presented), v->rules->name->ascii);
		doubt(v, ENVOI_TLS_DOUBT_NAME, text);
	}
	if (match == ENVOI__TLS_MATCH_OTHER_NAME) {
		check_constraints(v);
	}
	envoi_buffer_finish(&presented);
}

static int judge(struct verification *v)
{
	bool has_pins = envoi_buffer_len(v->rules->pins) > 0;
	v->verdict->trust = ENVOI_TLS_TRUST_VERIFIED;
	if (has_pins && !is_pinned(v)) {
		doubt(v, ENVOI_TLS_DOUBT_PIN,
			"the server's key is not one of the pinned keys: the server has a new "
			"key, or this is another server");
	} else if (has_pins) {
		v->verdict->trust = ENVOI_TLS_TRUST_PINNED;
		if (v->rules->pin_is_enough) {
			return ENVOI_OK;
		}
	}
	int r = check_chain(v);
	if (r < 0) {
		return r;
	}
	check_name(v);
	return v->verdict->doubts == 0 ? ENVOI_OK : ENVOI_ERR_CERTIFICATE;
}

int envoi__tls_verify(struct envoi__tls_verdict *ret_verdict, const struct envoi__tls_rules *rules,
	const gnutls_datum_t *chain, unsigned int count)
{
	*ret_verdict = (struct envoi__tls_verdict){0};
	struct verification v = {.rules = rules, .verdict = ret_verdict};
	const char *reason = NULL;
	int r = envoi__tls_chain_import(&v.chain, chain, count, &reason);
	if (r == ENVOI_ERR_CERTIFICATE) {
		refuse(&v, reason);
	} else if (r == ENVOI_OK) {
		r = judge(&v);
	}
	if (r < 0) {
		ret_verdict->trust = ENVOI_TLS_TRUST_NONE;
	}
	envoi__tls_chain_finish(&v.chain);
	return r;
}
