/*
 * envoi - addresses
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_JID_H
#define ENVOI_JID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

/**
 * An XMPP address (RFC 7622): immutable, prepared, reference-counted.
 *
 * Each part is in the form that is compared byte by byte:
 * - the localpart by the PRECIS profile UsernameCaseMapped, without the characters that RFC 7622,
 *   section 3.3.1, excludes;
 * - the domainpart in lower case and U-labels (IDNA2008) without a final dot, or an IPv4 address,
 *   or an IPv6 address in brackets;
 * - the resourcepart by the PRECIS profile OpaqueString. It may begin and end with a blank: RFC
 *   7622, section 3.5, lists such a string as invalid, but none of its rules refuses it.
 * Preparing a prepared address does not change it.
 *
 * An address has a reference to its context and is one block of memory.
 *
 * The sender of a stanza may be NULL (envoi_stanza_from()). All functions below accept NULL for an
 * address: those that make something return ENVOI_ERR_INVALID, the others NULL, false or 0.
 */
struct envoi_jid;

/**
 * Parse and prepare an address (RFC 7622, section 3).
 *
 * The resourcepart begins after the first "/", the domainpart after the first "@" before that.
 * Other characters that look like "/" or "@", or are mapped to them, do not separate parts.
 *
 * @param[out] ret_jid  a new reference
 * @param text  UTF-8, need not be NUL-terminated; borrowed for the call
 * @param len   length of @p text in bytes
 * @retval ENVOI_ERR_INVALID  @p text is NULL, or a part is empty, too long (more than 1,023 bytes
 *                            when prepared) or not allowed: envoi_jid_check() returns the reason as
 *                            text
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_parse(
	struct envoi_jid **ret_jid, struct envoi_context *context, const char *text, size_t len);

/** As envoi_jid_parse(), of a NUL-terminated string. */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_from_text(
	struct envoi_jid **ret_jid, struct envoi_context *context, const char *text);

/** Make an address from parts, which are prepared. @param local, resource NULL: absent. Errors as
 * envoi_jid_parse(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_from_parts(struct envoi_jid **ret_jid,
	struct envoi_context *context, const char *local, const char *domain, const char *resource);

/**
 * Check whether a text is an address, without a context.
 *
 * @param[out] line  the reason in English, "localpart has a character that is not allowed" for
 *                   example, cut to @p size bytes with its NUL; "" when the text is an address
 * @param size       0: the reason is not wanted, @p line may be NULL
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM  as envoi_jid_parse()
 */
ENVOI_API int envoi_jid_check(const char *text, size_t len, char *line, size_t size);

/** Take a reference. @return @p jid */
ENVOI_API struct envoi_jid *envoi_jid_ref(const struct envoi_jid *jid);

/** Release a reference; NULL is allowed. @return NULL */
ENVOI_API struct envoi_jid *envoi_jid_unref(struct envoi_jid *jid);

/** Get the bare address of an address. @param[out] ret_jid a new reference, to @p jid itself if it
 * is bare. @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_bare(
	struct envoi_jid **ret_jid, const struct envoi_jid *jid);

/** Get the bare address of @p jid with another resource. @param[out] ret_jid a new reference.
 * @param resource NULL: none. Errors as envoi_jid_parse(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_with_resource(
	struct envoi_jid **ret_jid, const struct envoi_jid *jid, const char *resource);

/** @return the localpart, or NULL; NUL-terminated, borrowed from @p jid, as all texts below */
ENVOI_API const char *envoi_jid_local(const struct envoi_jid *jid);
/** @return the domainpart, in U-labels; NULL only for NULL */
ENVOI_API const char *envoi_jid_domain(const struct envoi_jid *jid);
/** @return the domainpart in A-labels (RFC 5890), for DNS, TLS and certificates; an address literal
 * unchanged, with its brackets */
ENVOI_API const char *envoi_jid_domain_ascii(const struct envoi_jid *jid);
/** @return the resourcepart, or NULL */
ENVOI_API const char *envoi_jid_resource(const struct envoi_jid *jid);
/** @return the whole address in canonical form */
ENVOI_API const char *envoi_jid_text(const struct envoi_jid *jid);
/** @return the length in bytes of the bare address, with which envoi_jid_text() begins */
ENVOI_API size_t envoi_jid_bare_len(const struct envoi_jid *jid);

/** @return whether the address has no resourcepart */
ENVOI_API bool envoi_jid_is_bare(const struct envoi_jid *jid);
/** @return whether both are the same address; NULL equals only NULL */
ENVOI_API bool envoi_jid_equal(const struct envoi_jid *a, const struct envoi_jid *b);
/** @return whether both have the same bare address; NULL equals only NULL */
ENVOI_API bool envoi_jid_equal_bare(const struct envoi_jid *a, const struct envoi_jid *b);
/** @return whether both have the same domainpart; NULL equals only NULL */
ENVOI_API bool envoi_jid_equal_domain(const struct envoi_jid *a, const struct envoi_jid *b);
/** @return whether @p jid is the bare address of @p other; false if one is NULL */
ENVOI_API bool envoi_jid_is_bare_of(const struct envoi_jid *jid, const struct envoi_jid *other);
/** @return whether @p jid is the domain of @p other, without other parts; false if one is NULL */
ENVOI_API bool envoi_jid_is_domain_of(const struct envoi_jid *jid, const struct envoi_jid *other);
/** @return a hash of the whole address; equal addresses of one context have equal hashes */
ENVOI_API uint32_t envoi_jid_hash(const struct envoi_jid *jid);
/** @return <0, 0 or >0, by the byte order of the canonical forms; NULL comes first */
ENVOI_API int envoi_jid_compare(const struct envoi_jid *a, const struct envoi_jid *b);

/* --- escaping (XEP-0106) --- */

/**
 * Make a localpart from any name, such as a name of another network or one that a user typed.
 *
 * Characters that a localpart cannot contain become sequences such as `\27`. A backslash that would
 * begin such a sequence, in lower or upper case, becomes `\5c`. Full-width characters are mapped
 * first, as in localparts. The result is not prepared; envoi_jid_from_parts() prepares it.
 *
 * @param[out] ret_local  NUL-terminated; to be freed with envoi_free()
 * @param text  UTF-8, NUL-terminated
 * @retval ENVOI_ERR_INVALID  @p text is NULL, empty, not UTF-8, or begins or ends with a blank
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_escape(
	char **ret_local, struct envoi_context *context, const char *text);

/**
 * Undo envoi_jid_escape(), to display a localpart or for another network. Other sequences, and an
 * escaped blank at the beginning or end, are unchanged.
 *
 * @param[out] ret_text  NUL-terminated; to be freed with envoi_free(); not to be compared with
 *                       addresses
 * @retval ENVOI_ERR_INVALID  @p local is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_unescape(
	char **ret_text, struct envoi_context *context, const char *local);

#ifdef __cplusplus
}
#endif
#endif
