/*
 * envoi - the files that settings of TLS name
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_files.h"

#include "tls/tls_config.h"
#include "tls/tls_settings.h"

/* A text of a failure is short: the paths stand at its end, where it may be cut. */

/* --- authorities --- */

static void describe_trust(
	struct envoi_context *context, int code, const char *ca_file, struct envoi_failure *why)
{
	if (code != ENVOI_ERR_CERTIFICATE && code != ENVOI_ERR_SYSTEM) {
		envoi_failure_set(why, context, ENVOI_PHASE_TLS, code, NULL);
	} else if (ca_file == NULL) {
		envoi_failure_set(why, context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID, "%s",
			"there is no certification authority to trust: the system has none, or "
			"tls.system-trust is off");
	} else {
		envoi_failure_set(why, context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			code == ENVOI_ERR_CERTIFICATE ? "no certificate in tls.ca-file: %s"
						      : "cannot read tls.ca-file: %s",
			ca_file);
	}
}

int envoi__tls_config_load(struct envoi_tls_config **ret_config, struct envoi_context *context,
	const struct envoi_settings *settings, struct envoi_failure *why)
{
	int r = envoi_tls_config_new(ret_config, context, settings);
	if (r < 0) {
		struct envoi__tls_settings values;
		envoi__tls_settings_read(&values, settings);
		describe_trust(context, r, values.ca_file, why);
	}
	return r;
}

/* --- the client certificate --- */

static void describe_files(struct envoi_context *context, int code,
	const struct envoi__tls_settings *values, struct envoi_failure *why)
{
	bool is_unreadable = code == ENVOI_ERR_SYSTEM;
	if (values->key_file == NULL) {
		envoi_failure_set(why, context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			is_unreadable ? "cannot read tls.cert-file: %s"
				      : "no certificate, or not its key, in tls.cert-file: %s",
			values->cert_file);
	} else {
		envoi_failure_set(why, context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			is_unreadable ? "cannot read tls.cert-file or tls.key-file: %s, %s"
				      : "no certificate in tls.cert-file, or not its key in "
					"tls.key-file: %s, %s",
			values->cert_file, values->key_file);
	}
}

static void describe_certificate(struct envoi_context *context, int code,
	const struct envoi__tls_settings *values, struct envoi_failure *why)
{
	switch (code) {
	case ENVOI_AGAIN:
		envoi_failure_set(why, context, ENVOI_PHASE_TLS, ENVOI_ERR_AUTH,
			"the client certificate's key needs a password");
		break;
	case ENVOI_ERR_AUTH:
		envoi_failure_set(why, context, ENVOI_PHASE_TLS, ENVOI_ERR_AUTH,
			"wrong password for the client certificate's key");
		break;
	case ENVOI_ERR_CERTIFICATE:
	case ENVOI_ERR_SYSTEM:
		describe_files(context, code, values, why);
		break;
	default:
		envoi_failure_set(why, context, ENVOI_PHASE_TLS, code, NULL);
	}
}

int envoi__tls_config_load_certificate(struct envoi_tls_config *config,
	const struct envoi_settings *settings, const char *password, const char **ret_locked,
	struct envoi_failure *why)
{
	struct envoi__tls_settings values;
	envoi__tls_settings_read(&values, settings);
	if (values.cert_file == NULL && values.key_file == NULL) {
		return ENVOI_OK;
	}
	if (values.cert_file == NULL) {
		envoi_failure_set(why, config->context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			"tls.key-file without tls.cert-file: %s", values.key_file);
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_tls_config_set_certificate(
		config, values.cert_file, values.key_file, password);
	if (r == ENVOI_OK) {
		return ENVOI_OK;
	}
	describe_certificate(config->context, r, &values, why);
	*ret_locked = values.key_file != NULL ? values.key_file : values.cert_file;
	return r == ENVOI_AGAIN ? ENVOI_AGAIN : why->code;
}
