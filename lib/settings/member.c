/*
 * envoi - settings: members of structs that they are read into
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "settings/settings.h"

static bool is_in_range(const struct envoi_setting *setting, int64_t min, int64_t max)
{
	int64_t highest = setting->min != 0 || setting->max != 0 ? setting->max : INT64_MAX;
	return setting->min >= min && highest <= max;
}

/* Of which sign an integer is, a setting cannot know: it has to fit in either. */
static bool fits_integer(const struct envoi_setting *setting)
{
	switch (setting->size) {
	case sizeof(uint8_t):
		return is_in_range(setting, INT8_MIN, UINT8_MAX);
	case sizeof(uint16_t):
		return is_in_range(setting, INT16_MIN, UINT16_MAX);
	case sizeof(uint32_t):
		return is_in_range(setting, INT32_MIN, UINT32_MAX);
	default:
		return setting->size == sizeof(uint64_t);
	}
}

bool envoi__setting_fits_member(const struct envoi_setting *setting)
{
	switch (setting->type) {
	case ENVOI_SETTING_BOOL:
		return setting->size == 0 || setting->size == sizeof(bool);
	case ENVOI_SETTING_CHOICE:
		return setting->size == 0 || setting->size == sizeof(int);
	case ENVOI_SETTING_TEXT:
	case ENVOI_SETTING_LIST:
		return setting->size == 0 || setting->size == sizeof(const char *);
	default:
		return setting->size == 0 || fits_integer(setting);
	}
}

static void put_number(int64_t number, size_t size, void *member)
{
	const uint8_t as_8 = (uint8_t)number;
	const uint16_t as_16 = (uint16_t)number;
	const uint32_t as_32 = (uint32_t)number;
	switch (size) {
	case sizeof(as_8):
		memcpy(member, &as_8, sizeof(as_8));
		break;
	case sizeof(as_16):
		memcpy(member, &as_16, sizeof(as_16));
		break;
	case sizeof(as_32):
		memcpy(member, &as_32, sizeof(as_32));
		break;
	default:
		memcpy(member, &number, sizeof(number));
	}
}

static void put_text(const char *text, void *member)
{
	memcpy(member, &text, sizeof(text));
}

void envoi__value_put(
	const struct envoi__value *value, const struct envoi_setting *setting, void *values)
{
	char *member = (char *)values + setting->offset;
	switch (setting->type) {
	case ENVOI_SETTING_TEXT:
		put_text(value != NULL ? value->text : NULL, member);
		break;
	case ENVOI_SETTING_LIST:
		put_text(value != NULL ? value->text + value->len + 1 : "", member);
		break;
	default:
		put_number(value != NULL ? value->number : 0, setting->size, member);
	}
}
