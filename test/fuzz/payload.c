/*
 * envoi - fuzz target: payload descriptors
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte that selects a table of the tests (together they have every kind of row), and an
 * element, which the library's tables decode too. With its high bit set, the byte selects one of
 * all tables, and the other bytes are the seed of a struct. A decoded or valid struct is equal to
 * the one that is decoded from its XML.
 */
#include "fuzz.h"

#include <string.h>

#include <envoi/payload.h>

#include "library_payloads.h"
#include "payload_random.h"
#include "unit/payload/payload_tables.h"

#define NS "jabber:client"

static void write_payload(
	struct envoi_buffer *out, const struct envoi_payload_type *type, const void *value)
{
	struct envoi_payload_problem problem;
	struct envoi_xml_writer *writer = envoi_xml_writer_new(out, NS);
	EXPECT(envoi_payload_check(type, value, &problem) == ENVOI_OK);
	EXPECT(envoi_payload_write(writer, type, value, &problem) == ENVOI_OK);
	EXPECT(envoi_xml_writer_finish(writer) == ENVOI_OK);
}

static void check_built(const struct envoi_buffer *written, const struct envoi_payload_type *type,
	const void *value)
{
	struct envoi_element *tree;
	struct envoi_buffer out;
	envoi_buffer_init(&out, written->context, 0);
	EXPECT(envoi_payload_build(&tree, written->context, type, value, NULL) == ENVOI_OK);
	EXPECT(envoi_xml_write(&out, tree, NS) == ENVOI_OK);
	EXPECT(fuzz_same(written, &out));
	envoi_element_unref(tree);
	envoi_buffer_finish(&out);
}

static void check_copy(const struct envoi_buffer *written, const struct envoi_payload_type *type,
	const void *value)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, written->context, 0);
	void *copy = envoi_payload_dup(written->context, type, value);
	EXPECT(copy != NULL && envoi_payload_equal(type, value, copy));
	write_payload(&out, type, copy);
	EXPECT(fuzz_same(written, &out));
	envoi_payload_free(type, copy);
	envoi_buffer_finish(&out);
}

static void check_value(
	struct envoi_context *context, const struct envoi_payload_type *type, const void *value)
{
	struct envoi_element *element;
	const void *again;
	struct envoi_buffer written;
	envoi_buffer_init(&written, context, 0);
	write_payload(&written, type, value);
	int r = envoi_xml_parse(
		&element, context, envoi_buffer_data(&written), envoi_buffer_len(&written), NS);
	EXPECT(r == ENVOI_OK || r == ENVOI_ERR_LIMIT);
	if (r == ENVOI_OK) {
		EXPECT(envoi_payload_parse(&again, type, element, NULL) == ENVOI_OK);
		EXPECT(envoi_payload_equal(type, value, again));
		check_copy(&written, type, again);
		envoi_element_unref(element);
	}
	check_built(&written, type, value);
	envoi_buffer_finish(&written);
}

static void check_random(struct envoi_context *context, const struct envoi_payload_type *type,
	const struct fuzz_input *input)
{
	struct payload_random random;
	uint64_t seed = 0;
	memcpy(&seed, input->data, input->len < sizeof(seed) ? input->len : sizeof(seed));
	EXPECT(payload_random_init(&random, context, seed) == 0);
	check_value(context, type, payload_random_struct(&random, type));
	payload_random_finish(&random);
}

static void check_xml(struct envoi_context *context, const struct envoi_payload_type *type,
	const struct envoi_element *element)
{
	struct envoi_payload_problem problem = {.why = NULL};
	const void *value = NULL;
	int r = envoi_payload_parse(&value, type, element, &problem);
	if (r == ENVOI_OK) {
		EXPECT(value != NULL);
		check_value(context, type, value);
	} else if (r != ENVOI_DECLINED) {
		EXPECT(r == ENVOI_ERR_PROTOCOL || r == ENVOI_ERR_LIMIT);
		EXPECT(problem.why != NULL && problem.where[0] != '\0');
	}
}

enum {
	OWN = sizeof(all_types) / sizeof(all_types[0]),
};

/* The tables of the tests, then the library's. */
static const struct envoi_payload_type *chosen(unsigned int choice)
{
	unsigned int all = OWN;
	while (library_payloads[all - OWN] != NULL) {
		all++;
	}
	choice %= all;
	return choice < OWN ? all_types[choice] : library_payloads[choice - OWN];
}

static void check_xml_by_all(
	struct envoi_context *context, unsigned int choice, const struct envoi_element *element)
{
	check_xml(context, all_types[choice % OWN], element);
	for (size_t i = 0; library_payloads[i] != NULL; i++) {
		check_xml(context, library_payloads[i], element);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	uint8_t choice = fuzz_byte(&input);
	struct envoi_context *context = fuzz_context();
	struct envoi_element *element;
	if ((choice & 0x80) != 0 && input.len > 0) {
		check_random(context, chosen(choice & 0x7f), &input);
	} else if (envoi_xml_parse(&element, context, (const char *)input.data, input.len, NS) ==
		ENVOI_OK) {
		check_xml_by_all(context, choice, element);
		envoi_element_unref(element);
	}
	envoi_context_unref(context);
	return 0;
}
