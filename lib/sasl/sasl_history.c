/*
 * envoi - SASL: the history of an account's logins
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl_history.h"

#include <string.h>

#include "sasl/sasl.h"
#include "sasl/sasl_history_text.h"
#include "sasl/scram.h"

enum {
	MOST_KEYS = 3, /* one for each hash of SCRAM */
	LONGEST_BINDING = 64,
};

/* Keys in memory of their own. */
struct kept {
	struct envoi_sasl_keys keys; /* points to the members below */
	char *authcid;
	unsigned char *salt;
	unsigned char client_key[ENVOI__SCRAM_LARGEST_HASH];
	unsigned char server_key[ENVOI__SCRAM_LARGEST_HASH];
	unsigned char password_tag[ENVOI__SCRAM_LARGEST_HASH]; /* never written as text */
};

struct envoi_sasl_history {
	struct envoi_context *context;
	const struct envoi_sasl_mechanism *pinned; /* NULL: nothing */
	char binding[LONGEST_BINDING]; /* "": none */
	char tried[LONGEST_BINDING]; /* "": none; never written as text */
	struct kept *kept[MOST_KEYS]; /* in the order of enum envoi__scram_hash; NULL: none */
};

int envoi_sasl_history_new(struct envoi_sasl_history **ret_history, struct envoi_context *context)
{
	struct envoi_sasl_history *history = envoi_alloc_zeroed(context, sizeof(*history));
	if (history == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	history->context = envoi_context_ref(context);
	*ret_history = history;
	return ENVOI_OK;
}

static void drop(struct envoi_sasl_history *history, struct kept *kept)
{
	if (kept != NULL) {
		envoi_free(history->context, kept->authcid);
		envoi_free(history->context, kept->salt);
		envoi__wipe(kept, sizeof(*kept));
		envoi_free(history->context, kept);
	}
}

void envoi_sasl_history_forget_keys(struct envoi_sasl_history *history)
{
	for (size_t i = 0; i < MOST_KEYS; i++) {
		drop(history, history->kept[i]);
		history->kept[i] = NULL;
	}
}

void envoi_sasl_history_forget_pin(struct envoi_sasl_history *history)
{
	history->pinned = NULL;
	history->binding[0] = history->tried[0] = '\0';
}

void envoi_sasl_history_free(struct envoi_sasl_history *history)
{
	if (history != NULL) {
		struct envoi_context *context = history->context;
		envoi_sasl_history_forget_keys(history);
		envoi_free(context, history);
		envoi_context_unref(context);
	}
}

/* --- the pin --- */

struct envoi__sasl_pin envoi__sasl_history_pin(const struct envoi_sasl_history *history)
{
	struct envoi__sasl_pin pin = {.mechanism = NULL};
	if (history != NULL && history->tried[0] != '\0') {
		pin.tried = history->tried;
	}
	if (history != NULL && history->pinned != NULL) {
		pin.mechanism = history->pinned->name;
		pin.binding = history->binding[0] != '\0' ? history->binding : NULL;
	}
	return pin;
}

const char *envoi_sasl_history_pin(
	const struct envoi_sasl_history *history, const char **ret_binding)
{
	const struct envoi__sasl_pin pin = envoi__sasl_history_pin(history);
	*ret_binding = pin.binding;
	return pin.mechanism;
}

void envoi__sasl_history_try(struct envoi_sasl_history *history, const char *binding)
{
	size_t len = strlen(binding);
	if (len < LONGEST_BINDING) {
		memcpy(history->tried, binding, len + 1);
	}
}

int envoi__sasl_history_raise_pin(struct envoi_sasl_history *history,
	const struct envoi_sasl_mechanism *mechanism, const char *binding)
{
	if (binding != NULL && strlen(binding) >= LONGEST_BINDING) {
		return ENVOI_ERR_INVALID;
	}
	history->tried[0] = '\0';
	if (history->pinned == NULL || mechanism->strength > history->pinned->strength) {
		history->pinned = mechanism;
	}
	if (envoi__sasl_binding_rank(binding) > envoi__sasl_binding_rank(history->binding)) {
		memcpy(history->binding, binding, strlen(binding) + 1);
	}
	return ENVOI_OK;
}

/* --- keys --- */

/* @return the hash of its keys; MOST_KEYS: the mechanism has no keys */
static size_t hash_of(const char *mechanism)
{
	for (size_t i = 0; i < MOST_KEYS; i++) {
		const char *name = envoi__scram_mechanism_name((enum envoi__scram_hash)i);
		size_t len = strlen(name);
		if (strncmp(mechanism, name, len) == 0 &&
			(mechanism[len] == '\0' || strcmp(mechanism + len, "-PLUS") == 0)) {
			return i;
		}
	}
	return MOST_KEYS;
}

const struct envoi_sasl_keys *envoi__sasl_history_keys(
	const struct envoi_sasl_history *history, const char *mechanism)
{
	size_t hash = history != NULL ? hash_of(mechanism) : MOST_KEYS;
	return hash < MOST_KEYS && history->kept[hash] != NULL ? &history->kept[hash]->keys : NULL;
}

void envoi__sasl_history_drop(struct envoi_sasl_history *history, const char *mechanism)
{
	size_t hash = hash_of(mechanism);
	if (hash < MOST_KEYS) {
		drop(history, history->kept[hash]);
		history->kept[hash] = NULL;
	}
}

static void fill(struct kept *kept, const struct envoi_sasl_keys *keys)
{
	memcpy(kept->salt, keys->salt, keys->salt_len);
	memcpy(kept->client_key, keys->client_key, keys->key_len);
	memcpy(kept->server_key, keys->server_key, keys->key_len);
	if (keys->password_tag != NULL) {
		memcpy(kept->password_tag, keys->password_tag, keys->key_len);
	}
	kept->keys = *keys;
	kept->keys.authcid = kept->authcid;
	kept->keys.salt = kept->salt;
	kept->keys.client_key = kept->client_key;
	kept->keys.server_key = kept->server_key;
	kept->keys.password_tag = keys->password_tag != NULL ? kept->password_tag : NULL;
}

int envoi__sasl_history_keep(struct envoi_sasl_history *history, const struct envoi_sasl_keys *keys)
{
	struct envoi_context *context = history->context;
	size_t hash = hash_of(keys->mechanism);
	if (hash == MOST_KEYS || keys->salt_len == 0 || keys->iterations == 0 ||
		keys->key_len != envoi__scram_hash_size((enum envoi__scram_hash)hash)) {
		return ENVOI_ERR_INVALID;
	}
	struct kept *kept = envoi_alloc_zeroed(context, sizeof(*kept));
	if (kept == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	kept->authcid = envoi_strndup(context, keys->authcid, strlen(keys->authcid));
	kept->salt = envoi_alloc(context, keys->salt_len);
	if (kept->authcid == NULL || kept->salt == NULL) {
		drop(history, kept);
		return ENVOI_ERR_NOMEM;
	}
	fill(kept, keys);
	kept->keys.mechanism = envoi__scram_mechanism_name((enum envoi__scram_hash)hash);
	drop(history, history->kept[hash]);
	history->kept[hash] = kept;
	return ENVOI_OK;
}

/* --- as text --- */

int envoi_sasl_history_write(const struct envoi_sasl_history *history, struct envoi_buffer *out)
{
	const struct envoi__sasl_pin pin = envoi__sasl_history_pin(history);
	int r = ENVOI_OK;
	if (pin.mechanism != NULL) {
		r = envoi_buffer_printf(out, "sasl-pin %s%s%s\n", pin.mechanism,
			pin.binding != NULL ? " " : "", pin.binding != NULL ? pin.binding : "");
	}
	for (size_t i = 0; r == ENVOI_OK && i < MOST_KEYS; i++) {
		if (history->kept[i] != NULL) {
			r = envoi__sasl_keys_write(&history->kept[i]->keys, out);
		}
	}
	return r;
}

static int read_pin(struct envoi_sasl_history *history, const char *line, size_t len)
{
	char text[LONGEST_BINDING + 32], *binding;
	if (len >= sizeof(text)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(text, line, len);
	text[len] = '\0';
	binding = strchr(text, ' ');
	if (binding != NULL) {
		*binding++ = '\0';
	}
	/* A mechanism that this program does not have pins nothing. */
	const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(history->context, text);
	if (!envoi__sasl_name_is_valid(text) ||
		(binding != NULL && envoi__sasl_binding_rank(binding) == 0)) {
		return ENVOI_ERR_INVALID;
	}
	return mechanism != NULL ? envoi__sasl_history_raise_pin(history, mechanism, binding)
				 : ENVOI_OK;
}

static int read_keys(struct envoi_sasl_history *history, const char *line, size_t len)
{
	struct envoi__sasl_keys_line keys;
	int r = envoi__sasl_keys_read(&keys, history->context, line, len);
	if (r == ENVOI_OK) {
		r = envoi__sasl_history_keep(history, &keys.keys);
		envoi__sasl_keys_line_finish(&keys);
	}
	return r;
}

int envoi_sasl_history_read(struct envoi_sasl_history *history, const char *line, size_t len)
{
	static const char pin[] = "sasl-pin ", keys[] = "sasl-keys ";
	size_t pin_len = strlen(pin), keys_len = strlen(keys);
	if (len > pin_len && memcmp(line, pin, pin_len) == 0) {
		return read_pin(history, line + pin_len, len - pin_len);
	}
	if (len > keys_len && memcmp(line, keys, keys_len) == 0) {
		return read_keys(history, line + keys_len, len - keys_len);
	}
	return ENVOI_DECLINED;
}
