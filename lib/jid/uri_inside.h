/*
 * envoi - xmpp: URIs and IRIs, private header
 * SPDX-License-Identifier: MIT
 *
 * uri.c has the object, uri_parse.c and uri_write.c its text.
 */
#ifndef ENVOI_JID_URI_INSIDE_H
#define ENVOI_JID_URI_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/uri.h>

#include "base/arena.h"

struct envoi__uri_parameter {
	const char *name, *value;
};

struct envoi_uri {
	struct envoi_context *context;
	struct envoi__arena arena; /* of all text */
	struct envoi_jid *jid, *account;
	const char *action, *fragment;
	struct envoi__uri_parameter *parameters;
	size_t count, capacity;
};

/* What each place allows beside letters, digits, "-", ".", "_", "~" and percent-encoding. */
#define ENVOI__URI_NODE_MARKS "!$()*+,;="
/* RFC 3986, section 3.2.2, and literals apart */
#define ENVOI__URI_HOST_MARKS "!$&'()*+,;="
#define ENVOI__URI_RESOURCE_MARKS "!$&'()*+,:;="
#define ENVOI__URI_QUERY_MARKS ""
/* RFC 3986, section 3.5 */
#define ENVOI__URI_FRAGMENT_MARKS "!$&'()*+,;=:@/?"

/** @return whether a place with these marks has a character as it is */
bool envoi__uri_is_allowed(char c, const char *marks);

/** Append a parameter. @param name, value  in the arena @retval ENVOI_ERR_NOMEM */
int envoi__uri_append(struct envoi_uri *uri, const char *name, const char *value);

/** Make an empty object. @retval ENVOI_ERR_NOMEM */
int envoi__uri_make(struct envoi_uri **ret_uri, struct envoi_context *context);

#endif
