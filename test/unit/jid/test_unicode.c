/*
 * envoi - addresses and PRECIS: what holds for every code point of Unicode
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <idn2.h>
#include <unistr.h>

#include <envoi/context.h>
#include <envoi/jid.h>
#include <envoi/precis.h>

#include "between.h"

enum {
	LAST = 0x10ffff,
	LAST_LETTER = 0x3ffff, /* behind it are tags, selectors and private characters only */
	LONGEST = 64,
};

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

/* The next that is no surrogate, and of planes that Unicode leaves empty, 4 to 13, the edges only.
 *  */
static ucs4_t next(ucs4_t c)
{
	bool is_in_empty_plane = c >> 16 >= 4 && c >> 16 <= 13;
	if (is_in_empty_plane && (c & 0xffff) == 0xff) {
		return c | 0xff00;
	}
	return c == 0xd7ff ? 0xe000 : c + 1;
}

/* Surroundings of a character: alone, repeated behind a letter, before a mark that composes, within
 * right-to-left text, beside what contextual rules want. '*' stands for the character. */
static const char *const surroundings[] = {
	"*", "a**", "*\u0301", "\u05d0*\u05d1", "l*l", "\u0915\u094d*\u30a2"};

enum {
	SURROUNDINGS = sizeof(surroundings) / sizeof(surroundings[0]),
};

static size_t surround(char *text, const char *around, ucs4_t c)
{
	char *at = text;
	for (; *around != '\0'; around++) {
		if (*around == '*') {
			at += u8_uctomb((uint8_t *)at, c, 8);
		} else {
			*at++ = *around;
		}
	}
	*at = '\0';
	return (size_t)(at - text);
}

/* @return whether it was accepted, and, if so, is the same when enforced again */
static bool is_accepted(struct envoi_context *context, enum envoi_precis_profile profile,
	const char *text, size_t len, bool *ret_is_stable)
{
	char *once, *twice = NULL;
	size_t once_len, twice_len = 0;
	enum envoi_precis_problem problem;
	int r = envoi_precis_enforce(&once, &once_len, context, profile, text, len, &problem);
	*ret_is_stable = problem != ENVOI_PRECIS_UNSTABLE;
	if (r < 0) {
		return false;
	}
	r = envoi_precis_enforce(&twice, &twice_len, context, profile, once, once_len, NULL);
	*ret_is_stable = r == ENVOI_OK && once_len == twice_len &&
		memcmp(once, twice, once_len) == 0;
	envoi_free(context, once);
	envoi_free(context, twice);
	return true;
}

/* RFC 8264, section 7: enforcing a result again changes nothing. */
static void each_profile_is_stable(void **state)
{
	for (enum envoi_precis_profile p = ENVOI_PRECIS_USERNAME_CASE_MAPPED;
		p <= ENVOI_PRECIS_NICKNAME_COMPARED; p++) {
		size_t accepted = 0;
		for (ucs4_t c = 1; c <= LAST; c = next(c)) {
			for (size_t i = 0; i < (c <= LAST_LETTER ? SURROUNDINGS : 1); i++) {
				char text[LONGEST];
				bool is_stable;
				size_t len = surround(text, surroundings[i], c);
				accepted += is_accepted(*state, p, text, len, &is_stable);
				if (!is_stable) {
					print_error("U+%04X in \"%s\", profile %d\n",
						(unsigned int)c, surroundings[i], (int)p);
				}
				assert_true(is_stable);
			}
		}
		assert_true(accepted > 100000);
	}
}

/* Where characters change, compose, turn the direction, or depend on their neighbours. */
static const struct {
	ucs4_t first, count;
} classes[] = {
	{0x21, 0x5e},
	{0xa0, 0xe0},
	{0x300, 0x70},
	{0x370, 0x1c0},
	{0x590, 0x70},
	{0x600, 0x100},
	{0x900, 0x80},
	{0x1100, 0x100},
	{0x13a0, 0x60},
	{0x1e00, 0x200},
	{0x2000, 0x190},
	{0x3000, 0x100},
	{0xab60, 0x60},
	{0xac00, 0x80},
	{0xfb00, 0x2d0},
	{0xfe70, 0x180},
	{0x10400, 0x50},
	{0x1d100, 0x100},
	{0x1e900, 0x60},
};
static const ucs4_t contextual[] = {0x200c, 0x200d, 0x94d, 0x915, 0xb7, 'l', 0x375, 0x3b1, 0x5f3,
	0x5f4, 0x5d0, 0x30fb, 0x30a2, 0x4e00, 0x660, 0x6f0, ' ', 0x3000, 0x3a3, 0x3c2};

static uint32_t roll(uint32_t *random, uint32_t sides)
{
	*random = *random * 1664525 + 1013904223;
	return (*random >> 12) % sides;
}

/* One to eight characters of one to three classes. */
static size_t random_text(char *text, uint32_t *random)
{
	enum {
		COUNT = sizeof(classes) / sizeof(classes[0])
	};
	uint32_t some[3] = {
		roll(random, COUNT + 1), roll(random, COUNT + 1), roll(random, COUNT + 1)};
	uint32_t kinds = 1 + roll(random, 3);
	char *at = text;
	for (uint32_t n = 1 + roll(random, 8); n > 0; n--) {
		uint32_t class = some[roll(random, kinds)];
		ucs4_t c = class == COUNT
			? contextual[roll(random, sizeof(contextual) / sizeof(contextual[0]))]
			: classes[class].first + roll(random, classes[class].count);
		at += u8_uctomb((uint8_t *)at, c, 8);
	}
	return (size_t)(at - text);
}

static void random_strings_are_stable(void **state)
{
	enum {
		ROUNDS = 60000
	};
	size_t accepted = 0;
	uint32_t random = 1;
	for (size_t i = 0; i < ROUNDS; i++) {
		char text[LONGEST];
		size_t len = random_text(text, &random);
		for (enum envoi_precis_profile p = ENVOI_PRECIS_USERNAME_CASE_MAPPED;
			p <= ENVOI_PRECIS_NICKNAME_COMPARED; p++) {
			bool is_stable;
			accepted += is_accepted(*state, p, text, len, &is_stable);
			if (!is_stable) {
				fail_msg("%.*s, profile %d", (int)len, text, (int)p);
			}
		}
	}
	assert_between(accepted, ROUNDS, 4 * ROUNDS);
}

/* @return whether it was accepted; then its text makes an equal address */
static bool is_address(struct envoi_context *context, const char *local, const char *domain,
	const char *resource, bool *ret_is_stable)
{
	struct envoi_jid *once, *twice;
	*ret_is_stable = true;
	if (envoi_jid_from_parts(&once, context, local, domain, resource) < 0) {
		return false;
	}
	if (envoi_jid_from_text(&twice, context, envoi_jid_text(once)) < 0) {
		*ret_is_stable = false;
	} else {
		*ret_is_stable = envoi_jid_equal(once, twice) &&
			envoi_jid_compare(once, twice) == 0 &&
			envoi_jid_hash(once) == envoi_jid_hash(twice);
		envoi_jid_unref(twice);
	}
	envoi_jid_unref(once);
	return true;
}

/* Also: what stands in one part never ends it, in whatever form it comes. */
static void the_text_of_an_address_makes_it_again(void **state)
{
	size_t locals = 0, resources = 0;
	for (ucs4_t c = 1; c <= LAST; c = next(c)) {
		char text[LONGEST];
		bool is_local_stable, is_resource_stable;
		surround(text, "a*b", c);
		locals += is_address(*state, text, "b", "r", &is_local_stable);
		resources += is_address(*state, "a", "b", text, &is_resource_stable);
		if (!is_local_stable || !is_resource_stable) {
			print_error("U+%04X\n", (unsigned int)c);
		}
		assert_true(is_local_stable && is_resource_stable);
	}
	assert_true(locals > 100000 && resources > locals);
}

/* @return whether the domain makes the same address as its A-labels do */
static bool has_one_form(struct envoi_context *context, const char *domain)
{
	struct envoi_jid *unicode, *ascii;
	if (envoi_jid_from_parts(&unicode, context, NULL, domain, NULL) < 0) {
		return true;
	}
	int r = envoi_jid_from_text(&ascii, context, envoi_jid_domain_ascii(unicode));
	bool is_same = r == ENVOI_OK && envoi_jid_equal(unicode, ascii) &&
		strcmp(envoi_jid_domain_ascii(unicode), envoi_jid_domain_ascii(ascii)) == 0;
	if (r == ENVOI_OK) {
		envoi_jid_unref(ascii);
	}
	envoi_jid_unref(unicode);
	return is_same;
}

/* @return whether IDNA2008 allows the label, and it is no domain or another one */
static bool is_changed(struct envoi_context *context, const char *label)
{
	struct envoi_jid *jid;
	uint8_t *ascii = NULL;
	if (idn2_register_u8((const uint8_t *)label, NULL, &ascii, 0) != IDN2_OK) {
		return false;
	}
	idn2_free(ascii);
	if (envoi_jid_from_text(&jid, context, label) < 0) {
		return true;
	}
	bool is_same = strcmp(envoi_jid_domain(jid), label) == 0;
	envoi_jid_unref(jid);
	return !is_same;
}

/* But for ASCII capitals, which IDNA2008 maps. */
static void domains_are_those_of_idna2008(void **state)
{
	for (ucs4_t c = 0x80; c <= LAST; c = next(c)) {
		char label[LONGEST];
		bool is_stable;
		surround(label, "a*a", c);
		is_address(*state, NULL, label, NULL, &is_stable);
		bool is_good = is_stable && has_one_form(*state, label) &&
			!is_changed(*state, label);
		if (!is_good) {
			print_error("U+%04X\n", (unsigned int)c);
		}
		assert_true(is_good);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(each_profile_is_stable),
		TEST(random_strings_are_stable),
		TEST(the_text_of_an_address_makes_it_again),
		TEST(domains_are_those_of_idna2008),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("jid/unicode", tests, NULL, NULL);
}
