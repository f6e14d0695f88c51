/*
 * envoi - entries of an outbox: private header of the outbox's files
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_SENDING_OUTBOX_ENTRY_H
#define ENVOI_SESSION_SENDING_OUTBOX_ENTRY_H

#include <envoi/context.h>

#include "base/budget.h"
#include "session/sending/outbox.h"
#include "session/sending/tracking.h"

static inline struct envoi__outbox_entry *envoi__outbox_entry_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__outbox_entry, link);
}

/** @return NULL: the list is empty */
static inline struct envoi__outbox_entry *envoi__outbox_first(const struct envoi__list *list)
{
	return envoi__list_is_empty(list) ? NULL : envoi__outbox_entry_of(list->next);
}

/** @return NULL: the list is empty */
static inline struct envoi__outbox_entry *envoi__outbox_last(const struct envoi__list *list)
{
	return envoi__list_is_empty(list) ? NULL : envoi__outbox_entry_of(list->previous);
}

/** @return whether a stanza of @p len bytes is within the limit of bytes
 * @param is_restoring  as for envoi__outbox_is_full() */
bool envoi__outbox_has_room_for(const struct envoi__outbox *outbox, size_t len, bool is_restoring);

/** Free the memory of an entry that has left its list, and nothing else. */
void envoi__entry_free_memory(struct envoi__outbox *outbox, struct envoi__outbox_entry *entry);
/** Make an entry that is in no list. @return NULL: out of memory */
struct envoi__outbox_entry *envoi__entry_new(
	struct envoi_context *context, const struct envoi__outbox_item *item);

/* Each of these changes the sums of the outbox, too. */

/** Append an entry that is in no list to those that wait. */
void envoi__entry_wait(struct envoi__outbox_entry *entry);
/** Remove an entry from those that wait. */
void envoi__entry_stop_waiting(struct envoi__outbox_entry *entry);
/** Remove an entry from those that were sent. */
void envoi__entry_leave_sent(struct envoi__outbox_entry *entry);
/** Do not wait for an acknowledgement of an entry that was sent. */
void envoi__entry_unkeep(struct envoi__outbox_entry *entry);
/** Append an entry that is in no list to those that are held. */
void envoi__entry_hold(struct envoi__outbox_entry *entry);
/** Remove an entry from those that are held. */
void envoi__entry_leave_held(struct envoi__outbox_entry *entry);

/** Free what is sent, without a ticket and not kept. */
void envoi__outbox_drop_passing(struct envoi__outbox *outbox);
/** End the broadcasts that are held: a later one replaces them. */
void envoi__outbox_lose_held_broadcasts(struct envoi__outbox *outbox);

/* An entry that is in no list: */

/** Free it. `dropped` may be called, and `level`. */
void envoi__entry_free(struct envoi__outbox_entry *entry);
/** Settle its ticket, and free it. */
void envoi__entry_end_by(struct envoi__outbox_entry *entry, enum envoi_ticket_state state,
	enum envoi_acknowledgement by);
/** As envoi__entry_end_by(), without an acknowledgement. */
void envoi__entry_end(struct envoi__outbox_entry *entry, enum envoi_ticket_state state);
/** @return whether bytes of it may have been written: it is with a stream, or was with one */
bool envoi__entry_may_have_left(const struct envoi__outbox_entry *entry);
/** Log that a stanza is lost, if no ticket or request reports it. */
void envoi__entry_log_loss(const struct envoi__outbox_entry *entry, const char *why);
/** End it with REFUSED. */
void envoi__entry_end_refused(struct envoi__outbox_entry *entry, enum envoi_refusal refusal);
/** End it with UNKNOWN if bytes of it may have been written, or the journal has it still, else with
 * NOT_SENT. */
void envoi__entry_end_lost(struct envoi__outbox_entry *entry);

#endif
