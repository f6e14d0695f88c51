/*
 * envoi-server - messages on their way to sessions, and what becomes of them
 * SPDX-License-Identifier: MIT
 */
/* A message that was given to several sessions has been received when one of them has it. If none
 * has, because their connections were lost before it was written or acknowledged, it is stored. */
#include <envoi/context.h>

#include "inside.h"

struct parcel;

struct copy {
	struct envoi_ticket ticket;
	struct parcel *parcel;
};

struct parcel {
	struct envoi__account *account; /* held */
	struct envoi_stanza *message; /* a reference */
	int64_t sent_ms;
	size_t open; /* copies whose tickets have not ended */
	bool is_received;
	struct copy copies[];
};

static void free_parcel(struct parcel *parcel)
{
	struct envoi__account *account = parcel->account;
	struct envoi_server *server = account->server;
	envoi_stanza_unref(parcel->message);
	envoi_free(server->context, parcel);
	server->parcels--;
	envoi__account_release(account);
	envoi__server_progressed(server);
}

static void close_parcel(struct parcel *parcel)
{
	bool is_lost = !parcel->is_received && !parcel->account->server->is_ended;
	if (is_lost && envoi__offline_takes(parcel->message)) {
		envoi__offline_return(parcel->account, parcel->message, parcel->sent_ms);
	}
	free_parcel(parcel);
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct copy *copy = ENVOI_CONTAINER_OF(ticket, struct copy, ticket);
	struct parcel *parcel = copy->parcel;
	switch (report->state) {
	case ENVOI_TICKET_ACKNOWLEDGED:
	case ENVOI_TICKET_WRITTEN:
	case ENVOI_TICKET_REFUSED: /* by the recipient, who has it */
		parcel->is_received = true;
		break;
	default:
		break;
	}
	if (--parcel->open == 0) {
		close_parcel(parcel);
	}
}

static struct parcel *new_parcel(
	const struct envoi__routed *routed, struct envoi__account *account, size_t count)
{
	struct envoi_server *server = routed->server;
	struct parcel *parcel = envoi_alloc_zeroed(
		server->context, sizeof(*parcel) + count * sizeof(parcel->copies[0]));
	if (parcel != NULL) {
		parcel->account = account;
		parcel->message = envoi_stanza_ref(routed->stanza);
		parcel->sent_ms = envoi_context_wall_clock_ms(server->context);
		envoi__account_hold(account);
		server->parcels++;
	}
	return parcel;
}

static void send_copy(const struct envoi__routed *routed, struct parcel *parcel, struct copy *copy,
	struct envoi__resource *resource)
{
	copy->parcel = parcel;
	copy->ticket.done = on_ticket;
	copy->ticket.resend = ENVOI_RESEND_NEVER; /* by the session: this file does it */
	if (envoi__resource_send(resource, routed->stanza, NULL, &copy->ticket, routed->sender) ==
		ENVOI_OK) {
		parcel->open++;
	}
}

bool envoi__parcel_send(const struct envoi__routed *routed, struct envoi__account *account,
	bool (*is_chosen)(const struct envoi__resource *resource, const void *user),
	const void *user)
{
	size_t count = 0, next = 0;
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		count += is_chosen(at, user);
	}
	struct parcel *parcel = count == 0 ? NULL : new_parcel(routed, account, count);
	if (parcel == NULL) {
		return false;
	}
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (is_chosen(at, user)) {
			send_copy(routed, parcel, &parcel->copies[next++], at);
		}
	}
	bool is_sent = parcel->open > 0;
	if (!is_sent) {
		free_parcel(parcel);
	}
	return is_sent;
}
