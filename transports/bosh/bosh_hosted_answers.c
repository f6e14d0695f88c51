/*
 * envoi - BOSH, the receiving side: writing answers
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_hosted.h.
 */
#include <inttypes.h>
#include <string.h>

#include "bosh_hosted.h"

enum {
	INACTIVITY_S = 60,
	POLLING_S = 2,
	SECOND = 1000,
};

/* Sections 7.2 and 9.1; XEP-0206, section 3. */
static int write_creation(struct hosted *hosted, struct envoi_buffer *out)
{
	bool is_plain = strpbrk(hosted->domain, "<>&'\"") == NULL;
	int r = envoi_buffer_printf(out,
		" sid='%s' wait='%" PRIu64 "' hold='%u' requests='%d' inactivity='%d' polling='%d'"
		" maxpause='%d' ver='1.11' xmlns:xmpp='" ENVOI__XBOSH_NS
		"' xmpp:version='1.0' xmpp:restartlogic='true'",
		hosted->sid, hosted->wait_ms / SECOND, hosted->hold,
		hosted->hold > 0 ? HOSTED_REQUESTS : 1, INACTIVITY_S, POLLING_S, HOSTED_PAUSE_S);
	if (r == ENVOI_OK && hosted->acks) {
		r = envoi_buffer_printf(out, " ack='%" PRIu64 "'", hosted->first);
	}
	return r < 0 || hosted->domain[0] == '\0' || !is_plain
		? r
		: envoi_buffer_printf(out, " from='%s'", hosted->domain);
}

static int write_attributes(
	struct hosted *hosted, const struct hosted_request *request, struct envoi_buffer *out)
{
	int r = envoi_buffer_append_text(out, "<body xmlns='" ENVOI__BOSH_NS "'");
	if (r == ENVOI_OK && request->rid == hosted->first) {
		r = write_creation(hosted, out);
	} else if (r == ENVOI_OK && hosted->acks && hosted->received > request->rid) {
		r = envoi_buffer_printf(out, " ack='%" PRIu64 "'", hosted->received);
	}
	if (r == ENVOI_OK && hosted->wants_end) {
		r = envoi_buffer_append_text(out, " type='terminate'");
	}
	return r < 0 || !hosted->wants_end || hosted->condition == NULL
		? r
		: envoi_buffer_printf(out, " condition='%s'", hosted->condition);
}

/* Section 10: the answer to a pause has no payload. */
bool envoi__hosted_has_payload(const struct hosted *hosted, const struct hosted_request *request)
{
	return hosted->queued > 0 && (request->pause_ms == 0 || hosted->wants_end);
}

int envoi__hosted_write_answer(
	struct hosted *hosted, const struct hosted_request *request, struct envoi_buffer *out)
{
	size_t len = envoi__hosted_has_payload(hosted, request) ? envoi_buffer_len(&hosted->queue)
								: 0;
	int r = write_attributes(hosted, request, out);
	if (r < 0 || len == 0) {
		return r < 0 ? r : envoi_buffer_append_text(out, "/>");
	}
	r = envoi_buffer_append_text(out, ">");
	r = r < 0 ? r : envoi_buffer_append(out, envoi_buffer_data(&hosted->queue), len);
	return r < 0 ? r : envoi_buffer_append_text(out, "</body>");
}
