/*
 * envoi - what is compiled in
 * SPDX-License-Identifier: MIT
 *
 * The one file of lib/ that knows transports and extensions.
 */
#include <envoi/client.h>
#include <envoi/config.h>
#include <envoi/ext/caps.h>
#include <envoi/ext/disco.h>
#include <envoi/ext/ping.h>

#include "accept/accept_settings.h"
#include "client/client_settings.h"
#include "component/component_settings.h"
#include "connection/connection.h"
#include "connection/connection_settings.h"
#include "http/http_settings.h"
#include "listener/listener_settings.h"
#include "net/net_settings.h"
#include "presence/presence_settings.h"
#include "roster/roster_settings.h"
#include "sasl/sasl_settings.h"
#include "session/liveness/liveness_settings.h"
#include "session/session_settings.h"
#include "session/stream_management/stream_management_settings.h"
#include "settings/settings.h"
#include "stream/stream_settings.h"
#include "tls/tls_settings.h"
#include "transport/transport_settings.h"
#include "xml/xml_settings.h"

#if ENVOI_HAS_BOSH
#include <envoi/bosh.h>
#endif
#if ENVOI_HAS_HOST_META
#include <envoi/host_meta.h>
#endif
#if ENVOI_HAS_TCP
#include <envoi/tcp.h>
#endif
#if ENVOI_HAS_WEBSOCKET
#include <envoi/websocket.h>
#endif

/* In the order of the manual. */
const struct envoi_setting *const envoi__setting_tables[] = {
	envoi__connection_setting_table,
	envoi__client_setting_table,
	envoi__component_setting_table,
	envoi__roster_setting_table,
	envoi__presence_setting_table,
	envoi__net_setting_table,
	envoi__tls_setting_table,
	envoi__sasl_setting_table,
	envoi__stream_setting_table,
	envoi__transport_setting_table,
	envoi__http_setting_table,
	envoi__session_setting_table,
	envoi__liveness_setting_table,
	envoi__sm_setting_table,
	envoi__accept_setting_table,
	envoi__xml_setting_table,
	envoi__listener_setting_table,
	NULL,
};

typedef int connector_maker(struct envoi_connector **ret_connector, struct envoi_context *context);

#if ENVOI_HAS_HOST_META
static int make_found(struct envoi_connector **ret_connector, struct envoi_context *context,
	connector_maker *make, const char *rel)
{
	struct envoi_connector *inner;
	int r = make(&inner, context);
	return r < 0 ? r : envoi_host_meta_connector_new(ret_connector, context, inner, rel);
}

static int make_found_bosh(struct envoi_connector **ret_connector, struct envoi_context *context)
{
	return make_found(ret_connector, context, envoi_bosh_connector_new, ENVOI_HOST_META_BOSH);
}
#endif
#if ENVOI_HAS_HOST_META && ENVOI_HAS_WEBSOCKET
static int make_found_websocket(
	struct envoi_connector **ret_connector, struct envoi_context *context)
{
	return make_found(
		ret_connector, context, envoi_websocket_connector_new, ENVOI_HOST_META_WEBSOCKET);
}
#endif

/* In the order in which they are tried, where transports.order does not say another. */
static connector_maker *const connectors[] = {
#if ENVOI_HAS_TCP
	envoi_tcp_connector_new,
#endif
#if ENVOI_HAS_WEBSOCKET
	envoi_websocket_connector_new,
#endif
#if ENVOI_HAS_BOSH
	envoi_bosh_connector_new,
#endif
#if ENVOI_HAS_HOST_META && ENVOI_HAS_WEBSOCKET
	make_found_websocket,
#endif
#if ENVOI_HAS_HOST_META
	make_found_bosh,
#endif
	NULL,
};

int envoi__default_connectors(struct envoi__connectors *to, struct envoi_context *context)
{
	for (size_t i = 0; connectors[i] != NULL; i++) {
		struct envoi_connector *connector;
		int r = connectors[i](&connector, context);
		if (r == ENVOI_OK) {
			r = envoi__connectors_add(to, context, connector);
		}
		if (r < 0) {
			return r;
		}
	}
	return ENVOI_OK;
}

/* Clients and components answer pings (XEP-0199) and say what they support (XEP-0030), clients with
 * their presence too (XEP-0115); the application adds handlers that reveal more. */
int envoi__default_handlers(struct envoi_session *session)
{
	int r = envoi_session_add(session, envoi_ping_handler());
	if (r < 0) {
		return r;
	}
	bool is_client = envoi_session_client(session) != NULL;
	return envoi_session_use(
		session, is_client ? &envoi_caps_extension : &envoi_disco_extension, NULL);
}
