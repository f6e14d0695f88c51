/*
 * envoi - main loop inside GLib's
 * SPDX-License-Identifier: MIT
 */
#include <envoi/loops/glib.h>

#include <glib-unix.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

struct glib_host {
	GSource source;
	struct envoi_loop_host base;
	gpointer descriptor; /* of the source; NULL: not watched */
};

static struct glib_host *glib_from_base(struct envoi_loop_host *base)
{
	return ENVOI_CONTAINER_OF(base, struct glib_host, base);
}

static int set_watched(struct envoi_loop_host *base, bool is_watched)
{
	struct glib_host *host = glib_from_base(base);
	if (is_watched) {
		host->descriptor = g_source_add_unix_fd(&host->source, base->fd, G_IO_IN);
	} else {
		g_source_remove_unix_fd(&host->source, host->descriptor);
		host->descriptor = NULL;
	}
	return ENVOI_OK;
}

static void set_alarm(struct envoi_loop_host *base, uint64_t delay_ms)
{
	gint64 ready_us = delay_ms == UINT64_MAX ? -1
						 : g_get_monotonic_time() + (gint64)delay_ms * 1000;
	g_source_set_ready_time(&glib_from_base(base)->source, ready_us);
}

/* Inside the source's own dispatch GLib keeps its memory until that returns. */
static void destroy(struct envoi_loop_host *base)
{
	GSource *source = &glib_from_base(base)->source;
	g_source_destroy(source);
	g_source_unref(source);
}

static const struct envoi_loop_host_impl glib_impl = {
	.set_watched = set_watched,
	.set_alarm = set_alarm,
	.destroy = destroy,
};

static gboolean on_dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
	struct glib_host *host = ENVOI_CONTAINER_OF(source, struct glib_host, source);
	(void)callback;
	(void)user;
	envoi_loop_run_once(host->base.loop, false);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = {.dispatch = on_dispatch};

static struct glib_host *host_new(void)
{
	GSource *source = g_source_new(&source_functions, sizeof(struct glib_host));
	struct glib_host *host = ENVOI_CONTAINER_OF(source, struct glib_host, source);
	g_source_set_name(source, "envoi");
	host->base = (struct envoi_loop_host){.impl = &glib_impl};
	host->descriptor = NULL;
	return host;
}

int envoi_loop_new_glib(
	struct envoi_loop **ret_loop, struct envoi_context *context, GMainContext *main_context)
{
	struct glib_host *host = host_new();
	int r = envoi_loop_new_hosted(ret_loop, context, &host->base);
	if (r == ENVOI_OK) {
		g_source_attach(&host->source, main_context);
	}
	return r;
}

int envoi_context_new_on_glib(struct envoi_context **ret_context, GMainContext *main_context)
{
	struct glib_host *host = host_new();
	int r = envoi_context_new_on_host(ret_context, &host->base);
	if (r == ENVOI_OK) {
		g_source_attach(&host->source, main_context);
	}
	return r;
}
