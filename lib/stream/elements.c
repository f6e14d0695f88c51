/*
 * envoi - streams: what comes in
 * SPDX-License-Identifier: MIT
 */
#include "stream/sender.h"
#include "stream/stream.h"

#include <string.h>

#include "xml/element.h"
#include "xml/names.h"

/* Where TLS is required, an element in place of the answer to STARTTLS keeps it from being started.
 *  */
static int refuse(struct envoi_stream *stream, const struct envoi_element *element,
	enum envoi_stream_condition condition, const char *why)
{
	bool is_before_tls = stream->role == ENVOI_INITIATOR &&
		(stream->required & ~stream->bits & ENVOI_STREAM_SECURE) != 0;
	return envoi_stream_fail_with(stream, is_before_tls ? ENVOI_ERR_TLS : ENVOI_ERR_PROTOCOL,
		condition, "%s%s: <%s xmlns='%s'>", why, is_before_tls ? ", in place of TLS" : "",
		envoi_element_name(element), envoi_element_ns(element));
}

/* --- the content namespace --- */

/*
 * At stanza level only: the stanza, and below it what is in the content namespace all the way down
 * from it (<body/>, <error/>). A stanza inside a payload says its own namespace. Done in place:
 * the tree has no other user yet.
 */
static void become_client(
	struct envoi_element *element, const char *content_ns, const char *client_ns)
{
	if (strcmp(element->ns, content_ns) != 0) {
		return;
	}
	element->ns = client_ns;
	element->is_ns_known = 1;
	for (struct envoi_element *child = envoi_element_first(element); child != NULL;
		child = envoi_element_next(child)) {
		become_client(child, content_ns, client_ns);
	}
}

static int map_content(struct envoi_stream *stream, struct envoi_element *element)
{
	if (stream->is_client) {
		return ENVOI_OK;
	}
	const char *client_ns = envoi__name_intern(stream->context, ENVOI_NS_CLIENT);
	if (client_ns == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	become_client(element, stream->content_ns, client_ns);
	return ENVOI_OK;
}

bool envoi__is_stanza(const struct envoi_element *element, const char *ns)
{
	const char *name = envoi_element_name(element);
	return strcmp(envoi_element_ns(element), ns) == 0 &&
		(strcmp(name, "message") == 0 || strcmp(name, "presence") == 0 ||
			strcmp(name, "iq") == 0);
}

static bool is_stanza(const struct envoi_stream *stream, const struct envoi_element *element)
{
	return envoi__is_stanza(element, stream->content_ns);
}

/* --- rows --- */

static bool row_matches(const struct envoi_stream *stream,
	const struct envoi_stream_element_row *row, const struct envoi_element *element)
{
	return (row->roles & 1u << stream->role) != 0 &&
		(stream->bits & row->necessary) == row->necessary &&
		(stream->bits & row->forbidden) == 0 &&
		strcmp(row->ns, envoi_element_ns(element)) == 0 &&
		(strcmp(row->name, "*") == 0 ||
			strcmp(row->name, envoi_element_name(element)) == 0);
}

/* @return ENVOI_DECLINED: no row takes it; the stream may be failed or freed otherwise */
static int ask_rows(struct envoi_stream *stream, const struct envoi_element *element)
{
	for (size_t i = 0; i < stream->part_count; i++) {
		struct envoi_handler *handler = stream->parts[i].handler;
		const struct envoi_stream_element_row *row = handler == NULL
			? NULL
			: handler->impl->stream_elements;
		for (; row != NULL && stream->parts[i].handler != NULL && row->name != NULL;
			row++) {
			if (!row_matches(stream, row, element)) {
				continue;
			}
			int r = row->handle(handler, stream, element);
			if (r < 0) {
				envoi__stream_fail_for(stream, r);
			}
			if (r != ENVOI_DECLINED || !envoi__stream_is_running(stream)) {
				return r == ENVOI_DECLINED ? ENVOI_OK : r;
			}
		}
	}
	return ENVOI_DECLINED;
}

/* --- elements --- */

/* Section 4.3.2 */
static void take_features(struct envoi_stream *stream, struct envoi_element *element)
{
	if (stream->role != ENVOI_INITIATOR || stream->input != ENVOI__INPUT_FEATURES) {
		refuse(stream, element, ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE,
			"an unexpected element");
		return;
	}
	stream->input = ENVOI__INPUT_OPEN;
	stream->features = envoi_element_ref(element);
	for (size_t i = 0; i < stream->part_count; i++) {
		stream->parts[i].is_asked = false;
	}
	envoi__stream_negotiate(stream);
}

/* Until an address is bound, a server has nothing to hand over (section 7.1). */
static bool may_have_stanzas(const struct envoi_stream *stream)
{
	return stream->is_ready || stream->role == ENVOI_RECEIVER ||
		(stream->bits & ENVOI_STREAM_BOUND) != 0;
}

/* @return whether it may be handed over */
static bool prepare_stanza(struct envoi_stream *stream, struct envoi_element *element)
{
	int r = map_content(stream, element);
	if (r == ENVOI_OK && stream->role == ENVOI_RECEIVER && stream->is_client) {
		r = envoi__stream_stamp(stream, element);
	}
	if (r < 0) {
		envoi__stream_fail_for(stream, r);
	}
	return r == ENVOI_OK;
}

static void take_stanza(struct envoi_stream *stream, struct envoi_element *element)
{
	if (!prepare_stanza(stream, element)) {
		return;
	}
	stream->counts.stanzas_in++;
	if (envoi__stream_is_running(stream) && ask_rows(stream, element) != ENVOI_DECLINED) {
		return;
	}
	if (may_have_stanzas(stream)) {
		stream->sink->impl->stanza(stream->sink, element);
	} else {
		refuse(stream, element, ENVOI_STREAM_NOT_AUTHORIZED,
			"a stanza before the login was done");
	}
}

void envoi__stream_skipped(struct envoi_stream *stream, struct envoi_element *element,
	uint64_t bytes, const char *limit)
{
	if (stream->life != ENVOI__STREAM_CLOSING && !envoi__stream_is_running(stream)) {
		return;
	}
	int r = map_content(stream, element);
	if (r < 0) {
		envoi__stream_fail_for(stream, r);
		return;
	}
	stream->counts.stanzas_in++;
	if (stream->sink->impl->skipped != NULL) {
		stream->sink->impl->skipped(stream->sink, element, bytes, limit);
	}
}

/* Only what belongs to stanzas that were sent or have come. */
static void take_while_closing(struct envoi_stream *stream, struct envoi_element *element)
{
	if (!stream->is_ready) {
		return;
	}
	if (is_stanza(stream, element)) {
		take_stanza(stream, element);
	} else {
		(void)ask_rows(stream, element);
	}
}

void envoi__stream_element(struct envoi_stream *stream, struct envoi_element *element)
{
	bool is_closing = stream->life == ENVOI__STREAM_CLOSING;
	if (!is_closing && !envoi__stream_is_running(stream)) {
		return;
	}
	if (envoi_element_is(element, ENVOI_NS_STREAMS, "error")) {
		envoi__stream_error_in(stream, element);
	} else if (stream->has_faulty_head && !is_closing) {
		envoi__stream_refuse_server_head(stream);
	} else if (is_closing) {
		take_while_closing(stream, element);
	} else if (envoi_element_is(element, ENVOI_NS_STREAMS, "features")) {
		take_features(stream, element);
	} else if (stream->input != ENVOI__INPUT_OPEN) {
		refuse(stream, element, ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE,
			"an element before the stream's features");
	} else if (is_stanza(stream, element)) {
		take_stanza(stream, element);
	} else if (ask_rows(stream, element) == ENVOI_DECLINED) {
		refuse(stream, element, ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE,
			"an unexpected element");
	}
}
