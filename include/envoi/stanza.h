/*
 * envoi - stanzas: message, presence, iq
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STANZA_H
#define ENVOI_STANZA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/conditions.h>
#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/jid.h>
#include <envoi/xml.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_payload_type;

#define ENVOI_NS_CLIENT "jabber:client"
#define ENVOI_NS_STANZA_ERRORS "urn:ietf:params:xml:ns:xmpp-stanzas"

/** Kinds of stanzas (RFC 6120, section 8). */
enum envoi_stanza_kind {
	ENVOI_NO_STANZA = 0, /**< ends a table of rows */
	ENVOI_MESSAGE,
	ENVOI_PRESENCE,
	ENVOI_IQ_GET,
	ENVOI_IQ_SET,
	ENVOI_IQ_RESULT,
	ENVOI_IQ_ERROR,
};

/** Types of messages and presences (RFC 6121, sections 5.2.2 and 4.7.1). */
enum envoi_stanza_type {
	ENVOI_TYPE_ANY = 0, /**< in a row: every type but error; of an iq */
	ENVOI_TYPE_NORMAL, /**< message; also without type, and of an unknown one */
	ENVOI_TYPE_CHAT,
	ENVOI_TYPE_GROUPCHAT,
	ENVOI_TYPE_HEADLINE,
	ENVOI_TYPE_AVAILABLE, /**< presence without type */
	ENVOI_TYPE_UNAVAILABLE,
	ENVOI_TYPE_SUBSCRIBE,
	ENVOI_TYPE_SUBSCRIBED,
	ENVOI_TYPE_UNSUBSCRIBE,
	ENVOI_TYPE_UNSUBSCRIBED,
	ENVOI_TYPE_PROBE,
	ENVOI_TYPE_ERROR, /**< message or presence */
	/** a presence type that RFC 6121 does not know: matches no row with a type */
	ENVOI_TYPE_UNKNOWN,
};

/** A stanza: typed access to an element in `jabber:client`. Counted with its tree. */
struct envoi_stanza;

/** A stanza error (RFC 6120, section 8.3.2). Text is borrowed from the stanza. */
struct envoi_stanza_error {
	enum envoi_stanza_error_type type;
	/** ENVOI_UNDEFINED_CONDITION when unknown, or absent without a code that stands for one
	 * (XEP-0086) */
	enum envoi_stanza_condition condition;
	/** the text that states no language, else the first; of an error without condition the text
	 * directly inside; or NULL */
	const char *text;
	const char *by; /**< the address of the entity that raised it, or NULL */
	/** of `gone` and `redirect`: the address to use instead, or NULL; not to be trusted */
	const char *new_address;
	const struct envoi_element *application; /**< application-specific condition, or NULL */
};

/**
 * Make a stanza of an element.
 *
 * @param[out] ret_stanza  a reference, which keeps the element's tree
 * @param element  in `jabber:client`; borrowed
 * @retval ENVOI_DECLINED     not a stanza: another name or namespace
 * @retval ENVOI_ERR_INVALID  an iq without type or id, or of unknown type (RFC 6120, section 8.2.3)
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stanza_from_element(
	struct envoi_stanza **ret_stanza, struct envoi_element *element);

/**
 * Make a message (RFC 6121, section 5.2).
 *
 * This and the builders below give one reference; NULL means out of memory. Functions that take a
 * stanza or an element accept NULL and report ENVOI_ERR_NOMEM, so that envoi_stanza_element() of a
 * stanza that was not checked can be built upon. A stanza that cannot be (a message of type
 * `probe`, an answer to an error) and text that XML does not allow make the stanza fail: sending it
 * returns ENVOI_ERR_INVALID, and envoi_session_problem() and envoi_element_problem() name place and
 * reason.
 *
 * @param type  ENVOI_TYPE_ANY: normal
 * @param to    as text, prepared when it is sent; NULL: the own account or server
 */
ENVOI_API struct envoi_stanza *envoi_message_new(struct envoi_context *context,
	enum envoi_stanza_type type, const char *to, const char *body /* or NULL */);
/** Make a presence (section 4). @param type ENVOI_TYPE_ANY: available. @param to NULL: broadcast by
 * the server */
ENVOI_API struct envoi_stanza *envoi_presence_new(
	struct envoi_context *context, enum envoi_stanza_type type, const char *to);
/** Make a request (RFC 6120, section 8.2.3). @param kind ENVOI_IQ_GET or ENVOI_IQ_SET; a random id
 * is given when it is sent */
ENVOI_API struct envoi_stanza *envoi_iq_new(
	struct envoi_context *context, enum envoi_stanza_kind kind, const char *to);

/**
 * Make a message in reply to another one: of its type, in its thread (RFC 6121, section 5.2.5) and
 * language, to the full address of its sender; to the room when the message is of type groupchat
 * (XEP-0045, section 7.4).
 *
 * @param message  borrowed; one that is not a message, is of type error, or has no sender gives a
 *                 reply that fails when it is sent
 * @param body     NULL: none
 */
ENVOI_API struct envoi_stanza *envoi_message_reply_new(
	const struct envoi_stanza *message, const char *body);

/**
 * @return whether a stanza may be answered with an error: every one but an error, an iq result (RFC
 *         6120, sections 8.2.3 and 8.3.1)
 */
ENVOI_API bool envoi_stanza_may_answer(const struct envoi_stanza *stanza);
/** An empty result for a request (RFC 6120, section 8.2.3): to its sender, with its id. For a
 * stanza that is not a request, one that fails when it is sent. */
ENVOI_API struct envoi_stanza *envoi_iq_result_new(const struct envoi_stanza *request);
/**
 * An error in answer to a stanza (envoi_stanza_may_answer(); for others one that fails when it is
 * sent). It repeats nothing of what
 * it answers but its id and addresses.
 *
 * @param condition  its type is what section 8.3.3 recommends
 * @param text       for a person; NULL: none
 */
ENVOI_API struct envoi_stanza *envoi_stanza_error_new(
	const struct envoi_stanza *cause, enum envoi_stanza_condition condition, const char *text);

/** One more reference. @return @p stanza */
ENVOI_API struct envoi_stanza *envoi_stanza_ref(struct envoi_stanza *stanza);
/** One reference less; the last frees it. NULL is allowed. @return NULL */
ENVOI_API struct envoi_stanza *envoi_stanza_unref(struct envoi_stanza *stanza);

/** @return its kind; of an iq that includes the type */
ENVOI_API enum envoi_stanza_kind envoi_stanza_kind(const struct envoi_stanza *stanza);
/** @return the type of a message (none and unknown ones: ENVOI_TYPE_NORMAL) or presence (none:
 * ENVOI_TYPE_AVAILABLE; unknown ones: ENVOI_TYPE_UNKNOWN); of an iq ENVOI_TYPE_ANY */
ENVOI_API enum envoi_stanza_type envoi_stanza_type(const struct envoi_stanza *stanza);
/** @return NULL: none; borrowed, as all below */
ENVOI_API const char *envoi_stanza_id(const struct envoi_stanza *stanza);
/** @return the sender; NULL: none, or not an address; parsed on first use */
ENVOI_API const struct envoi_jid *envoi_stanza_from(const struct envoi_stanza *stanza);
/** @return the recipient, as envoi_stanza_from() */
ENVOI_API const struct envoi_jid *envoi_stanza_to(const struct envoi_stanza *stanza);
/** @return the attribute as it is, an address or not; NULL: none */
ENVOI_API const char *envoi_stanza_from_text(const struct envoi_stanza *stanza);
/** @return as envoi_stanza_from_text() */
ENVOI_API const char *envoi_stanza_to_text(const struct envoi_stanza *stanza);
/** @return the language of texts that state none: xml:lang of the stanza, or of the stream that it
 * came from (RFC 6120, section 8.1.5); NULL: not known */
ENVOI_API const char *envoi_stanza_lang(const struct envoi_stanza *stanza);
/** @return the stanza's own element; NULL for NULL */
ENVOI_API struct envoi_element *envoi_stanza_element(const struct envoi_stanza *stanza);

/** @return the payload: of an iq its one child, of others the first child in a namespace of its
 * own; or NULL */
ENVOI_API struct envoi_element *envoi_stanza_payload(const struct envoi_stanza *stanza);
/**
 * Decode the first child that @p type describes, once: further calls give the same value.
 *
 * @param[out] ret_value  lives in the stanza's arena, as long as the stanza
 * @retval ENVOI_DECLINED  no such child
 * @retval <0  as envoi_payload_parse()
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stanza_decode(const struct envoi_stanza *stanza,
	const struct envoi_payload_type *type, const void **ret_value);
/** Add a payload from a struct. A failure is the stanza's: sending it reports it. @return as
 * envoi_payload_add() */
ENVOI_API int envoi_stanza_encode(
	struct envoi_stanza *stanza, const struct envoi_payload_type *type, const void *value);
/** @return whether the stanza is of type error; then *ret_error is set */
ENVOI_API bool envoi_stanza_get_error(
	const struct envoi_stanza *stanza, struct envoi_stanza_error *ret_error);

/**
 * The body in a language (RFC 6121, section 5.2.3).
 *
 * @param lang  a language tag; NULL: the body that states no language, else the first
 * @return the body that suits @p lang best, borrowed from the message; NULL: the message has none
 */
ENVOI_API const char *envoi_message_body(const struct envoi_stanza *message, const char *lang);
/** The subject (section 5.2.4), chosen as the body is. */
ENVOI_API const char *envoi_message_subject(const struct envoi_stanza *message, const char *lang);
/** @return the thread's id (section 5.2.5), or NULL */
ENVOI_API const char *envoi_message_thread(const struct envoi_stanza *message);
/** @return the id of the thread that the message's thread branched off from (section 5.2.5), or
 * NULL */
ENVOI_API const char *envoi_message_thread_parent(const struct envoi_stanza *message);
/** @return "away", "chat", "dnd", "xa" or NULL (RFC 6121, section 4.7.2.1) */
ENVOI_API const char *envoi_presence_show(const struct envoi_stanza *presence);
/** The status text (section 4.7.2.2), chosen as a message's body is. */
ENVOI_API const char *envoi_presence_status(const struct envoi_stanza *presence, const char *lang);
/** @return -128..127 (section 4.7.2.3); 0 when absent or malformed */
ENVOI_API int envoi_presence_priority(const struct envoi_stanza *presence);

/* --- setting --- */

/*
 * Setters for a stanza that is being built; a received one must not be changed. A value that is
 * there is replaced, NULL removes it.
 *
 * As with all builders a failure is the stanza's: the result may be ignored, and sending the stanza
 * reports it. All setters return
 * - ENVOI_OK;
 * - ENVOI_ERR_INVALID: stanzas of this kind do not have the value, or it is not allowed;
 *   envoi_element_problem() describes why;
 * - ENVOI_ERR_NOMEM: also when the stanza is NULL;
 * - the stanza's first failure, when it has failed before.
 */

/** Set the type of a message or presence. @param type ENVOI_TYPE_ANY: normal, available */
ENVOI_API int envoi_stanza_set_type(struct envoi_stanza *stanza, enum envoi_stanza_type type);
/** Set the id. Without one, a message or request gets a random id when it is sent. */
ENVOI_API int envoi_stanza_set_id(struct envoi_stanza *stanza, const char *id);
/** Set the recipient. @param to as text, prepared when the stanza is sent */
ENVOI_API int envoi_stanza_set_to(struct envoi_stanza *stanza, const char *to);
/** Set the sender. A client leaves it to its server (RFC 6120, section 8.1.2.1). */
ENVOI_API int envoi_stanza_set_from(struct envoi_stanza *stanza, const char *from);
/** Set the language of texts that state none (RFC 6120, section 8.1.5). @param lang a language tag,
 * "de-AT" (envoi_lang_is_valid()) */
ENVOI_API int envoi_stanza_set_lang(struct envoi_stanza *stanza, const char *lang);

/**
 * Set the body in a language (RFC 6121, section 5.2.3). A message has one body without language at
 * most, and one for each language.
 *
 * @param lang  a language tag; NULL: the body that states no language
 * @param body  NULL: removes the body of that language
 */
ENVOI_API int envoi_message_set_body(
	struct envoi_stanza *message, const char *lang, const char *body);
/** Set the subject in a language (section 5.2.4), as envoi_message_set_body(). */
ENVOI_API int envoi_message_set_subject(
	struct envoi_stanza *message, const char *lang, const char *subject);
/**
 * Set the thread (section 5.2.5).
 * @param thread  an id that cannot be guessed, envoi_id_make() for example; NULL: none
 * @param parent  the id of the thread that it branches off from; NULL: none
 */
ENVOI_API int envoi_message_set_thread(
	struct envoi_stanza *message, const char *thread, const char *parent);
/** Set the availability (section 4.7.2.1). @param show "away", "chat", "dnd" or "xa"; NULL: none,
 * plainly available */
ENVOI_API int envoi_presence_set_show(struct envoi_stanza *presence, const char *show);
/** Set the status text in a language (section 4.7.2.2), as envoi_message_set_body(). */
ENVOI_API int envoi_presence_set_status(
	struct envoi_stanza *presence, const char *lang, const char *status);
/** Set the priority (section 4.7.2.3). @param priority -128..127; below 0 the resource gets no
 * messages that are sent to the account */
ENVOI_API int envoi_presence_set_priority(struct envoi_stanza *presence, int priority);

/** An id that cannot be guessed: 128 random bits in base64url, NUL-terminated. */
#define ENVOI_ID_SIZE 23
ENVOI_API ENVOI_MUST_CHECK int envoi_id_make(
	struct envoi_context *context, char ret_id[ENVOI_ID_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
