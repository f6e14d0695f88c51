/*
 * envoi - known names
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_NAMES_H
#define ENVOI_XML_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/context.h>

/**
 * The context's dictionary of known names: the names of the specifications that the library
 * implements, and registered names. Each has one pointer for the lifetime of the context, so known
 * names are compared by pointer. Peers cannot add names.
 *
 * Elements and attributes whose names are known hold these pointers (see xml/element.h); a name
 * that becomes known later is not changed in trees that exist.
 */
struct envoi__names;

/** @return the dictionary, made on first use; borrowed; NULL: out of memory */
struct envoi__names *envoi__names_of(struct envoi_context *context);

/** Make a name or namespace name known. @return its pointer, or NULL: out of memory */
const char *envoi__name_intern(struct envoi_context *context, const char *text);

/** @return the pointer of a known name, or NULL: it is not known, or out of memory */
const char *envoi__name_lookup(struct envoi_context *context, const char *text, size_t len);

const char *envoi__names_find(const struct envoi__names *names, const char *text, size_t len);

/** @return the number of known names: it changes whenever a name is added */
size_t envoi__names_count(const struct envoi__names *names);

/** Names of RFC 6120, RFC 6121 and common extensions; NULL ends the list. */
extern const char *const envoi__names_builtin[];

#endif
