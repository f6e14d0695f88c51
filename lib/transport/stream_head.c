/*
 * envoi - stream headers and stream errors, for transports
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/transport.h>

#include <string.h>

#include <envoi/context.h>

int envoi_stream_head_write(struct envoi_buffer *out, const struct envoi_stream_head *head)
{
	struct envoi_element *root = envoi_element_new(out->context, ENVOI_NS_STREAMS, "stream");
	envoi_element_set(root, "from", head->from);
	envoi_element_set(root, "to", head->to);
	envoi_element_set(root, "id", head->id);
	envoi_element_set(root, "version", head->version);
	envoi_element_set_ns(root, ENVOI_NS_XML, "lang", head->lang);
	int r = envoi_xml_write_head(out, root, head->content_ns);
	envoi_element_unref(root);
	return r;
}

/* RFC 6120, section 4.8.1: the root is stream, in the streams namespace. */
enum envoi_stream_condition envoi_stream_head_read(
	struct envoi_stream_head *ret_head, const struct envoi_xml_item *item)
{
	const struct envoi_element *root = item->element;
	if (strcmp(envoi_element_ns(root), ENVOI_NS_STREAMS) != 0) {
		return ENVOI_STREAM_INVALID_NAMESPACE;
	}
	if (strcmp(envoi_element_name(root), "stream") != 0) {
		return ENVOI_STREAM_BAD_FORMAT;
	}
	*ret_head = (struct envoi_stream_head){
		.from = envoi_element_attr(root, "from"),
		.to = envoi_element_attr(root, "to"),
		.id = envoi_element_attr(root, "id"),
		.lang = envoi_element_attr_ns(root, ENVOI_NS_XML, "lang"),
		.version = envoi_element_attr(root, "version"),
		.content_ns = item->content_ns,
	};
	return ENVOI_STREAM_NO_CONDITION;
}

int envoi_stream_error_write(struct envoi_buffer *out, enum envoi_stream_condition condition)
{
	const char *name = envoi_stream_condition_name(condition);
	return envoi_buffer_printf(out,
		"<stream:error><%s xmlns='" ENVOI_NS_STREAM_ERRORS "'/></stream:error>",
		name != NULL ? name : "undefined-condition");
}
