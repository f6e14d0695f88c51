/*
 * envoi - TLS: whether a file was changed
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_FILE_H
#define ENVOI_TLS_TLS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct envoi_context;

/** What changes when a file is replaced or written to. */
struct envoi__tls_file_id {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

/**
 * Identify a file. Call it before reading the file: a change during the reading is noticed next
 * time.
 *
 * @param file  a path; "" or a URL that GnuTLS supports has no identity, and does not change
 * @param[out] ret_id  all zero without identity, and on failure
 * @return 0, or errno
 */
int envoi__tls_file_identify(struct envoi__tls_file_id *ret_id, const char *file);

bool envoi__tls_file_is_same(
	const struct envoi__tls_file_id *one, const struct envoi__tls_file_id *other);

/**
 * @param checked_ms  when files were last looked at
 * @return whether to look again: after a second, or if the context's clock was set back
 */
bool envoi__tls_file_is_due(struct envoi_context *context, int64_t checked_ms);

/** Log an error of the system with a file. */
void envoi__tls_file_log(struct envoi_context *context, const char *file, int code);

#endif
