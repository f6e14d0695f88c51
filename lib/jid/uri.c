/*
 * envoi - xmpp: URIs and IRIs (RFC 5122)
 * SPDX-License-Identifier: MIT
 */
#include "jid/uri_inside.h"

#include <string.h>

#include <unistr.h>

#include <envoi/context.h>

bool envoi__uri_is_allowed(char c, const char *marks)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c != '\0' && (strchr("-._~", c) != NULL || strchr(marks, c) != NULL));
}

int envoi__uri_append(struct envoi_uri *uri, const char *name, const char *value)
{
	if (uri->count == uri->capacity) {
		size_t capacity = uri->capacity == 0 ? 8 : uri->capacity * 2;
		struct envoi__uri_parameter *parameters = envoi_realloc(
			uri->context, uri->parameters, capacity * sizeof(*parameters));
		if (parameters == NULL) {
			return ENVOI_ERR_NOMEM;
		}
		uri->parameters = parameters;
		uri->capacity = capacity;
	}
	uri->parameters[uri->count++] = (struct envoi__uri_parameter){name, value};
	return ENVOI_OK;
}

int envoi__uri_make(struct envoi_uri **ret_uri, struct envoi_context *context)
{
	struct envoi_uri *uri = envoi_alloc_zeroed(context, sizeof(*uri));
	if (uri == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	uri->context = envoi_context_ref(context);
	envoi__arena_init(&uri->arena, context);
	*ret_uri = uri;
	return ENVOI_OK;
}

int envoi_uri_new(
	struct envoi_uri **ret_uri, struct envoi_context *context, const struct envoi_jid *jid)
{
	if (jid == NULL) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi__uri_make(ret_uri, context);
	if (r == ENVOI_OK) {
		(*ret_uri)->jid = envoi_jid_ref(jid);
	}
	return r;
}

void envoi_uri_free(struct envoi_uri *uri)
{
	if (uri == NULL) {
		return;
	}
	struct envoi_context *context = uri->context;
	envoi_jid_unref(uri->jid);
	envoi_jid_unref(uri->account);
	envoi_free(context, uri->parameters);
	envoi__arena_finish(&uri->arena);
	envoi_free(context, uri);
	envoi_context_unref(context);
}

const struct envoi_jid *envoi_uri_jid(const struct envoi_uri *uri)
{
	return uri->jid;
}

const struct envoi_jid *envoi_uri_account(const struct envoi_uri *uri)
{
	return uri->account;
}

const char *envoi_uri_action(const struct envoi_uri *uri)
{
	return uri->action;
}

const char *envoi_uri_fragment(const struct envoi_uri *uri)
{
	return uri->fragment;
}

bool envoi_uri_next_parameter(const struct envoi_uri *uri, size_t *position, const char **ret_name,
	const char **ret_value)
{
	if (*position >= uri->count) {
		return false;
	}
	*ret_name = uri->parameters[*position].name;
	*ret_value = uri->parameters[*position].value;
	(*position)++;
	return true;
}

const char *envoi_uri_parameter(const struct envoi_uri *uri, const char *name)
{
	for (size_t i = 0; name != NULL && i < uri->count; i++) {
		if (strcmp(uri->parameters[i].name, name) == 0) {
			return uri->parameters[i].value;
		}
	}
	return NULL;
}

static int copy(const char **ret_text, struct envoi_uri *uri, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);
	if (text == NULL || u8_check((const uint8_t *)text, len) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	char *its = envoi__arena_strndup(&uri->arena, text, len);
	if (its == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*ret_text = its;
	return ENVOI_OK;
}

int envoi_uri_set_account(struct envoi_uri *uri, const struct envoi_jid *account)
{
	if (!envoi_jid_is_bare(account) || envoi_jid_local(account) == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_jid *old = uri->account;
	uri->account = envoi_jid_ref(account);
	envoi_jid_unref(old);
	return ENVOI_OK;
}

int envoi_uri_set_action(struct envoi_uri *uri, const char *action)
{
	return copy(&uri->action, uri, action);
}

int envoi_uri_set_fragment(struct envoi_uri *uri, const char *fragment)
{
	return copy(&uri->fragment, uri, fragment);
}

int envoi_uri_add_parameter(struct envoi_uri *uri, const char *name, const char *value)
{
	const char *its_name, *its_value;
	int r = copy(&its_name, uri, name);
	if (r == ENVOI_OK) {
		r = copy(&its_value, uri, value);
	}
	if (r == ENVOI_OK) {
		r = envoi__uri_append(uri, its_name, its_value);
	}
	if (r == ENVOI_OK && uri->action == NULL) {
		uri->action = "";
	}
	return r;
}
