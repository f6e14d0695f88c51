/*
 * envoi - see-other-host (RFC 6120, section 4.9.3.19)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_REDIRECT_H
#define ENVOI_STREAM_REDIRECT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Read "host", "host:port" or "[2001:db8::1]:port", strictly: nothing else stands before, between
 * or behind.
 *
 * @param host  set to a DNS name as A-labels, an IPv4 address, or an IPv6 address in brackets
 * @param port  set to 1..65535; 0: none was named
 * @retval ENVOI_ERR_INVALID  it is not that; nothing is set
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__redirect_parse(char *host, size_t size, uint16_t *port, const char *text);

#endif
