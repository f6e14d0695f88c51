/*
 * envoi-server - the hash of what service discovery answers, in stream features (XEP-0115)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/ext/disco.h>

#include "inside.h"

/* Section 6.3: of the server; it does not change while the server runs. */
static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	struct envoi_server *server = ENVOI_CONTAINER_OF(self, struct envoi_server, capabilities);
	const struct envoi_caps caps = {
		.hash = (char *)(uintptr_t) "sha-1",
		.node = (char *)(uintptr_t)ENVOI_CAPS_NODE,
		.ver = server->ver,
	};
	(void)stream;
	return envoi_payload_add(features, &envoi_caps_type, &caps, NULL);
}

static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_CAPS,
	.name = "c",
	.order = ENVOI_ORDER_SESSION + 2,
	.necessary = ENVOI_STREAM_AUTHENTICATED,
	.forbidden = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.offer = offer,
};
static const struct envoi_handler_impl capabilities_impl = {
	.name = "capabilities",
	.stream_feature = &feature,
};

int envoi__capabilities_init(struct envoi_server *server)
{
	char category[] = "server", type[] = "im";
	struct envoi_disco_identity identity = {.category = category, .type = type};
	struct envoi__features features;
	envoi__server_features(server, &features);
	const struct envoi_disco_info info = {
		.identities = &identity,
		.identity_count = 1,
		.features = (char **)(uintptr_t)features.names,
		.feature_count = features.count,
	};
	int r = envoi_caps_ver(server->ver, server->context, &info);
	server->capabilities = (struct envoi_handler)ENVOI_HANDLER(&capabilities_impl);
	return r < 0 ? r : envoi_acceptor_add_feature(server->acceptor, &server->capabilities);
}

bool envoi__capabilities_is_node(const struct envoi_server *server, const char *node)
{
	static const char prefix[] = ENVOI_CAPS_NODE "#";
	const size_t len = sizeof(prefix) - 1;
	return strncmp(node, prefix, len) == 0 && strcmp(node + len, server->ver) == 0;
}
