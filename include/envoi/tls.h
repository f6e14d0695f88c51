/*
 * envoi - TLS: trust, own certificate, trust decisions
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_H
#define ENVOI_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_settings;
struct envoi_tls_decider;
struct envoi_tls_question;

/**
 * Configuration of TLS connections: trusted authorities, pinned keys, own certificate, versions.
 * Reference-counted; any number of connections may share one. GnuTLS allocates with malloc, not
 * with the context's allocator.
 *
 * Connections use TLS 1.2 or newer with forward secrecy, without compression, renegotiation (a
 * HelloRequest is answered with the alert no_renegotiation) and early data.
 *
 * With the setting tls.resumption the initiating side resumes TLS sessions (RFC 8446, section 2.2;
 * RFC 5077). That saves the exchange of certificates, and on TLS 1.2 a round trip.
 * envoi_tls_info.is_resumed says whether a connection does.
 * - The context keeps up to 16 sessions in memory. Each is used once, within a day of the handshake
 *   in which the certificates were presented.
 * - A session is resumed only for the same name, application protocol, trusted authorities, pins,
 *   versions, own certificate and account.
 * - The server's certificate is verified again each time.
 * - A session is not kept when a decider accepted the certificate, when TLS failed, or on TLS 1.2
 *   without the extended master secret (RFC 7627). On TLS 1.2 the secrecy of a resumed session
 *   depends on the server's ticket keys.
 * - A server that ends a handshake with an alert because a session was offered is offered none for
 *   a day.
 * - The receiving side issues no tickets. An anonymous client resumes no sessions.
 *
 * The initiating side always verifies the server; verification cannot be disabled.
 * - The certificate chain leads to a trusted authority (RFC 5280). Each key and signature has at
 *   least 112 bits of strength. The server's certificate is issued for use by servers. All
 *   certificates are valid at the time of the context's clock.
 * - The server's certificate is for the domain that the user gave (RFC 6120, section 13.7.1.2; RFC
 *   9525); names from DNS or from the server are never used. The certificate has the domain as
 *   - a DNS name, in which `*` may be the whole left-most of at least three labels;
 *   - an SRV name _xmpp-client (RFC 4985), without `*`;
 *   - an XmppAddr that is a bare domain, which RFC 6120 requires to accept;
 *   - an IP address, if the domain is one.
 *   SRV names and XmppAddrs must satisfy the name constraints for DNS names of all authorities on
 *   the path, the trusted one included. The common name is never used. Internationalised domains
 *   are compared as A-labels; a trailing dot is ignored.
 *
 * A certificate that fails a check ends the connection with ENVOI_ERR_CERTIFICATE and a text with
 * all reasons, such as "the server's certificate is for other.example, not for example.org", unless
 * a decider accepts it. Revocation is not checked.
 *
 * Pins are hashes of public keys (SHA-256 of the SubjectPublicKeyInfo, as in RFC 7469, section
 * 2.4). If there are pins, the key of the server's own certificate must match one of them; keys of
 * authorities do not count. The setting tls.pin-mode says what else is checked: with `instead`
 * nothing, neither issuer nor names nor times (for self-signed servers); with `also` everything.
 */
struct envoi_tls_config;

/**
 * Make a configuration for the initiating side.
 *
 * Trusts the authorities in the file of the setting tls.ca-file and, with tls.system-trust, those
 * of the system. The files are read now; reading the authorities of the system takes about ten
 * milliseconds. The context caches the result. A tls.ca-file whose inode, size or times have
 * changed is read again. The authorities of the system are read once in a context for each
 * tls.ca-file: later changes to them apply to new contexts only. The other settings used are
 * tls.pins, tls.pin-mode, tls.resumption and tls.min-version.
 *
 * @param[out] ret_config  a new reference
 * @param settings  borrowed for the call; NULL: defaults
 * @retval ENVOI_ERR_CERTIFICATE  the file holds no certificate, or there is neither a trusted
 *                                authority nor a pin; logged
 * @retval ENVOI_ERR_SYSTEM       the file cannot be read; logged
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_new(struct envoi_tls_config **ret_config,
	struct envoi_context *context, const struct envoi_settings *settings);

/**
 * Add a pin to those of the setting tls.pins: see struct envoi_tls_config.
 *
 * @param pin  "sha256:" and the SHA-256 of the certificate's SubjectPublicKeyInfo in base64, or in
 *             64 hexadecimal digits; a duplicate is ignored
 * @retval ENVOI_ERR_INVALID  malformed, or the configuration is for the receiving side
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_add_pin(
	struct envoi_tls_config *config, const char *pin);

/**
 * Set the certificate, with its key, that is sent to servers which request one. SASL EXTERNAL needs
 * it (XEP-0178). It is sent to trusted servers only; and if the server lists the authorities that
 * it accepts, only if one of them issued the certificate.
 *
 * The call reads the files and decrypts the key. That blocks for a few milliseconds to several
 * tenths of a second, depending on the iteration count in the file.
 *
 * The decrypted key is wiped, and the password is not kept. GnuTLS 3.7 (with libunistring, which
 * prepares the password) frees memory with the password without wiping it.
 *
 * @param cert_file  PEM: the certificate, followed by those of its issuers; or PKCS#12 with key
 *                   and certificates
 * @param key_file   PEM, PKCS#8 or older; NULL: the key is in @p cert_file
 * @param password   of the key, or of the PKCS#12 file; borrowed for the call; NULL: none
 * @retval ENVOI_AGAIN            the key is encrypted, and @p password is NULL: call again with a
 *                                password
 * @retval ENVOI_ERR_AUTH         wrong password
 * @retval ENVOI_ERR_CERTIFICATE  malformed, or the key does not belong to the certificate; logged
 * @retval ENVOI_ERR_SYSTEM       a file cannot be read; logged
 * @retval ENVOI_ERR_STATE        the configuration has a certificate already
 * @retval ENVOI_ERR_INVALID      the configuration is for the receiving side
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_set_certificate(struct envoi_tls_config *config,
	const char *cert_file, const char *key_file, const char *password);

/**
 * Set the decider that is called when a server cannot be verified (see struct
 * envoi_tls_decider_impl). Without a decider such a connection fails.
 *
 * @param decider  borrowed: must outlive the configuration and the connections made with it; NULL:
 *                 none
 * @retval ENVOI_ERR_INVALID  the configuration is for the receiving side
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_set_decider(
	struct envoi_tls_config *config, struct envoi_tls_decider *decider);

/* --- the receiving side --- */

/**
 * Make a configuration for the receiving side. It requests no certificate of the peer.
 *
 * A connection presents one certificate, chosen by the first of these that applies:
 * - the certificate of the name that the peer sends in the handshake (RFC 6066, section 3), if
 *   envoi_tls_config_add_domain() has added that name;
 * - of the domain to which the peer has addressed its stream before STARTTLS, if it was added;
 * - @p cert_file;
 * - the certificate that was added first.
 * A name that no certificate was added for does not end the handshake (RFC 6066, section 3, allows
 * both): the peer verifies the certificate. Which names a certificate contains does not matter for
 * the choice; one file may be added for several domains.
 *
 * The peer's part of a handshake is limited to 32 KiB; a longer one ends with ENVOI_ERR_LIMIT.
 *
 * Certificate and key are read now, which takes some milliseconds. They are read again when device,
 * inode, size or times of one of the two files have changed. The files are checked when a handshake
 * chooses them, at most once a second by the context's clock. Connections that were made before
 * keep the earlier certificate. New files that cannot be used are logged (ENVOI_LOG_ERROR), and the
 * earlier certificate is kept until they change again: a renewal replaces first one, then the other
 * file, by rename(2), and may leave a moment in which they do not match.
 *
 * @param[out] ret_config  a new reference
 * @param cert_file  PEM: the certificate, followed by those of its issuers. NULL: none; add a
 *                   domain before the first connection
 * @param key_file   PEM, not encrypted; NULL: the key is in @p cert_file
 * @retval ENVOI_ERR_CERTIFICATE  malformed, encrypted, or the key does not belong to the
 *                                certificate; logged
 * @retval ENVOI_ERR_SYSTEM       a file cannot be read; logged
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_new_server(struct envoi_tls_config **ret_config,
	struct envoi_context *context, const char *cert_file, const char *key_file);

/**
 * Add the certificate of one domain: see envoi_tls_config_new_server(). If the certificate is not
 * for the domain (RFC 6120, section 13.7.1.2), that is logged as a warning. Allowed at any time;
 * later handshakes use it.
 *
 * @param domain  in U-labels or A-labels, compared as A-labels without regard to case; `*` has no
 *                special meaning
 * @retval ENVOI_ERR_INVALID      @p domain is malformed, @p cert_file is NULL, or the configuration
 *                                is for the initiating side
 * @retval ENVOI_ERR_EXISTS       the domain has a certificate
 * @retval ENVOI_ERR_CERTIFICATE, ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM
 *                                as envoi_tls_config_new_server()
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_add_domain(struct envoi_tls_config *config,
	const char *domain, const char *cert_file, const char *key_file);

/** Whether a receiver requests a certificate of the client. */
enum envoi_tls_request {
	ENVOI_TLS_REQUEST_NONE,
	/** the handshake continues without a certificate that can be verified */
	ENVOI_TLS_REQUEST_OPTIONAL,
	/** without one, the handshake ends with ENVOI_ERR_CERTIFICATE */
	ENVOI_TLS_REQUEST_REQUIRED,
};

/**
 * Request certificates of clients. A client whose certificate names its address can log in with
 * SASL EXTERNAL (XEP-0178).
 *
 * A certificate is verified as that of a server (see struct envoi_tls_config), except for its
 * names: the chain leads to an authority in @p ca_file, and to none of the system; strength, times,
 * and the use by clients are checked; all authorities on the path are entitled to issue for the
 * domains of all XmppAddrs. Revocation is not checked. Authorities are not listed in the request.
 *
 * The limit on the peer's part of a handshake is 64 KiB then. Connections keep the client's
 * certificates in memory.
 *
 * May be called again: the last call applies to later connections.
 *
 * @param ca_file  PEM, read now, and again when it has changed, as the files of
 *                 envoi_tls_config_new_server(); required unless @p request is NONE
 * @retval ENVOI_ERR_INVALID      the configuration is for the initiating side, or no file
 * @retval ENVOI_ERR_CERTIFICATE  the file has no certificate; logged
 * @retval ENVOI_ERR_SYSTEM       the file cannot be read; logged
 * @retval ENVOI_ERR_NOMEM
 * After an error the configuration is as before.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_request_certificates(
	struct envoi_tls_config *config, enum envoi_tls_request request, const char *ca_file);

/**
 * Read all files of a configuration of the receiving side again, whether they have changed or not.
 * Connections keep what they were made with. Files that cannot be used are logged, and what was
 * read before is kept; the others are replaced.
 *
 * @retval ENVOI_ERR_INVALID  the configuration is for the initiating side
 * @retval ENVOI_ERR_CERTIFICATE, ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM
 *                            the first failure, as envoi_tls_config_new_server()
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_reload(struct envoi_tls_config *config);

/** Take a reference. @return @p config */
ENVOI_API struct envoi_tls_config *envoi_tls_config_ref(struct envoi_tls_config *config);

/** Drop a reference; NULL is allowed. @return NULL */
ENVOI_API struct envoi_tls_config *envoi_tls_config_unref(struct envoi_tls_config *config);

/* --- properties of a connection --- */

/** On what grounds the peer is trusted. */
enum envoi_tls_trust {
	ENVOI_TLS_TRUST_NONE, /**< not trusted, or no certificate was requested of the peer */
	/** the certificate was verified; of a server, with its name; the addresses that a client's
	 * certificate names are in envoi_tls_info.client_addresses */
	ENVOI_TLS_TRUST_VERIFIED,
	ENVOI_TLS_TRUST_PINNED, /**< the key is pinned, by a setting or by a decision */
	/** the certificate cannot be verified; a decider accepted it for this connection */
	ENVOI_TLS_TRUST_ACCEPTED,
};

/** Properties of a TLS connection; zeroed until the handshake has ended. Strings are static unless
 * noted. */
struct envoi_tls_info {
	const char *version; /**< "TLS1.3"; NULL: no TLS */
	const char *cipher; /**< name of the cipher suite */
	enum envoi_tls_trust trust;
	bool is_resumed; /**< it resumes a session in which certificates were presented */
	bool is_certificate_sent; /**< the peer requested a certificate and received one */
	/**
	 * the XmppAddr in that certificate, unprepared; NULL: it has none, or several; borrowed
	 * from the transport
	 */
	const char *own_address;
	/**
	 * receiving side, OR of enum envoi_tls_doubt: why the certificate that the client has
	 * presented counts as none; 0: it was verified, or it has presented none
	 */
	unsigned int client_doubts;
	/**
	 * receiving side: the XmppAddrs of the client's certificate, which was verified, in the
	 * form of envoi_jid_text(), each once and ended by NUL; an empty text ends the list.
	 * Those beyond 8 KiB in all are left out. NULL: no verified certificate; borrowed from the
	 * transport
	 */
	const char *client_addresses;
	size_t client_address_count; /**< the number of texts in @p client_addresses */
};

/**
 * @return whether the peer is authenticated as the domain that the user gave, by its certificate or
 *         by a pinned key. False for ENVOI_TLS_TRUST_ACCEPTED: what needs a verified server, such
 *         as SASL PLAIN and redirects, is refused on a connection that a decider accepted
 */
ENVOI_API bool envoi_tls_is_verified(const struct envoi_tls_info *info);

/* --- trust decisions --- */

/** Reasons why a peer's certificate is not trusted. */
enum envoi_tls_doubt {
	ENVOI_TLS_DOUBT_ISSUER = 1 << 0, /**< the issuer is not trusted, or was not presented */
	ENVOI_TLS_DOUBT_SELF_SIGNED = 1 << 1, /**< self-signed, and not trusted */
	ENVOI_TLS_DOUBT_EXPIRED = 1 << 2, /**< a certificate of the path has expired */
	ENVOI_TLS_DOUBT_NOT_YET_VALID = 1 << 3, /**< a certificate of the path is not valid yet */
	ENVOI_TLS_DOUBT_NAME = 1 << 4, /**< not for the domain that the user gave */
	ENVOI_TLS_DOUBT_PURPOSE = 1 << 5, /**< not for servers; not for clients */
	ENVOI_TLS_DOUBT_WEAK = 1 << 6, /**< a key or signature has less than 112 bits of strength */
	ENVOI_TLS_DOUBT_CONSTRAINTS = 1 << 7, /**< an issuer was not entitled to issue it */
	ENVOI_TLS_DOUBT_REVOKED = 1 << 8, /**< distrusted by the system */
	ENVOI_TLS_DOUBT_INVALID = 1 << 9, /**< a wrong signature, or another error */
	ENVOI_TLS_DOUBT_PIN = 1 << 10, /**< there are pins, and the key matches none */
};

/** A certificate, DER. */
struct envoi_tls_certificate {
	const unsigned char *der;
	size_t len;
};

enum {
	ENVOI_TLS_SPKI_BYTES = 32, /* SHA-256 of a SubjectPublicKeyInfo */
	ENVOI_TLS_PIN_SIZE = 52, /* of "sha256:" and its base64, with the NUL */
};

/** A server whose certificate is not trusted. Texts are UTF-8 without control characters, whatever
 * the certificate contains. */
struct envoi_tls_peer {
	const char *domain; /**< the domain that the user gave: A-labels, or an address */
	unsigned int doubts; /**< OR of enum envoi_tls_doubt, never 0 */
	/**
	 * the doubts as text: "the server's certificate is self-signed and not trusted; the
	 * server's certificate is for ..., not for ..."
	 */
	const char *reasons;
	/** the certificate's names of a kind that is compared, "chat.example, *.example"; or "" */
	const char *names;
	const char *subject, *issuer; /**< distinguished names (RFC 4514); or "" */
	int64_t valid_from_ms, valid_until_ms; /**< since 1970; -1: unreadable */
	unsigned char spki_sha256[ENVOI_TLS_SPKI_BYTES]; /**< of the public key */
	char pin[ENVOI_TLS_PIN_SIZE]; /**< the same in the form of the setting tls.pins */
	const struct envoi_tls_certificate *chain; /**< as presented: the server's own first */
	size_t chain_len; /**< 1 or more */
};

/** A trust decision. */
enum envoi_tls_answer {
	ENVOI_TLS_REFUSE, /**< the connection fails */
	/** accept for this connection; the server remains unverified: envoi_tls_is_verified() */
	ENVOI_TLS_ACCEPT_ONCE,
	/**
	 * accept, and add a pin to the configuration for all later connections to the same name. To
	 * store it beyond that, add envoi_tls_peer.pin to the setting tls.pins; a client adds that
	 * of its XMPP server to its settings
	 */
	ENVOI_TLS_ACCEPT_AND_PIN,
};

/**
 * A pending trust decision. Reference-counted: to answer after `decide` has returned, take a
 * reference, and drop it after the answer, or when none will follow.
 */
struct envoi_tls_question;

/** @return the server; borrowed from the question */
ENVOI_API const struct envoi_tls_peer *envoi_tls_question_peer(
	const struct envoi_tls_question *question);

/**
 * Answer, inside `decide` or later. From the loop, the handshake continues or fails with
 * ENVOI_ERR_CERTIFICATE.
 *
 * @retval ENVOI_ERR_STATE  the question was answered before, or the connection has ended: the call
 *                          has no effect
 */
ENVOI_API int envoi_tls_question_answer(
	struct envoi_tls_question *question, enum envoi_tls_answer answer);

/** Take a reference. @return @p question */
ENVOI_API struct envoi_tls_question *envoi_tls_question_ref(struct envoi_tls_question *question);

/** Drop a reference; NULL is allowed. Dropping the last one without an answer refuses. @return NULL
 *  */
ENVOI_API struct envoi_tls_question *envoi_tls_question_unref(struct envoi_tls_question *question);

/** The functions of a decider. */
struct envoi_tls_decider_impl {
	/**
	 * Decide whether to accept the server. Called from the loop, during the handshake: until
	 * the answer nothing but the beginning of the handshake is sent, and no client certificate.
	 * The decider may answer, or keep a reference and answer later; any object may be freed or
	 * closed inside. Returning without an answer and without a reference refuses.
	 *
	 * Until the answer tls.decision-timeout applies instead of tls.timeout and login.timeout.
	 * The server may close the connection earlier; most do so within some minutes.
	 *
	 * @param question  borrowed for the call
	 */
	void (*decide)(struct envoi_tls_decider *decider, struct envoi_tls_question *question);

	/**
	 * OPTIONAL. The question has ended. Called once after each `decide`: when the answer was
	 * taken, or when the connection has ended before one (@p answer is then ENVOI_TLS_REFUSE,
	 * and envoi_tls_question_answer() returns ENVOI_ERR_STATE). Called from the loop, or inside
	 * the function that frees or closes the connection. Any object but the decider may be freed
	 * inside.
	 */
	void (*over)(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
		enum envoi_tls_answer answer);
};

/** Base of every decider; embedded first. */
struct envoi_tls_decider {
	const struct envoi_tls_decider_impl *impl;
};

#ifdef __cplusplus
}
#endif
#endif
