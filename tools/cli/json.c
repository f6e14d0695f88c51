/*
 * envoi - the command-line program: JSON (RFC 8259)
 * SPDX-License-Identifier: MIT
 */
#include "json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "text.h"

static void write_string(FILE *out, const char *text)
{
	const char *end = text + strlen(text);
	fputc('"', out);
	while (text < end) {
		uint32_t character;
		size_t len = read_character(text, (size_t)(end - text), &character);
		if (character == '"' || character == '\\') {
			fprintf(out, "\\%c", (char)character);
		} else if (character == '\n') {
			fputs("\\n", out);
		} else if (is_hazardous(character)) { /* all of them are below U+10000 */
			fprintf(out, "\\u%04" PRIx32, character);
		} else if (character == NO_CHARACTER) {
			fputs("\\ufffd", out);
		} else {
			fwrite(text, 1, len, out);
		}
		text += len;
	}
	fputc('"', out);
}

static void begin_value(struct json *json, const char *name)
{
	if (json->needs_comma) {
		fputc(',', json->out);
	}
	json->needs_comma = true;
	if (name != NULL) {
		write_string(json->out, name);
		fputc(':', json->out);
	}
}

static void open_bracket(struct json *json, const char *name, char begin, char end)
{
	assert(json->depth < JSON_DEPTH);
	begin_value(json, name);
	fputc(begin, json->out);
	json->ends[json->depth++] = end;
	json->needs_comma = false;
}

void json_object(struct json *json, const char *name)
{
	open_bracket(json, name, '{', '}');
}

void json_array(struct json *json, const char *name)
{
	open_bracket(json, name, '[', ']');
}

void json_end(struct json *json)
{
	fputc(json->ends[--json->depth], json->out);
	json->needs_comma = json->depth > 0;
	if (json->depth == 0) {
		fputc('\n', json->out);
	}
}

void json_text(struct json *json, const char *name, const char *text)
{
	begin_value(json, name);
	if (text == NULL) {
		fputs("null", json->out);
	} else {
		write_string(json->out, text);
	}
}

void json_number(struct json *json, const char *name, int64_t number)
{
	begin_value(json, name);
	fprintf(json->out, "%" PRId64, number);
}

void json_bool(struct json *json, const char *name, bool value)
{
	begin_value(json, name);
	fputs(value ? "true" : "false", json->out);
}
