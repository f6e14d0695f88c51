/*
 * envoi - TLS as a filter without I/O: properties of a connection
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_binding.h"
#include "tls/tls_config.h"
#include "tls/tls_engine_inside.h"

bool envoi__tls_is_secure(const struct envoi__tls *tls)
{
	return tls->state == TLS_OPEN &&
		(tls->role == ENVOI_RECEIVER || tls->trust != ENVOI_TLS_TRUST_NONE);
}

static bool is_certificate_sent(const struct envoi__tls *tls)
{
	if (tls->role == ENVOI_RECEIVER || !tls->config->has_own) {
		return false;
	}
	if (gnutls_session_is_resumed(tls->session)) {
		return tls->resumption.origin.is_certificate_sent;
	}
	return gnutls_certificate_client_get_request_status(tls->session) != 0 &&
		gnutls_certificate_get_ours(tls->session) != NULL;
}

bool envoi_tls_is_verified(const struct envoi_tls_info *info)
{
	return info->trust == ENVOI_TLS_TRUST_VERIFIED || info->trust == ENVOI_TLS_TRUST_PINNED;
}

void envoi__tls_get_info(const struct envoi__tls *tls, struct envoi_tls_info *ret_info)
{
	*ret_info = (struct envoi_tls_info){0};
	if (tls->state == TLS_OPEN) {
		ret_info->is_resumed = gnutls_session_is_resumed(tls->session) != 0;
		ret_info->version = gnutls_protocol_get_name(
			gnutls_protocol_get_version(tls->session));
		ret_info->cipher = gnutls_ciphersuite_get(tls->session);
		ret_info->trust = tls->trust;
		ret_info->is_certificate_sent = is_certificate_sent(tls);
		ret_info->client_doubts = tls->client_doubts;
		ret_info->client_addresses = tls->client_addresses;
		ret_info->client_address_count = tls->client_address_count;
		ret_info->own_address = ret_info->is_certificate_sent ? tls->config->own_address
								      : NULL;
	}
}

int envoi__tls_channel_binding(struct envoi__tls *tls, const char *type, struct envoi_buffer *out)
{
	return tls->state == TLS_OPEN ? envoi__tls_binding(tls->session, tls->role, type, out)
				      : ENVOI_ERR_UNSUPPORTED;
}

const unsigned char *envoi__tls_peer_certificate(
	const struct envoi__tls *tls, unsigned int index, size_t *ret_len)
{
	unsigned int count = 0;
	const gnutls_datum_t *chain = tls->state == TLS_OPEN
		? gnutls_certificate_get_peers(tls->session, &count)
		: NULL;
	if (chain == NULL || index >= count) {
		return NULL;
	}
	*ret_len = chain[index].size;
	return chain[index].data;
}
