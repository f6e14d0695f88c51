/*
 * envoi - stream limits (XEP-0478, version 0.1.0)
 * SPDX-License-Identifier: MIT
 */
#include "session/limits/stream_limits.h"

#include <envoi/context.h>
#include <envoi/interfaces/features.h>
#include <envoi/settings.h>
#include <envoi/values.h>

#include "session/liveness/liveness_settings.h"
#include "stanza/own_handler.h"
#include "xml/xml_settings.h"

enum {
	LEAST_BYTES = 10000, /* RFC 6120, section 13.12 */
};

/* --- what the peer announces --- */

/* @return 0: there is none */
static uint64_t read_number(const struct envoi_element *limits, const char *name, uint64_t most)
{
	const struct envoi_element *child = envoi_element_child(limits, NULL, name);
	uint64_t number = 0;
	return child != NULL && envoi_uint_parse(envoi_element_text(child), 1, most, &number) == 0
		? number
		: 0;
}

struct envoi__stream_limits envoi__stream_limits_read(const struct envoi_element *features)
{
	const struct envoi_element *limits = envoi_element_child(
		features, ENVOI_NS_STREAM_LIMITS, "limits");
	uint64_t bytes = read_number(limits, "max-bytes", SIZE_MAX);
	return (struct envoi__stream_limits){
		.max_bytes = bytes == 0       ? SIZE_MAX
			: bytes < LEAST_BYTES ? LEAST_BYTES
					      : (size_t)bytes,
		.idle_ms = read_number(limits, "idle-seconds", UINT32_MAX) * 1000,
	};
}

/* --- what this side announces --- */

struct announcer {
	struct envoi__own_handler own;
	size_t bytes_before_login, bytes_after_login;
	uint64_t idle_seconds; /* 0: not announced */
};

static void add_number(struct envoi_element *limits, const char *name, uint64_t number)
{
	char text[ENVOI_INT_SIZE];
	envoi_element_add_with_text(limits, NULL, name, envoi_uint_print(text, number));
}

/* After the login a silent peer is probed (section 3.1); before, each phase has its deadline. */
static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	const struct announcer *announcer = ENVOI_CONTAINER_OF(self, struct announcer, own.handler);
	bool is_logged_in = (envoi_stream_bits(stream) & ENVOI_STREAM_AUTHENTICATED) != 0;
	struct envoi_element *limits = envoi_element_add(
		features, ENVOI_NS_STREAM_LIMITS, "limits");
	add_number(limits, "max-bytes",
		is_logged_in ? announcer->bytes_after_login : announcer->bytes_before_login);
	if (is_logged_in && announcer->idle_seconds > 0) {
		add_number(limits, "idle-seconds", announcer->idle_seconds);
	}
	return envoi_element_error(features);
}

static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_STREAM_LIMITS,
	.name = "limits",
	.order = ENVOI_ORDER_LAST,
	.offer = offer,
};

static const struct envoi_handler_impl announcer_impl = {
	.name = "stream-limits",
	.stream_feature = &feature,
	.destroy = envoi__own_handler_free,
};

int envoi_stream_limits_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_settings *settings)
{
	struct announcer *announcer = envoi__own_handler_new(
		sizeof(*announcer), &announcer_impl, context);
	struct envoi__xml_settings xml;
	struct envoi__liveness_settings liveness;
	if (announcer == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__xml_settings_read(&xml, settings);
	envoi__liveness_settings_read(&liveness, settings);
	announcer->bytes_before_login = xml.before_login.stanza_bytes;
	announcer->bytes_after_login = xml.after_login.stanza_bytes;
	announcer->idle_seconds = liveness.method == ENVOI__LIVENESS_PROBE
		? liveness.probe_after_ms / 1000
		: 0;
	*ret_handler = &announcer->own.handler;
	return ENVOI_OK;
}
