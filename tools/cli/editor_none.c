/*
 * envoi - the command-line program: no lines are edited, where this is built without libedit
 * SPDX-License-Identifier: MIT
 */
#include <envoi/error.h>

#include "editor.h"

int editor_start(struct editor *editor, struct envoi_context *context, const char *prompt)
{
	(void)editor;
	(void)context;
	(void)prompt;
	return ENVOI_ERR_UNSUPPORTED;
}

void editor_stop(struct editor *editor)
{
	(void)editor;
}

void editor_set_prompt(struct editor *editor, const char *prompt)
{
	(void)editor;
	(void)prompt;
}

bool editor_drop(struct editor *editor)
{
	(void)editor;
	return false;
}

void editor_hide(void)
{
}

void editor_show(void)
{
}
