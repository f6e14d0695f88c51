/*
 * envoi - the client: failures of its setters
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONNECTION_SETTER_ERRORS_H
#define ENVOI_CONNECTION_SETTER_ERRORS_H

#include <stdbool.h>
#include <stddef.h>

struct envoi_context;

/** A setter that has failed. */
struct envoi__setter_error {
	char subject[64]; /* a setting's name, a handler, ... */
	char text[128];
	int code;
};

/** Failures of setters, until the same subject is set with success. Zeroed at first. */
struct envoi__setter_errors {
	struct envoi__setter_error *items;
	size_t count;
	bool has_lost_any; /* memory was short when it was to be noted */
};

void envoi__setter_errors_finish(
	struct envoi__setter_errors *errors, struct envoi_context *context);

/** Note how setting @p subject ended. @param code  ENVOI_OK removes the failure of before
 * @param text  what was refused, and why */
void envoi__setter_errors_note(struct envoi__setter_errors *errors, struct envoi_context *context,
	const char *subject, int code, const char *text);

/** The first failure. @param[out] ret_text  borrowed until the next note; set when this fails
 * @return its code; ENVOI_OK: there is none */
int envoi__setter_errors_first(const struct envoi__setter_errors *errors, const char **ret_text);

#endif
