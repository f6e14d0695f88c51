/*
 * envoi - XEP-0363: HTTP File Upload
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_UPLOAD_H
#define ENVOI_EXT_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/ext/disco.h>
#include <envoi/payload.h>
#include <envoi/request.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_channel;
struct envoi_settings;

/** Also the feature of a service: one of the items of the account's server (section 3). */
#define ENVOI_NS_UPLOAD "urn:xmpp:http:upload:0"
#define ENVOI_NS_UPLOAD_PURPOSE "urn:xmpp:http:upload:purpose:0"

enum {
	ENVOI_UPLOAD_MOST_HEADERS = 20, /**< of a slot; one with more is malformed */
	ENVOI_UPLOAD_TIMEOUT_MS = 60000, /**< the default of struct envoi_upload_options */
};

/* --- slots --- */

/** What a file is for (section 5); a service may keep it for another time then. */
enum envoi_upload_purpose {
	ENVOI_UPLOAD_NO_PURPOSE = 0,
	ENVOI_UPLOAD_MESSAGE,
	ENVOI_UPLOAD_PROFILE, /**< an avatar, for example */
	ENVOI_UPLOAD_EPHEMERAL,
	ENVOI_UPLOAD_PERMANENT,
};
struct envoi_upload_ephemeral {
	int64_t expire_ms; /**< milliseconds since 1970: the file is not available later */
};
/** A file. The service announces purposes by features: envoi_upload_has_purpose(). */
struct envoi_upload_file {
	char *filename; /**< without a path */
	uint64_t size; /**< bytes, from 1 */
	char *content_type; /**< of the upload, too; NULL: none */
	enum envoi_upload_purpose purpose;
	union {
		struct envoi_upload_ephemeral ephemeral;
	} by; /**< of EPHEMERAL */
};
/** Describes struct envoi_upload_file: the element `request`. */
ENVOI_API extern const struct envoi_payload_type envoi_upload_file_type;

/** A header field of the upload. */
struct envoi_upload_header {
	char *name, *value;
};
struct envoi_upload_put_url {
	char *url;
	struct envoi_upload_header *headers;
	size_t header_count;
};
struct envoi_upload_get_url {
	char *url; /**< for others, to be taken as it is: the service may have changed the name */
};
/** Where to upload a file, and where it is then (section 4). */
struct envoi_upload_slot {
	struct envoi_upload_put_url put;
	struct envoi_upload_get_url get;
};
/** Describes struct envoi_upload_slot. */
ENVOI_API extern const struct envoi_payload_type envoi_upload_slot_type;

/** @return whether a service states a largest size (section 3), in bytes; info of
 * envoi_disco_info_get(), NULL is allowed */
ENVOI_API bool envoi_upload_max_size(const struct envoi_disco_info *info, uint64_t *ret_bytes);
/** @return whether a service announces a purpose; true for NO_PURPOSE */
ENVOI_API bool envoi_upload_has_purpose(
	const struct envoi_disco_info *info, enum envoi_upload_purpose purpose);

/**
 * Request a slot for a file (section 4).
 *
 * @param service  address of the service
 * @param file     borrowed for the call
 * @param done     called exactly once, as for envoi_request(); envoi_answer_payload() is a struct
 *                 envoi_upload_slot
 * @retval ENVOI_ERR_INVALID  the file has no name, one with "/", or no bytes
 * Other errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_upload_request(struct envoi_session *session,
	const char *service, const struct envoi_upload_file *file, envoi_answer_fn *done,
	void *user);

/** @return whether a slot was refused because the file is too large (section 6): @p ret_bytes is
 * the largest size, 0 if it is not stated. @p error NULL: false */
ENVOI_API bool envoi_upload_is_too_large(
	const struct envoi_stanza_error *error, uint64_t *ret_bytes);
/** @return whether an error states when another request may succeed (section 6): milliseconds since
 * 1970. @p error NULL: false */
ENVOI_API bool envoi_upload_retry_at(const struct envoi_stanza_error *error, int64_t *ret_ms);

/* --- uploading --- */

/** An upload in progress. Owned by the caller. */
struct envoi_upload;

/** How an upload has ended. Borrowed for the call. */
struct envoi_upload_end {
	/**
	 * - ENVOI_OK: the server has stored the file;
	 * - ENVOI_ERR_PROTOCOL: the server has refused it, with @p status, also with a redirect,
	 *   which is not followed; or its answer is not HTTP/1.1;
	 * - ENVOI_ERR_INVALID: `read` has returned an error, or no bytes before the end;
	 * - ENVOI_ERR_TIMEOUT: there was no progress for timeout_ms;
	 * - else as of a dial (<envoi/interfaces/dial.h>) or a channel with TLS: ENVOI_ERR_TLS,
	 *   ENVOI_ERR_CERTIFICATE, ENVOI_ERR_UNREACHABLE, ENVOI_ERR_DISCONNECTED.
	 */
	int code;
	int status; /**< of HTTP; 0: none was received */
	const char *text; /**< for a person; never NULL */
};

/** The functions of an upload. Called from the loop. Any object may be freed inside. */
struct envoi_upload_events {
	/**
	 * Read the next bytes of the file. It must not free the upload.
	 * @param offset  in the file
	 * @param room    for up to @p size bytes
	 * @return how many bytes were read, from 1; 0 or less: an error
	 */
	long (*read)(void *user, uint64_t offset, char *room, size_t size);
	/** OPTIONAL: @p sent bytes of the file have been passed to the connection. */
	void (*progress)(void *user, uint64_t sent, uint64_t size);
	/** The end: once, last. */
	void (*done)(void *user, const struct envoi_upload_end *end);
};

/** What to upload, and how. */
struct envoi_upload_options {
	const struct envoi_upload_slot *slot;
	uint64_t size; /**< as it was requested */
	const char *content_type; /**< as it was requested; NULL: none was */
	/** of the client: tls.*, resolve.*, connect.*; NULL: defaults */
	const struct envoi_settings *settings;
	/** for each 16 KiB to be sent, or what is left of the file, and from the last byte to the
	 * end of the answer; 0: 60,000 */
	uint64_t timeout_ms;
	/** for tests: `http` is allowed to the address of the loopback interface */
	bool allows_http_on_loopback;
	/**
	 * OPTIONAL: connects instead of the library, through a proxy for example.
	 * @param host  name or address, without brackets
	 * @param[out] ret_channel  connected, or connecting, with TLS for @p host if @p is_secure;
	 *                          taken
	 * @return an error code
	 */
	int (*connect)(void *user, struct envoi_channel **ret_channel, const char *host,
		uint16_t port, bool is_secure);
};

/**
 * Upload a file by HTTP PUT (section 7): only by `https`, with a certificate that is valid for the
 * host, and only to the URL of the slot. Of the slot's headers those that the specification allows
 * are sent: Authorization, Cookie, Expires, without line ends. The file can be read by the service,
 * on its disk, and with the URL.
 *
 * @param[out] ret_upload  owned by the caller: envoi_upload_free(), also after the end
 * @param options          borrowed for the call
 * @param events           as long-lived as the upload
 * @retval ENVOI_ERR_UNSUPPORTED  the library was built without HTTP; or the URL is not one of
 *                                https; or without `connect`: it was built without TCP, or the
 *                                settings have a proxy
 * @retval ENVOI_ERR_INVALID      a malformed URL, header value or content type; no size; a function
 *                                is missing
 * @retval ENVOI_ERR_NOMEM
 * Other errors as envoi_tls_config_new() and envoi_dial_new().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_upload_put(struct envoi_upload **ret_upload,
	struct envoi_context *context, const struct envoi_upload_options *options,
	const struct envoi_upload_events *events, void *user);

/** Free an upload, cancelling it if it is in progress, without a call of `done`; allowed in `done`
 * and `progress`. NULL is allowed. */
ENVOI_API void envoi_upload_free(struct envoi_upload *upload);

#ifdef __cplusplus
}
#endif
#endif
