/*
 * envoi - byte streams: TLS between the document and the channel
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the TLS engine of the library has no public one yet.
 */
#include "transport/bytestream/bytestream.h"

#include <string.h>

#include "tls/tls_engine.h"

enum {
	SEALED_BYTES = 4 * ENVOI__TLS_RECORD_BYTES, /* of output at a time */
};

/* When the channel has taken this much of TLS's output, it has taken this much of the document. */
struct byte_stream_mark {
	uint64_t sealed, plain;
};

struct envoi_buffer *envoi__byte_stream_sealed_output(const struct envoi__byte_stream *bytes)
{
	return bytes->tls == NULL ? NULL : envoi__tls_output(bytes->tls);
}

void envoi__byte_stream_free_tls(struct envoi__byte_stream *bytes)
{
	envoi__tls_free(bytes->tls);
	bytes->tls = NULL;
	envoi_buffer_finish(&bytes->marks);
}

/* --- in --- */

/* Earlier elements are handed over first; then the alert is sent, and the failure reported. */
static void fail_tls(struct envoi__byte_stream *bytes, int code)
{
	struct envoi_failure why;
	enum envoi_phase phase = bytes->tls_state == BYTE_STREAM_HANDSHAKE ? ENVOI_PHASE_TLS
									   : ENVOI_PHASE_NONE;
	envoi_failure_set(
		&why, bytes->base.context, phase, code, "%s", envoi__tls_error_text(bytes->tls));
	why.tls_doubts = envoi__tls_doubts(bytes->tls);
	bytes->tls_state = BYTE_STREAM_TLS_FAILED;
	envoi__byte_stream_end_input(bytes, &why);
}

static int read_all(struct envoi__byte_stream *bytes)
{
	char data[ENVOI__TLS_RECORD_BYTES];
	size_t len, most = 0;
	int r;
	while ((r = envoi__tls_read(bytes->tls, data, sizeof(data), &len)) == ENVOI_OK) {
		envoi__byte_stream_parse(bytes, data, len);
		most = len > most ? len : most;
	}
	explicit_bzero(data, most); /* a peer's password may have been in it */
	return r;
}

/* Continue the handshake, and read what follows it. */
static int go_on(struct envoi__byte_stream *bytes)
{
	if (bytes->tls_state == BYTE_STREAM_HANDSHAKE) {
		int r = envoi__tls_handshake(bytes->tls);
		envoi__byte_stream_wake(bytes);
		if (r != ENVOI_OK) {
			return r;
		}
		bytes->tls_state = BYTE_STREAM_SEALED;
		bytes->secured_unreported = true;
	}
	return read_all(bytes);
}

static void handle_result(struct envoi__byte_stream *bytes, int r)
{
	if (r == ENVOI_END) {
		struct envoi_failure end = {.code = ENVOI_OK};
		bytes->peer_closed_tls = true;
		envoi__byte_stream_end_input(bytes, &end);
	} else if (r < 0) {
		fail_tls(bytes, r);
	}
}

void envoi__byte_stream_unseal(struct envoi__byte_stream *bytes, const char *data, size_t len)
{
	int r = envoi__tls_feed(bytes->tls, data, len);
	handle_result(bytes, r == ENVOI_OK ? go_on(bytes) : r);
	if (envoi_buffer_len(envoi__tls_output(bytes->tls)) > 0) {
		envoi__byte_stream_wake(bytes); /* TLS has answered by itself */
	}
}

/* Before its login a peer has no reason to send a record that its largest element does not need.
 * With a half more than that element, the sum includes spare room of the parser. */
static bool holds_too_much(const struct envoi__byte_stream *bytes)
{
	size_t most = bytes->limits.stanza_bytes + bytes->limits.stanza_bytes / 2;
	size_t record = envoi__tls_incomplete(bytes->tls);
	return record > 0 && bytes->tls_state == BYTE_STREAM_SEALED && !bytes->holder.is_settled &&
		envoi_xml_parser_memory(bytes->parser) + record > most;
}

void envoi__byte_stream_bound_record(struct envoi__byte_stream *bytes)
{
	bool is_delivered = !bytes->is_paused && !bytes->has_backlog;
	if (bytes->state == BYTE_STREAM_MOVING && bytes->tls != NULL && is_delivered &&
		bytes->tls_role == ENVOI_RECEIVER && holds_too_much(bytes)) {
		envoi__byte_stream_refuse_input(bytes, ENVOI_ERR_LIMIT,
			ENVOI_STREAM_POLICY_VIOLATION, "TLS record too large before the login");
	}
}

/* --- trust decisions --- */

static void on_answer(void *user)
{
	envoi__byte_stream_wake(user);
}

/* Check again after each callback. */
static bool is_undecided(const struct envoi__byte_stream *bytes)
{
	return bytes->state == BYTE_STREAM_MOVING && bytes->tls_state == BYTE_STREAM_HANDSHAKE &&
		!bytes->input_over;
}

static void report_undecided(struct envoi__byte_stream *bytes, bool waits)
{
	struct envoi_transport_sink *sink = bytes->base.sink;
	if (sink != NULL && sink->impl->undecided != NULL) {
		sink->impl->undecided(sink, waits);
	}
}

void envoi__byte_stream_decide(struct envoi__byte_stream *bytes)
{
	if (is_undecided(bytes) && envoi__tls_has_to_ask(bytes->tls)) {
		report_undecided(bytes, true);
		if (is_undecided(bytes)) {
			envoi__tls_ask(bytes->tls, on_answer, bytes);
		}
	}
	if (is_undecided(bytes) && envoi__tls_has_answer(bytes->tls)) {
		envoi__tls_settle(bytes->tls);
		if (is_undecided(bytes)) {
			report_undecided(bytes, false);
		}
		if (is_undecided(bytes)) {
			handle_result(bytes, go_on(bytes));
		}
	}
}

void envoi__byte_stream_drop_question(struct envoi__byte_stream *bytes)
{
	if (bytes->tls != NULL) {
		envoi__tls_settle(bytes->tls);
	}
}

bool envoi__byte_stream_has_question(const struct envoi__byte_stream *bytes)
{
	return bytes->tls != NULL && envoi__tls_is_undecided(bytes->tls);
}

/* --- out --- */

/* What is sealed may be sent: the room for its mark comes first. */
static int seal_one(struct envoi__byte_stream *bytes)
{
	char *room;
	size_t len = envoi_buffer_len(&bytes->plain);
	len = len < ENVOI__TLS_RECORD_BYTES ? len : ENVOI__TLS_RECORD_BYTES;
	int r = envoi_buffer_reserve(&bytes->marks, sizeof(struct byte_stream_mark), &room);
	r = r < 0 ? r : envoi__tls_write(bytes->tls, envoi_buffer_data(&bytes->plain), len);
	if (r < 0) {
		return r;
	}
	envoi_buffer_wipe_front(&bytes->plain, len);
	bytes->sealed += len;
	struct byte_stream_mark mark = {
		.sealed = bytes->sealed_taken + envoi_buffer_len(envoi__tls_output(bytes->tls)),
		.plain = bytes->sealed,
	};
	return envoi_buffer_append(&bytes->marks, &mark, sizeof(mark));
}

void envoi__byte_stream_seal(struct envoi__byte_stream *bytes)
{
	bool is_closing = bytes->state == BYTE_STREAM_CLOSING;
	struct envoi_buffer *output = envoi__tls_output(bytes->tls);
	while (bytes->tls_state == BYTE_STREAM_SEALED && envoi_buffer_len(&bytes->plain) > 0 &&
		envoi_buffer_len(output) < SEALED_BYTES) {
		int r = seal_one(bytes);
		if (r < 0) {
			fail_tls(bytes, r);
		}
	}
	if (is_closing && bytes->tls_state != BYTE_STREAM_SEALED) {
		envoi_buffer_wipe(&bytes->plain); /* can never be sent */
	}
	if (is_closing && bytes->tls_state == BYTE_STREAM_SEALED &&
		envoi_buffer_len(&bytes->plain) == 0) {
		envoi__tls_bye(bytes->tls);
	}
}

void envoi__byte_stream_count_sealed(struct envoi__byte_stream *bytes, size_t taken)
{
	bytes->sealed_taken += taken;
	struct byte_stream_mark mark;
	while (envoi_buffer_len(&bytes->marks) >= sizeof(mark)) {
		memcpy(&mark, envoi_buffer_data(&bytes->marks), sizeof(mark));
		if (mark.sealed > bytes->sealed_taken) {
			return;
		}
		bytes->taken = mark.plain;
		bytes->sealed_whole = mark.sealed;
		envoi_buffer_consume(&bytes->marks, sizeof(mark));
	}
}

uint64_t envoi__byte_stream_begun(const struct envoi__byte_stream *bytes)
{
	struct byte_stream_mark mark;
	if (bytes->sealed_taken == bytes->sealed_whole ||
		envoi_buffer_len(&bytes->marks) < sizeof(mark)) {
		return bytes->taken;
	}
	memcpy(&mark, envoi_buffer_data(&bytes->marks), sizeof(mark));
	return mark.plain;
}

/* --- asked from above --- */

/* RFC 6120, section 5.4.3.3: nothing, not even white space, between the element and TLS. */
static bool has_early_input(const struct envoi__byte_stream *bytes)
{
	return bytes->peer_ended || envoi_xml_parser_has_pending(bytes->parser) ||
		(bytes->last_byte != '\0' && bytes->last_byte != '>');
}

/* Queued bytes precede the output of TLS; both are moved to TLS's output. */
static int put_before(struct envoi__byte_stream *bytes, struct envoi__tls *tls)
{
	struct envoi_buffer *output = envoi__tls_output(tls);
	struct byte_stream_mark mark = {
		.sealed = envoi_buffer_len(&bytes->plain), .plain = bytes->queued};
	int r = envoi_buffer_append(&bytes->marks, &mark, sizeof(mark));
	if (r < 0) {
		return r;
	}
	size_t before = envoi_buffer_len(&bytes->plain);
	r = envoi_buffer_append(&bytes->plain, envoi_buffer_data(output), envoi_buffer_len(output));
	if (r < 0) {
		envoi_buffer_truncate(&bytes->plain, before);
		envoi_buffer_finish(&bytes->marks);
		return r;
	}
	struct envoi_buffer swapped = bytes->plain;
	bytes->plain = *output;
	*output = swapped;
	envoi_buffer_consume(&bytes->plain, envoi_buffer_len(&bytes->plain));
	bytes->sealed = bytes->queued;
	return ENVOI_OK;
}

int envoi__byte_stream_secure(struct envoi__byte_stream *bytes, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name, const char *alpn)
{
	if (bytes->state != BYTE_STREAM_MOVING || bytes->tls_state != BYTE_STREAM_CLEAR) {
		return ENVOI_ERR_STATE;
	}
	if (has_early_input(bytes)) {
		return ENVOI_ERR_PROTOCOL;
	}
	struct envoi__tls *tls;
	int r = envoi__tls_new(&tls, config, role, server_name, alpn);
	if (r < 0) {
		return r;
	}
	r = envoi__tls_handshake(tls);
	if (r >= 0) {
		r = envoi__byte_stream_renew_parser(bytes);
	}
	if (r == ENVOI_OK) {
		r = put_before(bytes, tls);
	}
	if (r < 0) {
		envoi__tls_free(tls);
		return r;
	}
	bytes->tls = tls;
	bytes->tls_role = role;
	bytes->tls_state = BYTE_STREAM_HANDSHAKE;
	bytes->output = BYTE_STREAM_NO_HEAD;
	envoi__byte_stream_update_reading(bytes);
	envoi__byte_stream_wake(bytes);
	return ENVOI_OK;
}

int envoi__byte_stream_start_tls(struct envoi_transport *transport, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name)
{
	return envoi__byte_stream_secure(
		byte_stream_of(transport), role, config, server_name, NULL);
}

bool envoi__byte_stream_is_secure(const struct envoi_transport *transport)
{
	const struct envoi__byte_stream *bytes = byte_stream_of_const(transport);
	return bytes->options.is_secure || (bytes->tls != NULL && envoi__tls_is_secure(bytes->tls));
}

void envoi__byte_stream_tls_info(
	const struct envoi_transport *transport, struct envoi_tls_info *ret_info)
{
	const struct envoi__byte_stream *bytes = byte_stream_of_const(transport);
	const struct envoi_channel *channel = bytes->channel;
	*ret_info = (struct envoi_tls_info){0};
	if (bytes->tls != NULL) {
		envoi__tls_get_info(bytes->tls, ret_info);
	} else if (channel->impl->tls_info != NULL) {
		channel->impl->tls_info(channel, ret_info);
	}
}

int envoi__byte_stream_channel_binding(
	struct envoi_transport *transport, const char *type, struct envoi_buffer *out)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	struct envoi_channel *channel = bytes->channel;
	if (bytes->tls != NULL) {
		return envoi__tls_channel_binding(bytes->tls, type, out);
	}
	return channel->impl->channel_binding == NULL
		? ENVOI_ERR_UNSUPPORTED
		: channel->impl->channel_binding(channel, type, out);
}
