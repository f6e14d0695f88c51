/*
 * envoi - one thing with one call
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SIMPLE_H
#define ENVOI_SIMPLE_H

#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/request.h>
#include <envoi/stanza.h>
#include <envoi/wait.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_client;
struct envoi_context;
struct envoi_roster_item;
struct envoi_stanza_row;

enum {
	ENVOI_SIMPLE_ERROR_BYTES = 512,
	ENVOI_SIMPLE_TIMEOUT_MS = 60000,
};

/**
 * For scripts and small programs. Each of the functions below logs in, does one thing, logs out and
 * returns: they are the only functions of the library that wait. They run the context's loop, so a
 * program that has a loop of its own uses a client (<envoi/client.h>).
 *
 *	struct envoi_simple alice = {.jid = "alice@example.org", .password = password};
 *	if (envoi_simple_send(&alice, "bob@example.org", "hello") < 0)
 *		fprintf(stderr, "%s\n", alice.error);
 *
 * Set what is needed and zero the rest. It may be used for several calls, one after the other; the
 * strings are borrowed for each.
 *
 * All functions return
 * - ENVOI_OK;
 * - ENVOI_ERR_TIMEOUT: the deadline passed. What was sent may have been received;
 * - ENVOI_ERR_STANZA: the peer answered with an error;
 * - ENVOI_ERR_UNSUPPORTED: the application runs the loop of `context`;
 * - ENVOI_ERR_STATE: called from inside a callback of that loop;
 * - else the reason why the login failed, as of envoi_client_failure(), or why the stanza could not
 *   be made or sent, as of envoi_send() and envoi_request().
 * After every result other than ENVOI_OK, `error` is a line with the reason.
 */
struct envoi_simple {
	const char *jid; /**< the account's address */
	const char *password; /**< NULL: none; for anonymous logins and client certificates */
	/** OPTIONAL. Assignments as of envoi_client_set_assignment(), "tls.ca-file=ca.pem"; a NULL
	 * ends them */
	const char *const *settings;
	/** milliseconds for the whole call, login included; 0: ENVOI_SIMPLE_TIMEOUT_MS. The logout
	 * is included; when the time ends in it, the connection is cut, without an error */
	uint64_t timeout_ms;
	struct envoi_context *context; /**< OPTIONAL. NULL: one is made for each call */
	/** OPTIONAL. Called with the client before it connects: to add connectors or handlers, or
	 * to set a trust decision. It must not free the client */
	void (*prepare)(void *user, struct envoi_client *client);
	void *user; /**< passed to @p prepare */
	char error[ENVOI_SIMPLE_ERROR_BYTES]; /**< set by each call; "" after ENVOI_OK */
};

/**
 * Send a chat message, and wait until the account's server has acknowledged it. The function does
 * not wait for errors of other servers.
 *
 * @param to    an address as text
 * @param body  UTF-8
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_simple_send(
	struct envoi_simple *simple, const char *to, const char *body);

/**
 * Fetch the account's contact list.
 *
 * @param contact  called for each contact, in no order, from the loop; the item is borrowed for the
 *                 call
 * @param user     passed to @p contact
 * @retval ENVOI_ERR_LIMIT  there are more contacts than limits.roster-items; the first of them were
 *                          reported
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_simple_roster(struct envoi_simple *simple,
	void (*contact)(void *user, const struct envoi_roster_item *item), void *user);

/**
 * Send an iq with one payload, and wait for the answer.
 *
 * @param kind      ENVOI_IQ_GET or ENVOI_IQ_SET
 * @param to        an address as text; NULL: the account's server
 * @param type      of the payload
 * @param value     of @p type; may be NULL for an empty type
 * @param expected  payload of the result; NULL: not decoded
 * @param answered  OPTIONAL. called with the result (envoi_answer_payload()), from the loop; not
 *                  with an error
 * @param user      passed to @p answered
 * @retval ENVOI_ERR_PROTOCOL  the payload of the result is missing or malformed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_simple_ask(struct envoi_simple *simple,
	enum envoi_stanza_kind kind, const char *to, const struct envoi_payload_type *type,
	const void *value, const struct envoi_payload_type *expected, envoi_answer_fn *answered,
	void *user);

/**
 * Become available, and wait for one stanza.
 *
 * If the connection is lost, the client connects again until the deadline. The call continues if
 * the session is resumed (XEP-0198); otherwise it ends.
 *
 * @param like   what to wait for, as of envoi_wait()
 * @param came   called with ENVOI_OK and the delivery, from the loop: it may reply. ENVOI_DECLINED:
 *               it is not the stanza, and the wait continues
 * @param user   passed to @p came
 * @retval ENVOI_ERR_TIMEOUT       no such stanza arrived
 * @retval ENVOI_ERR_DISCONNECTED  the session ended
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_simple_wait(struct envoi_simple *simple,
	const struct envoi_stanza_row *like, envoi_wait_fn *came, void *user);

#ifdef __cplusplus
}
#endif
#endif
