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

/** Namespace of the conditions of stanza errors (RFC 6120, section 8.3.3). */
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
	ENVOI_TYPE_ANY = 0, /**< in a row: every type but error; of a stanza: it is an iq */
	ENVOI_TYPE_NORMAL, /**< message; also without type, and with an unknown one */
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
	/** presence with a type that RFC 6121 does not define: matches no row with a type */
	ENVOI_TYPE_UNKNOWN,
};

/** A stanza: typed access to an element in `jabber:client`. A reference to it is one to the tree of
 * the element. */
struct envoi_stanza;

/** A stanza error (RFC 6120, section 8.3.2). Text is borrowed from the stanza. */
struct envoi_stanza_error {
	enum envoi_stanza_error_type type;
	/** ENVOI_UNDEFINED_CONDITION for an unknown one, and for none. If there is only a code
	 * (XEP-0086), the condition that the code stands for */
	enum envoi_stanza_condition condition;
	/** the text without a language, else the first; of an error without condition, the text
	 * directly inside; or NULL */
	const char *text;
	const char *by; /**< the address of the entity that returned the error, or NULL */
	/** of `gone` and `redirect`: the address to use instead, or NULL; untrusted input */
	const char *new_address;
	const struct envoi_element *application; /**< application-specific condition, or NULL */
};

/**
 * Make a stanza of an element.
 *
 * @param[out] ret_stanza  a new reference
 * @param element  in `jabber:client`; a reference is taken
 * @retval ENVOI_DECLINED     not a stanza: the element has another name or namespace
 * @retval ENVOI_ERR_INVALID  an iq without type or id, or of unknown type (RFC 6120, section 8.2.3)
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stanza_from_element(
	struct envoi_stanza **ret_stanza, struct envoi_element *element);

/**
 * Make a message (RFC 6121, section 5.2).
 *
 * This function and the constructors below return a new reference, or NULL without memory. Results
 * need not be checked one by one: functions with a stanza or an element as parameter accept NULL
 * and report ENVOI_ERR_NOMEM. An impossible stanza (a message of type `probe`, an answer to an
 * error) and text that XML does not allow are failures of the stanza: sending it returns
 * ENVOI_ERR_INVALID, and envoi_session_problem() and envoi_element_problem() return place and
 * reason.
 *
 * @param type  ENVOI_TYPE_ANY: normal
 * @param to    an address as text, prepared when the stanza is sent; NULL: the own account
 * @param body  NULL: none
 */
ENVOI_API struct envoi_stanza *envoi_message_new(struct envoi_context *context,
	enum envoi_stanza_type type, const char *to, const char *body /* or NULL */);
/** Make a presence (RFC 6121, section 4). @param type ENVOI_TYPE_ANY: available. @param to NULL:
 * the server broadcasts it to the contacts */
ENVOI_API struct envoi_stanza *envoi_presence_new(
	struct envoi_context *context, enum envoi_stanza_type type, const char *to);
/** Make a request (RFC 6120, section 8.2.3). It gets a random id when it is sent. @param kind
 * ENVOI_IQ_GET or ENVOI_IQ_SET. @param to as for envoi_message_new() */
ENVOI_API struct envoi_stanza *envoi_iq_new(
	struct envoi_context *context, enum envoi_stanza_kind kind, const char *to);

/**
 * Make a message in reply to another one. It has the type, the thread (RFC 6121, section 5.2.5) and
 * the language of the message. It is addressed to the full address of the sender, for a message of
 * type groupchat to the room (XEP-0045, section 7.4).
 *
 * @param message  borrowed for the call. If it is not a message, of type error, or without a
 *                 sender, the reply fails when it is sent
 * @param body     NULL: none
 */
ENVOI_API struct envoi_stanza *envoi_message_reply_new(
	const struct envoi_stanza *message, const char *body);

/**
 * @return whether a stanza may be answered with an error: all but errors and iq results (RFC 6120,
 *         sections 8.2.3 and 8.3.1)
 */
ENVOI_API bool envoi_stanza_may_answer(const struct envoi_stanza *stanza);
/** Make an empty result for a request (RFC 6120, section 8.2.3), to its sender, with its id. If the
 * stanza is not a request, the result fails when it is sent. */
ENVOI_API struct envoi_stanza *envoi_iq_result_new(const struct envoi_stanza *request);
/**
 * Make an error that answers a stanza (RFC 6120, section 8.3). It has the id and the addresses of
 * the stanza, not its payload, and the type that section 8.3.3 recommends for the condition.
 *
 * @param cause  borrowed for the call. If envoi_stanza_may_answer() is false, the error fails when
 *               it is sent
 * @param text   for a person; NULL: none
 */
ENVOI_API struct envoi_stanza *envoi_stanza_error_new(
	const struct envoi_stanza *cause, enum envoi_stanza_condition condition, const char *text);

/** Take a reference. @return @p stanza */
ENVOI_API struct envoi_stanza *envoi_stanza_ref(struct envoi_stanza *stanza);
/** Drop a reference; NULL is allowed. @return NULL */
ENVOI_API struct envoi_stanza *envoi_stanza_unref(struct envoi_stanza *stanza);

/** @return the kind, which includes the type of an iq */
ENVOI_API enum envoi_stanza_kind envoi_stanza_kind(const struct envoi_stanza *stanza);
/** @return the type of a message (without, or unknown: ENVOI_TYPE_NORMAL) or presence (without:
 * ENVOI_TYPE_AVAILABLE; unknown: ENVOI_TYPE_UNKNOWN); of an iq ENVOI_TYPE_ANY */
ENVOI_API enum envoi_stanza_type envoi_stanza_type(const struct envoi_stanza *stanza);
/** @return the id; NULL: none; borrowed from the stanza, as all below */
ENVOI_API const char *envoi_stanza_id(const struct envoi_stanza *stanza);
/** @return the sender; NULL: none, or not an address; parsed on first use */
ENVOI_API const struct envoi_jid *envoi_stanza_from(const struct envoi_stanza *stanza);
/** @return the recipient, as envoi_stanza_from() */
ENVOI_API const struct envoi_jid *envoi_stanza_to(const struct envoi_stanza *stanza);
/** @return the attribute `from` unchanged, an address or not; NULL: none */
ENVOI_API const char *envoi_stanza_from_text(const struct envoi_stanza *stanza);
/** @return the attribute `to` unchanged, an address or not; NULL: none */
ENVOI_API const char *envoi_stanza_to_text(const struct envoi_stanza *stanza);
/** @return the language of texts that state none: xml:lang of the stanza, or of the stream that it
 * came from (RFC 6120, section 8.1.5); NULL: not known */
ENVOI_API const char *envoi_stanza_lang(const struct envoi_stanza *stanza);
/** @return the stanza's own element; NULL for NULL */
ENVOI_API struct envoi_element *envoi_stanza_element(const struct envoi_stanza *stanza);

/** @return the payload: of an iq its only child, of others the first child in another namespace
 * than the stanza's; NULL: none */
ENVOI_API struct envoi_element *envoi_stanza_payload(const struct envoi_stanza *stanza);
/**
 * Decode the first child with the name and namespace of @p type. Further calls return the same
 * value.
 *
 * @param[out] ret_value  borrowed from the stanza
 * @retval ENVOI_DECLINED  there is no such child
 * @retval <0  as envoi_payload_parse()
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stanza_decode(const struct envoi_stanza *stanza,
	const struct envoi_payload_type *type, const void **ret_value);
/**
 * Find a payload as envoi_stanza_decode() does, where only a valid one counts.
 *
 * @return the value; NULL: the stanza has no such payload, or a malformed one, or is of type error
 *         and thus contains what it answers; also without memory, and for NULL
 */
ENVOI_API const void *envoi_stanza_find(
	const struct envoi_stanza *stanza, const struct envoi_payload_type *type);
/** Add a payload. A failure is also the stanza's: sending the stanza returns it. @param value of
 * @p type; borrowed for the call. @return as envoi_payload_add() */
ENVOI_API int envoi_stanza_encode(
	struct envoi_stanza *stanza, const struct envoi_payload_type *type, const void *value);
/** @return whether the stanza is of type error; then @p *ret_error is set */
ENVOI_API bool envoi_stanza_get_error(
	const struct envoi_stanza *stanza, struct envoi_stanza_error *ret_error);

/**
 * Get the body in a language (RFC 6121, section 5.2.3).
 *
 * @param lang  a language tag; NULL: the body without a language, else the first
 * @return the body whose language matches @p lang best; NULL: the message has none
 */
ENVOI_API const char *envoi_message_body(const struct envoi_stanza *message, const char *lang);
/** Get the subject (section 5.2.4), as envoi_message_body(). */
ENVOI_API const char *envoi_message_subject(const struct envoi_stanza *message, const char *lang);
/** @return the thread's id (section 5.2.5), or NULL */
ENVOI_API const char *envoi_message_thread(const struct envoi_stanza *message);
/** @return the id of the thread that the message's thread branched off from (section 5.2.5), or
 * NULL */
ENVOI_API const char *envoi_message_thread_parent(const struct envoi_stanza *message);
/** @return "away", "chat", "dnd", "xa" or NULL (RFC 6121, section 4.7.2.1) */
ENVOI_API const char *envoi_presence_show(const struct envoi_stanza *presence);
/** Get the status text (section 4.7.2.2), as envoi_message_body(). */
ENVOI_API const char *envoi_presence_status(const struct envoi_stanza *presence, const char *lang);
/** @return the priority, -128..127 (section 4.7.2.3); 0: absent or malformed */
ENVOI_API int envoi_presence_priority(const struct envoi_stanza *presence);

/* --- setting --- */

/*
 * Setters for a stanza that is being built; a received one must not be changed. A value replaces an
 * earlier one; NULL removes it. Texts are copied.
 *
 * As with all builders a failure is the stanza's: the result may be ignored, and sending the stanza
 * returns the failure. All setters return
 * - ENVOI_OK;
 * - ENVOI_ERR_INVALID: stanzas of this kind do not have the value, or it is not allowed;
 *   envoi_element_problem() describes why;
 * - ENVOI_ERR_NOMEM: also when the stanza is NULL;
 * - else the first failure of the stanza.
 */

/** Set the type of a message or presence. @param type ENVOI_TYPE_ANY: normal, available */
ENVOI_API int envoi_stanza_set_type(struct envoi_stanza *stanza, enum envoi_stanza_type type);
/** Set the id. Without one, a message or request gets a random id when it is sent. */
ENVOI_API int envoi_stanza_set_id(struct envoi_stanza *stanza, const char *id);
/** Set the recipient. @param to as text, prepared when the stanza is sent */
ENVOI_API int envoi_stanza_set_to(struct envoi_stanza *stanza, const char *to);
/** Set the sender. Not needed in a client: its server sets it (RFC 6120, section 8.1.2.1), and the
 * client's own full address is removed when the stanza is sent. */
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
 * which means available */
ENVOI_API int envoi_presence_set_show(struct envoi_stanza *presence, const char *show);
/** Set the status text in a language (section 4.7.2.2), as envoi_message_set_body(). */
ENVOI_API int envoi_presence_set_status(
	struct envoi_stanza *presence, const char *lang, const char *status);
/** Set the priority (section 4.7.2.3). @param priority -128..127; a resource with one below 0
 * receives no messages to the bare address */
ENVOI_API int envoi_presence_set_priority(struct envoi_stanza *presence, int priority);

#define ENVOI_ID_SIZE 23 /**< of an id of envoi_id_make(), with its NUL */
/** Make an id that cannot be guessed: 128 random bits in base64url. @retval ENVOI_ERR_SYSTEM the
 * random source failed */
ENVOI_API ENVOI_MUST_CHECK int envoi_id_make(
	struct envoi_context *context, char ret_id[ENVOI_ID_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
