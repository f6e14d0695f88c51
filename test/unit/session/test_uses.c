/*
 * envoi - extensions with what they depend on: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

/* --- extensions: caps needs disco and forms, muc needs disco --- */

static unsigned int alive; /* handlers made and not destroyed */
static const char *failing; /* the name of the one that cannot be made; NULL: none */
static struct wire *current;

struct made {
	struct envoi_handler base;
	bool unuses_itself;
};

static void destroy(struct envoi_handler *self)
{
	alive--;
	free(ENVOI_CONTAINER_OF(self, struct made, base));
}

extern const struct envoi_extension caps_extension, forms_extension, disco_extension, muc_extension,
	middle_extension, circle_extension;

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	const struct made *made = ENVOI_CONTAINER_OF(self, struct made, base);
	write_text(&current->log, "%s ", self->impl->name);
	if (made->unuses_itself) {
		envoi_session_unuse(envoi_delivery_session(in), &caps_extension);
	}
	return ENVOI_OK;
}

static const struct envoi_stanza_row rows[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message}, ENVOI_ROWS_END};

static int make(struct envoi_handler **ret_handler, const struct envoi_handler_impl *impl)
{
	if (failing != NULL && strcmp(failing, impl->name) == 0) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	struct made *made = calloc(1, sizeof(*made));
	assert_non_null(made);
	made->base.impl = impl;
	alive++;
	*ret_handler = &made->base;
	return ENVOI_OK;
}

#define EXTENSION(word, its_needs) \
	static const struct envoi_handler_impl word##_impl = { \
		.name = #word, .stanzas = rows, .destroy = destroy}; \
	static int word##_make(struct envoi_handler **ret_handler, struct envoi_session *session) \
	{ \
		(void)session; \
		return make(ret_handler, &word##_impl); \
	} \
	const struct envoi_extension word##_extension = { \
		.name = #word, .needs = (its_needs), .make = word##_make}

EXTENSION(forms, NULL);
static const struct envoi_extension *const disco_needs[] = {&forms_extension, NULL};
EXTENSION(disco, disco_needs);
static const struct envoi_extension *const caps_needs[] = {
	&disco_extension, &forms_extension, NULL};
EXTENSION(caps, caps_needs);
static const struct envoi_extension *const muc_needs[] = {&disco_extension, NULL};
EXTENSION(muc, muc_needs);

static const struct envoi_extension *const middle_needs[] = {
	&forms_extension, &circle_extension, NULL};
EXTENSION(middle, middle_needs);
static const struct envoi_extension *const circle_needs[] = {&middle_extension, NULL};
EXTENSION(circle, circle_needs);

/* --- fixtures --- */

static int setup(void **state)
{
	alive = 0;
	failing = NULL;
	int r = wire_setup_online(state);
	current = *state;
	return r;
}

static int teardown(void **state)
{
	int r = wire_teardown(state);
	assert_int_equal(alive, 0);
	return r;
}

static int use(struct wire *wire, const struct envoi_extension *extension)
{
	return envoi_session_use(wire->session, extension, NULL);
}

static void assert_order(struct wire *wire, const char *names)
{
	(void)wire_log(wire);
	wire_say(wire, "<message/>");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), names);
}

/* --- tests --- */

static void an_extension_comes_with_what_it_depends_on(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *handler = NULL;
	assert_int_equal(envoi_session_use(wire->session, &caps_extension, &handler), ENVOI_OK);
	assert_ptr_equal(handler, envoi_session_find(wire->session, "caps"));
	assert_int_equal(alive, 3);
	assert_order(wire, "forms disco caps ");
}

static void an_extension_that_nothing_uses_is_freed(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(use(wire, &caps_extension), ENVOI_OK);
	assert_int_equal(use(wire, &muc_extension), ENVOI_OK);
	assert_int_equal(use(wire, &muc_extension), ENVOI_OK);
	assert_int_equal(use(wire, &forms_extension), ENVOI_OK);
	envoi_session_unuse(wire->session, &caps_extension);
	assert_order(wire, "forms disco muc ");
	envoi_session_unuse(wire->session, &caps_extension); /* it is not used */
	envoi_session_unuse(wire->session, &muc_extension);
	assert_order(wire, "forms disco muc ");
	envoi_session_unuse(wire->session, &muc_extension);
	assert_order(wire, "forms ");
	envoi_session_unuse(wire->session, &forms_extension);
	assert_order(wire, "");
	assert_int_equal(alive, 0);
}

static void a_handler_of_the_application_is_used_and_stays(void **state)
{
	struct wire *wire = *state;
	static struct made own;
	struct envoi_handler *handler;
	own.base.impl = &disco_impl;
	assert_int_equal(envoi_session_add(wire->session, &own.base), ENVOI_OK);
	assert_int_equal(use(wire, &caps_extension), ENVOI_OK);
	assert_int_equal(envoi_session_use(wire->session, &disco_extension, &handler), ENVOI_OK);
	assert_ptr_equal(handler, &own.base);
	assert_int_equal(alive, 2);
	envoi_session_unuse(wire->session, &disco_extension);
	envoi_session_unuse(wire->session, &caps_extension);
	assert_int_equal(alive, 0);
	assert_order(wire, "disco ");
	envoi_session_remove(wire->session, &own.base);
}

static void a_circle_is_refused_with_its_names(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(use(wire, &forms_extension), ENVOI_OK);
	assert_int_equal(use(wire, &circle_extension), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(wire->session),
		"extension \"circle\": needs itself: it needs middle needs circle");
	assert_order(wire, "forms ");
	assert_int_equal(use(wire, &middle_extension), ENVOI_ERR_INVALID);
	envoi_session_unuse(wire->session, &forms_extension);
	assert_int_equal(alive, 0);
}

static void when_one_cannot_be_made_nothing_is_attached(void **state)
{
	struct wire *wire = *state;
	static const char *const names[] = {"forms", "disco", "caps"};
	for (size_t i = 0; i < 3; i++) {
		failing = names[i];
		assert_int_equal(use(wire, &caps_extension), ENVOI_ERR_UNSUPPORTED);
		assert_int_equal(alive, 0);
		assert_order(wire, "");
	}
	assert_string_equal(
		envoi_session_problem(wire->session), "extension \"caps\" cannot be made");
	failing = NULL;
	assert_int_equal(use(wire, &caps_extension), ENVOI_OK);
	assert_int_equal(alive, 3);
}

static void an_extension_may_be_freed_inside_its_own_callback(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *handler;
	assert_int_equal(envoi_session_use(wire->session, &caps_extension, &handler), ENVOI_OK);
	ENVOI_CONTAINER_OF(handler, struct made, base)->unuses_itself = true;
	assert_order(wire, "forms disco caps ");
	assert_int_equal(alive, 0);
	assert_order(wire, "");
}

/* --- what `make` may do --- */

static int make_and_free_session(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	int r = make(ret_handler, &muc_impl);
	assert_ptr_equal(session, current->session);
	wire_free_session(current);
	return r;
}

static void the_session_may_be_freed_while_one_is_made(void **state)
{
	struct wire *wire = *state;
	static const struct envoi_extension leaving = {
		.name = "leaving", .needs = caps_needs, .make = make_and_free_session};
	struct envoi_handler *handler = NULL;
	assert_int_equal(envoi_session_use(wire->session, &leaving, &handler), ENVOI_ERR_STATE);
	assert_null(handler);
	assert_int_equal(alive, 0);
}

extern const struct envoi_extension hasty_extension;

static int make_and_unuse(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	envoi_session_unuse(session, &hasty_extension);
	return make(ret_handler, &muc_impl);
}

const struct envoi_extension hasty_extension = {
	.name = "muc", .needs = disco_needs, .make = make_and_unuse};

static void one_that_is_being_made_cannot_be_unused(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(use(wire, &hasty_extension), ENVOI_OK);
	assert_int_equal(alive, 2);
	assert_order(wire, "forms muc ");
	envoi_session_unuse(wire->session, &hasty_extension);
	assert_int_equal(alive, 0);
}

static void one_is_made_where_the_application_has_removed_its_own(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *own = NULL, *handler = NULL;
	assert_int_equal(make(&own, &disco_impl), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, own), ENVOI_OK);
	assert_int_equal(use(wire, &disco_extension), ENVOI_OK);
	envoi_session_remove(wire->session, own);
	envoi_handler_destroy(own);
	assert_int_equal(envoi_session_use(wire->session, &disco_extension, &handler), ENVOI_OK);
	assert_ptr_equal(handler, envoi_session_find(wire->session, "disco"));
	assert_order(wire, "forms disco ");
	envoi_session_unuse(wire->session, &disco_extension);
	assert_int_equal(alive, 2);
	envoi_session_unuse(wire->session, &disco_extension);
	assert_int_equal(alive, 0);
}

static void freeing_the_session_ends_all_uses(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(use(wire, &caps_extension), ENVOI_OK);
	assert_int_equal(use(wire, &muc_extension), ENVOI_OK);
	assert_int_equal(alive, 4);
	wire_free_session(wire);
	assert_int_equal(alive, 0);
}

static void without_memory_nothing_is_attached(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	int r = ENVOI_ERR_NOMEM;
	for (size_t n = 1; r != ENVOI_OK; n++) {
		struct wire wire = {0};
		current = &wire;
		alive = 0;
		wire_init(&wire, &(struct envoi_context_options){.allocator = functions});
		wire_go_online(&wire);
		allocator.fail_at = allocator.calls + n;
		r = use(&wire, &caps_extension);
		allocator.fail_at = 0;
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		assert_int_equal(alive, r == ENVOI_OK ? 3 : 0);
		assert_order(&wire, r == ENVOI_OK ? "forms disco caps " : "");
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
		assert_int_equal(alive, 0);
		assert_true(n < 100);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_extension_comes_with_what_it_depends_on),
		TEST(an_extension_that_nothing_uses_is_freed),
		TEST(a_handler_of_the_application_is_used_and_stays),
		TEST(a_circle_is_refused_with_its_names),
		TEST(when_one_cannot_be_made_nothing_is_attached),
		TEST(an_extension_may_be_freed_inside_its_own_callback),
		TEST(the_session_may_be_freed_while_one_is_made),
		TEST(one_that_is_being_made_cannot_be_unused),
		TEST(one_is_made_where_the_application_has_removed_its_own),
		TEST(freeing_the_session_ends_all_uses),
		cmocka_unit_test(without_memory_nothing_is_attached),
	};
	return cmocka_run_group_tests_name("session/uses", tests, NULL, NULL);
}
