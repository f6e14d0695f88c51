/*
 * envoi - the command-line program: parse a stream
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

enum {
	READ_SIZE = 65536,
	MOST_BYTES = 1 << 30, /* for the values of options */
};

/* A stream while it is read. */
struct reading {
	struct envoi_xml_parser *parser;
	struct envoi_buffer input; /* read, not yet parsed */
	struct envoi_buffer line;
	char content_ns[1024]; /* of the header, not declared in elements; "": none, or too long */
	bool has_ended;
};

/* --- options --- */

static int take_number(const char *option, const char *text, uint64_t *ret_value)
{
	if (envoi_uint_parse(text, 1, MOST_BYTES, ret_value) < 0) {
		complain("--%s: \"%s\" is not a number from 1 to %d", option, text, MOST_BYTES);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int take_chunk(struct invocation *invocation, const char *value)
{
	uint64_t number;
	int status = take_number("chunk", value, &number);
	if (status == STATUS_DONE) {
		invocation->chunk = (size_t)number;
	}
	return status;
}

#define SIZE(its_name, member) \
	{ \
		its_name, offsetof(struct envoi_xml_limits, member), true \
	}
#define COUNT(its_name, member) \
	{ \
		its_name, offsetof(struct envoi_xml_limits, member), false \
	}

static const struct {
	const char *name;
	size_t offset;
	bool is_size; /* size_t, else unsigned int */
} limit_names[] = {
	SIZE("stanza-bytes", stanza_bytes),
	SIZE("tag-bytes", tag_bytes),
	COUNT("depth", depth),
	COUNT("attributes", attributes),
	COUNT("children", children),
	COUNT("name-bytes", name_bytes),
	COUNT("namespace-bytes", namespace_bytes),
	COUNT("names", names),
	SIZE("skip-bytes", skip_bytes),
};

static bool set_limit(struct envoi_xml_limits *limits, const char *name, size_t len, uint64_t value)
{
	for (size_t i = 0; i < sizeof(limit_names) / sizeof(limit_names[0]); i++) {
		if (strlen(limit_names[i].name) != len ||
			memcmp(limit_names[i].name, name, len) != 0) {
			continue;
		}
		void *member = (char *)limits + limit_names[i].offset;
		if (limit_names[i].is_size) {
			*(size_t *)member = (size_t)value;
		} else {
			*(unsigned int *)member = (unsigned int)value;
		}
		return true;
	}
	return false;
}

static int take_limit(struct invocation *invocation, const char *value)
{
	const char *equals = strchr(value, '=');
	uint64_t number;
	if (equals == NULL) {
		complain("--limit: \"%s\" is not NAME=VALUE", value);
		return STATUS_USAGE;
	}
	int status = take_number("limit", equals + 1, &number);
	if (status == STATUS_DONE &&
		!set_limit(&invocation->limits, value, (size_t)(equals - value), number)) {
		complain("--limit: no such limit: %.*s", (int)(equals - value), value);
		return STATUS_USAGE;
	}
	return status;
}

static const struct command_option xml_options[] = {
	{"chunk", "N", "Feed the parser N bytes at a time, as they are read. Default: all at once.",
		take_chunk, false},
	{"limit", "NAME=VALUE",
		"Set a limit: stanza-bytes, tag-bytes, depth, attributes, children, name-bytes,"
		" namespace-bytes, names (distinct ones in one stanza), skip-bytes (of a"
		" stanza beyond another limit, which then is skipped).",
		take_limit, false},
	OPTIONS_END,
};

/* --- reading --- */

/* Read until @p most bytes are there, or the input ends. */
static int read_some(struct envoi_buffer *input, FILE *file, size_t most)
{
	size_t len;
	do {
		char *room;
		size_t wanted = most - envoi_buffer_len(input);
		wanted = wanted < READ_SIZE ? wanted : READ_SIZE;
		if (envoi_buffer_reserve(input, wanted, &room) < 0) {
			complain("the input is too large: out of memory");
			return STATUS_NO;
		}
		len = fread(room, 1, wanted, file);
		envoi_buffer_commit(input, len);
	} while (len > 0 && envoi_buffer_len(input) < most);
	if (ferror(file)) {
		complain("the input cannot be read: %s", strerror(errno));
		return STATUS_UNREACHABLE;
	}
	return STATUS_DONE;
}

/* --- the stream --- */

static int print_element(struct reading *reading, const struct envoi_element *element)
{
	struct envoi_buffer *line = &reading->line;
	int r = envoi_xml_write(line, element, reading->content_ns);
	if (r == ENVOI_OK) {
		fwrite(envoi_buffer_data(line), 1, envoi_buffer_len(line), stdout);
		putchar('\n');
		envoi_buffer_consume(line, envoi_buffer_len(line));
	}
	return r;
}

static int take_item(struct reading *reading, const struct envoi_xml_item *item)
{
	int r = ENVOI_OK;
	switch (item->kind) {
	case ENVOI_XML_HEAD:
		if (strlen(item->content_ns) < sizeof(reading->content_ns)) {
			memcpy(reading->content_ns, item->content_ns, strlen(item->content_ns) + 1);
		}
		break;
	case ENVOI_XML_ELEMENT:
		r = print_element(reading, item->element);
		break;
	case ENVOI_XML_END:
		reading->has_ended = true; /* printed if nothing follows */
		break;
	case ENVOI_XML_SKIPPED:
		printf("skipped %" PRIu64 " bytes: %s: ", item->bytes, item->limit);
		r = print_element(reading, item->element);
		break;
	}
	envoi_element_unref(item->element);
	return r;
}

static int take_items(struct reading *reading)
{
	struct envoi_xml_item item;
	int r;
	do {
		r = envoi_xml_parser_next(reading->parser, &item);
		if (r == ENVOI_OK) {
			r = take_item(reading, &item);
			if (r < 0) {
				complain("an element cannot be written: %s", envoi_error_text(r));
				return STATUS_NO;
			}
		}
	} while (r == ENVOI_OK);
	if (r == ENVOI_AGAIN) {
		return STATUS_DONE;
	}
	const char *condition = envoi_stream_condition_name(
		envoi_xml_parser_condition(reading->parser));
	printf("error: %s\n", condition != NULL ? condition : "undefined-condition");
	complain("%s", envoi_xml_parser_error_text(reading->parser));
	return STATUS_NO;
}

/* A document whose root is not closed is not well-formed (XML 1.0, section 2.1). A connection that
 * ends there is no stream error. */
static int finish_stream(const struct reading *reading)
{
	puts(reading->has_ended ? "end" : "error: not-well-formed");
	if (!reading->has_ended) {
		complain("the stream was not closed");
	}
	return reading->has_ended ? STATUS_DONE : STATUS_NO;
}

static int read_stream(struct reading *reading, FILE *file, size_t chunk)
{
	struct envoi_buffer *input = &reading->input;
	int status;
	do {
		status = read_some(input, file, chunk > 0 ? chunk : SIZE_MAX);
		if (status == STATUS_DONE) {
			size_t len = envoi_buffer_len(input);
			envoi_xml_parser_feed(reading->parser, envoi_buffer_data(input), len);
			envoi_buffer_consume(input, len);
			status = take_items(reading); /* prints the error */
		}
	} while (status == STATUS_DONE && !feof(file));
	return status == STATUS_DONE ? finish_stream(reading) : status;
}

static FILE *open_input(const struct invocation *invocation)
{
	const char *path = invocation->operand_count > 0 ? invocation->operands[0] : "-";
	if (strcmp(path, "-") == 0) {
		return stdin;
	}
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		complain("%s: %s", path, strerror(errno));
	}
	return file;
}

static int run_xml(struct invocation *invocation)
{
	struct reading reading = {0};
	FILE *file = open_input(invocation);
	if (file == NULL) {
		return STATUS_UNREACHABLE;
	}
	envoi_buffer_init(&reading.input, invocation->context, 0);
	envoi_buffer_init(&reading.line, invocation->context, 0);
	int status = STATUS_NO;
	int r = envoi_xml_parser_new(&reading.parser, invocation->context, &invocation->limits);
	if (r < 0) {
		complain("%s", envoi_error_text(r));
	} else {
		status = read_stream(&reading, file, invocation->chunk);
	}
	envoi_xml_parser_free(reading.parser);
	envoi_buffer_finish(&reading.line);
	envoi_buffer_finish(&reading.input);
	if (file != stdin) {
		fclose(file);
	}
	return status;
}

const struct command command_xml = {
	.name = "xml",
	.operands = "[--chunk N] [--limit NAME=VALUE] [FILE]",
	.summary =
		"Parse FILE, or standard input, as one incoming stream. Prints each first-level"
		" element as the library writes it, one a line; then \"end\" if the stream was closed"
		" and nothing follows, else \"error: CONDITION\" (RFC 6120, section 4.9.3). A stream"
		" that is not closed is not-well-formed.",
	.least = 0,
	.most = 1,
	.options = xml_options,
	.run = run_xml,
};
