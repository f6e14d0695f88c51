/*
 * envoi - payloads: comparing and copying: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>

#include "parse_one.h"
#include "payload/payload_tables.h"
#include "payload_fixture.h"

/* --- comparing --- */

static void absent_and_default_mean_the_same(void **state)
{
	(void)state;
	struct attrs a = {.limited = "", .fallback = "usual"}, b = {.limited = ""};
	assert_true(envoi_payload_equal(&attrs_type, &a, &b));
	a.truth = true; /* but has_truth is false */
	assert_true(envoi_payload_equal(&attrs_type, &a, &b));
	a.has_truth = true;
	assert_false(envoi_payload_equal(&attrs_type, &a, &b));
	b.has_truth = true;
	assert_false(envoi_payload_equal(&attrs_type, &a, &b));
	b.truth = true;
	assert_true(envoi_payload_equal(&attrs_type, &a, &b));
	a.text = "";
	assert_false(envoi_payload_equal(&attrs_type, &a, &b));
}

static void every_member_counts(void **state)
{
	struct envoi_jid *x, *y;
	assert_int_equal(envoi_jid_from_text(&x, *state, "a@b"), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&y, *state, "a@b/c"), ENVOI_OK);
	const struct attrs base = {
		.limited = "l", .sure = x, .hex = {(const unsigned char *)"ab", 2}};
	struct attrs other = base;
	other.sure = y;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other.limited = NULL;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	assert_true(envoi_payload_equal(&attrs_type, &other, &other));
	other = base;
	other.limited = "m";
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other = base;
	other.u64 = UINT64_C(1) << 63;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other = base;
	other.hex.data = (const unsigned char *)"ac";
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other.hex.len = 1;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other = base;
	other.colour = RED;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	struct shape one = {.kind = CIRCLE, .is.circle.radius = 1};
	struct shape two = {.kind = CIRCLE, .is.circle.radius = 2};
	assert_false(envoi_payload_equal(&shape_type, &one, &two));
	two.kind = NOTHING;
	assert_false(envoi_payload_equal(&shape_type, &one, &two));
	struct needy with = {.circle = &one.is.circle}, without = {.circle = NULL};
	assert_false(envoi_payload_equal(&small_type, &with, &without));
	assert_true(envoi_payload_equal(&small_type, &without, &without));
	struct children no_hex = {.needed = ""},
			some_hex = {.needed = "", .hex.data = base.hex.data};
	assert_false(envoi_payload_equal(&children_type, &no_hex, &some_hex));
	one.kind = NOTHING;
	assert_true(envoi_payload_equal(&shape_type, &one, &two));
	one.inside = &two;
	assert_false(envoi_payload_equal(&shape_type, &one, &two));
	envoi_jid_unref(x);
	envoi_jid_unref(y);
}

/* @return arrays with @p count items each, the last of which is another when @p is_other */
static struct envoi_element *parse_arrays(
	struct envoi_context *context, const char *item, size_t count, const char *last)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, context, 0);
	assert_int_equal(envoi_buffer_append_text(&xml, ARRAYS), ENVOI_OK);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(
			envoi_buffer_append_text(&xml, i + 1 < count ? item : last), ENVOI_OK);
	}
	assert_int_equal(envoi_buffer_append_text(&xml, "</arrays>"), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&xml, "", 1), ENVOI_OK);
	struct envoi_element *element = parse_one(context, envoi_buffer_data(&xml));
	envoi_buffer_finish(&xml);
	return element;
}

static void every_item_of_an_array_counts(void **state)
{
	static const char *const items[][2] = {
		{"<text>one</text>", "<text>two</text>"},
		{"<lang>en</lang>", "<lang>de</lang>"},
		{"<i8>1</i8>", "<i8>2</i8>"},
		{"<u64>1</u64>", "<u64>2</u64>"},
		{"<truth>true</truth>", "<truth>false</truth>"},
		{"<colour>red</colour>", "<colour>blue</colour>"},
		{"<date>2002-09-10T23:08:25Z</date>", "<date>2002-09-10T23:08:26Z</date>"},
		{"<zone>+05:45</zone>", "<zone>-05:45</zone>"},
		{"<base64>AAEC</base64>", "<base64>AAED</base64>"},
		{"<hex>00</hex>", "<hex>01</hex>"},
		{"<jid>a@b</jid>", "<jid>a@c</jid>"},
		{"<item jid='a@b'/>", "<item jid='a@b/c'/>"},
		{"<needed kind='k'>n</needed>", "<needed>n</needed>"},
		{"<x xmlns='urn:x'>y</x>", "<x xmlns='urn:x'>z</x>"},
	};
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		struct envoi_element *elements[] = {
			parse_arrays(*state, items[i][0], 3, items[i][0]),
			parse_arrays(*state, items[i][0], 3, items[i][1]),
			parse_arrays(*state, items[i][0], 2, items[i][0]),
			parse_arrays(*state, items[i][0], 0, items[i][0]),
		};
		const void *values[4];
		for (size_t k = 0; k < 4; k++) {
			assert_int_equal(
				envoi_payload_parse(&values[k], &arrays_type, elements[k], NULL),
				ENVOI_OK);
		}
		for (size_t k = 0; k < 16; k++) {
			if (envoi_payload_equal(&arrays_type, values[k / 4], values[k % 4]) !=
				(k / 4 == k % 4)) {
				fail_msg("%s: %zu and %zu", items[i][0], k / 4, k % 4);
			}
		}
		for (size_t k = 0; k < 4; k++) {
			envoi_element_unref(elements[k]);
		}
	}
}

/* Each level an item of the one above. */
static void items_count_for_the_depth(void **state)
{
	for (int more = 0; more < 2; more++) {
		struct envoi_element *root = envoi_element_new(
			*state, "urn:example:shape", "shape");
		struct envoi_element *at = root;
		for (int i = 1; i < ENVOI_PAYLOAD_DEPTH + more; i++) {
			at = envoi_element_add(at, NULL, "shape");
		}
		const void *value;
		assert_int_equal(envoi_payload_parse(&value, &shape_type, root, NULL),
			more > 0 ? ENVOI_ERR_LIMIT : ENVOI_OK);
		if (more == 0) {
			assert_int_equal(envoi_payload_check(&shape_type, value, NULL), ENVOI_OK);
			void *copy = envoi_payload_dup(*state, &shape_type, value);
			assert_true(envoi_payload_equal(&shape_type, copy, value));
			envoi_payload_free(&shape_type, copy);
		}
		envoi_element_unref(root);
	}
}

static void elements_are_compared_by_their_content(void **state)
{
	static const char *const forms[] = {
		"<n xmlns='urn:n'/>",
		"<n xmlns='urn:m'/>",
		"<m xmlns='urn:n'/>",
		"<n xmlns='urn:n'>t</n>",
		"<n xmlns='urn:n' a='1'/>",
		"<n xmlns='urn:n' a='2'/>",
		"<n xmlns='urn:n' a='1' b='2'/>",
		"<n xmlns='urn:n'><a/><b/></n>",
		"<n xmlns='urn:n'><a><b/></a></n>",
		"<n xmlns='urn:n'><b/><a/></n>",
		"<n xmlns='urn:n'><a/></n>",
		"<n xmlns='urn:n'><a><b/><c/></a><d/></n>",
		"<n xmlns='urn:n'><a><b/></a><c/><d/></n>",
		"<n xmlns='urn:n'><a><b><c/></b></a><d/></n>",
	};
	enum {
		FORMS = sizeof(forms) / sizeof(forms[0]),
	};
	struct envoi_element *a[FORMS], *b[FORMS];
	for (size_t i = 0; i < FORMS; i++) {
		a[i] = parse_one(*state, forms[i]);
		b[i] = parse_one(*state, forms[i]);
	}
	for (size_t i = 0; i < FORMS; i++) {
		for (size_t j = 0; j < FORMS; j++) {
			struct shape x = {.rest = a[i]}, y = {.rest = b[j]};
			assert_int_equal(envoi_payload_equal(&shape_type, &x, &y), i == j);
		}
	}
	for (size_t i = 0; i < FORMS; i++) {
		envoi_element_unref(a[i]);
		envoi_element_unref(b[i]);
	}
}

/* --- copying --- */

static void a_copy_shares_nothing_with_its_original(void **state)
{
	struct decoded decoded = payload_decode(*state, &arrays_type,
		ARRAYS "<text>one</text><jid>a@b</jid><inners/><needed kind='k'>n</needed>"
		       "<base64>AAEC</base64><x xmlns='urn:x'>y</x></arrays>");
	struct arrays *copy = envoi_payload_dup(*state, &arrays_type, decoded.value);
	assert_non_null(copy);
	const struct arrays *arrays = decoded.value;
	assert_ptr_not_equal(copy->texts[1], arrays->texts[1]);
	assert_ptr_not_equal(copy->any[0], arrays->any[0]);
	envoi_element_unref(decoded.element);
	assert_int_equal(copy->text_count, 2);
	assert_string_equal(copy->texts[1], "one");
	assert_string_equal(envoi_jid_text(copy->jids[0]), "a@b");
	assert_string_equal(copy->inners[0].kind, "k");
	assert_memory_equal(copy->base64s[0].data, "\0\1\2", 3);
	assert_string_equal(envoi_element_text(copy->any[1]), "y");
	assert_null(copy->dates);
	envoi_payload_free(&arrays_type, copy);
}

static void a_copy_has_its_defaults_filled_in(void **state)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, *state, "a@b"), ENVOI_OK);
	struct attrs attrs = {.limited = "", .sure = jid, .date = 5};
	struct attrs *copy = envoi_payload_dup(*state, &attrs_type, &attrs);
	assert_string_equal(copy->fallback, "usual");
	assert_int_equal(copy->date, 0);
	assert_false(copy->has_date);
	envoi_jid_unref(jid);
	assert_string_equal(envoi_jid_text(copy->sure), "a@b");
	envoi_payload_free(&attrs_type, copy);
	attrs.sure = NULL; /* cannot be written, but copied */
	copy = envoi_payload_dup(*state, &attrs_type, &attrs);
	assert_null(copy->sure);
	envoi_payload_free(&attrs_type, copy);
	struct children children = {.needed = "x"};
	struct children *copied = envoi_payload_dup(*state, &children_type, &children);
	assert_null(copied->hex.data);
	envoi_payload_free(&children_type, copied);
	struct shape shape = {.kind = (enum shape_kind)9};
	struct shape *odd = envoi_payload_dup(*state, &shape_type, &shape);
	assert_int_equal(odd->kind, 9);
	envoi_payload_free(&shape_type, odd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, payload_setup, payload_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(absent_and_default_mean_the_same),
		TEST(every_member_counts),
		TEST(every_item_of_an_array_counts),
		TEST(items_count_for_the_depth),
		TEST(elements_are_compared_by_their_content),
		TEST(a_copy_shares_nothing_with_its_original),
		TEST(a_copy_has_its_defaults_filled_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
