/*
 * envoi - main loop inside libuv's
 * SPDX-License-Identifier: MIT
 */
#include <envoi/loops/libuv.h>

#include <stdlib.h>

#include <uv.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

struct libuv_host {
	struct envoi_loop_host base;
	uv_loop_t *uv;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_idle_t idle; /* for an alarm without delay */
	unsigned int open_handles;
};

static struct libuv_host *libuv_from_base(struct envoi_loop_host *base)
{
	return ENVOI_CONTAINER_OF(base, struct libuv_host, base);
}

static void run_once(const struct libuv_host *host)
{
	envoi_loop_run_once(host->base.loop, false);
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	run_once(handle->data);
}

static void on_timer(uv_timer_t *handle)
{
	run_once(handle->data);
}

static void on_idle(uv_idle_t *handle)
{
	uv_idle_stop(handle);
	run_once(handle->data);
}

static int set_watched(struct envoi_loop_host *base, bool is_watched)
{
	struct libuv_host *host = libuv_from_base(base);
	if (!is_watched) {
		uv_poll_stop(&host->poll);
		return ENVOI_OK;
	}
	return uv_poll_start(&host->poll, UV_READABLE, on_ready) < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

/*
 * Timers of libuv count from its clock of this turn, which may be behind. One that restarts itself
 * without delay would starve everything else (libuv 1.44): the idle handle comes once a turn.
 */
static void set_alarm(struct envoi_loop_host *base, uint64_t delay_ms)
{
	struct libuv_host *host = libuv_from_base(base);
	uv_timer_stop(&host->timer);
	uv_idle_stop(&host->idle);
	if (delay_ms == 0) {
		uv_idle_start(&host->idle, on_idle);
	} else if (delay_ms != UINT64_MAX) {
		uv_update_time(host->uv);
		uv_timer_start(&host->timer, on_timer, delay_ms, 0);
	}
}

static void on_closed(uv_handle_t *handle)
{
	struct libuv_host *host = handle->data;
	if (--host->open_handles == 0) {
		free(host);
	}
}

static void open_handle(struct libuv_host *host, uv_handle_t *handle)
{
	handle->data = host;
	host->open_handles++;
}

static void destroy(struct envoi_loop_host *base)
{
	struct libuv_host *host = libuv_from_base(base);
	uv_close((uv_handle_t *)&host->idle, on_closed);
	uv_close((uv_handle_t *)&host->timer, on_closed);
	uv_close((uv_handle_t *)&host->poll, on_closed);
}

static const struct envoi_loop_host_impl libuv_impl = {
	.set_watched = set_watched,
	.set_alarm = set_alarm,
	.destroy = destroy,
};

/* Of a host whose handles are not open yet. */
static void free_unopened(struct envoi_loop_host *base)
{
	free(libuv_from_base(base));
}

static const struct envoi_loop_host_impl unopened_impl = {.destroy = free_unopened};

static struct libuv_host *host_new(uv_loop_t *uv)
{
	struct libuv_host *host = calloc(1, sizeof(*host));
	if (host != NULL) {
		host->base.impl = &unopened_impl;
		host->uv = uv;
	}
	return host;
}

/* Only watching the descriptor can fail. @return whether it can be watched */
static bool open_handles(struct libuv_host *host)
{
	if (uv_poll_init(host->uv, &host->poll, host->base.fd) < 0) {
		return false;
	}
	uv_timer_init(host->uv, &host->timer);
	uv_idle_init(host->uv, &host->idle);
	open_handle(host, (uv_handle_t *)&host->poll);
	open_handle(host, (uv_handle_t *)&host->timer);
	open_handle(host, (uv_handle_t *)&host->idle);
	host->base.impl = &libuv_impl;
	return true;
}

int envoi_loop_new_libuv(struct envoi_loop **ret_loop, struct envoi_context *context, uv_loop_t *uv)
{
	struct libuv_host *host = host_new(uv);
	struct envoi_loop *loop;
	if (host == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi_loop_new_hosted(&loop, context, &host->base);
	if (r < 0) {
		return r;
	}
	if (!open_handles(host)) {
		envoi_loop_destroy(loop);
		return ENVOI_ERR_UNSUPPORTED;
	}
	*ret_loop = loop;
	return ENVOI_OK;
}

int envoi_context_new_on_libuv(struct envoi_context **ret_context, uv_loop_t *uv)
{
	struct libuv_host *host = host_new(uv);
	struct envoi_context *context;
	if (host == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi_context_new_on_host(&context, &host->base);
	if (r < 0) {
		return r;
	}
	if (!open_handles(host)) {
		envoi_context_unref(context);
		return ENVOI_ERR_UNSUPPORTED;
	}
	*ret_context = context;
	return ENVOI_OK;
}
