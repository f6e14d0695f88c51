/*
 * envoi - the path of a stanza row
 * SPDX-License-Identifier: MIT
 */
#include "router/row_path.h"

#include <stddef.h>
#include <string.h>

#include "xml/names.h"
#include "xml/path.h"

const char *envoi__row_path_check(const struct envoi_stanza_row *row)
{
	bool is_named = row->ns != NULL || row->name != NULL;
	if (row->path != NULL && (is_named || row->payload != NULL)) {
		return "both a path and a payload";
	}
	if (row->depth != 0 && !is_named) {
		return "a depth without a namespace or a name";
	}
	return row->depth >= ENVOI__PATH_STEPS ? "a depth of more than 31" : NULL;
}

static const char *element_of(enum envoi_stanza_kind kind)
{
	return kind == ENVOI_MESSAGE ? "message" : kind == ENVOI_PRESENCE ? "presence" : "iq";
}

static bool may_be_stanza(const struct envoi__path_step *step, enum envoi_stanza_kind kind)
{
	return (step->ns == NULL || strcmp(step->ns, ENVOI_NS_CLIENT) == 0) &&
		(step->name == NULL || strcmp(step->name, element_of(kind)) == 0);
}

static int compile(struct envoi_path **ret_path, struct envoi_context *context,
	const struct envoi_stanza_row *row, struct envoi_path_problem *ret_problem)
{
	struct envoi_path *path;
	int r = envoi_path_new(&path, context, row->path, ret_problem);
	if (r < 0) {
		return r;
	}
	if (!may_be_stanza(&path->steps[0], row->kind)) {
		if (ret_problem != NULL) {
			*ret_problem = (struct envoi_path_problem){
				0, "the first step is not a stanza of the row's kind"};
		}
		envoi_path_free(path);
		return ENVOI_ERR_INVALID;
	}
	*ret_path = path;
	return ENVOI_OK;
}

int envoi__row_path_new(struct envoi_path **ret_path, struct envoi_context *context,
	const struct envoi_stanza_row *row, struct envoi_path_problem *ret_problem)
{
	*ret_path = NULL;
	if (row->path != NULL) {
		return compile(ret_path, context, row, ret_problem);
	}
	if (row->depth <= 1) {
		return ENVOI_OK;
	}
	const char *ns = envoi__name_intern(context, row->ns == NULL ? ENVOI_NS_CLIENT : row->ns);
	const char *name = row->name == NULL ? NULL : envoi__name_intern(context, row->name);
	if (ns != NULL && (name != NULL || row->name == NULL)) {
		*ret_path = envoi__path_to_depth(context, row->depth, ns, name);
	}
	return *ret_path == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

bool envoi__row_path_is_name(const struct envoi_path *path)
{
	return path->count == 2 && path->steps[1].ns != NULL && path->steps[0].attr == NULL &&
		path->steps[1].attr == NULL;
}
