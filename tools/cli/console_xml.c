/*
 * envoi - the command-line program: traffic, indented
 * SPDX-License-Identifier: MIT
 */
#include "console_xml.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum {
	FIRST_CAPACITY = 64,
	MOST_INDENT = 40, /* columns */
};

/* What an element contains. */
enum {
	HAS_ELEMENT = 1,
	HAS_TEXT = 2, /* other than white space */
};

/* The contents of the elements, in the order of their start tags, and the open ones. */
struct outline {
	unsigned char *contents;
	size_t *open; /* indices of contents */
	size_t count, depth, capacity;
};

struct printing {
	FILE *out;
	const struct xml_style *style;
	struct outline outline;
	bool is_first; /* nothing is printed yet */
};

/* --- pieces: a tag, a declaration, or a text between them --- */

enum piece_kind {
	PIECE_START,
	PIECE_EMPTY, /* <a/> */
	PIECE_END,
	PIECE_OTHER, /* <?xml ...?> */
	PIECE_TEXT,
};

struct piece {
	enum piece_kind kind;
	const char *text;
	size_t len;
};

/* @return the length of a tag, whose values may contain '>' */
static size_t tag_len(const char *text, size_t len)
{
	char quote = '\0';
	for (size_t i = 1; i < len; i++) {
		if (quote != '\0') {
			quote = text[i] == quote ? '\0' : quote;
		} else if (text[i] == '\'' || text[i] == '"') {
			quote = text[i];
		} else if (text[i] == '>') {
			return i + 1;
		}
	}
	return len;
}

static struct piece next_piece(const char *text, size_t len)
{
	struct piece piece = {.text = text};
	if (text[0] != '<') {
		const char *end = memchr(text, '<', len);
		piece.kind = PIECE_TEXT;
		piece.len = end != NULL ? (size_t)(end - text) : len;
		return piece;
	}
	piece.len = tag_len(text, len);
	piece.kind = len < 2                                  ? PIECE_OTHER
		: text[1] == '/'                              ? PIECE_END
		: text[1] == '?'                              ? PIECE_OTHER
		: piece.len < 3 || text[piece.len - 2] == '/' ? PIECE_EMPTY
							      : PIECE_START;
	return piece;
}

/* Also the references that the library writes. */
static bool is_blank(const struct piece *piece)
{
	static const char *const blanks[] = {" ", "\t", "\n", "\r", "&#10;", "&#13;", "&#9;"};
	size_t i = 0, before;
	do {
		before = i;
		for (size_t k = 0; k < sizeof(blanks) / sizeof(blanks[0]); k++) {
			size_t len = strlen(blanks[k]);
			if (piece->len - i >= len && memcmp(piece->text + i, blanks[k], len) == 0) {
				i += len;
			}
		}
	} while (i > before);
	return i == piece->len;
}

/* --- the outline --- */

static bool grow(struct outline *outline)
{
	size_t capacity = outline->capacity > 0 ? 2 * outline->capacity : FIRST_CAPACITY;
	unsigned char *contents = realloc(outline->contents, capacity);
	if (contents == NULL) {
		return false;
	}
	outline->contents = contents;
	size_t *open = realloc(outline->open, capacity * sizeof(*open));
	if (open == NULL) {
		return false;
	}
	outline->open = open;
	outline->capacity = capacity;
	return true;
}

/* The innermost open element contains it. */
static void note(struct outline *outline, unsigned char content)
{
	if (outline->depth > 0) {
		outline->contents[outline->open[outline->depth - 1]] |= content;
	}
}

/* @return false: out of memory */
static bool outline_piece(struct outline *outline, const struct piece *piece)
{
	switch (piece->kind) {
	case PIECE_TEXT:
		note(outline, is_blank(piece) ? 0 : HAS_TEXT);
		break;
	case PIECE_END:
		outline->depth -= outline->depth > 0;
		break;
	case PIECE_START:
	case PIECE_EMPTY:
		note(outline, HAS_ELEMENT);
		if (outline->count == outline->capacity && !grow(outline)) {
			return false;
		}
		outline->contents[outline->count] = 0;
		outline->open[outline->depth] = outline->count++;
		outline->depth += piece->kind == PIECE_START;
		break;
	case PIECE_OTHER:
		break;
	}
	return true;
}

/* Without memory the outline is empty. */
static void read_outline(struct outline *outline, const char *xml, size_t len)
{
	for (size_t i = 0; i < len;) {
		struct piece piece = next_piece(xml + i, len - i);
		if (!outline_piece(outline, &piece)) {
			outline->capacity = 0;
			break;
		}
		i += piece.len;
	}
	outline->count = outline->depth = 0;
}

/* --- printing --- */

#define COLOUR_IN "\033[1;34m"
#define COLOUR_OUT "\033[1;32m"
#define COLOUR_NAME "\033[1m"
#define COLOUR_ATTRIBUTE "\033[36m"
#define COLOUR_VALUE "\033[32m"
#define COLOUR_END "\033[0m"

static void print_text(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0, used; i < len; i += used) {
		uint32_t character;
		used = read_character(text + i, len - i, &character);
		if (is_hazardous(character)) {
			fprintf(out, "&#x%" PRIx32 ";", character);
		} else if (character == NO_CHARACTER) {
			fputs("\xef\xbf\xbd", out);
		} else {
			fwrite(text + i, 1, used, out);
		}
	}
}

static void print_in(
	const struct printing *printing, const char *colour, const char *text, size_t len)
{
	bool is_coloured = printing->style->is_coloured && len > 0;
	fputs(is_coloured ? colour : "", printing->out);
	print_text(printing->out, text, len);
	fputs(is_coloured ? COLOUR_END : "", printing->out);
}

static size_t quoted_len(const char *text, size_t len)
{
	const char *end = len > 1 ? memchr(text + 1, text[0], len - 1) : NULL;
	return end != NULL ? (size_t)(end - text) + 1 : len;
}

/* @return how many bytes come before the first of @p ends */
static size_t span(const char *text, size_t len, const char *ends)
{
	size_t i = 0;
	while (i < len && strchr(ends, text[i]) == NULL) {
		i++;
	}
	return i;
}

static void print_tag(const struct printing *printing, const struct piece *piece)
{
	const char *text = piece->text;
	size_t len = piece->len, i = 1 + span(text + 1, len - 1, " >");
	i -= i > 1 && text[i - 1] == '/';
	print_in(printing, COLOUR_NAME, text, i);
	while (i < len) {
		size_t used;
		if (text[i] == '\'' || text[i] == '"') {
			used = quoted_len(text + i, len - i);
			print_in(printing, COLOUR_VALUE, text + i, used);
		} else if (strchr(" =", text[i]) != NULL) {
			used = 1;
			print_text(printing->out, text + i, used);
		} else if (strchr("/?>", text[i]) != NULL) {
			used = len - i;
			print_in(printing, COLOUR_NAME, text + i, used);
		} else {
			used = span(text + i, len - i, "= >");
			print_in(printing, COLOUR_ATTRIBUTE, text + i, used);
		}
		i += used;
	}
}

static unsigned int content_around(const struct outline *outline)
{
	return outline->depth > 0 ? outline->contents[outline->open[outline->depth - 1]]
				  : HAS_ELEMENT;
}

static void begin_line(struct printing *printing, size_t depth)
{
	size_t columns = 2 * depth < MOST_INDENT ? 2 * depth : MOST_INDENT;
	if (!printing->is_first) {
		fprintf(printing->out, "\n%*s", (int)(3 + columns), "");
	}
}

/* Elements beside text stay in its line. */
static bool has_own_lines(const struct printing *printing)
{
	return !printing->style->is_compact && printing->outline.capacity > 0 &&
		content_around(&printing->outline) == HAS_ELEMENT;
}

static void enter(struct outline *outline, enum piece_kind kind)
{
	if (outline->capacity == 0) {
		return;
	}
	/* What is in a line stays in that line with all that it contains. */
	if (content_around(outline) & HAS_TEXT) {
		outline->contents[outline->count] |= HAS_TEXT;
	}
	outline->open[outline->depth] = outline->count++;
	outline->depth += kind == PIECE_START;
}

static void print_end(struct printing *printing, const struct piece *piece)
{
	struct outline *outline = &printing->outline;
	bool has_line = has_own_lines(printing);
	outline->depth -= outline->depth > 0;
	if (has_line) {
		begin_line(printing, outline->depth);
	}
	print_tag(printing, piece);
}

static void print_piece(struct printing *printing, const struct piece *piece)
{
	struct outline *outline = &printing->outline;
	switch (piece->kind) {
	case PIECE_TEXT:
		if (!has_own_lines(printing) || !is_blank(piece)) {
			print_text(printing->out, piece->text, piece->len);
		}
		break;
	case PIECE_END:
		print_end(printing, piece);
		break;
	case PIECE_START:
	case PIECE_EMPTY:
	case PIECE_OTHER:
		if (has_own_lines(printing)) {
			begin_line(printing, outline->depth);
		}
		print_tag(printing, piece);
		if (piece->kind != PIECE_OTHER) {
			enter(outline, piece->kind);
		}
		break;
	}
	printing->is_first = false;
}

void print_xml(FILE *out, enum envoi_direction direction, const char *xml, size_t len,
	const struct xml_style *style)
{
	struct printing printing = {.out = out, .style = style, .is_first = true};
	bool is_in = direction == ENVOI_IN;
	read_outline(&printing.outline, xml, len);
	print_in(&printing, is_in ? COLOUR_IN : COLOUR_OUT, is_in ? "<<" : ">>", 2);
	fputc(' ', out);
	for (size_t i = 0; i < len;) {
		struct piece piece = next_piece(xml + i, len - i);
		print_piece(&printing, &piece);
		i += piece.len;
	}
	fputc('\n', out);
	free(printing.outline.contents);
	free(printing.outline.open);
}
