/*
 * envoi - entity capabilities: hashes
 * SPDX-License-Identifier: MIT
 *
 * Both formats sort texts at several levels: caps_pieces.c.
 */
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "caps_inside.h"

/* XEP-0390, section 4.1: these bytes are not allowed in XML. */
enum {
	UNIT = 0x1f,
	RECORD = 0x1e,
	GROUP = 0x1d,
	FILE_END = 0x1c,
};

/* In the pieces of XEP-0115 these stand for `<` and `/`, so that what they separate is sorted
 * before them. */
enum {
	END = 0x00,
	SLASH = 0x01,
};

/* --- forms --- */

static const struct envoi_form_field *form_type(const struct envoi_form *form)
{
	const struct envoi_form_field *field = envoi_forms_field(form, "FORM_TYPE");
	return field != NULL && field->kind == ENVOI_FORM_HIDDEN && field->value_count > 0 ? field
											   : NULL;
}

static bool has_one_type(const struct envoi_form_field *type)
{
	for (size_t i = 1; i < type->value_count; i++) {
		if (strcmp(type->values[i], type->values[0]) != 0) {
			return false;
		}
	}
	return true;
}

static bool is_type_of_earlier(const struct envoi_disco_info *info, size_t index)
{
	const char *own = form_type(&info->forms[index])->values[0];
	for (size_t i = 0; i < index; i++) {
		const struct envoi_form_field *other = form_type(&info->forms[i]);
		if (other != NULL && strcmp(other->values[0], own) == 0) {
			return true;
		}
	}
	return false;
}

/* XEP-0115, section 5.4: several types in a form, or forms of one type. */
static bool has_bad_form(const struct envoi_disco_info *info)
{
	for (size_t i = 0; i < info->form_count; i++) {
		const struct envoi_form_field *type = form_type(&info->forms[i]);
		if (type != NULL && (!has_one_type(type) || is_type_of_earlier(info, i))) {
			return true;
		}
	}
	return false;
}

static void add_values(
	struct envoi__caps_levels *levels, const struct envoi_form_field *field, char separator)
{
	for (size_t i = 0; i < field->value_count; i++) {
		envoi__caps_append_text(&levels->values, field->values[i], separator);
		envoi__caps_end_piece(&levels->values);
	}
	envoi__caps_join(&levels->values, &levels->fields);
}

/* --- XEP-0115 --- */

static void add_form(struct envoi__caps_levels *levels, const struct envoi_form *form)
{
	const struct envoi_form_field *type = form_type(form);
	envoi__caps_append_text(&levels->forms, type->values[0], END);
	for (size_t i = 0; i < form->field_count; i++) {
		if (&form->fields[i] != type) {
			envoi__caps_append_text(&levels->fields, form->fields[i].var, END);
			add_values(levels, &form->fields[i], END);
			envoi__caps_end_piece(&levels->fields);
		}
	}
	envoi__caps_join(&levels->fields, &levels->forms);
	envoi__caps_end_piece(&levels->forms);
}

/* @return whether two are the same */
static bool add_identities(struct envoi__caps_levels *levels, const struct envoi_disco_info *info)
{
	for (size_t i = 0; i < info->identity_count; i++) {
		const struct envoi_disco_identity *identity = &info->identities[i];
		envoi__caps_append_text(&levels->forms, identity->category, SLASH);
		envoi__caps_append_text(&levels->forms, identity->type, SLASH);
		envoi__caps_append_text(&levels->forms, identity->lang, SLASH);
		envoi__caps_append_text(&levels->forms, identity->name, END);
		envoi__caps_end_piece(&levels->forms);
	}
	envoi__caps_join(&levels->forms, &levels->whole);
	return levels->forms.has_twice;
}

static bool add_features(struct envoi__caps_levels *levels, const struct envoi_disco_info *info)
{
	for (size_t i = 0; i < info->feature_count; i++) {
		envoi__caps_append_text(&levels->values, info->features[i], END);
		envoi__caps_end_piece(&levels->values);
	}
	envoi__caps_join(&levels->values, &levels->whole);
	return levels->values.has_twice;
}

static bool has(const char *text, char separator)
{
	return text != NULL && strchr(text, separator) != NULL;
}

static bool identity_is_ambiguous(const struct envoi_disco_identity *identity)
{
	return identity->category[0] == '\0' || identity->type[0] == '\0' ||
		has(identity->category, '/') || has(identity->type, '/') ||
		has(identity->lang, '/') || has(identity->category, '<') ||
		has(identity->type, '<') || has(identity->lang, '<') || has(identity->name, '<');
}

/* An identity has a category and a type, and then two more parts. */
static bool is_like_identity(const char *feature)
{
	const char *type = strchr(feature, '/');
	const char *lang = type == NULL ? NULL : strchr(type + 1, '/');
	return lang != NULL && type > feature && lang > type + 1 && strchr(lang + 1, '/') != NULL;
}

/* @return the first variable beside the type, in byte order; NULL: none */
static const char *first_var(const struct envoi_form *form, const struct envoi_form_field *type)
{
	const char *first = NULL;
	for (size_t i = 0; i < form->field_count; i++) {
		const char *var = form->fields[i].var == NULL ? "" : form->fields[i].var;
		if (&form->fields[i] != type && (first == NULL || strcmp(var, first) < 0)) {
			first = var;
		}
	}
	return first;
}

/* Features are sorted: a form whose type is above them all, and then rises, may be further ones. */
static bool is_like_features(const struct envoi_disco_info *info, const struct envoi_form *form)
{
	const struct envoi_form_field *type = form_type(form);
	const char *var = first_var(form, type);
	bool is_above = var == NULL || strcmp(var, type->values[0]) >= 0;
	for (size_t i = 0; i < info->feature_count && is_above; i++) {
		is_above = strcmp(type->values[0], info->features[i]) >= 0;
	}
	return is_above;
}

static bool form_has_separator(const struct envoi_form *form)
{
	bool is_any = false;
	for (size_t i = 0; i < form->field_count && !is_any; i++) {
		const struct envoi_form_field *field = &form->fields[i];
		is_any = has(field->var, '<');
		for (size_t k = 0; k < field->value_count && !is_any; k++) {
			is_any = has(field->values[k], '<');
		}
	}
	return is_any;
}

/* A form without hidden FORM_TYPE is no part of the input, and neither is a table. Who reads the
 * answer may take it for one that counts. */
static bool form_is_ambiguous(const struct envoi_disco_info *info, const struct envoi_form *form)
{
	return form_type(form) == NULL || form->reported != NULL || form->item_count > 0 ||
		form_has_separator(form) || is_like_features(info, form);
}

/* Section 9.3: without the structure of the answer, others may have the same input. */
static bool is_ambiguous(const struct envoi_disco_info *info)
{
	bool is = info->identity_count == 0;
	for (size_t i = 0; i < info->identity_count && !is; i++) {
		is = identity_is_ambiguous(&info->identities[i]);
	}
	for (size_t i = 0; i < info->feature_count && !is; i++) {
		is = has(info->features[i], '<') || is_like_identity(info->features[i]);
	}
	for (size_t i = 0; i < info->form_count && !is; i++) {
		is = form_is_ambiguous(info, &info->forms[i]);
	}
	return is;
}

static void put_separators(struct envoi_buffer *out, size_t start)
{
	char *byte = out->data + out->start + start;
	for (; byte < out->data + out->end; byte++) {
		*byte = (char)(*byte == END ? '<' : *byte == SLASH ? '/' : *byte);
	}
}

int envoi__caps_input(struct envoi_buffer *out, const struct envoi_disco_info *info,
	enum envoi__caps_input *ret_kind)
{
	struct envoi__caps_levels levels;
	size_t start = envoi_buffer_len(out);
	envoi__caps_levels_init(&levels, out->context);
	bool is_bad = add_identities(&levels, info);
	is_bad = add_features(&levels, info) || is_bad || has_bad_form(info);
	for (size_t i = 0; i < info->form_count; i++) {
		if (form_type(&info->forms[i]) != NULL) {
			add_form(&levels, &info->forms[i]);
		}
	}
	envoi__caps_join(&levels.forms, &levels.whole);
	int r = envoi__caps_levels_finish(&levels, out);
	if (r == ENVOI_OK) {
		put_separators(out, start);
		*ret_kind = is_bad           ? ENVOI__CAPS_ILL_FORMED
			: is_ambiguous(info) ? ENVOI__CAPS_AMBIGUOUS
					     : ENVOI__CAPS_UNIQUE;
	}
	return r;
}

/* --- XEP-0390 --- */

static bool is_plain_form(const struct envoi_form *form)
{
	const struct envoi_form_field *type = form_type(form);
	return type != NULL && type->value_count == 1 && form->reported == NULL &&
		form->item_count == 0;
}

static void add_form_2(struct envoi__caps_levels *levels, const struct envoi_form *form)
{
	const char record = RECORD, group = GROUP;
	for (size_t i = 0; i < form->field_count; i++) {
		envoi__caps_append_text(&levels->fields, form->fields[i].var, UNIT);
		add_values(levels, &form->fields[i], UNIT);
		envoi__caps_append(&levels->fields, &record, 1);
		envoi__caps_end_piece(&levels->fields);
	}
	envoi__caps_join(&levels->fields, &levels->forms);
	envoi__caps_append(&levels->forms, &group, 1);
	envoi__caps_end_piece(&levels->forms);
}

static void add_identity_2(
	struct envoi__caps_levels *levels, const struct envoi_disco_identity *identity)
{
	const char record = RECORD;
	envoi__caps_append_text(&levels->values, identity->category, UNIT);
	envoi__caps_append_text(&levels->values, identity->type, UNIT);
	envoi__caps_append_text(&levels->values, identity->lang, UNIT);
	envoi__caps_append_text(&levels->values, identity->name, UNIT);
	envoi__caps_append(&levels->values, &record, 1);
	envoi__caps_end_piece(&levels->values);
}

int envoi__caps_input_2(struct envoi_buffer *out, const struct envoi_disco_info *info,
	enum envoi__caps_input *ret_kind)
{
	const char file = FILE_END;
	struct envoi__caps_levels levels;
	envoi__caps_levels_init(&levels, out->context);
	*ret_kind = ENVOI__CAPS_UNIQUE;
	for (size_t i = 0; i < info->feature_count; i++) {
		envoi__caps_append_text(&levels.values, info->features[i], UNIT);
		envoi__caps_end_piece(&levels.values);
	}
	envoi__caps_join(&levels.values, &levels.whole);
	envoi__caps_append(&levels.whole, &file, 1);
	for (size_t i = 0; i < info->identity_count; i++) {
		add_identity_2(&levels, &info->identities[i]);
	}
	envoi__caps_join(&levels.values, &levels.whole);
	envoi__caps_append(&levels.whole, &file, 1);
	for (size_t i = 0; i < info->form_count; i++) {
		if (!is_plain_form(&info->forms[i])) {
			*ret_kind = ENVOI__CAPS_ILL_FORMED;
		}
		add_form_2(&levels, &info->forms[i]);
	}
	envoi__caps_join(&levels.forms, &levels.whole);
	envoi__caps_append(&levels.whole, &file, 1);
	return envoi__caps_levels_finish(&levels, out);
}

/* --- hash functions --- */

struct algorithm {
	const char *name;
	gnutls_digest_algorithm_t digest;
	size_t size;
};

static const struct algorithm algorithms[] = {
	{"sha-1", GNUTLS_DIG_SHA1, 20},
	{"sha-224", GNUTLS_DIG_SHA224, 28},
	{"sha-256", GNUTLS_DIG_SHA256, 32},
	{"sha-384", GNUTLS_DIG_SHA384, 48},
	{"sha-512", GNUTLS_DIG_SHA512, 64},
	{"sha3-256", GNUTLS_DIG_SHA3_256, 32},
	{"sha3-512", GNUTLS_DIG_SHA3_512, 64},
};

static const struct algorithm *find_algorithm(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (strcmp(algorithms[i].name, name) == 0) {
			return &algorithms[i];
		}
	}
	return NULL;
}

bool envoi__caps_has_algorithm(const char *algo)
{
	return find_algorithm(algo) != NULL;
}

int envoi__caps_digest(
	char ret_text[ENVOI__CAPS_DIGEST_SIZE], const char *algo, const struct envoi_buffer *input)
{
	unsigned char digest[64];
	const struct algorithm *algorithm = find_algorithm(algo);
	if (algorithm == NULL ||
		gnutls_hash_fast(algorithm->digest, envoi_buffer_data(input),
			envoi_buffer_len(input), digest) < 0) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	envoi_base64_encode(ret_text, digest, algorithm->size);
	return ENVOI_OK;
}
