/*
 * envoi - the command-line program: a server
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <envoi/interfaces/store.h>
#include <envoi/server.h>
#include <envoi/watch.h>

struct server {
	struct envoi_server_hook hook;
	const struct invocation *invocation;
	struct envoi_context *context;
	struct envoi_jid *domain;
	struct made_certificate made;
	struct envoi_tls_config *tls;
	struct envoi_store *store;
	struct envoi_server *server;
	struct envoi_watch signals;
	struct accounts accounts;
	bool was_told_to_end;
	int status;
};

static void quit(struct server *server, int status)
{
	server->status = status;
	envoi_loop_quit(envoi_context_loop(server->context));
}

/* --- what is printed --- */

/* Addresses and reasons come from peers. */
static void print_line(const char *format, ...) ENVOI_PRINTF(1, 2);
static void print_line(const char *format, ...)
{
	char line[2048];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	print_harmless(line, strlen(line));
	fputc('\n', stderr);
}

static void print_end(const char *who, const char *what, const struct envoi_failure *why)
{
	char reason[1024];
	envoi_failure_describe(why, reason, sizeof(reason));
	if (why->code == ENVOI_OK) {
		print_line("%s %s", who, what);
	} else {
		print_line("%s %s: %s", who, what, reason);
	}
}

static void on_reported(struct envoi_server_hook *hook, const struct envoi_server_report *report)
{
	const char *who = report->jid != NULL ? envoi_jid_text(report->jid) : report->address;
	(void)hook;
	switch (report->act) {
	case ENVOI_SERVER_CONNECTED:
		break;
	case ENVOI_SERVER_LOGGED_IN:
		print_line("%s logged in from %s with %s",
			report->user == NULL ? "a component" : report->user, report->address,
			report->mechanism);
		break;
	case ENVOI_SERVER_ONLINE:
		print_line("%s is online", who);
		break;
	case ENVOI_SERVER_SUSPENDED:
		print_end(who, "lost its connection, and may resume", report->why);
		break;
	case ENVOI_SERVER_RESUMED:
		print_line("%s has resumed", who);
		break;
	case ENVOI_SERVER_ENDED:
		print_end(who, "left", report->why);
		break;
	}
}

static void on_closed(struct envoi_server_hook *hook)
{
	quit(ENVOI_CONTAINER_OF(hook, struct server, hook), STATUS_DONE);
}

static const struct envoi_server_hook_impl hook_impl = {
	.reported = on_reported,
	.closed = on_closed,
};

static void on_log(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user;
	(void)level;
	print_line("%s: %s", envoi_log_subject_name(subject), message);
}

/* --- signals --- */

static int read_web_files(struct server *server)
{
	const char *folder = server->invocation->serve.web_root;
	return folder == NULL ? STATUS_DONE : web_read_files(server->server, folder);
}

static void on_signal(struct envoi_watch *watch, unsigned int ready)
{
	struct server *server = ENVOI_CONTAINER_OF(watch, struct server, signals);
	struct signalfd_siginfo info;
	(void)ready;
	if (read(watch->fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGHUP) {
		int r = envoi_tls_config_reload(server->tls);
		print_line("certificates were read again%s%s", r < 0 ? ": " : "",
			r < 0 ? envoi_error_text(r) : "");
		(void)read_web_files(server);
	} else if (server->was_told_to_end) {
		quit(server, STATUS_NO); /* once more: do not wait for clients */
	} else {
		server->was_told_to_end = true;
		envoi_server_close(server->server);
	}
}

/* @return whether signals arrive */
static bool watch_signals(struct server *server)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	int fd = sigprocmask(SIG_BLOCK, &set, NULL) < 0
		? -1
		: signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd >= 0 &&
		envoi_watch_start(&server->signals, envoi_context_loop(server->context), fd,
			ENVOI_IO_READ, on_signal) == ENVOI_OK) {
		return true;
	}
	if (fd >= 0) {
		close(fd);
	}
	complain("signals cannot be received");
	return false;
}

static void unwatch_signals(struct server *server)
{
	int fd = server->signals.fd;
	envoi_watch_stop(&server->signals);
	close(fd);
}

/* All accounts are made: begin, or end, as --check says. */
static void on_accounts_made(void *user, int status)
{
	struct server *server = user;
	status = status != STATUS_DONE ? status
				       : listen_all(server->server, &server->invocation->serve);
	if (status != STATUS_DONE) {
		quit(server, status);
	} else if (server->invocation->serve.is_check) {
		puts("nothing is wrong");
		quit(server, STATUS_DONE);
	}
}

/* --- the certificate --- */

static int write_authority(const struct made_certificate *made, const char *file_name)
{
	FILE *file = fopen(file_name, "we");
	bool is_written = file != NULL &&
		fwrite(made->authority, 1, made->authority_len, file) == made->authority_len;
	if (file != NULL && fclose(file) != 0) {
		is_written = false;
	}
	if (!is_written) {
		complain("%s: %s", file_name, strerror(errno));
	}
	return is_written ? STATUS_DONE : STATUS_NO;
}

static int make_certificate(struct server *server)
{
	const struct serve_options *options = &server->invocation->serve;
	int status = made_certificate_init(&server->made, envoi_jid_domain_ascii(server->domain));
	return status == STATUS_DONE && !options->is_check
		? write_authority(&server->made, options->ca_out)
		: status;
}

static int prepare_tls(struct server *server)
{
	const struct serve_options *options = &server->invocation->serve;
	const char *certificate = options->certificate, *key = options->key;
	if (certificate == NULL && options->ca_out == NULL) {
		complain("there is no certificate: --certificate and --key, or --ca-out for the"
			 " authority of one that is made");
		return STATUS_USAGE;
	}
	if (certificate == NULL) {
		int status = make_certificate(server);
		if (status != STATUS_DONE) {
			return status;
		}
		certificate = server->made.path;
		key = NULL;
	}
	int r = envoi_tls_config_new_server(&server->tls, server->context, NULL, NULL);
	if (r == ENVOI_OK) {
		r = envoi_tls_config_add_domain(
			server->tls, envoi_jid_domain(server->domain), certificate, key);
	}
	if (r < 0) {
		complain("the certificate in %s cannot be used: %s", certificate,
			envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : STATUS_DONE;
}

/* --- running --- */

static int prepare_domain(struct server *server)
{
	const char *domain = server->invocation->serve.domain;
	if (domain == NULL) {
		complain("the domain is missing: --domain");
		return STATUS_USAGE;
	}
	int r = envoi_jid_from_parts(&server->domain, server->context, NULL, domain, NULL);
	if (r < 0) {
		complain("--domain: %s is not a domain", domain);
	}
	return r < 0 ? STATUS_USAGE : STATUS_DONE;
}

/* --check writes nothing: its accounts are made in memory. */
static int open_store(struct server *server)
{
	const struct serve_options *options = &server->invocation->serve;
	if (options->store != NULL && options->is_check) {
		int status = store_check(server->context, options->store);
		if (status != STATUS_DONE) {
			return status;
		}
	} else if (options->store != NULL) {
		return store_open(&server->store, server->context, options->store);
	}
	int r = envoi_store_new_memory(&server->store, server->context);
	if (r < 0) {
		complain("%s", envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : STATUS_DONE;
}

static int prepare_server(struct server *server)
{
	int status = open_store(server);
	const struct envoi_server_options options = {
		.domain = envoi_jid_domain(server->domain),
		.store = server->store,
		.tls = server->tls,
		.settings = server->invocation->settings,
		.hook = &server->hook,
	};
	int r = status == STATUS_DONE ? envoi_server_new(&server->server, server->context, &options)
				      : ENVOI_OK;
	if (r < 0) {
		complain("%s", envoi_error_text(r));
		status = STATUS_NO;
	}
	return status;
}

static int prepare_accounts(struct server *server)
{
	server->accounts = (struct accounts){.context = server->context,
		.server = server->server,
		.domain = envoi_jid_domain(server->domain),
		.made = on_accounts_made,
		.user = server};
	return accounts_make(&server->accounts, &server->invocation->serve);
}

static int prepare(struct server *server)
{
	const struct serve_options *options = &server->invocation->serve;
	if (options->listen_count + options->listen_tls_count + options->web_count == 0) {
		complain("the address is missing: --listen ADDRESS:PORT");
		return STATUS_USAGE;
	}
	int status = prepare_domain(server);
	status = status != STATUS_DONE ? status : prepare_tls(server);
	status = status != STATUS_DONE ? status : prepare_server(server);
	status = status != STATUS_DONE ? status : read_web_files(server);
	return status != STATUS_DONE ? status : prepare_accounts(server);
}

static int serve(struct server *server)
{
	int status = prepare(server);
	if (status != STATUS_DONE || !watch_signals(server)) {
		return status != STATUS_DONE ? status : STATUS_NO;
	}
	int r = envoi_loop_run(envoi_context_loop(server->context));
	unwatch_signals(server);
	if (r < 0) {
		complain("%s", envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : server->status;
}

int serve_run(struct invocation *invocation)
{
	struct server server = {
		.hook.impl = &hook_impl,
		.invocation = invocation,
		.context = invocation->context,
		.made.fd = -1,
	};
	envoi_context_set_log(invocation->context, on_log, ENVOI_LOG_WARNING, NULL);
	int status = serve(&server);
	envoi_server_free(server.server);
	accounts_finish(&server.accounts);
	envoi_store_destroy(server.store);
	envoi_tls_config_unref(server.tls);
	made_certificate_finish(&server.made);
	envoi_jid_unref(server.domain);
	envoi_context_set_log(invocation->context, NULL, ENVOI_LOG_ERROR, NULL);
	return status;
}
