/*
 * envoi - paths: what the router sees of them
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_PATH_H
#define ENVOI_XML_PATH_H

#include <envoi/path.h>

struct envoi__path_step {
	const char *ns, *name; /* NULL: any */
	const char *attr_ns, *attr; /* attr NULL: no test */
	const char *value; /* NULL: the attribute exists */
};

struct envoi_path {
	struct envoi_context *context; /* borrowed */
	size_t count; /* from 1 */
	char *text; /* the path, divided by NULs: what the steps point to */
	struct envoi__path_step steps[];
};

enum {
	ENVOI__PATH_STEPS = 32, /* at most: finding is recursive */
};

/**
 * Make the path to an element of that name, @p depth levels below whatever root.
 * @param ns, name  borrowed as long as the path; NULL: any
 * @return NULL: out of memory
 */
struct envoi_path *envoi__path_to_depth(
	struct envoi_context *context, size_t depth, const char *ns, const char *name);

#endif
