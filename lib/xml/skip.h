/*
 * envoi - skipping a stanza beyond a limit
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_SKIP_H
#define ENVOI_XML_SKIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xml/scan.h"
#include "xml/skipped_tag.h"

/** An open element with a prefix; in its tree. */
struct envoi__prefixed {
	const struct envoi__prefixed *outer;
	const struct envoi_element *element;
	const char *prefix; /* libxml2's pointer */
};

enum envoi__skip_state {
	ENVOI__SKIP_TEXT, /* in content; or before the element */
	ENVOI__SKIP_OPEN, /* behind `<` */
	ENVOI__SKIP_NAME, /* of a start tag */
	ENVOI__SKIP_TAG, /* behind the name */
	ENVOI__SKIP_VALUE, /* in a quoted attribute value */
	ENVOI__SKIP_SLASH, /* behind the `/` of an empty-element tag */
	ENVOI__SKIP_END_NAME,
	ENVOI__SKIP_END_SPACE, /* behind the name of an end tag */
	ENVOI__SKIP_BANG, /* behind `<!` */
	ENVOI__SKIP_CDATA,
};

/**
 * Finds the end of a first-level element without keeping its bytes. Each byte is looked at once.
 *
 * What XML forbids within the bytes of this element, and is found: comments, processing
 * instructions, document types, malformed CDATA sections, `<` in tags, end tags that do not match,
 * by a hash of their names, at any depth. The parser has checked UTF-8 and characters. Not found:
 * all else, such as an attribute that stands twice, undeclared prefixes, malformed references.
 */
struct envoi__skip {
	struct envoi_context *context; /* borrowed */
	enum envoi__skip_state state;
	char quote;
	unsigned int matched; /* characters of `[CDATA[` or of `]]` */
	uint64_t hash; /* of the name that was read last, or is incomplete */
	uint64_t *open; /* hashes of the names of the outer open elements */
	unsigned int room;
	uint64_t depth;
	uint64_t inner; /* the names of the open elements within those, as one hash */
	uint64_t bytes; /* of the element so far */
	struct envoi__skipped_tag tag; /* its start tag */
	bool has_tag; /* its start tag is known */
	bool is_tag_new; /* it has just ended */
	bool is_ended;
	struct envoi__xml_error limit; /* the limit that was exceeded first */
	struct envoi__xml_error error; /* of the peer, or no memory: it ends the stream */
};

/**
 * @param content_ns  borrowed: the namespace that a stanza has
 * @param limit       the error that the stream ends with if the element is no stanza
 */
void envoi__skip_init(struct envoi__skip *skip, struct envoi_context *context,
	const char *content_ns, const struct envoi__xml_error *limit);
void envoi__skip_finish(struct envoi__skip *skip);

/**
 * The next byte is in the content of an open element.
 * @param innermost  the element; NULL: the next byte begins the first-level element
 * @param prefixed   the innermost open element with a prefix, or NULL
 * @return false: an error
 */
bool envoi__skip_begin_within(struct envoi__skip *skip, const struct envoi_element *innermost,
	const struct envoi__prefixed *prefixed);

/**
 * Go on until the end of the first-level start tag, which is noted in is_tag_new, the end of the
 * element, an error, or the end of the data.
 * @return how many bytes were looked at
 */
size_t envoi__skip(struct envoi__skip *skip, const char *data, size_t len);

#endif
