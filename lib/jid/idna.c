/*
 * envoi - domain names as A-labels
 * SPDX-License-Identifier: MIT
 */
#include "jid/idna.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <idn2.h>

#include <envoi/error.h>

static bool is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80) {
		text++;
	}
	return *text == '\0';
}

static int copy(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);
	if (len >= size) {
		return ENVOI_ERR_INVALID;
	}
	memmove(to, from, len + 1);
	return ENVOI_OK;
}

int envoi__domain_to_ascii(char *to, size_t size, const char *domain)
{
	uint8_t *ascii = NULL;
	if (is_ascii(domain)) {
		return copy(to, size, domain);
	}
	int r = idn2_lookup_u8(
		(const uint8_t *)domain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (r != IDN2_OK) {
		return r == IDN2_MALLOC ? ENVOI_ERR_NOMEM : ENVOI_ERR_INVALID;
	}
	r = copy(to, size, (const char *)ascii);
	idn2_free(ascii);
	return r;
}
