/*
 * envoi - SASL: which mechanism: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "sasl/sasl_choice.h"

#define DEFAULT \
	"SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 " \
	"SCRAM-SHA-1 PLAIN"
#define ALL "PLAIN SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-256"
#define WEAK "LOGIN NTLM CRAM-MD5 DIGEST-MD5 GSSAPI"
#define NO_PLUS "SCRAM-SHA-1 PLAIN SCRAM-SHA-256"

enum {
	AUTO = ENVOI__SASL_BINDING_AUTO,
	REQUIRE = ENVOI__SASL_BINDING_REQUIRE,
	NEVER = ENVOI__SASL_BINDING_NEVER,
	PASSWORD = ENVOI_SASL_PASSWORD,
	MOST_WORDS = 16,
};

/* One line of the table; lists are words separated by blanks. */
struct row {
	const char *tls; /* NULL: no TLS; "-1.3": not verified */
	const char *own; /* channel bindings that we have */
	const char *listed; /* XEP-0440; NULL: no list */
	const char *offered;
	int policy;
	const char *mechanism, *binding; /* expected; NULL: refused */
	/* what most rows leave at the default */
	const char *wanted;
	unsigned int means;
	bool no_plain;
	char flag; /* 'y': we could bind; 'h': an offer's hash is needed; 0: neither */
};

/* 1.2 has all three with extended master secret; 1.3 has no tls-unique. */
#define OWN_1_2 "tls-exporter tls-unique tls-server-end-point"
#define OWN_1_3 "tls-exporter tls-server-end-point"
#define P256 "SCRAM-SHA-256-PLUS"
#define S256 "SCRAM-SHA-256"

static const struct row rows[] = {
	/* TLS 1.3: -PLUS only with a list that has ours */
	{"1.3", OWN_1_3, "tls-exporter", ALL, AUTO, P256, "tls-exporter"},
	{"1.3", OWN_1_3, "tls-server-end-point tls-exporter", ALL, AUTO, P256, "tls-exporter"},
	{"1.3", OWN_1_3, NULL, ALL, AUTO, S256, NULL}, /* ejabberd */
	{"1.3", OWN_1_3, NULL, NO_PLUS, AUTO, S256, NULL,
		.flag = 'y'}, /* Prosody as Debian ships it */
	{"1.3", OWN_1_3, "", ALL, AUTO, S256, NULL, .flag = 'h'},
	{"1.3", OWN_1_3, "tls-unique", ALL, AUTO, S256, NULL, .flag = 'h'},
	{"1.3", OWN_1_3, "x-new", ALL, AUTO, S256, NULL, .flag = 'h'},
	{"1.3", "tls-exporter", "x-new tls-server-end-point", ALL, AUTO, S256,
		NULL}, /* an Ed25519 certificate */
	{"1.3", OWN_1_3, "x-new", "PLAIN SCRAM-SHA-1-PLUS", AUTO, NULL, NULL},
	{"1.3", OWN_1_3, "tls-exporter", "PLAIN", AUTO, NULL, NULL},
	{"1.3", OWN_1_3, "tls-exporter", "PLAIN", NEVER, "PLAIN", NULL},
	{"1.3", OWN_1_3, "tls-server-end-point", ALL, AUTO, P256, "tls-server-end-point"},
	{"1.3", "", "tls-exporter", ALL, AUTO, S256, NULL},
	{"1.3", OWN_1_3, "tls-exporter", NO_PLUS, AUTO, S256, NULL, .flag = 'h'},
	{"1.3", OWN_1_3, "tls-exporter", "SCRAM-SHA-512 " ALL " SCRAM-SHA-512-PLUS", AUTO,
		"SCRAM-SHA-512-PLUS", "tls-exporter"},
	{"1.3", OWN_1_3, "tls-exporter", "SCRAM-SHA-512 " ALL, AUTO, P256, "tls-exporter"},
	/* TLS 1.2: tls-unique without a list */
	{"1.2", OWN_1_2, NULL, ALL, AUTO, P256, "tls-unique"},
	{"1.2", "tls-server-end-point", NULL, ALL, AUTO, S256,
		NULL}, /* no extended master secret */
	{"1.2", OWN_1_2, "tls-exporter tls-unique", ALL, AUTO, P256, "tls-exporter"},
	{"1.2", OWN_1_2, "tls-unique", ALL, AUTO, P256, "tls-unique"},
	{"1.2", OWN_1_2, "tls-server-end-point", ALL, AUTO, P256, "tls-server-end-point"},
	{"1.2", OWN_1_2, NULL, NO_PLUS, AUTO, S256, NULL, .flag = 'y'},
	{"1.2", "tls-server-end-point", "tls-unique tls-server-end-point", ALL, AUTO, P256,
		"tls-server-end-point"},
	{"1.2", OWN_1_2, "", ALL, AUTO, S256, NULL, .flag = 'h'},
	{"1.2", OWN_1_2, NULL, "SCRAM-SHA-1-PLUS SCRAM-SHA-256", AUTO, "SCRAM-SHA-1-PLUS",
		"tls-unique"},
	/* require */
	{"1.3", OWN_1_3, "tls-exporter", ALL, REQUIRE, P256, "tls-exporter"},
	{"1.3", OWN_1_3, NULL, ALL, REQUIRE, P256, "tls-exporter"},
	{"1.3", OWN_1_3, "", ALL, REQUIRE, NULL, NULL},
	{"1.3", OWN_1_3, "tls-unique", ALL, REQUIRE, NULL, NULL},
	{"1.3", OWN_1_3, "tls-exporter", NO_PLUS, REQUIRE, NULL, NULL},
	{"1.2", OWN_1_2, NULL, ALL, REQUIRE, P256, "tls-unique"},
	{"1.2", "", NULL, ALL, REQUIRE, NULL, NULL},
	{NULL, "", NULL, ALL, REQUIRE, NULL, NULL},
	/* never */
	{"1.3", OWN_1_3, "tls-exporter", ALL, NEVER, S256, NULL},
	{"1.2", OWN_1_2, NULL, ALL, NEVER, S256, NULL},
	{"1.3", OWN_1_3, NULL, NO_PLUS, NEVER, S256, NULL},
	{"1.3", OWN_1_3, "tls-exporter", P256, NEVER, NULL, NULL},
	/* PLAIN: only inside verified TLS, and when allowed */
	{"1.3", OWN_1_3, NULL, "PLAIN", AUTO, "PLAIN", NULL},
	{"-1.3", OWN_1_3, NULL, "PLAIN", AUTO, NULL, NULL},
	{NULL, "", NULL, "PLAIN", AUTO, NULL, NULL},
	{"-1.3", OWN_1_3, "tls-exporter", ALL, AUTO, P256, "tls-exporter"},
	{"-1.3", OWN_1_3, NULL, "EXTERNAL PLAIN", AUTO, NULL, NULL, "PLAIN EXTERNAL",
		ENVOI_SASL_CERTIFICATE | PASSWORD},
	{"1.3", OWN_1_3, NULL, "PLAIN", REQUIRE, NULL, NULL},
	{"1.3", OWN_1_3, NULL, "PLAIN", AUTO, NULL, NULL, .no_plain = true},
	{"1.3", OWN_1_3, NULL, NO_PLUS, AUTO, S256, NULL, .no_plain = true, .flag = 'y'},
	{NULL, "", NULL, ALL, AUTO, S256, NULL},
	/* the user's order, and only what he names */
	{"1.3", OWN_1_3, "tls-exporter", ALL, AUTO, "SCRAM-SHA-1", NULL,
		.wanted = "SCRAM-SHA-1 " P256},
	{"1.3", OWN_1_3, "tls-exporter", ALL, AUTO, "PLAIN", NULL, .wanted = "X-UNKNOWN PLAIN"},
	{"1.3", OWN_1_3, "tls-exporter", NO_PLUS, AUTO, NULL, NULL, .wanted = P256},
	{"1.3", OWN_1_3, "tls-exporter", ALL, AUTO, NULL, NULL, .wanted = ""},
	/* what can be proved */
	{"1.3", OWN_1_3, NULL, "EXTERNAL PLAIN", AUTO, "EXTERNAL", NULL, "EXTERNAL PLAIN",
		ENVOI_SASL_CERTIFICATE | PASSWORD},
	{"1.3", OWN_1_3, NULL, "EXTERNAL PLAIN", AUTO, "PLAIN", NULL, "EXTERNAL PLAIN", PASSWORD},
	{"1.3", OWN_1_3, NULL, "EXTERNAL", REQUIRE, "EXTERNAL", NULL, "EXTERNAL",
		ENVOI_SASL_CERTIFICATE},
	{"-1.3", OWN_1_3, NULL, "EXTERNAL", AUTO, NULL, NULL, "EXTERNAL", ENVOI_SASL_CERTIFICATE},
	{"1.3", OWN_1_3, NULL, "ANONYMOUS", AUTO, "ANONYMOUS", NULL, "ANONYMOUS",
		ENVOI_SASL_NOTHING},
	{"1.3", OWN_1_3, NULL, "ANONYMOUS", AUTO, NULL, NULL, "ANONYMOUS", PASSWORD},
	{"1.3", OWN_1_3, NULL, ALL, AUTO, NULL, NULL, DEFAULT, ENVOI_SASL_NOTHING},
	/* used only where they are named */
	{"1.3", OWN_1_3, NULL, WEAK, AUTO, NULL, NULL, .means = PASSWORD | ENVOI_SASL_TICKET},
	{"1.3", OWN_1_3, NULL, WEAK, AUTO, "DIGEST-MD5", NULL, "SCRAM-SHA-1 DIGEST-MD5 LOGIN"},
	{"1.3", OWN_1_3, NULL, WEAK, AUTO, "CRAM-MD5", NULL, "CRAM-MD5"},
	{"1.3", OWN_1_3, NULL, WEAK, AUTO, "NTLM", NULL, "NTLM"},
	{"1.3", OWN_1_3, NULL, WEAK, AUTO, "LOGIN", NULL, "LOGIN"},
	{"1.3", OWN_1_3, NULL, WEAK, AUTO, "GSSAPI", NULL, "GSSAPI", ENVOI_SASL_TICKET},
	{NULL, "", NULL, WEAK, AUTO, NULL, NULL, WEAK, PASSWORD | ENVOI_SASL_TICKET},
	{"-1.3", OWN_1_3, NULL, WEAK, AUTO, NULL, NULL, WEAK, PASSWORD | ENVOI_SASL_TICKET},
	{"-1.3", OWN_1_3, NULL, "LOGIN CRAM-MD5", AUTO, NULL, NULL, WEAK},
	{"1.3", OWN_1_3, NULL, "", AUTO, NULL, NULL},
	{"1.3", OWN_1_3, NULL, "scram-sha-256 SCRAM-SHA-256x", AUTO, NULL, NULL},
};

/* Words of a list, cut in place. */
struct words {
	char text[256];
	const char *words[MOST_WORDS];
	size_t count;
};

static struct envoi__sasl_words cut(struct words *words, const char *text)
{
	*words = (struct words){0};
	snprintf(words->text, sizeof(words->text), "%s", text);
	char *at = words->text;
	while (*at != '\0') {
		size_t len = strcspn(at, " ");
		words->words[words->count++] = at;
		at += len;
		if (*at == ' ') {
			*at++ = '\0';
		}
	}
	return (struct envoi__sasl_words){words->words, words->count};
}

static void the_choice_follows_the_table(void **state)
{
	struct envoi_context *context = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct words wanted, offered, listed, own;
		char version[8] = "";
		bool is_verified = row->tls != NULL && row->tls[0] != '-';
		if (row->tls != NULL) {
			snprintf(version, sizeof(version), "TLS%s",
				row->tls + (is_verified ? 0 : 1));
		}
		struct envoi__sasl_situation situation = {
			.wanted = cut(&wanted, row->wanted != NULL ? row->wanted : DEFAULT),
			.binding_policy = (enum envoi__sasl_binding_policy)row->policy,
			.allow_plain = !row->no_plain,
			.means = row->means != 0 ? row->means : PASSWORD,
			.offered = cut(&offered, row->offered),
			.lists_bindings = row->listed != NULL,
			.listed_bindings = cut(&listed, row->listed != NULL ? row->listed : ""),
			.is_secure = is_verified,
			.tls_version = row->tls != NULL ? version : NULL,
			.own_bindings = cut(&own, row->own),
		};
		struct envoi__sasl_choice choice = {0};
		char why[256] = "";
		int r = envoi__sasl_choose(&choice, context, &situation, why, sizeof(why));
		if (row->mechanism == NULL) {
			assert_int_equal(r, ENVOI_ERR_AUTH);
			assert_true(why[0] != '\0');
			continue;
		}
		assert_int_equal(r, ENVOI_OK);
		assert_string_equal(choice.mechanism->name, row->mechanism);
		bool is_scram = strncmp(row->mechanism, "SCRAM", 5) == 0;
		assert_true(!is_scram || choice.could_bind == (row->flag == 'y'));
		assert_int_equal(choice.needs_offer_hash, row->flag == 'h');
		assert_int_equal(choice.binding == NULL, row->binding == NULL);
		if (row->binding != NULL) {
			assert_string_equal(choice.binding, row->binding);
		}
	}
}

/* What is weaker than the pin is refused, but for what the user's settings exclude. */
static void nothing_weaker_than_the_pin_is_chosen(void **state)
{
	struct envoi_context *context = *state;
	static const struct {
		const char *pin; /* lines */
		const char *own, *listed, *offered, *wanted;
		int policy;
		const char *mechanism; /* expected; NULL: refused */
	} pinned[] = {
		/* -PLUS was used: stripped, or of no use on this connection */
		{P256 " tls-exporter", OWN_1_3, "tls-exporter", ALL, DEFAULT, AUTO, P256},
		{P256 " tls-exporter", OWN_1_3, NULL, NO_PLUS, DEFAULT, AUTO, NULL},
		{P256 " tls-exporter", OWN_1_3, "x-dummy", ALL, DEFAULT, AUTO, NULL},
		{P256 " tls-exporter", "", "tls-exporter", ALL, DEFAULT, AUTO, NULL},
		{P256 " tls-exporter", OWN_1_3, NULL, "SCRAM-SHA-512", DEFAULT, AUTO, NULL},
		{P256 " tls-exporter", OWN_1_3, NULL, "PLAIN", DEFAULT, AUTO, NULL},
		{P256 " tls-exporter", OWN_1_3, "tls-server-end-point", ALL, DEFAULT, AUTO, NULL},
		{P256 " tls-server-end-point", OWN_1_3, "tls-exporter", ALL, DEFAULT, AUTO, P256},
		/* less than it could do */
		{P256 " tls-exporter", OWN_1_3, "tls-exporter", "SCRAM-SHA-1-PLUS", DEFAULT, AUTO,
			NULL},
		{"SCRAM-SHA-256", OWN_1_3, NULL, "SCRAM-SHA-1 PLAIN", DEFAULT, AUTO, NULL},
		{"SCRAM-SHA-1", OWN_1_3, NULL, "PLAIN", DEFAULT, AUTO, NULL},
		{"EXTERNAL", OWN_1_3, NULL, "SCRAM-SHA-1", DEFAULT, AUTO, NULL},
		{"PLAIN", OWN_1_3, NULL, "PLAIN", DEFAULT, AUTO, "PLAIN"},
		/* as much, or more */
		{"SCRAM-SHA-256", OWN_1_3, NULL, NO_PLUS, DEFAULT, AUTO, S256},
		{"SCRAM-SHA-256", OWN_1_3, "tls-exporter", ALL, DEFAULT, AUTO, P256},
		{"SCRAM-SHA-256", OWN_1_3, "tls-exporter", "SCRAM-SHA-1-PLUS SCRAM-SHA-256",
			DEFAULT, AUTO, "SCRAM-SHA-1-PLUS"},
		{"SCRAM-SHA-1", OWN_1_3, NULL, NO_PLUS, DEFAULT, AUTO, S256},
		/* the user's own will */
		{P256 " tls-exporter", OWN_1_3, "tls-exporter", ALL, DEFAULT, NEVER, S256},
		{P256 " tls-exporter", OWN_1_3, NULL, "SCRAM-SHA-1", DEFAULT, NEVER, NULL},
		{"SCRAM-SHA-1-PLUS tls-unique", OWN_1_3, NULL, "SCRAM-SHA-1", DEFAULT, NEVER,
			"SCRAM-SHA-1"},
		{P256 " tls-exporter", OWN_1_3, NULL, "PLAIN", "PLAIN", AUTO, "PLAIN"},
		{P256 " tls-exporter", OWN_1_3, "tls-exporter", ALL, "SCRAM-SHA-1 " P256, NEVER,
			"SCRAM-SHA-1"},
		{"EXTERNAL", OWN_1_3, NULL, "SCRAM-SHA-512", DEFAULT, AUTO, "SCRAM-SHA-512"},
	};
	for (size_t i = 0; i < sizeof(pinned) / sizeof(pinned[0]); i++) {
		struct words wanted, offered, listed, own;
		struct envoi_sasl_history *history;
		char line[128], why[256] = "";
		assert_int_equal(envoi_sasl_history_new(&history, context), ENVOI_OK);
		snprintf(line, sizeof(line), "sasl-pin %s", pinned[i].pin);
		assert_int_equal(envoi_sasl_history_read(history, line, strlen(line)), ENVOI_OK);
		struct envoi__sasl_situation situation = {
			.wanted = cut(&wanted, pinned[i].wanted),
			.binding_policy = (enum envoi__sasl_binding_policy)pinned[i].policy,
			.allow_plain = true,
			.means = PASSWORD,
			.history = history,
			.offered = cut(&offered, pinned[i].offered),
			.lists_bindings = pinned[i].listed != NULL,
			.listed_bindings = cut(
				&listed, pinned[i].listed != NULL ? pinned[i].listed : ""),
			.is_secure = true,
			.tls_version = "TLS1.3",
			.own_bindings = cut(&own, pinned[i].own),
		};
		struct envoi__sasl_choice choice = {.mechanism = NULL};
		int r = envoi__sasl_choose(&choice, context, &situation, why, sizeof(why));
		if (pinned[i].mechanism == NULL) {
			assert_int_equal(r, ENVOI_ERR_AUTH);
			assert_non_null(strstr(why, "an attacker may"));
		} else {
			assert_int_equal(r, ENVOI_OK);
			assert_string_equal(choice.mechanism->name, pinned[i].mechanism);
		}
		envoi_sasl_history_free(history);
	}
}

/* Keys of an earlier login are as good as the password, for their own mechanism. */
static void keys_are_a_means_for_their_mechanism(void **state)
{
	struct envoi_context *context = *state;
	static const char line[] = "sasl-keys SCRAM-SHA-1 YSBi w6k= 4096 "
				   "QUFBQUFBQUFBQUFBQUFBQUFBQUE= QUFBQUFBQUFBQUFBQUFBQUFBQUE=";
	struct words wanted, offered;
	struct envoi_sasl_history *history;
	assert_int_equal(envoi_sasl_history_new(&history, context), ENVOI_OK);
	struct envoi__sasl_situation situation = {
		.wanted = cut(&wanted, DEFAULT),
		.allow_plain = true,
		.history = history,
		.offered = cut(&offered, NO_PLUS),
		.is_secure = true,
	};
	struct envoi__sasl_choice choice;
	char why[256];
	assert_int_equal(
		envoi__sasl_choose(&choice, context, &situation, why, sizeof(why)), ENVOI_ERR_AUTH);
	assert_int_equal(envoi_sasl_history_read(history, line, strlen(line)), ENVOI_OK);
	assert_int_equal(
		envoi__sasl_choose(&choice, context, &situation, why, sizeof(why)), ENVOI_OK);
	assert_string_equal(choice.mechanism->name, "SCRAM-SHA-1");
	envoi_sasl_history_free(history);
}

static void a_refusal_says_why_for_each(void **state)
{
	struct envoi_context *context = *state;
	struct words wanted, offered;
	struct envoi__sasl_situation situation = {
		.wanted = cut(&wanted, DEFAULT),
		.allow_plain = true,
		.means = PASSWORD,
		.offered = cut(&offered, "PLAIN DIGEST-MD5 SCRAM-SHA-1-PLUS EXTERNAL <b>"),
	};
	struct envoi__sasl_choice choice;
	char why[256];
	assert_int_equal(
		envoi__sasl_choose(&choice, context, &situation, why, sizeof(why)), ENVOI_ERR_AUTH);
	assert_string_equal(why,
		"no acceptable mechanism: PLAIN (not without verified TLS), "
		"SCRAM-SHA-1-PLUS (no channel binding in common), "
		"DIGEST-MD5 (not in sasl.mechanisms), "
		"EXTERNAL (not in sasl.mechanisms), ? (not the name of a mechanism)");
	for (size_t size = 1; size <= strlen(why) + 1; size++) {
		char part[256];
		assert_int_equal(envoi__sasl_choose(&choice, context, &situation, part, size),
			ENVOI_ERR_AUTH);
		assert_int_equal(strlen(part), size - 1);
		assert_memory_equal(part, why, size - 1);
	}
}

/* Added by an application: it supports one type only. */
static void a_binding_must_be_one_of_the_mechanism(void **state)
{
	struct envoi_context *context = *state;
	static const char *const unique[] = {"tls-unique", NULL};
	static struct envoi_sasl_mechanism own;
	struct words wanted, offered, listed, bindings;
	own = *envoi_sasl_find(context, "SCRAM-SHA-1-PLUS");
	own.name = "X-OWN-PLUS";
	own.bindings = unique;
	assert_int_equal(envoi_context_add_sasl_mechanism(context, &own), ENVOI_OK);
	struct envoi__sasl_situation situation = {
		.wanted = cut(&wanted, "X-OWN-PLUS"),
		.is_secure = true,
		.tls_version = "TLS1.2",
		.means = PASSWORD,
		.offered = cut(&offered, "X-OWN-PLUS"),
		.lists_bindings = true,
		.listed_bindings = cut(&listed, OWN_1_2),
		.own_bindings = cut(&bindings, OWN_1_2),
	};
	struct envoi__sasl_choice choice;
	char why[256];
	assert_int_equal(
		envoi__sasl_choose(&choice, context, &situation, why, sizeof(why)), ENVOI_OK);
	assert_string_equal(choice.binding, "tls-unique");
}

/* XEP-0440, section 4: the most frequent honest cause is a proxy, the setting is the way out. */
static void a_refusal_names_the_bindings_that_do_not_fit(void **state)
{
	struct envoi_context *context = *state;
	struct words wanted, offered, listed, own;
	static const struct {
		int policy;
		const char *listed, *offered, *begin;
	} cases[] = {
		{AUTO, "tls-unique x-new", "PLAIN SCRAM-SHA-1-PLUS",
			"the server lists channel bindings (tls-unique, x-new) that this connection "
			"lacks: a proxy may terminate TLS (if so, set sasl.channel-binding=never), "
			"or an attacker may have changed the list; no acceptable mechanism: "},
		{AUTO, "tls-exporter", "PLAIN",
			"the server lists channel bindings (tls-exporter) but no -PLUS mechanism: "},
		{AUTO, "", "PLAIN", "the server lists channel bindings (none) but no -PLUS "},
		{AUTO, "<b> tls-unique", "PLAIN SCRAM-SHA-1-PLUS",
			"the server lists channel bindings (?, tls-unique) that this "},
		{REQUIRE, "tls-unique", "SCRAM-SHA-1-PLUS SCRAM-SHA-1",
			"the server lists channel bindings (tls-unique) that this "},
		{REQUIRE, "tls-exporter", "SCRAM-SHA-1", "no acceptable mechanism: SCRAM-SHA-1 ("},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envoi__sasl_situation situation = {
			.wanted = cut(&wanted, DEFAULT),
			.binding_policy = (enum envoi__sasl_binding_policy)cases[i].policy,
			.is_secure = true,
			.tls_version = "TLS1.3",
			.allow_plain = true,
			.means = PASSWORD,
			.offered = cut(&offered, cases[i].offered),
			.lists_bindings = true,
			.listed_bindings = cut(&listed, cases[i].listed),
			.own_bindings = cut(&own, OWN_1_3),
		};
		struct envoi__sasl_choice choice;
		char why[256];
		assert_int_equal(envoi__sasl_choose(&choice, context, &situation, why, sizeof(why)),
			ENVOI_ERR_AUTH);
		assert_memory_equal(why, cases[i].begin, strlen(cases[i].begin));
	}
}

/* With such an address and a password, the user would look for a mistake in the password. */
static void an_address_without_an_account_is_named_and_not_the_password(void **state)
{
	struct envoi_context *context = *state;
	struct words wanted, offered;
	struct envoi__sasl_situation situation = {
		.wanted = cut(&wanted, DEFAULT),
		.is_secure = true,
		.allow_plain = true,
		.means = ENVOI_SASL_NOTHING,
		.offered = cut(&offered, "SCRAM-SHA-256"),
	};
	struct envoi__sasl_choice choice;
	char why[256];
	assert_int_equal(
		envoi__sasl_choose(&choice, context, &situation, why, sizeof(why)), ENVOI_ERR_AUTH);
	assert_string_equal(
		why, "no acceptable mechanism: SCRAM-SHA-256 (the address names no account)");
}

/* Bound before not bound, the stronger hash before the weaker, PLAIN last; nothing weak. */
static void the_settings_begin_with_the_strongest(void **state)
{
	struct envoi_settings *settings;
	int strength = 1000;
	const char *name;
	size_t count = 0;
	assert_int_equal(envoi_settings_new(&settings, *state), ENVOI_OK);
	for (; (name = envoi_settings_word(settings, "sasl.mechanisms", count)) != NULL; count++) {
		const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(*state, name);
		assert_non_null(mechanism);
		assert_null(strstr(WEAK " ANONYMOUS", name));
		if (mechanism->means == ENVOI_SASL_PASSWORD) {
			assert_true(mechanism->strength < strength);
			strength = mechanism->strength;
		}
	}
	assert_int_equal(count, 8);
	envoi_settings_free(settings);
}

static int setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_choice_follows_the_table, setup, teardown),
		cmocka_unit_test_setup_teardown(
			nothing_weaker_than_the_pin_is_chosen, setup, teardown),
		cmocka_unit_test_setup_teardown(
			keys_are_a_means_for_their_mechanism, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_settings_begin_with_the_strongest, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refusal_says_why_for_each, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_binding_must_be_one_of_the_mechanism, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_refusal_names_the_bindings_that_do_not_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_address_without_an_account_is_named_and_not_the_password, setup,
			teardown),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("crypto/sasl_choice", tests, NULL, NULL);
}
