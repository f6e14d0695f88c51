/*
 * envoi - tests: the records of a journal
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the format of the records is not public.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/error.h>

#include "session/journal/journal_record.h"

static const struct envoi__record written[] = {
	{ENVOI__RECORD_ACCOUNT, 1795557583000, 1, "alice@example.org", 17},
	{ENVOI__RECORD_STARTED, -1, 0, "", 0},
	{ENVOI__RECORD_SENT, INT64_MAX, UINT64_MAX, "a\n\0 \nb", 6},
	{ENVOI__RECORD_ENDED, INT64_MIN, 7, "\n", 1},
};

enum {
	WRITTEN = sizeof(written) / sizeof(written[0]),
};

struct fixture {
	struct envoi_context *context;
	struct envoi_buffer out;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	envoi_buffer_init(&f->out, f->context, 0);
	for (size_t i = 0; i < WRITTEN; i++) {
		assert_int_equal(envoi__record_write(&f->out, &written[i]), ENVOI_OK);
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	envoi_buffer_finish(&f->out);
	envoi_context_unref(f->context);
	free(f);
	return 0;
}

static void assert_is_written(const struct envoi__record *record, size_t i)
{
	assert_int_equal(record->kind, written[i].kind);
	assert_true(record->time_ms == written[i].time_ms);
	assert_true(record->number == written[i].number);
	assert_int_equal(record->len, written[i].len);
	assert_memory_equal(record->data, written[i].data, written[i].len);
}

/* @return how many were read; *ret_end is the code of the read after them */
static size_t read_all(const char *data, size_t len, int *ret_end)
{
	/* a copy of just that size: reading beyond it is found by the sanitizer */
	char *copy = malloc(len > 0 ? len : 1);
	assert_non_null(copy);
	memcpy(copy, data, len);
	struct envoi__records records = {copy, len};
	struct envoi__record record;
	size_t count = 0;
	while ((*ret_end = envoi__record_read(&records, &record)) == ENVOI_OK) {
		assert_true(count < WRITTEN);
		assert_is_written(&record, count);
		count++;
	}
	free(copy);
	return count;
}

static void a_written_record_is_read(void **state)
{
	struct fixture *f = *state;
	int end;
	assert_int_equal(
		read_all(envoi_buffer_data(&f->out), envoi_buffer_len(&f->out), &end), WRITTEN);
	assert_int_equal(end, ENVOI_STOP);
}

static size_t size_without_last(const struct fixture *f)
{
	struct envoi_buffer last;
	envoi_buffer_init(&last, f->context, 0);
	assert_int_equal(envoi__record_write(&last, &written[WRITTEN - 1]), ENVOI_OK);
	size_t size = envoi_buffer_len(&f->out) - envoi_buffer_len(&last);
	envoi_buffer_finish(&last);
	return size;
}

static void a_last_record_that_is_cut_off_counts_as_none(void **state)
{
	struct fixture *f = *state;
	size_t size = envoi_buffer_len(&f->out);
	int end;
	for (size_t len = size_without_last(f); len < size; len++) {
		assert_int_equal(read_all(envoi_buffer_data(&f->out), len, &end), WRITTEN - 1);
		assert_int_equal(end, ENVOI_STOP);
	}
}

/* @param wanted  the end of reading when any of these bytes is another */
static void damage(struct fixture *f, size_t from, size_t to, int wanted)
{
	size_t len = envoi_buffer_len(&f->out);
	char *copy = malloc(len);
	assert_non_null(copy);
	for (size_t i = from; i < to; i++) {
		int end;
		memcpy(copy, envoi_buffer_data(&f->out), len);
		copy[i] ^= 4;
		(void)read_all(copy, len, &end);
		assert_int_equal(end, wanted);
	}
	free(copy);
}

static void a_last_record_that_is_damaged_counts_as_none(void **state)
{
	struct fixture *f = *state;
	damage(f, size_without_last(f), envoi_buffer_len(&f->out), ENVOI_STOP);
}

static void damage_before_the_last_record_is_noticed(void **state)
{
	struct fixture *f = *state;
	damage(f, 0, size_without_last(f), ENVOI_ERR_INVALID);
}

static void zeros_at_the_end_count_as_none(void **state)
{
	struct fixture *f = *state;
	int end;
	assert_int_equal(envoi_buffer_append(&f->out, (const char[4096]){0}, 4096), ENVOI_OK);
	assert_int_equal(
		read_all(envoi_buffer_data(&f->out), envoi_buffer_len(&f->out), &end), WRITTEN);
	assert_int_equal(end, ENVOI_STOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_written_record_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_last_record_that_is_cut_off_counts_as_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_last_record_that_is_damaged_counts_as_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			damage_before_the_last_record_is_noticed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(zeros_at_the_end_count_as_none, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
