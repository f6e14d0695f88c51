/*
 * envoi - streams: features that ride inside the negotiation of another one
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"

#include <string.h>

static const struct envoi_stream_inline *inlines_of(const struct envoi__stream_part *part)
{
	const struct envoi_stream_feature *feature = envoi__part_feature(part);
	return feature != NULL ? feature->inlines : NULL;
}

/* What the inlines of one host are called for. */
struct ride {
	struct envoi_stream *stream;
	const char *host_ns;
	const struct envoi_element *in; /* what the peer has sent; may be NULL */
	struct envoi_element *out; /* what is sent; may be NULL */
};

/* @return as the function that it calls; ENVOI_DECLINED: it has nothing to do with this one */
typedef int step_fn(const struct ride *ride, struct envoi__stream_part *part,
	const struct envoi_stream_inline *it, unsigned int bit);

static bool may_ride(const struct ride *ride, const struct envoi__stream_part *part,
	const struct envoi_stream_inline *it)
{
	return strcmp(it->host_ns, ride->host_ns) == 0 &&
		(ride->stream->bits & envoi__part_feature(part)->forbidden) == 0;
}

static int step_part(const struct ride *ride, struct envoi__stream_part *part, step_fn *step)
{
	const struct envoi_stream_inline *it = inlines_of(part);
	int r = ENVOI_OK;
	for (unsigned int bit = 1; it != NULL && it->host_ns != NULL && r >= 0; it++, bit <<= 1) {
		if (strcmp(it->host_ns, ride->host_ns) == 0) {
			r = step(ride, part, it, bit);
		}
		if (part->handler == NULL || !envoi__stream_is_running(ride->stream)) {
			break; /* removed, freed or failed inside */
		}
	}
	return r;
}

/* In the order of the parts; the first failure ends it. */
static int step_each(const struct ride *ride, step_fn *step)
{
	struct envoi_stream *stream = ride->stream;
	int r = ENVOI_OK;
	if (!envoi__stream_enter(stream)) {
		return ENVOI_ERR_STATE;
	}
	for (size_t i = 0; i < stream->part_count && r >= 0 && envoi__stream_is_running(stream);
		i++) {
		r = step_part(ride, &stream->parts[i], step);
	}
	envoi__stream_leave(stream);
	return r < 0 ? r : ENVOI_OK;
}

/* --- initiating side --- */

static int request(const struct ride *ride, struct envoi__stream_part *part,
	const struct envoi_stream_inline *it, unsigned int bit)
{
	const struct envoi_element *offer = ride->in == NULL
		? NULL
		: envoi_element_child(ride->in, it->ns, it->name);
	part->inlined &= ~bit;
	if (offer == NULL || it->request == NULL || !may_ride(ride, part, it)) {
		return ENVOI_DECLINED;
	}
	int r = it->request(part->handler, ride->stream, offer, ride->out);
	part->inlined |= r == ENVOI_OK ? bit : 0;
	return r;
}

static int answer(const struct ride *ride, struct envoi__stream_part *part,
	const struct envoi_stream_inline *it, unsigned int bit)
{
	if ((part->inlined & bit) == 0) {
		return ENVOI_DECLINED;
	}
	part->inlined &= ~bit;
	return it->answer(part->handler, ride->stream, ride->in);
}

int envoi_stream_inline_request(struct envoi_stream *stream, const char *host_ns,
	const struct envoi_element *offers, struct envoi_element *request_element)
{
	const struct ride ride = {stream, host_ns, offers, request_element};
	return step_each(&ride, request);
}

int envoi_stream_inline_answer(struct envoi_stream *stream, const char *host_ns,
	const struct envoi_element *answer_element)
{
	const struct ride ride = {stream, host_ns, answer_element, NULL};
	return step_each(&ride, answer);
}

/* --- receiving side --- */

static int offer(const struct ride *ride, struct envoi__stream_part *part,
	const struct envoi_stream_inline *it, unsigned int bit)
{
	(void)bit;
	return it->offer == NULL || !may_ride(ride, part, it)
		? ENVOI_DECLINED
		: it->offer(part->handler, ride->stream, ride->out);
}

static int take(const struct ride *ride, struct envoi__stream_part *part,
	const struct envoi_stream_inline *it, unsigned int bit)
{
	(void)bit;
	return it->take == NULL || !may_ride(ride, part, it)
		? ENVOI_DECLINED
		: it->take(part->handler, ride->stream, ride->in, ride->out);
}

int envoi_stream_inline_offer(
	struct envoi_stream *stream, const char *host_ns, struct envoi_element *offers)
{
	const struct ride ride = {stream, host_ns, NULL, offers};
	return step_each(&ride, offer);
}

int envoi_stream_inline_take(struct envoi_stream *stream, const char *host_ns,
	const struct envoi_element *request_element, struct envoi_element *answer_element)
{
	const struct ride ride = {stream, host_ns, request_element, answer_element};
	return step_each(&ride, take);
}
