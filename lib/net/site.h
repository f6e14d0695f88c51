/*
 * envoi - the part of a network address that stands for one site
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_SITE_H
#define ENVOI_NET_SITE_H

#include <netinet/in.h>
#include <stddef.h>

enum {
	ENVOI__SITE_BYTES = 8, /* the longest: a network of IPv6, of 64 bits (RFC 6177) */
	ENVOI__SITE_IP4_BYTES = 4,
};

/** What connections of one site are counted by, however many addresses it has. */
struct envoi__site {
	unsigned char bytes[ENVOI__SITE_BYTES];
	size_t len; /* 0: no network address */
};

/** An IPv4 address that is mapped into IPv6 (RFC 4291, section 2.5.5.2) counts as what it is. */
void envoi__site_of_ip6(struct envoi__site *ret_site, const struct in6_addr *address);

/** @param text  as inet_ntop(3) writes addresses; NULL or another text: no network address */
void envoi__site_of_text(struct envoi__site *ret_site, const char *text);

/** @param address  of @p len bytes; NULL: none */
void envoi__site_of(struct envoi__site *ret_site, const struct sockaddr *address, size_t len);

#endif
