/*
 * envoi - the command-line program: data forms
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_FORM_H
#define ENVOI_TOOLS_FORM_H

#include <envoi/ext/forms.h>

#include "cli.h"
#include "json.h"

/** The option of commands that fill in forms. */
#define OPTION_FIELD \
	{ \
		"field", "NAME=VALUE", \
			"Fill in a field of the form, several times for several; of a field with several" \
			" values several times for each.", \
			NULL, true \
	}

/** Check that each --field is NAME=VALUE. @return STATUS_DONE, or another after complaining */
int check_fields(const struct invocation *invocation);

/** @return the first value that --field gives a field, or NULL */
const char *field_value(const struct invocation *invocation, const char *name);

/** @return whether there is a field that a person fills in */
bool form_asks(const struct envoi_form *form);

/**
 * Make the submission: values of --field, and those that the form comes with for others.
 *
 * @param[out] ret_filled  to be freed with form_free(); borrows from @p form and the invocation
 * @return STATUS_DONE, or STATUS_NO after complaining about what does not fit
 */
int form_fill(struct envoi_form *ret_filled, const struct invocation *invocation,
	const struct envoi_form *form);
void form_free(const struct invocation *invocation, struct envoi_form *filled);

/** Print a form or a result, as lines. */
void print_form(const struct envoi_form *form);
/** Write a form or a result. @param name of the member */
void write_form(struct json *json, const char *name, const struct envoi_form *form);

#endif
