/*
 * envoi - TLS: whom to trust, what to show
 * SPDX-License-Identifier: MIT
 *
 * Trust stores are loaded once per context and combination of sources, and live as long as the
 * context: reading the system's takes tens of milliseconds and megabytes, which others pay for
 * each connection. GnuTLS allocates with malloc.
 */
#include "tls/tls_config.h"

#include <string.h>

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

struct store {
	struct store *next;
	gnutls_x509_trust_list_t list;
	bool has_system;
	int count; /* of authorities */
	char ca_file[]; /* "": none */
};

struct trust_part {
	struct envoi__part base;
	struct envoi_context *context; /* borrowed: it owns us */
	struct store *stores;
};

static void destroy_part(struct envoi__part *base)
{
	struct trust_part *part = ENVOI_CONTAINER_OF(base, struct trust_part, base);
	while (part->stores != NULL) {
		struct store *store = part->stores;
		part->stores = store->next;
		gnutls_x509_trust_list_deinit(store->list, 1);
		envoi_free(part->context, store);
	}
	envoi_free(part->context, part);
}

static struct trust_part *part_of(struct envoi_context *context)
{
	struct envoi__part *base = context->parts[ENVOI__PART_TRUST];
	if (base != NULL) {
		return ENVOI_CONTAINER_OF(base, struct trust_part, base);
	}
	struct trust_part *part = envoi_alloc_zeroed(context, sizeof(*part));
	if (part != NULL) {
		part->base.destroy = destroy_part;
		part->context = context;
		context->parts[ENVOI__PART_TRUST] = &part->base;
	}
	return part;
}

static int file_failure(struct envoi_context *context, const char *file, int code)
{
	envoi_log(context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS, "%s: %s", file, gnutls_strerror(code));
	switch (code) {
	case GNUTLS_E_MEMORY_ERROR:
		return ENVOI_ERR_NOMEM;
	case GNUTLS_E_FILE_ERROR:
		return ENVOI_ERR_SYSTEM;
	default:
		return ENVOI_ERR_CERTIFICATE;
	}
}

/* @return how many certificates the file has, or a failure */
static int load_file(struct envoi_context *context, gnutls_x509_trust_list_t list, const char *file)
{
	int count = gnutls_x509_trust_list_add_trust_file(
		list, file, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (count == 0) {
		count = GNUTLS_E_NO_CERTIFICATE_FOUND;
	}
	return count < 0 ? file_failure(context, file, count) : count;
}

static int fill(struct envoi_context *context, struct store *store)
{
	int count = 0;
	if (store->ca_file[0] != '\0') {
		count = load_file(context, store->list, store->ca_file);
		if (count < 0) {
			return count;
		}
	}
	if (store->has_system) {
		int more = gnutls_x509_trust_list_add_system_trust(store->list, 0, 0);
		if (more == GNUTLS_E_MEMORY_ERROR) {
			return ENVOI_ERR_NOMEM;
		}
		count += more > 0 ? more : 0;
	}
	store->count = count;
	envoi_log(context, ENVOI_LOG_INFO, ENVOI_LOG_TLS,
		"%d certification authorities are trusted", count);
	return ENVOI_OK;
}

static int load_store(struct store **ret_store, struct envoi_context *context, const char *ca_file,
	bool has_system)
{
	size_t len = strlen(ca_file);
	struct store *store = envoi_alloc_zeroed(context, sizeof(*store) + len + 1);
	if (store == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(store->ca_file, ca_file, len);
	store->has_system = has_system;
	int r = ENVOI_ERR_NOMEM;
	if (gnutls_x509_trust_list_init(&store->list, 0) < 0) {
		goto fail;
	}
	r = fill(context, store);
	if (r < 0) {
		gnutls_x509_trust_list_deinit(store->list, 1);
		goto fail;
	}
	*ret_store = store;
	return ENVOI_OK;
fail:
	envoi_free(context, store);
	return r;
}

static int get_store(struct store **ret_store, struct envoi_context *context, const char *ca_file,
	bool has_system)
{
	struct trust_part *part = part_of(context);
	if (part == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	struct store *store = part->stores;
	while (store != NULL &&
		(store->has_system != has_system || strcmp(store->ca_file, ca_file) != 0)) {
		store = store->next;
	}
	if (store == NULL) {
		int r = load_store(&store, context, ca_file, has_system);
		if (r < 0) {
			return r;
		}
		store->next = part->stores;
		part->stores = store;
	}
	*ret_store = store;
	return ENVOI_OK;
}

static int get_trust(struct envoi_tls_config *config, const char *ca_file, bool has_system)
{
	struct store *store;
	int r = get_store(&store, config->context, ca_file, has_system);
	if (r < 0) {
		return r;
	}
	bool has_pins = config->pin_is_enough && envoi_buffer_len(&config->pins) > 0;
	if (store->count == 0 && !has_pins) {
		envoi_log(config->context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS,
			"no certification authority to trust: %s",
			has_system ? "the system has none"
				   : "neither a file nor the system's are wanted");
		return ENVOI_ERR_CERTIFICATE;
	}
	config->trust = store->list;
	return ENVOI_OK;
}

static int new_config(struct envoi_tls_config **ret_config, struct envoi_context *context)
{
	struct envoi_tls_config *config = envoi_alloc_zeroed(context, sizeof(*config));
	if (config == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (gnutls_certificate_allocate_credentials(&config->credentials) < 0) {
		envoi_free(context, config);
		return ENVOI_ERR_NOMEM;
	}
	config->references = 1;
	config->context = envoi_context_ref(context);
	config->priorities = priorities[0];
	config->pin_is_enough = true;
	envoi_buffer_init(&config->pins, context, 0);
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
	int r = settings != NULL ? new_config(&config, context) : ENVOI_ERR_NOMEM;
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

int envoi__tls_config_pin(
	struct envoi_tls_config *config, const unsigned char spki[ENVOI_TLS_SPKI_BYTES])
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
	int r = config->is_initiator ? envoi__pin_parse(pin, strlen(pin), spki) : ENVOI_ERR_INVALID;
	return r < 0 ? r : envoi__tls_config_pin(config, spki);
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

int envoi_tls_config_set_decider(struct envoi_tls_config *config, struct envoi_tls_decider *decider)
{
	if (!config->is_initiator) {
		return ENVOI_ERR_INVALID;
	}
	config->decider = decider;
	return ENVOI_OK;
}

int envoi_tls_config_new_server(struct envoi_tls_config **ret_config, struct envoi_context *context,
	const char *cert_file, const char *key_file)
{
	struct envoi_tls_config *config;
	int r = new_config(&config, context);
	if (r < 0) {
		return r;
	}
	int loaded = gnutls_certificate_set_x509_key_file2(
		config->credentials, cert_file, key_file, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (loaded < 0) {
		r = file_failure(context, cert_file, loaded);
		envoi_tls_config_unref(config);
		return r;
	}
	*ret_config = config;
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
	gnutls_certificate_free_credentials(config->credentials);
	envoi_buffer_finish(&config->pins);
	envoi_free(context, config->own_address);
	envoi_free(context, config->account);
	envoi_free(context, config);
	envoi_context_unref(context);
	return NULL;
}
