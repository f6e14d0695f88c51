/*
 * envoi - payloads of the core: bind, session, roster
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STANZA_PAYLOADS_H
#define ENVOI_STANZA_PAYLOADS_H

#include <envoi/payload.h>

#define ENVOI__NS_BIND "urn:ietf:params:xml:ns:xmpp-bind"
#define ENVOI__NS_SESSION "urn:ietf:params:xml:ns:xmpp-session"
#define ENVOI__NS_ROSTER "jabber:iq:roster"
#define ENVOI__NS_ROSTER_VERSIONING "urn:xmpp:features:rosterver"

/**
 * Resource binding (RFC 6120, section 7): in the request perhaps a resource, in the result the full
 * address. Whether what comes is a full address, and whose, is for who reads it to check.
 */
struct envoi__bind {
	const char *resource; /* not prepared; NULL: the server shall choose */
	const struct envoi_jid *jid;
};
extern const struct envoi_payload_type envoi__bind_type;

/** Session establishment (RFC 3921, section 3), as a request. */
extern const struct envoi_payload_type envoi__session_type;

/** The same as a stream feature: optional ones need not be asked for. */
struct envoi__session_feature {
	bool is_optional;
};
extern const struct envoi_payload_type envoi__session_feature_type;

/** What a contact and we see of each other (RFC 6121, section 2.1.2.5). */
enum envoi__subscription {
	ENVOI__SUBSCRIPTION_NONE, /* also: absent, or a word that the RFC does not know */
	ENVOI__SUBSCRIPTION_TO,
	ENVOI__SUBSCRIPTION_FROM,
	ENVOI__SUBSCRIPTION_BOTH,
	ENVOI__SUBSCRIPTION_REMOVE,
};
extern const struct envoi_word envoi__subscription_words[];

/** Section 2.1.2.2 */
enum envoi__roster_ask {
	ENVOI__ASK_NOTHING,
	ENVOI__ASK_SUBSCRIBE,
};

/** One contact (section 2.1.2). */
struct envoi__roster_item {
	const struct envoi_jid *jid;
	const char *name; /* or NULL */
	enum envoi__subscription subscription;
	enum envoi__roster_ask ask;
	bool is_approved;
	const char *const *groups;
	size_t group_count;
};
extern const struct envoi_payload_type envoi__roster_item_type;

/**
 * A roster, a request for one, or a push (section 2.1.1). An item that cannot be read is left out,
 * so that one contact with a broken address does not cost the whole roster.
 */
struct envoi__roster_query {
	const char *ver; /* NULL: absent; "": versioning is known, no version is */
	const struct envoi__roster_item *items;
	size_t item_count;
};
extern const struct envoi_payload_type envoi__roster_query_type;

#endif
