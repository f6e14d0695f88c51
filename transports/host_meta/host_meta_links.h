/*
 * envoi - host-meta: the links of a document
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HOST_META_LINKS_H
#define ENVOI_HOST_META_LINKS_H

#include <stdbool.h>
#include <stddef.h>

struct envoi_context;

enum {
	HOST_META_MOST_LINKS = 8,
	HOST_META_URL_SIZE = 1024,
};

/** The URLs of one relation, in the order of the document. */
struct host_meta_links {
	const char *rel;
	size_t count;
	char urls[HOST_META_MOST_LINKS][HOST_META_URL_SIZE];
};

/** Add a link, if it has the relation and a secure URL; others are left out. */
void envoi__host_meta_add(struct host_meta_links *links, const char *rel, const char *url);

/**
 * Read an XRD document (RFC 6415, section 3.1): its first-level links.
 * @retval ENVOI_ERR_XML  malformed, or another document; links before the error were added
 * @retval ENVOI_ERR_LIMIT, ENVOI_ERR_NOMEM
 */
int envoi__host_meta_read_xml(
	struct host_meta_links *links, struct envoi_context *context, const char *data, size_t len);

/** Read a JRD document (RFC 6415, appendix A): the objects in its `links`.
 * @retval ENVOI_ERR_PROTOCOL  it is no JSON object, or nested more than 16 times */
int envoi__host_meta_read_json(struct host_meta_links *links, const char *data, size_t len);

#endif
