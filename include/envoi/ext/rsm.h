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

/** Namespace of XEP-0059. */
#define ENVOI_NS_RSM "http://jabber.org/protocol/rsm"

/*
 * Payloads of other extensions contain these two: a row with ENVOI_CHILD_STRUCT and
 * &envoi_rsm_request_type in a request, &envoi_rsm_result_type in a result.
 *
 * Identifiers of items are opaque (section 2.2). An absent value differs from 0 and from an empty
 * one: servers leave out values that they do not compute, and an empty page has neither `first` nor
 * `last`.
 */

/** The page that a request selects. */
struct envoi_rsm_request {
	bool has_max;
	uint32_t max; /**< the most items of the page; 0: only the count (section 2.7) */
	/** the items behind this one; NULL: from the first item on (section 2.2) */
	char *after;
	/** the page in front of this item (section 2.3); "": the last page (section 2.5); NULL: the
	 * order is forward */
	char *before;
	bool has_index;
	uint32_t index; /**< the items from this position on, from 0 (section 2.6) */
};

/** The first item of a page. */
struct envoi_rsm_first {
	bool has_index;
	uint32_t index; /**< its position among all items, from 0; may be approximate */
	char *id;
};

/** The page in a result. */
struct envoi_rsm_result {
	bool has_first; /**< false: the page is empty, or the peer does not page */
	struct envoi_rsm_first first;
	char *last; /**< identifier of the last item; NULL: as @p has_first false */
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
 * @return false if no further page can be requested: the last page is empty, has no identifiers,
 *         ends with the identifier behind which it began, or the request has max 0. true does not
 *         mean that there are further items: the next page may be empty, and some extensions state
 *         themselves which page is the last
 */
ENVOI_API bool envoi_rsm_continue(
	struct envoi_rsm_request *request, const struct envoi_rsm_result *result);

#ifdef __cplusplus
}
#endif
#endif
