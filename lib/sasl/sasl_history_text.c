/*
 * envoi - SASL: keys as a line of text
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl_history_text.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "base/context.h"

enum {
	WORDS = 6,
};

static int append_base64(struct envoi_buffer *out, const void *data, size_t len)
{
	char *room;
	int r = envoi_buffer_append_text(out, " ");
	if (r == ENVOI_OK) {
		r = envoi_buffer_reserve(out, envoi_base64_encoded_size(len), &room);
	}
	if (r == ENVOI_OK) {
		envoi_buffer_commit(out, envoi_base64_encode(room, data, len));
	}
	return r;
}

int envoi__sasl_keys_write(const struct envoi_sasl_keys *keys, struct envoi_buffer *out)
{
	int r = envoi_buffer_printf(out, "sasl-keys %s", keys->mechanism);
	if (r == ENVOI_OK) {
		r = append_base64(out, keys->authcid, strlen(keys->authcid));
	}
	if (r == ENVOI_OK) {
		r = append_base64(out, keys->salt, keys->salt_len);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_printf(out, " %u", keys->iterations);
	}
	if (r == ENVOI_OK) {
		r = append_base64(out, keys->client_key, keys->key_len);
	}
	if (r == ENVOI_OK) {
		r = append_base64(out, keys->server_key, keys->key_len);
	}
	return r < 0 ? r : envoi_buffer_append_text(out, "\n");
}

/* Splits in place: WORDS words, one blank between two. */
static int cut(char *text, char *words[WORDS])
{
	for (size_t i = 0; i < WORDS; i++) {
		char *blank = strchr(text, ' ');
		words[i] = text;
		if (*text == '\0' || *text == ' ' || (blank == NULL) != (i == WORDS - 1)) {
			return ENVOI_ERR_INVALID;
		}
		if (blank != NULL) {
			*blank = '\0';
			text = blank + 1;
		}
	}
	return ENVOI_OK;
}

/* Decodes base64 in place, and terminates it. */
static int decode(char *word, size_t *ret_len)
{
	int r = envoi_base64_decode(word, ret_len, word, strlen(word));
	if (r == ENVOI_OK) {
		word[*ret_len] = '\0'; /* the decoded text is shorter */
	}
	return r;
}

static int read_words(struct envoi_sasl_keys *ret_keys, char *words[WORDS])
{
	*ret_keys = (struct envoi_sasl_keys){
		.mechanism = words[0],
		.authcid = words[1],
		.salt = words[2],
		.client_key = words[4],
		.server_key = words[5],
	};
	size_t authcid_len, server_len;
	uint64_t iterations = 0;
	int r = decode(words[1], &authcid_len);
	if (r == ENVOI_OK) {
		r = decode(words[2], &ret_keys->salt_len);
	}
	if (r == ENVOI_OK) {
		r = envoi_uint_parse(words[3], 1, UINT32_MAX, &iterations);
	}
	if (r == ENVOI_OK) {
		r = decode(words[4], &ret_keys->key_len);
	}
	if (r == ENVOI_OK) {
		r = decode(words[5], &server_len);
	}
	if (r == ENVOI_OK && (server_len != ret_keys->key_len || strlen(words[1]) != authcid_len)) {
		r = ENVOI_ERR_INVALID;
	}
	ret_keys->iterations = (unsigned int)iterations;
	return r;
}

int envoi__sasl_keys_read(struct envoi__sasl_keys_line *ret_line, struct envoi_context *context,
	const char *line, size_t len)
{
	char *words[WORDS];
	if (memchr(line, '\0', len) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	*ret_line = (struct envoi__sasl_keys_line){
		.context = context, .text = envoi_strndup(context, line, len), .len = len};
	if (ret_line->text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = cut(ret_line->text, words);
	if (r == ENVOI_OK) {
		r = read_words(&ret_line->keys, words);
	}
	if (r < 0) {
		envoi__sasl_keys_line_finish(ret_line);
	}
	return r;
}

void envoi__sasl_keys_line_finish(struct envoi__sasl_keys_line *line)
{
	envoi__wipe(line->text, line->len);
	envoi_free(line->context, line->text);
}
