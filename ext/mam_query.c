/*
 * envoi - Message Archive Management: queries, page by page
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/mam.h>

#include <string.h>

#include <envoi/ext/disco.h>
#include <envoi/ext/stanza_ids.h>

#include "mam_parts.h"

enum {
	MOST_IDLE_PAGES = 10, /* in sequence; items that cannot be read count as none */
};

void envoi__mam_query_unref(struct envoi_mam_query *self)
{
	if (--self->refs > 0) {
		return;
	}
	struct envoi_context *context = self->context;
	envoi_jid_unref(self->archive);
	envoi_payload_free(&envoi_mam_filter_type, self->filter);
	envoi__mam_ids_clear(&self->seen, context);
	envoi_free(context, self->from);
	envoi_free(context, self->oldest);
	envoi_free(context, self->newest);
	envoi_free(context, self);
	envoi_context_unref(context);
}

static void unlink_query(struct envoi_mam_query *self)
{
	struct envoi_mam_query **link = &self->mam->queries;
	while (*link != self) {
		link = &(*link)->next;
	}
	*link = self->next;
	self->mam = NULL;
	self->query_id[0] = '\0';
	envoi_request_cancel(self->request);
}

void envoi__mam_query_finish(struct envoi_mam_query *self, int code, const char *text)
{
	const struct envoi_mam_events *events = self->events;
	unlink_query(self);
	if (events != NULL) {
		self->end.code = code;
		self->end.text = text == NULL ? envoi_error_text(code) : text;
		self->end.oldest_id = self->oldest;
		self->end.newest_id = self->newest;
		events->end(self->user, &self->end);
	}
	envoi__mam_query_unref(self);
}

void envoi__mam_query_forget(struct envoi_mam_query *self)
{
	self->events = NULL;
	if (self->mam != NULL) {
		envoi__mam_query_finish(self, ENVOI_ERR_CANCELED, NULL);
	}
}

void envoi__mam_query_end_all(struct envoi__mam *mam)
{
	while (mam->queries != NULL) {
		envoi__mam_query_finish(mam->queries, ENVOI_ERR_CANCELED, NULL);
	}
}

void envoi_mam_cancel(struct envoi_mam_query *self)
{
	if (self != NULL && self->mam != NULL) {
		self->is_canceled = true;
		envoi_request_cancel(self->request);
	}
}

/* --- pages: section 4.3 --- */

int envoi__mam_query_set_text(struct envoi_mam_query *self, char **member, const char *text)
{
	char *copy = envoi_strndup(self->context, text, strlen(text));
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_free(self->context, *member);
	*member = copy;
	return ENVOI_OK;
}

static int send_page(struct envoi_mam_query *self);

static void take_total(struct envoi_mam_query *self, const struct envoi_rsm_result *set)
{
	if (set != NULL && set->has_count) {
		self->end.has_total = true;
		self->end.total = set->count;
	}
}

static struct envoi_rsm_request page_request(const struct envoi_mam_query *self)
{
	static const char newest[] = "";
	return (struct envoi_rsm_request){
		.has_max = true,
		.max = self->requested,
		.after = self->is_backward ? NULL : self->from,
		.before = !self->is_backward ? NULL
			: self->from == NULL ? (char *)(uintptr_t)newest
					     : self->from,
	};
}

static void go_on(struct envoi_mam_query *self, const struct envoi_mam_fin *fin)
{
	struct envoi_rsm_request next = page_request(self);
	bool is_empty = self->in_page == 0 && (fin->set == NULL || !fin->set->has_first);
	self->end.is_complete = fin->is_complete || is_empty;
	if (self->end.is_complete || self->end.count >= self->limit) {
		envoi__mam_query_finish(self, ENVOI_OK, NULL);
		return;
	}
	self->idle_pages = self->new_in_page == 0 ? self->idle_pages + 1 : 0;
	if (!envoi_rsm_continue(&next, fin->set) || (self->in_page > 0 && self->new_in_page == 0) ||
		self->idle_pages == MOST_IDLE_PAGES) {
		envoi__mam_query_finish(
			self, ENVOI_ERR_PROTOCOL, "the archive does not advance to further items");
		return;
	}
	int r = envoi__mam_query_set_text(
		self, &self->from, self->is_backward ? next.before : next.after);
	if (r == ENVOI_OK) {
		r = send_page(self);
	}
	if (r < 0) {
		envoi__mam_query_finish(self, r, NULL);
	}
}

static void fail(struct envoi_mam_query *self, const struct envoi_answer *answer)
{
	const struct envoi_stanza_error *error = envoi_answer_error(answer);
	self->end.condition = error == NULL ? 0 : error->condition;
	envoi__mam_query_finish(self, envoi_answer_code(answer), envoi_answer_text(answer));
}

static void on_page(void *user, const struct envoi_answer *answer)
{
	struct envoi_mam_query *self = user;
	const struct envoi_mam_fin *fin = envoi_answer_payload(answer);
	self->request = NULL;
	self->query_id[0] = '\0';
	if (self->mam != NULL && fin == NULL) {
		fail(self, answer);
	} else if (self->mam != NULL) {
		self->end.is_stable = self->end.is_stable && fin->is_stable;
		take_total(self, fin->set);
		go_on(self, fin);
	}
	envoi__mam_query_unref(self);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The id is another one for each page: what comes behind the end of a page is not accepted. */
static int send_page(struct envoi_mam_query *self)
{
	static const struct envoi_mam_filter everything;
	const struct envoi_mam_filter *filter = self->filter == NULL ? &everything : self->filter;
	struct envoi_form *form;
	int r = envoi_id_make(self->context, self->query_id);
	if (r == ENVOI_OK) {
		r = envoi_forms_fill(
			&form, self->context, &envoi_mam_filter_type, filter, NULL, NULL);
	}
	if (r < 0) {
		return r;
	}
	self->requested = least(self->page, self->limit - (uint32_t)self->end.count);
	self->in_page = self->new_in_page = 0;
	struct envoi_rsm_request set = page_request(self);
	const struct envoi_mam_request request = {
		.query_id = self->query_id, .form = form, .set = &set};
	struct envoi_session *session = self->mam->session;
	const char *archive = self->archive == NULL ? NULL : envoi_jid_text(self->archive);
	struct envoi_stanza *iq = envoi__mam_iq(
		session, ENVOI_IQ_SET, archive, &envoi_mam_request_type, &request);
	envoi_payload_free(&envoi_forms_type, form);
	r = envoi_request(
		session, iq, &envoi_mam_fin_type, self->timeout_ms, on_page, self, &self->request);
	self->refs += r == ENVOI_OK;
	return r;
}

/* --- what the archive offers: section 8 --- */

/* @return what is missing; NULL: nothing */
static const char *missing_feature(
	const struct envoi_mam_filter *filter, const struct envoi__mam_offer *offer)
{
	if (!offer->has_archive) {
		return "there is no archive";
	}
	if (filter == NULL) {
		return NULL;
	}
	bool has_ids = filter->before_id != NULL || filter->after_id != NULL ||
		filter->id_count > 0;
	if (has_ids && !offer->is_extended) {
		return "the archive does not offer fields with ids";
	}
	if (filter->text != NULL && !offer->has_fulltext) {
		return "the archive does not offer to search texts";
	}
	return filter->has_groupchat && !offer->has_groupchat
		? "the archive does not offer the field include-groupchat"
		: NULL;
}

static void begin(struct envoi_mam_query *self, const struct envoi__mam_offer *offer)
{
	const char *missing = missing_feature(self->filter, offer);
	int r = missing == NULL ? send_page(self) : ENVOI_ERR_UNSUPPORTED;
	if (r < 0) {
		envoi__mam_query_finish(self, r, missing);
	}
}

static void on_offer(void *user, const struct envoi_answer *answer)
{
	struct envoi_mam_query *self = user;
	const struct envoi_disco_info *info = envoi_answer_payload(answer);
	self->request = NULL;
	if (self->mam != NULL && info == NULL) {
		fail(self, answer);
	} else if (self->mam != NULL) {
		const struct envoi__mam_offer offer = {
			.archive = self->archive,
			.has_archive = envoi_disco_has_feature(info, ENVOI_NS_MAM),
			.is_extended = envoi_disco_has_feature(info, ENVOI_NS_MAM_EXTENDED),
			.has_groupchat = envoi_disco_has_feature(info, ENVOI_NS_MAM_GROUPCHAT),
			.has_fulltext = envoi_disco_has_feature(info, ENVOI_NS_MAM_FULLTEXT),
			.assigns_ids = envoi_disco_has_feature(info, ENVOI_NS_STANZA_IDS),
		};
		envoi__mam_keep_offer(self->mam, &offer);
		begin(self, &offer);
	}
	envoi__mam_query_unref(self);
}

/* The account is asked itself: the domain has features of its own. */
static int ask_offer(struct envoi_mam_query *self)
{
	struct envoi_session *session = self->mam->session;
	struct envoi_jid *archive;
	int r = envoi_jid_bare(
		&archive, self->archive == NULL ? envoi_session_jid(session) : self->archive);
	if (r < 0) {
		return r;
	}
	r = envoi_disco_info_get(session, envoi_jid_text(archive), NULL, self->timeout_ms, on_offer,
		self, &self->request);
	self->refs += r == ENVOI_OK;
	envoi_jid_unref(archive);
	return r;
}

/* --- beginning --- */

bool envoi__mam_query_is_valid(
	const struct envoi_mam_query_options *options, const struct envoi_mam_events *events)
{
	return options != NULL && events != NULL && events->item != NULL && events->end != NULL &&
		options->page <= ENVOI_MAM_MOST_PER_PAGE &&
		options->limit <= ENVOI__MAM_MOST_ITEMS &&
		(options->filter == NULL ||
			envoi_payload_check(&envoi_mam_filter_type, options->filter, NULL) ==
				ENVOI_OK);
}

int envoi__mam_archive(
	struct envoi_jid **ret_archive, const struct envoi_session *session, const char *text)
{
	*ret_archive = NULL;
	if (text == NULL) {
		return ENVOI_OK;
	}
	int r = envoi_jid_from_text(ret_archive, envoi_session_context(session), text);
	if (r == ENVOI_OK && !envoi_jid_is_bare(*ret_archive)) {
		r = ENVOI_ERR_INVALID;
	}
	if (r < 0 || envoi_jid_equal_bare(*ret_archive, envoi_session_jid(session))) {
		*ret_archive = envoi_jid_unref(*ret_archive);
	}
	return r;
}

static int copy_options(struct envoi_mam_query *self, const struct envoi_session *session,
	const struct envoi_mam_query_options *options)
{
	int r = envoi__mam_archive(&self->archive, session, options->archive);
	if (r == ENVOI_OK) {
		r = envoi__mam_ids_init(&self->seen, self->context);
	}
	if (r == ENVOI_OK && options->filter != NULL) {
		self->filter = envoi_payload_dup(
			self->context, &envoi_mam_filter_type, options->filter);
		r = self->filter == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	if (r == ENVOI_OK && options->from_id != NULL) {
		r = envoi__mam_query_set_text(self, &self->from, options->from_id);
	}
	self->is_backward = options->is_backward;
	self->page = options->page == 0 ? ENVOI_MAM_PER_PAGE : options->page;
	self->limit = options->limit == 0 ? ENVOI_MAM_LIMIT : options->limit;
	self->timeout_ms = options->timeout_ms;
	return r;
}

static int ask_first(struct envoi_mam_query *self)
{
	const struct envoi__mam_offer *offer = envoi__mam_offer_of(self->mam, self->archive);
	if (offer == NULL || missing_feature(self->filter, offer) != NULL) {
		return ask_offer(self); /* the end is reported from the loop */
	}
	return send_page(self);
}

int envoi__mam_fetch(struct envoi__mam *mam, const struct envoi_mam_query_options *options,
	const struct envoi_mam_events *events, void *user, struct envoi_mam_query **ret_query)
{
	if (!envoi_session_is_online(mam->session)) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_mam_query *self = envoi_alloc_zeroed(mam->context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->context = envoi_context_ref(mam->context);
	self->refs = 1;
	self->end.is_stable = true;
	self->events = events;
	self->user = user;
	self->mam = mam;
	self->next = mam->queries;
	mam->queries = self;
	int r = copy_options(self, mam->session, options);
	if (r == ENVOI_OK) {
		r = ask_first(self);
	}
	if (r < 0) {
		envoi__mam_query_forget(self);
		return r;
	}
	if (ret_query != NULL) {
		*ret_query = self;
	}
	return ENVOI_OK;
}
