/*
 * envoi - a component: where it connects, the handshake, what a failure means
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/failure.h"
#include "component/component.h"
#include "net/net_settings.h"
#include "session/session.h"

#define DEFAULT_SERVER "localhost"
#define DEFAULT_PORT "5347" /* of Prosody; XEP-0114 has none */

enum {
	LARGE_STANZA = 256 * 1024, /* servers take 256 KiB to 10 MiB from a component */
};

/* --- where it connects --- */

static bool is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
		strcmp(host, "::1") == 0 || strcmp(host, "[::1]") == 0;
}

static const char *mode_for(const struct envoi__net_settings *net, const char *server)
{
	if (net->tls_mode == ENVOI__TLS_MODE_NONE || net->tls_mode == ENVOI__TLS_MODE_DIRECT) {
		return NULL;
	}
	return is_loopback(server) ? "none" : "direct";
}

/* The settings with the defaults of components, which have no STARTTLS and no service records. */
static int complete(struct envoi_settings *settings)
{
	struct envoi__net_settings net;
	envoi__net_settings_read(&net, settings);
	int r = ENVOI_OK;
	const char *mode = mode_for(&net, net.server != NULL ? net.server : DEFAULT_SERVER);
	if (mode != NULL) {
		r = envoi_settings_set(settings, "tls.mode", mode);
	}
	if (r == ENVOI_OK && net.port == 0) {
		r = envoi_settings_set(settings, "port", DEFAULT_PORT);
	}
	if (r == ENVOI_OK && net.server == NULL) {
		r = envoi_settings_set(settings, "server", DEFAULT_SERVER);
	}
	return r;
}

int envoi__component_prepare(
	struct envoi__connection *connection, struct envoi__login_parameters *with)
{
	struct envoi_component *component = envoi__component_of(connection);
	struct envoi_settings *settings;
	int r = envoi_settings_dup(&settings, connection->settings);
	if (r < 0) {
		return r;
	}
	r = complete(settings);
	if (r < 0) {
		envoi_settings_free(settings);
		return r;
	}
	envoi_settings_free(component->login_settings);
	component->login_settings = settings;
	struct envoi__net_settings net;
	envoi__net_settings_read(&net, settings);
	with->settings = settings;
	with->host = net.server;
	return ENVOI_OK;
}

/* --- the handshake --- */

static int make_handshake(struct envoi__login *login, struct envoi_handler **ret_feature)
{
	return envoi_handshake_new(ret_feature, login->context, login->with.account->password);
}

const struct envoi__login_kind envoi__component_login = {
	.content_ns = ENVOI_NS_COMPONENT,
	.service = "xmpp-client", /* not looked up: the host is named */
	.required = ENVOI_STREAM_AUTHENTICATED,
	.is_domain = true,
	.features = {make_handshake},
};

/* --- what a failure means --- */

/* Prosody answers an unknown name with host-unknown, ejabberd as a wrong secret; both leave open
 * which of the two it is. */
static bool is_refusal(const struct envoi_failure *why)
{
	return why->code == ENVOI_ERR_STREAM && why->phase <= ENVOI_PHASE_SASL &&
		(why->stream_condition == ENVOI_STREAM_NOT_AUTHORIZED ||
			why->stream_condition == ENVOI_STREAM_HOST_UNKNOWN);
}

static bool may_be_for_size(const struct envoi_failure *why)
{
	return why->phase == ENVOI_PHASE_ONLINE &&
		(why->code == ENVOI_ERR_STREAM || why->code == ENVOI_ERR_DISCONNECTED);
}

/* Put an advice before the text of the peer. */
static void advise(struct envoi_failure *why, const char *advice)
{
	char text[512];
	bool has_text = why->text[0] != '\0';
	snprintf(text, sizeof(text), "%.200s%s%s%s", advice, has_text ? " (" : "", why->text,
		has_text ? ")" : "");
	envoi__failure_put(why->text, sizeof(why->text), text);
	why->is_peer_text = false;
	why->text_lang[0] = '\0';
}

void envoi__component_explain(struct envoi__connection *connection, struct envoi_failure *why)
{
	size_t last = connection->session->last_bytes;
	if (is_refusal(why)) {
		why->retry = ENVOI_RETRY_AFTER_USER;
		advise(why, "the server does not know the component's name, or has another secret");
	} else if (may_be_for_size(why) && last > LARGE_STANZA) {
		char advice[100];
		snprintf(advice, sizeof(advice),
			"the last stanza had %zu bytes, which may be too many for the server",
			last);
		advise(why, advice);
	}
}
