/*
 * envoi - TLS as a filter without I/O: what is received, in whole records
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_RECORDS_H
#define ENVOI_TLS_TLS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/buffer.h>

/**
 * Bytes that GnuTLS has not read. It is given whole records: for the beginning of one it would hold
 * the memory of the largest.
 */
struct envoi__tls_records {
	struct envoi_buffer bytes;
	size_t whole; /* bytes of complete records, or of what GnuTLS refuses by its head */
	size_t incomplete; /* length that the head behind them announces; 0: there is none */
};

void envoi__tls_records_init(struct envoi__tls_records *records, struct envoi_context *context);
void envoi__tls_records_finish(struct envoi__tls_records *records);

/** @retval ENVOI_ERR_NOMEM */
int envoi__tls_records_append(struct envoi__tls_records *records, const char *data, size_t len);

/** Move bytes of complete records to @p data. @return how many; 0: no record is complete */
size_t envoi__tls_records_take(struct envoi__tls_records *records, char *data, size_t size);

static inline size_t envoi__tls_records_len(const struct envoi__tls_records *records)
{
	return envoi_buffer_len(&records->bytes);
}

#endif
