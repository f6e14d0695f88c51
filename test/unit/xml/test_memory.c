/*
 * envoi - tests of what the XML floor does with memory
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>

#include <envoi/envoi.h>

#include "between.h"
#include "libxml_memory.h"
#include "xml/element.h"

#define HEAD \
	"<stream:stream xmlns='urn:unknown' xmlns:stream='" ENVOI_NS_STREAMS \
	"' xmlns:q='urn:unknown:q' xml:lang='en'>"

/* One context whose memory, and libxml2's, is counted. */
struct counted {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_xml_parser *parser;
};

static int setup(void **state)
{
	static struct counted counted;
	counted = (struct counted){0};
	*state = &counted;
	return test_allocator_context(&counted.context, &counted.allocator) < 0 ||
		envoi_xml_parser_new(&counted.parser, counted.context, NULL) < 0;
}

static int teardown(void **state)
{
	struct counted *counted = *state;
	envoi_xml_parser_free(counted->parser);
	envoi_context_unref(counted->context);
	return counted->allocator.live != 0;
}

static size_t memory(const struct counted *counted)
{
	return counted->allocator.bytes + libxml_memory.bytes;
}

static size_t drain(struct envoi_xml_parser *parser)
{
	struct envoi_xml_item item;
	size_t count = 0;
	int r;
	while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
		envoi_element_unref(item.element);
		count++;
	}
	return r == ENVOI_AGAIN ? count : 0;
}

static size_t unique_stanza(char *line, size_t size, unsigned int i)
{
	return (size_t)snprintf(line, size,
		"<n%x a%x='1' p%x:b%x='2' xmlns:p%x='urn:%x'><c%x xmlns='urn:c%x' q:d%x=''/></n%x>",
		i, i, i, i, i, i, i, i, i, i);
}

static void assert_flat_on_unique_names(
	struct counted *counted, unsigned int count, unsigned int per_feed)
{
	char line[65536];
	size_t level = 0, taken = 0, len = 0;
	assert_int_equal(envoi_xml_parser_feed(counted->parser, HEAD, strlen(HEAD)), ENVOI_OK);
	assert_int_equal(drain(counted->parser), 1);
	for (unsigned int i = 1; i <= count; i++) {
		len += unique_stanza(line + len, sizeof(line) - len, i);
		if (i % per_feed == 0) {
			envoi_xml_parser_feed(counted->parser, line, len);
			taken += drain(counted->parser);
			len = 0;
		}
		if (i == 10000) {
			counted->allocator.most_bytes = counted->allocator.bytes;
			libxml_memory.most_bytes = libxml_memory.bytes;
			level = memory(counted);
		}
	}
	assert_int_equal(taken, count);
	size_t most = counted->allocator.most_bytes + libxml_memory.most_bytes;
	assert_between(most - level, 0, 1 << 20);
	assert_between(level, 0, 1 << 20);
}

static void memory_is_flat_on_endless_new_names(void **state)
{
	assert_flat_on_unique_names(*state, 300000, 1);
}

static void memory_is_flat_on_new_names_in_one_long_piece_after_the_other(void **state)
{
	assert_flat_on_unique_names(*state, 40000, 400);
}

static void white_space_between_stanzas_takes_no_memory(void **state)
{
	struct counted *counted = *state;
	char blank[1000];
	memset(blank, ' ', sizeof(blank));
	envoi_xml_parser_feed(counted->parser, HEAD "<a/>", strlen(HEAD "<a/>"));
	assert_int_equal(drain(counted->parser), 2);
	size_t level = memory(counted);
	for (int i = 0; i < 10000; i++) {
		envoi_xml_parser_feed(counted->parser, blank, sizeof(blank));
		assert_int_equal(drain(counted->parser), 0);
		assert_false(envoi_xml_parser_has_pending(counted->parser));
	}
	assert_between(memory(counted), 0, level + 1024);
}

/* But for the buffer of libxml2, for a piece of a text. */
static void a_large_stanza_leaves_nothing_behind(void **state)
{
	enum {
		PIECE = 8192
	};
	struct counted *counted = *state;
	static char body[200000];
	memset(body, 'x', sizeof(body));
	envoi_xml_parser_feed(counted->parser, HEAD "<a>x</a>", strlen(HEAD "<a>x</a>"));
	assert_int_equal(drain(counted->parser), 2);
	size_t level = memory(counted);
	envoi_xml_parser_feed(counted->parser, "<a>", 3);
	envoi_xml_parser_feed(counted->parser, body, sizeof(body));
	envoi_xml_parser_feed(counted->parser, "</a>", 4);
	assert_int_equal(drain(counted->parser), 1);
	assert_between(memory(counted), 0, level + PIECE + 1024);
}

/* Names are all that libxml2 never forgets. */
static void a_stanza_of_distinct_names_leaves_nothing_behind(void **state)
{
	struct counted *counted = *state;
	enum {
		NAMES = 100000
	};
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	limits.names = 2 * NAMES;
	char child[64];
	envoi_xml_parser_set_limits(counted->parser, &limits);
	envoi_xml_parser_feed(counted->parser, HEAD "<a>x</a>", strlen(HEAD "<a>x</a>"));
	assert_int_equal(drain(counted->parser), 2);
	size_t level = memory(counted);
	envoi_xml_parser_feed(counted->parser, "<a>", 3);
	for (unsigned int i = 0; i < NAMES; i++) {
		int len = snprintf(child, sizeof(child), "<n%x a%x='' xmlns='u%x'/>", i, i, i);
		envoi_xml_parser_feed(counted->parser, child, (size_t)len);
		assert_int_equal(drain(counted->parser), 0);
	}
	envoi_xml_parser_feed(counted->parser, "</a>", 4);
	assert_int_equal(drain(counted->parser), 1);
	assert_between(memory(counted), 0, level + 1024);
}

/* @return the memory that is kept when so many streams were within a stanza at once */
static size_t kept_after(struct counted *counted, size_t streams)
{
	struct envoi_xml_parser *busy[40];
	for (size_t i = 0; i < streams; i++) {
		assert_int_equal(envoi_xml_parser_new(&busy[i], counted->context, NULL), ENVOI_OK);
		envoi_xml_parser_feed(busy[i], HEAD "<a><b>", strlen(HEAD "<a><b>"));
		drain(busy[i]);
	}
	for (size_t i = 0; i < streams; i++) {
		envoi_xml_parser_feed(busy[i], "</b></a>", 8);
		drain(busy[i]);
		envoi_xml_parser_free(busy[i]);
	}
	return memory(counted);
}

static void few_engines_are_kept_of_many(void **state)
{
	size_t few = kept_after(*state, 8), many = kept_after(*state, 40);
	assert_between(many, 0, few + 4096);
	assert_between(kept_after(*state, 40), 0, many + 1024);
}

static void an_idle_stream_holds_little(void **state)
{
	struct counted *counted = *state;
	struct envoi_xml_parser *idle[10];
	envoi_xml_parser_feed(counted->parser, HEAD "<a/>", strlen(HEAD "<a/>"));
	drain(counted->parser);
	size_t level = memory(counted);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(envoi_xml_parser_new(&idle[i], counted->context, NULL), ENVOI_OK);
		envoi_xml_parser_feed(idle[i], HEAD "<a/>", strlen(HEAD "<a/>"));
		drain(idle[i]);
	}
	size_t each = (memory(counted) - level) / 10;
	for (int i = 0; i < 10; i++) {
		envoi_xml_parser_free(idle[i]);
	}
	assert_between(each, 0, 4096);
}

/* Known names, unknown ones, prefixes, long texts, many attributes; then what goes wrong. */
#define FOUR(text) text text text text
#define MORE_THAN_A_CHUNK FOUR(FOUR(FOUR(FOUR("0123456789"))))

static const char *const documents[] = {
	HEAD "<message id='1' xml:lang='de'><body>hi &amp; &#228;</body></message></stream:stream>",
	HEAD
	"<q:n a='1' b='2' q:c='3' d='4' e='5' xmlns:f='urn:f' f:g='6' h='' i='' j='' k='' l='' "
	"m='' n='' o='&lt;' p='' q='' r='' s='' t='' \xc3\xbc=''><h xmlns='urn:h'>x<i/>y<![CDATA[z]]>"
	"</h><l>" MORE_THAN_A_CHUNK "</l></q:n>",
	HEAD "<a><b></a>",
	HEAD "<a b='&c;'/>",
};

static int build_and_write(struct envoi_context *context, struct envoi_buffer *out)
{
	struct envoi_element *a = envoi_element_new(context, "urn:u", "n");
	envoi_element_set_ns(a, "urn:p", "q", "v");
	for (int i = 0; i < 6; i++) {
		char name[8];
		snprintf(name, sizeof(name), "a%d", i);
		envoi_element_set(a, name, "value");
		envoi_element_add_text(
			envoi_element_add(a, NULL, name), "text that is long enough");
	}
	envoi_element_add_copy(envoi_element_first(a), a);
	struct envoi_element *copy = envoi_element_error(a) == ENVOI_OK ? envoi_element_dup(a)
									: NULL;
	copy = envoi__element_tighten(copy);
	int r = envoi_element_error(copy);
	if (r == ENVOI_OK) {
		r = envoi_xml_write(out, copy, "jabber:client");
	}
	envoi_element_unref(copy);
	envoi_element_unref(a);
	return r;
}

/* Wherever the arena's chunk ends: the next is refused. */
static void a_chunk_that_ends_anywhere_is_noticed(void **state)
{
	(void)state;
	static const char padding[] = MORE_THAN_A_CHUNK;
	for (size_t pad = 0; pad < strlen(padding); pad += sizeof(void *)) {
		struct test_allocator allocator = {0};
		struct envoi_context *context;
		assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
		struct envoi_element *root = envoi_element_new(context, "urn:u", "n");
		envoi_element_add_text(root, padding + strlen(padding) - pad);
		allocator.fail_at = allocator.calls + 1;
		allocator.fail_on = true;
		for (int i = 0; i < 30 && envoi_element_error(root) == ENVOI_OK; i++) {
			struct envoi_element *child = envoi_element_add(
				root, "urn:other", "unheard");
			envoi_element_set_ns(child, "urn:more", "unheard", "value");
			envoi_element_set_ns(child, "urn:more", "unheard", "another");
			envoi_element_add_text(child, "text");
			envoi_element_add(child, NULL, "b");
			envoi_element_add_text(child, "more");
			if (envoi_element_text(child) != NULL) {
				envoi_element_add_copy(root, child);
			}
		}
		assert_int_equal(envoi_element_error(root), ENVOI_ERR_NOMEM);
		envoi_element_unref(root);
		envoi_context_unref(context);
		assert_int_equal(allocator.live, 0);
	}
}

static int write_without_tree(struct envoi_buffer *out)
{
	struct envoi_xml_writer *writer = envoi_xml_writer_new(out, "jabber:client");
	envoi_xml_open(writer, "urn:unknown", "a");
	for (int i = 0; i < 20; i++) {
		char name[8];
		snprintf(name, sizeof(name), "x%d", i);
		envoi_xml_attr(writer, name, "value");
	}
	envoi_xml_open(writer, "urn:b", "b");
	envoi_xml_text(writer, "text");
	envoi_xml_close(writer);
	envoi_xml_close(writer);
	return envoi_xml_writer_finish(writer);
}

/* Nothing may be lost in silence. */
static int check(const struct envoi_element *element)
{
	if (!envoi_element_is(element, "urn:unknown:q", "n")) {
		return ENVOI_OK;
	}
	const char *ns, *name, *value;
	size_t count = 0;
	while (envoi_element_next_attr(element, &count, &ns, &name, &value)) {
	}
	const char *text = envoi_element_text(envoi_element_first(element));
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	return count == 20 && strcmp(text, "xyz") == 0 ? ENVOI_OK : ENVOI_ERR_INVALID;
}

static int parse(struct envoi_context *context, const char *document)
{
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item;
	int r = envoi_xml_parser_new(&parser, context, NULL);
	if (r < 0) {
		return r;
	}
	envoi_xml_parser_feed(parser, document, strlen(document));
	while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
		if (item.kind == ENVOI_XML_ELEMENT) {
			r = check(item.element);
		}
		envoi_element_unref(item.element);
		if (r < 0) {
			break;
		}
	}
	envoi_xml_parser_free(parser);
	return r;
}

/* Two stanzas that are skipped: one begins to be in its start tag, one within elements that are
 * open in one piece, and were opened in another. */
static int parse_poison(struct envoi_context *context)
{
	static const char *const pieces[] = {
		"<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS
		"'><message a='' b='' c='' d='' e='' from='a@b/&lt;' id='1' type='chat' to='c@d'/>"
		"<iq id='2' type='get' from='a@b' xmlns:p='u'><p:a><b>",
		"<c/></b></p:a><p:a><b><c><d><e/></d></c></b>", "</p:a></iq>"};
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item;
	unsigned int skipped = 0;
	limits.attributes = 4;
	limits.depth = 4;
	limits.skip_bytes = 1000;
	int r = envoi_xml_parser_new(&parser, context, &limits);
	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]) && r >= 0; i++) {
		envoi_xml_parser_feed(parser, pieces[i], strlen(pieces[i]));
		while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
			skipped += item.kind == ENVOI_XML_SKIPPED &&
				envoi_element_attr(item.element, "from") != NULL &&
				envoi_element_attr(item.element, "id") != NULL;
			envoi_element_unref(item.element);
		}
	}
	envoi_xml_parser_free(parser);
	return r == ENVOI_AGAIN && skipped == 2 ? ENVOI_OK : r < 0 ? r : ENVOI_ERR_INVALID;
}

/* @return whether it failed for want of memory; anything else than success or that aborts */
static bool run(struct test_allocator *allocator)
{
	struct envoi_context *context;
	int r = test_allocator_context(&context, allocator);
	if (r < 0) {
		return r == ENVOI_ERR_NOMEM;
	}
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	bool failed = false;
	r = build_and_write(context, &out);
	failed |= r == ENVOI_ERR_NOMEM;
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
	r = write_without_tree(&out);
	failed |= r == ENVOI_ERR_NOMEM;
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
	r = parse_poison(context);
	failed |= r == ENVOI_ERR_NOMEM;
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		r = parse(context, documents[i]);
		failed |= r == ENVOI_ERR_NOMEM;
		assert_true(r == ENVOI_ERR_NOMEM || r == (i <= 1 ? ENVOI_AGAIN : ENVOI_ERR_XML));
	}
	envoi_buffer_finish(&out);
	envoi_context_unref(context);
	return failed;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	for (int fail_on = 0; fail_on < 2; fail_on++) {
		size_t calls = 1;
		for (size_t k = 1; k <= calls; k++) {
			struct test_allocator allocator = {.fail_at = k, .fail_on = fail_on != 0};
			bool failed = run(&allocator);
			calls = allocator.calls;
			assert_true(failed || k > calls);
			assert_int_equal(allocator.live, 0);
		}
	}
}

/* Some are not needed: those of words for an error that does not matter. */
static void every_failed_allocation_of_libxml2_is_survived_or_reported(void **state)
{
	(void)state;
	for (int fail_on = 0; fail_on < 2; fail_on++) {
		size_t calls = 1;
		for (size_t k = 1; k <= calls; k++) {
			struct test_allocator allocator = {0};
			size_t live = libxml_memory.live;
			libxml_memory.calls = 0;
			libxml_memory.fail_at = k;
			libxml_memory.fail_on = fail_on != 0;
			run(&allocator);
			calls = libxml_memory.calls;
			libxml_memory.fail_at = 0;
			assert_int_equal(allocator.live, 0);
			assert_between(
				libxml_memory.live, 0, live + 8); /* its thread's last error */
		}
	}
}

/* libxml2 before 2.12 must not move its table of attributes: it gets one that is large enough. */
static void attributes_without_room_are_reported(void **state)
{
	const struct counted *counted = *state;
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	struct envoi_xml_item item;
	limits.attributes = 10;
	envoi_xml_parser_set_limits(counted->parser, &limits);
	envoi_xml_parser_feed(counted->parser, HEAD, strlen(HEAD));
	for (int i = 0; i < 10; i++) { /* with the last one nothing else needs memory */
		envoi_xml_parser_feed(counted->parser, "<a b=''/>", strlen("<a b=''/>"));
		drain(counted->parser);
	}
	limits.attributes = 200;
	envoi_xml_parser_set_limits(counted->parser, &limits);
	envoi_xml_parser_feed(counted->parser, "<a b=''/>", strlen("<a b=''/>"));
	libxml_memory.calls = 0;
	libxml_memory.fail_at = 1;
	int r = envoi_xml_parser_next(counted->parser, &item);
	libxml_memory.fail_at = 0;
	assert_int_equal(r, LIBXML_VERSION < 21200 ? ENVOI_ERR_NOMEM : ENVOI_OK);
	if (r == ENVOI_OK) {
		envoi_element_unref(item.element);
	}
}

int main(int argc, char **argv)
{
	libxml_memory_install();
	xmlInitParser();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			memory_is_flat_on_endless_new_names, setup, teardown),
		cmocka_unit_test_setup_teardown(
			memory_is_flat_on_new_names_in_one_long_piece_after_the_other, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			white_space_between_stanzas_takes_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_large_stanza_leaves_nothing_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stanza_of_distinct_names_leaves_nothing_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(few_engines_are_kept_of_many, setup, teardown),
		cmocka_unit_test_setup_teardown(an_idle_stream_holds_little, setup, teardown),
		cmocka_unit_test(a_chunk_that_ends_anywhere_is_noticed),
		cmocka_unit_test_setup_teardown(
			attributes_without_room_are_reported, setup, teardown),
		cmocka_unit_test(every_failed_allocation_is_reported),
		cmocka_unit_test(every_failed_allocation_of_libxml2_is_survived_or_reported),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/memory", tests, NULL, NULL);
}
