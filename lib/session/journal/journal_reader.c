/*
 * envoi - journals of sessions: what became of the stanzas in one
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/xml.h>

#include "session/journal/journal.h"
#include "session/journal/journal_record.h"
#include "session/journal/journal_sent.h"

struct envoi_journal_reader {
	struct envoi_context *context; /* a reference */
	struct envoi__records rest;
	/* of the session whose records are read */
	uint64_t acknowledged;
	bool is_last;
};

/* Numbers count from here, and earlier records are void. */
static bool begins_session(const struct envoi__record *record)
{
	return record->kind == ENVOI__RECORD_STARTED || record->kind == ENVOI__RECORD_ENDED;
}

static void begin_session(struct envoi_journal_reader *reader)
{
	struct envoi__records ahead = reader->rest;
	struct envoi__record record;
	reader->acknowledged = 0;
	reader->is_last = true;
	while (reader->is_last && envoi__record_read(&ahead, &record) == ENVOI_OK) {
		if (begins_session(&record)) {
			reader->is_last = false;
		} else if (record.kind == ENVOI__RECORD_ACKNOWLEDGED &&
			record.number > reader->acknowledged) {
			reader->acknowledged = record.number;
		}
	}
}

static int check(struct envoi__records records)
{
	struct envoi__record record;
	int r = envoi__record_read(&records, &record);
	if (r == ENVOI_OK &&
		(record.kind != ENVOI__RECORD_ACCOUNT || record.number != ENVOI__JOURNAL_VERSION)) {
		return ENVOI_ERR_INVALID;
	}
	while (r == ENVOI_OK) {
		r = envoi__record_read(&records, &record);
	}
	return r == ENVOI_STOP ? ENVOI_OK : r;
}

int envoi_journal_reader_new(struct envoi_journal_reader **ret_reader,
	struct envoi_context *context, const void *data, size_t len)
{
	struct envoi__records records = {data, len};
	int r = check(records);
	if (r < 0) {
		return r;
	}
	struct envoi_journal_reader *reader = envoi_alloc_zeroed(context, sizeof(*reader));
	if (reader == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	reader->context = envoi_context_ref(context);
	reader->rest = records;
	begin_session(reader);
	*ret_reader = reader;
	return ENVOI_OK;
}

void envoi_journal_reader_free(struct envoi_journal_reader *reader)
{
	if (reader != NULL) {
		struct envoi_context *context = reader->context;
		envoi_free(context, reader);
		envoi_context_unref(context);
	}
}

/* @return whether a later record of the session has this kind and number */
static bool follows(
	const struct envoi_journal_reader *reader, enum envoi__record_kind kind, uint64_t number)
{
	struct envoi__records ahead = reader->rest;
	struct envoi__record record;
	while (envoi__record_read(&ahead, &record) == ENVOI_OK && !begins_session(&record)) {
		if (record.kind == kind && record.number == number) {
			return true;
		}
	}
	return false;
}

/* The stream has refused what it was offered. */
static bool was_sent(const struct envoi_journal_reader *reader, const struct envoi__record *record)
{
	struct envoi__records ahead = reader->rest;
	struct envoi__record next;
	return envoi__record_read(&ahead, &next) != ENVOI_OK ||
		next.kind != ENVOI__RECORD_NOT_SENT || next.number != record->number;
}

static enum envoi_journal_state state_of_sent(
	const struct envoi_journal_reader *reader, const struct envoi__record *record)
{
	return record->number <= reader->acknowledged ? ENVOI_JOURNAL_ACKNOWLEDGED
		: reader->is_last                     ? ENVOI_JOURNAL_UNACKNOWLEDGED
						      : ENVOI_JOURNAL_ENDED;
}

static enum envoi_journal_state state_of_waiting(
	const struct envoi_journal_reader *reader, const struct envoi__record *record)
{
	if (!reader->is_last || follows(reader, ENVOI__RECORD_DROPPED, record->number)) {
		return ENVOI_JOURNAL_ENDED;
	}
	return record->kind == ENVOI__RECORD_QUEUED ? ENVOI_JOURNAL_QUEUED
						    : ENVOI_JOURNAL_UNACKNOWLEDGED;
}

/* @return whether the record is of a stanza */
static bool read_state(const struct envoi_journal_reader *reader,
	const struct envoi__record *record, enum envoi_journal_state *ret_state)
{
	switch (record->kind) {
	case ENVOI__RECORD_SENT:
		*ret_state = state_of_sent(reader, record);
		return was_sent(reader, record);
	case ENVOI__RECORD_WAITING:
	case ENVOI__RECORD_QUEUED:
		*ret_state = state_of_waiting(reader, record);
		return true;
	default:
		return false;
	}
}

static int make_stanza(struct envoi_context *context, const struct envoi__record *record,
	struct envoi_stanza **ret_stanza)
{
	struct envoi__outbox_item item;
	struct envoi_element *element;
	int r = envoi__journal_sent_read(&item, record->data, record->len);
	if (r == ENVOI_OK) {
		r = envoi_xml_parse(&element, context, item.xml, item.len, ENVOI_NS_CLIENT);
	}
	if (r == ENVOI_OK) {
		r = envoi_stanza_from_element(ret_stanza, element);
		envoi_element_unref(element);
	}
	return r == ENVOI_OK || r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_INVALID;
}

int envoi_journal_reader_next(struct envoi_journal_reader *reader,
	enum envoi_journal_state *ret_state, struct envoi_stanza **ret_stanza)
{
	struct envoi__record record;
	while (envoi__record_read(&reader->rest, &record) == ENVOI_OK) {
		if (begins_session(&record)) {
			begin_session(reader);
		} else if (read_state(reader, &record, ret_state)) {
			return make_stanza(reader->context, &record, ret_stanza);
		}
	}
	return ENVOI_STOP;
}
