/*
 * envoi-server - message carbons (XEP-0280)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/ext/carbons.h>
#include <envoi/ext/hints.h>
#include <envoi/ext/stanza_forwarding.h>

#include "inside.h"

/* --- enabling (sections 4 and 5) --- */

static void set_enabled(const struct envoi__routed *routed, bool is_enabled)
{
	if (routed->sender != NULL) {
		routed->sender->has_carbons = is_enabled;
		envoi__request_result(routed, NULL, NULL);
	}
}

static void enable(const struct envoi__routed *routed, struct envoi__account *account)
{
	(void)account;
	set_enabled(routed, true);
}

static void disable(const struct envoi__routed *routed, struct envoi__account *account)
{
	(void)account;
	set_enabled(routed, false);
}

const struct envoi__service envoi__copy_services[] = {
	{ENVOI_IQ_SET, ENVOI_NS_CARBONS, "enable", ENVOI__AT_OWN | ENVOI__LISTED, false, enable},
	{ENVOI_IQ_SET, ENVOI_NS_CARBONS, "disable", ENVOI__AT_OWN, false, disable},
	{.kind = ENVOI_NO_STANZA},
};

/* --- which messages (sections 6.1 and 9: `private` stays in the message) --- */

static bool is_copied(const struct envoi_stanza *message)
{
	const struct envoi_element *element = envoi_stanza_element(message);
	enum envoi_stanza_type type = envoi_stanza_type(message);
	bool is_talk = type == ENVOI_TYPE_CHAT ||
		(type == ENVOI_TYPE_NORMAL && envoi_message_body(message, NULL) != NULL);
	return is_talk && !envoi_hints_of(message).no_copy &&
		envoi_element_child(element, ENVOI_NS_CARBONS, "private") == NULL &&
		envoi_element_child(element, ENVOI_NS_CARBONS, "received") == NULL &&
		envoi_element_child(element, ENVOI_NS_CARBONS, "sent") == NULL;
}

/* --- copies (sections 7 and 8) --- */

static void give_copy(
	struct envoi__resource *resource, const struct envoi_stanza *message, const char *direction)
{
	struct envoi_stanza *copy = envoi_message_new(resource->server->context,
		envoi_stanza_type(message), envoi_jid_text(envoi__resource_jid(resource)), NULL);
	envoi_stanza_set_from(copy, envoi_jid_text(resource->account->jid));
	struct envoi_element *forwarded = envoi_element_add(
		envoi_element_add(envoi_stanza_element(copy), ENVOI_NS_CARBONS, direction),
		envoi_stanza_forwarding_type.ns, envoi_stanza_forwarding_type.name);
	envoi_element_add_copy(forwarded, envoi_stanza_element(message));
	(void)envoi__resource_give(resource, copy);
}

void envoi__copies_received(struct envoi__account *account, const struct envoi_stanza *message,
	bool (*has_it)(const struct envoi__resource *resource, const void *user), const void *user)
{
	struct envoi__resource *at = NULL;
	if (!is_copied(message)) {
		return;
	}
	while ((at = envoi__resource_next(account, at)) != NULL) {
		bool is_sender = envoi_jid_equal(
			envoi__resource_jid(at), envoi_stanza_from(message));
		if (at->has_carbons && !is_sender && !has_it(at, user)) {
			give_copy(at, message, "received");
		}
	}
}

void envoi__copies_sent(struct envoi__resource *sender, const struct envoi_stanza *message)
{
	struct envoi__account *account = sender->account;
	struct envoi__resource *at = NULL;
	if (envoi_jid_equal_bare(envoi_stanza_to(message), account->jid) || !is_copied(message)) {
		return; /* to itself: they get what is received */
	}
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at != sender && at->has_carbons) {
			give_copy(at, message, "sent");
		}
	}
}
