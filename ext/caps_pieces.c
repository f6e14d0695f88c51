/*
 * envoi - entity capabilities: texts that are sorted at several levels
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include <envoi/context.h>

#include "caps_inside.h"

struct piece {
	const char *data;
	size_t len;
};

static void pieces_init(struct envoi__caps_pieces *pieces, struct envoi_context *context)
{
	*pieces = (struct envoi__caps_pieces){.code = ENVOI_OK};
	envoi_buffer_init(&pieces->bytes, context, 0);
	envoi_buffer_init(&pieces->ends, context, 0);
}

static void pieces_finish(struct envoi__caps_pieces *pieces)
{
	envoi_buffer_finish(&pieces->bytes);
	envoi_buffer_finish(&pieces->ends);
}

void envoi__caps_append(struct envoi__caps_pieces *pieces, const void *data, size_t len)
{
	if (pieces->code == ENVOI_OK) {
		pieces->code = envoi_buffer_append(&pieces->bytes, data, len);
	}
}

void envoi__caps_append_text(struct envoi__caps_pieces *pieces, const char *text, char separator)
{
	envoi__caps_append(pieces, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
	envoi__caps_append(pieces, &separator, 1);
}

void envoi__caps_end_piece(struct envoi__caps_pieces *pieces)
{
	size_t end = envoi_buffer_len(&pieces->bytes);
	if (pieces->code == ENVOI_OK) {
		pieces->code = envoi_buffer_append(&pieces->ends, &end, sizeof(end));
	}
}

/* i;octet (RFC 4790, section 9.3) */
static int compare_pieces(const void *first, const void *second)
{
	const struct piece *a = first, *b = second;
	size_t len = a->len < b->len ? a->len : b->len;
	int r = len == 0 ? 0 : memcmp(a->data, b->data, len);
	return r != 0 ? r : (a->len > b->len) - (a->len < b->len);
}

static void locate(const struct envoi__caps_pieces *pieces, struct piece *at, size_t count)
{
	size_t start = 0, end;
	for (size_t i = 0; i < count; i++, start = end) {
		memcpy(&end, envoi_buffer_data(&pieces->ends) + i * sizeof(end), sizeof(end));
		at[i] = (struct piece){envoi_buffer_data(&pieces->bytes) + start, end - start};
	}
}

static int join_sorted(struct envoi__caps_pieces *pieces, struct piece *at, size_t count,
	struct envoi__caps_pieces *out)
{
	locate(pieces, at, count);
	qsort(at, count, sizeof(at[0]), compare_pieces);
	for (size_t i = 0; i < count; i++) {
		pieces->has_twice = pieces->has_twice ||
			(i > 0 && compare_pieces(&at[i - 1], &at[i]) == 0);
		envoi__caps_append(out, at[i].data, at[i].len);
	}
	return out->code;
}

void envoi__caps_join(struct envoi__caps_pieces *pieces, struct envoi__caps_pieces *out)
{
	struct envoi_context *context = pieces->bytes.context;
	size_t count = envoi_buffer_len(&pieces->ends) / sizeof(size_t);
	struct piece *at = count == 0 || pieces->code < 0
		? NULL
		: envoi_alloc(context, count * sizeof(*at));
	if (pieces->code == ENVOI_OK && count > 0 && at == NULL) {
		pieces->code = ENVOI_ERR_NOMEM;
	}
	if (pieces->code == ENVOI_OK && count > 0) {
		pieces->code = join_sorted(pieces, at, count, out);
	}
	envoi_free(context, at);
	envoi_buffer_truncate(&pieces->bytes, 0);
	envoi_buffer_truncate(&pieces->ends, 0);
	if (out->code == ENVOI_OK) {
		out->code = pieces->code;
	}
}

void envoi__caps_levels_init(struct envoi__caps_levels *levels, struct envoi_context *context)
{
	pieces_init(&levels->whole, context);
	pieces_init(&levels->forms, context);
	pieces_init(&levels->fields, context);
	pieces_init(&levels->values, context);
}

int envoi__caps_levels_finish(struct envoi__caps_levels *levels, struct envoi_buffer *out)
{
	int r = levels->whole.code;
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(out, envoi_buffer_data(&levels->whole.bytes),
			envoi_buffer_len(&levels->whole.bytes));
	}
	pieces_finish(&levels->whole);
	pieces_finish(&levels->forms);
	pieces_finish(&levels->fields);
	pieces_finish(&levels->values);
	return r;
}
