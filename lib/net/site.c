/*
 * envoi - the part of a network address that stands for one site
 * SPDX-License-Identifier: MIT
 */
#include "net/site.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

static void set(struct envoi__site *site, const void *bytes, size_t len)
{
	*site = (struct envoi__site){.len = len};
	memcpy(site->bytes, bytes, len);
}

void envoi__site_of_ip6(struct envoi__site *ret_site, const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address)) {
		set(ret_site, address->s6_addr + 12, ENVOI__SITE_IP4_BYTES);
	} else {
		set(ret_site, address->s6_addr, ENVOI__SITE_BYTES);
	}
}

void envoi__site_of_text(struct envoi__site *ret_site, const char *text)
{
	struct in6_addr v6;
	struct in_addr v4;
	*ret_site = (struct envoi__site){.len = 0};
	if (text != NULL && inet_pton(AF_INET6, text, &v6) == 1) {
		envoi__site_of_ip6(ret_site, &v6);
	} else if (text != NULL && inet_pton(AF_INET, text, &v4) == 1) {
		set(ret_site, &v4, ENVOI__SITE_IP4_BYTES);
	}
}

void envoi__site_of(struct envoi__site *ret_site, const struct sockaddr *address, size_t len)
{
	bool has_family = address != NULL && len >= sizeof(address->sa_family);
	*ret_site = (struct envoi__site){.len = 0};
	if (has_family && address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
		const struct sockaddr_in *v4 = (const void *)address;
		set(ret_site, &v4->sin_addr, ENVOI__SITE_IP4_BYTES);
	} else if (has_family && address->sa_family == AF_INET6 &&
		len >= sizeof(struct sockaddr_in6)) {
		const struct sockaddr_in6 *v6 = (const void *)address;
		envoi__site_of_ip6(ret_site, &v6->sin6_addr);
	}
}
