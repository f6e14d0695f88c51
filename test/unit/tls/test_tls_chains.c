/*
 * envoi - verification of certificate chains made by the test
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>

#include "tls/tls_verify.h"

enum {
	NOW = 1800000000, /* 2027-01-15 */
	YEAR = 31557600,
	MOST = 20,
};

enum whose {
	ROOT, /* trusted */
	MIDDLE, /* issued by the root */
	LOWER, /* issued by the middle */
	LEAF,
	STRANGER, /* a root that is not trusted */
	KEYS,
};

static const char *const names[KEYS] = {"Root", "Middle", "Lower", "Leaf", "Stranger"};

/** What a certificate is like; zeroed: as it should be. */
struct particulars {
	int from_year, until_year; /* from now; 0: -1, 1 */
	bool is_no_authority; /* of one that should be */
	bool may_not_sign; /* by its key usage */
	bool has_path_len; /* only leaves below it */
	bool has_strange_extension; /* critical */
	bool has_wrong_signature;
	bool has_unnamed_issuer; /* without a common name */
	const char *permits, *excludes; /* domains */
	const char *purpose, *purpose_too; /* NULL: any */
	const char *xmpp_addr, *srv; /* other names */
	const char *constraints; /* DER, in place of those above */
	size_t constraints_len;
};

static struct {
	struct envoi_context *context;
	gnutls_x509_privkey_t keys[KEYS];
	struct particulars root, other_root; /* trusted, both of the same name and key */
	bool has_other_root;
	const char *wanted; /* NULL: "example.org" */
	gnutls_datum_t root_der; /* the trusted one itself; NULL: made by particulars */
} all;

static unsigned int signature_checks;

/* The library's own calls come here; those inside of GnuTLS do not. */
int gnutls_x509_crt_verify(gnutls_x509_crt_t certificate, const gnutls_x509_crt_t *issuers,
	unsigned int count, unsigned int flags, unsigned int *ret_status)
{
	gnutls_x509_trust_list_t list;
	signature_checks++;
	assert_int_equal(gnutls_x509_trust_list_init(&list, 0), 0);
	assert_int_equal(gnutls_x509_trust_list_add_cas(list, issuers, count, 0), (int)count);
	int r = gnutls_x509_trust_list_verify_crt(list, &certificate, 1, flags, ret_status, NULL);
	gnutls_x509_trust_list_deinit(list, 0);
	return r;
}

static int64_t wall_clock(void *user)
{
	(void)user;
	return (int64_t)NOW * 1000;
}

static int setup(void **state)
{
	(void)state;
	const struct envoi_context_options options = {.wall_clock = wall_clock};
	assert_int_equal(envoi_context_new(&all.context, &options), ENVOI_OK);
	for (int i = 0; i < KEYS; i++) {
		assert_int_equal(gnutls_x509_privkey_init(&all.keys[i]), 0);
		assert_int_equal(gnutls_x509_privkey_generate(all.keys[i], GNUTLS_PK_ECDSA,
					 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
			0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < KEYS; i++) {
		gnutls_x509_privkey_deinit(all.keys[i]);
	}
	envoi_context_unref(all.context);
	return 0;
}

/* A leaf with names of XMPP has no common name, which GnuTLS would hold against constraints. */
static void name(gnutls_x509_crt_t certificate, enum whose whose, bool is_common)
{
	const char *kind = is_common ? GNUTLS_OID_X520_COMMON_NAME
				     : GNUTLS_OID_X520_ORGANIZATION_NAME;
	assert_int_equal(gnutls_x509_crt_set_dn_by_oid(certificate, kind, 0, names[whose],
				 (unsigned int)strlen(names[whose])),
		0);
}

static void add_other_names(gnutls_x509_crt_t certificate, const struct particulars *p)
{
	if (p->xmpp_addr != NULL) {
		assert_int_equal(
			gnutls_x509_crt_set_subject_alt_othername(certificate, "1.3.6.1.5.5.7.8.5",
				p->xmpp_addr, (unsigned int)strlen(p->xmpp_addr),
				GNUTLS_FSAN_SET | GNUTLS_FSAN_ENCODE_UTF8_STRING),
			0);
	}
	if (p->srv != NULL) {
		char der[64];
		int len = snprintf(der, sizeof(der), "\x16%c%s", (int)strlen(p->srv), p->srv);
		assert_int_equal(
			gnutls_x509_crt_set_subject_alt_othername(certificate, "1.3.6.1.5.5.7.8.7",
				der, (unsigned int)len, GNUTLS_FSAN_SET),
			0);
	}
}

static void constrain(gnutls_x509_crt_t certificate, const struct particulars *p)
{
	gnutls_x509_name_constraints_t constraints;
	assert_int_equal(gnutls_x509_name_constraints_init(&constraints), 0);
	const char *const texts[] = {p->permits, p->excludes};
	for (int i = 0; i < 2; i++) {
		if (texts[i] == NULL) {
			continue;
		}
		char copy[64];
		snprintf(copy, sizeof(copy), "%s", texts[i]);
		gnutls_datum_t domain = {(unsigned char *)copy, (unsigned int)strlen(copy)};
		int r = i == 0 ? gnutls_x509_name_constraints_add_permitted(
					 constraints, GNUTLS_SAN_DNSNAME, &domain)
			       : gnutls_x509_name_constraints_add_excluded(
					 constraints, GNUTLS_SAN_DNSNAME, &domain);
		assert_int_equal(r, 0);
	}
	if (p->permits != NULL || p->excludes != NULL) {
		assert_int_equal(
			gnutls_x509_crt_set_name_constraints(certificate, constraints, 1), 0);
	}
	gnutls_x509_name_constraints_deinit(constraints);
	if (p->constraints != NULL) {
		assert_int_equal(gnutls_x509_crt_set_extension_by_oid(certificate, "2.5.29.30",
					 p->constraints, p->constraints_len, 1),
			0);
	}
}

static void describe(gnutls_x509_crt_t certificate, enum whose whose, const struct particulars *p)
{
	bool is_authority = whose != LEAF && !p->is_no_authority;
	gnutls_x509_crt_set_version(certificate, 3);
	gnutls_x509_crt_set_serial(certificate, &(char){(char)(whose + 1)}, 1);
	gnutls_x509_crt_set_activation_time(
		certificate, NOW + (p->from_year == 0 ? -1 : p->from_year) * YEAR);
	gnutls_x509_crt_set_expiration_time(
		certificate, NOW + (p->until_year == 0 ? 1 : p->until_year) * YEAR);
	gnutls_x509_crt_set_key(certificate, all.keys[whose]);
	gnutls_x509_crt_set_basic_constraints(certificate, is_authority, p->has_path_len ? 0 : -1);
	gnutls_x509_crt_set_key_usage(certificate,
		is_authority && !p->may_not_sign ? GNUTLS_KEY_KEY_CERT_SIGN
						 : GNUTLS_KEY_DIGITAL_SIGNATURE);
	constrain(certificate, p);
	add_other_names(certificate, p);
	if (p->purpose != NULL) {
		gnutls_x509_crt_set_key_purpose_oid(certificate, p->purpose, 0);
	}
	if (p->purpose_too != NULL) {
		gnutls_x509_crt_set_key_purpose_oid(certificate, p->purpose_too, 0);
	}
	if (p->has_strange_extension) {
		gnutls_x509_crt_set_extension_by_oid(certificate, "1.2.3.4.5", "\x05\x00", 2, 1);
	}
}

/* @return DER, to be freed */
static gnutls_datum_t make(
	enum whose whose, enum whose issuer, const char *domain, const struct particulars *p)
{
	static const struct particulars ordinary;
	gnutls_x509_crt_t certificate, above;
	gnutls_datum_t der;
	p = p == NULL ? &ordinary : p;
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	assert_int_equal(gnutls_x509_crt_init(&above), 0);
	name(certificate, whose, p->xmpp_addr == NULL && p->srv == NULL);
	name(above, issuer, !p->has_unnamed_issuer);
	describe(certificate, whose, p);
	if (domain != NULL) {
		assert_int_equal(
			gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME,
				domain, (unsigned int)strlen(domain), GNUTLS_FSAN_SET),
			0);
	}
	gnutls_x509_privkey_t key = all.keys[p->has_wrong_signature ? STRANGER : issuer];
	gnutls_x509_crt_set_key(above, key);
	assert_int_equal(gnutls_x509_crt_sign2(certificate, above, key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der), 0);
	gnutls_x509_crt_deinit(certificate);
	gnutls_x509_crt_deinit(above);
	return der;
}

struct chain {
	gnutls_datum_t certificates[MOST];
	unsigned int count;
};

static void add(struct chain *chain, gnutls_datum_t der)
{
	chain->certificates[chain->count++] = der;
}

static gnutls_datum_t copy_of(const gnutls_datum_t *der)
{
	gnutls_datum_t copy = {gnutls_malloc(der->size), der->size};
	memcpy(copy.data, der->data, der->size);
	return copy;
}

static void trust_root(gnutls_x509_trust_list_t trust, const struct particulars *p)
{
	gnutls_datum_t root = all.root_der.data != NULL ? copy_of(&all.root_der)
							: make(ROOT, ROOT, NULL, p);
	assert_int_equal(
		gnutls_x509_trust_list_add_trust_mem(trust, &root, NULL, GNUTLS_X509_FMT_DER, 0, 0),
		1);
	gnutls_free(root.data);
}

/* The chain is freed. */
static int judge(struct envoi__tls_verdict *verdict, struct chain *chain)
{
	gnutls_x509_trust_list_t trust;
	struct envoi__tls_name wanted;
	struct envoi_buffer pins;
	assert_int_equal(gnutls_x509_trust_list_init(&trust, 0), 0);
	trust_root(trust, &all.root);
	if (all.has_other_root) {
		trust_root(trust, &all.other_root);
	}
	assert_int_equal(envoi__tls_name_init(&wanted, all.context,
				 all.wanted != NULL ? all.wanted : "example.org"),
		ENVOI_OK);
	envoi_buffer_init(&pins, all.context, 0);
	const struct envoi__tls_rules rules = {.context = all.context,
		.trust = trust,
		.name = &wanted,
		.pins = &pins,
		.named_pins = &pins};
	signature_checks = 0;
	int r = envoi__tls_verify(verdict, &rules, chain->certificates, chain->count);
	for (unsigned int i = 0; i < chain->count; i++) {
		gnutls_free(chain->certificates[i].data);
	}
	envoi__tls_name_finish(&wanted);
	gnutls_x509_trust_list_deinit(trust, 1);
	return r;
}

static void expect(struct chain *chain, unsigned int doubts, const char *words)
{
	struct envoi__tls_verdict verdict;
	int r = judge(&verdict, chain);
	if (verdict.doubts != doubts || r != (doubts == 0 ? ENVOI_OK : ENVOI_ERR_CERTIFICATE) ||
		strstr(verdict.reasons, words) == NULL) {
		fail_msg("%s: %d, %x: %s", words, r, verdict.doubts, verdict.reasons);
	}
	assert_int_equal(
		verdict.trust, doubts == 0 ? ENVOI_TLS_TRUST_VERIFIED : ENVOI_TLS_TRUST_NONE);
}

static void every_error_of_an_intermediate_authority_is_reported(void **state)
{
	(void)state;
	static const struct {
		struct particulars middle;
		unsigned int doubts;
		const char *words;
	} cases[] = {
		{{.from_year = 0}, 0, ""},
		{{.from_year = -3, .until_year = -1}, ENVOI_TLS_DOUBT_EXPIRED,
			"the certificate of the server's certification authority has expired on 2026"},
		{{.from_year = 1, .until_year = 3}, ENVOI_TLS_DOUBT_NOT_YET_VALID,
			"the certificate of the server's certification authority is not valid before 2028"},
		{{.is_no_authority = true}, ENVOI_TLS_DOUBT_CONSTRAINTS,
			"is not a certification authority"},
		{{.may_not_sign = true}, ENVOI_TLS_DOUBT_CONSTRAINTS,
			"violates the constraints of its issuer"},
		{{.has_path_len = true}, 0, ""},
		{{.permits = "example.org"}, 0, ""},
		{{.permits = "example.net"}, ENVOI_TLS_DOUBT_CONSTRAINTS,
			"violates the constraints of its issuer"},
		{{.excludes = "example.org"}, ENVOI_TLS_DOUBT_CONSTRAINTS,
			"violates the constraints of its issuer"},
		{{.excludes = "org"}, ENVOI_TLS_DOUBT_CONSTRAINTS,
			"violates the constraints of its issuer"},
		{{.excludes = "example.net"}, 0, ""},
		{{.has_strange_extension = true}, ENVOI_TLS_DOUBT_INVALID, "is not valid"},
		{{.has_wrong_signature = true}, ENVOI_TLS_DOUBT_INVALID, "has a wrong signature"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chain chain = {.count = 0};
		add(&chain, make(LEAF, MIDDLE, "example.org", NULL));
		add(&chain, make(MIDDLE, ROOT, NULL, &cases[i].middle));
		expect(&chain, cases[i].doubts, cases[i].words);
	}
}

static void an_authority_that_may_issue_leaves_only_makes_no_other(void **state)
{
	(void)state;
	static const struct particulars leaves_only = {.has_path_len = true};
	for (int i = 0; i < 2; i++) {
		struct chain chain = {.count = 0};
		add(&chain, make(LEAF, LOWER, "example.org", NULL));
		add(&chain, make(LOWER, MIDDLE, NULL, NULL));
		add(&chain, make(MIDDLE, ROOT, NULL, i == 0 ? NULL : &leaves_only));
		expect(&chain, i == 0 ? 0 : ENVOI_TLS_DOUBT_CONSTRAINTS, "");
	}
}

static void every_error_of_the_servers_certificate_is_reported(void **state)
{
	(void)state;
	static const struct {
		struct particulars leaf;
		unsigned int doubts;
		const char *words;
	} cases[] = {
		{{.purpose = GNUTLS_KP_TLS_WWW_SERVER}, 0, ""},
		{{.purpose = GNUTLS_KP_TLS_WWW_CLIENT, .purpose_too = GNUTLS_KP_TLS_WWW_SERVER}, 0,
			""},
		{{.purpose = GNUTLS_KP_ANY}, 0, ""},
		{{.purpose = GNUTLS_KP_TLS_WWW_CLIENT}, ENVOI_TLS_DOUBT_PURPOSE, "not for servers"},
		{{.purpose = GNUTLS_KP_CODE_SIGNING}, ENVOI_TLS_DOUBT_PURPOSE, "not for servers"},
		{{.purpose = GNUTLS_KP_EMAIL_PROTECTION, .from_year = -3, .until_year = -1},
			ENVOI_TLS_DOUBT_PURPOSE | ENVOI_TLS_DOUBT_EXPIRED, "has expired on 2026"},
		{{.has_strange_extension = true}, ENVOI_TLS_DOUBT_INVALID, "is not valid"},
		{{.has_wrong_signature = true}, ENVOI_TLS_DOUBT_INVALID, "has a wrong signature"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chain chain = {.count = 0};
		add(&chain, make(LEAF, ROOT, "example.org", &cases[i].leaf));
		expect(&chain, cases[i].doubts, cases[i].words);
	}
}

/* A decision needs all errors, but GnuTLS stops below an unknown issuer. */
static void below_an_unknown_issuer_other_errors_are_reported_too(void **state)
{
	(void)state;
	static const struct particulars wrong = {
		.purpose = GNUTLS_KP_TLS_WWW_CLIENT, .from_year = -3, .until_year = -1};
	struct chain chain = {.count = 0};
	add(&chain, make(LEAF, STRANGER, "other.example", &wrong));
	expect(&chain,
		ENVOI_TLS_DOUBT_ISSUER | ENVOI_TLS_DOUBT_PURPOSE | ENVOI_TLS_DOUBT_EXPIRED |
			ENVOI_TLS_DOUBT_NAME,
		"is for other.example, not for example.org");
	chain.count = 0;
	add(&chain, make(STRANGER, STRANGER, "other.example", &wrong));
	expect(&chain,
		ENVOI_TLS_DOUBT_SELF_SIGNED | ENVOI_TLS_DOUBT_PURPOSE | ENVOI_TLS_DOUBT_EXPIRED |
			ENVOI_TLS_DOUBT_NAME,
		"is for other.example, not for example.org");
}

static void an_unknown_issuer_has_a_name_or_none(void **state)
{
	(void)state;
	static const struct particulars unnamed = {.has_unnamed_issuer = true};
	static const char *const reasons[] = {
		"the server's certificate was issued by an unknown certification authority, "
		"\"Stranger\", whose certificate is neither trusted nor presented",
		"the server's certificate was issued by an unknown certification authority",
	};
	for (int i = 0; i < 2; i++) {
		struct envoi__tls_verdict verdict;
		struct chain chain = {.count = 0};
		add(&chain, make(LEAF, STRANGER, "example.org", i == 0 ? NULL : &unnamed));
		assert_int_equal(judge(&verdict, &chain), ENVOI_ERR_CERTIFICATE);
		assert_int_equal(verdict.doubts, ENVOI_TLS_DOUBT_ISSUER);
		assert_string_equal(verdict.reasons, reasons[i]);
	}
}

/* RFC 8446, section 4.4.2: be prepared for that. */
static void what_is_shown_besides_and_in_which_order_does_not_matter(void **state)
{
	(void)state;
	struct chain chain = {.count = 0};
	add(&chain, make(LEAF, LOWER, "example.org", NULL));
	add(&chain, make(STRANGER, STRANGER, "example.org", NULL));
	add(&chain, make(MIDDLE, ROOT, NULL, NULL));
	add(&chain, make(LOWER, MIDDLE, NULL, NULL));
	add(&chain, make(LOWER, MIDDLE, NULL, NULL));
	add(&chain, make(ROOT, ROOT, NULL, NULL));
	expect(&chain, 0, "");
}

static void the_first_is_the_servers_whatever_the_others_say(void **state)
{
	(void)state;
	struct chain chain = {.count = 0};
	add(&chain, make(STRANGER, STRANGER, "example.org", NULL));
	add(&chain, make(LEAF, MIDDLE, "example.org", NULL));
	add(&chain, make(MIDDLE, ROOT, NULL, NULL));
	expect(&chain, ENVOI_TLS_DOUBT_SELF_SIGNED, "self-signed");
	chain.count = 0;
	add(&chain, make(LEAF, MIDDLE, "other.example", NULL));
	add(&chain, make(MIDDLE, ROOT, "example.org", NULL));
	expect(&chain, ENVOI_TLS_DOUBT_NAME, "is for other.example, not for example.org");
}

static void a_certificate_that_cannot_be_judged_needs_no_decision(void **state)
{
	(void)state;
	struct envoi__tls_verdict verdict;
	struct chain chain = {.count = 0};
	assert_int_equal(judge(&verdict, &chain), ENVOI_ERR_CERTIFICATE);
	assert_int_equal(verdict.doubts, 0);
	assert_string_equal(verdict.reasons, "the server presents no certificate");
	for (int i = 0; i < 17; i++) {
		add(&chain, make(LEAF, ROOT, "example.org", NULL));
	}
	assert_int_equal(judge(&verdict, &chain), ENVOI_ERR_CERTIFICATE);
	assert_int_equal(verdict.doubts, 0);
	assert_string_equal(verdict.reasons, "the server presents too many certificates");
	chain.count = 0;
	add(&chain, make(LEAF, ROOT, "example.org", NULL));
	chain.certificates[0].size -= 10;
	assert_int_equal(judge(&verdict, &chain), ENVOI_ERR_CERTIFICATE);
	assert_int_equal(verdict.doubts, 0);
	assert_string_equal(verdict.reasons, "the server's certificate cannot be read");
}

/* --- constraints --- */

/* GeneralName otherName of XmppAddr "example.net", permitted; and what is no constraints at all. */
#define OTHER_NAME_CONSTRAINTS \
	"\x30\x1f\xa0\x1d\x30\x1b\xa0\x19\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x05\xa0\x0d\x0c\x0b" \
	"example.net"
#define UNREADABLE "\x30\x03\xa0\x05\x00"

static const struct {
	struct particulars issuer;
	bool is_allowed;
} constraints[] = {
	{{.permits = NULL}, true},
	{{.permits = "example.org"}, true},
	{{.permits = "org"}, true},
	{{.permits = "example.net"}, false},
	{{.excludes = "example.net"}, true},
	{{.excludes = "example.org"}, false},
	{{.permits = "org", .excludes = "example.org"}, false},
	{{.constraints = OTHER_NAME_CONSTRAINTS,
		 .constraints_len = sizeof(OTHER_NAME_CONSTRAINTS) - 1},
		false},
	{{.constraints = UNREADABLE, .constraints_len = sizeof(UNREADABLE) - 1}, false},
};

static const struct particulars named[] = {
	{.xmpp_addr = "example.org"}, {.srv = "_xmpp-client.example.org"}};

static void names_of_xmpp_obey_the_constraints_of_a_trusted_authority(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(constraints) / sizeof(constraints[0]); i++) {
		all.root = constraints[i].issuer;
		for (size_t k = 0; k < 4; k++) {
			struct chain chain = {.count = 0};
			add(&chain, make(LEAF, ROOT, NULL, &named[k % 2]));
			if (k >= 2) {
				add(&chain, make(ROOT, ROOT, NULL, &all.root));
			}
			expect(&chain, constraints[i].is_allowed ? 0 : ENVOI_TLS_DOUBT_CONSTRAINTS,
				"");
		}
	}
}

static void names_of_xmpp_obey_the_constraints_of_an_authority_in_between(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(constraints) / sizeof(constraints[0]); i++) {
		for (size_t k = 0; k < 2; k++) {
			struct chain chain = {.count = 0};
			add(&chain, make(LEAF, LOWER, NULL, &named[k]));
			add(&chain, make(LOWER, MIDDLE, NULL, NULL));
			add(&chain, make(MIDDLE, ROOT, NULL, &constraints[i].issuer));
			expect(&chain, constraints[i].is_allowed ? 0 : ENVOI_TLS_DOUBT_CONSTRAINTS,
				"");
		}
	}
}

static void names_of_xmpp_obey_the_constraints_of_an_unknown_authority(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(constraints) / sizeof(constraints[0]); i++) {
		struct chain chain = {.count = 0};
		add(&chain, make(LEAF, STRANGER, NULL, &named[0]));
		add(&chain, make(STRANGER, STRANGER, NULL, &constraints[i].issuer));
		expect(&chain,
			ENVOI_TLS_DOUBT_ISSUER |
				(constraints[i].is_allowed ? 0u : ENVOI_TLS_DOUBT_CONSTRAINTS),
			"");
	}
}

/* GnuTLS chooses one of them by rules of its own. */
static void the_constraints_of_all_trusted_authorities_of_one_name_apply(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		all.has_other_root = true;
		all.root = (struct particulars){.permits = i == 1 || i == 3 ? "example.net" : NULL};
		all.other_root = (struct particulars){.permits = i >= 2 ? "example.net" : NULL};
		struct chain chain = {.count = 0};
		add(&chain, make(LEAF, ROOT, NULL, &named[0]));
		expect(&chain, i == 0 ? 0 : ENVOI_TLS_DOUBT_CONSTRAINTS, "");
	}
}

/* --- the trusted authority --- */

static void a_trusted_authority_must_be_valid_by_the_clock_of_the_context(void **state)
{
	(void)state;
	static const struct {
		struct particulars root;
		unsigned int doubts;
		const char *words;
	} cases[] = {
		{{.from_year = -3, .until_year = -1}, ENVOI_TLS_DOUBT_EXPIRED,
			"certification authority has expired on 2026"},
		{{.from_year = 1, .until_year = 3}, ENVOI_TLS_DOUBT_NOT_YET_VALID,
			"certification authority is not valid before 2028"},
		{{.from_year = -1, .until_year = 3}, 0, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		all.root = cases[i].root;
		for (size_t k = 0; k < 4; k++) {
			all.has_other_root = k % 2 == 1; /* valid */
			struct chain chain = {.count = 0};
			add(&chain, make(LEAF, MIDDLE, "example.org", NULL));
			add(&chain, make(MIDDLE, ROOT, NULL, NULL));
			if (k >= 2) {
				add(&chain, make(ROOT, ROOT, NULL, &all.root));
			}
			expect(&chain, all.has_other_root ? 0 : cases[i].doubts,
				all.has_other_root ? "" : cases[i].words);
		}
	}
}

/* --- the path --- */

/* The first of them has the name of the issuer, and another key. */
static void of_several_issuers_of_one_name_the_one_that_signed_is_found(void **state)
{
	(void)state;
	static const struct particulars false_one = {.has_wrong_signature = true};
	for (size_t at = 1; at <= 3; at++) {
		struct chain chain = {.count = 0};
		add(&chain, make(LEAF, MIDDLE, "example.org", NULL));
		for (size_t i = 1; i <= 3; i++) {
			if (i == at) {
				add(&chain, make(MIDDLE, ROOT, NULL, NULL));
			} else {
				gnutls_x509_privkey_t own = all.keys[MIDDLE];
				all.keys[MIDDLE] = all.keys[i == 1 ? LOWER : STRANGER];
				add(&chain, make(MIDDLE, ROOT, NULL, &false_one));
				all.keys[MIDDLE] = own;
			}
		}
		expect(&chain, 0, "");
		assert_true(signature_checks <= 3);
	}
}

static void an_ordinary_chain_takes_no_signature_checks_besides_those_of_gnutls(void **state)
{
	(void)state;
	struct chain chain = {.count = 0};
	add(&chain, make(LEAF, LOWER, "example.org", NULL));
	add(&chain, make(LOWER, MIDDLE, NULL, NULL));
	add(&chain, make(MIDDLE, ROOT, NULL, NULL));
	all.root_der = make(ROOT, ROOT, NULL, NULL);
	add(&chain, copy_of(&all.root_der));
	expect(&chain, 0, "");
	assert_int_equal(signature_checks, 0);
	gnutls_free(all.root_der.data);
	all.root_der.data = NULL;
}

/* Each may have issued each other by its name, so that a search would be quadratic. */
static void certificates_of_one_name_take_a_bounded_number_of_signature_checks(void **state)
{
	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		const struct particulars p = {.has_wrong_signature = wrong == 1};
		struct chain chain = {.count = 0};
		add(&chain, make(LEAF, MIDDLE, "example.org", NULL));
		for (int i = 1; i < 16; i++) {
			add(&chain,
				make(i % 2 == 1 ? MIDDLE : LOWER, i % 2 == 1 ? LOWER : MIDDLE, NULL,
					&p));
		}
		expect(&chain, ENVOI_TLS_DOUBT_ISSUER, "");
		assert_true(signature_checks > 1 && signature_checks <= 16);
	}
}

/* X.690, section 8.1.3.5: from 128 bytes on the length has bytes of its own. */
static void a_long_name_of_xmpp_matches_like_a_short_one(void **state)
{
	(void)state;
	char name[256] = "";
	for (size_t len = 120; len <= 136; len += 8) {
		memset(name, 'a', len);
		name[63] = name[100] = '.';
		name[len] = '\0';
		const struct particulars long_name = {.xmpp_addr = name};
		for (int i = 0; i < 2; i++) {
			struct chain chain = {.count = 0};
			all.wanted = i == 0 ? name : NULL;
			add(&chain, make(LEAF, ROOT, NULL, &long_name));
			expect(&chain, i == 0 ? 0 : ENVOI_TLS_DOUBT_NAME, "");
		}
	}
}

static int with_the_ordinary_root(void **state)
{
	(void)state;
	all.root = all.other_root = (struct particulars){.from_year = 0};
	all.has_other_root = false;
	all.wanted = NULL;
	return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, with_the_ordinary_root)
	const struct CMUnitTest tests[] = {
		CASE(every_error_of_an_intermediate_authority_is_reported),
		CASE(an_authority_that_may_issue_leaves_only_makes_no_other),
		CASE(every_error_of_the_servers_certificate_is_reported),
		CASE(below_an_unknown_issuer_other_errors_are_reported_too),
		CASE(an_unknown_issuer_has_a_name_or_none),
		CASE(what_is_shown_besides_and_in_which_order_does_not_matter),
		CASE(the_first_is_the_servers_whatever_the_others_say),
		CASE(a_certificate_that_cannot_be_judged_needs_no_decision),
		CASE(names_of_xmpp_obey_the_constraints_of_a_trusted_authority),
		CASE(names_of_xmpp_obey_the_constraints_of_an_authority_in_between),
		CASE(names_of_xmpp_obey_the_constraints_of_an_unknown_authority),
		CASE(the_constraints_of_all_trusted_authorities_of_one_name_apply),
		CASE(a_trusted_authority_must_be_valid_by_the_clock_of_the_context),
		CASE(of_several_issuers_of_one_name_the_one_that_signed_is_found),
		CASE(an_ordinary_chain_takes_no_signature_checks_besides_those_of_gnutls),
		CASE(certificates_of_one_name_take_a_bounded_number_of_signature_checks),
		CASE(a_long_name_of_xmpp_matches_like_a_short_one),
	};
	return cmocka_run_group_tests_name("crypto/tls chains", tests, setup, teardown);
}
