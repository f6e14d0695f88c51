/*
 * envoi - the command-line program: the store of `serve`
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#ifdef HAS_SQLITE
#include <envoi/sqlite_store.h>

int store_open(struct envoi_store **ret_store, struct envoi_context *context, const char *file_name)
{
	const struct envoi_sqlite_store_options options = {.path = file_name};
	struct envoi_failure failure;
	if (envoi_store_open_sqlite(ret_store, context, &options, &failure) < 0) {
		complain("%s", failure.text);
		return STATUS_NO;
	}
	return STATUS_DONE;
}

int store_check(struct envoi_context *context, const char *file_name)
{
	const struct envoi_sqlite_store_options options = {.path = file_name};
	struct envoi_failure failure;
	if (envoi_store_check_sqlite(context, &options, &failure) < 0) {
		complain("%s", failure.text);
		return STATUS_NO;
	}
	return STATUS_DONE;
}
#else
int store_open(struct envoi_store **ret_store, struct envoi_context *context, const char *file_name)
{
	*ret_store = NULL;
	return store_check(context, file_name);
}

int store_check(struct envoi_context *context, const char *file_name)
{
	(void)context;
	complain("--store %s: this program was built without SQLite", file_name);
	return STATUS_USAGE;
}
#endif
