/*
 * envoi-server - states of a subscription (RFC 6121, appendix A)
 * SPDX-License-Identifier: MIT
 */
#include "subscription_table.h"

#include <envoi/interfaces/store.h>

/* The nine states of appendix A.1. */
enum {
	NONE = 0,
	TO = ENVOI_STORE_TO,
	FROM = ENVOI_STORE_FROM,
	BOTH = TO | FROM,
	OUT = ENVOI_STORE_PENDING_OUT,
	IN = ENVOI_STORE_PENDING_IN,
	STATES = 16,
};
enum {
	KEPT, /* not passed on */
	PASSED,
	ANSWERED, /* not passed on */
};

struct row {
	unsigned char next, passing;
};

/* Pre-approval (section 3.4) is not offered: A.2.3 and A.2.4 without it. */
static const struct row table[ENVOI__SUBSCRIPTION_EVENTS][STATES] =
	{
		/* A.2.1 */
		[ENVOI__OUT_SUBSCRIBE] =
			{
				[NONE] = {OUT, PASSED},
				[OUT] = {OUT, PASSED},
				[IN] = {OUT | IN, PASSED},
				[OUT | IN] = {OUT | IN, PASSED},
				[TO] = {TO, PASSED},
				[TO | IN] = {TO | IN, PASSED},
				[FROM] = {FROM | OUT, PASSED},
				[FROM | OUT] = {FROM | OUT, PASSED},
				[BOTH] = {BOTH, PASSED},
			},
		/* A.2.2 */
		[ENVOI__OUT_UNSUBSCRIBE] =
			{
				[NONE] = {NONE, PASSED},
				[OUT] = {NONE, PASSED},
				[IN] = {IN, PASSED},
				[OUT | IN] = {IN, PASSED},
				[TO] = {NONE, PASSED},
				[TO | IN] = {IN, PASSED},
				[FROM] = {FROM, PASSED},
				[FROM | OUT] = {FROM, PASSED},
				[BOTH] = {FROM, PASSED},
			},
		/* A.2.3 */
		[ENVOI__OUT_SUBSCRIBED] =
			{
				[NONE] = {NONE, KEPT},
				[OUT] = {OUT, KEPT},
				[IN] = {FROM, PASSED},
				[OUT | IN] = {FROM | OUT, PASSED},
				[TO] = {TO, KEPT},
				[TO | IN] = {BOTH, PASSED},
				[FROM] = {FROM, KEPT},
				[FROM | OUT] = {FROM | OUT, KEPT},
				[BOTH] = {BOTH, KEPT},
			},
		/* A.2.4 */
		[ENVOI__OUT_UNSUBSCRIBED] =
			{
				[NONE] = {NONE, KEPT},
				[OUT] = {OUT, KEPT},
				[IN] = {NONE, PASSED},
				[OUT | IN] = {OUT, PASSED},
				[TO] = {TO, KEPT},
				[TO | IN] = {TO, PASSED},
				[FROM] = {NONE, PASSED},
				[FROM | OUT] = {OUT, PASSED},
				[BOTH] = {TO, PASSED},
			},
		/* A.3.1 */
		[ENVOI__IN_SUBSCRIBE] =
			{
				[NONE] = {IN, PASSED},
				[OUT] = {OUT | IN, PASSED},
				[IN] = {IN, KEPT},
				[OUT | IN] = {OUT | IN, KEPT},
				[TO] = {TO | IN, PASSED},
				[TO | IN] = {TO | IN, KEPT},
				[FROM] = {FROM, ANSWERED},
				[FROM | OUT] = {FROM | OUT, ANSWERED},
				[BOTH] = {BOTH, ANSWERED},
			},
		/* A.3.2 */
		[ENVOI__IN_UNSUBSCRIBE] =
			{
				[NONE] = {NONE, KEPT},
				[OUT] = {OUT, KEPT},
				[IN] = {NONE, PASSED},
				[OUT | IN] = {OUT, PASSED},
				[TO] = {TO, KEPT},
				[TO | IN] = {TO, PASSED},
				[FROM] = {NONE, PASSED},
				[FROM | OUT] = {OUT, PASSED},
				[BOTH] = {TO, PASSED},
			},
		/* A.3.3 */
		[ENVOI__IN_SUBSCRIBED] =
			{
				[NONE] = {NONE, KEPT},
				[OUT] = {TO, PASSED},
				[IN] = {IN, KEPT},
				[OUT | IN] = {TO | IN, PASSED},
				[TO] = {TO, KEPT},
				[TO | IN] = {TO | IN, KEPT},
				[FROM] = {FROM, KEPT},
				[FROM | OUT] = {BOTH, PASSED},
				[BOTH] = {BOTH, KEPT},
			},
		/* A.3.4 */
		[ENVOI__IN_UNSUBSCRIBED] =
			{
				[NONE] = {NONE, KEPT},
				[OUT] = {NONE, PASSED},
				[IN] = {IN, KEPT},
				[OUT | IN] = {IN, PASSED},
				[TO] = {NONE, PASSED},
				[TO | IN] = {IN, PASSED},
				[FROM] = {FROM, KEPT},
				[FROM | OUT] = {FROM, PASSED},
				[BOTH] = {FROM, PASSED},
			},
};

static unsigned int state_of(unsigned int bits)
{
	unsigned int state = bits & (BOTH | OUT | IN);
	if ((state & TO) != 0) {
		state &= ~(unsigned int)OUT;
	}
	if ((state & FROM) != 0) {
		state &= ~(unsigned int)IN;
	}
	return state;
}

struct envoi__transition envoi__subscription_transition(
	enum envoi__subscription_event event, unsigned int state)
{
	const struct row *row = &table[event][state_of(state)];
	return (struct envoi__transition){
		.next = row->next,
		.passes = row->passing == PASSED,
		.is_answered = row->passing == ANSWERED,
	};
}
