/*
 * envoi - host-meta: a connector that finds URLs (XEP-0156) and connects by another one
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the conversion of names and the check of addresses have no public ones.
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/host_meta.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "host_meta_connector.h"
#include "host_meta_fetch.h"
#include "host_meta_links.h"
#include "host_meta_time.h"
#include "net/host_names.h"

enum document {
	DOCUMENT_XML, /* -> JSON, NONE */
	DOCUMENT_JSON, /* -> NONE */
	DOCUMENT_NONE, /* all were requested */
};

struct host_meta {
	struct envoi_connector base;
	struct envoi_connector_impl impl; /* with the name of the inner one */
	struct envoi_connector *inner;
	char *rel;
	struct envoi__host_meta_hooks hooks;

	/* one target */
	enum document document;
	struct envoi__host_meta_fetch *fetch; /* NULL: none */
	struct host_meta_links *links; /* NULL: not connecting */
	size_t at; /* of the link that is tried, or has connected */
	char *domain;
	char host[ENVOI__HOST_SIZE]; /* the domain as A-labels */
	struct envoi_settings *settings;
	struct envoi_tls_config *tls;
	struct host_meta_time time;
	bool is_waited_for; /* by `done` */
	struct envoi_failure tried; /* has all attempts; its code is that of the last failure */
	envoi_connected_fn *done;
	void *user;
};

static struct host_meta *of_base(struct envoi_connector *base)
{
	return ENVOI_CONTAINER_OF(base, struct host_meta, base);
}

/* An application that was asked for a trust decision is notified inside, and may cancel and destroy
 * once more. */
static void host_meta_cancel(struct envoi_connector *base)
{
	struct host_meta *meta = of_base(base);
	struct envoi_context *context = base->context;
	struct envoi__host_meta_fetch *fetch = meta->fetch;
	meta->fetch = NULL;
	meta->is_waited_for = false;
	envoi_free(context, meta->links);
	meta->links = NULL;
	envoi_free(context, meta->domain);
	meta->domain = NULL;
	envoi_settings_free(meta->settings);
	meta->settings = NULL;
	meta->tls = envoi_tls_config_unref(meta->tls);
	envoi_failure_finish(&meta->tried);
	envoi__host_meta_fetch_free(fetch);
	meta->inner->impl->cancel(meta->inner);
}

static void host_meta_destroy(struct envoi_connector *base)
{
	struct host_meta *meta = of_base(base);
	struct envoi_context *context = envoi_context_ref(base->context);
	envoi_connector_destroy(meta->inner);
	envoi_free(context, meta->rel);
	envoi_connector_finish(base);
	envoi_free(context, meta);
	envoi_context_unref(context);
}

/* --- attempts --- */

static void add_attempts(struct envoi_failure *to, const struct envoi_failure *from)
{
	for (size_t i = 0; from != NULL && i < from->attempt_count; i++) {
		envoi_failure_add_attempt(to, &from->attempts[i]);
	}
}

/* A failure becomes the last one, and an attempt if it has none. */
static void note_failure(
	struct host_meta *meta, const char *target, const struct envoi_failure *failure)
{
	struct envoi_attempt attempt = {.phase = failure->phase, .code = failure->code};
	struct envoi_failure all;
	snprintf(attempt.target, sizeof(attempt.target), "%.200s", target);
	snprintf(attempt.text, sizeof(attempt.text), "%.100s",
		failure->text[0] != '\0' ? failure->text : envoi_error_text(failure->code));
	envoi_failure_copy(&all, failure);
	struct envoi_failure last = all;
	all.context = meta->base.context;
	all.attempts = NULL;
	all.attempt_count = 0;
	add_attempts(&all, &meta->tried);
	add_attempts(&all, &last);
	if (last.attempt_count == 0) {
		envoi_failure_add_attempt(&all, &attempt);
	}
	envoi_failure_finish(&last);
	envoi_failure_finish(&meta->tried);
	envoi_failure_move(&meta->tried, &all);
}

static void note_error(struct host_meta *meta, const char *target, int code, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, meta->base.context, ENVOI_PHASE_CONNECT, code, "%s", text);
	note_failure(meta, target, &why);
	envoi_failure_finish(&why);
}

/* --- the end --- */

static void report(struct host_meta *meta, struct envoi_transport *transport,
	const struct envoi_failure *failure)
{
	struct envoi_failure why;
	envoi_connected_fn *done = meta->done;
	void *user = meta->user;
	meta->is_waited_for = false;
	if (transport != NULL) {
		envoi_failure_set(&why, meta->base.context, ENVOI_PHASE_CONNECT, ENVOI_OK, NULL);
		add_attempts(&why, &meta->tried);
		add_attempts(&why, failure);
	} else {
		envoi_failure_move(&why, &meta->tried);
		host_meta_cancel(&meta->base);
	}
	done(user, transport, transport == NULL || why.attempt_count > 0 ? &why : NULL);
	envoi_failure_finish(&why);
}

/* --- links --- */

static struct envoi_target target_of(const struct host_meta *meta, const char *url)
{
	return (struct envoi_target){
		.domain = meta->domain,
		.url = url,
		.service = "xmpp-client",
		.settings = meta->settings,
		.tls = meta->tls,
		.timeout_ms = envoi__host_meta_time_left(&meta->time),
	};
}

static void try_links(struct host_meta *meta);

static void on_inner(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct host_meta *meta = user;
	if (transport != NULL) {
		report(meta, transport, failure);
		return;
	}
	note_failure(meta, meta->links->urls[meta->at], failure);
	meta->at++;
	try_links(meta);
}

/* To one of the links from the current one on; one that cannot be tried is an attempt, too. */
static int connect_to_link(struct host_meta *meta)
{
	int r = ENVOI_ERR_UNREACHABLE;
	while (r < 0 && meta->at < meta->links->count) {
		const char *url = meta->links->urls[meta->at];
		const struct envoi_target target = target_of(meta, url);
		r = meta->inner->impl->connect(meta->inner, &target, on_inner, meta);
		if (r < 0) {
			note_error(meta, url, r, envoi_error_text(r));
			meta->at++;
		}
	}
	return r;
}

static void try_links(struct host_meta *meta)
{
	if (connect_to_link(meta) < 0) {
		report(meta, NULL, NULL);
	}
}

/* --- documents --- */

static const char *path_of(const struct host_meta *meta)
{
	return meta->document == DOCUMENT_XML ? "/.well-known/host-meta"
					      : "/.well-known/host-meta.json";
}

static void write_url(const struct host_meta *meta, char *url, size_t size)
{
	snprintf(url, size, "https://%s%s%s", meta->host, meta->hooks.port, path_of(meta));
}

static void next_document(struct host_meta *meta, int code);

static int read_document(struct host_meta *meta, const struct envoi_buffer *body)
{
	const char *data = envoi_buffer_data(body);
	size_t len = envoi_buffer_len(body);
	if (meta->document == DOCUMENT_XML) {
		return envoi__host_meta_read_xml(meta->links, meta->base.context, data, len);
	}
	return envoi__host_meta_read_json(meta->links, data != NULL ? data : "", len);
}

/* A page with status 200 that is no document, and one without links, are as none. */
static void on_fetched(
	void *user, const struct envoi_buffer *body, const struct envoi_failure *failure)
{
	struct host_meta *meta = user;
	char url[ENVOI__HOST_SIZE + 64], text[160];
	write_url(meta, url, sizeof(url));
	meta->fetch = NULL;
	int r = body != NULL ? read_document(meta, body) : ENVOI_OK;
	if (failure != NULL) {
		note_failure(meta, url, failure);
	} else if (meta->links->count == 0) {
		snprintf(text, sizeof(text), r < 0 ? "no document with links" : "no link of %s",
			meta->rel);
		note_error(meta, url, ENVOI_ERR_UNREACHABLE, text);
	}
	if (meta->links->count > 0) {
		try_links(meta);
	} else {
		next_document(meta, failure != NULL ? failure->code : ENVOI_OK);
	}
}

static int fetch(struct host_meta *meta)
{
	char url[ENVOI__HOST_SIZE + 64];
	write_url(meta, url, sizeof(url));
	const struct envoi_target target = target_of(meta, url);
	const struct envoi__host_meta_fetch_options options = {
		.make = meta->hooks.make,
		.make_user = meta->hooks.user,
		.target = &target,
		.done = on_fetched,
		.user = meta,
	};
	return envoi__host_meta_fetch_new(&meta->fetch, meta->base.context, &options);
}

/* XEP-0156, section 2.2. A server that does not answer is not asked again. @param code  of the
 * request for the last document */
static void next_document(struct host_meta *meta, int code)
{
	bool answers = code == ENVOI_OK || code == ENVOI_ERR_PROTOCOL || code == ENVOI_ERR_LIMIT;
	int r = ENVOI_OK;
	meta->document++;
	if (answers && meta->document < DOCUMENT_NONE) {
		r = fetch(meta);
		if (r == ENVOI_OK) {
			return;
		}
		note_error(meta, path_of(meta), r, envoi_error_text(r));
	}
	report(meta, NULL, NULL);
}

/* --- functions of the connector --- */

static bool has_other_route(const struct envoi_settings *settings)
{
	return settings != NULL &&
		(envoi_settings_text(settings, "server") != NULL ||
			envoi_settings_int(settings, "port") != 0);
}

static bool supports(const struct envoi_target *target)
{
	unsigned char bytes[16];
	char host[ENVOI__HOST_SIZE];
	return target->url == NULL && target->tls != NULL && !has_other_route(target->settings) &&
		envoi__host_read(host, target->domain) == ENVOI_OK &&
		envoi__parse_address(host, bytes) == 0;
}

static int begin(struct host_meta *meta, const struct envoi_target *target)
{
	struct envoi_context *context = meta->base.context;
	meta->links = envoi_alloc_zeroed(context, sizeof(*meta->links));
	meta->domain = envoi_strndup(context, target->domain, strlen(target->domain));
	meta->tls = envoi_tls_config_ref(target->tls);
	if (meta->links == NULL || meta->domain == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	meta->links->rel = meta->rel;
	meta->at = 0;
	meta->document = DOCUMENT_XML;
	envoi__host_meta_time_start(&meta->time, context, meta->tls, target->timeout_ms);
	int r = envoi__host_read(meta->host, target->domain);
	if (r == ENVOI_OK && target->settings != NULL) {
		r = envoi_settings_dup(&meta->settings, target->settings);
	}
	return r < 0 ? r : fetch(meta);
}

static int host_meta_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct host_meta *meta = of_base(base);
	if (meta->is_waited_for) {
		return ENVOI_ERR_STATE;
	}
	if (envoi_context_loop(base->context) == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (!supports(target)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	host_meta_cancel(base);
	meta->done = done;
	meta->user = user;
	int r = begin(meta, target);
	meta->is_waited_for = r == ENVOI_OK;
	if (r < 0) {
		host_meta_cancel(base);
	}
	return r;
}

static int host_meta_next(
	struct envoi_connector *base, const struct envoi_failure *why, uint64_t timeout_ms)
{
	struct host_meta *meta = of_base(base);
	if (meta->links == NULL || meta->is_waited_for || meta->at + 1 >= meta->links->count) {
		return ENVOI_ERR_STATE;
	}
	note_failure(meta, meta->links->urls[meta->at], why);
	envoi__host_meta_time_start(&meta->time, base->context, meta->tls, timeout_ms);
	meta->at++;
	int r = connect_to_link(meta);
	meta->is_waited_for = r == ENVOI_OK;
	return r < 0 ? ENVOI_ERR_STATE : ENVOI_OK;
}

static const char *host_meta_url(const struct envoi_connector *base)
{
	const struct host_meta *meta = ENVOI_CONTAINER_OF_CONST(base, struct host_meta, base);
	return meta->links != NULL && meta->at < meta->links->count ? meta->links->urls[meta->at]
								    : NULL;
}

/* --- making --- */

void envoi__host_meta_set_hooks(
	struct envoi_connector *connector, const struct envoi__host_meta_hooks *hooks)
{
	of_base(connector)->hooks = *hooks;
}

int envoi_host_meta_connector_new(struct envoi_connector **ret_connector,
	struct envoi_context *context, struct envoi_connector *inner, const char *rel)
{
	if (rel == NULL) {
		envoi_connector_destroy(inner);
		return ENVOI_ERR_INVALID;
	}
	struct host_meta *meta = envoi_alloc_zeroed(context, sizeof(*meta));
	char *copy = envoi_strndup(context, rel, strlen(rel));
	if (meta == NULL || copy == NULL) {
		envoi_free(context, copy);
		envoi_free(context, meta);
		envoi_connector_destroy(inner);
		return ENVOI_ERR_NOMEM;
	}
	meta->rel = copy;
	meta->inner = inner;
	meta->hooks.port = "";
	meta->impl = (struct envoi_connector_impl){
		.name = inner->impl->name,
		.connect = host_meta_connect,
		.next = host_meta_next,
		.cancel = host_meta_cancel,
		.destroy = host_meta_destroy,
		.url = host_meta_url,
	};
	envoi_connector_init(&meta->base, &meta->impl, context);
	*ret_connector = &meta->base;
	return ENVOI_OK;
}
