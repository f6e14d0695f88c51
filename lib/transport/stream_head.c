/*
 * envoi - stream headers and stream errors, for transports
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/transport.h>

#include <string.h>

#include <envoi/context.h>

/*
 * Append ` name='value'`. The library's writer checks and escapes: it writes `<a v='value'/>`, of
 * which the middle is taken.
 */
static int append_attribute(struct envoi_buffer *out, const char *name, const char *value)
{
	static const char before[] = "<a v", after[] = "/>";
	if (value == NULL) {
		return ENVOI_OK;
	}
	struct envoi_buffer scratch;
	envoi_buffer_init(&scratch, out->context, 0);
	struct envoi_element *element = envoi_element_new(out->context, "", "a");
	envoi_element_set(element, "v", value);
	int r = envoi_xml_write(&scratch, element, NULL);
	if (r == ENVOI_OK) {
		envoi_buffer_consume(&scratch, strlen(before));
		envoi_buffer_truncate(&scratch, envoi_buffer_len(&scratch) - strlen(after));
		r = envoi_buffer_printf(out, " %s%.*s", name, (int)envoi_buffer_len(&scratch),
			envoi_buffer_data(&scratch));
	}
	envoi_element_unref(element);
	envoi_buffer_finish(&scratch);
	return r;
}

static int append_attributes(struct envoi_buffer *out, const struct envoi_stream_head *head)
{
	const struct {
		const char *name, *value;
	} attributes[] = {
		{"xmlns", head->content_ns},
		{"xmlns:stream", ENVOI_NS_STREAMS},
		{"from", head->from},
		{"to", head->to},
		{"id", head->id},
		{"version", head->version},
		{"xml:lang", head->lang},
	};
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		int r = append_attribute(out, attributes[i].name, attributes[i].value);
		if (r < 0) {
			return r;
		}
	}
	return ENVOI_OK;
}

int envoi_stream_head_write(struct envoi_buffer *out, const struct envoi_stream_head *head)
{
	size_t before = envoi_buffer_len(out);
	int r = envoi_buffer_append_text(out, "<?xml version='1.0'?><stream:stream");
	r = r < 0 ? r : append_attributes(out, head);
	r = r < 0 ? r : envoi_buffer_append_text(out, ">");
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
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
