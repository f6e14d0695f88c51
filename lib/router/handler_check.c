/*
 * envoi - the tables of a handler, checked when it is attached
 * SPDX-License-Identifier: MIT
 */
#include "router/handler_check.h"

#include <stdio.h>

#include <envoi/interfaces/stream.h>
#include <envoi/payload.h>

#include "router/row_path.h"
#include "stanza/stanza.h"

/* Each check of a row returns NULL or the reason. A row that ends its table has nothing set: what
 * stands in it otherwise was meant to be called. */

static bool is_end_of_stanzas(const struct envoi_stanza_row *row)
{
	return row->kind == ENVOI_NO_STANZA && row->type == ENVOI_TYPE_ANY &&
		row->payload == NULL && row->ns == NULL && row->name == NULL &&
		!row->before_login && row->priority == 0 && row->handle == NULL &&
		row->path == NULL && row->matches == NULL && row->depth == 0 && !row->once;
}

static const char *check_payload(const struct envoi_stanza_row *row)
{
	if (row->payload != NULL && (row->payload->ns == NULL || row->payload->name == NULL)) {
		return "the payload type has no namespace or no name";
	}
	if (row->payload != NULL && (row->ns != NULL || row->name != NULL)) {
		return "both a payload type and a name";
	}
	if (row->name != NULL && *row->name == '\0') {
		return "an empty name";
	}
	return envoi__row_path_check(row);
}

static const char *check_stanza(const struct envoi_stanza_row *row)
{
	if (row->kind == ENVOI_NO_STANZA) {
		return "no kind";
	}
	if (row->kind < ENVOI_MESSAGE || row->kind > ENVOI_IQ_SET) {
		return "a kind that handlers do not take";
	}
	if (row->type != ENVOI_TYPE_ANY && !envoi__stanza_type_fits(row->kind, row->type)) {
		return "a type that stanzas of this kind do not have";
	}
	return row->handle == NULL ? "no function" : check_payload(row);
}

static bool is_end_of_events(const struct envoi_event_row *row)
{
	return row->type == ENVOI_NO_EVENT && row->handle == NULL;
}

static const char *check_event(const struct envoi_event_row *row)
{
	if (row->type == ENVOI_NO_EVENT) {
		return "no event";
	}
	if (row->type != ENVOI_EVERY_EVENT &&
		(row->type < ENVOI_NO_EVENT || row->type >= ENVOI_EVENTS_END)) {
		return "an unknown event";
	}
	return row->handle == NULL ? "no function" : NULL;
}

static bool is_end_of_custom_events(const struct envoi_custom_event_row *row)
{
	return row->name == NULL && row->handle == NULL;
}

static const char *check_custom_event(const struct envoi_custom_event_row *row)
{
	if (row->name == NULL || *row->name == '\0') {
		return "no name";
	}
	return row->handle == NULL ? "no function" : NULL;
}

static bool is_end_of_timeouts(const struct envoi_timeout_row *row)
{
	return row->interval_ms == 0 && !row->recurring && row->handle == NULL;
}

static const char *check_timeout(const struct envoi_timeout_row *row)
{
	if (row->interval_ms == 0) {
		return "no interval";
	}
	return row->handle == NULL ? "no function" : NULL;
}

static bool is_end_of_elements(const struct envoi_stream_element_row *row)
{
	return row->name == NULL && row->ns == NULL && row->roles == 0 && row->necessary == 0 &&
		row->forbidden == 0 && row->handle == NULL;
}

static const char *check_element(const struct envoi_stream_element_row *row)
{
	const unsigned int roles = 1u << ENVOI_INITIATOR | 1u << ENVOI_RECEIVER;
	if (row->ns == NULL || row->name == NULL) {
		return "no namespace or no name";
	}
	if (row->roles == 0 || (row->roles & ~roles) != 0) {
		return "roles is not made of 1 << ENVOI_INITIATOR and 1 << ENVOI_RECEIVER";
	}
	if ((row->necessary & row->forbidden) != 0) {
		return "a bit that is both necessary and forbidden";
	}
	return row->handle == NULL ? "no function" : NULL;
}

static const char *check_feature(const struct envoi_stream_feature *feature)
{
	if (feature->ns == NULL || feature->name == NULL) {
		return "no namespace or no name";
	}
	return (feature->necessary & feature->forbidden) != 0
		? "a bit that is both necessary and forbidden"
		: NULL;
}

/* --- a whole handler --- */

struct checking {
	struct envoi_context *context;
	char *problem;
	size_t size;
};

static int refuse_row(const struct checking *checking, const char *table, size_t i, const char *why)
{
	snprintf(checking->problem, checking->size, "%s[%zu]: %s", table, i, why);
	return ENVOI_ERR_INVALID;
}

/** A function that checks one table of a handler. */
#define TABLE_CHECK(table, struct_row, is_end, check_row) \
	static int check_##table( \
		const struct checking *checking, const struct envoi_handler_impl *impl) \
	{ \
		const struct struct_row *row = impl->table; \
		for (size_t i = 0; row != NULL && !is_end(row); i++, row++) { \
			const char *why = check_row(row); \
			if (why != NULL) { \
				return refuse_row(checking, #table, i, why); \
			} \
		} \
		return ENVOI_OK; \
	}

TABLE_CHECK(stanzas, envoi_stanza_row, is_end_of_stanzas, check_stanza)
TABLE_CHECK(events, envoi_event_row, is_end_of_events, check_event)
TABLE_CHECK(custom_events, envoi_custom_event_row, is_end_of_custom_events, check_custom_event)
TABLE_CHECK(timeouts, envoi_timeout_row, is_end_of_timeouts, check_timeout)
TABLE_CHECK(stream_elements, envoi_stream_element_row, is_end_of_elements, check_element)

static int check_path(const struct checking *checking, const struct envoi_stanza_row *row, size_t i)
{
	struct envoi_path *path;
	struct envoi_path_problem problem;
	int r = envoi__row_path_new(&path, checking->context, row, &problem);
	if (r == ENVOI_ERR_INVALID) {
		snprintf(checking->problem, checking->size, "stanzas[%zu]: path: at byte %zu: %s",
			i, problem.at, problem.why);
	}
	if (r == ENVOI_OK) {
		envoi_path_free(path);
	}
	return r;
}

/* After check_stanzas(). */
static int check_paths(const struct checking *checking, const struct envoi_handler_impl *impl)
{
	const struct envoi_stanza_row *row = impl->stanzas;
	int r = ENVOI_OK;
	for (size_t i = 0; row != NULL && !is_end_of_stanzas(row) && r == ENVOI_OK; i++, row++) {
		r = row->path == NULL ? ENVOI_OK : check_path(checking, row, i);
	}
	return r;
}

static int check_parts(const struct checking *checking, const struct envoi_handler_impl *impl)
{
	const struct envoi_filters *filters = impl->filters;
	const char *why = impl->stream_feature == NULL ? NULL : check_feature(impl->stream_feature);
	if (why != NULL) {
		snprintf(checking->problem, checking->size, "stream_feature: %s", why);
		return ENVOI_ERR_INVALID;
	}
	if (filters != NULL && filters->stanza_in == NULL && filters->stanza_out == NULL) {
		snprintf(checking->problem, checking->size, "filters: no function");
		return ENVOI_ERR_INVALID;
	}
	return ENVOI_OK;
}

int envoi__handler_check(const struct envoi_handler *handler, struct envoi_context *context,
	char *ret_problem, size_t size)
{
	static int (*const checks[])(
		const struct checking *checking, const struct envoi_handler_impl *impl) = {
		check_stanzas,
		check_paths,
		check_events,
		check_custom_events,
		check_timeouts,
		check_stream_elements,
		check_parts,
	};
	const struct checking checking = {context, ret_problem, size};
	if (size > 0) {
		*ret_problem = '\0';
	}
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < sizeof(checks) / sizeof(checks[0]); i++) {
		r = checks[i](&checking, handler->impl);
	}
	return r;
}
