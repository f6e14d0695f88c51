/*
 * envoi - URLs of http, https, ws and wss (RFC 3986; RFC 6455, section 3)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HTTP_HTTP_URL_H
#define ENVOI_HTTP_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ENVOI__HTTP_HOST_SIZE = 256,
	ENVOI__HTTP_TARGET_SIZE = 2048,
	ENVOI__HTTP_AUTHORITY_SIZE = ENVOI__HTTP_HOST_SIZE + 8, /* "[host]:65535" */
};

enum envoi__http_scheme {
	ENVOI__SCHEME_HTTP,
	ENVOI__SCHEME_HTTPS,
	ENVOI__SCHEME_WS,
	ENVOI__SCHEME_WSS,
};

struct envoi__http_url {
	enum envoi__http_scheme scheme;
	bool is_secure; /* https, wss */
	bool has_default_port; /* of its scheme */
	/* a name as A-labels, or an address; without the brackets of an IPv6 address */
	char host[ENVOI__HTTP_HOST_SIZE];
	bool is_ipv6;
	uint16_t port;
	char target[ENVOI__HTTP_TARGET_SIZE]; /* path and query, "/" at least */
};

/**
 * Read a URL. A fragment is left out.
 *
 * @retval ENVOI_ERR_UNSUPPORTED  another scheme
 * @retval ENVOI_ERR_INVALID      no URL, one with user information, or one that is too long. The
 *                                path and query have visible ASCII characters only
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__http_url_read(struct envoi__http_url *url, const char *text);

/** Write host and port, as the field Host has them (RFC 9110, section 7.2): the default port of the
 * scheme is left out. @return @p text */
const char *envoi__http_url_authority(
	char text[ENVOI__HTTP_AUTHORITY_SIZE], const struct envoi__http_url *url);

#endif
