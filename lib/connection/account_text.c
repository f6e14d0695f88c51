/*
 * envoi - an account: what its logins have learned, as text from one run to the next
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "connection/account.h"

#define FIRST_LINE "envoi-account 1 "

static bool can_be_saved(const struct envoi__account *account)
{
	return account->jid != NULL && !envoi__account_is_anonymous(account);
}

static int append_first_line(const struct envoi__account *account, struct envoi_buffer *out)
{
	return envoi_buffer_printf(out, FIRST_LINE "%s@%s\n", envoi_jid_local(account->jid),
		envoi_jid_domain(account->jid));
}

int envoi__account_save(const struct envoi__account *account, struct envoi_buffer *out)
{
	if (!can_be_saved(account)) {
		return ENVOI_ERR_STATE;
	}
	size_t before = envoi_buffer_len(out);
	int r = append_first_line(account, out);
	if (r == ENVOI_OK) {
		r = envoi_sasl_history_write(account->history, out);
	}
	r = r < 0 ? r : envoi__account_write_route(account, out);
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}

/* @retval ENVOI_ERR_INVALID  the text is malformed or of another account */
static int check_first_line(
	const struct envoi__account *account, const char *text, size_t len, size_t *ret_line_len)
{
	struct envoi_buffer line;
	envoi_buffer_init(&line, account->context, 0);
	int r = append_first_line(account, &line);
	*ret_line_len = envoi_buffer_len(&line);
	if (r == ENVOI_OK &&
		(len < *ret_line_len ||
			memcmp(text, envoi_buffer_data(&line), *ret_line_len) != 0)) {
		r = ENVOI_ERR_INVALID;
	}
	envoi_buffer_finish(&line);
	return r;
}

/* Lines with an unknown first word are those of a later version. */
static int read_lines(struct envoi__account *loaded, const char *text, size_t len)
{
	int r = ENVOI_OK;
	while (len > 0 && r >= 0) {
		const char *end = memchr(text, '\n', len);
		if (end == NULL) {
			return ENVOI_ERR_INVALID; /* cut off */
		}
		size_t line_len = (size_t)(end - text);
		r = envoi__account_read_route(loaded, text, line_len);
		if (r == ENVOI_END) {
			r = envoi_sasl_history_read(loaded->history, text, line_len);
		}
		text += line_len + 1;
		len -= line_len + 1;
	}
	return r < 0 ? r : ENVOI_OK;
}

int envoi__account_load(struct envoi__account *account, const char *text, size_t len)
{
	struct envoi__account loaded = {.context = account->context}; /* what is learned alone */
	size_t first_len;
	if (!can_be_saved(account)) {
		return ENVOI_ERR_STATE;
	}
	int r = check_first_line(account, text, len, &first_len);
	if (r == ENVOI_OK) {
		r = envoi_sasl_history_new(&loaded.history, account->context);
	}
	if (r < 0) {
		return r;
	}
	r = read_lines(&loaded, text + first_len, len - first_len);
	struct envoi__account *dropped = r < 0 ? &loaded : account;
	envoi_sasl_history_free(dropped->history);
	envoi_free(account->context, dropped->route);
	if (r == ENVOI_OK) {
		account->history = loaded.history;
		account->route = loaded.route;
		account->route_ms = loaded.route_ms;
	}
	return r;
}
