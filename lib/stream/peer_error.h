/*
 * envoi - what a peer says in an error
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_PEER_ERROR_H
#define ENVOI_STREAM_PEER_ERROR_H

#include <envoi/failure.h>
#include <envoi/xml.h>

/** The children of `<stream:error/>`, of SASL's `<failure/>` and of a stanza's `<error/>`, which
 * have the same form (RFC 6120): each the first of its kind, the text in the language that suits
 * best, or NULL. Borrowed from the error. */
struct envoi__peer_error {
	const struct envoi_element *condition;
	const struct envoi_element *text;
	const struct envoi_element *application; /* in another namespace (section 4.9.4) */
};

/**
 * @param ns    of conditions and text
 * @param lang  the preferred language; NULL: none
 */
struct envoi__peer_error envoi__peer_error_read(
	const struct envoi_element *error, const char *ns, const char *lang);

/** @return the condition's name, or "" */
const char *envoi__peer_error_name(const struct envoi__peer_error *said);

/** Copy the peer's error into a failure: the names, and the text, if there is one, in place of the
 * failure's own. */
void envoi__peer_error_put(const struct envoi__peer_error *said, struct envoi_failure *failure);

#endif
