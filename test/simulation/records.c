/*
 * envoi - simulation: the journals of the clients, which outlive them
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include <envoi/interfaces/session.h>

#include "simulation.h"

static void store(struct actor *actor, const void *records, size_t len)
{
	char *grown = realloc(actor->records, actor->records_len + len);
	if (grown == NULL) {
		abort();
	}
	memcpy(grown + actor->records_len, records, len);
	actor->records = grown;
	actor->records_len += len;
}

/* A process that is being killed writes nothing more. */
static int append(struct envoi_journal *journal, const void *record, size_t len)
{
	struct actor *actor = ENVOI_CONTAINER_OF(journal, struct actor, journal);
	if (actor->full_count > 0) {
		actor->full_count--;
		return ENVOI_ERR_FULL;
	}
	if (!actor->is_dying) {
		store(actor, record, len);
	}
	return ENVOI_OK;
}

static const struct envoi_journal_impl journal_impl = {.append = append};

/* A record says that the stream has not taken the stanza of the record that ends here. */
static bool is_void(const struct actor *actor, size_t at)
{
	static const char not_sent[] = "\nnot-sent ";
	size_t left = actor->records_len - at, len = strlen(not_sent);
	const char *end = memchr(actor->records + at, '\n', left);
	left -= (size_t)(end - (actor->records + at));
	return left >= len && memcmp(end, not_sent, len) == 0;
}

static bool has_record(const struct actor *actor, const struct message *message)
{
	char id[32], quoted[40];
	ledger_id(message, id);
	snprintf(quoted, sizeof(quoted), "id='%s'", id);
	size_t len = strlen(quoted);
	for (size_t at = 0; at + len <= actor->records_len; at++) {
		if (memcmp(actor->records + at, quoted, len) == 0 && !is_void(actor, at)) {
			return true;
		}
	}
	return false;
}

void records_note(struct actor *actor)
{
	for (unsigned int i = 0; i < actor->message_count; i++) {
		struct message *message = &actor->messages[i];
		message->is_recorded |= message->is_accepted && !message->was_taken_back &&
			message->reports == 0 && has_record(actor, message);
	}
}

void records_give_up(struct actor *actor)
{
	for (unsigned int i = 0; i < actor->message_count; i++) {
		actor->messages[i].is_recorded = false;
	}
}

static void replace(struct actor *actor, struct envoi_session *session)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, envoi_session_context(session), 0);
	if (envoi_session_write_journal(session, &out) < 0) {
		abort();
	}
	actor->records_len = 0;
	store(actor, envoi_buffer_data(&out), envoi_buffer_len(&out));
	envoi_buffer_finish(&out);
}

void records_load(struct actor *actor)
{
	struct envoi_session *session = envoi_client_session(actor->client);
	int r = actor->records_len == 0
		? ENVOI_OK
		: envoi_client_load_journal(actor->client, actor->records, actor->records_len);
	run_trace(actor->run, "%s: loads %zu bytes of its journal: %s", actor->name,
		actor->records_len, envoi_error_text(r));
	if (r == ENVOI_ERR_TIMEOUT) {
		records_give_up(actor); /* it is older than a day */
	} else if (r < 0) {
		run_fail(actor->run, "a-journal-can-be-read", "%s: %s", actor->name,
			envoi_error_text(r));
	}
	actor->journal.impl = &journal_impl;
	if (envoi_session_set_journal(session, &actor->journal) < 0) {
		abort();
	}
	replace(actor, session);
}

void records_free(struct actor *actor)
{
	free(actor->records);
	actor->records = NULL;
	actor->records_len = 0;
}
