/*
 * envoi - journals of sessions: recording
 * SPDX-License-Identifier: MIT
 */
#include "session/journal/journal.h"

#include <inttypes.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "session/journal/journal_record.h"
#include "session/journal/journal_sent.h"
#include "session/session.h"

void envoi__journal_init(struct envoi__journal *journal)
{
	envoi__list_init(&journal->requests);
}

void envoi__journal_finish(struct envoi_session *session)
{
	envoi__journal_remove_requests(session);
}

int envoi_session_set_journal(struct envoi_session *session, struct envoi_journal *journal)
{
	if (session->stream != NULL) {
		return ENVOI_ERR_STATE;
	}
	session->journal.journal = journal;
	session->journal.is_behind = true;
	return ENVOI_OK;
}

/* --- requests of peers --- */

static struct envoi__journal_request *request_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__journal_request, link);
}

int envoi__journal_add_request(struct envoi_session *session, uint64_t number, const char *from,
	size_t from_len, const char *id, size_t id_len)
{
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

/* --- the records of a state --- */

struct writer {
	struct envoi_session *session;
	struct envoi_buffer *out;
	int code; /* the first failure */
};

static void put(struct writer *writer, enum envoi__record_kind kind, uint64_t number,
	const char *data, size_t len)
{
	const struct envoi__record record = {
		kind, envoi_context_wall_clock_ms(writer->session->context), number, data, len};
	if (writer->code == ENVOI_OK) {
		writer->code = envoi__record_write(writer->out, &record);
	}
}

/* @param lines  so many texts; NULL is an empty one */
static void put_lines(struct writer *writer, enum envoi__record_kind kind, uint64_t number,
	const char *const *lines, size_t count)
{
	struct envoi_buffer text;
	envoi_buffer_init(&text, writer->session->context, 0);
	for (size_t i = 0; i < count && writer->code == ENVOI_OK; i++) {
		writer->code = envoi_buffer_printf(&text, "%s\n", lines[i] == NULL ? "" : lines[i]);
	}
	put(writer, kind, number, envoi_buffer_data(&text), envoi_buffer_len(&text));
	envoi_buffer_finish(&text);
}

static void put_account(struct writer *writer)
{
	const struct envoi_jid *jid = writer->session->jid;
	if (jid == NULL) {
		writer->code = ENVOI_ERR_STATE;
	} else {
		put(writer, ENVOI__RECORD_ACCOUNT, ENVOI__JOURNAL_VERSION, envoi_jid_text(jid),
			envoi_jid_bare_len(jid));
	}
}

static void put_resumable(struct writer *writer)
{
	const struct envoi_session *session = writer->session;
	if (strchr(session->sm.id, '\n') != NULL) {
		return; /* not an id that a server makes: such a session is not resumed from here */
	}
	char port[ENVOI_INT_SIZE];
	const char *lines[ENVOI__JOURNAL_RESUMABLE_LINES] = {envoi_jid_text(session->jid),
		session->sm.id, session->sm.location,
		envoi_uint_print(port, session->sm.location_port)};
	put_lines(writer, ENVOI__RECORD_RESUMABLE, session->sm.max_ms, lines,
		ENVOI__JOURNAL_RESUMABLE_LINES);
}

static void put_stanza(struct writer *writer, enum envoi__record_kind kind,
	const struct envoi__outbox_entry *entry, uint64_t number)
{
	struct envoi_buffer text;
	envoi_buffer_init(&text, writer->session->context, 0);
	if (writer->code == ENVOI_OK) {
		writer->code = envoi__journal_sent_write(&text, entry);
	}
	put(writer, kind, number, envoi_buffer_data(&text), envoi_buffer_len(&text));
	envoi_buffer_finish(&text);
}

static struct envoi__outbox_entry *entry_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__outbox_entry, link);
}

static void put_given(struct writer *writer)
{
	struct envoi_session *session = writer->session;
	struct envoi__list *given = &session->outbox.given;
	for (struct envoi__list *link = given->next; link != given; link = link->next) {
		const struct envoi__outbox_entry *entry = entry_of(link);
		if (entry->is_kept) {
			put_stanza(writer, ENVOI__RECORD_SENT, entry,
				envoi__sm_number(&session->sm.out, entry->number));
		}
	}
}

/* Presence is restored by handlers, and a request has no one to answer in another process. */
static bool survives(const struct envoi__outbox_entry *entry)
{
	return entry->was_given ||
		(entry->meta.kind == ENVOI_MESSAGE && entry->meta.type != ENVOI_TYPE_ERROR);
}

static void put_one_waiting(struct writer *writer, struct envoi__outbox_entry *entry)
{
	if (entry->meta.waiting == 0) {
		entry->meta.waiting = ++writer->session->journal.last_waiting;
	}
	put_stanza(writer, entry->was_given ? ENVOI__RECORD_WAITING : ENVOI__RECORD_QUEUED, entry,
		entry->meta.waiting);
}

static void put_waiting(struct writer *writer, struct envoi__list *list)
{
	for (struct envoi__list *link = list->next; link != list; link = link->next) {
		if (survives(entry_of(link))) {
			put_one_waiting(writer, entry_of(link));
		}
	}
}

static void put_all_waiting(struct writer *writer)
{
	put_waiting(writer, &writer->session->outbox.held);
	put_waiting(writer, &writer->session->outbox.waiting);
}

static void put_request(struct writer *writer, const struct envoi__journal_request *request)
{
	const char *lines[] = {request->from, request->id};
	put_lines(writer, ENVOI__RECORD_REQUEST, request->number, lines, 2);
}

static void put_taken(struct writer *writer, uint64_t number, uint64_t deaths)
{
	char text[ENVOI_INT_SIZE];
	envoi_uint_print(text, deaths);
	put(writer, ENVOI__RECORD_TAKEN, number, text, strlen(text));
}

/* The stream has counted the stanza that is in hand. */
static uint64_t handled_number(const struct envoi_session *session)
{
	uint64_t handled = envoi__sm_handled_number(session);
	uint64_t in_hand = session->journal.in_hand;
	return in_hand != 0 && handled >= in_hand ? in_hand - 1 : handled;
}

static void put_session(struct writer *writer)
{
	struct envoi_session *session = writer->session;
	const struct envoi__journal *journal = &session->journal;
	const struct envoi__sm *sm = &session->sm;
	put(writer, ENVOI__RECORD_STARTED, 0, "", 0);
	if (sm->id != NULL) {
		put_resumable(writer);
	}
	put(writer, ENVOI__RECORD_ACKNOWLEDGED, sm->acknowledged, "", 0);
	put_waiting(writer, &session->outbox.held);
	put_given(writer);
	put_waiting(writer, &session->outbox.waiting);
	put(writer, ENVOI__RECORD_HANDLED, handled_number(session), "", 0);
	if (journal->suspect != 0) {
		put_taken(writer, journal->suspect, journal->deaths - 1);
	}
	for (struct envoi__list *link = journal->requests.next; link != &journal->requests;
		link = link->next) {
		put_request(writer, request_of(link));
	}
}

static void put_ended(struct writer *writer)
{
	put(writer, ENVOI__RECORD_ENDED, 0, "", 0);
	put_all_waiting(writer);
}

int envoi_session_write_journal(struct envoi_session *session, struct envoi_buffer *out)
{
	struct writer writer = {.session = session, .out = out};
	size_t before = envoi_buffer_len(out);
	put_account(&writer);
	if (session->journal.is_open) {
		put_session(&writer);
	} else {
		put_ended(&writer);
	}
	if (writer.code < 0) {
		envoi_buffer_truncate(out, before);
	}
	return writer.code;
}

/* --- giving records to the application --- */

static int give(struct envoi_session *session, const struct writer *writer)
{
	struct envoi__journal *journal = &session->journal;
	int r = writer->code;
	if (r == ENVOI_OK) {
		r = journal->journal->impl->append(journal->journal, envoi_buffer_data(writer->out),
			envoi_buffer_len(writer->out));
		r = r < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK; /* whatever it is: it is tried again */
	}
	journal->is_behind = r < 0;
	return r;
}

/* A record is missing, for want of memory or because it could not be stored: give all again. */
static int catch_up(struct envoi_session *session)
{
	struct envoi_buffer out;
	if (!session->journal.is_behind) {
		return ENVOI_OK;
	}
	envoi_buffer_init(&out, session->context, 0);
	const struct writer writer = {session, &out, envoi_session_write_journal(session, &out)};
	int r = give(session, &writer);
	envoi_buffer_finish(&out);
	return r;
}

static int append(struct writer *writer)
{
	int r = catch_up(writer->session);
	if (r == ENVOI_OK) {
		r = give(writer->session, writer);
	}
	envoi_buffer_finish(writer->out);
	return r;
}

static bool is_recording(const struct envoi_session *session)
{
	return session->journal.journal != NULL && session->journal.is_open &&
		!envoi__guard_is_over(&session->guard);
}

static void begin(struct writer *writer, struct envoi_session *session, struct envoi_buffer *out)
{
	envoi_buffer_init(out, session->context, 0);
	*writer = (struct writer){.session = session, .out = out};
}

static int append_number(
	struct envoi_session *session, enum envoi__record_kind kind, uint64_t number)
{
	struct envoi_buffer out;
	struct writer writer;
	if (!is_recording(session)) {
		return ENVOI_OK;
	}
	begin(&writer, session, &out);
	put(&writer, kind, number, "", 0);
	return append(&writer);
}

/* What is held from the session before is held still. */
void envoi__journal_started(struct envoi_session *session)
{
	struct envoi_buffer out;
	struct writer writer;
	envoi__journal_remove_requests(session);
	session->journal.is_open = true;
	session->journal.suspect = 0;
	if (is_recording(session)) {
		begin(&writer, session, &out);
		put(&writer, ENVOI__RECORD_STARTED, 0, "", 0);
		put_all_waiting(&writer);
		(void)append(&writer);
	}
}

void envoi__journal_resumable(struct envoi_session *session)
{
	struct envoi_buffer out;
	struct writer writer;
	if (is_recording(session)) {
		begin(&writer, session, &out);
		put_resumable(&writer);
		(void)append(&writer);
	}
}

void envoi__journal_ended(struct envoi_session *session)
{
	struct envoi_buffer out;
	struct writer writer;
	if (is_recording(session)) {
		begin(&writer, session, &out);
		put_ended(&writer);
		(void)append(&writer);
	}
	envoi__journal_remove_requests(session);
	session->journal.is_open = false;
	session->journal.suspect = 0;
}

void envoi__journal_queued(struct envoi_session *session)
{
	struct envoi_buffer out;
	struct writer writer;
	struct envoi__outbox_entry *entry = envoi__outbox_last_waiting(&session->outbox);
	if (entry == NULL || entry->meta.waiting != 0 || entry->was_given || !survives(entry) ||
		!is_recording(session)) {
		return;
	}
	if (catch_up(session) == ENVOI_OK && entry->meta.waiting == 0) {
		begin(&writer, session, &out);
		put_one_waiting(&writer, entry);
		(void)append(&writer);
	}
}

/* Also on a stream without numbers, which may send what waits since a session that had them. */
void envoi__journal_dropped(struct envoi_session *session, uint64_t waiting)
{
	struct envoi_buffer out;
	struct writer writer;
	if (session->journal.journal != NULL && session->jid != NULL &&
		!envoi__guard_is_over(&session->guard)) {
		begin(&writer, session, &out);
		put(&writer, ENVOI__RECORD_DROPPED, waiting, "", 0);
		(void)append(&writer);
	}
}

int envoi__journal_sending(
	struct envoi_session *session, const struct envoi__outbox_entry *entry, uint64_t number)
{
	struct envoi_buffer out;
	struct writer writer;
	if (!is_recording(session)) {
		return ENVOI_OK;
	}
	int r = catch_up(session); /* which may give it a number among those that wait */
	if (r < 0) {
		return r;
	}
	begin(&writer, session, &out);
	put_stanza(&writer, ENVOI__RECORD_SENT, entry, number);
	return append(&writer);
}

void envoi__journal_not_sent(struct envoi_session *session, uint64_t number)
{
	(void)append_number(session, ENVOI__RECORD_NOT_SENT, number);
}

void envoi__journal_sent_answer(struct envoi_session *session, uint64_t answers)
{
	if (is_recording(session)) {
		envoi__journal_remove_request(session, answers);
	}
}

void envoi__journal_acknowledged(struct envoi_session *session, uint64_t number)
{
	(void)append_number(session, ENVOI__RECORD_ACKNOWLEDGED, number);
}

int envoi__journal_handled(struct envoi_session *session, uint64_t number)
{
	return append_number(session, ENVOI__RECORD_HANDLED, number);
}

void envoi__journal_released(struct envoi_session *session)
{
	(void)append_number(session, ENVOI__RECORD_HANDLED, handled_number(session));
}

/* --- stanzas in hand --- */

static bool is_request(const struct envoi_element *element)
{
	const char *type = envoi_element_attr(element, "type");
	return strcmp(envoi_element_name(element), "iq") == 0 && type != NULL &&
		(strcmp(type, "get") == 0 || strcmp(type, "set") == 0) &&
		envoi_element_attr(element, "id") != NULL;
}

/* @return the request, or NULL: it is none, or memory is short */
static struct envoi__journal_request *note_request(
	struct envoi_session *session, uint64_t number, const struct envoi_element *element)
{
	if (!is_request(element) || session->journal.request_count >= ENVOI__JOURNAL_REQUESTS) {
		return NULL;
	}
	const char *from = envoi_element_attr(element, "from");
	const char *id = envoi_element_attr(element, "id");
	from = from == NULL ? "" : from;
	return envoi__journal_add_request(session, number, from, strlen(from), id, strlen(id)) < 0
		? NULL
		: request_of(session->journal.requests.previous);
}

int envoi__journal_take(
	struct envoi_session *session, uint64_t number, const struct envoi_element *element)
{
	struct envoi__journal *journal = &session->journal;
	struct envoi_buffer out;
	struct writer writer;
	if (!is_recording(session)) {
		return ENVOI_OK;
	}
	uint64_t deaths = journal->suspect == number ? journal->deaths : 0;
	journal->in_hand = number;
	const struct envoi__journal_request *request = note_request(session, number, element);
	begin(&writer, session, &out);
	if (request != NULL) {
		put_request(&writer, request);
	}
	if (deaths < ENVOI__JOURNAL_DEATHS) {
		put_taken(&writer, number, deaths);
	}
	(void)append(&writer);
	return deaths < ENVOI__JOURNAL_DEATHS ? ENVOI_OK : ENVOI_STOP;
}

/* One that the application holds comes again, and that is no fault of it. */
void envoi__journal_done(struct envoi_session *session, uint64_t number)
{
	struct envoi_buffer out;
	struct writer writer;
	const char *held = envoi__sm_handled_number(session) < number ? "held" : "";
	session->journal.in_hand = 0;
	if (session->journal.suspect <= number) {
		session->journal.suspect = 0;
	}
	if (is_recording(session)) {
		begin(&writer, session, &out);
		put(&writer, ENVOI__RECORD_DONE, number, held, strlen(held));
		(void)append(&writer);
	}
}
