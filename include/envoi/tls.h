/*
 * envoi - TLS: whom to trust, what to show
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
 * What a TLS connection is made with: trust, own certificate, versions. Counted; shared by any
 * number of connections. GnuTLS allocates with malloc, not with the context's allocator.
 *
 * TLS 1.2 at least, forward secrecy always, no compression, no renegotiation (a HelloRequest is
 * answered with no_renegotiation, and the connection goes on), no early data.
 *
 * By the setting tls.resumption the initiating side resumes sessions (RFC 8446, section 2.2; RFC
 * 5077), which saves the exchange of certificates, and on TLS 1.2 a round trip:
 * envoi_tls_info.is_resumed. The context keeps up to 16 of them, in memory only, each for one
 * use, until a day after the handshake in which the certificates were shown, for connections of
 * the same name, application protocol, trust, pins, versions, own certificate and client's
 * account. The server's certificate is judged anew each time. Nothing is kept that a decider
 * accepted, nor of a connection on which TLS failed, nor on TLS 1.2 without the extended master
 * secret (RFC 7627), where what is resumed is as secret as the server's ticket keys. A server
 * that breaks off a handshake in which it was offered a session is offered none for a day. The
 * receiving side hands out none; a client that logs in as nobody in particular takes none.
 *
 * The initiating side verifies the server, always: there is no way to switch it off.
 * - The chain of certificates leads to the trust store (RFC 5280), with at least 112 bits of
 *   strength everywhere; the first certificate is meant for servers; all are valid now, by the
 *   context's clock where that is not the system's.
 * - It is the certificate of the domain that the user gave (RFC 6120, section 13.7.1.2; RFC 9525),
 *   never of a name from DNS or from the server: a DNS name, where `*` may stand for the whole
 *   left-most label of at least three; an SRV name _xmpp-client (RFC 4985), without `*`; an
 *   XmppAddr that is a bare domain, which certificates of the time of RFC 3920 have, and which
 *   RFC 6120 tells to accept. The latter two must be within the name constraints of the
 *   authorities shown, as DNS names. An IP address where the domain is one. Never the common
 *   name. Internationalised domains compare as A-labels; a trailing dot does not count.
 *
 * What is not so ends the connection with ENVOI_ERR_CERTIFICATE and a text that says everything
 * that is wrong: "the server's certificate is for other.example, not for example.org"; unless a
 * decider accepts it. Revocation is not looked up.
 *
 * Pins name public keys (SHA-256 of the SubjectPublicKeyInfo, as in RFC 7469, section 2.4). Where
 * there are any, the key of the server's own certificate must be one of them; those of authorities
 * do not count. By the setting tls.pin-mode a pinned key is then believed, whatever else the
 * certificate says (instead): what a self-signed server needs; neither its issuer, its names nor
 * its times matter, and no authority can vouch for another key. Or the certificate must be right
 * in every other way too (also).
 */
struct envoi_tls_config;

/**
 * Make one for the initiating side.
 *
 * Trusts the authorities in the file of the setting tls.ca-file and, by tls.system-trust, those of
 * the system. The context keeps what was read, because reading the authorities of the system takes
 * some ten milliseconds; a tls.ca-file whose inode, size or times have changed is read again, and
 * one that is missing is an error. The authorities of the system are read once for each
 * tls.ca-file: later changes to them count for new contexts only. Of the other settings tls.pins,
 * tls.pin-mode, tls.resumption and tls.min-version count.
 *
 * @param settings  borrowed for the call; NULL: defaults
 * @retval ENVOI_ERR_CERTIFICATE  the file holds none, or there is neither an authority nor a pin
 *                                to trust; logged
 * @retval ENVOI_ERR_SYSTEM       the file cannot be read; logged
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_new(struct envoi_tls_config **ret_config,
	struct envoi_context *context, const struct envoi_settings *settings);

/**
 * Pin a server's key, besides those of the setting tls.pins: see struct envoi_tls_config.
 *
 * @param pin  "sha256:" and the SHA-256 of the certificate's SubjectPublicKeyInfo in base64, or in
 *             64 hexadecimal digits; one that is there already is not added again
 * @retval ENVOI_ERR_INVALID  it is none, or the configuration is for the receiving side
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_add_pin(
	struct envoi_tls_config *config, const char *pin);

/**
 * Show a certificate of our own to servers that ask for one, and prove that its key is ours: what
 * SASL's EXTERNAL rests on (XEP-0178). It is shown to believed servers only, and not to one that
 * names the authorities whose certificates it takes when ours is of none of them.
 *
 * The password is not kept, but GnuTLS 3.7 (with libunistring, in which it prepares the password)
 * gives back some blocks of memory with it unwiped; the decrypted key it wipes.
 *
 * Synchronous: reads the files, and decrypts the key, which takes as long as whoever encrypted it
 * has decided by his iteration count; some milliseconds to some tenths of a second.
 *
 * @param cert_file  PEM: our certificate, and behind it those of its issuers; or PKCS#12 with key
 *                   and certificates
 * @param key_file   PEM, PKCS#8 or older; NULL: the key is in @p cert_file too
 * @param password   of the key, or of the PKCS#12 file; NULL: none; not kept
 * @retval ENVOI_AGAIN            it is encrypted, and @p password is NULL: come again with one
 * @retval ENVOI_ERR_AUTH         the password is wrong
 * @retval ENVOI_ERR_CERTIFICATE  not readable as such, or the key is another's; logged
 * @retval ENVOI_ERR_SYSTEM       a file cannot be read; logged
 * @retval ENVOI_ERR_STATE        it has one
 * @retval ENVOI_ERR_INVALID      the configuration is for the receiving side
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_show(struct envoi_tls_config *config,
	const char *cert_file, const char *key_file, const char *password);

/**
 * From now on ask somebody when a server is not to be believed (see struct envoi_tls_decider).
 * Without a decider every doubt ends the connection.
 *
 * @param decider  borrowed: must live as long as the configuration and the connections made with
 *                 it; NULL: nobody is asked
 * @retval ENVOI_ERR_INVALID  the configuration is for the receiving side
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_set_decider(
	struct envoi_tls_config *config, struct envoi_tls_decider *decider);

/**
 * Make one for the receiving side, which shows a certificate and asks for none.
 *
 * @param cert_file  PEM: the certificate, and behind it those of its issuers
 * @param key_file   PEM, not encrypted
 * @retval ENVOI_ERR_CERTIFICATE  not readable as such, or the key is another's; logged
 * @retval ENVOI_ERR_SYSTEM       a file cannot be read; logged
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_new_server(struct envoi_tls_config **ret_config,
	struct envoi_context *context, const char *cert_file, const char *key_file);

/** Take a reference. @return @p config */
ENVOI_API struct envoi_tls_config *envoi_tls_config_ref(struct envoi_tls_config *config);

/** Drop a reference; NULL is allowed. @return NULL */
ENVOI_API struct envoi_tls_config *envoi_tls_config_unref(struct envoi_tls_config *config);

/* --- what is known of a connection --- */

/** On what grounds the peer is trusted. */
enum envoi_tls_trust {
	ENVOI_TLS_TRUST_NONE, /**< not at all, or the peer was not asked for a certificate */
	ENVOI_TLS_TRUST_VERIFIED, /**< its certificate was verified, for the name wanted */
	ENVOI_TLS_TRUST_PINNED, /**< its key is pinned, by a setting or by a decision just made */
	/** its certificate cannot be verified; a decider has accepted it for this connection */
	ENVOI_TLS_TRUST_ACCEPTED,
};

/** Properties of a TLS connection; zeroed before the end of the handshake. Static strings where
 * nothing else is said. */
struct envoi_tls_info {
	const char *version; /**< "TLS1.3"; NULL: no TLS */
	const char *cipher; /**< name of the cipher suite */
	enum envoi_tls_trust trust;
	bool is_resumed; /**< an earlier session, in which the certificates were presented */
	bool is_certificate_shown; /**< the peer asked for a certificate and got one */
	/**
	 * the only XmppAddr in that certificate, as it stands there; NULL: it has none, or
	 * several; borrowed from the transport
	 */
	const char *own_address;
};

/**
 * Whether the peer is the one that the user named, by its certificate or by a pinned key. False
 * for ENVOI_TLS_TRUST_ACCEPTED: what needs a verified server (a password in clear, a redirect) is
 * not for a server that was accepted for one connection.
 */
ENVOI_API bool envoi_tls_is_verified(const struct envoi_tls_info *info);

/* --- when a server is not to be believed, and somebody shall decide --- */

/** What speaks against a server's certificate. */
enum envoi_tls_doubt {
	ENVOI_TLS_DOUBT_ISSUER = 1 << 0, /**< nobody trusted has issued it: unknown, or not shown */
	ENVOI_TLS_DOUBT_SELF_SIGNED = 1 << 1, /**< it has issued itself, and is not trusted */
	ENVOI_TLS_DOUBT_EXPIRED = 1 << 2, /**< it, or one above it */
	ENVOI_TLS_DOUBT_NOT_YET_VALID = 1 << 3, /**< it, or one above it */
	ENVOI_TLS_DOUBT_NAME = 1 << 4, /**< it is not for the domain that the user gave */
	ENVOI_TLS_DOUBT_PURPOSE = 1 << 5, /**< it is not meant for servers */
	ENVOI_TLS_DOUBT_WEAK = 1 << 6, /**< a key or signature below 112 bits of strength */
	ENVOI_TLS_DOUBT_CONSTRAINTS = 1 << 7, /**< its issuer must not issue it */
	ENVOI_TLS_DOUBT_REVOKED = 1 << 8,
	ENVOI_TLS_DOUBT_INVALID = 1 << 9, /**< a bad signature, or something else */
	/** its key is none of those pinned: the server has a new one, or it is another server */
	ENVOI_TLS_DOUBT_PIN = 1 << 10,
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

/** What is known of a server that is not to be believed. Texts are UTF-8 without control
 * characters, whatever the certificate holds. */
struct envoi_tls_peer {
	const char *domain; /**< whose certificate it should be: A-labels, or an address */
	unsigned int doubts; /**< OR of enum envoi_tls_doubt, never 0 */
	/**
	 * the same in words: "the server's certificate is self-signed and not trusted; it is for
	 * ..., not for ..."
	 */
	const char *reasons;
	const char *names; /**< those in it that could count, "chat.example, *.example"; or "" */
	const char *subject, *issuer; /**< distinguished names (RFC 4514); or "" */
	int64_t valid_from_ms, valid_until_ms; /**< since 1970; -1: unreadable */
	unsigned char spki_sha256[ENVOI_TLS_SPKI_BYTES]; /**< of its public key */
	char pin[ENVOI_TLS_PIN_SIZE]; /**< the same as the setting tls.pins takes it */
	const struct envoi_tls_certificate *chain; /**< as shown: the server's own first */
	size_t chain_len; /**< at least 1 */
};

enum envoi_tls_answer {
	ENVOI_TLS_REFUSE,
	/** for this connection alone. PLAIN does not give the password to a server for that */
	ENVOI_TLS_ACCEPT_ONCE,
	/**
	 * and pin its key in the configuration, for all that follow: keep envoi_tls_peer.pin in the
	 * setting tls.pins. A client adds it to its own settings
	 */
	ENVOI_TLS_ACCEPT_AND_PIN,
};

/**
 * A question whether to believe a server. Counted: whoever wants to answer later takes a reference
 * and drops it when it has answered or does not want to any more.
 */
struct envoi_tls_question;

/** @return what it is about; borrowed as long as the question */
ENVOI_API const struct envoi_tls_peer *envoi_tls_question_peer(
	const struct envoi_tls_question *question);

/**
 * Answer, from inside the decider or any time later; the handshake goes on, or ends with
 * ENVOI_ERR_CERTIFICATE, from the loop.
 *
 * @retval ENVOI_ERR_STATE  it was answered before, or the connection has gone: nothing happens. A
 *                          pin may still be kept for the next connection
 */
ENVOI_API int envoi_tls_question_answer(
	struct envoi_tls_question *question, enum envoi_tls_answer answer);

/** Take a reference. @return @p question */
ENVOI_API struct envoi_tls_question *envoi_tls_question_ref(struct envoi_tls_question *question);

/** Drop a reference; NULL is allowed. The last one dropped without an answer refuses. @return NULL */
ENVOI_API struct envoi_tls_question *envoi_tls_question_unref(struct envoi_tls_question *question);

struct envoi_tls_decider_impl {
	/**
	 * Is this server to be believed? Called from the loop, in the handshake: nothing but the
	 * beginning of TLS has been sent, our certificate neither, nor is anything believed, before
	 * the answer. It may answer, free, close, or keep a reference and answer later; returning
	 * without an answer and without a reference refuses.
	 *
	 * Meanwhile tls.decision-timeout counts in place of tls.timeout and login.timeout; the
	 * server may lose patience sooner, most do after some minutes.
	 *
	 * @param question  borrowed for the call
	 */
	void (*decide)(struct envoi_tls_decider *decider, struct envoi_tls_question *question);

	/**
	 * OPTIONAL. The question is over, once after each `decide`: the answer is taken, or nobody
	 * needs one any more (@p answer is ENVOI_TLS_REFUSE; envoi_tls_question_answer() returns
	 * ENVOI_ERR_STATE). From the loop, or from inside what frees or leaves the connection;
	 * everything but the decider may be freed inside.
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
