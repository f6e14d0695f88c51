/*
 * envoi - what a ticket reports, as text
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>

#include <envoi/stanza.h>
#include <envoi/ticket.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *envoi_ticket_state_name(enum envoi_ticket_state state)
{
	static const char *const names[] = {
		[ENVOI_TICKET_ACKNOWLEDGED] = "acknowledged",
		[ENVOI_TICKET_WRITTEN] = "written",
		[ENVOI_TICKET_UNKNOWN] = "unknown",
		[ENVOI_TICKET_NOT_SENT] = "not-sent",
		[ENVOI_TICKET_CANCELED] = "canceled",
		[ENVOI_TICKET_REFUSED] = "refused",
	};
	return (size_t)state < COUNT(names) ? names[state] : "";
}

const char *envoi_acknowledgement_name(enum envoi_acknowledgement acknowledgement)
{
	static const char *const names[] = {
		[ENVOI_NOT_ACKNOWLEDGED] = "",
		[ENVOI_BY_STREAM_MANAGEMENT] = "stream-management",
		[ENVOI_BY_ANSWER] = "answer",
	};
	return (size_t)acknowledgement < COUNT(names) ? names[acknowledgement] : "";
}

static const char *refusal_text(const struct envoi_ticket_report *report)
{
	const struct envoi_stanza_error *error = report->error;
	switch (report->refusal) {
	case ENVOI_REFUSED_TOO_LONG:
		return "not sent: longer than the server accepts";
	case ENVOI_REFUSED_BY_STREAM_ERROR:
		return "the server ended the connection twice when it was sent";
	default:
		break;
	}
	if (error == NULL) {
		return "refused, with an error that cannot be read";
	}
	return error->text != NULL ? error->text : envoi_stanza_condition_name(error->condition);
}

const char *envoi_ticket_report_text(const struct envoi_ticket_report *report)
{
	static const char *const texts[] = {
		[ENVOI_TICKET_ACKNOWLEDGED] = "accepted by the server",
		[ENVOI_TICKET_WRITTEN] = "sent, without an acknowledgement",
		[ENVOI_TICKET_UNKNOWN] = "the connection ended before an acknowledgement came",
		[ENVOI_TICKET_NOT_SENT] = "not sent",
		[ENVOI_TICKET_CANCELED] = "canceled",
		[ENVOI_TICKET_REFUSED] = "refused",
	};
	if (report->state == ENVOI_TICKET_REFUSED) {
		return refusal_text(report);
	}
	return (size_t)report->state < COUNT(texts) ? texts[report->state] : "";
}
