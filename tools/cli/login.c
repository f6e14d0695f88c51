/*
 * envoi - the command-line program: account, password
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* ppoll() */

#include <poll.h>
#include <signal.h>
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

/* A signal ends the program, once the terminal is as it was. */
static volatile sig_atomic_t caught_signal;

static void on_signal(int number)
{
	caught_signal = number;
}

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

enum {
	ENDING_SIGNALS = sizeof(ending_signals) / sizeof(ending_signals[0]),
};

/* The terminal does not show what is typed; signals come while the line is waited for alone. */
static int read_hidden_line(FILE *terminal, const char *jid, char *line, const sigset_t *unblocked)
{
	struct pollfd wanted = {.fd = fileno(terminal), .events = POLLIN};
	struct termios shown, hidden;
	if (tcgetattr(wanted.fd, &shown) < 0) {
		return -1;
	}
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(wanted.fd, TCSAFLUSH, &hidden);
	fprintf(terminal, "Password for %s: ", jid);
	int r = ppoll(&wanted, 1, NULL, unblocked) < 0 ? -1 : read_line(terminal, line);
	tcsetattr(wanted.fd, TCSAFLUSH, &shown);
	fputc('\n', terminal);
	return r;
}

static int ask_on(FILE *terminal, const char *jid, char *password)
{
	struct sigaction action = {.sa_handler = on_signal}, before[ENDING_SIGNALS];
	sigset_t set, unblocked;
	sigemptyset(&set);
	for (size_t i = 0; i < ENDING_SIGNALS; i++) {
		sigaddset(&set, ending_signals[i]);
	}
	sigprocmask(SIG_BLOCK, &set, &unblocked);
	for (size_t i = 0; i < ENDING_SIGNALS; i++) {
		sigaction(ending_signals[i], &action, &before[i]);
	}
	setvbuf(terminal, NULL, _IONBF, 0);
	int r = read_hidden_line(terminal, jid, password, &unblocked);
	for (size_t i = 0; i < ENDING_SIGNALS; i++) {
		sigaction(ending_signals[i], &before[i], NULL);
	}
	if (caught_signal != 0) {
		explicit_bzero(password, LONGEST_PASSWORD);
		raise(caught_signal);
	}
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	return r;
}

static int ask_password(const char *jid, char *password)
{
	FILE *terminal = fopen("/dev/tty", "r+");
	if (terminal == NULL) {
		complain(
			"no password: give --password-file FILE or ENVOI_PASSWORD, or a password in the"
			" configuration file");
		return STATUS_USAGE;
	}
	int r = ask_on(terminal, jid, password);
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
		complain("no account: give --jid alice@example.org, or jid in the configuration"
			 " file");
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
