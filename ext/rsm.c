/*
 * envoi - XEP-0059: Result Set Management, version 1.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/rsm.h>

#include <string.h>

static const struct envoi_field request_fields[] = {
	ENVOI_CHILD_TEXT(struct envoi_rsm_request, after, "after"),
	ENVOI_CHILD_TEXT(struct envoi_rsm_request, before, "before"),
	ENVOI_CHILD_INT(struct envoi_rsm_request, index, "index",
		.has = ENVOI_HAS(struct envoi_rsm_request, has_index)),
	ENVOI_CHILD_INT(struct envoi_rsm_request, max, "max",
		.has = ENVOI_HAS(struct envoi_rsm_request, has_max)),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_rsm_request_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_rsm_request, ENVOI_NS_RSM, "set", request_fields);

static const struct envoi_field first_fields[] = {
	ENVOI_ATTR_INT(struct envoi_rsm_first, index, "index", ENVOI_LENIENT,
		.has = ENVOI_HAS(struct envoi_rsm_first, has_index)),
	ENVOI_TEXT(struct envoi_rsm_first, id, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type first_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_rsm_first, NULL, "first", first_fields);

/* A number for a scroll bar that cannot be read must not cost the page. */
static const struct envoi_field result_fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_rsm_result, first, struct envoi_rsm_first, &first_type,
		.has = ENVOI_HAS(struct envoi_rsm_result, has_first)),
	ENVOI_CHILD_TEXT(struct envoi_rsm_result, last, "last"),
	ENVOI_CHILD_INT(struct envoi_rsm_result, count, "count", ENVOI_LENIENT,
		.has = ENVOI_HAS(struct envoi_rsm_result, has_count)),
	ENVOI_CHILD_INT(struct envoi_rsm_result, max, "max", ENVOI_LENIENT,
		.has = ENVOI_HAS(struct envoi_rsm_result, has_max)),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_rsm_result_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_rsm_result, ENVOI_NS_RSM, "set", result_fields);

static bool is_same_id(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* A page whose end is the place it began at would be asked for again and again. */
bool envoi_rsm_continue(struct envoi_rsm_request *request, const struct envoi_rsm_result *result)
{
	bool is_backward = request->before != NULL;
	if (result == NULL || !result->has_first || result->last == NULL ||
		(request->has_max && request->max == 0)) {
		return false;
	}
	char *next = is_backward ? result->first.id : result->last;
	if (is_same_id(next, is_backward ? request->before : request->after)) {
		return false;
	}
	request->after = is_backward ? request->after : next;
	request->before = is_backward ? next : NULL;
	request->has_index = false;
	return true;
}
