/*
 * envoi - addresses and PRECIS: what holds for every code point of Unicode
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <idn2.h>
#include <unistr.h>

#include <envoi/context.h>
#include <envoi/jid.h>
#include <envoi/precis.h>

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

/* The next that is no surrogate. */
static ucs4_t next(ucs4_t c)
{
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
	*ret_is_stable = r == ENVOI_OK && once_len == twice_len && memcmp(once, twice, once_len) == 0;
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
		bool is_good = is_stable && has_one_form(*state, label) && !is_changed(*state, label);
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
		TEST(the_text_of_an_address_makes_it_again),
		TEST(domains_are_those_of_idna2008),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("jid/unicode", tests, NULL, NULL);
}
