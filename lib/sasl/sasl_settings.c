/*
 * envoi - settings of SASL
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl_settings.h"

#include <string.h>

#include "settings/table.h"

static const char *const authzid_policies[] = {"auto", "always", "never", NULL};
static const char *const binding_policies[] = {"auto", "require", "never", NULL};

/* RFC 4422, section 3.1: 1 to 20 upper-case letters, digits, hyphens and underscores each. */
static int check_mechanisms(const char *text)
{
	size_t len = 0;
	for (; *text != '\0'; text++) {
		if (strchr(" ,\t\n", *text) != NULL) {
			len = 0;
		} else if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *text) == NULL ||
			++len > 20) {
			return ENVOI_ERR_INVALID;
		}
	}
	return ENVOI_OK;
}

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__sasl_settings, member)

const struct envoi_setting envoi__sasl_setting_table[] = {
	ENVOI__SETTING_TIMEOUT(INTO(timeout_ms), "sasl.timeout", "20s",
		"The longest time for authentication, all its rounds together."),
	ENVOI__SETTING_TIMEOUT(INTO(password_timeout_ms), "sasl.password-timeout", "600s",
		"The longest time for the application's answer when it is asked for the password "
		"during a login; sasl.timeout and login.timeout are suspended until the answer. The "
		"server may close the connection earlier."),
	{
		INTO(mechanisms),
		.name = "sasl.mechanisms",
		.type = ENVOI_SETTING_LIST,
		.fallback = "SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 "
			    "SCRAM-SHA-256 SCRAM-SHA-1 EXTERNAL PLAIN",
		.validate = check_mechanisms,
		.metavar = "NAMES",
		.doc = "The SASL mechanisms that may be used, in order of preference. The first one "
		       "that the server offers and that the other settings allow is used; after it "
		       "has failed no other one is tried. ANONYMOUS, where it is named, is for "
		       "addresses that are a domain alone. Used only when named here, and only within "
		       "verified TLS: DIGEST-MD5, CRAM-MD5, NTLM and LOGIN, whose messages betray the "
		       "password, and GSSAPI, which blocks the whole program while Kerberos answers.",
	},
	{
		INTO(external_authzid),
		.name = "sasl.external-authzid",
		.type = ENVOI_SETTING_CHOICE,
		.fallback = "auto",
		.choices = authzid_policies,
		.metavar = "WHEN",
		.doc = "Whether EXTERNAL names the account. auto: unless the certificate has one "
		       "address, and that is the account's (XEP-0178). always: for servers that insist "
		       "(ejabberd). never.",
	},
	{
		INTO(channel_binding),
		.name = "sasl.channel-binding",
		.type = ENVOI_SETTING_CHOICE,
		.fallback = "auto",
		.choices = binding_policies,
		.metavar = "WHEN",
		.doc = "Whether authentication is bound to the TLS connection (the -PLUS mechanisms), "
		       "so that it cannot be relayed. auto: when both sides can; a server "
		       "that lists only bindings which this connection lacks is refused, unless it "
		       "lists tls-server-end-point or proves its list (XEP-0474). require: otherwise do "
		       "not log in. never: for servers behind a proxy that terminates TLS, and where it "
		       "is broken.",
	},
	ENVOI__SETTING_FLAG(INTO(allow_plain), "sasl.allow-plain", "true",
		"Allow PLAIN, which gives the password to the server: within TLS with a verified "
		"certificate or a pinned key, or on a transport that its implementation calls secure. "
		"A certificate that the application accepted for one connection is not enough."),
	ENVOI__SETTING_COUNT(INTO(min_iterations), "sasl.min-iterations", "4096", 1,
		ENVOI__SETTING_LARGE_COUNT,
		"Refuse to log in with SCRAM when the server asks for fewer iterations: the messages "
		"would help an eavesdropper to guess the password (RFC 7677, section 4)."),
	ENVOI__SETTING_COUNT(INTO(max_iterations), "sasl.max-iterations", "1000000", 1,
		ENVOI__SETTING_LARGE_COUNT,
		"Refuse to log in with SCRAM when the server asks for more iterations. They are "
		"computed 4,096 at a time, with everything else of the program in between: this bounds "
		"the work of a login, about a second of CPU for 1,000,000."),
	ENVOI__SETTING_FLAG(INTO(keep_keys), "sasl.keep-keys", "true",
		"After a login with SCRAM keep the keys that were derived from the password, in memory "
		"and in the account's state where the program saves that: the next login needs no "
		"derivation, and no password as long as the server keeps salt and count. The keys are "
		"enough to log in."),
	ENVOI__SETTING_COUNT(INTO(max_rounds), "sasl.max-rounds", "10", 1, 1000,
		"The most challenges of the server in one authentication."),
	{.type = ENVOI_SETTING_END},
};

void envoi__sasl_settings_read(
	struct envoi__sasl_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__sasl_setting_table, ret_values);
}
