/*
 * envoi - the command-line program: what the files of `serve` share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_SERVE_H
#define ENVOI_TOOLS_SERVE_H

#include <envoi/envoi.h>

#include "cli.h"

/** A certificate that was made for a domain, with the authority that has issued it. */
struct made_certificate {
	char *authority; /**< PEM; allocated by GnuTLS */
	size_t authority_len;
	/** of a file without a name, which has certificate and key; -1: none. The file exists while
	 * this is open */
	int fd;
	char path[40]; /**< of that file */
};

/**
 * Make a certificate for a domain, that of its authority, and their keys, which are in no file that
 * has a name. They are valid for ten years.
 *
 * @param domain  in A-labels
 * @return STATUS_DONE, or another after complaining
 */
int made_certificate_init(struct made_certificate *made, const char *domain);
/** Close the file, and free. Zeroed with fd -1 is allowed. */
void made_certificate_finish(struct made_certificate *made);

#endif
