/*
 * envoi - the limits of incoming XML
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_LIMITS_H
#define ENVOI_XML_LIMITS_H

#include <stddef.h>

#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The limits on what a peer may send, one row each: BYTES of bytes (size_t), COUNT of a number
 * (unsigned int). A row is a member of struct envoi_xml_limits, a member of both constants below,
 * and the settings limits.NAME and limits.before-login.NAME.
 *
 * ROW(member, NAME, default, default before the login, least, most, manual)
 */
/* clang-format off */
#define ENVOI_XML_LIMITS(BYTES, COUNT) \
	BYTES(stanza_bytes, "stanza-bytes", 8388608, 10000, 10000, 1073741824, \
		"The largest stanza, or other first-level element, that the peer may send. A stanza " \
		"that exceeds this limit, or one of the following limits, is skipped if " \
		"limits.skip-bytes allows it; else the stream ends with policy-violation. Servers may " \
		"rely on 10,000 bytes (RFC 6120, section 13.12).") \
	BYTES(tag_bytes, "tag-bytes", 262144, 4096, 1024, 1048576, \
		"The largest tag, attributes included.") \
	COUNT(depth, "depth", 256, 16, 4, 10000, \
		"The deepest nesting of elements in a stanza.") \
	COUNT(attributes, "attributes", 256, 32, 8, 10000, \
		"The largest number of attributes of an element, namespace declarations included.") \
	COUNT(children, "children", 1000000, 256, 16, 100000000, \
		"The largest number of elements and texts in a stanza.") \
	BYTES(name_bytes, "name-bytes", 256, 256, 32, 65536, \
		"The longest name of an element or attribute, and the longest prefix.") \
	BYTES(namespace_bytes, "namespace-bytes", 1024, 256, 64, 65536, \
		"The longest namespace name that the library does not know.") \
	COUNT(names, "names", 4096, 256, 64, 100000000, \
		"The largest number of distinct names and prefixes in a stanza, without the names of " \
		"specifications that the library knows.")
/* clang-format on */

#define ENVOI__XML_LIMIT_BYTES(member, name, fallback, before, least, most, doc) size_t member;
#define ENVOI__XML_LIMIT_COUNT(member, name, fallback, before, least, most, doc) \
	unsigned int member;

/**
 * The limits of a parser. Exceeding one is a policy-violation and ends the stream, unless
 * skip_bytes allows to skip the stanza. The stream header with the XML declaration has the limits
 * of a stanza; white space between elements does not count. In addition, an element and its
 * ancestors may have at most 512 namespace declarations. Names are freed with their stanzas, so the
 * number of distinct names of a stream has no limit.
 *
 * A stanza takes at most 6 bytes of memory for each of its bytes, and 128 more for each element and
 * text. doc/limits.md has the costs.
 */
struct envoi_xml_limits {
	ENVOI_XML_LIMITS(ENVOI__XML_LIMIT_BYTES, ENVOI__XML_LIMIT_COUNT)
	/**
	 * of a stanza that is skipped because it exceeds another limit: see ENVOI_XML_SKIPPED. 0,
	 * the default: no stanza is skipped
	 */
	size_t skip_bytes;
};

/** The default limits, which apply after the login. */
ENVOI_API extern const struct envoi_xml_limits envoi_xml_limits_default;
/** The default limits before the login. */
ENVOI_API extern const struct envoi_xml_limits envoi_xml_limits_before_login;

#ifdef __cplusplus
}
#endif
#endif
