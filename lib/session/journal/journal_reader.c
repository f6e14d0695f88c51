/*
 * envoi - journals of sessions: what became of the stanzas in one
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

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
	struct envoi_buffer dropped; /* numbers (uint64_t) of those that waited, in order */
	int code; /* ENVOI_ERR_NOMEM: they are not complete */
};

/* Numbers count from here, and earlier records are void. */
static bool begins_session(const struct envoi__record *record)
{
	return record->kind == ENVOI__RECORD_STARTED || record->kind == ENVOI__RECORD_ENDED;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *two = b;
	return (*one > *two) - (*one < *two);
}

static void note(struct envoi_journal_reader *reader, const struct envoi__record *record)
{
	if (record->kind == ENVOI__RECORD_ACKNOWLEDGED && record->number > reader->acknowledged) {
		reader->acknowledged = record->number;
	} else if (record->kind == ENVOI__RECORD_DROPPED && reader->code == ENVOI_OK) {
		reader->code = envoi_buffer_append(
			&reader->dropped, &record->number, sizeof(record->number));
	}
}

static void begin_session(struct envoi_journal_reader *reader)
{
	struct envoi__records ahead = reader->rest;
	struct envoi__record record;
	reader->acknowledged = 0;
	reader->is_last = true;
	envoi_buffer_truncate(&reader->dropped, 0);
	while (reader->is_last && envoi__record_read(&ahead, &record) == ENVOI_OK) {
		if (begins_session(&record)) {
			reader->is_last = false;
		} else {
			note(reader, &record);
		}
	}
	size_t len = envoi_buffer_len(&reader->dropped);
	if (len > 0) {
		qsort(reader->dropped.data + reader->dropped.start, len / sizeof(uint64_t),
			sizeof(uint64_t), compare);
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
	envoi_buffer_init(&reader->dropped, context, 0);
	begin_session(reader);
	if (reader->code < 0) {
		r = reader->code;
		envoi_journal_reader_free(reader);
		return r;
	}
	*ret_reader = reader;
	return ENVOI_OK;
}

void envoi_journal_reader_free(struct envoi_journal_reader *reader)
{
	if (reader != NULL) {
		struct envoi_context *context = reader->context;
		envoi_buffer_finish(&reader->dropped);
		envoi_free(context, reader);
		envoi_context_unref(context);
	}
}

/* A number is given once: its record follows. */
static bool was_dropped(const struct envoi_journal_reader *reader, uint64_t number)
{
	size_t len = envoi_buffer_len(&reader->dropped);
	return len > 0 &&
		bsearch(&number, envoi_buffer_data(&reader->dropped), len / sizeof(number),
			sizeof(number), compare) != NULL;
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
	if (!reader->is_last || was_dropped(reader, record->number)) {
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
	while (reader->code == ENVOI_OK && envoi__record_read(&reader->rest, &record) == ENVOI_OK) {
		if (begins_session(&record)) {
			begin_session(reader);
		} else if (read_state(reader, &record, ret_state)) {
			return make_stanza(reader->context, &record, ret_stanza);
		}
	}
	return reader->code < 0 ? reader->code : ENVOI_STOP;
}
