/*
 * envoi - why a connection failed or ended
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_FAILURE_H
#define ENVOI_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/conditions.h>
#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

/** The phase in which a connection failed or ended. */
enum envoi_phase {
	ENVOI_PHASE_NONE,
	ENVOI_PHASE_RESOLVE, /**< looking up names */
	ENVOI_PHASE_CONNECT, /**< reaching an address */
	ENVOI_PHASE_TLS, /**< STARTTLS or the TLS handshake */
	ENVOI_PHASE_STREAM, /**< stream headers and features */
	ENVOI_PHASE_SASL, /**< authentication */
	ENVOI_PHASE_BIND, /**< resource binding and session */
	ENVOI_PHASE_ONLINE, /**< stanzas flow */
	ENVOI_PHASE_CLOSE, /**< waiting for the peer's closing tag */
};

/** A failed look-up, or a failed connection to one address. */
struct envoi_attempt {
	char target[256]; /**< the name looked up or connected to */
	char address[64]; /**< "192.0.2.1", "2001:db8::1"; "" before an address was known */
	uint16_t port; /**< 0: not known */
	enum envoi_phase phase;
	int code; /**< enum envoi_error */
	char text[128]; /**< "connection refused", for example */
};

/**
 * Why a connection failed or ended. Only the attempts are in allocated memory. Texts are UTF-8, one
 * line each, without control characters, "" when absent. Some come from the peer: do not trust
 * them.
 *
 * @p retry is the advice. It follows from the condition that the peer sent
 * (<envoi/conditions.h>), else from @p code:
 *
 * AUTH, CERTIFICATE, INVALID, LIMIT, STANZA, TLS, UNSUPPORTED
 *                                                  after the user
 * DISCONNECTED, FULL, NOMEM, STREAM, SYSTEM, TIMEOUT, UNREACHABLE
 *                                                  later
 * PROTOCOL, XML                                    never: the peer is not an XMPP server, or broken
 * LIMIT, PROTOCOL, TLS, XML in phase ONLINE        later: the login had succeeded
 * OK (closed on this side), CANCELED, others       never
 *
 * with two exceptions: if the peer closes an established stream, the code is ENVOI_OK and the
 * advice later; if the peer requires a feature that the settings exclude, such as STARTTLS where
 * tls.mode is none, the code is PROTOCOL and the advice after the user.
 *
 * Phase and code together identify the cause. A client's login ends with one of
 *
 * RESOLVE  UNREACHABLE  no such name, no address, no such service, or the name servers failed: see
 *                       the attempts; TIMEOUT  the name servers did not answer
 * CONNECT  UNREACHABLE  no address accepts a connection; TIMEOUT; SYSTEM  the cause is on this host
 * TLS      CERTIFICATE  the certificate is not trusted: @p tls_doubts; TLS  the server offers no
 *                       TLS, or none of a kind that is accepted; INVALID  a file named by a setting
 *                       cannot be used; AUTH  the password of the client certificate's key is
 *                       missing or wrong; DISCONNECTED, TIMEOUT
 * STREAM   STREAM       the server refuses: @p stream_condition; XML, PROTOCOL  the peer is not an
 *                       XMPP server, or broken; DISCONNECTED, LIMIT, TIMEOUT
 * SASL     AUTH         the server refuses, for a wrong password for example: @p sasl_condition;
 *                       without one, no mechanism of the server is accepted, or the server has not
 *                       proved that it has the secret; LIMIT, STREAM, XML, PROTOCOL,
 *                       DISCONNECTED, TIMEOUT
 * BIND     STANZA       the resource is refused: @p stanza_condition; others as in SASL
 * any      NOMEM, CANCELED (the client was freed), OK (envoi_client_disconnect() was called)
 *
 * A session in phase ONLINE or CLOSE ends with OK, STREAM, DISCONNECTED, TIMEOUT, XML, PROTOCOL,
 * LIMIT, TLS, NOMEM or CANCELED. The failure of a setter has phase NONE.
 */
struct envoi_failure {
	enum envoi_phase phase;
	int code; /**< enum envoi_error; ENVOI_OK: the stream was closed in order */
	enum envoi_retry retry;
	enum envoi_stream_condition stream_condition; /**< sent or received, if any */
	enum envoi_sasl_condition sasl_condition; /**< received, if any */
	/** received when binding was refused, if any */
	enum envoi_stanza_condition stanza_condition;
	/** the element name of the stream, SASL or stanza error condition, also of an unknown
	 * one */
	char condition[64];
	/** element name of the peer's application-specific condition (RFC 6120, section 4.9.4) */
	char application[64];
	char application_ns[128]; /**< the namespace of that element */
	char text[256]; /**< the peer's text, or the library's */
	bool is_peer_text; /**< @p text is the peer's */
	char text_lang[36]; /**< the language tag of the peer's text */
	/**
	 * reasons why the server's certificate is not trusted: OR of enum envoi_tls_doubt
	 * (<envoi/tls.h>); 0: the failure has another cause
	 */
	unsigned int tls_doubts;
	char mechanism[24]; /**< the SASL mechanism that was used; "": none */
	/**
	 * host of a see-other-host error (section 4.9.3.19): a name as A-labels, an IPv4 address,
	 * or an IPv6 address in brackets; "": none, or not a host. Follow it only if @p retry is
	 * ENVOI_RETRY_NOW: then the server was authenticated, by TLS and by the login. Never use it
	 * as the name that a certificate must have
	 */
	char redirect_host[256];
	uint16_t redirect_port; /**< 0: the error has none */
	struct envoi_attempt *attempts; /**< owned: free with envoi_failure_finish() */
	size_t attempt_count;
	struct envoi_context *context; /**< of the memory of @p attempts; borrowed */
};

/**
 * Initialise a failure with a phase, a code, the retry of the code, and a text. Other members are
 * zeroed.
 *
 * @param context  borrowed by the failure
 * @param format   the text, as for printf; NULL: none. Truncated to fit, after a whole character.
 *                 Control characters become spaces, because parts may come from a peer
 */
ENVOI_API void envoi_failure_set(struct envoi_failure *failure, struct envoi_context *context,
	enum envoi_phase phase, int code, const char *format, ...) ENVOI_PRINTF(5, 6);

/** Free the attempts and zero the failure. A zeroed failure is allowed. */
ENVOI_API void envoi_failure_finish(struct envoi_failure *failure);

/** Add a copy of an attempt. Without memory it is left out. */
ENVOI_API void envoi_failure_add_attempt(
	struct envoi_failure *failure, const struct envoi_attempt *attempt);

/** Move a failure with its attempts. @p from is zeroed; @p to need not be initialised. */
ENVOI_API void envoi_failure_move(struct envoi_failure *to, struct envoi_failure *from);

/** Copy a failure with its attempts, which are left out without memory. @p to need not be
 * initialised. */
ENVOI_API void envoi_failure_copy(struct envoi_failure *to, const struct envoi_failure *from);

/** @return "resolve", "connect", "tls", "stream", "sasl", "bind", "online", "close"; static */
ENVOI_API const char *envoi_phase_name(enum envoi_phase phase);

/**
 * Write one line for a person: the error, its phase, and the last attempt if there is one.
 *
 * @param[out] line  NUL-terminated, truncated to @p size bytes
 * @return the length of the whole line in bytes, as snprintf does
 */
ENVOI_API size_t envoi_failure_describe(
	const struct envoi_failure *failure, char *line, size_t size);

/**
 * Write several lines for a person, without a final line feed: the error and its phase; then, as
 * far as present and indented by two spaces, the condition received or sent with its meaning, the
 * peer's text with its language, and every attempt with its reason. The advice, @p retry, is not
 * included.
 *
 * wrong name or password (sasl): SCRAM-SHA-256
 *   condition: not-authorized (wrong name or password)
 *   the server says (en): "Unable to authorize you"
 *
 * @param[out] lines  NUL-terminated, truncated to @p size bytes
 * @return the length of all lines in bytes, as snprintf does
 */
ENVOI_API size_t envoi_failure_explain(
	const struct envoi_failure *failure, char *lines, size_t size);

#ifdef __cplusplus
}
#endif
#endif
