/*
 * envoi - what handlers of a session need of each other
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "session/handlers.h"

int envoi__handler_refuse(struct envoi_session *session, const struct envoi_handler *handler,
	int code, const char *why, const char *name)
{
	const char *own = handler->impl->name != NULL ? handler->impl->name : "";
	return envoi__session_refuse(session, code, "handler \"%.64s\": %s%.256s", own, why, name);
}

static struct envoi__attachment *find_name(struct envoi__list *list, const char *name)
{
	struct envoi__list *link = list->next;
	for (; link != list; link = link->next) {
		struct envoi__attachment *attachment = envoi__attachment_of(link);
		const char *own = attachment->is_removed ? NULL : attachment->handler->impl->name;
		if (own != NULL && name != NULL && strcmp(own, name) == 0) {
			return attachment;
		}
	}
	return NULL;
}

struct envoi_handler *envoi_session_find(const struct envoi_session *session, const char *name)
{
	const struct envoi__attachment *attachment = find_name(
		(struct envoi__list *)(uintptr_t)&session->attachments, name);
	return attachment == NULL ? NULL : attachment->handler;
}

bool envoi__needs_are_met(const struct envoi_session *session, const struct envoi_handler *handler)
{
	const char *const *needs = handler->impl->needs;
	for (; needs != NULL && *needs != NULL; needs++) {
		if (envoi_session_find(session, *needs) == NULL) {
			return false;
		}
	}
	return true;
}

/* --- circles --- */

/** A search through the handlers that wait. */
struct search {
	struct envoi_session *session;
	const char *name; /* whose needs are searched */
	char chain[256]; /* " needs b needs c" */
};

/* Each handler is searched once: what does not lead to the name from here, never does. */
static bool leads_to_name(struct search *search, const char *const *needs, size_t len)
{
	for (; needs != NULL && *needs != NULL; needs++) {
		int more = snprintf(
			search->chain + len, sizeof(search->chain) - len, " needs %.32s", *needs);
		size_t end = len + (size_t)more;
		end = end < sizeof(search->chain) ? end : sizeof(search->chain) - 1;
		if (strcmp(*needs, search->name) == 0) {
			return true;
		}
		struct envoi__attachment *next = find_name(&search->session->waiting, *needs);
		if (next != NULL && next->search != search->session->searches) {
			next->search = search->session->searches;
			if (leads_to_name(search, next->handler->impl->needs, end)) {
				return true;
			}
		}
	}
	return false;
}

int envoi__needs_check_circle(struct envoi_session *session, const struct envoi_handler *handler)
{
	struct search search = {.session = session, .name = handler->impl->name};
	session->searches++;
	return search.name != NULL && leads_to_name(&search, handler->impl->needs, 0)
		? envoi__handler_refuse(
			  session, handler, ENVOI_ERR_INVALID, "needs itself: it", search.chain)
		: ENVOI_OK;
}

/* --- what is missing --- */

/* @return a need that is neither active nor waiting; NULL: none */
static const char *missing_of(
	struct envoi_session *session, const struct envoi__attachment *attachment)
{
	const char *const *needs = attachment->handler->impl->needs;
	for (; needs != NULL && *needs != NULL; needs++) {
		if (envoi_session_find(session, *needs) == NULL &&
			find_name(&session->waiting, *needs) == NULL) {
			return *needs;
		}
	}
	return NULL;
}

int envoi_session_check_needs(struct envoi_session *session)
{
	struct envoi__list *link = session->waiting.next;
	for (; link != &session->waiting; link = link->next) {
		const struct envoi__attachment *attachment = envoi__attachment_of(link);
		const char *missing = missing_of(session, attachment);
		if (missing != NULL) {
			return envoi__handler_refuse(session, attachment->handler,
				ENVOI_ERR_NOT_FOUND,
				"needs a handler that is not attached: ", missing);
		}
	}
	return ENVOI_OK;
}
