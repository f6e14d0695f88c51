/*
 * envoi - settings: limits of incoming XML
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_XML_SETTINGS_H
#define ENVOI_XML_XML_SETTINGS_H

#include <envoi/settings.h>
#include <envoi/xml.h>

struct envoi__xml_settings {
	struct envoi_xml_limits before_login, after_login;
};

extern const struct envoi_setting envoi__xml_setting_table[];

void envoi__xml_settings_read(
	struct envoi__xml_settings *ret_values, const struct envoi_settings *settings);

#endif
