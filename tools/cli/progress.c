/*
 * envoi - the command-line program: progress, on a terminal
 * SPDX-License-Identifier: MIT
 */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <envoi/watch.h>

#include "text.h"

enum {
	DELAY_MS = 400,
	BETWEEN_MS = 100, /* two changes */
	USUAL_COLUMNS = 80,
};

static struct {
	struct envoi_loop *loop; /* NULL: it is not started */
	struct envoi_timer timer;
	uint64_t next_ms; /* when the line may change */
	bool is_shown;
	char line[256];
} progress;

static unsigned int columns(void)
{
	struct winsize size;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 ? USUAL_COLUMNS
									       : size.ws_col;
}

/* The line and its dots in one column less than the terminal has. */
static void print_line(void)
{
	size_t len = strlen(progress.line);
	unsigned int left = columns();
	fputs("\r\033[K", stderr);
	for (size_t i = 0, used; i < len && left > 5; i += used, left--) {
		uint32_t character;
		used = read_character(progress.line + i, len - i, &character);
		if (is_hazardous(character) || character == NO_CHARACTER) {
			fputc('?', stderr);
		} else {
			fwrite(progress.line + i, 1, used, stderr);
		}
	}
	fputs(" ...", stderr);
	fflush(stderr);
	progress.is_shown = true;
}

static void on_time(struct envoi_timer *timer)
{
	(void)timer;
	progress.next_ms = envoi_loop_now_ms(progress.loop) + BETWEEN_MS;
	if (progress.line[0] != '\0') {
		print_line();
	}
}

void progress_start(struct envoi_context *context)
{
	if (isatty(STDERR_FILENO)) {
		progress.loop = envoi_context_loop(context);
		progress.next_ms = envoi_loop_now_ms(progress.loop) + DELAY_MS;
	}
}

void progress_show(const char *format, ...)
{
	if (progress.loop == NULL) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(progress.line, sizeof(progress.line), format, arguments);
	va_end(arguments);
	if (!envoi_timer_is_started(&progress.timer)) {
		uint64_t now_ms = envoi_loop_now_ms(progress.loop);
		envoi_timer_start(&progress.timer, progress.loop,
			progress.next_ms > now_ms ? progress.next_ms - now_ms : 0, on_time);
	}
}

void progress_clear(void)
{
	progress.line[0] = '\0';
	if (progress.is_shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
		progress.is_shown = false;
	}
}

void progress_stop(void)
{
	if (progress.loop != NULL) {
		progress_clear();
		envoi_timer_stop(&progress.timer);
		progress.loop = NULL;
	}
}
