/*
 * envoi - error codes and outcomes
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ERROR_H
#define ENVOI_ERROR_H

#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The result of a function that can fail.
 *
 * 0 is success. A negative value is a failure, to be passed on unchanged; its range says where the
 * cause is: with the caller, on this host, with the peer. A positive value is an outcome (enum
 * envoi_outcome), documented at the function that returns it.
 */
enum envoi_error {
	ENVOI_OK = 0,

	/* -1..-99: the caller's mistake */
	ENVOI_ERR_INVALID = -1, /**< an argument breaks the documented contract */
	ENVOI_ERR_STATE = -2, /**< the object cannot do this now */
	ENVOI_ERR_NOT_FOUND = -3, /**< no such name or entry */
	ENVOI_ERR_EXISTS = -4, /**< the name or entry is taken */
	ENVOI_ERR_UNSUPPORTED = -5, /**< not compiled in, or not possible here */

	/* -100..-199: this host */
	ENVOI_ERR_NOMEM = -100, /**< out of memory; nothing was changed */
	ENVOI_ERR_SYSTEM = -101, /**< a system call failed; errno at the time was logged */
	ENVOI_ERR_TIMEOUT = -102, /**< no answer in the time allowed */
	ENVOI_ERR_CANCELED = -103, /**< ended on this side before an answer came */
	ENVOI_ERR_UNREACHABLE = -104, /**< no address found, or none accepted a connection */
	ENVOI_ERR_FULL = -105, /**< a queue on this side is at its limit; try when it has drained */

	/* -200..-299: the peer */
	/** not well-formed, or not allowed (RFC 6120, sections 11.1, 11.3) */
	ENVOI_ERR_XML = -200,
	ENVOI_ERR_PROTOCOL = -201, /**< well-formed but breaks the protocol */
	ENVOI_ERR_AUTH = -202, /**< authentication failed, on either side */
	ENVOI_ERR_TLS = -203, /**< no TLS, or TLS failed */
	ENVOI_ERR_LIMIT = -204, /**< the peer exceeded a configured limit */
	ENVOI_ERR_CERTIFICATE = -205, /**< the peer's certificate is not trusted */
	ENVOI_ERR_STREAM = -206, /**< the peer sent a stream error (RFC 6120, section 4.9) */
	/** the peer answered with an error stanza (RFC 6120, section 8.3) */
	ENVOI_ERR_STANZA = -207,
	ENVOI_ERR_DISCONNECTED = -208, /**< the connection ended before an answer came */
};

/** Positive results, which are not failures. Each function lists those that it returns. */
enum envoi_outcome {
	ENVOI_AGAIN = 1, /**< needs more input, or more time */
	ENVOI_DECLINED = 2, /**< not handled; offer it to the next handler */
	ENVOI_STOP = 3, /**< handled, and not to be offered to further handlers */
	ENVOI_END = 4, /**< nothing more will come */
};

/** @return the code's name, "ENVOI_ERR_NOMEM" for example; never NULL; static */
ENVOI_API const char *envoi_error_name(int code);

/** @return a short English clause, "out of memory" for example; never NULL; static */
ENVOI_API const char *envoi_error_text(int code);

#ifdef __cplusplus
}
#endif
#endif
