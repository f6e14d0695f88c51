/*
 * envoi - the command-line program: what the XML console sends, and the answers
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"

void console_refuse(struct console *console, const char *reason)
{
	complain("not sent: %s", reason);
	console->has_refused = true;
	console->status = STATUS_NO;
}

/* --- requests without an answer --- */

static void forget(struct console *console, size_t index)
{
	struct console_request *request = &console->requests[index];
	free(request->id);
	envoi_jid_unref(request->to);
	*request = console->requests[--console->request_count];
}

void console_forget_requests(struct console *console)
{
	while (console->request_count > 0) {
		forget(console, console->request_count - 1);
	}
}

/* RFC 6120, section 8.1.2.1: the own account and its server answer in their own name or in none. */
static bool is_answer_of(const struct envoi_session *session, const struct console_request *request,
	const struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza), *to = request->to;
	const struct envoi_jid *own = envoi_session_jid(session);
	bool is_own = to == NULL || envoi_jid_is_bare_of(to, own) ||
		envoi_jid_is_domain_of(to, own);
	if (envoi_stanza_from_text(stanza) == NULL) {
		return is_own;
	}
	if (from == NULL) {
		return false;
	}
	return to != NULL ? envoi_jid_equal(from, to)
			  : envoi_jid_equal(from, own) || envoi_jid_is_bare_of(from, own) ||
			envoi_jid_is_domain_of(from, own);
}

bool console_take_answer(struct console *console, const struct envoi_stanza *stanza)
{
	const struct envoi_session *session = envoi_client_session(console->task.client);
	for (size_t i = 0; i < console->request_count; i++) {
		const struct console_request *request = &console->requests[i];
		if (strcmp(request->id, envoi_stanza_id(stanza)) == 0 &&
			is_answer_of(session, request, stanza)) {
			forget(console, i);
			return true;
		}
	}
	return false;
}

static void note_request(struct console *console, const struct envoi_stanza *iq)
{
	char *id = strdup(envoi_stanza_id(iq));
	const struct envoi_jid *to = envoi_stanza_to(iq);
	if (id != NULL) {
		console->requests[console->request_count++] = (struct console_request){
			.id = id, .to = to != NULL ? envoi_jid_ref(to) : NULL};
	}
}

/* --- checks --- */

static bool is_one_of(const char *word, const char *const *words)
{
	while (word != NULL && *words != NULL && strcmp(word, *words) != 0) {
		words++;
	}
	return word != NULL && *words != NULL;
}

/* @return why the element cannot be sent; NULL: it can */
static const char *find_problem(const struct envoi_element *element, char *line, size_t size)
{
	static const char *const names[] = {"message", "presence", "iq", NULL};
	static const char *const types[] = {"get", "set", "result", "error", NULL};
	static const char *const requests[] = {"get", "set", NULL};
	const char *name = envoi_element_name(element), *type = envoi_element_attr(element, "type");
	if (strcmp(envoi_element_ns(element), ENVOI_NS_CLIENT) != 0) {
		return NULL;
	}
	if (!is_one_of(name, names)) {
		snprintf(line, size,
			"<%s> is none of message, presence and iq; an element of another namespace"
			" needs its xmlns",
			name);
		return line;
	}
	if (strcmp(name, "iq") == 0 && !is_one_of(type, types)) {
		return "an iq needs a type: get, set, result or error";
	}
	if (strcmp(name, "iq") == 0 && !is_one_of(type, requests) &&
		envoi_element_attr(element, "id") == NULL) {
		return "an answer needs the id of its request";
	}
	const char *to = envoi_element_attr(element, "to");
	char reason[200];
	if (to != NULL && envoi_jid_check(to, strlen(to), reason, sizeof(reason)) < 0) {
		snprintf(line, size, "to: \"%s\" is not an address: %s", to, reason);
		return line;
	}
	return NULL;
}

/* --- sending --- */

static int make_stanza(struct envoi_stanza **ret_stanza, struct console *console,
	const struct envoi_element *element)
{
	char id[ENVOI_ID_SIZE];
	struct envoi_element *copy = envoi_element_dup(element);
	int r = ENVOI_OK;
	if (envoi_element_attr(copy, "id") == NULL) { /* RFC 6120, section 8.2.3 */
		r = envoi_id_make(console->task.invocation->context, id);
		envoi_element_set(copy, "id", r == ENVOI_OK ? id : NULL);
	}
	r = copy == NULL ? ENVOI_ERR_NOMEM : r;
	r = r < 0 ? r : envoi_stanza_from_element(ret_stanza, copy);
	envoi_element_unref(copy);
	return r;
}

static int send_iq(struct console *console, const struct envoi_element *element)
{
	struct envoi_session *session = envoi_client_session(console->task.client);
	struct envoi_stanza *iq = NULL;
	int r = make_stanza(&iq, console, element);
	if (r < 0) {
		return r;
	}
	bool is_request = envoi_stanza_kind(iq) == ENVOI_IQ_GET ||
		envoi_stanza_kind(iq) == ENVOI_IQ_SET;
	envoi_stanza_ref(iq);
	r = envoi_send(session, iq, NULL);
	if (r == ENVOI_OK && is_request) {
		note_request(console, iq);
	}
	envoi_stanza_unref(iq);
	return r;
}

static int send_other(struct console *console, const struct envoi_element *element)
{
	struct envoi_session *session = envoi_client_session(console->task.client);
	struct envoi_element *copy = envoi_element_dup(element);
	struct envoi_stanza *stanza = NULL;
	int r = copy == NULL ? ENVOI_ERR_NOMEM : envoi_stanza_from_element(&stanza, copy);
	envoi_element_unref(copy);
	if (r == ENVOI_DECLINED) {
		return envoi_session_send_element(session, element);
	}
	return r < 0 ? r : envoi_send(session, stanza, NULL);
}

/* Whether there will be room: else the element alone is too long. */
static bool has_to_wait(const struct console *console)
{
	struct envoi_session_stats stats;
	envoi_session_get_stats(envoi_client_session(console->task.client), &stats);
	return stats.outbox_stanzas > 0 || stats.unacknowledged_stanzas > 0 ||
		console->request_count == MOST_REQUESTS;
}

int console_send(struct console *console, struct envoi_element *element)
{
	struct envoi_session *session = envoi_client_session(console->task.client);
	bool is_iq = envoi_element_is(element, ENVOI_NS_CLIENT, "iq");
	char line[512];
	const char *problem = find_problem(element, line, sizeof(line));
	int r = problem != NULL                                    ? ENVOI_ERR_INVALID
		: is_iq && console->request_count == MOST_REQUESTS ? ENVOI_ERR_FULL
		: is_iq                                            ? send_iq(console, element)
								   : send_other(console, element);
	if (r == ENVOI_ERR_STATE || (r == ENVOI_ERR_FULL && has_to_wait(console))) {
		return r;
	}
	envoi_element_unref(element);
	if (r < 0) {
		console_refuse(console,
			problem != NULL               ? problem
				: r == ENVOI_ERR_FULL ? "it is longer than the --limits-... allow"
						      : envoi_session_problem(session));
	}
	return r;
}
