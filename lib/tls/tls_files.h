/*
 * envoi - the files that settings of TLS name
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_FILES_H
#define ENVOI_TLS_TLS_FILES_H

#include <envoi/failure.h>
#include <envoi/tls.h>

/**
 * Make a configuration as envoi_tls_config_new() does.
 * @param[out] why  set on failure: ENVOI_ERR_INVALID, with a text that names the setting and its
 *                  file, where the authorities cannot be loaded
 * @return as envoi_tls_config_new()
 */
int envoi__tls_config_load(struct envoi_tls_config **ret_config, struct envoi_context *context,
	const struct envoi_settings *settings, struct envoi_failure *why);

/**
 * Load the client certificate of tls.cert-file and tls.key-file, if they are set.
 *
 * @param password  of the key; NULL: none
 * @param[out] ret_locked  set by ENVOI_AGAIN and ENVOI_ERR_AUTH: the file of the key; borrowed from
 *                         the settings
 * @param[out] why  set unless ENVOI_OK is returned
 * @retval ENVOI_OK           also where none is set
 * @retval ENVOI_AGAIN        the key needs a password
 * @retval ENVOI_ERR_AUTH     the password is wrong
 * @retval ENVOI_ERR_INVALID  a file is missing or has other contents
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_config_load_certificate(struct envoi_tls_config *config,
	const struct envoi_settings *settings, const char *password, const char **ret_locked,
	struct envoi_failure *why);

#endif
