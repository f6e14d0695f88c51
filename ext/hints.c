/*
 * envoi - XEP-0334: Message Processing Hints, version 1.0.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/hints.h>

/* Without a table: hints are children of the message itself, and a doubled one is one. */
static bool has(const struct envoi_stanza *message, const char *name)
{
	return envoi_element_child(envoi_stanza_element(message), ENVOI_NS_HINTS, name) != NULL;
}

struct envoi_hints envoi_hints_of(const struct envoi_stanza *message)
{
	if (envoi_stanza_type(message) == ENVOI_TYPE_ERROR) {
		return (struct envoi_hints){0};
	}
	return (struct envoi_hints){
		.no_permanent_store = has(message, "no-permanent-store"),
		.no_store = has(message, "no-store"),
		.no_copy = has(message, "no-copy"),
		.store = has(message, "store"),
	};
}

static void add(struct envoi_stanza *message, const char *name, bool is_wanted)
{
	if (is_wanted && !has(message, name)) {
		envoi_element_add(envoi_stanza_element(message), ENVOI_NS_HINTS, name);
	}
}

int envoi_hints_add(struct envoi_stanza *message, const struct envoi_hints *hints)
{
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const struct envoi_jid *to = envoi_stanza_to(message);
	if (hints->no_copy && (to == NULL || envoi_jid_is_bare(to))) {
		return ENVOI_ERR_INVALID;
	}
	add(message, "no-permanent-store", hints->no_permanent_store);
	add(message, "no-store", hints->no_store);
	add(message, "no-copy", hints->no_copy);
	add(message, "store", hints->store);
	return envoi_element_error(envoi_stanza_element(message));
}
