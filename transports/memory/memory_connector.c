/*
 * envoi - connections in memory: a connector whose listener is a function
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/memory.h>

struct memory_connector {
	struct envoi_context *context; /* a reference: its allocator frees this */
	envoi_memory_accept_fn *accept;
	void *user;
	bool is_secure;
};

static int memory_make(void *own, struct envoi_channel **ret_channel,
	const struct envoi_target *target, struct envoi_channel_options *options)
{
	struct memory_connector *connector = own;
	struct envoi_memory_pair *pair;
	int r = envoi_memory_pair_new(&pair, connector->context);
	if (r < 0) {
		return r;
	}
	options->is_secure = connector->is_secure;
	r = connector->accept(connector->user, pair, target->domain);
	if (r == ENVOI_OK) {
		r = envoi_memory_channel_new(ret_channel, pair, ENVOI_MEMORY_A);
	}
	envoi_memory_pair_unref(pair);
	return r;
}

static void memory_destroy(void *own)
{
	struct memory_connector *connector = own;
	struct envoi_context *context = connector->context;
	envoi_free(context, connector);
	envoi_context_unref(context);
}

static const struct envoi_channel_connector_impl connector_impl = {
	.name = "memory",
	.make = memory_make,
	.destroy = memory_destroy,
};

int envoi_memory_connector_new(struct envoi_connector **ret_connector,
	struct envoi_context *context, envoi_memory_accept_fn *accept, void *user, bool is_secure)
{
	struct memory_connector *connector = envoi_alloc_zeroed(context, sizeof(*connector));
	if (connector == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*connector = (struct memory_connector){
		.context = envoi_context_ref(context),
		.accept = accept,
		.user = user,
		.is_secure = is_secure,
	};
	int r = envoi_channel_connector_new(ret_connector, context, &connector_impl, connector);
	if (r < 0) {
		memory_destroy(connector);
	}
	return r;
}
