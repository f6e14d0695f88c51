/*
 * envoi - a login: the order of its connectors, by the setting transports.order
 * SPDX-License-Identifier: MIT
 */
#include "connection/login_order.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <envoi/error.h>

#include "connection/login_routes.h"

static const char *const words[] = {"tcp", "websocket", "bosh"};

enum {
	WORDS = sizeof(words) / sizeof(words[0]),
};

/* @return the index of a word in `words`; WORDS: none */
static size_t find_word(const char *text, size_t len)
{
	size_t i = 0;
	while (i < WORDS && (strlen(words[i]) != len || memcmp(words[i], text, len) != 0)) {
		i++;
	}
	return i;
}

/* @return the word at place @p at of an order; WORDS: there are fewer */
static size_t word_at(const char *order, size_t at)
{
	for (; at > 0; at--) {
		order += strcspn(order, ",");
		if (*order == '\0') {
			return WORDS;
		}
		order++;
	}
	return find_word(order, strcspn(order, ","));
}

/* Those that an account remembers: wss: or https:. */
bool envoi__login_order_has_url(const char *order, const char *url)
{
	const char *word = strncasecmp(url, "wss:", 4) == 0 ? "websocket" : "bosh";
	size_t index = find_word(word, strlen(word)), at = 0;
	while (word_at(order, at) != WORDS && word_at(order, at) != index) {
		at++;
	}
	return word_at(order, at) == index;
}

int envoi__login_order_check(const char *text)
{
	bool is_used[WORDS] = {false};
	bool goes_on = true;
	while (goes_on) {
		size_t len = strcspn(text, ","), word = find_word(text, len);
		if (word == WORDS || is_used[word]) {
			return ENVOI_ERR_INVALID;
		}
		is_used[word] = true;
		goes_on = text[len] == ',';
		text += len + goes_on;
	}
	return ENVOI_OK;
}

static size_t word_of(const struct envoi_connector *connector)
{
	return find_word(connector->impl->name, strlen(connector->impl->name));
}

/* @return the connector of a word at place *at, which is counted down */
static struct envoi_connector *get_of_word(
	const struct envoi__connectors *connectors, size_t word, size_t *at)
{
	for (size_t i = 0; i < connectors->count; i++) {
		if (word_of(connectors->items[i]) == word && (*at)-- == 0) {
			return connectors->items[i];
		}
	}
	return NULL;
}

struct envoi_connector *envoi__login_order_get(
	const struct envoi__connectors *connectors, const char *order, size_t at)
{
	if (order == NULL) {
		return at < connectors->count ? connectors->items[at] : NULL;
	}
	struct envoi_connector *found = get_of_word(connectors, WORDS, &at);
	for (size_t i = 0; found == NULL && word_at(order, i) != WORDS; i++) {
		found = get_of_word(connectors, word_at(order, i), &at);
	}
	return found;
}
