/*
 * envoi - the command-line program: what may have been meant
 * SPDX-License-Identifier: MIT
 */
#include "suggest.h"

#include <stdbool.h>
#include <string.h>

enum {
	LONGEST = 64, /* words that are compared */
	FAR = 1000,
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters have to be inserted, deleted, replaced, or exchanged with their neighbours. */
static size_t distance_of(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][LONGEST + 1]; /* the row and the two above it */
	if (a_len > LONGEST || b_len > LONGEST) {
		return FAR;
	}
	for (size_t i = 0; i <= a_len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t k = 1; k <= b_len; k++) {
			if (i == 0) {
				row[k] = k;
				continue;
			}
			bool is_same = a[i - 1] == b[k - 1];
			row[k] = least(least(above[k], row[k - 1]) + 1, above[k - 1] + !is_same);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) {
				row[k] = least(row[k], second[k - 2] + 1);
			}
		}
	}
	return rows[a_len % 3][b_len];
}

/* Whether a word is the other with words before it: "handshake-timeout", "tls-handshake-timeout". */
static bool ends_with(const char *text, size_t text_len, const char *end, size_t end_len)
{
	return text_len > end_len && end_len > 3 && text[text_len - end_len - 1] == '-' &&
		memcmp(text + text_len - end_len, end, end_len) == 0;
}

void suggestion_consider(struct suggestion *suggestion, const char *candidate)
{
	const char *word = suggestion->word;
	size_t len = suggestion->len, candidate_len = strlen(candidate);
	size_t distance = distance_of(word, len, candidate, candidate_len);
	size_t most = len < 3 ? 0 : len < 6 ? 1 : 2;
	if (distance > most &&
		(ends_with(word, len, candidate, candidate_len) ||
			ends_with(candidate, candidate_len, word, len))) {
		distance = most;
	}
	if (distance <= most && (suggestion->best == NULL || distance < suggestion->distance)) {
		suggestion->best = candidate;
		suggestion->distance = distance;
	}
}
