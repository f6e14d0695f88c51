/*
 * envoi - byte streams whose first-level elements travel in frames (WebSocket)
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/bytestream.h"

#include <string.h>

#include <envoi/context.h>

#include "transport/bytestream/framing.h"

/* The peer's elements declare their namespaces; one without a declaration is a stanza of a client.
 */
static const char root[] = "<stream:stream xmlns='" ENVOI_NS_CLIENT
			   "' xmlns:stream='" ENVOI_NS_STREAMS "'>";

/* What the functions of a framing have written is counted as output that is no element. */
static void count(struct envoi__byte_stream *bytes, size_t before)
{
	bytes->queued += envoi_buffer_len(&bytes->plain) - before;
	if (envoi_buffer_len(&bytes->ends) == 0) {
		bytes->counted = bytes->queued;
	}
}

int envoi__byte_stream_frame(struct envoi_transport *transport, struct envoi__framing *framing)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	bytes->framing = framing;
	bytes->impl.name = framing->impl->name;
	bytes->impl.start_tls = NULL;
	bytes->base.writing = ENVOI_WRITING_ALONE;
	envoi__byte_stream_set_most_bytes(bytes);
	return bytes->is_started ? envoi__byte_stream_renew_parser(bytes) : ENVOI_OK;
}

void envoi__byte_stream_set_most_bytes(struct envoi__byte_stream *bytes)
{
	if (bytes->framing != NULL) {
		bytes->framing->most_bytes = bytes->limits.stanza_bytes + bytes->limits.skip_bytes;
	}
}

int envoi__byte_stream_begin_framing(struct envoi__byte_stream *bytes)
{
	struct envoi__framing *framing = bytes->framing;
	if (framing == NULL || bytes->has_begun_framing) {
		return ENVOI_OK;
	}
	size_t before = envoi_buffer_len(&bytes->plain);
	int r = framing->impl->begin(framing, &bytes->plain);
	count(bytes, before);
	bytes->has_begun_framing = r == ENVOI_OK;
	return r;
}

int envoi__byte_stream_feed_root(struct envoi__byte_stream *bytes, struct envoi_xml_parser *parser)
{
	struct envoi_xml_item item;
	if (bytes->framing == NULL) {
		return ENVOI_OK;
	}
	int r = envoi_xml_parser_feed(parser, root, strlen(root));
	if (r == ENVOI_OK) {
		r = envoi_xml_parser_next(parser, &item);
	}
	if (r == ENVOI_OK) {
		envoi_element_unref(item.element);
		bytes->framing->is_open = false;
	}
	return r;
}

/* --- output --- */

int envoi__byte_stream_write_framed_head(
	struct envoi__byte_stream *bytes, const struct envoi_stream_head *head)
{
	const struct envoi__framing_impl *impl = bytes->framing->impl;
	struct envoi_buffer xml;
	struct envoi_element *root_element = envoi_element_new(
		bytes->base.context, impl->ns, impl->head_name);
	envoi_element_set(root_element, "from", head->from);
	envoi_element_set(root_element, "to", head->to);
	envoi_element_set(root_element, "id", head->id);
	envoi_element_set(root_element, "version", head->version);
	envoi_element_set_ns(root_element, ENVOI_NS_XML, "lang", head->lang);
	envoi_buffer_init(&xml, bytes->base.context, 0);
	int r = envoi_xml_write(&xml, root_element, NULL);
	envoi_element_unref(root_element);
	if (r == ENVOI_OK) {
		r = envoi__byte_stream_queue_element(
			bytes, envoi_buffer_data(&xml), envoi_buffer_len(&xml));
	}
	envoi_buffer_finish(&xml);
	return r;
}

int envoi__byte_stream_write_tail(struct envoi__byte_stream *bytes)
{
	static const char tail[] = "</stream:stream>";
	if (bytes->framing == NULL) {
		return envoi__byte_stream_queue(bytes, tail, strlen(tail));
	}
	const struct envoi__framing_impl *impl = bytes->framing->impl;
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, bytes->base.context, 0);
	int r = envoi_buffer_printf(&xml, "<%s xmlns='%s'/>", impl->tail_name, impl->ns);
	if (r == ENVOI_OK) {
		r = envoi__byte_stream_queue_element(
			bytes, envoi_buffer_data(&xml), envoi_buffer_len(&xml));
	}
	envoi_buffer_finish(&xml);
	return r;
}

int envoi__byte_stream_write_error_element(
	struct envoi__byte_stream *bytes, enum envoi_stream_condition condition)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, bytes->base.context, 0);
	const char *name = envoi_stream_condition_name(condition);
	int r = bytes->framing == NULL
		? envoi_stream_error_write(&xml, condition)
		: envoi_buffer_printf(&xml,
			  "<stream:error xmlns:stream='" ENVOI_NS_STREAMS
			  "'><%s xmlns='" ENVOI_NS_STREAM_ERRORS "'/></stream:error>",
			  name != NULL ? name : "undefined-condition");
	if (r == ENVOI_OK) {
		r = envoi__byte_stream_queue_element(
			bytes, envoi_buffer_data(&xml), envoi_buffer_len(&xml));
	}
	envoi_buffer_finish(&xml);
	return r;
}

void envoi__byte_stream_say_goodbye(struct envoi__byte_stream *bytes, int code)
{
	size_t before = envoi_buffer_len(&bytes->plain);
	if (bytes->framing != NULL && !bytes->output_broken) {
		/* without memory the connection ends without it */
		(void)bytes->framing->impl->goodbye(bytes->framing, &bytes->plain, code);
		count(bytes, before);
		envoi__byte_stream_wake(bytes);
	}
}

int envoi__byte_stream_write_sign_of_life(struct envoi__byte_stream *bytes)
{
	size_t before = envoi_buffer_len(&bytes->plain);
	if (bytes->framing == NULL) {
		return envoi__byte_stream_queue(bytes, " ", 1);
	}
	int r = bytes->framing->impl->keepalive(bytes->framing, &bytes->plain);
	count(bytes, before);
	envoi__byte_stream_wake(bytes);
	return r;
}

void envoi__byte_stream_wake_for_answers(struct envoi__byte_stream *bytes)
{
	const struct envoi__framing *framing = bytes->framing;
	if (framing != NULL && framing->owes_answer &&
		envoi__byte_stream_pending(&bytes->base) == 0) {
		envoi__byte_stream_wake(bytes);
	}
}

void envoi__byte_stream_answer_frames(struct envoi__byte_stream *bytes)
{
	size_t before = envoi_buffer_len(&bytes->plain);
	if (bytes->framing != NULL && bytes->state == BYTE_STREAM_MOVING) {
		(void)bytes->framing->impl->answer(
			bytes->framing, &bytes->plain, envoi__byte_stream_pending(&bytes->base));
		bytes->queued += envoi_buffer_len(&bytes->plain) - before;
	}
}

/* --- input --- */

int envoi__byte_stream_restart_frames(struct envoi__byte_stream *bytes)
{
	return bytes->framing != NULL ? bytes->framing->impl->restart(bytes->framing) : ENVOI_OK;
}

int envoi__byte_stream_next_item(struct envoi__byte_stream *bytes, struct envoi_xml_item *item)
{
	struct envoi__framing *framing = bytes->framing;
	int r = envoi_xml_parser_next(bytes->parser, item);
	while (r == ENVOI_AGAIN && framing != NULL && bytes->state == BYTE_STREAM_MOVING) {
		int fed = framing->impl->next(framing, bytes->parser, framing->items);
		envoi__byte_stream_wake_for_answers(bytes);
		if (fed != ENVOI_OK) {
			return fed;
		}
		r = envoi_xml_parser_next(bytes->parser, item);
	}
	if (r == ENVOI_OK && framing != NULL) {
		framing->items++;
	}
	return r;
}

void envoi__byte_stream_refuse_frame(struct envoi__byte_stream *bytes, int code)
{
	struct envoi__framing *framing = bytes->framing;
	struct envoi_failure why;
	if (framing->is_ready) {
		envoi__byte_stream_refuse_input(bytes, code, framing->condition, framing->text);
	} else {
		envoi_failure_set(
			&why, bytes->base.context, ENVOI_PHASE_NONE, code, "%s", framing->text);
		envoi__byte_stream_finish_now(bytes, &why);
	}
}

/* After the element that ends the stream this is the orderly end. */
void envoi__byte_stream_end_frames(struct envoi__byte_stream *bytes)
{
	struct envoi_failure broken;
	envoi_failure_set(&broken, bytes->base.context, ENVOI_PHASE_NONE, ENVOI_ERR_DISCONNECTED,
		"%s", bytes->framing->text);
	envoi__byte_stream_end_input(bytes, &broken);
}

static void read_head(struct envoi_stream_head *head, const struct envoi_element *element)
{
	*head = (struct envoi_stream_head){
		.from = envoi_element_attr(element, "from"),
		.to = envoi_element_attr(element, "to"),
		.id = envoi_element_attr(element, "id"),
		.lang = envoi_element_attr_ns(element, ENVOI_NS_XML, "lang"),
		.version = envoi_element_attr(element, "version"),
		.content_ns = ENVOI_NS_CLIENT,
	};
}

static void open_stream(struct envoi__byte_stream *bytes, const struct envoi_element *element)
{
	struct envoi_transport_sink *sink = bytes->base.sink;
	struct envoi_stream_head head;
	if (bytes->framing->is_open) {
		envoi__byte_stream_refuse_input(bytes, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_BAD_FORMAT,
			"a second beginning of the stream");
		return;
	}
	bytes->framing->is_open = true;
	read_head(&head, element);
	sink->impl->opened(sink, &head);
}

static bool is_named(const struct envoi__byte_stream *bytes, const struct envoi_element *element,
	const char *name)
{
	return strcmp(envoi_element_ns(element), bytes->framing->impl->ns) == 0 &&
		strcmp(envoi_element_name(element), name) == 0;
}

bool envoi__byte_stream_hand_over_framed(
	struct envoi__byte_stream *bytes, const struct envoi_xml_item *item)
{
	struct envoi_transport_sink *sink = bytes->base.sink;
	const struct envoi__framing *framing = bytes->framing;
	if (framing == NULL) {
		return false;
	}
	if (item->kind == ENVOI_XML_ELEMENT &&
		is_named(bytes, item->element, framing->impl->head_name)) {
		open_stream(bytes, item->element);
	} else if (item->kind == ENVOI_XML_ELEMENT &&
		is_named(bytes, item->element, framing->impl->tail_name)) {
		bytes->peer_ended = true;
		sink->impl->ended(sink);
	} else if (item->kind == ENVOI_XML_END || !framing->is_open) {
		envoi__byte_stream_refuse_input(bytes, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_BAD_FORMAT,
			"the stream does not begin with its header");
	} else {
		return false;
	}
	return true;
}
