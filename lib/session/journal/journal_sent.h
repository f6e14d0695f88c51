/*
 * envoi - the record of a stanza that was sent
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_JOURNAL_JOURNAL_SENT_H
#define ENVOI_SESSION_JOURNAL_JOURNAL_SENT_H

#include <stddef.h>

#include <envoi/buffer.h>

#include "session/sending/outbox.h"

/** Append the bytes of a record: a line with what is known of the stanza, then its XML.
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL */
int envoi__journal_sent_write(struct envoi_buffer *out, const struct envoi__outbox_entry *entry);

/** Read them. @param[out] ret_item  its XML is borrowed from @p data. @retval ENVOI_ERR_INVALID */
int envoi__journal_sent_read(struct envoi__outbox_item *ret_item, const char *data, size_t len);

#endif
