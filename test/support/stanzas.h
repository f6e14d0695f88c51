/*
 * envoi - tests: stanzas from text and to text
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_STANZAS_H
#define TEST_STANZAS_H

#include <stddef.h>

#include <envoi/envoi.h>

/** @return the first-level element written in @p xml, in `jabber:client`, owned; asserts */
struct envoi_element *element_from_text(struct envoi_context *context, const char *xml);

/** @return that element as a stanza, owned; asserts */
struct envoi_stanza *stanza_from_text(struct envoi_context *context, const char *xml);

/** Append an element in serialised form, as it stands in `jabber:client`, and a line feed. Keeps
 * @p out NUL-terminated. For loop callbacks too: asserts nothing. */
void write_line(struct envoi_buffer *out, const struct envoi_element *element);

/** Append a line as printf does; likewise. */
void write_text(struct envoi_buffer *out, const char *format, ...) ENVOI_PRINTF(2, 3);

/** @return what was written, as a string, borrowed; "" for nothing */
const char *written_text(const struct envoi_buffer *out);

/** Forget what was written. */
void forget_text(struct envoi_buffer *out);

#endif
