/*
 * envoi - settings of TLS
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_settings.h"

#include <string.h>

#include "settings/table.h"
#include "tls/tls_pin.h"

static const char *const versions[] = {"1.2", "1.3", NULL};
static const char *const pin_modes[] = {"instead", "also", NULL};

static int check_file(const char *text)
{
	return text[0] == '\0' ? ENVOI_ERR_INVALID : ENVOI_OK;
}

static int check_pins(const char *text)
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

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__tls_settings, member)

const struct envoi_setting envoi__tls_setting_table[] = {
	{
		INTO(ca_file),
		.name = "tls.ca-file",
		.type = ENVOI_SETTING_TEXT,
		.validate = check_file,
		.option = "ca-file",
		.metavar = "FILE",
		.doc = "Trust the certification authorities in this PEM file, besides those of the "
		       "system.",
	},
	ENVOI__SETTING_FLAG(INTO(system_trust), "tls.system-trust", "true",
		"Trust the certification authorities that the system trusts."),
	{
		INTO(cert_file),
		.name = "tls.cert-file",
		.type = ENVOI_SETTING_TEXT,
		.validate = check_file,
		.option = "cert-file",
		.metavar = "FILE",
		.doc = "Send the certificate in this file to servers that request one: PEM, followed "
		       "by the certificates of its issuers, or PKCS#12. A server may accept it in "
		       "place of a password (EXTERNAL).",
	},
	{
		INTO(key_file),
		.name = "tls.key-file",
		.type = ENVOI_SETTING_TEXT,
		.validate = check_file,
		.option = "key-file",
		.metavar = "FILE",
		.doc = "The private key of tls.cert-file, PEM. Not set: the key is in tls.cert-file.",
	},
	{
		INTO(min_version),
		.name = "tls.min-version",
		.type = ENVOI_SETTING_CHOICE,
		.fallback = "1.2",
		.choices = versions,
		.metavar = "VERSION",
		.doc = "The lowest version of TLS that is accepted.",
	},
	{
		INTO(pins),
		.name = "tls.pins",
		.type = ENVOI_SETTING_LIST,
		.fallback = "",
		.validate = check_pins,
		.option = "pin",
		.metavar = "PINS",
		.doc = "The public keys that the server may have, each as sha256: and the SHA-256 of a "
		       "certificate's SubjectPublicKeyInfo in base64 or hexadecimal digits. A server "
		       "with another key is refused. tls.pin-mode says whether the certificate is "
		       "verified besides. Empty: any key.",
	},
	{
		INTO(pin_mode),
		.name = "tls.pin-mode",
		.type = ENVOI_SETTING_CHOICE,
		.fallback = "instead",
		.choices = pin_modes,
		.metavar = "MODE",
		.doc = "instead: a key in tls.pins is trusted whatever the issuer, the name and the "
		       "dates of the certificate; for servers with self-signed certificates. also: "
		       "the certificate is verified in every other way, too.",
	},
	ENVOI__SETTING_FLAG(INTO(resumption), "tls.resumption", "true",
		"Resume an earlier TLS session with the same server, which saves the exchange of "
		"certificates. The server can tell that both connections are of one program."),
	{.type = ENVOI_SETTING_END},
};

void envoi__tls_settings_read(
	struct envoi__tls_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__tls_setting_table, ret_values);
}
