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

/** Also the feature of an upload service, which is one of the items of the account's server
 * (section 3). */
#define ENVOI_NS_UPLOAD "urn:xmpp:http:upload:0"
/** Namespace of purposes. */
#define ENVOI_NS_UPLOAD_PURPOSE "urn:xmpp:http:upload:purpose:0"

enum {
	ENVOI_UPLOAD_MOST_HEADERS = 20, /**< of a slot; one with more is malformed */
	ENVOI_UPLOAD_TIMEOUT_MS = 60000, /**< the default of struct envoi_upload_options */
};

/* --- slots --- */

/** The purpose of a file (section 5). The time for which a service stores it may depend on it. */
enum envoi_upload_purpose {
	ENVOI_UPLOAD_NO_PURPOSE = 0,
	ENVOI_UPLOAD_MESSAGE,
	ENVOI_UPLOAD_PROFILE, /**< an avatar, for example */
	ENVOI_UPLOAD_EPHEMERAL,
	ENVOI_UPLOAD_PERMANENT,
};
/** The time of a file with the purpose EPHEMERAL. */
struct envoi_upload_ephemeral {
	int64_t expire_ms; /**< the file is removed then: milliseconds since 1970-01-01T00:00:00Z */
};
/** A file. The service announces purposes by features: envoi_upload_has_purpose(). */
struct envoi_upload_file {
	char *filename; /**< without a path */
	uint64_t size; /**< bytes, from 1 */
	char *content_type; /**< also of the PUT request; NULL: none */
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
/** The target of the PUT request. */
struct envoi_upload_put_url {
	char *url;
	struct envoi_upload_header *headers;
	size_t header_count;
};
/** The address of the uploaded file. */
struct envoi_upload_get_url {
	char *url; /**< for recipients, unchanged: the service may have changed the file name */
};
/** The URLs for the upload and the download of a file (section 4). */
struct envoi_upload_slot {
	struct envoi_upload_put_url put;
	struct envoi_upload_get_url get;
};
/** Describes struct envoi_upload_slot. */
ENVOI_API extern const struct envoi_payload_type envoi_upload_slot_type;

/** @param info of envoi_disco_info_get(); NULL is allowed. @param[out] ret_bytes the largest size
 * of a file. @return whether a service states one (section 3) */
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
 * @retval ENVOI_ERR_INVALID  the file has no name, a name with "/", or the size 0
 * Other errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_upload_request(struct envoi_session *session,
	const char *service, const struct envoi_upload_file *file, envoi_answer_fn *done,
	void *user);

/** @param error NULL is allowed. @param[out] ret_bytes the largest size; 0: not stated. @return
 * whether a slot was refused because the file is too large (section 6) */
ENVOI_API bool envoi_upload_is_too_large(
	const struct envoi_stanza_error *error, uint64_t *ret_bytes);
/** @param error NULL is allowed. @param[out] ret_ms milliseconds since 1970-01-01T00:00:00Z.
 * @return whether an error states when another request may succeed (section 6) */
ENVOI_API bool envoi_upload_retry_at(const struct envoi_stanza_error *error, int64_t *ret_ms);

/* --- uploading --- */

/** An upload in progress. Owned by the caller. */
struct envoi_upload;

/** How an upload has ended. Borrowed for the call. */
struct envoi_upload_end {
	/**
	 * - ENVOI_OK: the server has stored the file;
	 * - ENVOI_ERR_PROTOCOL: the server has refused it with @p status; redirects are not
	 *   followed; or its answer is not HTTP/1.1;
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
	/** The upload has ended. Called once; no other function is called afterwards. */
	void (*done)(void *user, const struct envoi_upload_end *end);
};

/** What to upload, and how. */
struct envoi_upload_options {
	const struct envoi_upload_slot *slot;
	uint64_t size; /**< as in the request for the slot */
	const char *content_type; /**< as in the request for the slot; NULL: none */
	/** tls.*, resolve.* and connect.* are used, those of the client for example; NULL: the
	 * defaults */
	const struct envoi_settings *settings;
	/** milliseconds in which each 16 KiB, or the rest of the file, have to be sent, and from
	 * the last byte to the end of the answer; 0: 60,000 */
	uint64_t timeout_ms;
	/** for tests: `http` is allowed to addresses of the loopback interface */
	bool allows_http_on_loopback;
	/**
	 * OPTIONAL: connect in place of the library, through a proxy for example.
	 * @param host  name or address, without brackets
	 * @param[out] ret_channel  connected, or connecting, with TLS for @p host if @p is_secure;
	 *                          taken
	 * @return an error code
	 */
	int (*connect)(void *user, struct envoi_channel **ret_channel, const char *host,
		uint16_t port, bool is_secure);
};

/**
 * Upload a file by HTTP PUT (section 7), only to the URL of the slot and only by `https` with a
 * certificate that is valid for the host. Of the slot's header fields Authorization, Cookie and
 * Expires are sent, as the specification requires; line ends are removed. The service can read the
 * file, and so can any entity that has the URL.
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
