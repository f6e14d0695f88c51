/*
 * envoi - the client: failures of its setters
 * SPDX-License-Identifier: MIT
 */
#include "connection/setter_errors.h"

#include <string.h>

#include <envoi/context.h>

#include "base/failure.h"

static struct envoi__setter_error *find(
	const struct envoi__setter_errors *errors, const char *subject)
{
	for (size_t i = 0; i < errors->count; i++) {
		if (strncmp(errors->items[i].subject, subject,
			    sizeof(errors->items[i].subject) - 1) == 0) {
			return &errors->items[i];
		}
	}
	return NULL;
}

static struct envoi__setter_error *add(
	struct envoi__setter_errors *errors, struct envoi_context *context, const char *subject)
{
	struct envoi__setter_error *items = envoi_realloc(
		context, errors->items, (errors->count + 1) * sizeof(*items));
	if (items == NULL) {
		return NULL;
	}
	errors->items = items;
	struct envoi__setter_error *error = &items[errors->count++];
	envoi__failure_put(error->subject, sizeof(error->subject), subject);
	return error;
}

static void remove_error(struct envoi__setter_errors *errors, struct envoi__setter_error *error)
{
	const struct envoi__setter_error *end = errors->items + errors->count;
	memmove(error, error + 1, (size_t)(end - error - 1) * sizeof(*error));
	errors->count--;
}

void envoi__setter_errors_note(struct envoi__setter_errors *errors, struct envoi_context *context,
	const char *subject, int code, const char *text)
{
	struct envoi__setter_error *error = find(errors, subject);
	if (code == ENVOI_OK) {
		if (error != NULL) {
			remove_error(errors, error);
		}
		return;
	}
	if (error == NULL) {
		error = add(errors, context, subject);
	}
	if (error == NULL) {
		errors->has_lost_any = true;
		return;
	}
	envoi__failure_put(error->text, sizeof(error->text), text);
	error->code = code;
}

int envoi__setter_errors_first(const struct envoi__setter_errors *errors, const char **ret_text)
{
	if (errors->count > 0) {
		*ret_text = errors->items[0].text;
		return errors->items[0].code;
	}
	if (errors->has_lost_any) {
		*ret_text = "a setter failed, and there was no memory to note which";
		return ENVOI_ERR_NOMEM;
	}
	return ENVOI_OK;
}

void envoi__setter_errors_finish(struct envoi__setter_errors *errors, struct envoi_context *context)
{
	envoi_free(context, errors->items);
	*errors = (struct envoi__setter_errors){.items = NULL};
}
