/*
 * envoi - lists of name servers
 * SPDX-License-Identifier: MIT
 */
#include "net/name_servers.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include <envoi/error.h>

static bool is_address(int family, const char *from, size_t len)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN];
	if (len >= sizeof(text)) {
		return false;
	}
	memcpy(text, from, len);
	text[len] = '\0';
	return inet_pton(family, text, bytes) == 1;
}

static bool is_port(const char *text, size_t len)
{
	unsigned int port = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || port > 65535) {
			return false;
		}
		port = port * 10 + (unsigned int)(text[i] - '0');
	}
	return port > 0 && port <= 65535;
}

/* @return whether @p text, behind an address, is nothing or a colon and a port */
static bool is_rest(const char *text, size_t len)
{
	return len == 0 || (text[0] == ':' && is_port(text + 1, len - 1));
}

static bool is_server(const char *text, size_t len)
{
	const char *end = text + len;
	if (len > 0 && text[0] == '[') {
		const char *bracket = memchr(text, ']', len);
		return bracket != NULL &&
			is_address(AF_INET6, text + 1, (size_t)(bracket - text) - 1) &&
			is_rest(bracket + 1, (size_t)(end - bracket) - 1);
	}
	size_t host = 0;
	while (host < len && text[host] != ':') {
		host++;
	}
	return is_address(AF_INET6, text, len) ||
		(is_address(AF_INET, text, host) && is_rest(text + host, len - host));
}

int envoi__check_name_servers(const char *text)
{
	size_t len;
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (!is_server(text, len)) {
			return ENVOI_ERR_INVALID;
		}
		if (text[len] == '\0') {
			return ENVOI_OK;
		}
	}
}
