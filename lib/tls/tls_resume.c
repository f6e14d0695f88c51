/*
 * envoi - resuming TLS sessions (RFC 8446, section 2.2; RFC 5077, RFC 7627)
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_resume.h"

#include <string.h>

#include <gnutls/crypto.h>

enum {
	SECONDS = ENVOI__TLS_CACHE_HOURS * 3600,
};

/* With the terminator, so that different lists of texts have different hashes. */
static int hash_text(gnutls_hash_hd_t hash, const char *text)
{
	return gnutls_hash(hash, text == NULL ? "" : text, text == NULL ? 1 : strlen(text) + 1);
}

static int hash_buffer(gnutls_hash_hd_t hash, const struct envoi_buffer *buffer)
{
	size_t len = envoi_buffer_len(buffer);
	int r = gnutls_hash(hash, &len, sizeof(len));
	return r < 0 || len == 0 ? r : gnutls_hash(hash, envoi_buffer_data(buffer), len);
}

static int hash_pins(gnutls_hash_hd_t hash, const struct envoi_tls_config *config)
{
	int r = hash_buffer(hash, &config->pins);
	return r < 0 ? r : hash_buffer(hash, &config->named_pins);
}

static int hash_own_certificate(gnutls_hash_hd_t hash, const struct envoi_tls_config *config)
{
	gnutls_datum_t own;
	return config->has_own &&
			gnutls_certificate_get_crt_raw(config->own_credentials, 0, 0, &own) == 0
		? gnutls_hash(hash, own.data, own.size)
		: 0;
}

void envoi__tls_resumption_init(struct envoi__tls_resumption *resumption,
	const struct envoi_tls_config *config, const char *name, const char *alpn)
{
	gnutls_hash_hd_t hash;
	*resumption = (struct envoi__tls_resumption){0};
	if (!config->may_resume || gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0) {
		return;
	}
	uint64_t trust = envoi__tls_store_serial(config->trust);
	resumption->is_wanted = hash_text(hash, name) >= 0 && hash_text(hash, alpn) >= 0 &&
		hash_text(hash, config->account) >= 0 && hash_text(hash, config->priorities) >= 0 &&
		gnutls_hash(hash, &trust, sizeof(trust)) >= 0 &&
		gnutls_hash(hash, &config->pin_is_enough, sizeof(config->pin_is_enough)) >= 0 &&
		hash_pins(hash, config) >= 0 && hash_own_certificate(hash, config) >= 0;
	gnutls_hash_deinit(hash, resumption->key.bytes);
}

void envoi__tls_resumption_offer(struct envoi__tls_resumption *resumption, gnutls_session_t session,
	struct envoi_context *context)
{
	struct envoi__tls_session kept;
	gnutls_db_set_cache_expiration(session, SECONDS);
	if (!resumption->is_wanted || !envoi__tls_cache_take(context, &resumption->key, &kept)) {
		return;
	}
	resumption->origin = kept.origin;
	resumption->is_offered = gnutls_session_set_data(session, kept.data.data, kept.data.size) ==
		0;
	envoi__tls_session_finish(&kept);
}

bool envoi__tls_resumption_is_safe(gnutls_session_t session)
{
	return gnutls_protocol_get_version(session) == GNUTLS_TLS1_2
		? (gnutls_session_get_flags(session) & GNUTLS_SFLAGS_EXT_MASTER_SECRET) != 0
		: gnutls_group_get(session) != GNUTLS_GROUP_INVALID;
}

/*
 * Some servers end a handshake in which they are offered a session that they do not accept, instead
 * of negotiating a new one. Offers would fail every second connection.
 */
void envoi__tls_resumption_failed(
	const struct envoi__tls_resumption *resumption, struct envoi_tls_config *config)
{
	if (resumption->is_offered) {
		config->was_session_refused = true;
		envoi__tls_cache_bar(config->context, &resumption->key);
	}
}

static struct envoi__tls_origin new_origin(
	gnutls_session_t session, struct envoi_context *context, bool is_certificate_sent)
{
	int64_t now_ms = envoi_context_wall_clock_ms(context);
	int64_t end_ms = (int64_t)gnutls_certificate_expiration_time_peers(session) * 1000;
	struct envoi__tls_origin origin = {
		.since_ms = now_ms,
		.until_ms = now_ms + (int64_t)SECONDS * 1000,
		.is_certificate_sent = is_certificate_sent,
	};
	if (end_ms < origin.until_ms) {
		origin.until_ms = end_ms; /* then a decision may be needed */
	}
	return origin;
}

/*
 * A ticket is used once, so that an observer cannot link two connections; a resumed session without
 * a new ticket is not resumed again.
 */
static bool can_be_resumed(gnutls_session_t session)
{
	unsigned int flags = gnutls_session_get_flags(session);
	bool has_ticket = (flags & GNUTLS_SFLAGS_SESSION_TICKET) != 0;
	if (gnutls_protocol_get_version(session) == GNUTLS_TLS1_2) {
		return (flags & GNUTLS_SFLAGS_EXT_MASTER_SECRET) != 0 &&
			(has_ticket || !gnutls_session_is_resumed(session));
	}
	return has_ticket;
}

void envoi__tls_resumption_keep(const struct envoi__tls_resumption *resumption,
	gnutls_session_t session, struct envoi_context *context, bool is_certificate_sent)
{
	struct envoi__tls_session kept = {
		.origin = gnutls_session_is_resumed(session)
			? resumption->origin
			: new_origin(session, context, is_certificate_sent),
	};
	if (resumption->is_wanted && can_be_resumed(session) &&
		gnutls_session_get_data2(session, &kept.data) == 0) {
		envoi__tls_cache_put(context, &resumption->key, &kept);
	}
}
