/*
 * The parser alone: reads a recorded stream, its header included, from standard input in pieces of
 * any size, and prints what its rows take, by names, namespaces and depth. No client, no session,
 * no loop.
 *
 *	read_stream <recorded.xml
 *
 * Ends with 0 when the stream was well-formed, complete or not.
 */
#include <stdio.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/path.h>
#include <envoi/xml.h>

struct program {
	struct envoi_context *context;
	unsigned int taken;
};

/** What an element is taken by: a path, the last step of which the function gets. */
struct row {
	const char *path;
	void (*take)(struct program *program, const struct envoi_element *element);
	struct envoi_path *compiled;
};

static void on_body(struct program *program, const struct envoi_element *body)
{
	const char *from = envoi_element_attr(envoi_element_parent(body), "from");
	printf("%s: %s\n", from != NULL ? from : "?", envoi_element_text(body));
	program->taken++;
}

static void on_contact(struct program *program, const struct envoi_element *item)
{
	for (; item != NULL; item = envoi_element_next(item)) {
		const char *jid = envoi_element_attr(item, "jid");
		printf("contact %s\n", jid != NULL ? jid : "?");
		program->taken++;
	}
}

static void on_error(struct program *program, const struct envoi_element *error)
{
	const struct envoi_element *condition = envoi_element_first(error);
	printf("stream error: %s\n", condition != NULL ? envoi_element_name(condition) : "?");
	program->taken++;
}

static struct row rows[] = {
	{"message@type='chat'/body", on_body, NULL},
	{"iq@type='result'/{jabber:iq:roster}query/item", on_contact, NULL},
	{"{" ENVOI_NS_STREAMS "}error", on_error, NULL},
};
enum {
	ROWS = sizeof(rows) / sizeof(rows[0]),
};

static int compile(struct program *program)
{
	struct envoi_path_problem problem;
	for (int i = 0; i < ROWS; i++) {
		int r = envoi_path_new(&rows[i].compiled, program->context, rows[i].path, &problem);
		if (r == ENVOI_ERR_INVALID) {
			fprintf(stderr, "%s: byte %zu: %s\n", rows[i].path, problem.at,
				problem.why);
		}
		if (r < 0) {
			return r;
		}
	}
	return ENVOI_OK;
}

static void dispatch(struct program *program, const struct envoi_element *element)
{
	for (int i = 0; i < ROWS; i++) {
		const struct envoi_element *found = envoi_path_find(rows[i].compiled, element);
		if (found != NULL) {
			rows[i].take(program, found);
		}
	}
}

/* Take out what is complete. @return ENVOI_AGAIN: more bytes are needed; <0: the stream is bad */
static int take_items(struct program *program, struct envoi_xml_parser *parser)
{
	struct envoi_xml_item item;
	int r;
	while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
		if (item.kind == ENVOI_XML_ELEMENT) {
			dispatch(program, item.element);
		}
		envoi_element_unref(item.element);
	}
	if (r < 0) {
		fprintf(stderr, "%s: %s\n",
			envoi_stream_condition_name(envoi_xml_parser_condition(parser)),
			envoi_xml_parser_error_text(parser));
	}
	return r;
}

static int read_all(struct program *program, struct envoi_xml_parser *parser)
{
	char bytes[4096];
	ssize_t len;
	int r = ENVOI_OK;
	while (r >= 0 && (len = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
		r = envoi_xml_parser_feed(parser, bytes, (size_t)len);
		r = r < 0 ? r : take_items(program, parser);
	}
	return r;
}

int main(void)
{
	struct program program = {0};
	struct envoi_xml_parser *parser = NULL;
	int r = envoi_context_new(&program.context, NULL);
	r = r < 0 ? r : compile(&program);
	r = r < 0 ? r : envoi_xml_parser_new(&parser, program.context, NULL);
	r = r < 0 ? r : read_all(&program, parser);
	printf("%u taken\n", program.taken);
	envoi_xml_parser_free(parser);
	for (int i = 0; i < ROWS; i++) {
		envoi_path_free(rows[i].compiled);
	}
	envoi_context_unref(program.context);
	return r < 0;
}
