/*
 * envoi - URLs of http, https, ws and wss (RFC 3986; RFC 6455, section 3)
 * SPDX-License-Identifier: MIT
 */
#include "http/http_url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <envoi/error.h>
#include <envoi/values.h>

#include "http/http_head.h"
#include "jid/idna.h"

static const struct {
	const char *prefix;
	enum envoi__http_scheme scheme;
	bool is_secure;
	uint16_t port;
} schemes[] = {
	{"http://", ENVOI__SCHEME_HTTP, false, 80},
	{"https://", ENVOI__SCHEME_HTTPS, true, 443},
	{"ws://", ENVOI__SCHEME_WS, false, 80},
	{"wss://", ENVOI__SCHEME_WSS, true, 443},
};

/* @return what is behind the scheme; NULL: another scheme */
static const char *read_scheme(struct envoi__http_url *url, const char *text)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].prefix);
		if (strncasecmp(text, schemes[i].prefix, len) == 0) {
			url->scheme = schemes[i].scheme;
			url->is_secure = schemes[i].is_secure;
			url->port = schemes[i].port;
			return text + len;
		}
	}
	return NULL;
}

/* @param text  ":8080", ":", or "" */
static int read_port(struct envoi__http_url *url, const char *text)
{
	uint64_t port;
	url->has_default_port = true;
	if (text[0] == '\0' || strcmp(text, ":") == 0) {
		return ENVOI_OK;
	}
	if (text[0] != ':' || text[1 + strspn(text + 1, "0123456789")] != '\0' ||
		envoi_uint_parse(text + 1, 1, UINT16_MAX, &port) < 0) {
		return ENVOI_ERR_INVALID;
	}
	url->has_default_port = port == url->port;
	url->port = (uint16_t)port;
	return ENVOI_OK;
}

/* @param text  behind the bracket */
static int read_ipv6(struct envoi__http_url *url, char *text)
{
	struct in6_addr address;
	char *end = strchr(text, ']');
	if (end == NULL || (size_t)(end - text) >= sizeof(url->host)) {
		return ENVOI_ERR_INVALID;
	}
	*end = '\0';
	memcpy(url->host, text, strlen(text) + 1);
	url->is_ipv6 = true;
	return inet_pton(AF_INET6, text, &address) == 1 ? read_port(url, end + 1)
							: ENVOI_ERR_INVALID;
}

/* Makes a name lower case. @retval ENVOI_ERR_INVALID  it is no name */
static int normalise_name(char *name)
{
	for (char *at = name; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z') {
			*at = (char)(*at - 'A' + 'a');
		}
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-._", *at) == NULL) {
			return ENVOI_ERR_INVALID;
		}
	}
	return ENVOI_OK;
}

static int read_name(struct envoi__http_url *url, char *text)
{
	char *port = text + strcspn(text, ":");
	char colon_and_port[16];
	if (port == text || strlen(port) >= sizeof(colon_and_port)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(colon_and_port, port, strlen(port) + 1);
	*port = '\0';
	int r = envoi__domain_to_ascii(url->host, sizeof(url->host), text);
	r = r < 0 ? r : normalise_name(url->host);
	return r < 0 ? r : read_port(url, colon_and_port);
}

static int read_authority(struct envoi__http_url *url, const char *text, size_t len)
{
	char copy[ENVOI__HTTP_AUTHORITY_SIZE * 4]; /* names in UTF-8 are longer */
	if (len == 0 || len >= sizeof(copy)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy[0] == '[' ? read_ipv6(url, copy + 1) : read_name(url, copy);
}

static int read_target(struct envoi__http_url *url, const char *text)
{
	size_t len = strcspn(text, "#");
	bool has_path = text[0] == '/';
	int written = snprintf(
		url->target, sizeof(url->target), "%s%.*s", has_path ? "" : "/", (int)len, text);
	bool is_valid = written > 0 && (size_t)written < sizeof(url->target) &&
		envoi__http_is_target(url->target, (size_t)written);
	return is_valid ? ENVOI_OK : ENVOI_ERR_INVALID;
}

int envoi__http_url_read(struct envoi__http_url *url, const char *text)
{
	*url = (struct envoi__http_url){.port = 0};
	const char *authority = read_scheme(url, text);
	if (authority == NULL) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	size_t len = strcspn(authority, "/?#");
	int r = read_authority(url, authority, len);
	return r < 0 ? r : read_target(url, authority + len);
}

const char *envoi__http_url_authority(
	char text[ENVOI__HTTP_AUTHORITY_SIZE], const struct envoi__http_url *url)
{
	char port[8] = "";
	if (!url->has_default_port) {
		snprintf(port, sizeof(port), ":%u", (unsigned int)url->port);
	}
	snprintf(text, ENVOI__HTTP_AUTHORITY_SIZE, "%s%.255s%s%s", url->is_ipv6 ? "[" : "",
		url->host, url->is_ipv6 ? "]" : "", port);
	return text;
}
