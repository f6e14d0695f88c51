/*
 * envoi - TCP sockets
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_SOCKETS_H
#define ENVOI_NET_SOCKETS_H

#include <envoi/interfaces/dial.h>

extern const struct envoi_sockets envoi__tcp_sockets;

/** @return which enum envoi_error a failed connection attempt is. @param error an errno */
int envoi__socket_error_code(int error);

/** @return the text of an errno; static. strerror() uses the program's language, and shares its
 * memory with other threads. */
const char *envoi__socket_error_text(int error);

#endif
