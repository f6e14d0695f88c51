/*
 * envoi - settings of SASL
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl_settings.h"

#include <string.h>

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

const struct envoi_setting envoi__sasl_setting_table[] = {
#define ENVOI__SETTINGS "sasl/sasl_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__sasl_settings
#include "settings/table.h"
};

void envoi__sasl_settings_read(
	struct envoi__sasl_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__sasl_setting_table, ret_values);
}
