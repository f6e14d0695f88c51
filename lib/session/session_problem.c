/*
 * envoi - why a call on a session was refused
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#include "session/session.h"

static void keep(struct envoi_session *session, const char *text)
{
	envoi_free(session->context, session->problem);
	session->problem = text[0] == '\0' ? NULL
					   : envoi_strndup(session->context, text, strlen(text));
}

int envoi__session_refuse(struct envoi_session *session, int code, const char *format, ...)
{
	char text[512] = "";
	if (session == NULL) {
		return code;
	}
	if (format != NULL) {
		va_list args;
		va_start(args, format);
		vsnprintf(text, sizeof(text), format, args);
		va_end(args);
	}
	session->problem_code = code;
	keep(session, text);
	envoi_log(session->context, code == ENVOI_ERR_INVALID ? ENVOI_LOG_INFO : ENVOI_LOG_DEBUG,
		ENVOI_LOG_SESSION, "refused: %s", envoi_session_problem(session));
	return code;
}

const char *envoi_session_problem(const struct envoi_session *session)
{
	return session->problem != NULL ? session->problem
					: envoi_error_text(session->problem_code);
}
