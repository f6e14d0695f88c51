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

/** How far a connection had come. */
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

/** One address, or one look-up, that was tried and failed. */
struct envoi_attempt {
	char target[256]; /**< the name looked up or connected to */
	char address[64]; /**< "192.0.2.1", "2001:db8::1", or "" when it did not get that far */
	uint16_t port; /**< 0: not known yet */
	enum envoi_phase phase;
	int code; /**< enum envoi_error */
	char text[128]; /**< "connection refused", for example */
};

/**
 * Why a connection failed or ended. A plain value with room for everything but the attempts, so
 * that it can be filled when memory has run out. Texts are UTF-8 and single lines without control
 * characters, "" when there are none; but a peer may have written them: believe nothing.
 *
 * @p retry is the advice. Where a condition came from the peer it follows from that
 * (<envoi/conditions.h>); else from @p code:
 *
 *	AUTH, CERTIFICATE, INVALID, LIMIT, STANZA, TLS, UNSUPPORTED
 *	                                                 after the user
 *	DISCONNECTED, FULL, NOMEM, STREAM, SYSTEM, TIMEOUT, UNREACHABLE
 *	                                                 later
 *	PROTOCOL, XML                                    never: the peer is no XMPP server, or a broken one
 *	LIMIT, PROTOCOL, TLS, XML in phase ONLINE        later: until then it had worked
 *	OK (we closed), CANCELED, everything else        never
 *
 * or from whoever knows better: a peer that closed an established stream is ENVOI_OK and later; one
 * that requires what we do not do, STARTTLS where tls.mode is none for example, is PROTOCOL and after
 * the user.
 *
 * Of what kind it is, code and phase say together. A client's login ends with
 *
 *	RESOLVE  UNREACHABLE  there is no such name, no address, or no such service, or the name
 *	                      servers have failed: the attempts tell; TIMEOUT  they are silent
 *	CONNECT  UNREACHABLE  nobody answers there; TIMEOUT; SYSTEM  it is this host's fault
 *	TLS      CERTIFICATE  the server is not believed: @p tls_doubts; TLS  it offers none, or another
 *	                      kind; INVALID  a file of the settings is of no use; AUTH  the password of
 *	                      our own key is missing or wrong; DISCONNECTED, TIMEOUT
 *	STREAM   STREAM       the server refuses: @p stream_condition; XML, PROTOCOL  this is no XMPP
 *	                      server, or a broken one; DISCONNECTED, LIMIT, TIMEOUT
 *	SASL     AUTH         a wrong password, among others: @p sasl_condition, if the server said it;
 *	                      else none of its mechanisms is accepted, or it has not proved who it is;
 *	                      LIMIT, STREAM, XML, PROTOCOL, DISCONNECTED, TIMEOUT
 *	BIND     STANZA       the resource is refused: @p stanza_condition; others as in SASL
 *	any      NOMEM, CANCELED (freed), OK (told to disconnect)
 *
 * and a session, in phase ONLINE or CLOSE, with OK, STREAM, DISCONNECTED, TIMEOUT, XML, PROTOCOL,
 * LIMIT, TLS, NOMEM or CANCELED; what a setter has refused has phase NONE.
 */
struct envoi_failure {
	enum envoi_phase phase;
	int code; /**< enum envoi_error: the class; ENVOI_OK for a disconnect that we asked for */
	enum envoi_retry retry;
	enum envoi_stream_condition stream_condition; /**< sent or received, if any */
	enum envoi_sasl_condition sasl_condition; /**< received, if any */
	/** received when binding was refused, if any */
	enum envoi_stanza_condition stanza_condition;
	/** the condition's element name, stream, SASL or stanza, known or not */
	char condition[64];
	/** element name of the peer's application-specific condition (RFC 6120, section 4.9.4) */
	char application[64];
	char application_ns[128]; /**< and its namespace */
	char text[256]; /**< the peer's text, or ours */
	bool is_peer_text; /**< it is the peer's */
	char text_lang[36]; /**< the language tag of the peer's text */
	/**
	 * what speaks against the server's certificate: OR of enum envoi_tls_doubt (<envoi/tls.h>);
	 * 0: nothing, or it is not that
	 */
	unsigned int tls_doubts;
	char mechanism[24]; /**< of SASL, if one was tried */
	/**
	 * of see-other-host (section 4.9.3.19): a name as A-labels, an IPv4 address, or an IPv6
	 * address in brackets; "": none, or nothing that is a host. To be followed only where @p
	 * retry is ENVOI_RETRY_NOW, which it is when the server had proved who it is, by TLS and by
	 * the login; and never as a name for a certificate
	 */
	char redirect_host[256];
	uint16_t redirect_port; /**< 0: none was named */
	struct envoi_attempt *attempts; /**< owned: free with envoi_failure_finish() */
	size_t attempt_count;
	struct envoi_context *context; /**< whose allocator @p attempts came from */
};

/**
 * Start a failure; everything else is empty, and @p retry follows from the code.
 *
 * @param format  our own text, as printf; NULL: none; cut to fit, at a character's border. What would
 *                end the line or steer a terminal becomes spaces: a peer may have written it.
 */
ENVOI_API void envoi_failure_set(struct envoi_failure *failure, struct envoi_context *context,
	enum envoi_phase phase, int code, const char *format, ...) ENVOI_PRINTF(5, 6);

/** Free what it owns and zero it. Works on a zeroed one. */
ENVOI_API void envoi_failure_finish(struct envoi_failure *failure);

/** Add an attempt, copied; silently left out when memory is short. */
ENVOI_API void envoi_failure_add_attempt(
	struct envoi_failure *failure, const struct envoi_attempt *attempt);

/** Move everything from @p from, which is zeroed; @p to need not be initialised. */
ENVOI_API void envoi_failure_move(struct envoi_failure *to, struct envoi_failure *from);

/** Deep copy; @p to need not be initialised. Attempts are left out when memory is short. */
ENVOI_API void envoi_failure_copy(struct envoi_failure *to, const struct envoi_failure *from);

/** @return "resolve", "connect", "tls", "stream", "sasl", "bind", "online", "close"; static */
ENVOI_API const char *envoi_phase_name(enum envoi_phase phase);

/**
 * One line for a person: what went wrong, where, and the last attempt if there was one.
 *
 * @return bytes the whole line has, as snprintf does
 */
ENVOI_API size_t envoi_failure_describe(
	const struct envoi_failure *failure, char *line, size_t size);

/**
 * Several lines for a person, without a line feed behind the last: what went wrong and in which
 * phase; indented by two spaces, as far as there is something to say, the condition and what it
 * means (or the one that the peer was told), the peer's own words with their language, and every
 * attempt with its reason, or where the only one was. (Whether trying again can help is in @p retry;
 * what to do about it, only the program knows.)
 *
 *	wrong name or password (sasl): SCRAM-SHA-256
 *	  condition: not-authorized (wrong name or password)
 *	  the server says (en): "Unable to authorize you"
 *
 * @return bytes all lines have, as snprintf does
 */
ENVOI_API size_t envoi_failure_explain(
	const struct envoi_failure *failure, char *lines, size_t size);

#ifdef __cplusplus
}
#endif
#endif
