/*
 * envoi - an account: the route that its last login has found
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "connection/account.h"

#define WORD "route "

enum {
	MOST_URL_BYTES = 1024,
};

static const int64_t most_age_ms = INT64_C(7) * 24 * 3600 * 1000; /* a week */

/* Visible ASCII characters: one line, one word. */
static bool is_storable(const char *url, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (url[i] <= ' ' || url[i] > '~') {
			return false;
		}
	}
	bool is_secure = (len > 6 && strncasecmp(url, "wss://", 6) == 0) ||
		(len > 8 && strncasecmp(url, "https://", 8) == 0);
	return is_secure && len <= MOST_URL_BYTES;
}

static void set_route(struct envoi__account *account, char *url, int64_t at_ms)
{
	envoi_free(account->context, account->route);
	account->route = url;
	account->route_ms = at_ms;
}

/* Without memory none is remembered. */
void envoi__account_set_route(struct envoi__account *account, const char *url)
{
	size_t len = url != NULL ? strlen(url) : 0;
	char *copy = len > 0 && is_storable(url, len) ? envoi_strndup(account->context, url, len)
						      : NULL;
	set_route(account, copy, envoi_context_wall_clock_ms(account->context));
}

/* A clock that was set back makes a route old, too. */
char *envoi__account_take_route(struct envoi__account *account)
{
	int64_t age_ms = envoi_context_wall_clock_ms(account->context) - account->route_ms;
	if (account->route == NULL || age_ms < 0 || age_ms > most_age_ms) {
		return NULL;
	}
	return envoi_strndup(account->context, account->route, strlen(account->route));
}

int envoi__account_write_route(const struct envoi__account *account, struct envoi_buffer *out)
{
	return account->route == NULL ? ENVOI_OK
				      : envoi_buffer_printf(out, WORD "%" PRId64 " %s\n",
						account->route_ms, account->route);
}

int envoi__account_read_route(struct envoi__account *account, const char *line, size_t len)
{
	char number[ENVOI_INT_SIZE];
	int64_t at_ms;
	size_t start = strlen(WORD);
	if (len < start || memcmp(line, WORD, start) != 0) {
		return ENVOI_END;
	}
	const char *blank = memchr(line + start, ' ', len - start);
	size_t number_len = blank != NULL ? (size_t)(blank - line) - start : sizeof(number);
	if (number_len >= sizeof(number)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(number, line + start, number_len);
	number[number_len] = '\0';
	size_t url_len = len - start - number_len - 1;
	if (envoi_int_parse(number, INT64_MIN, INT64_MAX, &at_ms) < 0 ||
		!is_storable(blank + 1, url_len)) {
		return ENVOI_ERR_INVALID;
	}
	char *url = envoi_strndup(account->context, blank + 1, url_len);
	if (url == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	set_route(account, url, at_ms);
	return ENVOI_OK;
}
