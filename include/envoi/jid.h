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
 * Each part is in the form that is compared byte by byte: the localpart by the PRECIS profile
 * UsernameCaseMapped, without the characters that RFC 7622, section 3.3.1, excludes; the domainpart
 * in lower case and U-labels (IDNA2008) without a final dot, or an IPv4 address, or an IPv6 address
 * in brackets; the resourcepart by OpaqueString. Preparing a prepared address does not change it.
 * Resourceparts may begin and end with a blank: RFC 7622, section 3.5, lists such a string as
 * invalid, but none of its rules refuses it.
 *
 * An address holds a reference to its context and is one block of memory.
 */
struct envoi_jid;

/**
 * Parse and prepare an address (RFC 7622, section 3).
 *
 * The first "/" begins the resourcepart; the first "@" before it ends the localpart. Characters
 * that look like these two, or are mapped to them, are no separators.
 *
 * @param[out] ret_jid  new reference
 * @param text  UTF-8, need not be NUL-terminated; borrowed
 * @param len   length of @p text in bytes
 * @retval ENVOI_ERR_INVALID  a part is empty, too long (more than 1,023 bytes when prepared) or not
 *                            allowed: envoi_jid_check() returns the reason as text
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_parse(
	struct envoi_jid **ret_jid, struct envoi_context *context, const char *text, size_t len);

/** As envoi_jid_parse(), of a NUL-terminated string. */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_from_text(
	struct envoi_jid **ret_jid, struct envoi_context *context, const char *text);

/** Make an address from its parts, which are prepared here. @param local, resource NULL: absent.
 * Errors as envoi_jid_parse(). */
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

/** Get the address without its resource: a new reference, to @p jid itself when it is bare.
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_bare(
	struct envoi_jid **ret_jid, const struct envoi_jid *jid);

/** Get the same bare address with another resource: a new reference. Errors as envoi_jid_parse().
 *  */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_with_resource(
	struct envoi_jid **ret_jid, const struct envoi_jid *jid, const char *resource);

/** @return the localpart, or NULL; NUL-terminated, borrowed from @p jid like all texts below */
ENVOI_API const char *envoi_jid_local(const struct envoi_jid *jid);
/** @return the domainpart, in U-labels; never NULL */
ENVOI_API const char *envoi_jid_domain(const struct envoi_jid *jid);
/** @return the domainpart in A-labels (RFC 5890), as DNS, TLS and certificates need it; an address
 * literal unchanged, with its brackets */
ENVOI_API const char *envoi_jid_domain_ascii(const struct envoi_jid *jid);
/** @return the resourcepart, or NULL */
ENVOI_API const char *envoi_jid_resource(const struct envoi_jid *jid);
/** @return the whole address in canonical form */
ENVOI_API const char *envoi_jid_text(const struct envoi_jid *jid);
/** @return the length of the bare address in bytes, which envoi_jid_text() begins with */
ENVOI_API size_t envoi_jid_bare_len(const struct envoi_jid *jid);

/** @return whether it has no resource */
ENVOI_API bool envoi_jid_is_bare(const struct envoi_jid *jid);
/** @return whether both are the same address; NULL equals only NULL */
ENVOI_API bool envoi_jid_equal(const struct envoi_jid *a, const struct envoi_jid *b);
/** @return whether both have the same bare address; NULL equals only NULL */
ENVOI_API bool envoi_jid_equal_bare(const struct envoi_jid *a, const struct envoi_jid *b);
/** @return a hash of the whole address; equal addresses of one context have equal hashes */
ENVOI_API uint32_t envoi_jid_hash(const struct envoi_jid *jid);
/** @return <0, 0 or >0, by the byte order of the canonical forms */
ENVOI_API int envoi_jid_compare(const struct envoi_jid *a, const struct envoi_jid *b);

/* --- escaping (XEP-0106) --- */

/**
 * Make a localpart from any name: a name of another network, or one that a user typed.
 *
 * Characters that a localpart cannot contain become sequences such as `\27`, and a backslash
 * becomes `\5c` where it would begin such a sequence, in either case of letters; full-width
 * characters are mapped first, as in localparts. The result is not prepared: envoi_jid_from_parts()
 * does that.
 *
 * @param[out] ret_local  NUL-terminated; to be freed with envoi_free()
 * @param text  UTF-8, NUL-terminated
 * @retval ENVOI_ERR_INVALID  @p text is empty, not UTF-8, or begins or ends with a blank
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_escape(
	char **ret_local, struct envoi_context *context, const char *text);

/**
 * Undo envoi_jid_escape(), to display a localpart or for another network. Other sequences, and a
 * blank at either end, are left as they are.
 *
 * @param[out] ret_text  NUL-terminated; to be freed with envoi_free(); not to be compared with
 *                       addresses
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_jid_unescape(
	char **ret_text, struct envoi_context *context, const char *local);

#ifdef __cplusplus
}
#endif
#endif
