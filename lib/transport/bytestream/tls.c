/*
 * envoi - transports of octets: TLS between the document and the channel
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

/* When so much of TLS's output was taken, so much of the document was. */
struct octets_mark {
	uint64_t sealed, plain;
};

struct envoi_buffer *octets_sealed_output(const struct envoi_byte_stream *octets)
{
	return octets->tls == NULL ? NULL : envoi__tls_output(octets->tls);
}

void octets_free_tls(struct envoi_byte_stream *octets)
{
	envoi__tls_free(octets->tls);
	octets->tls = NULL;
	envoi_buffer_finish(&octets->marks);
}

/* --- in --- */

/* What came before is handed over first; then the alert goes out, and the failure is reported. */
static void fail_tls(struct envoi_byte_stream *octets, int code)
{
	struct envoi_failure why;
	enum envoi_phase phase = octets->tls_state == OCTETS_HANDSHAKE ? ENVOI_PHASE_TLS
								       : ENVOI_PHASE_NONE;
	envoi_failure_set(
		&why, octets->base.context, phase, code, "%s", envoi__tls_error_text(octets->tls));
	why.tls_doubts = envoi__tls_doubts(octets->tls);
	octets->tls_state = OCTETS_TLS_FAILED;
	octets_end_input(octets, &why);
}

static int read_all(struct envoi_byte_stream *octets)
{
	char data[ENVOI__TLS_RECORD_BYTES];
	size_t len, most = 0;
	int r;
	while ((r = envoi__tls_read(octets->tls, data, sizeof(data), &len)) == ENVOI_OK) {
		octets_parse(octets, data, len);
		most = len > most ? len : most;
	}
	explicit_bzero(data, most); /* a peer's password may have been in it */
	return r;
}

/* On with the handshake, and with what stands behind it. */
static int go_on(struct envoi_byte_stream *octets)
{
	if (octets->tls_state == OCTETS_HANDSHAKE) {
		int r = envoi__tls_handshake(octets->tls);
		octets_wake(octets);
		if (r != ENVOI_OK) {
			return r;
		}
		octets->tls_state = OCTETS_SEALED;
		octets->secured_unreported = true;
	}
	return read_all(octets);
}

static void draw_conclusion(struct envoi_byte_stream *octets, int r)
{
	if (r == ENVOI_END) {
		struct envoi_failure end = {.code = ENVOI_OK};
		octets->peer_closed_tls = true;
		octets_end_input(octets, &end);
	} else if (r < 0) {
		fail_tls(octets, r);
	}
}

void octets_unseal(struct envoi_byte_stream *octets, const char *data, size_t len)
{
	int r = envoi__tls_feed(octets->tls, data, len);
	draw_conclusion(octets, r == ENVOI_OK ? go_on(octets) : r);
	if (envoi_buffer_len(envoi__tls_output(octets->tls)) > 0) {
		octets_wake(octets); /* TLS has answered by itself */
	}
}

/* --- trust decisions --- */

static void on_answer(void *user)
{
	octets_wake(user);
}

/* Asked again after each callback. */
static bool is_undecided(const struct envoi_byte_stream *octets)
{
	return octets->state == OCTETS_MOVING && octets->tls_state == OCTETS_HANDSHAKE &&
		!octets->input_over;
}

static void report_undecided(struct envoi_byte_stream *octets, bool waits)
{
	struct envoi_transport_sink *sink = octets->base.sink;
	if (sink != NULL && sink->impl->undecided != NULL) {
		sink->impl->undecided(sink, waits);
	}
}

void octets_decide(struct envoi_byte_stream *octets)
{
	if (is_undecided(octets) && envoi__tls_has_to_ask(octets->tls)) {
		report_undecided(octets, true);
		if (is_undecided(octets)) {
			envoi__tls_ask(octets->tls, on_answer, octets);
		}
	}
	if (is_undecided(octets) && envoi__tls_has_answer(octets->tls)) {
		envoi__tls_settle(octets->tls);
		if (is_undecided(octets)) {
			report_undecided(octets, false);
		}
		if (is_undecided(octets)) {
			draw_conclusion(octets, go_on(octets));
		}
	}
}

void octets_drop_question(struct envoi_byte_stream *octets)
{
	if (octets->tls != NULL) {
		envoi__tls_settle(octets->tls);
	}
}

bool octets_has_question(const struct envoi_byte_stream *octets)
{
	return octets->tls != NULL && envoi__tls_is_undecided(octets->tls);
}

/* --- out --- */

static int seal_one(struct envoi_byte_stream *octets)
{
	size_t len = envoi_buffer_len(&octets->plain);
	len = len < ENVOI__TLS_RECORD_BYTES ? len : ENVOI__TLS_RECORD_BYTES;
	int r = envoi__tls_write(octets->tls, envoi_buffer_data(&octets->plain), len);
	if (r < 0) {
		return r;
	}
	envoi_buffer_wipe_front(&octets->plain, len);
	octets->sealed += len;
	struct octets_mark mark = {
		.sealed = octets->sealed_taken + envoi_buffer_len(envoi__tls_output(octets->tls)),
		.plain = octets->sealed,
	};
	return envoi_buffer_append(&octets->marks, &mark, sizeof(mark));
}

void octets_seal(struct envoi_byte_stream *octets)
{
	bool is_closing = octets->state == OCTETS_CLOSING;
	struct envoi_buffer *output = envoi__tls_output(octets->tls);
	while (octets->tls_state == OCTETS_SEALED && envoi_buffer_len(&octets->plain) > 0 &&
		envoi_buffer_len(output) < SEALED_BYTES) {
		int r = seal_one(octets);
		if (r < 0) {
			fail_tls(octets, r);
		}
	}
	if (is_closing && octets->tls_state != OCTETS_SEALED) {
		envoi_buffer_wipe(&octets->plain); /* can never be sent */
	}
	if (is_closing && octets->tls_state == OCTETS_SEALED &&
		envoi_buffer_len(&octets->plain) == 0) {
		envoi__tls_bye(octets->tls);
	}
}

void octets_count_sealed(struct envoi_byte_stream *octets, size_t taken)
{
	octets->sealed_taken += taken;
	struct octets_mark mark;
	while (envoi_buffer_len(&octets->marks) >= sizeof(mark)) {
		memcpy(&mark, envoi_buffer_data(&octets->marks), sizeof(mark));
		if (mark.sealed > octets->sealed_taken) {
			return;
		}
		octets->taken = mark.plain;
		envoi_buffer_consume(&octets->marks, sizeof(mark));
	}
}

/* --- asked from above --- */

/* RFC 6120, section 5.4.3.3: nothing, not even white space, behind what made us start. */
static bool has_early_input(const struct envoi_byte_stream *octets)
{
	return octets->peer_ended || envoi_xml_parser_has_pending(octets->parser) ||
		(octets->last_octet != '\0' && octets->last_octet != '>');
}

/* What is queued goes before what TLS has to say; both are taken over by TLS's output. */
static int put_before(struct envoi_byte_stream *octets, struct envoi__tls *tls)
{
	struct envoi_buffer *output = envoi__tls_output(tls);
	struct octets_mark mark = {
		.sealed = envoi_buffer_len(&octets->plain), .plain = octets->queued};
	int r = envoi_buffer_append(&octets->marks, &mark, sizeof(mark));
	if (r < 0) {
		return r;
	}
	size_t before = envoi_buffer_len(&octets->plain);
	r = envoi_buffer_append(
		&octets->plain, envoi_buffer_data(output), envoi_buffer_len(output));
	if (r < 0) {
		envoi_buffer_truncate(&octets->plain, before);
		envoi_buffer_finish(&octets->marks);
		return r;
	}
	struct envoi_buffer swapped = octets->plain;
	octets->plain = *output;
	*output = swapped;
	envoi_buffer_consume(&octets->plain, envoi_buffer_len(&octets->plain));
	octets->sealed = octets->queued;
	return ENVOI_OK;
}

int octets_secure(struct envoi_byte_stream *octets, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name, const char *alpn)
{
	if (octets->state != OCTETS_MOVING || octets->tls_state != OCTETS_CLEAR) {
		return ENVOI_ERR_STATE;
	}
	if (has_early_input(octets)) {
		return ENVOI_ERR_PROTOCOL;
	}
	struct envoi__tls *tls;
	int r = envoi__tls_new(&tls, config, role, server_name, alpn);
	if (r < 0) {
		return r;
	}
	r = envoi__tls_handshake(tls);
	if (r >= 0) {
		r = octets_renew_parser(octets);
	}
	if (r == ENVOI_OK) {
		r = put_before(octets, tls);
	}
	if (r < 0) {
		envoi__tls_free(tls);
		return r;
	}
	octets->tls = tls;
	octets->tls_state = OCTETS_HANDSHAKE;
	octets->output = OCTETS_NO_HEAD;
	octets_update_reading(octets);
	octets_wake(octets);
	return ENVOI_OK;
}

int octets_start_tls(struct envoi_transport *transport, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name)
{
	return octets_secure(octets_of(transport), role, config, server_name, NULL);
}

bool octets_is_secure(const struct envoi_transport *transport)
{
	const struct envoi_byte_stream *octets = octets_of_const(transport);
	return octets->options.is_secure ||
		(octets->tls != NULL && envoi__tls_is_secure(octets->tls));
}

void octets_tls_info(const struct envoi_transport *transport, struct envoi_tls_info *ret_info)
{
	const struct envoi_byte_stream *octets = octets_of_const(transport);
	*ret_info = (struct envoi_tls_info){0};
	if (octets->tls != NULL) {
		envoi__tls_get_info(octets->tls, ret_info);
	}
}

int octets_channel_binding(
	struct envoi_transport *transport, const char *type, struct envoi_buffer *out)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	return octets->tls == NULL ? ENVOI_ERR_UNSUPPORTED
				   : envoi__tls_channel_binding(octets->tls, type, out);
}
