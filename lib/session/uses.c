/*
 * envoi - sessions: extensions that are used, with what they depend on
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <envoi/context.h>

#include "session/session.h"

/** An extension that is used at least once. Those that begin are a chain, in the order of the list:
 * each needs the next one. */
struct use {
	struct envoi__list link; /* in the session's uses */
	struct envoi_context *context; /* borrowed from the session */
	const struct envoi_extension *extension;
	struct envoi_handler *handler;
	size_t count;
	bool is_own; /* the handler was made here, and is destroyed with the last use */
	bool begins; /* its needs are being attached */
};

static struct use *from_link(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct use, link);
}

static struct use *find(
	const struct envoi_session *session, const struct envoi_extension *extension)
{
	struct envoi__list *link = session->uses.next;
	while (link != &session->uses && from_link(link)->extension != extension) {
		link = link->next;
	}
	return link == &session->uses ? NULL : from_link(link);
}

static struct use *use_new(struct envoi_session *session, const struct envoi_extension *extension)
{
	struct use *use = envoi_alloc_zeroed(session->context, sizeof(*use));
	if (use != NULL) {
		use->context = session->context;
		use->extension = extension;
		use->count = 1;
		use->begins = true;
		envoi__list_append(&session->uses, &use->link);
	}
	return use;
}

static void use_free(struct use *use)
{
	envoi__list_remove(&use->link);
	if (use->is_own) {
		envoi_handler_destroy(use->handler);
	}
	envoi_free(use->context, use);
}

/* --- ending --- */

static void end(struct envoi_session *session, const struct envoi_extension *extension);

/* The last one first. @param count  of them */
static void end_needs(
	struct envoi_session *session, const struct envoi_extension *extension, size_t count)
{
	while (count-- > 0) {
		end(session, extension->needs[count]);
	}
}

static size_t count_needs(const struct envoi_extension *extension)
{
	size_t count = 0;
	while (extension->needs != NULL && extension->needs[count] != NULL) {
		count++;
	}
	return count;
}

static void end(struct envoi_session *session, const struct envoi_extension *extension)
{
	struct use *use = find(session, extension);
	if (use == NULL || use->begins || --use->count > 0) {
		return;
	}
	if (use->is_own) {
		envoi_session_remove(session, use->handler);
	}
	use_free(use);
	end_needs(session, extension, count_needs(extension));
}

/* Those that begin are on the stack, which ends them. */
void envoi__session_end_uses(struct envoi_session *session)
{
	struct envoi__list *link = session->uses.previous;
	while (link != &session->uses) {
		struct use *use = from_link(link);
		link = link->previous;
		if (!use->begins) {
			use_free(use);
		}
	}
}

/* --- beginning --- */

static int refuse_circle(struct envoi_session *session, const struct use *use)
{
	char chain[256] = "";
	size_t len = 0;
	const struct envoi__list *link = use->link.next;
	for (; link != &session->uses && len < sizeof(chain); link = link->next) {
		len += (size_t)snprintf(chain + len, sizeof(chain) - len, " needs %.32s",
			from_link((struct envoi__list *)(uintptr_t)link)->extension->name);
	}
	return envoi__session_refuse(session, ENVOI_ERR_INVALID,
		"extension \"%.64s\": needs itself: it%s needs %.64s", use->extension->name, chain,
		use->extension->name);
}

static int add_own(struct envoi_session *session, struct use *use)
{
	int r = envoi_session_add(session, use->handler);
	use->is_own = r == ENVOI_OK;
	if (r < 0) {
		envoi_handler_destroy(use->handler);
		use->handler = NULL;
	}
	return r;
}

/* The session may be freed in the extension's function: then nothing can be added to it. */
static int make(struct envoi_session *session, struct use *use)
{
	const struct envoi_extension *extension = use->extension;
	use->handler = envoi_session_find(session, extension->name);
	if (use->handler != NULL) {
		return ENVOI_OK; /* the application's own */
	}
	int r = extension->make(&use->handler, session);
	if (r < 0) {
		use->handler = NULL;
		return envoi__session_refuse(
			session, r, "extension \"%.64s\" cannot be made", extension->name);
	}
	return add_own(session, use);
}

static int begin(struct envoi_session *session, const struct envoi_extension *extension);

static int begin_new(struct envoi_session *session, const struct envoi_extension *extension)
{
	struct use *use = use_new(session, extension);
	size_t count = count_needs(extension), begun = 0;
	int r = use == NULL ? envoi__session_refuse(session, ENVOI_ERR_NOMEM, NULL) : ENVOI_OK;
	while (r == ENVOI_OK && begun < count) {
		r = begin(session, extension->needs[begun]);
		begun += r == ENVOI_OK;
	}
	if (r == ENVOI_OK) {
		r = make(session, use);
	}
	if (use != NULL && r < 0) {
		use_free(use);
		end_needs(session, extension, begun);
	} else if (use != NULL) {
		use->begins = false;
	}
	return r;
}

/* The application may have removed a handler of its own, and freed it. */
static bool has_handler(struct envoi_session *session, const struct use *use)
{
	return use->is_own ||
		(use->handler != NULL &&
			envoi_session_find(session, use->extension->name) == use->handler);
}

static int begin_again(struct envoi_session *session, struct use *use)
{
	int r = ENVOI_OK;
	if (!has_handler(session, use)) {
		use->begins = true;
		r = make(session, use);
		use->begins = false;
	}
	use->count += r == ENVOI_OK;
	return r;
}

static int begin(struct envoi_session *session, const struct envoi_extension *extension)
{
	struct use *use = find(session, extension);
	if (use == NULL) {
		return begin_new(session, extension);
	}
	return use->begins ? refuse_circle(session, use) : begin_again(session, use);
}

int envoi_session_use(struct envoi_session *session, const struct envoi_extension *extension,
	struct envoi_handler **ret_handler)
{
	if (envoi__guard_is_over(&session->guard)) {
		return ENVOI_ERR_STATE;
	}
	envoi__session_enter(session);
	int r = begin(session, extension);
	if (envoi__guard_is_over(&session->guard)) {
		envoi__session_end_uses(session);
		r = ENVOI_ERR_STATE;
	}
	if (r == ENVOI_OK && ret_handler != NULL) {
		*ret_handler = find(session, extension)->handler;
	}
	envoi__session_leave(session);
	return r;
}

void envoi_session_unuse(struct envoi_session *session, const struct envoi_extension *extension)
{
	envoi__session_enter(session);
	end(session, extension);
	envoi__session_leave(session);
}
