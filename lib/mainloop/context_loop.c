/*
 * envoi - the context's main loop
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

#include "base/context.h"

struct loop_part {
	struct envoi__part part;
	struct envoi_loop *loop;
};

static int64_t loop_wall_clock(void *user)
{
	struct envoi_loop *loop = user;
	return loop->impl->wall_clock_ms(loop);
}

static void loop_part_destroy(struct envoi__part *base)
{
	struct loop_part *part = ENVOI_CONTAINER_OF(base, struct loop_part, part);
	struct envoi_context *context = part->loop->context;
	if (context->wall_clock == loop_wall_clock) {
		context->wall_clock = NULL;
	}
	context->parts[ENVOI__PART_LOOP] = NULL;
	envoi_loop_destroy(part->loop);
	envoi_free(context, part);
}

int envoi_context_take_loop(struct envoi_context *context, struct envoi_loop *loop)
{
	int r = ENVOI_ERR_STATE;
	if (context->parts[ENVOI__PART_LOOP] != NULL) {
		goto destroy_loop;
	}
	struct loop_part *part = envoi_alloc(context, sizeof(*part));
	if (part == NULL) {
		r = ENVOI_ERR_NOMEM;
		goto destroy_loop;
	}
	*part = (struct loop_part){.part = {.destroy = loop_part_destroy}, .loop = loop};
	context->parts[ENVOI__PART_LOOP] = &part->part;
	if (loop->impl->wall_clock_ms != NULL && context->wall_clock == NULL) {
		context->wall_clock = loop_wall_clock;
		context->wall_clock_user = loop;
	}
	return ENVOI_OK;

destroy_loop:
	envoi_loop_destroy(loop);
	return r;
}

struct envoi_loop *envoi_context_loop(struct envoi_context *context)
{
	struct envoi_loop *loop;
	if (context->parts[ENVOI__PART_LOOP] == NULL &&
		(envoi_loop_new_libevent(&loop, context, NULL) < 0 ||
			envoi_context_take_loop(context, loop) < 0)) {
		return NULL;
	}
	struct envoi__part *part = context->parts[ENVOI__PART_LOOP];
	return ENVOI_CONTAINER_OF(part, struct loop_part, part)->loop;
}

/* @param r  of making the loop */
static int give_loop(struct envoi_context **ret_context, struct envoi_context *context, int r,
	struct envoi_loop *loop)
{
	if (r == ENVOI_OK) {
		r = envoi_context_take_loop(context, loop);
	}
	if (r < 0) {
		envoi_context_unref(context);
		return r;
	}
	*ret_context = context;
	return ENVOI_OK;
}

int envoi_context_new_on_libevent(struct envoi_context **ret_context, struct event_base *base)
{
	if (base == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_context *context;
	struct envoi_loop *loop = NULL;
	int r = envoi_context_new(&context, NULL);
	if (r < 0) {
		return r;
	}
	r = envoi_loop_new_libevent(&loop, context, base);
	return give_loop(ret_context, context, r, loop);
}

int envoi_context_new_on_poll(struct envoi_context **ret_context)
{
	struct envoi_context *context;
	struct envoi_loop *loop = NULL;
	int r = envoi_context_new(&context, NULL);
	if (r < 0) {
		return r;
	}
	r = envoi_loop_new_poll(&loop, context);
	return give_loop(ret_context, context, r, loop);
}
