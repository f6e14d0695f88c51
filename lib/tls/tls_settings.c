/*
 * envoi - settings of TLS
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_settings.h"

#include <string.h>

#include <envoi/buffer.h>

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

const struct envoi_setting envoi__tls_setting_table[] = {
#define ENVOI__SETTINGS "tls/tls_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__tls_settings
#include "settings/table.h"
};

void envoi__tls_settings_read(
	struct envoi__tls_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__tls_setting_table, ret_values);
}

static bool has_pin(const char *words, const char *pin)
{
	while (*words != '\0' && strcmp(words, pin) != 0) {
		words += strlen(words) + 1;
	}
	return *words != '\0';
}

static int append_words(struct envoi_buffer *text, const char *words)
{
	int r = ENVOI_OK;
	for (; r == ENVOI_OK && *words != '\0'; words += strlen(words) + 1) {
		r = envoi_buffer_printf(text, "%s ", words);
	}
	return r;
}

int envoi__tls_settings_add_pin(
	struct envoi_settings *settings, struct envoi_context *context, const char *pin)
{
	struct envoi__tls_settings values;
	envoi__tls_settings_read(&values, settings);
	if (has_pin(values.pins, pin)) {
		return ENVOI_OK;
	}
	struct envoi_buffer text;
	envoi_buffer_init(&text, context, 0);
	int r = append_words(&text, values.pins);
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(&text, pin, strlen(pin) + 1);
	}
	if (r == ENVOI_OK) {
		r = envoi_settings_set(settings, "tls.pins", envoi_buffer_data(&text));
	}
	envoi_buffer_finish(&text);
	return r;
}
