/*
 * envoi - transports of octets: stream headers and stream errors
 * SPDX-License-Identifier: MIT
 */
#include "inside.h"

#include <string.h>

#include <envoi/context.h>

/*
 * Append ` name='value'`. The library's writer checks and escapes: it writes `<a name='value'/>`,
 * of which the middle is taken.
 */
static int append_attribute(struct octets *octets, struct envoi_buffer *out, const char *name,
	const char *value)
{
	static const char before[] = "<a", after[] = "/>";
	if (value == NULL) {
		return ENVOI_OK;
	}
	struct envoi_buffer scratch;
	envoi_buffer_init(&scratch, octets->base.context, 0);
	struct envoi_element *element = envoi_element_new(octets->base.context, "", "a");
	envoi_element_set(element, "v", value);
	int r = envoi_xml_write(&scratch, element, NULL);
	if (r == ENVOI_OK) {
		envoi_buffer_consume(&scratch, strlen(before) + strlen(" v"));
		envoi_buffer_truncate(&scratch, envoi_buffer_len(&scratch) - strlen(after));
		r = envoi_buffer_printf(out, " %s%.*s", name, (int)envoi_buffer_len(&scratch),
			envoi_buffer_data(&scratch));
	}
	envoi_element_unref(element);
	envoi_buffer_finish(&scratch);
	return r;
}

static int append_attributes(struct octets *octets, struct envoi_buffer *out,
	const struct envoi_stream_head *head)
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
		int r = append_attribute(octets, out, attributes[i].name, attributes[i].value);
		if (r < 0) {
			return r;
		}
	}
	return ENVOI_OK;
}

int octets_write_head(struct octets *octets, const struct envoi_stream_head *head)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, octets->base.context, 0);
	int r = envoi_buffer_append_text(&out, "<?xml version='1.0'?><stream:stream");
	if (r == ENVOI_OK) {
		r = append_attributes(octets, &out, head);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(&out, ">");
	}
	if (r == ENVOI_OK) {
		r = octets_queue(octets, envoi_buffer_data(&out), envoi_buffer_len(&out));
	}
	envoi_buffer_finish(&out);
	return r;
}

/* RFC 6120, section 4.8.1: the root is stream, in the streams namespace. */
enum envoi_stream_condition octets_read_head(
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

void octets_write_stream_error(struct octets *octets, enum envoi_stream_condition condition)
{
	if (octets->output == OCTETS_TAIL_SENT) {
		return;
	}
	if (octets->output == OCTETS_NO_HEAD) {
		const struct envoi_stream_head head = {
			.version = "1.0",
			.content_ns = "jabber:client",
		};
		if (octets_send_head(&octets->base, &head) < 0) {
			return;
		}
	}
	struct envoi_buffer out;
	envoi_buffer_init(&out, octets->base.context, 0);
	int r = envoi_buffer_printf(&out,
		"<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
		"</stream:stream>",
		envoi_stream_condition_name(condition));
	if (r == ENVOI_OK) {
		octets->output = OCTETS_TAIL_SENT;
		octets_queue(octets, envoi_buffer_data(&out), envoi_buffer_len(&out));
	}
	envoi_buffer_finish(&out);
}
