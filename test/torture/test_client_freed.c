/*
 * envoi - what belongs to a stream is freed while the stream ends: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/sasl.h>
#include <envoi/interfaces/session.h>
#include <envoi/interfaces/stream.h>

#include "world.h"

/* --- a source of passwords that never answers --- */

struct silent_source {
	struct envoi_sasl_credentials base;
	struct program *program;
	void (*inside)(struct silent_source *source); /* cancel() */
	unsigned int requested, canceled, destroyed;
	int code;
};

static struct silent_source *from_base(struct envoi_sasl_credentials *base)
{
	return ENVOI_CONTAINER_OF(base, struct silent_source, base);
}

static unsigned int means(struct envoi_sasl_credentials *base)
{
	(void)base;
	return ENVOI_SASL_PASSWORD;
}

static void request(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	(void)wanted;
	from_base(base)->requested++;
}

static void cancel(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	struct silent_source *source = from_base(base);
	(void)wanted;
	source->canceled++;
	if (source->inside != NULL) {
		source->inside(source);
	}
}

static void destroy(struct envoi_sasl_credentials *base)
{
	from_base(base)->destroyed++;
}

static const struct envoi_sasl_credentials_impl source_impl = {
	.means = means,
	.request = request,
	.cancel = cancel,
	.destroy = destroy,
};

static void free_client(struct silent_source *source)
{
	program_free_client(source->program);
}

static void load_account(struct silent_source *source)
{
	static const char text[] = "envoi-account 1 alice@example.org\n";
	source->code = envoi_client_load_account(source->program->client, text, strlen(text));
}

static void set_credentials(struct silent_source *source)
{
	source->code = envoi_client_set_credentials(source->program->client, NULL);
}

static void disconnect(struct silent_source *source)
{
	envoi_client_disconnect(source->program->client);
}

static void cut(struct world *world)
{
	envoi_memory_pair_cut(world->pair);
	world_run(world, 100);
}

static void wait_for_the_timeout(struct world *world)
{
	world_run(world, 3600000);
}

static void ask_and_end(void (*inside)(struct silent_source *), void (*how)(struct world *),
	const char *setting, int expected)
{
	struct world world;
	struct program program;
	struct silent_source source = {
		.base.impl = &source_impl, .program = &program, .inside = inside, .code = 1};
	world_init(&world, true);
	assert_int_equal(program_init(&program, &world), ENVOI_OK);
	assert_int_equal(envoi_client_set_credentials(program.client, &source.base), ENVOI_OK);
	assert_int_equal(envoi_client_set_assignment(program.client, setting), ENVOI_OK);
	assert_int_equal(envoi_client_connect(program.client), ENVOI_OK);
	world_run(&world, 100);
	assert_int_equal(source.requested, 1);
	how(&world);
	assert_int_equal(source.canceled, 1);
	assert_int_equal(source.code, expected);
	assert_int_equal(program.events[ENVOI_EVENT_DISCONNECTED], 1);
	program_free_client(&program);
	assert_int_equal(source.destroyed, 1);
	world_finish(&world);
}

/* sasl.timeout ends the stream, login.timeout the client's attempt. */
static void a_login_that_ends_during_a_request_for_the_password_may_free_all(void **state)
{
	static void (*const acts[])(struct silent_source *) = {
		free_client, load_account, set_credentials, disconnect};
	static const int codes[] = {1, ENVOI_ERR_STATE, ENVOI_ERR_STATE, 1};
	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		ask_and_end(acts[i], cut, "sasl.timeout=20s", codes[i]);
		ask_and_end(acts[i], wait_for_the_timeout, "sasl.timeout=20s", codes[i]);
		ask_and_end(acts[i], wait_for_the_timeout, "login.timeout=1s", codes[i]);
	}
}

/* --- a stream feature of the application's --- */

struct feature {
	struct envoi_handler base;
	unsigned int finished;
};

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *memory)
{
	(void)stream;
	(void)memory;
	ENVOI_CONTAINER_OF(self, struct feature, base)->finished++;
}

static int take(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)self;
	(void)stream;
	(void)element;
	return ENVOI_OK;
}

static const struct envoi_stream_feature stream_feature = {
	.ns = "urn:x", .name = "x", .finish = finish};
static const struct envoi_stream_element_row rows[] = {
	{.ns = "urn:x", .name = "y", .roles = 1u << ENVOI_INITIATOR, .handle = take},
	{.name = NULL},
};
static const struct envoi_handler_impl feature_impl = {
	.stream_feature = &stream_feature, .stream_elements = rows};

static struct feature *feature_new(void)
{
	struct feature *feature = calloc(1, sizeof(*feature));
	assert_non_null(feature);
	feature->base.impl = &feature_impl;
	return feature;
}

static void connect_and_cut(struct world *world, struct program *program)
{
	assert_int_equal(envoi_client_connect(program->client), ENVOI_OK);
	world_run(world, 100);
	assert_true(program_is_online(program));
	cut(world);
	assert_false(program_is_online(program));
}

static void a_handler_with_a_stream_feature_is_freed_once_it_is_removed(void **state)
{
	(void)state;
	struct world world;
	struct program program;
	world_init(&world, true);
	assert_int_equal(program_init(&program, &world), ENVOI_OK);
	struct feature *feature = feature_new();

	/* offline */
	assert_int_equal(envoi_client_add(program.client, &feature->base), ENVOI_OK);
	envoi_session_remove(envoi_client_session(program.client), &feature->base);
	assert_int_equal(feature->finished, 0);
	free(feature);
	connect_and_cut(&world, &program);

	/* connecting, online */
	for (unsigned int is_online = 0; is_online < 2; is_online++) {
		feature = feature_new();
		assert_int_equal(envoi_client_add(program.client, &feature->base), ENVOI_OK);
		assert_int_equal(envoi_client_connect(program.client), ENVOI_OK);
		if (is_online) {
			world_run(&world, 100);
		}
		assert_int_equal(program_is_online(&program), is_online);
		envoi_client_remove(program.client, &feature->base);
		assert_int_equal(feature->finished, is_online);
		free(feature);
		world_run(&world, 100);
		assert_true(program_is_online(&program));
		assert_true(test_server_says(world.server, "alice@example.org/desk", "<message/>"));
		cut(&world);
	}
	program_free_client(&program);
	world_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_that_ends_during_a_request_for_the_password_may_free_all),
		cmocka_unit_test(a_handler_with_a_stream_feature_is_freed_once_it_is_removed),
	};
	return cmocka_run_group_tests_name("torture/client_freed", tests, NULL, NULL);
}
