/*
 * envoi - the record of a stanza that was sent: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: an application does not look into the records that it stores.
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
#include <envoi/error.h>

#include "session/journal/journal_sent.h"

#define EMPTY_MESSAGE "<message></message>"

static const struct {
	const char *record;
	bool is_good;
} records[] = {
	{"1 0 0 0 0 0 0\n<iq/>", true},
	{"6 255 7 0 1 -5 9\n<iq/>", true},
	{"1 0 0 1 0 0 0\n" EMPTY_MESSAGE, true},
	{"1 0 9223372036854775807 1 0 9223372036854775807 0\n" EMPTY_MESSAGE, true},
	{"", false},
	{"1 0 0 0 0 0 0", false},
	{"1 0 0 0 0 0 0\n", false},
	{"1 0 0 0 0 0 0\n<iq/", false},
	{"1 0 0 1 0 0 0\n<message></message", false},
	{"0 0 0 0 0 0 0\n<iq/>", false},
	{"7 0 0 0 0 0 0\n<iq/>", false},
	{"1 -1 0 0 0 0 0\n<iq/>", false},
	{"1 256 0 0 0 0 0\n<iq/>", false},
	{"1 0 -1 0 0 0 0\n<iq/>", false},
	{"1 0 0 0 0 0\n<iq/>", false},
	{"1 0 0 0 0 0 0 0\n<iq/>", false},
	{"1 0 x 0 0 0 0\n<iq/>", false},
	{"1  0 0 0 0 0 0\n<iq/>", false},
	{"9223372036854775808 0 0 0 0 0 0\n<iq/>", false},
};

/* In a block of its own: memory checkers see what is read behind it. */
static int read(const char *record, struct envoi__outbox_item *ret_item)
{
	size_t len = strlen(record);
	char *copy = malloc(len + 1);
	assert_non_null(copy);
	memcpy(copy, record, len);
	int r = envoi__journal_sent_read(ret_item, copy, len);
	if (r == ENVOI_OK) {
		assert_memory_equal(ret_item->xml, strchr(record, '\n') + 1, ret_item->len);
		assert_int_equal(ret_item->len, strlen(strchr(record, '\n') + 1));
	}
	free(copy);
	return r;
}

static void a_record_is_read_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct envoi__outbox_item item;
		int r = read(records[i].record, &item);
		if (r != (records[i].is_good ? ENVOI_OK : ENVOI_ERR_INVALID)) {
			fail_msg("\"%s\": %d", records[i].record, r);
		}
	}
}

static void every_field_is_read(void **state)
{
	struct envoi__outbox_item item;
	(void)state;
	assert_int_equal(read("2 3 4 0 1 -5 6\n<iq/>", &item), ENVOI_OK);
	assert_int_equal(item.meta.kind, ENVOI_PRESENCE);
	assert_int_equal(item.meta.type, 3);
	assert_int_equal(item.meta.answers, 4);
	assert_false(item.meta.may_resend);
	assert_true(item.meta.has_delay);
	assert_int_equal(item.meta.sent_ms, -5);
	assert_int_equal(item.meta.waiting, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_or_refused),
		cmocka_unit_test(every_field_is_read),
	};
	return cmocka_run_group_tests_name("session/journal_sent", tests, NULL, NULL);
}
