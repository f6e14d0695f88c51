/*
 * envoi - SCRAM: its four messages (RFC 5802, section 7)
 * SPDX-License-Identifier: MIT
 */
#include "sasl/scram_message.h"

#include <string.h>

#include <unistr.h>

#include <envoi/context.h>
#include <envoi/values.h>

enum {
	LONGEST_BASE64 = 128, /* of values of a fixed size: a hash has 64 bytes */
};

/* The rest of a message. */
struct reader {
	const char *at, *end;
};

/* UTF-8 without NUL: then only commas separate. */
static int begin(struct reader *reader, const char *text, size_t len)
{
	*reader = (struct reader){text, text + len};
	if (len == 0 || memchr(text, '\0', len) != NULL ||
		u8_check((const uint8_t *)text, len) != NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	return ENVOI_OK;
}

/* The next character; 0: the end. */
static char peek(const struct reader *reader)
{
	return reader->at != NULL && reader->at < reader->end ? *reader->at : '\0';
}

/* The text up to the next comma, which is passed; at the end there is none. */
static struct envoi__scram_part take_until_comma(struct reader *reader)
{
	const char *text = reader->at;
	const char *comma = memchr(text, ',', (size_t)(reader->end - text));
	reader->at = comma != NULL ? comma + 1 : NULL;
	return (struct envoi__scram_part){
		text, (size_t)((comma != NULL ? comma : reader->end) - text)};
}

/* The value of attribute @p name, which must come now and have one. */
static int take(struct reader *reader, char name, struct envoi__scram_part *ret_value)
{
	if (reader->at == NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	struct envoi__scram_part part = take_until_comma(reader);
	if (part.len < 3 || part.text[0] != name || part.text[1] != '=') {
		return ENVOI_ERR_PROTOCOL;
	}
	*ret_value = (struct envoi__scram_part){part.text + 2, part.len - 2};
	return ENVOI_OK;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* extensions, up to attribute @p last (0: up to the end), which is not read. */
static int take_extensions(
	struct reader *reader, char last, char wanted, struct envoi__scram_part *ret_wanted)
{
	static const char assigned[] = "anmrcsipve"; /* RFC 5802, section 5.1 */
	while (reader->at != NULL && (last == 0 || peek(reader) != last)) {
		struct envoi__scram_part part = take_until_comma(reader);
		if (part.len < 3 || !is_letter(part.text[0]) || part.text[1] != '=' ||
			strchr(assigned, part.text[0]) != NULL) {
			return ENVOI_ERR_PROTOCOL;
		}
		if (wanted != 0 && part.text[0] == wanted) {
			if (ret_wanted->text != NULL) {
				return ENVOI_ERR_PROTOCOL;
			}
			*ret_wanted = (struct envoi__scram_part){part.text + 2, part.len - 2};
		}
	}
	return ENVOI_OK;
}

/* nonce: printable, no comma */
static int take_nonce(struct reader *reader, struct envoi__scram_part *ret_nonce)
{
	int r = take(reader, 'r', ret_nonce);
	for (size_t i = 0; r == ENVOI_OK && i < ret_nonce->len; i++) {
		if (ret_nonce->text[i] < 0x21 || ret_nonce->text[i] > 0x7e) {
			return ENVOI_ERR_PROTOCOL;
		}
	}
	return r;
}

/* --- client-first-message --- */

/* gs2-cbind-flag; cb-name = 1*(ALPHA / DIGIT / "." / "-") */
static int take_flag(struct reader *reader, struct envoi__scram_client_first *message)
{
	struct envoi__scram_part part = take_until_comma(reader);
	if (part.len == 1 && (part.text[0] == 'n' || part.text[0] == 'y')) {
		message->flag = part.text[0];
		return ENVOI_OK;
	}
	if (part.len < 3 || part.text[0] != 'p' || part.text[1] != '=') {
		return ENVOI_ERR_PROTOCOL;
	}
	message->flag = 'p';
	message->binding = (struct envoi__scram_part){part.text + 2, part.len - 2};
	for (size_t i = 0; i < message->binding.len; i++) {
		char c = message->binding.text[i];
		if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '.' && c != '-') {
			return ENVOI_ERR_PROTOCOL;
		}
	}
	return ENVOI_OK;
}

static int take_gs2_header(struct reader *reader, struct envoi__scram_client_first *message)
{
	const char *begin_of_header = reader->at;
	int r = take_flag(reader, message);
	if (r < 0 || reader->at == NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	if (peek(reader) == ',') {
		reader->at++;
	} else {
		r = take(reader, 'a', &message->authzid);
	}
	if (r < 0 || reader->at == NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	message->gs2_header = (struct envoi__scram_part){
		begin_of_header, (size_t)(reader->at - begin_of_header)};
	message->bare = (struct envoi__scram_part){reader->at, (size_t)(reader->end - reader->at)};
	return ENVOI_OK;
}

int envoi__scram_read_client_first(
	const char *text, size_t len, struct envoi__scram_client_first *ret_message)
{
	struct reader reader;
	struct envoi__scram_client_first message = {.flag = 0};
	int r = begin(&reader, text, len);
	if (r == ENVOI_OK) {
		r = take_gs2_header(&reader, &message);
	}
	if (r == ENVOI_OK) {
		r = take(&reader, 'n', &message.name);
	}
	if (r == ENVOI_OK) {
		r = take_nonce(&reader, &message.nonce);
	}
	if (r == ENVOI_OK) {
		r = take_extensions(&reader, 0, 0, NULL);
	}
	if (r == ENVOI_OK) {
		*ret_message = message;
	}
	return r;
}

/* --- server-first-message --- */

/* posit-number = %x31-39 *DIGIT */
static int read_count(const struct envoi__scram_part *part, uint64_t *ret_count)
{
	uint64_t count = 0;
	for (size_t i = 0; i < part->len; i++) {
		char c = part->text[i];
		if (c < (i == 0 ? '1' : '0') || c > '9') {
			return ENVOI_ERR_PROTOCOL;
		}
		unsigned int digit = (unsigned int)(c - '0');
		count = count > (UINT64_MAX - digit) / 10 ? UINT64_MAX : count * 10 + digit;
	}
	*ret_count = count;
	return ENVOI_OK;
}

int envoi__scram_read_server_first(
	const char *text, size_t len, struct envoi__scram_server_first *ret_message)
{
	struct reader reader;
	struct envoi__scram_server_first message = {.iterations = 0};
	struct envoi__scram_part count;
	int r = begin(&reader, text, len);
	if (r == ENVOI_OK) {
		r = take_nonce(&reader, &message.nonce);
	}
	if (r == ENVOI_OK) {
		r = take(&reader, 's', &message.salt);
	}
	if (r == ENVOI_OK) {
		r = take(&reader, 'i', &count);
	}
	if (r == ENVOI_OK) {
		r = read_count(&count, &message.iterations);
	}
	if (r == ENVOI_OK) {
		r = take_extensions(&reader, 0, 'h', &message.offer_hash);
	}
	if (r == ENVOI_OK) {
		*ret_message = message;
	}
	return r;
}

/* --- client-final-message --- */

int envoi__scram_read_client_final(
	const char *text, size_t len, struct envoi__scram_client_final *ret_message)
{
	struct reader reader;
	struct envoi__scram_client_final message;
	int r = begin(&reader, text, len);
	if (r == ENVOI_OK) {
		r = take(&reader, 'c', &message.binding);
	}
	if (r == ENVOI_OK) {
		r = take_nonce(&reader, &message.nonce);
	}
	if (r == ENVOI_OK) {
		r = take_extensions(&reader, 'p', 0, NULL);
	}
	if (r == ENVOI_OK) {
		r = take(&reader, 'p', &message.proof);
	}
	if (r < 0 || reader.at != NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	message.without_proof = (struct envoi__scram_part){
		text, (size_t)(message.proof.text - text) - strlen(",p=")};
	*ret_message = message;
	return ENVOI_OK;
}

/* --- server-final-message --- */

int envoi__scram_read_server_final(
	const char *text, size_t len, struct envoi__scram_server_final *ret_message)
{
	struct reader reader;
	struct envoi__scram_server_final message = {.error = {NULL, 0}};
	int r = begin(&reader, text, len);
	if (r == ENVOI_OK) {
		r = *text == 'e' ? take(&reader, 'e', &message.error)
				 : take(&reader, 'v', &message.signature);
	}
	if (r == ENVOI_OK) {
		r = take_extensions(&reader, 0, 0, NULL);
	}
	if (r == ENVOI_OK) {
		*ret_message = message;
	}
	return r;
}

const char *envoi__scram_error_words(const struct envoi__scram_part *error)
{
	static const struct {
		const char *name, *words;
	} rows[] = {
		{"invalid-encoding", "the server could not read the message (invalid-encoding)"},
		{"extensions-not-supported",
			"the server does not know an extension (extensions-not-supported)"},
		{"invalid-proof", "wrong name or password (invalid-proof)"},
		{"channel-bindings-dont-match",
			"the server is on another TLS connection: an attacker may relay the login "
			"(channel-bindings-dont-match)"},
		{"server-does-support-channel-binding",
			"the server offers channel binding, and the offer was removed on its way "
			"(server-does-support-channel-binding)"},
		{"channel-binding-not-supported",
			"the server cannot bind to the connection (channel-binding-not-supported)"},
		{"unsupported-channel-binding-type",
			"the server cannot bind to the connection this way "
			"(unsupported-channel-binding-type)"},
		{"unknown-user", "the server does not know the user (unknown-user)"},
		{"invalid-username-encoding",
			"the server could not read the user name (invalid-username-encoding)"},
		{"no-resources", "the server is out of resources (no-resources)"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (envoi__scram_part_is(error, rows[i].name)) {
			return rows[i].words;
		}
	}
	return "refused by the server (other-error)";
}

/* --- values --- */

int envoi__scram_read_base64(
	const struct envoi__scram_part *part, unsigned char *ret_data, size_t size)
{
	unsigned char data[LONGEST_BASE64];
	size_t len;
	if (part->len > LONGEST_BASE64 ||
		envoi_base64_decode(data, &len, part->text, part->len) < 0 || len != size) {
		return ENVOI_ERR_PROTOCOL;
	}
	memcpy(ret_data, data, len);
	return ENVOI_OK;
}

bool envoi__scram_part_is(const struct envoi__scram_part *part, const char *text)
{
	return part->len == strlen(text) && memcmp(part->text, text, part->len) == 0;
}

char *envoi__scram_escape(struct envoi_context *context, const char *name)
{
	char *escaped = envoi_alloc(context, 3 * strlen(name) + 1), *at = escaped;
	if (escaped == NULL) {
		return NULL;
	}
	for (; *name != '\0'; name++) {
		if (*name == ',' || *name == '=') {
			memcpy(at, *name == ',' ? "=2C" : "=3D", 3);
			at += 3;
		} else {
			*at++ = *name;
		}
	}
	*at = '\0';
	return escaped;
}

int envoi__scram_unescape(
	struct envoi_context *context, const struct envoi__scram_part *name, char **ret_name)
{
	char *plain = envoi_strndup(context, name->text, name->len), *to = plain;
	if (plain == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (const char *from = plain; *from != '\0'; from++) {
		if (*from != '=') {
			*to++ = *from;
		} else if (strncmp(from, "=2C", 3) == 0 || strncmp(from, "=3D", 3) == 0) {
			*to++ = from[1] == '2' ? ',' : '=';
			from += 2;
		} else {
			envoi_free(context, plain);
			return ENVOI_ERR_PROTOCOL;
		}
	}
	*to = '\0';
	*ret_name = plain;
	return ENVOI_OK;
}
