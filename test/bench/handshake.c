/*
 * envoi - what a full and a resumed TLS handshake cost a client
 * SPDX-License-Identifier: MIT
 *
 * usage: bench-handshake anew|resumed VERSION COUNT
 *
 * The engine against a server on bare GnuTLS, in one process: count the client's part alone, with
 * callgrind and --toggle-collect=envoi__tls_handshake (run-handshake).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "tls/tls_engine.h"
#include "tls_server.h"

/* @return the failure, or whether it was resumed */
static int connect_once(struct envoi_context *context, struct envoi_tls_config *config,
	const struct tls_server_options *options)
{
	struct tls_server server;
	struct envoi__tls *client;
	char data[16];
	size_t len;
	tls_server_init(&server, context, options);
	int r = envoi__tls_new(&client, config, ENVOI_INITIATOR, "example.org", NULL);
	if (r < 0) {
		return r;
	}
	r = tls_server_shake_hands(&server, client);
	if (r == ENVOI_OK) {
		r = gnutls_session_is_resumed(server.session) != 0;
		gnutls_record_send(server.session, "x", 1);
		tls_server_to_client(&server, client);
		(void)!envoi__tls_read(client, data, sizeof(data), &len);
	}
	envoi__tls_free(client);
	tls_server_finish(&server);
	return r;
}

static int run(struct envoi_context *context, struct envoi_settings *settings, bool resumes,
	const char *version, int count)
{
	char priorities[64];
	gnutls_datum_t ticket_key;
	struct envoi_tls_config *config;
	snprintf(priorities, sizeof(priorities), "NORMAL:-VERS-ALL:+VERS-TLS%s", version);
	int r = envoi_tls_config_new(&config, context, settings);
	if (r < 0 || gnutls_session_ticket_key_generate(&ticket_key) < 0) {
		return r < 0 ? r : ENVOI_ERR_NOMEM;
	}
	const struct tls_server_options options = {
		.priorities = priorities, .ticket_key = &ticket_key};
	int resumed = 0;
	for (int i = 0; i < count && r >= 0; i++) {
		r = connect_once(context, config, &options);
		resumed += r > 0;
	}
	gnutls_free(ticket_key.data);
	envoi_tls_config_unref(config);
	int wanted = !resumes ? 0 : strcmp(version, "1.2") == 0 ? count / 2 : count - 1;
	printf("%d of %d resumed\n", resumed, count);
	return r < 0 ? r : resumed == wanted ? ENVOI_OK : ENVOI_ERR_STATE;
}

int main(int argument_count, char **arguments)
{
	struct envoi_context *context;
	struct envoi_settings *settings;
	if (argument_count != 4) {
		return 2;
	}
	bool resumes = strcmp(arguments[1], "resumed") == 0;
	if (envoi_context_new(&context, NULL) < 0 || envoi_settings_new(&settings, context) < 0 ||
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem") < 0 ||
		envoi_settings_set(settings, "tls.system-trust", "false") < 0 ||
		envoi_settings_set(settings, "tls.resumption", resumes ? "true" : "false") < 0) {
		return 1;
	}
	int r = run(context, settings, resumes, arguments[2], atoi(arguments[3]));
	envoi_settings_free(settings);
	envoi_context_unref(context);
	return r < 0;
}
