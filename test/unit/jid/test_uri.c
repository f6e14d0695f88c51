/*
 * envoi - xmpp: URIs: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/uri.h>

#include "test_allocator.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

static struct envoi_uri *parse(void **state, const char *text)
{
	struct envoi_uri *uri = NULL;
	assert_int_equal(envoi_uri_parse(&uri, *state, text, strlen(text)), ENVOI_OK);
	assert_non_null(uri);
	return uri;
}

static void assert_written(
	const struct envoi_uri *uri, struct envoi_context *context, const char *expected)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	assert_int_equal(envoi_uri_write(&out, uri), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&out), expected);
	envoi_buffer_finish(&out);
}

static void assert_jid(const struct envoi_jid *jid, const char *text)
{
	if (text == NULL) {
		assert_null(jid);
	} else {
		assert_non_null(jid);
		assert_string_equal(envoi_jid_text(jid), text);
	}
}

struct row {
	const char *text, *canonical, *account, *jid;
};

/* RFC 5122, sections 2.2 to 2.7, and others */
static void addresses_come_out_and_are_written_in_one_form(void **state)
{
	static const struct row rows[] = {
		{"xmpp:node@example.com", NULL, NULL, "node@example.com"},
		{"xmpp:example.com", NULL, NULL, "example.com"},
		{"xmpp:support@example.com/desk", NULL, NULL, "support@example.com/desk"},
		{"xmpp://guest@example.com", NULL, "guest@example.com", NULL},
		{"xmpp://guest@example.com/support@example.com?message", NULL, "guest@example.com",
			"support@example.com"},
		{"xmpp://guest@example.com/support@example.com/desk", NULL, "guest@example.com",
			"support@example.com/desk"},
		{"XMPP:Node@Example.COM./Desk", "xmpp:node@example.com/Desk", NULL,
			"node@example.com/Desk"},
		{"xmpp:nasty!%23$%25()*+,-.;=%3F%5B%5C%5D%5E_%60%7B%7C%7D~node@example.com", NULL,
			NULL, "nasty!#$%()*+,-.;=?[\\]^_`{|}~node@example.com"},
		{"xmpp:node@example.com/repulsive%20!%23%22$%25&'()*+,-.%2F:;%3C=%3E%3F%40%5B%5C%5D"
		 "%5E_%60%7B%7C%7D~resource",
			NULL, NULL,
			"node@example.com/repulsive !#\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~resource"},
		{"xmpp:ji%C5%99i@%C4%8Dechy.example/v%20Praze", NULL, NULL,
			"ji\u0159i@\u010dechy.example/v Praze"},
		{"xmpp:ji\u0159i@\u010dechy.example/v%20Praze", /* an IRI */
			"xmpp:ji%C5%99i@%C4%8Dechy.example/v%20Praze", NULL,
			"ji\u0159i@\u010dechy.example/v Praze"},
		{"xmpp:%6aulie%74@xn--echy-fua.example", "xmpp:juliet@%C4%8Dechy.example", NULL,
			"juliet@\u010dechy.example"},
		{"xmpp:a@[2001:DB8::1]/b", "xmpp:a@[2001:db8::1]/b", NULL, "a@[2001:db8::1]/b"},
		{"xmpp:a@192.0.2.1", NULL, NULL, "a@192.0.2.1"},
		{"xmpp:a@b?", NULL, NULL, "a@b"},
		{"xmpp:a@b#", NULL, NULL, "a@b"},
		{"xmpp:a@b?join#c/d?e:f@g", NULL, NULL, "a@b"},
		{"xmpp:a@b/%2F", NULL, NULL, "a@b//"},
		{"xmpp:a@b?a;b=%E2%80%AE%C2%85%EE%80%80", NULL, NULL, "a@b"}, /* else refused */
		{"xmpp:a@b?a;b=\u200b\u2066\ufdcf\ufdf0\uffef\U00010000\U0001fffd\U000efffd",
			"xmpp:a@b?a;b=%E2%80%8B%E2%81%A6%EF%B7%8F%EF%B7%B0%EF%BF%AF%F0%90%80%80"
			"%F0%9F%BF%BD%F3%AF%BF%BD",
			NULL, "a@b"},
		{"xmpp:d%5C27artagnan@example.com", NULL, NULL, "d\\27artagnan@example.com"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct envoi_uri *uri = parse(state, rows[i].text);
		assert_jid(envoi_uri_jid(uri), rows[i].jid);
		assert_jid(envoi_uri_account(uri), rows[i].account);
		assert_written(
			uri, *state, rows[i].canonical != NULL ? rows[i].canonical : rows[i].text);
		envoi_uri_free(uri);
	}
}

static void assert_text(const char *a, const char *b)
{
	if (b == NULL) {
		assert_null(a);
	} else {
		assert_non_null(a);
		assert_string_equal(a, b);
	}
}

/* XEP-0147, section 3 */
static void queries_have_an_action_and_parameters(void **state)
{
	struct envoi_uri *uri = parse(state,
		"xmpp:romeo@montague.net?message;subject=Test%20Message;"
		"body=Here%27s%20a%20test%20message;body=two;x=;=y#f%23g");
	assert_text(envoi_uri_action(uri), "message");
	assert_text(envoi_uri_parameter(uri, "subject"), "Test Message");
	assert_text(envoi_uri_parameter(uri, "body"), "Here's a test message");
	assert_text(envoi_uri_parameter(uri, "x"), "");
	assert_text(envoi_uri_parameter(uri, ""), "y");
	assert_text(envoi_uri_parameter(uri, "Subject"), NULL);
	assert_text(envoi_uri_fragment(uri), "f#g");
	const char *name, *value;
	size_t position = 0, count = 0;
	while (envoi_uri_next_parameter(uri, &position, &name, &value)) {
		static const char *const names[] = {"subject", "body", "body", "x", ""};
		assert_text(name, names[count++]);
	}
	assert_int_equal(count, 5);
	envoi_uri_free(uri);
	uri = parse(state, "xmpp:pubsub.shakespeare.lit?;node=princely_musings");
	assert_text(envoi_uri_action(uri), "");
	assert_text(envoi_uri_parameter(uri, "node"), "princely_musings");
	envoi_uri_free(uri);
	uri = parse(state, "xmpp:b?pubsub;node=urn:xmpp:stickers:0/1");
	assert_text(envoi_uri_parameter(uri, "node"), "urn:xmpp:stickers:0/1");
	assert_written(uri, *state, "xmpp:b?pubsub;node=urn%3Axmpp%3Astickers%3A0%2F1");
	envoi_uri_free(uri);
	uri = parse(state, "xmpp:a@b");
	assert_text(envoi_uri_action(uri), NULL);
	assert_text(envoi_uri_fragment(uri), NULL);
	envoi_uri_free(uri);
}

/* XEP-0147, section 3, and the registrations in other XEPs, each with its keys, as they have them
 *  */
static void registered_queries_are_understood(void **state)
{
	static const struct {
		const char *query, *action, *pairs[12];
	} rows[] = {
		{"message", "message", {NULL}},
		{"message;subject=Test%20Message;body=Here%27s%20a;thread=t;from=a;id=b;type=chat;to=c",
			"message",
			{"subject", "Test Message", "body", "Here's a", "thread", "t", "from", "a",
				"id", "b", "type", "chat"}},
		{"remove", "remove", {NULL}},
		{"roster", "roster", {NULL}},
		{"roster;name=Romeo%20Montague;group=Friends", "roster",
			{"name", "Romeo Montague", "group", "Friends"}},
		{"roster;preauth=1tMFqYDdKhfe2pwp;ibr=y", "roster",
			{"preauth", "1tMFqYDdKhfe2pwp", "ibr", "y"}},
		{"subscribe", "subscribe", {NULL}},
		{"unsubscribe", "unsubscribe", {NULL}},
		{"disco;type=get;request=info;node=x", "disco",
			{"type", "get", "request", "info", "node", "x"}},
		{"join", "join", {NULL}},
		{"join;password=cauldronburn", "join", {"password", "cauldronburn"}},
		{"invite;jid=hecate@shakespeare.lit;jid=bard@shakespeare.lit;password=cauldronburn",
			"invite",
			{"jid", "hecate@shakespeare.lit", "jid", "bard@shakespeare.lit", "password",
				"cauldronburn"}},
		{"command;node=stats;action=next", "command", {"node", "stats", "action", "next"}},
		{"vcard", "vcard", {NULL}},
		{"register", "register", {NULL}},
		{"unregister", "unregister", {NULL}},
		{"pubsub;action=retrieve;node=/user/juliet@capulet.lit/posts;item=1", "pubsub",
			{"action", "retrieve", "node", "/user/juliet@capulet.lit/posts", "item",
				"1"}},
		{"recvfile;sid=pub234;mime-type=text%2Fplain;name=reply.txt;size=2048", "recvfile",
			{"sid", "pub234", "mime-type", "text/plain", "name", "reply.txt", "size",
				"2048"}},
		{"sendfile", "sendfile", {NULL}},
		{"jingle;id=9559976B-3FBF", "jingle", {"id", "9559976B-3FBF"}},
		{";node=urn%3Axmpp%3Amicroblog%3A0;item=1", "",
			{"node", "urn:xmpp:microblog:0", "item", "1"}},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[256];
		snprintf(text, sizeof(text), "xmpp:romeo@montague.net?%s", rows[i].query);
		struct envoi_uri *uri = parse(state, text);
		assert_text(envoi_uri_action(uri), rows[i].action);
		const char *name, *value;
		size_t position = 0;
		for (size_t k = 0; k < COUNT(rows[i].pairs) && rows[i].pairs[k] != NULL; k += 2) {
			assert_true(envoi_uri_next_parameter(uri, &position, &name, &value));
			assert_text(name, rows[i].pairs[k]);
			assert_text(value, rows[i].pairs[k + 1]);
		}
		envoi_uri_free(uri);
	}
}

static void what_the_grammar_does_not_allow_is_refused(void **state)
{
	static const char *const texts[] = {"", "xmpp", "xmpp:", "a@b", "mailto:a@b", "xmpps:a@b",
		" xmpp:a@b", "xmpp: a@b", "xmpp:a@b ", "xmpp:@b", "xmpp:a@", "xmpp:a@b/",
		"xmpp:?join", "xmpp:/b", "xmpp:a@b/c/d", "xmpp:a@b/c@d", "xmpp:a@b@c", "xmpp:a:b@c",
		"xmpp:a&b@c", "xmpp:a'b@c", "xmpp:a%26b@c", "xmpp:a%40b@c", "xmpp:a%2Fb@c",
		"xmpp:a%20b@c", "xmpp:a@b%2Fc", "xmpp:a@b:5222", "xmpp:a@b/%00", "xmpp:a@b/%",
		"xmpp:a@b/%2", "xmpp:a@b/%2g", "xmpp:a@b/%ff", "xmpp:a@b/%c3", "xmpp:a@b/\xff",
		"xmpp:a@b/c|d", "xmpp:a@b/\"", "xmpp:a@b/\\", "xmpp:a@b?a?b", "xmpp:a@b?a=b",
		"xmpp:a@b?a;b", "xmpp:a@b?a;", "xmpp:a@b?a;b=c=d", "xmpp:a@b?a;b=c+d",
		"xmpp:a@b?a:b", "xmpp:a@b?a;b/c=d", "xmpp:a@b?a;b=%ff", "xmpp:a@b?a&b=c",
		"xmpp:a@b#c#d", "xmpp:a@b# ", "xmpp:a@b#%0", "xmpp://", "xmpp://b", "xmpp://@b",
		"xmpp://a@b/", "xmpp://a@b/c@d/", "xmpp://a@/c@d", "xmpp:///c@d", "xmpp://a%20b@c",
		"xmpp:a@[::1", "xmpp:a@[::1]:1", "xmpp:a@%5B::1%5D", "xmpp:a@%5B%3A%3A1%5D",
		"xmpp:a@b\n", "xmpp:a@b/\xc3%A9", "xmpp:a@b?a;b=%C3\xa9", "xmpp:a@b?a;b=\xc2\x85",
		"xmpp:a@b?a;b=\u202e", "xmpp:a@b?a;b=\u200f", "xmpp:a@b?a;b=\ue000",
		"xmpp:a@b?a;b=\ufdd0", "xmpp:a@b?a;b=\ufffd", "xmpp:a@b?a;b=\U0001fffe",
		"xmpp:a@b?a;b=\U000e0001", "xmpp:a@b?a;b=\U000f0000"};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct envoi_uri *uri = NULL;
		assert_int_equal(envoi_uri_parse(&uri, *state, texts[i], strlen(texts[i])),
			ENVOI_ERR_INVALID);
		assert_null(uri);
	}
	struct envoi_uri *uri;
	assert_int_equal(envoi_uri_parse(&uri, *state, "xmpp:a@b\0", 9), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_uri_parse(&uri, *state, "xmpp:a@b?\0", 10), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_uri_parse(&uri, *state, "xmpp:a@[\0]", 10), ENVOI_ERR_INVALID);
}

static void links_are_made_and_read_back(void **state)
{
	struct envoi_jid *jid, *guest, *full, *domain;
	struct envoi_uri *uri;
	assert_int_equal(envoi_jid_from_text(&jid, *state, "\u03c0@example.com/a/b"), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&guest, *state, "guest@example.com"), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&full, *state, "guest@example.com/x"), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&domain, *state, "example.com"), ENVOI_OK);
	assert_int_equal(envoi_uri_new(&uri, *state, jid), ENVOI_OK);
	assert_written(uri, *state, "xmpp:%CF%80@example.com/a%2Fb");
	assert_int_equal(envoi_uri_set_account(uri, full), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_uri_set_account(uri, domain), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_uri_set_account(uri, guest), ENVOI_OK);
	assert_int_equal(envoi_uri_set_account(uri, guest), ENVOI_OK);
	assert_int_equal(envoi_uri_add_parameter(uri, "k;", "v=\u00e9"), ENVOI_OK);
	assert_written(
		uri, *state, "xmpp://guest@example.com/%CF%80@example.com/a%2Fb?;k%3B=v%3D%C3%A9");
	assert_int_equal(envoi_uri_set_action(uri, "message"), ENVOI_OK);
	assert_int_equal(envoi_uri_set_fragment(uri, "#1"), ENVOI_OK);
	assert_int_equal(envoi_uri_set_fragment(uri, "\xff"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_uri_set_action(uri, "\xff"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_uri_add_parameter(uri, "a", "\xff"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_uri_add_parameter(uri, "\xff", "a"), ENVOI_ERR_INVALID);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(envoi_uri_add_parameter(uri, "n", ""), ENVOI_OK);
	}
	struct envoi_buffer out, again;
	envoi_buffer_init(&out, *state, 0);
	envoi_buffer_init(&again, *state, 0);
	assert_int_equal(envoi_uri_write(&out, uri), ENVOI_OK);
	struct envoi_uri *read;
	assert_int_equal(
		envoi_uri_parse(&read, *state, envoi_buffer_data(&out), envoi_buffer_len(&out)),
		ENVOI_OK);
	assert_int_equal(envoi_uri_write(&again, read), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&again), envoi_buffer_len(&out));
	assert_memory_equal(
		envoi_buffer_data(&again), envoi_buffer_data(&out), envoi_buffer_len(&out));
	assert_text(envoi_uri_parameter(read, "k;"), "v=\u00e9");
	assert_text(envoi_uri_action(read), "message");
	envoi_buffer_finish(&out);
	envoi_buffer_finish(&again);
	envoi_uri_free(read);
	envoi_uri_free(uri);
	envoi_jid_unref(jid);
	envoi_jid_unref(guest);
	envoi_jid_unref(full);
	envoi_jid_unref(domain);
	envoi_uri_free(NULL);
}

static void a_full_buffer_is_left_as_it_was(void **state)
{
	struct envoi_uri *uri = parse(state, "xmpp:a@b?message;body=hello");
	for (size_t room = 4; room < 31; room++) {
		struct envoi_buffer out;
		envoi_buffer_init(&out, *state, room);
		assert_int_equal(envoi_buffer_append(&out, "kept", 4), ENVOI_OK);
		assert_int_equal(envoi_uri_write(&out, uri), ENVOI_ERR_FULL);
		assert_int_equal(envoi_buffer_len(&out), 4);
		envoi_buffer_finish(&out);
	}
	envoi_uri_free(uri);
}

static void the_length_is_bounded(void **state)
{
	char *text = malloc(ENVOI_URI_MAX + 1);
	struct envoi_uri *uri;
	assert_non_null(text);
	memset(text, 'x', ENVOI_URI_MAX + 1);
	memcpy(text, "xmpp:a@b#", 9);
	assert_int_equal(envoi_uri_parse(&uri, *state, text, ENVOI_URI_MAX), ENVOI_OK);
	envoi_uri_free(uri);
	assert_int_equal(envoi_uri_parse(&uri, *state, text, ENVOI_URI_MAX + 1), ENVOI_ERR_INVALID);
	free(text);
}

static int parse_and_write(struct envoi_context *context)
{
	static const char text[] = "xmpp://a@b/c@d/e?f;g=h;i=j;k=l;m=n;o=p;q=r;s=t;u=v;w=x#y";
	struct envoi_uri *uri;
	struct envoi_buffer out;
	int r = envoi_uri_parse(&uri, context, text, strlen(text));
	if (r < 0) {
		return r;
	}
	envoi_buffer_init(&out, context, 0);
	r = envoi_uri_add_parameter(uri, "a", "b");
	if (r == ENVOI_OK) {
		r = envoi_uri_write(&out, uri);
	}
	envoi_buffer_finish(&out);
	envoi_uri_free(uri);
	return r;
}

static int make_and_write(struct envoi_context *context)
{
	struct envoi_jid *jid;
	struct envoi_uri *uri;
	int r = envoi_jid_from_text(&jid, context, "a@b");
	if (r < 0) {
		return r;
	}
	r = envoi_uri_new(&uri, context, jid);
	envoi_jid_unref(jid);
	if (r < 0) {
		return r;
	}
	r = envoi_uri_add_parameter(uri, "name", "value");
	envoi_uri_free(uri);
	return r;
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **state)
{
	(void)state;
	assert_true(test_allocator_try(parse_and_write) >= 7);
	assert_true(test_allocator_try(make_and_write) >= 4);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_come_out_and_are_written_in_one_form),
		TEST(queries_have_an_action_and_parameters),
		TEST(registered_queries_are_understood),
		TEST(what_the_grammar_does_not_allow_is_refused),
		TEST(links_are_made_and_read_back),
		TEST(a_full_buffer_is_left_as_it_was),
		TEST(the_length_is_bounded),
		TEST(every_failed_allocation_is_reported_and_leaks_nothing),
	};
	return cmocka_run_group_tests_name("jid/uri", tests, NULL, NULL);
}
