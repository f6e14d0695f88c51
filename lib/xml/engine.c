/*
 * envoi - libxml2's SAX2 push parser, shared by all streams of a context
 * SPDX-License-Identifier: MIT
 */
#include "xml/engine.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include <libxml/dict.h>
#include <libxml/globals.h>
#include <libxml/xmlerror.h>

#include "base/context.h"
#include "xml/names.h"
#include "xml/parser.h"

#define ROOT "<stream>"
#define PROBE "<probe xmlns='x'/>"

enum {
	MOST_POOLED = 4,
	MOST_NAMES = 2000, /* in a dictionary that only grows */
	MOST_DISTINCT_ROOM = 256, /* kept in the pool */
	LARGEST_PIECE = 65536, /* libxml2 keeps a buffer for the largest */
	MOST_PARSED = 4096, /* libxml2 moves what is behind more bytes that are parsed */
};

static const uint64_t most_fed = UINT64_C(1) << 30; /* libxml2 counts lines in an int */

struct pool {
	struct envoi__part part;
	struct envoi_context *context; /* borrowed: the owner */
	struct envoi__engine *first;
	unsigned int count;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static const xmlSAXHandler handler = {
	.initialized = XML_SAX2_MAGIC,
	.startElementNs = envoi__sax_start,
	.endElementNs = envoi__sax_end,
	.characters = envoi__sax_text,
	.ignorableWhitespace = envoi__sax_text,
	.cdataBlock = envoi__sax_cdata,
	.comment = envoi__sax_restricted,
	.reference = envoi__sax_restricted,
	.processingInstruction = envoi__sax_instruction,
	.internalSubset = envoi__sax_doctype,
	.externalSubset = envoi__sax_doctype,
	.serror = envoi__sax_error,
};

/*
 * Some errors of libxml2 (its buffers' failed allocations) go to the thread's handler, which
 * prints: it is ours while libxml2 works for us, and as it was before and after.
 */
struct silence {
	xmlStructuredErrorFunc *place, handler; /* the thread's variable, and its value before */
	void **user_place, *user;
};

static void be_silent(struct silence *silence, struct envoi__engine *engine)
{
	silence->place = &xmlStructuredError;
	silence->handler = *silence->place;
	silence->user_place = &xmlStructuredErrorContext;
	silence->user = *silence->user_place;
	*silence->place = envoi__sax_error;
	*silence->user_place = engine;
}

static void end_silence(const struct silence *silence)
{
	*silence->place = silence->handler;
	*silence->user_place = silence->user;
}

static void engine_free(struct envoi__engine *engine)
{
	xmlFreeParserCtxt(engine->xml);
	envoi__distinct_shrink(&engine->distinct, engine->context, 0);
	envoi_free(engine->context, engine);
}

static bool prepare(struct envoi__engine *engine)
{
	xmlSAXHandler sax = handler;
	engine->xml = xmlCreatePushParserCtxt(&sax, engine, NULL, 0, NULL);
	if (engine->xml == NULL) {
		return false;
	}
	envoi__libxml_configure(engine->xml);
	if (xmlParseChunk(engine->xml, ROOT, (int)strlen(ROOT), 0) != 0) {
		return false;
	}
	engine->xmlns = xmlDictLookup(engine->xml->dict, (const xmlChar *)"xmlns", 5);
	engine->xml_prefix = xmlDictLookup(engine->xml->dict, (const xmlChar *)"xml", 3);
	envoi__libxml_leave_namespaces(engine->xml);
	return engine->xmlns != NULL && engine->xml_prefix != NULL &&
		xmlParseChunk(engine->xml, PROBE, (int)strlen(PROBE), 0) == 0 && engine->is_usable;
}

static struct envoi__engine *engine_new(struct envoi_context *context)
{
	struct envoi__engine *engine = envoi_alloc_zeroed(context, sizeof(*engine));
	if (engine == NULL) {
		return NULL;
	}
	engine->context = context;
	pthread_once(&once, xmlInitParser); /* before all else of libxml2 */
	struct silence silence;
	be_silent(&silence, engine);
	bool is_ready = prepare(engine);
	end_silence(&silence);
	if (!is_ready) {
		engine_free(engine);
		return NULL;
	}
	return engine;
}

static void pool_destroy(struct envoi__part *part)
{
	struct pool *pool = ENVOI_CONTAINER_OF(part, struct pool, part);
	while (pool->first != NULL) {
		struct envoi__engine *next = pool->first->next;
		engine_free(pool->first);
		pool->first = next;
	}
	envoi_free(pool->context, pool);
}

static struct pool *pool_of(struct envoi_context *context)
{
	struct envoi__part **part = &context->parts[ENVOI__PART_XML];
	if (*part != NULL) {
		return ENVOI_CONTAINER_OF(*part, struct pool, part);
	}
	struct pool *pool = envoi_alloc_zeroed(context, sizeof(*pool));
	if (pool == NULL) {
		return NULL;
	}
	pool->part.destroy = pool_destroy;
	pool->context = context;
	*part = &pool->part;
	return pool;
}

struct envoi__engine *envoi__engine_take(
	struct envoi_context *context, struct envoi_xml_parser *parser)
{
	struct envoi__names *names = envoi__names_of(context);
	struct pool *pool = pool_of(context);
	if (names == NULL || pool == NULL) {
		return NULL;
	}
	struct envoi__engine *engine = pool->first;
	if (engine != NULL) {
		pool->first = engine->next;
		pool->count--;
	} else {
		engine = engine_new(context);
		if (engine == NULL) {
			return NULL;
		}
	}
	engine->names = names;
	if (engine->names_count != envoi__names_count(names)) {
		engine->names_count = envoi__names_count(names);
		memset(engine->memos, 0, sizeof(engine->memos));
	}
	envoi__distinct_begin(&engine->distinct);
	engine->parser = parser;
	return engine;
}

void envoi__engine_give(struct envoi__engine *engine, bool is_clean)
{
	struct pool *pool = pool_of(engine->context);
	engine->parser = NULL;
	if (!is_clean || pool == NULL || pool->count == MOST_POOLED ||
		xmlDictSize(engine->xml->dict) > MOST_NAMES || engine->fed > most_fed) {
		engine_free(engine);
		return;
	}
	envoi__distinct_shrink(&engine->distinct, engine->context, MOST_DISTINCT_ROOM);
	engine->next = pool->first;
	pool->first = engine;
	pool->count++;
}

/* What was parsed stays in libxml2's buffer until something is written over it, or it is freed: it
 * may have been a password. @param len  what was just fed, the last in there */
static void wipe_input(struct envoi__engine *engine, size_t len)
{
	const xmlParserInputPtr input = engine->xml->input;
	size_t held = (size_t)(input->end - input->base);
	union {
		const xmlChar *given;
		xmlChar *ours;
	} end = {.given = input->end};
	len = len < held ? len : held;
	if (len > 0) {
		envoi__wipe(end.ours - len, len);
	}
}

/* At the begin of a call libxml2 moves what is in its buffer to the front, if much before it is
 * parsed. A copy of what is fed would stay where it was, behind the end, and not be wiped. In a
 * call without input it moves nothing but bytes that are wiped. */
static void move_input(struct envoi__engine *engine)
{
	const xmlParserInputPtr input = engine->xml->input;
	if (input->cur - input->base > MOST_PARSED) {
		(void)xmlParseChunk(engine->xml, "", 0, 0);
	}
}

/* The scanner has counted the attributes of the tags that are fed, and their bytes: an attribute
 * has at least five, ` a=''`. */
static bool make_room(struct envoi__engine *engine, const struct envoi_xml_limits *limits)
{
	size_t by_bytes = limits->tag_bytes / 5 + 1;
	unsigned int most = limits->attributes < by_bytes ? limits->attributes
							  : (unsigned int)by_bytes;
	if (most <= engine->attribute_room) {
		return true;
	}
	if (!envoi__libxml_reserve_attributes(engine->xml, most)) {
		return false;
	}
	engine->attribute_room = most;
	return true;
}

bool envoi__engine_feed(struct envoi__engine *engine, const char *data, size_t len, bool has_prefix)
{
	struct envoi_xml_parser *parser = engine->parser;
	if (len > INT_MAX) {
		envoi__xml_parser_fail(
			parser, ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION, "text too large");
		return false;
	}
	if (!make_room(engine, &parser->limits)) {
		envoi__xml_parser_fail_memory(parser);
		return false;
	}
	engine->fed += len > LARGEST_PIECE ? most_fed : len;
	struct silence silence;
	be_silent(&silence, engine);
	if (has_prefix || engine->has_prefix) {
		envoi__libxml_expect_prefixes(engine->xml, has_prefix, data, len);
		engine->has_prefix = has_prefix;
	}
	move_input(engine);
	int r = xmlParseChunk(engine->xml, data, (int)len, 0);
	end_silence(&silence);
	/* libxml2 waits for more than a whole tag: for the end of a reference without one. */
	bool is_left = parser->error.code == ENVOI_OK &&
		engine->xml->input->cur < engine->xml->input->end;
	wipe_input(engine, len);
	if (r != 0 || is_left) { /* libxml2 from 2.12 on reports no more than 100 errors */
		envoi__xml_parser_fail_for(parser, r, "XML not well-formed");
	}
	return parser->error.code == ENVOI_OK;
}
