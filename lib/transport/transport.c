/*
 * envoi - what all transports and connectors share
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>

#include <envoi/context.h>
#include <envoi/interfaces/transport.h>

void envoi_transport_init(struct envoi_transport *transport,
	const struct envoi_transport_impl *impl, struct envoi_context *context)
{
	assert(impl->name != NULL && impl->start != NULL && impl->send_head != NULL);
	assert(impl->send_element != NULL && impl->send_tail != NULL && impl->restart != NULL);
	assert(impl->pause != NULL && impl->resume != NULL && impl->pending != NULL);
	assert(impl->close != NULL && impl->abort != NULL && impl->destroy != NULL);
	assert(impl->peer_name != NULL && impl->is_secure != NULL);
	*transport = (struct envoi_transport){
		.impl = impl,
		.context = envoi_context_ref(context),
	};
}

void envoi_transport_finish(struct envoi_transport *transport)
{
	transport->sink = NULL;
	transport->context = envoi_context_unref(transport->context);
}

int envoi_transport_start(struct envoi_transport *transport, struct envoi_transport_sink *sink)
{
	if (sink == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (transport->sink != NULL) {
		return ENVOI_ERR_STATE;
	}
	transport->sink = sink;
	int r = transport->impl->start(transport);
	if (r < 0) {
		transport->sink = NULL;
	}
	return r;
}

void envoi_transport_destroy(struct envoi_transport *transport)
{
	if (transport == NULL) {
		return;
	}
	transport->sink = NULL;
	transport->impl->destroy(transport);
}

void envoi_connector_init(struct envoi_connector *connector,
	const struct envoi_connector_impl *impl, struct envoi_context *context)
{
	assert(impl->name != NULL && impl->connect != NULL);
	assert(impl->cancel != NULL && impl->destroy != NULL);
	*connector = (struct envoi_connector){
		.impl = impl,
		.context = envoi_context_ref(context),
	};
}

void envoi_connector_finish(struct envoi_connector *connector)
{
	connector->context = envoi_context_unref(connector->context);
}

void envoi_connector_destroy(struct envoi_connector *connector)
{
	if (connector == NULL) {
		return;
	}
	connector->impl->cancel(connector);
	connector->impl->destroy(connector);
}
