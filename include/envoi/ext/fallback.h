/*
 * envoi - XEP-0428: Fallback Indication
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_FALLBACK_H
#define ENVOI_EXT_FALLBACK_H

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0428. */
#define ENVOI_NS_FALLBACK "urn:xmpp:fallback:0"

/** A part of a body or subject (XEP-0428, section 2.2), in characters (XEP-0426: code points of
 * Unicode), counted from 0. */
struct envoi_fallback_region {
	bool has_start, has_end; /**< both false: the whole text */
	uint32_t start, end; /**< the first character, and the first one after the part */
};
/** The fallback of a message: the parts for clients that do not implement an extension. */
struct envoi_fallback {
	char *replaces; /**< namespace of the extension; NULL: not stated */
	struct envoi_fallback_region *bodies, *subjects; /**< both empty: all bodies and subjects */
	size_t body_count, subject_count; /**< at most ENVOI_FALLBACK_LIMIT each */
};
/** The most parts of an indication; one with more is malformed. */
#define ENVOI_FALLBACK_LIMIT 100
/** Describes struct envoi_fallback. */
ENVOI_API extern const struct envoi_payload_type envoi_fallback_type;
/** Describes struct envoi_fallback_region, of a body. */
ENVOI_API extern const struct envoi_payload_type envoi_fallback_body_type;
/** Describes struct envoi_fallback_region, of a subject. */
ENVOI_API extern const struct envoi_payload_type envoi_fallback_subject_type;

/**
 * Get a body without its fallback for an extension. Malformed indications, and parts that end
 * before they begin, are ignored. A part that ends behind the end of the body ends there.
 *
 * @param[out] ret_body  owned by the caller: envoi_free(); NULL: the message has no body
 * @param lang           as for envoi_message_body()
 * @param replaces       namespace of the extension, which the program applies to this message
 * @retval ENVOI_DECLINED     the message has no body, or the body no such part: @p *ret_body is all
 *                            of it
 * @retval ENVOI_ERR_INVALID  @p replaces is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_fallback_strip(char **ret_body, struct envoi_context *context,
	const struct envoi_stanza *message, const char *lang, const char *replaces);

/**
 * Mark a part of the body of an outgoing message as fallback for an extension.
 *
 * @param message     NULL reports ENVOI_ERR_NOMEM
 * @param replaces    namespace of the extension; copied
 * @param start, end  as in struct envoi_fallback_region; both 0: all bodies and subjects
 * @retval ENVOI_ERR_INVALID  @p replaces is NULL or empty, or @p end is before @p start
 * @retval <0  otherwise the first failure of the message
 */
ENVOI_API int envoi_fallback_add(
	struct envoi_stanza *message, const char *replaces, uint32_t start, uint32_t end);

/** @return a handler that announces the extension in service discovery. It has no state, serves all
 * sessions and is never freed. No client has it by default. */
ENVOI_API struct envoi_handler *envoi_fallback_handler(void);

#ifdef __cplusplus
}
#endif
#endif
