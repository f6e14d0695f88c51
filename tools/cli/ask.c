/*
 * envoi - the command-line program: ping, version, time
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>

#include <envoi/ext/entity_time.h>
#include <envoi/ext/ping.h>
#include <envoi/ext/software_version.h>
#include <envoi/watch.h>

#include "json.h"
#include "task.h"
#include "text.h"

struct asking {
	struct task task;
	const char *to; /* NULL: the own server */
	uint64_t begun_ms;
};

static const char *name_of_asked(const struct asking *asking)
{
	return asking->to != NULL ? asking->to
				  : envoi_session_domain(envoi_client_session(asking->task.client));
}

static bool wants_json(const struct asking *asking)
{
	return own_value(asking->task.invocation, "json") != NULL;
}

/* A line "JID: ", or an object with `jid`. */
static void begin_output(const struct asking *asking, struct json *json)
{
	if (wants_json(asking)) {
		json_object(json, NULL);
		json_text(json, "jid", name_of_asked(asking));
	} else {
		print_plain(stdout, name_of_asked(asking));
		fputs(": ", stdout);
	}
}

static int run(struct invocation *invocation, const struct task_kind *kind)
{
	int status = check_address_operand(invocation, 0, "JID");
	struct asking asking = {.to = operand(invocation, 0)};
	return status == STATUS_DONE ? task_run(&asking.task, kind, invocation) : status;
}

/* --- ping --- */

static uint64_t now_ms(const struct asking *asking)
{
	return envoi_loop_now_ms(envoi_context_loop(asking->task.invocation->context));
}

static void on_pong(void *user, const struct envoi_answer *answer)
{
	struct asking *asking = user;
	if (!task_check_answer(&asking->task, asking->to, answer)) {
		return;
	}
	uint64_t ms = now_ms(asking) - asking->begun_ms;
	struct json json = {.out = stdout};
	begin_output(asking, &json);
	if (wants_json(asking)) {
		json_number(&json, "ms", (int64_t)ms);
		json_end(&json);
	} else {
		printf("answers after %" PRIu64 " ms\n", ms);
	}
	task_end(&asking->task, STATUS_DONE);
}

static void begin_ping(struct task *task, struct envoi_session *session)
{
	struct asking *asking = ENVOI_CONTAINER_OF(task, struct asking, task);
	asking->begun_ms = now_ms(asking);
	task_check_sent(
		task, asking->to, envoi_ping(session, asking->to, 0, on_pong, asking, NULL));
}

static int run_ping(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin_ping};
	return run(invocation, &kind);
}

/* --- version --- */

static void print_version(const struct envoi_software_version *version)
{
	print_plain(stdout, version->name);
	putchar(' ');
	print_plain(stdout, version->version);
	if (version->os != NULL) {
		fputs(", ", stdout);
		print_plain(stdout, version->os);
	}
	putchar('\n');
}

static void on_version(void *user, const struct envoi_answer *answer)
{
	struct asking *asking = user;
	if (!task_check_answer(&asking->task, asking->to, answer)) {
		return;
	}
	const struct envoi_software_version *version = envoi_answer_payload(answer);
	struct json json = {.out = stdout};
	begin_output(asking, &json);
	if (wants_json(asking)) {
		json_text(&json, "name", version->name);
		json_text(&json, "version", version->version);
		json_text(&json, "os", version->os);
		json_end(&json);
	} else {
		print_version(version);
	}
	task_end(&asking->task, STATUS_DONE);
}

static void begin_version(struct task *task, struct envoi_session *session)
{
	struct asking *asking = ENVOI_CONTAINER_OF(task, struct asking, task);
	task_check_sent(task, asking->to,
		envoi_software_version_get(session, asking->to, 0, on_version, asking, NULL));
}

static int run_version(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin_version};
	return run(invocation, &kind);
}

/* --- time --- */

static void on_time(void *user, const struct envoi_answer *answer)
{
	struct asking *asking = user;
	if (!task_check_answer(&asking->task, asking->to, answer)) {
		return;
	}
	const struct envoi_entity_time *time = envoi_answer_payload(answer);
	char utc[ENVOI_DATE_SIZE], zone[ENVOI_DATE_SIZE];
	envoi_date_print(utc, time->utc_ms);
	envoi_zone_print(zone, time->zone_minutes);
	struct json json = {.out = stdout};
	begin_output(asking, &json);
	if (wants_json(asking)) {
		json_text(&json, "utc", utc);
		json_text(&json, "zone", zone);
		json_end(&json);
	} else {
		printf("%s, time zone %s\n", utc, zone);
	}
	task_end(&asking->task, STATUS_DONE);
}

static void begin_time(struct task *task, struct envoi_session *session)
{
	struct asking *asking = ENVOI_CONTAINER_OF(task, struct asking, task);
	task_check_sent(task, asking->to,
		envoi_entity_time_get(session, asking->to, 0, on_time, asking, NULL));
}

static int run_time(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin_time};
	return run(invocation, &kind);
}

static const struct command_option options[] = {
	OPTION_JSON("one object"),
	OPTIONS_END,
};

const struct command command_ping = {
	.name = "ping",
	.operands = "[JID]",
	.summary =
		"Ping an entity, or the account's server (XEP-0199). The answer of a full address"
		" comes from its client.",
	.options = options,
	.most = 1,
	.logs_in = true,
	.run = run_ping,
};

const struct command command_version = {
	.name = "version",
	.operands = "[JID]",
	.summary =
		"Print the software that an entity runs, or the account's server (XEP-0092). Many"
		" clients do not answer.",
	.options = options,
	.most = 1,
	.logs_in = true,
	.run = run_version,
};

const struct command command_time = {
	.name = "time",
	.operands = "[JID]",
	.summary = "Print the time and the time zone of an entity, or of the account's server"
		   " (XEP-0202).",
	.options = options,
	.most = 1,
	.logs_in = true,
	.run = run_time,
};
