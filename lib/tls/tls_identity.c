/*
 * envoi - names in certificates
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_identity.h"

#include <arpa/inet.h>
#include <string.h>

#include <gnutls/x509-ext.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/error.h>
#include <envoi/jid.h>

#include "base/utf8.h"
#include "jid/idna.h"

#define OID_SUBJECT_ALT_NAME "2.5.29.17"
#define OID_XMPP_ADDR "1.3.6.1.5.5.7.8.5" /* RFC 6120, section 13.7.1.4 */
#define OID_DNS_SRV "1.3.6.1.5.5.7.8.7" /* RFC 4985 */
#define SERVICE "_xmpp-client."

enum {
	DER_UTF8_STRING = 0x0c,
	DER_IA5_STRING = 0x16,
	NAME_BYTES = 1023, /* RFC 7622, section 3.2 */
	PRESENTED_BYTES = 160, /* enough of them for a person */
	ADDRESS_BYTES = 3071, /* RFC 7622, section 3.1: three parts and two separators */
	ADDRESSES_BYTES = 8192, /* of all that are listed */
};

/* Bytes that are borrowed. */
struct span {
	const char *data;
	size_t len;
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal_ignoring_case(struct span a, struct span b)
{
	if (a.len != b.len) {
		return false;
	}
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.data[i]) != lower(b.data[i])) {
			return false;
		}
	}
	return true;
}

static struct span without_trailing_dot(struct span span)
{
	if (span.len > 1 && span.data[span.len - 1] == '.') {
		span.len--;
	}
	return span;
}

/* --- the name wanted --- */

static bool read_address(struct envoi__tls_name *name, const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(copy)) {
		return false;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, name->address) == 1) {
		name->address_len = 4;
	} else if (inet_pton(AF_INET6, copy, name->address) == 1) {
		name->address_len = 16;
	}
	return name->address_len > 0;
}

/* RFC 5890: A-labels compare without case; U-labels become A-labels first. What separates the parts
 * of an address, and what stands for other names, is not part of a domain.
 * @param text  at most NAME_BYTES */
static int copy_ascii(char **ret_ascii, struct envoi_context *context, struct span text)
{
	char ascii[NAME_BYTES + 1];
	memcpy(ascii, text.data, text.len);
	ascii[text.len] = '\0';
	int r = envoi__domain_to_ascii(ascii, sizeof(ascii), ascii);
	if (r < 0) {
		return r;
	}
	if (strpbrk(ascii, "@/*") != NULL) {
		return ENVOI_ERR_INVALID;
	}
	for (char *at = ascii; *at != '\0'; at++) {
		*at = lower(*at);
	}
	*ret_ascii = envoi_strndup(context, ascii, strlen(ascii));
	return *ret_ascii == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

int envoi__tls_name_init(
	struct envoi__tls_name *name, struct envoi_context *context, const char *text)
{
	*name = (struct envoi__tls_name){.context = context};
	struct span span = {text, strlen(text)};
	if (span.len == 0 || span.len > NAME_BYTES || text[0] == '.') {
		return ENVOI_ERR_INVALID;
	}
	if (read_address(name, span.data, span.len)) {
		name->ascii = envoi_strndup(context, span.data, span.len);
		return name->ascii == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	return copy_ascii(&name->ascii, context, without_trailing_dot(span));
}

void envoi__tls_name_finish(struct envoi__tls_name *name)
{
	if (name->context != NULL) {
		envoi_free(name->context, name->ascii);
	}
	*name = (struct envoi__tls_name){0};
}

/* --- the names of a certificate --- */

/* C0, DEL, C1, and U+2000 to U+207F, where the controls of direction and lines are. */
static bool steers(const unsigned char *at)
{
	return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0) ||
		(at[0] == 0xe2 && (at[1] == 0x80 || at[1] == 0x81));
}

void envoi__tls_tidy(char *text)
{
	bool is_text = envoi__utf8_valid(text, strlen(text));
	for (; *text != '\0'; text++) {
		if (steers((const unsigned char *)text) ||
			(!is_text && (unsigned char)*text >= 0x80)) {
			*text = '?';
			while (((unsigned char)text[1] & 0xc0) == 0x80) {
				*++text = '?';
			}
		}
	}
}

/* A name without NUL, control characters and blanks. */
static bool is_plain(struct span span)
{
	for (size_t i = 0; i < span.len; i++) {
		unsigned char c = (unsigned char)span.data[i];
		if (c <= ' ' || c == 0x7f) {
			return false;
		}
	}
	return span.len > 0;
}

/* Empty when it has one label. */
static struct span without_first_label(struct span span)
{
	const char *dot = memchr(span.data, '.', span.len);
	size_t len = dot != NULL ? (size_t)(dot - span.data) : span.len;
	return (struct span){span.data + len, span.len - len};
}

/*
 * RFC 9525, section 6.3: `*` is the whole left-most label and stands for one label. What follows
 * it must have two labels at least: the names of a top-level domain have many owners.
 */
static bool dns_matches(struct span shown, struct span wanted)
{
	shown = without_trailing_dot(shown);
	if (shown.len > 2 && memcmp(shown.data, "*.", 2) == 0) {
		shown = (struct span){shown.data + 1, shown.len - 1};
		wanted = without_first_label(wanted);
		if (memchr(shown.data + 1, '.', shown.len - 1) == NULL) {
			return false;
		}
	}
	return equal_ignoring_case(shown, wanted);
}

/* RFC 4985, section 2; a wildcard in the domain is not taken. */
static bool srv_matches(struct span shown, struct span wanted)
{
	static const struct span service = {SERVICE, sizeof(SERVICE) - 1};
	if (shown.len <= service.len ||
		!equal_ignoring_case((struct span){shown.data, service.len}, service)) {
		return false;
	}
	shown = (struct span){shown.data + service.len, shown.len - service.len};
	return shown.data[0] != '*' && dns_matches(shown, wanted);
}

/* An address of a server is a bare domain, in U-labels. */
static bool xmpp_addr_matches(const struct envoi__tls_name *name, struct span shown)
{
	char *ascii;
	if (!is_plain(shown) || shown.len > NAME_BYTES ||
		copy_ascii(&ascii, name->context, shown) < 0) {
		return false;
	}
	bool matches = strcmp(ascii, name->ascii) == 0;
	envoi_free(name->context, ascii);
	return matches;
}

/* The content of a DER string of one kind that fills all of @p der; empty when it is not that. */
static struct span der_string(const gnutls_datum_t *der, unsigned char tag)
{
	static const struct span none = {"", 0};
	if (der->size < 2 || der->data[0] != tag) {
		return none;
	}
	size_t len = der->data[1], at = 2;
	if (len >= 0x80) {
		size_t len_bytes = len & 0x7f;
		if (len_bytes == 0 || len_bytes > 2 || der->size < 2 + len_bytes) {
			return none;
		}
		for (len = 0; at < 2 + len_bytes; at++) {
			len = len << 8 | der->data[at];
		}
	}
	if (len != der->size - at) {
		return none;
	}
	return (struct span){(const char *)der->data + at, len};
}

static bool oid_is(const gnutls_datum_t *oid, const char *text)
{
	size_t len = oid->size;
	if (len > 0 && oid->data[len - 1] == '\0') {
		len--;
	}
	return len == strlen(text) && memcmp(oid->data, text, len) == 0;
}

static void note_presented(struct envoi_buffer *presented, struct span shown)
{
	if (presented == NULL || !is_plain(shown) ||
		envoi_buffer_len(presented) + shown.len > PRESENTED_BYTES) {
		return;
	}
	for (size_t i = 0; i < shown.len; i++) {
		if ((unsigned char)shown.data[i] >= 0x80) {
			return;
		}
	}
	size_t before = envoi_buffer_len(presented);
	if ((before > 0 && envoi_buffer_append_text(presented, ", ") < 0) ||
		envoi_buffer_append(presented, shown.data, shown.len) < 0) {
		envoi_buffer_truncate(presented, before);
	}
}

static enum envoi__tls_match match_other_name(const struct envoi__tls_name *name,
	const gnutls_datum_t *value, const gnutls_datum_t *oid, struct envoi_buffer *presented)
{
	struct span wanted = {name->ascii, strlen(name->ascii)};
	bool matches = false;
	if (oid_is(oid, OID_DNS_SRV)) {
		struct span shown = der_string(value, DER_IA5_STRING);
		matches = srv_matches(shown, wanted);
		note_presented(presented, shown);
	} else if (oid_is(oid, OID_XMPP_ADDR)) {
		struct span shown = der_string(value, DER_UTF8_STRING);
		matches = xmpp_addr_matches(name, shown);
		note_presented(presented, shown);
	}
	return matches ? ENVOI__TLS_MATCH_OTHER_NAME : ENVOI__TLS_NO_MATCH;
}

static enum envoi__tls_match match_one(const struct envoi__tls_name *name, unsigned int type,
	const gnutls_datum_t *value, const gnutls_datum_t *oid, struct envoi_buffer *presented)
{
	struct span wanted = {name->ascii, strlen(name->ascii)};
	struct span shown = {(const char *)value->data, value->size};
	if (type == GNUTLS_SAN_IPADDRESS) {
		return name->address_len > 0 && value->size == name->address_len &&
				memcmp(value->data, name->address, name->address_len) == 0
			? ENVOI__TLS_MATCH
			: ENVOI__TLS_NO_MATCH;
	}
	if (type == GNUTLS_SAN_DNSNAME) {
		note_presented(presented, shown);
		return name->address_len == 0 && dns_matches(shown, wanted) ? ENVOI__TLS_MATCH
									    : ENVOI__TLS_NO_MATCH;
	}
	if (type == GNUTLS_SAN_OTHERNAME && name->address_len == 0) {
		return match_other_name(name, value, oid, presented);
	}
	return ENVOI__TLS_NO_MATCH;
}

static enum envoi__tls_match match_any(const struct envoi__tls_name *name,
	gnutls_subject_alt_names_t names, struct envoi_buffer *presented)
{
	enum envoi__tls_match best = ENVOI__TLS_NO_MATCH;
	gnutls_datum_t value, oid = {0};
	unsigned int type;
	for (unsigned int i = 0; best != ENVOI__TLS_MATCH &&
		gnutls_subject_alt_names_get(names, i, &type, &value, &oid) == 0;
		i++) {
		enum envoi__tls_match match = match_one(name, type, &value, &oid, presented);
		if (match != ENVOI__TLS_NO_MATCH) {
			best = match;
		}
	}
	return best;
}

/* @retval <0  the certificate has none, or they cannot be read */
static int get_names(gnutls_subject_alt_names_t *ret_names, gnutls_x509_crt_t certificate)
{
	gnutls_subject_alt_names_t names;
	gnutls_datum_t extension;
	int r = gnutls_subject_alt_names_init(&names);
	if (r < 0) {
		return r;
	}
	r = gnutls_x509_crt_get_extension_by_oid2(
		certificate, OID_SUBJECT_ALT_NAME, 0, &extension, NULL);
	if (r >= 0) {
		r = gnutls_x509_ext_import_subject_alt_names(&extension, names, 0);
		gnutls_free(extension.data);
	}
	if (r < 0) {
		gnutls_subject_alt_names_deinit(names);
		return r;
	}
	*ret_names = names;
	return 0;
}

enum envoi__tls_match envoi__tls_name_find(const struct envoi__tls_name *name,
	gnutls_x509_crt_t certificate, struct envoi_buffer *presented)
{
	gnutls_subject_alt_names_t names;
	if (get_names(&names, certificate) < 0) {
		return ENVOI__TLS_NO_MATCH;
	}
	enum envoi__tls_match match = match_any(name, names, presented);
	gnutls_subject_alt_names_deinit(names);
	return match;
}

/* Calls a function for each XmppAddr. @return 0, or what the function returned */
static int for_each_address(
	gnutls_x509_crt_t certificate, int (*take)(void *user, struct span address), void *user)
{
	gnutls_subject_alt_names_t names;
	gnutls_datum_t value, oid = {0};
	unsigned int type;
	int r = ENVOI_OK;
	if (get_names(&names, certificate) < 0) {
		return ENVOI_OK;
	}
	for (unsigned int i = 0;
		r == ENVOI_OK && gnutls_subject_alt_names_get(names, i, &type, &value, &oid) == 0;
		i++) {
		if (type == GNUTLS_SAN_OTHERNAME && oid_is(&oid, OID_XMPP_ADDR)) {
			r = take(user, der_string(&value, DER_UTF8_STRING));
		}
	}
	gnutls_subject_alt_names_deinit(names);
	return r;
}

/* One address; NULL behind the first one. */
struct only {
	struct envoi_context *context;
	unsigned int count;
	char *text;
};

static int take_only(void *user, struct span address)
{
	struct only *only = user;
	envoi_free(only->context, only->text);
	only->text = NULL;
	if (++only->count == 1 && is_plain(address)) {
		only->text = envoi_strndup(only->context, address.data, address.len);
		return only->text == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	return ENVOI_OK;
}

int envoi__tls_only_address(
	char **ret_address, struct envoi_context *context, gnutls_x509_crt_t certificate)
{
	struct only only = {.context = context};
	int r = for_each_address(certificate, take_only, &only);
	*ret_address = only.text;
	return r;
}

static bool is_listed(const struct envoi_buffer *list, const char *text)
{
	size_t at = 0;
	while (at < envoi_buffer_len(list) && strcmp(envoi_buffer_data(list) + at, text) != 0) {
		at += strlen(envoi_buffer_data(list) + at) + 1;
	}
	return at < envoi_buffer_len(list);
}

static int append_jid(struct envoi_buffer *list, const struct envoi_jid *jid)
{
	const char *text = envoi_jid_text(jid);
	bool is_too_many = envoi_buffer_len(list) + strlen(text) + 1 > ADDRESSES_BYTES;
	return is_too_many || is_listed(list, text)
		? ENVOI_OK
		: envoi_buffer_append(list, text, strlen(text) + 1);
}

static int take_jid(void *user, struct span address)
{
	struct envoi_buffer *list = user;
	struct envoi_jid *jid;
	char text[ADDRESS_BYTES + 1];
	if (!is_plain(address) || address.len > ADDRESS_BYTES) {
		return ENVOI_OK;
	}
	memcpy(text, address.data, address.len);
	text[address.len] = '\0';
	int r = envoi_jid_from_text(&jid, list->context, text);
	if (r < 0) {
		return r == ENVOI_ERR_NOMEM ? r : ENVOI_OK;
	}
	r = append_jid(list, jid);
	envoi_jid_unref(jid);
	return r;
}

int envoi__tls_addresses(struct envoi_buffer *list, gnutls_x509_crt_t certificate)
{
	return for_each_address(certificate, take_jid, list);
}

/* No certificate is for a name without letters: all names are looked at. */
int envoi__tls_all_names(
	char **ret_names, struct envoi_context *context, gnutls_x509_crt_t certificate)
{
	struct envoi_buffer presented;
	char no_name[] = "";
	struct envoi__tls_name name = {.context = context, .ascii = no_name};
	envoi_buffer_init(&presented, context, 0);
	envoi__tls_name_find(&name, certificate, &presented);
	*ret_names = envoi_strndup(
		context, envoi_buffer_data(&presented), envoi_buffer_len(&presented));
	envoi_buffer_finish(&presented);
	return *ret_names == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}
