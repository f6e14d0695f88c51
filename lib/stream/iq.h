/*
 * envoi - an iq that a feature sends or answers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_IQ_H
#define ENVOI_STREAM_IQ_H

#include <envoi/interfaces/stream.h>
#include <envoi/stanza.h>

/** A request under way; part of a feature's state. */
struct envoi__iq {
	char id[ENVOI_ID_SIZE]; /* "": none is */
};

/** Send an iq set. @param payload borrowed; NULL reports ENVOI_ERR_NOMEM */
int envoi__iq_send(struct envoi_stream *stream, struct envoi__iq *iq,
	const struct envoi_element *payload);

/**
 * Look at an iq that came.
 * @retval ENVOI_OK        it is the result
 * @retval ENVOI_DECLINED  it does not answer this request
 * @retval <0  it is an error, or malformed: the stream has been failed, in phase BIND
 */
int envoi__iq_take_answer(struct envoi_stream *stream, struct envoi__iq *iq,
	const struct envoi_element *answer);

/** @return the payload of an iq set with that payload and an id, or NULL */
const struct envoi_element *envoi__iq_set_payload(
	const struct envoi_element *element, const char *ns, const char *name);

/** Answer with a result. @param payload borrowed; NULL: none */
int envoi__iq_send_result(
	struct envoi_stream *stream, const char *id, const struct envoi_element *payload);

/** Answer with an error. */
int envoi__iq_send_error(
	struct envoi_stream *stream, const char *id, enum envoi_stanza_condition condition);

#endif
