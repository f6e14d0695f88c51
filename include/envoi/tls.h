/*
 * envoi - TLS: whom to trust, what to show
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_H
#define ENVOI_TLS_H

#include <stdbool.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_settings;

/** What a TLS connection is made with: trust, own certificate, versions. Immutable, counted. */
struct envoi_tls_config;

/**
 * Make one from the settings tls.ca-file, tls.system-trust, tls.min-version, tls.verify-... The
 * trust store is loaded once per context and file, here, and shared.
 *
 * @retval ENVOI_ERR_CERTIFICATE  a file holds no certificate, or nothing to trust was found
 * @retval ENVOI_ERR_SYSTEM       a file cannot be read
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_new(struct envoi_tls_config **ret_config,
	struct envoi_context *context, const struct envoi_settings *settings);

/** For the receiving side: show this certificate. @param cert_file, key_file PEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_new_server(struct envoi_tls_config **ret_config,
	struct envoi_context *context, const char *cert_file, const char *key_file);

ENVOI_API struct envoi_tls_config *envoi_tls_config_ref(struct envoi_tls_config *config);
ENVOI_API struct envoi_tls_config *envoi_tls_config_unref(struct envoi_tls_config *config);

#ifdef __cplusplus
}
#endif
#endif
