/*
 * envoi - the record of a stanza that was sent
 * SPDX-License-Identifier: MIT
 */
#include "session/journal/journal_sent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <envoi/error.h>
#include <envoi/values.h>

enum {
	FIELDS = 7,
	LONGEST_LINE = 160,
};

int envoi__journal_sent_write(struct envoi_buffer *out, const struct envoi__outbox_entry *entry)
{
	const struct envoi__outbox_meta *meta = &entry->meta;
	int r = envoi_buffer_printf(out, "%u %u %" PRIu64 " %d %d %" PRId64 " %" PRIu64 "\n",
		(unsigned int)meta->kind, (unsigned int)meta->type, meta->answers, meta->may_resend,
		meta->has_delay, meta->sent_ms, meta->waiting);
	return r == ENVOI_OK ? envoi_buffer_append(out, entry->xml, entry->len) : r;
}

/* @return how many numbers the line has; FIELDS + 1: more, or one that is none */
static size_t read_numbers(char *line, int64_t values[FIELDS])
{
	size_t count = 0;
	char *rest = line;
	while (rest != NULL && count < FIELDS) {
		char *next = strchr(rest, ' ');
		if (next != NULL) {
			*next++ = '\0';
		}
		if (envoi_int_parse(rest, INT64_MIN, INT64_MAX, &values[count]) < 0) {
			return FIELDS + 1;
		}
		count++;
		rest = next;
	}
	return rest == NULL ? count : FIELDS + 1;
}

int envoi__journal_sent_read(struct envoi__outbox_item *ret_item, const char *data, size_t len)
{
	char line[LONGEST_LINE];
	int64_t values[FIELDS];
	const char *end = memchr(data, '\n', len);
	size_t line_len = end == NULL ? SIZE_MAX : (size_t)(end - data);
	if (line_len >= sizeof(line)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(line, data, line_len);
	line[line_len] = '\0';
	if (read_numbers(line, values) != FIELDS || values[0] < ENVOI_MESSAGE ||
		values[0] > ENVOI_IQ_ERROR || values[1] < 0 || values[1] > UINT8_MAX ||
		values[2] < 0) {
		return ENVOI_ERR_INVALID;
	}
	if (len - line_len - 1 < strlen("<iq/>") ||
		(values[3] != 0 && len - line_len - 1 < strlen("<message></message>"))) {
		return ENVOI_ERR_INVALID; /* what is sent again gets a delay before its end tag */
	}
	*ret_item = (struct envoi__outbox_item){
		.xml = end + 1,
		.len = len - line_len - 1,
		.meta = {.kind = (enum envoi_stanza_kind)values[0],
			.type = (enum envoi_stanza_type)values[1],
			.answers = (uint64_t)values[2],
			.may_resend = values[3] != 0,
			.has_delay = values[4] != 0,
			.sent_ms = values[5],
			.waiting = (uint64_t)values[6]},
	};
	return ENVOI_OK;
}
