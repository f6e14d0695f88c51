/*
 * envoi - the command-line program: why a connection failed, and what to do about it
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "wrap.h"

int status_of_failure(const struct envoi_failure *failure)
{
	if (failure == NULL) {
		return STATUS_PROTOCOL;
	}
	switch (failure->code) {
	case ENVOI_OK:
		return STATUS_DONE;
	case ENVOI_ERR_STANZA: /* else an answer before the login: to a registration */
		return failure->phase == ENVOI_PHASE_BIND ? STATUS_PROTOCOL : STATUS_NO;
	case ENVOI_ERR_UNREACHABLE:
		return STATUS_UNREACHABLE;
	case ENVOI_ERR_TLS:
	case ENVOI_ERR_CERTIFICATE:
		return STATUS_TLS;
	case ENVOI_ERR_AUTH:
		return STATUS_AUTH;
	case ENVOI_ERR_TIMEOUT:
		return STATUS_TIMEOUT;
	case ENVOI_ERR_UNSUPPORTED:
	case ENVOI_ERR_INVALID: /* a setting, or the file that it names */
		return STATUS_USAGE;
	default:
		return STATUS_PROTOCOL;
	}
}

/* --- advice --- */

enum {
	ANY = -1,
};

/** What to do about a condition of the server's; of the one kind or another, as the table says. */
struct condition_row {
	int condition;
	const char *advice;
};

static const struct condition_row stream_rows[] = {
	{ENVOI_STREAM_CONFLICT,
		"the account is in use with the same resource: give another with"
		" --resource, or close the other client"},
	{ENVOI_STREAM_CONNECTION_TIMEOUT, "connect again"},
	{ENVOI_STREAM_HOST_GONE, "check the domain of --jid: it is not served here any more"},
	{ENVOI_STREAM_HOST_UNKNOWN,
		"check the domain of --jid, or name the server that serves it with"
		" --server and --port"},
	{ENVOI_STREAM_NOT_AUTHORIZED,
		"the server refuses this account or its actions: ask the server's"
		" administrators"},
	{ENVOI_STREAM_POLICY_VIOLATION,
		"the server has a rule against this (no encryption, too much at"
		" a time, too many attempts): read its text, or ask its administrators"},
	{ENVOI_STREAM_RESET, "connect again"},
	{ENVOI_STREAM_RESOURCE_CONSTRAINT, "the server has too much to do: try again later"},
	{ENVOI_STREAM_SEE_OTHER_HOST,
		"if you trust the server that sent it, name that host with --server and"
		" --port"},
	{ENVOI_STREAM_SYSTEM_SHUTDOWN, "the server is being shut down: try again later"},
	{0, NULL},
};

/* Of a stream error that this side has sent. */
static const struct condition_row sent_rows[] = {
	{ENVOI_STREAM_UNSUPPORTED_FEATURE,
		"the server requires it: see --tls, or use another server"},
	{0, NULL},
};

static const struct condition_row sasl_rows[] = {
	{ENVOI_SASL_ACCOUNT_DISABLED,
		"ask the server's administrators why the account is disabled"},
	{ENVOI_SASL_CREDENTIALS_EXPIRED,
		"set a new password at the server, and give it with"
		" --password-file FILE or ENVOI_PASSWORD"},
	{ENVOI_SASL_ENCRYPTION_REQUIRED,
		"the server refuses unencrypted logins: use --tls starttls or"
		" --tls direct"},
	{ENVOI_SASL_INVALID_AUTHZID, "log in as the account itself: check --jid"},
	{ENVOI_SASL_MECHANISM_TOO_WEAK,
		"the server requires a stronger mechanism: see --sasl-mechanisms"},
	{ENVOI_SASL_NOT_AUTHORIZED,
		"check the address given with --jid, and the password with"
		" --password-file FILE or ENVOI_PASSWORD"},
	{ENVOI_SASL_TEMPORARY_AUTH_FAILURE, "the password may be right: try again later"},
	{0, NULL},
};

static const struct condition_row stanza_rows[] = {
	{ENVOI_CONFLICT, "the resource is in use: give another with --resource, or none"},
	{ENVOI_BAD_REQUEST,
		"the server does not accept the resource: give another with --resource, or"
		" none"},
	{ENVOI_NOT_ALLOWED,
		"the account may not have this resource: give another with --resource, or"
		" none"},
	{ENVOI_RESOURCE_CONSTRAINT,
		"the account may have too many connections: close some, or try"
		" again later"},
	{0, NULL},
};

/** What to do about a certificate: the first row that matches: its doubts are the gravest. */
static const struct doubt_row {
	unsigned int doubts;
	const char *advice;
} doubt_rows[] = {
	{ENVOI_TLS_DOUBT_PIN,
		"ask the server's administrators whether it has a new key: then give that one"
		" with --pin"},
	{ENVOI_TLS_DOUBT_NAME,
		"check the domain of --jid: the certificate must be for that, whatever"
		" --server says; if it is right, the server needs another certificate"},
	{ENVOI_TLS_DOUBT_EXPIRED | ENVOI_TLS_DOUBT_NOT_YET_VALID,
		"check this computer's clock; if it is"
		" right, the server needs a new certificate"},
	{ENVOI_TLS_DOUBT_PURPOSE | ENVOI_TLS_DOUBT_WEAK | ENVOI_TLS_DOUBT_CONSTRAINTS |
			ENVOI_TLS_DOUBT_REVOKED | ENVOI_TLS_DOUBT_INVALID,
		"the server needs another certificate"},
	{ENVOI_TLS_DOUBT_SELF_SIGNED,
		"if you have this certificate from the server's administrators, give"
		" it with --ca-file FILE, or its key with --pin"},
	{ENVOI_TLS_DOUBT_ISSUER,
		"if you trust the server, give the CA that issued its certificate with"
		" --ca-file FILE"},
	{0, NULL},
};

/** What to do where no condition says more. The first row that fits is taken. */
static const struct code_row {
	int code;
	int phase; /* ANY: whichever */
	const char *advice;
} code_rows[] = {
	{ENVOI_ERR_UNREACHABLE, ENVOI_PHASE_RESOLVE,
		"check --server where it is given, else the domain"
		" of --jid; if that is right, try again later, or name the server with --server"},
	{ENVOI_ERR_UNREACHABLE, ANY,
		"check that the server runs and that the network leads there, or"
		" name another with --server and --port"},
	{ENVOI_ERR_CERTIFICATE, ANY, "this may be another server: check --server and --port"},
	{ENVOI_ERR_TLS, ENVOI_PHASE_ONLINE,
		"the encrypted connection was damaged on the way: connect"
		" again"},
	{ENVOI_ERR_TLS, ANY,
		"nothing is sent without TLS: check --server and --port, and whether --tls"
		" starttls or --tls direct is right there; if the server should offer TLS, an attacker on"
		" the way may be hiding it"},
	{ENVOI_ERR_AUTH, ENVOI_PHASE_TLS,
		"give the password of the certificate's key with"
		" ENVOI_KEY_PASSWORD"},
	{ENVOI_ERR_AUTH, ANY,
		"see --sasl-mechanisms, --sasl-channel-binding and --cert-file for what is"
		" accepted; an attacker may pretend to be the server"},
	{ENVOI_ERR_STANZA, ANY, "ask the server's administrators for an account"},
	{ENVOI_ERR_LIMIT, ENVOI_PHASE_SASL, "see --sasl-min-iterations and --sasl-max-iterations"},
	{ENVOI_ERR_LIMIT, ANY, "the server sent more than the --limits-... allow"},
	{ENVOI_ERR_TIMEOUT, ENVOI_PHASE_RESOLVE,
		"no name server answers: check the network, or name the"
		" server's address with --server"},
	{ENVOI_ERR_TIMEOUT, ENVOI_PHASE_CONNECT,
		"check that the server runs and that the network leads"
		" there, or name another with --server and --port"},
	{ENVOI_ERR_TIMEOUT, ENVOI_PHASE_ONLINE, "connect again"},
	{ENVOI_ERR_TIMEOUT, ANY,
		"the server takes too long: check --server and --port, or try again"
		" later"},
	{ENVOI_ERR_DISCONNECTED, ENVOI_PHASE_TLS,
		"check --port and --tls; if they are right, try again"
		" later"},
	{ENVOI_ERR_DISCONNECTED, ENVOI_PHASE_STREAM,
		"check --port and --tls: where TLS is expected from"
		" the first byte, nothing else is answered; --xml shows what was said before"},
	{ENVOI_ERR_DISCONNECTED, ANY, "connect again; --xml shows what was said before"},
	{ENVOI_ERR_PROTOCOL, ANY,
		"this may be no XMPP server: check --server and --port; --xml shows"
		" what it says"},
	{ENVOI_ERR_XML, ANY,
		"this may be no XMPP server: check --server, --port and --tls; --xml shows"
		" what it says"},
	{ENVOI_ERR_INVALID, ENVOI_PHASE_TLS, "check --ca-file, --cert-file and --key-file"},
	{ENVOI_ERR_INVALID, ANY, "check --jid, the password and the settings: see envoi --help"},
	{ENVOI_ERR_UNSUPPORTED, ANY,
		"this was built without what the settings ask for: see envoi --help"},
	{0, 0, NULL},
};

static const char *find(const struct condition_row *row, int condition)
{
	while (row->advice != NULL && row->condition != condition) {
		row++;
	}
	return condition != 0 ? row->advice : NULL;
}

static const char *advice_for_code(const struct envoi_failure *failure)
{
	const struct code_row *row = code_rows;
	while (row->advice != NULL &&
		(row->code != failure->code ||
			(row->phase != ANY && row->phase != (int)failure->phase))) {
		row++;
	}
	return row->advice;
}

static const char *advice_for_doubts(const struct envoi_failure *failure)
{
	const struct doubt_row *row = doubt_rows;
	while (row->advice != NULL && (row->doubts & failure->tls_doubts) == 0) {
		row++;
	}
	return row->advice;
}

/* The certificate stands in for a password. */
static const char *advice_for_login(const struct envoi_failure *failure)
{
	if (failure->sasl_condition == ENVOI_SASL_NOT_AUTHORIZED &&
		strcmp(failure->mechanism, "EXTERNAL") == 0) {
		return "check that the certificate of --cert-file is for the account of --jid";
	}
	return find(sasl_rows, (int)failure->sasl_condition);
}

static const char *advice_in_general(const struct envoi_failure *failure)
{
	static const char *const words[] = {
		[ENVOI_RETRY_NEVER] = "trying again will not help",
		[ENVOI_RETRY_AFTER_USER] = "trying again will not help until something is changed",
		[ENVOI_RETRY_LATER] = "try again later",
		[ENVOI_RETRY_NOW] = "connect again",
	};
	return words[failure->retry];
}

static const char *advice(const struct envoi_failure *failure)
{
	bool is_received = failure->code == ENVOI_ERR_STREAM;
	const char *found = find(
		is_received ? stream_rows : sent_rows, (int)failure->stream_condition);
	found = found != NULL ? found : advice_for_login(failure);
	found = found != NULL ? found : find(stanza_rows, (int)failure->stanza_condition);
	bool is_told = failure->condition[0] != '\0' && failure->code == ENVOI_ERR_AUTH;
	if (found == NULL) {
		found = advice_for_doubts(failure);
	}
	if (found == NULL && !is_told) {
		found = advice_for_code(failure);
	}
	return found != NULL ? found : advice_in_general(failure);
}

/* Servers that register no accounts before the login may end the stream. */
static const char *advice_for(
	const struct invocation *invocation, const struct envoi_failure *failure)
{
	bool is_registration = invocation->keeps_password && failure->code == ENVOI_ERR_STREAM &&
		failure->phase == ENVOI_PHASE_SASL;
	return is_registration ? "the server registers no accounts, or not in this way: ask its"
				 " administrators for one"
			       : advice(failure);
}

/* --- telling --- */

/* The lines' own ends are the only ones: what a peer said is one line each. */
static void print_lines(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		print_message_wrapped(text, len, 2 + (unsigned int)strspn(text, " "));
		text += len + (text[len] == '\n');
	}
}

int login_explain(const struct invocation *invocation, struct envoi_client *client)
{
	const struct envoi_failure *failure = envoi_client_failure(client);
	const char *todo = failure != NULL && failure->code < 0 ? advice_for(invocation, failure)
								: NULL;
	size_t size = failure != NULL ? envoi_failure_explain(failure, NULL, 0) + 1 : 0;
	char *lines = size > 0 ? malloc(size) : NULL, *all = NULL;
	size_t all_size;
	FILE *out = lines != NULL ? open_memstream(&all, &all_size) : NULL;
	if (out != NULL) {
		envoi_failure_explain(failure, lines, size);
		fprintf(out, "envoi: %s: %s", invocation->jid, lines);
		if (todo != NULL) {
			fprintf(out, "\n  what to do: %s", todo);
		}
	}
	if (out == NULL || fclose(out) != 0) {
		complain("%s", envoi_client_failure_text(client));
	} else {
		print_lines(all);
	}
	free(all);
	free(lines);
	return status_of_failure(failure);
}
