/*
 * envoi - tests: what a parser makes of a stream, as text
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_XML_TRACE_H
#define TEST_XML_TRACE_H

#include <stddef.h>

#include <envoi/envoi.h>

/**
 * Feed a stream in pieces of @p piece bytes (0: all at once), take out what is finished after
 * each, and describe it: a line for each item, `head CONTENT_NS TAG`, `element XML`, `end`, and
 * last `error CONDITION` if there was one.
 *
 * @param first  bytes of the first piece; 0: as the others
 */
void test_xml_trace(struct envoi_buffer *out, struct envoi_context *context,
	const struct envoi_xml_limits *limits, const char *data, size_t len, size_t first,
	size_t piece);

/** A stream, and what is to come of it. */
struct test_xml_conversation {
	const char *name, *data;
	size_t len;
	const char *expected; /* as test_xml_trace() */
	size_t whole; /* so many bytes at the beginning are not cut in two */
};

/** A string that may hold NUL: two members of a conversation */
#define BYTES(text) text, sizeof(text) - 1

/**
 * Assert that the same comes of each stream with the limits before login and with those after, all
 * at once, in pieces of one and of two bytes, and cut in two at every place, the rest whole or in
 * pieces of three.
 */
void test_xml_conversations(struct envoi_context *context,
	const struct test_xml_conversation *conversations, size_t count);

#endif
