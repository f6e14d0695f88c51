/*
 * envoi - TLS: whether a file was changed
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_file.h"

#include <errno.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include <envoi/context.h>

enum {
	CHECK_MS = 1000, /* between two looks at the same files */
};

static bool is_same_time(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

bool envoi__tls_file_is_same(
	const struct envoi__tls_file_id *one, const struct envoi__tls_file_id *other)
{
	return one->device == other->device && one->inode == other->inode &&
		one->size == other->size && is_same_time(&one->modified, &other->modified) &&
		is_same_time(&one->changed, &other->changed);
}

int envoi__tls_file_identify(struct envoi__tls_file_id *ret_id, const char *file)
{
	struct stat status;
	*ret_id = (struct envoi__tls_file_id){0};
	if (file[0] == '\0' || gnutls_url_is_supported(file) != 0) {
		return 0;
	}
	if (stat(file, &status) < 0) {
		return errno;
	}
	ret_id->device = status.st_dev;
	ret_id->inode = status.st_ino;
	ret_id->size = status.st_size;
	ret_id->modified = status.st_mtim;
	ret_id->changed = status.st_ctim;
	return 0;
}

bool envoi__tls_file_is_due(struct envoi_context *context, int64_t checked_ms)
{
	int64_t now_ms = envoi_context_wall_clock_ms(context);
	return now_ms < checked_ms || now_ms - checked_ms >= CHECK_MS;
}

void envoi__tls_file_log(struct envoi_context *context, const char *file, int code)
{
	char text[96];
	if (strerror_r(code, text, sizeof(text)) != 0) {
		text[0] = '\0';
	}
	envoi_log(context, ENVOI_LOG_ERROR, ENVOI_LOG_TLS, "%s: %s", file, text);
}
