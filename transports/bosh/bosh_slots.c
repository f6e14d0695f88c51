/*
 * envoi - XMPP over BOSH: HTTP connections, and the requests that they carry
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include <stdio.h>
#include <string.h>

#include "bosh_inside.h"
#include "http/http_inflate.h"
#include "http/http_writer.h"

enum {
	SECOND = 1000,
	GRACE_MS = 10 * SECOND, /* for an answer, after the server's time to hold it */
	END_GRACE_MS = 2 * SECOND, /* while the session ends, which does not wait for long */
	CONNECT_MS = 30 * SECOND,
	UNSETTLED_BODY_BYTES = 262144, /* the largest response before the login */
};

/* --- slots --- */

void envoi__bosh_free_link(struct bosh_slot *slot)
{
	struct envoi__bosh_link *link = slot->link;
	slot->link = NULL;
	envoi__bosh_link_free(link);
}

/* The request leaves its connection, which is closed: its answer may not come twice (section 14.3,
 * and what servers do). */
void envoi__bosh_detach(struct bosh_request *request)
{
	struct bosh_slot *slot = request->slot;
	envoi_timer_stop(&request->timer);
	request->slot = NULL;
	if (slot != NULL) {
		slot->request = NULL;
		envoi__bosh_free_link(slot);
		if (slot->is_connecting) {
			slot->is_connecting = false;
			slot->connector->impl->cancel(slot->connector);
		}
	}
}

static enum bosh_trouble trouble_of(const struct bosh_slot *slot)
{
	bool is_answering = slot->link != NULL && envoi__bosh_link_is_answering(slot->link);
	return is_answering ? BOSH_CUT : BOSH_SILENT;
}

static void on_failed(void *user, int code, const char *text)
{
	struct bosh_slot *slot = user;
	struct bosh *bosh = slot->bosh;
	enum bosh_trouble trouble = code == ENVOI_ERR_DISCONNECTED ? trouble_of(slot) : BOSH_SILENT;
	envoi__bosh_enter(bosh);
	envoi__bosh_free_link(slot);
	if (slot->request != NULL) {
		envoi__bosh_request_failed(bosh, slot->request, trouble, code, text);
	}
	envoi__bosh_leave(bosh);
}

/* An answer may take as long as it goes on. */
static void on_progress(void *user)
{
	struct bosh_slot *slot = user;
	struct bosh *bosh = slot->bosh;
	if (slot->request != NULL) {
		envoi_timer_start(
			&slot->request->timer, bosh_loop(bosh), GRACE_MS, envoi__bosh_on_timer);
	}
	bosh->has_activity = true;
	envoi__bosh_wake(bosh);
}

static void on_answered(void *user, const struct envoi__http_reader *response)
{
	envoi__bosh_answered(user, response);
}

static void own_link(struct bosh_slot *slot, struct envoi__bosh_link *link)
{
	const struct envoi__bosh_link_owner owner = {
		.answered = on_answered,
		.failed = on_failed,
		.progress = on_progress,
		.user = slot,
	};
	slot->link = link;
	envoi__bosh_link_own(link, &owner);
}

void envoi__bosh_take_link(
	struct bosh *bosh, struct envoi_connector *connector, struct envoi__bosh_link *link)
{
	bosh->slots[0].connector = connector;
	own_link(&bosh->slots[0], link);
}

/* --- sending --- */

void envoi__bosh_on_timer(struct envoi_timer *timer)
{
	struct bosh_request *request = ENVOI_CONTAINER_OF(timer, struct bosh_request, timer);
	struct bosh *bosh = request->bosh;
	envoi__bosh_enter(bosh);
	if (request->slot != NULL) {
		envoi__bosh_request_failed(bosh, request, trouble_of(request->slot),
			ENVOI_ERR_TIMEOUT, "the BOSH server does not answer");
	}
	envoi__bosh_wake(bosh);
	envoi__bosh_leave(bosh);
}

/* RFC 9110, section 8.3; XEP-0124, section 4. */
static int write_http(
	struct envoi_buffer *out, const struct bosh *bosh, const struct bosh_request *request)
{
	char host[ENVOI__HTTP_AUTHORITY_SIZE], length[24];
	const char *const fields[][2] = {
		{"Host", envoi__http_url_authority(host, &bosh->options.url)},
		{"Content-Type", "text/xml; charset=utf-8"},
		{"Content-Length", length},
		{"Accept-Encoding", envoi__http_can_inflate() ? "gzip" : "identity"},
	};
	snprintf(length, sizeof(length), "%zu", envoi_buffer_len(&request->body));
	int r = envoi__http_write_request(out, "POST", bosh->options.url.target);
	for (size_t i = 0; r == ENVOI_OK && i < sizeof(fields) / sizeof(fields[0]); i++) {
		r = envoi__http_write_field(out, fields[i][0], fields[i][1]);
	}
	r = r < 0 ? r : envoi__http_write_end(out);
	return r < 0 ? r
		     : envoi_buffer_append(out, envoi_buffer_data(&request->body),
			       envoi_buffer_len(&request->body));
}

static size_t most_body_bytes(const struct bosh *bosh)
{
	size_t most = bosh->options.body_bytes;
	return bosh->is_settled || most < UNSETTLED_BODY_BYTES ? most : UNSETTLED_BODY_BYTES;
}

static int send_on_link(struct bosh_slot *slot, struct bosh_request *request)
{
	struct bosh *bosh = slot->bosh;
	struct envoi_buffer http;
	envoi_buffer_init(&http, bosh->base.context, 0);
	int r = write_http(&http, bosh, request);
	if (r == ENVOI_OK) {
		r = envoi__bosh_link_send(slot->link, envoi_buffer_data(&http),
			envoi_buffer_len(&http), most_body_bytes(bosh));
	}
	envoi_buffer_wipe(&http);
	return r;
}

/* The server holds the last request only (section 8): silence means that one of those before it was
 * lost, with a connection that has not ended. */
static void expect_answers_before(struct bosh *bosh, const struct bosh_request *request)
{
	uint64_t most_ms = request->ends_session ? END_GRACE_MS : GRACE_MS;
	for (size_t i = 0; i < bosh->count; i++) {
		struct bosh_request *before = bosh_request_at(bosh, i);
		bool is_asked = before->slot != NULL && before->slot->link != NULL &&
			before->pause_ms == 0;
		if (before->rid < request->rid && is_asked) {
			envoi_timer_start(
				&before->timer, bosh_loop(bosh), most_ms, envoi__bosh_on_timer);
		}
	}
}

static void transmit(struct bosh_slot *slot)
{
	struct bosh_request *request = slot->request;
	struct bosh *bosh = slot->bosh;
	int r = send_on_link(slot, request);
	if (r < 0) {
		envoi__bosh_request_failed(bosh, request, BOSH_SILENT, r, envoi_error_text(r));
		return;
	}
	uint64_t wait_ms = bosh->session.sid[0] != '\0' ? bosh->session.wait_ms
							: bosh->options.wait_ms;
	wait_ms = request->pause_ms > wait_ms ? request->pause_ms : wait_ms;
	request->was_sent = true;
	envoi_timer_start(
		&request->timer, bosh_loop(bosh), wait_ms + GRACE_MS, envoi__bosh_on_timer);
	expect_answers_before(bosh, request);
}

static void on_connected(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct bosh_slot *slot = user;
	struct bosh *bosh = slot->bosh;
	envoi__bosh_enter(bosh);
	slot->is_connecting = false;
	slot->connector->impl->cancel(slot->connector); /* other addresses are not needed */
	if (transport != NULL) {
		own_link(slot, envoi__bosh_link_of(transport));
	}
	if (slot->request == NULL) {
		envoi__bosh_wake(bosh);
	} else if (transport != NULL) {
		transmit(slot);
	} else {
		bool may_recover = failure->code != ENVOI_ERR_CERTIFICATE;
		envoi__bosh_request_failed(bosh, slot->request,
			may_recover ? BOSH_BUSY : BOSH_SILENT, failure->code, failure->text);
	}
	envoi__bosh_leave(bosh);
}

static int begin_connecting(struct bosh_slot *slot)
{
	struct bosh *bosh = slot->bosh;
	const struct envoi_target target = {
		.domain = bosh->options.domain,
		.url = bosh->options.url_text,
		.service = "xmpp-client",
		.settings = bosh->options.settings,
		.tls = bosh->options.tls,
		.timeout_ms = CONNECT_MS,
	};
	int r = slot->connector != NULL
		? ENVOI_OK
		: bosh->options.make(&slot->connector, bosh->base.context, bosh->options.user);
	r = r < 0 ? r
		  : slot->connector->impl->connect(slot->connector, &target, on_connected, slot);
	slot->is_connecting = r == ENVOI_OK;
	return r;
}

static void send_by(struct bosh_slot *slot, struct bosh_request *request)
{
	slot->request = request;
	request->slot = slot;
	if (slot->link != NULL && !envoi__bosh_link_is_usable(slot->link)) {
		envoi__bosh_free_link(slot);
	}
	if (slot->link != NULL) {
		transmit(slot);
		return;
	}
	int r = begin_connecting(slot);
	if (r < 0) {
		envoi__bosh_request_failed(
			slot->bosh, request, BOSH_SILENT, r, envoi_error_text(r));
	}
}

static bool is_idle(const struct bosh_slot *slot)
{
	return slot->request == NULL && slot->link != NULL &&
		envoi__bosh_link_is_usable(slot->link);
}

bool envoi__bosh_has_idle_link(const struct bosh *bosh)
{
	size_t i = 0;
	while (i < BOSH_LINKS && !is_idle(&bosh->slots[i])) {
		i++;
	}
	return i < BOSH_LINKS;
}

/* Some servers never answer a request for a pause: the oldest one leaves its place to a later one,
 * whose answer shows that it has come. @return NULL: there is none */
static struct bosh_slot *take_from_pause(struct bosh *bosh)
{
	for (size_t i = 0; i < bosh->count; i++) {
		struct bosh_request *request = bosh_request_at(bosh, i);
		struct bosh_slot *slot = request->slot;
		if (slot != NULL && request->pause_ms > 0 && request->was_sent) {
			envoi__bosh_detach(request);
			envoi_timer_start(&request->timer, bosh_loop(bosh),
				request->pause_ms + GRACE_MS, envoi__bosh_on_timer);
			return slot;
		}
	}
	return NULL;
}

/* @return a place for a request, with a connection if possible; NULL: none */
static struct bosh_slot *find_slot(struct bosh *bosh)
{
	struct bosh_slot *found = NULL;
	for (size_t i = 0; i < BOSH_LINKS; i++) {
		struct bosh_slot *slot = &bosh->slots[i];
		if (slot->request != NULL || slot->is_connecting) {
			continue;
		}
		if (is_idle(slot)) {
			return slot;
		}
		found = found != NULL ? found : slot;
	}
	return found != NULL ? found : take_from_pause(bosh);
}

bool envoi__bosh_may_send(const struct bosh *bosh)
{
	return (bosh->state == BOSH_MOVING || bosh->state == BOSH_CLOSING) && !bosh->has_ended;
}

/* Requests without a connection, in the order of their rids. */
void envoi__bosh_send_waiting(struct bosh *bosh)
{
	for (size_t i = 0; i < bosh->count && envoi__bosh_may_send(bosh); i++) {
		struct bosh_request *request = bosh_request_at(bosh, i);
		bool waits = !request->is_answered && request->slot == NULL &&
			!envoi_timer_is_started(&request->timer);
		struct bosh_slot *slot = waits ? find_slot(bosh) : NULL;
		if (slot != NULL) {
			send_by(slot, request);
		}
	}
}
