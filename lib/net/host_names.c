/*
 * envoi - host names and addresses as text
 * SPDX-License-Identifier: MIT
 */
#include "net/host_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <envoi/error.h>

#include "jid/idna.h"

#define MAX_LABEL 63

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_';
}

static size_t len_without_dot(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

bool envoi__is_dns_name(const char *name)
{
	size_t len = len_without_dot(name), label = 0;
	if (len == 0 || len > ENVOI__MAX_DNS_NAME) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.') {
			if (label == 0) {
				return false;
			}
			label = 0;
		} else if (!is_name_char(name[i]) || ++label > MAX_LABEL) {
			return false;
		}
	}
	return label > 0;
}

/* strncasecmp() obeys the locale, in which a Turkish i is no i */
static bool equal_ignoring_case(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char x = a[i] >= 'A' && a[i] <= 'Z' ? (char)(a[i] | 0x20) : a[i];
		char y = b[i] >= 'A' && b[i] <= 'Z' ? (char)(b[i] | 0x20) : b[i];
		if (x != y) {
			return false;
		}
	}
	return true;
}

bool envoi__is_within_domain(const char *name, const char *domain)
{
	size_t len = len_without_dot(name), domain_len = len_without_dot(domain);
	return len >= domain_len &&
		equal_ignoring_case(name + len - domain_len, domain, domain_len) &&
		(len == domain_len || name[len - domain_len - 1] == '.');
}

int envoi__parse_address(const char *text, unsigned char bytes[16])
{
	if (inet_pton(AF_INET, text, bytes) == 1) {
		return AF_INET;
	}
	return inet_pton(AF_INET6, text, bytes) == 1 ? AF_INET6 : 0;
}

/* RFC 6122 and URIs write IPv6 addresses in brackets. */
static char *strip_brackets(char *host)
{
	size_t len = strlen(host);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		return host + 1;
	}
	return host;
}

int envoi__host_read(char to[ENVOI__HOST_SIZE], const char *text)
{
	char ascii[ENVOI__HOST_SIZE + 2];
	unsigned char bytes[16];
	int r = envoi__domain_to_ascii(ascii, sizeof(ascii), text);
	if (r < 0) {
		return r;
	}
	const char *host = strip_brackets(ascii);
	size_t len = strlen(host);
	bool is_address = envoi__parse_address(host, bytes) != 0;
	if (len >= ENVOI__HOST_SIZE || (!is_address && !envoi__is_dns_name(host))) {
		return ENVOI_ERR_INVALID;
	}
	len -= !is_address && host[len - 1] == '.';
	memcpy(to, host, len);
	to[len] = '\0';
	return ENVOI_OK;
}

void envoi__make_sockaddr(
	struct sockaddr_storage *address, int family, const unsigned char *bytes, uint16_t port)
{
	memset(address, 0, sizeof(*address));
	if (family == AF_INET) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&in.sin_addr, bytes, sizeof(in.sin_addr));
		memcpy(address, &in, sizeof(in));
	} else {
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
		memcpy(&in6.sin6_addr, bytes, sizeof(in6.sin6_addr));
		memcpy(address, &in6, sizeof(in6));
	}
}

void envoi__set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET) {
		((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
	} else {
		((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
	}
}

socklen_t envoi__sockaddr_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
					     : sizeof(struct sockaddr_in6);
}

void envoi__print_address(const struct sockaddr_storage *address, char *text, size_t size)
{
	const void *bytes = address->ss_family == AF_INET
		? (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
		: (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	if ((address->ss_family != AF_INET && address->ss_family != AF_INET6) ||
		inet_ntop(address->ss_family, bytes, text, (socklen_t)size) == NULL) {
		text[0] = '\0';
	}
}
