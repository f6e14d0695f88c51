/*
 * envoi - settings of transports
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TRANSPORT_TRANSPORT_SETTINGS_H
#define ENVOI_TRANSPORT_TRANSPORT_SETTINGS_H

#include <envoi/settings.h>

struct envoi__transport_settings {
	size_t output_bytes; /* most that may be pending */
	unsigned int slice_stanzas;
	uint64_t element_timeout_ms; /* for an element that has begun */
	uint64_t write_timeout_ms; /* without progress */
	uint64_t user_timeout_ms; /* without an acknowledgement of TCP */
};

extern const struct envoi_setting envoi__transport_setting_table[];

void envoi__transport_settings_read(
	struct envoi__transport_settings *ret_values, const struct envoi_settings *settings);

#endif
