/*
 * envoi - a main loop inside GLib's (library envoi-glib)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_LOOPS_GLIB_H
#define ENVOI_LOOPS_GLIB_H

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct _GMainContext; /* GMainContext */
struct envoi_context;
struct envoi_loop;

/*
 * For programs on GLib or GTK. They include GLib's headers, and link libenvoi-glib
 * (pkg-config envoi-glib); libenvoi does not need GLib. GLib ends the program when it has no
 * memory.
 */

/**
 * Make a loop in a GMainContext: one GSource of default priority, with one descriptor, however many
 * connections there are. The application runs the GMainContext; envoi_loop_run() returns
 * ENVOI_ERR_UNSUPPORTED. A GMainLoop that is run inside a callback of the library dispatches
 * nothing of the library.
 *
 * @param main_context  a reference is taken; NULL: the default one. The thread that runs it is the
 *                      one that uses @p context
 * Errors as envoi_loop_new_hosted().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_glib(struct envoi_loop **ret_loop,
	struct envoi_context *context, struct _GMainContext *main_context);

/**
 * Make a context with default options on such a loop.
 *
 * @param main_context  as of envoi_loop_new_glib()
 * Errors as envoi_context_new() and envoi_loop_new_hosted().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_new_on_glib(
	struct envoi_context **ret_context, struct _GMainContext *main_context);

#ifdef __cplusplus
}
#endif
#endif
