/*
 * envoi-server - messages that wait for their recipient (XEP-0160)
 * SPDX-License-Identifier: MIT
 */
/*
 * Stored messages are delivered in their order to the best resource, as many at a time as BATCH.
 * Each is removed when that resource has received it. Until the store is empty, messages that come
 * for the account are stored behind them, so that they do not overtake. Where its session has no
 * room, the delivery goes on when it has received something.
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/ext/chat_states.h>
#include <envoi/ext/delayed_delivery.h>
#include <envoi/ext/hints.h>

#include "inside.h"

enum {
	BATCH = 50,
};

struct sent {
	struct envoi_ticket ticket;
	struct envoi__offline *offline;
	uint64_t id;
	bool is_received;
};

/** Stored messages that are being delivered. */
struct envoi__offline {
	struct envoi__job job;
	struct envoi__account *account; /* held */
	size_t count, open; /* messages of the batch, and those whose tickets have not ended */
	bool has_more; /* messages were stored since the batch was read */
	struct sent batch[BATCH];
};

/* --- which messages --- */

static bool has_content(const struct envoi_stanza *message)
{
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(message));
	for (; child != NULL; child = envoi_element_next(child)) {
		bool is_thread = envoi_element_is(child, ENVOI_NS_CLIENT, "thread");
		if (!is_thread && strcmp(envoi_element_ns(child), ENVOI_NS_CHAT_STATES) != 0) {
			return true;
		}
	}
	return false;
}

bool envoi__offline_takes(const struct envoi_stanza *message)
{
	enum envoi_stanza_type type = envoi_stanza_type(message);
	return (type == ENVOI_TYPE_NORMAL || type == ENVOI_TYPE_CHAT) && has_content(message) &&
		!envoi_hints_of(message).no_store;
}

/* --- storing --- */

struct storing {
	struct envoi__job job;
	struct envoi_stanza *head; /* of the message, without children: for an error */
	struct envoi_hold *hold; /* until it is stored; NULL: none */
	struct envoi__place place;
};

/* XEP-0203, section 2: a delay that pretends to be the server's is not the server's. */
static void remove_forged_delays(struct envoi_element *message, const char *domain)
{
	struct envoi_element *next;
	for (struct envoi_element *child = envoi_element_first(message); child != NULL;
		child = next) {
		const char *from = envoi_element_attr(child, "from");
		next = envoi_element_next(child);
		if (envoi_element_is(child, envoi_delayed_delivery_type.ns, "delay") &&
			from != NULL && strcmp(from, domain) == 0) {
			envoi_element_remove(child);
		}
	}
}

/* Append the message with a delay of the server (XEP-0160, section 3; XEP-0203). */
static int write_delayed(struct envoi_buffer *out, struct envoi_server *server,
	const struct envoi_stanza *message, int64_t sent_ms)
{
	struct envoi_element *copy = envoi_element_dup(envoi_stanza_element(message));
	const struct envoi_delayed_delivery delay = {.stamp_ms = sent_ms, .from = server->domain};
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	remove_forged_delays(copy, envoi_jid_text(server->domain));
	int r = envoi_payload_add(copy, &envoi_delayed_delivery_type, &delay, NULL);
	if (r == ENVOI_OK) {
		r = envoi_xml_write(out, copy, ENVOI_NS_CLIENT);
	}
	envoi_element_unref(copy);
	return r;
}

/* @return NULL: out of memory */
static struct envoi_stanza *head_of(struct envoi_server *server, const struct envoi_stanza *message)
{
	static const char *const names[] = {"from", "to", "id", "type"};
	struct envoi_element *element = envoi_element_new(
		server->context, ENVOI_NS_CLIENT, "message");
	struct envoi_stanza *head = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		envoi_element_set(element, names[i],
			envoi_element_attr(envoi_stanza_element(message), names[i]));
	}
	int r = element == NULL ? ENVOI_ERR_NOMEM : envoi_stanza_from_element(&head, element);
	envoi_element_unref(element);
	return r < 0 ? NULL : head;
}

static void free_storing(struct storing *storing, struct envoi_server *server)
{
	envoi_stanza_unref(storing->head);
	envoi_hold_release(storing->hold);
	envoi_free(server->context, storing);
}

static void on_stored(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	struct storing *storing = ENVOI_CONTAINER_OF(job, struct storing, job);
	struct envoi_server *server = job->server;
	const struct envoi__routed routed = {.server = server, .stanza = storing->head};
	(void)answer;
	envoi__place_leave(&storing->place);
	if (code == ENVOI_OK) {
		server->stats.stored++;
	} else if (code != ENVOI_ERR_CANCELED) {
		envoi__route_fail(&routed, code);
	}
	free_storing(storing, server);
}

/* @param sender  NULL: none @param hold  taken on success */
static int store(struct envoi__account *account, struct envoi_stanza *message, int64_t sent_ms,
	struct envoi__account *sender, struct envoi_hold *hold)
{
	struct envoi_server *server = account->server;
	struct envoi_buffer xml;
	struct storing *storing = envoi_alloc_zeroed(server->context, sizeof(*storing));
	if (storing == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_buffer_init(&xml, server->context, 0);
	storing->head = head_of(server, message);
	int r = storing->head == NULL ? ENVOI_ERR_NOMEM
				      : write_delayed(&xml, server, message, sent_ms);
	if (r == ENVOI_OK) {
		storing->hold = hold;
		envoi__place_take(&storing->place, server, sender);
		envoi__job_begin(&storing->job, server, account, on_stored);
		server->store->impl->add_message(server->store, &storing->job.job,
			envoi__account_name(account), envoi_buffer_data(&xml),
			envoi_buffer_len(&xml), server->values.offline);
		account->has_stored = true;
	} else {
		envoi_stanza_unref(storing->head);
		envoi_free(server->context, storing);
	}
	envoi_buffer_finish(&xml);
	return r;
}

static void begin(struct envoi__account *account);

/* Deliver at once what was stored although a resource takes messages. */
static void deliver_later(struct envoi__account *account)
{
	if (account->offline != NULL) {
		account->offline->has_more = true;
	} else {
		begin(account);
	}
}

void envoi__offline_add(const struct envoi__routed *routed, struct envoi__account *account)
{
	if (!envoi__offline_takes(routed->stanza)) {
		return;
	}
	struct envoi__account *sender = envoi__route_sender(routed);
	if (envoi__store_is_busy(routed->server, sender)) {
		envoi__route_fail(routed, ENVOI_ERR_FULL);
		return;
	}
	struct envoi_hold *hold = envoi__route_hold(routed);
	int r = store(account, routed->stanza, envoi_context_wall_clock_ms(routed->server->context),
		sender, hold);
	if (r < 0) {
		envoi_hold_release(hold);
		envoi__route_fail(routed, r);
	} else {
		deliver_later(account);
	}
}

void envoi__offline_return(
	struct envoi__account *account, struct envoi_stanza *message, int64_t sent_ms)
{
	if (store(account, message, sent_ms, NULL, NULL) == ENVOI_OK) {
		deliver_later(account);
	}
}

/* --- delivering --- */

static void end(struct envoi__offline *offline)
{
	struct envoi__account *account = offline->account;
	struct envoi_server *server = account->server;
	account->offline = NULL;
	envoi_free(server->context, offline);
	envoi__account_release(account);
	envoi__server_progressed(server);
}

static void load(struct envoi__offline *offline);

static void on_removed(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	struct envoi__offline *offline = ENVOI_CONTAINER_OF(job, struct envoi__offline, job);
	(void)answer;
	if (code < 0) {
		end(offline); /* they are delivered again, to the next resource */
	} else {
		load(offline);
	}
}

/* @return false: there are none */
static bool remove_received(struct envoi__offline *offline)
{
	struct envoi__account *account = offline->account;
	struct envoi_store *store = account->server->store;
	uint64_t ids[BATCH];
	size_t count = 0;
	for (size_t i = 0; i < offline->count; i++) {
		if (offline->batch[i].is_received) {
			ids[count++] = offline->batch[i].id;
		}
	}
	if (count > 0) {
		envoi__job_begin(&offline->job, account->server, account, on_removed);
		store->impl->remove_messages(
			store, &offline->job.job, envoi__account_name(account), ids, count);
	}
	return count > 0;
}

/* All were lost with the session that had them: another one gets them. */
static void begin_again(struct envoi__offline *offline)
{
	struct envoi__account *account = offline->account;
	envoi__account_hold(account);
	end(offline);
	begin(account);
	envoi__account_release(account);
}

static void close_batch(struct envoi__offline *offline)
{
	if (offline->account->server->is_ended) {
		end(offline);
	} else if (!remove_received(offline)) {
		begin_again(offline);
	}
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct sent *sent = ENVOI_CONTAINER_OF(ticket, struct sent, ticket);
	struct envoi__offline *offline = sent->offline;
	sent->is_received = report->state == ENVOI_TICKET_ACKNOWLEDGED ||
		report->state == ENVOI_TICKET_WRITTEN || report->state == ENVOI_TICKET_REFUSED;
	if (--offline->open == 0) {
		close_batch(offline);
	}
}

/* @retval ENVOI_DECLINED  it is removed as if it was received: it cannot be read, or its sender
 *                         was blocked since then (XEP-0191, section 3.3)
 * @retval <0              it was not sent */
static int send_message(struct envoi__offline *offline, struct envoi__resource *resource,
	const struct envoi_store_message *message)
{
	struct envoi_context *context = offline->account->server->context;
	struct sent *sent = &offline->batch[offline->count];
	struct envoi_element *element = NULL;
	struct envoi_stanza *stanza = NULL;
	int r = envoi_xml_parse(&element, context, message->xml, message->len, ENVOI_NS_CLIENT);
	if (r == ENVOI_OK) {
		r = envoi_stanza_from_element(&stanza, element);
	}
	bool is_dropped = r == ENVOI_OK ? envoi__blocking_stops(offline->account, stanza)
					: r != ENVOI_ERR_NOMEM;
	*sent = (struct sent){.ticket = {.done = on_ticket, .resend = ENVOI_RESEND_NEVER},
		.offline = offline,
		.id = message->id,
		.is_received = is_dropped};
	if (r == ENVOI_OK && !is_dropped) {
		r = envoi__resource_send(resource, stanza, NULL, &sent->ticket, NULL);
	}
	envoi_stanza_unref(stanza);
	envoi_element_unref(element);
	r = is_dropped ? ENVOI_DECLINED : r;
	offline->count += r >= 0;
	return r;
}

static void send_batch(struct envoi__offline *offline, struct envoi__resource *resource,
	const struct envoi_store_answer *answer)
{
	int r = ENVOI_OK;
	offline->count = offline->open = 0;
	for (size_t i = 0; r >= 0 && i < answer->message_count && i < BATCH; i++) {
		r = send_message(offline, resource, &answer->messages[i]);
		offline->open += r == ENVOI_OK;
	}
	if (offline->open == 0 && !remove_received(offline)) {
		end(offline); /* there is no room in the session: see parcel.c */
	}
}

static void on_loaded(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	struct envoi__offline *offline = ENVOI_CONTAINER_OF(job, struct envoi__offline, job);
	struct envoi__resource *resource = code < 0 ? NULL : envoi__resource_best(offline->account);
	if (resource == NULL) {
		end(offline);
	} else if (answer->message_count > 0) {
		send_batch(offline, resource, answer);
	} else if (offline->has_more) {
		load(offline);
	} else {
		offline->account->has_stored = false;
		end(offline);
	}
}

static void load(struct envoi__offline *offline)
{
	struct envoi__account *account = offline->account;
	struct envoi_store *store = account->server->store;
	offline->has_more = false;
	envoi__job_begin(&offline->job, account->server, account, on_loaded);
	store->impl->load_messages(store, &offline->job.job, envoi__account_name(account), BATCH);
}

static void begin(struct envoi__account *account)
{
	struct envoi_server *server = account->server;
	if (!account->has_stored || server->is_closing || envoi__resource_best(account) == NULL) {
		return;
	}
	struct envoi__offline *offline = envoi_alloc_zeroed(server->context, sizeof(*offline));
	if (offline != NULL) {
		envoi__account_hold(account);
		account->offline = offline;
		offline->account = account;
		load(offline);
	}
}

void envoi__offline_deliver(struct envoi__account *account)
{
	if (account->offline == NULL) {
		begin(account);
	}
}
