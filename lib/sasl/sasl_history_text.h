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

/** Read what follows "sasl-keys ", and keep it. @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM */
int envoi__sasl_keys_read(struct envoi_sasl_history *history, const char *line, size_t len);

#endif
