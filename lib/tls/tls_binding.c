/*
 * envoi - TLS: channel bindings
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_binding.h"

#include <string.h>

#include <envoi/error.h>

#include "tls/tls_end_point.h"

/* RFC 7627, section 1, and RFC 9266, section 4: without the extended master secret two connections
 * can be made to have the same. */
static bool is_safe(gnutls_session_t session, gnutls_channel_binding_t type)
{
	bool is_1_2 = gnutls_protocol_get_version(session) == GNUTLS_TLS1_2;
	bool has_extended_secret = (gnutls_session_get_flags(session) &
					   GNUTLS_SFLAGS_EXT_MASTER_SECRET) != 0;
	return type == GNUTLS_CB_TLS_UNIQUE ? is_1_2 && has_extended_secret
					    : !is_1_2 || has_extended_secret;
}

static int append_of_session(
	gnutls_session_t session, gnutls_channel_binding_t type, struct envoi_buffer *out)
{
	gnutls_datum_t data;
	if (!is_safe(session, type) || gnutls_session_channel_binding(session, type, &data) < 0) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	int r = data.size > 0 ? envoi_buffer_append(out, data.data, data.size)
			      : ENVOI_ERR_UNSUPPORTED;
	gnutls_free(data.data);
	return r;
}

/* Both sides look at the server's certificate. */
static int append_end_point(
	gnutls_session_t session, enum envoi_role role, struct envoi_buffer *out)
{
	unsigned int count;
	const gnutls_datum_t *certificate = role == ENVOI_RECEIVER
		? gnutls_certificate_get_ours(session)
		: gnutls_certificate_get_peers(session, &count);
	return certificate == NULL ? ENVOI_ERR_UNSUPPORTED : envoi__tls_end_point(certificate, out);
}

int envoi__tls_binding(
	gnutls_session_t session, enum envoi_role role, const char *type, struct envoi_buffer *out)
{
	if (strcmp(type, "tls-server-end-point") == 0) {
		return append_end_point(session, role, out);
	}
	if (strcmp(type, "tls-exporter") == 0) {
		return append_of_session(session, GNUTLS_CB_TLS_EXPORTER, out);
	}
	if (strcmp(type, "tls-unique") == 0) {
		return append_of_session(session, GNUTLS_CB_TLS_UNIQUE, out);
	}
	return ENVOI_ERR_UNSUPPORTED;
}
