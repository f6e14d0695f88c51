/*
 * envoi - the command-line program: in-band registration
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/ext/registration.h>

#include "form.h"
#include "task.h"
#include "text.h"

enum {
	LONGEST_FIELD = 1200, /* of the account: its name and its password are shorter */
};

/* With the own server, before the login, or with a service. */
struct registering {
	struct task task;
	struct envoi_handler *handler; /* before the login; or NULL */
	const char *service;
	char username[LONGEST_FIELD], password[LONGEST_FIELD]; /* as of --field */
	bool was_submitted;
};

/* --- fields --- */

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{"username", offsetof(struct envoi_registration, username)},
	{"nick", offsetof(struct envoi_registration, nick)},
	{"password", offsetof(struct envoi_registration, password)},
	{"name", offsetof(struct envoi_registration, name)},
	{"first", offsetof(struct envoi_registration, first)},
	{"last", offsetof(struct envoi_registration, last)},
	{"email", offsetof(struct envoi_registration, email)},
	{"address", offsetof(struct envoi_registration, address)},
	{"city", offsetof(struct envoi_registration, city)},
	{"state", offsetof(struct envoi_registration, state)},
	{"zip", offsetof(struct envoi_registration, zip)},
	{"phone", offsetof(struct envoi_registration, phone)},
	{"url", offsetof(struct envoi_registration, url)},
	{"date", offsetof(struct envoi_registration, date)},
};

enum {
	FIELD_COUNT = sizeof(fields) / sizeof(fields[0]),
};

static char **member(struct envoi_registration *registration, size_t index)
{
	return (char **)((char *)registration + fields[index].offset);
}

static void print_asked(const struct envoi_registration *asked)
{
	struct envoi_registration copy = *asked;
	if (asked->instructions != NULL) {
		print_plain(stdout, asked->instructions);
		putchar('\n');
	}
	if (asked->site != NULL && asked->site->url != NULL) {
		print_plain(stdout, asked->site->url);
		putchar('\n');
	}
	if (asked->form != NULL) {
		print_form(asked->form);
		return;
	}
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (*member(&copy, i) != NULL) {
			printf("  %s\n", fields[i].name);
		}
	}
}

/* Each field that is asked for has to be given, or there is a complaint. @return the status */
static int fill_fields(struct envoi_registration *filled, const struct invocation *invocation,
	const struct envoi_registration *asked)
{
	struct envoi_registration copy = *asked;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const char *value = field_value(invocation, fields[i].name);
		if (*member(&copy, i) != NULL && value == NULL) {
			complain("the field %s is asked for: give it with --field %s=...",
				fields[i].name, fields[i].name);
			return STATUS_NO;
		}
		*member(filled, i) = *member(&copy, i) != NULL ? strdup(value) : NULL;
	}
	return STATUS_DONE;
}

static void free_fields(struct envoi_registration *filled)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		char *value = *member(filled, i);
		if (value != NULL) {
			explicit_bzero(value, strlen(value));
			free(value);
		}
	}
}

/* Fill in what is asked for, and pass it to @p submit. @return the status */
static int fill_and_submit(struct registering *registering, const struct envoi_registration *asked,
	int (*submit)(struct registering *registering, const struct envoi_registration *filled))
{
	const struct invocation *invocation = registering->task.invocation;
	struct envoi_registration filled = {0};
	struct envoi_form form = {0};
	if (asked->form == NULL && !envoi_registration_has_fields(asked)) {
		complain("no account can be registered here");
		print_asked(asked);
		return STATUS_NO;
	}
	int status = asked->form != NULL ? form_fill(&form, invocation, asked->form)
					 : fill_fields(&filled, invocation, asked);
	if (status != STATUS_DONE) {
		print_asked(asked);
		free_fields(&filled);
		return status;
	}
	filled.form = asked->form != NULL ? &form : NULL;
	int r = submit(registering, &filled);
	form_free(invocation, &form);
	free_fields(&filled);
	if (r < 0) {
		complain("the registration cannot be sent: %s", envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : STATUS_DONE;
}

/* --- the account, before the login --- */

static void complain_about_refusal(const struct envoi_stanza_error *error)
{
	bool has_text = error->text != NULL && error->text[0] != '\0';
	complain("the registration is refused: %s%s%s%s",
		envoi_stanza_condition_name(error->condition), has_text ? ": " : "",
		has_text ? error->text : "",
		error->condition == ENVOI_CONFLICT ? " (the account exists)" : "");
}

static int submit_account(struct registering *registering, const struct envoi_registration *filled)
{
	return envoi_registration_login_submit(registering->handler, filled);
}

static void on_asked(
	void *user, const struct envoi_registration *asked, const struct envoi_stanza_error *error)
{
	struct registering *registering = user;
	int status = STATUS_NO;
	if (error != NULL) {
		complain_about_refusal(error);
	} else if (asked != NULL && !registering->was_submitted) {
		status = fill_and_submit(registering, asked, submit_account);
		registering->was_submitted = true;
	}
	if (status != STATUS_DONE) {
		task_end(&registering->task, status);
		envoi_registration_login_give_up(registering->handler);
	}
}

static const struct envoi_registration_login_events account_events = {.asked = on_asked};

/* A field of the account, unless --field has given it. */
static void add_field(struct invocation *invocation, char text[LONGEST_FIELD], const char *name,
	const char *value, size_t len)
{
	if (field_value(invocation, name) == NULL && invocation->own_count < MOST_OWN_OPTIONS) {
		snprintf(text, LONGEST_FIELD, "%s=%.*s", name, (int)len, value);
		invocation->own[invocation->own_count].name = "field";
		invocation->own[invocation->own_count++].value = text;
	}
}

static void add_account(struct registering *registering)
{
	struct invocation *invocation = registering->task.invocation;
	const char *password = invocation->kept_password, *jid = invocation->jid;
	add_field(invocation, registering->username, "username", jid, strcspn(jid, "@"));
	add_field(invocation, registering->password, "password", password, strlen(password));
	explicit_bzero(invocation->kept_password, sizeof(invocation->kept_password));
}

static int prepare_account(struct task *task)
{
	struct registering *registering = ENVOI_CONTAINER_OF(task, struct registering, task);
	add_account(registering);
	int r = envoi_registration_login_new(
		&registering->handler, task->invocation->context, &account_events, registering);
	if (r < 0) {
		complain("%s", envoi_error_text(r));
		return STATUS_NO;
	}
	envoi_client_add(task->client, registering->handler);
	return STATUS_DONE;
}

static void begin_account(struct task *task, struct envoi_session *session)
{
	(void)session;
	fputs("registered ", stdout);
	print_plain(stdout, task->invocation->jid);
	putchar('\n');
	task_end(task, STATUS_DONE);
}

/* --- a service, after the login --- */

static void on_done(void *user, const struct envoi_answer *answer)
{
	struct registering *registering = user;
	if (task_check_answer(&registering->task, registering->service, answer)) {
		task_end(&registering->task, STATUS_DONE);
	}
}

static int submit_service(struct registering *registering, const struct envoi_registration *filled)
{
	return envoi_registration_submit(envoi_client_session(registering->task.client),
		registering->service, filled, on_done, registering);
}

static void on_fields(void *user, const struct envoi_answer *answer)
{
	struct registering *registering = user;
	if (!task_check_answer(&registering->task, registering->service, answer)) {
		return;
	}
	const struct envoi_registration *asked = envoi_answer_payload(answer);
	int status = fill_and_submit(registering, asked, submit_service);
	if (status != STATUS_DONE) {
		task_end(&registering->task, status);
	}
}

static bool removes(const struct task *task)
{
	return own_value(task->invocation, "remove") != NULL;
}

static void begin_service(struct task *task, struct envoi_session *session)
{
	struct registering *registering = ENVOI_CONTAINER_OF(task, struct registering, task);
	const char *service = registering->service;
	task_check_sent(task, service,
		removes(task) ? envoi_registration_cancel(session, service, on_done, registering)
			      : envoi_registration_get(session, service, on_fields, registering));
}

/* --- the command --- */

static int run_account(struct registering *registering, struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin_account, .prepare = prepare_account};
	invocation->keeps_password = true;
	int status = task_run(&registering->task, &kind, invocation);
	envoi_handler_destroy(registering->handler);
	explicit_bzero(registering->password, sizeof(registering->password));
	return status;
}

static int run(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin_service};
	struct registering registering = {.service = operand(invocation, 0)};
	int status = check_address_operand(invocation, 0, "SERVICE");
	status = status != STATUS_DONE ? status : check_fields(invocation);
	if (status != STATUS_DONE) {
		return status;
	}
	bool is_service = registering.service != NULL || own_value(invocation, "remove") != NULL;
	return is_service ? task_run(&registering.task, &kind, invocation)
			  : run_account(&registering, invocation);
}

static const struct command_option options[] = {
	{"remove", NULL,
		"End the registration: with a service, or the account itself, which the server deletes"
		" with all its data.",
		NULL, false},
	OPTION_FIELD,
	OPTIONS_END,
};

const struct command command_register = {
	.name = "register",
	.operands = "[SERVICE]",
	.summary =
		"Make the account of --jid with its password at its server, before the login, or"
		" register with a service (XEP-0077). Fields other than username and password are"
		" given with --field; what is asked for is printed if some are missing.",
	.options = options,
	.most = 1,
	.logs_in = true,
	.run = run,
};
