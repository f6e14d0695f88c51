/*
 * envoi - domain names as A-labels
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_JID_IDNA_H
#define ENVOI_JID_IDNA_H

#include <stddef.h>

/**
 * Convert a domain name to the form in which it is looked up (RFC 5891, section 5): U-labels become
 * A-labels, in lower case; ASCII stays as it is.
 *
 * @param to      may be @p domain
 * @param domain  UTF-8
 * @retval ENVOI_ERR_INVALID  it cannot be converted, or has no room in @p size bytes
 * @retval ENVOI_ERR_NOMEM    in both cases @p to is as it was
 */
int envoi__domain_to_ascii(char *to, size_t size, const char *domain);

#endif
