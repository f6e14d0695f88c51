/*
 * envoi - host-meta: the links of an XRD document
 * SPDX-License-Identifier: MIT
 *
 * Private headers: parsers of other roots than that of a stream have no public ones.
 */
#include "host_meta_links.h"

#include <string.h>
#include <strings.h>

#include <envoi/error.h>
#include <envoi/xml.h>

#include "xml/wrapped.h"

#define XRD_NS "http://docs.oasis-open.org/ns/xri/xrd-1.0"

static const struct envoi__xml_root expected_root = {
	.ns = XRD_NS,
	.name = "XRD",
	.end = "</XRD",
	.content_ns = XRD_NS,
};

/* XEP-0156, section 5: links in clear are no use. */
static bool is_secure(const char *url)
{
	return strncasecmp(url, "wss://", 6) == 0 || strncasecmp(url, "https://", 8) == 0;
}

void envoi__host_meta_add(struct host_meta_links *links, const char *rel, const char *url)
{
	if (rel == NULL || url == NULL || strcmp(rel, links->rel) != 0 || !is_secure(url) ||
		strlen(url) >= HOST_META_URL_SIZE || links->count == HOST_META_MOST_LINKS) {
		return;
	}
	memcpy(links->urls[links->count++], url, strlen(url) + 1);
}

static void take_item(struct host_meta_links *links, const struct envoi_xml_item *item)
{
	if (item->kind == ENVOI_XML_ELEMENT && envoi_element_is(item->element, XRD_NS, "Link")) {
		envoi__host_meta_add(links, envoi_element_attr(item->element, "rel"),
			envoi_element_attr(item->element, "href"));
	}
	envoi_element_unref(item->element);
}

static int read_items(struct host_meta_links *links, struct envoi_xml_parser *parser)
{
	struct envoi_xml_item item = {.kind = ENVOI_XML_HEAD};
	int r = ENVOI_OK;
	while (r == ENVOI_OK && item.kind != ENVOI_XML_END) {
		r = envoi_xml_parser_next(parser, &item);
		if (r == ENVOI_OK) {
			take_item(links, &item);
		}
	}
	return r == ENVOI_AGAIN ? ENVOI_ERR_XML : r; /* cut off */
}

int envoi__host_meta_read_xml(
	struct host_meta_links *links, struct envoi_context *context, const char *data, size_t len)
{
	struct envoi_xml_parser *parser;
	int r = envoi_xml_parser_new(&parser, context, &envoi_xml_limits_before_login);
	if (r < 0) {
		return r;
	}
	envoi__xml_parser_wrap(parser, &expected_root);
	r = len > 0 ? envoi_xml_parser_feed(parser, data, len) : ENVOI_ERR_XML;
	if (r == ENVOI_OK) {
		r = read_items(links, parser);
	}
	envoi_xml_parser_free(parser);
	return r;
}
