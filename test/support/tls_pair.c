/*
 * envoi - two TLS engines that talk to each other
 * SPDX-License-Identifier: MIT
 */
#include "tls_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/settings.h>

const char *tls_path(const char *name, const char *suffix)
{
	static char paths[4][512];
	static int next;
	char *at = paths[next++ % 4];
	snprintf(at, sizeof(paths[0]), "%s/tls/%s%s", TEST_DATA, name, suffix);
	return at;
}

struct envoi_tls_config *tls_trust_only(struct envoi_context *context, const char *ca)
{
	struct envoi_tls_config *config;
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", tls_path(ca, ".pem")), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&config, context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	return config;
}

void tls_pair_init(struct tls_pair *f, const struct envoi_context_options *options,
	const char *certificate, const char *name)
{
	*f = (struct tls_pair){0};
	assert_int_equal(envoi_context_new(&f->context, options), ENVOI_OK);
	f->trust = tls_trust_only(
		f->context, strcmp(certificate, "trusted-self-signed") == 0 ? "self-signed" : "ca");
	const char *key = strcmp(certificate, "weak") == 0 ? "weak" : "server";
	const char *shown = strcmp(certificate, "trusted-self-signed") == 0 ? "self-signed"
									    : certificate;
	assert_int_equal(envoi_tls_config_new_server(&f->server_config, f->context,
				 tls_path(shown, ".pem"), tls_path(key, "-key.pem")),
		ENVOI_OK);
	assert_int_equal(
		envoi__tls_new(&f->client, f->trust, ENVOI_INITIATOR, name, NULL), ENVOI_OK);
	assert_int_equal(
		envoi__tls_new(&f->server, f->server_config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
	f->client_result = f->server_result = ENVOI_AGAIN;
}

void tls_pair_finish(struct tls_pair *f)
{
	envoi__tls_free(f->client);
	envoi__tls_free(f->server);
	envoi_tls_config_unref(f->trust);
	envoi_tls_config_unref(f->server_config);
	envoi_context_unref(f->context);
}

size_t tls_pair_carry(struct envoi__tls *from, struct envoi__tls *to, size_t piece)
{
	struct envoi_buffer *output = envoi__tls_output(from);
	size_t moved = 0;
	while (envoi_buffer_len(output) > 0) {
		size_t len = envoi_buffer_len(output) < piece ? envoi_buffer_len(output) : piece;
		assert_int_equal(envoi__tls_feed(to, envoi_buffer_data(output), len), ENVOI_OK);
		envoi_buffer_consume(output, len);
		moved += len;
	}
	return moved;
}

void tls_pair_shake_hands(struct tls_pair *f)
{
	size_t moved = 1;
	while (moved > 0) {
		f->client_result = envoi__tls_handshake(f->client);
		moved = tls_pair_carry(f->client, f->server, 7);
		f->server_result = envoi__tls_handshake(f->server);
		moved += tls_pair_carry(f->server, f->client, 1);
	}
}
