/*
 * envoi - records of a journal: what they look like
 * SPDX-License-Identifier: MIT
 */
#include "session/journal/journal_record.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <envoi/error.h>
#include <envoi/values.h>

enum {
	LONGEST_LINE = 160,
	SUM_DIGITS = 16,
	FIELDS = 6,
};

static const char *const names[] = {
	[ENVOI__RECORD_ACCOUNT] = "account",
	[ENVOI__RECORD_STARTED] = "started",
	[ENVOI__RECORD_RESUMABLE] = "resumable",
	[ENVOI__RECORD_WAITING] = "waiting",
	[ENVOI__RECORD_QUEUED] = "queued",
	[ENVOI__RECORD_DROPPED] = "dropped",
	[ENVOI__RECORD_SENT] = "sent",
	[ENVOI__RECORD_NOT_SENT] = "not-sent",
	[ENVOI__RECORD_ACKNOWLEDGED] = "acknowledged",
	[ENVOI__RECORD_HANDLED] = "handled",
	[ENVOI__RECORD_TAKEN] = "taken",
	[ENVOI__RECORD_DONE] = "done",
	[ENVOI__RECORD_REQUEST] = "request",
	[ENVOI__RECORD_STOPPED] = "stopped",
	[ENVOI__RECORD_ENDED] = "ended",
};

/* FNV-1a: it finds damage, it is no protection against a person who writes to the journal. */
static uint64_t checksum(const char *data, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325;
	for (size_t i = 0; i < len; i++) {
		sum = (sum ^ (unsigned char)data[i]) * 0x100000001b3;
	}
	return sum;
}

int envoi__record_write(struct envoi_buffer *out, const struct envoi__record *record)
{
	char line[LONGEST_LINE];
	size_t before = envoi_buffer_len(out);
	int len = snprintf(line, sizeof(line), "%s %" PRId64 " %" PRIu64 " %zu %016" PRIx64 " ",
		names[record->kind], record->time_ms, record->number, record->len,
		checksum(record->data, record->len));
	int r = envoi_buffer_printf(out, "%s%016" PRIx64 "\n", line, checksum(line, (size_t)len));
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(out, record->data, record->len);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(out, "\n", 1);
	}
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}

int envoi__record_write_beginning(struct envoi_buffer *out, enum envoi__record_kind kind,
	int64_t time_ms, const struct envoi_buffer *rest)
{
	char sum[SUM_DIGITS + 1];
	size_t before = envoi_buffer_len(out), len = envoi_buffer_len(rest);
	snprintf(sum, sizeof(sum), "%016" PRIx64, checksum(envoi_buffer_data(rest), len));
	const struct envoi__record record = {kind, time_ms, len, sum, SUM_DIGITS};
	int r = envoi__record_write(out, &record);
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(out, envoi_buffer_data(rest), len);
	}
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}

/* --- reading --- */

struct line {
	char *fields[FIELDS];
	char text[LONGEST_LINE];
	size_t len; /* the newline included */
};

static bool is_sum(const char *text, const char *data, size_t len)
{
	char wanted[SUM_DIGITS + 1];
	snprintf(wanted, sizeof(wanted), "%016" PRIx64, checksum(data, len));
	return strcmp(text, wanted) == 0;
}

/* @return whether it is a line of so many fields */
static bool read_line(struct line *line, const struct envoi__records *records)
{
	const char *end = memchr(records->data, '\n', records->len);
	size_t len = end == NULL ? SIZE_MAX : (size_t)(end - records->data);
	if (len >= sizeof(line->text) || len < SUM_DIGITS) {
		return false;
	}
	memcpy(line->text, records->data, len);
	line->text[len] = '\0';
	line->len = len + 1;
	char *rest = line->text;
	for (size_t i = 0; i < FIELDS; i++) {
		line->fields[i] = rest;
		rest = rest == NULL ? NULL : strchr(rest, ' ');
		if (rest != NULL) {
			*rest++ = '\0';
		}
	}
	return line->fields[FIELDS - 1] != NULL && rest == NULL &&
		is_sum(line->fields[FIELDS - 1], records->data, len - SUM_DIGITS);
}

static bool read_fields(const struct line *line, struct envoi__record *record)
{
	uint64_t len;
	unsigned int kind = 0;
	while (kind < ENVOI__RECORD_KINDS && strcmp(line->fields[0], names[kind]) != 0) {
		kind++;
	}
	record->kind = kind;
	if (kind == ENVOI__RECORD_KINDS ||
		envoi_int_parse(line->fields[1], INT64_MIN, INT64_MAX, &record->time_ms) < 0 ||
		envoi_uint_parse(line->fields[2], 0, UINT64_MAX, &record->number) < 0 ||
		envoi_uint_parse(line->fields[3], 0, SIZE_MAX, &len) < 0) {
		return false;
	}
	record->len = (size_t)len;
	return true;
}

static bool is_intact(const struct line *line, const struct envoi__record *record)
{
	return is_sum(line->fields[FIELDS - 2], record->data, record->len) &&
		record->data[record->len] == '\n';
}

/* @return whether another record begins behind the line at which they stand */
static bool has_more(struct envoi__records records)
{
	struct line line;
	const char *end;
	while ((end = memchr(records.data, '\n', records.len)) != NULL) {
		records.len -= (size_t)(end + 1 - records.data);
		records.data = end + 1;
		if (read_line(&line, &records)) {
			return true;
		}
	}
	return false;
}

/* @retval ENVOI_STOP  the records that belong to this one are not all there, and nothing follows */
static int check_beginning(const struct envoi__record *record, const struct envoi__records *rest)
{
	char sum[SUM_DIGITS + 1];
	bool is_beginning = record->kind == ENVOI__RECORD_STARTED ||
		record->kind == ENVOI__RECORD_ENDED;
	if (!is_beginning || record->len != SUM_DIGITS) {
		return ENVOI_OK;
	}
	memcpy(sum, record->data, SUM_DIGITS);
	sum[SUM_DIGITS] = '\0';
	if (record->number > rest->len) {
		return ENVOI_STOP;
	}
	if (!is_sum(sum, rest->data, (size_t)record->number)) {
		return record->number == rest->len ? ENVOI_STOP : ENVOI_ERR_INVALID;
	}
	return ENVOI_OK;
}

/* A write that was cut off leaves the beginning of a record, or one whose bytes are not all there:
 * nothing follows it. */
int envoi__record_read(struct envoi__records *records, struct envoi__record *ret_record)
{
	struct line line;
	if (!read_line(&line, records) || !read_fields(&line, ret_record)) {
		return has_more(*records) ? ENVOI_ERR_INVALID : ENVOI_STOP;
	}
	size_t left = records->len - line.len;
	if (ret_record->len >= left) {
		return ENVOI_STOP;
	}
	ret_record->data = records->data + line.len;
	if (!is_intact(&line, ret_record)) {
		return left == ret_record->len + 1 ? ENVOI_STOP : ENVOI_ERR_INVALID;
	}
	const struct envoi__records rest = {
		ret_record->data + ret_record->len + 1, left - ret_record->len - 1};
	int r = check_beginning(ret_record, &rest);
	if (r == ENVOI_OK) {
		*records = rest;
	}
	return r;
}
