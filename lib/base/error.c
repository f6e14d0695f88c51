/*
 * envoi - error codes and outcomes
 * SPDX-License-Identifier: MIT
 */
#include <envoi/error.h>

#include <stddef.h>

struct row {
	int code;
	const char *name, *text;
};

static const struct row rows[] = {
	{ENVOI_OK, "ENVOI_OK", "success"},
	{ENVOI_ERR_INVALID, "ENVOI_ERR_INVALID", "invalid argument"},
	{ENVOI_ERR_STATE, "ENVOI_ERR_STATE", "not possible now"},
	{ENVOI_ERR_NOT_FOUND, "ENVOI_ERR_NOT_FOUND", "not found"},
	{ENVOI_ERR_EXISTS, "ENVOI_ERR_EXISTS", "exists already"},
	{ENVOI_ERR_UNSUPPORTED, "ENVOI_ERR_UNSUPPORTED", "not supported"},
	{ENVOI_ERR_NOMEM, "ENVOI_ERR_NOMEM", "out of memory"},
	{ENVOI_ERR_SYSTEM, "ENVOI_ERR_SYSTEM", "system call failed"},
	{ENVOI_ERR_TIMEOUT, "ENVOI_ERR_TIMEOUT", "timed out"},
	{ENVOI_ERR_CANCELED, "ENVOI_ERR_CANCELED", "canceled"},
	{ENVOI_ERR_UNREACHABLE, "ENVOI_ERR_UNREACHABLE", "server not reachable"},
	{ENVOI_ERR_FULL, "ENVOI_ERR_FULL", "queue is full"},
	{ENVOI_ERR_XML, "ENVOI_ERR_XML", "XML not well-formed or not allowed"},
	{ENVOI_ERR_PROTOCOL, "ENVOI_ERR_PROTOCOL", "protocol violation"},
	{ENVOI_ERR_AUTH, "ENVOI_ERR_AUTH", "authentication failed"},
	{ENVOI_ERR_TLS, "ENVOI_ERR_TLS", "TLS failed"},
	{ENVOI_ERR_LIMIT, "ENVOI_ERR_LIMIT", "limit exceeded"},
	{ENVOI_ERR_CERTIFICATE, "ENVOI_ERR_CERTIFICATE", "certificate not trusted"},
	{ENVOI_ERR_STREAM, "ENVOI_ERR_STREAM", "the peer ended the stream with an error"},
	{ENVOI_ERR_STANZA, "ENVOI_ERR_STANZA", "the peer answered with an error"},
	{ENVOI_ERR_DISCONNECTED, "ENVOI_ERR_DISCONNECTED", "disconnected"},
	{ENVOI_AGAIN, "ENVOI_AGAIN", "needs more input or time"},
	{ENVOI_DECLINED, "ENVOI_DECLINED", "declined"},
	{ENVOI_STOP, "ENVOI_STOP", "stop"},
	{ENVOI_END, "ENVOI_END", "end"},
};

static const struct row *find(int code)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == code) {
			return &rows[i];
		}
	}
	static const struct row unknown = {0, "unknown", "unknown error"};
	return &unknown;
}

const char *envoi_error_name(int code)
{
	return find(code)->name;
}

const char *envoi_error_text(int code)
{
	return find(code)->text;
}
