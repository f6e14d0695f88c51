/*
 * envoi - XEP-0172: User Nickname, version 1.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/nickname.h>

#include <stdbool.h>

enum {
	NAME_BYTES = 1023, /* as a resource, RFC 7622, section 3.4 */
};

static const struct envoi_field fields[] = {
	ENVOI_TEXT(struct envoi_nickname, name, ENVOI_REQUIRED, .max_bytes = NAME_BYTES),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_nickname_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_nickname, ENVOI_NS_NICKNAME, "nick", fields);

/* Section 4.1: not in presence that is broadcast. */
static bool may_have_one(const struct envoi_stanza *stanza)
{
	enum envoi_stanza_type type = envoi_stanza_type(stanza);
	return envoi_stanza_kind(stanza) == ENVOI_MESSAGE ? type != ENVOI_TYPE_ERROR
							  : type == ENVOI_TYPE_SUBSCRIBE;
}

const char *envoi_nickname_of(const struct envoi_stanza *stanza)
{
	const struct envoi_nickname *nickname = may_have_one(stanza)
		? envoi_stanza_find(stanza, &envoi_nickname_type)
		: NULL;
	return nickname == NULL || nickname->name[0] == '\0' ? NULL : nickname->name;
}

int envoi_nickname_add(struct envoi_stanza *stanza, const char *name)
{
	if (stanza == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const struct envoi_nickname nickname = {.name = (char *)(uintptr_t)name};
	const struct envoi_element *element = envoi_stanza_element(stanza);
	if (!may_have_one(stanza) || name == NULL || name[0] == '\0' ||
		envoi_element_child(element, ENVOI_NS_NICKNAME, "nick") != NULL ||
		envoi_payload_check(&envoi_nickname_type, &nickname, NULL) < 0) {
		return ENVOI_ERR_INVALID;
	}
	return envoi_stanza_encode(stanza, &envoi_nickname_type, &nickname);
}
