/*
 * envoi - the command-line program: text in lines of the terminal's width
 * SPDX-License-Identifier: MIT
 */
#include "wrap.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

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

void wrap(FILE *out, unsigned int indent, const char *text)
{
	static const char blanks[] = " \t\n";
	size_t width = columns(out), used = 0;
	text += strspn(text, blanks);
	while (*text != '\0') {
		size_t len = strcspn(text, blanks);
		if (used > 0 && used + 1 + len > width) {
			fputc('\n', out);
			used = 0;
		}
		used += (size_t)fprintf(
			out, "%*s%.*s", used == 0 ? (int)indent : 1, "", (int)len, text);
		text += len;
		text += strspn(text, blanks);
	}
	fputc('\n', out);
}

void print_wrapped(unsigned int indent, const char *text)
{
	wrap(stdout, indent, text);
}
