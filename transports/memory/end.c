/*
 * envoi - connections in memory: an end of raw bytes
 * SPDX-License-Identifier: MIT
 */
#include <envoi/buffer.h>
#include <envoi/context.h>

#include "pair.h"

struct envoi_memory_end {
	struct memory_port port;
	struct envoi_context *context;
	struct envoi_memory_pair *pair;
	struct envoi_buffer unsent, received;
	bool is_shut_down, is_over, is_broken;
	envoi_memory_fn *changed;
	void *user;
};

static struct envoi_memory_end *end_of(struct memory_port *port)
{
	return ENVOI_CONTAINER_OF(port, struct envoi_memory_end, port);
}

/* The owner may free the end inside: nothing follows. */
static void report_changed(struct envoi_memory_end *end)
{
	if (end->changed != NULL) {
		end->changed(end->user, end);
	}
}

static void break_end(struct envoi_memory_end *end)
{
	end->is_over = end->is_broken = true;
	envoi_buffer_finish(&end->unsent);
	report_changed(end);
}

static void end_arrived(struct memory_port *port, const char *data, size_t len)
{
	struct envoi_memory_end *end = end_of(port);
	if (envoi_buffer_append(&end->received, data, len) < 0) {
		envoi__memory_port_detach(port);
		break_end(end);
		return;
	}
	report_changed(end);
}

static void send_unsent(struct envoi_memory_end *end)
{
	size_t taken;
	if (envoi_buffer_len(&end->unsent) > 0 &&
		envoi__memory_port_send(&end->port, envoi_buffer_data(&end->unsent),
			envoi_buffer_len(&end->unsent), false, &taken) == ENVOI_OK) {
		envoi_buffer_consume(&end->unsent, taken);
	}
	if (end->is_shut_down && envoi_buffer_len(&end->unsent) == 0) {
		envoi__memory_port_shut_down(&end->port);
	}
}

static void end_writable(struct memory_port *port)
{
	send_unsent(end_of(port));
}

static void end_ended(struct memory_port *port)
{
	struct envoi_memory_end *end = end_of(port);
	end->is_over = true;
	report_changed(end);
}

static void end_broken(struct memory_port *port)
{
	break_end(end_of(port));
}

static const struct memory_port_impl port_impl = {
	.arrived = end_arrived,
	.writable = end_writable,
	.ended = end_ended,
	.broken = end_broken,
};

int envoi_memory_end_new(struct envoi_memory_end **ret_end, struct envoi_memory_pair *pair,
	enum envoi_memory_side side, envoi_memory_fn *changed, void *user)
{
	struct envoi_context *context = envoi__memory_pair_context(pair);
	struct envoi_memory_end *end = envoi_alloc_zeroed(context, sizeof(*end));
	if (end == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi__memory_port_attach(&end->port, &port_impl, pair, side);
	if (r < 0) {
		envoi_free(context, end);
		return r;
	}
	end->context = envoi_context_ref(context);
	end->pair = envoi_memory_pair_ref(pair);
	end->changed = changed;
	end->user = user;
	envoi_buffer_init(&end->unsent, context, 0);
	envoi_buffer_init(&end->received, context, 0);
	envoi__memory_port_want_read(&end->port, true);
	*ret_end = end;
	return ENVOI_OK;
}

void envoi_memory_end_free(struct envoi_memory_end *end)
{
	if (end == NULL) {
		return;
	}
	struct envoi_context *context = end->context;
	size_t taken;
	if (envoi_buffer_len(&end->unsent) > 0) {
		(void)envoi__memory_port_send(&end->port, envoi_buffer_data(&end->unsent),
			envoi_buffer_len(&end->unsent), true, &taken);
	}
	envoi__memory_port_detach(&end->port);
	envoi_memory_pair_unref(end->pair);
	envoi_buffer_finish(&end->unsent);
	envoi_buffer_finish(&end->received);
	envoi_free(context, end);
	envoi_context_unref(context);
}

int envoi_memory_end_send(struct envoi_memory_end *end, const void *data, size_t len)
{
	if (end->is_shut_down || end->is_broken) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi_buffer_append(&end->unsent, data, len);
	if (r == ENVOI_OK) {
		send_unsent(end);
	}
	return r;
}

void envoi_memory_end_shut_down(struct envoi_memory_end *end)
{
	if (!end->is_shut_down && !end->is_broken) {
		end->is_shut_down = true;
		send_unsent(end);
	}
}

struct envoi_buffer *envoi_memory_end_received(struct envoi_memory_end *end)
{
	return &end->received;
}

void envoi_memory_end_pause(struct envoi_memory_end *end, bool is_paused)
{
	if (!end->is_broken) {
		envoi__memory_port_want_read(&end->port, !is_paused);
	}
}

bool envoi_memory_end_is_over(const struct envoi_memory_end *end)
{
	return end->is_over;
}

struct envoi_memory_pair *envoi_memory_end_pair(const struct envoi_memory_end *end)
{
	return end->pair;
}
