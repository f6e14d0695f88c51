/*
 * envoi - XEP-0054: vcard-temp
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_VCARD_H
#define ENVOI_EXT_VCARD_H

#include <envoi/payload.h>
#include <envoi/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0054. */
#define ENVOI_NS_VCARD "vcard-temp"

/** The most addresses, phones and other entries of one kind; a vCard with more is malformed. */
#define ENVOI_VCARD_MOST 100

/** The parts of a name; NULL: not stated. */
struct envoi_vcard_name {
	char *family, *given, *middle, *prefix, *suffix;
};

/** A picture: its bytes, or its URL. */
struct envoi_vcard_photo {
	char *type; /**< a media type; NULL: not stated */
	struct envoi_bytes bytes; /**< empty: none, or malformed */
	/** untrusted input: fetching it reveals the network address of the user; NULL: none */
	char *url;
};

/** An organization; NULL: not stated. */
struct envoi_vcard_organization {
	char *name;
	char **units; /**< from the largest to the smallest one */
	size_t unit_count;
};

/** A postal address; NULL: not stated. */
struct envoi_vcard_address {
	bool is_home, is_work, is_postal, is_parcel, is_domestic, is_international, is_preferred;
	char *pobox, *extended, *street, *locality, *region, *postcode, *country;
};

/** A phone. */
struct envoi_vcard_phone {
	bool is_home, is_work, is_voice, is_fax, is_pager, takes_messages, is_mobile, is_video,
		is_bbs, is_modem, is_isdn, is_pcs, is_preferred;
	char *number; /**< "": not stated (section 8) */
};

/** An e-mail address. */
struct envoi_vcard_email {
	bool is_home, is_work, is_internet, is_x400, is_preferred;
	char *address;
};

/**
 * A vCard (section 9). Its content is a claim of its user. A text is NULL if it is not stated, and
 * "" if its element is empty.
 */
struct envoi_vcard {
	char *version; /**< "3.0", or NULL */
	char *full_name;
	struct envoi_vcard_name *name; /**< NULL: not stated */
	char **nicknames;
	size_t nickname_count;
	struct envoi_vcard_photo *photos;
	size_t photo_count;
	char *birthday; /**< "1966-08-06", or any other text */
	struct envoi_vcard_address *addresses;
	size_t address_count;
	struct envoi_vcard_phone *phones;
	size_t phone_count;
	struct envoi_vcard_email *emails;
	size_t email_count;
	char **jabber_ids;
	size_t jabber_id_count;
	char **titles;
	size_t title_count;
	char **roles;
	size_t role_count;
	struct envoi_vcard_organization *organizations;
	size_t organization_count;
	char **urls;
	size_t url_count;
	char **descriptions;
	size_t description_count;
	struct envoi_element **others; /**< all other elements, in their order */
	size_t other_count;
};
/** Describes struct envoi_vcard. Malformed parts are left out: a phone without number, an e-mail
 * without address, a picture that is not base64. */
ENVOI_API extern const struct envoi_payload_type envoi_vcard_type;

/**
 * Request a vCard (sections 3.1 and 3.3).
 *
 * @param jid   a bare address, a server, or an occupant of a room; NULL: the account
 * @param done  called exactly once, as for envoi_request(); envoi_answer_payload() is a struct
 *              envoi_vcard, borrowed. If there is no vCard, a server returns an empty one or the
 *              error item-not-found, for other users also service-unavailable
 * @param user  passed to @p done
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_vcard_get(struct envoi_session *session,
	const struct envoi_jid *jid, envoi_answer_fn *done, void *user);

/**
 * Replace the vCard of the account (section 3.2). Any entity can read it (section 5). To keep the
 * parts that other clients have written, request the vCard first, change a copy
 * (envoi_payload_dup()), and keep `others`.
 *
 * @param vcard  borrowed for the call
 * @param done   as for envoi_request(); the result has no payload
 * @retval ENVOI_ERR_INVALID  @p vcard is NULL, XML does not allow a text, or there are more than
 *                            ENVOI_VCARD_MOST entries of one kind
 * Other parameters and errors as envoi_vcard_get().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_vcard_set(struct envoi_session *session,
	const struct envoi_vcard *vcard, envoi_answer_fn *done, void *user);

#ifdef __cplusplus
}
#endif
#endif
