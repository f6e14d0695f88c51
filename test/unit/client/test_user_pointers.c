/*
 * envoi - from an event or a delivery to what belongs to the program: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/handler.h>
#include <envoi/interfaces/session.h>
#include <envoi/settings.h>

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct envoi_client *client = envoi_session_client(event->session);
	assert_non_null(client);
	int *count = envoi_client_user(client);
	++*count;
	count = envoi_session_handler_user(event->session, self);
	++*count;
}

static const struct envoi_event_row rows[] = {{ENVOI_EVENT_STOPPED, on_event}, ENVOI_ROWS_END};
static const struct envoi_handler_impl impl = {.name = "counter", .events = rows};
static struct envoi_handler handler = {&impl};

static void set(struct envoi_client *client, int *of_client, int *of_handler)
{
	struct envoi_session *session = envoi_client_session(client);
	envoi_client_set_user(client, of_client);
	assert_int_equal(
		envoi_session_set_handler_user(session, &handler, NULL), ENVOI_ERR_NOT_FOUND);
	assert_int_equal(envoi_client_add(client, &handler), ENVOI_OK);
	assert_null(envoi_session_handler_user(session, &handler));
	assert_int_equal(envoi_session_set_handler_user(session, &handler, of_handler), ENVOI_OK);
}

/* One handler on two sessions, and on each with a pointer of its own: also in the events that
 * freeing a client delivers. */
static void events_lead_to_the_pointers_of_client_and_handler(void **state)
{
	(void)state;
	struct envoi_client *first, *second;
	int counts[4] = {0};
	assert_int_equal(envoi_client_new(&first, NULL, "a@example.org"), ENVOI_OK);
	assert_int_equal(envoi_client_new(&second, NULL, "b@example.org"), ENVOI_OK);
	assert_null(envoi_client_user(first));
	set(first, &counts[0], &counts[1]);
	set(second, &counts[2], &counts[3]);
	envoi_client_set_password(second, "x");
	assert_int_equal(envoi_client_connect(second), ENVOI_OK);
	envoi_client_free(second);
	envoi_client_free(first);
	assert_int_equal(counts[0], 0);
	assert_int_equal(counts[1], 0);
	assert_int_equal(counts[2], 1);
	assert_int_equal(counts[3], 1);
}

static void a_session_has_a_pointer_of_its_own(void **state)
{
	(void)state;
	struct envoi_client *client;
	int mine;
	assert_int_equal(envoi_client_new(&client, NULL, "a@example.org"), ENVOI_OK);
	struct envoi_session *session = envoi_client_session(client);
	assert_null(envoi_session_user(session));
	envoi_session_set_user(session, &mine);
	assert_ptr_equal(envoi_session_user(session), &mine);
	assert_null(envoi_client_user(client));
	envoi_client_free(client);
}

static void a_removed_handler_has_none(void **state)
{
	(void)state;
	struct envoi_client *client;
	int count = 0;
	assert_int_equal(envoi_client_new(&client, NULL, "a@example.org"), ENVOI_OK);
	struct envoi_session *session = envoi_client_session(client);
	set(client, &count, &count);
	envoi_client_remove(client, &handler);
	assert_null(envoi_session_handler_user(session, &handler));
	assert_int_equal(envoi_client_add(client, &handler), ENVOI_OK);
	assert_null(envoi_session_handler_user(session, &handler));
	envoi_client_free(client);
}

static void a_session_without_a_client_says_so(void **state)
{
	(void)state;
	struct envoi_context *context;
	struct envoi_session *session;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_new(&session, context, NULL), ENVOI_OK);
	assert_null(envoi_session_client(session));
	envoi_session_free(session);
	envoi_context_unref(context);
}

static void settings_are_copied_into_each_client(void **state)
{
	(void)state;
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_client *client, *second;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "limits.requests", "7"), ENVOI_OK);
	assert_int_equal(
		envoi_client_new_with(&client, context, "a@example.org", settings), ENVOI_OK);
	assert_int_equal(envoi_client_new_with(&second, NULL, "b@example.org", settings), ENVOI_OK);
	assert_ptr_equal(envoi_session_context(envoi_client_session(second)), context);
	assert_int_equal(envoi_client_set(client, "limits.requests", "8"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "limits.requests", "9"), ENVOI_OK);
	assert_int_equal(envoi_settings_int(envoi_client_settings(client), "limits.requests"), 8);
	assert_int_equal(envoi_settings_int(envoi_client_settings(second), "limits.requests"), 7);
	envoi_settings_free(settings);
	envoi_client_free(second);
	envoi_client_free(client);
	envoi_context_unref(context);
}

static void settings_of_another_context_are_refused(void **state)
{
	(void)state;
	struct envoi_context *context, *other;
	struct envoi_settings *settings;
	struct envoi_client *client = NULL;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_context_new(&other, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, other), ENVOI_OK);
	assert_int_equal(envoi_client_new_with(&client, context, "a@example.org", settings),
		ENVOI_ERR_INVALID);
	assert_null(client);
	envoi_settings_free(settings);
	envoi_context_unref(other);
	envoi_context_unref(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_lead_to_the_pointers_of_client_and_handler),
		cmocka_unit_test(a_session_has_a_pointer_of_its_own),
		cmocka_unit_test(a_removed_handler_has_none),
		cmocka_unit_test(a_session_without_a_client_says_so),
		cmocka_unit_test(settings_are_copied_into_each_client),
		cmocka_unit_test(settings_of_another_context_are_refused),
	};
	return cmocka_run_group_tests_name("client/user_pointers", tests, NULL, NULL);
}
