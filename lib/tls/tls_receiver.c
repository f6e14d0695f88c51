/*
 * envoi - TLS as a filter without I/O: the receiving side of the handshake
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <envoi/context.h>

#include "tls/tls_config.h"
#include "tls/tls_engine_inside.h"

enum {
	LONGEST_NAME = 1024, /* more than any domain (RFC 7622, section 3.2) */
	HANDSHAKE_BYTES = 32768,
};

/* --- the certificate --- */

/* @return the name in the client's first message (RFC 6066, section 3), or NULL */
static const char *server_name(gnutls_session_t session, char name[LONGEST_NAME])
{
	size_t len = LONGEST_NAME;
	unsigned int type;
	bool has_one = gnutls_server_name_get(session, name, &len, &type, 0) == 0 &&
		type == GNUTLS_NAME_DNS;
	return has_one ? name : NULL;
}

static int choose_certificate(struct envoi__tls *tls)
{
	char name[LONGEST_NAME];
	const char *const names[2] = {server_name(tls->session, name), tls->domain};
	struct envoi__tls_pair *pair;
	int r = envoi__tls_domains_choose(&tls->config->domains, names, &pair);
	if (r < 0) {
		return GNUTLS_E_MEMORY_ERROR;
	}
	pair->references++;
	tls->pair = pair;
	return gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, pair->credentials);
}

/* Called for a second ClientHello, too, which names the same server (RFC 8446, section 4.1.2). */
static int on_hello(gnutls_session_t session)
{
	struct envoi__tls *tls = gnutls_session_get_ptr(session);
	return tls->pair == NULL ? choose_certificate(tls) : 0;
}

/* --- the length of the handshake --- */

bool envoi__tls_receiver_may_take(struct envoi__tls *tls, size_t len)
{
	if (tls->state != TLS_HANDSHAKE) {
		return true;
	}
	tls->handshake_bytes += len;
	if (tls->handshake_bytes <= HANDSHAKE_BYTES) {
		return true;
	}
	snprintf(tls->error, sizeof(tls->error), "the peer's TLS handshake is too long");
	tls->refusal = ENVOI_ERR_LIMIT;
	return false;
}

int envoi__tls_receiver_prepare(struct envoi__tls *tls)
{
	gnutls_handshake_set_post_client_hello_function(tls->session, on_hello);
	return 0;
}
