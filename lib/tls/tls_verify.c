/*
 * envoi - verification of a peer's certificate
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <envoi/buffer.h>
#include <envoi/error.h>
#include <envoi/jid.h>
#include <envoi/values.h>

#include "base/context.h"
#include "tls/tls_chain.h"
#include "tls/tls_config.h"
#include "tls/tls_constraints.h"
#include "tls/tls_period.h"

struct verification {
	const struct envoi__tls_rules *rules;
	struct envoi__tls_chain chain;
	struct envoi__tls_verdict *verdict;
};

static const char *peer_of(const struct verification *v)
{
	return v->rules->is_client ? "client" : "server";
}

/* Each doubt is reported once. */
static ENVOI_PRINTF(3, 4) void doubt(
	struct verification *v, unsigned int kind, const char *format, ...)
{
	struct envoi__tls_verdict *verdict = v->verdict;
	if (kind != 0 && (verdict->doubts & kind) != 0) {
		return;
	}
	size_t used = strlen(verdict->reasons);
	if (used > 0) {
		snprintf(verdict->reasons + used, sizeof(verdict->reasons) - used, "; ");
		used = strlen(verdict->reasons);
	}
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(verdict->reasons + used, sizeof(verdict->reasons) - used, format, arguments);
	va_end(arguments);
	verdict->doubts |= kind;
}

/* No decision is possible about these. */
static int refuse(struct verification *v, enum envoi__tls_chain_fault fault)
{
	const char *peer = peer_of(v);
	switch (fault) {
	case ENVOI__TLS_CHAIN_EMPTY:
		doubt(v, 0, "the %s presents no certificate", peer);
		break;
	case ENVOI__TLS_CHAIN_LONG:
		doubt(v, 0, "the %s presents too many certificates", peer);
		break;
	case ENVOI__TLS_CHAIN_UNREADABLE:
		doubt(v, 0, "the %s's certificate cannot be read", peer);
		break;
	case ENVOI__TLS_CHAIN_COSTLY:
		doubt(v, 0, ENVOI__TLS_COSTLY_KEY, peer);
		break;
	}
	return ENVOI_ERR_CERTIFICATE;
}

/* --- pins --- */

int envoi__tls_spki(unsigned char ret_spki[ENVOI_TLS_SPKI_BYTES], gnutls_x509_crt_t certificate)
{
	size_t size = ENVOI_TLS_SPKI_BYTES;
	int r = gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, ret_spki, &size);
	return r < 0 || size != ENVOI_TLS_SPKI_BYTES ? ENVOI_ERR_CERTIFICATE : ENVOI_OK;
}

/* @param spki  NULL: any @return whether there is a pin of the server's name with that key */
static bool has_named_pin(const struct verification *v, const unsigned char *spki)
{
	const char *pins = envoi_buffer_data(v->rules->named_pins);
	struct envoi__tls_named_pin pin;
	for (size_t at = 0; at < envoi_buffer_len(v->rules->named_pins); at += sizeof(pin)) {
		memcpy(&pin, pins + at, sizeof(pin));
		if (strcmp(pin.name, v->rules->name->ascii) == 0 &&
			(spki == NULL || memcmp(pin.spki, spki, sizeof(pin.spki)) == 0)) {
			return true;
		}
	}
	return false;
}

/* @return whether the server's own key is one of those pinned */
static bool is_pinned(struct verification *v)
{
	unsigned char spki[ENVOI_TLS_SPKI_BYTES];
	if (envoi__tls_spki(spki, v->chain.presented[0]) < 0) {
		return false;
	}
	if (has_named_pin(v, spki)) {
		return true;
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
	char day[ENVOI_DATE_SIZE] = "an unreadable date";
	if (period->is_known) {
		envoi_date_print(day, day_ms);
		*strchr(day, 'T') = '\0';
	}
	doubt(v, doubts, "%s %s", what, day);
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
	char own[64], above[64];
	const struct envoi__tls_chain *chain = &v->chain;
	snprintf(own, sizeof(own), "the %s's certificate", peer_of(v));
	snprintf(above, sizeof(above), "the certificate of the %s's certification authority",
		peer_of(v));
	int64_t now_ms = now_of(v);
	for (unsigned int i = 0; i < chain->path_len; i++) {
		check_time(v, chain->path[i], i == 0 ? own : above, now_ms);
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

/* Of the last certificate of the path. */
static void doubt_unknown_issuer(struct verification *v)
{
	gnutls_x509_crt_t last = v->chain.path[v->chain.path_len - 1];
	char name[128];
	size_t len = sizeof(name);
	if (gnutls_x509_crt_get_issuer_dn_by_oid(
		    last, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) < 0) {
		doubt(v, ENVOI_TLS_DOUBT_ISSUER,
			"the %s's certificate was issued by an unknown certification authority",
			peer_of(v));
		return;
	}
	envoi__tls_tidy(name);
	doubt(v, ENVOI_TLS_DOUBT_ISSUER,
		"the %s's certificate was issued by an unknown certification authority, \"%s\"%s",
		peer_of(v), name,
		is_own_issuer(last) ? "" : ", whose certificate is neither trusted nor presented");
}

static void doubt_issuer(struct verification *v)
{
	if (is_own_issuer(v->chain.presented[0])) {
		doubt(v, ENVOI_TLS_DOUBT_SELF_SIGNED,
			"the %s's certificate is self-signed and not trusted", peer_of(v));
	} else {
		doubt_unknown_issuer(v);
	}
}

/* What GnuTLS reports, as text around "server" or "client". */
static const struct {
	unsigned int status, kind;
	const char *before, *behind;
} troubles[] = {
	{GNUTLS_CERT_REVOKED, ENVOI_TLS_DOUBT_REVOKED, "the ", "'s certificate is revoked"},
	{GNUTLS_CERT_INSECURE_ALGORITHM, ENVOI_TLS_DOUBT_WEAK, "a key or signature in the ",
		"'s certificate chain is too weak"},
	{GNUTLS_CERT_SIGNER_NOT_CA, ENVOI_TLS_DOUBT_CONSTRAINTS, "the issuer of the ",
		"'s certificate is not a certification authority"},
	{GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, ENVOI_TLS_DOUBT_CONSTRAINTS, "the ",
		"'s certificate violates the constraints of its issuer"},
	{GNUTLS_CERT_EXPIRED, ENVOI_TLS_DOUBT_EXPIRED, "a certificate in the ",
		"'s chain has expired"},
	{GNUTLS_CERT_NOT_ACTIVATED, ENVOI_TLS_DOUBT_NOT_YET_VALID, "a certificate in the ",
		"'s chain is not valid yet"},
	{GNUTLS_CERT_SIGNATURE_FAILURE, ENVOI_TLS_DOUBT_INVALID, "the ",
		"'s certificate has a wrong signature"},
};

static void doubt_chain(struct verification *v, unsigned int status)
{
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND) {
		doubt_issuer(v);
	}
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH) {
		doubt(v, ENVOI_TLS_DOUBT_PURPOSE, "the %s's certificate is not for %ss", peer_of(v),
			peer_of(v));
	}
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		if (status & troubles[i].status) {
			doubt(v, troubles[i].kind, "%s%s%s", troubles[i].before, peer_of(v),
				troubles[i].behind);
		}
	}
	if (status != 0 && v->verdict->doubts == 0) {
		doubt(v, ENVOI_TLS_DOUBT_INVALID, "the %s's certificate is not valid", peer_of(v));
	}
}

/* RFC 5280, section 6; at least 112 bits of strength (RFC 9325, section 4.5). */
static int check_chain(struct verification *v)
{
	unsigned char for_servers[] = GNUTLS_KP_TLS_WWW_SERVER;
	unsigned char for_clients[] = GNUTLS_KP_TLS_WWW_CLIENT;
	unsigned char *purpose = v->rules->is_client ? for_clients : for_servers;
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
		doubt(v, 0, "the %s's certificate cannot be verified", peer_of(v));
		return ENVOI_ERR_CERTIFICATE;
	}
	if (gnutls_x509_crt_check_key_purpose(v->chain.presented[0], (const char *)purpose, 0) ==
		0) {
		status |= GNUTLS_CERT_PURPOSE_MISMATCH; /* not looked at below an unknown issuer */
	}
	check_times(v); /* says it better */
	doubt_chain(v, status & ~(unsigned int)GNUTLS_CERT_INVALID); /* set beside every other */
	return ENVOI_OK;
}

/* --- the name --- */

static void check_constraints(struct verification *v, const struct envoi__tls_name *name)
{
	if (!envoi__tls_constraints_allow(v->rules->trust, &v->chain, name)) {
		doubt(v, ENVOI_TLS_DOUBT_CONSTRAINTS,
			"the %s's certificate violates the constraints of its issuer", peer_of(v));
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
		snprintf(v->verdict->names, sizeof(v->verdict->names), "%.*s",
			(int)envoi_buffer_len(&presented), envoi_buffer_data(&presented));
		doubt(v, ENVOI_TLS_DOUBT_NAME, "the server's certificate is for %s, not for %s",
			names_to_report(v, &presented), v->rules->name->ascii);
	}
	if (match == ENVOI__TLS_MATCH_OTHER_NAME) {
		check_constraints(v, v->rules->name);
	}
	envoi_buffer_finish(&presented);
}

/* --- the addresses of a client --- */

static int check_address(struct verification *v, const char *address)
{
	struct envoi_jid *jid;
	struct envoi__tls_name name = {.context = NULL};
	int r = envoi_jid_from_text(&jid, v->rules->context, address);
	if (r < 0) {
		return r;
	}
	r = envoi__tls_name_init(&name, v->rules->context, envoi_jid_domain(jid));
	if (r == ENVOI_OK) {
		check_constraints(v, &name);
	}
	envoi__tls_name_finish(&name);
	envoi_jid_unref(jid);
	return r;
}

/* None of them, if an issuer is not entitled to one. */
static int take_addresses(struct verification *v, struct envoi_buffer *addresses)
{
	int r = envoi__tls_addresses(addresses, v->chain.presented[0]);
	size_t at = 0;
	while (r >= 0 && at < envoi_buffer_len(addresses)) {
		const char *address = envoi_buffer_data(addresses) + at;
		r = check_address(v, address);
		at += strlen(address) + 1;
	}
	if (r >= 0 && v->verdict->doubts != 0) {
		r = ENVOI_ERR_CERTIFICATE;
	}
	if (r < 0) {
		envoi_buffer_truncate(addresses, 0);
	}
	return r < 0 ? r : ENVOI_OK;
}

static int judge_client(struct verification *v, struct envoi_buffer *addresses)
{
	int r = check_chain(v);
	if (r == ENVOI_OK && v->verdict->doubts != 0) {
		r = ENVOI_ERR_CERTIFICATE;
	}
	if (r == ENVOI_OK) {
		r = take_addresses(v, addresses);
	}
	if (r == ENVOI_OK) {
		v->verdict->trust = ENVOI_TLS_TRUST_VERIFIED;
	}
	return r;
}

static int judge(struct verification *v)
{
	bool has_pins = envoi_buffer_len(v->rules->pins) > 0 || has_named_pin(v, NULL);
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

/* @param addresses  of a client; NULL: a server */
static int verify(struct envoi__tls_verdict *ret_verdict, const struct envoi__tls_rules *rules,
	const gnutls_datum_t *chain, unsigned int count, struct envoi_buffer *addresses)
{
	*ret_verdict = (struct envoi__tls_verdict){0};
	struct verification v = {.rules = rules, .verdict = ret_verdict};
	enum envoi__tls_chain_fault fault = ENVOI__TLS_CHAIN_UNREADABLE;
	int r = envoi__tls_chain_import(&v.chain, chain, count, &fault);
	if (r == ENVOI_ERR_CERTIFICATE) {
		refuse(&v, fault);
	} else if (r == ENVOI_OK) {
		r = addresses != NULL ? judge_client(&v, addresses) : judge(&v);
	}
	if (r < 0) {
		ret_verdict->trust = ENVOI_TLS_TRUST_NONE;
	}
	envoi__tls_chain_finish(&v.chain);
	return r;
}

int envoi__tls_verify(struct envoi__tls_verdict *ret_verdict, const struct envoi__tls_rules *rules,
	const gnutls_datum_t *chain, unsigned int count)
{
	return verify(ret_verdict, rules, chain, count, NULL);
}

int envoi__tls_verify_client(struct envoi__tls_verdict *ret_verdict, struct envoi_context *context,
	gnutls_x509_trust_list_t trust, const gnutls_datum_t *chain, unsigned int count,
	struct envoi_buffer *addresses)
{
	const struct envoi__tls_rules rules = {
		.context = context, .trust = trust, .is_client = true};
	return verify(ret_verdict, &rules, chain, count, addresses);
}
