/*
 * envoi - TLS configurations, private part
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_CONFIG_H
#define ENVOI_TLS_TLS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <envoi/buffer.h>
#include <envoi/tls.h>

#include "tls/tls_domains.h"
#include "tls/tls_file.h"
#include "tls/tls_store.h"

/** A key that was accepted for one name. */
struct envoi__tls_named_pin {
	unsigned char spki[ENVOI_TLS_SPKI_BYTES];
	char name[256]; /* as of struct envoi_tls_peer */
};

struct envoi_tls_config {
	unsigned int references;
	bool is_initiator;
	struct envoi_context *context; /* a reference */
	/* initiator's: the own certificate; authorities are not in it. NULL: those of the context,
	 * without a certificate */
	gnutls_certificate_credentials_t own_credentials;
	struct envoi__tls_domains domains; /* receiver's */
	enum envoi_tls_request request; /* receiver's */
	char *client_ca_file; /* receiver's; NULL: none */
	struct envoi__tls_file_id client_ca_id; /* of the file when it was last read */
	int64_t client_ca_checked_ms; /* wall clock */
	struct envoi__tls_store *trust; /* a reference; NULL: no certificates are requested */
	const char *priorities; /* static */
	struct envoi_buffer pins; /* ENVOI_TLS_SPKI_BYTES each */
	struct envoi_buffer named_pins; /* struct envoi__tls_named_pin each */
	bool pin_is_enough;
	bool may_resume;
	bool was_session_refused;
	char *account; /* part of the key of sessions; NULL: not */
	struct envoi_tls_decider *decider; /* borrowed; NULL: none */
	unsigned int open_questions; /* to the decider */
	uint64_t asked_since_ms, asked_ms; /* by the loop's clock: since; before */
	bool has_own; /* certificate */
	char *own_address; /* see struct envoi_tls_info */
};

/** Make a configuration without anything in it, for the receiving side. */
int envoi__tls_config_make(struct envoi_tls_config **ret_config, struct envoi_context *context);

/** Read the authorities of clients again, if their file has changed and it was not looked at
 * within the last second. Where that fails, the earlier ones are kept. */
void envoi__tls_config_refresh_clients(struct envoi_tls_config *config);

/** Add a pin for one name: a key that was accepted for a host of the web is not that of the XMPP
 * server. @retval ENVOI_ERR_INVALID  the name is no domain @retval ENVOI_ERR_NOMEM */
int envoi__tls_config_pin(struct envoi_tls_config *config,
	const unsigned char spki[ENVOI_TLS_SPKI_BYTES], const char *name);

/**
 * Set the account. Sessions of other accounts are not resumed: they would show the server that the
 * accounts belong to one program.
 * @param account  NULL: anonymous; no session is resumed
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_config_set_account(struct envoi_tls_config *config, const char *account, size_t len);

/**
 * Whether a handshake with this configuration failed in which a session was offered, not because of
 * the certificate. Another connection to the same server offers none and may succeed.
 */
bool envoi__tls_config_was_session_refused(const struct envoi_tls_config *config);

/** A question to the decider opens, or closes. */
void envoi__tls_config_question_opens(struct envoi_tls_config *config);
void envoi__tls_config_question_closes(struct envoi_tls_config *config);
/** @return for how many milliseconds at least one question was open: deadlines do not count them */
uint64_t envoi__tls_config_asked_ms(const struct envoi_tls_config *config);

#endif
