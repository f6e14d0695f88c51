/*
 * envoi - the command-line program: what the files of `serve` share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_SERVE_H
#define ENVOI_TOOLS_SERVE_H

#include <envoi/envoi.h>
#include <envoi/watch.h>

#include "cli.h"

struct envoi_server;
struct envoi_store;

int serve_run(struct invocation *invocation);

/** The accounts and components that the options name. */
struct accounts {
	struct envoi_context *context; /**< borrowed, as the server */
	struct envoi_server *server;
	const char *domain; /**< borrowed */
	void (*made)(void *user, int status); /**< all are made, or one cannot be: called once */
	void *user;
	struct envoi_jid **names; /**< that were given */
	size_t count, room;
	size_t pending; /**< not made yet */
	bool has_failed;
	struct envoi_deferred none; /**< there is no account to be made */
};

/** Add components, and begin to make accounts, or to change their passwords. After an error `made`
 * is not called. @return STATUS_DONE, or another after complaining */
int accounts_make(struct accounts *accounts, const struct serve_options *options);
/** Free the names; the server was freed before. */
void accounts_finish(struct accounts *accounts);

/** Listen at all addresses of the options, and print each with its port, unless --check is given.
 * @return STATUS_DONE, or another after complaining */
int listen_all(struct envoi_server *server, const struct serve_options *options);

/** Open a store in a file. @return STATUS_DONE, or another after complaining */
int store_open(
	struct envoi_store **ret_store, struct envoi_context *context, const char *file_name);
/** Say what is wrong with the file, which is not changed. @return as store_open() */
int store_check(struct envoi_context *context, const char *file_name);

/** Add the files of --web-root to the server, in place of those that it has.
 * @return STATUS_DONE, or another after complaining */
int web_read_files(struct envoi_server *server, const char *folder);

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
