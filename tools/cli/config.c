/*
 * envoi - the command-line program: the configuration file
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LONGEST_LINE = 4096,
};

/* A line while it is read, for complaints. */
struct place {
	const char *path;
	unsigned int line;
};

static int wrong(const struct place *place, const char *what, const char *text)
{
	complain("%s, line %u: %s%s", place->path, place->line, what, text);
	return STATUS_USAGE;
}

/* Without blanks at its ends, which are cut off in place. */
static char *trimmed(char *text)
{
	text += strspn(text, " \t\r\n");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
		len--;
	}
	text[len] = '\0';
	return text;
}

static int keep(const struct place *place, char *kept, size_t size, const char *value)
{
	if (snprintf(kept, size, "%s", value) >= (int)size) {
		return wrong(place, "the value is too long", "");
	}
	return STATUS_DONE;
}

static int take_setting(struct invocation *invocation, const struct place *place, const char *name,
	const char *value)
{
	const struct envoi_setting *setting = envoi_context_find_setting(invocation->context, name);
	if (setting == NULL) {
		return wrong(place, "there is no such setting: ", name);
	}
	for (size_t i = 0; i < invocation->given_count; i++) {
		if (invocation->given[i] == setting) {
			return STATUS_DONE; /* the command line has it */
		}
	}
	int r = envoi_settings_set(invocation->settings, setting->name, value);
	return r < 0 ? wrong(place, "", envoi_settings_problem(invocation->settings)) : STATUS_DONE;
}

static int take_value(struct invocation *invocation, const struct place *place, const char *name,
	const char *value)
{
	struct configured *configured = &invocation->configured;
	if (strcmp(name, "jid") == 0) {
		return keep(place, configured->jid, sizeof(configured->jid), value);
	}
	if (strcmp(name, "password") == 0) {
		return keep(place, configured->password, sizeof(configured->password), value);
	}
	if (strcmp(name, "password-file") == 0) {
		return keep(
			place, configured->password_file, sizeof(configured->password_file), value);
	}
	return take_setting(invocation, place, name, value);
}

static int take_line(struct invocation *invocation, const struct place *place, char *line)
{
	char *name = trimmed(line);
	char *equals = strchr(name, '=');
	if (name[0] == '\0' || name[0] == '#') {
		return STATUS_DONE;
	}
	if (equals == NULL) {
		return wrong(place, "it is not NAME = VALUE", "");
	}
	*equals = '\0';
	return take_value(invocation, place, trimmed(name), trimmed(equals + 1));
}

static int read_lines(struct invocation *invocation, const char *path, FILE *file)
{
	char line[LONGEST_LINE];
	struct place place = {.path = path};
	int status = STATUS_DONE;
	while (status == STATUS_DONE && fgets(line, sizeof(line), file) != NULL) {
		place.line++;
		status = strchr(line, '\n') == NULL && !feof(file)
			? wrong(&place, "it is too long", "")
			: take_line(invocation, &place, line);
	}
	explicit_bzero(line, sizeof(line));
	if (status == STATUS_DONE && ferror(file)) {
		complain("%s cannot be read", path);
		return STATUS_USAGE;
	}
	return status;
}

/* It has the account and may have its password. */
static int check_owner(const char *path, FILE *file)
{
	struct stat status;
	if (fstat(fileno(file), &status) < 0 || !S_ISREG(status.st_mode)) {
		complain("%s is no file", path);
		return STATUS_USAGE;
	}
	if (status.st_uid != geteuid() && status.st_uid != 0) {
		complain("%s is not read, because it belongs to another user", path);
		return STATUS_USAGE;
	}
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		complain("%s is not read, because other users may read or change it:"
			 " chmod 600 %s",
			path, path);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

/* @return false: there is no place for it */
static bool find_path(char path[PATH_MAX])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (config != NULL && config[0] == '/') {
		return snprintf(path, PATH_MAX, "%s/envoi/config", config) < PATH_MAX;
	}
	return home != NULL && home[0] == '/' &&
		snprintf(path, PATH_MAX, "%s/.config/envoi/config", home) < PATH_MAX;
}

/* The password of the file belongs to the account of the file. */
static void use_configured(struct invocation *invocation)
{
	struct configured *configured = &invocation->configured;
	if (invocation->jid == NULL && configured->jid[0] != '\0') {
		invocation->jid = configured->jid;
	}
	if (invocation->jid == NULL || strcmp(invocation->jid, configured->jid) != 0) {
		explicit_bzero(configured->password, sizeof(configured->password));
		configured->password_file[0] = '\0';
	}
}

int config_read(struct invocation *invocation)
{
	char path[PATH_MAX];
	const char *name = invocation->config_file;
	if (invocation->has_no_config || (name == NULL && !find_path(path))) {
		return STATUS_DONE;
	}
	FILE *file = fopen(name != NULL ? name : path, "re");
	if (file == NULL) {
		if (name == NULL && (errno == ENOENT || errno == ENOTDIR)) {
			return STATUS_DONE;
		}
		complain("%s: %s", name != NULL ? name : path, strerror(errno));
		return STATUS_USAGE;
	}
	setvbuf(file, NULL, _IONBF, 0); /* no copy of the password in a buffer */
	int status = check_owner(name != NULL ? name : path, file);
	if (status == STATUS_DONE) {
		status = read_lines(invocation, name != NULL ? name : path, file);
	}
	fclose(file);
	use_configured(invocation);
	return status;
}
