/*
 * envoi - the parser of HTTP/1.1 messages: llhttp, or http-parser where that is not packaged
 * SPDX-License-Identifier: MIT
 */
#include "http/http_machine.h"

#include <envoi/context.h>
#include <envoi/error.h>

#ifndef ENVOI__HTTP_LLHTTP /* set where a test is built with the other parser */
#include "http/http_config.h"
#endif

#if ENVOI__HTTP_LLHTTP
#include <llhttp.h>
typedef llhttp_t parser;
typedef llhttp_settings_t parser_settings;
#else
#include <http_parser.h>
typedef http_parser parser;
typedef http_parser_settings parser_settings;
#endif

enum {
	HEAD_HAS_NO_BODY = 1, /* result of on_headers_complete, of both parsers */
};

struct envoi__http_machine {
	struct envoi_context *context; /* a reference */
	parser parser;
	parser_settings settings;
	envoi__http_body_fn *body;
	void *user;
	bool is_response;
	bool has_body;
	bool is_complete;
	int failure; /* of `body`; 0: none */
};

/* --- what the parsers do in the same way --- */

static int on_head(parser *at)
{
	const struct envoi__http_machine *machine = at->data;
	return machine->has_body ? 0 : HEAD_HAS_NO_BODY;
}

static int on_body(parser *at, const char *data, size_t len)
{
	struct envoi__http_machine *machine = at->data;
	int r = machine->body(machine->user, data, len);
	machine->failure = r < 0 ? r : 0;
	return r < 0 ? -1 : 0;
}

static int failure_of(const struct envoi__http_machine *machine)
{
	return machine->failure < 0 ? machine->failure : ENVOI_ERR_PROTOCOL;
}

/* --- what they do differently: they stop behind a message --- */

#if ENVOI__HTTP_LLHTTP

static int on_complete(parser *at)
{
	struct envoi__http_machine *machine = at->data;
	machine->is_complete = true;
	return HPE_PAUSED;
}

static void init_parser(struct envoi__http_machine *machine)
{
	llhttp_settings_init(&machine->settings);
	machine->settings.on_headers_complete = on_head;
	machine->settings.on_body = on_body;
	machine->settings.on_message_complete = on_complete;
}

static void begin(struct envoi__http_machine *machine)
{
	llhttp_init(&machine->parser, machine->is_response ? HTTP_RESPONSE : HTTP_REQUEST,
		&machine->settings);
}

static int execute(
	struct envoi__http_machine *machine, const char *data, size_t len, size_t *ret_used)
{
	llhttp_errno_t r = llhttp_execute(&machine->parser, data, len);
	*ret_used = r == HPE_OK ? len : (size_t)(llhttp_get_error_pos(&machine->parser) - data);
	return r == HPE_OK || machine->is_complete ? ENVOI_OK : failure_of(machine);
}

static void execute_end(struct envoi__http_machine *machine)
{
	(void)llhttp_finish(&machine->parser);
}

#else

static int on_complete(parser *at)
{
	struct envoi__http_machine *machine = at->data;
	machine->is_complete = true;
	http_parser_pause(at, 1);
	return 0;
}

static void init_parser(struct envoi__http_machine *machine)
{
	http_parser_settings_init(&machine->settings);
	machine->settings.on_headers_complete = on_head;
	machine->settings.on_body = on_body;
	machine->settings.on_message_complete = on_complete;
}

static void begin(struct envoi__http_machine *machine)
{
	http_parser_init(&machine->parser, machine->is_response ? HTTP_RESPONSE : HTTP_REQUEST);
}

static int execute(
	struct envoi__http_machine *machine, const char *data, size_t len, size_t *ret_used)
{
	*ret_used = http_parser_execute(&machine->parser, &machine->settings, data, len);
	enum http_errno error = HTTP_PARSER_ERRNO(&machine->parser);
	if (error == HPE_HEADER_OVERFLOW) {
		return ENVOI_ERR_LIMIT; /* its own one, of 80 KiB, for a trailer in one piece */
	}
	bool is_ok = error == HPE_OK && *ret_used == len;
	return is_ok || machine->is_complete ? ENVOI_OK : failure_of(machine);
}

/* An execution of no bytes is the end of the input. */
static void execute_end(struct envoi__http_machine *machine)
{
	(void)http_parser_execute(&machine->parser, &machine->settings, "", 0);
}

#endif

/* --- the interface --- */

struct envoi__http_machine *envoi__http_machine_new(
	struct envoi_context *context, bool is_response, envoi__http_body_fn *body, void *user)
{
	struct envoi__http_machine *machine = envoi_alloc_zeroed(context, sizeof(*machine));
	if (machine != NULL) {
		machine->context = envoi_context_ref(context);
		machine->is_response = is_response;
		machine->body = body;
		machine->user = user;
		init_parser(machine);
	}
	return machine;
}

void envoi__http_machine_free(struct envoi__http_machine *machine)
{
	if (machine != NULL) {
		struct envoi_context *context = machine->context;
		envoi_free(context, machine);
		envoi_context_unref(context);
	}
}

void envoi__http_machine_begin(struct envoi__http_machine *machine, bool has_body)
{
	begin(machine);
	machine->parser.data = machine;
	machine->has_body = has_body;
	machine->is_complete = false;
	machine->failure = ENVOI_OK;
}

int envoi__http_machine_read(
	struct envoi__http_machine *machine, const char *data, size_t len, size_t *ret_used)
{
	int r = execute(machine, data, len, ret_used);
	if (r < 0) {
		return r;
	}
	return machine->is_complete ? ENVOI_END : ENVOI_AGAIN;
}

int envoi__http_machine_end(struct envoi__http_machine *machine)
{
	execute_end(machine);
	return machine->is_complete ? ENVOI_END : failure_of(machine);
}
