/*
 * envoi - host names and addresses as text
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_HOST_NAMES_H
#define ENVOI_NET_HOST_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/** The longest DNS name as text (RFC 1035, section 2.3.4), without a trailing dot. */
#define ENVOI__MAX_DNS_NAME 253

/** Of a host as text: a name, or an address. */
#define ENVOI__HOST_SIZE (ENVOI__MAX_DNS_NAME + 3)

/** @return whether a name can be looked up: letters, digits, '-' and '_' in labels of 1 to 63 bytes
 *          */
bool envoi__is_dns_name(const char *name);

/** @return whether @p name is @p domain or below it, whatever the case; trailing dots ignored */
bool envoi__is_within_domain(const char *name, const char *domain);

/**
 * Parse an address.
 *
 * @param bytes  4 or 16 are set
 * @return AF_INET, AF_INET6, or 0: @p text is no address
 */
int envoi__parse_address(const char *text, unsigned char bytes[16]);

/**
 * Read a host as users, URIs and stream errors write it: a name, also in U-labels and with a
 * trailing dot, or an address, also in brackets.
 *
 * @param to  as A-labels without the dot, or an address without brackets; unchanged on failure
 * @retval ENVOI_ERR_INVALID  neither
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__host_read(char to[ENVOI__HOST_SIZE], const char *text);

/** @param family AF_INET or AF_INET6 */
void envoi__make_sockaddr(
	struct sockaddr_storage *address, int family, const unsigned char *bytes, uint16_t port);

void envoi__set_port(struct sockaddr_storage *address, uint16_t port);

/** @return the length for its family */
socklen_t envoi__sockaddr_len(const struct sockaddr_storage *address);

/** Write an address without its port; "" when it is of no known family. */
void envoi__print_address(const struct sockaddr_storage *address, char *text, size_t size);

#endif
