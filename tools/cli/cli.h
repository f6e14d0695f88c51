/*
 * envoi - the command-line program: what its commands share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_CLI_H
#define ENVOI_TOOLS_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/envoi.h>

/** Exit status, the same for every command. */
enum status {
	STATUS_DONE = 0,
	STATUS_NO = 1, /**< the answer is no: an error stanza, invalid input */
	STATUS_USAGE = 2,
	STATUS_UNREACHABLE = 3,
	STATUS_TLS = 4,
	STATUS_AUTH = 5,
	STATUS_PROTOCOL = 6,
	STATUS_TIMEOUT = 7,
};

struct invocation;

/** An option of one command alone. */
struct command_option {
	const char *name;
	const char *metavar; /**< of its value; NULL: it takes none */
	const char *doc;
	/** OPTIONAL. @return STATUS_DONE, or another after a message */
	int (*take)(struct invocation *invocation, const char *value);
	bool repeats; /**< may be given several times; without effect where there is @p take */
};

#define OPTIONS_END \
	{ \
		NULL, NULL, NULL, NULL, false \
	}
/** @param what  "one object" */
#define OPTION_JSON(what) \
	{ \
		"json", NULL, "Print JSON: " what ".", NULL, false \
	}

enum {
	LONGEST_PASSWORD = 1024,
	LONGEST_PATH = 4096,
	MOST_OWN_OPTIONS = 128,
	SERVE_MOST = 100, /**< options of `serve` of one kind */
};

/** The options of `serve`. */
struct serve_options {
	const char *domain, *account_file, *certificate, *key, *ca_out, *store, *component_file,
		*web_root; /**< or NULL */
	const char *accounts[SERVE_MOST], *listen[SERVE_MOST], *listen_tls[SERVE_MOST];
	const char *components[SERVE_MOST], *listen_components[SERVE_MOST], *web[SERVE_MOST];
	size_t account_count, listen_count, listen_tls_count;
	size_t component_count, listen_components_count, web_count;
	bool is_web_clear;
	bool is_check;
};

/** What the configuration file has said, "" where it has not. */
struct configured {
	char jid[LONGEST_PATH], password[LONGEST_PASSWORD], password_file[LONGEST_PATH];
};

/** What the command line said, before a command runs. */
struct invocation {
	struct envoi_context *context;
	struct envoi_settings *settings;
	const char *jid; /**< as given; or NULL */
	const char *password_file; /**< or NULL */
	const char *config_file; /**< or NULL: the usual one */
	bool has_no_config;
	struct configured configured;
	size_t given_count; /**< settings of the command line */
	const struct envoi_setting *given[MOST_OWN_OPTIONS];
	bool keeps_password; /**< `register` alone: the password is needed beside the login */
	char kept_password[LONGEST_PASSWORD];
	bool show_xml;
	bool verbose;
	bool has_certificate; /**< tls.cert-file is set */
	bool may_be_anonymous; /**< sasl.mechanisms names ANONYMOUS */
	int own_count; /**< options that are a command's own; checked once the command is known */
	struct {
		const char *name;
		const char *value; /**< "" where the option takes none */
	} own[MOST_OWN_OPTIONS];
	size_t chunk; /**< `xml` alone: bytes to feed at a time; 0: all at once */
	struct envoi_xml_limits limits; /**< `xml` alone */
	struct serve_options serve;
	int operand_count; /**< after the command's name */
	char **operands;
};

struct command {
	const char *name; /**< one word, or two: "roster add" */
	const char *operands; /**< "TO BODY": for the usage line */
	const char *summary;
	int least, most; /**< operands; most < 0: any number */
	bool logs_in; /**< it uses an account and its settings */
	const struct command_option *options; /**< of its own, up to one without name; or NULL */
	int (*run)(struct invocation *invocation); /**< @return enum status */
};

extern const struct command command_archive;
extern const struct command command_commands;
extern const struct command command_register;
extern const struct command command_rooms_join;
extern const struct command command_rooms_list;
extern const struct command command_rooms_talk;
extern const struct command command_completion;
extern const struct command command_console;
extern const struct command command_disco;
extern const struct command command_echo;
extern const struct command command_help;
extern const struct command command_jid;
extern const struct command command_probe;
extern const struct command command_listen;
extern const struct command command_ping;
extern const struct command command_roster_add;
extern const struct command command_roster_list;
extern const struct command command_roster_remove;
extern const struct command command_send;
extern const struct command command_serve;
extern const struct command command_time;
extern const struct command command_upload;
extern const struct command command_version;
extern const struct command command_xml;

/** Every command, up to NULL. */
extern const struct command *const commands[];

/** @return the value of an option of the command, the last one; "" if it takes none; NULL: it was
 * not given */
const char *own_value(const struct invocation *invocation, const char *name);
/** Visit the values of an option that may be given several times. @param[in,out] position 0 to
 * begin. @return NULL at the end */
const char *next_own_value(const struct invocation *invocation, const char *name, int *position);

/** Read a time, "500ms", "5s", "2m", from an option of the command. @param fallback_ms  the
 * option was not given. @return STATUS_DONE, or another after complaining */
int own_time(const struct invocation *invocation, const char *name, uint64_t fallback_ms,
	uint64_t *ret_ms);

/** Print on standard error what a peer may have written: nothing in it commands the terminal. */
void print_harmless(const char *text, size_t len);

/** Print "envoi: ..." on standard error. */
void complain(const char *format, ...) ENVOI_PRINTF(1, 2);

/** Complain that there is no command of that name, and which may have been meant. */
void complain_about_name(const char *name);

/** Complain that @p text is not an address, and why. @param name  of the option or operand
 * @return STATUS_USAGE */
int complain_about_address(const char *name, const char *text);

/** @return the exit status for a failure of a connection */
int status_of_failure(const struct envoi_failure *failure);

/**
 * Make a client from the command line: account, password, settings, taps.
 * @return STATUS_DONE, or an exit status after complaining
 */
int login_prepare(struct envoi_client **ret_client, struct invocation *invocation);

/**
 * Print why the client failed: error, phase, the server's text, every attempt, and what
 * to do about it, a line each.
 * @return the exit status
 */
int login_explain(const struct invocation *invocation, struct envoi_client *client);

#endif
