/*
 * envoi - benchmarks: how costs grow: stanzas of many shapes
 * SPDX-License-Identifier: MIT
 */
#include "growth.h"

#include <stdio.h>
#include <string.h>

#include <envoi/xml.h>

#define FROM "<message from='bob@example.org/home' type='chat' id='m'>"

enum {
	TEXT = 64, /* of an attribute */
};

static char *stanza; /* what the server says before each round */

static char *put(char *at, const char *text)
{
	return stpcpy(at, text);
}

static char *begin_stanza(size_t bytes)
{
	stanza = growth_allocate(bytes + 256, 1);
	return put(stanza, FROM);
}

static void raise_limits(size_t size)
{
	(void)size;
	bench_check(envoi_client_set(world.client, "limits.depth", "10000"));
	bench_check(envoi_client_set(world.client, "limits.attributes", "10000"));
	bench_check(envoi_client_set(world.client, "limits.tag-bytes", "1m"));
	bench_check(envoi_client_set(world.client, "limits.stanza-bytes", "100m"));
	bench_check(envoi_client_set(world.client, "limits.children", "10000000"));
	bench_check(envoi_client_set(world.client, "limits.names", "100000"));
}

void growth_say(size_t size)
{
	(void)size;
	bench_say(stanza);
}

static void make_text(size_t size)
{
	char *at = put(begin_stanza(size), "<body>");
	memset(at, 'x', size);
	put(at + size, "</body></message>");
}

static void repeat(const char *each, size_t count, const char *then, const char *end)
{
	char *at = begin_stanza(count * (strlen(each) + strlen(then)));
	for (size_t i = 0; i < count; i++) {
		at = put(at, each);
	}
	for (size_t i = 0; i < count && then[0] != '\0'; i++) {
		at = put(at, then);
	}
	put(at, end);
}

static void make_depth(size_t size)
{
	repeat("<b>", size, "</b>", "</message>");
}

static void make_children(size_t size)
{
	repeat("<b/>", size, "", "</message>");
}

static void make_attributes_named(size_t size, const char *prefix)
{
	char *at = put(begin_stanza(size * TEXT), "<a xmlns='urn:a' xmlns:p='urn:p'");
	for (size_t i = 0; i < size; i++) {
		at += sprintf(at, " %sa%zu='v'", prefix, i);
	}
	put(at, "/></message>");
}

static void make_attributes(size_t size)
{
	make_attributes_named(size, "");
}

static void make_prefixed(size_t size)
{
	make_attributes_named(size, "p:");
}

static void set_attributes(size_t size)
{
	struct envoi_element *element = envoi_element_new(world.context, "urn:a", "a");
	char name[TEXT];
	for (size_t i = 0; i < size; i++) {
		snprintf(name, sizeof(name), "a%zu", i);
		envoi_element_set(element, name, "v");
	}
	bench_check(envoi_element_error(element));
	envoi_element_unref(element);
}

void growth_make_small(size_t size)
{
	(void)size;
	put(begin_stanza(TEXT), "<body>hello</body></message>");
}

const struct curve growth_of_stanzas[] = {
	{"bytes", raise_limits, make_text, growth_receive, growth_say}, /* of text */
	{"depth", raise_limits, make_depth, growth_receive,
		growth_say}, /* elements, each in the last */
	{"children", raise_limits, make_children, growth_receive, growth_say},
	{"attributes", raise_limits, make_attributes, growth_receive, growth_say},
	{"prefixed", raise_limits, make_prefixed, growth_receive, growth_say}, /* attributes */
	{"set-attributes", NULL, NULL, set_attributes, NULL}, /* of an element that is built */
	{.name = NULL},
};
