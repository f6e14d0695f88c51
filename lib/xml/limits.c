/*
 * envoi - settings: limits of incoming XML
 * SPDX-License-Identifier: MIT
 */
#include "xml/limits.h"

#include "settings/table.h"

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__xml_settings, member)
#define SIZE ENVOI__SETTING_SIZE
#define COUNT ENVOI__SETTING_COUNT

enum {
	KIB = ENVOI__SETTING_KIB,
	MIB = ENVOI__SETTING_MIB,
	GIB = ENVOI__SETTING_GIB,
	LARGE_COUNT = ENVOI__SETTING_LARGE_COUNT,
};

const struct envoi_setting envoi__xml_setting_table[] = {
	SIZE(INTO(after_login.stanza_bytes), "limits.stanza-bytes", "8m", 10000, GIB,
		"The largest stanza, or other first-level element, that the peer may send. Beyond "
		"this limit, and each of the following ones, a stanza is skipped as far as "
		"limits.skip-bytes lets it, or else the stream ends with policy-violation. A server "
		"can rely on 10,000 bytes (RFC 6120, section 13.12)."),
	SIZE(INTO(after_login.tag_bytes), "limits.tag-bytes", "256k", KIB, MIB,
		"The largest tag, attributes included."),
	COUNT(INTO(after_login.depth), "limits.depth", "256", 4, 10000,
		"The deepest nesting of elements in a stanza."),
	COUNT(INTO(after_login.attributes), "limits.attributes", "256", 8, 10000,
		"The most attributes of an element, namespace declarations included."),
	COUNT(INTO(after_login.children), "limits.children", "1000000", 16, LARGE_COUNT,
		"The most elements and texts in a stanza."),
	SIZE(INTO(after_login.name_bytes), "limits.name-bytes", "256", 32, 64 * KIB,
		"The longest name of an element or attribute, and the longest prefix."),
	SIZE(INTO(after_login.namespace_bytes), "limits.namespace-bytes", "1k", 64, 64 * KIB,
		"The longest namespace name that the library does not know."),
	SIZE(INTO(after_login.skip_bytes), "limits.skip-bytes", "64m", 0, GIB,
		"The largest stanza beyond a limit that a client skips once it is online. It answers "
		"a skipped request with not-acceptable. A larger one, and with 0 each stanza beyond a "
		"limit, ends the stream with policy-violation."),
	COUNT(INTO(after_login.names), "limits.names", "4096", 64, LARGE_COUNT,
		"The most distinct names and prefixes in a stanza, without the names of "
		"specifications that the library knows."),
	SIZE(INTO(before_login.stanza_bytes), "limits.before-login.stanza-bytes", "10000", 10000,
		GIB, "As limits.stanza-bytes, before the end of the login."),
	SIZE(INTO(before_login.tag_bytes), "limits.before-login.tag-bytes", "4k", KIB, MIB,
		"As limits.tag-bytes, before the end of the login."),
	COUNT(INTO(before_login.depth), "limits.before-login.depth", "16", 4, 10000,
		"As limits.depth, before the end of the login."),
	COUNT(INTO(before_login.attributes), "limits.before-login.attributes", "32", 8, 10000,
		"As limits.attributes, before the end of the login."),
	COUNT(INTO(before_login.children), "limits.before-login.children", "1000", 16, LARGE_COUNT,
		"As limits.children, before the end of the login."),
	SIZE(INTO(before_login.name_bytes), "limits.before-login.name-bytes", "256", 32, 64 * KIB,
		"As limits.name-bytes, before the end of the login."),
	SIZE(INTO(before_login.namespace_bytes), "limits.before-login.namespace-bytes", "256", 64,
		64 * KIB, "As limits.namespace-bytes, before the end of the login."),
	COUNT(INTO(before_login.names), "limits.before-login.names", "256", 64, LARGE_COUNT,
		"As limits.names, before the end of the login."),
	{.type = ENVOI_SETTING_END},
};

void envoi__xml_settings_read(
	struct envoi__xml_settings *ret_values, const struct envoi_settings *settings)
{
	ret_values->before_login.skip_bytes = 0;
	envoi_settings_read(settings, envoi__xml_setting_table, ret_values);
}
