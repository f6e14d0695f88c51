/*
 * envoi - the command-line program: account, password
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "editor.h"

enum {
	LONGEST_REASON = 200,
};

static int wrong_password_file(const char *name, FILE *file)
{
	if (file != NULL) {
		fclose(file);
	}
	complain("no password of 1 to %d bytes in %s", LONGEST_PASSWORD - 2, name);
	return STATUS_USAGE;
}

static int read_line(FILE *file, char *line)
{
	if (fgets(line, LONGEST_PASSWORD, file) == NULL) {
		return -1;
	}
	size_t len = strcspn(line, "\r\n");
	bool complete = line[len] != '\0' || feof(file);
	line[len] = '\0';
	return complete && len > 0 ? 0 : -1;
}

static int read_password_file(const char *name, char *password)
{
	FILE *file = fopen(name, "r");
	if (file == NULL) {
		complain("cannot read %s", name);
		return STATUS_USAGE;
	}
	setvbuf(file, NULL, _IONBF, 0); /* no copy of the password in a buffer */
	if (read_line(file, password) < 0) {
		return wrong_password_file(name, file);
	}
	fclose(file);
	return STATUS_DONE;
}

static int ask_password(const char *jid, char *password)
{
	FILE *terminal = fopen("/dev/tty", "r+");
	struct termios shown, hidden;
	if (terminal == NULL || tcgetattr(fileno(terminal), &shown) < 0) {
		if (terminal != NULL) {
			fclose(terminal);
		}
		complain(
			"no password: give --password-file FILE or ENVOI_PASSWORD, or a password in the"
			" configuration file");
		return STATUS_USAGE;
	}
	setvbuf(terminal, NULL, _IONBF, 0);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	fprintf(terminal, "Password for %s: ", jid);
	tcsetattr(fileno(terminal), TCSAFLUSH, &hidden);
	int r = read_line(terminal, password);
	tcsetattr(fileno(terminal), TCSAFLUSH, &shown);
	fputc('\n', terminal);
	fclose(terminal);
	if (r < 0) {
		complain("no password given");
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int copy_password(char *password, const char *name, const char *text)
{
	if (snprintf(password, LONGEST_PASSWORD, "%s", text) >= LONGEST_PASSWORD) {
		complain("%s is longer than %d bytes", name, LONGEST_PASSWORD - 1);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static bool has_password(const struct invocation *invocation)
{
	return invocation->password_file != NULL || getenv("ENVOI_PASSWORD") != NULL ||
		invocation->configured.password_file[0] != '\0' ||
		invocation->configured.password[0] != '\0';
}

static int read_password(const struct invocation *invocation, char *password)
{
	const struct configured *configured = &invocation->configured;
	const char *from_environment = getenv("ENVOI_PASSWORD");
	if (invocation->password_file != NULL) {
		return read_password_file(invocation->password_file, password);
	}
	if (from_environment != NULL) {
		return copy_password(password, "ENVOI_PASSWORD", from_environment);
	}
	if (configured->password_file[0] != '\0') {
		return read_password_file(configured->password_file, password);
	}
	return configured->password[0] != '\0'
		? copy_password(password, "password", configured->password)
		: ask_password(invocation->jid, password);
}

static int set_password(struct envoi_client *client, struct invocation *invocation)
{
	char password[LONGEST_PASSWORD];
	if (invocation->has_certificate && !has_password(invocation)) {
		return STATUS_DONE; /* the certificate stands in for it */
	}
	int status = read_password(invocation, password);
	if (status == STATUS_DONE && envoi_client_set_password(client, password) < 0) {
		status = STATUS_NO;
	}
	if (status == STATUS_DONE && invocation->keeps_password) {
		memcpy(invocation->kept_password, password, sizeof(password));
	}
	explicit_bzero(password, sizeof(password));
	explicit_bzero(invocation->configured.password, sizeof(invocation->configured.password));
	return status;
}

static void show_xml(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	(void)user;
	fputs(direction == ENVOI_IN ? "<< " : ">> ", stderr);
	print_harmless(xml, len);
	fputc('\n', stderr);
}

static void show_log(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user;
	(void)level;
	editor_hide();
	fprintf(stderr, "-- %s: ", envoi_log_subject_name(subject));
	print_harmless(message, strlen(message));
	fputc('\n', stderr);
	editor_show();
}

/* Of the client certificate; a wrong one ends the login. */
static int set_key_password(struct envoi_client *client)
{
	const char *from_environment = getenv("ENVOI_KEY_PASSWORD");
	return from_environment == NULL ? ENVOI_OK
					: envoi_client_set_key_password(client, from_environment);
}

/* Of an address: '/' comes before its resource only. */
static bool is_account(const char *jid)
{
	return memchr(jid, '@', strcspn(jid, "/")) != NULL;
}

int complain_about_address(const char *name, const char *text)
{
	char reason[LONGEST_REASON] = "";
	(void)envoi_jid_check(text, strlen(text), reason, sizeof(reason));
	complain("%s: \"%s\" is not an address: %s", name, text, reason);
	return STATUS_USAGE;
}

static int check_jid(const struct invocation *invocation)
{
	const char *jid = invocation->jid;
	if (jid == NULL) {
		complain("--jid is missing, and jid in the configuration file");
		return STATUS_USAGE;
	}
	if (envoi_jid_check(jid, strlen(jid), NULL, 0) < 0) {
		return complain_about_address("--jid", jid);
	}
	if (!is_account(jid) && !invocation->may_be_anonymous) {
		complain(
			"--jid: \"%s\" is not the address of an account, such as alice@example.org",
			jid);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

int login_prepare(struct envoi_client **ret_client, struct invocation *invocation)
{
	int status = check_jid(invocation);
	if (status != STATUS_DONE) {
		return status;
	}
	struct envoi_client *client = NULL;
	int r = envoi_client_new_with(
		&client, invocation->context, invocation->jid, invocation->settings);
	if (r == ENVOI_OK) {
		r = set_key_password(client);
	}
	if (r < 0) {
		complain("%s", envoi_error_text(r));
		envoi_client_free(client);
		return STATUS_NO;
	}
	if (invocation->show_xml) {
		envoi_client_set_tap(client, show_xml, NULL);
	}
	if (invocation->verbose) {
		envoi_context_set_log(invocation->context, show_log, ENVOI_LOG_DEBUG, NULL);
	}
	status = is_account(invocation->jid) ? set_password(client, invocation) : STATUS_DONE;
	if (status != STATUS_DONE) {
		envoi_client_free(client);
		return status;
	}
	*ret_client = client;
	return STATUS_DONE;
}
