/*
 * envoi - XEP-0054: vcard-temp, version 1.3.0
 * SPDX-License-Identifier: MIT
 *
 * Section 9: everything but the name may occur several times.
 */
#include <envoi/ext/vcard.h>

#include <envoi/session.h>

static const struct envoi_field name_fields[] = {
	ENVOI_CHILD_TEXT(struct envoi_vcard_name, family, "FAMILY"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_name, given, "GIVEN"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_name, middle, "MIDDLE"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_name, prefix, "PREFIX"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_name, suffix, "SUFFIX"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type name_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_vcard_name, NULL, "N", name_fields);

static const struct envoi_field photo_fields[] = {
	ENVOI_CHILD_TEXT(struct envoi_vcard_photo, type, "TYPE"),
	ENVOI_CHILD_BASE64(struct envoi_vcard_photo, bytes, "BINVAL", ENVOI_SPACES),
	ENVOI_CHILD_TEXT(struct envoi_vcard_photo, url, "EXTVAL"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type photo_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_vcard_photo, NULL, "PHOTO", photo_fields);

static const struct envoi_field organization_fields[] = {
	ENVOI_CHILD_TEXT(struct envoi_vcard_organization, name, "ORGNAME"),
	ENVOI_CHILDREN_TEXT(struct envoi_vcard_organization, units, unit_count, "ORGUNIT",
		.max_items = ENVOI_VCARD_MOST),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type organization_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_vcard_organization, NULL, "ORG", organization_fields);

static const struct envoi_field address_fields[] = {
	ENVOI_CHILD_FLAG(struct envoi_vcard_address, is_home, "HOME"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_address, is_work, "WORK"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_address, is_postal, "POSTAL"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_address, is_parcel, "PARCEL"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_address, is_domestic, "DOM"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_address, is_international, "INTL"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_address, is_preferred, "PREF"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_address, pobox, "POBOX"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_address, extended, "EXTADD"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_address, street, "STREET"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_address, locality, "LOCALITY"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_address, region, "REGION"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_address, postcode, "PCODE"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_address, country, "CTRY"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type address_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_vcard_address, NULL, "ADR", address_fields);

static const struct envoi_field phone_fields[] = {
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_home, "HOME"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_work, "WORK"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_voice, "VOICE"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_fax, "FAX"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_pager, "PAGER"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, takes_messages, "MSG"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_mobile, "CELL"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_video, "VIDEO"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_bbs, "BBS"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_modem, "MODEM"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_isdn, "ISDN"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_pcs, "PCS"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_phone, is_preferred, "PREF"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_phone, number, "NUMBER", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type phone_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_vcard_phone, NULL, "TEL", phone_fields);

static const struct envoi_field email_fields[] = {
	ENVOI_CHILD_FLAG(struct envoi_vcard_email, is_home, "HOME"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_email, is_work, "WORK"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_email, is_internet, "INTERNET"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_email, is_x400, "X400"),
	ENVOI_CHILD_FLAG(struct envoi_vcard_email, is_preferred, "PREF"),
	ENVOI_CHILD_TEXT(struct envoi_vcard_email, address, "USERID", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type email_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_vcard_email, NULL, "EMAIL", email_fields);

static const struct envoi_field fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_vcard, version, "version"),
	ENVOI_CHILD_TEXT(struct envoi_vcard, full_name, "FN"),
	ENVOI_CHILD_STRUCT(struct envoi_vcard, name, struct envoi_vcard_name, &name_type),
	ENVOI_CHILDREN_TEXT(struct envoi_vcard, nicknames, nickname_count, "NICKNAME",
		.max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILDREN_STRUCT(struct envoi_vcard, photos, photo_count, struct envoi_vcard_photo,
		&photo_type, ENVOI_LENIENT, .max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILD_TEXT(struct envoi_vcard, birthday, "BDAY"),
	ENVOI_CHILDREN_STRUCT(struct envoi_vcard, addresses, address_count,
		struct envoi_vcard_address, &address_type, ENVOI_LENIENT,
		.max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILDREN_STRUCT(struct envoi_vcard, phones, phone_count, struct envoi_vcard_phone,
		&phone_type, ENVOI_LENIENT, .max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILDREN_STRUCT(struct envoi_vcard, emails, email_count, struct envoi_vcard_email,
		&email_type, ENVOI_LENIENT, .max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILDREN_TEXT(struct envoi_vcard, jabber_ids, jabber_id_count, "JABBERID",
		.max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILDREN_TEXT(
		struct envoi_vcard, titles, title_count, "TITLE", .max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILDREN_TEXT(
		struct envoi_vcard, roles, role_count, "ROLE", .max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILDREN_STRUCT(struct envoi_vcard, organizations, organization_count,
		struct envoi_vcard_organization, &organization_type, ENVOI_LENIENT,
		.max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILDREN_TEXT(
		struct envoi_vcard, urls, url_count, "URL", .max_items = ENVOI_VCARD_MOST),
	ENVOI_CHILDREN_TEXT(struct envoi_vcard, descriptions, description_count, "DESC",
		.max_items = ENVOI_VCARD_MOST),
	ENVOI_ANY(struct envoi_vcard, others, other_count),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_vcard_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_vcard, ENVOI_NS_VCARD, "vCard", fields);

/* --- requests --- */

static const struct envoi_payload_type query_type = ENVOI_PAYLOAD_EMPTY(ENVOI_NS_VCARD, "vCard");

int envoi_vcard_get(struct envoi_session *session, const struct envoi_jid *jid,
	envoi_answer_fn *done, void *user)
{
	struct envoi_stanza *request = jid == NULL
		? envoi_request_account_iq(session, ENVOI_IQ_GET, &query_type, NULL)
		: envoi_request_iq(session, ENVOI_IQ_GET, envoi_jid_text(jid), &query_type, NULL);
	return envoi_request(session, request, &envoi_vcard_type, 0, done, user, NULL);
}

int envoi_vcard_set(struct envoi_session *session, const struct envoi_vcard *vcard,
	envoi_answer_fn *done, void *user)
{
	if (vcard == NULL || envoi_payload_check(&envoi_vcard_type, vcard, NULL) < 0) {
		return ENVOI_ERR_INVALID;
	}
	return envoi_request(session,
		envoi_request_account_iq(session, ENVOI_IQ_SET, &envoi_vcard_type, vcard), NULL, 0,
		done, user, NULL);
}
