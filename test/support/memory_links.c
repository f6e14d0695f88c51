/*
 * envoi - a connector of BOSH whose links are in memory
 * SPDX-License-Identifier: MIT
 *
 * Private headers: links are made in memory.
 */
#include "memory_links.h"

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>

#include "bosh_link.h"

struct memory_links {
	struct envoi_connector base;
	struct envoi__bosh_link *link; /* that is being opened */
	memory_links_fn *open;
	void *open_user;
	envoi_connected_fn *done;
	void *user;
};

static struct memory_links *links_of(struct envoi_connector *base)
{
	return ENVOI_CONTAINER_OF(base, struct memory_links, base);
}

static void on_link(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct memory_links *links = user;
	links->link = NULL;
	links->done(links->user, transport, failure);
}

static int links_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct memory_links *links = links_of(base);
	struct envoi_memory_pair *pair;
	struct envoi_channel *channel;
	const struct envoi__bosh_link_options options = {
		.head_bytes = 2048,
		.done = on_link,
		.user = links,
	};
	links->done = done;
	links->user = user;
	int r = envoi_memory_pair_new(&pair, base->context);
	if (r < 0) {
		return r;
	}
	r = links->open(links->open_user, target, pair);
	r = r < 0 ? r : envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_A);
	r = r < 0 ? r : envoi__bosh_link_new(&links->link, base->context, channel, &options);
	links->link = r < 0 ? NULL : links->link;
	envoi_memory_pair_unref(pair);
	return r;
}

static void links_cancel(struct envoi_connector *base)
{
	struct envoi__bosh_link *link = links_of(base)->link;
	links_of(base)->link = NULL;
	envoi__bosh_link_free(link);
}

static void links_destroy(struct envoi_connector *base)
{
	struct envoi_context *context = envoi_context_ref(base->context);
	envoi_connector_finish(base);
	envoi_free(context, links_of(base));
	envoi_context_unref(context);
}

static const struct envoi_connector_impl links_impl = {
	.name = "bosh",
	.connect = links_connect,
	.cancel = links_cancel,
	.destroy = links_destroy,
};

int memory_links_new(struct envoi_connector **ret_connector, struct envoi_context *context,
	memory_links_fn *open, void *user)
{
	struct memory_links *links = envoi_alloc_zeroed(context, sizeof(*links));
	if (links == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_connector_init(&links->base, &links_impl, context);
	links->open = open;
	links->open_user = user;
	*ret_connector = &links->base;
	return ENVOI_OK;
}
