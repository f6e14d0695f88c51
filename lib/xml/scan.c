/*
 * envoi - the scanner before the XML parser
 * SPDX-License-Identifier: MIT
 */
#include "xml/scan.h"

#include <string.h>

#include "xml/chars.h"
#include "xml/declaration.h"

#define DECLARATION "<?xml"
#define CDATA "[CDATA["
#define ROOT_END "</stream:stream"

static const bool ends_run[256] = {
	['<'] = true,
	['>'] = true,
	['"'] = true,
	['\''] = true,
	[':'] = true,
};

/* The next character that matters in a tag. */
static inline const char *skip_run(const char *at, const char *end)
{
	for (; end - at >= 4; at += 4) {
		if (ends_run[(unsigned char)at[0]]) {
			return at;
		}
		if (ends_run[(unsigned char)at[1]]) {
			return at + 1;
		}
		if (ends_run[(unsigned char)at[2]]) {
			return at + 2;
		}
		if (ends_run[(unsigned char)at[3]]) {
			return at + 3;
		}
	}
	while (at < end && !ends_run[(unsigned char)*at]) {
		at++;
	}
	return at;
}

struct scanner {
	struct envoi__scan *scan;
	const struct envoi_xml_limits *limits;
	const char *data;
	size_t len;
};

void envoi__scan_begin(struct envoi__scan *scan)
{
	*scan = (struct envoi__scan){
		.root_end = scan->root_end,
		.phase = ENVOI__SCAN_STREAM,
		.state = ENVOI__SCAN_BLANK,
	};
}

void envoi__scan_consume(struct envoi__scan *scan, size_t len)
{
	scan->before += len - scan->start;
	scan->start = 0;
	scan->at -= len;
	scan->tag -= len;
	scan->cdata -= len;
	scan->complete = 0;
	scan->has_prefix &= scan->at > 0;
}

static enum envoi__scan_found raise(
	struct scanner *s, int code, enum envoi_stream_condition condition, const char *text)
{
	s->scan->error = (struct envoi__xml_error){code, condition, text};
	return ENVOI__FOUND_ERROR;
}

static enum envoi__scan_found over(struct scanner *s, const char *text)
{
	return raise(s, ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION, text);
}

static size_t excess(size_t len, size_t most)
{
	return len > most ? len - most : 0;
}

/* Whether a limit on bytes was passed by those before offset @p at. Of two the one that was passed
 * first is noted. */
static bool is_over(struct scanner *s, size_t at)
{
	const struct envoi__scan *scan = s->scan;
	if (scan->state == ENVOI__SCAN_BLANK && scan->phase != ENVOI__SCAN_PROLOG) {
		return false;
	}
	bool in_tag = scan->state != ENVOI__SCAN_BLANK && scan->state != ENVOI__SCAN_TEXT &&
		scan->state != ENVOI__SCAN_CDATA;
	size_t stanza = excess(scan->before + (at - scan->start), s->limits->stanza_bytes);
	size_t tag = in_tag ? excess(at - scan->tag, s->limits->tag_bytes) : 0;
	if (stanza == 0 && tag == 0) {
		return false;
	}
	over(s, stanza >= tag ? "stanza or stream header too large" : "tag too large");
	return true;
}

/* As is_over(), at the end of a tag. */
static inline bool is_tag_over(struct scanner *s, size_t at)
{
	const struct envoi__scan *scan = s->scan;
	bool is_within = scan->before + (at - scan->start) <= s->limits->stanza_bytes &&
		at - scan->tag <= s->limits->tag_bytes;
	return !is_within && is_over(s, at);
}

/* The byte at offset @p at is wrong; but a limit that was passed before it comes first, as it
 * would if the bytes had come one by one. */
static enum envoi__scan_found bad(
	struct scanner *s, size_t at, enum envoi_stream_condition condition, const char *text)
{
	return is_over(s, at) ? ENVOI__FOUND_ERROR : raise(s, ENVOI_ERR_XML, condition, text);
}

/* As above: the byte at offset @p at exceeds a limit. */
static enum envoi__scan_found over_at(struct scanner *s, size_t at, const char *text)
{
	return is_over(s, at) ? ENVOI__FOUND_ERROR : over(s, text);
}

static enum envoi__scan_found malformed(struct scanner *s, size_t at, const char *text)
{
	return bad(s, at, ENVOI_STREAM_NOT_WELL_FORMED, text);
}

static enum envoi__scan_found restricted(struct scanner *s, size_t at, const char *text)
{
	return bad(s, at, ENVOI_STREAM_RESTRICTED_XML, text); /* RFC 6120, section 11.1 */
}

static enum envoi__scan_found scan_start(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	size_t known = strlen(DECLARATION);
	size_t common = s->len < known ? s->len : known;
	if (memcmp(s->data, DECLARATION, common) != 0 ||
		(s->len > known && !envoi__xml_is_space(s->data[known]))) {
		scan->at = 0;
		scan->state = ENVOI__SCAN_BLANK;
		return ENVOI__FOUND_NOTHING;
	}
	size_t from = scan->at > known ? scan->at - 1 : known;
	scan->at = s->len;
	for (; s->len > from + 1; from++) {
		if (s->data[from] != '?' || s->data[from + 1] != '>') {
			continue;
		}
		size_t end = from + 2;
		if (is_over(s, end)) {
			return ENVOI__FOUND_ERROR;
		}
		scan->error = envoi__xml_declaration_check(s->data, end);
		if (scan->error.code != ENVOI_OK) {
			return ENVOI__FOUND_ERROR;
		}
		scan->before = scan->at = scan->start = end;
		scan->state = ENVOI__SCAN_BLANK;
		break;
	}
	return ENVOI__FOUND_NOTHING;
}

static enum envoi__scan_found scan_blank(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	size_t at = scan->at;
	while (at < s->len && envoi__xml_is_space(s->data[at])) {
		at++;
	}
	scan->at = at;
	if (at == s->len) {
		return ENVOI__FOUND_NOTHING;
	}
	if (scan->phase == ENVOI__SCAN_ENDED) {
		return malformed(s, at, "content after the end of the stream");
	}
	if (s->data[at] != '<') {
		return scan->phase == ENVOI__SCAN_PROLOG
			? malformed(s, at, "text before the stream header")
			: bad(s, at, ENVOI_STREAM_BAD_FORMAT, "text between stanzas");
	}
	if (scan->phase == ENVOI__SCAN_STREAM) {
		scan->start = at;
		scan->before = 0;
	}
	scan->tag = at;
	scan->at++;
	scan->state = ENVOI__SCAN_OPEN;
	return ENVOI__FOUND_NOTHING;
}

static enum envoi__scan_found tag_completed(struct scanner *s, bool opens)
{
	struct envoi__scan *scan = s->scan;
	scan->complete = scan->at;
	if (scan->phase == ENVOI__SCAN_PROLOG) {
		scan->phase = opens ? ENVOI__SCAN_STREAM : ENVOI__SCAN_ENDED;
		scan->state = ENVOI__SCAN_BLANK;
		return ENVOI__FOUND_HEAD;
	}
	if (opens) {
		scan->depth++;
	}
	scan->state = scan->depth > 0 ? ENVOI__SCAN_TEXT : ENVOI__SCAN_BLANK;
	return scan->depth > 0 ? ENVOI__FOUND_NOTHING : ENVOI__FOUND_ELEMENT;
}

static enum envoi__scan_found scan_value(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	const char *from = s->data + scan->at;
	const char *close = memchr(from, scan->quote, s->len - scan->at);
	size_t stop = close != NULL ? (size_t)(close - s->data) : s->len;
	const char *open = memchr(from, '<', stop - scan->at);
	if (open != NULL) {
		return malformed(s, (size_t)(open - s->data), "`<` in an attribute");
	}
	scan->at = stop;
	if (close != NULL) {
		scan->at++;
		scan->state = ENVOI__SCAN_TAG;
	}
	return ENVOI__FOUND_NOTHING;
}

/* Namespaces in XML 1.0, section 3: only the prefix `xml` needs no declaration. */
static bool is_xml_prefix(const char *tag, const char *colon)
{
	static const char xml[] = " xml";
	size_t len = strlen(xml);
	return (size_t)(colon - tag) > len && memcmp(colon - len, xml, len) == 0;
}

static enum envoi__scan_found end_tag(struct scanner *s, const char *close)
{
	struct envoi__scan *scan = s->scan;
	scan->at = (size_t)(close - s->data) + 1;
	return is_tag_over(s, scan->at) ? ENVOI__FOUND_ERROR : tag_completed(s, close[-1] != '/');
}

/* The names in a tag, up to the next value. */
static enum envoi__scan_found scan_names(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	const char *at = s->data + scan->at, *end = s->data + s->len;
	while ((at = skip_run(at, end)) < end && *at == ':') {
		scan->has_prefix |= !is_xml_prefix(s->data + scan->tag, at);
		at++;
	}
	scan->at = (size_t)(at - s->data);
	if (at == end) {
		return ENVOI__FOUND_NOTHING;
	}
	if (*at == '>') {
		return end_tag(s, at);
	}
	if (*at == '<') {
		return malformed(s, scan->at, "`<` in a tag");
	}
	if (++scan->attributes > s->limits->attributes) {
		return over_at(s, scan->at, "too many attributes");
	}
	scan->quote = *at;
	scan->at++;
	scan->state = ENVOI__SCAN_VALUE;
	return ENVOI__FOUND_NOTHING;
}

static enum envoi__scan_found scan_tag(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	enum envoi__scan_found found = ENVOI__FOUND_NOTHING;
	do {
		if (scan->state == ENVOI__SCAN_VALUE) {
			found = scan_value(s);
		}
		if (scan->state == ENVOI__SCAN_TAG) {
			found = scan_names(s);
		}
	} while (scan->state == ENVOI__SCAN_VALUE && found == ENVOI__FOUND_NOTHING &&
		scan->at < s->len);
	return found;
}

const char *envoi__scan_root_end(const struct envoi__scan *scan)
{
	return scan->root_end != NULL ? scan->root_end : ROOT_END;
}

/* The root's end tag does not reach the parser, which has a root of its own. */
static bool is_root_end(const struct envoi__scan *scan, const char *tag, const char *close)
{
	const char *end = envoi__scan_root_end(scan);
	size_t len = strlen(end);
	if ((size_t)(close - tag) < len || memcmp(tag, end, len) != 0) {
		return false;
	}
	for (tag += len; tag < close; tag++) {
		if (!envoi__xml_is_space(*tag)) {
			return false;
		}
	}
	return true;
}

static enum envoi__scan_found scan_end_tag(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	const char *at = skip_run(s->data + scan->at, s->data + s->len);
	scan->at = (size_t)(at - s->data);
	if (scan->at == s->len) {
		return ENVOI__FOUND_NOTHING;
	}
	if (*at == ':') {
		scan->at++;
		return ENVOI__FOUND_NOTHING;
	}
	if (*at != '>') {
		return malformed(s, scan->at, "malformed end tag");
	}
	scan->at++;
	if (is_tag_over(s, scan->at)) {
		return ENVOI__FOUND_ERROR;
	}
	if (scan->depth > 0) {
		scan->depth--;
		return tag_completed(s, false);
	}
	if (!is_root_end(scan, s->data + scan->tag, at)) {
		return raise(s, ENVOI_ERR_XML, ENVOI_STREAM_NOT_WELL_FORMED,
			"end tag without start tag");
	}
	scan->complete = scan->at;
	scan->phase = ENVOI__SCAN_ENDED;
	scan->state = ENVOI__SCAN_BLANK;
	return ENVOI__FOUND_END;
}

static enum envoi__scan_found scan_open(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	switch (s->data[scan->at]) {
	case '/':
		if (scan->phase == ENVOI__SCAN_PROLOG) {
			return malformed(s, scan->at, "end tag before the stream header");
		}
		scan->state = ENVOI__SCAN_END_TAG;
		break;
	case '!':
		scan->state = ENVOI__SCAN_BANG;
		scan->matched = 0;
		break;
	case '?':
		scan->state = ENVOI__SCAN_PI;
		scan->matched = 0;
		break;
	default:
		if (scan->phase == ENVOI__SCAN_STREAM && scan->depth >= s->limits->depth) {
			return over_at(s, scan->at, "elements nested too deep");
		}
		scan->state = ENVOI__SCAN_TAG;
		scan->attributes = 0;
		return scan_tag(s);
	}
	scan->at++;
	return ENVOI__FOUND_NOTHING;
}

/* Where a piece ends that begins at @p from and may have ENVOI__SCAN_PIECE bytes: not within a
 * reference, a character, an end of a line or a `]]>`, which is not allowed.
 * @return @p from: nowhere */
static size_t piece_end(const char *data, size_t from)
{
	const char *end = data + from + ENVOI__SCAN_PIECE;
	const char *next = data + from, *reference = NULL;
	while ((next = memchr(next, '&', (size_t)(end - next))) != NULL) {
		reference = next++;
	}
	if (reference != NULL && memchr(reference, ';', (size_t)(end - reference)) == NULL) {
		return (size_t)(reference - data);
	}
	while (end > data + from &&
		(((unsigned char)*end & 0xc0) == 0x80 || end[-1] == ']' || end[-1] == '\r')) {
		end--;
	}
	return (size_t)(end - data);
}

/* A long text is passed on in pieces: parsed at its end, one of megabytes would delay all others.
 * Where they end depends on the text alone. */
static enum envoi__scan_found cut_piece(struct scanner *s, size_t from)
{
	struct envoi__scan *scan = s->scan;
	size_t end = piece_end(s->data, from);
	if (end == from) {
		return ENVOI__FOUND_NOTHING;
	}
	if (is_over(s, end)) {
		return ENVOI__FOUND_ERROR;
	}
	scan->piece = from;
	scan->at = scan->complete = end;
	return ENVOI__FOUND_TEXT;
}

static enum envoi__scan_found scan_text(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	const char *from = s->data + scan->at;
	size_t begin = scan->complete > scan->start ? scan->complete : scan->start;
	size_t end = begin + ENVOI__SCAN_PIECE;
	bool is_large = s->limits->stanza_bytes > 2 * ENVOI__SCAN_PIECE; /* as one may be */
	bool may_cut = is_large && scan->at <= end && end < s->len;
	const char *open = memchr(from, '<', (may_cut ? end : s->len) - scan->at);
	if (open == NULL && may_cut) {
		enum envoi__scan_found found = cut_piece(s, begin);
		if (found != ENVOI__FOUND_NOTHING) {
			return found;
		}
		open = memchr(from, '<', s->len - scan->at);
	}
	if (open == NULL) {
		scan->at = s->len;
		return ENVOI__FOUND_NOTHING;
	}
	scan->tag = (size_t)(open - s->data);
	scan->at = scan->tag + 1;
	scan->state = ENVOI__SCAN_OPEN;
	return scan->at < s->len ? scan_open(s) : ENVOI__FOUND_NOTHING;
}

static enum envoi__scan_found scan_bang(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	char c = s->data[scan->at];
	if (scan->matched == 0 && c == '-') {
		return restricted(s, scan->at, "comment");
	}
	if (scan->matched == 0 && c >= 'A' && c <= 'Z') {
		return restricted(s, scan->at, "document type or other declaration");
	}
	if (c != CDATA[scan->matched]) {
		return malformed(s, scan->at, "malformed CDATA section");
	}
	scan->at++;
	if (++scan->matched < strlen(CDATA)) {
		return ENVOI__FOUND_NOTHING;
	}
	if (scan->depth == 0) {
		return scan->phase == ENVOI__SCAN_PROLOG
			? malformed(s, scan->at, "text before the stream header")
			: bad(s, scan->at, ENVOI_STREAM_BAD_FORMAT, "text between stanzas");
	}
	scan->cdata = scan->at;
	scan->state = ENVOI__SCAN_CDATA;
	return ENVOI__FOUND_NOTHING;
}

static enum envoi__scan_found scan_cdata(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	const char *close = memchr(s->data + scan->at, '>', s->len - scan->at);
	if (close == NULL) {
		scan->at = s->len;
		return ENVOI__FOUND_NOTHING;
	}
	scan->at = (size_t)(close - s->data) + 1;
	if (scan->at - scan->cdata >= 3 && close[-1] == ']' && close[-2] == ']') {
		if (is_over(s, scan->at)) {
			return ENVOI__FOUND_ERROR;
		}
		scan->state = ENVOI__SCAN_TEXT;
		scan->complete = scan->at;
	}
	return ENVOI__FOUND_NOTHING;
}

/* A processing instruction is restricted XML; an XML declaration that is not the first thing in
 * the stream is none, and its target is reserved (XML 1.0, section 2.6). */
static enum envoi__scan_found scan_pi(struct scanner *s)
{
	struct envoi__scan *scan = s->scan;
	static const char reserved[] = "xml";
	char c = s->data[scan->at];
	if (scan->matched < strlen(reserved)) {
		if ((c | 0x20) != reserved[scan->matched]) {
			return restricted(s, scan->at, "processing instruction");
		}
		scan->matched++;
		scan->at++;
		return ENVOI__FOUND_NOTHING;
	}
	return envoi__xml_is_space(c) || c == '?'
		? malformed(s, scan->at, "XML declaration not at the start")
		: restricted(s, scan->at, "processing instruction");
}

static enum envoi__scan_found step(struct scanner *s)
{
	switch (s->scan->state) {
	case ENVOI__SCAN_START:
		return scan_start(s);
	case ENVOI__SCAN_BLANK:
		return scan_blank(s);
	case ENVOI__SCAN_TEXT:
		return scan_text(s);
	case ENVOI__SCAN_OPEN:
		return scan_open(s);
	case ENVOI__SCAN_TAG:
	case ENVOI__SCAN_VALUE:
		return scan_tag(s);
	case ENVOI__SCAN_END_TAG:
		return scan_end_tag(s);
	case ENVOI__SCAN_BANG:
		return scan_bang(s);
	case ENVOI__SCAN_CDATA:
		return scan_cdata(s);
	case ENVOI__SCAN_PI:
		return scan_pi(s);
	}
	return ENVOI__FOUND_NOTHING;
}

enum envoi__scan_found envoi__scan(struct envoi__scan *scan, const struct envoi_xml_limits *limits,
	const char *data, size_t len)
{
	struct scanner s = {scan, limits, data, len};
	while (scan->at < len) {
		enum envoi__scan_found found = step(&s);
		if (found != ENVOI__FOUND_NOTHING) {
			return found;
		}
	}
	return is_over(&s, len) ? ENVOI__FOUND_ERROR : ENVOI__FOUND_NOTHING;
}
