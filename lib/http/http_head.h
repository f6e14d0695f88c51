/*
 * envoi - heads of HTTP/1.1 messages (RFC 9112, sections 2 to 5)
 * SPDX-License-Identifier: MIT
 *
 * The parsers of HTTP differ in what they accept beyond the grammar. This reader accepts nothing
 * beyond it, so that the result does not depend on the parser that frames the body.
 */
#ifndef ENVOI_HTTP_HTTP_HEAD_H
#define ENVOI_HTTP_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/buffer.h>

enum {
	ENVOI__HTTP_FIELDS = 128, /* the most in a head */
};

struct envoi__http_field {
	const char *name, *value; /* the value without blanks around it */
};

struct envoi__http_head {
	int status; /* 100 to 599; 0: a request */
	const char *reason; /* of a response; "" without one */
	const char *method, *target; /* of a request */
	int minor; /* of the version: HTTP/1.minor; 0 or 1 */
	struct envoi_buffer fields; /* of struct envoi__http_field */
};

/** The search for the end of a head, for bytes that arrive in pieces; zeroed at first. */
struct envoi__http_scan {
	size_t len; /* bytes of the head so far */
	unsigned int line_ends; /* that the head ends with, in halves: CR, LF */
};

/**
 * Search for the end of the head: the empty line.
 *
 * @param is_response  the first bytes are compared with those of a response
 * @param[out] ret_used  bytes that belong to the head
 * @retval ENVOI_OK     the head is complete
 * @retval ENVOI_AGAIN  all bytes belong to it
 * @retval ENVOI_ERR_PROTOCOL  a CR or LF alone (RFC 9112, section 2.2), a NUL, or the beginning is
 *                             not that of HTTP/1
 */
int envoi__http_scan(struct envoi__http_scan *scan, bool is_response, const char *data, size_t len,
	size_t *ret_used);

/**
 * Read a complete head.
 *
 * @param head  its `fields` initialised; borrows from @p text
 * @param text  the head with the empty line; it is changed: texts are terminated in place
 * @retval ENVOI_ERR_PROTOCOL  a version other than 1.0 and 1.1, a folded line (RFC 9112, section
 *                             5.2), blanks before a colon (section 5.1), or another error of syntax
 * @retval ENVOI_ERR_LIMIT     more than ENVOI__HTTP_FIELDS fields
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__http_head_read(struct envoi__http_head *head, bool is_response, char *text, size_t len);

/** @return the value of the first field of that name, in any case; NULL: none */
const char *envoi__http_head_value(const struct envoi__http_head *head, const char *name);

/** @return the number of fields of that name */
size_t envoi__http_head_count(const struct envoi__http_head *head, const char *name);

/** @return whether a field of that name has @p word in its list of tokens, in any case */
bool envoi__http_head_lists(
	const struct envoi__http_head *head, const char *name, const char *word);

/** @return whether a later request may succeed: 408, 429, 500, 502, 503, 504 (RFC 9110, section 15;
 * RFC 6585, section 4) */
bool envoi__http_is_temporary(int status);

/** @return whether @p text is a token (RFC 9110, section 5.6.2) */
bool envoi__http_is_token(const char *text, size_t len);

/** @return whether @p text has only characters that a field's value may have (RFC 9110, section
 * 5.5) */
bool envoi__http_is_value(const char *text, size_t len);

/** @return whether @p text has only visible characters of ASCII, one at least, as a target has */
bool envoi__http_is_target(const char *text, size_t len);

#endif
