/*
 * envoi - the command-line program: options
 * SPDX-License-Identifier: MIT
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "help.h"
#include "suggest.h"
#include "wrap.h"

enum {
	LONGEST_NAME = 64,
};

/* @param name  not NUL-terminated; the name of a setting is no option */
static const struct envoi_setting *find_option(
	struct envoi_context *context, const char *name, size_t len)
{
	char option[LONGEST_NAME];
	if (len >= sizeof(option)) {
		return NULL;
	}
	memcpy(option, name, len);
	option[len] = '\0';
	const struct envoi_setting *setting = envoi_context_find_setting(context, option);
	return setting != NULL &&
			strcmp(envoi_context_setting_option(context, setting), option) == 0
		? setting
		: NULL;
}

/* One option: its name, and its value if that came with `=`. */
struct option {
	const char *name;
	size_t len;
	const char *value;
};

static struct option split(const char *argument)
{
	const char *name = argument + 2, *equals = strchr(name, '=');
	return (struct option){
		.name = name,
		.len = equals != NULL ? (size_t)(equals - name) : strlen(name),
		.value = equals != NULL ? equals + 1 : NULL,
	};
}

static bool is(const struct option *option, const char *name)
{
	return strlen(name) == option->len && memcmp(option->name, name, option->len) == 0;
}

static int set(struct invocation *invocation, const struct envoi_setting *setting,
	const struct option *option, const char *value)
{
	int r = envoi_settings_set(invocation->settings, setting->name, value);
	if (invocation->given_count == MOST_OWN_OPTIONS) {
		complain("--%.*s: too many options", (int)option->len, option->name);
		return ENVOI_ERR_LIMIT;
	}
	invocation->given[invocation->given_count++] = setting;
	if (r == ENVOI_ERR_INVALID) { /* it begins with the setting's name */
		const char *problem = envoi_settings_problem(invocation->settings);
		complain("--%.*s%s", (int)option->len, option->name,
			problem + strcspn(problem, ":"));
		wrap(stderr, 4, setting->doc);
	} else if (r < 0) {
		complain("--%.*s: %s", (int)option->len, option->name, envoi_error_text(r));
	}
	return r;
}

/* @param name  without dashes, @p len bytes */
static void complain_about_option(
	struct envoi_context *context, const char *dashes, const char *name, size_t len)
{
	struct suggestion suggestion = {.word = name, .len = len};
	const struct envoi_setting *setting;
	size_t position = 0;
	for (const struct common_option *option = common_options; option->name != NULL; option++) {
		suggestion_consider(&suggestion, option->name);
	}
	for (size_t i = 0; commands[i] != NULL; i++) {
		const struct command_option *own = commands[i]->options;
		for (; own != NULL && own->name != NULL; own++) {
			suggestion_consider(&suggestion, own->name);
		}
	}
	while ((setting = envoi_context_next_setting(context, &position)) != NULL) {
		suggestion_consider(&suggestion, envoi_context_setting_option(context, setting));
	}
	if (suggestion.best != NULL) {
		complain("unknown option %s%.*s; --%s is one (see envoi -h)", dashes, (int)len,
			name, suggestion.best);
	} else {
		complain("unknown option %s%.*s (see envoi -h)", dashes, (int)len, name);
	}
}

/* A boolean is set by its name alone, or unset by --no-NAME. */
static const struct envoi_setting *find_negated(
	struct envoi_context *context, const struct option *option)
{
	if (option->len <= 3 || memcmp(option->name, "no-", 3) != 0) {
		return NULL;
	}
	const struct envoi_setting *setting = find_option(
		context, option->name + 3, option->len - 3);
	return setting != NULL && setting->type == ENVOI_SETTING_BOOL ? setting : NULL;
}

/* @return how many further arguments the option took, or -1 after complaining */
static int take_setting(
	struct invocation *invocation, const struct option *option, const char *next)
{
	const struct envoi_setting *setting = find_option(
		invocation->context, option->name, option->len);
	if (setting == NULL) {
		setting = find_negated(invocation->context, option);
		if (setting == NULL || option->value != NULL) {
			complain_about_option(invocation->context, "--", option->name, option->len);
			return -1;
		}
		return set(invocation, setting, option, "false") < 0 ? -1 : 0;
	}
	if (option->value != NULL) {
		return set(invocation, setting, option, option->value) < 0 ? -1 : 0;
	}
	if (setting->type == ENVOI_SETTING_BOOL) {
		return set(invocation, setting, option, "true") < 0 ? -1 : 0;
	}
	if (next == NULL) {
		complain("--%.*s needs a value", (int)option->len, option->name);
		return -1;
	}
	return set(invocation, setting, option, next) < 0 ? -1 : 1;
}

/* Of options of the same name, all or none take a value. */
static const struct command_option *find_own(const struct option *option)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		const struct command_option *own = commands[i]->options;
		for (; own != NULL && own->name != NULL; own++) {
			if (is(option, own->name)) {
				return own;
			}
		}
	}
	return NULL;
}

/* @return how many further arguments the option took, or -1 after complaining */
static int take_own(struct invocation *invocation, const struct command_option *own,
	const struct option *option, const char *next)
{
	bool takes_value = own->metavar != NULL;
	const char *value = option->value != NULL ? option->value : takes_value ? next : "";
	if (!takes_value && option->value != NULL) {
		complain("--%s takes no value", own->name);
		return -1;
	}
	if (value == NULL) {
		complain("--%s needs a value", own->name);
		return -1;
	}
	if (invocation->own_count == MOST_OWN_OPTIONS) {
		complain("--%s: too many options", own->name);
		return -1;
	}
	invocation->own[invocation->own_count].name = own->name;
	invocation->own[invocation->own_count++].value = value;
	return option->value != NULL || !takes_value ? 0 : 1;
}

static int take_text(const char **text, const struct option *option, const char *next)
{
	*text = option->value != NULL ? option->value : next;
	if (*text == NULL) {
		complain("--%.*s needs a value", (int)option->len, option->name);
		return -1;
	}
	return option->value != NULL ? 0 : 1;
}

static int take_one(
	struct invocation *invocation, const char *argument, const char *next, enum asked *asked)
{
	struct option option = split(argument);
	const char **text = is(&option, "jid") ? &invocation->jid
		: is(&option, "password-file") ? &invocation->password_file
		: is(&option, "config")        ? &invocation->config_file
					       : NULL;
	if (text != NULL) {
		return take_text(text, &option, next);
	}
	bool *flag = is(&option, "xml")    ? &invocation->show_xml
		: is(&option, "no-config") ? &invocation->has_no_config
		: is(&option, "verbose")   ? &invocation->verbose
					   : NULL;
	bool is_question = is(&option, "help") || is(&option, "version");
	if ((flag != NULL || is_question) && option.value != NULL) {
		complain("--%.*s takes no value", (int)option.len, option.name);
		return -1;
	}
	if (flag != NULL) {
		*flag = true;
		return 0;
	}
	if (is_question) {
		*asked = is(&option, "help") ? ASKED_HELP : ASKED_VERSION;
		return 0;
	}
	const struct command_option *own = find_own(&option);
	return own != NULL ? take_own(invocation, own, &option, next)
			   : take_setting(invocation, &option, next);
}

void options_read_settings(struct invocation *invocation)
{
	const struct envoi_settings *settings = invocation->settings;
	const char *mechanism;
	invocation->has_certificate = envoi_settings_text(settings, "tls.cert-file") != NULL;
	for (size_t i = 0;
		(mechanism = envoi_settings_word(settings, "sasl.mechanisms", i)) != NULL; i++) {
		invocation->may_be_anonymous |= strcmp(mechanism, "ANONYMOUS") == 0;
	}
}

enum asked options_take(struct invocation *invocation, int *argument_count, char **arguments)
{
	enum asked asked = ASKED_COMMAND;
	int kept = 0;
	bool ended = false;
	for (int i = 0; i < *argument_count; i++) {
		char *argument = arguments[i];
		if (!ended && strcmp(argument, "--") == 0) {
			ended = true;
			continue;
		}
		if (ended || argument[0] != '-' || argument[1] == '\0') {
			arguments[kept++] = argument;
			continue;
		}
		if (strcmp(argument, "-h") == 0) {
			asked = ASKED_SUMMARY;
			continue;
		}
		if (argument[1] != '-') {
			complain_about_option(
				invocation->context, "-", argument + 1, strcspn(argument + 1, "="));
			return ASKED_WRONG;
		}
		const char *next = i + 1 < *argument_count ? arguments[i + 1] : NULL;
		int taken = take_one(invocation, argument, next, &asked);
		if (taken < 0) {
			return ASKED_WRONG;
		}
		i += taken;
	}
	*argument_count = kept;
	return asked;
}
