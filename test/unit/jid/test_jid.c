/*
 * envoi - addresses: tests
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "between.h"
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

static struct envoi_jid *jid(void **state, const char *text)
{
	struct envoi_jid *made = NULL;
	assert_int_equal(envoi_jid_from_text(&made, *state, text), ENVOI_OK);
	assert_non_null(made);
	return made;
}

static void assert_same_text(const char *a, const char *b)
{
	if (b == NULL) {
		assert_null(a);
	} else {
		assert_non_null(a);
		assert_string_equal(a, b);
	}
}

struct row {
	const char *text, *local, *domain, *resource;
};

/* Each part, the whole, and that preparing it again gives the same. */
static void assert_parts(void **state, const struct row *row)
{
	struct envoi_jid *made = jid(state, row->text);
	assert_same_text(envoi_jid_local(made), row->local);
	assert_same_text(envoi_jid_domain(made), row->domain);
	assert_same_text(envoi_jid_resource(made), row->resource);
	char whole[4096];
	snprintf(whole, sizeof(whole), "%s%s%s%s%s", row->local ? row->local : "",
		row->local ? "@" : "", row->domain, row->resource ? "/" : "",
		row->resource ? row->resource : "");
	assert_string_equal(envoi_jid_text(made), whole);
	assert_int_equal(envoi_jid_is_bare(made), row->resource == NULL);
	assert_int_equal(envoi_jid_bare_len(made),
		strlen(whole) - (row->resource ? strlen(row->resource) + 1 : 0));
	struct envoi_jid *again = jid(state, whole);
	assert_true(envoi_jid_equal(made, again));
	assert_int_equal(envoi_jid_hash(made), envoi_jid_hash(again));
	envoi_jid_unref(again);
	envoi_jid_unref(made);
}

/* RFC 7622, section 3.5, table 1 */
static void the_examples_of_the_rfc_are_addresses(void **state)
{
	static const struct row rows[] = {
		{"juliet@example.com", "juliet", "example.com", NULL},
		{"juliet@example.com/foo", "juliet", "example.com", "foo"},
		{"juliet@example.com/foo bar", "juliet", "example.com", "foo bar"},
		{"juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"},
		{"foo\\20bar@example.com", "foo\\20bar", "example.com", NULL},
		{"fussball@example.com", "fussball", "example.com", NULL},
		{"fu\u00dfball@example.com", "fu\u00dfball", "example.com", NULL},
		{"\u03c0@example.com", "\u03c0", "example.com", NULL},
		{"\u03a3@example.com/foo", "\u03c3", "example.com", "foo"},
		{"\u03c3@example.com/foo", "\u03c3", "example.com", "foo"},
		{"\u03c2@example.com/foo", "\u03c2", "example.com", "foo"},
		{"king@example.com/\u265a", "king", "example.com", "\u265a"},
		{"example.com", NULL, "example.com", NULL},
		{"example.com/foobar", NULL, "example.com", "foobar"},
		{"a.example.com/b@example.net", NULL, "a.example.com", "b@example.net"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_parts(state, &rows[i]);
	}
}

/* RFC 7622, section 3.5, table 2, without its example 18: see below. */
static void invalid_examples_of_the_rfc_are_refused(void **state)
{
	static const char *const texts[] = {"\"juliet\"@example.com", "foo bar@example.com",
		"@example.com/", "henry\u2163@example.com", "\u265a@example.com", "juliet@",
		"/foobar"};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct envoi_jid *made = NULL;
		assert_int_equal(envoi_jid_from_text(&made, *state, texts[i]), ENVOI_ERR_INVALID);
		assert_null(made);
	}
}

/*
 * Example 18 of table 2 is said to be no address. But section 3.4 leaves resourceparts to
 * OpaqueString, of which RFC 8265, section 4.2.2, says that each blank is kept; only Nickname drops
 * those at the ends. Refusing it would refuse valid addresses of contacts.
 */
static void a_resourcepart_may_begin_and_end_with_a_blank(void **state)
{
	static const struct row rows[] = {
		{"juliet@example.com/ foo", "juliet", "example.com", " foo"},
		{"juliet@example.com/foo ", "juliet", "example.com", "foo "},
		{"juliet@example.com/  ", "juliet", "example.com", "  "},
		{"juliet@example.com/\u00a0foo", "juliet", "example.com", " foo"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_parts(state, &rows[i]);
	}
	struct envoi_jid *with = jid(state, "juliet@example.com/ foo");
	struct envoi_jid *without = jid(state, "juliet@example.com/foo");
	assert_false(envoi_jid_equal(with, without));
	envoi_jid_unref(with);
	envoi_jid_unref(without);
}

static void the_first_slash_and_the_first_at_before_it_separate(void **state)
{
	static const struct row rows[] = {
		{"a@b/c@d/e", "a", "b", "c@d/e"},
		{"b/c@d", NULL, "b", "c@d"},
		{"a@b//", "a", "b", "/"},
		{"a@b/@", "a", "b", "@"},
		{"a\\40c@b", "a\\40c", "b", NULL},
		{"a@b/\uff0fc", "a", "b", "\uff0fc"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_parts(state, &rows[i]);
	}
}

static void localparts_are_mapped(void **state)
{
	static const struct row rows[] = {
		{"JULIET@EXAMPLE.COM/Balcony", "juliet", "example.com", "Balcony"},
		{"\uff2a\uff35\uff2c@example.com", "jul", "example.com", NULL}, /* full width */
		{"\uff76\uff9e@example.com", "\u30ac", "example.com",
			NULL}, /* half width, composed */
		{"e\u0301@example.com", "\u00e9", "example.com", NULL},
		{"E\u0301@example.com", "\u00e9", "example.com", NULL},
		{"\u01c5@example.com", NULL, NULL, NULL}, /* has a compatibility form */
		{"\u0130@example.com", "i\u0307", "example.com", NULL},
		{"!#$%*+-.0=?[\\]^_`{|}~@b", "!#$%*+-.0=?[\\]^_`{|}~", "b", NULL},
		{"\u05d0\u05d1@b", "\u05d0\u05d1", "b", NULL},
		{"\u05d01@b", "\u05d01", "b", NULL},
		{"l\u00b7l@b", "l\u00b7l", "b", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct envoi_jid *made;
		if (rows[i].domain != NULL) {
			assert_parts(state, &rows[i]);
		} else {
			assert_int_equal(envoi_jid_from_text(&made, *state, rows[i].text),
				ENVOI_ERR_INVALID);
		}
	}
}

/* RFC 7622, sections 3.2 to 3.4: every byte of ASCII, within each part */
static void ascii_is_allowed_by_its_part(void **state)
{
	for (int c = 1; c < 0x80; c++) {
		bool is_control = c < 0x20 || c == 0x7f;
		bool is_letter_or_digit = isalnum(c) != 0;
		bool is_local = !is_control && strchr(" \"&'/:<>@", c) == NULL;
		bool is_domain = is_letter_or_digit || c == '-' || c == '.';
		char part[] = {'x', (char)c, 'y', '\0'},
		     lower[] = {'x', (char)tolower(c), 'y', '\0'};
		struct envoi_jid *made;
		/* with and without something that does not go the short way */
		for (int slow = 0; slow < 2; slow++) {
			const char *other = slow != 0 ? "\u00e9" : "e";
			int r = envoi_jid_from_parts(&made, *state, part, other, other);
			assert_int_equal(r, is_local ? ENVOI_OK : ENVOI_ERR_INVALID);
			if (r == ENVOI_OK) {
				assert_string_equal(envoi_jid_local(made), lower);
				envoi_jid_unref(made);
			}
			r = envoi_jid_from_parts(&made, *state, other, part, other);
			assert_int_equal(r, is_domain ? ENVOI_OK : ENVOI_ERR_INVALID);
			if (r == ENVOI_OK) {
				assert_string_equal(envoi_jid_domain(made), lower);
				envoi_jid_unref(made);
			}
			r = envoi_jid_from_parts(&made, *state, other, other, part);
			assert_int_equal(r, is_control ? ENVOI_ERR_INVALID : ENVOI_OK);
			if (r == ENVOI_OK) {
				assert_string_equal(envoi_jid_resource(made), part);
				envoi_jid_unref(made);
			}
		}
	}
}

static void resourceparts_keep_case_and_width(void **state)
{
	static const struct row rows[] = {
		{"a@b/\uff26\uff4f\uff4f", "a", "b", "\uff26\uff4f\uff4f"},
		{"a@b/x\u3000y\u00a0z", "a", "b", "x y z"}, /* other blanks become the one */
		{"a@b/e\u0301", "a", "b", "\u00e9"},
		{"a@b/\u1112\u1161\u11ab", "a", "b", "\ud55c"},
		{"a@b/\u05d0a", "a", "b", "\u05d0a"}, /* no rule about directions */
		{"a@b/\u2163", "a", "b", "\u2163"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_parts(state, &rows[i]);
	}
}

static void domains_have_one_form(void **state)
{
	static const struct {
		const char *text, *domain, *ascii;
	} rows[] = {
		{"example.com", "example.com", "example.com"},
		{"Example.COM.", "example.com", "example.com"},
		{"fu\u00dfball.de", "fu\u00dfball.de", "xn--fuball-cta.de"},
		{"FU\u1e9eBALL.DE.", "fu\u00dfball.de", "xn--fuball-cta.de"},
		{"xn--fuball-cta.de", "fu\u00dfball.de", "xn--fuball-cta.de"},
		{"XN--FUBALL-CTA.De", "fu\u00dfball.de", "xn--fuball-cta.de"},
		{"\uff45\uff58\uff0e\uff43\uff4f\uff4d", "ex.com", "ex.com"},
		{"\u0392\u038c\u039b\u039f\u03a3.gr", "\u03b2\u03cc\u03bb\u03bf\u03c3.gr",
			"xn--nxasmq6b.gr"},
		{"\u0392\u038c\u039b\u039f\u03a3", "\u03b2\u03cc\u03bb\u03bf\u03c3",
			"xn--nxasmq6b"}, /* RFC 5895 knows no final form */
		{"\u03b2\u03cc\u03bb\u03bf\u03c2.gr", "\u03b2\u03cc\u03bb\u03bf\u03c2.gr",
			"xn--nxasmm1c.gr"},
		{"u\u0308.de", "\u00fc.de", "xn--tda.de"},
		{"\u05d0\u05d1\u05d2.com", "\u05d0\u05d1\u05d2.com", "xn--4dbcd.com"},
		/* Cherokee: IDNA2008 allows its capitals */
		{"\u13a0\u13f5.de", "\u13a0\u13f5.de", "xn--58d4o.de"},
		{"\uab70\u13fd.de", "\u13a0\u13f5.de", "xn--58d4o.de"},
		{"192.0.2.1", "192.0.2.1", "192.0.2.1"},
		{"[2001:DB8:0:0::1]", "[2001:db8::1]", "[2001:db8::1]"},
		{"[::FFFF:192.0.2.1]", "[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"},
		{"localhost", "localhost", "localhost"},
		{"3com.a-b.c--d", "3com.a-b.c--d", "3com.a-b.c--d"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char full[256];
		snprintf(full, sizeof(full), "a@%s/r", rows[i].text);
		struct envoi_jid *made = jid(state, full);
		assert_string_equal(envoi_jid_domain(made), rows[i].domain);
		assert_string_equal(envoi_jid_domain_ascii(made), rows[i].ascii);
		struct envoi_jid *bare;
		assert_int_equal(envoi_jid_bare(&bare, made), ENVOI_OK);
		assert_string_equal(envoi_jid_domain_ascii(bare), rows[i].ascii);
		snprintf(full, sizeof(full), "a@%s", rows[i].ascii);
		struct envoi_jid *again = jid(state, full);
		assert_true(envoi_jid_equal(bare, again));
		envoi_jid_unref(again);
		envoi_jid_unref(bare);
		envoi_jid_unref(made);
	}
}

static void the_reason_of_a_refusal_is_returned(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{"", "domainpart is empty"},
		{"@b", "localpart is empty"},
		{"a@", "domainpart is empty"},
		{"a@b/", "resourcepart is empty"},
		{"a@.", "domainpart is empty"},
		{"a@b..", "domainpart has an empty label"},
		{"a@.b", "domainpart has an empty label"},
		{"a@b@c", "domainpart has a label that is not allowed"},
		{"a b@c", "localpart has a character that is not allowed"},
		{"a'b@c", "localpart has a character that is not allowed"},
		{"a&b@c", "localpart has a character that is not allowed"},
		{"a:b@c", "localpart has a character that is not allowed"},
		{"a<b@c", "localpart has a character that is not allowed"},
		{"a>b@c", "localpart has a character that is not allowed"},
		{"a\177b@c", "localpart has a character that is not allowed"},
		{"a\uff20b@c", "localpart has a character that is not allowed"},
		{"a\uff0fb@c", "localpart has a character that is not allowed"},
		{"a\uff06b@c", "localpart has a character that is not allowed"},
		{"a\u3000b@c", "localpart has a character that is not allowed"},
		{"a\u00adb@c", "localpart has a character that is not allowed"},
		{"a\u200bb@c", "localpart has a character that is not allowed"},
		{"a\u200cb@c",
			"localpart has a character that is not allowed beside its neighbours"},
		{"a\u00b7b@c",
			"localpart has a character that is not allowed beside its neighbours"},
		{"\u0378@c", "localpart has a character unknown to Unicode"},
		{"\u05d0a@c", "localpart mixes right-to-left and left-to-right"},
		{"1\u05d0@c", "localpart mixes right-to-left and left-to-right"},
		{"\xff@c", "localpart is not UTF-8"},
		{"\xc0\xaf@c", "localpart is not UTF-8"},
		{"a@c/\xed\xa0\xbd", "resourcepart is not UTF-8"},
		{"a@c/\xf4\x90\x80\x80", "resourcepart is not UTF-8"},
		{"a@c/\xe2\x99", "resourcepart is not UTF-8"},
		{"a@\x80", "domainpart is not UTF-8"},
		{"a@c/\t", "resourcepart has a character that is not allowed"},
		{"a@c/\xc2\x85", "resourcepart has a character that is not allowed"},
		{"a@c/\ufffe", "resourcepart has a character that is not allowed"},
		{"a@c/\ue000", "resourcepart has a character that is not allowed"},
		{"a@c\uff20d", "domainpart has a label that is not allowed"},
		{"a\uff20c", "domainpart has a label that is not allowed"},
		{"a@c\uff0fd", "domainpart has a label that is not allowed"},
		{"a@c\u3002d", "domainpart has a character that is not allowed"},
		{"a@\u2603", "domainpart has a character that is not allowed"},
		{"a@\u2102", "domainpart has a character that is not allowed"},
		{"a@c_d", "domainpart has a label that is not allowed"},
		{"a@c d", "domainpart has a label that is not allowed"},
		{"a@-c", "domainpart has a label that is not allowed"},
		{"a@c-.d", "domainpart has a label that is not allowed"},
		{"a@ab--cd", "domainpart has a label that is not allowed"},
		{"a@xn--abc-", "domainpart has a label that is not allowed"},
		{"a@xn--a", "domainpart has a character that is not allowed"},
		{"a@xn--", "domainpart has a label that is not allowed"},
		{"a@xn--FASS-eka",
			"domainpart has a character that is not allowed"}, /* capital ae */
		{"a@xn--u-ccb", "domainpart has a label that is not allowed"}, /* not composed */
		{"a@xn--n3h", "domainpart has a character that is not allowed"},
		{"a@1\u05d0", "domainpart mixes right-to-left and left-to-right"},
		{"a@c\u00b7d",
			"domainpart has a character that is not allowed beside its neighbours"},
		{"a@[::1", "domainpart is not an IPv6 address in brackets"},
		{"a@[]", "domainpart is not an IPv6 address in brackets"},
		{"a@[", "domainpart is not an IPv6 address in brackets"},
		{"a@[192.0.2.1]", "domainpart is not an IPv6 address in brackets"},
		{"a@[fe80::1%lo]", "domainpart is not an IPv6 address in brackets"},
		{"a@[::1]x", "domainpart is not an IPv6 address in brackets"},
		{"a@::1", "domainpart has a label that is not allowed"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[128] = "untouched", shorter[10];
		struct envoi_jid *made = NULL;
		size_t len = strlen(rows[i].text);
		assert_int_equal(
			envoi_jid_check(rows[i].text, len, line, sizeof(line)), ENVOI_ERR_INVALID);
		assert_string_equal(line, rows[i].problem);
		assert_int_equal(envoi_jid_check(rows[i].text, len, shorter, sizeof(shorter)),
			ENVOI_ERR_INVALID);
		assert_int_equal(strlen(shorter), 9);
		assert_int_equal(envoi_jid_check(rows[i].text, len, NULL, 0), ENVOI_ERR_INVALID);
		assert_int_equal(
			envoi_jid_from_text(&made, *state, rows[i].text), ENVOI_ERR_INVALID);
		assert_null(made);
	}
	char line[8] = "x";
	assert_int_equal(envoi_jid_check("a@b/c", 5, line, sizeof(line)), ENVOI_OK);
	assert_string_equal(line, "");
}

static void nul_is_refused_in_every_part(void **state)
{
	static const char *const texts[] = {
		"a\0@b/c", "a@b\0/c", "a@b/c\0", "a@b.\0", "\0@b", "a@[::\0]"};
	static const size_t lens[] = {6, 6, 6, 5, 3, 7};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct envoi_jid *made = NULL;
		assert_int_equal(
			envoi_jid_parse(&made, *state, texts[i], lens[i]), ENVOI_ERR_INVALID);
		assert_null(made);
	}
}

/* @return an address with a part of @p count times @p unit */
static const char *long_text(
	char *text, const char *before, const char *unit, size_t count, const char *after)
{
	char *at = text + sprintf(text, "%s", before);
	while (count-- > 0) {
		at += sprintf(at, "%s", unit);
	}
	sprintf(at, "%s", after);
	return text;
}

static void parts_have_at_most_1023_bytes_after_preparation(void **state)
{
	static const struct {
		const char *before, *unit, *after;
		size_t fits;
	} rows[] = {
		{"", "a", "@b", 1023}, {"", "\uff21", "@b", 1023}, /* three bytes of each go */
		{"", "\u00e9", "@b", 511}, {"", "e\u0301", "@b", 511},
		{"", "\uff35\u0308\u0304", "@b", 511}, /* five of seven go */
		{"a@b/", "r", "", 1023}, {"a@b/", "\u3000", "", 1023},
		{"a@b/", "\u1fbe\u0308\u0301", "", 511}, {"a@b/", "\u265a", "", 341},
		{"a@", "a", ".b", 63}, {"a@", "a.", "bcd", 125}, /* 253 bytes */
		{"a@", "\u00e9", "", 57}, /* as an A-label of 63 bytes */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		static char text[20000];
		struct envoi_jid *made;
		long_text(text, rows[i].before, rows[i].unit, rows[i].fits, rows[i].after);
		made = jid(state, text);
		struct envoi_jid *again = jid(state, envoi_jid_text(made));
		assert_true(envoi_jid_equal(made, again));
		envoi_jid_unref(made);
		envoi_jid_unref(again);
		for (size_t more = 1; more <= 2048; more *= 2) {
			long_text(text, rows[i].before, rows[i].unit, rows[i].fits + more,
				rows[i].after);
			assert_int_equal(
				envoi_jid_from_text(&made, *state, text), ENVOI_ERR_INVALID);
		}
	}
}

static void parts_and_text_make_equal_addresses(void **state)
{
	struct envoi_jid *made, *parsed;
	assert_int_equal(
		envoi_jid_from_parts(&made, *state, "Juliet", "FU\u1e9e.de", "x/y"), ENVOI_OK);
	parsed = jid(state, "juliet@fu\u00df.de/x/y");
	assert_true(envoi_jid_equal(made, parsed));
	envoi_jid_unref(made);
	envoi_jid_unref(parsed);
	assert_int_equal(envoi_jid_from_parts(&made, *state, NULL, "b", NULL), ENVOI_OK);
	assert_string_equal(envoi_jid_text(made), "b");
	envoi_jid_unref(made);
	static const char *const bad[][3] = {{"a", NULL, NULL}, {"", "b", NULL}, {"a", "", NULL},
		{"a", "b", ""}, {"a@a", "b", NULL}, {"a/a", "b", NULL}, {"a", "b/c", NULL},
		{"a", "b@c", NULL}};
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(
			envoi_jid_from_parts(&made, *state, bad[i][0], bad[i][1], bad[i][2]),
			ENVOI_ERR_INVALID);
	}
}

static void a_resource_comes_and_goes(void **state)
{
	struct envoi_jid *full = jid(state, "a@fu\u00df.de/desk"), *bare, *same, *other;
	assert_int_equal(envoi_jid_bare(&bare, full), ENVOI_OK);
	assert_string_equal(envoi_jid_text(bare), "a@fu\u00df.de");
	assert_int_equal(envoi_jid_bare(&same, bare), ENVOI_OK);
	assert_ptr_equal(same, bare);
	assert_int_equal(envoi_jid_with_resource(&other, bare, "e\u0301"), ENVOI_OK);
	assert_string_equal(envoi_jid_text(other), "a@fu\u00df.de/\u00e9");
	assert_string_equal(envoi_jid_domain_ascii(other), "xn--fu-hia.de");
	assert_true(envoi_jid_equal_bare(other, full));
	assert_false(envoi_jid_equal(other, full));
	envoi_jid_unref(other);
	assert_int_equal(envoi_jid_with_resource(&other, full, NULL), ENVOI_OK);
	assert_true(envoi_jid_equal(other, bare));
	envoi_jid_unref(other);
	assert_int_equal(envoi_jid_with_resource(&other, full, ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_jid_with_resource(&other, full, "\n"), ENVOI_ERR_INVALID);
	envoi_jid_unref(same);
	envoi_jid_unref(bare);
	envoi_jid_unref(full);
}

static void only_the_same_address_is_equal(void **state)
{
	static const char *const texts[] = {"a@b", "a@b/c", "b", "b/c", "a@c", "b@b", "a@b/C",
		"ab/c", "a@b/a@b", "fu\u00df@b", "fuss@b", "a@fu\u00df", "a@fuss", "\u03c3@b",
		"\u03c2@b"};
	struct envoi_jid *jids[COUNT(texts)];
	for (size_t i = 0; i < COUNT(texts); i++) {
		jids[i] = jid(state, texts[i]);
	}
	for (size_t i = 0; i < COUNT(texts); i++) {
		for (size_t j = 0; j < COUNT(texts); j++) {
			int order = envoi_jid_compare(jids[i], jids[j]);
			assert_int_equal(envoi_jid_equal(jids[i], jids[j]), i == j);
			assert_int_equal(order == 0, i == j);
			assert_true((order < 0) == (envoi_jid_compare(jids[j], jids[i]) > 0));
		}
	}
	assert_true(envoi_jid_equal_bare(jids[0], jids[1]));
	assert_true(envoi_jid_equal_bare(jids[2], jids[3]));
	assert_false(envoi_jid_equal_bare(jids[0], jids[2]));
	assert_true(envoi_jid_equal(NULL, NULL));
	assert_false(envoi_jid_equal(jids[0], NULL));
	assert_false(envoi_jid_equal_bare(NULL, jids[0]));
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_null(envoi_jid_unref(jids[i]));
	}
	assert_null(envoi_jid_unref(NULL));
}

static void an_address_belongs_to_its_account_and_domain(void **state)
{
	static const struct {
		const char *jid, *other;
		bool is_bare_of, is_domain_of, is_of_domain;
	} rows[] = {
		{"a@b", "a@b/c", true, false, true},
		{"a@b", "a@b", true, false, true},
		{"a@b/c", "a@b/c", false, false, true},
		{"a@b/c", "a@b", false, false, true},
		{"c@b", "a@b/c", false, false, true},
		{"a@c", "a@b", false, false, false},
		{"b", "a@b/c", false, true, true},
		{"b", "b", true, true, true},
		{"b", "b/c", true, true, true},
		{"b/c", "b/c", false, false, true},
		{"b/c", "a@b/c", false, false, true},
		{"a", "a@b/a", false, false, false},
		{"b", "a@b.b", false, false, false},
		{"b", "a@bb", false, false, false},
		{"a@b", "b", false, false, true},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct envoi_jid *one = jid(state, rows[i].jid), *other = jid(state, rows[i].other);
		assert_int_equal(envoi_jid_is_bare_of(one, other), rows[i].is_bare_of);
		assert_int_equal(envoi_jid_is_domain_of(one, other), rows[i].is_domain_of);
		assert_int_equal(envoi_jid_equal_domain(one, other), rows[i].is_of_domain);
		assert_false(envoi_jid_is_bare_of(one, NULL));
		assert_false(envoi_jid_is_bare_of(NULL, one));
		assert_false(envoi_jid_is_domain_of(one, NULL));
		assert_false(envoi_jid_is_domain_of(NULL, one));
		assert_false(envoi_jid_equal_domain(one, NULL));
		envoi_jid_unref(one);
		envoi_jid_unref(other);
	}
	assert_false(envoi_jid_is_bare_of(NULL, NULL));
	assert_false(envoi_jid_is_domain_of(NULL, NULL));
	assert_true(envoi_jid_equal_domain(NULL, NULL));
}

static void hashes_distinguish_addresses(void **state)
{
	enum {
		COUNT_OF = 1000
	};
	static uint32_t hashes[COUNT_OF];
	size_t same = 0;
	for (size_t i = 0; i < COUNT_OF; i++) {
		char text[32];
		snprintf(text, sizeof(text), "a%zu@b/c", i);
		struct envoi_jid *made = jid(state, text);
		hashes[i] = envoi_jid_hash(made);
		assert_int_equal(envoi_jid_hash(made), hashes[i]);
		envoi_jid_unref(made);
		for (size_t k = 0; k < i; k++) {
			same += hashes[k] == hashes[i];
		}
	}
	assert_between(same, 0, 2);
}

static void an_address_keeps_its_context(void **state)
{
	(void)state;
	struct envoi_context *context;
	struct envoi_jid *made;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&made, context, "a@b/c"), ENVOI_OK);
	envoi_context_unref(context);
	assert_ptr_equal(envoi_jid_ref(made), made);
	envoi_jid_unref(made);
	assert_string_equal(envoi_jid_text(made), "a@b/c");
	envoi_jid_unref(made);
}

/* Whatever is accepted is accepted again, as the same: two layers that look at it agree. */
static void accepted_text_is_stable(void **state)
{
	static const char *const units[] = {"a", "B", "@", "/", ".", "-", " ", "\u00df", "\u00e9",
		"e\u0301", "\u03a3", "\u03c2", "\u0130", "\u05d0", "\u0660", "1", "\uff21",
		"\uff0e", "\uff20", "\uff76\uff9e", "\u30fb", "\u4e00", "\u1100\u1161", "\u200d",
		"\u094d", "\u0915", "\u212b", "\u1e9e", "xn--", "\u00b7", "l", "\U0001d15e",
		"\u0345", "\u1fbe", "\xff"};
	uint32_t random = 1;
	unsigned int accepted = 0;
	for (int i = 0; i < 30000; i++) {
		char text[128] = "";
		for (unsigned int n = 1 + i % 8; n > 0; n--) {
			random = random * 1664525 + 1013904223;
			strcat(text, units[(random >> 16) % COUNT(units)]);
		}
		struct envoi_jid *first, *second;
		int r = envoi_jid_from_text(&first, *state, text);
		assert_int_equal(envoi_jid_check(text, strlen(text), NULL, 0), r);
		if (r == ENVOI_OK) {
			accepted++;
			second = jid(state, envoi_jid_text(first));
			assert_true(envoi_jid_equal(first, second));
			assert_string_equal(
				envoi_jid_domain_ascii(first), envoi_jid_domain_ascii(second));
			envoi_jid_unref(first);
			envoi_jid_unref(second);
		}
	}
	assert_true(accepted > 1000);
}

static int make_some(struct envoi_context *context)
{
	static const char *const texts[] = {"a@b/c", "fu\u00df@fu\u00df.de/\u265a"};
	int r = ENVOI_OK;
	for (size_t i = 0; i < COUNT(texts) && r == ENVOI_OK; i++) {
		struct envoi_jid *full = NULL, *bare = NULL, *other = NULL;
		r = envoi_jid_from_text(&full, context, texts[i]);
		if (r == ENVOI_OK) {
			r = envoi_jid_bare(&bare, full);
		}
		if (r == ENVOI_OK) {
			r = envoi_jid_with_resource(&other, bare, "x");
		}
		envoi_jid_unref(full);
		envoi_jid_unref(bare);
		envoi_jid_unref(other);
	}
	return r;
}

static void an_address_takes_one_allocation(void **state)
{
	(void)state;
	assert_int_equal(test_allocator_try(make_some), 1 + 6); /* the context, and three of each */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_examples_of_the_rfc_are_addresses),
		TEST(invalid_examples_of_the_rfc_are_refused),
		TEST(a_resourcepart_may_begin_and_end_with_a_blank),
		TEST(the_first_slash_and_the_first_at_before_it_separate),
		TEST(localparts_are_mapped),
		TEST(ascii_is_allowed_by_its_part),
		TEST(resourceparts_keep_case_and_width),
		TEST(domains_have_one_form),
		TEST(the_reason_of_a_refusal_is_returned),
		TEST(nul_is_refused_in_every_part),
		TEST(parts_have_at_most_1023_bytes_after_preparation),
		TEST(parts_and_text_make_equal_addresses),
		TEST(a_resource_comes_and_goes),
		TEST(only_the_same_address_is_equal),
		TEST(an_address_belongs_to_its_account_and_domain),
		TEST(hashes_distinguish_addresses),
		TEST(an_address_keeps_its_context),
		TEST(accepted_text_is_stable),
		TEST(an_address_takes_one_allocation),
	};
	return cmocka_run_group_tests_name("jid/jid", tests, NULL, NULL);
}
