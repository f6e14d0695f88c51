/*
 * envoi - pins of public keys, in words
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_pin.h"

#include <string.h>

#include <envoi/error.h>
#include <envoi/values.h>

enum {
	HEX_DIGITS = 2 * ENVOI__PIN_BYTES,
	BASE64_DIGITS = 44, /* of 32 bytes */
};

int envoi__pin_parse(const char *text, size_t len, unsigned char ret_pin[ENVOI__PIN_BYTES])
{
	static const char prefix[] = "sha256:";
	const size_t prefix_len = sizeof(prefix) - 1;
	char digits[HEX_DIGITS + 1], bytes[BASE64_DIGITS];
	if (len <= prefix_len || len - prefix_len > HEX_DIGITS ||
		memcmp(text, prefix, prefix_len) != 0) {
		return ENVOI_ERR_INVALID;
	}
	len -= prefix_len;
	memcpy(digits, text + prefix_len, len);
	digits[len] = '\0';
	if (len == HEX_DIGITS) {
		return envoi_hex_decode(ret_pin, digits, len);
	}
	size_t decoded = 0;
	if (len != BASE64_DIGITS || envoi_base64_decode(bytes, &decoded, digits, len) < 0 ||
		decoded != ENVOI__PIN_BYTES) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(ret_pin, bytes, ENVOI__PIN_BYTES);
	return ENVOI_OK;
}
