/*
 * envoi - SASL: keys as a line of text
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_SASL_HISTORY_TEXT_H
#define ENVOI_SASL_SASL_HISTORY_TEXT_H

#include <envoi/interfaces/sasl.h>

/** Append "sasl-keys MECHANISM AUTHCID SALT COUNT CLIENT-KEY SERVER-KEY\n", all but mechanism and
 * count in base64. @retval ENVOI_ERR_NOMEM */
int envoi__sasl_keys_write(const struct envoi_sasl_keys *keys, struct envoi_buffer *out);

/** Keys that were read, and the memory that they point to. */
struct envoi__sasl_keys_line {
	struct envoi_context *context; /* borrowed */
	struct envoi_sasl_keys keys;
	char *text;
	size_t len;
};

/**
 * Read the line behind "sasl-keys ".
 * @param[out] ret_line  on success: envoi__sasl_keys_line_finish()
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM
 */
int envoi__sasl_keys_read(struct envoi__sasl_keys_line *ret_line, struct envoi_context *context,
	const char *line, size_t len);

/** Wipe and free. */
void envoi__sasl_keys_line_finish(struct envoi__sasl_keys_line *line);

#endif
