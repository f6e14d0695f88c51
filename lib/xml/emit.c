/*
 * envoi - XML into a buffer
 * SPDX-License-Identifier: MIT
 */
#include "xml/emit.h"

#include <stdio.h>

#include <envoi/xml.h>

#include "base/word.h"
#include "xml/element.h"

enum {
	SOME_ROOM = 256,
};

/* Index into references[]; 0: as it is. White space in attributes would be read as blanks, and a
 * carriage return anywhere as a line feed (XML 1.0, sections 2.11 and 3.3.3). Without line feeds an
 * element is one line. */
static const unsigned char text_escapes[256] = {
	['&'] = 1, ['<'] = 2, ['>'] = 3, ['\n'] = 7, ['\r'] = 8};
static const unsigned char attr_escapes[256] = {
	['&'] = 1,
	['<'] = 2,
	['>'] = 3,
	['\''] = 4,
	['"'] = 5,
	['\t'] = 6,
	['\n'] = 7,
	['\r'] = 8,
};
static const char *const references[] = {
	"", "&amp;", "&lt;", "&gt;", "&apos;", "&quot;", "&#9;", "&#10;", "&#13;"};

int envoi__emit_flush(struct envoi__emit *emit)
{
	if (emit->at != NULL) {
		char *begin = emit->out->data + emit->out->end;
		envoi_buffer_commit(emit->out, (size_t)(emit->at - begin));
		emit->at = emit->end = NULL;
	}
	return emit->error;
}

bool envoi__emit_grow(struct envoi__emit *emit, size_t len)
{
	if (emit->error != ENVOI_OK || envoi__emit_flush(emit) != ENVOI_OK) {
		return false;
	}
	size_t room = len < SOME_ROOM ? SOME_ROOM : len;
	int r = envoi_buffer_reserve(emit->out, room, &emit->at);
	if (r == ENVOI_ERR_FULL) {
		room = len;
		r = envoi_buffer_reserve(emit->out, room, &emit->at);
	}
	if (r < 0) {
		emit->error = r;
		emit->at = NULL;
		return false;
	}
	emit->end = emit->at + room;
	return true;
}

/* & and ' differ in the last bit, < and > in the one before it. */
static bool is_plain(uint64_t word)
{
	return (envoi__word_below(word, 0x20) | envoi__word_equal(word, '"') |
		       envoi__word_equal(word & ~ENVOI__EVERY_BYTE(1), '&') |
		       envoi__word_equal(word & ~ENVOI__EVERY_BYTE(2), '<')) == 0;
}

/* Skips what is written as it is; may stop early, never late. */
static const char *skip_plain(const char *at, const char *end)
{
	while (end - at >= 8 && is_plain(envoi__word_at(at))) {
		at += 8;
	}
	return at;
}

static void escape(
	struct envoi__emit *emit, const char *text, size_t len, const unsigned char *escapes)
{
	const char *from = text, *end = text + len;
	for (const char *at = skip_plain(text, end); at < end; at++) {
		unsigned char reference = escapes[(unsigned char)*at];
		if (reference != 0) {
			envoi__emit_bytes(emit, from, (size_t)(at - from));
			envoi__emit_word(emit, references[reference]);
			from = at + 1;
		}
	}
	envoi__emit_bytes(emit, from, (size_t)(end - from));
}

void envoi__emit_text(struct envoi__emit *emit, const char *text, size_t len)
{
	escape(emit, text, len, text_escapes);
}

void envoi__emit_name(struct envoi__emit *emit, const char *prefix, const char *name)
{
	if (*prefix != '\0') {
		envoi__emit_word(emit, prefix);
		envoi__emit_bytes(emit, ":", 1);
	}
	envoi__emit_word(emit, name);
}

void envoi__emit_attr(
	struct envoi__emit *emit, const char *prefix, const char *name, const char *value)
{
	envoi__emit_bytes(emit, " ", 1);
	envoi__emit_name(emit, prefix, name);
	envoi__emit_bytes(emit, "='", 2);
	escape(emit, value, strlen(value), attr_escapes);
	envoi__emit_bytes(emit, "'", 1);
}

void envoi__emit_number(char prefix[ENVOI__EMIT_PREFIX_SIZE], size_t first)
{
	snprintf(prefix, ENVOI__EMIT_PREFIX_SIZE, "ns%zu", first + 1);
}

void envoi__emit_attr_ns(struct envoi__emit *emit, const char *ns, const char *name,
	const char *value, size_t first, bool declares)
{
	if (*ns == '\0') {
		envoi__emit_attr(emit, "", name, value);
		return;
	}
	if (envoi__same_text(ns, ENVOI_NS_XML)) {
		envoi__emit_attr(emit, "xml", name, value);
		return;
	}
	char prefix[ENVOI__EMIT_PREFIX_SIZE];
	envoi__emit_number(prefix, first);
	if (declares) {
		envoi__emit_attr(emit, "xmlns", prefix, ns);
	}
	envoi__emit_attr(emit, prefix, name, value);
}

const char *envoi__emit_prefix(const char *ns, bool is_top)
{
	if (is_top && envoi__same_text(ns, ENVOI_NS_STREAMS)) {
		return "stream";
	}
	return envoi__same_text(ns, ENVOI_NS_XML) ? "xml" : "";
}

void envoi__emit_open(struct envoi__emit *emit, const char *prefix, const char *ns,
	const char *name, const char *scope)
{
	envoi__emit_bytes(emit, "<", 1);
	envoi__emit_name(emit, prefix, name);
	if (*prefix == '\0' && !envoi__same_text(ns, scope)) {
		envoi__emit_attr(emit, "", "xmlns", ns);
	} else if (*prefix == 'n' || (*prefix == 's' && *scope == '\0')) {
		/* an attribute's, or no stream around the element binds the prefix */
		envoi__emit_attr(emit, "xmlns", prefix, ns);
	}
}

void envoi__emit_close(struct envoi__emit *emit, const char *prefix, const char *name)
{
	envoi__emit_bytes(emit, "</", 2);
	envoi__emit_name(emit, prefix, name);
	envoi__emit_bytes(emit, ">", 1);
}
