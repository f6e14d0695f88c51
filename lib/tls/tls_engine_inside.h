/*
 * envoi - TLS as a filter without I/O: private header of the engine's files
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_ENGINE_INSIDE_H
#define ENVOI_TLS_TLS_ENGINE_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/gnutls.h>

#include "tls/tls_engine.h"
#include "tls/tls_records.h"
#include "tls/tls_resume.h"
#include "tls/tls_verify.h"

enum {
	ENVOI__TLS_FIRST_BYTES = 2,
};

enum tls_state {
	TLS_HANDSHAKE,
	TLS_OPEN,
	TLS_FAILED,
};

struct envoi__tls {
	struct envoi_tls_config *config; /* a reference */
	enum envoi_role role;
	struct envoi__tls_name name; /* initiator's */
	char *domain; /* receiver's: that the peer has named before TLS; NULL: none */
	struct envoi__tls_pair *pair; /* receiver's: a reference; NULL: not chosen yet */
	size_t handshake_bytes; /* that were read in it */
	unsigned int client_doubts; /* receiver's: OR of enum envoi_tls_doubt; it goes on */
	char *client_addresses; /* receiver's: see struct envoi_tls_info; NULL: none */
	size_t client_address_count;
	gnutls_session_t session;
	enum tls_state state;
	struct envoi__tls_resumption resumption; /* initiator's */
	enum envoi_tls_trust trust;
	struct envoi_tls_question *question; /* a reference; NULL: none */
	bool is_bye_sent;
	bool is_peer_done; /* close_notify came */
	unsigned int doubts; /* OR of enum envoi_tls_doubt: why it was refused */
	int refusal; /* why the certificate was refused; 0: it was not */
	int failure; /* of TLS_FAILED */
	struct envoi__tls_records input;
	struct envoi_buffer output;
	unsigned char first[ENVOI__TLS_FIRST_BYTES]; /* that ever came */
	size_t first_len;
	char error[ENVOI__TLS_REASON_SIZE];
};

/* --- tls_trust.c --- */

/** End the handshake before a signature of the peer is checked that takes seconds. */
void envoi__tls_trust_refuse_costly(struct envoi__tls *tls);

/** Verify the server in the handshake of this session, an initiator's. */
void envoi__tls_trust_prepare(struct envoi__tls *tls);

/**
 * Verify the server of a resumed session by the certificates that were presented in the first
 * handshake. No decision can be asked for, because the handshake is done; a session that fails is
 * not kept, and the next connection makes a new one.
 *
 * @return 0, or an error of GnuTLS's with tls->refusal
 */
int envoi__tls_trust_judge(struct envoi__tls *tls);

/* --- tls_receiver.c --- */

/** Prepare the session of a receiver. */
void envoi__tls_receiver_prepare(struct envoi__tls *tls);

/** The reason of a failure by which the client has presented no certificate.
 * @return whether that was it, tls->refusal is set */
bool envoi__tls_receiver_misses_certificate(struct envoi__tls *tls, int code);

/** Call after GnuTLS has read. @return false: the handshake is too long, tls->refusal is set */
bool envoi__tls_receiver_may_take(struct envoi__tls *tls);

#endif
