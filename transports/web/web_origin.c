/*
 * envoi - HTTP requests that others make: the pages that they come from (RFC 6454)
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include <string.h>
#include <strings.h>

#include "web_inside.h"

/* Behind a proxy that ends TLS the scheme is not known. */
static bool is_own(const struct envoi_web_connection *connection, const char *origin)
{
	const char *host = envoi_web_request_field(connection, "Host");
	bool is_https = strncasecmp(origin, "https://", 8) == 0;
	bool is_http = !connection->has_tls && strncasecmp(origin, "http://", 7) == 0;
	return host != NULL && (is_https || is_http) &&
		strcasecmp(strchr(origin, ':') + strlen("://"), host) == 0;
}

static bool lists(const char *list, const char *origin)
{
	size_t len = strlen(origin);
	while (*list != '\0') {
		list += strspn(list, " ");
		size_t item = strcspn(list, " ");
		if ((item == 1 && *list == '*') ||
			(item == len && strncasecmp(list, origin, len) == 0)) {
			return true;
		}
		list += item;
	}
	return false;
}

bool envoi_web_origin_is_allowed(const struct envoi_web_connection *connection, const char *allowed)
{
	const struct envoi__http_head *head = envoi__web_head(connection);
	const char *origin = head == NULL ? NULL : envoi__http_head_value(head, "Origin");
	if (origin == NULL || head == NULL) {
		return head != NULL;
	}
	return envoi__http_head_count(head, "Origin") == 1 && strcasecmp(origin, "null") != 0 &&
		(is_own(connection, origin) || (allowed != NULL && lists(allowed, origin)));
}
