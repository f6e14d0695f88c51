/*
 * envoi - the command-line program: lines edited on a terminal, by libedit
 * SPDX-License-Identifier: MIT
 *
 * libedit reads no byte by itself: a command that waits for a second key would stop the main loop.
 * It is given whole keys (editor_keys.c) and returns after each (EL_UNBUFFERED).
 */
#define _XOPEN_SOURCE 700 /* wcwidth() */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "cli.h"
#include "editor_parts.h"

enum {
	READ_BYTES = 4096,
};

/* The one that is shown: what is printed elsewhere has to hide it. */
static struct editor *active;

/* --- hiding --- */

/* As libedit shows a character. */
static int columns_of(wchar_t character, int column)
{
	if (character == L'\t') {
		return 8 - column % 8;
	}
	if (character < 0x20 || character == 0x7f) {
		return 2; /* ^A */
	}
	if (!iswprint((wint_t)character)) {
		return character > 0xffff ? 8 : 7; /* \U+202e */
	}
	return wcwidth(character);
}

/* @return the row of the cursor below the first one */
static int cursor_row(const struct editor *editor)
{
	const LineInfo *line = el_line(editor->terminal->el);
	int columns = 80, rows = 24, row = 0, column = (int)strlen(editor->prompt);
	mbstate_t state = {0};
	el_get(editor->terminal->el, EL_GETTC, "co", &columns, NULL);
	el_get(editor->terminal->el, EL_GETTC, "li", &rows, NULL);
	for (const char *text = line->buffer; text < line->cursor;) {
		wchar_t character;
		size_t len = mbrtowc(&character, text, (size_t)(line->cursor - text), &state);
		if (len == 0 || len > (size_t)(line->cursor - text)) {
			break;
		}
		int width = columns_of(character, column);
		if (column + width > columns) {
			row++;
			column = 0;
		}
		column += width;
		text += len;
	}
	row += column >= columns;
	return row < rows ? row : rows - 1;
}

void editor_hide(void)
{
	if (active == NULL || !active->terminal->is_shown) {
		return;
	}
	int row = cursor_row(active);
	active->terminal->is_shown = false;
	putchar('\r');
	if (row > 0) {
		printf("\033[%dA", row);
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

void editor_show(void)
{
	if (active != NULL && active->terminal->is_editing && !active->terminal->is_shown) {
		active->terminal->is_shown = true;
		el_set(active->terminal->el, EL_REFRESH);
	}
}

/* --- lines --- */

static char *get_prompt(EditLine *el)
{
	struct editor *editor = NULL;
	static char prompt[32];
	el_get(el, EL_CLIENTDATA, &editor);
	snprintf(prompt, sizeof(prompt), "%s", editor->prompt);
	return prompt;
}

/* The next character of the key. @return 0: there is none, which ends a command that reads more */
static int get_character(EditLine *el, wchar_t *ret_character)
{
	struct editor *editor = NULL;
	el_get(el, EL_CLIENTDATA, &editor);
	struct editor_terminal *terminal = editor->terminal;
	if (terminal->next == 3 || terminal->key[terminal->next] == 0) {
		return 0;
	}
	*ret_character = (wchar_t)terminal->key[terminal->next++];
	return 1;
}

static void begin_line(struct editor *editor)
{
	editor->terminal->is_editing = editor->terminal->is_shown = true;
	el_set(editor->terminal->el, EL_UNBUFFERED, 1);
}

static void end_line(struct editor *editor)
{
	editor->terminal->is_editing = editor->terminal->is_shown = false;
	el_set(editor->terminal->el, EL_UNBUFFERED, 0);
}

static bool is_empty(const struct editor *editor)
{
	const LineInfo *line = el_line(editor->terminal->el);
	return line->lastchar == line->buffer;
}

bool editor_drop(struct editor *editor)
{
	if (editor->terminal == NULL || (is_empty(editor) && !editor->is_dropping)) {
		return false;
	}
	editor->is_dropping = false;
	editor_hide();
	end_line(editor);
	begin_line(editor);
	return true;
}

void editor_set_prompt(struct editor *editor, const char *prompt)
{
	editor->prompt = prompt;
}

/* The last character of the line is its end. */
static void take_line(struct editor *editor)
{
	HistEvent event;
	const LineInfo *info = el_line(editor->terminal->el);
	size_t len = (size_t)(info->lastchar - info->buffer) - 1;
	char *line = envoi_strndup(editor->context, info->buffer, len);
	end_line(editor);
	if (line != NULL && len > 0) {
		history(editor->terminal->history, &event, H_ENTER, line);
	}
	if (line != NULL) {
		editor->line(editor, line);
	}
	envoi_free(editor->context, line);
	if (editor->terminal != NULL) { /* it was not stopped */
		begin_line(editor);
	}
}

/* --- completion of the first word --- */

static void list_words(const struct editor *editor, const char *text)
{
	const char *word;
	editor_hide();
	for (size_t i = 0; (word = editor->word(i)) != NULL; i++) {
		if (strncmp(word, text, strlen(text)) == 0) {
			printf("%s  ", word);
		}
	}
	putchar('\n');
	editor_show();
}

/* @return false: there is nothing to complete */
static bool complete(const struct editor *editor)
{
	const LineInfo *line = el_line(editor->terminal->el);
	size_t len = (size_t)(line->lastchar - line->buffer);
	char text[LONGEST_WORD], rest[LONGEST_WORD];
	if (len == 0 || len >= sizeof(text) || line->buffer[0] != '/' ||
		line->cursor != line->lastchar || memchr(line->buffer, ' ', len) != NULL) {
		return false;
	}
	memcpy(text, line->buffer, len);
	text[len] = '\0';
	complete_word(editor->word, text, rest);
	if (rest[0] == '\0') {
		list_words(editor, text);
	} else {
		editor_hide();
		el_insertstr(editor->terminal->el, rest);
		editor_show();
	}
	return true;
}

/* --- keys --- */

static void stop_and_end(struct editor *editor)
{
	editor_hide();
	editor_stop(editor);
	editor->end(editor);
}

static void give_key(struct editor *editor)
{
	struct editor_terminal *terminal = editor->terminal;
	int len = 0;
	terminal->next = 0;
	const wchar_t *line = el_wgets(terminal->el, &len);
	if (line != NULL && len > 0 && line[len - 1] == L'\n') {
		take_line(editor);
	} else if (len > MOST_EDITED) {
		editor_drop(editor);
		editor->is_dropping = true;
		editor->too_long(editor);
	}
}

static void take_key(struct editor *editor)
{
	unsigned int *key = editor->terminal->key;
	bool deletes = key[0] == KEY_DELETE;
	if (editor->is_dropping) {
		editor->is_dropping = key[0] != '\r' && key[0] != '\n';
		return;
	}
	if (deletes && is_empty(editor)) {
		return;
	}
	key[0] = deletes ? 0x04 : key[0];
	if (key[0] == 0x04 && is_empty(editor)) {
		stop_and_end(editor);
	} else if (key[0] != 0 && (key[0] != KEY_TAB || !complete(editor))) {
		give_key(editor);
	}
}

static void take_keys(struct editor *editor)
{
	while (editor->terminal != NULL && envoi_buffer_len(&editor->keys) > 0) {
		size_t used = read_key(envoi_buffer_data(&editor->keys),
			envoi_buffer_len(&editor->keys), editor->terminal->key);
		if (used == 0) {
			break;
		}
		envoi_buffer_consume(&editor->keys, used);
		take_key(editor);
	}
}

static void on_input(struct envoi_watch *watch, unsigned int ready)
{
	struct editor *editor = ENVOI_CONTAINER_OF(watch, struct editor, input);
	char bytes[READ_BYTES];
	(void)ready;
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
	if (got <= 0 || envoi_buffer_append(&editor->keys, bytes, (size_t)got) < 0) {
		stop_and_end(editor);
		return;
	}
	take_keys(editor);
}

/* --- beginning and ending --- */

static bool has_terminal(struct termios *ret_before)
{
	const char *name = getenv("TERM");
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && name != NULL && name[0] != '\0' &&
		strcmp(name, "dumb") != 0 && tcgetattr(STDIN_FILENO, ret_before) == 0;
}

static void prepare_libedit(struct editor *editor)
{
	EditLine *el = editor->terminal->el;
	el_set(el, EL_CLIENTDATA, editor);
	el_set(el, EL_PROMPT, get_prompt);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_SIGNAL, 0);
	el_set(el, EL_GETCFN, get_character);
	el_set(el, EL_BIND, "^I", "ed-insert", NULL);
	/* What arrives between two lines is neither echoed nor kept until its line ends. */
	el_set(el, EL_SETTY, "-x", "-echo", "-icanon", NULL);
}

static void prepare_history(const struct editor *editor)
{
	HistEvent event;
	History *history_of = editor->terminal->history;
	history(history_of, &event, H_SETSIZE, MOST_HISTORY);
	history(history_of, &event, H_SETUNIQUE, 1);
	if (editor->history_file != NULL) {
		history(history_of, &event, H_LOAD, editor->history_file);
	}
	el_set(editor->terminal->el, EL_HIST, history, history_of);
}

/* What was typed may be secret. */
static void save_history(const struct editor *editor)
{
	HistEvent event;
	mode_t before = umask(S_IRWXG | S_IRWXO);
	if (editor->history_file != NULL &&
		history(editor->terminal->history, &event, H_SAVE, editor->history_file) < 0) {
		complain("the history cannot be written to %s", editor->history_file);
	}
	umask(before);
}

static int open_terminal(struct editor *editor)
{
	struct editor_terminal *terminal = editor->terminal;
	terminal->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (terminal->locale == (locale_t)0) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	terminal->locale_before = uselocale(terminal->locale);
	terminal->el = el_init("envoi", stdin, stdout, stderr);
	terminal->history = history_init();
	if (terminal->el == NULL || terminal->history == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	prepare_libedit(editor);
	prepare_history(editor);
	int r = editor_watch_signals(editor);
	return r < 0 ? r
		     : envoi_watch_start(&editor->input, envoi_context_loop(editor->context),
			       STDIN_FILENO, ENVOI_IO_READ, on_input);
}

int editor_start(struct editor *editor, struct envoi_context *context, const char *prompt)
{
	struct termios before;
	if (!has_terminal(&before)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	editor->terminal = envoi_alloc_zeroed(context, sizeof(*editor->terminal));
	if (editor->terminal == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	editor->context = context;
	editor->prompt = prompt;
	editor->terminal->before = before;
	envoi_buffer_init(&editor->keys, context, 0);
	int r = open_terminal(editor);
	if (r < 0) {
		editor_stop(editor);
		return r;
	}
	active = editor;
	begin_line(editor);
	return ENVOI_OK;
}

void editor_stop(struct editor *editor)
{
	struct editor_terminal *terminal = editor->terminal;
	if (terminal == NULL) {
		return;
	}
	editor_hide();
	active = NULL;
	envoi_watch_stop(&editor->input);
	editor_unwatch_signals(editor);
	if (terminal->el != NULL && terminal->history != NULL) {
		save_history(editor);
		end_line(editor);
	}
	if (terminal->el != NULL) {
		el_end(terminal->el);
	}
	if (terminal->history != NULL) {
		history_end(terminal->history);
	}
	tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
	if (terminal->locale != (locale_t)0) {
		uselocale(terminal->locale_before);
		freelocale(terminal->locale);
	}
	envoi_buffer_finish(&editor->keys);
	envoi_free(editor->context, terminal);
	editor->terminal = NULL;
}
