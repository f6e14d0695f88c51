/*
 * envoi - see-other-host (RFC 6120, section 4.9.3.19)
 * SPDX-License-Identifier: MIT
 */
#include "stream/redirect.h"

#include <string.h>

#include <envoi/error.h>
#include <envoi/values.h>

#include "jid/idna.h"
#include "net/host_names.h"

enum {
	MOST_HOST = 1023, /* bytes of a domainpart in any form */
	PORT_DIGITS = 5,
};

/* @param text  behind the colon */
static int parse_port(uint16_t *port, const char *text)
{
	int64_t value;
	bool is_digits = text[strspn(text, "0123456789")] == '\0';
	if (!is_digits || strlen(text) > PORT_DIGITS || text[0] == '0' ||
		envoi_int_parse(text, 1, 65535, &value) < 0) {
		return ENVOI_ERR_INVALID;
	}
	*port = (uint16_t)value;
	return ENVOI_OK;
}

/* @return bytes of the host, up to what follows it; 0: there is none */
static size_t host_len(const char *text)
{
	if (text[0] != '[') {
		return strcspn(text, ":");
	}
	const char *end = strchr(text, ']');
	return end == NULL ? 0 : (size_t)(end - text) + 1;
}

/* In brackets is an IPv6 address and nothing else; without them is everything else. */
static bool is_host(const char *host, size_t len)
{
	unsigned char bytes[16];
	char address[MOST_HOST + 1];
	if (host[0] != '[') {
		return envoi__is_dns_name(host) && envoi__parse_address(host, bytes) == 0
			? host[len - 1] != '.'
			: envoi__parse_address(host, bytes) == AF_INET;
	}
	memcpy(address, host + 1, len - 2);
	address[len - 2] = '\0';
	return envoi__parse_address(address, bytes) == AF_INET6;
}

int envoi__redirect_parse(char *host, size_t size, uint16_t *port, const char *text)
{
	size_t len = host_len(text);
	const char *behind = text + len;
	uint16_t named = 0;
	char name[MOST_HOST + 1];
	if (len == 0 || len >= sizeof(name) || (behind[0] != '\0' && behind[0] != ':')) {
		return ENVOI_ERR_INVALID;
	}
	if (behind[0] == ':' && parse_port(&named, behind + 1) < 0) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(name, text, len);
	name[len] = '\0';
	int r = envoi__domain_to_ascii(name, sizeof(name), name);
	if (r < 0) {
		return r;
	}
	len = strlen(name);
	if (len >= size || !is_host(name, len)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(host, name, len + 1);
	*port = named;
	return ENVOI_OK;
}
