/*
 * envoi - TLS: configurations
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_config.h"

#include <string.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/settings.h>

#include "base/context.h"
#include "settings/settings.h"
#include "tls/tls_pin.h"
#include "tls/tls_settings.h"

/*
 * TLS 1.2 at least (RFC 7590, section 3.1, as updated by RFC 8996), forward secrecy always
 * (RFC 9325, section 4.1).
 */
static const char *const priorities[] = {
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA",
	"NORMAL:-VERS-ALL:+VERS-TLS1.3",
};

static int get_trust(struct envoi_tls_config *config, const char *ca_file, bool has_system)
{
	int r = envoi__tls_store_get(&config->trust, config->context, ca_file, has_system);
	if (r < 0) {
		return r;
	}
	bool has_pins = config->pin_is_enough && envoi_buffer_len(&config->pins) > 0;
	if (envoi__tls_store_count(config->trust) == 0 && !has_pins) {
		envoi_log(config->context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS,
			"no certification authority is trusted: %s",
			has_system ? "the system has none"
				   : "tls.ca-file is not set, and tls.system-trust is off");
		return ENVOI_ERR_CERTIFICATE;
	}
	return ENVOI_OK;
}

int envoi__tls_config_make(struct envoi_tls_config **ret_config, struct envoi_context *context)
{
	struct envoi_tls_config *config = envoi_alloc_zeroed(context, sizeof(*config));
	if (config == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	config->references = 1;
	config->context = envoi_context_ref(context);
	config->domains.context = context;
	config->priorities = priorities[0];
	config->pin_is_enough = true;
	envoi_buffer_init(&config->pins, context, 0);
	envoi_buffer_init(&config->named_pins, context, 0);
	*ret_config = config;
	return ENVOI_OK;
}

static int add_pins(struct envoi_tls_config *config, const char *pins)
{
	int r = ENVOI_OK;
	for (const char *pin = pins; r == ENVOI_OK && *pin != '\0'; pin += strlen(pin) + 1) {
		r = envoi_tls_config_add_pin(config, pin);
	}
	return r;
}

static int take_settings(struct envoi_tls_config *config, const struct envoi_settings *settings)
{
	struct envoi__tls_settings values;
	envoi__tls_settings_read(&values, settings);
	config->is_initiator = true;
	config->priorities = priorities[values.min_version];
	config->pin_is_enough = values.pin_mode == ENVOI__TLS_PIN_INSTEAD;
	config->may_resume = values.resumption;
	int r = add_pins(config, values.pins);
	return r < 0 ? r
		     : get_trust(config, values.ca_file == NULL ? "" : values.ca_file,
			       values.system_trust);
}

int envoi_tls_config_new(struct envoi_tls_config **ret_config, struct envoi_context *context,
	const struct envoi_settings *settings)
{
	struct envoi_tls_config *config = NULL;
	settings = settings != NULL ? settings : envoi__default_settings(context);
	int r = settings != NULL ? envoi__tls_config_make(&config, context) : ENVOI_ERR_NOMEM;
	if (r == ENVOI_OK) {
		r = take_settings(config, settings);
	}
	if (r < 0) {
		envoi_tls_config_unref(config);
		return r;
	}
	*ret_config = config;
	return ENVOI_OK;
}

int envoi__tls_config_pin(struct envoi_tls_config *config,
	const unsigned char spki[ENVOI_TLS_SPKI_BYTES], const char *name)
{
	struct envoi__tls_named_pin pin = {.name = ""};
	size_t len = strlen(name);
	if (len >= sizeof(pin.name)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(pin.spki, spki, sizeof(pin.spki));
	memcpy(pin.name, name, len);
	return envoi_buffer_append(&config->named_pins, &pin, sizeof(pin));
}

static int add_pin(struct envoi_tls_config *config, const unsigned char spki[ENVOI_TLS_SPKI_BYTES])
{
	const char *pins = envoi_buffer_data(&config->pins);
	for (size_t at = 0; at < envoi_buffer_len(&config->pins); at += ENVOI_TLS_SPKI_BYTES) {
		if (memcmp(pins + at, spki, ENVOI_TLS_SPKI_BYTES) == 0) {
			return ENVOI_OK;
		}
	}
	return envoi_buffer_append(&config->pins, spki, ENVOI_TLS_SPKI_BYTES);
}

int envoi_tls_config_add_pin(struct envoi_tls_config *config, const char *pin)
{
	unsigned char spki[ENVOI_TLS_SPKI_BYTES];
	int r = config->is_initiator && pin != NULL ? envoi__pin_parse(pin, strlen(pin), spki)
						    : ENVOI_ERR_INVALID;
	return r < 0 ? r : add_pin(config, spki);
}

int envoi__tls_config_set_account(struct envoi_tls_config *config, const char *account, size_t len)
{
	if (account == NULL) {
		config->may_resume = false;
		return ENVOI_OK;
	}
	char *copy = envoi_strndup(config->context, account, len);
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_free(config->context, config->account);
	config->account = copy;
	return ENVOI_OK;
}

bool envoi__tls_config_was_session_refused(const struct envoi_tls_config *config)
{
	return config->was_session_refused;
}

static uint64_t now_of(const struct envoi_tls_config *config)
{
	return envoi_loop_now_ms(envoi_context_loop(config->context));
}

void envoi__tls_config_question_opens(struct envoi_tls_config *config)
{
	if (config->open_questions++ == 0) {
		config->asked_since_ms = now_of(config);
	}
}

void envoi__tls_config_question_closes(struct envoi_tls_config *config)
{
	if (--config->open_questions == 0) {
		config->asked_ms += now_of(config) - config->asked_since_ms;
	}
}

uint64_t envoi__tls_config_asked_ms(const struct envoi_tls_config *config)
{
	return config->asked_ms +
		(config->open_questions > 0 ? now_of(config) - config->asked_since_ms : 0);
}

int envoi_tls_config_set_decider(struct envoi_tls_config *config, struct envoi_tls_decider *decider)
{
	if (!config->is_initiator) {
		return ENVOI_ERR_INVALID;
	}
	config->decider = decider;
	return ENVOI_OK;
}

struct envoi_tls_config *envoi_tls_config_ref(struct envoi_tls_config *config)
{
	config->references++;
	return config;
}

struct envoi_tls_config *envoi_tls_config_unref(struct envoi_tls_config *config)
{
	if (config == NULL || --config->references > 0) {
		return NULL;
	}
	struct envoi_context *context = config->context;
	if (config->own_credentials != NULL) {
		gnutls_certificate_free_credentials(config->own_credentials);
	}
	envoi__tls_domains_finish(&config->domains);
	envoi__tls_store_unref(config->trust);
	envoi_buffer_finish(&config->pins);
	envoi_buffer_finish(&config->named_pins);
	envoi_free(context, config->client_ca_file);
	envoi_free(context, config->own_address);
	envoi_free(context, config->account);
	envoi_free(context, config);
	envoi_context_unref(context);
	return NULL;
}
