/*
 * envoi - the command-line program: the addresses of `serve`
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/server.h>

/* "127.0.0.1:5222", "[::1]:5222" */
static bool split_address(const char *text, char host[64], uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	char *end;
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	bool has_brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	if (has_brackets) {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= 64 || colon[1] < '0' || colon[1] > '9') {
		return false;
	}
	memcpy(host, text, len);
	host[len] = '\0';
	unsigned long port = strtoul(colon + 1, &end, 10);
	*ret_port = (uint16_t)port;
	return *end == '\0' && port <= UINT16_MAX;
}

static bool is_of_this_host(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static int listen_at(struct envoi_server *server, const struct serve_options *options,
	const char *service, const char *text)
{
	char host[64];
	uint16_t port, got;
	if (!split_address(text, host, &port)) {
		complain("--listen: %s is not ADDRESS:PORT", text);
		return STATUS_USAGE;
	}
	if (strcmp(service, ENVOI_SERVER_WEB_CLEAR) == 0 && !is_of_this_host(host)) {
		complain("--web-clear: %s is not an address of this host: 127.0.0.1, [::1]", host);
		return STATUS_USAGE;
	}
	int r = envoi_tcp_listen(envoi_server_listener(server), service, host, port, &got);
	if (r < 0) {
		complain("--listen %s: %s", text,
			r == ENVOI_ERR_SYSTEM ? strerror(errno) : envoi_error_text(r));
		return STATUS_NO;
	}
	if (!options->is_check) {
		printf("listening on %s port %u\n", host, got);
	}
	return STATUS_DONE;
}

int listen_all(struct envoi_server *server, const struct serve_options *options)
{
	int status = STATUS_DONE;
	for (size_t i = 0; status == STATUS_DONE && i < options->listen_count; i++) {
		status = listen_at(server, options, ENVOI_SERVER_STARTTLS, options->listen[i]);
	}
	for (size_t i = 0; status == STATUS_DONE && i < options->listen_tls_count; i++) {
		status = listen_at(
			server, options, ENVOI_SERVER_DIRECT_TLS, options->listen_tls[i]);
	}
	for (size_t i = 0; status == STATUS_DONE && i < options->listen_components_count; i++) {
		status = listen_at(
			server, options, ENVOI_SERVER_COMPONENTS, options->listen_components[i]);
	}
	for (size_t i = 0; status == STATUS_DONE && i < options->web_count; i++) {
		status = listen_at(server, options,
			options->is_web_clear ? ENVOI_SERVER_WEB_CLEAR : ENVOI_SERVER_WEB,
			options->web[i]);
	}
	fflush(stdout);
	return status;
}
