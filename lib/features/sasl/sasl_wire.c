/*
 * envoi - SASL on the wire: shared by both sides
 * SPDX-License-Identifier: MIT
 */
#include "features/sasl/sasl_feature.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "base/context.h"
#include "net/net_settings.h"
#include "xml/element.h"

void envoi__sasl_policy_read(
	struct envoi__sasl_policy *ret_policy, const struct envoi_settings *settings)
{
	envoi__sasl_settings_read(&ret_policy->values, settings);
	ret_policy->allows_clear = envoi__tls_mode_of(settings) == ENVOI__TLS_MODE_NONE;
}

bool envoi__sasl_may_go_on(
	const struct envoi_stream *stream, const struct envoi__sasl_policy *policy)
{
	return policy->allows_clear || (envoi_stream_bits(stream) & ENVOI_STREAM_SECURE) != 0;
}

int envoi__sasl_read(
	const struct envoi_element *element, struct envoi_buffer *data, bool *ret_is_present)
{
	const char *text = envoi_element_text(element);
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	size_t len = strlen(text), data_len;
	bool is_present = len > 0;
	if (is_present && strcmp(text, "=") != 0) {
		char *room;
		int r = envoi_buffer_reserve(data, envoi_base64_decoded_size(len), &room);
		if (r == ENVOI_OK) {
			r = envoi_base64_decode(room, &data_len, text, len);
		}
		if (r < 0) {
			return r;
		}
		envoi_buffer_commit(data, data_len);
	}
	if (ret_is_present != NULL) {
		*ret_is_present = is_present;
	}
	return ENVOI_OK;
}

static int add_data(struct envoi_element *element, struct envoi_context *context,
	const struct envoi_buffer *data)
{
	size_t len = envoi_buffer_len(data), size = envoi_base64_encoded_size(len);
	char *text = envoi_alloc(context, size);
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_base64_encode(text, envoi_buffer_data(data), len);
	envoi_element_add_text(element, text);
	envoi__wipe(text, size);
	envoi_free(context, text);
	return envoi_element_error(element);
}

void envoi__sasl_wipe_element(const struct envoi_element *element)
{
	struct envoi__node *node = element != NULL ? element->first : NULL;
	for (; node != NULL; node = node->next) {
		if (node->text != NULL) {
			envoi__wipe(node->text, strlen(node->text));
		}
	}
	if (element != NULL && element->joined != NULL) {
		envoi__wipe(element->joined, strlen(element->joined));
	}
}

int envoi__sasl_send(struct envoi_stream *stream, const char *name, const char *mechanism,
	const struct envoi_buffer *data, enum envoi__sasl_empty empty)
{
	struct envoi_context *context = envoi_stream_context(stream);
	struct envoi_element *element = envoi_element_new(context, ENVOI_NS_SASL, name);
	envoi_element_set(element, "mechanism", mechanism);
	int r = envoi_element_error(element);
	if (r == ENVOI_OK && data != NULL && envoi_buffer_len(data) > 0) {
		r = add_data(element, context, data);
	} else if (data != NULL && empty == ENVOI__SASL_EMPTY_AS_EQUALS_SIGN) {
		envoi_element_add_text(element, "=");
	}
	if (r == ENVOI_OK) {
		r = envoi_stream_send_element(stream, element);
	}
	envoi__sasl_wipe_element(element);
	envoi_element_unref(element);
	return r;
}

int envoi__sasl_bindings_get(
	struct envoi__sasl_bindings *bindings, const struct envoi_stream *stream)
{
	static const char *const types[ENVOI__SASL_BINDINGS] = {
		"tls-exporter", "tls-unique", "tls-server-end-point"};
	*bindings = (struct envoi__sasl_bindings){0};
	struct envoi_transport *transport = envoi_stream_transport(stream);
	if (transport->impl->channel_binding == NULL) {
		return ENVOI_OK;
	}
	for (size_t i = 0; i < ENVOI__SASL_BINDINGS; i++) {
		struct envoi_buffer *data = &bindings->data[i];
		envoi_buffer_init(data, envoi_stream_context(stream), 0);
		int r = transport->impl->channel_binding(transport, types[i], data);
		/* Going on as if the connection had no binding would be a downgrade. */
		if (r == ENVOI_ERR_NOMEM) {
			return r;
		}
		if (r == ENVOI_OK && envoi_buffer_len(data) > 0) {
			bindings->types[bindings->count] = types[i];
			bindings->list[bindings->count++] = (struct envoi_sasl_binding){
				.type = types[i],
				.data = envoi_buffer_data(data),
				.len = envoi_buffer_len(data),
			};
		}
	}
	return ENVOI_OK;
}

void envoi__sasl_bindings_finish(struct envoi__sasl_bindings *bindings)
{
	for (size_t i = 0; i < ENVOI__SASL_BINDINGS; i++) {
		envoi_buffer_wipe(&bindings->data[i]);
	}
}
