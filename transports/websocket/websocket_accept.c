/*
 * envoi - XMPP over WebSocket: from a request to a transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP, and framings of byte streams, have no public ones.
 */
#include <envoi/context.h>
#include <envoi/web.h>
#include <envoi/websocket.h>

#include "../web/web_inside.h"
#include "transport/bytestream/framing.h"
#include "websocket_framing.h"
#include "websocket_handshake.h"

/* RFC 6455, section 4.4. */
static int refuse(struct envoi_web_connection *connection, int status)
{
	static const char *const fields[] = {
		"Upgrade", "websocket", "Sec-WebSocket-Version", "13", NULL};
	const struct envoi_web_response response = {
		.status = status, .fields = status == 426 ? fields : NULL, .closes = true};
	int r = envoi_web_respond(connection, &response);
	if (r < 0) {
		envoi_web_connection_free(connection);
	}
	return r < 0 ? r : ENVOI_DECLINED;
}

static int make_framing(struct envoi__framing **ret_framing, struct envoi_context *context,
	const struct envoi__http_head *head)
{
	struct envoi_buffer greeting;
	envoi_buffer_init(&greeting, context, 0);
	int r = envoi__websocket_response(&greeting, head);
	if (r == ENVOI_OK) {
		r = envoi__websocket_framing_new(ret_framing, context, ENVOI_RECEIVER, NULL);
	}
	if (r == ENVOI_OK) {
		envoi__websocket_framing_greet(*ret_framing, &greeting);
	}
	envoi_buffer_finish(&greeting);
	return r;
}

/* @param connection  freed, on failure too */
static int take_over(struct envoi_transport **ret_transport,
	struct envoi_web_connection *connection, const struct envoi__http_head *head)
{
	struct envoi_context *context = connection->context;
	struct envoi__framing *framing;
	struct envoi__web_takeover takeover;
	int r = make_framing(&framing, context, head);
	if (r < 0) {
		envoi_web_connection_free(connection);
		return r;
	}
	envoi_context_ref(context);
	r = envoi__web_take_over(connection, &takeover);
	if (r < 0) {
		framing->impl->destroy(framing);
	} else {
		r = envoi__byte_stream_adopt(ret_transport, context, takeover.channel, framing,
			&takeover.left, &takeover.options);
	}
	envoi_context_unref(context);
	return r;
}

int envoi_websocket_accept(
	struct envoi_transport **ret_transport, struct envoi_web_connection *connection)
{
	const struct envoi__http_head *head = envoi__web_head(connection);
	if (head == NULL) {
		return ENVOI_ERR_STATE;
	}
	int status = connection->request.body_len > 0 ? 400 : envoi__websocket_check_request(head);
	return status != 101 ? refuse(connection, status)
			     : take_over(ret_transport, connection, head);
}
