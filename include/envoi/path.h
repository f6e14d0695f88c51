/*
 * envoi - paths: elements found by names, namespaces and attributes
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PATH_H
#define ENVOI_PATH_H

#include <stddef.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_element;

/**
 * A compiled path. It leads to an element by steps: the first step is compared with the root, each
 * further one with the children of the element before.
 *
 *	message/{urn:x}a/b@attr='v'
 *
 *	path  = step *( "/" step )
 *	step  = [ "{" ( namespace / "*" ) "}" ] ( name / "*" ) [ test ]
 *	test  = "@" [ "{" namespace "}" ] name [ "=" value ]
 *	value = "'" text "'" / DQUOTE text DQUOTE
 *
 * - `{urn:x}a` is the element a in the namespace urn:x, `{}a` the one in no namespace;
 * - `a` is in the namespace of the step before; in the first step, in `jabber:client`;
 * - `{*}a` is a in any namespace, `{urn:x}*` any element of that namespace, `*` any element;
 * - after a step with any namespace, a name without braces is in any namespace too;
 * - `@attr` matches if the attribute exists, `@attr='v'` if it has that value. An attribute without
 *   braces is in no namespace. The value cannot contain the quote that encloses it; references of
 *   XML are not replaced.
 *
 * There is no white space between the parts, and a path has at most 32 steps.
 */
struct envoi_path;

/** Why a path is refused. */
struct envoi_path_problem {
	size_t at; /**< byte offset in the path, from 0 */
	const char *why; /**< "a name is expected", ...; static */
};

/**
 * Compile a path.
 *
 * @param[out] ret_path  owned by the caller; free it with envoi_path_free() before the context,
 *                       of which it has no reference
 * @param text           copied
 * @param[out] ret_problem  set on ENVOI_ERR_INVALID; NULL: not wanted
 * @retval ENVOI_ERR_INVALID  the path has another form
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_path_new(struct envoi_path **ret_path,
	struct envoi_context *context, const char *text, struct envoi_path_problem *ret_problem);

/** Free a path; NULL is allowed. */
ENVOI_API void envoi_path_free(struct envoi_path *path);

/**
 * Find the first element, in document order, that a path leads to. The time is at most proportional
 * to the number of elements down to the depth of the path.
 *
 * @param root  the element of the first step; NULL is allowed
 * @return the element of the last step, borrowed from the tree of @p root; NULL: there is none
 */
ENVOI_API struct envoi_element *envoi_path_find(
	const struct envoi_path *path, const struct envoi_element *root);

#ifdef __cplusplus
}
#endif
#endif
