/*
 * envoi - pins of public keys, as text
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_PIN_H
#define ENVOI_TLS_TLS_PIN_H

#include <stddef.h>

enum {
	ENVOI__PIN_BYTES = 32, /* SHA-256 */
};

/** Read "sha256:" and base64 or hexadecimal digits. @retval ENVOI_ERR_INVALID  another form */
int envoi__pin_parse(const char *text, size_t len, unsigned char ret_pin[ENVOI__PIN_BYTES]);

#endif
