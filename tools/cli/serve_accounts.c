/*
 * envoi - the command-line program: the accounts of `serve`
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <envoi/server.h>

enum {
	LONGEST_LINE = 4096, /* of a file of accounts */
	FIRST_NAMES = 16,
	NAME_SIZE = 1024,
};

/* --- names that were given --- */

static bool is_given(const struct accounts *accounts, const struct envoi_jid *jid)
{
	for (size_t i = 0; i < accounts->count; i++) {
		if (envoi_jid_equal(accounts->names[i], jid)) {
			return true;
		}
	}
	return false;
}

static int make_room(struct accounts *accounts)
{
	size_t room = accounts->room == 0 ? FIRST_NAMES : 2 * accounts->room;
	if (accounts->count < accounts->room) {
		return ENVOI_OK;
	}
	struct envoi_jid **names = envoi_alloc(accounts->context, room * sizeof(names[0]));
	if (names == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (accounts->count > 0) {
		memcpy(names, accounts->names, accounts->count * sizeof(names[0]));
	}
	envoi_free(accounts->context, accounts->names);
	accounts->names = names;
	accounts->room = room;
	return ENVOI_OK;
}

/* @return ENVOI_ERR_EXISTS: it is given twice */
static int remember(struct accounts *accounts, const char *name)
{
	struct envoi_jid *jid = NULL;
	int r = envoi_jid_from_parts(&jid, accounts->context, name, accounts->domain, NULL);
	if (r == ENVOI_OK && is_given(accounts, jid)) {
		r = ENVOI_ERR_EXISTS;
	}
	if (r == ENVOI_OK) {
		r = make_room(accounts);
	}
	if (r == ENVOI_OK) {
		accounts->names[accounts->count++] = envoi_jid_ref(jid);
	}
	envoi_jid_unref(jid);
	return r;
}

void accounts_finish(struct accounts *accounts)
{
	envoi_deferred_cancel(&accounts->none);
	for (size_t i = 0; i < accounts->count; i++) {
		envoi_jid_unref(accounts->names[i]);
	}
	if (accounts->names != NULL) {
		envoi_free(accounts->context, accounts->names);
	}
	*accounts = (struct accounts){.count = 0};
}

/* --- making --- */

static void on_changed(void *user, int code)
{
	struct accounts *accounts = user;
	if (code < 0 && !accounts->has_failed) {
		accounts->has_failed = true;
		complain("an account cannot be made: %s", envoi_error_text(code));
		accounts->made(accounts->user, STATUS_NO);
	} else if (--accounts->pending == 0 && !accounts->has_failed) {
		accounts->made(accounts->user, STATUS_DONE);
	}
}

/* @param text  "NAME:SECRET" @return the secret; NULL: there is no name, or it is too long */
static const char *split(const char *text, char name[NAME_SIZE])
{
	const char *colon = strchr(text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	if (len == 0 || len >= NAME_SIZE) {
		return NULL;
	}
	memcpy(name, text, len);
	name[len] = '\0';
	return colon + 1;
}

static int add_account(struct accounts *accounts, const char *where, const char *text)
{
	char name[NAME_SIZE];
	const char *password = split(text, name);
	if (password == NULL) {
		complain("%s: an account is NAME:PASSWORD", where);
		return STATUS_USAGE;
	}
	int r = remember(accounts, name);
	if (r == ENVOI_ERR_EXISTS) {
		complain("%s: the account %s is given twice", where, name);
		return STATUS_USAGE;
	}
	if (r == ENVOI_OK) {
		r = envoi_server_set_password(
			accounts->server, name, password, false, on_changed, accounts);
	}
	if (r < 0) {
		complain("%s: the name or the password of %s is not allowed", where, name);
		return STATUS_USAGE;
	}
	accounts->pending++;
	return STATUS_DONE;
}

static int add_component(struct accounts *accounts, const char *where, const char *text)
{
	char domain[NAME_SIZE];
	const char *secret = split(text, domain);
	if (secret == NULL) {
		complain("%s: a component is DOMAIN:SECRET", where);
		return STATUS_USAGE;
	}
	int r = envoi_server_add_component(accounts->server, domain, secret);
	if (r < 0) {
		complain("%s: the component %s cannot be added: %s", where, domain,
			r == ENVOI_ERR_EXISTS ? "its domain is the server's, or given twice"
					      : envoi_error_text(r));
	}
	return r < 0 ? STATUS_USAGE : STATUS_DONE;
}

/* A line is what @p add takes, empty, or a comment behind "#". */
static int read_lines(struct accounts *accounts, const char *file_name,
	int (*add)(struct accounts *accounts, const char *where, const char *text))
{
	char line[LONGEST_LINE];
	int status = STATUS_DONE;
	FILE *file = fopen(file_name, "re");
	if (file == NULL) {
		complain("%s: %s", file_name, strerror(errno));
		return STATUS_NO;
	}
	while (status == STATUS_DONE && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0' && line[0] != '#') {
			status = add(accounts, file_name, line);
		}
	}
	fclose(file);
	explicit_bzero(line, sizeof(line));
	return status;
}

static void on_none(struct envoi_deferred *deferred)
{
	struct accounts *accounts = ENVOI_CONTAINER_OF(deferred, struct accounts, none);
	accounts->made(accounts->user, STATUS_DONE);
}

int accounts_make(struct accounts *accounts, const struct serve_options *options)
{
	int status = STATUS_DONE;
	for (size_t i = 0; status == STATUS_DONE && i < options->account_count; i++) {
		status = add_account(accounts, "--account", options->accounts[i]);
	}
	if (status == STATUS_DONE && options->account_file != NULL) {
		status = read_lines(accounts, options->account_file, add_account);
	}
	for (size_t i = 0; status == STATUS_DONE && i < options->component_count; i++) {
		status = add_component(accounts, "--component", options->components[i]);
	}
	if (status == STATUS_DONE && options->component_file != NULL) {
		status = read_lines(accounts, options->component_file, add_component);
	}
	if (status != STATUS_DONE || accounts->pending > 0) {
		return status;
	}
	if (options->store == NULL) {
		complain("there is no account: --account or --account-file");
		return STATUS_USAGE;
	}
	envoi_deferred_post(&accounts->none, envoi_context_loop(accounts->context), on_none);
	return STATUS_DONE;
}
