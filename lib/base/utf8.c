/*
 * envoi - UTF-8 as XML allows it
 * SPDX-License-Identifier: MIT
 */
#include "base/utf8.h"

#include "base/word.h"

static bool is_plain(unsigned char byte)
{
	return (byte >= 0x20 && byte < 0x80) || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Not 0 when a byte is below 0x20 or above 0x7f; may be so too behind such a byte. */
static uint64_t oddities(uint64_t word)
{
	return ((word - ENVOI__EVERY_BYTE(0x20)) | word) & ENVOI__EVERY_BYTE(0x80);
}

/* Skips printable ASCII; may stop early, never late. */
static const char *skip_ascii(const char *at, const char *end)
{
	for (; end - at >= 32; at += 32) {
		if ((oddities(envoi__word_at(at)) | oddities(envoi__word_at(at + 8)) |
			    oddities(envoi__word_at(at + 16)) |
			    oddities(envoi__word_at(at + 24))) != 0) {
			break;
		}
	}
	for (; end - at >= 8; at += 8) {
		if (oddities(envoi__word_at(at)) != 0) {
			break;
		}
	}
	while (at < end && is_plain((unsigned char)*at)) {
		at++;
	}
	return at;
}

static bool lead(struct envoi__utf8 *state, unsigned char byte)
{
	if (byte < 0xc2 || byte > 0xf4) {
		return false;
	}
	state->need = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
	state->low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80; /* not overlong */
	state->high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf; /* no surrogates */
	state->after_ef = byte == 0xef;
	return true;
}

static bool continuation(struct envoi__utf8 *state, unsigned char byte)
{
	if (byte < state->low || byte > state->high) {
		return false;
	}
	state->need--;
	state->low = 0x80;
	state->high = state->after_ef && byte == 0xbf ? 0xbd : 0xbf; /* not U+FFFE, U+FFFF */
	state->after_ef = false;
	return true;
}

size_t envoi__utf8_check(struct envoi__utf8 *state, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	while (at < end) {
		if (state->need == 0) {
			at = skip_ascii(at, end);
			if (at == end) {
				break;
			}
			if (!lead(state, (unsigned char)*at)) {
				break;
			}
		} else if (!continuation(state, (unsigned char)*at)) {
			break;
		}
		at++;
	}
	return (size_t)(at - text);
}

bool envoi__utf8_valid(const char *text, size_t len)
{
	struct envoi__utf8 state = {0};
	return envoi__utf8_check(&state, text, len) == len && state.need == 0;
}

size_t envoi__utf8_cut(const char *text, size_t len)
{
	struct envoi__utf8 state = {0};
	size_t good = envoi__utf8_check(&state, text, len);
	while (state.need > 0 && good > 0 && ((unsigned char)text[good - 1] & 0xc0) == 0x80) {
		good--;
	}
	return state.need > 0 && good > 0 ? good - 1 : good;
}
