/*
 * envoi - base64 and hexadecimal
 * SPDX-License-Identifier: MIT
 */
#include <envoi/values.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t envoi_base64_encoded_size(size_t len)
{
	return (len / 3 + (len % 3 != 0)) * 4 + 1;
}

size_t envoi_base64_decoded_size(size_t len)
{
	return len / 4 * 3;
}

size_t envoi_base64_encode(char *text, const void *data, size_t len)
{
	const unsigned char *in = data;
	char *out = text;
	for (; len >= 3; len -= 3, in += 3) {
		*out++ = alphabet[in[0] >> 2];
		*out++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
		*out++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
		*out++ = alphabet[in[2] & 63];
	}
	if (len > 0) {
		unsigned int second = len == 2 ? in[1] : 0;
		*out++ = alphabet[in[0] >> 2];
		*out++ = alphabet[(in[0] & 3) << 4 | second >> 4];
		*out++ = len == 2 ? alphabet[(second & 15) << 2] : '=';
		*out++ = '=';
	}
	*out = '\0';
	return (size_t)(out - text);
}

/* Without a table, so that secrets leave no trace in the cache. -1: not in the alphabet. */
static int value_of(char character)
{
	int c = (unsigned char)character, value = -1;
	value += -(c >= 'A' && c <= 'Z') & (c - 'A' + 1);
	value += -(c >= 'a' && c <= 'z') & (c - 'a' + 27);
	value += -(c >= '0' && c <= '9') & (c - '0' + 53);
	value += -(c == '+') & 63;
	value += -(c == '/') & 64;
	return value;
}

static size_t padding_of(const char *text, size_t len)
{
	if (len == 0 || text[len - 1] != '=') {
		return 0;
	}
	return text[len - 2] == '=' ? 2 : 1;
}

int envoi_base64_decode(void *data, size_t *ret_len, const char *text, size_t len)
{
	if (len % 4 != 0) {
		return ENVOI_ERR_INVALID;
	}
	size_t padding = padding_of(text, len);
	unsigned char *out = data;
	for (size_t i = 0; i < len; i += 4) {
		size_t missing = i + 4 == len ? padding : 0;
		int a = value_of(text[i]), b = value_of(text[i + 1]);
		int c = missing == 2 ? 0 : value_of(text[i + 2]);
		int d = missing >= 1 ? 0 : value_of(text[i + 3]);
		if ((a | b | c | d) < 0 || (missing == 2 && (b & 15) != 0) ||
			(missing == 1 && (c & 3) != 0)) {
			return ENVOI_ERR_INVALID;
		}
		*out++ = (unsigned char)(a << 2 | b >> 4);
		if (missing < 2) {
			*out++ = (unsigned char)((b & 15) << 4 | c >> 2);
		}
		if (missing == 0) {
			*out++ = (unsigned char)((c & 3) << 6 | d);
		}
	}
	*ret_len = len / 4 * 3 - padding;
	return ENVOI_OK;
}

void envoi_hex_encode(char *text, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = data;
	for (size_t i = 0; i < len; i++) {
		*text++ = digits[in[i] >> 4];
		*text++ = digits[in[i] & 15];
	}
	*text = '\0';
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int envoi_hex_decode(void *data, const char *text, size_t len)
{
	if (len % 2 != 0) {
		return ENVOI_ERR_INVALID;
	}
	unsigned char *out = data;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit_of(text[i]), low = digit_of(text[i + 1]);
		if ((high | low) < 0) {
			return ENVOI_ERR_INVALID;
		}
		*out++ = (unsigned char)(high << 4 | low);
	}
	return ENVOI_OK;
}
