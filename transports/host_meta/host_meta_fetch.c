/*
 * envoi - host-meta: requesting a document
 * SPDX-License-Identifier: MIT
 *
 * Private headers: guards and HTTP have no public ones.
 */
#include "host_meta_fetch.h"

#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "../bosh/bosh_link.h"
#include "../bosh/bosh_transport.h"
#include "base/failure.h"
#include "base/guard.h"
#include "host_meta_time.h"
#include "http/http_inflate.h"
#include "http/http_reader.h"
#include "http/http_url.h"
#include "http/http_writer.h"

enum {
	MOST_BYTES = 65536, /* of a document */
	MOST_REDIRECTS = 5,
	URL_SIZE = 1024,
};

struct envoi__host_meta_fetch {
	struct envoi_context *context; /* a reference */
	struct envoi__guard guard;
	struct envoi_connector *connector;
	struct envoi__bosh_link *link; /* NULL: none */
	struct envoi_deferred later; /* the next redirect, or the end */
	char url[URL_SIZE];
	char *domain;
	struct envoi_settings *settings;
	struct envoi_tls_config *tls;
	struct host_meta_time time;
	struct envoi_timer timeout;
	unsigned int redirects;
	struct envoi_buffer body;
	struct envoi_failure why;
	bool has_answer; /* to the current request */
	bool has_failed;
	envoi__host_meta_fetched_fn *done;
	void *user;
};

static void release(struct envoi__host_meta_fetch *fetch)
{
	struct envoi_context *context = fetch->context;
	envoi_free(context, fetch->domain);
	envoi_settings_free(fetch->settings);
	envoi_tls_config_unref(fetch->tls);
	envoi_buffer_finish(&fetch->body);
	envoi_failure_finish(&fetch->why);
	envoi_free(context, fetch);
	envoi_context_unref(context);
}

static void leave(struct envoi__host_meta_fetch *fetch)
{
	if (envoi__guard_leave(&fetch->guard)) {
		release(fetch);
	}
}

void envoi__host_meta_fetch_free(struct envoi__host_meta_fetch *fetch)
{
	if (fetch != NULL && !envoi__guard_is_over(&fetch->guard)) {
		struct envoi_connector *connector = fetch->connector;
		struct envoi__bosh_link *link = fetch->link;
		envoi__guard_enter(&fetch->guard);
		envoi__guard_end(&fetch->guard);
		fetch->connector = NULL;
		fetch->link = NULL;
		envoi_deferred_cancel(&fetch->later);
		envoi_timer_stop(&fetch->timeout);
		envoi__bosh_link_free(link);
		envoi_connector_destroy(connector);
		leave(fetch);
	}
}

/* --- the end --- */

static void on_end(struct envoi_deferred *deferred)
{
	struct envoi__host_meta_fetch *fetch = ENVOI_CONTAINER_OF(
		deferred, struct envoi__host_meta_fetch, later);
	envoi__guard_enter(&fetch->guard);
	envoi__host_meta_fetched_fn *done = fetch->done;
	void *user = fetch->user;
	envoi__host_meta_fetch_free(fetch);
	done(user, fetch->has_failed ? NULL : &fetch->body, fetch->has_failed ? &fetch->why : NULL);
	leave(fetch);
}

static void end_later(struct envoi__host_meta_fetch *fetch)
{
	envoi_deferred_cancel(&fetch->later); /* a redirect */
	envoi_timer_stop(&fetch->timeout);
	envoi_deferred_post(&fetch->later, envoi_context_loop(fetch->context), on_end);
}

static void fail(struct envoi__host_meta_fetch *fetch, int code, const char *text)
{
	char line[200];
	envoi__failure_put(line, sizeof(line), text);
	envoi_failure_finish(&fetch->why);
	envoi_failure_set(&fetch->why, fetch->context, ENVOI_PHASE_CONNECT, code, "%s", line);
	fetch->has_failed = true;
	end_later(fetch);
}

/* --- the request --- */

static int write_request(struct envoi_buffer *out, const struct envoi__http_url *url)
{
	char host[ENVOI__HTTP_AUTHORITY_SIZE];
	int r = envoi__http_write_request(out, "GET", url->target);
	r = r < 0 ? r : envoi__http_write_field(out, "Host", envoi__http_url_authority(host, url));
	r = r < 0 ? r
		  : envoi__http_write_field(out, "Accept-Encoding",
			    envoi__http_can_inflate() ? "gzip" : "identity");
	r = r < 0 ? r : envoi__http_write_field(out, "Connection", "close");
	return r < 0 ? r : envoi__http_write_end(out);
}

static int send_request(struct envoi__host_meta_fetch *fetch)
{
	struct envoi__http_url url;
	struct envoi_buffer request;
	envoi_buffer_init(&request, fetch->context, 0);
	int r = envoi__http_url_read(&url, fetch->url);
	r = r < 0 ? r : write_request(&request, &url);
	r = r < 0 ? r
		  : envoi__bosh_link_send(fetch->link, envoi_buffer_data(&request),
			    envoi_buffer_len(&request), MOST_BYTES);
	envoi_buffer_finish(&request);
	return r;
}

/* --- the response --- */

static int begin(struct envoi__host_meta_fetch *fetch);

static void on_redirect(struct envoi_deferred *deferred)
{
	struct envoi__host_meta_fetch *fetch = ENVOI_CONTAINER_OF(
		deferred, struct envoi__host_meta_fetch, later);
	struct envoi__bosh_link *link = fetch->link;
	fetch->link = NULL;
	fetch->has_answer = false;
	envoi__bosh_link_free(link);
	int r = begin(fetch);
	if (r < 0) {
		fail(fetch, r, envoi_error_text(r));
	}
}

/* RFC 6415, section 4, 2: over TLS alone. */
static void redirect(struct envoi__host_meta_fetch *fetch, const char *location)
{
	struct envoi__http_url url;
	char text[200];
	bool is_good = strlen(location) < URL_SIZE &&
		envoi__http_url_read(&url, location) == ENVOI_OK &&
		url.scheme == ENVOI__SCHEME_HTTPS;
	if (!is_good || fetch->redirects == MOST_REDIRECTS) {
		snprintf(text, sizeof(text), "%s: %.100s",
			is_good ? "more than five redirects" : "a redirect to no https: URL",
			location);
		fail(fetch, ENVOI_ERR_PROTOCOL, text);
		return;
	}
	fetch->redirects++;
	memcpy(fetch->url, location, strlen(location) + 1);
	envoi_deferred_post(&fetch->later, envoi_context_loop(fetch->context), on_redirect);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void on_answered(void *user, const struct envoi__http_reader *response)
{
	struct envoi__host_meta_fetch *fetch = user;
	const struct envoi__http_head *head = &response->head;
	const char *location = envoi__http_head_value(head, "Location");
	char text[200];
	fetch->has_answer = true;
	if (is_redirect(head->status) && location != NULL) {
		redirect(fetch, location);
	} else if (head->status != 200) {
		snprintf(text, sizeof(text), "the server answered \"%d %.80s\"", head->status,
			head->reason);
		fail(fetch, ENVOI_ERR_PROTOCOL, text);
	} else if (envoi_buffer_append(&fetch->body, envoi_buffer_data(&response->body),
			   envoi_buffer_len(&response->body)) < 0) {
		fail(fetch, ENVOI_ERR_NOMEM, envoi_error_text(ENVOI_ERR_NOMEM));
	} else {
		end_later(fetch);
	}
}

/* Behind the response the connection's end is expected. */
static void on_failed(void *user, int code, const char *text)
{
	struct envoi__host_meta_fetch *fetch = user;
	if (!fetch->has_answer) {
		fail(fetch, code, text);
	}
}

/* --- connecting --- */

static void on_timeout(struct envoi_timer *timer);

static void start_timer(struct envoi__host_meta_fetch *fetch)
{
	envoi_timer_start(&fetch->timeout, envoi_context_loop(fetch->context),
		envoi__host_meta_time_left(&fetch->time), on_timeout);
}

/* A trust decision may have suspended the deadline meanwhile. */
static void on_timeout(struct envoi_timer *timer)
{
	struct envoi__host_meta_fetch *fetch = ENVOI_CONTAINER_OF(
		timer, struct envoi__host_meta_fetch, timeout);
	if (envoi__host_meta_time_is_over(&fetch->time)) {
		fail(fetch, ENVOI_ERR_TIMEOUT, "no document in the time allowed");
	} else {
		start_timer(fetch);
	}
}

static void on_connected(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct envoi__host_meta_fetch *fetch = user;
	const struct envoi__bosh_link_owner owner = {
		.answered = on_answered,
		.failed = on_failed,
		.user = fetch,
	};
	if (transport == NULL) {
		envoi_failure_finish(&fetch->why);
		envoi_failure_copy(&fetch->why, failure);
		fetch->has_failed = true;
		end_later(fetch);
		return;
	}
	fetch->link = envoi__bosh_link_of(transport);
	envoi__bosh_link_own(fetch->link, &owner);
	int r = send_request(fetch);
	if (r < 0) {
		fail(fetch, r, envoi_error_text(r));
	}
}

static int begin(struct envoi__host_meta_fetch *fetch)
{
	const struct envoi_target target = {
		.domain = fetch->domain,
		.url = fetch->url,
		.service = "xmpp-client",
		.settings = fetch->settings,
		.tls = fetch->tls,
		.timeout_ms = envoi__host_meta_time_left(&fetch->time),
	};
	return fetch->connector->impl->connect(fetch->connector, &target, on_connected, fetch);
}

static int fill(
	struct envoi__host_meta_fetch *fetch, const struct envoi__host_meta_fetch_options *options)
{
	const struct envoi_target *target = options->target;
	struct envoi_context *context = fetch->context;
	if (strlen(target->url) >= sizeof(fetch->url)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(fetch->url, target->url, strlen(target->url) + 1);
	fetch->domain = envoi_strndup(context, target->domain, strlen(target->domain));
	fetch->tls = envoi_tls_config_ref(target->tls);
	int r = fetch->domain == NULL      ? ENVOI_ERR_NOMEM
		: target->settings != NULL ? envoi_settings_dup(&fetch->settings, target->settings)
					   : ENVOI_OK;
	return r < 0 ? r
		: options->make != NULL
		? options->make(&fetch->connector, context, options->make_user)
		: envoi__bosh_link_connector_new(&fetch->connector, context, NULL);
}

int envoi__host_meta_fetch_new(struct envoi__host_meta_fetch **ret_fetch,
	struct envoi_context *context, const struct envoi__host_meta_fetch_options *options)
{
	struct envoi__host_meta_fetch *fetch = envoi_alloc_zeroed(context, sizeof(*fetch));
	uint64_t timeout_ms = options->target->timeout_ms;
	if (fetch == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	fetch->context = envoi_context_ref(context);
	fetch->done = options->done;
	fetch->user = options->user;
	envoi_buffer_init(&fetch->body, context, MOST_BYTES);
	int r = fill(fetch, options);
	if (r == ENVOI_OK && timeout_ms > 0) {
		envoi__host_meta_time_start(&fetch->time, fetch->context, fetch->tls, timeout_ms);
		start_timer(fetch);
	}
	r = r < 0 ? r : begin(fetch);
	if (r < 0) {
		envoi__host_meta_fetch_free(fetch);
		return r;
	}
	*ret_fetch = fetch;
	return ENVOI_OK;
}
