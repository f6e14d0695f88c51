/*
 * envoi - the initiating and the receiving transport of BOSH, with HTTP in memory between them
 * SPDX-License-Identifier: MIT
 *
 * Private headers: links are made in memory.
 */
#include "bosh_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/bosh.h>
#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>

#include "bosh_link.h"
#include "bosh_transport.h"
#include "memory_links.h"

enum {
	MOST_LINKS = 64,
};

/** A link at the receiving side. */
struct peer_link {
	struct bosh_pair *pair;
	struct envoi_memory_end *end;
	struct envoi_bosh_exchange *exchange; /* NULL: none */
};

struct bosh_pair {
	struct envoi_context *context;
	struct envoi_bosh_receiver *receiver;
	struct peer_link links[MOST_LINKS];
	size_t count;
	const struct envoi_settings *settings; /* until the transport is made */
	struct envoi_connector *first;
	struct envoi_transport *initiating;
	bosh_pair_fn *opened;
	void *user;
};

static const char url[] = "http://example.org/bosh";

/* --- the HTTP server --- */

static void on_answer(void *user, const char *body, size_t len)
{
	struct peer_link *link = user;
	char head[128];
	link->exchange = NULL;
	snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Type: " ENVOI_BOSH_CONTENT_TYPE
		"\r\nContent-Length: %zu\r\n\r\n",
		len);
	(void)!envoi_memory_end_send(link->end, head, strlen(head));
	(void)!envoi_memory_end_send(link->end, body, len);
}

static void take_request(struct peer_link *link, const char *body, size_t len)
{
	const struct envoi_bosh_request request = {
		.body = body, .len = len, .answer = on_answer, .user = link};
	assert_int_equal(envoi_bosh_receiver_take(link->pair->receiver, &request, &link->exchange),
		ENVOI_OK);
}

static void on_changed(void *user, struct envoi_memory_end *end)
{
	struct peer_link *link = user;
	struct envoi_buffer *received = envoi_memory_end_received(end);
	assert_int_equal(envoi_buffer_append(received, "", 1), ENVOI_OK);
	envoi_buffer_truncate(received, envoi_buffer_len(received) - 1); /* ended by NUL */
	const char *data = envoi_buffer_len(received) > 0 ? envoi_buffer_data(received) : "";
	const char *body = strstr(data, "\r\n\r\n"), *length = strstr(data, "Content-Length: ");
	if (body != NULL && length != NULL) {
		size_t head_len = (size_t)(body + 4 - data), len = strtoul(length + 16, NULL, 10);
		if (envoi_buffer_len(received) >= head_len + len) {
			take_request(link, body + 4, len);
			envoi_buffer_consume(received, head_len + len);
		}
	}
	if (envoi_memory_end_is_over(end)) {
		envoi_bosh_exchange_free(link->exchange);
		link->exchange = NULL;
	}
}

static int on_opened(void *user, struct envoi_transport *transport)
{
	struct bosh_pair *pair = user;
	pair->opened(pair->user, transport);
	return ENVOI_OK;
}

/* --- links --- */

static int open_link(
	void *user, const struct envoi_target *target, struct envoi_memory_pair *memory)
{
	struct bosh_pair *pair = user;
	(void)target;
	assert_true(pair->count < MOST_LINKS);
	struct peer_link *peer = &pair->links[pair->count++];
	*peer = (struct peer_link){.pair = pair};
	assert_int_equal(envoi_memory_end_new(&peer->end, memory, ENVOI_MEMORY_B, on_changed, peer),
		ENVOI_OK);
	return ENVOI_OK;
}

static int make_connector(
	struct envoi_connector **ret_connector, struct envoi_context *context, void *user)
{
	return memory_links_new(ret_connector, context, open_link, user);
}

/* --- the pair --- */

static void on_first(void *user, struct envoi_transport *link, const struct envoi_failure *failure)
{
	struct bosh_pair *pair = user;
	struct envoi__bosh_options options = {
		.url_text = envoi_strndup(pair->context, url, strlen(url)),
		.domain = envoi_strndup(pair->context, "example.org", 11),
		.wait_ms = 50000,
		.body_bytes = 1 << 20,
		.make = make_connector,
		.user = pair,
	};
	assert_null(failure);
	assert_int_equal(envoi_settings_dup(&options.settings, pair->settings), ENVOI_OK);
	assert_int_equal(envoi__http_url_read(&options.url, url), ENVOI_OK);
	assert_int_equal(envoi__bosh_transport_new(&pair->initiating, pair->context, &options,
				 pair->first, envoi__bosh_link_of(link)),
		ENVOI_OK);
}

struct bosh_pair *bosh_pair_new(struct envoi_context *context,
	const struct envoi_settings *settings, struct envoi_transport **ret_initiating,
	bosh_pair_fn *opened, void *user)
{
	struct bosh_pair *pair = calloc(1, sizeof(*pair));
	const struct envoi_target target = {.url = url};
	assert_non_null(pair);
	const struct envoi_bosh_receiver_options options = {
		.settings = settings, .opened = on_opened, .user = pair};
	pair->context = context;
	pair->settings = settings;
	pair->opened = opened;
	pair->user = user;
	assert_int_equal(envoi_bosh_receiver_new(&pair->receiver, context, &options), ENVOI_OK);
	assert_int_equal(make_connector(&pair->first, context, pair), ENVOI_OK);
	assert_int_equal(
		pair->first->impl->connect(pair->first, &target, on_first, pair), ENVOI_OK);
	while (pair->initiating == NULL) {
		assert_true(envoi_loop_run_once(envoi_context_loop(context), false) >= 0);
	}
	*ret_initiating = pair->initiating;
	return pair;
}

void bosh_pair_free(struct bosh_pair *pair)
{
	if (pair != NULL) {
		for (size_t i = 0; i < pair->count; i++) {
			envoi_bosh_exchange_free(pair->links[i].exchange);
			envoi_memory_end_free(pair->links[i].end);
		}
		envoi_bosh_receiver_free(pair->receiver);
		free(pair);
	}
}
