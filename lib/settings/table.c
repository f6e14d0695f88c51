/*
 * envoi - the core's settings
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <envoi/values.h>

#include "jid/prepare.h"
#include "settings/pins.h"
#include "settings/settings.h"

enum {
	HOUR_MS = 3600000,
	KIB = 1 << 10,
	MIB = 1 << 20,
	LARGE_COUNT = 100000000,
};

/* clang-format off */
#define TIMEOUT(its_name, its_fallback, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_MS, .fallback = its_fallback, \
		.min = 1, .max = HOUR_MS, .metavar = "TIME", .doc = its_doc}
#define SIZE(its_name, its_fallback, its_min, its_max, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_BYTES, .fallback = its_fallback, \
		.min = its_min, .max = its_max, .metavar = "BYTES", .doc = its_doc}
#define NUMBER(its_name, its_fallback, its_min, its_max, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_INT, .fallback = its_fallback, \
		.min = its_min, .max = its_max, .metavar = "N", .doc = its_doc}
#define YES_NO(its_name, its_fallback, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_BOOL, .fallback = its_fallback, .doc = its_doc}
/* clang-format on */

static const char *const tls_versions[] = {"1.2", "1.3", NULL};
static const char *const pin_modes[] = {"instead", "also", NULL};
static const char *const authzids[] = {"auto", "always", "never", NULL};
static const char *const bindings[] = {"auto", "require", "never", NULL};

static int not_empty(const char *text)
{
	return text[0] == '\0' ? ENVOI_ERR_INVALID : ENVOI_OK;
}

static int resource(const char *text)
{
	char room[ENVOI__JID_PART_MAX + 1];
	struct envoi__jid_reason reason;
	struct envoi__span span = {text, strlen(text)};
	return envoi__jid_prepare_resource(&span, room, &reason);
}

static int language_tag(const char *text)
{
	return envoi_lang_is_valid(text) ? ENVOI_OK : ENVOI_ERR_INVALID;
}

/* RFC 4422, section 3.1: 1 to 20 upper-case letters, digits, hyphens and underscores each. */
static int mechanism_names(const char *text)
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

static int pins(const char *text)
{
	unsigned char pin[ENVOI__PIN_BYTES];
	while (*(text += strspn(text, " ,\t\n")) != '\0') {
		size_t len = strcspn(text, " ,\t\n");
		if (envoi__pin_parse(text, len, pin) < 0) {
			return ENVOI_ERR_INVALID;
		}
		text += len;
	}
	return ENVOI_OK;
}

const struct envoi_setting envoi__core_settings[] = {
	{
		.name = "resource",
		.type = ENVOI_SETTING_TEXT,
		.validate = resource,
		.metavar = "TEXT",
		.doc = "The resource to ask for when binding (RFC 6120, section 7). Without it the one "
		       "of the address is asked for, and without that the server chooses.",
	},
	{
		.name = "lang",
		.type = ENVOI_SETTING_TEXT,
		.validate = language_tag,
		.metavar = "TAG",
		.doc = "The language in which texts of the server are wished for, as a language tag "
		       "(RFC 5646): xml:lang of the stream.",
	},
	{
		.name = "tls.ca-file",
		.type = ENVOI_SETTING_TEXT,
		.validate = not_empty,
		.option = "ca-file",
		.metavar = "FILE",
		.doc = "Trust the certification authorities in this PEM file, besides those of the "
		       "system.",
	},
	YES_NO("tls.system-trust", "true",
		"Trust the certification authorities that the system trusts."),
	{
		.name = "tls.cert-file",
		.type = ENVOI_SETTING_TEXT,
		.validate = not_empty,
		.option = "cert-file",
		.metavar = "FILE",
		.doc = "Show the certificate in this file to servers that ask for one: PEM, with those "
		       "of its issuers behind it, or PKCS#12. A server may take it in place of a "
		       "password (EXTERNAL).",
	},
	{
		.name = "tls.key-file",
		.type = ENVOI_SETTING_TEXT,
		.validate = not_empty,
		.option = "key-file",
		.metavar = "FILE",
		.doc = "The private key of tls.cert-file, PEM; without this setting it is in the same "
		       "file.",
	},
	{
		.name = "tls.min-version",
		.type = ENVOI_SETTING_CHOICE,
		.fallback = "1.2",
		.choices = tls_versions,
		.metavar = "VERSION",
		.doc = "The lowest version of TLS that is accepted.",
	},
	{
		.name = "tls.pins",
		.type = ENVOI_SETTING_LIST,
		.fallback = "",
		.validate = pins,
		.option = "pin",
		.metavar = "PINS",
		.doc = "The public keys that the server may have: sha256: and the SHA-256 of a "
		       "certificate's SubjectPublicKeyInfo, in base64 or hexadecimal digits. A server "
		       "with another key is refused. What else is asked of it, tls.pin-mode says.",
	},
	{
		.name = "tls.pin-mode",
		.type = ENVOI_SETTING_CHOICE,
		.fallback = "instead",
		.choices = pin_modes,
		.metavar = "MODE",
		.doc = "instead: a key in tls.pins is believed, whoever has issued the certificate, for "
		       "whatever name and time; for servers with certificates of their own making. also: "
		       "the certificate must be right in every other way too.",
	},
	YES_NO("tls.resumption", "true",
		"Resume an earlier TLS session with the same server, which saves the exchange of "
		"certificates. The server can tell that both connections are of one program."),
	TIMEOUT("login.timeout", "60s",
		"Give up on the whole way from the first look-up to the bound session after this "
		"long, whatever the single steps may take."),
	TIMEOUT("stream.timeout", "15s",
		"Give up on the server's stream header and features after this long."),
	TIMEOUT("stream.element-timeout", "120s",
		"Close a connection whose peer has begun an element and not ended it after this long, "
		"however many bytes of it come."),
	TIMEOUT("stream.write-timeout", "60s",
		"Close a connection whose peer takes none of the pending output for this long."),
	TIMEOUT("sasl.timeout", "20s",
		"Give up on authentication after this long, all its rounds together."),
	TIMEOUT("sasl.password-timeout", "600s",
		"When the application is asked for the password during a login, give up after this "
		"long; sasl.timeout and login.timeout are suspended until the answer. The server may "
		"give up earlier."),
	TIMEOUT("bind.timeout", "15s", "Give up on binding a resource after this long."),
	TIMEOUT("close.timeout", "5s",
		"When disconnecting, wait this long in all for the rest to be sent and for the server "
		"to close its stream and the connection, then cut it."),
	TIMEOUT("request.timeout", "30s",
		"A request without a timeout of its own ends after this long without an answer."),
	{
		.name = "sasl.mechanisms",
		.type = ENVOI_SETTING_LIST,
		.fallback = "SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 "
			    "SCRAM-SHA-256 SCRAM-SHA-1 EXTERNAL PLAIN",
		.validate = mechanism_names,
		.metavar = "NAMES",
		.doc = "The SASL mechanisms that may be used, the most wanted first. The first that the "
		       "server offers, and that the other settings allow, is used; no other is tried "
		       "after it has failed. ANONYMOUS, where it is named, is for addresses that are a domain "
		       "alone. Used only when named here, within verified TLS, and better not: "
		       "DIGEST-MD5, CRAM-MD5, NTLM and LOGIN, whose messages betray the password; GSSAPI, in "
		       "which the whole program waits for Kerberos.",
	},
	{
		.name = "sasl.external-authzid",
		.type = ENVOI_SETTING_CHOICE,
		.fallback = "auto",
		.choices = authzids,
		.metavar = "WHEN",
		.doc = "Whether EXTERNAL says which account is meant. auto: unless the certificate has "
		       "one address, which is the account's (XEP-0178); always: for servers that insist "
		       "(ejabberd); never.",
	},
	{
		.name = "sasl.channel-binding",
		.type = ENVOI_SETTING_CHOICE,
		.fallback = "auto",
		.choices = bindings,
		.metavar = "WHEN",
		.doc = "Whether authentication is bound to the TLS connection (the -PLUS mechanisms), so "
		       "that nobody between can relay it. auto: when both sides can; require: else do "
		       "not log in; never: for servers where it is broken.",
	},
	YES_NO("sasl.allow-plain", "true",
		"Allow PLAIN, which gives the password to the server, inside TLS with a verified "
		"certificate or a pinned key, or on a transport whose maker says that it is secure. A "
		"certificate that somebody who was asked has accepted for once is not enough."),
	NUMBER("sasl.min-iterations", "4096", 1, LARGE_COUNT,
		"Refuse to log in with SCRAM when the server asks for fewer iterations than this: what "
		"is sent would help somebody who listens to guess the password (RFC 7677, section 4)."),
	NUMBER("sasl.max-iterations", "1000000", 1, LARGE_COUNT,
		"Refuse to log in with SCRAM when the server asks for more iterations than this. They are "
		"computed 4,096 at a time, with everything else of the program in between: it bounds the "
		"work of one login, about a second for 1,000,000."),
	YES_NO("sasl.keep-keys", "true",
		"After a login with SCRAM keep the keys that were derived from the password, in memory "
		"and in the account's state where the program saves that: the next login costs no "
		"derivation, and no password while the server keeps salt and count. Who has them can log "
		"in."),
	NUMBER("sasl.max-rounds", "10", 1, 1000,
		"Give up on an authentication in which the server has sent more challenges than this."),
	SIZE("limits.stanza-bytes", "8m", 10000, 1 << 30,
		"The most bytes in one stanza, or other first-level element, from the server. At this "
		"limit and the following ones the stream ends with policy-violation. A server must be "
		"able to rely on 10,000 bytes (RFC 6120, section 13.12)."),
	SIZE("limits.tag-bytes", "16k", 1024, MIB,
		"The most bytes in one tag with its attributes."),
	NUMBER("limits.depth", "64", 4, 10000, "The deepest nesting of elements in one stanza."),
	NUMBER("limits.attributes", "64", 8, 10000,
		"The most attributes of one element, declarations of namespaces included."),
	NUMBER("limits.children", "200000", 16, LARGE_COUNT,
		"The most elements and texts in one stanza."),
	SIZE("limits.name-bytes", "256", 32, 64 * KIB,
		"The most bytes in one name of an element or an attribute, or in one prefix."),
	NUMBER("limits.names", "4096", 64, LARGE_COUNT,
		"The most distinct names and prefixes in one stanza, not counting those of the "
		"specifications that the library knows."),
	SIZE("limits.before-login.stanza-bytes", "10000", 10000, 1 << 30,
		"As limits.stanza-bytes, until the login is done."),
	SIZE("limits.before-login.tag-bytes", "4k", 1024, MIB,
		"As limits.tag-bytes, until the login is done."),
	NUMBER("limits.before-login.depth", "16", 4, 10000,
		"As limits.depth, until the login is done."),
	NUMBER("limits.before-login.attributes", "32", 8, 10000,
		"As limits.attributes, until the login is done."),
	NUMBER("limits.before-login.children", "1000", 16, LARGE_COUNT,
		"As limits.children, until the login is done."),
	SIZE("limits.before-login.name-bytes", "256", 32, 64 * KIB,
		"As limits.name-bytes, until the login is done."),
	NUMBER("limits.before-login.names", "256", 64, LARGE_COUNT,
		"As limits.names, until the login is done."),
	SIZE("limits.output-bytes", "4m", 64 * KIB, 1 << 30,
		"The most bytes that wait in a transport because the server does not read."),
	NUMBER("limits.outbox-stanzas", "10000", 1, LARGE_COUNT,
		"The most stanzas that wait in a session: to be sent, or to be acknowledged."),
	SIZE("limits.outbox-bytes", "16m", 64 * KIB, 1 << 30,
		"The most bytes of the stanzas that wait in a session."),
	NUMBER("limits.requests", "1000", 1, LARGE_COUNT,
		"The most requests that wait for their answers."),
	NUMBER("limits.deferred", "1000", 1, LARGE_COUNT,
		"The most requests of others that wait for the program's answers. One more is refused "
		"with resource-constraint."),
	NUMBER("limits.redirects", "3", 0, 20,
		"How often a login may be sent on to another host by a server that has proved who it is."),
	NUMBER("limits.roster-items", "50000", 1, LARGE_COUNT,
		"The most entries of a roster that are kept."),
	NUMBER("loop.slice-stanzas", "100", 1, LARGE_COUNT,
		"The most stanzas that one stream hands to the program in one turn of the loop, before "
		"others have theirs."),
	{
		.name = "presence.priority",
		.type = ENVOI_SETTING_INT,
		.fallback = "0",
		.min = -128,
		.max = 127,
		.metavar = "N",
		.doc = "The priority in the initial presence (RFC 6121, section 4.7.2.3). With a negative "
		       "one no messages to the bare address come here.",
	},
	YES_NO("presence.initial", "true",
		"Send presence as soon as the session is there, so that contacts see it and messages "
		"come."),
	YES_NO("roster.fetch", "true", "Fetch the roster as soon as the session is there."),
	{.type = ENVOI_SETTING_END},
};
