/*
 * envoi - the roster: fetching it (RFC 6121, sections 2.2 and 2.6)
 * SPDX-License-Identifier: MIT
 */
#include "roster/roster_inside.h"
#include "session/session.h"

#define NS_ROSTER_VERSIONS "urn:xmpp:features:rosterver"

/* One pending fetch. */
struct envoi__roster_fetching {
	struct envoi_context *context; /* a reference */
	struct envoi_roster *roster; /* NULL: detached or freed; done() was called */
	struct envoi_request *request;
	bool has_version; /* the request names a version: the answer may be that it is current */
	void (*done)(void *user, int code);
	void *user;
};

static int post_failed(struct envoi_roster *roster, int code, const char *text)
{
	bool is_session_over = code == ENVOI_ERR_DISCONNECTED || code == ENVOI_ERR_CANCELED;
	int r = is_session_over
		? ENVOI_OK
		: envoi_session_post_event(roster->session,
			  &(struct envoi_event){
				  .type = ENVOI_EVENT_ROSTER_INCOMPLETE, .text = text});
	if (r < 0) {
		envoi_log(roster->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"event roster-incomplete is lost: %s", envoi_error_text(r));
	}
	return code;
}

static int post_fetched(struct envoi_roster *roster)
{
	return envoi_session_post_event(
		roster->session, &(struct envoi_event){.type = ENVOI_EVENT_ROSTER});
}

static int post_list(struct envoi_roster *roster, const struct envoi_answer *answer,
	const struct envoi__roster_query *query, int result)
{
	const struct envoi_element *element = envoi_stanza_payload(envoi_answer_stanza(answer));
	size_t readable = query == NULL ? 0 : query->item_count;
	size_t items = element == NULL ? 0 : envoi__roster_count_items(element);
	roster->is_complete = result == ENVOI_OK && items == readable;
	envoi__roster_set_version(roster, roster->is_complete && query != NULL ? query->ver : NULL);
	int r = post_fetched(roster);
	if (r == ENVOI_OK && !roster->is_complete) {
		r = envoi__roster_post_incomplete(roster,
			result == ENVOI_OK ? "some contacts are malformed and were left out"
					   : envoi__roster_limit_text(roster));
	}
	return r < 0 ? r : result;
}

/* Section 2.6.2: an empty result says that the version is current; pushes follow. A push that was
 * refused meanwhile has taken the version. */
static int take_unchanged(struct envoi_roster *roster)
{
	roster->is_complete = roster->version != NULL;
	int r = post_fetched(roster);
	if (r == ENVOI_OK && !roster->is_complete) {
		r = envoi__roster_post_incomplete(roster, "a change was refused");
	}
	return r;
}

/* A result may be empty. @return NULL: there is no list in it */
static int decode(const struct envoi__roster_query **ret_query, const struct envoi_answer *answer)
{
	const void *value = NULL;
	int r = envoi_answer_code(answer);
	if (r == ENVOI_OK) {
		r = envoi_stanza_decode(
			envoi_answer_stanza(answer), &envoi__roster_query_type, &value);
	}
	*ret_query = r == ENVOI_OK ? value : NULL;
	return r == ENVOI_DECLINED ? ENVOI_OK : r;
}

static const char *reason_of(const struct envoi_answer *answer, int code)
{
	return envoi_answer_code(answer) < 0 ? envoi_answer_text(answer) : envoi_error_text(code);
}

/* A list that does not come leaves what was there. */
static int take_list(struct envoi__roster_fetching *fetching, const struct envoi_answer *answer)
{
	struct envoi_roster *roster = fetching->roster;
	const struct envoi__roster_query *query;
	int r = decode(&query, answer);
	if (r < 0) {
		return post_failed(roster, r, reason_of(answer, r));
	}
	if (query == NULL && fetching->has_version) {
		return take_unchanged(roster);
	}
	r = envoi__roster_replace(roster, query);
	return r == ENVOI_OK || r == ENVOI_ERR_LIMIT ? post_list(roster, answer, query, r)
						     : post_failed(roster, r, envoi_error_text(r));
}

static void fetching_free(struct envoi__roster_fetching *fetching)
{
	struct envoi_context *context = fetching->context;
	envoi_free(context, fetching);
	envoi_context_unref(context);
}

static void on_list(void *user, const struct envoi_answer *answer)
{
	struct envoi__roster_fetching *fetching = user;
	struct envoi_roster *roster = fetching->roster;
	if (roster == NULL) {
		fetching_free(fetching);
		return;
	}
	int r = take_list(fetching, answer);
	roster->fetching = NULL;
	void (*done)(void *, int) = fetching->done;
	void *done_user = fetching->user;
	fetching_free(fetching);
	done(done_user, r);
}

/* @return the version to name in the request, "" where none is known; NULL: the server does not
 * offer versioning (section 2.6.1) */
static const char *version_to_name(const struct envoi_roster *roster)
{
	const struct envoi_stream *stream = envoi_session_stream(roster->session);
	if (stream == NULL ||
		envoi_element_child(envoi_stream_features(stream), NS_ROSTER_VERSIONS, "ver") ==
			NULL) {
		return NULL;
	}
	return roster->version != NULL ? roster->version : "";
}

static int request_list(struct envoi_roster *roster, struct envoi__roster_fetching *fetching)
{
	const char *version = version_to_name(roster);
	struct envoi_stanza *iq = envoi_iq_new(roster->context, ENVOI_IQ_GET, NULL);
	envoi_stanza_encode(
		iq, &envoi__roster_query_type, &(struct envoi__roster_query){.ver = version});
	fetching->has_version = version != NULL && version[0] != '\0';
	return envoi_request(roster->session, iq, NULL, 0, on_list, fetching, &fetching->request);
}

/* A filter sees the request before it is sent, and may free the roster. */
static int begin_fetching(struct envoi_roster *roster, struct envoi__roster_fetching *fetching)
{
	int r = request_list(roster, fetching);
	if (r == ENVOI_OK && fetching->roster == NULL) {
		envoi_request_cancel(fetching->request);
		return ENVOI_ERR_CANCELED;
	}
	if (r < 0) {
		if (fetching->roster != NULL) {
			roster->fetching = NULL;
		}
		fetching_free(fetching);
	}
	return r;
}

void envoi__roster_forget_other_account(struct envoi_roster *roster)
{
	if (roster->account != NULL && !envoi__roster_is_own(roster)) {
		envoi_jid_unref(roster->account);
		roster->account = NULL;
		envoi__contacts_finish(&roster->contacts);
		envoi__roster_set_version(roster, NULL);
	}
}

int envoi_roster_fetch(struct envoi_roster *roster, void (*done)(void *user, int code), void *user)
{
	if (roster->session == NULL || roster->fetching != NULL) {
		return envoi__session_refuse(
			roster->session, ENVOI_ERR_STATE, "roster: a fetch is pending");
	}
	struct envoi__roster_fetching *fetching = envoi_alloc(roster->context, sizeof(*fetching));
	if (fetching == NULL) {
		return envoi__session_refuse(roster->session, ENVOI_ERR_NOMEM, NULL);
	}
	*fetching = (struct envoi__roster_fetching){
		.context = envoi_context_ref(roster->context),
		.roster = roster,
		.done = done,
		.user = user,
	};
	roster->fetching = fetching;
	roster->is_complete = false;
	envoi__roster_forget_other_account(roster);
	return begin_fetching(roster, fetching);
}

void envoi__roster_cancel_fetch(struct envoi_roster *roster)
{
	struct envoi__roster_fetching *fetching = roster->fetching;
	if (fetching == NULL) {
		return;
	}
	/* done() is called now; the request itself ends from the loop, unseen. */
	roster->fetching = NULL;
	fetching->roster = NULL;
	if (fetching->request != NULL) { /* else envoi_roster_fetch() is on the stack and fails */
		envoi_request_cancel(fetching->request);
		fetching->done(fetching->user, ENVOI_ERR_CANCELED);
	}
}
