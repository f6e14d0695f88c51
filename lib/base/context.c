/*
 * envoi - the context: what everything else is made in
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <envoi/error.h>

#include "base/arena.h"

static void *system_alloc(void *user, size_t len)
{
	(void)user;
	return malloc(len);
}

static void *system_realloc(void *user, void *memory, size_t len)
{
	(void)user;
	return realloc(memory, len);
}

static void system_free(void *user, void *memory)
{
	(void)user;
	free(memory);
}

static const struct envoi_allocator system_allocator = {
	.alloc = system_alloc,
	.realloc = system_realloc,
	.free = system_free,
};

static int system_random(void *user, void *bytes, size_t len)
{
	(void)user;
	char *at = bytes;
	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);
		if (got < 0 && errno != EINTR) {
			return ENVOI_ERR_SYSTEM;
		}
		if (got > 0) {
			at += got;
			len -= (size_t)got;
		}
	}
	return ENVOI_OK;
}

static int64_t system_wall_clock(void *user)
{
	(void)user;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int envoi_context_new(
	struct envoi_context **ret_context, const struct envoi_context_options *options)
{
	static const struct envoi_context_options defaults;
	if (options == NULL) {
		options = &defaults;
	}
	struct envoi_allocator allocator = options->allocator;
	if (allocator.alloc == NULL && allocator.realloc == NULL && allocator.free == NULL) {
		allocator = system_allocator;
	} else if (allocator.alloc == NULL || allocator.realloc == NULL || allocator.free == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_context *context = allocator.alloc(allocator.user, sizeof(*context));
	if (context == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*context = (struct envoi_context){
		.references = 1,
		.allocator = allocator,
		.log = options->log,
		.log_level = options->log_level,
		.log_user = options->log_user,
		.random = options->random != NULL ? options->random : system_random,
		.random_user = options->random_user,
		.wall_clock = options->wall_clock,
		.wall_clock_user = options->wall_clock_user,
	};
	envoi__budget_init(&context->budget);
	int r = envoi_context_random(context, context->hash_key, sizeof(context->hash_key));
	if (r < 0) {
		envoi_context_unref(context);
		return r;
	}
	*ret_context = context;
	return ENVOI_OK;
}

struct envoi_context *envoi_context_ref(struct envoi_context *context)
{
	context->references++;
	return context;
}

struct envoi_context *envoi_context_unref(struct envoi_context *context)
{
	if (context == NULL || --context->references > 0) {
		return NULL;
	}
	for (int i = ENVOI__PARTS; i-- > 0;) {
		if (context->parts[i] != NULL) {
			context->parts[i]->destroy(context->parts[i]);
		}
	}
	envoi__arena_drop_spares(context);
	envoi_free(context, context->scratch.data);
	struct envoi_allocator allocator = context->allocator;
	allocator.free(allocator.user, context);
	return NULL;
}

void envoi_context_set_log(
	struct envoi_context *context, envoi_log_fn *log, enum envoi_log_level level, void *user)
{
	context->log = log;
	context->log_level = level;
	context->log_user = user;
}

void envoi_log(struct envoi_context *context, enum envoi_log_level level,
	enum envoi_log_subject subject, const char *format, ...)
{
	if (context->log == NULL || level > context->log_level) {
		return;
	}
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	context->log(context->log_user, level, subject, line);
}

const char *envoi_log_subject_name(enum envoi_log_subject subject)
{
	static const char *const names[] = {
		[ENVOI_LOG_BASE] = "base",
		[ENVOI_LOG_XML] = "xml",
		[ENVOI_LOG_LOOP] = "loop",
		[ENVOI_LOG_NET] = "net",
		[ENVOI_LOG_TLS] = "tls",
		[ENVOI_LOG_SASL] = "sasl",
		[ENVOI_LOG_STREAM] = "stream",
		[ENVOI_LOG_ROUTER] = "router",
		[ENVOI_LOG_SESSION] = "session",
		[ENVOI_LOG_CLIENT] = "client",
		[ENVOI_LOG_EXT] = "ext",
	};
	size_t i = (size_t)subject;
	return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

bool envoi__random_is_system(const struct envoi_context *context)
{
	return context->random == system_random;
}

int envoi_context_random(struct envoi_context *context, void *bytes, size_t len)
{
	return context->random(context->random_user, bytes, len);
}

int64_t envoi_context_wall_clock_ms(const struct envoi_context *context)
{
	return context->wall_clock != NULL ? context->wall_clock(context->wall_clock_user)
					   : system_wall_clock(NULL);
}

void envoi__wipe(void *memory, size_t len)
{
	explicit_bzero(memory, len);
}

void envoi__free_secret(struct envoi_context *context, char *text)
{
	if (text != NULL) {
		envoi__wipe(text, strlen(text));
		envoi_free(context, text);
	}
}

bool envoi__equal_secret(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char difference = 0;
	for (size_t i = 0; i < len; i++) {
		difference |= x[i] ^ y[i];
	}
	return difference == 0;
}
