/*
 * envoi - fuzz target: our stream parser beside expat
 * SPDX-License-Identifier: MIT
 *
 * Input: a stream. Both parsers deliver the same first-level elements, and both come to the end or
 * refuse, but for these differences, which are rules:
 *
 * We refuse what expat takes:
 * - comments, processing instructions, document types (RFC 6120, section 11.1): restricted-xml;
 * - encodings other than UTF-8 (section 11.6): unsupported-encoding;
 * - a byte order mark, which is text before the header (section 11.6): not-well-formed;
 * - XML versions other than 1.0 (section 11.5 with 11.1): not-well-formed;
 * - a root that is no stream in its namespace (sections 4.8.1, 4.9.3.10): invalid-namespace,
 *   bad-format;
 * - another prefix than `stream` for it (section 4.8.5, 4.9.3.2): bad-namespace-prefix;
 * - text between first-level elements, CDATA and references to white space included (section
 *   4.9.3.1): bad-format;
 * - what is beyond a limit (section 4.9.3.14): policy-violation.
 * Expat refuses what we take:
 * - names by the rules of XML 1.0's fifth edition (RFC 6120, section 11.5, names none: expat knows
 *   the fourth): only where the bytes are UTF-8, and the one at fault is not ASCII.
 * Within a tag, a comment or the like that is unfinished, one may have refused what the other has
 * not yet looked at.
 */
#define _GNU_SOURCE /* memmem */
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>
#include <unistr.h>

#include <envoi/conditions.h>

#define SEPARATOR '\x01' /* no character of XML: in no name */

enum {
	MOST_ATTRS = 512,
	MOST_ITEMS = 4096,
};

#ifdef EXPAT_HAS_INDEX_64 /* which deprecates the other one */
static int64_t byte_index(XML_Parser parser)
{
	return XML_GetCurrentByteIndex64(parser);
}
#else
static int64_t byte_index(XML_Parser parser)
{
	return XML_GetCurrentByteIndex(parser);
}
#endif

/* What a parser made of the bytes. */
struct outcome {
	struct envoi_buffer items; /* descriptions, one behind another */
	size_t ends[MOST_ITEMS]; /* where each ends */
	size_t count;
	bool has_head, has_ended, is_refused;
	bool is_unfinished; /* an element is incomplete */
	enum envoi_stream_condition condition;
};

static void end_item(struct outcome *outcome)
{
	if (outcome->count < MOST_ITEMS) {
		outcome->ends[outcome->count++] = envoi_buffer_len(&outcome->items);
	}
}

/* --- expat --- */

struct beside {
	struct outcome outcome;
	XML_Parser expat;
	const uint8_t *data;
	unsigned int depth;
	size_t whole_items; /* bytes of outcome.items that are complete items */
	bool is_restricted, has_other_version, has_other_encoding, has_text_between;
	bool is_stream, is_in_namespace, has_right_prefix;
	bool has_second_head; /* a stream header as a first-level element */
};

/* Names come as NS SEPARATOR NAME SEPARATOR PREFIX, NS SEPARATOR NAME, or NAME. */
static void split(char *name, struct fuzz_attr *parts, const char **ret_prefix)
{
	char *second = strchr(name, SEPARATOR);
	*ret_prefix = "";
	if (second == NULL) {
		parts->ns = "";
		parts->name = name;
		return;
	}
	*second++ = '\0';
	parts->ns = name;
	parts->name = second;
	char *third = strchr(second, SEPARATOR);
	if (third != NULL) {
		*third = '\0';
		*ret_prefix = third + 1;
	}
}

static char *copy(const char *text)
{
	char *result = strdup(text);
	EXPECT(result != NULL);
	return result;
}

static void look_at_root(struct beside *beside, const struct fuzz_attr *name, const char *prefix)
{
	beside->is_stream = strcmp(name->name, "stream") == 0;
	beside->is_in_namespace = strcmp(name->ns, ENVOI_NS_STREAMS) == 0;
	beside->has_right_prefix = strcmp(prefix, "stream") == 0;
}

static void on_start(void *user, const XML_Char *tag, const XML_Char **attributes)
{
	struct beside *beside = user;
	struct fuzz_attr name, attrs[MOST_ATTRS];
	char *copies[MOST_ATTRS], *tag_copy = copy(tag);
	const char *prefix, *unused;
	size_t count = 0;
	split(tag_copy, &name, &prefix);
	for (; attributes[2 * count] != NULL && count < MOST_ATTRS; count++) {
		copies[count] = copy(attributes[2 * count]);
		split(copies[count], &attrs[count], &unused);
		attrs[count].value = attributes[2 * count + 1];
	}
	fuzz_describe_tag(&beside->outcome.items, name.ns, name.name, attrs, count);
	if (beside->depth++ == 0) {
		look_at_root(beside, &name, prefix);
		beside->outcome.has_head = true;
		end_item(&beside->outcome);
		beside->whole_items = envoi_buffer_len(&beside->outcome.items);
	} else if (beside->depth == 2) {
		beside->has_second_head |= strcmp(name.name, "stream") == 0 &&
			strcmp(name.ns, ENVOI_NS_STREAMS) == 0;
	}
	free(tag_copy);
	while (count > 0) {
		free(copies[--count]);
	}
}

static void on_end(void *user, const XML_Char *tag)
{
	struct beside *beside = user;
	(void)tag;
	beside->depth--;
	if (beside->depth > 0) {
		EXPECT(envoi_buffer_append_text(&beside->outcome.items, "</>") == ENVOI_OK);
	}
	if (beside->depth == 1) {
		end_item(&beside->outcome);
		beside->whole_items = envoi_buffer_len(&beside->outcome.items);
	} else if (beside->depth == 0) {
		beside->outcome.has_ended = true;
	}
}

static void on_text(void *user, const XML_Char *text, int len)
{
	struct beside *beside = user;
	if (beside->depth > 1) {
		EXPECT(envoi_buffer_append(&beside->outcome.items, text, (size_t)len) == ENVOI_OK);
		return;
	}
	beside->has_text_between |= beside->data[byte_index(beside->expat)] == '&';
	for (int i = 0; i < len; i++) {
		if (strchr(" \t\r\n", text[i]) == NULL) {
			beside->has_text_between = true;
		}
	}
}

static void on_cdata(void *user)
{
	struct beside *beside = user;
	if (beside->depth <= 1) {
		beside->has_text_between = true;
	}
}

static void on_declaration(
	void *user, const XML_Char *version, const XML_Char *encoding, int standalone)
{
	struct beside *beside = user;
	(void)standalone;
	beside->has_other_version |= version != NULL && strcmp(version, "1.0") != 0;
	beside->has_other_encoding |= encoding != NULL;
}

static void on_comment(void *user, const XML_Char *text)
{
	(void)text;
	((struct beside *)user)->is_restricted = true;
}

static void on_instruction(void *user, const XML_Char *target, const XML_Char *data)
{
	(void)data;
	on_comment(user, target);
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system_id,
	const XML_Char *public_id, int has_subset)
{
	(void)system_id;
	(void)public_id;
	(void)has_subset;
	on_comment(user, name);
}

static XML_Parser new_expat(struct beside *beside)
{
	XML_Parser expat = XML_ParserCreateNS(NULL, SEPARATOR);
	EXPECT(expat != NULL);
	XML_SetReturnNSTriplet(expat, 1);
	XML_SetUserData(expat, beside);
	XML_SetElementHandler(expat, on_start, on_end);
	XML_SetCharacterDataHandler(expat, on_text);
	XML_SetStartCdataSectionHandler(expat, on_cdata);
	XML_SetXmlDeclHandler(expat, on_declaration);
	XML_SetCommentHandler(expat, on_comment);
	XML_SetProcessingInstructionHandler(expat, on_instruction);
	XML_SetStartDoctypeDeclHandler(expat, on_doctype);
	return expat;
}

/* @return whether expat's error is one of the fourth edition's names: a good character that it does
 * not want there, whatever comes behind it */
static bool is_of_fourth_edition(XML_Parser expat, const uint8_t *data, size_t size)
{
	int64_t at = byte_index(expat);
	return XML_GetErrorCode(expat) == XML_ERROR_INVALID_TOKEN && at >= 0 && (size_t)at < size &&
		data[at] >= 0x80 && u8_mblen(data + at, size - (size_t)at) > 0;
}

/* @return whether a difference is the fourth edition's */
static bool ask_expat(struct beside *beside, const uint8_t *data, size_t size)
{
	XML_Parser expat = new_expat(beside);
	beside->expat = expat;
	beside->data = data;
	bool is_of_fourth = false;
	if (XML_Parse(expat, (const char *)data, (int)size, 0) == XML_STATUS_ERROR) {
		beside->outcome.is_refused = true;
		is_of_fourth = is_of_fourth_edition(expat, data, size);
	}
	if (!beside->outcome.is_refused && XML_Parse(expat, "", 0, 1) == XML_STATUS_ERROR) {
		/* For elements left open it has this word alone, and for a document type, which it
		 * tells of at the end. */
		beside->outcome.is_unfinished = XML_GetErrorCode(expat) != XML_ERROR_NO_ELEMENTS ||
			memmem(data, size, "<!DOCTYPE", 9) != NULL;
	}
	envoi_buffer_truncate(&beside->outcome.items, beside->whole_items);
	XML_ParserFree(expat);
	return is_of_fourth;
}

/* --- ours --- */

static void take_item(struct outcome *outcome, const struct envoi_xml_item *item)
{
	if (item->kind == ENVOI_XML_END) {
		outcome->has_ended = true;
		return;
	}
	fuzz_describe(&outcome->items, item->element);
	if (item->kind == ENVOI_XML_HEAD) { /* without its end tag */
		envoi_buffer_truncate(&outcome->items, envoi_buffer_len(&outcome->items) - 3);
		outcome->has_head = true;
	}
	end_item(outcome);
	envoi_element_unref(item->element);
}

static void ask_ours(struct outcome *outcome, const uint8_t *data, size_t size)
{
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item;
	int r;
	EXPECT(envoi_xml_parser_new(&parser, outcome->items.context, NULL) == ENVOI_OK);
	EXPECT(envoi_xml_parser_feed(parser, (const char *)data, size) == ENVOI_OK);
	while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
		take_item(outcome, &item);
	}
	outcome->is_refused = r != ENVOI_AGAIN;
	outcome->is_unfinished = r == ENVOI_AGAIN && envoi_xml_parser_has_pending(parser);
	outcome->condition = envoi_xml_parser_condition(parser);
	envoi_xml_parser_free(parser);
}

/* --- both --- */

static bool has_mark(const uint8_t *data, size_t size)
{
	return size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
}

/* @return whether a rule says that we refuse what expat took */
static bool is_our_rule(
	const struct outcome *ours, const struct beside *beside, const uint8_t *data, size_t size)
{
	switch (ours->condition) {
	case ENVOI_STREAM_RESTRICTED_XML:
		return beside->is_restricted;
	case ENVOI_STREAM_UNSUPPORTED_ENCODING:
		return beside->has_other_encoding ||
			(size > 0 && (data[0] >= 0xfe || data[0] == 0)) ||
			(size > 1 && data[1] == 0);
	case ENVOI_STREAM_INVALID_NAMESPACE:
		return !beside->is_in_namespace;
	case ENVOI_STREAM_BAD_FORMAT:
		return !beside->is_stream || beside->has_text_between || beside->has_second_head;
	case ENVOI_STREAM_BAD_NAMESPACE_PREFIX:
		return !beside->has_right_prefix;
	case ENVOI_STREAM_POLICY_VIOLATION:
		return true;
	default:
		return beside->has_other_version || has_mark(data, size);
	}
}

/* One delivers what the other does, as far as it got. */
static void check_items(const struct outcome *fewer, const struct outcome *more)
{
	EXPECT(fewer->count <= more->count);
	if (fewer->count == 0) {
		return;
	}
	size_t len = fewer->ends[fewer->count - 1];
	EXPECT(len == more->ends[fewer->count - 1]);
	EXPECT(memcmp(envoi_buffer_data(&fewer->items), envoi_buffer_data(&more->items), len) == 0);
}

static void compare(const struct outcome *ours, const struct beside *beside, bool is_of_fourth,
	const uint8_t *data, size_t size)
{
	const struct outcome *theirs = &beside->outcome;
	if (is_of_fourth) {
		check_items(theirs->count < ours->count ? theirs : ours,
			theirs->count < ours->count ? ours : theirs);
		return;
	}
	check_items(ours, theirs);
	if (ours->is_refused) {
		EXPECT(theirs->is_refused || theirs->is_unfinished ||
			is_our_rule(ours, beside, data, size));
	} else if (theirs->is_refused) {
		EXPECT(ours->is_unfinished);
	} else {
		EXPECT(ours->count == theirs->count && ours->has_ended == theirs->has_ended);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envoi_context *context = fuzz_context();
	struct outcome *ours = calloc(1, sizeof(*ours));
	struct beside *beside = calloc(1, sizeof(*beside));
	EXPECT(ours != NULL && beside != NULL);
	envoi_buffer_init(&ours->items, context, 0);
	envoi_buffer_init(&beside->outcome.items, context, 0);
	ask_ours(ours, data, size);
	bool is_of_fourth = ask_expat(beside, data, size);
	compare(ours, beside, is_of_fourth, data, size);
	envoi_buffer_finish(&ours->items);
	envoi_buffer_finish(&beside->outcome.items);
	free(ours);
	free(beside);
	envoi_context_unref(context);
	return 0;
}
