/*
 * envoi - HTTP requests that others make: the answers
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include <string.h>
#include <time.h>

#include <envoi/context.h>

#include "http/http_writer.h"
#include "web_inside.h"

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{101, "Switching Protocols"},
		{200, "OK"},
		{204, "No Content"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{413, "Content Too Large"},
		{426, "Upgrade Required"},
		{431, "Request Header Fields Too Large"},
		{503, "Service Unavailable"},
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].status == status) {
			return reasons[i].reason;
		}
	}
	return "";
}

int envoi__web_write_status(struct envoi_buffer *out, int status)
{
	return envoi__http_write_status(out, status, reason_of(status));
}

/* RFC 9110, section 5.6.7; strftime(3) would depend on the locale. */
static int write_date(struct envoi_buffer *out, const struct envoi_context *context)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = (time_t)(envoi_context_wall_clock_ms(context) / 1000);
	struct tm tm;
	if (gmtime_r(&now, &tm) == NULL) {
		return ENVOI_OK;
	}
	return envoi_buffer_printf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
		days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900,
		tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static int write_fields(struct envoi_buffer *out, const char *const *fields)
{
	int r = ENVOI_OK;
	for (; r == ENVOI_OK && fields != NULL && fields[0] != NULL && fields[1] != NULL;
		fields += 2) {
		r = envoi__http_write_field(out, fields[0], fields[1]);
	}
	return r;
}

/* RFC 9110, section 8.6: a response without content has no length. */
static int write_length(struct envoi_buffer *out, const struct envoi_web_response *response)
{
	int r = response->content_type == NULL
		? ENVOI_OK
		: envoi__http_write_field(out, "Content-Type", response->content_type);
	return r < 0 || response->status == 204
		? r
		: envoi_buffer_printf(out, "Content-Length: %zu\r\n", response->body_len);
}

static int write_response(struct envoi_buffer *out, struct envoi_context *context,
	const struct envoi_web_response *response, bool is_to_head, bool keeps_alive)
{
	bool has_body = !is_to_head && response->body_len > 0 && response->status != 204 &&
		response->release == NULL;
	int r = response->status < 200 ? ENVOI_ERR_INVALID
				       : envoi__web_write_status(out, response->status);
	r = r < 0 ? r : write_date(out, context);
	r = r < 0 ? r : write_length(out, response);
	r = r < 0 ? r : write_fields(out, response->fields);
	r = r < 0 || keeps_alive ? r : envoi__http_write_field(out, "Connection", "close");
	r = r < 0 ? r : envoi__http_write_end(out);
	return r < 0 || !has_body ? r
				  : envoi_buffer_append(out, response->body, response->body_len);
}

int envoi__web_write_response(struct envoi_buffer *out, struct envoi_context *context,
	const struct envoi_web_response *response, bool is_to_head, bool keeps_alive)
{
	size_t before = envoi_buffer_len(out);
	int r = write_response(out, context, response, is_to_head, keeps_alive);
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}
