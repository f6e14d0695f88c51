/*
 * envoi - settings of SASL
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_SASL_SETTINGS_H
#define ENVOI_SASL_SASL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/settings.h>

#include "sasl/sasl_choice.h"

/** sasl.external-authzid */
enum envoi__sasl_authzid_policy {
	ENVOI__SASL_AUTHZID_AUTO,
	ENVOI__SASL_AUTHZID_ALWAYS,
	ENVOI__SASL_AUTHZID_NEVER,
};

struct envoi__sasl_settings {
#define ENVOI__SETTINGS "sasl/sasl_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__sasl_setting_table[];

void envoi__sasl_settings_read(
	struct envoi__sasl_settings *ret_values, const struct envoi_settings *settings);

#endif
