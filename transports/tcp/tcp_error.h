/*
 * envoi - XMPP over TCP: texts of system errors
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TCP_ERROR_H
#define ENVOI_TCP_ERROR_H

enum {
	TCP_ERROR_TEXT_SIZE = 96,
};

/** @param error  an errno @return @p text */
const char *envoi__tcp_error_text(char text[TCP_ERROR_TEXT_SIZE], int error);

#endif
