/*
 * envoi-server - states of a subscription (RFC 6121, appendix A)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SERVER_SUBSCRIPTION_TABLE_H
#define ENVOI_SERVER_SUBSCRIPTION_TABLE_H

#include <stdbool.h>

/** The presence of type subscribe, subscribed, unsubscribe or unsubscribed: from the account to the
 * contact (OUT), or from the contact to the account (IN). */
enum envoi__subscription_event {
	ENVOI__OUT_SUBSCRIBE,
	ENVOI__OUT_UNSUBSCRIBE,
	ENVOI__OUT_SUBSCRIBED,
	ENVOI__OUT_UNSUBSCRIBED,
	ENVOI__IN_SUBSCRIBE,
	ENVOI__IN_UNSUBSCRIBE,
	ENVOI__IN_SUBSCRIBED,
	ENVOI__IN_UNSUBSCRIBED,
	ENVOI__SUBSCRIPTION_EVENTS,
};

/** What happens. */
struct envoi__transition {
	unsigned char next; /* OR of enum envoi_store_subscription */
	bool passes; /* OUT: the stanza is sent to the contact; IN: it is delivered */
	bool is_answered; /* IN_SUBSCRIBE: with subscribed, without the account */
};

/** @param state  OR of enum envoi_store_subscription; bits that exclude each other: the granted one
 * counts */
struct envoi__transition envoi__subscription_transition(
	enum envoi__subscription_event event, unsigned int state);

#endif
