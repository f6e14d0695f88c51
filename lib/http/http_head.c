/*
 * envoi - heads of HTTP/1.1 messages (RFC 9112, sections 2 to 5)
 * SPDX-License-Identifier: MIT
 */
#include "http/http_head.h"

#include <string.h>
#include <strings.h>

#include <envoi/context.h>
#include <envoi/error.h>

enum {
	LINE_ENDS = 4, /* CR LF CR LF */
};

/* --- characters --- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_token_char(char c)
{
	bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	return is_letter || is_digit(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_value_char(char c)
{
	unsigned char byte = (unsigned char)c;
	return c == '\t' || (byte >= ' ' && byte != 0x7f);
}

bool envoi__http_is_token(const char *text, size_t len)
{
	size_t good = 0;
	while (good < len && is_token_char(text[good])) {
		good++;
	}
	return len > 0 && good == len;
}

bool envoi__http_is_value(const char *text, size_t len)
{
	size_t good = 0;
	while (good < len && is_value_char(text[good])) {
		good++;
	}
	return good == len;
}

bool envoi__http_is_target(const char *text, size_t len)
{
	size_t good = 0;
	while (good < len && text[good] > ' ' && text[good] < 0x7f) {
		good++;
	}
	return len > 0 && good == len;
}

/* --- the end of a head --- */

static bool begins_well(size_t at, bool is_response, char c)
{
	static const char version[] = "HTTP/1.";
	if (is_response) {
		return at >= sizeof(version) - 1 || version[at] == c;
	}
	return at > 0 || is_token_char(c);
}

/* CR and LF come together only. */
static bool continues_well(const struct envoi__http_scan *scan, char c)
{
	bool is_after_cr = scan->line_ends % 2 == 1;
	return c != '\0' && is_after_cr == (c == '\n');
}

int envoi__http_scan(struct envoi__http_scan *scan, bool is_response, const char *data, size_t len,
	size_t *ret_used)
{
	*ret_used = 0;
	while (*ret_used < len) {
		char c = data[*ret_used];
		if (!begins_well(scan->len, is_response, c) || !continues_well(scan, c)) {
			return ENVOI_ERR_PROTOCOL;
		}
		scan->line_ends = c == '\r' || c == '\n' ? scan->line_ends + 1 : 0;
		scan->len++;
		++*ret_used;
		if (scan->line_ends == LINE_ENDS) {
			return ENVOI_OK;
		}
	}
	return ENVOI_AGAIN;
}

/* --- lines --- */

/* @return the line at *at, terminated; *at is behind it. All lines end with CRLF: the scan has seen
 * it. */
static char *take_line(char **at, const char *head_end)
{
	char *line = *at;
	char *end = memchr(line, '\r', (size_t)(head_end - line));
	*end = '\0';
	*at = end + 2;
	return line;
}

/* @return the text up to the next space, terminated; *at is behind the space; NULL: no space */
static char *take_word(char **at)
{
	char *word = *at;
	char *end = strchr(word, ' ');
	if (end != NULL) {
		*end = '\0';
		*at = end + 1;
	}
	return end != NULL ? word : NULL;
}

/* RFC 9112, section 2.3. */
static int read_version(struct envoi__http_head *head, const char *text)
{
	static const char prefix[] = "HTTP/1.";
	size_t len = sizeof(prefix) - 1;
	if (strncmp(text, prefix, len) != 0 || (text[len] != '0' && text[len] != '1') ||
		text[len + 1] != '\0') {
		return ENVOI_ERR_PROTOCOL;
	}
	head->minor = text[len] - '0';
	return ENVOI_OK;
}

/* RFC 9112, section 4. A server that sends no reason may omit the space before it. */
static int read_status_line(struct envoi__http_head *head, char *line)
{
	char *version = take_word(&line);
	if (version == NULL || read_version(head, version) < 0) {
		return ENVOI_ERR_PROTOCOL;
	}
	if (line[0] < '1' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2])) {
		return ENVOI_ERR_PROTOCOL;
	}
	head->status = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	head->reason = line[3] == ' ' ? line + 4 : line + 3;
	bool is_valid = (line[3] == ' ' || line[3] == '\0') &&
		envoi__http_is_value(head->reason, strlen(head->reason));
	return is_valid ? ENVOI_OK : ENVOI_ERR_PROTOCOL;
}

/* RFC 9112, section 3. */
static int read_request_line(struct envoi__http_head *head, char *line)
{
	head->method = take_word(&line);
	head->target = head->method != NULL ? take_word(&line) : NULL;
	bool is_valid = head->target != NULL &&
		envoi__http_is_token(head->method, strlen(head->method)) &&
		envoi__http_is_target(head->target, strlen(head->target));
	return is_valid ? read_version(head, line) : ENVOI_ERR_PROTOCOL;
}

static char *trim(char *text)
{
	text += strspn(text, " \t");
	size_t len = strlen(text);
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
		len--;
	}
	text[len] = '\0';
	return text;
}

/* RFC 9112, section 5. The name of a folded line, or one with blanks before its colon, is no token.
 */
static int read_field(struct envoi__http_head *head, char *line)
{
	char *colon = strchr(line, ':');
	if (colon == NULL || !envoi__http_is_token(line, (size_t)(colon - line))) {
		return ENVOI_ERR_PROTOCOL;
	}
	*colon = '\0';
	struct envoi__http_field field = {.name = line, .value = trim(colon + 1)};
	if (!envoi__http_is_value(field.value, strlen(field.value))) {
		return ENVOI_ERR_PROTOCOL;
	}
	if (envoi_buffer_len(&head->fields) == ENVOI__HTTP_FIELDS * sizeof(field)) {
		return ENVOI_ERR_LIMIT;
	}
	return envoi_buffer_append(&head->fields, &field, sizeof(field));
}

int envoi__http_head_read(struct envoi__http_head *head, bool is_response, char *text, size_t len)
{
	const char *head_end = text + len, *fields_end = head_end - 2; /* the empty line */
	char *at = text;
	envoi_buffer_truncate(&head->fields, 0);
	head->status = 0;
	char *line = take_line(&at, head_end);
	int r = is_response ? read_status_line(head, line) : read_request_line(head, line);
	while (r == ENVOI_OK && at < fields_end) {
		r = read_field(head, take_line(&at, head_end));
	}
	return r;
}

/* --- fields --- */

static const struct envoi__http_field *next(
	const struct envoi__http_head *head, const char *name, size_t *at)
{
	const void *data = envoi_buffer_data(&head->fields);
	const struct envoi__http_field *fields = data;
	size_t count = envoi_buffer_len(&head->fields) / sizeof(*fields);
	while (*at < count) {
		const struct envoi__http_field *field = &fields[(*at)++];
		if (strcasecmp(field->name, name) == 0) {
			return field;
		}
	}
	return NULL;
}

const char *envoi__http_head_value(const struct envoi__http_head *head, const char *name)
{
	size_t at = 0;
	const struct envoi__http_field *field = next(head, name, &at);
	return field != NULL ? field->value : NULL;
}

size_t envoi__http_head_count(const struct envoi__http_head *head, const char *name)
{
	size_t at = 0, count = 0;
	while (next(head, name, &at) != NULL) {
		count++;
	}
	return count;
}

static bool lists(const char *list, const char *word)
{
	size_t len = strlen(word);
	while (*list != '\0') {
		list += strspn(list, " \t,");
		size_t item = strcspn(list, " \t,");
		if (item == len && strncasecmp(list, word, len) == 0) {
			return true;
		}
		list += item;
	}
	return false;
}

bool envoi__http_head_lists(const struct envoi__http_head *head, const char *name, const char *word)
{
	size_t at = 0;
	const struct envoi__http_field *field;
	while ((field = next(head, name, &at)) != NULL) {
		if (lists(field->value, word)) {
			return true;
		}
	}
	return false;
}

bool envoi__http_is_temporary(int status)
{
	return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
		status == 504;
}
