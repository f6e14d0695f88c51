/*
 * envoi - XMPP over TCP: from a domain to a transport
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <idn2.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/settings.h>
#include <envoi/interfaces/transport.h>

#include "../octets/octets.h"
#include "tcp.h"

struct tcp_connector {
	struct envoi_connector base;
	struct octets_options options;
	struct envoi_dial *dial; /* NULL: nothing is under way */
	envoi_connected_fn *done;
	void *user;
};

static struct tcp_connector *connector_of(struct envoi_connector *connector)
{
	return ENVOI_CONTAINER_OF(connector, struct tcp_connector, base);
}

static void tcp_cancel(struct envoi_connector *base)
{
	struct tcp_connector *connector = connector_of(base);
	envoi_dial_free(connector->dial);
	connector->dial = NULL;
}

static void tcp_destroy(struct envoi_connector *base)
{
	struct envoi_context *context = envoi_context_ref(base->context);
	envoi_connector_finish(base);
	envoi_free(context, connector_of(base));
	envoi_context_unref(context);
}

/* The receiver may destroy the connector: its callback comes last. */
static void on_dialed(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct tcp_connector *connector = user;
	envoi_connected_fn *done = connector->done;
	void *done_user = connector->user;
	struct envoi_context *context = envoi_context_ref(connector->base.context);
	struct envoi_transport *transport = NULL;
	struct envoi_failure why = {0};
	if (failure != NULL) {
		envoi_failure_copy(&why, failure); /* the dial's goes with the dial */
	} else {
		int r = tcp_transport_new(&transport, context, dialed->fd, &connector->options);
		if (r < 0) {
			envoi_failure_set(
				&why, context, ENVOI_PHASE_CONNECT, r, "%s", envoi_error_text(r));
		}
	}
	tcp_cancel(&connector->base);
	done(done_user, transport, transport == NULL ? &why : NULL);
	envoi_failure_finish(&why);
	envoi_context_unref(context);
}

/* Names are looked up as A-labels (RFC 5891, section 5). */
static int to_ascii(char **ret_ascii, struct envoi_context *context, const char *domain)
{
	uint8_t *ascii = NULL;
	bool is_ascii = true;
	for (const char *at = domain; *at != '\0'; at++) {
		is_ascii &= (unsigned char)*at < 0x80;
	}
	if (!is_ascii) {
		int r = idn2_lookup_u8((const uint8_t *)domain, &ascii,
			IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
		if (r != IDN2_OK) {
			return r == IDN2_MALLOC ? ENVOI_ERR_NOMEM : ENVOI_ERR_INVALID;
		}
		domain = (const char *)ascii;
	}
	*ret_ascii = envoi_strndup(context, domain, strlen(domain));
	idn2_free(ascii);
	return *ret_ascii == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

/* XEP-0368: not there yet, and STARTTLS in its place would begin in clear. */
static bool is_direct(const struct envoi_settings *settings)
{
	const char *mode = settings != NULL ? envoi_settings_text(settings, "tls.mode") : NULL;
	return mode != NULL && strcmp(mode, "direct") == 0;
}

static int tcp_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct tcp_connector *connector = connector_of(base);
	char *domain;
	if (connector->dial != NULL) {
		return ENVOI_ERR_STATE;
	}
	if (is_direct(target->settings)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	int r = to_ascii(&domain, base->context, target->domain);
	if (r < 0) {
		return r;
	}
	struct envoi_dial_options options = {
		.domain = domain,
		.service = target->service,
		.timeout_ms = target->timeout_ms,
	};
	if (target->settings != NULL) {
		envoi_dial_options_from_settings(&options, target->settings);
	}
	options.roads = ENVOI_ROAD_STARTTLS;
	octets_options_read(&connector->options, target->settings);
	connector->done = done;
	connector->user = user;
	r = envoi_dial_new(&connector->dial, base->context, &options, on_dialed, connector);
	envoi_free(base->context, domain);
	return r;
}

static const struct envoi_connector_impl connector_impl = {
	.name = "tcp",
	.connect = tcp_connect,
	.cancel = tcp_cancel,
	.destroy = tcp_destroy,
};

int envoi_tcp_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context)
{
	struct tcp_connector *connector = envoi_alloc_zeroed(context, sizeof(*connector));
	if (connector == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_connector_init(&connector->base, &connector_impl, context);
	*ret_connector = &connector->base;
	return ENVOI_OK;
}
