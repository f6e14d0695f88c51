/*
 * envoi - accepted connections of components
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ACCEPT_COMPONENT_H
#define ENVOI_ACCEPT_COMPONENT_H

#include <stdbool.h>

#include <envoi/accept.h>
#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/jid.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The server's side of the component protocol (XEP-0114). An acceptor (<envoi/accept.h>) that has a
 * directory of components accepts their connections, too:
 *
 *	envoi_acceptor_set_components(acceptor, &server->components);
 *	...
 *	envoi_acceptor_accept_component(acceptor, transport, address, NULL);
 *
 * Each is an accepted session, and the functions of the hook are called for it: `authenticated`
 * with "handshake", `ready`, `stanza`, `ended`. Components do not bind and do not resume:
 * `opened`, `binding`, `suspended` and `resumed` are not called. envoi_accepted_jid() is the domain
 * of the component.
 *
 * What a component sends is checked before `stanza` is called. Each of these ends the stream
 * (XEP-0114, section 3): a stanza before the handshake (not-authorized), without `from` or `to`
 * (improper-addressing), with a `from` of another domain (invalid-from).
 *
 * An unknown name and a wrong secret get the same stream error, not-authorized. A name that is one
 * of the acceptor's domains counts as unknown. The setting accept.component-conflict decides what
 * happens when a component of that name is already connected.
 *
 * Wrong secrets are counted over connections, for each name and for each source, within
 * accept.component-period. After accept.component-attempts of them, further handshakes for the
 * name, or from the source, end with the stream error policy-violation until the period has passed,
 * and the directory is not called. The source from which a name was last authenticated is not
 * affected by the count of that name: others cannot lock the component out. The latest 1,000 names
 * and 1,000 sources are counted.
 */

struct envoi_component_directory;

/**
 * A look-up of a component's secret. It is borrowed from the call of `look_up` until it is answered
 * or canceled: do not access it afterwards.
 */
struct envoi_component_lookup {
	const char *domain; /**< of the component, prepared; not authenticated */
	struct envoi_accepted *accepted; /**< its connection */
	void *user; /**< for the directory; NULL at first */
	struct envoi_stream *stream; /* private, as what follows; NULL: the look-up is not open */
	struct envoi_handler *feature;
};

/** The components that may connect. Called from the loop. */
struct envoi_component_directory_impl {
	/**
	 * Look up the secret of lookup->domain. Answer each look-up once, with
	 * envoi_component_lookup_answer(), inside this function or later from the loop. Until then
	 * accept.login-timeout and sasl.timeout continue. The accepted session and the acceptor may
	 * be freed inside.
	 */
	void (*look_up)(
		struct envoi_component_directory *directory, struct envoi_component_lookup *lookup);
	/**
	 * The connection has ended, and @p lookup with it: do not answer it. Called once for each
	 * look-up that was not answered. OPTIONAL for a directory that answers inside `look_up`.
	 * @param lookup  invalid when this function returns
	 */
	void (*cancel)(
		struct envoi_component_directory *directory, struct envoi_component_lookup *lookup);
};

/** Base of every directory; embedded first. */
struct envoi_component_directory {
	const struct envoi_component_directory_impl *impl;
};

/**
 * Answer a look-up. The functions of the acceptor's hook may be called inside.
 *
 * @param lookup  an open look-up
 * @param code    ENVOI_OK. ENVOI_ERR_NOT_FOUND: there is no such component; the peer gets the same
 *                answer as for a wrong secret. Other errors (<0): the stream ends with
 *                internal-server-error, after which a component tries again
 * @param secret  borrowed for the call; NULL on failure
 */
ENVOI_API void envoi_component_lookup_answer(
	struct envoi_component_lookup *lookup, int code, const char *secret);

/**
 * Set the directory of an acceptor's components.
 *
 * @param directory  borrowed, must outlive the acceptor
 * @retval ENVOI_ERR_STATE  the acceptor has one, or is being freed
 * @retval ENVOI_ERR_INVALID  NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_acceptor_set_components(
	struct envoi_acceptor *acceptor, struct envoi_component_directory *directory);

/**
 * Accept the connection of a component, as envoi_acceptor_accept() does that of a client. XEP-0114
 * has no STARTTLS: a transport that is not secure gets the stream error policy-violation, unless
 * @p source is this host or tls.mode is none.
 *
 * @param transport  taken, not started; consumed on failure too
 * @param source     the address of the peer as text, as envoi_admission_address() returns it; NULL
 *                   or "": a peer on this host that has no address. Copied. Wrong secrets are
 *                   counted by it: an IPv6 address by its network of 64 bits; a peer without an
 *                   address is not counted
 * @param[out] ret_accepted  borrowed until its `ended` returns; NULL: not wanted
 * @retval ENVOI_ERR_STATE  the acceptor has no directory of components, or no domain, or is being
 *                          freed
 * @retval ENVOI_ERR_NOMEM
 * Other errors as envoi_stream_new(). After an error no function of the hook is called.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_acceptor_accept_component(struct envoi_acceptor *acceptor,
	struct envoi_transport *transport, const char *source,
	struct envoi_accepted **ret_accepted);

/** @return whether a session belongs to a component */
ENVOI_API bool envoi_accepted_is_component(const struct envoi_accepted *accepted);

/** @return the component that serves the domain of @p jid; NULL: none is connected; borrowed until
 * its `ended` returns */
ENVOI_API struct envoi_accepted *envoi_acceptor_component(
	const struct envoi_acceptor *acceptor, const struct envoi_jid *jid);

#ifdef __cplusplus
}
#endif
#endif
