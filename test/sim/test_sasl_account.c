/*
 * envoi - what an account's logins teach, from one to the next: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/sasl.h>
#include <envoi/interfaces/stream.h>
#include <envoi/mainloop.h>

#include "server.h"

#define PASSWORD "s3cret-of-alice"

/* A dialogue with the user, which takes time. */
struct dialogue {
	struct envoi_sasl_credentials base;
	struct envoi_sasl_request *request; /* that is open */
	struct envoi_client *frees; /* when it is asked */
	const char *gives_with_keys; /* NULL: no password */
	unsigned int asked, asked_again, asked_with_keys, canceled, destroyed;
};

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct envoi_client *client;
	struct envoi_handler watcher;
	struct dialogue dialogue;
	struct envoi_deferred heartbeat;
	unsigned int turns, online, auths;
	char mechanism[32];
} world;

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	world.online += event->type == ENVOI_EVENT_AVAILABLE;
	if (event->type == ENVOI_EVENT_AUTHENTICATED) {
		snprintf(world.mechanism, sizeof(world.mechanism), "%s", event->text);
	}
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AUTHENTICATED, on_event},
	{ENVOI_EVENT_AVAILABLE, on_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_handler_impl watcher_impl = {.name = "watcher", .events = events};

static void on_tap(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	(void)user;
	world.auths += direction == ENVOI_OUT && len > 5 && memcmp(xml, "<auth", 5) == 0;
}

static void make_client(const char *jid, const char *password)
{
	envoi_client_free(world.client);
	world.online = world.auths = 0;
	world.watcher = (struct envoi_handler)ENVOI_HANDLER(&watcher_impl);
	assert_int_equal(envoi_client_new(&world.client, world.context, jid), ENVOI_OK);
	envoi_client_set(world.client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(world.client, "tls.system-trust", "false");
	envoi_client_set(world.client, "tls.mode", "starttls");
	if (password != NULL) {
		envoi_client_set_password(world.client, password);
	}
	envoi_client_add(world.client, &world.watcher);
	envoi_client_add_connector(world.client, test_server_connector(world.server));
	envoi_client_set_tap(world.client, on_tap, NULL);
}

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	assert_int_equal(envoi_context_new(&world.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&world.loop, world.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(world.context, world.loop), ENVOI_OK);
	world.server = test_server_new(world.context, TEST_DATA, NULL);
	test_server_add_account(world.server, "alice", PASSWORD);
	make_client("alice@example.org", PASSWORD);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_client_free(world.client);
	envoi_deferred_cancel(&world.heartbeat);
	test_server_free(world.server);
	envoi_context_unref(world.context);
	return 0;
}

static void run(void)
{
	world.online = world.auths = 0;
	assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 5000), ENVOI_OK);
}

static void leave(void)
{
	envoi_client_disconnect(world.client);
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 5000), ENVOI_OK);
}

static void log_in(const char *mechanism)
{
	run();
	assert_int_equal(world.online, 1);
	assert_string_equal(world.mechanism, mechanism);
	leave();
}

static const struct envoi_failure *fail_to_log_in(void)
{
	run();
	assert_int_equal(world.online, 0);
	const struct envoi_failure *failure = envoi_client_failure(world.client);
	assert_non_null(failure);
	assert_int_equal(failure->phase, ENVOI_PHASE_SASL);
	return failure;
}

static void server_set(const char *name, const char *value)
{
	assert_int_equal(
		envoi_settings_set(test_server_settings(world.server), name, value), ENVOI_OK);
	test_server_renew_sasl(world.server);
}

/* The program ends, and starts again with what it has saved. */
static void start_again(const char *password)
{
	struct envoi_buffer saved;
	envoi_buffer_init(&saved, world.context, 0);
	assert_int_equal(envoi_client_save_account(world.client, &saved), ENVOI_OK);
	make_client("alice@example.org", password);
	assert_int_equal(envoi_client_load_account(
				 world.client, envoi_buffer_data(&saved), envoi_buffer_len(&saved)),
		ENVOI_OK);
	envoi_buffer_wipe(&saved);
}

static unsigned int dialogue_means(struct envoi_sasl_credentials *base)
{
	(void)base;
	return ENVOI_SASL_PASSWORD;
}

static void dialogue_request(
	struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	struct dialogue *dialogue = ENVOI_CONTAINER_OF(base, struct dialogue, base);
	dialogue->asked++;
	dialogue->asked_again += request->is_again;
	dialogue->asked_with_keys += request->has_keys;
	dialogue->request = request;
	if (request->has_keys) {
		envoi_sasl_answer(request, ENVOI_OK,
			&(struct envoi_sasl_identity){
				.authcid = "alice", .password = dialogue->gives_with_keys});
	} else if (dialogue->frees != NULL) {
		world.client = NULL;
		envoi_client_free(dialogue->frees);
	}
}

static void dialogue_cancel(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	(void)request;
	ENVOI_CONTAINER_OF(base, struct dialogue, base)->canceled++;
}

static void dialogue_destroy(struct envoi_sasl_credentials *base)
{
	ENVOI_CONTAINER_OF(base, struct dialogue, base)->destroyed++;
}

static const struct envoi_sasl_credentials_impl dialogue_impl = {
	.means = dialogue_means,
	.request = dialogue_request,
	.cancel = dialogue_cancel,
	.destroy = dialogue_destroy,
};

static void ask_the_user(void)
{
	make_client("alice@example.org", NULL);
	world.dialogue = (struct dialogue){.base.impl = &dialogue_impl};
	assert_int_equal(
		envoi_client_set_credentials(world.client, &world.dialogue.base), ENVOI_OK);
}

/* After a start with what was saved. */
static void ask_the_user_again(void)
{
	start_again(NULL);
	world.dialogue = (struct dialogue){.base.impl = &dialogue_impl};
	assert_int_equal(
		envoi_client_set_credentials(world.client, &world.dialogue.base), ENVOI_OK);
}

static void the_user_answers(int code, const char *password)
{
	envoi_sasl_answer(world.dialogue.request, code,
		&(struct envoi_sasl_identity){.authcid = "alice", .password = password});
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 5000), ENVOI_OK);
}

#define BEST "SCRAM-SHA-512-PLUS"

/* --- keys --- */

static void the_second_login_needs_no_password(void **state)
{
	(void)state;
	log_in(BEST);
	start_again(NULL);
	log_in(BEST);
	start_again(NULL);
	log_in(BEST);
}

/* What one process has saved another loads: nothing of the first's memory is needed. */
static void account_state_passes_to_another_process(void **state)
{
	(void)state;
	struct envoi_buffer saved;
	struct envoi_context *other;
	struct envoi_client *client;
	log_in(BEST);
	envoi_buffer_init(&saved, world.context, 0);
	assert_int_equal(envoi_client_save_account(world.client, &saved), ENVOI_OK);
	assert_int_equal(envoi_context_new(&other, NULL), ENVOI_OK);
	assert_int_equal(envoi_client_new(&client, other, "alice@example.org"), ENVOI_OK);
	assert_int_equal(envoi_client_load_account(
				 client, envoi_buffer_data(&saved), envoi_buffer_len(&saved)),
		ENVOI_OK);
	struct envoi_buffer again;
	envoi_buffer_init(&again, other, 0);
	assert_int_equal(envoi_client_save_account(client, &again), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&again), envoi_buffer_len(&saved));
	assert_memory_equal(
		envoi_buffer_data(&again), envoi_buffer_data(&saved), envoi_buffer_len(&saved));
	envoi_client_free(client);
	/* And back, without a password. */
	make_client("alice@example.org", NULL);
	assert_int_equal(envoi_client_load_account(
				 world.client, envoi_buffer_data(&again), envoi_buffer_len(&again)),
		ENVOI_OK);
	envoi_buffer_wipe(&again);
	envoi_buffer_wipe(&saved);
	envoi_context_unref(other);
	log_in(BEST);
	server_set("sasl.channel-binding", "never");
	fail_to_log_in();
}

static void forgotten_keys_do_not_log_in(void **state)
{
	(void)state;
	log_in(BEST);
	start_again(NULL);
	envoi_client_forget_keys(world.client);
	const struct envoi_failure *failure = fail_to_log_in();
	assert_non_null(strstr(failure->text, "no password"));
	assert_int_equal(world.auths, 0);
}

static void keys_are_not_kept_where_the_setting_says_so(void **state)
{
	(void)state;
	envoi_client_set(world.client, "sasl.keep-keys", "false");
	log_in(BEST);
	start_again(NULL);
	fail_to_log_in();
}

/* The count stands for the salt: either changed, the keys do not fit. */
static void a_changed_count_asks_for_the_password_again(void **state)
{
	(void)state;
	log_in(BEST);
	server_set("sasl.min-iterations", "5000");
	log_in(BEST); /* it is known */
	server_set("sasl.min-iterations", "6000");
	start_again(NULL);
	const struct envoi_failure *failure = fail_to_log_in();
	assert_string_equal(
		failure->text, BEST ": the server needs the password, which is not known");
	server_set("sasl.min-iterations", "5000");
	log_in(BEST);
}

static void keys_that_the_server_refuses_give_way_to_the_password(void **state)
{
	(void)state;
	log_in(BEST);
	ask_the_user_again();
	test_server_set_password(world.server, "alice", "new");
	const struct envoi_failure *failure = fail_to_log_in();
	assert_string_equal(failure->condition, "not-authorized");
	assert_int_equal(failure->retry, ENVOI_RETRY_NOW);
	assert_int_equal(world.dialogue.asked_with_keys, 1);
	run();
	the_user_answers(ENVOI_OK, "new");
	assert_int_equal(world.online, 1);
	assert_int_equal(world.dialogue.asked_with_keys, 1);
}

/* Keys of unknown origin would log in, and the mistake would show when the server changes its salt.
 *  */
static void a_wrong_password_is_noticed_although_there_are_keys(void **state)
{
	(void)state;
	log_in(BEST);
	start_again("wrong");
	const struct envoi_failure *failure = fail_to_log_in();
	assert_string_equal(failure->condition, "not-authorized");
	assert_int_equal(failure->retry, ENVOI_RETRY_AFTER_USER);
	start_again(NULL);
	log_in(BEST); /* with the keys, which the server has not refused */
	ask_the_user_again();
	world.dialogue.gives_with_keys = "wrong";
	failure = fail_to_log_in();
	assert_string_equal(failure->condition, "not-authorized");
	assert_int_equal(failure->retry, ENVOI_RETRY_AFTER_USER);
	world.dialogue.gives_with_keys = PASSWORD;
	log_in(BEST);
}

/* However few iterations there are: they are computed within the step. */
static void a_wrong_password_is_not_tried_again_where_the_keys_do_not_fit(void **state)
{
	(void)state;
	server_set("sasl.min-iterations", "5000");
	log_in(BEST);
	start_again("wrong");
	server_set("sasl.min-iterations", "4096");
	const struct envoi_failure *failure = fail_to_log_in();
	assert_string_equal(failure->condition, "not-authorized");
	assert_int_equal(failure->retry, ENVOI_RETRY_AFTER_USER);
	server_set("sasl.min-iterations", "5000");
	start_again(NULL);
	log_in(BEST); /* with the keys, which were not refused */
}

static void another_password_wipes_the_keys(void **state)
{
	(void)state;
	log_in(BEST);
	envoi_client_set_password(world.client, "wrong");
	const struct envoi_failure *failure = fail_to_log_in();
	assert_string_equal(failure->condition, "not-authorized");
	assert_int_equal(failure->retry, ENVOI_RETRY_AFTER_USER);
}

/* --- the pin --- */

/* An attacker with a valid certificate removes from the offer what would reveal it. */
static void a_server_that_offers_less_is_refused_before_anything_is_sent(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value, *usual, *words;
	} rows[] = {
		{"sasl.channel-binding", "never", "auto", "could bind the login"},
		{"sasl.mechanisms", "SCRAM-SHA-1-PLUS SCRAM-SHA-1", NULL, "had " BEST " before"},
		{"sasl.mechanisms", "SCRAM-SHA-512", NULL, "could bind the login"},
		{"sasl.mechanisms", "PLAIN", NULL, "could bind the login"},
	};
	log_in(BEST);
	start_again(PASSWORD);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		server_set(rows[i].name, rows[i].value);
		const struct envoi_failure *failure = fail_to_log_in();
		assert_int_equal(failure->code, ENVOI_ERR_AUTH);
		assert_non_null(strstr(failure->text, rows[i].words));
		assert_non_null(strstr(failure->text, "an attacker may have changed its offer"));
		assert_int_equal(world.auths, 0);
		server_set(rows[i].name, rows[i].usual);
	}
	log_in(BEST);
}

static void the_user_may_accept_less(void **state)
{
	(void)state;
	log_in(BEST);
	server_set("sasl.channel-binding", "never");
	fail_to_log_in();
	envoi_client_forget_pin(world.client);
	log_in("SCRAM-SHA-512");
	server_set("sasl.channel-binding", "auto");
	log_in(BEST);
}

static void a_failed_login_pins_nothing(void **state)
{
	(void)state;
	envoi_client_set_password(world.client, "wrong");
	fail_to_log_in();
	server_set("sasl.mechanisms", "SCRAM-SHA-1-PLUS");
	envoi_client_set_password(world.client, PASSWORD);
	log_in("SCRAM-SHA-1-PLUS");
}

/* Nor after another call of connect. */
static void a_failed_login_with_binding_is_not_tried_again_without(void **state)
{
	(void)state;
	envoi_client_set_password(world.client, "wrong");
	fail_to_log_in();
	assert_int_equal(world.auths, 1);
	envoi_client_set_password(world.client, PASSWORD);
	server_set("sasl.channel-binding", "never");
	const struct envoi_failure *failure = fail_to_log_in();
	assert_int_equal(failure->code, ENVOI_ERR_AUTH);
	assert_non_null(strstr(failure->text, "(tls-exporter) has failed, and now"));
	assert_int_equal(world.auths, 0);
	/* Unless the user says so. */
	envoi_client_set(world.client, "sasl.channel-binding", "never");
	log_in("SCRAM-SHA-512");
	envoi_client_set(world.client, "sasl.channel-binding", "auto");
	log_in("SCRAM-SHA-512");
	/* Or what failed has succeeded, or is forgotten. */
	start_again("wrong");
	envoi_client_forget_keys(world.client);
	server_set("sasl.channel-binding", "auto");
	fail_to_log_in();
	server_set("sasl.channel-binding", "never");
	envoi_client_set_password(world.client, PASSWORD);
	fail_to_log_in();
	envoi_client_forget_pin(world.client);
	log_in("SCRAM-SHA-512");
}

/* --- as text --- */

static int load(const char *text)
{
	return envoi_client_load_account(world.client, text, strlen(text));
}

static void only_the_account_itself_is_loaded(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{"envoi-account 1 alice@example.org\n", ENVOI_OK},
		{"envoi-account 1 alice@example.org\nof a later version\n", ENVOI_OK},
		{"envoi-account 1 alice@example.org\nsasl-pin SCRAM-SHA-512\n", ENVOI_OK},
		{"envoi-account 1 alice@example.org\nsasl-pin PLAIN", ENVOI_ERR_INVALID},
		{"envoi-account 1 alice@example.org\nsasl-pin plain\n", ENVOI_ERR_INVALID},
		{"envoi-account 1 bob@example.org\n", ENVOI_ERR_INVALID},
		{"envoi-account 1 alice@example.org", ENVOI_ERR_INVALID},
		{"envoi-account 2 alice@example.org\n", ENVOI_ERR_INVALID},
		{"", ENVOI_ERR_INVALID},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(load(rows[i].text), rows[i].result);
	}
	/* The last good one is still there. */
	server_set("sasl.mechanisms", "SCRAM-SHA-1");
	fail_to_log_in();
	assert_int_equal(load("envoi-account 1 alice@example.org\n"), ENVOI_OK);
	run();
	assert_int_equal(load("envoi-account 1 alice@example.org\n"), ENVOI_ERR_STATE);
	assert_int_equal(world.online, 1);
}

static void without_an_account_there_is_no_state(void **state)
{
	(void)state;
	struct envoi_buffer out;
	envoi_buffer_init(&out, world.context, 0);
	make_client("example.org", NULL);
	assert_int_equal(envoi_client_save_account(world.client, &out), ENVOI_ERR_STATE);
	assert_int_equal(load("envoi-account 1 example.org\n"), ENVOI_ERR_STATE);
	envoi_buffer_finish(&out);
}

/* --- identities that come later --- */

static void the_password_is_requested_only_when_it_is_needed(void **state)
{
	(void)state;
	ask_the_user();
	run();
	assert_int_equal(world.auths, 0);
	the_user_answers(ENVOI_OK, PASSWORD);
	assert_int_equal(world.online, 1);
	assert_int_equal(envoi_client_set_credentials(world.client, NULL), ENVOI_ERR_STATE);
	leave();
	log_in(BEST);
	assert_int_equal(world.dialogue.asked, 2);
	assert_int_equal(world.dialogue.asked_with_keys, 1);
	assert_int_equal(world.dialogue.asked_again, 0);
	server_set("sasl.min-iterations", "5000");
	run();
	assert_int_equal(world.online, 0);
	assert_int_equal(world.dialogue.asked_again, 1);
	the_user_answers(ENVOI_OK, PASSWORD);
	assert_int_equal(world.online, 1);
	envoi_client_free(world.client);
	world.client = NULL;
	assert_int_equal(world.dialogue.destroyed, 1);
	assert_int_equal(world.dialogue.canceled, 0);
}

/* login.timeout is 60 s, sasl.timeout 20 s. */
static void the_user_may_take_longer_than_the_login(void **state)
{
	(void)state;
	ask_the_user();
	server_set("sasl.timeout", "3600s");
	run();
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 500000), ENVOI_OK);
	assert_int_equal(world.dialogue.canceled, 0);
	the_user_answers(ENVOI_OK, PASSWORD);
	assert_int_equal(world.online, 1);
}

static int never_ends(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)self, (void)stream, (void)offer, (void)features;
	return ENVOI_AGAIN;
}

static void the_answer_leaves_the_login_the_rest_of_its_time(void **state)
{
	(void)state;
	static const struct envoi_stream_feature endless = {
		.ns = "urn:test",
		.name = "endless",
		.necessary = ENVOI_STREAM_BOUND,
		.phase = ENVOI_PHASE_BIND,
		.negotiate = never_ends,
	};
	static const struct envoi_handler_impl impl = {
		.name = "endless", .stream_feature = &endless};
	static struct envoi_handler handler = {.impl = &impl};
	ask_the_user();
	server_set("sasl.timeout", "3600s");
	assert_int_equal(envoi_client_set(world.client, "bind.timeout", "3600s"), ENVOI_OK);
	assert_int_equal(envoi_client_add(world.client, &handler), ENVOI_OK);
	run();
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 500000), ENVOI_OK);
	the_user_answers(ENVOI_OK, PASSWORD);
	assert_null(envoi_client_failure(world.client));
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 60000), ENVOI_OK);
	const struct envoi_failure *failure = envoi_client_failure(world.client);
	assert_non_null(failure);
	assert_int_equal(failure->code, ENVOI_ERR_TIMEOUT);
}

static void who_gives_no_password_ends_the_login_however_late(void **state)
{
	(void)state;
	log_in(BEST);
	struct envoi_buffer saved;
	envoi_buffer_init(&saved, world.context, 0);
	assert_int_equal(envoi_client_save_account(world.client, &saved), ENVOI_OK);
	server_set("sasl.min-iterations", "5000");
	for (int i = 0; i < 3; i++) {
		ask_the_user();
		assert_int_equal(envoi_client_load_account(world.client, envoi_buffer_data(&saved),
					 envoi_buffer_len(&saved)),
			ENVOI_OK);
		run();
		assert_int_equal(world.dialogue.asked_again, 1);
		if (i == 2) {
			break; /* the client is freed while he thinks */
		}
		the_user_answers(i == 0 ? ENVOI_ERR_CANCELED : ENVOI_OK, i == 0 ? NULL : "\xff");
		const struct envoi_failure *failure = envoi_client_failure(world.client);
		assert_non_null(failure);
		assert_int_equal(failure->code, i == 0 ? ENVOI_ERR_CANCELED : ENVOI_ERR_INVALID);
	}
	envoi_client_free(world.client);
	world.client = NULL;
	assert_int_equal(world.dialogue.canceled, 1);
	envoi_buffer_wipe(&saved);
}

static void the_client_may_be_freed_during_a_request_for_the_password(void **state)
{
	(void)state;
	ask_the_user();
	world.dialogue.frees = world.client;
	assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 5000), ENVOI_OK);
	assert_null(world.client);
	assert_int_equal(world.dialogue.destroyed, 1);
}

/* The offer has no use for a password: the source is not asked. */
static void weak_mechanisms_do_not_ask_for_the_password(void **state)
{
	(void)state;
	ask_the_user();
	server_set("sasl.mechanisms", "ANONYMOUS");
	const struct envoi_failure *failure = fail_to_log_in();
	assert_int_equal(failure->code, ENVOI_ERR_AUTH);
	assert_int_equal(world.dialogue.asked, 0);
	assert_int_equal(world.auths, 0);
}

/* The source is not asked, and a password that was set is not used. */
static void an_address_without_a_localpart_logs_in_anonymously(void **state)
{
	(void)state;
	server_set("sasl.mechanisms", "ANONYMOUS PLAIN SCRAM-SHA-256");
	make_client("example.org", PASSWORD);
	envoi_client_set(world.client, "sasl.mechanisms", "SCRAM-SHA-256 ANONYMOUS PLAIN");
	run();
	assert_int_equal(world.online, 1);
	assert_string_equal(world.mechanism, "ANONYMOUS");
	const struct envoi_jid *jid = envoi_session_jid(envoi_client_session(world.client));
	assert_string_equal(envoi_jid_text(jid), "resource-1@example.org/resource-1");
	leave();
	log_in("ANONYMOUS");
}

static void an_address_without_a_localpart_needs_no_less_than_anonymous(void **state)
{
	(void)state;
	server_set("sasl.mechanisms", "PLAIN SCRAM-SHA-256");
	make_client("example.org", PASSWORD);
	envoi_client_set(world.client, "sasl.mechanisms", "SCRAM-SHA-256 ANONYMOUS PLAIN");
	const struct envoi_failure *failure = fail_to_log_in();
	assert_int_equal(failure->code, ENVOI_ERR_AUTH);
	assert_int_equal(world.auths, 0);
}

/* Not even one without a password, where that is all there is. */
static void an_account_does_not_log_in_anonymously(void **state)
{
	(void)state;
	server_set("sasl.mechanisms", "ANONYMOUS");
	make_client("alice@example.org", NULL);
	envoi_client_set(world.client, "sasl.mechanisms", "ANONYMOUS");
	const struct envoi_failure *failure = fail_to_log_in();
	assert_int_equal(failure->code, ENVOI_ERR_AUTH);
	assert_int_equal(world.auths, 0);
}

/* --- time --- */

static void on_heartbeat(struct envoi_deferred *deferred)
{
	world.turns++;
	envoi_deferred_post(deferred, world.loop, on_heartbeat);
}

/* 100,000 iterations on each side are 25 slices, each in a turn of its own. */
static void the_loop_turns_while_keys_are_derived(void **state)
{
	(void)state;
	server_set("sasl.min-iterations", "100000");
	envoi_client_set(world.client, "sasl.mechanisms", "SCRAM-SHA-256-PLUS");
	assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
	for (int i = 0; i < 1000 && world.online == 0; i++) {
		if (world.heartbeat.loop == NULL) {
			envoi_deferred_post(&world.heartbeat, world.loop, on_heartbeat);
		}
		assert_int_equal(envoi_loop_run_once(world.loop, true), ENVOI_OK);
	}
	assert_int_equal(world.online, 1);
	unsigned int turns = world.turns;
	envoi_deferred_cancel(&world.heartbeat);
	leave();
	/* With keys only the server derives. */
	world.turns = world.online = 0;
	assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
	envoi_deferred_post(&world.heartbeat, world.loop, on_heartbeat);
	for (int i = 0; i < 1000 && world.online == 0; i++) {
		assert_int_equal(envoi_loop_run_once(world.loop, true), ENVOI_OK);
	}
	assert_int_equal(world.online, 1);
	assert_true(world.turns > 24);
	assert_true(turns >= world.turns + 24);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(the_second_login_needs_no_password),
		CASE(account_state_passes_to_another_process),
		CASE(forgotten_keys_do_not_log_in),
		CASE(keys_are_not_kept_where_the_setting_says_so),
		CASE(a_changed_count_asks_for_the_password_again),
		CASE(keys_that_the_server_refuses_give_way_to_the_password),
		CASE(a_wrong_password_is_noticed_although_there_are_keys),
		CASE(a_wrong_password_is_not_tried_again_where_the_keys_do_not_fit),
		CASE(another_password_wipes_the_keys),
		CASE(a_server_that_offers_less_is_refused_before_anything_is_sent),
		CASE(the_user_may_accept_less),
		CASE(a_failed_login_pins_nothing),
		CASE(a_failed_login_with_binding_is_not_tried_again_without),
		CASE(only_the_account_itself_is_loaded),
		CASE(without_an_account_there_is_no_state),
		CASE(the_password_is_requested_only_when_it_is_needed),
		CASE(the_user_may_take_longer_than_the_login),
		CASE(the_answer_leaves_the_login_the_rest_of_its_time),
		CASE(who_gives_no_password_ends_the_login_however_late),
		CASE(the_client_may_be_freed_during_a_request_for_the_password),
		CASE(weak_mechanisms_do_not_ask_for_the_password),
		CASE(an_address_without_a_localpart_logs_in_anonymously),
		CASE(an_address_without_a_localpart_needs_no_less_than_anonymous),
		CASE(an_account_does_not_log_in_anonymously),
		CASE(the_loop_turns_while_keys_are_derived),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/sasl_account", tests, NULL, NULL);
}
