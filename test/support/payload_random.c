/*
 * envoi - structs by chance, valid ones, for any payload table
 * SPDX-License-Identifier: MIT
 */
#include "payload_random.h"

#include <stdlib.h>
#include <string.h>

#include <envoi/context.h>

enum {
	DEEPEST = 6,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void fill_struct(struct payload_random *random, const struct envoi_payload_type *type,
	const char *ns, char *into, unsigned int depth);

/* splitmix64 */
static uint64_t next(struct payload_random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t payload_random_below(struct payload_random *random, uint64_t bound)
{
	return next(random) % bound;
}

static bool flip(struct payload_random *random)
{
	return payload_random_below(random, 2) == 0;
}

static void *block(struct payload_random *random, size_t len)
{
	void *memory = calloc(1, len > 0 ? len : 1);
	void **blocks = realloc(random->blocks, (random->block_count + 1) * sizeof(*blocks));
	if (memory == NULL || blocks == NULL) {
		abort();
	}
	random->blocks = blocks;
	random->blocks[random->block_count++] = memory;
	return memory;
}

static const char *const addresses[] = {"example.org", "a@b", "bob@example.org/desk",
	"x@y.z/ / &<>'\"", "a.b@c.d/\xc3\xa9", "192.0.2.1", "node@h/r/s@t", "u@example.com/1"};

int payload_random_init(struct payload_random *random, struct envoi_context *context, uint64_t seed)
{
	*random = (struct payload_random){.context = context, .state = seed};
	for (size_t i = 0; i < COUNT(addresses); i++) {
		if (envoi_jid_from_text(&random->jids[i], context, addresses[i]) < 0 &&
			envoi_jid_from_text(&random->jids[i], context, "a@b") < 0) {
			payload_random_finish(random);
			return -1;
		}
	}
	return 0;
}

void payload_random_finish(struct payload_random *random)
{
	for (size_t i = 0; i < random->element_count; i++) {
		envoi_element_unref(random->elements[i]);
	}
	for (size_t i = 0; i < random->block_count; i++) {
		free(random->blocks[i]);
	}
	for (size_t i = 0; i < COUNT(random->jids); i++) {
		envoi_jid_unref(random->jids[i]);
	}
	free(random->blocks);
	free(random->elements);
}

/* --- values --- */

static const char *random_text(struct payload_random *random, const struct envoi_field *field)
{
	static const char *const pieces[] = {"a", "Z", "0", " ", "<", ">", "&", "'", "\"", "]]>",
		"\t", "\n", "\r", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\xa6", "&amp;", "--",
		"<![CDATA[", "\xef\xbf\xbd", "{}",
		"a long piece of text that says nothing at all "};
	size_t room = field->max_bytes > 0 ? field->max_bytes : 200;
	char *text = block(random, room + 1);
	size_t len = 0;
	for (uint64_t count = payload_random_below(random, 8); count > 0; count--) {
		const char *piece = pieces[payload_random_below(random, COUNT(pieces))];
		if (len + strlen(piece) <= room) {
			memcpy(text + len, piece, strlen(piece));
			len += strlen(piece);
		}
	}
	if ((field->flags & ENVOI_SPACES) != 0) {
		for (; len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL; len--) {
			text[len - 1] = '\0';
		}
		text += strspn(text, " \t\r\n");
	}
	return text;
}

static const char *random_lang(struct payload_random *random)
{
	static const char *const tags[] = {"de", "de-CH", "zh-Hant-TW", "x-1-2", ""};
	const char *tag = tags[payload_random_below(random, COUNT(tags))];
	char *text = block(random, strlen(tag) + 1);
	memcpy(text, tag, strlen(tag));
	return text;
}

static uint64_t random_int(struct payload_random *random, const struct envoi_field *field)
{
	uint64_t unused = 64 - 8 * (uint64_t)field->size;
	bool has_range = field->min != 0 || field->max != 0;
	if (field->is_signed) {
		int64_t max = INT64_MAX >> unused, min = -max - 1;
		if (has_range) {
			min = field->min > min ? field->min : min;
			max = field->max >= field->min && field->max < max ? field->max : max;
		}
		uint64_t span = (uint64_t)max - (uint64_t)min;
		uint64_t step = span == UINT64_MAX ? next(random) : next(random) % (span + 1);
		uint64_t kind = payload_random_below(random, 4);
		return kind == 0 ? (uint64_t)min : kind == 1 ? (uint64_t)max : (uint64_t)min + step;
	}
	uint64_t max = UINT64_MAX >> unused, min = field->min > 0 ? (uint64_t)field->min : 0;
	if (has_range && field->max >= field->min && (uint64_t)field->max < max) {
		max = (uint64_t)field->max;
	}
	uint64_t step = max - min == UINT64_MAX ? next(random) : next(random) % (max - min + 1);
	uint64_t kind = payload_random_below(random, 4);
	return kind == 0 ? min : kind == 1 ? max : min + step;
}

static void store_int(void *at, size_t size, uint64_t number)
{
	uint8_t u8 = (uint8_t)number;
	uint16_t u16 = (uint16_t)number;
	uint32_t u32 = (uint32_t)number;
	memcpy(at,
		size == 1           ? (void *)&u8
			: size == 2 ? (void *)&u16
			: size == 4 ? (void *)&u32
				    : (void *)&number,
		size);
}

static int64_t random_date(struct payload_random *random, const struct envoi_field *field)
{
	int64_t min = INT64_C(-62135596800000), max = INT64_C(253402300799999);
	if (field->min != 0 || field->max != 0) {
		min = field->min;
		max = field->max;
	}
	int64_t date = min + (int64_t)payload_random_below(random, (uint64_t)(max - min) + 1);
	return flip(random) ? date : date - date % 1000;
}

static int random_zone(struct payload_random *random, const struct envoi_field *field)
{
	bool has_range = field->min != 0 || field->max != 0;
	int min = has_range ? (int)field->min : -840, max = has_range ? (int)field->max : 840;
	return min + (int)payload_random_below(random, (uint64_t)(max - min) + 1);
}

static struct envoi_bytes random_bytes(
	struct payload_random *random, const struct envoi_field *field)
{
	size_t room = field->max_bytes > 0 ? field->max_bytes : 40;
	size_t len = (size_t)payload_random_below(random, room + 1);
	unsigned char *data = block(random, len);
	for (size_t i = 0; i < len; i++) {
		data[i] = (unsigned char)next(random);
	}
	return (struct envoi_bytes){.data = data, .len = len};
}

static int random_word(struct payload_random *random, const struct envoi_word *words)
{
	size_t count = 0;
	while (words[count].word != NULL) {
		count++;
	}
	return words[payload_random_below(random, count)].value;
}

static struct envoi_element *random_element(
	struct payload_random *random, const char *ns, const char *name)
{
	struct envoi_element *root = envoi_element_new(random->context, ns, name);
	struct envoi_element *at = root;
	static const struct envoi_field plain = {.max_bytes = 60};
	for (uint64_t steps = payload_random_below(random, 6); steps > 0; steps--) {
		switch (payload_random_below(random, 4)) {
		case 0:
			at = envoi_element_add(at, flip(random) ? NULL : "urn:inner", "step");
			break;
		case 1:
			envoi_element_set(at, "key", random_text(random, &plain));
			break;
		case 2:
			envoi_element_add_text(at, random_text(random, &plain));
			break;
		default:
			envoi_element_set_ns(at, "urn:attr", "key", random_text(random, &plain));
		}
	}
	struct envoi_element **elements = realloc(
		random->elements, (random->element_count + 1) * sizeof(*elements));
	if (elements == NULL || envoi_element_error(root) < 0) {
		abort();
	}
	random->elements = elements;
	random->elements[random->element_count++] = root;
	return root;
}

/* --- members --- */

/* A value for a member or item. */
static void fill_value(struct payload_random *random, const struct envoi_field *field,
	const char *ns, void *into, unsigned int depth)
{
	const void *pointer = NULL;
	struct envoi_bytes bytes;
	int64_t date;
	int number;
	switch (field->value) {
	case ENVOI_VALUE_INT:
		store_int(into, field->size, random_int(random, field));
		return;
	case ENVOI_VALUE_BOOL:
		*(bool *)into = flip(random);
		return;
	case ENVOI_VALUE_FLAG:
		*(bool *)into = true;
		return;
	case ENVOI_VALUE_ENUM:
	case ENVOI_VALUE_NAME:
		number = random_word(random, field->words);
		memcpy(into, &number, sizeof(number));
		return;
	case ENVOI_VALUE_ZONE:
		number = random_zone(random, field);
		memcpy(into, &number, sizeof(number));
		return;
	case ENVOI_VALUE_DATE:
		date = random_date(random, field);
		memcpy(into, &date, sizeof(date));
		return;
	case ENVOI_VALUE_BASE64:
	case ENVOI_VALUE_HEX:
		bytes = random_bytes(random, field);
		memcpy(into, &bytes, sizeof(bytes));
		return;
	case ENVOI_VALUE_STRUCT:
		fill_struct(random, field->type, ns, into, depth + 1);
		return;
	case ENVOI_VALUE_JID:
		pointer = random->jids[payload_random_below(random, COUNT(random->jids))];
		break;
	case ENVOI_VALUE_LANG:
		pointer = random_lang(random);
		break;
	case ENVOI_VALUE_ELEMENT:
		pointer = field->name != NULL
			? random_element(random, field->ns != NULL ? field->ns : ns, field->name)
			: random_element(random, "urn:no-table-has-this", "any");
		break;
	default:
		pointer = random_text(random, field);
	}
	memcpy(into, &pointer, sizeof(pointer));
}

static const char *inner_ns(const struct envoi_field *field, const char *ns)
{
	if (field->value != ENVOI_VALUE_STRUCT) {
		return ns;
	}
	return field->ns != NULL ? field->ns : field->type->ns != NULL ? field->type->ns : ns;
}

static void fill_array(struct payload_random *random, const struct envoi_field *field,
	const char *ns, char *into, unsigned int depth)
{
	size_t most = field->max_items > 0 && field->max_items < 5 ? field->max_items : 5;
	size_t count = (size_t)payload_random_below(random, most + 1);
	if (field->value == ENVOI_VALUE_STRUCT && depth > 0) {
		count = depth > DEEPEST ? 0 : count / 3;
	}
	if (count == 0 && (field->flags & ENVOI_REQUIRED) != 0) {
		count = 1;
	}
	char *array = block(random, count * field->size);
	for (size_t i = 0; i < count; i++) {
		fill_value(random, field, inner_ns(field, ns), array + i * field->size, depth);
	}
	memcpy(into + field->offset, &array, sizeof(array));
	memcpy(into + field->count, &count, sizeof(count));
}

static void fill_choice(struct payload_random *random, const struct envoi_field *field,
	const char *ns, char *into, unsigned int depth)
{
	size_t count = 0;
	while (field->choices[count].type != NULL) {
		count++;
	}
	const struct envoi_choice *choice = &field->choices[payload_random_below(random, count)];
	memcpy(into + field->offset, &choice->value, sizeof(choice->value));
	if (choice->size > 0) {
		fill_struct(random, choice->type, choice->type->ns != NULL ? choice->type->ns : ns,
			into + choice->offset, depth + 1);
	}
}

static void fill_single(struct payload_random *random, const struct envoi_field *field,
	const char *ns, char *into, unsigned int depth)
{
	if (field->value == ENVOI_VALUE_CHOICE) {
		fill_choice(random, field, ns, into, depth);
	} else if (field->value == ENVOI_VALUE_STRUCT && field->is_pointer) {
		void *inner = block(random, field->size);
		fill_struct(random, field->type, inner_ns(field, ns), inner, depth + 1);
		memcpy(into + field->offset, &inner, sizeof(inner));
	} else {
		fill_value(random, field, inner_ns(field, ns), into + field->offset, depth);
	}
	if (field->has != 0) {
		*((bool *)(void *)into + field->has - 1) = true;
	}
}

/* What absence may look like: nothing, or the default in words. */
static void fill_absent(const struct envoi_field *field, char *into)
{
	int number = (int)field->default_number;
	switch (field->value) {
	case ENVOI_VALUE_INT:
	case ENVOI_VALUE_DATE:
		store_int(into + field->offset, field->size, (uint64_t)field->default_number);
		break;
	case ENVOI_VALUE_BOOL:
		*(bool *)(void *)(into + field->offset) = field->default_number != 0;
		break;
	case ENVOI_VALUE_ENUM:
	case ENVOI_VALUE_NAME:
	case ENVOI_VALUE_ZONE:
		memcpy(into + field->offset, &number, sizeof(number));
		break;
	default:
		break;
	}
}

static void fill_struct(struct payload_random *random, const struct envoi_payload_type *type,
	const char *ns, char *into, unsigned int depth)
{
	const struct envoi_field *field = type->fields;
	for (; field != NULL && field->place != ENVOI_FIELD_NOWHERE; field++) {
		bool is_nested = field->value == ENVOI_VALUE_STRUCT ||
			field->value == ENVOI_VALUE_CHOICE;
		if (field->place == ENVOI_FIELD_CHILDREN) {
			fill_array(random, field, ns, into, depth);
		} else if ((field->flags & ENVOI_REQUIRED) != 0 ||
			(flip(random) && (depth < DEEPEST || !is_nested))) {
			fill_single(random, field, ns, into, depth);
		} else {
			fill_absent(field, into);
		}
	}
}

const void *payload_random_struct(
	struct payload_random *random, const struct envoi_payload_type *type)
{
	void *value = block(random, type->size);
	fill_struct(random, type, type->ns, value, 0);
	return value;
}
