/*
 * envoi - a handler that does nothing, beside the one whose callbacks free things
 * SPDX-License-Identifier: MIT
 */
#include "quiet.h"

#include <envoi/delivery.h>
#include <envoi/event.h>

static int on_stanza(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_DECLINED;
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	(void)event;
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)self;
	(void)session;
}

static int filter(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	(void)stanza;
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_stanza},
	{.kind = ENVOI_PRESENCE, .handle = on_stanza},
	{.kind = ENVOI_IQ_GET, .handle = on_stanza},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_CONNECTING, on_event},
	{ENVOI_EVENT_STREAM_OPENED, on_event},
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_UNHANDLED, on_event},
	{ENVOI_EVENT_SKIPPED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_timeout_row timeouts[] = {{5, true, on_timeout}, {0, false, NULL}};
static const struct envoi_filters filters = {filter, filter, 0};

const struct envoi_handler_impl quiet_impl = {
	.name = "quiet",
	.stanzas = stanzas,
	.events = events,
	.timeouts = timeouts,
	.filters = &filters,
};
