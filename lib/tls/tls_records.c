/*
 * envoi - TLS as a filter without I/O: what is received, in whole records
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_records.h"

#include <string.h>

#include <envoi/error.h>

enum {
	HEAD_BYTES = 5, /* type, version, length (RFC 8446, section 5.1) */
	LENGTH_AT = 3,
	LARGEST = 16384 + 2048, /* RFC 5246, section 6.2.3; a longer one is an error */
	SMALLEST_ROOM = 256,
};

void envoi__tls_records_init(struct envoi__tls_records *records, struct envoi_context *context)
{
	*records = (struct envoi__tls_records){.whole = 0};
	envoi_buffer_init(&records->bytes, context, 0);
}

void envoi__tls_records_finish(struct envoi__tls_records *records)
{
	envoi_buffer_finish(&records->bytes);
}

/* @return the length of the record at @p at, with its head; 0: the head is incomplete */
static size_t record_len(const struct envoi_buffer *bytes, size_t at)
{
	const unsigned char *head = (const unsigned char *)envoi_buffer_data(bytes) + at;
	if (envoi_buffer_len(bytes) - at < HEAD_BYTES) {
		return 0;
	}
	return HEAD_BYTES + (((size_t)head[LENGTH_AT] << 8) | head[LENGTH_AT + 1]);
}

static void find_whole(struct envoi__tls_records *records)
{
	size_t held = envoi__tls_records_len(records), len;
	while ((len = record_len(&records->bytes, records->whole)) != 0 &&
		len <= held - records->whole) {
		records->whole += len;
	}
	records->incomplete = len;
	if (len > HEAD_BYTES + LARGEST) {
		records->whole = held; /* GnuTLS says why */
		records->incomplete = 0;
	}
}

/* No more room than the bytes need, or the record that is incomplete. */
int envoi__tls_records_append(struct envoi__tls_records *records, const char *data, size_t len)
{
	size_t held = envoi__tls_records_len(records) + len;
	size_t known = records->whole + records->incomplete;
	size_t room = held > known ? held : known;
	records->bytes.limit = room > SMALLEST_ROOM ? room : SMALLEST_ROOM;
	int r = envoi_buffer_append(&records->bytes, data, len);
	if (r == ENVOI_OK) {
		find_whole(records);
	}
	return r;
}

size_t envoi__tls_records_take(struct envoi__tls_records *records, char *data, size_t size)
{
	size_t len = records->whole < size ? records->whole : size;
	if (len == 0) {
		return 0;
	}
	memcpy(data, envoi_buffer_data(&records->bytes), len);
	envoi_buffer_consume(&records->bytes, len);
	records->whole -= len;
	if (envoi__tls_records_len(records) == 0) {
		envoi_buffer_finish(&records->bytes);
	}
	return len;
}
