/*
 * envoi - XML into a buffer
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_EMIT_H
#define ENVOI_XML_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <envoi/buffer.h>

enum {
	ENVOI__EMIT_PREFIX_SIZE = 32,
};

/** The output; the first failure stays, and nothing is written after it. */
struct envoi__emit {
	struct envoi_buffer *out;
	int error;
	char *at, *end; /* room in the buffer; bytes written there are not yet part of its length */
};

/** Add the written bytes to the length of the buffer. @return the first failure */
int envoi__emit_flush(struct envoi__emit *emit);

/** Make room for @p len bytes. @return false: failed */
bool envoi__emit_grow(struct envoi__emit *emit, size_t len);

/** @return how many bytes the buffer holds with what was written */
static inline size_t envoi__emit_len(const struct envoi__emit *emit)
{
	return emit->at == NULL ? envoi_buffer_len(emit->out)
				: (size_t)(emit->at - envoi_buffer_data(emit->out));
}

static inline void envoi__emit_bytes(struct envoi__emit *emit, const char *data, size_t len)
{
	if (len > 0 && (len <= (size_t)(emit->end - emit->at) || envoi__emit_grow(emit, len))) {
		memcpy(emit->at, data, len);
		emit->at += len;
	}
}

static inline void envoi__emit_word(struct envoi__emit *emit, const char *word)
{
	envoi__emit_bytes(emit, word, strlen(word));
}

/** Write text of an element: & < > carriage return and line feed are escaped. @param text valid */
void envoi__emit_text(struct envoi__emit *emit, const char *text, size_t len);

/** Write ` name='value'`; both quotes and all white space except the blank are escaped as well. */
void envoi__emit_attr(
	struct envoi__emit *emit, const char *prefix, const char *name, const char *value);

/** Write `prefix:name`, or `name` if @p prefix is "". */
void envoi__emit_name(struct envoi__emit *emit, const char *prefix, const char *name);

/** Write the prefix of attributes into @p prefix: `ns` and @p first + 1. */
void envoi__emit_number(char prefix[ENVOI__EMIT_PREFIX_SIZE], size_t first);

/**
 * Write an attribute in namespace @p ns: with the prefix `xml` for the namespace of XML, else with
 * the prefix of envoi__emit_number().
 *
 * @param first     number of the tag's first attribute in that namespace
 * @param declares  whether the prefix has to be declared
 */
void envoi__emit_attr_ns(struct envoi__emit *emit, const char *ns, const char *name,
	const char *value, size_t first, bool declares);

/** @return the prefix of a written element that has no prefix of its attributes: "stream" (top
 * only), "xml", or "" */
const char *envoi__emit_prefix(const char *ns, bool is_top);

/** Write `<prefix:name`, and the declaration that it needs where @p scope is the default namespace.
 *  */
void envoi__emit_open(struct envoi__emit *emit, const char *prefix, const char *ns,
	const char *name, const char *scope);

void envoi__emit_close(struct envoi__emit *emit, const char *prefix, const char *name);

#endif
