/*
 * envoi - rows for every event: for handlers of tests that record all of them
 * SPDX-License-Identifier: MIT
 */
#ifndef EVERY_EVENT_H
#define EVERY_EVENT_H

#include <envoi/event.h>
#include <envoi/handler.h>

/** Fill @p rows, which has room for ENVOI_EVENTS_END, with a row for each event and the last one.
 */
static inline void every_event(struct envoi_event_row *rows,
	void (*handle)(struct envoi_handler *self, const struct envoi_event *event))
{
	for (int i = 1; i < ENVOI_EVENTS_END; i++) {
		rows[i - 1] = (struct envoi_event_row){(enum envoi_event_type)i, handle};
	}
	rows[ENVOI_EVENTS_END - 1] = (struct envoi_event_row){ENVOI_NO_EVENT, NULL};
}

#endif
