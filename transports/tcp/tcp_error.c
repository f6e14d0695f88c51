/*
 * envoi - XMPP over TCP: texts of system errors
 * SPDX-License-Identifier: MIT
 */
#include "tcp_error.h"

#include <stdio.h>
#include <string.h>

const char *envoi__tcp_error_text(char text[TCP_ERROR_TEXT_SIZE], int error)
{
	if (strerror_r(error, text, TCP_ERROR_TEXT_SIZE) != 0) {
		snprintf(text, TCP_ERROR_TEXT_SIZE, "error %d", error);
	}
	return text;
}
