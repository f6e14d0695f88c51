/*
 * envoi - journals of sessions: requests of peers that are not answered
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "session/session.h"

static struct envoi__journal_request *request_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__journal_request, link);
}

static const struct envoi__journal_request *last_request(const struct envoi__journal *journal)
{
	return journal->request_count == 0 ? NULL : request_of(journal->requests.previous);
}

/* One that was returned for want of memory comes again. */
static bool is_noted(const struct envoi__journal *journal, uint64_t number)
{
	const struct envoi__journal_request *last = last_request(journal);
	return last != NULL && last->number == number;
}

int envoi__journal_add_request(struct envoi_session *session, uint64_t number, const char *from,
	size_t from_len, const char *id, size_t id_len)
{
	if (is_noted(&session->journal, number)) {
		return ENVOI_OK;
	}
	struct envoi__journal_request *request = envoi_alloc_zeroed(
		session->context, sizeof(*request) + from_len + id_len + 2);
	if (request == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	char *own_id = request->from + from_len + 1;
	memcpy(request->from, from, from_len);
	memcpy(own_id, id, id_len);
	request->number = number;
	request->id = own_id;
	envoi__list_append(&session->journal.requests, &request->link);
	session->journal.request_count++;
	return ENVOI_OK;
}

static void remove_request(struct envoi_session *session, struct envoi__journal_request *request)
{
	envoi__list_remove(&request->link);
	session->journal.request_count--;
	envoi_free(session->context, request);
}

void envoi__journal_remove_request(struct envoi_session *session, uint64_t number)
{
	struct envoi__list *list = &session->journal.requests;
	for (struct envoi__list *link = list->next; link != list; link = link->next) {
		if (request_of(link)->number == number) {
			remove_request(session, request_of(link));
			return;
		}
	}
}

void envoi__journal_remove_requests(struct envoi_session *session)
{
	while (!envoi__list_is_empty(&session->journal.requests)) {
		remove_request(session, request_of(session->journal.requests.next));
	}
	session->journal.was_loaded = false;
}

uint64_t envoi__journal_answered(
	const struct envoi_session *session, const struct envoi_stanza *answer)
{
	struct envoi__list *list = session->journal.requests.next->previous;
	enum envoi_stanza_kind kind = envoi_stanza_kind(answer);
	if (kind != ENVOI_IQ_RESULT && kind != ENVOI_IQ_ERROR) {
		return 0;
	}
	const char *id = envoi_stanza_id(answer), *to = envoi_stanza_to_text(answer);
	for (struct envoi__list *link = list->next; id != NULL && link != list; link = link->next) {
		const struct envoi__journal_request *request = request_of(link);
		if (strcmp(request->id, id) == 0 &&
			strcmp(request->from, to == NULL ? "" : to) == 0) {
			return request->number;
		}
	}
	return 0;
}

static void refuse_left(struct envoi_session *session, const struct envoi__journal_request *request)
{
	struct envoi_element *iq = envoi_element_new(session->context, ENVOI_NS_CLIENT, "iq");
	envoi_element_set(iq, "type", "get");
	envoi_element_set(iq, "id", request->id);
	envoi_element_set(iq, "from", request->from[0] == '\0' ? NULL : request->from);
	envoi__router_refuse_request(&session->router, iq, ENVOI_INTERNAL_SERVER_ERROR);
	envoi_element_unref(iq);
}

/* An answer that is sent removes its request; one for which there is no room leaves it for the next
 * process. */
void envoi__journal_answer_left(struct envoi_session *session)
{
	struct envoi__list *list = &session->journal.requests;
	size_t count = session->journal.request_count;
	for (; session->journal.was_loaded && count > 0 && !envoi__list_is_empty(list); count--) {
		struct envoi__list *link = list->next;
		envoi__list_remove(link);
		envoi__list_append(list, link);
		refuse_left(session, request_of(link));
	}
	session->journal.was_loaded = false;
}

static bool is_request(const struct envoi_element *element)
{
	const char *type = envoi_element_attr(element, "type");
	return strcmp(envoi_element_name(element), "iq") == 0 && type != NULL &&
		(strcmp(type, "get") == 0 || strcmp(type, "set") == 0) &&
		envoi_element_attr(element, "id") != NULL;
}

int envoi__journal_note_request(const struct envoi__journal_request **ret_request,
	struct envoi_session *session, uint64_t number, const struct envoi_element *element)
{
	*ret_request = NULL;
	if (!is_request(element) || session->journal.request_count >= ENVOI__JOURNAL_REQUESTS) {
		return ENVOI_OK;
	}
	const char *from = envoi_element_attr(element, "from");
	const char *id = envoi_element_attr(element, "id");
	from = from == NULL ? "" : from;
	int r = envoi__journal_add_request(session, number, from, strlen(from), id, strlen(id));
	*ret_request = r == ENVOI_OK ? last_request(&session->journal) : NULL;
	return r;
}
