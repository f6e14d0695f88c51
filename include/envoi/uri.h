/*
 * envoi - xmpp: URIs and IRIs
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_URI_H
#define ENVOI_URI_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/buffer.h>
#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/jid.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

/**
 * A link to an XMPP entity, with or without an action (RFC 5122, XEP-0147):
 *
 *     xmpp:romeo@montague.example?message;subject=Test%20Message
 *     xmpp://guest@example.com/support@example.com?message
 *
 * It has an address, and optionally the account to act with, an action with parameters, and a
 * fragment. A link is untrusted input: ask the user before following it (XEP-0147, section 5). It
 * has a reference to its context.
 */
struct envoi_uri;

enum {
	ENVOI_URI_MAX = 65536, /**< the longest URI that is parsed, in bytes */
};

/**
 * Parse a URI or an IRI (RFC 5122, section 2.2). Only the characters of the grammar are accepted,
 * and in addition ":", "/" and "@" in values of parameters, where they are common. Percent-encoded
 * text must be UTF-8 without NUL; addresses must be valid (envoi_jid_parse()).
 *
 * @param[out] ret_uri  free it with envoi_uri_free()
 * @param text  need not be NUL-terminated; borrowed for the call
 * @retval ENVOI_ERR_INVALID  not such a URI, or longer than ENVOI_URI_MAX
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_uri_parse(
	struct envoi_uri **ret_uri, struct envoi_context *context, const char *text, size_t len);

/** Make a link to an address, of which a reference is taken; free it with envoi_uri_free().
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_uri_new(
	struct envoi_uri **ret_uri, struct envoi_context *context, const struct envoi_jid *jid);

/** Free a link; NULL is allowed. */
ENVOI_API void envoi_uri_free(struct envoi_uri *uri);

/** @return the address; NULL: the link has an account only; borrowed from the link, as all below */
ENVOI_API const struct envoi_jid *envoi_uri_jid(const struct envoi_uri *uri);
/** @return the account to act with, a bare address with a localpart; NULL: none is given */
ENVOI_API const struct envoi_jid *envoi_uri_account(const struct envoi_uri *uri);
/** @return the action ("message", "roster", "join", or ""), decoded; NULL: none */
ENVOI_API const char *envoi_uri_action(const struct envoi_uri *uri);
/** @return the value of the first parameter of that name, decoded; NULL: none */
ENVOI_API const char *envoi_uri_parameter(const struct envoi_uri *uri, const char *name);
/** @return the fragment, decoded; NULL: none */
ENVOI_API const char *envoi_uri_fragment(const struct envoi_uri *uri);

/**
 * Get the next parameter, in order.
 *
 * @param[in,out] position  0 to begin
 * @return false: at the end; else name and value are set, borrowed from the link
 */
ENVOI_API bool envoi_uri_next_parameter(const struct envoi_uri *uri, size_t *position,
	const char **ret_name, const char **ret_value);

/** Set the account; a reference is taken. @retval ENVOI_ERR_INVALID it has a resource or no
 * localpart */
ENVOI_API ENVOI_MUST_CHECK int envoi_uri_set_account(
	struct envoi_uri *uri, const struct envoi_jid *account);
/** Set the action. @param action UTF-8; copied. @retval ENVOI_ERR_INVALID not UTF-8. @retval
 * ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_uri_set_action(struct envoi_uri *uri, const char *action);
/** Add a parameter. A link without an action gets the empty action. @param name, value UTF-8;
 * copied. @retval ENVOI_ERR_INVALID not UTF-8. @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_uri_add_parameter(
	struct envoi_uri *uri, const char *name, const char *value);
/** Set the fragment. @param fragment UTF-8; copied. @retval ENVOI_ERR_INVALID not UTF-8. @retval
 * ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_uri_set_fragment(struct envoi_uri *uri, const char *fragment);

/**
 * Append the link as a URI in canonical form (RFC 5122, section 2.7): addresses are prepared, and
 * only characters that need it are percent-encoded, with upper-case hexadecimal digits.
 *
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  from the buffer, which is as it was before
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_uri_write(
	struct envoi_buffer *out, const struct envoi_uri *uri);

#ifdef __cplusplus
}
#endif
#endif
