/*
 * envoi - Entity Capabilities: tests of the cache
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/caps.h>

#include "../ext/caps_inside.h"
#include "test_allocator.h"

#define HEAD \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
#define END "</stream:stream>"
#define QUERY(node, content) \
	"<query xmlns='http://jabber.org/protocol/disco#info' node='" node "'>" content "</query>"

/* XEP-0115, section 5.2 */
#define SIMPLE_KEY "sha-1 QgayPKawpkPSDYmwT/WM94uAlu0="
#define SIMPLE \
	"<identity category='client' type='pc' name='Exodus 0.9.1'/>" \
	"<feature var='http://jabber.org/protocol/caps'/>" \
	"<feature var='http://jabber.org/protocol/disco#info'/>" \
	"<feature var='http://jabber.org/protocol/disco#items'/>" \
	"<feature var='http://jabber.org/protocol/muc'/>"

/* sha256sum of "urn:a" 1f 1c "a" 1f "b" 1f 1f 1f 1e 1c 1c (XEP-0390, section 4.1) */
#define SECOND_KEY "urn:xmpp:caps#sha-256.pLuiC2vBsRG7agpffKENkxsYF91az4XLpjeZuk1uie8="
#define SECOND "<identity category='a' type='b'/><feature var='urn:a'/>"

struct fixture {
	struct envoi_context *context;
	struct envoi_caps_cache *cache;
	struct envoi_buffer out;
};

static int setup(void **state)
{
	static struct fixture f;
	assert_int_equal(envoi_context_new(&f.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_caps_cache_new(&f.cache, f.context), ENVOI_OK);
	envoi_buffer_init(&f.out, f.context, 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_buffer_finish(&f->out);
	envoi_caps_cache_unref(f->cache);
	envoi_context_unref(f->context);
	return 0;
}

static int import(struct fixture *f, const char *xml)
{
	return envoi_caps_cache_import(f->cache, xml, strlen(xml));
}

static const char *export(struct fixture *f)
{
	envoi_buffer_truncate(&f->out, 0);
	assert_int_equal(envoi_caps_cache_export(f->cache, &f->out), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&f->out, "", 1), ENVOI_OK);
	return envoi_buffer_data(&f->out);
}

static void what_was_exported_can_be_imported(void **state)
{
	struct fixture *f = *state;
	const char *both = HEAD QUERY(SIMPLE_KEY, SIMPLE) QUERY(SECOND_KEY, SECOND) END;
	assert_string_equal(export(f), HEAD END);
	assert_int_equal(import(f, both), ENVOI_OK);
	assert_int_equal(envoi_caps_cache_count(f->cache), 2);
	assert_string_equal(export(f), both);
	assert_int_equal(import(f, both), ENVOI_OK);
	assert_int_equal(envoi_caps_cache_count(f->cache), 2);
	assert_int_equal(envoi__caps_cache_get(f->cache, SIMPLE_KEY)->info->feature_count, 4);
}

static void the_one_used_last_is_exported_last(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		import(f, HEAD QUERY(SIMPLE_KEY, SIMPLE) QUERY(SECOND_KEY, SECOND) END), ENVOI_OK);
	assert_non_null(envoi__caps_cache_get(f->cache, SIMPLE_KEY));
	assert_string_equal(
		export(f), HEAD QUERY(SECOND_KEY, SECOND) QUERY(SIMPLE_KEY, SIMPLE) END);
}

static void a_reference_keeps_a_cache(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(import(f, HEAD QUERY(SIMPLE_KEY, SIMPLE) END), ENVOI_OK);
	struct envoi_caps_cache *cache = envoi_caps_cache_ref(f->cache);
	assert_ptr_equal(cache, f->cache);
	assert_null(envoi_caps_cache_unref(cache));
	assert_int_equal(envoi_caps_cache_count(f->cache), 1);
	assert_null(envoi_caps_cache_unref(NULL));
}

static void what_does_not_match_is_left_out(void **state)
{
	static const char *const lies[] = {
		HEAD QUERY(SIMPLE_KEY, SIMPLE "<feature var='urn:evil'/>") END,
		HEAD QUERY(SECOND_KEY, SIMPLE) END,
		HEAD QUERY("", SIMPLE) END,
		HEAD QUERY("sha-1", SIMPLE) END,
		HEAD QUERY("QgayPKawpkPSDYmwT/WM94uAlu0=", SIMPLE) END,
		HEAD QUERY("md5 QgayPKawpkPSDYmwT/WM94uAlu0=", SIMPLE) END,
		HEAD QUERY("urn:xmpp:caps#sha-1.QgayPKawpkPSDYmwT/WM94uAlu0=", SIMPLE) END,
		HEAD "<query xmlns='http://jabber.org/protocol/disco#info'>" SIMPLE "</query>" END,
		HEAD QUERY(SIMPLE_KEY, SIMPLE "<identity/>") END,
		HEAD "<message/>" END,
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		assert_int_equal(import(f, lies[i]), ENVOI_OK);
		assert_int_equal(envoi_caps_cache_count(f->cache), 0);
	}
}

static void malformed_bytes_are_refused(void **state)
{
	static const char *const bad[] = {"", "x", HEAD, HEAD "<query", "<a/>", HEAD "</x>"};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(import(f, bad[i]), ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi_caps_cache_count(f->cache), 0);
	assert_int_equal(import(f, HEAD QUERY(SECOND_KEY, SECOND) "<query"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_caps_cache_count(f->cache), 1);
}

static char category[] = "a", type[] = "b";

static void put(struct fixture *f, int number, size_t weight)
{
	char key[30];
	struct envoi_disco_identity identity = {.category = category, .type = type};
	const struct envoi_disco_info info = {.identities = &identity, .identity_count = 1};
	struct envoi__caps_known *known = envoi__caps_known_new(f->context, &info, weight);
	assert_non_null(known);
	snprintf(key, sizeof(key), "sha-1 %d", number);
	envoi__caps_cache_put(f->cache, key, known);
	envoi__caps_known_unref(known);
}

static void the_one_used_longest_ago_is_dropped(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < ENVOI_CAPS_MOST_HASHES; i++) {
		put(f, i, 100);
	}
	assert_int_equal(envoi_caps_cache_count(f->cache), ENVOI_CAPS_MOST_HASHES);
	assert_non_null(envoi__caps_cache_get(f->cache, "sha-1 0"));
	put(f, ENVOI_CAPS_MOST_HASHES, 100);
	assert_int_equal(envoi_caps_cache_count(f->cache), ENVOI_CAPS_MOST_HASHES);
	assert_non_null(envoi__caps_cache_get(f->cache, "sha-1 0"));
	assert_null(envoi__caps_cache_get(f->cache, "sha-1 1"));
}

static void the_bytes_have_a_limit(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 5; i++) {
		put(f, i, ENVOI_CAPS_MOST_BYTES / 4);
	}
	assert_int_equal(envoi_caps_cache_count(f->cache), 4);
	assert_null(envoi__caps_cache_get(f->cache, "sha-1 0"));
	put(f, 5, ENVOI_CAPS_MOST_BYTES + 1);
	assert_int_equal(envoi_caps_cache_count(f->cache), 0);
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	bool has_failed = true;
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct fixture f = {.cache = NULL};
		const struct envoi_context_options options = {
			.allocator = test_allocator_functions(&allocator)};
		assert_int_equal(envoi_context_new(&f.context, &options), ENVOI_OK);
		envoi_buffer_init(&f.out, f.context, 0);
		allocator.fail_at = allocator.calls + n;
		int r = envoi_caps_cache_new(&f.cache, f.context);
		if (r == ENVOI_OK) {
			r = import(&f, HEAD QUERY(SECOND_KEY, SECOND) END);
		}
		if (r == ENVOI_OK) {
			r = envoi_caps_cache_export(f.cache, &f.out);
			assert_true(r == ENVOI_OK || envoi_buffer_len(&f.out) == 0);
		}
		has_failed = allocator.calls >= allocator.fail_at;
		assert_true(r == ENVOI_OK || (has_failed && r == ENVOI_ERR_NOMEM));
		envoi_buffer_finish(&f.out);
		envoi_caps_cache_unref(f.cache);
		envoi_context_unref(f.context);
		assert_int_equal(allocator.live, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_exported_can_be_imported),
		TEST(the_one_used_last_is_exported_last),
		TEST(a_reference_keeps_a_cache),
		TEST(what_does_not_match_is_left_out),
		TEST(malformed_bytes_are_refused),
		TEST(the_one_used_longest_ago_is_dropped),
		TEST(the_bytes_have_a_limit),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("ext/caps_cache", tests, NULL, NULL);
}
