/*
 * envoi - the path of a stanza row
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROUTER_ROW_PATH_H
#define ENVOI_ROUTER_ROW_PATH_H

#include <envoi/handler.h>
#include <envoi/path.h>

/** @return the reason for which path and depth of a row are refused whatever they lead to, or NULL
 */
const char *envoi__row_path_check(const struct envoi_stanza_row *row);

/**
 * Compile the path of a row that envoi__row_path_check() accepts: its own, or that to its depth.
 *
 * @param[out] ret_path     NULL: the row needs none
 * @param[out] ret_problem  set on ENVOI_ERR_INVALID; NULL: not wanted
 * @retval ENVOI_ERR_INVALID  the path has another form, or its first step is not the row's kind
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__row_path_new(struct envoi_path **ret_path, struct envoi_context *context,
	const struct envoi_stanza_row *row, struct envoi_path_problem *ret_problem);

/** @return whether the path names a payload and nothing else, as `ns` and `name` of a row do */
bool envoi__row_path_is_name(const struct envoi_path *path);

#endif
