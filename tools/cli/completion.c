/*
 * envoi - the command-line program: completion for shells
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "help.h"

/* --- names --- */

static size_t first_len(const struct command *command)
{
	return strcspn(command->name, " ");
}

/* @return the second word of the command's name, or NULL */
static const char *second_word(const struct command *command)
{
	const char *blank = strchr(command->name, ' ');
	return blank != NULL ? blank + 1 : NULL;
}

/* Commands with the same first word stand together. */
static bool begins_anew(size_t index)
{
	return index == 0 || first_len(commands[index]) != first_len(commands[index - 1]) ||
		strncmp(commands[index]->name, commands[index - 1]->name,
			first_len(commands[index])) != 0;
}

static void print_first_words(void)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (begins_anew(i)) {
			printf("%s%.*s", i > 0 ? " " : "", (int)first_len(commands[i]),
				commands[i]->name);
		}
	}
}

static bool takes_value(const struct envoi_setting *setting)
{
	return setting->type != ENVOI_SETTING_BOOL;
}

/* --- bash and zsh: one function, but for its variables --- */

struct dialect {
	const char *head;
	const char *word, *previous; /**< the current word and the one before it */
	const char *first_index; /**< of the words behind the program's name */
	const char *current; /**< the index of the current word */
	const char *words; /**< "${COMP_WORDS[i]}" */
	const char *add_begin, *add_end; /**< around the words to choose from */
	const char *tail;
};

static const struct dialect bash = {
	.head = "",
	.word = "${COMP_WORDS[COMP_CWORD]}",
	.previous = "${COMP_WORDS[COMP_CWORD-1]}",
	.first_index = "1",
	.current = "COMP_CWORD",
	.words = "${COMP_WORDS[i]}",
	.add_begin = "COMPREPLY=($(compgen -W \"",
	.add_end = "\" -- \"$word\"))",
	.tail = "complete -o default -F _envoi envoi\n",
};

static const struct dialect zsh = {
	.head = "#compdef envoi\n",
	.word = "${words[CURRENT]}",
	.previous = "${words[CURRENT-1]}",
	.first_index = "2",
	.current = "CURRENT",
	.words = "${words[i]}",
	.add_begin = "compadd -- ${=:-",
	.add_end = "}",
	.tail = "if [ \"${funcstack[1]}\" = _envoi ]; then\n\t_envoi \"$@\"\nelse\n"
		"\tcompdef _envoi envoi\nfi\n",
};

static void print_options_with_values(struct envoi_context *context)
{
	const struct envoi_setting *setting;
	size_t position = 0;
	const char *before = "";
	for (const struct common_option *option = common_options; option->name != NULL; option++) {
		if (option->metavar != NULL) {
			printf("%s--%s", before, option->name);
			before = "|";
		}
	}
	for (size_t i = 0; commands[i] != NULL; i++) {
		const struct command_option *own = commands[i]->options;
		for (; own != NULL && own->name != NULL; own++) {
			if (own->metavar != NULL) {
				printf("|--%s", own->name);
			}
		}
	}
	while ((setting = envoi_context_next_setting(context, &position)) != NULL) {
		if (takes_value(setting)) {
			printf("|--%s", envoi_context_setting_option(context, setting));
		}
	}
}

static void print_common(struct envoi_context *context)
{
	const struct envoi_setting *setting;
	size_t position = 0;
	fputs("-h", stdout);
	for (const struct common_option *option = common_options; option->name != NULL; option++) {
		printf(" --%s", option->name);
	}
	while ((setting = envoi_context_next_setting(context, &position)) != NULL) {
		const char *name = envoi_context_setting_option(context, setting);
		printf(takes_value(setting) ? " --%s" : " --%s --no-%s", name, name);
	}
}

static void print_own_cases(void)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		const struct command_option *own = commands[i]->options;
		if (own == NULL || own->name == NULL) {
			continue;
		}
		printf("\t'%s%s) options=\"$options", commands[i]->name,
			second_word(commands[i]) == NULL ? " '*" : "'");
		for (; own->name != NULL; own++) {
			printf(" --%s", own->name);
		}
		fputs("\" ;;\n", stdout);
	}
}

static void print_choice_cases(struct envoi_context *context, const struct dialect *dialect)
{
	const struct envoi_setting *setting;
	size_t position = 0;
	while ((setting = envoi_context_next_setting(context, &position)) != NULL) {
		if (setting->type != ENVOI_SETTING_CHOICE) {
			continue;
		}
		printf("\t--%s) %s", envoi_context_setting_option(context, setting),
			dialect->add_begin);
		for (size_t i = 0; setting->choices[i] != NULL; i++) {
			printf("%s%s", i > 0 ? " " : "", setting->choices[i]);
		}
		printf("%s; return ;;\n", dialect->add_end);
	}
}

static void print_second_cases(const struct dialect *dialect)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (second_word(commands[i]) == NULL) {
			continue;
		}
		if (begins_anew(i)) {
			printf("\t'%.*s ') %s%s", (int)first_len(commands[i]), commands[i]->name,
				dialect->add_begin, second_word(commands[i]));
		} else {
			printf(" %s", second_word(commands[i]));
		}
		if (commands[i + 1] == NULL || begins_anew(i + 1)) {
			printf("%s ;;\n", dialect->add_end);
		}
	}
}

static void print_function(struct envoi_context *context, const struct dialect *dialect)
{
	printf("%s_envoi() {\n\tlocal word=\"%s\" options='", dialect->head, dialect->word);
	print_common(context);
	printf("'\n\tlocal first='' second='' i\n\tfor ((i = %s; i < %s; i++)); do\n\t\tcase \"%s\" in\n\t\t",
		dialect->first_index, dialect->current, dialect->words);
	print_options_with_values(context);
	printf(") i=$((i + 1)) ;;\n\t\t-*) ;;\n\t\t*)\n\t\t\tif [ -z \"$first\" ]; then first=\"%s\"\n"
	       "\t\t\telif [ -z \"$second\" ]; then second=\"%s\"; fi ;;\n\t\tesac\n\tdone\n",
		dialect->words, dialect->words);
	printf("\tcase \"%s\" in\n", dialect->previous);
	print_choice_cases(context, dialect);
	fputs("\t", stdout);
	print_options_with_values(context);
	fputs(") return ;;\n\tesac\n\tcase \"$first $second\" in\n", stdout);
	print_own_cases();
	printf("\tesac\n\tcase \"$word\" in\n\t-*) %s$options%s; return ;;\n\tesac\n",
		dialect->add_begin, dialect->add_end);
	printf("\tcase \"$first $second\" in\n\t' ') %s", dialect->add_begin);
	print_first_words();
	printf("%s ;;\n", dialect->add_end);
	print_second_cases(dialect);
	printf("\t'completion ') %sbash zsh fish%s ;;\n\t'help ') %ssettings ", dialect->add_begin,
		dialect->add_end, dialect->add_begin);
	print_first_words();
	printf("%s ;;\n\tesac\n}\n%s", dialect->add_end, dialect->tail);
}

/* --- fish --- */

/* The first sentence, quoted. */
static void print_description(const char *doc)
{
	const char *end = strstr(doc, ". ");
	size_t len = end != NULL ? (size_t)(end - doc) : strlen(doc) - 1;
	fputs(" -d '", stdout);
	for (size_t i = 0; i < len; i++) {
		if (doc[i] == '\'' || doc[i] == '\\') {
			putchar('\\');
		}
		putchar(doc[i]);
	}
	fputs("'\n", stdout);
}

static void print_fish_settings(struct envoi_context *context)
{
	const struct envoi_setting *setting;
	size_t position = 0;
	while ((setting = envoi_context_next_setting(context, &position)) != NULL) {
		const char *name = envoi_context_setting_option(context, setting);
		printf("complete -c envoi -l %s%s", name, takes_value(setting) ? " -r" : "");
		if (setting->type == ENVOI_SETTING_CHOICE) {
			fputs(" -f -a '", stdout);
			for (size_t i = 0; setting->choices[i] != NULL; i++) {
				printf("%s%s", i > 0 ? " " : "", setting->choices[i]);
			}
			putchar('\'');
		}
		print_description(setting->doc);
		if (!takes_value(setting)) {
			printf("complete -c envoi -l no-%s", name);
			print_description(setting->doc);
		}
	}
}

static void print_fish_command(size_t index)
{
	const struct command *command = commands[index];
	int len = (int)first_len(command);
	if (begins_anew(index)) {
		printf("complete -c envoi -f -n __fish_use_subcommand -a %.*s", len, command->name);
		print_description(command->summary);
	}
	if (second_word(command) != NULL) {
		printf("complete -c envoi -f -n '__fish_seen_subcommand_from %.*s' -a %s", len,
			command->name, second_word(command));
		print_description(command->summary);
	}
	const struct command_option *own = command->options;
	for (; own != NULL && own->name != NULL; own++) {
		printf("complete -c envoi -n '__fish_seen_subcommand_from %.*s' -l %s%s", len,
			command->name, own->name, own->metavar != NULL ? " -r" : "");
		print_description(own->doc);
	}
}

static void print_fish(struct envoi_context *context)
{
	puts("complete -c envoi -s h -d 'Print a summary'");
	for (const struct common_option *option = common_options; option->name != NULL; option++) {
		printf("complete -c envoi -l %s%s", option->name,
			option->metavar != NULL ? " -r" : "");
		print_description(option->doc);
	}
	for (size_t i = 0; commands[i] != NULL; i++) {
		print_fish_command(i);
	}
	puts("complete -c envoi -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'");
	print_fish_settings(context);
}

static int run(struct invocation *invocation)
{
	const char *shell = invocation->operands[0];
	if (strcmp(shell, "bash") == 0) {
		print_function(invocation->context, &bash);
	} else if (strcmp(shell, "zsh") == 0) {
		print_function(invocation->context, &zsh);
	} else if (strcmp(shell, "fish") == 0) {
		print_fish(invocation->context);
	} else {
		complain("completion: %s is not one of bash, zsh, fish", shell);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

const struct command command_completion = {
	.name = "completion",
	.operands = "SHELL",
	.summary =
		"Print the completion for bash, zsh or fish. To use it: source <(envoi completion"
		" bash), or envoi completion fish | source.",
	.least = 1,
	.most = 1,
	.run = run,
};
