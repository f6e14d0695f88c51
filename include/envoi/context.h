/*
 * envoi - the context that all objects are made in
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONTEXT_H
#define ENVOI_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_loop;
struct envoi_resolver;

/**
 * The allocator, log sink, main loop, resolver, clock, random source and caches that objects share.
 *
 * Reference-counted. Every object made in a context has a reference to it: the context is freed
 * after the last of them. A context and its objects are used in one thread. Contexts of several
 * threads share no data that is written.
 */
struct envoi_context;

/** Memory functions, which behave as malloc, realloc and free. Set all three or none. */
struct envoi_allocator {
	/** As malloc. @retval NULL  out of memory */
	void *(*alloc)(void *user, size_t len);
	/** As realloc. @retval NULL  out of memory; @p memory is unchanged */
	void *(*realloc)(void *user, void *memory, size_t len);
	/** As free. @param memory  may be NULL */
	void (*free)(void *user, void *memory);
	void *user;
};

/** How important a log line is, the most important first. */
enum envoi_log_level {
	ENVOI_LOG_ERROR,
	ENVOI_LOG_WARNING,
	ENVOI_LOG_INFO,
	ENVOI_LOG_DEBUG,
};

/** The module that a log line comes from. */
enum envoi_log_subject {
	ENVOI_LOG_BASE,
	ENVOI_LOG_XML,
	ENVOI_LOG_LOOP,
	ENVOI_LOG_NET,
	ENVOI_LOG_TLS,
	ENVOI_LOG_SASL,
	ENVOI_LOG_STREAM,
	ENVOI_LOG_ROUTER,
	ENVOI_LOG_SESSION,
	ENVOI_LOG_CLIENT,
	ENVOI_LOG_EXT,
};

/** @return "xml", "stream", ...; static */
ENVOI_API const char *envoi_log_subject_name(enum envoi_log_subject subject);

/**
 * Receives one log message, which never contains a secret. Called inside functions of the library;
 * it must not call the library.
 *
 * @param user     log_user of the options
 * @param message  one line without a line feed; borrowed for the call
 */
typedef void envoi_log_fn(void *user, enum envoi_log_level level, enum envoi_log_subject subject,
	const char *message);

/** Fills @p len bytes for cryptographic use. @return 0, or ENVOI_ERR_SYSTEM */
typedef int envoi_random_fn(void *user, void *bytes, size_t len);

/** @return milliseconds since 1970-01-01T00:00:00Z */
typedef int64_t envoi_wall_clock_fn(void *user);

/** Parts of a context. A zeroed member has its default. */
struct envoi_context_options {
	struct envoi_allocator allocator; /**< default: malloc, realloc, free */
	envoi_log_fn *log; /**< default: no log */
	enum envoi_log_level log_level; /**< most detailed level passed to @p log */
	void *log_user;
	envoi_random_fn *random; /**< default: the system's random source */
	void *random_user;
	/** default: that of the loop if it has one, else the system's */
	envoi_wall_clock_fn *wall_clock;
	void *wall_clock_user;
};

/**
 * Make a context.
 *
 * @param[out] ret_context  a new reference
 * @param options           NULL: defaults; borrowed for the call
 *
 * @retval ENVOI_ERR_INVALID  the allocator is incomplete
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM   GnuTLS, libxml2, libgsasl or c-ares could not be initialised
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_new(
	struct envoi_context **ret_context, const struct envoi_context_options *options);

/** Take a reference. @return @p context */
ENVOI_API struct envoi_context *envoi_context_ref(struct envoi_context *context);

/** Drop a reference; NULL is allowed. @return NULL */
ENVOI_API struct envoi_context *envoi_context_unref(struct envoi_context *context);

/** Replace the log sink. @param log NULL: no log. @param level the most detailed level to pass to
 * it. @param user passed to it */
ENVOI_API void envoi_context_set_log(
	struct envoi_context *context, envoi_log_fn *log, enum envoi_log_level level, void *user);

/** Allocate as malloc does, with the context's allocator; NULL: out of memory. */
ENVOI_API void *envoi_alloc(struct envoi_context *context, size_t len);

/** As envoi_alloc(), zeroed. */
ENVOI_API void *envoi_alloc_zeroed(struct envoi_context *context, size_t len);

/** Resize as realloc does; NULL: out of memory, and @p memory is unchanged. */
ENVOI_API void *envoi_realloc(struct envoi_context *context, void *memory, size_t len);

/** Copy @p len bytes of text and add a NUL; NULL: out of memory. */
ENVOI_API char *envoi_strndup(struct envoi_context *context, const char *text, size_t len);

/** Free memory of the four functions above; NULL is allowed. */
ENVOI_API void envoi_free(struct envoi_context *context, void *memory);

/** Write one line to the context's log. It is formatted only if a log function accepts the
 * level. */
ENVOI_API void envoi_log(struct envoi_context *context, enum envoi_log_level level,
	enum envoi_log_subject subject, const char *format, ...) ENVOI_PRINTF(4, 5);

/** The object of type @p type whose member @p member is at @p pointer. */
#define ENVOI_CONTAINER_OF(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))
/** As ENVOI_CONTAINER_OF(), of a const pointer; the result is const, too. */
#define ENVOI_CONTAINER_OF_CONST(pointer, type, member) \
	((const type *)(const void *)((const char *)(pointer)-offsetof(type, member)))

/** Fill @p len bytes from the context's random source. @return 0, or ENVOI_ERR_SYSTEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_random(
	struct envoi_context *context, void *bytes, size_t len);

/** @return milliseconds since 1970-01-01T00:00:00Z, by the context's clock */
ENVOI_API int64_t envoi_context_wall_clock_ms(const struct envoi_context *context);

/**
 * Set the main loop. Call it directly after making the context: the first object that needs a loop
 * makes the default one.
 *
 * @param loop  taken, on failure too; made in this context
 * @retval ENVOI_ERR_STATE  the context has a loop
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_take_loop(
	struct envoi_context *context, struct envoi_loop *loop);

/**
 * Set the resolver. Call it directly after making the context: the first object that needs a
 * resolver makes the default one.
 *
 * @param resolver  taken, on failure too; made in this context
 * @retval ENVOI_ERR_STATE  the context has a resolver
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_take_resolver(
	struct envoi_context *context, struct envoi_resolver *resolver);

/** @return the main loop, which is made now if there is none; borrowed; NULL: out of memory */
ENVOI_API struct envoi_loop *envoi_context_loop(struct envoi_context *context);

/** @return the resolver, which is made now if there is none; borrowed; NULL: it cannot be made */
ENVOI_API struct envoi_resolver *envoi_context_resolver(struct envoi_context *context);

#ifdef __cplusplus
}
#endif
#endif
