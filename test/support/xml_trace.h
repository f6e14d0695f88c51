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

#endif
