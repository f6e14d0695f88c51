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

#define ENVOI_NS_FALLBACK "urn:xmpp:fallback:0"

/** A part of a body or subject (XEP-0428, section 2.2), in characters (XEP-0426: code points of
 * Unicode), from @p start to before @p end. */
struct envoi_fallback_region {
	bool has_start, has_end; /**< both false: all of the text */
	uint32_t start, end;
};
/** Parts of a message that are there for clients that do not implement an extension. */
struct envoi_fallback {
	char *replaces; /**< namespace of the extension; NULL: not stated */
	struct envoi_fallback_region *bodies, *subjects; /**< neither: all bodies and subjects */
	size_t body_count, subject_count; /**< at most ENVOI_FALLBACK_LIMIT each */
};
#define ENVOI_FALLBACK_LIMIT 100
/** Describes struct envoi_fallback. */
ENVOI_API extern const struct envoi_payload_type envoi_fallback_type;
/** Describes struct envoi_fallback_region, of a body. */
ENVOI_API extern const struct envoi_payload_type envoi_fallback_body_type;
/** Describes struct envoi_fallback_region, of a subject. */
ENVOI_API extern const struct envoi_payload_type envoi_fallback_subject_type;

/**
 * Get a body without what is there for clients that do not implement an extension. Malformed
 * indications, and parts that end before they begin, are ignored; a part beyond the end is that up
 * to the end.
 *
 * @param[out] ret_body  NULL: the message has no body; else to be freed with envoi_free()
 * @param lang           as of envoi_message_body()
 * @param replaces       namespace of the extension, which the program implements for this message
 * @retval ENVOI_DECLINED     the body has no such part: @p *ret_body is all of it
 * @retval ENVOI_ERR_INVALID  @p replaces is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_fallback_strip(char **ret_body, struct envoi_context *context,
	const struct envoi_stanza *message, const char *lang, const char *replaces);

/**
 * State that a part of the body of a message that is going to be sent is there for clients that do
 * not implement an extension.
 *
 * @param message     NULL reports ENVOI_ERR_NOMEM
 * @param replaces    namespace of the extension
 * @param start, end  in characters, @p end after @p start; both 0: all bodies and subjects
 * @retval ENVOI_ERR_INVALID  @p replaces is NULL or empty, or @p end is before @p start
 * @retval <0  else the first failure of the message
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
