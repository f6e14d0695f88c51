/*
 * envoi - the limits of incoming XML: their constants and settings
 * SPDX-License-Identifier: MIT
 */
#include "xml/xml_settings.h"

#define DEFAULT(member, name, fallback, before, least, most, doc) .member = fallback,
const struct envoi_xml_limits envoi_xml_limits_default = {ENVOI_XML_LIMITS(DEFAULT, DEFAULT)};

#define BEFORE_LOGIN(member, name, fallback, before, least, most, doc) .member = before,
const struct envoi_xml_limits envoi_xml_limits_before_login = {
	ENVOI_XML_LIMITS(BEFORE_LOGIN, BEFORE_LOGIN)};

/* clang-format off */
#define ROW(limits, its_member, its_type, its_name, its_fallback, least, most, its_metavar, its_doc) \
	{.name = its_name, .type = its_type, .fallback = #its_fallback, .min = least, .max = most, \
		.metavar = its_metavar, .doc = its_doc, \
		ENVOI_SETTING_INTO(struct envoi__xml_settings, limits.its_member)},
#define AFTER_BYTES(member, name, fallback, before, least, most, doc) \
	ROW(after_login, member, ENVOI_SETTING_BYTES, "limits." name, fallback, least, most, "BYTES", doc)
#define AFTER_COUNT(member, name, fallback, before, least, most, doc) \
	ROW(after_login, member, ENVOI_SETTING_INT, "limits." name, fallback, least, most, "N", doc)
#define BEFORE_BYTES(member, name, fallback, before, least, most, doc) \
	ROW(before_login, member, ENVOI_SETTING_BYTES, "limits.before-login." name, before, \
		least, most, "BYTES", "As limits." name ", before the end of the login.")
#define BEFORE_COUNT(member, name, fallback, before, least, most, doc) \
	ROW(before_login, member, ENVOI_SETTING_INT, "limits.before-login." name, before, \
		least, most, "N", "As limits." name ", before the end of the login.")

const struct envoi_setting envoi__xml_setting_table[] = {
	ENVOI_XML_LIMITS(AFTER_BYTES, AFTER_COUNT)
	ROW(after_login, skip_bytes, ENVOI_SETTING_BYTES, "limits.skip-bytes", 64m, 0, 1 << 30, "BYTES",
		"The largest stanza that a client that is online skips because it exceeds another "
		"limit. A skipped request is answered with not-acceptable. A larger stanza ends the "
		"stream with policy-violation; with 0, each stanza that exceeds a limit does.")
	ENVOI_XML_LIMITS(BEFORE_BYTES, BEFORE_COUNT)
	{.type = ENVOI_SETTING_END},
};
/* clang-format on */

void envoi__xml_settings_read(
	struct envoi__xml_settings *ret_values, const struct envoi_settings *settings)
{
	ret_values->before_login.skip_bytes = 0;
	envoi_settings_read(settings, envoi__xml_setting_table, ret_values);
}
