/*
 * envoi - the command-line program: what may have been meant
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_SUGGEST_H
#define ENVOI_TOOLS_SUGGEST_H

#include <stddef.h>

/** The known word that is most like one that is not known; zeroed but for the word. */
struct suggestion {
	const char *word;
	size_t len; /**< of the word */
	const char *best; /**< NULL: none is like it */
	size_t distance;
};

/** Compare with a known word. @param candidate  borrowed as long as the suggestion */
void suggestion_consider(struct suggestion *suggestion, const char *candidate);

#endif
