/*
 * envoi - an iq that a feature sends or answers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_FEATURES_IQ_H
#define ENVOI_FEATURES_IQ_H

#include <envoi/interfaces/stream.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>

/** A pending request; part of a feature's state. */
struct envoi__iq {
	char id[ENVOI_ID_SIZE]; /* "": none */
};

/** Send an iq set with a payload. */
int envoi__iq_send(struct envoi_stream *stream, struct envoi__iq *iq,
	const struct envoi_payload_type *type, const void *value);

/**
 * Compare a received iq with the request.
 * @retval ENVOI_OK        it is the result
 * @retval ENVOI_DECLINED  it does not answer this request
 * @retval <0  an error, malformed, or not from the server: the stream has been failed, in phase
 *             BIND
 */
int envoi__iq_take_answer(
	struct envoi_stream *stream, struct envoi__iq *iq, const struct envoi_element *answer);

/** @return whether it is an iq set, with an id */
bool envoi__iq_is_set(const struct envoi_element *element);

/** Answer with a result. */
int envoi__iq_send_result(struct envoi_stream *stream, const char *id,
	const struct envoi_payload_type *type, const void *value);

/** Answer with an error. */
int envoi__iq_send_error(
	struct envoi_stream *stream, const char *id, enum envoi_stanza_condition condition);

#endif
