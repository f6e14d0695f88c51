/*
 * envoi - the scanner before the XML parser
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_SCAN_H
#define ENVOI_XML_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/xml.h>

/** The position of the scanner within the document. */
enum envoi__scan_state {
	ENVOI__SCAN_START, /* before the first byte, or in the XML declaration */
	ENVOI__SCAN_BLANK, /* outside first-level elements: only white space is allowed */
	ENVOI__SCAN_TEXT, /* in content */
	ENVOI__SCAN_OPEN, /* behind `<` */
	ENVOI__SCAN_TAG, /* in a start tag */
	ENVOI__SCAN_VALUE, /* in a quoted attribute value */
	ENVOI__SCAN_END_TAG,
	ENVOI__SCAN_BANG, /* behind `<!` */
	ENVOI__SCAN_CDATA,
	ENVOI__SCAN_PI, /* behind `<?` */
};

enum envoi__scan_phase {
	ENVOI__SCAN_PROLOG,
	ENVOI__SCAN_STREAM, /* behind the root's start tag */
	ENVOI__SCAN_ENDED, /* behind the root's end tag */
};

/** The reason for which a scan ended. */
enum envoi__scan_found {
	ENVOI__FOUND_NOTHING, /* the end of the data */
	ENVOI__FOUND_HEAD, /* the root's start tag is complete */
	ENVOI__FOUND_ELEMENT, /* a first-level element is complete */
	ENVOI__FOUND_END, /* the root's end tag is complete */
	ENVOI__FOUND_TEXT, /* a piece of a long text is complete, up to `complete` */
	ENVOI__FOUND_ERROR, /* see the error members */
};

/** An error of a stream. */
struct envoi__xml_error {
	int code; /* ENVOI_OK: nothing */
	enum envoi_stream_condition condition;
	const char *text; /* static, or lives with the parser */
};

enum {
	ENVOI__SCAN_PIECE = 8192, /* the largest piece of a text */
};

/**
 * Finds the ends of tags and first-level elements, ahead of the XML parser. So the limits hold
 * before the parser sees the bytes, the parser sees whole tags and whole pieces of long texts only,
 * and the results do not depend on how the bytes were cut into pieces. The scanner checks no more
 * of well-formedness than it needs; the parser finds the remaining errors.
 *
 * Offsets are into the data that is held; envoi__scan_consume() moves them.
 */
struct envoi__scan {
	enum envoi__scan_state state;
	enum envoi__scan_phase phase;
	size_t at; /* next byte to look at */
	size_t start; /* of the current header or first-level element */
	size_t before; /* bytes of it that were consumed already */
	size_t complete; /* behind the last complete tag, CDATA section or piece; 0: none */
	size_t piece; /* where the piece of a text begins that was found last */
	size_t tag; /* of the `<` of the current tag */
	size_t cdata; /* of the first byte of a CDATA section's text */
	unsigned int depth; /* open elements, the root not counted */
	unsigned int attributes;
	unsigned int matched; /* characters of `[CDATA[` or of the target of `<?xml` */
	char quote;
	const char *root_end; /* the root's end tag without its `>`; NULL: that of a stream */
	bool has_prefix; /* a complete or incomplete tag that is held has one, other than `xml` */
	struct envoi__xml_error error;
};

/** Look at data[scan->at .. len). */
enum envoi__scan_found envoi__scan(struct envoi__scan *scan, const struct envoi_xml_limits *limits,
	const char *data, size_t len);

/** The next byte is the first behind the root's start tag, or behind a first-level element. */
void envoi__scan_begin(struct envoi__scan *scan);

/** @return the root's end tag without its `>` */
const char *envoi__scan_root_end(const struct envoi__scan *scan);

/** The first @p len bytes are no longer held. */
void envoi__scan_consume(struct envoi__scan *scan, size_t len);

/** @return whether no element is incomplete: the next byte may begin one */
static inline bool envoi__scan_is_between(const struct envoi__scan *scan)
{
	return scan->state == ENVOI__SCAN_BLANK;
}

#endif
