/*
 * envoi - TLS as a filter without I/O: bytes in, bytes out
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#include "tls/tls_config.h"
#include "tls/tls_engine_inside.h"
#include "tls/tls_question.h"
#include "tls/tls_shared.h"

enum {
	MOST_ALERTS = 4096, /* bytes of output that is not taken, to which one is added */
	UNDECIDED_BYTES = 65536, /* that a server may send before the decision */
};

/* --- input and output of GnuTLS --- */

static ssize_t push(gnutls_transport_ptr_t user, const void *data, size_t len)
{
	struct envoi__tls *tls = user;
	if (envoi_buffer_append(&tls->output, data, len) < 0) {
		gnutls_transport_set_errno(tls->session, ENOMEM);
		return -1;
	}
	return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t user, void *data, size_t size)
{
	struct envoi__tls *tls = user;
	size_t len = envoi__tls_records_take(&tls->input, data, size);
	if (len == 0) {
		gnutls_transport_set_errno(tls->session, EAGAIN);
		return -1;
	}
	tls->handshake_bytes += tls->state == TLS_HANDSHAKE ? len : 0;
	if (tls->role == ENVOI_RECEIVER && !envoi__tls_receiver_may_take(tls)) {
		gnutls_transport_set_errno(tls->session, EIO);
		return -1;
	}
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t user, unsigned int timeout_ms)
{
	struct envoi__tls *tls = user;
	(void)timeout_ms;
	return tls->input.whole > 0;
}

/* --- making --- */

static int set_credentials(struct envoi__tls *tls)
{
	gnutls_certificate_credentials_t credentials = tls->config->own_credentials != NULL
		? tls->config->own_credentials
		: envoi__tls_shared_credentials(tls->config->context);
	return credentials == NULL
		? GNUTLS_E_MEMORY_ERROR
		: gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, credentials);
}

static int set_priorities(struct envoi__tls *tls)
{
	gnutls_priority_t priorities = envoi__tls_shared_priorities(
		tls->config->context, tls->config->priorities);
	return priorities == NULL ? GNUTLS_E_MEMORY_ERROR
				  : gnutls_priority_set(tls->session, priorities);
}

static int prepare_initiator(struct envoi__tls *tls)
{
	envoi__tls_trust_prepare(tls);
	int r = set_credentials(tls);
	if (r < 0 || tls->name.address_len > 0) {
		return r; /* RFC 6066, section 3: no addresses */
	}
	return gnutls_server_name_set(
		tls->session, GNUTLS_NAME_DNS, tls->name.ascii, strlen(tls->name.ascii));
}

/* RFC 7301, section 3.2: a server selects one of the protocols offered or ends the handshake. A
 * peer without the extension is accepted by both sides: most do not support it. */
static int set_alpn(struct envoi__tls *tls, const char *alpn)
{
	char copy[256];
	snprintf(copy, sizeof(copy), "%s", alpn);
	gnutls_datum_t protocol = {(unsigned char *)copy, (unsigned int)strlen(copy)};
	return gnutls_alpn_set_protocols(tls->session, &protocol, 1, GNUTLS_ALPN_MANDATORY);
}

static int prepare(struct envoi__tls *tls, const char *alpn)
{
	unsigned int flags = GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
	if (tls->role == ENVOI_INITIATOR) {
		envoi__tls_resumption_init(&tls->resumption, tls->config, tls->name.ascii, alpn);
	}
	flags |= tls->resumption.is_wanted ? 0 : GNUTLS_NO_TICKETS;
	flags |= tls->role == ENVOI_INITIATOR ? GNUTLS_CLIENT : GNUTLS_SERVER;
	int r = gnutls_init(&tls->session, flags);
	if (r < 0) {
		tls->session = NULL;
		return r;
	}
	gnutls_session_set_ptr(tls->session, tls);
	gnutls_transport_set_ptr(tls->session, tls);
	gnutls_transport_set_push_function(tls->session, push);
	gnutls_transport_set_pull_function(tls->session, pull);
	gnutls_transport_set_pull_timeout_function(tls->session, pull_timeout);
	gnutls_handshake_set_timeout(tls->session, 0); /* the owner has deadlines */
	r = set_priorities(tls);
	if (r >= 0) {
		r = tls->role == ENVOI_INITIATOR ? prepare_initiator(tls) : 0;
	}
	if (r >= 0 && tls->role == ENVOI_RECEIVER) {
		envoi__tls_receiver_prepare(tls);
	}
	if (r >= 0 && alpn != NULL) {
		r = set_alpn(tls, alpn);
	}
	if (r >= 0) {
		envoi__tls_resumption_offer(&tls->resumption, tls->session, tls->config->context);
	}
	return r;
}

static int note_domain(struct envoi__tls *tls, const char *domain)
{
	if (domain == NULL) {
		return ENVOI_OK;
	}
	tls->domain = envoi_strndup(tls->config->context, domain, strlen(domain));
	return tls->domain == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

int envoi__tls_new(struct envoi__tls **ret_tls, struct envoi_tls_config *config,
	enum envoi_role role, const char *server_name, const char *alpn)
{
	bool is_initiator = role == ENVOI_INITIATOR;
	bool can_begin = is_initiator ? server_name != NULL : config->domains.first != NULL;
	if (is_initiator != config->is_initiator || !can_begin) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi__tls *tls = envoi_alloc_zeroed(config->context, sizeof(*tls));
	if (tls == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	tls->config = envoi_tls_config_ref(config);
	tls->role = role;
	envoi__tls_records_init(&tls->input, config->context);
	envoi_buffer_init(&tls->output, config->context, 0);
	int r = is_initiator ? envoi__tls_name_init(&tls->name, config->context, server_name)
			     : note_domain(tls, server_name);
	if (r == ENVOI_OK && prepare(tls, alpn) < 0) {
		r = ENVOI_ERR_NOMEM;
	}
	if (r < 0) {
		envoi__tls_free(tls);
		return r;
	}
	*ret_tls = tls;
	return ENVOI_OK;
}

/* A session with a server that was accepted for one connection is not kept: the next connection
 * asks for a decision again. */
static void keep_session(struct envoi__tls *tls)
{
	struct envoi_tls_info info;
	envoi__tls_get_info(tls, &info);
	if (envoi_tls_is_verified(&info)) {
		envoi__tls_resumption_keep(&tls->resumption, tls->session, tls->config->context,
			info.is_certificate_sent);
	}
}

void envoi__tls_free(struct envoi__tls *tls)
{
	if (tls == NULL) {
		return;
	}
	envoi_tls_question_unref(tls->question);
	if (tls->session != NULL) {
		keep_session(tls);
		gnutls_deinit(tls->session);
	}
	struct envoi_tls_config *config = tls->config;
	envoi__tls_pair_unref(tls->pair);
	envoi__tls_name_finish(&tls->name);
	envoi_free(config->context, tls->domain);
	envoi_free(config->context, tls->client_addresses);
	envoi__tls_records_finish(&tls->input);
	envoi_buffer_finish(&tls->output);
	envoi_free(config->context, tls);
	envoi_tls_config_unref(config);
}

int envoi__tls_feed(struct envoi__tls *tls, const char *data, size_t len)
{
	if (envoi__tls_is_undecided(tls) &&
		envoi__tls_records_len(&tls->input) + len > UNDECIDED_BYTES) {
		snprintf(tls->error, sizeof(tls->error),
			"the server sends too much before the decision about its certificate");
		tls->state = TLS_FAILED;
		return tls->failure = ENVOI_ERR_LIMIT;
	}
	for (size_t i = 0; i < len && tls->first_len < ENVOI__TLS_FIRST_BYTES; i++) {
		tls->first[tls->first_len++] = (unsigned char)data[i];
	}
	return envoi__tls_records_append(&tls->input, data, len);
}

unsigned int envoi__tls_doubts(const struct envoi__tls *tls)
{
	return tls->doubts;
}

struct envoi_buffer *envoi__tls_output(struct envoi__tls *tls)
{
	return &tls->output;
}

/* --- handshake, reading, writing --- */

/*
 * A record begins with its type and the major version 3 (RFC 8446, section 5.1), and the first
 * record is a handshake or an alert. GnuTLS waits for a whole header, which a shorter text never
 * completes.
 */
static bool may_be_tls(const struct envoi__tls *tls)
{
	static const unsigned char alert = 21, handshake = 22, major_version = 3;
	return tls->first_len == 0 ||
		((tls->first[0] == alert || tls->first[0] == handshake) &&
			(tls->first_len == 1 || tls->first[1] == major_version));
}

/* By an error of GnuTLS, or by the peer's alert. */
static bool is_about_versions(const struct envoi__tls *tls, int code)
{
	return code == GNUTLS_E_UNSUPPORTED_VERSION_PACKET ||
		(code == GNUTLS_E_FATAL_ALERT_RECEIVED &&
			gnutls_alert_get(tls->session) == GNUTLS_A_PROTOCOL_VERSION);
}

static void describe(struct envoi__tls *tls, int code)
{
	if (!may_be_tls(tls)) {
		snprintf(tls->error, sizeof(tls->error), "the peer does not speak TLS");
	} else if (is_about_versions(tls, code)) {
		bool takes_1_2 = strstr(tls->config->priorities, "TLS1.2") != NULL;
		snprintf(tls->error, sizeof(tls->error),
			"the peer does not support TLS %s or newer", takes_1_2 ? "1.2" : "1.3");
	} else if (code == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		const char *alert = gnutls_alert_get_name(gnutls_alert_get(tls->session));
		snprintf(tls->error, sizeof(tls->error), "the peer ended TLS with an alert: %s",
			alert == NULL ? "unknown" : alert);
	} else if (code == GNUTLS_E_REHANDSHAKE) {
		snprintf(tls->error, sizeof(tls->error), "the peer tried to renegotiate TLS");
	} else {
		snprintf(tls->error, sizeof(tls->error), "%s", gnutls_strerror(code));
	}
}

/* Only the alert is sent after this. */
static int fail(struct envoi__tls *tls, int code)
{
	bool was_handshake = tls->state == TLS_HANDSHAKE;
	tls->state = TLS_FAILED;
	if (code != GNUTLS_E_FATAL_ALERT_RECEIVED && code != GNUTLS_E_PUSH_ERROR) {
		gnutls_alert_send_appropriate(tls->session, code);
	}
	if (tls->refusal != ENVOI_OK || envoi__tls_receiver_misses_certificate(tls, code)) {
		tls->failure = tls->refusal;
	} else if (code == GNUTLS_E_MEMORY_ERROR || code == GNUTLS_E_PUSH_ERROR) {
		tls->failure = ENVOI_ERR_NOMEM;
	} else {
		describe(tls, code);
		tls->failure = ENVOI_ERR_TLS;
		if (was_handshake && may_be_tls(tls)) {
			envoi__tls_resumption_failed(&tls->resumption, tls->config);
		}
	}
	return tls->failure;
}

/*
 * GnuTLS returns "again" after a ticket of TLS 1.3, although records of the application may follow.
 * It means that there is nothing to read only when there is no input.
 */
static bool is_to_be_repeated(const struct envoi__tls *tls, ssize_t r, size_t left_before)
{
	if (r == GNUTLS_E_AGAIN) {
		return envoi__tls_records_len(&tls->input) > 0 &&
			envoi__tls_records_len(&tls->input) < left_before;
	}
	return r < 0 && r != GNUTLS_E_REHANDSHAKE && !gnutls_error_is_fatal((int)r);
}

static const char *trust_words(enum envoi_tls_trust trust)
{
	switch (trust) {
	case ENVOI_TLS_TRUST_NONE:
		break;
	case ENVOI_TLS_TRUST_VERIFIED:
		return "certificate verified";
	case ENVOI_TLS_TRUST_PINNED:
		return "key pinned";
	case ENVOI_TLS_TRUST_ACCEPTED:
		return "certificate accepted by decision";
	}
	return "peer not verified";
}

int envoi__tls_handshake(struct envoi__tls *tls)
{
	if (tls->state != TLS_HANDSHAKE) {
		return tls->failure;
	}
	if (!may_be_tls(tls)) {
		return fail(tls, GNUTLS_E_UNEXPECTED_PACKET);
	}
	int r = GNUTLS_E_AGAIN;
	size_t left;
	do {
		if (envoi__tls_is_undecided(tls)) {
			return ENVOI_AGAIN;
		}
		left = envoi__tls_records_len(&tls->input);
		r = gnutls_handshake(tls->session);
	} while (is_to_be_repeated(tls, r, left) || envoi__tls_is_undecided(tls));
	if (r == GNUTLS_E_AGAIN) {
		bool may_wait = tls->role == ENVOI_INITIATOR || envoi__tls_receiver_may_take(tls);
		return may_wait ? ENVOI_AGAIN : fail(tls, GNUTLS_E_RECORD_OVERFLOW);
	}
	if (r == 0 && tls->role == ENVOI_INITIATOR && gnutls_session_is_resumed(tls->session)) {
		r = envoi__tls_resumption_is_safe(tls->session) ? envoi__tls_trust_judge(tls)
								: GNUTLS_E_INSUFFICIENT_SECURITY;
	}
	if (r < 0) {
		return fail(tls, r);
	}
	if (tls->role == ENVOI_INITIATOR && tls->trust == ENVOI_TLS_TRUST_NONE) {
		return fail(tls, GNUTLS_E_CERTIFICATE_REQUIRED);
	}
	tls->state = TLS_OPEN;
	envoi_log(tls->config->context, ENVOI_LOG_INFO, ENVOI_LOG_TLS, "%s, %s, %s%s",
		gnutls_protocol_get_name(gnutls_protocol_get_version(tls->session)),
		gnutls_ciphersuite_get(tls->session), trust_words(tls->trust),
		gnutls_session_is_resumed(tls->session) ? ", resumed" : "");
	return ENVOI_OK;
}

/*
 * RFC 5246, section 7.4.1.1: a client may ignore a HelloRequest or refuse it with an alert (section
 * 7.2.2). It is ignored when the peer does not take what is sent to it.
 */
static void refuse_renegotiation(struct envoi__tls *tls)
{
	if (envoi_buffer_len(&tls->output) < MOST_ALERTS) {
		gnutls_alert_send(tls->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
	}
}

/* @return bytes, or an error of GnuTLS */
static ssize_t receive(struct envoi__tls *tls, char *data, size_t size)
{
	ssize_t r;
	size_t left;
	bool is_hello_request;
	do {
		left = envoi__tls_records_len(&tls->input);
		r = gnutls_record_recv(tls->session, data, size);
		is_hello_request = r == GNUTLS_E_REHANDSHAKE && tls->role == ENVOI_INITIATOR;
		if (is_hello_request) {
			refuse_renegotiation(tls);
		}
	} while (is_hello_request || is_to_be_repeated(tls, r, left));
	return r;
}

int envoi__tls_read(struct envoi__tls *tls, char *data, size_t size, size_t *ret_len)
{
	if (tls->is_peer_done) {
		return ENVOI_END;
	}
	if (tls->state != TLS_OPEN) {
		return tls->state == TLS_FAILED ? tls->failure : ENVOI_ERR_STATE;
	}
	ssize_t r = receive(tls, data, size);
	if (r == GNUTLS_E_AGAIN) {
		return ENVOI_AGAIN;
	}
	if (r < 0) {
		return fail(tls, (int)r);
	}
	if (r == 0) {
		tls->is_peer_done = true;
		return ENVOI_END;
	}
	*ret_len = (size_t)r;
	return ENVOI_OK;
}

/*
 * The output takes everything, so that GnuTLS never holds back a record. The peer may have asked
 * for smaller records (RFC 8449): then several are made.
 */
int envoi__tls_write(struct envoi__tls *tls, const char *data, size_t len)
{
	if (tls->state != TLS_OPEN || tls->is_bye_sent) {
		return tls->state == TLS_FAILED ? tls->failure : ENVOI_ERR_STATE;
	}
	while (len > 0) {
		ssize_t r = gnutls_record_send(tls->session, data, len);
		if (r < 0) {
			return fail(tls, (int)r);
		}
		data += r;
		len -= (size_t)r;
	}
	return ENVOI_OK;
}

void envoi__tls_bye(struct envoi__tls *tls)
{
	if (tls->state == TLS_OPEN && !tls->is_bye_sent) {
		tls->is_bye_sent = true;
		gnutls_bye(tls->session, GNUTLS_SHUT_WR);
	}
}

/* --- properties --- */

size_t envoi__tls_incomplete(const struct envoi__tls *tls)
{
	return tls->input.incomplete;
}

size_t envoi__tls_pending(const struct envoi__tls *tls)
{
	return tls->state == TLS_OPEN ? gnutls_record_check_pending(tls->session) : 0;
}

const char *envoi__tls_error_text(const struct envoi__tls *tls)
{
	return tls->error;
}
