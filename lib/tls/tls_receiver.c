/*
 * envoi - TLS as a filter without I/O: the receiving side of the handshake
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#include "tls/tls_config.h"
#include "tls/tls_engine_inside.h"

enum {
	LONGEST_NAME = 1024, /* more than any domain (RFC 7622, section 3.2) */
	HANDSHAKE_BYTES = 10240, /* two ClientHello messages with long key shares, and more */
	LONG_HANDSHAKE_BYTES = 65536, /* with ENVOI__TLS_CHAIN_MAX certificates of 2 KiB */
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

/* --- the client's certificate --- */

static bool is_required(const struct envoi__tls *tls)
{
	return tls->config->request == ENVOI_TLS_REQUEST_REQUIRED;
}

static size_t count_texts(const struct envoi_buffer *texts)
{
	const char *data = envoi_buffer_data(texts);
	size_t count = 0;
	for (size_t at = 0; at < envoi_buffer_len(texts); at += strlen(data + at) + 1) {
		count++;
	}
	return count;
}

/* An empty text ends the list. */
static int keep_addresses(struct envoi__tls *tls, struct envoi_buffer *addresses)
{
	struct envoi_context *context = tls->config->context;
	size_t count = count_texts(addresses);
	int r = envoi_buffer_append(addresses, "", 1);
	if (r < 0) {
		return r;
	}
	char *copy = envoi_alloc(context, envoi_buffer_len(addresses));
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(copy, envoi_buffer_data(addresses), envoi_buffer_len(addresses));
	envoi_free(context, tls->client_addresses);
	tls->client_addresses = copy;
	tls->client_address_count = count;
	return ENVOI_OK;
}

static int verify_chain(
	struct envoi__tls *tls, struct envoi__tls_verdict *ret_verdict, unsigned int count)
{
	const struct envoi_tls_config *config = tls->config;
	struct envoi_buffer addresses;
	envoi_buffer_init(&addresses, config->context, 0);
	int r = envoi__tls_verify_client(ret_verdict, config->context,
		envoi__tls_store_list(config->trust),
		gnutls_certificate_get_peers(tls->session, &count), count, &addresses);
	if (r == ENVOI_OK) {
		r = keep_addresses(tls, &addresses);
	}
	envoi_buffer_finish(&addresses);
	return r;
}

/* XEP-0178, section 2: without a certificate that is acceptable, EXTERNAL is not offered. */
static void go_on_unverified(struct envoi__tls *tls, const struct envoi__tls_verdict *verdict)
{
	tls->client_doubts = verdict->doubts != 0 ? verdict->doubts
						  : (unsigned int)ENVOI_TLS_DOUBT_INVALID;
	envoi_log(tls->config->context, ENVOI_LOG_INFO, ENVOI_LOG_TLS,
		"the client's certificate counts as none: %s", verdict->reasons);
}

/* Called in the handshake when the client has presented its certificates, or none. */
static int verify(gnutls_session_t session)
{
	struct envoi__tls *tls = gnutls_session_get_ptr(session);
	struct envoi__tls_verdict verdict;
	unsigned int count = 0;
	if (gnutls_certificate_get_peers(session, &count) == NULL || count == 0) {
		return 0; /* if it is required, GnuTLS has ended the handshake */
	}
	int r = verify_chain(tls, &verdict, count);
	if (r == ENVOI_ERR_CERTIFICATE && !is_required(tls)) {
		go_on_unverified(tls, &verdict);
		return 0;
	}
	if (r < 0) {
		tls->refusal = r;
		tls->doubts = r == ENVOI_ERR_CERTIFICATE ? verdict.doubts : 0;
		snprintf(tls->error, sizeof(tls->error), "%s",
			r == ENVOI_ERR_CERTIFICATE ? verdict.reasons : envoi_error_text(r));
		return r == ENVOI_ERR_NOMEM ? GNUTLS_E_MEMORY_ERROR : GNUTLS_E_CERTIFICATE_ERROR;
	}
	tls->trust = verdict.trust;
	return 0;
}

static void request_certificate(struct envoi__tls *tls)
{
	envoi__tls_config_refresh_clients(tls->config);
	gnutls_certificate_server_set_request(
		tls->session, is_required(tls) ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	gnutls_session_set_verify_function(tls->session, verify);
	envoi__tls_trust_refuse_costly(tls);
}

bool envoi__tls_receiver_misses_certificate(struct envoi__tls *tls, int code)
{
	if (!is_required(tls) ||
		(code != GNUTLS_E_NO_CERTIFICATE_FOUND && code != GNUTLS_E_CERTIFICATE_REQUIRED)) {
		return false;
	}
	snprintf(tls->error, sizeof(tls->error), "the client presents no certificate");
	tls->refusal = ENVOI_ERR_CERTIFICATE;
	return true;
}

/* --- the length of the handshake --- */

/* Bytes of a record that is incomplete are held, too. */
bool envoi__tls_receiver_may_take(struct envoi__tls *tls)
{
	if (tls->state != TLS_HANDSHAKE) {
		return true;
	}
	bool has_certificates = tls->config->request != ENVOI_TLS_REQUEST_NONE;
	size_t most = has_certificates ? LONG_HANDSHAKE_BYTES : HANDSHAKE_BYTES;
	size_t held = envoi__tls_records_len(&tls->input) - tls->input.whole;
	if (tls->handshake_bytes + held <= most) {
		return true;
	}
	snprintf(tls->error, sizeof(tls->error), "the peer's TLS handshake is too long");
	tls->refusal = ENVOI_ERR_LIMIT;
	return false;
}

void envoi__tls_receiver_prepare(struct envoi__tls *tls)
{
	gnutls_handshake_set_post_client_hello_function(tls->session, on_hello);
	if (tls->config->request != ENVOI_TLS_REQUEST_NONE) {
		request_certificate(tls);
	}
}
