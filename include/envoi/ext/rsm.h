/*
 * envoi - XEP-0059: Result Set Management
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_RSM_H
#define ENVOI_EXT_RSM_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/payload.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOI_NS_RSM "http://jabber.org/protocol/rsm"

/*
 * Payloads of other extensions contain these two: a row with ENVOI_CHILD_STRUCT and
 * &envoi_rsm_request_type in a request, &envoi_rsm_result_type in a result.
 *
 * Identifiers of items are opaque (section 2.2). What is absent differs from what is 0 or empty:
 * servers leave out whatever they do not know, and an empty page has neither `first` nor `last`.
 */

/** A page that is asked for. */
struct envoi_rsm_request {
	bool has_max;
	uint32_t max; /**< items of the page; 0: only their number is wanted (section 2.7) */
	/** the items behind this one; NULL: from the first one on (section 2.2) */
	char *after;
	/** the items in front of this one, the last of them; "": the last page (sections 2.3 and
	 * 2.5); NULL: not backwards */
	char *before;
	bool has_index;
	uint32_t index; /**< the items from this place on, counted from 0 (section 2.6) */
};

/** The first item of a page. */
struct envoi_rsm_first {
	bool has_index;
	uint32_t index; /**< its place among all items, may be approximate */
	char *id;
};

/** The page that a result has. */
struct envoi_rsm_result {
	bool has_first; /**< false: the page is empty, or the peer does not page */
	struct envoi_rsm_first first;
	char *last; /**< identifier of the last item; NULL: as of @p has_first */
	bool has_count;
	uint32_t count; /**< all items, may be approximate */
	bool has_max;
	uint32_t max; /**< the limit of a page that the peer has applied */
};

/** Describes struct envoi_rsm_request. */
ENVOI_API extern const struct envoi_payload_type envoi_rsm_request_type;
/** Describes struct envoi_rsm_result. */
ENVOI_API extern const struct envoi_payload_type envoi_rsm_result_type;

/**
 * Make the request for the next page in the direction of the last one.
 *
 * @param[in,out] request  the request for the last page; its `after` or `before` is set to an
 *                         identifier that is borrowed from @p result
 * @param result           of that page; NULL: it had none
 * @return false: there is no next page to be asked for, because the last one was empty, has no
 *         identifiers, ends with the identifier after which it began, or is of a request that asks
 *         for no items. Whether a page was the last one is else known by an empty page, or by what
 *         the extension says itself
 */
ENVOI_API bool envoi_rsm_continue(
	struct envoi_rsm_request *request, const struct envoi_rsm_result *result);

#ifdef __cplusplus
}
#endif
#endif
