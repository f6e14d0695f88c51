/*
 * envoi - the command-line program: text in lines of the terminal's width
 * SPDX-License-Identifier: MIT
 */
#include "wrap.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

enum {
	USUAL_COLUMNS = 80,
	LEAST_COLUMNS = 40,
	MOST_COLUMNS = 100,
};

static size_t columns(FILE *out)
{
	struct winsize size;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || size.ws_col == 0) {
		return USUAL_COLUMNS;
	}
	return size.ws_col < LEAST_COLUMNS   ? LEAST_COLUMNS
		: size.ws_col > MOST_COLUMNS ? MOST_COLUMNS
					     : size.ws_col;
}

/* @param used  columns of the first line that are printed */
static void wrap_from(FILE *out, size_t used, unsigned int indent, const char *text)
{
	static const char blanks[] = " \t\n";
	size_t width = columns(out);
	text += strspn(text, blanks);
	while (*text != '\0') {
		size_t len = strcspn(text, blanks);
		if (used > indent && used + 1 + len > width) {
			fputc('\n', out);
			used = 0;
		}
		used += (size_t)fprintf(out, "%*s%.*s",
			used < indent ? (int)(indent - used) : used > 0, "", (int)len, text);
		text += len;
		text += strspn(text, blanks);
	}
	fputc('\n', out);
}

void wrap(FILE *out, unsigned int indent, const char *text)
{
	wrap_from(out, 0, indent, text);
}

void print_beside(const char *name, unsigned int indent, const char *text)
{
	size_t len = strlen(name);
	printf("  %s", name);
	if (len + 4 > indent) {
		putchar('\n');
		wrap(stdout, indent, text);
	} else {
		wrap_from(stdout, (unsigned int)len + 2, indent, text);
	}
}

void print_wrapped(unsigned int indent, const char *text)
{
	wrap(stdout, indent, text);
}

/* Of UTF-8, each character in a column. */
static size_t columns_of(const char *text, size_t len)
{
	size_t count = 0;
	for (size_t i = 0; i < len; i++) {
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return count;
}

static size_t blanks_of(const char *text, size_t len)
{
	size_t i = 0;
	while (i < len && text[i] == ' ') {
		i++;
	}
	return i;
}

static size_t word_of(const char *text, size_t len)
{
	size_t i = 0;
	while (i < len && text[i] != ' ' && text[i] != '\n') {
		i++;
	}
	return i;
}

void print_message_wrapped(const char *text, size_t len, unsigned int indent)
{
	size_t width = isatty(STDERR_FILENO) ? columns(stderr) : SIZE_MAX;
	size_t used = 0;
	for (size_t i = 0, blanks, word; i < len; i += blanks + word) {
		blanks = blanks_of(text + i, len - i);
		word = word_of(text + i + blanks, len - i - blanks);
		size_t word_columns = columns_of(text + i + blanks, word);
		if (used > indent && used + blanks + word_columns > width) {
			fprintf(stderr, "\n%*s", (int)indent, "");
			used = indent;
		} else {
			fprintf(stderr, "%*s", (int)blanks, "");
			used += blanks;
		}
		print_harmless(text + i + blanks, word);
		used += word_columns;
		if (i + blanks + word < len && text[i + blanks + word] == '\n') {
			word++;
			fprintf(stderr, "\n%*s", (int)indent, "");
			used = indent;
		}
	}
	fputc('\n', stderr);
}
