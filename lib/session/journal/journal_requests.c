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

static const struct envoi__journal_request *find_request(
	const struct envoi_session *session, const char *from, const char *id, size_t id_len)
{
	const struct envoi__list *list = &session->journal.requests;
	for (struct envoi__list *link = list->next; link != list; link = link->next) {
		const struct envoi__journal_request *request = request_of(link);
		if (request->id_len == id_len && memcmp(request->id, id, id_len) == 0 &&
			strcmp(request->from, from) == 0) {
			return request;
		}
	}
	return NULL;
}

/* RFC 6120, section 8.1.3: one answer cannot be told from another where sender and id are the
 * same, so that one record is enough. */
static int add(struct envoi_session *session, uint64_t number, const char *from, const char *id,
	size_t id_len)
{
	struct envoi__journal *journal = &session->journal;
	size_t from_len = strlen(from), bytes = from_len + id_len;
	if (journal->request_count >= ENVOI__JOURNAL_REQUESTS ||
		bytes > ENVOI__JOURNAL_REQUEST_BYTES - journal->request_bytes ||
		find_request(session, from, id, id_len) != NULL) {
		return ENVOI_OK;
	}
	struct envoi__journal_request *request = envoi_alloc_zeroed(
		session->context, sizeof(*request) + bytes + 2);
	if (request == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	char *own_id = request->from + from_len + 1;
	memcpy(request->from, from, from_len);
	memcpy(own_id, id, id_len);
	request->number = number;
	request->id = own_id;
	request->id_len = id_len;
	envoi__list_append(&journal->requests, &request->link);
	journal->request_count++;
	journal->request_bytes += bytes;
	return ENVOI_OK;
}

/* The sender in its canonical form, which an answer has as `to`. One that is no address gets no
 * answer. */
int envoi__journal_add_request(struct envoi_session *session, uint64_t number, const char *from,
	size_t from_len, const char *id, size_t id_len)
{
	struct envoi_jid *sender = NULL;
	if (is_noted(&session->journal, number)) {
		return ENVOI_OK;
	}
	int r = from_len == 0 ? ENVOI_OK
			      : envoi_jid_parse(&sender, session->context, from, from_len);
	if (r == ENVOI_OK) {
		r = add(session, number, sender == NULL ? "" : envoi_jid_text(sender), id, id_len);
	}
	envoi_jid_unref(sender);
	return r == ENVOI_ERR_INVALID ? ENVOI_OK : r;
}

static void remove_request(struct envoi_session *session, struct envoi__journal_request *request)
{
	envoi__list_remove(&request->link);
	session->journal.request_count--;
	session->journal.request_bytes -= strlen(request->from) + request->id_len;
	envoi_free(session->context, request);
}

bool envoi__journal_remove_request(struct envoi_session *session, uint64_t number)
{
	struct envoi__list *list = &session->journal.requests;
	for (struct envoi__list *link = list->next; link != list; link = link->next) {
		if (request_of(link)->number == number) {
			remove_request(session, request_of(link));
			return true;
		}
	}
	return false;
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
	enum envoi_stanza_kind kind = envoi_stanza_kind(answer);
	const char *id = envoi_stanza_id(answer), *to = envoi_stanza_to_text(answer);
	if ((kind != ENVOI_IQ_RESULT && kind != ENVOI_IQ_ERROR) || id == NULL) {
		return 0;
	}
	const struct envoi__journal_request *request = find_request(
		session, to == NULL ? "" : to, id, strlen(id));
	return request == NULL ? 0 : request->number;
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
	const char *from = envoi_element_attr(element, "from");
	return strcmp(envoi_element_name(element), "iq") == 0 && type != NULL &&
		(strcmp(type, "get") == 0 || strcmp(type, "set") == 0) &&
		envoi_element_attr(element, "id") != NULL && (from == NULL || from[0] != '\0');
}

int envoi__journal_note_request(const struct envoi__journal_request **ret_request,
	struct envoi_session *session, uint64_t number, const struct envoi_element *element)
{
	*ret_request = NULL;
	if (!is_request(element)) {
		return ENVOI_OK;
	}
	const char *from = envoi_element_attr(element, "from");
	const char *id = envoi_element_attr(element, "id");
	from = from == NULL ? "" : from;
	int r = envoi__journal_add_request(session, number, from, strlen(from), id, strlen(id));
	if (is_noted(&session->journal, number)) {
		*ret_request = last_request(&session->journal);
	}
	return r;
}
