/*
 * envoi - skipping a stanza beyond a limit
 * SPDX-License-Identifier: MIT
 */
#include "xml/skip.h"

#include <string.h>

#include "xml/chars.h"
#include "xml/element.h"

#define CDATA "[CDATA["

enum {
	FIRST_ROOM = 64,
	MOST_KEPT = 10240, /* names of open elements; above the largest limits.depth */
};

/* FNV-1a */
static const uint64_t hash_basis = UINT64_C(0xcbf29ce484222325);
static const uint64_t hash_prime = UINT64_C(0x100000001b3);
static const uint64_t hash_inverse = UINT64_C(0xce965057aff6957b); /* modulo 2^64 */

static uint64_t hash_on(uint64_t hash, char c)
{
	return (hash ^ (unsigned char)c) * hash_prime;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	while (*text != '\0') {
		hash = hash_on(hash, *text++);
	}
	return hash;
}

static const bool ends_name[256] = {
	[' '] = true,
	['\t'] = true,
	['\n'] = true,
	['\r'] = true,
	['/'] = true,
	['<'] = true,
	['>'] = true,
};

static const bool ends_run[256] = {
	['<'] = true,
	['>'] = true,
	['/'] = true,
	['"'] = true,
	['\''] = true,
};

/* A piece that is looked at. */
struct piece {
	const char *at, *end;
};

void envoi__skip_init(struct envoi__skip *skip, struct envoi_context *context,
	const char *content_ns, const struct envoi__xml_error *limit)
{
	*skip = (struct envoi__skip){.context = context, .limit = *limit};
	envoi__skipped_tag_init(&skip->tag, context, content_ns);
}

void envoi__skip_finish(struct envoi__skip *skip)
{
	envoi__skipped_tag_finish(&skip->tag);
	envoi_free(skip->context, skip->open);
}

static bool fail(
	struct envoi__skip *skip, int code, enum envoi_stream_condition condition, const char *text)
{
	skip->error = (struct envoi__xml_error){code, condition, text};
	return false;
}

static bool malformed(struct envoi__skip *skip, const char *text)
{
	return fail(skip, ENVOI_ERR_XML, ENVOI_STREAM_NOT_WELL_FORMED, text);
}

static bool restricted(struct envoi__skip *skip, const char *text)
{
	return fail(skip, ENVOI_ERR_XML, ENVOI_STREAM_RESTRICTED_XML, text);
}

/* @return whether @p r is no error */
static bool check(struct envoi__skip *skip, int r)
{
	if (r == ENVOI_ERR_LIMIT) {
		skip->error = skip->limit;
	} else if (r < 0) {
		fail(skip, r, ENVOI_STREAM_RESOURCE_CONSTRAINT, "out of memory");
	}
	return r == ENVOI_OK;
}

static int make_room(struct envoi__skip *skip)
{
	if (skip->depth < skip->room) {
		return ENVOI_OK;
	}
	unsigned int room = skip->room == 0 ? FIRST_ROOM : 2 * skip->room;
	uint64_t *open = envoi_realloc(skip->context, skip->open, room * sizeof(*open));
	if (open == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	skip->open = open;
	skip->room = room;
	return ENVOI_OK;
}

/* The names of the outer elements are kept. Those of the elements within are one number, from which
 * each end tag takes the last name: no depth takes more memory. */
static bool push(struct envoi__skip *skip, uint64_t hash)
{
	if (skip->depth < MOST_KEPT) {
		if (!check(skip, make_room(skip))) {
			return false;
		}
		skip->open[skip->depth] = hash;
	} else {
		skip->inner = skip->inner * hash_prime + hash;
	}
	skip->depth++;
	return true;
}

/* @return whether the name is that of the innermost open element; within the elements whose names
 * are kept; further inside, a name that does not match is found where the outermost of them ends */
static bool take_name(struct envoi__skip *skip, uint64_t hash)
{
	if (skip->depth <= MOST_KEPT) {
		return skip->open[skip->depth - 1] == hash;
	}
	skip->inner = (skip->inner - hash) * hash_inverse;
	return skip->depth > MOST_KEPT + 1 || skip->inner == 0;
}

static void pop(struct envoi__skip *skip)
{
	skip->depth--;
	skip->is_ended = skip->depth == 0;
	skip->state = ENVOI__SKIP_TEXT;
}

static uint64_t hash_of_name(const char *prefix, const char *name)
{
	uint64_t hash = hash_basis;
	if (prefix != NULL) {
		hash = hash_on(hash_text(hash, prefix), ':');
	}
	return hash_text(hash, name);
}

static void reverse(uint64_t *items, unsigned int count)
{
	for (unsigned int i = 0; i < count / 2; i++) {
		uint64_t item = items[i];
		items[i] = items[count - 1 - i];
		items[count - 1 - i] = item;
	}
}

bool envoi__skip_begin_within(struct envoi__skip *skip, const struct envoi_element *innermost,
	const struct envoi__prefixed *prefixed)
{
	for (const struct envoi_element *at = innermost; at != NULL; at = at->parent) {
		if (skip->depth == MOST_KEPT) { /* a limit that no setting allows */
			return check(skip, ENVOI_ERR_LIMIT);
		}
		bool has_prefix = prefixed != NULL && prefixed->element == at;
		if (!push(skip, hash_of_name(has_prefix ? prefixed->prefix : NULL, at->name))) {
			return false;
		}
		prefixed = has_prefix ? prefixed->outer : prefixed;
	}
	reverse(skip->open, skip->depth);
	return true;
}

/* @return whether the bytes are part of the first-level start tag, and it is to be read */
static bool reads_tag(const struct envoi__skip *skip)
{
	return !skip->has_tag;
}

static bool in_text(struct envoi__skip *skip, struct piece *piece)
{
	const char *open = memchr(piece->at, '<', (size_t)(piece->end - piece->at));
	piece->at = open == NULL ? piece->end : open + 1;
	skip->state = open == NULL ? ENVOI__SKIP_TEXT : ENVOI__SKIP_OPEN;
	return true;
}

static bool in_open(struct envoi__skip *skip, struct piece *piece)
{
	char c = *piece->at;
	if (skip->depth == 0 && (c == '/' || c == '!' || c == '?')) {
		return check(skip, ENVOI_ERR_LIMIT); /* no element begins here */
	}
	skip->hash = hash_basis;
	skip->matched = 0;
	switch (c) {
	case '/':
		piece->at++;
		skip->state = ENVOI__SKIP_END_NAME;
		return true;
	case '!':
		piece->at++;
		skip->state = ENVOI__SKIP_BANG;
		return true;
	case '?':
		return restricted(skip, "processing instruction");
	default:
		skip->state = ENVOI__SKIP_NAME;
		return true;
	}
}

static void hash_name(struct envoi__skip *skip, struct piece *piece)
{
	uint64_t hash = skip->hash;
	const char *at = piece->at;
	while (at < piece->end && !ends_name[(unsigned char)*at]) {
		hash = hash_on(hash, *at++);
	}
	skip->hash = hash;
	piece->at = at;
}

static bool in_name(struct envoi__skip *skip, struct piece *piece)
{
	const char *from = piece->at;
	hash_name(skip, piece);
	if (reads_tag(skip) &&
		!check(skip,
			envoi__skipped_tag_add(&skip->tag, from, (size_t)(piece->at - from)))) {
		return false;
	}
	if (piece->at == piece->end) {
		return true;
	}
	if (skip->hash == hash_basis) {
		return malformed(skip, "a tag without a name");
	}
	if (reads_tag(skip) && !check(skip, envoi__skipped_tag_name(&skip->tag))) {
		return false;
	}
	skip->state = ENVOI__SKIP_TAG;
	return push(skip, skip->hash);
}

static bool begin_value(struct envoi__skip *skip, char quote)
{
	skip->quote = quote;
	skip->state = ENVOI__SKIP_VALUE;
	if (reads_tag(skip)) {
		envoi__skipped_tag_value(&skip->tag);
	}
	return true;
}

/* A start tag has ended. */
static bool end_tag(struct envoi__skip *skip)
{
	skip->is_tag_new = reads_tag(skip);
	skip->has_tag = true;
	return true;
}

static bool in_tag(struct envoi__skip *skip, struct piece *piece)
{
	const char *from = piece->at;
	while (piece->at < piece->end && !ends_run[(unsigned char)*piece->at]) {
		piece->at++;
	}
	if (reads_tag(skip) &&
		!check(skip,
			envoi__skipped_tag_add(&skip->tag, from, (size_t)(piece->at - from)))) {
		return false;
	}
	if (piece->at == piece->end) {
		return true;
	}
	switch (*piece->at) {
	case '<':
		return malformed(skip, "`<` in a tag");
	case '/':
		piece->at++;
		skip->state = ENVOI__SKIP_SLASH;
		return true;
	case '>':
		piece->at++;
		skip->state = ENVOI__SKIP_TEXT;
		return end_tag(skip);
	default:
		return begin_value(skip, *piece->at++);
	}
}

static bool in_value(struct envoi__skip *skip, struct piece *piece)
{
	const char *from = piece->at;
	const char *close = memchr(from, skip->quote, (size_t)(piece->end - from));
	const char *stop = close != NULL ? close : piece->end;
	if (memchr(from, '<', (size_t)(stop - from)) != NULL) {
		return malformed(skip, "`<` in an attribute");
	}
	piece->at = close != NULL ? close + 1 : stop;
	if (reads_tag(skip)) {
		int r = envoi__skipped_tag_add(&skip->tag, from, (size_t)(stop - from));
		if (r == ENVOI_OK && close != NULL) {
			r = envoi__skipped_tag_attribute(&skip->tag);
		}
		if (!check(skip, r)) {
			return false;
		}
	}
	skip->state = close != NULL ? ENVOI__SKIP_TAG : ENVOI__SKIP_VALUE;
	return true;
}

static bool in_slash(struct envoi__skip *skip, struct piece *piece)
{
	if (*piece->at++ != '>') {
		return malformed(skip, "`/` in a tag");
	}
	if (!take_name(skip, skip->hash)) {
		return malformed(skip, "tags do not match");
	}
	pop(skip);
	return end_tag(skip);
}

static bool in_end_name(struct envoi__skip *skip, struct piece *piece)
{
	hash_name(skip, piece);
	if (piece->at == piece->end) {
		return true;
	}
	if (!take_name(skip, skip->hash)) {
		return malformed(skip, "tags do not match");
	}
	skip->state = ENVOI__SKIP_END_SPACE;
	return true;
}

static bool in_end_space(struct envoi__skip *skip, struct piece *piece)
{
	while (piece->at < piece->end && envoi__xml_is_space(*piece->at)) {
		piece->at++;
	}
	if (piece->at == piece->end) {
		return true;
	}
	if (*piece->at++ != '>') {
		return malformed(skip, "malformed end tag");
	}
	pop(skip);
	return true;
}

static bool in_bang(struct envoi__skip *skip, struct piece *piece)
{
	char c = *piece->at++;
	if (skip->matched == 0 && c == '-') {
		return restricted(skip, "comment");
	}
	if (skip->matched == 0 && c >= 'A' && c <= 'Z') {
		return restricted(skip, "document type or other declaration");
	}
	if (c != CDATA[skip->matched]) {
		return malformed(skip, "malformed CDATA section");
	}
	if (++skip->matched == strlen(CDATA)) {
		skip->matched = 0;
		skip->state = ENVOI__SKIP_CDATA;
	}
	return true;
}

static bool in_cdata(struct envoi__skip *skip, struct piece *piece)
{
	if (skip->matched == 0) {
		const char *bracket = memchr(piece->at, ']', (size_t)(piece->end - piece->at));
		piece->at = bracket == NULL ? piece->end : bracket;
	}
	while (piece->at < piece->end && *piece->at == ']') {
		skip->matched = skip->matched < 2 ? skip->matched + 1 : 2;
		piece->at++;
	}
	if (piece->at < piece->end) {
		bool is_end = *piece->at++ == '>' && skip->matched == 2;
		skip->matched = 0;
		skip->state = is_end ? ENVOI__SKIP_TEXT : ENVOI__SKIP_CDATA;
	}
	return true;
}

static bool step(struct envoi__skip *skip, struct piece *piece)
{
	switch (skip->state) {
	case ENVOI__SKIP_TEXT:
		return in_text(skip, piece);
	case ENVOI__SKIP_OPEN:
		return in_open(skip, piece);
	case ENVOI__SKIP_NAME:
		return in_name(skip, piece);
	case ENVOI__SKIP_TAG:
		return in_tag(skip, piece);
	case ENVOI__SKIP_VALUE:
		return in_value(skip, piece);
	case ENVOI__SKIP_SLASH:
		return in_slash(skip, piece);
	case ENVOI__SKIP_END_NAME:
		return in_end_name(skip, piece);
	case ENVOI__SKIP_END_SPACE:
		return in_end_space(skip, piece);
	case ENVOI__SKIP_BANG:
		return in_bang(skip, piece);
	case ENVOI__SKIP_CDATA:
		return in_cdata(skip, piece);
	}
	return false;
}

size_t envoi__skip(struct envoi__skip *skip, const char *data, size_t len)
{
	struct piece piece = {data, data + len};
	skip->is_tag_new = false;
	while (piece.at < piece.end && !skip->is_ended && !skip->is_tag_new && step(skip, &piece)) {
	}
	skip->bytes += (uint64_t)(piece.at - data);
	return (size_t)(piece.at - data);
}
