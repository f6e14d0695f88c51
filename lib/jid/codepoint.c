/*
 * envoi - what PRECIS says of characters
 * SPDX-License-Identifier: MIT
 */
#include "jid/codepoint.h"

#include <string.h>

#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum {
	LETTER_DIGITS = UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lu | UC_CATEGORY_MASK_Lo |
		UC_CATEGORY_MASK_Nd | UC_CATEGORY_MASK_Lm | UC_CATEGORY_MASK_Mn |
		UC_CATEGORY_MASK_Mc,
	OTHER_LETTER_DIGITS = UC_CATEGORY_MASK_Lt | UC_CATEGORY_MASK_Nl | UC_CATEGORY_MASK_No |
		UC_CATEGORY_MASK_Me,
	FREEFORM = OTHER_LETTER_DIGITS | UC_CATEGORY_MASK_Zs | UC_CATEGORY_MASK_S |
		UC_CATEGORY_MASK_P,
	VIRAMA = 9, /* a canonical combining class */
};

enum {
	ZERO_WIDTH_NON_JOINER = 0x200c,
	ZERO_WIDTH_JOINER = 0x200d,
	MIDDLE_DOT = 0xb7,
	GREEK_KERAIA = 0x375,
	HEBREW_GERESH = 0x5f3,
	HEBREW_GERSHAYIM = 0x5f4,
	KATAKANA_MIDDLE_DOT = 0x30fb,
};

static bool is_within(ucs4_t c, ucs4_t first, ucs4_t last)
{
	return c >= first && c <= last;
}

static bool is_arabic_indic_digit(ucs4_t c)
{
	return is_within(c, 0x660, 0x669);
}

static bool is_extended_arabic_indic_digit(ucs4_t c)
{
	return is_within(c, 0x6f0, 0x6f9);
}

/* RFC 5892, section 2.6. @return whether it is one of them */
static bool find_exception(ucs4_t c, enum envoi__derived *ret_derived)
{
	switch (c) {
	case 0xdf: /* sharp s */
	case 0x3c2: /* final sigma */
	case 0x6fd: /* Sindhi ampersand */
	case 0x6fe: /* Sindhi postposition */
	case 0xf0b: /* Tibetan tsheg */
	case 0x3007: /* ideographic zero */
		*ret_derived = ENVOI__PVALID;
		return true;
	case MIDDLE_DOT:
	case GREEK_KERAIA:
	case HEBREW_GERESH:
	case HEBREW_GERSHAYIM:
	case KATAKANA_MIDDLE_DOT:
		*ret_derived = ENVOI__CONTEXTO;
		return true;
	case 0x640: /* Arabic tatweel */
	case 0x7fa: /* N'Ko lajanyalan */
	case 0x302e: /* Hangul tone marks */
	case 0x302f:
	case 0x3031: /* vertical kana repeat marks */
	case 0x3032:
	case 0x3033:
	case 0x3034:
	case 0x3035:
	case 0x303b: /* vertical ideographic iteration mark */
		*ret_derived = ENVOI__DISALLOWED;
		return true;
	default:
		*ret_derived = ENVOI__CONTEXTO;
		return is_arabic_indic_digit(c) || is_extended_arabic_indic_digit(c);
	}
}

/* RFC 5892, section 2.9: Hangul_Syllable_Type L, V and T */
static bool is_old_hangul_jamo(ucs4_t c)
{
	return is_within(c, 0x1100, 0x11ff) || is_within(c, 0xa960, 0xa97c) ||
		is_within(c, 0xd7b0, 0xd7c6) || is_within(c, 0xd7cb, 0xd7fb);
}

/*
 * RFC 8264, section 9.17: whether NFKC makes something else of it. It is so for everything with a
 * compatibility decomposition, and for canonical pairs that are not put together again.
 */
static bool has_compat(ucs4_t c)
{
	ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
	int tag;
	if (is_within(c, 0xac00, 0xd7a3)) { /* Hangul syllables come back */
		return false;
	}
	int count = uc_decomposition(c, &tag, parts);
	if (count < 0) {
		return false;
	}
	return tag != UC_DECOMP_CANONICAL || count != 2 || has_compat(parts[0]) ||
		uc_composition(parts[0], parts[1]) != c;
}

/* RFC 8264, section 8, step by step. */
enum envoi__derived envoi__derived_of(ucs4_t c)
{
	enum envoi__derived derived;
	if (is_within(c, 0x21, 0x7e)) { /* has no exceptions in it */
		return ENVOI__PVALID;
	}
	if (find_exception(c, &derived)) {
		return derived;
	}
	uint32_t category = uc_general_category(c).bitmask;
	if ((category & UC_CATEGORY_MASK_Cn) != 0 && !uc_is_property_not_a_character(c)) {
		return ENVOI__UNASSIGNED;
	}
	if (c == ZERO_WIDTH_NON_JOINER || c == ZERO_WIDTH_JOINER) {
		return ENVOI__CONTEXTJ;
	}
	if (is_old_hangul_jamo(c) || uc_is_property_default_ignorable_code_point(c) ||
		uc_is_property_not_a_character(c) || (category & UC_CATEGORY_MASK_Cc) != 0) {
		return ENVOI__DISALLOWED;
	}
	if (has_compat(c)) {
		return ENVOI__FREE_PVAL;
	}
	if ((category & LETTER_DIGITS) != 0) {
		return ENVOI__PVALID;
	}
	return (category & FREEFORM) != 0 ? ENVOI__FREE_PVAL : ENVOI__DISALLOWED;
}

/*
 * Ranges of common characters which are starters, stay as they are in NFC, and are not the second
 * of any pair that is composed.
 */
static const struct {
	ucs4_t first, last;
} composed[] = {
	{0x0000, 0x02ff}, /* Latin */
	{0x0388, 0x0482}, /* Greek, Cyrillic */
	{0x048a, 0x0587}, /* Cyrillic, Armenian */
	{0x05d0, 0x05f4}, /* Hebrew */
	{0x0620, 0x064a}, /* Arabic */
	{0x0660, 0x066f}, /* Arabic digits */
	{0x0671, 0x06d5}, /* Arabic */
	{0x0904, 0x0939}, /* Devanagari */
	{0x0e01, 0x0e37}, /* Thai */
	{0x10a0, 0x10ff}, /* Georgian */
	{0x1e00, 0x1eff}, /* Latin */
	{0x2010, 0x205f}, /* punctuation */
	{0x2190, 0x2328}, /* arrows, operators */
	{0x232b, 0x2adb}, /* frames, symbols */
	{0x3041, 0x3096}, /* Hiragana */
	{0x309d, 0x30ff}, /* Katakana */
	{0x3400, 0x9fff}, /* Han */
	{0xac00, 0xd7a3}, /* Hangul */
	{0xff01, 0xff9d}, /* full and half width */
	{0x1f000, 0x1faff}, /* pictographs */
};

static bool is_composed(ucs4_t c)
{
	size_t low = 0, high = sizeof(composed) / sizeof(composed[0]);
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (c > composed[middle].last) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < sizeof(composed) / sizeof(composed[0]) && c >= composed[low].first;
}

bool envoi__is_composed(const uint8_t *text, size_t len)
{
	const uint8_t *at = text, *end = text + len;
	while (at < end) {
		ucs4_t c;
		at += u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		if (c > 0x2ff && !is_composed(c)) {
			return false;
		}
	}
	return true;
}

/* What contextual rules want to know of a whole string. */
struct facts {
	bool has_context;
	bool has_arabic_indic_digits, has_extended_arabic_indic_digits;
};

static bool is_script(ucs4_t c, const char *name)
{
	const uc_script_t *script = uc_script(c);
	return script != NULL && strcmp(script->name, name) == 0;
}

static bool is_kana_or_han(ucs4_t c)
{
	return is_script(c, "Hiragana") || is_script(c, "Katakana") || is_script(c, "Han");
}

static bool has_kana_or_han(const uint8_t *text, size_t len)
{
	const uint8_t *at = text, *end = text + len;
	while (at < end) {
		ucs4_t c;
		at += u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		if (is_kana_or_han(c)) {
			return true;
		}
	}
	return false;
}

/* @return U+0000, which is in no valid string: there is none */
static ucs4_t before(const uint8_t *text, const uint8_t *at)
{
	ucs4_t c;
	return u8_prev(&c, at, text) == NULL ? 0 : c;
}

/* @p at: of the character itself, not the next */
static ucs4_t after(const uint8_t *at, const uint8_t *end)
{
	ucs4_t c;
	at += u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
	if (at < end) {
		u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		return c;
	}
	return 0;
}

/* RFC 5892, appendix A.1: between {L,D} T* and T* {R,D} */
static bool breaks_a_cursive_connection(const uint8_t *text, const uint8_t *at, const uint8_t *end)
{
	int type = UC_JOINING_TYPE_U;
	ucs4_t c;
	for (const uint8_t *left = at; (left = u8_prev(&c, left, text)) != NULL;) {
		type = uc_joining_type(c);
		if (type != UC_JOINING_TYPE_T) {
			break;
		}
	}
	if (type != UC_JOINING_TYPE_L && type != UC_JOINING_TYPE_D) {
		return false;
	}
	type = UC_JOINING_TYPE_U;
	const uint8_t *right = at + u8_mblen(at, (size_t)(end - at));
	while (right < end) {
		right += u8_mbtouc_unsafe(&c, right, (size_t)(end - right));
		type = uc_joining_type(c);
		if (type != UC_JOINING_TYPE_T) {
			break;
		}
	}
	return type == UC_JOINING_TYPE_R || type == UC_JOINING_TYPE_D;
}

/* RFC 5892, appendix A; @p has_kana of the whole string */
static bool fits_context(ucs4_t c, const uint8_t *text, const uint8_t *at, const uint8_t *end,
	const struct facts *facts, bool has_kana)
{
	switch (c) {
	case ZERO_WIDTH_NON_JOINER:
		return uc_combining_class(before(text, at)) == VIRAMA ||
			breaks_a_cursive_connection(text, at, end);
	case ZERO_WIDTH_JOINER:
		return uc_combining_class(before(text, at)) == VIRAMA;
	case MIDDLE_DOT:
		return before(text, at) == 'l' && after(at, end) == 'l';
	case GREEK_KERAIA:
		return is_script(after(at, end), "Greek");
	case HEBREW_GERESH:
	case HEBREW_GERSHAYIM:
		return is_script(before(text, at), "Hebrew");
	case KATAKANA_MIDDLE_DOT:
		return has_kana;
	default: /* A.8 and A.9: the two kinds of digits do not mix */
		return !facts->has_arabic_indic_digits || !facts->has_extended_arabic_indic_digits;
	}
}

static bool check_contexts(const uint8_t *text, size_t len, const struct facts *facts)
{
	const uint8_t *at = text, *end = text + len;
	bool has_kana = has_kana_or_han(text, len);
	while (at < end) {
		ucs4_t c;
		int bytes = u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		enum envoi__derived derived = envoi__derived_of(c);
		if ((derived == ENVOI__CONTEXTJ || derived == ENVOI__CONTEXTO) &&
			!fits_context(c, text, at, end, facts, has_kana)) {
			return false;
		}
		at += bytes;
	}
	return true;
}

enum envoi_precis_problem envoi__check_characters(const uint8_t *text, size_t len, bool freeform)
{
	struct facts facts = {0};
	const uint8_t *at = text, *end = text + len;
	while (at < end) {
		ucs4_t c;
		at += u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		switch (envoi__derived_of(c)) {
		case ENVOI__PVALID:
			break;
		case ENVOI__FREE_PVAL:
			if (!freeform) {
				return ENVOI_PRECIS_DISALLOWED;
			}
			break;
		case ENVOI__CONTEXTJ:
		case ENVOI__CONTEXTO:
			facts.has_context = true;
			facts.has_arabic_indic_digits |= is_arabic_indic_digit(c);
			facts.has_extended_arabic_indic_digits |= is_extended_arabic_indic_digit(c);
			break;
		case ENVOI__DISALLOWED:
			return ENVOI_PRECIS_DISALLOWED;
		case ENVOI__UNASSIGNED:
			return ENVOI_PRECIS_UNASSIGNED;
		}
	}
	return facts.has_context && !check_contexts(text, len, &facts) ? ENVOI_PRECIS_CONTEXT
								       : ENVOI_PRECIS_FINE;
}

/* Sets of bidirectional classes, for RFC 5893. */
#define IN(bidi_class) (UINT32_C(1) << (bidi_class))
#define RIGHT_TO_LEFT (IN(UC_BIDI_R) | IN(UC_BIDI_AL) | IN(UC_BIDI_AN))
#define ALWAYS \
	(IN(UC_BIDI_EN) | IN(UC_BIDI_ES) | IN(UC_BIDI_CS) | IN(UC_BIDI_ET) | IN(UC_BIDI_ON) | \
		IN(UC_BIDI_BN) | IN(UC_BIDI_NSM))

bool envoi__check_direction(const uint8_t *text, size_t len)
{
	uint32_t first = 0, last = 0, all = 0;
	const uint8_t *at = text, *end = text + len;
	while (at < end) {
		ucs4_t c;
		at += u8_mbtouc_unsafe(&c, at, (size_t)(end - at));
		uint32_t class = IN(uc_bidi_class(c));
		first = all == 0 ? class : first;
		last = class != IN(UC_BIDI_NSM) ? class : last;
		all |= class;
	}
	if ((all & RIGHT_TO_LEFT) == 0) {
		return true;
	}
	/* conditions 1, 5 and 6: it has right-to-left, so that it cannot be a left-to-right label
	 *  */
	if ((first & (IN(UC_BIDI_R) | IN(UC_BIDI_AL))) == 0) {
		return false;
	}
	/* conditions 2 to 4 */
	return (all & ~(RIGHT_TO_LEFT | ALWAYS)) == 0 &&
		(last & (RIGHT_TO_LEFT | IN(UC_BIDI_EN))) != 0 &&
		((all & IN(UC_BIDI_EN)) == 0 || (all & IN(UC_BIDI_AN)) == 0);
}
