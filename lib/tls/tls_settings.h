/*
 * envoi - settings of TLS
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_SETTINGS_H
#define ENVOI_TLS_TLS_SETTINGS_H

#include <stdbool.h>

#include <envoi/settings.h>

/** tls.min-version */
enum envoi__tls_version {
	ENVOI__TLS_1_2,
	ENVOI__TLS_1_3,
};

/** tls.pin-mode */
enum envoi__tls_pin_mode {
	ENVOI__TLS_PIN_INSTEAD,
	ENVOI__TLS_PIN_ALSO,
};

/** Texts are borrowed from the settings. */
struct envoi__tls_settings {
#define ENVOI__SETTINGS "tls/tls_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__tls_setting_table[];

void envoi__tls_settings_read(
	struct envoi__tls_settings *ret_values, const struct envoi_settings *settings);

/** Add a pin to tls.pins, unless it is there.
 * @retval ENVOI_ERR_NOMEM */
int envoi__tls_settings_add_pin(
	struct envoi_settings *settings, struct envoi_context *context, const char *pin);

#endif
