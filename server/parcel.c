/*
 * envoi-server - messages on their way to sessions, and what becomes of them
 * SPDX-License-Identifier: MIT
 */
/* A message that was given to several sessions has been received when one of them has it. If none
 * has, because their connections were lost before it was written or acknowledged, it is stored.
 * Until then it is kept as text: a tree takes many times its memory, and a recipient that does not
 * read makes as many parcels as its outbox has room for. */
#include <string.h>

#include <envoi/context.h>

#include "inside.h"

struct parcel;

struct copy {
	struct envoi_ticket ticket;
	struct parcel *parcel;
};

struct parcel {
	struct envoi__account *account; /* held */
	char *xml; /* of the message; NULL: it is not stored */
	int64_t sent_ms;
	size_t open; /* copies whose tickets have not ended */
	bool is_received;
	struct copy copies[];
};

static void free_parcel(struct parcel *parcel)
{
	struct envoi__account *account = parcel->account;
	struct envoi_server *server = account->server;
	envoi_free(server->context, parcel->xml);
	envoi_free(server->context, parcel);
	server->parcels--;
	envoi__account_release(account);
	envoi__server_progressed(server);
}

static void return_message(struct parcel *parcel)
{
	struct envoi_element *element = NULL;
	struct envoi_stanza *message = NULL;
	int r = envoi_xml_parse(&element, parcel->account->server->context, parcel->xml,
		strlen(parcel->xml), ENVOI_NS_CLIENT);
	if (r == ENVOI_OK) {
		r = envoi_stanza_from_element(&message, element);
	}
	if (r == ENVOI_OK) {
		envoi__offline_return(parcel->account, message, parcel->sent_ms);
	}
	envoi_stanza_unref(message);
	envoi_element_unref(element);
}

static void close_parcel(struct parcel *parcel)
{
	bool is_lost = !parcel->is_received && !parcel->account->server->is_ended;
	if (is_lost && parcel->xml != NULL) {
		return_message(parcel);
	} else if (parcel->is_received) {
		envoi__offline_deliver(parcel->account); /* there is room again */
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

/* @return ENVOI_OK, also if it is not to be stored */
static int keep_message(struct parcel *parcel, const struct envoi_stanza *message)
{
	struct envoi_context *context = parcel->account->server->context;
	struct envoi_buffer xml;
	if (!envoi__offline_takes(message)) {
		return ENVOI_OK;
	}
	envoi_buffer_init(&xml, context, 0);
	int r = envoi_xml_write(&xml, envoi_stanza_element(message), ENVOI_NS_CLIENT);
	if (r == ENVOI_OK) {
		parcel->xml = envoi_strndup(
			context, envoi_buffer_data(&xml), envoi_buffer_len(&xml));
	}
	envoi_buffer_finish(&xml);
	return r == ENVOI_OK && parcel->xml == NULL ? ENVOI_ERR_NOMEM : r;
}

static struct parcel *new_parcel(
	const struct envoi__routed *routed, struct envoi__account *account, size_t count)
{
	struct envoi_server *server = routed->server;
	struct parcel *parcel = envoi_alloc_zeroed(
		server->context, sizeof(*parcel) + count * sizeof(parcel->copies[0]));
	if (parcel == NULL) {
		return NULL;
	}
	parcel->account = account;
	parcel->sent_ms = envoi_context_wall_clock_ms(server->context);
	envoi__account_hold(account);
	server->parcels++;
	if (keep_message(parcel, routed->stanza) < 0) {
		free_parcel(parcel);
		return NULL;
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
