/*
 * envoi - the command-line program: uploading a file
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <envoi/ext/disco.h>
#include <envoi/ext/upload.h>

#include "progress.h"
#include "task.h"
#include "text.h"

enum {
	MOST_SERVICES = 30, /* of a server, that are asked */
};

struct uploading {
	struct task task;
	int fd;
	struct envoi_upload_file file;
	struct envoi_jid *services[MOST_SERVICES];
	size_t service_count, next;
	const char *service; /* that is asked */
	char *url; /* for recipients */
	struct envoi_upload *upload;
};

/* --- the upload --- */

static long read_file(void *user, uint64_t offset, char *room, size_t size)
{
	struct uploading *uploading = user;
	return pread(uploading->fd, room, size, (off_t)offset);
}

static void on_progress(void *user, uint64_t sent, uint64_t size)
{
	(void)user;
	progress_show("%" PRIu64 " of %" PRIu64 " KiB uploaded", sent / 1024, size / 1024);
}

static void on_uploaded(void *user, const struct envoi_upload_end *end)
{
	struct uploading *uploading = user;
	progress_clear();
	if (end->code == ENVOI_OK) {
		print_plain(stdout, uploading->url);
		putchar('\n');
		task_end(&uploading->task, STATUS_DONE);
		return;
	}
	const struct envoi_failure failure = {.code = end->code};
	if (end->status != 0) {
		complain("the file is not uploaded: %s (HTTP status %d)", end->text, end->status);
	} else {
		complain("the file is not uploaded: %s", end->text);
	}
	task_end(&uploading->task, end->status != 0 ? STATUS_NO : status_of_failure(&failure));
}

static const struct envoi_upload_events upload_events = {
	.read = read_file,
	.progress = on_progress,
	.done = on_uploaded,
};

/* Keys and client certificates are those of the XMPP server, not of the one that has the files. */
static int set_defaults(struct envoi_settings *settings)
{
	static const char *const names[] = {"tls.pins", "tls.cert-file", "tls.key-file"};
	int r = ENVOI_OK;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && r == ENVOI_OK; i++) {
		r = envoi_settings_set(settings, names[i], NULL);
	}
	return r;
}

static int put(struct uploading *uploading, const struct envoi_upload_slot *slot)
{
	struct envoi_settings *settings = NULL;
	int r = envoi_settings_dup(&settings, envoi_client_settings(uploading->task.client));
	r = r < 0 ? r : set_defaults(settings);
	const struct envoi_upload_options options = {
		.slot = slot,
		.size = uploading->file.size,
		.content_type = uploading->file.content_type,
		.settings = settings,
	};
	r = r < 0 ? r
		  : envoi_upload_put(&uploading->upload, uploading->task.invocation->context,
			    &options, &upload_events, uploading);
	envoi_settings_free(settings);
	return r;
}

static void begin_upload(struct uploading *uploading, const struct envoi_upload_slot *slot)
{
	uploading->url = envoi_strndup(
		uploading->task.invocation->context, slot->get.url, strlen(slot->get.url));
	int r = uploading->url == NULL ? ENVOI_ERR_NOMEM : put(uploading, slot);
	if (r < 0) {
		complain("the file is not uploaded: the URL of the service cannot be used: %s",
			envoi_error_text(r));
		task_end(&uploading->task, STATUS_PROTOCOL);
	}
}

static void on_slot(void *user, const struct envoi_answer *answer)
{
	struct uploading *uploading = user;
	uint64_t most = 0;
	if (envoi_upload_is_too_large(envoi_answer_error(answer), &most) && most > 0) {
		complain("the file is too large: %s accepts up to %" PRIu64 " bytes",
			uploading->service, most);
		task_end(&uploading->task, STATUS_NO);
	} else if (task_check_answer(&uploading->task, uploading->service, answer)) {
		begin_upload(uploading, envoi_answer_payload(answer));
	}
}

static void request_slot(struct uploading *uploading)
{
	task_check_sent(&uploading->task, uploading->service,
		envoi_upload_request(envoi_client_session(uploading->task.client),
			uploading->service, &uploading->file, on_slot, uploading));
}

/* --- the service: an item of the server --- */

static bool has_feature(const struct envoi_disco_info *info, const char *feature)
{
	for (size_t i = 0; i < info->feature_count; i++) {
		if (strcmp(info->features[i], feature) == 0) {
			return true;
		}
	}
	return false;
}

static void ask_next(struct uploading *uploading);

static void on_info(void *user, const struct envoi_answer *answer)
{
	struct uploading *uploading = user;
	int code = envoi_answer_code(answer);
	if (envoi_answer_ok(answer) && has_feature(envoi_answer_payload(answer), ENVOI_NS_UPLOAD)) {
		request_slot(uploading);
	} else if (code != ENVOI_ERR_DISCONNECTED && code != ENVOI_ERR_CANCELED) {
		ask_next(uploading); /* an item may be down */
	}
}

static void ask_next(struct uploading *uploading)
{
	struct envoi_session *session = envoi_client_session(uploading->task.client);
	if (uploading->next == uploading->service_count) {
		complain("%s has no service for uploads (XEP-0363)", envoi_session_domain(session));
		task_end(&uploading->task, STATUS_NO);
		return;
	}
	uploading->service = envoi_jid_text(uploading->services[uploading->next++]);
	task_check_sent(&uploading->task, uploading->service,
		envoi_disco_info_get(
			session, uploading->service, NULL, 0, on_info, uploading, NULL));
}

static void on_items(void *user, const struct envoi_answer *answer)
{
	struct uploading *uploading = user;
	if (!task_check_answer(&uploading->task, NULL, answer)) {
		return;
	}
	const struct envoi_disco_items *items = envoi_answer_payload(answer);
	for (size_t i = 0; i < items->item_count; i++) {
		if (items->items[i].node == NULL && uploading->service_count < MOST_SERVICES) {
			uploading->services[uploading->service_count++] = envoi_jid_ref(
				items->items[i].jid);
		}
	}
	ask_next(uploading);
}

static void begin(struct task *task, struct envoi_session *session)
{
	struct uploading *uploading = ENVOI_CONTAINER_OF(task, struct uploading, task);
	uploading->service = own_value(task->invocation, "service");
	if (uploading->service != NULL) {
		request_slot(uploading);
	} else {
		task_check_sent(task, NULL,
			envoi_disco_items_get(session, NULL, NULL, 0, on_items, uploading, NULL));
	}
}

/* --- the command --- */

static int open_file(struct uploading *uploading, char *path)
{
	struct stat status;
	char *slash = strrchr(path, '/');
	uploading->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (uploading->fd < 0 || fstat(uploading->fd, &status) < 0) {
		complain("%s: %s", path, strerror(errno));
		return STATUS_UNREACHABLE;
	}
	if (!S_ISREG(status.st_mode) || status.st_size == 0) {
		complain("%s is %s", path, S_ISREG(status.st_mode) ? "empty" : "not a file");
		return STATUS_NO;
	}
	uploading->file.filename = slash != NULL ? slash + 1 : path;
	uploading->file.size = (uint64_t)status.st_size;
	return STATUS_DONE;
}

static void finish(struct uploading *uploading)
{
	envoi_upload_free(uploading->upload);
	envoi_free(uploading->task.invocation->context, uploading->url);
	for (size_t i = 0; i < uploading->service_count; i++) {
		envoi_jid_unref(uploading->services[i]);
	}
	if (uploading->fd >= 0) {
		close(uploading->fd);
	}
}

static int run(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin};
	const char *service = own_value(invocation, "service");
	struct uploading uploading = {.fd = -1, .task.invocation = invocation};
	if (service != NULL && envoi_jid_check(service, strlen(service), NULL, 0) < 0) {
		return complain_about_address("--service", service);
	}
	uploading.file.content_type = (char *)(uintptr_t)own_value(invocation, "type");
	int status = open_file(&uploading, invocation->operands[0]);
	status = status != STATUS_DONE ? status : task_run(&uploading.task, &kind, invocation);
	finish(&uploading);
	return status;
}

static const struct command_option options[] = {
	{"service", "JID", "The service. Default: the one among the items of the server.", NULL,
		false},
	{"type", "TYPE", "The media type, such as image/png. Default: none is stated.", NULL,
		false},
	OPTIONS_END,
};

const struct command command_upload = {
	.name = "upload",
	.operands = "FILE",
	.summary =
		"Upload a file to the account's server, and print the URL of it (XEP-0363). The server, and"
		" everybody that has the URL, can read the file.",
	.options = options,
	.least = 1,
	.most = 1,
	.logs_in = true,
	.run = run,
};
