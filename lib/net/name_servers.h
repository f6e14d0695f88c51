/*
 * envoi - lists of name servers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_NAME_SERVERS_H
#define ENVOI_NET_NAME_SERVERS_H

/**
 * Check addresses with or without a port, separated by commas: "192.0.2.1,[2001:db8::1]:5353".
 * @return ENVOI_OK or ENVOI_ERR_INVALID
 */
int envoi__check_name_servers(const char *text);

#endif
