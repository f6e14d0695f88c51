/*
 * envoi - connections in memory: two queues of bytes and their scripts
 * SPDX-License-Identifier: MIT
 */
#include "pair.h"

#include <string.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/watch.h>

enum {
	LARGEST_PIECE = 16384,
	DEFAULT_WINDOW = 65536,
};

/* Bytes up to an offset, and when they arrive. */
struct segment {
	uint64_t end, due_ms;
};

/* The bytes that one side sends. */
struct direction {
	struct envoi_memory_pair *pair;
	enum envoi_memory_side side;
	struct envoi_memory_script script;
	struct envoi_buffer bytes; /* in transit */
	struct envoi_buffer segments; /* of those that are not due */
	uint64_t sent, due, arrived; /* offsets */
	uint64_t last_due_ms; /* of all sent so far */
	uint64_t free_ms; /* when the line has taken all of them */
	bool is_read; /* the receiver wants to read */
	bool is_ended, is_end_told;
	struct envoi_deferred deferred;
	struct envoi_timer timer;
};

struct envoi_memory_pair {
	unsigned int references;
	struct envoi_context *context;
	struct memory_port *ports[2];
	bool is_made[2];
	bool is_broken;
	struct envoi_deferred breaking;
	struct direction directions[2];
};

int envoi_memory_pair_new(struct envoi_memory_pair **ret_pair, struct envoi_context *context)
{
	static const struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	if (envoi_context_loop(context) == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi_memory_pair *pair = envoi_alloc_zeroed(context, sizeof(*pair));
	if (pair == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	pair->references = 1;
	pair->context = envoi_context_ref(context);
	for (int side = ENVOI_MEMORY_A; side <= ENVOI_MEMORY_B; side++) {
		struct direction *direction = &pair->directions[side];
		direction->pair = pair;
		direction->side = (enum envoi_memory_side)side;
		direction->script = script;
		envoi_buffer_init(&direction->bytes, context, 0);
		envoi_buffer_init(&direction->segments, context, 0);
	}
	*ret_pair = pair;
	return ENVOI_OK;
}

struct envoi_memory_pair *envoi_memory_pair_ref(struct envoi_memory_pair *pair)
{
	pair->references++;
	return pair;
}

static void stop(struct direction *direction)
{
	envoi_deferred_cancel(&direction->deferred);
	envoi_timer_stop(&direction->timer);
	envoi_buffer_finish(&direction->bytes);
	envoi_buffer_finish(&direction->segments);
}

struct envoi_memory_pair *envoi_memory_pair_unref(struct envoi_memory_pair *pair)
{
	if (pair == NULL || --pair->references > 0) {
		return NULL;
	}
	envoi_deferred_cancel(&pair->breaking);
	stop(&pair->directions[ENVOI_MEMORY_A]);
	stop(&pair->directions[ENVOI_MEMORY_B]);
	struct envoi_context *context = pair->context;
	envoi_free(context, pair);
	envoi_context_unref(context);
	return NULL;
}

static enum envoi_memory_side other(enum envoi_memory_side side)
{
	return side == ENVOI_MEMORY_A ? ENVOI_MEMORY_B : ENVOI_MEMORY_A;
}

static void on_breaking(struct envoi_deferred *deferred)
{
	struct envoi_memory_pair *pair = ENVOI_CONTAINER_OF(
		deferred, struct envoi_memory_pair, breaking);
	envoi_memory_pair_ref(pair);
	for (int side = ENVOI_MEMORY_A; side <= ENVOI_MEMORY_B; side++) {
		if (pair->ports[side] != NULL) {
			pair->ports[side]->impl->broken(pair->ports[side]);
		}
	}
	envoi_memory_pair_unref(pair);
}

void envoi_memory_pair_cut(struct envoi_memory_pair *pair)
{
	if (pair->is_broken) {
		return;
	}
	pair->is_broken = true;
	stop(&pair->directions[ENVOI_MEMORY_A]);
	stop(&pair->directions[ENVOI_MEMORY_B]);
	envoi_deferred_post(&pair->breaking, envoi_context_loop(pair->context), on_breaking);
}

static uint64_t now_ms(const struct direction *direction)
{
	return envoi_loop_now_ms(envoi_context_loop(direction->pair->context));
}

/* An idle pair has no buffers. They may have held secrets. */
static void consume(struct envoi_buffer *buffer, size_t len)
{
	envoi_buffer_consume(buffer, len);
	if (envoi_buffer_len(buffer) == 0) {
		envoi_buffer_wipe(buffer);
	}
}

/* What is due now, and when the rest is. @return 0: nothing waits for its time */
static uint64_t note_due(struct direction *direction)
{
	struct segment segment;
	uint64_t now = now_ms(direction);
	while (envoi_buffer_len(&direction->segments) > 0) {
		memcpy(&segment, envoi_buffer_data(&direction->segments), sizeof(segment));
		if (segment.due_ms > now) {
			return segment.due_ms - now;
		}
		direction->due = segment.end;
		consume(&direction->segments, sizeof(segment));
	}
	return 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* @return how many bytes may arrive in this piece */
static size_t next_piece(const struct direction *direction)
{
	const struct envoi_memory_script *script = &direction->script;
	uint64_t end = smaller(direction->due, smaller(script->cut_at, script->stall_at));
	if (end <= direction->arrived) {
		return 0;
	}
	uint64_t most = script->piece_bytes == 0 ? LARGEST_PIECE : script->piece_bytes;
	return (size_t)smaller(end - direction->arrived, smaller(most, LARGEST_PIECE));
}

static bool end_may_arrive(const struct direction *direction)
{
	return direction->is_ended && !direction->is_end_told &&
		direction->arrived == direction->sent &&
		direction->arrived < direction->script.stall_at &&
		now_ms(direction) >= direction->last_due_ms;
}

static void pump_deferred(struct envoi_deferred *deferred);
static void pump_timer(struct envoi_timer *timer);

static void schedule(struct direction *direction)
{
	if (direction->pair->is_broken) {
		return;
	}
	struct envoi_loop *loop = envoi_context_loop(direction->pair->context);
	uint64_t wait_ms = note_due(direction);
	bool can_arrive = next_piece(direction) > 0 || end_may_arrive(direction);
	if (direction->arrived >= direction->script.cut_at || (direction->is_read && can_arrive)) {
		envoi_deferred_post(&direction->deferred, loop, pump_deferred);
		return;
	}
	if (wait_ms == 0 && direction->is_ended && direction->last_due_ms > now_ms(direction)) {
		wait_ms = direction->last_due_ms - now_ms(direction);
	}
	if (wait_ms > 0 && !envoi_timer_is_started(&direction->timer)) {
		envoi_timer_start(&direction->timer, loop, wait_ms, pump_timer);
	}
}

static void deliver_arrived(struct direction *direction, size_t len)
{
	char piece[LARGEST_PIECE];
	memcpy(piece, envoi_buffer_data(&direction->bytes), len);
	consume(&direction->bytes, len);
	direction->arrived += len;
	struct envoi_memory_pair *pair = direction->pair;
	if (direction->arrived >= direction->script.cut_at) {
		envoi_memory_pair_cut(pair);
	}
	struct memory_port *receiver = pair->ports[other(direction->side)];
	if (receiver != NULL) {
		receiver->impl->arrived(receiver, piece, len);
	}
	struct memory_port *sender = pair->ports[direction->side];
	if (sender != NULL && sender->wants_write && !pair->is_broken) {
		sender->wants_write = false;
		sender->impl->writable(sender);
	}
}

static void pump(struct direction *direction)
{
	struct envoi_memory_pair *pair = envoi_memory_pair_ref(direction->pair);
	note_due(direction);
	if (direction->arrived >= direction->script.cut_at) {
		envoi_memory_pair_cut(pair);
	} else if (direction->is_read) {
		size_t len = next_piece(direction);
		struct memory_port *receiver = pair->ports[other(direction->side)];
		if (len > 0) {
			deliver_arrived(direction, len);
		} else if (end_may_arrive(direction)) {
			direction->is_end_told = true;
			if (receiver != NULL) {
				receiver->impl->ended(receiver);
			}
		}
	}
	schedule(direction);
	envoi_memory_pair_unref(pair);
}

static void pump_deferred(struct envoi_deferred *deferred)
{
	pump(ENVOI_CONTAINER_OF(deferred, struct direction, deferred));
}

static void pump_timer(struct envoi_timer *timer)
{
	pump(ENVOI_CONTAINER_OF(timer, struct direction, timer));
}

void envoi_memory_pair_script(struct envoi_memory_pair *pair, enum envoi_memory_side side,
	const struct envoi_memory_script *script)
{
	pair->directions[side].script = *script;
	schedule(&pair->directions[side]);
}

uint64_t envoi_memory_pair_sent(const struct envoi_memory_pair *pair, enum envoi_memory_side side)
{
	return pair->directions[side].sent;
}

uint64_t envoi_memory_pair_arrived(
	const struct envoi_memory_pair *pair, enum envoi_memory_side side)
{
	return pair->directions[side].arrived;
}

struct envoi_context *envoi__memory_pair_context(const struct envoi_memory_pair *pair)
{
	return pair->context;
}

/* --- ports --- */

int envoi__memory_port_attach(struct memory_port *port, const struct memory_port_impl *impl,
	struct envoi_memory_pair *pair, enum envoi_memory_side side)
{
	if (pair->is_made[side]) {
		return ENVOI_ERR_STATE;
	}
	pair->is_made[side] = true;
	pair->ports[side] = port;
	*port = (struct memory_port){
		.impl = impl,
		.pair = envoi_memory_pair_ref(pair),
		.side = side,
	};
	return ENVOI_OK;
}

/* What still comes for an end that has gone arrives nowhere, so that the sender is not held up. */
void envoi__memory_port_detach(struct memory_port *port)
{
	if (port->pair == NULL) {
		return;
	}
	envoi__memory_port_shut_down(port);
	envoi__memory_port_want_read(port, true);
	port->pair->ports[port->side] = NULL;
	port->pair = envoi_memory_pair_unref(port->pair);
}

static size_t room(const struct direction *direction)
{
	size_t window = direction->script.window_bytes;
	size_t held = envoi_buffer_len(&direction->bytes);
	window = window == 0 ? DEFAULT_WINDOW : window;
	return held < window ? window - held : 0;
}

/* @return when the line has taken @p len bytes more */
static uint64_t line_is_free(const struct direction *direction, size_t len)
{
	uint64_t speed = direction->script.bytes_per_second;
	uint64_t now = now_ms(direction);
	uint64_t start = direction->free_ms > now ? direction->free_ms : now;
	return speed == 0 ? now : start + (uint64_t)len * 1000 / speed;
}

static int append(struct direction *direction, const char *data, size_t len)
{
	uint64_t free_ms = line_is_free(direction, len);
	uint64_t due_ms = free_ms + direction->script.delay_ms;
	struct segment segment = {.end = direction->sent + len, .due_ms = due_ms};
	if (segment.due_ms < direction->last_due_ms) {
		segment.due_ms = direction->last_due_ms;
	}
	int r = envoi_buffer_append(&direction->segments, &segment, sizeof(segment));
	if (r < 0) {
		return r;
	}
	r = envoi_buffer_append(&direction->bytes, data, len);
	if (r < 0) {
		envoi_buffer_truncate(&direction->segments,
			envoi_buffer_len(&direction->segments) - sizeof(segment));
		return r;
	}
	direction->sent += len;
	direction->last_due_ms = segment.due_ms;
	direction->free_ms = free_ms;
	return ENVOI_OK;
}

int envoi__memory_port_send(
	struct memory_port *port, const char *data, size_t len, bool is_forced, size_t *ret_taken)
{
	if (port->pair == NULL || port->pair->is_broken) {
		return ENVOI_ERR_DISCONNECTED;
	}
	struct direction *direction = &port->pair->directions[port->side];
	size_t taken = is_forced || len < room(direction) ? len : room(direction);
	if (taken > 0) {
		int r = append(direction, data, taken);
		if (r < 0) {
			return r;
		}
		schedule(direction);
	}
	port->wants_write = taken < len;
	*ret_taken = taken;
	return ENVOI_OK;
}

void envoi__memory_port_shut_down(struct memory_port *port)
{
	struct direction *direction = &port->pair->directions[port->side];
	if (!direction->is_ended) {
		direction->is_ended = true;
		uint64_t due_ms = now_ms(direction) + direction->script.delay_ms;
		if (due_ms > direction->last_due_ms) {
			direction->last_due_ms = due_ms;
		}
		schedule(direction);
	}
}

void envoi__memory_port_want_read(struct memory_port *port, bool wanted)
{
	struct direction *direction = &port->pair->directions[other(port->side)];
	direction->is_read = wanted;
	schedule(direction);
}
