/*
 * envoi - connectors over TCP: the server of a URL, for what is carried over HTTP
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#ifndef ENVOI_TCP_URL_H
#define ENVOI_TCP_URL_H

#include <stddef.h>

#include "http/http_url.h"
#include "tcp_connector.h"

struct tcp_url {
	struct envoi__http_url url; /* of the target */
	const char *server_name; /* that the certificate is for: of the URL, or the domain */
	size_t head_bytes; /* the largest head of a response */
};

/**
 * Set the options of a dial to the host of a URL, or to that of the setting server.
 *
 * @param url  borrows from itself and from @p tcp
 * @retval ENVOI_ERR_INVALID  no URL, or it is not secure where TLS is required, or the reverse
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_UNSUPPORTED
 */
int envoi__tcp_url_prepare(struct tcp_url *url, const struct tcp_connector *tcp,
	const struct envoi_target *target, struct envoi_dial_options *options);

#endif
