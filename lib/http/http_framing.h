/*
 * envoi - the length of an HTTP/1.1 message's body, by its head (RFC 9112, section 6)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HTTP_HTTP_FRAMING_H
#define ENVOI_HTTP_HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "http/http_head.h"

/** The request that a response answers. */
enum envoi__http_asked {
	ENVOI__HTTP_ASKED_BODY, /* GET, POST */
	ENVOI__HTTP_ASKED_HEAD,
	ENVOI__HTTP_ASKED_TUNNEL, /* CONNECT */
	ENVOI__HTTP_ASKED_UPGRADE, /* Connection: Upgrade */
};

enum envoi__http_framing {
	ENVOI__HTTP_NO_BODY,
	ENVOI__HTTP_WITH_BODY,
	ENVOI__HTTP_INTERIM, /* 1xx: the response follows (RFC 9110, section 15.2) */
	ENVOI__HTTP_IS_TUNNEL, /* what follows is not HTTP */
};

/**
 * Find out how a body is framed, and refuse what two readers may understand in two ways (RFC 9112,
 * section 11.2): a transfer coding besides `chunked`, also before it; a length beside a transfer
 * coding; two lengths, equal ones too; a length or transfer coding where no body is allowed; a
 * transfer coding in HTTP/1.0; a request without or with two Hosts.
 *
 * @param asked            of a response
 * @param most             the largest length
 * @param[out] ret_text    the reason of a failure; static
 * @retval ENVOI_ERR_PROTOCOL
 * @retval ENVOI_ERR_LIMIT  the length is larger than @p most
 */
int envoi__http_framing(const struct envoi__http_head *head, enum envoi__http_asked asked,
	uint64_t most, enum envoi__http_framing *ret_framing, const char **ret_text);

#endif
