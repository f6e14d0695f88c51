/*
 * envoi - the length of an HTTP/1.1 message's body, by its head (RFC 9112, section 6)
 * SPDX-License-Identifier: MIT
 */
#include "http/http_framing.h"

#include <string.h>
#include <strings.h>

#include <envoi/error.h>
#include <envoi/values.h>

static int refuse(const char **ret_text, const char *text)
{
	*ret_text = text;
	return ENVOI_ERR_PROTOCOL;
}

/* RFC 9112, section 6.1: only `chunked`, alone. */
static int check_coding(const struct envoi__http_head *head, const char **ret_text)
{
	const char *coding = envoi__http_head_value(head, "Transfer-Encoding");
	if (coding == NULL) {
		return ENVOI_OK;
	}
	if (head->minor == 0) {
		return refuse(ret_text, "a transfer coding in HTTP/1.0");
	}
	if (envoi__http_head_count(head, "Transfer-Encoding") != 1 ||
		strcasecmp(coding, "chunked") != 0) {
		return refuse(ret_text, "a transfer coding other than chunked");
	}
	if (envoi__http_head_value(head, "Content-Length") != NULL) {
		return refuse(ret_text, "a length beside a transfer coding");
	}
	return ENVOI_OK;
}

/* RFC 9110, section 8.6: digits only. @param most  UINT64_MAX: no limit */
static int check_length(const struct envoi__http_head *head, uint64_t most, const char **ret_text)
{
	const char *length = envoi__http_head_value(head, "Content-Length");
	uint64_t value;
	if (length == NULL) {
		return ENVOI_OK;
	}
	if (envoi__http_head_count(head, "Content-Length") != 1) {
		return refuse(ret_text, "two lengths of one body");
	}
	if (length[0] == '\0' || length[strspn(length, "0123456789")] != '\0') {
		return refuse(ret_text, "a length that is no number");
	}
	if (envoi_uint_parse(length, 0, most, &value) < 0) {
		*ret_text = "the body is larger than the limit";
		return ENVOI_ERR_LIMIT;
	}
	return ENVOI_OK;
}

static bool has_framing(const struct envoi__http_head *head)
{
	return envoi__http_head_value(head, "Content-Length") != NULL ||
		envoi__http_head_value(head, "Transfer-Encoding") != NULL;
}

/* RFC 9110, sections 8.6 and 15.2: an interim response has neither. */
static int frame_interim(const struct envoi__http_head *head, enum envoi__http_asked asked,
	enum envoi__http_framing *ret_framing, const char **ret_text)
{
	if (has_framing(head)) {
		return refuse(ret_text, "a length in an interim response");
	}
	if (head->status == 101 && asked != ENVOI__HTTP_ASKED_UPGRADE) {
		return refuse(ret_text, "a change of the protocol that was not requested");
	}
	*ret_framing = head->status == 101 ? ENVOI__HTTP_IS_TUNNEL : ENVOI__HTTP_INTERIM;
	return ENVOI_OK;
}

/* RFC 9110, section 9.3.6: CONNECT ignores lengths of a success. */
static int frame_response(const struct envoi__http_head *head, enum envoi__http_asked asked,
	uint64_t most, enum envoi__http_framing *ret_framing, const char **ret_text)
{
	if (head->status < 200) {
		return frame_interim(head, asked, ret_framing, ret_text);
	}
	if (asked == ENVOI__HTTP_ASKED_TUNNEL && head->status < 300) {
		*ret_framing = ENVOI__HTTP_IS_TUNNEL;
		return ENVOI_OK;
	}
	if (head->status == 204 && has_framing(head)) {
		return refuse(ret_text, "a length in a response without content");
	}
	bool has_body = asked != ENVOI__HTTP_ASKED_HEAD && head->status != 204 &&
		head->status != 304;
	*ret_framing = has_body ? ENVOI__HTTP_WITH_BODY : ENVOI__HTTP_NO_BODY;
	int r = check_coding(head, ret_text);
	return r < 0 ? r : check_length(head, has_body ? most : UINT64_MAX, ret_text);
}

/* RFC 9112, sections 3.2 and 6.3. */
static int frame_request(const struct envoi__http_head *head, uint64_t most,
	enum envoi__http_framing *ret_framing, const char **ret_text)
{
	size_t hosts = envoi__http_head_count(head, "Host");
	if (hosts > 1 || (hosts == 0 && head->minor == 1)) {
		return refuse(ret_text, "a request needs one Host");
	}
	*ret_framing = has_framing(head) ? ENVOI__HTTP_WITH_BODY : ENVOI__HTTP_NO_BODY;
	int r = check_coding(head, ret_text);
	return r < 0 ? r : check_length(head, most, ret_text);
}

int envoi__http_framing(const struct envoi__http_head *head, enum envoi__http_asked asked,
	uint64_t most, enum envoi__http_framing *ret_framing, const char **ret_text)
{
	return head->status == 0 ? frame_request(head, most, ret_framing, ret_text)
				 : frame_response(head, asked, most, ret_framing, ret_text);
}
